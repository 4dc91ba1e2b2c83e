"""ID numbers of people (居民身份证号)."""

from stdnum import exceptions as stdnum_errors
from stdnum.cn import ric

from . import days


def id_number(text: str) -> str:
    """`text` as an ID number of 18 signs, blanks aside. Raises ValueError where it cannot be one.

    Not asked is whether its area had its code when the person was born, as `ric.validate` does: the number was given with
    the first card, years after, so whoever was born in Wuxi before 1997 may have a number of Chongqing (500238).
    """
    number = "".join(text.split()).upper()
    try:
        is_right = (
            len(number) == 18
            and number.isascii()
            and number[:17].isdigit()
            and number[17] == ric.calc_check_digit(number)
            and ric.get_birth_date(number) <= days.today()
        )
    except stdnum_errors.ValidationError:
        is_right = False
    if not is_right:
        raise ValueError("no ID number")
    return number
