"""Margin of one market under a protocol's policy, from the numbers of a policy file.

Parts are whole numbers: sizes, prices and money times ten to their decimals.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, trunc
from typing import Any

from tests.oracle import drift_v2, vega

__all__ = ["drift_account", "dydx", "vega_levels"]

Row = dict[str, Any]


def dydx(m: Row, size: int, price: int) -> tuple[int, int]:
    """Initial and maintenance margin in parts of the quote asset."""
    each = Fraction(
        price * 10 ** m["quote_decimals"], 10 ** (m["price_decimals"] + m["size_decimals"])
    )
    notional = abs(trunc(size * each))
    ppm, base = m["initial_margin_ppm"], m["initial_margin_ppm"]
    interest = trunc(m["interest"] * each)
    lower, upper = m["lower_cap"], m["upper_cap"]
    if upper and interest > lower:
        share = Fraction(interest - lower, upper - lower) if interest < upper else Fraction(1)
        ppm = base + int((1_000_000 - base) * share)
    initial = ceil(Fraction(notional * max(ppm, m["custom_ppm"]), 10**6))
    whole = ceil(Fraction(notional * base, 10**6))
    return initial, ceil(Fraction(whole * m["maintenance_fraction_ppm"], 10**6))


def vega_levels(m: Row, size: int, price: int) -> tuple[int, int]:
    """Initial level and maintenance margin in parts of the settlement asset."""
    market = {
        "mark": Fraction(price * 10 ** m["quote_decimals"], 10 ** m["price_decimals"]),
        "position_factor": Fraction(10 ** m["size_decimals"]),
        "funding_per_unit": m["funding"] * 10 ** m["quote_decimals"],
        **{
            key: m[key]
            for key in ("risk_long", "risk_short", "linear_slippage", "quadratic_slippage")
        },
    }
    margin = vega.maintenance(market, size, [], [], None)
    maintenance, _, initial, _ = vega.levels(margin, Fraction(1), m["initial_scaling"], Fraction(1))
    return initial, maintenance


def drift_account(spot: list[Row], perps: list[Row], kind: str) -> tuple[int, int]:
    """Requirement and collateral in parts of the quote asset, no orders, no averages."""
    quiet = {"open_bids": 0, "open_asks": 0, "open_orders": 0}
    terms = {
        "custom_ratio": 0,
        "open_order_margin": 0,
        "quote_price": 10**6,
        "average_quote_price": 0,
    }
    still = {"average_price": 0, "is_quote": False}
    return drift_v2.account(
        [{**quiet, **still, **row} for row in spot],
        [{**quiet, **row} for row in perps],
        kind,
        terms,
    )
