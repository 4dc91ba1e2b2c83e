"""The rules of the logistics subsidy (物流补贴): what a shipment earns, and who is paid first. Plain Python.

Terms are data (the programme version's JSON), so another county's policy is another file. Integer fen, grams and basis
points; an amount is exact until it is rounded, half up and once; caps round down. A refusal is an award of 0 with its
reason. Explanations are Chinese: they are read by cooperatives and auditors as they stand.
"""

import datetime as dt
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

COURIER, VEHICLE = "courier", "vehicle"
PER_PARCEL, TONNE_KM, PERCENT_OF_FREIGHT = "per_parcel", "tonne_km", "percent_of_freight"
WHOLE, MARGINAL = "whole", "marginal"
TOO_FEW_PARCELS, SUPPLIER_CAP, ENVELOPE_SPENT = "too_few_parcels", "supplier_cap", "envelope_spent"

_PROVINCES = {"37": "山东"}  # a name for the reader; a province without one is shown by its code

T = TypeVar("T")


class TermsError(ValueError):
    """The terms cannot be read, or could not be applied; the message names the key and what is wrong with it."""


@dataclass(frozen=True)
class Tier:
    """Shipments with at least `min_share_bp` of household goods: their factor, and their place in the queue."""

    code: str
    min_share_bp: int
    factor: Fraction
    queue: int


@dataclass(frozen=True)
class Rule:
    """One way to earn.

    `steps` rise: for parcels (up to grams, fen), for tonne-km (from grams, fen per tonne-km), there also in grams of the
    vehicle. `most_fen` caps an order's parcels or a vehicle's goods together, `cap_freight_bp` each by its freight.
    """

    code: str
    kind: str
    mode: str
    cap_freight_bp: int
    most_fen: int
    steps: tuple[tuple[int, int], ...] = ()
    min_net_g: int = 0
    max_billed_g: int = 0
    percent_bp: int = 0
    needs_temperature_log: bool = False


@dataclass(frozen=True)
class Terms:
    """A version of the programme, as the rules read it."""

    destination_province: str
    tier_mode: str
    tiers: tuple[Tier, ...]
    rules: tuple[Rule, ...]
    min_households: int
    cap_supplier_year_fen: int
    min_parcels: int

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Terms":
        """The terms in `data`. Raises TermsError naming the key that is missing or cannot be so."""
        tiers = tuple(sorted(_each(data, "priority_tiers", _tier), key=lambda tier: -tier.min_share_bp))
        if len({tier.code for tier in tiers}) < len(tiers) or len({tier.min_share_bp for tier in tiers}) < len(tiers):
            raise TermsError("priority_tiers: two tiers have the same code or the same min_share_bp")
        rules = tuple(_each(data, "rules", _rule))
        if len({rule.code for rule in rules}) < len(rules):
            raise TermsError("rules: two rules have the same code")
        province = str(_get(data, "destination_province"))
        if not re.fullmatch(r"[1-9][0-9]", province):
            raise TermsError(f"destination_province: {province!r} is not a province's code of two digits")
        tier_mode = str(data.get("tier_mode", WHOLE))
        if tier_mode not in (WHOLE, MARGINAL):
            raise TermsError(f"tier_mode: {tier_mode!r} is neither whole nor marginal")
        return cls(
            destination_province=province,
            tier_mode=tier_mode,
            tiers=tiers,
            rules=rules,
            min_households=_int(data, "min_households_for_priority"),
            cap_supplier_year_fen=_int(data, "cap_per_supplier_year_fen"),
            min_parcels=_int(data, "min_parcels_per_supplier_quarter"),
        )

    @property
    def most_parcel_g(self) -> int:
        """The billed weight up to which a parcel is one that counts."""
        return max((rule.max_billed_g for rule in self.rules if rule.kind == PER_PARCEL), default=0)

    def tier_of(self, share_bp: int, *, demoted: bool = False) -> Tier | None:
        """The tier of a share; the last one where the supplier is `demoted`; None for a share below every tier."""
        for tier in self.tiers:
            if share_bp >= tier.min_share_bp:
                return self.tiers[-1] if demoted else tier
        return None


def _get(data: Mapping[str, Any], key: str) -> Any:
    if key not in data:
        raise TermsError(f"{key}: missing")
    return data[key]


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = _get(data, key)
    if not isinstance(value, list) or not value:
        raise TermsError(f"{key}: a list with at least one entry is expected")
    return value


