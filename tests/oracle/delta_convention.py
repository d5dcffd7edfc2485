"""Quoted deltas from what they mean: sensitivities of a price in units of what is held.

spot                      d(price) / d(spot)
forward                   d(undiscounted price) / d(forward)
premium_adjusted_spot     the spot delta of the option less the premium paid in the underlying:
                          S d(price / S)/dS
premium_adjusted_forward  likewise in forward terms: F d(undiscounted price / F)/dF
"""

from __future__ import annotations

import mpmath as mp
from tests.oracle.spot_form import DIGITS, price

__all__ = ["quoted_delta"]


def quoted_delta(
    convention: str,
    is_call: bool,
    spot: float,
    strike: float,
    vol: float,
    years: float,
    rate: float,
    q: float,
) -> mp.mpf:
    with mp.workdps(DIGITS):
        s, k, v, t, r, y = (mp.mpf(x) for x in (spot, strike, vol, years, rate, q))
        if convention.endswith("forward"):
            s, r, y = s * mp.exp((r - y) * t), mp.mpf(0), mp.mpf(0)
        adjusted = convention.startswith("premium_adjusted")

        def worth(x: mp.mpf) -> mp.mpf:
            value = price(is_call, x, k, v, t, r, y)
            return value / x if adjusted else value

        step = s * mp.mpf(10) ** -20
        slope = (worth(s + step) - worth(s - step)) / (2 * step)
        return slope * s if adjusted else slope
