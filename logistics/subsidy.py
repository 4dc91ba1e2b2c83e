"""The rules of the logistics subsidy (物流补贴): what a shipment earns, and who is paid first. Plain Python.

Terms are data (the programme version's JSON), so another county's policy is another file. Integer fen, grams and basis
points; an amount is exact until it is rounded, half up and once; caps round down. A refusal is an award of 0 with its
reason. Explanations are Chinese: they are read by cooperatives and auditors as they stand.
"""

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

COURIER, VEHICLE = "courier", "vehicle"
PER_PARCEL, TONNE_KM, PERCENT_OF_FREIGHT = "per_parcel", "tonne_km", "percent_of_freight"
WHOLE, MARGINAL = "whole", "marginal"
TOO_FEW_PARCELS, SUPPLIER_CAP, ENVELOPE_SPENT = "too_few_parcels", "supplier_cap", "envelope_spent"


class TermsError(ValueError):
    """The terms cannot be read; the message names the key."""


@dataclass(frozen=True)
class Tier:
    """Shipments with at least `min_share_bp` of household goods: their factor, and their place in the queue."""

    code: str
    min_share_bp: int
    factor: Fraction
    queue: int


@dataclass(frozen=True)
class Rule:
    """One way to earn. `steps` are (from or up to grams, fen); `most_fen` caps an order's parcels or a vehicle's goods."""

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
        tiers = tuple(
            sorted((_tier(item) for item in _list(data, "priority_tiers")), key=lambda tier: -tier.min_share_bp)
        )
        if len({tier.code for tier in tiers}) < len(tiers) or len({tier.min_share_bp for tier in tiers}) < len(tiers):
            raise TermsError("priority_tiers: two tiers have the same code or the same min_share_bp")
        if tiers[-1].min_share_bp < 1:
            raise TermsError("priority_tiers: min_share_bp starts at 1, a share of 0 earns nothing")
        tier_mode = str(data.get("tier_mode", WHOLE))
        if tier_mode not in (WHOLE, MARGINAL):
            raise TermsError(f"tier_mode: {tier_mode!r} is neither whole nor marginal")
        return cls(
            destination_province=str(_get(data, "destination_province")),
            tier_mode=tier_mode,
            tiers=tiers,
            rules=tuple(_rule(item) for item in _list(data, "rules")),
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


def _int(data: Mapping[str, Any], key: str) -> int:
    value = _get(data, key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TermsError(f"{key}: a whole number from 0 is expected, not {value!r}")
    return value


def _tier(data: Mapping[str, Any]) -> Tier:
    try:
        factor = Decimal(str(_get(data, "factor")))
    except InvalidOperation as error:
        raise TermsError(f"factor: {data['factor']!r} is not a number") from error
    if not 0 < factor <= 10:
        raise TermsError(f"factor: {factor} is not between 0 and 10")
    return Tier(str(_get(data, "tier")), _int(data, "min_share_bp"), Fraction(factor), _int(data, "queue"))


def _rule(data: Mapping[str, Any]) -> Rule:
    kind, mode = str(_get(data, "kind")), str(_get(data, "mode"))
    if mode not in (COURIER, VEHICLE):
        raise TermsError(f"mode: {mode!r} is neither courier nor vehicle")
    code, cap_freight_bp = str(_get(data, "code")), _int(data, "cap_freight_bp")
    needs_log = "temperature_log" in data.get("requires", ())
    if kind == PER_PARCEL:
        return Rule(
            code=code,
            kind=kind,
            mode=mode,
            cap_freight_bp=cap_freight_bp,
            most_fen=_int(data, "cap_per_order_fen"),
            steps=_steps(data, "tiers_fen"),
            max_billed_g=_int(data, "max_billed_g"),
            needs_temperature_log=needs_log,
        )
    if kind == TONNE_KM:
        return Rule(
            code=code,
            kind=kind,
            mode=mode,
            cap_freight_bp=cap_freight_bp,
            most_fen=_int(data, "cap_per_shipment_fen"),
            steps=_steps(data, "tiers_fen_per_tkm"),
            min_net_g=_int(data, "min_net_g"),
            needs_temperature_log=needs_log,
        )
    if kind == PERCENT_OF_FREIGHT:
        return Rule(
            code=code,
            kind=kind,
            mode=mode,
            cap_freight_bp=cap_freight_bp,
            most_fen=_int(data, "cap_per_shipment_fen"),
            percent_bp=_int(data, "percent_bp"),
            needs_temperature_log=needs_log,
        )
    raise TermsError(f"kind: {kind!r} is none of {PER_PARCEL}, {TONNE_KM}, {PERCENT_OF_FREIGHT}")


def _steps(data: Mapping[str, Any], key: str) -> tuple[tuple[int, int], ...]:
    try:
        steps = tuple((int(g), int(fen)) for g, fen in _list(data, key))
    except (TypeError, ValueError) as error:
        raise TermsError(f"{key}: pairs of grams and fen are expected") from error
    if list(steps) != sorted(set(steps)) or any(g < 0 or fen < 0 for g, fen in steps):
        raise TermsError(f"{key}: the steps rise from one to the next")
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
        return Assessment(0, "", "", "目的地不在补贴范围(山东)内, 不补贴")
    tier = terms.tier_of(load.share_bp, demoted=demoted)
    if tier is None:
        return Assessment(0, "", "", "这批货里没有建档立卡(脱贫)户的货, 不补贴")
    best: Assessment | None = None
    refusals = []
    for rule in terms.rules:
        if refusal := _refusal(load, rule):
            refusals.append(refusal)
            continue
        offer = _offer(load, rule, tier, terms.tier_mode, demoted=demoted)
        if best is None or offer.fen > best.fen:
            best = offer
    if best is None:
        return Assessment(0, "", tier.code, "没有适用的补贴规则: " + "; ".join(refusals))
    if best.fen == 0:
        return replace(best, rule="")
    return best


def _refusal(load: Load, rule: Rule) -> str:
    """Why `rule` does not apply to `load`; empty where it does."""
    if rule.mode != load.mode:
        return f"{_name(rule)}只补{'快递' if rule.mode == COURIER else '整车'}"
    if rule.kind == PER_PARCEL and load.billed_g > rule.max_billed_g:
        return f"小件不超过 {_kg(rule.max_billed_g)} 公斤"
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
    text = f"{formula} × {_decimal(tier.factor)}({label}) = {_yuan(fen)} 元"
    freight_cap = load.eligible_freight_fen * rule.cap_freight_bp // 10_000
    percent = f"{rule.cap_freight_bp / 100:g}%"
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
            f"运费 {_yuan(load.eligible_freight_fen)} 元 × {rule.percent_bp / 100:g}%",
        )
    assert load.vehicle_net_g is not None and load.km is not None  # _refusal has seen to it
    if tier_mode == WHOLE:
        rate = Fraction(next(fen for from_g, fen in reversed(rule.steps) if load.vehicle_net_g >= from_g))
    else:
        rate = _marginal_rate(load.vehicle_net_g, rule.steps)
    base = Fraction(load.net_g * load.km, 1_000_000) * rate
    return base, f"{_t(load.net_g)} 吨 × {load.km:,} 公里 × {_decimal(rate / 100)} 元"


def _marginal_rate(vehicle_net_g: int, steps: Sequence[tuple[int, int]]) -> Fraction:
    """Fen per tonne-km over the whole vehicle where each stretch of its weight has its own rate, the first from 0."""
    total = Fraction(0)
    for i, (_from_g, fen) in enumerate(steps):
        starts = 0 if i == 0 else steps[i][0]
        ends = steps[i + 1][0] if i + 1 < len(steps) else vehicle_net_g
        total += max(0, min(vehicle_net_g, ends) - starts) * fen
    return total / vehicle_net_g


def assess_together(
    loads: Sequence[Load], terms: Terms, *, demoted: Sequence[bool] | None = None
) -> tuple[Assessment, ...]:
    """What `loads` earn that share a cap: the goods aboard one vehicle, or the parcels of one order.

    Each is assessed on its own; where those that chose the same rule pass its cap together, they are cut in proportion,
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
                explanation=f"{one.explanation}; {_most_name(rule)}合计 {_yuan(total)} 元, "
                f"超过 {_yuan(rule.most_fen)} 元的上限, 按比例为 {_yuan(cut)} 元",
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
    """The queue: by tier, deferred ones ahead of their tier, deep-poverty townships first, then day of dispatch and id."""
    place = {tier.code: tier.queue for tier in terms.tiers}
    return sorted(candidates, key=lambda c: (place[c.tier], not c.was_deferred, not c.is_deep, c.dispatched_on, c.id))


def parcels_short(rule: str, terms: Terms, parcels: int) -> bool:
    """Whether awards by `rule` fall away because the supplier sent only so many valid parcels in the quarter."""
    kinds = {one.code: one.kind for one in terms.rules}
    return kinds[rule] == PER_PARCEL and parcels < terms.min_parcels


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
        paid = min(allowed, left)
        left -= paid
        paid_this_year[one.supplier] = paid_before + paid
        cut, deferred = one.fen - allowed, allowed - paid
        results.append(
            Paid(one.key, paid, deferred, cut, SUPPLIER_CAP if cut else ENVELOPE_SPENT if deferred else "")
        )
    return results, Purse(left, paid_this_year)


# ── Words and numbers ────────────────────────────────────────────────────────────────────────────────────────────────


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _decimal(number: Fraction) -> str:
    """Two decimals, more where the number has more (a marginal rate)."""
    return f"{float(number):.2f}" if number * 100 == int(number * 100) else f"{float(number):.4f}"


def _t(g: int) -> str:
    """Tonnes with three decimals, six where there are grams below the kilogram."""
    return f"{g / 1_000_000:.3f}" if g % 1000 == 0 else f"{g / 1_000_000:.6f}"


def _kg(g: int) -> str:
    return f"{g / 1000:g}"


def _name(rule: Rule) -> str:
    return {PER_PARCEL: "小件", TONNE_KM: "大宗", PERCENT_OF_FREIGHT: "冷链"}[rule.kind]


def _most_name(rule: Rule) -> str:
    return "每单" if rule.kind == PER_PARCEL else "每车"