def _each(data: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """The entries of the list at `key`; an error says which of them, counted from 1."""
    found = []
    for number, item in enumerate(_list(data, key), start=1):
        if not isinstance(item, Mapping):
            raise TermsError(f"{key}, entry {number}: keys and values are expected, not {item!r}")
        try:
            found.append(read(item))
        except TermsError as error:
            raise TermsError(f"{key}, entry {number}, {error}") from error
    return found


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _int(data: Mapping[str, Any], key: str) -> int:
    value = _get(data, key)
    if not _is_whole(value):
        raise TermsError(f"{key}: a whole number from 0 is expected, not {value!r}")
    return int(value)


def _bp(data: Mapping[str, Any], key: str, *, least: int = 0) -> int:
    value = _int(data, key)
    if not least <= value <= 10_000:
        raise TermsError(f"{key}: {value} is not between {least} and 10000 basis points")
    return value


def _tier(data: Mapping[str, Any]) -> Tier:
    try:
        factor = Fraction(Decimal(str(_get(data, "factor"))))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise TermsError(f"factor: {data['factor']!r} is not a number") from error
    if not 0 < factor <= 10 or (factor * 10_000).denominator > 1:
        raise TermsError(f"factor: {data['factor']} is not above 0, up to 10, with at most four decimals")
    # A share of 0 earns nothing: no household, no subsidy.
    return Tier(str(_get(data, "tier")), _bp(data, "min_share_bp", least=1), factor, _int(data, "queue"))


def _rule(data: Mapping[str, Any]) -> Rule:
    kind, mode = str(_get(data, "kind")), str(_get(data, "mode"))
    if mode not in (COURIER, VEHICLE):
        raise TermsError(f"mode: {mode!r} is neither courier nor vehicle")
    if kind not in (PER_PARCEL, TONNE_KM, PERCENT_OF_FREIGHT):
        raise TermsError(f"kind: {kind!r} is none of {PER_PARCEL}, {TONNE_KM}, {PERCENT_OF_FREIGHT}")
    requires = data.get("requires", [])
    if not isinstance(requires, list):
        raise TermsError("requires: a list is expected")
    rule = Rule(
        code=str(_get(data, "code")),
        kind=kind,
        mode=mode,
        cap_freight_bp=_bp(data, "cap_freight_bp"),
        most_fen=_int(data, "cap_per_order_fen" if kind == PER_PARCEL else "cap_per_shipment_fen"),
        needs_temperature_log="temperature_log" in requires,
    )
    if kind == PER_PARCEL:
        rule = replace(rule, steps=_steps(data, "tiers_fen"), max_billed_g=_int(data, "max_billed_g"))
        if rule.max_billed_g > rule.steps[-1][0]:
            raise TermsError("tiers_fen: the last step does not reach max_billed_g")
        return rule
    if kind == TONNE_KM:
        rule = replace(rule, steps=_steps(data, "tiers_fen_per_tkm"), min_net_g=_int(data, "min_net_g"))
        if rule.min_net_g < max(1, rule.steps[0][0]):
            raise TermsError("min_net_g: it is 0, or below the first step of tiers_fen_per_tkm")
        return rule
    return replace(rule, percent_bp=_bp(data, "percent_bp"))


def _steps(data: Mapping[str, Any], key: str) -> tuple[tuple[int, int], ...]:
    pairs = _list(data, key)
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_whole, pair)) for pair in pairs):
        raise TermsError(f"{key}: pairs of whole grams and fen are expected")
    steps = tuple((g, fen) for g, fen in pairs)
    if any(later[0] <= earlier[0] for earlier, later in pairwise(steps)):
        raise TermsError(f"{key}: the grams of each step are above those of the step before")
    return steps


# ── One shipment ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Load:
    """A shipment as the rules see it.

    `vehicle_net_g` is what the weighbridge wrote for the whole vehicle, None without a weigh note; `km` the approved
    distance, None for a city that has none; `billed_g` what the courier charges for.
    """

    mode: str
    net_g: int
    billed_g: int
    vehicle_net_g: int | None
    km: int | None
    eligible_freight_fen: int
    share_bp: int
    destination_code: str
    has_temperature_log: bool = False


