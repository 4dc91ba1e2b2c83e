"""What time of the year it is in the mountains: the 24 solar terms, and harvests by their window of month-days.

Pure: no clock, no database. Days are days in Shanghai. A term begins when the sun's apparent longitude reaches a multiple
of 15°, worked out by Meeus (Astronomical Algorithms, chapter 25): right to a quarter of an hour between 1900 and 2100.
"""

import datetime as dt
import math
from dataclasses import dataclass
from enum import Enum
from functools import cache

from django.utils.translation import gettext_lazy as _

SHANGHAI = dt.timedelta(hours=8)
J2000 = dt.datetime(2000, 1, 1, 12)  # noqa: DTZ001  (terrestrial time, which has no zone)
# Terrestrial time runs ahead of the clock by this much today; what it changes in a century moves no term to another day.
AHEAD = dt.timedelta(seconds=69)

# From the sun's longitude 0° on: the name, and what one does in the mountains then.
TERMS = (
    (_("Spring Equinox"), _("Peach blossom on the lower slopes; the last late mandarins come down from the trees.")),
    (_("Clear and Bright"), _("Eagle tea is in bud; wood ear opens on the logs.")),
    (_("Grain Rain"), _("Warm rain in the valley: tea is picked every clear morning.")),
    (_("Start of Summer"), _("Potatoes bloom on the terraces.")),
    (_("Grain Buds"), _("The first new potatoes of the year are dug.")),
    (_("Grain in Ear"), _("The bees have finished the spring flowers; the first honey is cut.")),
    (_("Summer Solstice"), _("Potatoes from the high fields, plums still green.")),
    (_("Minor Heat"), _("Crisp plums wear their bloom: six weeks, no longer.")),
    (_("Major Heat"), _("Plums by day, shiitake in the cool of the high sheds.")),
    (_("Start of Autumn"), _("The last plums and the last summer potatoes.")),
    (_("End of Heat"), _("Walnuts fill out; the nights turn cool.")),
    (_("White Dew"), _("White dew: walnuts are knocked from the trees and dried in the sun.")),
    (_("Autumn Equinox"), _("The first winter peaches redden on the slopes.")),
    (_("Cold Dew"), _("Winter peaches grow sweet in the cold nights; dangshen is dug.")),
    (_("Frost's Descent"), _("After the first frost winter peaches are at their sweetest.")),
    (_("Start of Winter"), _("The last winter peaches; navel oranges turn colour in the valley.")),
    (_("Minor Snow"), _("Navel oranges come off the trees; sweet-potato starch dries on the racks.")),
    (_("Major Snow"), _("The year's pigs are smoked over cypress; oranges every week.")),
    (_("Winter Solstice"), _("Smoke over the roofs: cured meat hangs for forty days.")),
    (_("Minor Cold"), _("Navel oranges, chestnuts by the fire, honey that has set.")),
    (_("Major Cold"), _("The last navel oranges before the New Year.")),
    (_("Start of Spring"), _("Late mandarins have hung through the winter.")),
    (_("Rain Water"), _("Late mandarins are picked, sweet with a little sour.")),
    (_("Awakening of Insects"), _("Seed potatoes go into the ground; mandarins are at their best.")),
)


@dataclass(frozen=True)
class Term:
    """A solar term: its name, what is going on then, its first and its last day."""

    name: str
    about: str
    starts_on: dt.date
    ends_on: dt.date


class State(Enum):
    """Where a harvest stands on a day."""

    ON = "on"
    SOON = "soon"  # it begins within `SOON_DAYS`
    OVER = "over"


SOON_DAYS = 45
ALL_YEAR = ("01-01", "12-31")


def term_of(day: dt.date) -> Term:
    """Return the solar term in which `day` falls."""
    starts = sorted(_terms_from(day.year - 1) | _terms_from(day.year) | _terms_from(day.year + 1))
    at = max(i for i, (starts_on, _number) in enumerate(starts) if starts_on <= day)
    starts_on, number = starts[at]
    name, about = TERMS[number]
    return Term(name, about, starts_on, starts[at + 1][0] - dt.timedelta(days=1))


@cache
def _terms_from(year: int) -> frozenset[tuple[dt.date, int]]:
    """The first day and the number of each term that begins in `year`, counted from the spring equinox."""
    found = set()
    for number in range(24):
        # The equinox is near day 79, and 15° take the sun 15.2 days; the search settles the rest.
        guess = dt.datetime(year, 1, 1) + dt.timedelta(days=(79 + number * 15.22) % 365.25)  # noqa: DTZ001
        found.add(((_moment(guess, number * 15) - AHEAD + SHANGHAI).date(), number))
    return frozenset(found)


def _moment(guess: dt.datetime, degrees: int) -> dt.datetime:
    """The moment near `guess` when the sun's apparent longitude is `degrees`."""
    for _step in range(8):
        off = (degrees - sun_longitude(guess) + 180) % 360 - 180
        guess += dt.timedelta(days=off * 365.2422 / 360)
    return guess


def sun_longitude(moment: dt.datetime) -> float:
    """The sun's apparent longitude in degrees at a moment of terrestrial time."""
    t = (moment - J2000) / dt.timedelta(days=36525)
    mean = 280.46646 + 36000.76983 * t + 0.0003032 * t * t
    anomaly = math.radians(357.52911 + 35999.05029 * t - 0.0001537 * t * t)
    centre = (
        (1.914602 - 0.004817 * t - 0.000014 * t * t) * math.sin(anomaly)
        + (0.019993 - 0.000101 * t) * math.sin(2 * anomaly)
        + 0.000289 * math.sin(3 * anomaly)
    )
    node = math.radians(125.04 - 1934.136 * t)
    return (mean + centre - 0.00569 - 0.00478 * math.sin(node)) % 360


def is_on(harvest_from: str, harvest_to: str, day: dt.date) -> bool:
    """Say whether `day` lies in the window, both ends included; 11-15 … 01-31 runs over the New Year."""
    today = f"{day:%m-%d}"
    if harvest_from <= harvest_to:
        return harvest_from <= today <= harvest_to
    return today >= harvest_from or today <= harvest_to


def next_start(harvest_from: str, day: dt.date) -> dt.date:
    """The next first day of a harvest after `day`. A window from 02-29 begins on 03-01 where there is no 29th."""
    return next(starts_on for year in (day.year, day.year + 1) if (starts_on := _day(year, harvest_from)) > day)


def state(harvest_from: str, harvest_to: str, day: dt.date) -> State:
    """Where a harvest stands on `day`."""
    if is_on(harvest_from, harvest_to, day):
        return State.ON
    if (next_start(harvest_from, day) - day).days <= SOON_DAYS:
        return State.SOON
    return State.OVER


def is_all_year(harvest_from: str, harvest_to: str) -> bool:
    """Whether the window is the whole year."""
    return (harvest_from, harvest_to) == ALL_YEAR


def _day(year: int, month_day: str) -> dt.date:
    month, day = map(int, month_day.split("-"))
    try:
        return dt.date(year, month, day)
    except ValueError:
        return dt.date(year, month + 1, 1)
