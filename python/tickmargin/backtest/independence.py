"""Whether exceptions come one by one or in runs (Christoffersen 1998)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickmargin.backtest.arguments import flags, refuse
from tickmargin.backtest.coverage import kupiec_pof
from tickmargin.backtest.distributions import binomial_log_likelihood, chi2_tail

__all__ = ["Independence", "christoffersen"]


@dataclass(frozen=True, slots=True)
class Independence:
    """A first-order Markov chain of exceptions against independent ones.

    Attributes
    ----------
    n00, n01, n10, n11 : int
        Steps from no exception to none, to one, and from one.
    independence, p_independence : float
        Likelihood ratio of independence (one degree) and its p-value.
    unconditional, p_unconditional : float
        Kupiec's ratio over all observations, the first included.
    conditional, p_conditional : float
        The sum of both (two degrees).
    """

    n00: int
    n01: int
    n10: int
    n11: int
    independence: float
    p_independence: float
    unconditional: float
    p_unconditional: float
    conditional: float
    p_conditional: float


def christoffersen(hits: Any, probability_promised: Any) -> Independence:
    """Test independence and conditional coverage of a sequence of exceptions.

    Parameters
    ----------
    hits : array of bool
        In order of time, True where the loss was beyond the margin; two at least.
    probability_promised : float
        Share of exceptions promised at most.
    """
    h = flags("hits", hits)
    if h.size < 2:
        raise refuse("hits must have at least 2 rows, got 1")
    before, after = h[:-1], h[1:]
    n00, n01 = int(np.sum(~before & ~after)), int(np.sum(~before & after))
    n10, n11 = int(np.sum(before & ~after)), int(np.sum(before & after))
    together = binomial_log_likelihood(h.size - 1, n01 + n11, (n01 + n11) / (h.size - 1))
    apart = _best(n00, n01) + _best(n10, n11)
    ratio = max(2.0 * (apart - together), 0.0)
    coverage = kupiec_pof(h.size, int(h.sum()), probability_promised)
    both = ratio + coverage.likelihood_ratio
    return Independence(
        n00=n00,
        n01=n01,
        n10=n10,
        n11=n11,
        independence=ratio,
        p_independence=chi2_tail(ratio, 1),
        unconditional=coverage.likelihood_ratio,
        p_unconditional=coverage.p_value,
        conditional=both,
        p_conditional=chi2_tail(both, 2),
    )


def _best(misses: int, hits: int) -> float:
    total = misses + hits
    return binomial_log_likelihood(total, hits, hits / total) if total else 0.0
