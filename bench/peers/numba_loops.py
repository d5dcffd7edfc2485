"""The loops a user would write by hand: fused, one thread, the compiler told what it may know.

Each is made twice, with ``fastmath`` off (the peer of the goals) and on (shown beside it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False}
_INV_ROOT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_INV_ROOT_2 = 1.0 / math.sqrt(2.0)


def five_greeks(fastmath: bool) -> Callable[..., Any]:
    """Price, delta, gamma, vega and theta; one logarithm, root and pdf, two exponentials."""

    @numba.njit(fastmath=fastmath, **_OPTIONS)
    def loop(is_call, forward, strike, vol, years, rate, price, delta, gamma, vega, theta):
        for i in range(forward.size):
            f, k, v, t, r = forward[i], strike[i], vol[i], years[i], rate[i]
            sign = 1.0 if is_call[i] else -1.0
            root = math.sqrt(t)
            s = v * root
            inv_s = 1.0 / s
            d1 = math.log(f / k) * inv_s + 0.5 * s
            d2 = d1 - s
            discount = math.exp(-r * t)
            density = discount * _INV_ROOT_2PI * math.exp(-0.5 * d1 * d1)
            probability = discount * sign * 0.5 * math.erfc(-sign * d1 * _INV_ROOT_2)
            value = f * probability - k * discount * sign * 0.5 * math.erfc(
                -sign * d2 * _INV_ROOT_2
            )
            price[i] = value
            delta[i] = probability
            gamma[i] = density * inv_s / f
            vega[i] = f * density * root
            theta[i] = r * value - 0.5 * f * density * v * v * inv_s

    return loop


def nine_greeks(fastmath: bool) -> Callable[..., Any]:
    """The five and rho, vanna, volga, charm from the same intermediate values."""

    @numba.njit(fastmath=fastmath, **_OPTIONS)
    def loop(
        is_call, forward, strike, vol, years, rate,
        price, delta, gamma, vega, theta, rho, vanna, volga, charm,
    ):  # fmt: skip
        for i in range(forward.size):
            f, k, v, t, r = forward[i], strike[i], vol[i], years[i], rate[i]
            sign = 1.0 if is_call[i] else -1.0
            root = math.sqrt(t)
            s = v * root
            inv_s = 1.0 / s
            d1 = math.log(f / k) * inv_s + 0.5 * s
            d2 = d1 - s
            discount = math.exp(-r * t)
            density = discount * _INV_ROOT_2PI * math.exp(-0.5 * d1 * d1)
            probability = discount * sign * 0.5 * math.erfc(-sign * d1 * _INV_ROOT_2)
            value = f * probability - k * discount * sign * 0.5 * math.erfc(
                -sign * d2 * _INV_ROOT_2
            )
            slope = f * density * root
            inv_v = root * inv_s
            price[i] = value
            delta[i] = probability
            gamma[i] = density * inv_s / f
            vega[i] = slope
            theta[i] = r * value - 0.5 * f * density * v * v * inv_s
            rho[i] = -t * value
            vanna[i] = -density * d2 * inv_v
            volga[i] = slope * d1 * d2 * inv_v
            charm[i] = r * probability + 0.5 * density * d2 * v * v * inv_s * inv_s

    return loop


def scenario_scan(fastmath: bool) -> Callable[..., Any]:
    """Worst of 32 sums per account; the constant inner count lets the compiler use SIMD."""

    @numba.njit(fastmath=fastmath, **_OPTIONS)
    def loop(offsets, row, quantity, table, worst, worst_scenario):
        total = np.empty(32)
        for a in range(worst.size):
            for s in range(32):
                total[s] = 0.0
            for p in range(offsets[a], offsets[a + 1]):
                held, at = quantity[p], row[p]
                for s in range(32):
                    total[s] += held * table[at, s]
            lowest, place = total[0], 0
            for s in range(1, 32):
                if total[s] < lowest:
                    lowest, place = total[s], s
            worst[a] = lowest
            worst_scenario[a] = place

    return loop


def scenario_scan_by_four(fastmath: bool) -> Callable[..., Any]:
    """The same, tuned: four positions per pass over the sums, rows by unsigned number."""

    @numba.njit(fastmath=fastmath, **_OPTIONS)
    def loop(offsets, row, quantity, table, worst, worst_scenario):
        total = np.empty(32)
        rows = row.view(np.uint32)
        for a in range(worst.size):
            for s in range(32):
                total[s] = 0.0
            p, end = offsets[a], offsets[a + 1]
            while p + 3 < end:
                q0, q1, q2, q3 = quantity[p], quantity[p + 1], quantity[p + 2], quantity[p + 3]
                r0, r1, r2, r3 = rows[p], rows[p + 1], rows[p + 2], rows[p + 3]
                t0, t1, t2, t3 = table[r0], table[r1], table[r2], table[r3]
                for s in range(32):
                    total[s] = total[s] + q0 * t0[s] + q1 * t1[s] + q2 * t2[s] + q3 * t3[s]
                p += 4
            while p < end:
                q0, t0 = quantity[p], table[rows[p]]
                for s in range(32):
                    total[s] += q0 * t0[s]
                p += 1
            lowest, place = total[0], 0
            for s in range(1, 32):
                if total[s] < lowest:
                    lowest, place = total[s], s
            worst[a] = lowest
            worst_scenario[a] = place

    return loop


def two(make: Callable[[bool], Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Both flavours by the name they race under."""
    return {"numba": make(False), "numba fastmath": make(True)}
