"""How large losses beyond the margin were: Acerbi-Szekely, PELVE, scores of a quantile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickmargin.backtest.arguments import column, count, probability, refuse, same_length
from tickmargin.backtest.distributions import normal_pdf, normal_quantile, normal_tail

__all__ = ["AcerbiSzekely", "ShortfallSize", "acerbi_szekely", "acerbi_szekely_critical"]
__all__ += ["pelve", "pelve_normal", "quantile_score", "shortfall_size"]


@dataclass(frozen=True, slots=True)
class AcerbiSzekely:
    """Tests of Expected Shortfall; 0 is expected, negative means that risk is understated.

    Attributes
    ----------
    z1 : float
        Of the size of the exceptions alone; NaN without one.
    z2 : float
        Of their size and number together.
    exceptions : int
        How many there were.
    """

    z1: float
    z2: float
    exceptions: int


def acerbi_szekely(returns: Any, var: Any, shortfall: Any, tail: Any) -> AcerbiSzekely:
    """Acerbi and Szekely (2014), tests 1 and 2.

    Parameters
    ----------
    returns : array of float
        Realised profit (> 0) and loss (< 0).
    var, shortfall : array of float
        Value at risk and Expected Shortfall forecast for each, as positive losses.
    tail : float
        Their tail probability (0.025 for 97.5 %).
    """
    x, v, es = column("returns", returns), column("var", var), column("shortfall", shortfall)
    same_length(("returns", "var", "shortfall"), x, v, es)
    alpha = probability("tail", tail)
    bad = np.flatnonzero(es <= 0.0)
    if bad.size:
        raise refuse(f"shortfall row {bad[0]} must be greater than 0, got {es[bad[0]]}")
    hit = x < -v
    size = float(np.sum(x[hit] / es[hit]))
    hits = int(hit.sum())
    z1 = size / hits + 1.0 if hits else float("nan")
    return AcerbiSzekely(z1, size / (x.size * alpha) + 1.0, hits)


def acerbi_szekely_critical(observations: Any, tail: Any, levels: Sequence[float]) -> list[float]:
    """Values of Z2 that a right model with normal returns falls below with each probability.

    The sum of exceptions is a compound binomial; its distribution is taken by a discrete Fourier
    transform on a grid, so nothing is drawn.
    """
    n = count("observations", observations, low=1)
    alpha = probability("tail", tail)
    wanted = [probability("levels", level) for level in levels]
    z = -normal_quantile(alpha)
    expected_shortfall = normal_pdf(z) / alpha
    mean = n * alpha
    step = mean / 2048.0
    # the sum of the tail rarely exceeds its mean by more than this many times
    points = 1 << int(np.ceil(np.log2((mean + 40.0 * (1.0 + np.sqrt(mean))) / step)))
    edges = (np.arange(points) - 0.5) * step * expected_shortfall
    beyond = np.array([normal_tail(max(float(edge), z)) for edge in edges])
    mass = np.append(beyond[:-1] - beyond[1:], beyond[-1])
    mass[0] += 1.0 - alpha
    total = np.fft.irfft(np.fft.rfft(mass) ** n, points)
    above = np.cumsum(total[::-1])[::-1]
    out = []
    for level in wanted:
        i = int(np.searchsorted(-above, -level, side="left"))
        high, low = above[i - 1], above[i]
        part = (high - level) / (high - low) if high > low else 0.0
        out.append(float(1.0 - (i - 1.5 + part) * step / mean))
    return out


def pelve_normal(tail: Any) -> float:
    """The c at which Expected Shortfall at tail c p equals value at risk at p, for the normal."""
    p = probability("tail", tail)
    target = -normal_quantile(p)
    low, high = 1.0, 0.5 / p
    for _ in range(200):
        c = 0.5 * (low + high)
        if normal_pdf(normal_quantile(c * p)) / (c * p) > target:
            low = c
        else:
            high = c
    return 0.5 * (low + high)


def pelve(losses: Any, tail: Any) -> float:
    """The same c for observed losses; above 2.58 the tail is heavier than a normal's near p."""
    x = np.sort(column("losses", losses))[::-1]
    p = probability("tail", tail)
    k = max(int(np.ceil(p * x.size)), 1)
    target = x[k - 1]
    means = np.cumsum(x) / np.arange(1, x.size + 1)
    reached = np.flatnonzero(means[k - 1 :] <= target)
    return float((k + reached[0]) / k) if reached.size else float("inf")


def quantile_score(losses: Any, margin: Any, confidence: Any) -> float:
    """Mean pinball loss of a margin as a forecast of a quantile of the loss; lower is better."""
    x, m = column("losses", losses), column("margin", margin)
    same_length(("losses", "margin"), x, m)
    c = probability("confidence", confidence)
    over = x - m
    return float(np.mean(np.maximum(c * over, (c - 1.0) * over)))


@dataclass(frozen=True, slots=True)
class ShortfallSize:
    """What was not covered, where something was not.

    Attributes
    ----------
    count : int
        Losses beyond the margin.
    total, mean, worst : float
        Of the loss beyond the margin, in money; 0 without one.
    mean_ratio, worst_ratio : float
        The same as a share of the margin; infinite where the margin was 0.
    """

    count: int
    total: float
    mean: float
    worst: float
    mean_ratio: float
    worst_ratio: float


def shortfall_size(losses: Any, margin: Any) -> ShortfallSize:
    """The size of losses beyond the margin."""
    x, m = column("losses", losses), column("margin", margin)
    same_length(("losses", "margin"), x, m)
    hit = x > m
    if not hit.any():
        return ShortfallSize(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    over, base = (x - m)[hit], m[hit]
    ratio = np.divide(over, base, out=np.full(over.shape, np.inf), where=base > 0.0)
    return ShortfallSize(
        int(hit.sum()),
        float(over.sum()),
        float(over.mean()),
        float(over.max()),
        float(ratio.mean()),
        float(ratio.max()),
    )
