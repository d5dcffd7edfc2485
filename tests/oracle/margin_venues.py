"""Twins of the methods `matrix` and `span`, straight from the venues' documents.

Deribit: docs.deribit.com private/pme/simulate and the formulas its pages state; OKX: its position
builder. A scan: CME's published definitions. Nothing is transformed or shared between scenarios:
each profit is a value then less a value now, in the unit the venue counts in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tests.oracle.margin_market import Market
from tests.oracle.margin_methods import Held, Line
from tests.oracle.margin_policy import Policy
from tests.oracle.margin_pricing import bachelier, black76
from tests.oracle.margin_values import Contract, Shock, settle_key

DAYS = 365.0
WEIGHTS = (0.27, 0.217, 0.217, 0.11, 0.11, 0.037, 0.037)


# matrix


def tables(rules: Mapping[str, Any]) -> tuple[list[Shock], list[Shock]]:
    """Standard and extended scenarios; weights come later."""
    vols = [rules["vol_up"]] if rules["vol_up"] else []
    vols += [0.0] + ([-rules["vol_down"]] if rules["vol_down"] else [])
    steps = rules["price_steps"]
    moves = rules["price_moves"] or [
        i * rules["price_range"] / steps for i in range(-steps, steps + 1)
    ]
    standard = [Shock(m, v, 1.0) for m in moves for v in vols]
    return standard, [Shock(m, rules["vol_up"], 1.0) for m in rules["extended_moves"]]


def in_coin(market: Market, contract: Contract, rules: Mapping[str, Any]) -> bool:
    """Whether the venue counts this contract's profits in coins of its underlying."""
    linked = market.linked(settle_key(contract.row)) == contract.underlying
    return rules["unit"] == "coin" and linked


def profit(market: Market, contract: Contract, shock: Shock, rules: Mapping[str, Any]) -> float:
    """Of a long contract, in the numeraire; coins at today's price."""
    m = shock.move
    if contract.is_option:
        vol = contract.vol
        if shock.vol != 0.0 and not contract.is_decided:
            vol = contract.shocked_vol(shock.vol, rules)
        then = contract.scale(m) * contract.sheet(m, vol).price
        now = contract.scale() * contract.sheet().price
        if not in_coin(market, contract, rules):
            return then - now
        coins = then / (contract.settle * (1.0 + m)) - now / contract.settle
        return coins * contract.settle
    gain = contract.linear_worth() * m
    if contract.settles_in_own_coin:
        gain *= 1.0 + m
    elif rules["futures_move"] == "index" and contract.payoff != "inverse" and gain != 0.0:
        gain *= contract.index / contract.mark
    return gain / (1.0 + m) if in_coin(market, contract, rules) else gain


def weight(shock: Shock, coin: bool, rules: Mapping[str, Any]) -> float:
    """Of an extended scenario."""
    factor = rules["extended_factor"]
    if rules["extended_weight"] == "constant":
        return float(factor)
    m, edge = shock.move, rules["price_range"]
    ratio = factor * edge / abs(m)
    return ratio * (1.0 + m) / (1.0 + math.copysign(edge, m)) if coin else ratio


def after(value: float, shock: Shock | None, coin: bool, rules: Mapping[str, Any]) -> float:
    """After the dampener (of an extended scenario) and the offset of gains."""
    if shock is not None and rules["extended_dampener"]:
        edge = rules["price_range"]
        cap = (max(abs(shock.move) / edge, 1.0) - 1.0) * rules["extended_dampener"]
        if coin:
            cap /= 1.0 + math.copysign(edge, shock.move)
        value -= math.copysign(min(cap, abs(value)), value)
    if value <= 0.0:
        return value
    most = math.inf if rules["gain_offset_max"] is None else rules["gain_offset_max"]
    return min(value * rules["gain_offset_ratio"], most)


def tiered(tiers: Sequence[Mapping[str, Any]], rate: str, amount: float) -> float:
    """Slice by slice; the last tier has no end."""
    total, floor = 0.0, 0.0
    for number, tier in enumerate(tiers):
        cap = math.inf if number == len(tiers) - 1 else tier["amount_cap"]
        total += max(min(amount, cap) - floor, 0.0) * tier[rate]
        floor = cap
    return total


