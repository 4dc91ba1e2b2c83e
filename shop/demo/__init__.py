"""The demo: reference data, a catalogue, a half-year of 2019 that happens through the shop's own actions, a present."""

from collections.abc import Callable


def load(scale: str, *, say: Callable[..., None], settle: bool = True, present: bool = True) -> None:
    """Load what is missing of it, saying what is done. `scale` is full, small, or the path of an inputs file."""
    import logistics.actions

    from . import (
        aftersales,
        catalogue,
        departures,
        half_year,
        joining,
        listing,
        money,
        origin,
        papers,
        people,
        preorders,
        reference,
        roster,
        sheets,
        slips,
        stock,
        supply,
        together,
    )
    from . import present as living_present

    say("places, carriers and the subsidy programme")
    reference.load()
    say("cooperatives, products and their pictures")
    catalogue.load()
    papers.load()
    given = half_year.inputs(scale)
    say(f"half-year: {len(given['households'])} households, {len(given['lots'])} lots, {len(given['orders'])} orders")

    def progress(month: str, done: int, total: int) -> None:
        bar = "█" * (done * 24 // total)
        say(f"{month} {bar:<24} {done:>5}/{total} orders", end="\n" if done == total else "\r")

    half_year.load(given, progress)
    if settle:
        say("settling the half-year's subsidy")
        logistics.actions.settle(programme="WX-SD-DEMO", starts=half_year.STARTS, ends=half_year.ENDS)
    money.load()
    say("people who sign in")
    people.load()
    if present:
        say("direct trucks and counters")
        departures.load()
        say("today: stock, lots and orders in every state")
        living_present.load()
        say("today: a month that many bought in, and papers of the cooperatives")
        origin.load()
        preorders.load()
        say("the supply board: harvests, market prices, inquiries")
        supply.load()
        say("spoilage claims, returns and reviews")
        aftersales.load()
        say("cooperatives that apply, and who works where")
        joining.load()
        say("purchase slips: to be checked, confirmed, disputed, decided")
        slips.load()
        say("products on their way to the shelf")
        listing.load()
        say("households that wait for the county, payments to households")
        roster.load()
        say("group orders: one that fills, one that is handed out")
        together.load()
        say("stock: a batch handed over and shelled, losses, a corrected slip, a season that was signed")
        stock.load()
        say("sheets that a cooperative sent in")
        sheets.load()
