"""GMX v2: whether a position is liquidatable, and why.

Amounts are whole numbers of any one unit of dollars (the chain's own is 10^-30), factors in units
of 10^-30 (FACTOR_ONE). Products round down. Source: gmx-io/gmx-synthetics, PositionUtils.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tickmargin import _core
from tickmargin.protocols.whole import answer, whole, within

__all__ = ["FACTOR_ONE", "REASONS", "Limits", "Position", "Verdict", "liquidation_verdict"]

FACTOR_ONE = 10**30
REASONS = ("", "min collateral", "< 0", "min collateral for leverage")


@dataclass(frozen=True, slots=True)
class Position:
    """Collateral, profit, price impact of closing, fees and size, all in one unit of dollars."""

    collateral: int
    profit: int
    price_impact: int
    fees: int
    size: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Factors of the size, and the least collateral there may be."""

    min_collateral_factor: int
    max_negative_impact_factor: int
    min_collateral: int


class Verdict(NamedTuple):
    """What is left of the collateral; ``reason`` is one of REASONS."""

    remaining: int
    liquidatable: bool
    reason: str


def liquidation_verdict(position: Position, limits: Limits) -> Verdict:
    """Judge a position.

    A price impact in its favour does not count, one against it only up to its factor of the size.
    """
    row = (
        whole("position.collateral", position.collateral),
        whole("position.profit", position.profit, signed=True),
        whole("position.price_impact", position.price_impact, signed=True),
        whole("position.fees", position.fees, signed=True),
        whole("position.size", position.size),
    )
    bounds = (
        within("limits.min_collateral_factor", limits.min_collateral_factor, 0, FACTOR_ONE),
        within(
            "limits.max_negative_impact_factor", limits.max_negative_impact_factor, 0, FACTOR_ONE
        ),
        whole("limits.min_collateral", limits.min_collateral),
    )
    remaining, place = answer(_core.gmx_liquidation_verdict, row, bounds)
    return Verdict(remaining, place != 0, REASONS[place])
