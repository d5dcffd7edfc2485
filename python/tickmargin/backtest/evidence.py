"""E-values: evidence against a margin that may be looked at after every observation.

An e-value has mean at most 1 while the promise is kept. A bet that risks the share ``stake`` of
its wealth on each multiplies it by 1 - stake + stake x e; the chance that the wealth ever reaches
1 / a is at most a, however often one looks (Wang, Wang and Ziegel, arXiv 2209.00991). Averages of
e-values are e-values whatever ties them together, so accounts are pooled by their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickmargin.backtest.arguments import Doubles, column, probability, refuse, same_length

__all__ = ["EProcess", "e_process", "e_values_coverage", "e_values_shortfall"]

MAX_STAKE = 0.5


@dataclass(frozen=True, slots=True)
class EProcess:
    """A bet against a margin, in order of time.

    Attributes
    ----------
    wealth : array of float
        After each observation, from 1 before the first; read-only.
    highest : float
        The most it ever was.
    p_value : float
        1 / highest, at most 1; holds at any time of looking.
    first_rejection : int or None
        The row at which the wealth first reached 1 / ``level``.
    """

    wealth: Doubles
    highest: float
    p_value: float
    first_rejection: int | None


def e_values_coverage(hits: Any, probability_promised: Any) -> Doubles:
    """hit / promised: one column of exceptions, or a mean over accounts of each time (shares)."""
    share = column("hits", np.asarray(hits, dtype=np.float64))
    outside = np.flatnonzero((share < 0.0) | (share > 1.0))
    if outside.size:
        raise refuse(f"hits row {outside[0]} must be within [0, 1], got {share[outside[0]]}")
    return share / probability("probability_promised", probability_promised)


def e_values_shortfall(losses: Any, var: Any, shortfall: Any, tail: Any) -> Doubles:
    """(loss - var)+ / (tail (shortfall - var)): of value at risk and shortfall together."""
    x, v, es = column("losses", losses), column("var", var), column("shortfall", shortfall)
    same_length(("losses", "var", "shortfall"), x, v, es)
    bad = np.flatnonzero(es <= v)
    if bad.size:
        row = bad[0]
        raise refuse(f"shortfall row {row} must be greater than var {v[row]}, got {es[row]}")
    return np.maximum(x - v, 0.0) / (probability("tail", tail) * (es - v))


def e_process(e_values: Any, *, level: float = 0.05, max_stake: float = MAX_STAKE) -> EProcess:
    """Bet on each e-value with a stake that follows the ones before it.

    The stake is the one that would have grown wealth most so far, to second order:
    mean(e - 1) / mean((e - 1)^2), held within [0, max_stake]; one observation of e = 1 is counted
    before the first.

    Parameters
    ----------
    e_values : array of float
        In order of time, at least 0.
    level : float
        At which the wealth counts as a rejection.
    max_stake : float
        Upper bound of the share risked.
    """
    e = column("e_values", e_values)
    a = probability("level", level)
    cap = probability("max_stake", max_stake)
    negative = np.flatnonzero(e < 0.0)
    if negative.size:
        raise refuse(f"e_values row {negative[0]} must be at least 0, got {e[negative[0]]}")
    gain = e - 1.0
    first = np.concatenate(([0.0], np.cumsum(gain)[:-1]))
    second = np.concatenate(([0.0], np.cumsum(gain * gain)[:-1])) + 1.0
    stake = np.clip(first / second, 0.0, cap)
    with np.errstate(over="ignore"):  # inf: a wealth that no promise survives
        wealth = np.exp(np.cumsum(np.log1p(stake * gain)))
    wealth.setflags(write=False)
    highest = max(float(wealth.max()), 1.0)
    reached = np.flatnonzero(wealth >= 1.0 / a)
    return EProcess(wealth, highest, 1.0 / highest, int(reached[0]) if reached.size else None)
