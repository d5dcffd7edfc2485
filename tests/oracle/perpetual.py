"""Perpetual futures by summing what a holder expects, never by the closed form.

Ackerer, Hugonnier and Jermann (2024): the price solves f_t = E[f_next - funding], which is unrolled
here period by period (or as an integral over time) until nothing is left.
"""

from __future__ import annotations

import mpmath as mp

__all__ = ["fair_price"]


def fair_price(
    payoff: str,
    funding_index: str,
    index: float,
    premium: float,
    interest: float,
    period: float,
    rate: float,
    dividend_yield: float,
    covariance: float = 0.0,
) -> mp.mpf:
    with mp.workdps(40):
        k, i = mp.mpf(premium), mp.mpf(interest)
        growth_rate = mp.mpf(rate) - mp.mpf(dividend_yield)
        if payoff == "inverse":
            growth_rate = -growth_rate
        if payoff == "quanto":
            growth_rate += mp.mpf(covariance)
        if period == 0:
            ratio = mp.quad(lambda s: (k - i) * mp.exp((growth_rate - k) * s), [0, mp.inf])
        else:
            ratio = _unrolled(k, i, mp.exp(growth_rate * mp.mpf(period)), funding_index)
        x = mp.mpf(index)
        return x / ratio if payoff == "inverse" else x * ratio


def _unrolled(k: mp.mpf, i: mp.mpf, growth: mp.mpf, funding_index: str) -> mp.mpf:
    """f_0 / x_0 with funding k (f - x) + i x on the period's first or last prices."""
    total, weight, x = mp.mpf(0), mp.mpf(1), mp.mpf(1)
    while True:
        if funding_index == "previous":
            # f_n = E[f_n+1] - k (f_n - x_n) - i x_n
            weight /= 1 + k
            term = weight * (k - i) * x
            x *= growth
        else:
            # f_n = E[f_n+1 - k (f_n+1 - x_n+1) - i x_n+1]
            x *= growth
            term = weight * (k - i) * x
            weight *= 1 - k
        total += term
        if term < total * mp.mpf(10) ** -36:
            return total
