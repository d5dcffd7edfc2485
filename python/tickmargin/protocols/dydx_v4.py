"""dYdX v4: whole numbers in, whole numbers out.

Amounts are quote quantums, sizes base quantums, ratios parts per million, prices exact fractions
of quote quantums per base quantum. Requirements round up, notionals towards zero, the open
interest's share and fees down. Beyond 128 bits, and where a rule is undefined, InvalidInputError.
Source: dydxprotocol/v4-chain, x/perpetuals, x/subaccounts and x/liquidations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.protocols.whole import answer, fraction, whole, within

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


_Row = tuple[int, int, int, int, int, int, int]

_MILLION = 1_000_000


def _tier(name: str, tier: Tier) -> tuple[int, int, int, int]:
    lower = whole(f"{name}.oi_lower_cap", tier.oi_lower_cap)
    upper = whole(f"{name}.oi_upper_cap", tier.oi_upper_cap)
    if upper and upper < lower:
        message = f"{name}.oi_upper_cap must not be below oi_lower_cap ({lower}), was {upper}"
        raise InvalidInputError(message, code="TIERS_NOT_INCREASING")
    return (
        within(f"{name}.initial_margin_ppm", tier.initial_margin_ppm, 0, _MILLION),
        within(f"{name}.maintenance_fraction_ppm", tier.maintenance_fraction_ppm, 0, _MILLION),
        lower,
        upper,
    )


def _row(name: str, position: Position) -> _Row:
    return (
        whole(f"{name}.base_quantums", position.base_quantums, signed=True),
        *fraction(f"{name}.price", position.price),
        *_tier(f"{name}.tier", position.tier),
    )


def _tier_row(tier: Tier) -> _Row:
    return (0, 0, 1, *_tier("tier", tier))


def _book(
    quote_balance: int, positions: Sequence[Position], index: int
) -> tuple[int, list[_Row], int]:
    rows = [_row(f"positions[{i}]", position) for i, position in enumerate(positions)]
    balance = whole("quote_balance", quote_balance, signed=True)
    return balance, rows, within("index", index, 0, len(rows) - 1)


def price_per_quantum(
    price: int, price_exponent: int, base_resolution: int, quote_resolution: int = -6
) -> Fraction:
    """Quote quantums per base quantum, exact, from a price and its power of ten."""
    return price * Fraction(10) ** (price_exponent + base_resolution - quote_resolution)


def adjusted_initial_margin_ppm(tier: Tier, oi_notional: int) -> int:
    """Initial margin fraction after open interest of ``oi_notional``, rounded down."""
    interest = whole("oi_notional", oi_notional)
    return answer(_core.dydx_adjusted_initial_margin_ppm, _tier_row(tier), interest)


def initial_margin(tier: Tier, oi_notional: int, notional: int, custom_ppm: int = 0) -> int:
    """Initial margin of a notional, rounded up."""
    return answer(
        _core.dydx_initial_margin,
        _tier_row(tier),
        whole("oi_notional", oi_notional),
        whole("notional", notional, signed=True),
        whole("custom_ppm", custom_ppm),
    )


def margin_requirements(
    position: Position, open_interest_base_quantums: int = 0, custom_ppm: int = 0
) -> Requirement:
    """Both margins of a position; open interest scales the initial one only. Rounded up."""
    need = answer(
        _core.dydx_margin_requirement,
        _row("position", position),
        whole("open_interest_base_quantums", open_interest_base_quantums),
        whole("custom_ppm", custom_ppm),
    )
    return Requirement(*need)


def bankruptcy_price(
    quote_balance: int, positions: Sequence[Position], index: int, delta: int
) -> int:
    """Quote quantums the change ``delta`` of a position must bring in for equity to reach 0."""
    change = whole("delta", delta, signed=True)
    return answer(_core.dydx_bankruptcy_price, *_book(quote_balance, positions, index), change)


def fillable_price(
    quote_balance: int,
    positions: Sequence[Position],
    index: int,
    bankruptcy_adjustment_ppm: int = 1_000_000,
    spread_to_maintenance_ppm: int = 100_000,
) -> Fraction:
    """Price at which a liquidation order is placed, exact."""
    top, bottom = answer(
        _core.dydx_fillable_price,
        *_book(quote_balance, positions, index),
        whole("bankruptcy_adjustment_ppm", bankruptcy_adjustment_ppm),
        whole("spread_to_maintenance_ppm", spread_to_maintenance_ppm),
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
    return answer(
        _core.dydx_insurance_fund_delta,
        *_book(quote_balance, positions, index),
        whole("delta", delta, signed=True),
        whole("fill_quote_quantums", fill_quote_quantums, signed=True),
        whole("max_fee_ppm", max_fee_ppm),
    )
