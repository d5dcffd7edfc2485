"""Rules of clearing houses on plain numbers: scans of 16 scenarios, spreads, schedules.

The method ``span`` of a policy runs the same rules over a portfolio. "SPAN" is CME's trademark;
parameters are the user's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.venues.arguments import (
    not_negative,
    number,
    one_of,
    option_type,
    positive,
    ratio,
    whole,
)

__all__ = [
    "Credit",
    "Scan",
    "ScheduleMargin",
    "SpreadResult",
    "composite_delta",
    "future_array",
    "inter_commodity_credit",
    "intra_commodity_spreads",
    "option_array",
    "option_deltas",
    "risk_requirement",
    "scan",
    "schedule_margin",
    "schedule_percent",
    "span2_total",
    "span_scenarios",
    "total_requirement",
    "valuation_points",
]

_CLASSES = ("rates", "credit", "fx", "equity", "commodity", "other")
_SCENARIOS = 16
_POINTS = 7
COMPOSITE_WEIGHTS = (0.27, 0.217, 0.217, 0.11, 0.11, 0.037, 0.037)


@dataclass(frozen=True, slots=True)
class Scan:
    """The scan of a portfolio; scenarios are numbered from 1."""

    scan_risk: float
    active_scenario: int
    paired_scenario: int
    volatility_adjusted: float
    time_risk: float
    price_risk: float


@dataclass(frozen=True, slots=True)
class SpreadResult:
    """Spreads formed by priority, their charge, and what is left of each delta."""

    spreads: tuple[float, ...]
    charge: float
    remaining: dict[str, float]


@dataclass(frozen=True, slots=True)
class Credit:
    """Spreads between two commodities and what each leg is credited."""

    spreads: float
    credit_first: float
    credit_second: float
    total: float


@dataclass(frozen=True, slots=True)
class ScheduleMargin:
    """Gross margin, net-to-gross ratio, and net margin."""

    gross: float
    net_to_gross: float
    net: float


def span_scenarios(
    price_range: float,
    vol_range: float,
    *,
    extreme_multiple: float = 3.0,
    extreme_cover: float = 0.33,
) -> list[tuple[float, float, float]]:
    """Return the 16 scenarios: price move, volatility move, share of the loss that counts.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    rows: list[tuple[float, float, float]] = _core.span_scenarios(
        not_negative("price_range", price_range),
        not_negative("vol_range", vol_range),
        positive("extreme_multiple", extreme_multiple),
        ratio("extreme_cover", extreme_cover),
    )
    return rows


def future_array(
    price_range: float, *, extreme_multiple: float = 3.0, extreme_cover: float = 0.33
) -> list[float]:
    """Return what a long future loses in each scenario; losses are positive.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    losses: list[float] = _core.span_linear_array(
        not_negative("price_range", price_range),
        positive("extreme_multiple", extreme_multiple),
        ratio("extreme_cover", extreme_cover),
    )
    return losses


def option_array(
    kind: str,
    forward: float,
    strike: float,
    expiry_years: float,
    vol_annual: float,
    *,
    price_range: float,
    vol_range: float,
    vol_shock: str = "relative",
    lookahead_years: float = 1 / 365,
    extreme_multiple: float = 3.0,
    extreme_cover: float = 0.33,
    multiplier: float = 1.0,
) -> list[float]:
    """Return what a long option loses in each scenario: Black-76, after the time that passes.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    losses: list[float] = _core.span_option_array(
        option_type(kind),
        positive("forward", forward),
        positive("strike", strike),
        not_negative("expiry_years", expiry_years),
        not_negative("vol_annual", vol_annual),
        not_negative("price_range", price_range),
        not_negative("vol_range", vol_range),
        one_of("vol_shock", vol_shock, ("relative", "absolute")) == 0,
        positive("extreme_multiple", extreme_multiple),
        ratio("extreme_cover", extreme_cover),
        not_negative("lookahead_years", lookahead_years),
    )
    scale = positive("multiplier", multiplier)
    return [scale * loss for loss in losses]


def option_deltas(
    kind: str,
    forward: float,
    strike: float,
    expiry_years: float,
    vol_annual: float,
    *,
    price_range: float,
    lookahead_years: float = 1 / 365,
) -> list[float]:
    """Return deltas at the price points 0, +1/3, -1/3, +2/3, -2/3, +1, -1 of the range.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    deltas: list[float] = _core.span_option_deltas(
        option_type(kind),
        positive("forward", forward),
        positive("strike", strike),
        not_negative("expiry_years", expiry_years),
        not_negative("vol_annual", vol_annual),
        not_negative("price_range", price_range),
        not_negative("lookahead_years", lookahead_years),
    )
    return deltas


def composite_delta(deltas: Sequence[float], weights: Sequence[float] = COMPOSITE_WEIGHTS) -> float:
    """Return the weighted sum of the deltas at the seven price points.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    value: float = _core.span_composite_delta(
        _numbers("deltas", deltas, _POINTS), _numbers("weights", weights, _POINTS)
    )
    return value


