"""Derive's three managers, slowly: formulas of the protocol, one account, plain numbers.

A portfolio is a dictionary of spot, cash, perp and expiries; a margin is equity over requirement.
"""

from __future__ import annotations

import math
from typing import Any

Row = dict[str, Any]
YEAR_SECONDS = 365 * 86400
DAYS_30 = 30 * 86400


def _phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black(forward: float, strike: float, vol: float, years: float, is_call: bool) -> float:
    """Undiscounted Black-76, intrinsic where nothing can move."""
    if forward <= 0.0:
        return 0.0 if is_call else strike
    total = vol * math.sqrt(years)
    if total <= 0.0:
        return max(forward - strike, 0.0) if is_call else max(strike - forward, 0.0)
    d1 = math.log(forward / strike) / total + total / 2
    sign = 1.0 if is_call else -1.0
    return sign * (forward * _phi(sign * d1) - strike * _phi(sign * (d1 - total)))


def option_worth(e: Row, move: float, vol_of: Any) -> float:
    """Worth of an expiry's options at spot x (1 + move), volatilities through ``vol_of``."""
    years = e["sec"] / YEAR_SECONDS
    forward = e["fvar"] * (1.0 + move) + e["ffix"]
    discount = math.exp(-max(e["rate"], 0.0) * years) if e.get("is_discounted", True) else 1.0
    return sum(
        o["amt"] * discount * black(forward, o["K"], vol_of(o), years, o["call"]) for o in e["opts"]
    )


def shock_of(e: Row, p: Row, kind: str) -> Any:
    """The volatility an option has under a shock."""
    days = max(e["sec"] / 86400, p["min_days"])
    power = p["vol_power_short"] if e["sec"] <= DAYS_30 else p["vol_power_long"]
    term = (30.0 / days) ** power
    if kind == "up":
        return lambda o: max(p["vol_up_floor_annual"], o["vol"] * (1.0 + p["vol_up"] * term))
    if kind == "down":
        return lambda o: o["vol"] * max(0.0, 1.0 - p["vol_down"] * term)
    if kind in ("linear", "absolute"):
        root = math.sqrt(e["sec"] / YEAR_SECONDS)
        cap = p[f"{kind}_base"] + p[f"{kind}_slope"] * root
        reach = max(p["min_reach"], root * p["width"] * (p["vol_0"] + p["vol_slope"] * root))
        forward = e["fvar"] + e["ffix"]

        def skewed(o: Row) -> float:
            k = math.log(o["K"] / forward)
            k = abs(k) if kind == "absolute" else k
            return float(o["vol"] * max(0.0, 1.0 + max(-cap, min(cap, k * cap / reach))))

        return skewed
    return lambda o: o["vol"]


def discounted(worth: float, e: Row, p: Row) -> float:
    """Positive worth counts for less, negative for more."""
    years, rate = e["sec"] / YEAR_SECONDS, max(e["rate"], 0.0)
    if worth >= 0.0:
        return worth * p["long_base"] * math.exp(-years * (rate * p["long_mult"] + p["long_add"]))
    rise = p["short_base"] * math.exp(years * (rate * p["short_mult"] + p["short_add"]))
    return worth * min(math.exp(rate * years), rise)


def scenario_profit(portfolio: Row, p: Row, s: Row) -> float:
    """Profit of the whole portfolio in one scenario."""
    profit = portfolio["perps"] * portfolio["perp_price"] * s["move"]
    for e in portfolio["expiries"]:
        now = option_worth(e, 0.0, lambda o: o["vol"])
        then = discounted(option_worth(e, s["move"], shock_of(e, p, s["vol"])), e, p)
        skew = s["vol"] in ("linear", "absolute")
        profit += -abs(then - now) if skew else then - now
    profit += portfolio["offsetting"] * s["move"]
    return float(s["weight"] * profit)


def basis_profit(portfolio: Row, p: Row) -> float:
    """Every expiry moved its own worst way."""
    total = 0.0
    for e in portfolio["expiries"]:
        now, plain = option_worth(e, 0.0, lambda o: o["vol"]), lambda o: o["vol"]
        worst = min(option_worth(e, m, plain) - now for m in (p["basis_up"], p["basis_down"]))
        total += min(worst, 0.0) * (p["basis_add"] + p["basis_mult"] * e["sec"] / YEAR_SECONDS)
    return total


def naked_shorts(e: Row) -> float:
    """Shorts beyond the longs of the same strike, whatever their type."""
    by_strike: dict[float, float] = {}
    for o in e["opts"]:
        by_strike[o["K"]] = by_strike.get(o["K"], 0.0) + o["amt"]
    return -sum(min(net, 0.0) for net in by_strike.values())


def standard_margin(expiry: Row, spot: float, p: Row, initial: bool) -> float:
    """What an expiry's options need: each short alone, or the worst pay-off, if that is less."""
    years, alone = expiry["sec"] / YEAR_SECONDS, 0.0
    for o in expiry["opts"]:
        if o["amt"] >= 0.0:
            continue
        short = -o["amt"]
        mark = short * black(expiry["fwd"], o["K"], o["vol"], years, o["call"])
        otm = max(o["K"] - spot if o["call"] else spot - o["K"], 0.0) / spot
        by_spot = short * spot * max(p["spot_min"], p["spot_max"] - otm) + mark
        if o["call"]:
            alone += by_spot if initial else short * spot * p["call_maintenance"] + mark
            continue
        kept = max(p["put_maintenance"] * spot * short, p["put_mark_maintenance"] * mark) + mark
        alone += max(by_spot, kept * p["put_initial_scale"]) if initial else kept

    def pay_off(price: float) -> float:
        ends = [price - o["K"] if o["call"] else o["K"] - price for o in expiry["opts"]]
        return sum(o["amt"] * max(e, 0.0) for o, e in zip(expiry["opts"], ends, strict=True))

    worst = min(0.0, *(pay_off(price) for price in (0.0, *(o["K"] for o in expiry["opts"]))))
    calls = sum(o["amt"] for o in expiry["opts"] if o["call"])
    scale = p["unpaired_initial"] if initial else p["unpaired_maintenance"]
    return min(alone, scale * max(-calls, 0.0) * expiry["fwd"] - worst)
