"""Twins of the model checks, by SciPy's distributions or by counting."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def kupiec_ratio(n: int, x: int, p: float) -> float:
    """Twice the difference of log-likelihoods."""
    rate = x / n
    return 2.0 * (stats.binom.logpmf(x, n, rate) - stats.binom.logpmf(x, n, p))


def christoffersen_ratio(hits: Sequence[bool]) -> float:
    """Independence against a Markov chain, by listing every step."""
    steps = {(a, b): 0 for a in (0, 1) for b in (0, 1)}
    for before, after in itertools.pairwise(hits):
        steps[int(before), int(after)] += 1
    total = sum(steps.values())
    rate = (steps[0, 1] + steps[1, 1]) / total
    apart = together = 0.0
    for (before, after), times in steps.items():
        if times == 0:
            continue
        out = steps[before, 0] + steps[before, 1]
        own = steps[before, 1] / out
        apart += times * math.log(own if after else 1.0 - own)
        together += times * math.log(rate if after else 1.0 - rate)
    return 2.0 * (apart - together)


def clustered_z(hits: Sequence[bool], clusters: Sequence[int], p: float) -> float:
    """Surplus of exceptions over the root of the clusters' squared surpluses."""
    surplus: dict[int, float] = {}
    for hit, cluster in zip(hits, clusters, strict=True):
        surplus[cluster] = surplus.get(cluster, 0.0) + hit - p
    robust = sum(s * s for s in surplus.values())
    plain = len(hits) * p * (1.0 - p)
    return sum(surplus.values()) / math.sqrt(max(robust, plain))


def wealth(e_values: Sequence[float], most: float) -> list[float]:
    """The bet, one observation after the other."""
    out, now = [], 1.0
    for place, e in enumerate(e_values):
        gains = [x - 1.0 for x in e_values[:place]]
        stake = sum(gains) / (1.0 + sum(g * g for g in gains))
        now *= 1.0 + min(max(stake, 0.0), most) * (e - 1.0)
        out.append(now)
    return out


def false_liquidations(
    margin: Sequence[float], losses: Sequence[float], horizon: int, ratio: float
) -> tuple[int, int, float]:
    """Liquidated, of them falsely, and bad debt: each window walked row by row."""
    liquidated = false = 0
    debt = 0.0
    for start in range(len(margin) - horizon - 1):
        first = equity = ratio * margin[start]
        path = [first]
        closed = None
        for row in range(start, start + horizon):
            equity -= losses[row]
            path.append(equity)
            if closed is None and equity < margin[row + 1]:
                closed = equity - losses[row + 1]
        if closed is None:
            debt += max(0.0, -equity)
            continue
        liquidated += 1
        debt += max(0.0, -closed)
        false += min(path) > 0.0
    return liquidated, false, debt


def shortfall_statistics(
    losses: Sequence[float], var: Sequence[float], shortfall: Sequence[float], tail: float
) -> tuple[float, float]:
    """Acerbi and Szekely's Z1 and Z2, one loss after the other."""
    beyond = 0.0
    count = 0
    for loss, quantile, expected in zip(losses, var, shortfall, strict=True):
        if loss > quantile:
            beyond += loss / expected
            count += 1
    z1 = 1.0 - beyond / count if count else math.nan
    return z1, 1.0 - beyond / (len(losses) * tail)


def largest_losses(losses: Sequence[float], confidence: float) -> tuple[float, float]:
    """Value at risk and Expected Shortfall of equally likely losses.

    NumPy's quantile ``higher``, and the mean of the worst share 1 - confidence, the last in part.
    """
    ordered = sorted(losses, reverse=True)
    share = len(ordered) * (1.0 - confidence)
    whole = math.floor(share + 1e-9)
    part = max(share - whole, 0.0)
    total = sum(ordered[:whole])
    if part > 1e-9:
        total += part * ordered[whole]
    return float(np.quantile(losses, confidence, method="higher")), total / share
