"""dYdX v4: whole numbers in, whole numbers out.

Amounts are quote quantums, sizes base quantums, ratios parts per million, prices exact fractions
of quote quantums per base quantum. Requirements round up, notionals towards zero, the open
interest's share and fees down. Beyond 128 bits, and where a rule is undefined, ValueError.
Source: dydxprotocol/v4-chain, x/perpetuals, x/subaccounts and x/liquidations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tickmargin import _core

__all__ = [
    "Position",
    "Requirement",
    "Tier",
    "adjusted_initial_margin_ppm",
    "bankruptcy_price",
    "fillable_price",
    "initial_margin",
    "insurance_fund_delta",
    "margin_requirements",
    "price_per_quantum",
]


@dataclass(frozen=True)
class Tier:
    """A liquidity tier; an upper cap of 0 leaves open interest out."""

    initial_margin_ppm: int
    maintenance_fraction_ppm: int = 1_000_000
    oi_lower_cap: int = 0
    oi_upper_cap: int = 0


@dataclass(frozen=True)
class Position:
    """A perpetual position: signed base quantums, its price and its tier."""

    base_quantums: int
    price: Fraction
    tier: Tier


class Requirement(NamedTuple):
    """Initial and maintenance margin in quote quantums."""

    initial_margin: int
    maintenance_margin: int


def _row(position: Position) -> tuple[int, int, int, int, int, int, int]:
    price, tier = position.price, position.tier
    return (
        position.base_quantums,
        price.numerator,
        price.denominator,
        tier.initial_margin_ppm,
        tier.maintenance_fraction_ppm,
        tier.oi_lower_cap,
        tier.oi_upper_cap,
    )


def _tier_row(tier: Tier) -> tuple[int, int, int, int, int, int, int]:
    return _row(Position(0, Fraction(0), tier))


def price_per_quantum(
    price: int, price_exponent: int, base_resolution: int, quote_resolution: int = -6
) -> Fraction:
    """Quote quantums per base quantum, exact, from a price and its power of ten."""
    return price * Fraction(10) ** (price_exponent + base_resolution - quote_resolution)


def adjusted_initial_margin_ppm(tier: Tier, oi_notional: int) -> int:
    """Initial margin fraction after open interest of ``oi_notional``, rounded down."""
    return _core.dydx_adjusted_initial_margin_ppm(_tier_row(tier), oi_notional)


def initial_margin(tier: Tier, oi_notional: int, notional: int, custom_ppm: int = 0) -> int:
    """Initial margin of a notional, rounded up."""
    return _core.dydx_initial_margin(_tier_row(tier), oi_notional, notional, custom_ppm)


def margin_requirements(
    position: Position, open_interest_base_quantums: int = 0, custom_ppm: int = 0
) -> Requirement:
    """Both margins of a position; open interest scales the initial one only. Rounded up."""
    need = _core.dydx_margin_requirement(_row(position), open_interest_base_quantums, custom_ppm)
    return Requirement(*need)


def bankruptcy_price(
    quote_balance: int, positions: Sequence[Position], index: int, delta: int
) -> int:
    """Quote quantums the change ``delta`` of a position must bring in for equity to reach 0."""
    return _core.dydx_bankruptcy_price(quote_balance, [_row(p) for p in positions], index, delta)


def fillable_price(
    quote_balance: int,
    positions: Sequence[Position],
    index: int,
    bankruptcy_adjustment_ppm: int = 1_000_000,
    spread_to_maintenance_ppm: int = 100_000,
) -> Fraction:
    """Price at which a liquidation order is placed, exact."""
    top, bottom = _core.dydx_fillable_price(
        quote_balance,
        [_row(p) for p in positions],
        index,
        bankruptcy_adjustment_ppm,
        spread_to_maintenance_ppm,
    )
    return Fraction(top, bottom)


def insurance_fund_delta(
    quote_balance: int,
    positions: Sequence[Position],
    index: int,
    delta: int,
    fill_quote_quantums: int,
    max_fee_ppm: int = 5_000,
) -> int:
    """What the fund receives (+, at most the fee, rounded down) or pays (-) for a fill."""
    rows = [_row(p) for p in positions]
    return _core.dydx_insurance_fund_delta(
        quote_balance, rows, index, delta, fill_quote_quantums, max_fee_ppm
    )
