"""Measures of risk the slow way, from their definitions; 30 digits where a distribution is asked.

Hyndman and Fan (1996); Acerbi and Tasche (2002); Boudoukh, Richardson and Whitelaw (1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import mpmath as mp

__all__ = ["age_weights", "shortfall", "student_t", "weighted_var"]


def shortfall(losses: Sequence[float], weights: Sequence[Fraction], confidence: float) -> float:
    """Mean of the worst 1 - confidence of the weight, in exact arithmetic."""
    tail = 1 - Fraction(confidence)
    left, total = tail, Fraction(0)
    for loss, weight in sorted(zip(losses, weights, strict=True), reverse=True):
        taken = min(weight, left)
        total += taken * Fraction(loss)
        left -= taken
    return float(total / tail)


def weighted_var(losses: Sequence[float], weights: Sequence[Fraction], confidence: float) -> float:
    """Largest L with at least 1 - confidence of the weight at losses of L or more."""
    tail = 1 - Fraction(confidence)
    for level in sorted(set(losses), reverse=True):
        mass = sum(w for loss, w in zip(losses, weights, strict=True) if loss >= level)
        if mass >= tail:
            return level
    return min(losses)


def age_weights(count: int, decay: float) -> list[Fraction]:
    """Weights that fall by ``decay`` with each observation and add up to 1."""
    lam = Fraction(decay)
    return [(1 - lam) * lam**age / (1 - lam**count) for age in range(count)]


def student_t(tail: float, freedom: float) -> tuple[float, float]:
    """Quantile and shortfall of Student's t by quadrature of its density."""
    with mp.workdps(30):
        nu = mp.mpf(freedom)
        scale = mp.gamma((nu + 1) / 2) / (mp.sqrt(nu * mp.pi) * mp.gamma(nu / 2))

        def density(t: mp.mpf) -> mp.mpf:
            return scale * (1 + t * t / nu) ** (-(nu + 1) / 2)

        def survival(t: mp.mpf) -> mp.mpf:
            return mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2

        low, high = mp.mpf(0), mp.mpf(1)
        while survival(high) > tail:
            high *= 2
        for _ in range(110):
            middle = (low + high) / 2
            low, high = (middle, high) if survival(middle) > tail else (low, middle)
        mean = mp.quad(lambda t: t * density(t), [low, 10 * low + 10, mp.inf])
        return float(low), float(mean / tail)
