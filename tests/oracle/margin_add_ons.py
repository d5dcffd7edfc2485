"""Add-ons on top of any method, written from `cpp/src/margin/README.md`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from tests.oracle import margin_sensitivities as charges
from tests.oracle.margin_market import Market, MissingInputError, asset_key
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


Pair = tuple[float, float]


def unit_lines(
    market: Market,
    name: str,
    held: Sequence[Held],
    own: Pair,
    context: tuple[Policy, charges.Worth],
) -> tuple[list[Line], set[str]]:
    """Every add-on of one unit, and what is missing; `own` is what its method asks for."""
    policy, worth = context
    lines, missing = add_on_lines(market, name, held, policy), set()

    def rules(section: str) -> charges.Rules:
        return policy.section(section, name)

    unit = (market, name, held)
    delta = (0.0, 0.0)
    if policy.has("delta_charge"):
        delta = charges.delta_wanted(*unit, rules("delta_charge"))

    def beyond(wanted: Pair, seen: Pair) -> Pair:
        return max(0.0, wanted[0] - seen[0]), max(0.0, wanted[1] - seen[1])

    left = max(0.0, own[0] - delta[0]), max(0.0, own[1] - delta[1])
    made: dict[str, Callable[[], Pair]] = {
        "delta_charge": lambda: beyond(delta, own),
        "gamma_charge": lambda: beyond(charges.gamma_wanted(*unit, rules("gamma_charge")), left),
        "vega_charge": lambda: charges.vega_charge(held, rules("vega_charge")),
        "theta_charge": lambda: charges.theta_charge(held, rules("theta_charge")),
        "basis_risk": lambda: charges.basis_charge(*unit, rules("basis_risk")),
        "funding": lambda: charges.funding_charge(market, held, rules("funding")),
        "rate_environment": lambda: charges.rate_charge(*unit, rules("rate_environment")),
        "wrong_way": lambda: charges.wrong_way_charge(*unit, worth, rules("wrong_way")),
        "oracle_confidence": lambda: charges.confidence_charge(*unit, rules("oracle_confidence")),
        "oracle_staleness": lambda: charges.staleness_charge(*unit, rules("oracle_staleness")),
        "price_velocity": lambda: charges.velocity_charge(*unit, rules("price_velocity")),
        "order_flow": lambda: charges.flow_charge(*unit, rules("order_flow")),
        "open_interest": lambda: charges.interest_charge(*unit, rules("open_interest")),
    }
    if policy.method != "dynamic":
        made["anti_procyclicality"] = lambda: charges.damped_lines(*unit, own, policy)
    for section, charge in made.items():
        if not policy.has(section):
            continue
        try:
            lines.append(Line(name, section, *charge()))
        except MissingInputError as error:
            missing |= error.statuses
    return lines, missing


def pocket_lines(
    market: Market,
    held: Mapping[str, Sequence[Held]],
    own: Pair,
    context: tuple[Policy, charges.Worth],
    credit_score: float | None,
) -> tuple[list[Line], set[str]]:
    """Every add-on of a pocket as a whole, and what is missing."""
    policy, worth = context
    lines: list[Line] = []
    missing: set[str] = set()
    rows = {asset_key(row): row for row in market.tables["assets"]}
    positions = [h for unit in held.values() for h in unit]
    pegs = policy.written.get("pegs", {})

    def rules(section: str) -> charges.Rules:
        return policy.section(section, "")

    def scored(section: str) -> Pair:
        return charges.score_charge(market, list(held), own, f"{section}_score", rules(section))

    made: dict[str, Callable[[], Pair]] = {
        "borrow": lambda: charges.borrow_charge(rows, worth, rules("borrow")),
        "asset_risk": lambda: charges.asset_risk_charge(rows, worth, rules("asset_risk")),
        "liquidation_delay": lambda: charges.delay_charge(own, rules("liquidation_delay")),
        "regime": lambda: scored("regime"),
        "macro": lambda: scored("macro"),
        "credit_score": lambda: charges.credit_charge(credit_score, own, rules("credit_score")),
        "peg": lambda: charges.peg_charge(market, positions, worth, pegs, rules("peg")),
    }
    for section, charge in made.items():
        if not policy.has(section):
            continue
        try:
            lines.append(Line(None, section, *charge()))
        except MissingInputError as error:
            missing |= error.statuses
    return lines, missing
