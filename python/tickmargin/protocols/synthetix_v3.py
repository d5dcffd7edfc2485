"""Synthetix perps v3: requirements that grow with size, fill prices at the skew, and profits.

Everything is in units of 10^-18; each product and quotient is rounded towards zero.
Source: Synthetixio/synthetix-v3, PerpsMarketConfiguration, AsyncOrder and PerpsAccount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tickmargin import _core
from tickmargin.protocols.whole import answer, whole

__all__ = [
    "Market",
    "Requirement",
    "available_margin",
    "fill_price",
    "position_profit",
    "required_margins",
]


@dataclass(frozen=True, slots=True)
class Market:
    """A market's margin terms; a skew scale of 0 leaves size out."""

    skew_scale: int
    initial_margin_ratio: int
    min_initial_margin_ratio: int
    maintenance_scalar: int
    min_position_margin: int = 0


class Requirement(NamedTuple):
    """Ratios of notional and margins."""

    initial_ratio: int
    maintenance_ratio: int
    initial_margin: int
    maintenance_margin: int


def required_margins(size: int, price: int, market: Market) -> Requirement:
    """Initial ratio = size / skew scale x ratio + the least; maintenance is a scalar of it."""
    row = (
        whole("market.skew_scale", market.skew_scale),
        whole("market.initial_margin_ratio", market.initial_margin_ratio),
        whole("market.min_initial_margin_ratio", market.min_initial_margin_ratio),
        whole("market.maintenance_scalar", market.maintenance_scalar),
        whole("market.min_position_margin", market.min_position_margin),
    )
    held, at = whole("size", size, signed=True), whole("price", price)
    return Requirement(*answer(_core.synthetix_required_margins, held, at, row))


def fill_price(size: int, index: int, skew_scale: int, skew: int = 0) -> int:
    """The mean of the index at the market's skew before and after an order of ``size``."""
    return answer(
        _core.synthetix_fill_price,
        whole("size", size, signed=True),
        whole("index", index),
        whole("skew", skew, signed=True),
        whole("skew_scale", skew_scale),
    )


def position_profit(size: int, entry_price: int, price: int) -> int:
    """Size times the move of the price, without funding."""
    return answer(
        _core.synthetix_position_profit,
        whole("size", size, signed=True),
        whole("entry_price", entry_price),
        whole("price", price),
    )


def available_margin(collateral: int, profits: Sequence[int]) -> int:
    """Collateral and the profits of all positions."""
    rows = [whole(f"profits[{i}]", profit, signed=True) for i, profit in enumerate(profits)]
    return answer(_core.synthetix_available_margin, whole("collateral", collateral), rows)
