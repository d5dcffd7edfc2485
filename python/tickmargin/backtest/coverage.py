"""How often losses went beyond a margin, against how often they may.

``probability`` is the share of exceptions that is promised at most: 0.01 for a margin that states
99 %. A perfect model shows more than that half of the time, so the test that a margin must pass is
one-sided: only too many exceptions count against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tickmargin.backtest.arguments import count, probability
from tickmargin.backtest.distributions import (
    binomial_cdf,
    binomial_log_likelihood,
    chi2_tail,
    normal_quantile,
    normal_tail,
)

__all__ = ["Coverage", "kupiec_pof", "kupiec_region", "kupiec_tuff"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Kupiec's proportion-of-failures test and its companions.

    Attributes
    ----------
    observations, exceptions : int
        What was counted.
    probability : float
        Share of exceptions promised at most.
    likelihood_ratio, p_value : float
        Two-sided: chi-square with one degree of freedom.
    signed_root : float
        Root of the ratio, negative where there were fewer exceptions than promised.
    p_value_one_sided : float
        Of too many exceptions, by the signed root.
    p_value_exact : float
        P(X >= exceptions), by the binomial itself.
    z_binomial : float
        Excess of exceptions in standard deviations.
    cumulative : float
        P(X <= exceptions).
    """

    observations: int
    exceptions: int
    probability: float
    likelihood_ratio: float
    p_value: float
    signed_root: float
    p_value_one_sided: float
    p_value_exact: float
    z_binomial: float
    cumulative: float

    @property
    def coverage(self) -> float:
        """Share of observations that the margin covered."""
        return 1.0 - self.exceptions / self.observations


def _ratio(n: int, x: int, p: float) -> float:
    gained = binomial_log_likelihood(n, x, x / n) - binomial_log_likelihood(n, x, p)
    return max(2.0 * gained, 0.0)


def kupiec_pof(observations: Any, exceptions: Any, probability_promised: Any) -> Coverage:
    """Kupiec (1995), proportion of failures.

    Parameters
    ----------
    observations, exceptions : int
        How many, and how many of them beyond the margin.
    probability_promised : float
        Share of exceptions promised at most.
    """
    n = count("observations", observations, low=1)
    x = count("exceptions", exceptions, high=n)
    p = probability("probability_promised", probability_promised)
    ratio = _ratio(n, x, p)
    root = math.copysign(math.sqrt(ratio), x - n * p)
    return Coverage(
        observations=n,
        exceptions=x,
        probability=p,
        likelihood_ratio=ratio,
        p_value=chi2_tail(ratio, 1),
        signed_root=root,
        p_value_one_sided=normal_tail(root),
        p_value_exact=1.0 - binomial_cdf(n, x - 1, p),
        z_binomial=(x - n * p) / math.sqrt(n * p * (1.0 - p)),
        cumulative=binomial_cdf(n, x, p),
    )


def kupiec_region(
    observations: Any, probability_promised: Any, confidence: Any = 0.95
) -> tuple[int, int]:
    """The counts that are not rejected lie strictly between the two numbers.

    No exceptions at all are not held against a margin where one exception is not either, as in
    Kupiec's own table ("N < 7" for 255 days at 1 %): the lower number is then -1.
    """
    n = count("observations", observations, low=1)
    p = probability("probability_promised", probability_promised)
    root = normal_quantile(0.5 + probability("confidence", confidence) / 2.0)
    limit, expected = root * root, math.floor(n * p)
    low = expected
    while low >= 1 and _ratio(n, low, p) <= limit:
        low -= 1
    high = expected + 1
    while high <= n and _ratio(n, high, p) <= limit:
        high += 1
    return (low if low >= 1 else -1), high


def kupiec_tuff(first_exception: Any, probability_promised: Any) -> float:
    """Likelihood ratio of the time until the first exception (chi-square, one degree)."""
    v = count("first_exception", first_exception, low=1)
    return _ratio(v, 1, probability("probability_promised", probability_promised))
