"""Maker's collateral auctions: how the price falls with time.

Prices and factors are in units of 10^-27 (RAY), times in seconds. Powers round half up at every
multiplication, prices down. Source: makerdao/dss, abaci.
"""

from __future__ import annotations

from tickmargin import _core
from tickmargin.protocols.whole import answer, positive, whole, within

__all__ = ["RAY", "exponential_price", "linear_price", "stairstep_price"]

RAY = 10**27


def linear_price(top: int, tau: int, elapsed: int) -> int:
    """A straight line from ``top`` to 0 at ``tau`` seconds."""
    times = (positive("tau", tau), whole("elapsed", elapsed))
    return answer(_core.maker_linear_price, whole("top", top), *times)


def stairstep_price(top: int, step: int, cut: int, elapsed: int) -> int:
    """``top`` times ``cut`` for every ``step`` seconds gone by."""
    return answer(
        _core.maker_stairstep_price,
        whole("top", top),
        positive("step", step),
        within("cut", cut, 0, RAY),
        whole("elapsed", elapsed),
    )


def exponential_price(top: int, cut: int, elapsed: int) -> int:
    """``top`` times ``cut`` for every second gone by."""
    return stairstep_price(top, 1, cut, elapsed)
