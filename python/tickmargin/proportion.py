"""How large a probability may be of what was seen so often in so many trials."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["upper_bound"]

Floats = NDArray[np.float64]

_STEPS = 100
_EXP_MAX = 700.0
_TERMS = 2_000
_ROUNDING = 1e-12
_BELOW_1 = 1.0 - 2.0**-53


def upper_bound(hits: ArrayLike, trials: float, confidence: float) -> Floats:
    """One-sided upper bound of a binomial probability, element by element.

    The probability at which ``hits`` or fewer are seen with probability 1 - confidence (Clopper
    and Pearson 1934). Neither number has to be whole: of trials that hang together fewer count,
    and the hits in proportion (Korn and Graubard 1998).

    Parameters
    ----------
    hits : array-like of float
        From 0 to ``trials``.
    trials : float
    confidence : float

    Returns
    -------
    ndarray of float
        1 where every trial was a hit.
    """
    seen, back = np.unique(np.asarray(hits, dtype=np.float64), return_inverse=True)
    bound = np.ones(seen.size)
    some = seen < trials * (1.0 - _ROUNDING)  # shares of whole numbers round
    bound[some] = _beta_quantile(seen[some] + 1.0, trials - seen[some], confidence)
    return np.asarray(bound[back].reshape(np.shape(hits)))


def _beta_quantile(a: Floats, b: Floats, confidence: float) -> Floats:
    """Newton's steps, kept inside the interval that what was seen so far leaves."""
    low, high, log_beta = np.zeros(a.size), np.ones(a.size), _log_beta(a, b)
    spread = NormalDist().inv_cdf(confidence) * np.sqrt(a * b / (a + b + 1.0)) / (a + b)
    x = np.clip(a / (a + b) + spread, 0.5 * a / (a + b), 1.0 - 0.5 * b / (a + b))
    left = np.arange(a.size)
    for _ in range(_STEPS):
        p, q, at = a[left], b[left], np.minimum(x[left], _BELOW_1)
        off = incomplete_beta(p, q, at) - confidence
        low[left], high[left] = np.where(off < 0, at, low[left]), np.where(off < 0, high[left], at)
        logs = (p - 1.0) * np.log(at) + (q - 1.0) * np.log1p(-at) - log_beta[left]
        step = at - off * np.exp(np.minimum(-logs, _EXP_MAX))
        inside = (step > low[left]) & (step < high[left])
        x[left] = np.where(inside, step, 0.5 * (low[left] + high[left]))
        left = left[np.abs(x[left] - at) > _ROUNDING * at]
        if left.size == 0:
            break
    return x


def incomplete_beta(a: Floats, b: Floats, x: Floats) -> Floats:
    """The regularised incomplete beta function for x in (0, 1), by its continued fraction."""
    swapped = x > (a + 1.0) / (a + b + 2.0)
    p, q = np.where(swapped, b, a), np.where(swapped, a, b)
    y = np.where(swapped, 1.0 - x, x)
    logs = p * np.log(y) + q * np.log1p(-y) - _log_beta(p, q)
    share = np.exp(logs) / p * _fraction(p, q, y)
    return np.asarray(np.where(swapped, 1.0 - share, share))


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """Lentz's method on DLMF 8.17.22."""
    tiny = 1e-300
    c = np.ones_like(x)
    d = 1.0 / _away(1.0 - (a + b) * x / (a + 1.0), tiny)
    value = d.copy()
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away(1.0 + term * d, tiny)
            c = _away(1.0 + term / c, tiny)
            step = c * d
            value = value * step
        if bool((np.abs(step - 1.0) < 4e-15).all()):
            break
    return value


def _away(x: Floats, tiny: float) -> Floats:
    return np.where(np.abs(x) < tiny, tiny, x)


def _log_beta(a: Floats, b: Floats) -> Floats:
    of: Any = np.vectorize(math.lgamma, otypes=[np.float64])
    return np.asarray(of(a) + of(b) - of(a + b))
