"""Black-76 and Bachelier, plainly: the textbook formula on `math.erfc`.

Only what the margin twin needs; no care is taken for speed, none for the last bits.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple


class Sheet(NamedTuple):
    """Undiscounted price and derivatives of one option: by forward, volatility, and time."""

    price: float
    delta: float
    gamma: float
    vega: float
    decay: float  # d price / d T, forward held


def normal_cdf(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_pdf(x: float) -> float:
    """Standard normal density."""
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


@functools.cache
def normal_quantile(p: float) -> float:
    """Inverse of `normal_cdf` by bisection, which needs no formula to trust."""
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if normal_cdf(middle) < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def intrinsic(is_call: bool, forward: float, strike: float) -> Sheet:
    """Price at expiry or without volatility."""
    sign = 1.0 if is_call else -1.0
    gain = sign * (forward - strike)
    return Sheet(max(gain, 0.0), sign if gain > 0.0 else 0.0, 0.0, 0.0, 0.0)


def black76(is_call: bool, forward: float, strike: float, vol: float, years: float) -> Sheet:
    """Undiscounted Black-76 (Black 1976): F N(d1) - K N(d2) for a call."""
    s = vol * math.sqrt(years)
    if s == 0.0:
        return intrinsic(is_call, forward, strike)
    d1 = math.log(forward / strike) / s + 0.5 * s
    d2 = d1 - s
    sign = 1.0 if is_call else -1.0
    delta = sign * normal_cdf(sign * d1)
    price = forward * delta - sign * strike * normal_cdf(sign * d2)
    density = normal_pdf(d1)
    return Sheet(
        price=price,
        delta=delta,
        gamma=density / (forward * s),
        vega=forward * density * math.sqrt(years),
        decay=forward * density * vol / (2.0 * math.sqrt(years)),
    )


def bachelier(is_call: bool, forward: float, strike: float, vol: float, years: float) -> Sheet:
    """Undiscounted Bachelier (1900): the forward is normal with `vol` in quote units a year."""
    s = vol * math.sqrt(years)
    if s == 0.0:
        return intrinsic(is_call, forward, strike)
    sign = 1.0 if is_call else -1.0
    d = (forward - strike) / s
    density = normal_pdf(d)
    return Sheet(
        price=sign * (forward - strike) * normal_cdf(sign * d) + s * density,
        delta=sign * normal_cdf(sign * d),
        gamma=density / s,
        vega=math.sqrt(years) * density,
        decay=vol * density / (2.0 * math.sqrt(years)),
    )
