"""Quadratic losses of normal moves: saddle point formulas written out, and the exact measures.

``loss = sum(linear x + square x^2 / 2)``, ``x ~ N(0, C)``. Lugannani and Rice (1980) for the tail
probability; for the mean above a level Butler and Wood (2004): at the saddle point ``s`` of ``x``,
with ``w = sign(s) sqrt(2 (s x - K))``, ``u = s sqrt(K'')`` and the mean ``m``,

    P(L > x)     ~ Phi(-w) + phi(w) (1 / u - 1 / w)
    E max(L - x, 0) ~ (m - x) Phi(-w) + phi(w) ((x - m) / w - (x - m) / w^3 + 1 / (s u))

30 digits, so that nothing of a difference of poles is lost. The exact measures take one move out
and integrate over it what the other's normal distribution gives in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import mpmath as mp
import numpy as np

DIGITS = 30
Numbers = Sequence[float]


class Form:
    """The loss in independent standard normals: ``sum(b y + a y^2 / 2)``."""

    def __init__(self, linear: Sequence[Any], square: Sequence[Any], root: mp.matrix) -> None:
        n = len(linear)
        form = root.T * mp.diag(list(square)) * root
        values, vectors = mp.eigsy(form)
        turned = (root * vectors).T * mp.matrix(list(linear))
        largest = max(abs(x) for x in values)
        self.a = [x if abs(x) > mp.mpf(10) ** -24 * largest else mp.mpf(0) for x in values]
        self.b = [turned[k] for k in range(n)]
        self.mean = mp.fsum(self.a) / 2
        self.sd = mp.sqrt(mp.fsum(b * b + a * a / 2 for a, b in zip(self.a, self.b, strict=True)))

    def cumulant(self, s: Any) -> tuple[Any, Any, Any]:
        """The cumulant generating function and two derivatives."""
        value, first, second = mp.mpf(0), mp.mpf(0), mp.mpf(0)
        for a, b in zip(self.a, self.b, strict=True):
            left = 1 - a * s
            value += b * b * s * s / (2 * left) - mp.log(left) / 2
            first += a / (2 * left) + b * b * s * (2 - a * s) / (2 * left**2)
            second += a * a / (2 * left**2) + b * b / left**3
        return value, first, second

    def pieces(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """The level x that s is the saddle point of, then w, u, Phi(-w) and phi(w)."""
        value, x, second = self.cumulant(s)
        w = mp.sign(s) * mp.sqrt(2 * (s * x - value))
        return x, w, s * mp.sqrt(second), mp.ncdf(-w), mp.npdf(w)

    def survival(self, s: Any) -> Any:
        """The probability of a loss above the level of s."""
        _, w, u, beyond, density = self.pieces(s)
        return beyond + density * (1 / u - 1 / w)

    def strip(self) -> tuple[Any, Any]:
        """Where the cumulant generating function exists."""
        least, most = min(self.a), max(self.a)
        return (1 / least if least < 0 else -mp.inf), (1 / most if most > 0 else mp.inf)

    def saddle(self, tail: Any) -> Any:
        """The s whose level is exceeded with probability ``tail``."""
        first, last = self.strip()
        unit = 1 / self.sd
        low, high = max(-unit, first / 2), min(unit, last / 2)
        while self.survival(high) > tail:
            high = (high + last) / 2 if last < mp.inf else 2 * high
        while self.survival(low) < tail:
            low = (low + first) / 2 if first > -mp.inf else 2 * low

        def gap(s: Any) -> Any:
            return self.survival(s) - tail

        return mp.findroot(gap, (low, high), solver="illinois", maxsteps=300)


def measures(
    linear: Sequence[Any], square: Sequence[Any], root: mp.matrix, tail: Any
) -> tuple[Any, Any]:
    """Value at risk and shortfall by saddle point."""
    form = Form(linear, square, root)
    if form.sd == 0:
        return mp.mpf(0), mp.mpf(0)
    s = form.saddle(tail)
    x, w, u, beyond, density = form.pieces(s)
    over = x - form.mean
    above = density * (over / w - over / w**3 + 1 / (s * u)) - over * beyond
    return x, x + above / tail


def root_of(covariance: Any) -> mp.matrix:
    """A matrix with R R' the covariance."""
    n = len(covariance)
    values, vectors = mp.eigsy(mp.matrix([[mp.mpf(float(x)) for x in row] for row in covariance]))
    spread = [mp.sqrt(x) if x > 0 else mp.mpf(0) for x in values]
    return mp.matrix([[vectors[i, k] * spread[k] for k in range(n)] for i in range(n)])