def totals(
    market: Market, held: Sequence[Held], rules: Mapping[str, Any]
) -> tuple[list[float], float]:
    """The unit's profit in every scenario, and the sum of the pairs' own worst losses."""
    standard, extended = tables(rules)
    pairs: dict[Any, list[Held]] = {}
    for h in held:
        pairs.setdefault(settle_key(h.contract.row), []).append(h)
    vectors = []
    for members in pairs.values():
        coin = in_coin(market, members[0].contract, rules)
        vector = []
        for shock in standard:
            sums = [h.quantity * profit(market, h.contract, shock, rules) for h in members]
            vector.append(after(math.fsum(sums), None, coin, rules))
        for shock in extended:
            sums = [h.quantity * profit(market, h.contract, shock, rules) for h in members]
            damped = weight(shock, coin, rules) * math.fsum(sums)
            vector.append(after(damped, shock, coin, rules))
        vectors.append(vector)
    alone = math.fsum(max(0.0, -min(vector)) for vector in vectors)
    return [math.fsum(column) for column in zip(*vectors, strict=True)], alone


def shocked_delta(held: Sequence[Held]) -> float:
    """Long options may only reduce the delta of everything else."""
    long_options = [h for h in held if h.contract.is_option and h.quantity > 0]
    first = math.fsum(h.quantity * h.contract.delta(True) for h in long_options)
    rest = math.fsum(h.quantity * h.contract.delta(True) for h in held if h not in long_options)
    if rest < 0:
        return min(max(first + rest, rest), 0.0)
    return max(min(first + rest, rest), 0.0)


def by_expiry(held: Sequence[Held], measure: Any) -> dict[int, float]:
    """Sums of a measure by expiry; 0 holds what has none."""
    sums: dict[int, float] = {}
    for h in held:
        expiry = h.contract.expiry_ns
        sums[expiry] = sums.get(expiry, 0.0) + h.quantity * measure(h.contract)
    return sums


def roll_ratio(market: Market, rules: Mapping[str, Any], expiry: int) -> float:
    """Of one expiry."""
    if expiry == 0:
        own = rules["roll_ratio_perpetual"]
        return float(rules["roll_ratio_min"] if own is None else own)
    simple = rules["roll_ratio_annual"] * market.years(expiry)
    grown = math.expm1(simple) if rules["roll_compounding"] == "continuous" else simple
    return max(grown, rules["roll_ratio_min"])


def hedge(held: Sequence[Held], rules: Mapping[str, Any], unit: float) -> float:
    """Charge on deltas that offset across settlement assets."""
    if not rules["hedge_tiers"]:
        return 0.0
    deltas: dict[Any, float] = {}
    for h in held:
        key = settle_key(h.contract.row)
        deltas[key] = deltas.get(key, 0.0) + h.quantity * h.contract.delta(True) * unit
    longs = math.fsum(d for d in deltas.values() if d > 0)
    shorts = -math.fsum(d for d in deltas.values() if d < 0)
    return tiered(rules["hedge_tiers"], "ratio", min(longs, shorts))


def minimum(held: Sequence[Held], rules: Mapping[str, Any], unit: float) -> float:
    """Minimum charge on the delta of each instrument."""
    deltas: dict[str, float] = {}
    for h in held:
        name = h.contract.name
        deltas[name] = deltas.get(name, 0.0) + h.quantity * h.contract.delta(True)
    raw = rules["minimum_ratio"] * unit * math.fsum(map(abs, deltas.values()))
    return tiered(rules["minimum_tiers"], "multiplier", raw) if rules["minimum_tiers"] else raw


