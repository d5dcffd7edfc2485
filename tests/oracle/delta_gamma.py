"""Quadratic losses of normal moves, exactly: by inversion, and of two moves by conditioning.

``loss = sum(linear x + square x^2 / 2)``, ``x ~ N(0, C)``, has the cumulant generating function
``K(s) = sum(b^2 s^2 / (2 (1 - a s)) - log(1 - a s) / 2)`` in independent normals. With any real
``c > 0`` inside its strip, and over lines from ``c`` to infinity in the upper half-plane,

    P(L > x)        = Im of the integral of exp(K(s) - s x) / s, divided by pi
    E max(L - x, 0) = the same with s^2

taken panel by panel with Gauss's nodes, along whichever of three straight lines has least of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy.optimize import brentq

Numbers = Sequence[float]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
# Inverse standard deviations; twelve panels an octave, as a loss that is nearly one square turns
# many times before it dies away.
EDGES = np.concatenate([[0.0], 2.0 ** (np.arange(-36, 421) / 12.0)])
RADII = (EDGES[:-1, None] + np.diff(EDGES)[:, None] * (NODES + 1.0) / 2.0).ravel()
LENGTHS = (np.diff(EDGES)[:, None] * WEIGHTS / 2.0).ravel()


def mass_of(s: Any, part: Any) -> float:
    """How much is added up, what is far out more; infinite where a line leads uphill."""
    with np.errstate(all="ignore"):
        mass = float(np.abs(part * s).sum())
    return mass if math.isfinite(mass) else math.inf


class Form:
    """The loss in independent standard normals: ``sum(b y + a y^2 / 2)``."""

    def __init__(self, linear: Numbers, square: Numbers, covariance: Any) -> None:
        spread, axes = np.linalg.eigh(np.asarray(covariance, dtype=float))
        root = (axes * np.sqrt(np.maximum(spread, 0.0))) @ axes.T
        self.a, vectors = np.linalg.eigh(root @ np.diag(np.asarray(square, dtype=float)) @ root)
        self.a[np.abs(self.a) < 1e-14 * np.abs(self.a).max()] = 0.0
        self.b = vectors.T @ root @ np.asarray(linear, dtype=float)
        self.mean = float(self.a.sum() / 2.0)
        self.sd = math.sqrt(float((self.b**2 + self.a**2 / 2.0).sum()))

    def line(self, x: float, angle: float) -> tuple[Any, Any]:
        """Places on a line and exp(K - s x) ds at them, 0 beyond where nothing is left."""
        most = self.a.max()
        c = min(0.7 / self.sd, 0.7 / most if most > 0 else math.inf)
        direction = complex(math.cos(angle), math.sin(angle)) / self.sd
        s = c + direction * RADII
        left = 1.0 - np.multiply.outer(s, self.a)
        with np.errstate(all="ignore"):
            k = (self.b**2 * (s * s)[:, None] / (2.0 * left) - np.log(left) / 2.0).sum(axis=1)
            part = np.exp(k - s * x) * direction * LENGTHS
        small = np.flatnonzero(np.abs(part) < 1e-20 * np.maximum.accumulate(np.abs(part)))
        if small.size:
            part[small[0] :] = 0.0
        return s, part

    def angle(self, *levels: float) -> float:
        """The line that least is added up along, at the level where that is most."""
        angles = [math.radians(degrees) for degrees in (60.0, 90.0, 120.0)]
        return min(angles, key=lambda angle: max(mass_of(*self.line(x, angle)) for x in levels))

    def above(self, x: float, angle: float) -> tuple[float, float]:
        """P(L > x) and E max(L - x, 0)."""
        s, part = self.line(x, angle)
        return float((part / s).sum().imag / np.pi), float((part / s**2).sum().imag / np.pi)

    def top(self) -> float:
        """A level that is hardly ever exceeded, inside what the loss can be."""
        if (self.a < 0).all():
            return float(-(self.b**2 / (2.0 * self.a)).sum()) - 1e-13 * self.sd
        return self.mean + 40.0 * self.sd

    def measures(self, tail: float) -> tuple[float, float]:
        """Value at risk and shortfall."""
        low, high = self.mean - 8.0 * self.sd, self.top()
        while high - low > 0.02 * self.sd:
            x = (low + high) / 2.0
            over = self.above(x, self.angle(x))[0] > tail
            low, high = (x, high) if over else (low, x)
        angle = self.angle(low, high)
        x = brentq(
            lambda level: self.above(level, angle)[0] - tail,
            low,
            high,
            xtol=1e-15 * self.sd,
            rtol=1e-15,
        )
        return x, x + self.above(x, angle)[1] / tail


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
    if deviation(linear, square, covariance) == 0.0:
        return [0.0 for _ in linear]
    step = 2.0**-11

    def at(u: int, scale: float) -> float:
        b = [x * (scale if i == u else 1.0) for i, x in enumerate(linear)]
        a = [x * (scale if i == u else 1.0) for i, x in enumerate(square)]
        return Form(b, a, covariance).measures(1.0 - confidence)[shortfall]

    return [
        (8.0 * (at(u, 1 + step) - at(u, 1 - step)) - (at(u, 1 + 2 * step) - at(u, 1 - 2 * step)))
        / (12.0 * step)
        for u in range(len(linear))
    ]


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
    larger_first = np.argsort(-(form.b**2 + form.a**2))
    (a1, a2), (b1, b2) = (pair[larger_first].tolist() for pair in (form.a, form.b))
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
    form = Form(linear, square, covariance)
    tail = 1.0 - confidence
    low, high = form.mean - 20.0 * form.sd, form.mean + 20.0 * form.sd
    x = bisected(lambda level: exact_above(form, level)[0] - tail, low, high)
    return x, x + exact_above(form, x)[1] / tail


def bisected(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0."""
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if falling(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0