def deviation(linear: Numbers, square: Numbers, covariance: Any) -> float:
    """Standard deviation of the loss."""
    c, d, g = np.asarray(covariance), np.asarray(linear), np.diag(square)
    return float(np.sqrt(d @ c @ d + np.trace(g @ c @ g @ c) / 2.0))


def tail_parts(
    linear: Numbers, square: Numbers, covariance: Any, confidence: float, shortfall: bool
) -> list[float]:
    """Of each move: how the measure grows with the move's two coefficients, by differences.

    They add up to the measure, which doubles with all of them.
    """
    with mp.workdps(DIGITS):
        root, tail = root_of(covariance), mp.mpf(1.0 - confidence)
        step = mp.mpf(10) ** -8

        def at(u: int, scale: Any) -> Any:
            b = [mp.mpf(x) * (scale if i == u else 1) for i, x in enumerate(linear)]
            a = [mp.mpf(x) * (scale if i == u else 1) for i, x in enumerate(square)]
            return measures(b, a, root, tail)[shortfall]

        return [float((at(u, 1 + step) - at(u, 1 - step)) / (2 * step)) for u in range(len(linear))]


# Exact, for up to two moves.

NORMAL = NormalDist()


def one_above(b: float, a: float, x: float) -> tuple[float, float]:
    """P(L > x) and E max(L - x, 0) of L = b y + a y^2 / 2 with one standard normal y."""
    if a == 0.0 and b == 0.0:
        return float(x < 0.0), max(-x, 0.0)
    if a == 0.0:
        z = x / abs(b)
        beyond, density = NORMAL.cdf(-z), NORMAL.pdf(z)
        return beyond, abs(b) * density - x * beyond
    inside = b * b + 2.0 * a * x
    if inside <= 0.0:  # one sign everywhere
        return (1.0, a / 2.0 - x) if a > 0 else (0.0, 0.0)
    low, high = sorted(((-b - math.sqrt(inside)) / a, (-b + math.sqrt(inside)) / a))

    def beyond_of(y: float) -> tuple[float, float, float]:
        """Over (y, inf): probability, mean of y, mean of y^2."""
        beyond, density = NORMAL.cdf(-y), NORMAL.pdf(y)
        return beyond, density, beyond + y * density

    right, left = beyond_of(high), beyond_of(low)
    middle = [m - n for m, n in zip(left, right, strict=True)]  # of (low, high)
    p, y1, y2 = middle if a < 0 else [t - m for t, m in zip((1.0, 0.0, 1.0), middle, strict=True)]
    return p, b * y1 + a * y2 / 2.0 - x * p


def exact_above(form: Form, x: float) -> tuple[float, float]:
    """The same of two normals, the second one integrated over."""
    (a1, a2), (b1, b2) = ([float(v) for v in pair] for pair in (form.a, form.b))
    nodes = np.linspace(-8.0, 8.0, 2_001)
    parts = np.array(
        [
            np.multiply(one_above(b1, a1, x - b2 * y - a2 * y * y / 2.0), NORMAL.pdf(y))
            for y in nodes.tolist()
        ]
    )
    total = np.trapezoid(parts, nodes, axis=0)
    return float(total[0]), float(total[1])


def exact_measures(linear: Numbers, square: Numbers, covariance: Any, confidence: float) -> Any:
    """Value at risk and expected shortfall of two moves."""
    with mp.workdps(DIGITS):
        form = Form([mp.mpf(x) for x in linear], [mp.mpf(x) for x in square], root_of(covariance))
    tail = 1.0 - confidence
    low, high = float(form.mean - 20 * form.sd), float(form.mean + 20 * form.sd)
    x = bisected(lambda level: exact_above(form, level)[0] - tail, low, high)
    return x, x + exact_above(form, x)[1] / tail


def bisected(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0."""
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if falling(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0
