"""Many accounts under one policy: their exceptions come on the same days.

Counting account-days as if they were independent rejects a right model far too often. The pooled
test adds the surplus of exceptions up by cluster first (a day, or an overlapping window of days)
and takes the variance between clusters; with exceptions that are tied within a day it is as wide
as the number of days allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickmargin.backtest.arguments import flags, probability, refuse, same_length
from tickmargin.backtest.distributions import normal_tail

__all__ = ["PooledCoverage", "pooled_coverage"]


@dataclass(frozen=True, slots=True)
class PooledCoverage:
    """A one-sided test of too many exceptions over accounts and times.

    Attributes
    ----------
    observations, exceptions, clusters : int
        What was counted.
    coverage : float
        Share of observations covered.
    z : float
        Surplus of exceptions over its cluster-robust standard error.
    p_value : float
        Of a surplus as large or larger.
    design_effect : float
        Cluster-robust variance over that of independent observations.
    """

    observations: int
    exceptions: int
    clusters: int
    coverage: float
    z: float
    p_value: float
    design_effect: float


def pooled_coverage(hits: Any, clusters: Any, probability_promised: Any) -> PooledCoverage:
    """Pool exceptions of several accounts, robust to what ties them together within a cluster.

    Parameters
    ----------
    hits : array of bool
        One row per account and time.
    clusters : array
        Of the same length: rows with the same value may depend on each other in any way.
    probability_promised : float
        Share of exceptions promised at most.
    """
    h = flags("hits", hits)
    group = np.asarray(clusters)
    if group.ndim != 1:
        raise refuse(f"clusters must be one-dimensional, got shape {group.shape}")
    same_length(("hits", "clusters"), h, group)
    p = probability("probability_promised", probability_promised)
    _, place = np.unique(group, return_inverse=True)
    surplus = np.bincount(place, weights=h - p)
    total = float(surplus.sum())
    # the variance under the promise: never below that of independent observations
    plain = h.size * p * (1.0 - p)
    robust = float(np.sum(surplus * surplus))
    z = total / math.sqrt(max(robust, plain))
    return PooledCoverage(
        observations=h.size,
        exceptions=int(h.sum()),
        clusters=surplus.size,
        coverage=1.0 - float(h.mean()),
        z=z,
        p_value=normal_tail(z),
        design_effect=robust / plain,
    )