@dataclass(frozen=True)
class Assessment:
    """What a load earns: `fen` by `rule` in `tier`, and why, in Chinese. Rule and tier are empty where it earns nothing."""

    fen: int
    rule: str
    tier: str
    explanation: str


def eligible_freight_fen(invoice_fen: int, buyer_paid_fen: int, other_subsidy_fen: int) -> int:
    """The freight that counts: the invoice less what the buyer paid and other subsidies, never below 0."""
    return max(0, invoice_fen - buyer_paid_fen - other_subsidy_fen)


def share_bp(helped_g: int, dispatched_g: int) -> int:
    """The households' share of `dispatched_g` in basis points, cut."""
    return helped_g * 10_000 // dispatched_g


def mixed_share_bp(parts: Iterable[tuple[int, int, int]]) -> int:
    """The share of a shipment whose goods are of several pools: parts of (its grams, pool's helped g, pool's g), cut."""
    helped, whole = Fraction(0), 0
    for own_g, pool_helped_g, pool_g in parts:
        helped += Fraction(own_g * pool_helped_g, pool_g)
        whole += own_g
    return int(helped * 10_000 / whole)


def assess(load: Load, terms: Terms, *, demoted: bool = False) -> Assessment:
    """What `load` earns, before thresholds over several shipments and the budget.

    The best rule wins, the earlier one on a tie; rounded half up once, then cut to the caps, which round down.
    A supplier with too few households is `demoted` to the last tier.
    """
    if not load.destination_code.startswith(terms.destination_province):
        province = _PROVINCES.get(terms.destination_province, terms.destination_province)
        return Assessment(0, "", "", f"目的地不在补贴范围({province})内, 不补贴")
    tier = terms.tier_of(load.share_bp, demoted=demoted)
    if tier is None:
        return Assessment(0, "", "", _why_no_tier(load.share_bp, terms))
    if load.eligible_freight_fen <= 0:
        return Assessment(0, "", tier.code, "可补的运费为 0 元(买家已付, 或另有补贴), 不补贴")
    rules = [rule for rule in terms.rules if rule.mode == load.mode]
    refusals = {rule.code: _refusal(load, rule) for rule in rules}
    offers = [_offer(load, rule, tier, terms.tier_mode, demoted=demoted) for rule in rules if not refusals[rule.code]]
    if not offers:
        return Assessment(
            0, "", tier.code, "没有适用的补贴规则: " + ("; ".join(refusals.values()) or "这种运输方式不补贴")
        )
    best = max(offers, key=lambda offer: offer.fen)  # the first of equals
    if best.fen == 0:
        return replace(best, rule="", explanation=f"{best.explanation}, 不补贴")
    names = {rule.code: _name(rule) for rule in rules}
    others = "".join(f"; 按{names[one.rule]}为 {_yuan(one.fen)} 元, 择优不叠加" for one in offers if one is not best)
    return replace(best, explanation=best.explanation + others)


def _why_no_tier(share_bp: int, terms: Terms) -> str:
    if share_bp == 0:
        return "这批货里没有帮扶农户的货(户源占比 0%), 不补贴"
    return f"户源占比 {_percent(share_bp)}, 不到最低一档的 {_percent(terms.tiers[-1].min_share_bp)}, 不补贴"


def _refusal(load: Load, rule: Rule) -> str:
    """Why `rule`, which is for the load's mode, does not apply to `load`; empty where it does."""
    if rule.kind == PER_PARCEL and load.billed_g > rule.max_billed_g:
        return f"小件不超过 {_kg(rule.max_billed_g)} 公斤, 本件 {_kg(load.billed_g)} 公斤"
    if rule.kind == TONNE_KM:
        if load.vehicle_net_g is None:
            return "大宗须有过磅单"
        if load.vehicle_net_g < rule.min_net_g:
            return f"大宗须一车满 {_t(rule.min_net_g)} 吨, 本车 {_t(load.vehicle_net_g)} 吨"
        if load.km is None:
            return "大宗须有核定里程"
    if rule.needs_temperature_log and not load.has_temperature_log:
        return f"{_name(rule)}须有温度记录"
    return ""


