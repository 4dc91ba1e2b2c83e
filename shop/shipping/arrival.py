"""On which day what is ordered today is expected. Plain dates: no clock, no database."""

import datetime as dt

# A cooperative hands a parcel over within two days of the order.
DISPATCH_DAYS = 2
# Days on the way, by the first two figures of the GB code; the rest of the mainland takes FAR_DAYS.
WAY_DAYS = {
    **dict.fromkeys(("50", "51"), 1),  # Chongqing, Sichuan
    **dict.fromkeys(("37", "41", "42", "43", "52", "53", "61"), 3),
    **dict.fromkeys(("11", "12", "13", "14", "31", "32", "33", "34", "35", "36", "44", "45"), 4),
    **dict.fromkeys(("54", "65"), 8),
}
FAR_DAYS = 5


def expected(area_code: str, *, on: dt.date, truck_on: dt.date | None = None) -> dt.date:
    """Return the day on which goods ordered `on` a day are expected at a district, city or province.

    By parcel, unless a direct truck takes them: then it is the day it hands out there, `truck_on`.
    """
    if truck_on is not None:
        return truck_on
    return on + dt.timedelta(days=DISPATCH_DAYS + WAY_DAYS.get(area_code[:2], FAR_DAYS))