def scan(positions: Sequence[tuple[float, Sequence[float]]]) -> Scan:
    """Return the scan of positions: (quantity, losses of one long contract in each scenario).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    rows = [
        (
            number(f"positions[{i}] quantity", quantity),
            _numbers(f"positions[{i}] losses", losses, _SCENARIOS),
        )
        for i, (quantity, losses) in enumerate(positions)
    ]
    return Scan(*_core.span_scan(rows))


def intra_commodity_spreads(
    deltas: Mapping[str, float], priority: Sequence[tuple[str, str, float]]
) -> SpreadResult:
    """Form spreads between opposite deltas by priority: (one tier, another, charge of a spread).

    Raises
    ------
    InputTypeError, InvalidInputError
        UNKNOWN_TIER: a tier has no delta.
    """
    left = {tier: number(f"deltas[{tier!r}]", delta) for tier, delta in deltas.items()}
    formed: list[float] = []
    charges: list[float] = []
    for i, (first, second, charge) in enumerate(priority):
        for tier in (first, second):
            if tier not in left:
                known = ", ".join(left)
                message = f"priority[{i}]: got tier {tier!r}; expected one of {known}"
                raise InvalidInputError(message, code="UNKNOWN_TIER")
        spreads, left[first], left[second] = _core.span_form_spreads(
            left[first], left[second], 1.0, 1.0
        )
        formed.append(spreads)
        charges.append(spreads * not_negative(f"priority[{i}] charge", charge))
    return SpreadResult(tuple(formed), math.fsum(charges), left)


def inter_commodity_credit(
    first: tuple[float, float],
    second: tuple[float, float],
    *,
    rate: float,
    delta_per_spread: tuple[float, float] = (1.0, 1.0),
) -> Credit:
    """Return the credit of two commodities: each is (delta, weighted futures price risk).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    spreads, to_first, to_second, _, _ = _core.span_credit(
        number("first delta", first[0]),
        number("second delta", second[0]),
        positive("delta_per_spread[0]", delta_per_spread[0]),
        positive("delta_per_spread[1]", delta_per_spread[1]),
        not_negative("first price risk", first[1]),
        not_negative("second price risk", second[1]),
        ratio("rate", rate),
    )
    return Credit(spreads, to_first, to_second, to_first + to_second)


def risk_requirement(
    scan_risk: float,
    *,
    intra: float = 0.0,
    spot: float = 0.0,
    inter_credit: float = 0.0,
    short_calls: float = 0.0,
    short_puts: float = 0.0,
    short_minimum: float = 0.0,
    short_minimum_rule: str = "larger",
) -> float:
    """Return max(short option minimum, scan + intra + spot - credit).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    value: float = _core.span_requirement(
        not_negative("scan_risk", scan_risk),
        not_negative("intra", intra),
        not_negative("spot", spot),
        not_negative("inter_credit", inter_credit),
        not_negative("short_calls", short_calls),
        not_negative("short_puts", short_puts),
        not_negative("short_minimum", short_minimum),
        one_of("short_minimum_rule", short_minimum_rule, ("larger", "sum")) == 1,
    )
    return value


def total_requirement(risk: float, net_option_value: float) -> tuple[float, float]:
    """Return the requirement after net option value, and long option value beyond the risk.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    requirement, excess = _core.span_total(
        not_negative("risk", risk), number("net_option_value", net_option_value)
    )
    return requirement, excess


def span2_total(
    historical: float,
    stress: float,
    *,
    historical_weight: float,
    liquidity: float = 0.0,
    concentration: float = 0.0,
) -> float:
    """Return weight x historical + (1 - weight) x stress + liquidity + concentration.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    value: float = _core.blended_total(
        not_negative("historical", historical),
        not_negative("stress", stress),
        ratio("historical_weight", historical_weight),
        not_negative("liquidity", liquidity),
        not_negative("concentration", concentration),
    )
    return value


def schedule_percent(asset_class: str, maturity_years: float = 0.0) -> float:
    """Return the percent of notional of the standardised schedule (BCBS-IOSCO d499, appendix A).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    value: float = _core.schedule_percent(
        one_of("asset_class", asset_class, _CLASSES), not_negative("maturity_years", maturity_years)
    )
    return value


def schedule_margin(trades: Sequence[tuple[str, float, float, float]]) -> ScheduleMargin:
    """Return the schedule's margin: (asset class, years to maturity, notional, present value).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    rows = [
        (
            one_of(f"trades[{i}] asset class", of, _CLASSES),
            not_negative(f"trades[{i}] maturity", maturity),
            number(f"trades[{i}] notional", notional),
            number(f"trades[{i}] present value", value),
        )
        for i, (of, maturity, notional, value) in enumerate(trades)
    ]
    return ScheduleMargin(*_core.schedule_margin(rows))


def valuation_points(range_down: float, range_up: float, count: int = 10) -> list[float]:
    """Return equidistant price moves as OCC's TIMS has them: half down, half up, 0 left out.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    if whole("count", count, most=10_000) < 2 or count % 2:
        message = f"count: got {count!r}; expected an even int of at least 2"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    points: list[float] = _core.valuation_points(
        not_negative("range_down", range_down), not_negative("range_up", range_up), count
    )
    return points


def _numbers(name: str, values: Sequence[float], count: int) -> list[float]:
    if len(values) != count:
        message = f"{name}: got {len(values)} numbers; expected {count}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    return [number(f"{name}[{i}]", value) for i, value in enumerate(values)]