def _offer(load: Load, rule: Rule, tier: Tier, tier_mode: str, *, demoted: bool) -> Assessment:
    base, formula = _base(load, rule, tier_mode)
    fen = _half_up(base * tier.factor)
    label = f"{tier.code} 类" + (", 带动户数不足" if demoted else "")
    text = f"{formula} × {_factor(tier.factor)}({label}) = {_yuan(fen)} 元"
    freight_cap = load.eligible_freight_fen * rule.cap_freight_bp // 10_000
    percent = _percent(rule.cap_freight_bp)
    if fen > freight_cap and freight_cap <= rule.most_fen:
        text += f", 超过运费 {percent}, 按 {_yuan(freight_cap)} 元"
    elif fen > rule.most_fen:
        text += f", 超过{_most_name(rule)} {_yuan(rule.most_fen)} 元的上限, 按 {_yuan(rule.most_fen)} 元"
    else:
        text += f", 未超过运费 {percent}"
    return Assessment(min(fen, freight_cap, rule.most_fen), rule.code, tier.code, text)


def _base(load: Load, rule: Rule, tier_mode: str) -> tuple[Fraction, str]:
    """What `rule` gives before the factor, exact in fen, and how it is worked out."""
    if rule.kind == PER_PARCEL:
        fen = next(fen for most_g, fen in rule.steps if load.billed_g <= most_g)
        return Fraction(fen), f"{_kg(load.billed_g)} 公斤小件 {_yuan(fen)} 元"
    if rule.kind == PERCENT_OF_FREIGHT:
        return (
            Fraction(load.eligible_freight_fen * rule.percent_bp, 10_000),
            f"运费 {_yuan(load.eligible_freight_fen)} 元 × {_percent(rule.percent_bp)}",
        )
    vehicle_g, km = load.vehicle_net_g or 0, load.km or 0  # both are there, or _refusal would have spoken
    # The weigh note is the truth about the vehicle: nobody earns by more tonnes than it shows.
    own_g = min(load.net_g, vehicle_g)
    stretches = _stretches(vehicle_g, rule.steps, tier_mode)
    rate = Fraction(sum(g * fen for g, fen in stretches), vehicle_g)
    if len(stretches) == 1:
        words = f"{_yuan(stretches[0][1])} 元"
    else:
        parts = " + ".join(f"{_t(g)} 吨 × {_yuan(fen)} 元" for g, fen in stretches)
        words = f"分段均价 ({parts}) ÷ {_t(vehicle_g)} 吨"
    weighed = "(以过磅为准)" if own_g < load.net_g else ""
    return Fraction(own_g * km, 1_000_000) * rate, f"{_t(own_g)} 吨{weighed} × {km:,} 公里 × {words}"


def _stretches(vehicle_g: int, steps: Sequence[tuple[int, int]], tier_mode: str) -> list[tuple[int, int]]:
    """The vehicle's grams by the fen per tonne-km they earn: all at the rate of its weight, or, where the mode is
    marginal, each stretch of the weight at its own, the first step's from 0."""
    reached = [step for step in steps if step[0] <= vehicle_g]
    if tier_mode == WHOLE:
        return [(vehicle_g, reached[-1][1])]
    ends = [from_g for from_g, _fen in reached[1:]] + [vehicle_g]
    starts = [0, *ends[:-1]]
    return [(end - start, fen) for start, end, (_g, fen) in zip(starts, ends, reached, strict=True) if end > start]


