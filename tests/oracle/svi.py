"""Raw SVI and the rule for rejected fits, from the papers and the rule's own words, slowly.

Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces" (2014): definition 2.1 (butterfly
arbitrage is a negative density), section 3.1 (raw parameters).
"""

from __future__ import annotations

import math
import statistics

import mpmath as mp


def total_variance(a: float, b: float, rho: float, m: float, sigma: float, k: mp.mpf) -> mp.mpf:
    return a + b * (rho * (k - m) + mp.sqrt((k - m) ** 2 + sigma**2))


def density(raw: tuple[float, float, float, float, float], strike: float) -> mp.mpf:
    """Second derivative by strike of an undiscounted call, forward 1: what a butterfly costs."""

    def call(x: mp.mpf) -> mp.mpf:
        root = mp.sqrt(total_variance(*raw, mp.log(x)))
        d1 = -mp.log(x) / root + root / 2
        return mp.ncdf(d1) - x * mp.ncdf(d1 - root)

    with mp.workdps(40):
        return mp.diff(call, mp.mpf(strike), 2)


def followed(rows: list[tuple[float, float]], shape: list[float] | None) -> list[float]:
    """Volatilities of one rejected expiry: rows of (ln(K/F), mark), and the kept shape there."""
    if shape is None:
        return [mark for _, mark in rows]
    moves = [math.log(mark / kept) for (_, mark), kept in zip(rows, shape, strict=True)]
    level = statistics.median(moves)
    nearest = min(abs(k) for k, _ in rows)
    out = []
    for (k, mark), kept in zip(rows, shape, strict=True):
        vol = kept * math.exp(level)
        out.append(max(vol, mark) if abs(k) == nearest else vol)
    return out