def matrix_unit(market: Market, name: str, held: Sequence[Held], policy: Policy) -> list[Line]:
    """The lines of one underlying."""
    rules = policy.section("matrix", name)
    unit = market.index(name) * market.quote(name)
    vector, alone = totals(market, held, rules)
    worst = max(0.0, -min(vector))
    theta = math.fsum(h.quantity * h.contract.theta() for h in held)
    size = abs(shocked_delta(held))
    over = max(0.0, size - rules["delta_shock_threshold"] / unit)
    shock = min(rules["delta_shock_max_ratio"], rules["delta_shock_slope"] * over)
    deltas = by_expiry(held, lambda c: c.delta(True))
    vegas = by_expiry(held, lambda c: c.vega())
    # a coin-settled option is not discounted
    discounted = [h for h in held if h.contract.is_option and h.contract.payoff != "coin"]
    rhos = by_expiry(discounted, lambda c: c.years * c.value(None))
    amounts = {
        "scan": max(worst, -theta * rules["theta_days"] / DAYS),
        "roll": math.fsum(abs(d) * unit * roll_ratio(market, rules, e) for e, d in deltas.items()),
        "delta_shock": size * shock * unit,
        "correlation": rules["correlation_contingency_ratio"] * max(0.0, alone - worst),
        "vega": rules["vega_shock_annual"] * math.fsum(map(abs, vegas.values())),
        "rates": rules["rate_shock_annual"] * math.fsum(map(abs, rhos.values())),
        "hedge": hedge(held, rules, unit),
    }
    amounts["minimum"] = max(0.0, minimum(held, rules, unit) - math.fsum(amounts.values()))
    initial, maintenance = rules["initial_factor"], rules["maintenance_factor"]
    return [Line(name, part, initial * a, maintenance * a) for part, a in amounts.items()]


# span


def scenarios(rules: Mapping[str, Any], index: float) -> list[tuple[float, float, float]]:
    """Price move, volatility move, cover."""
    reach = rules["scan_points"] or rules["scan_ratio"] * index
    rows = [
        (third * reach / 3, sign * rules["vol_range"], 1.0)
        for third in (0, 1, -1, 2, -2, 3, -3)
        for sign in (1, -1)
    ]
    far = rules["extreme_multiple"] * reach
    return [*rows, (far, 0.0, rules["extreme_cover"]), (-far, 0.0, rules["extreme_cover"])]


def then(contract: Contract, rules: Mapping[str, Any], move: float, vol: float) -> Any:
    """An option's sheet after the look-ahead."""
    years = max(contract.years - rules["lookahead_days"] / DAYS, 0.0)
    forward = contract.forward + move
    is_call = contract.row["option_type"] == "call"
    if contract.normal:
        return bachelier(is_call, forward, contract.strike, vol, years)
    return black76(is_call, max(forward, 1e-12), contract.strike, vol, years)


def losses(contract: Contract, rules: Mapping[str, Any]) -> list[float]:
    """What one long contract loses, numeraire."""
    rows = scenarios(rules, contract.index)
    if not contract.is_option or contract.is_decided:
        slope = span_delta(contract, rules) * contract.market.quote(contract.underlying)
        return [-move * cover * slope for move, _, cover in rows]
    out = []
    now = then(contract, {**rules, "lookahead_days": 0.0}, 0.0, contract.vol).price
    for move, vol, cover in rows:
        relative = rules["vol_shock"] == "relative" or contract.normal
        shocked = contract.vol * (1.0 + vol) if relative else contract.vol + vol
        price = then(contract, rules, move, max(shocked, 0.0)).price
        out.append(cover * contract.scale() * contract.open * (now - price))
    return out


def span_delta(contract: Contract, rules: Mapping[str, Any]) -> float:
    """Composite delta of one contract, base units."""
    quote = contract.market.quote(contract.underlying)
    if not contract.is_option:
        return contract.linear_worth() / contract.mark / quote
    if contract.is_decided:
        return contract.delta()
    points = scenarios(rules, contract.index)[:14:2]
    deltas = [then(contract, rules, move, contract.vol).delta for move, _, _ in points]
    composite = math.fsum(w * d for w, d in zip(WEIGHTS, deltas, strict=True))
    return contract.scale() * contract.open * composite / quote


