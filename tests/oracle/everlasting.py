"""Everlasting options as what they are: options whose expiry is exponential, averaged.

White and Bankman-Fried (2021): funding of (mark - pay-off) / period makes the mark the mean of
European prices over an expiry t with density exp(-t / period) / period. Two ways to take the mean,
neither of which knows the closed form: mpmath's quadrature in many digits, and a fixed
composite Gauss-Legendre rule in y = sqrt(t / period), fast enough for whole portfolios.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import mpmath as mp
import numpy as np
from tests.oracle.margin_pricing import Sheet, black76

_RULE = np.polynomial.legendre.leggauss(24)
# Just beside the strike an option lives from an instant on; far from it by the last of its mean.
_PANELS = (0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.6, 1.5, 3.0, 4.5, 6.5, 9.0, 12.0, 16.0, 21.0, 26.0)


def _points(panels: Iterable[float]) -> list[tuple[float, float]]:
    return [
        (0.5 * (a + b + (b - a) * node), 0.5 * (b - a) * weight)
        for a, b in itertools.pairwise(panels)
        for node, weight in zip(_RULE[0].tolist(), _RULE[1].tolist(), strict=True)
    ]


_POINTS = _points(_PANELS)


def _points_of(
    index: float, strike: float, vol: float, period: float, rate: float
) -> list[tuple[float, float]]:
    """With next to no volatility the pay-off has a kink where the forward meets the strike."""
    if vol >= 0.005 or rate == 0.0 or (meets := math.log(strike / index) / (rate * period)) <= 0.0:
        return _POINTS
    kink = math.sqrt(meets)
    beside = [kink * (1.0 + sign * part) for part in (0.001, 0.01, 0.1) for sign in (-1.0, 1.0)]
    return _points(sorted({*_PANELS, *(y for y in (kink, *beside) if y < _PANELS[-1])}))


def exact_price(
    is_call: bool, index: float, strike: float, vol: float, period: float, rate: float = 0.0
) -> mp.mpf:
    """The mean in 30 digits."""
    with mp.workdps(30):
        s, k, v, r = mp.mpf(index), mp.mpf(strike), mp.mpf(vol), mp.mpf(rate)
        sign = 1 if is_call else -1

        def european(t: mp.mpf) -> mp.mpf:
            deviation = v * mp.sqrt(t)
            d1 = (mp.log(s / k) + r * t) / deviation + deviation / 2
            return sign * (
                s * mp.ncdf(sign * d1) - k * mp.exp(-r * t) * mp.ncdf(sign * (d1 - deviation))
            )

        def weighted(y: mp.mpf) -> mp.mpf:
            return 2 * y * mp.exp(-(y**2)) * european(y**2 * mp.mpf(period))

        return mp.quad(weighted, [0, 0.25, 0.5, 1, 2, 4, 12])


def everlasting(
    is_call: bool, index: float, strike: float, vol: float, period: float, rate: float
) -> Sheet:
    """Price and derivatives by index and volatility; `decay` is the funding a long pays a year."""
    sums = [0.0, 0.0, 0.0, 0.0]
    for y, weight in _points_of(index, strike, vol, period, rate):
        t = y * y * period
        share = weight * 2.0 * y * math.exp(-y * y)
        growth = math.exp(rate * t)
        # Discounted Black-76 on the forward S e^(rt), its derivatives taken by the index.
        sheet = black76(is_call, index * growth, strike, vol, t)
        sums[0] += share * sheet.price / growth
        sums[1] += share * sheet.delta
        sums[2] += share * sheet.gamma * growth
        sums[3] += share * sheet.vega / growth
    return Sheet(*sums, _time_value(is_call, index, strike, vol, period, rate, sums[0]) / period)


def _time_value(
    is_call: bool,
    index: float,
    strike: float,
    vol: float,
    period: float,
    rate: float,
    price: float,
) -> float:
    """Price less pay-off: in the money by parity, as the difference would keep no digit."""
    if (index >= strike) != is_call:
        return price
    other = everlasting(not is_call, index, strike, vol, period, rate).price
    # call - put is S less the mean of K e^(-rt): K / (1 + r period).
    carry = strike * rate * period / (1.0 + rate * period)
    return other + (carry if is_call else -carry)
