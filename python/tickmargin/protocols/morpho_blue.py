"""Morpho Blue: health of a position and a market's liquidation incentive, in units of 10^-18.

Source: morpho-org/morpho-blue, Morpho and ConstantsLib.
"""

from __future__ import annotations

from tickmargin import _core
from tickmargin.protocols.whole import NO_DEBT, WAD, answer, positive, share, word

__all__ = [
    "NO_DEBT",
    "health_factor",
    "is_healthy",
    "liquidation_incentive_factor",
    "max_borrow",
]

_PRICE_SCALE = 10**36


def max_borrow(collateral: int, price: int, lltv: int) -> int:
    """What a position may owe before it is liquidatable, in units of the loan token.

    Parameters
    ----------
    collateral : int
        Units of the collateral token.
    price : int
        The market oracle's: loan units of one unit of collateral, times 10^36.
    lltv : int
        The market's liquidation loan-to-value, in 10^-18.
    """
    held, quoted = word("collateral", collateral), word("price", price)
    return held * quoted // _PRICE_SCALE * share("lltv", lltv) // WAD


def health_factor(collateral: int, borrowed: int, price: int, lltv: int) -> int:
    """:func:`max_borrow` over what is borrowed, in 10^-18, rounded down.

    Below 10^18 exactly where the position is not healthy; :data:`NO_DEBT` where nothing is owed.
    ``borrowed`` is in units of the loan token, rounded up from shares as the contract does.
    """
    owed = word("borrowed", borrowed)
    most = max_borrow(collateral, price, lltv)
    return most * WAD // owed if owed else NO_DEBT


def is_healthy(collateral: int, borrowed: int, price: int, lltv: int) -> bool:
    """Whether the position may not be liquidated."""
    return max_borrow(collateral, price, lltv) >= word("borrowed", borrowed)


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