def assess_together(
    loads: Sequence[Load], terms: Terms, *, demoted: Sequence[bool] | None = None
) -> tuple[Assessment, ...]:
    """What `loads` earn that share a cap: the goods aboard one vehicle, or the parcels of one order; in their order.

    `demoted` has a flag for each. Each is assessed on its own; where those that chose the same rule pass its cap together, they are cut in proportion,
    each rounded down.
    """
    flags = demoted or [False] * len(loads)
    found = [assess(load, terms, demoted=flag) for load, flag in zip(loads, flags, strict=True)]
    for rule in terms.rules:
        total = sum(one.fen for one in found if one.rule == rule.code)
        if total <= rule.most_fen:
            continue
        found = [
            replace(
                one,
                fen=(cut := one.fen * rule.most_fen // total),
                explanation=f"{one.explanation}; 同{_most_name(rule)[1]}{_name(rule)}合计 {_yuan(total)} 元, "
                f"超过{_most_name(rule)} {_yuan(rule.most_fen)} 元的上限, 按比例为 {_yuan(cut)} 元",
            )
            if one.rule == rule.code
            else one
            for one in found
        ]
    return tuple(found)


def kept_fen(assessed_fen: int, kept_g: int, dispatched_g: int) -> int:
    """What is left of an award after refunds: always of the first amount, by the grams kept, half up."""
    return _half_up(Fraction(assessed_fen * kept_g, dispatched_g))


# ── A settlement ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Candidate:
    """An award that waits to be paid `fen`, with what decides its place; `is_short` where its quarter has too few parcels."""

    key: Hashable
    supplier: Hashable
    tier: str
    is_deep: bool
    dispatched_on: dt.date
    id: int
    rule: str
    fen: int
    was_deferred: bool = False
    is_short: bool = False


@dataclass(frozen=True)
class Purse:
    """What is left to spend, and what each supplier was paid this year."""

    left_fen: int
    paid_this_year: Mapping[Hashable, int]


@dataclass(frozen=True)
class Paid:
    """What a candidate gets: paid now, deferred to the next settlement, or cut for `reason`. They sum to its fen."""

    key: Hashable
    paid_fen: int
    deferred_fen: int
    cut_fen: int
    reason: str


def in_order(candidates: Iterable[Candidate], terms: Terms) -> list[Candidate]:
    """The queue: by tier, deferred ones ahead of their tier, deep-poverty townships first, then day of dispatch and id.

    A tier that `terms` no longer have (an award deferred under an earlier version) stands behind all others.
    """
    place = {tier.code: tier.queue for tier in terms.tiers}
    last = max(place.values()) + 1
    return sorted(
        candidates,
        key=lambda c: (place.get(c.tier, last), not c.was_deferred, not c.is_deep, c.dispatched_on, c.id),
    )


def parcels_short(rule: str, terms: Terms, parcels: int) -> bool:
    """Whether awards by `rule` fall away because the supplier sent only so many valid parcels in the quarter."""
    return parcels < terms.min_parcels and any(one.code == rule and one.kind == PER_PARCEL for one in terms.rules)


def settle(queue: Sequence[Candidate], *, terms: Terms, purse: Purse) -> tuple[list[Paid], Purse]:
    """Pay `queue` in the order it stands; return what each gets, and the purse as it is left.

    A supplier's year is capped (what is above is cut); when the purse is empty the last award is paid in part and the
    rest is deferred. The queue may be given in pieces: the purse that one piece leaves is the next one's.
    """
    left, paid_this_year = purse.left_fen, dict(purse.paid_this_year)
    results = []
    for one in queue:
        if one.is_short:
            results.append(Paid(one.key, 0, 0, one.fen, TOO_FEW_PARCELS))
            continue
        paid_before = paid_this_year.get(one.supplier, 0)
        allowed = min(one.fen, max(0, terms.cap_supplier_year_fen - paid_before))
        paid = max(0, min(allowed, left))
        left -= paid
        paid_this_year[one.supplier] = paid_before + paid
        cut, deferred = one.fen - allowed, allowed - paid
        results.append(Paid(one.key, paid, deferred, cut, SUPPLIER_CAP if cut else ENVELOPE_SPENT if deferred else ""))
    return results, Purse(left, paid_this_year)


# ── Words and numbers ────────────────────────────────────────────────────────────────────────────────────────────────


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _digits(number: int, places: int, least: int = 0) -> str:
    """`number` ÷ 10^`places`, exact, with at least `least` decimals and no zeros after them."""
    whole, rest = divmod(number, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{whole:,}.{decimals}" if decimals else f"{whole:,}"


def _factor(factor: Fraction) -> str:
    return _digits(int(factor * 10_000), 4, least=2)


def _percent(bp: int) -> str:
    return _digits(bp, 2) + "%"


def _t(g: int) -> str:
    """Tonnes with three decimals, more where there are grams below the kilogram."""
    return _digits(g, 6, least=3)


def _kg(g: int) -> str:
    return _digits(g, 3)


def _name(rule: Rule) -> str:
    return {PER_PARCEL: "小件", TONNE_KM: "大宗", PERCENT_OF_FREIGHT: "冷链"}[rule.kind]


def _most_name(rule: Rule) -> str:
    return "每单" if rule.kind == PER_PARCEL else "每车"
