"""Vega by hand: margins in fractions, orders one unit at a time, shares by the pot."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, trunc
from typing import Any

import mpmath as mp

__all__ = [
    "capped",
    "levels",
    "liquidation_price",
    "maintenance",
    "order_side",
    "payments",
    "risk_factors",
]

Row = dict[str, Any]
Orders = list[tuple[int, int]]


def maintenance(
    m: Row, position: int, buys: Orders, sells: Orders, auction: Fraction | None
) -> Fraction:
    """The worse side of the market; `auction` is None while it trades."""
    held = Fraction(position) / m["position_factor"]
    sides = []
    for sign, orders, risk in ((1, buys, m["risk_long"]), (-1, sells, m["risk_short"])):
        size = sum(quantity for quantity, _ in orders)
        if sign * position + size <= 0:
            sides.append(Fraction(0))
            continue
        v = max(sign * held, Fraction(0))
        slipped = m["mark"] * (m["linear_slippage"] * v + m["quadratic_slippage"] * v * v)
        priced = m["mark"] * size
        if auction is not None:
            priced = max(Fraction(sum(q * price for q, price in orders)), auction * size)
        ordered = priced / m["position_factor"] * risk
        sides.append(max(Fraction(0), slipped) + v * risk * m["mark"] + ordered)
    owed = max(Fraction(0), m["funding_per_unit"] * held)
    return max(sides) + owed


def levels(margin: Fraction, search: Fraction, initial: Fraction, release: Fraction) -> list[int]:
    whole = ceil(margin)
    cut = [Fraction(trunc(factor * 10**5), 10**5) for factor in (search, initial, release)]
    return [whole, *(floor(whole * factor) for factor in cut)]


def capped(position: int, entry: Fraction, highest: Fraction, factor: Fraction) -> int:
    lost = entry if position > 0 else highest - entry
    return ceil(abs(position) * lost / factor)


def order_side(
    position: int, orders: Orders, side: str, factor: Fraction, units: Fraction, auction: int
) -> int:
    """Every unit of every order, best priced first; the first that close the position are free."""
    prices = sorted((price for q, price in orders for _ in range(q)), reverse=side == "buy")
    free = max(-position if side == "buy" else position, 0)
    return floor(sum(max(price, auction) for price in prices[free:]) * factor / units)


def liquidation_price(m: Row, position: int, collateral: Fraction) -> Fraction | None:
    v = Fraction(position) / m["position_factor"]
    risk = m["risk_long"] if v > 0 else m["risk_short"]
    per_price = m["linear_slippage"] * abs(v) + m["quadratic_slippage"] * v * v + abs(v) * risk
    if per_price == v:
        return None
    owed = max(Fraction(0), v * m["funding_per_unit"])
    return max((collateral - v * m["mark"] - owed) / (per_price - v), Fraction(0))


def payments(amounts: list[int], collected: int, expected: int, rest_to: int) -> list[int]:
    if collected >= expected:
        return amounts
    paid = [floor(Fraction(amount * collected, expected)) for amount in amounts]
    paid[rest_to] += collected - sum(paid)
    return paid


def risk_factors(tail: float, tau: float, mu: float, sigma: float) -> tuple[mp.mpf, mp.mpf]:
    """Mean fall and rise of a lognormal price over its worst tails, by integration."""
    with mp.workdps(30):
        p, s = mp.mpf(tail), mp.mpf(sigma) * mp.sqrt(tau)
        z = mp.sqrt(2) * mp.erfinv(2 * p - 1)
        drift = mp.mpf(mu) * tau - s * s / 2

        def price(x: mp.mpf) -> mp.mpf:
            return mp.exp(drift + s * x) * mp.npdf(x)

        low = mp.quad(price, [z - 30, z - 5, z]) / p
        high = mp.quad(price, [-z, -z + 5, -z + 30]) / p
        return 1 - low, high - 1
