"""Perpetual Protocol v2 (Curie): how much of a position one liquidation may take.

Amounts are in units of 10^-18 dollars, ratios in parts per million, rounded down.
Source: perpetual-protocol/perp-curie-contract, AccountBalance.
"""

from __future__ import annotations

from tickmargin import _core
from tickmargin.protocols.whole import WAD, answer, whole

__all__ = ["max_liquidate_ratio"]


def max_liquidate_ratio(
    account_value: int,
    margin_requirement: int,
    total_position_value: int,
    position_value: int,
    small_position_value: int = 100 * WAD,
) -> int:
    """0 when margin is enough; all when it is below half, or the position is small.

    Otherwise half of the value of all positions over that of this one, at most all.
    """
    account = (
        whole("account_value", account_value, signed=True),
        whole("margin_requirement", margin_requirement),
        whole("total_position_value", total_position_value),
    )
    value = whole("position_value", position_value, signed=True)
    small = whole("small_position_value", small_position_value)
    return answer(_core.perp_max_liquidate_ratio, account, value, small)
