"""Panoptic v1: collateral ratios by the pool's utilisation, in basis points, rounded down.

Source: panoptic-labs/panoptic-v1-core, CollateralTracker.
"""

from __future__ import annotations

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.protocols.whole import answer, within

__all__ = ["buy_collateral_ratio", "sell_collateral_ratio"]

_BPS = 10_000


def _utilisation(utilisation: int, target: int, saturated: int, least: int) -> tuple[int, int, int]:
    row = (
        within("utilisation", utilisation, least, _BPS),
        within("target", target, 0, _BPS),
        within("saturated", saturated, 0, _BPS),
    )
    if row[2] <= row[1]:
        message = f"saturated must be above target ({target}), was {saturated}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return row


def sell_collateral_ratio(
    utilisation: int, least: int = 2_000, target: int = 5_000, saturated: int = 9_000
) -> int:
    """``least`` below the target, 10,000 above saturation, a line between.

    A utilisation below 0 stands for the leg of a strangle, which needs half of ``least``.
    """
    row = _utilisation(utilisation, target, saturated, -_BPS)
    return answer(_core.panoptic_sell_ratio, row, within("least", least, 0, _BPS))


def buy_collateral_ratio(
    utilisation: int, most: int = 1_000, target: int = 5_000, saturated: int = 9_000
) -> int:
    """``most`` below the target, half of it above saturation, a line between."""
    row = _utilisation(utilisation, target, saturated, 0)
    return answer(_core.panoptic_buy_ratio, row, within("most", most, 0, _BPS))
