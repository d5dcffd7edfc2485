"""Charges by sensitivities, carry, doubt, flow and collateral, and multiples of a requirement.

Written from the tables of `cpp/src/margin/README.md`, one short function a charge; each gives what
initial and maintenance margin are charged, or says which input is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.oracle.margin_market import Market, MissingInputError, asset_key
from tests.oracle.margin_methods import Held
from tests.oracle.margin_policy import Policy
from tests.oracle.margin_values import settle_key

Pair = tuple[float, float]
Rules = Mapping[str, Any]
Worth = Sequence[tuple[tuple[str, str], float]]
SIDES = ("initial", "maintenance")


def by_expiry(held: Sequence[Held], amount: Callable[[Held], float]) -> dict[int, float]:
    """Sums by expiry; perpetuals, spot and everlasting options are an expiry of their own."""
    sums: dict[int, list[float]] = {}
    for h in held:
        sums.setdefault(h.contract.expiry_ns, []).append(amount(h))
    return {expiry: math.fsum(parts) for expiry, parts in sums.items()}


def need(row: Mapping[str, Any], column: str, status: str) -> float:
    """An optional input that a policy asks for."""
    value = row.get(column)
    if value is None:
        raise MissingInputError(status)
    return float(value)


def deltas(market: Market, name: str, held: Sequence[Held]) -> list[float]:
    """Delta of each position at the index, numeraire."""
    price = market.index(name) * market.quote(name)
    return [h.quantity * h.contract.delta() * price for h in held]


def delta_wanted(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """A share of the net delta."""
    net = abs(math.fsum(deltas(market, name, held)))
    return net * rules["initial_ratio"], net * rules["maintenance_ratio"]


def gamma_wanted(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """Short gamma of options near their strike and expiry, for a move that a hedge misses."""
    out = []
    for side in SIDES:
        change = market.index(name) * rules[f"{side}_move_ratio"]

        def cost(h: Held, change: float = change) -> float:
            c = h.contract
            near = (
                c.is_option
                and c.expiry_ns != 0
                and c.years * 365.0 <= rules["near_days"]
                and abs(c.strike - c.forward) <= rules["width_ratio"] * market.index(name)
            )
            if not near:
                return 0.0
            most = rules["cap_ratio"] * c.notional()
            each = 0.5 * c.gamma() * change**2 * market.quote(name)
            return h.quantity * max(-most, min(most, each))

        out.append(math.fsum(max(0.0, -sum_) for sum_ in by_expiry(held, cost).values()))
    return out[0], out[1]


def vega_charge(held: Sequence[Held], rules: Rules) -> Pair:
    """A shock of volatility either way, netted inside an expiry and not across."""

    def exposed(h: Held) -> float:
        vega = h.contract.vega()
        if vega == 0.0:
            return 0.0
        days = max(365.0 * h.contract.years, rules["min_days"])
        term = (rules["reference_days"] / days) ** rules["power"]
        return h.quantity * vega * h.contract.vol * term

    sums = by_expiry(held, exposed).values()
    rise, fall = [
        math.fsum(max(0.0, -x * rules[f"{side}_up_ratio"], x * rules[f"{side}_down_ratio"])
                  for x in sums)
        for side in SIDES
    ]  # fmt: skip
    return rise, fall


def theta_charge(held: Sequence[Held], rules: Rules) -> Pair:
    """What time alone takes from the unit; an option has no more to lose than its value."""
    out = []
    for side in SIDES:
        parts = [
            h.quantity
            * max(
                h.contract.theta() * min(rules[f"{side}_days"] / 365.0, h.contract.years),
                -h.contract.value(None),
            )
            for h in held
            if h.contract.is_option and h.contract.theta() != 0.0
        ]
        out.append(max(0.0, -math.fsum(parts)))
    return out[0], out[1]


def basis_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """A share of what offsets between expiries."""
    nets = by_expiry(held, lambda h: h.quantity * h.contract.delta()).values()
    longs = math.fsum(max(net, 0.0) for net in nets)
    shorts = math.fsum(max(-net, 0.0) for net in nets)
    offset = min(longs, shorts) * market.index(name) * market.quote(name)
    return offset * rules["initial_ratio"], offset * rules["maintenance_ratio"]


def funding_charge(market: Market, held: Sequence[Held], rules: Rules) -> Pair:
    """What each perpetual pays until the horizon; what one receives is not counted."""
    paid = []
    for h in held:
        if h.contract.kind == "perpetual":
            marks = market._marks.get(h.contract.name, {})
            rate = need(marks, "funding_rate_annual", "missing_funding")
            paid.append(max(0.0, h.quantity * h.contract.notional() * rate))
    year = math.fsum(paid)
    return year * rules["initial_days"] / 365.0, year * rules["maintenance_days"] / 365.0


def rate_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """A shift of rates on options that are discounted."""

    def moved(h: Held) -> float:
        c = h.contract
        if not c.is_option or c.payoff == "coin" or c.expiry_ns == 0:
            return 0.0
        return h.quantity * c.value(None) * c.years

    stress = need(market.underlying(name), "rate_stress", "missing_rate_stress")
    total = math.fsum(abs(x) for x in by_expiry(held, moved).values()) * stress
    return total * rules["initial_shock_annual"], total * rules["maintenance_shock_annual"]


def wrong_way_charge(
    market: Market, name: str, held: Sequence[Held], worth: Worth, rules: Rules
) -> Pair:
    """What collateral and position lose together."""
    collateral = math.fsum(
        amount * (1.0 if market.linked(key) == name else rules["other_ratio"])
        for key, amount in worth
        if market.linked(key) is not None
    )
    net = math.fsum(deltas(market, name, held))
    together = min(abs(net), abs(collateral)) if (net > 0) == (collateral > 0) else 0.0
    return together * rules["initial_ratio"], together * rules["maintenance_ratio"]


def confidence_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """What lacks to certainty, of the gross delta, below a threshold."""
    sure = need(market.underlying(name), "confidence", "missing_confidence")
    gross = math.fsum(abs(d) for d in deltas(market, name, held))
    lack = (1.0 - sure) * gross if sure < rules["threshold"] else 0.0
    return lack * rules["initial_ratio"], lack * rules["maintenance_ratio"]


def staleness_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """Age beyond what is free, by the square root of hours."""
    heard = need(market.underlying(name), "index_ts_ns", "missing_index_time")
    if heard == 0:
        raise MissingInputError("missing_index_time")
    age = (market.as_of_ns - int(heard)) / 1e9
    root = math.sqrt(max(age - rules["free_seconds"], 0.0) / 3600.0)
    gross = math.fsum(abs(d) for d in deltas(market, name, held))
    initial, maintenance = (
        gross * min(rules[f"{side}_ratio"] * root, rules["cap_ratio"]) for side in SIDES
    )
    return initial, maintenance


def against(net: float, push: float, factor: float, cap: float) -> float:
    """A ratio of the net delta where the push runs against it."""
    hurt = net if push < 0 else -net
    return max(hurt, 0.0) * min(factor * abs(push), cap)


def velocity_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """A price on the move."""
    moved = need(market.underlying(name), "price_velocity_ratio", "missing_velocity")
    net = math.fsum(deltas(market, name, held))
    initial, maintenance = (
        against(net, moved, rules[f"{side}_factor"], rules["cap_ratio"]) for side in SIDES
    )
    return initial, maintenance


def flow_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """Trades on one side; initial margin alone."""
    row = market.underlying(name)
    flow = need(row, "flow_signed_notional", "missing_flow")
    total = need(row, "flow_total_notional", "missing_flow")
    if total == 0.0:
        return 0.0, 0.0
    net = math.fsum(deltas(market, name, held))
    return against(net, flow / total, rules["initial_factor"], rules["cap_ratio"]), 0.0


def interest_charge(market: Market, name: str, held: Sequence[Held], rules: Rules) -> Pair:
    """A position among what is open; initial margin alone."""
    is_open = need(market.underlying(name), "open_interest_notional", "missing_open_interest")
    net = abs(math.fsum(deltas(market, name, held)))
    if net == 0.0:
        return 0.0, 0.0
    if is_open == 0.0:
        return net * rules["cap_ratio"], 0.0
    beyond = max(net / is_open - rules["free_share"], 0.0)
    return net * min(rules["initial_slope"] * beyond, rules["cap_ratio"]), 0.0


def borrow_charge(rows: Mapping[Any, Any], worth: Worth, rules: Rules) -> Pair:
    """Interest on debts until the horizon."""
    year = math.fsum(
        -amount * need(rows[key], "borrow_rate_annual", "missing_borrow_rate")
        for key, amount in worth
        if amount < 0.0
    )
    return year * rules["initial_days"] / 365.0, year * rules["maintenance_days"] / 365.0


def asset_risk_charge(rows: Mapping[Any, Any], worth: Worth, rules: Rules) -> Pair:
    """What contracts and governance of collateral may cost."""
    initial, maintenance = (
        math.fsum(
            amount
            * min(
                rules[f"{side}_factor"] * need(rows[key], "risk_annual", "missing_asset_risk"),
                rules["cap_ratio"],
            )
            for key, amount in worth
            if amount > 0.0
        )
        for side in SIDES
    )
    return initial, maintenance


def peg_charge(
    market: Market, held: Sequence[Held], worth: Worth, pegs: Mapping[str, Any], rules: Rules
) -> Pair:
    """What hangs on an asset below its peg, initial margin alone."""

    def below(key: tuple[str, str]) -> tuple[float, Rules]:
        """How far an asset is below its threshold, and the factors that hold for it."""
        symbol, chain = key
        own = pegs.get(f"{symbol}@{chain}" if chain else symbol, pegs.get(symbol))
        if own is None:
            return 0.0, rules
        terms = {**rules, **own}
        reference = own.get("value") or reference_price(market, own["asset"])
        return max(terms["threshold"] - market.price(key) / reference, 0.0), terms

    parts = []
    for h in held:
        c = h.contract
        if c.is_option and h.quantity > 0.0:
            continue
        row = market.underlying(c.underlying)
        peg_price = 1.0 if row.get("peg_price") is None else row["peg_price"]
        money = max(rules["threshold"] - peg_price, 0.0) * rules["factor"]
        lost, terms = below(settle_key(c.row))
        at_index = c.open * c.multiplier * c.unit if c.payoff != "inverse" else c.notional()
        parts.append(abs(h.quantity) * at_index * max(money, lost * terms["factor"]))
    for key, amount in worth:
        if amount > 0.0:
            lost, terms = below(key)
            parts.append(amount * lost * terms["collateral_factor"])
    return math.fsum(parts), 0.0


def reference_price(market: Market, name: str) -> float:
    """Price of what an asset is pegged to: that asset, or the only one of its symbol."""
    symbol, _, chain = name.partition("@")
    listed = [(market.numeraire, ""), *(asset_key(row) for row in market.tables["assets"])]
    keys = [key for key in dict.fromkeys(listed) if key[0] == symbol]
    if (symbol, chain) in keys:
        keys = [(symbol, chain)]
    elif chain:
        keys = []
    if len(keys) != 1:
        raise MissingInputError("missing_peg")
    try:
        return market.price(keys[0])
    except MissingInputError:
        raise MissingInputError("missing_peg") from None


def delay_charge(own: Pair, rules: Rules) -> Pair:
    """A close-out that begins late."""
    initial, maintenance = (
        amount
        * (math.sqrt(1.0 + rules[f"{side}_delay_days"] / rules[f"{side}_horizon_days"]) - 1.0)
        for amount, side in zip(own, SIDES, strict=True)
    )
    return initial, maintenance


def score_charge(
    market: Market, names: Sequence[str], own: Pair, column: str, rules: Rules
) -> Pair:
    """A share of the requirement by the largest score of what is held."""
    status = "missing_" + column.removesuffix("_score")
    scores = [need(market.underlying(name), column, status) for name in names]
    score = max([0.0, *scores])
    return own[0] * rules["initial_max_ratio"] * score, own[1] * rules[
        "maintenance_max_ratio"
    ] * score


def credit_charge(score: float | None, own: Pair, rules: Rules) -> Pair:
    """A share of the requirement, straight from the best score to the worst."""
    if own == (0.0, 0.0):
        return 0.0, 0.0
    if score is None:
        raise MissingInputError("missing_credit_score")
    best, worst = rules["best_score"], rules["worst_score"]
    share = min(1.0, max(0.0, (best - score) / (best - worst)))
    return own[0] * rules["initial_max_ratio"] * share, own[1] * rules[
        "maintenance_max_ratio"
    ] * share


def damped_lines(
    market: Market, name: str, held: Sequence[Held], own: Pair, policy: Policy
) -> Pair:
    """What buffer, stress weight, floor and limit add to a unit's own lines; not of `dynamic`."""
    rules = policy.section("anti_procyclicality", name)
    row = market.underlying(name)
    gross = math.fsum(abs(d) for d in deltas(market, name, held))
    left = 1.0
    if rules["pre_stress_vol_annual"] is not None:
        vol = need(row, "realised_vol_annual", "missing_vol")
        left = 1.0 if vol == 0.0 else min(1.0, rules["pre_stress_vol_annual"] / vol)
    weight, stressed = rules["stress_weight"], rules["stressed_ratio"] or 0.0
    initial, maintenance = (
        max(
            0.0,
            m * (1.0 + rules["buffer_ratio"]) * left - m,
            (1.0 - weight) * m + weight * stressed * gross - m,
            (rules["long_run_ratio"] or 0.0) * gross - m,
        )
        for m in own
    )
    limit, previous = rules["max_mm_increase_per_day_ratio"], row.get("previous_mm_ratio")
    if limit is not None and previous is not None:
        days = max(0.0, (market.as_of_ns - (row.get("previous_ts_ns") or 0)) / 86_400e9)
        maintenance = min(maintenance, max(0.0, (previous + limit * days) * gross - own[1]))
    return initial, maintenance
