"""Zones by how unlikely a number of exceptions is, and the multipliers that go with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tickmargin.backtest.arguments import count, probability, refuse
from tickmargin.backtest.distributions import binomial_cdf, normal_quantile

__all__ = ["TrafficLight", "basel_multiplier", "basel_plus_factor", "stoplight_bounds"]
__all__ += ["traffic_light"]

YELLOW, RED = 0.95, 0.9999
_PLUS_FACTORS = (0.40, 0.50, 0.65, 0.75, 0.85)
_MULTIPLIERS = (1.70, 1.76, 1.83, 1.88, 1.92)
_FIRST_YELLOW, _FIRST_RED = 5, 10
_CHUNK = 2_048
_SHIFT = 3.5


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """A zone with what it is read from.

    Attributes
    ----------
    zone : str
        ``green``, ``yellow`` or ``red``.
    cumulative : float
        P(X <= exceptions) of a margin that keeps its promise; yellow from 0.95, red from 0.9999.
    type_one : float
        P(X >= exceptions): how often such a margin would be blamed at this count.
    """

    zone: str
    cumulative: float
    type_one: float


def traffic_light(observations: Any, exceptions: Any, probability_promised: Any) -> TrafficLight:
    """The supervisors' traffic light (BCBS 22, 1996) for any number of observations."""
    n = count("observations", observations, low=1)
    x = count("exceptions", exceptions, high=n)
    p = probability("probability_promised", probability_promised)
    cumulative = binomial_cdf(n, x, p)
    zone = "green" if cumulative < YELLOW else "yellow" if cumulative < RED else "red"
    return TrafficLight(zone, cumulative, 1.0 - binomial_cdf(n, x - 1, p))


def basel_plus_factor(exceptions: Any) -> float:
    """What is added to the multiplier for exceptions in 250 days at 99 % (BCBS 22, table 2)."""
    x = count("exceptions", exceptions)
    if x < _FIRST_YELLOW:
        return 0.0
    return 1.0 if x >= _FIRST_RED else _PLUS_FACTORS[x - _FIRST_YELLOW]


def basel_multiplier(exceptions: Any) -> float:
    """The backtesting multiplier for exceptions in 250 days at 99 % (MAR32.9)."""
    x = count("exceptions", exceptions)
    if x < _FIRST_YELLOW:
        return 1.5
    return 2.0 if x >= _FIRST_RED else _MULTIPLIERS[x - _FIRST_YELLOW]


def stoplight_bounds(
    observations: Any,
    confidence: Any = 0.99,
    *,
    levels: Sequence[float] = (YELLOW, RED),
    days: Any = 1,
    portfolios: Any = 1,
    correlation: float = 0.0,
    samples: Any = 600_000,
    seed: int = 42,
) -> list[int]:
    """The most exceptions whose cumulative probability is still below each level.

    Overlapping profits and losses (``days`` > 1) and correlated portfolios counted together have
    no closed form: the counts are simulated, daily changes being normal. The same arguments give
    the same bounds; where a count's probability is within the simulation's noise of a level, a
    bound may be one off. The seed is one at which published bounds come out.

    Parameters
    ----------
    observations : int
        Overlapping windows, per portfolio.
    confidence : float
        What the margin promises to cover.
    levels : sequence of float
        Cumulative probabilities at which a zone begins.
    days : int
        Length of a window in days; the next begins a day later.
    portfolios : int
        Counted together.
    correlation : float
        Between every two portfolios.
    samples, seed : int
        Paths of the simulation, all portfolios together.
    """
    n = count("observations", observations, low=1)
    c = probability("confidence", confidence)
    limits = [probability("levels", level) for level in levels]
    d = count("days", days, low=1)
    k = count("portfolios", portfolios, low=1)
    total = -(-count("samples", samples, low=1) // k)
    if not (k == 1 or 0.0 <= correlation <= 1.0):
        raise refuse(f"correlation must be between 0 and 1, got {correlation}")
    if d == 1 and k == 1:
        return [_binomial_bound(n, 1.0 - c, limit) for limit in limits]
    # one portfolio is all its own: the shared part is the whole of it
    rho = float(correlation) if k > 1 else 1.0
    exceeded = _exceeded(n, c, d, k, rho, total, seed)
    # P(X <= x) < limit where P(X > x) > 1 - limit
    return [max(int(np.sum(exceeded > 1.0 - limit)) - 1, 0) for limit in limits]


def _binomial_bound(n: int, p: float, limit: float) -> int:
    x = 0
    while binomial_cdf(n, x, p) < limit:
        x += 1
    return max(x - 1, 0)


@cache
def _exceeded(
    n: int, confidence: float, days: int, k: int, rho: float, samples: int, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """P(X > x) for x = 0, 1, 2, ... by importance sampling.

    Many exceptions come from one large move. Half of the samples are given one: the shared part of
    a window drawn at random is shifted by ``_SHIFT`` of its standard deviations. Each sample counts
    with the ratio of the true density to that of the mixture, which is at most 2.
    """
    random = np.random.default_rng(seed)
    root = math.sqrt(days)
    border = normal_quantile(confidence) * root
    own, shared = math.sqrt(1.0 - rho), math.sqrt(rho)
    mass = np.zeros(n * k + 1)
    chunks = -(-samples // _CHUNK)
    for _ in range(chunks):
        common = random.standard_normal((n + days - 1, _CHUNK))
        start = random.integers(n, size=_CHUNK // 2)
        for day in range(days):
            common[start + day, np.arange(start.size)] += _SHIFT / root
        window = _window_sums(common, days)
        density = np.mean(np.exp(_SHIFT / root * window - 0.5 * _SHIFT * _SHIFT), axis=0)
        hits = np.zeros(_CHUNK, dtype=np.int64)
        for _ in range(k):
            moved = shared * window
            if rho < 1.0:
                alone = random.standard_normal((n + days - 1, _CHUNK))
                moved = moved + own * _window_sums(alone, days)
            hits += np.count_nonzero(moved > border, axis=0)
        mass += np.bincount(hits, weights=2.0 / (1.0 + density), minlength=mass.size)
    above = np.cumsum(mass[::-1])[::-1] / (chunks * _CHUNK)
    return np.append(above[1:], 0.0)


def _window_sums(
    daily: np.ndarray[tuple[int, int], np.dtype[np.float64]], days: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    total = np.cumsum(daily, axis=0)
    out = total[days - 1 :].copy()
    out[1:] -= total[:-days]
    return out
