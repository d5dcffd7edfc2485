"""Morpho Blue: the liquidation incentive of a market, in units of 10^-18.

Source: morpho-org/morpho-blue, Morpho and ConstantsLib.
"""

from __future__ import annotations

from tickmargin import _core
from tickmargin.protocols.whole import WAD, answer, positive, share

__all__ = ["liquidation_incentive_factor"]


def liquidation_incentive_factor(
    lltv: int, cursor: int = 3 * WAD // 10, maximum: int = 115 * WAD // 100
) -> int:
    """min(maximum, 1 / (1 - cursor x (1 - lltv))), every step rounded down."""
    return answer(
        _core.morpho_liquidation_incentive_factor,
        share("lltv", lltv),
        share("cursor", cursor),
        positive("maximum", maximum),
    )