class SpanUnit:
    """One underlying before credits."""

    def __init__(self, market: Market, name: str, held: Sequence[Held], policy: Policy) -> None:
        self.name = name
        self.rules = rules = policy.section("span", name)
        rows = [(h.quantity, losses(h.contract, rules)) for h in held]
        sums = [math.fsum(q * row[s] for q, row in rows) for s in range(16)]
        active = sums.index(max(sums))
        paired = active ^ 1 if active < 14 else active
        self.scan = max(0.0, *sums)
        self.delta = math.fsum(h.quantity * span_delta(h.contract, rules) for h in held)
        risk = (sums[active] + sums[paired]) / 2 - (sums[0] + sums[1]) / 2
        self.price_risk = max(risk, 0.0) / abs(self.delta) if self.delta else 0.0
        # how near another scenario is to binding: there the paired one may be another
        self.tie = max(sums) - sorted(sums)[-2]
        self.spread = self.spreads(market, held)
        self.credit = 0.0
        self.left = self.delta
        self.minimum = self.shorts(held)

    def spreads(self, market: Market, held: Sequence[Held]) -> float:
        """Charges of spreads between tiers, and of deltas near delivery."""
        ends = self.rules["tier_end_days"]
        tiers = [0.0] * (len(ends) + 1)
        near = 0.0
        for h in held:
            expiry = h.contract.expiry_ns
            days = market.years(expiry) * DAYS if expiry else 0.0
            delta = h.quantity * span_delta(h.contract, self.rules)
            tiers[sum(days > end for end in ends)] += delta
            near += delta if expiry and days <= self.rules["spot_days"] else 0.0
        charge = self.rules["spot_charge"] * abs(near)
        for s in self.rules["spreads"]:
            a, b = tiers[s["first"]], tiers[s["second"]]
            if a * b < 0:
                formed = min(abs(a), abs(b))
                charge += formed * s["charge"]
                tiers[s["first"]] -= math.copysign(formed, a)
                tiers[s["second"]] -= math.copysign(formed, b)
        return float(charge)

    def shorts(self, held: Sequence[Held]) -> float:
        """Short option minimum."""
        net: dict[str, float] = {}
        kinds = {}
        for h in held:
            if h.contract.is_option:
                net[h.contract.name] = net.get(h.contract.name, 0.0) + h.quantity
                kinds[h.contract.name] = h.contract.row["option_type"]
        count = {
            kind: math.fsum(max(-q, 0.0) for name, q in net.items() if kinds[name] == kind)
            for kind in ("call", "put")
        }
        both = max(count.values())
        if self.rules["short_minimum_rule"] == "sum":
            both = math.fsum(count.values())
        return float(self.rules["short_minimum"] * both)

    def lines(self) -> list[Line]:
        """All lines of the unit."""
        risk = self.scan + self.spread
        credit = min(self.credit, risk)
        amounts = {
            "scan": self.scan,
            "spread": self.spread,
            "credit": -credit,
            "minimum": max(0.0, self.minimum - (risk - credit)),
        }
        initial, maintenance = self.rules["initial_factor"], self.rules["maintenance_factor"]
        return [Line(self.name, c, initial * a, maintenance * a) for c, a in amounts.items()]


def span_lines(market: Market, held: Mapping[str, Sequence[Held]], policy: Policy) -> list[Line]:
    """Units, then credits between them by priority."""
    units = {name: SpanUnit(market, name, rows, policy) for name, rows in held.items()}
    for credit in policy.written.get("credits", ()):
        legs = [units.get(credit[leg]) for leg in ("first", "second")]
        if legs[0] is None or legs[1] is None or not legs[0].left * legs[1].left < 0:
            continue
        per = [credit.get(f"{leg}_delta", 1.0) for leg in ("first", "second")]
        spreads = min(abs(u.left) / p for u, p in zip(legs, per, strict=True) if u is not None)
        for unit, each in zip(legs, per, strict=True):
            assert unit is not None
            unit.credit += credit["rate"] * spreads * each * unit.price_risk
            used = min(spreads * each, abs(unit.left))
            unit.left -= math.copysign(used, unit.left)
    return [line for unit in units.values() for line in unit.lines()]
