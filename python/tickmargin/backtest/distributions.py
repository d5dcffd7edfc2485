"""The few distributions that the tests need, in closed form or as plain sums.

Chi-square with one and two degrees of freedom, the binomial and the normal have short exact forms;
with them the checks need nothing beyond numpy.
"""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = [
    "binomial_cdf",
    "binomial_log_likelihood",
    "chi2_tail",
    "normal_pdf",
    "normal_quantile",
    "normal_tail",
]

_NORMAL = NormalDist()


def binomial_log_likelihood(trials: int, hits: int, probability: float) -> float:
    """log(p^x (1 - p)^(n - x)), with 0 log 0 = 0."""
    total = 0.0
    if hits:
        total += hits * math.log(probability) if probability > 0.0 else -math.inf
    if trials - hits:
        total += (trials - hits) * math.log1p(-probability) if probability < 1.0 else -math.inf
    return total


def binomial_cdf(trials: int, hits: int, probability: float) -> float:
    """P(X <= hits), the terms added up without loss."""
    if hits < 0:
        return 0.0
    if hits >= trials or probability <= 0.0:
        return 1.0
    if probability >= 1.0:
        return 0.0
    log_odds = math.log(probability) - math.log1p(-probability)
    start = trials * math.log1p(-probability)
    term, terms = start, [math.exp(start)]
    for x in range(1, hits + 1):
        term += math.log((trials - x + 1) / x) + log_odds
        terms.append(math.exp(term))
    return min(math.fsum(terms), 1.0)


def chi2_tail(statistic: float, degrees: int) -> float:
    """P(chi-square > statistic) for one or two degrees of freedom."""
    x = max(statistic, 0.0)
    if degrees == 1:
        return math.erfc(math.sqrt(x / 2.0))
    if degrees == 2:
        return math.exp(-x / 2.0)
    raise ValueError(f"degrees must be 1 or 2, got {degrees}")


def normal_tail(x: float) -> float:
    """P(N > x)."""
    return 0.5 * math.erfc(x / math.sqrt(2.0))


def normal_pdf(x: float) -> float:
    """Density of the standard normal."""
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def normal_quantile(probability: float) -> float:
    """The x with P(N <= x) = probability."""
    return _NORMAL.inv_cdf(probability)
