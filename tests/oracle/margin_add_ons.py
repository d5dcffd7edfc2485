"""Add-ons on top of any method, written from `cpp/src/margin/README.md`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.oracle.margin_market import Market
from tests.oracle.margin_methods import Held, Line
from tests.oracle.margin_policy import Policy


def impact(factor: float, notional: float, depth: float | None, cap: float) -> float:
    """The square-root law as a ratio; the cap where nothing is known to rest."""
    if factor == 0.0 or notional == 0.0:
        return 0.0
    if not depth:
        return cap
    return min(factor * math.sqrt(notional / depth), cap)


def add_on_lines(market: Market, name: str, held: Sequence[Held], policy: Policy) -> list[Line]:
    """Liquidity, what the book lacks now, and concentration of one unit."""
    price = market.index(name) * market.quote(name)
    deltas = [h.quantity * h.contract.delta() * price for h in held]
    net, gross = abs(math.fsum(deltas)), math.fsum(abs(d) for d in deltas)
    lines = []
    if policy.has("liquidity"):
        rules = policy.section("liquidity", name)
        vega = math.fsum(abs(h.quantity * h.contract.vega()) for h in held)
        slow = impact(
            rules["impact_factor"], net, rules["slow_depth_notional"], rules["impact_cap_ratio"]
        )
        cost = gross * (rules["half_spread_ratio"] + rules["fee_ratio"])
        cost += vega * rules["half_spread_vol"] + net * slow
        lines.append(Line(name, "liquidity", cost, cost))
        now = market.underlying(name).get("depth_notional")
        highest = slow + rules["fast_cap_ratio"]
        fast = impact(rules["impact_factor"], net, now, highest)
        lines.append(Line(name, "fast_depth", net * max(fast - slow, 0.0), 0.0))
    if policy.has("concentration"):
        rules = policy.section("concentration", name)
        beyond = max(net / rules["threshold_notional"] - 1.0, 0.0)
        charge = net * min(rules["slope_ratio"] * beyond, rules["cap_ratio"])
        lines.append(Line(name, "concentration", charge, charge))
    return lines
