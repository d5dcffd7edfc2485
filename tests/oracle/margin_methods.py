"""The three base methods and netting, one short function a rule; see `cpp/src/margin/README.md`.

A requirement is a list of lines (underlying, component, initial, maintenance).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.oracle.margin_market import Market
from tests.oracle.margin_policy import Policy
from tests.oracle.margin_pricing import normal_cdf, normal_quantile
from tests.oracle.margin_values import Contract, Shock

NS_PER_DAY = 86_400 * 10**9
SIDES = ("initial", "maintenance")
NORM_UNITS = 8


class Line(NamedTuple):
    """One part of a requirement; underlying None is across underlyings."""

    underlying: str | None
    component: str
    initial: float
    maintenance: float


class Held(NamedTuple):
    """A position of a pocket; entry price None where the instrument has none."""

    contract: Contract
    quantity: float
    entry: float | None


# fixed


def scaled_ratio(
    ratio: float, scaling: Mapping[str, Any], side: str, held: Sequence[float]
) -> float:
    """Ratio after size scaling; `held` is notional and size in base units."""
    notional, size = held
    kind = scaling["kind"]
    if kind == "step":
        steps = math.ceil(max(size - scaling["free_size"], 0.0) / scaling["step_size"])
        return ratio + scaling[f"{side}_step"] * steps
    if kind == "linear":
        return ratio + scaling[f"{side}_slope"] * size
    if kind == "sqrt":
        return max(ratio, scaling[f"{side}_factor"] * math.sqrt(size))
    if kind == "power45":
        return max(ratio, scaling[f"{side}_factor"] * notional**0.8)
    return ratio


def bracket_charge(notional: float, rules: Mapping[str, Any], side: str) -> float:
    """Charge of a notional under brackets; the last one has no end."""
    brackets = rules["brackets"]
    last = len(brackets) - 1
    charge, floor = 0.0, 0.0
    for number, bracket in enumerate(brackets):
        cap = math.inf if number == last else bracket["notional_cap"]
        ratio = bracket[f"{side}_ratio"]
        if rules["bracket_mode"] == "whole":
            if notional <= cap:
                return notional * ratio
        else:
            charge += ratio * max(min(notional, cap) - floor, 0.0)
            floor = cap
    return charge


def percent_charge(notional: float, size: float, rules: Mapping[str, Any], side: str) -> float:
    """Percent-of-notional charge of one position."""
    if rules["brackets"]:
        return bracket_charge(notional, rules, side)
    ratio = scaled_ratio(rules[f"{side}_ratio"], rules["size_scaling"], side, (notional, size))
    return notional * ratio


def short_option_charge(held: Held, rules: Mapping[str, Any], mark_in: bool) -> tuple[float, float]:
    """Standard formula, numeraire for the short position.

    The liquidation fee is in maintenance alone, as in the venue's formula that has one
    (Bybit, options of the unified account).
    """
    contract = held.contract
    row = contract.row
    per_quote = contract.settle / (contract.index if contract.payoff == "coin" else 1.0)
    base = contract.forward if rules["base"] == "forward" else contract.index
    strike = contract.strike
    is_call = row["option_type"] == "call"
    otm = max(strike - base if is_call else base - strike, 0.0)
    scale = contract.open * contract.multiplier * per_quote
    mark = contract.value(None)
    fee = rules["liquidation_fee_ratio"] * scale * base
    counted = mark if mark_in else 0.0
    body = max(rules["otm_a"] * base - otm, rules["otm_b"] * base)
    initial = rules["margin_factor"] * scale * body + counted
    floor = scale * rules["maintenance_c"] * base
    floored = rules["maintenance_mark_floor"]
    if floored == "both" or (floored == "put" and not is_call):
        floor = max(floor, rules["maintenance_c"] * mark)
    maintenance = rules["margin_factor"] * floor + fee + counted
    if rules["initial_uses_entry"] and held.entry is not None:
        initial += max(contract.open * contract.premium(held.entry) - mark, 0.0)
    if rules["initial_at_least_maintenance"]:
        initial = max(initial, maintenance)
    return -held.quantity * initial, -held.quantity * maintenance


def fixed_unit(name: str, held: Sequence[Held], policy: Policy) -> list[Line]:
    """Percent of notional, and the standard formula for short options."""
    rules = policy.section("futures", name)
    plain = [h for h in held if not h.contract.is_option]
    rows = []
    for h in plain:
        entry = h.entry if rules["notional"] == "entry" else None
        rows.append((h.quantity * h.contract.notional(entry), h.quantity * h.contract.size_base()))
    charges = {}
    for side in SIDES:
        charged = [percent_charge(abs(n), abs(b), rules, side) for n, b in rows]
        longs = math.fsum(c for c, (n, _) in zip(charged, rows, strict=True) if n > 0)
        shorts = math.fsum(c for c, (n, _) in zip(charged, rows, strict=True) if n < 0)
        net = abs(math.fsum(n for n, _ in rows)), abs(math.fsum(b for _, b in rows))
        charges[side] = {
            "none": longs + shorts,
            "max_side": max(longs, shorts),
            "net": percent_charge(*net, rules, side),
        }[rules["netting"]]
    closed = math.fsum(abs(h.quantity * h.contract.notional(None)) for h in plain)
    fee = rules["taker_fee_ratio"] * closed  # closing trades at the mark
    lines = [
        Line(name, "futures", charges["initial"], charges["maintenance"]),
        Line(name, "fee", fee, fee),
    ]
    option_rules = policy.section("options", name)
    for h in held:
        if h.contract.is_option and h.quantity < 0:
            charge = short_option_charge(h, option_rules, not policy.options_in_equity)
            lines.append(Line(name, "options", *charge))
    return lines


# dynamic


def shortfall_moves(vol: float, days: float, confidence: float) -> tuple[float, float]:
    """Lognormal expected shortfall down and up."""
    s = vol * math.sqrt(days / 365.0)
    p = 1.0 - confidence
    z = normal_quantile(p)
    return 1.0 - normal_cdf(z - s) / p, normal_cdf(z + s) / p - 1.0


def damped(rules: Mapping[str, Any], now: float, measure_at: Callable[[float], float]) -> float:
    """EMIR RTS 153/2013 article 28(1) on a measure."""
    base = now
    if rules["pre_stress_vol_annual"] is not None:
        base = min(now, measure_at(rules["pre_stress_vol_annual"]))
    wanted = [now, base * (1.0 + rules["buffer_ratio"])]
    if rules["stressed_vol_annual"] is not None:
        weight = rules["stress_weight"]
        wanted.append((1.0 - weight) * now + weight * measure_at(rules["stressed_vol_annual"]))
    if rules["long_run_vol_annual"] is not None:
        wanted.append(measure_at(rules["long_run_vol_annual"]))
    return max(wanted)


def measured_moves(market: Market, name: str, policy: Policy, side: str) -> list[float]:
    """The same of the bare measure: nothing that damps it, its floor and cap alone."""
    rules = policy.section("dynamic", name)
    vol = max(market.underlying(name)["realised_vol_annual"], rules["vol_floor_annual"])
    days, confidence = rules[f"horizon_{side}_days"], rules[f"confidence_{side}"]
    fall, rise = shortfall_moves(vol, days, confidence)
    low, high = rules["floor_ratio"], rules["cap_ratio"]
    return [-min(max(fall, low), high), min(max(rise, low), high)]


def dynamic_moves(market: Market, name: str, policy: Policy, side: str) -> list[float]:
    """The move down and the move up of initial or maintenance margin."""
    rules = policy.section("dynamic", name)
    row = market.underlying(name)
    vol = max(row["realised_vol_annual"], rules["vol_floor_annual"])
    days, confidence = rules[f"horizon_{side}_days"], rules[f"confidence_{side}"]
    moves = []
    for which, measure in enumerate(shortfall_moves(vol, days, confidence)):
        buffered = (1.0 + rules["buffer_ratio"]) * measure
        if policy.has("anti_procyclicality"):
            own = policy.section("anti_procyclicality", name)
            buffered = damped(
                own,
                measure,
                lambda v, w=which: shortfall_moves(v, days, confidence)[w],
            )
        limit = rules["max_mm_increase_per_day_ratio"]
        previous = row.get("previous_mm_ratio")
        if side == "maintenance" and limit is not None and previous is not None:
            gone = (market.as_of_ns - (row.get("previous_ts_ns") or 0)) / NS_PER_DAY
            buffered = max(measure, min(buffered, previous + limit * gone))
        moves.append(min(max(buffered, rules["floor_ratio"]), rules["cap_ratio"]))
    return [-moves[0], moves[1]]


def dynamic_unit(market: Market, name: str, held: Sequence[Held], policy: Policy) -> list[Line]:
    """Repricing at lognormal expected-shortfall moves, and depth."""
    rules = policy.section("dynamic", name)
    moves = {side: dynamic_moves(market, name, policy, side) for side in SIDES}
    # A spread's loss may shrink as the move grows: initial margin looks at all four moves.
    damps = policy.has("anti_procyclicality")
    bare = {side: measured_moves(market, name, policy, side) for side in SIDES}
    if damps:  # never below the measure, whatever a wider move would do to the book
        moves = {side: moves[side] + bare[side] for side in SIDES}
    moves["initial"] = moves["initial"] + moves["maintenance"]
    bare["initial"] = bare["initial"] + bare["maintenance"]

    def loss(at: list[float]) -> float:
        table = [
            [-h.quantity * h.contract.profit(Shock(m, 0.0, 1.0), None) for m in at] for h in held
        ]
        if rules["netting"] == "underlying":
            return max(0.0, *map(math.fsum, zip(*table, strict=True)))
        return math.fsum(max(0.0, *row) for row in table)

    losses = {side: loss(moves[side]) for side in SIDES}
    scans = {side: loss(bare[side]) for side in SIDES} if damps else losses
    depth = 0.0
    if rules["depth_factor"] > 0.0:
        delta = math.fsum(h.quantity * h.contract.delta() for h in held)
        notional = abs(delta) * market.index(name) * market.quote(name)
        ratio, resting = rules["depth_cap_ratio"], market.underlying(name).get("depth_notional")
        if resting is not None and resting > 0.0:
            ratio = min(ratio, rules["depth_factor"] * math.sqrt(notional / resting))
        depth = notional * ratio
    added = {side: losses[side] - scans[side] for side in SIDES}
    return [
        Line(name, "scan", scans["initial"], scans["maintenance"]),
        Line(name, "depth", depth, 0.0),
        Line(name, "anti_procyclicality", added["initial"], added["maintenance"]),
    ]


# scenario


def grid(rules: Mapping[str, Any]) -> list[Shock]:
    """Price by volatility shocks, then the tails."""
    vols = [rules["vol_up"]] if rules["vol_up"] else []
    vols += [0.0] + ([-rules["vol_down"]] if rules["vol_down"] else [])
    steps = rules["price_steps"]
    points = [
        Shock(i * rules["price_range"] / steps, vol, 1.0)
        for i in range(-steps, steps + 1)
        for vol in vols
    ]
    return points + [Shock(t["move"], rules["vol_up"], t["weight"]) for t in rules["tails"]]


def strike_nodes(held: Iterable[Held], rules: Mapping[str, Any]) -> list[Shock]:
    """Moves that bring the forward of an option held long to its strike, inside the range."""
    if not rules["strike_nodes"]:
        return []
    moves = {h.contract.move_to_strike() for h in held if h.contract.is_option and h.quantity > 0}
    vols = sorted({p.vol for p in grid({**rules, "tails": []})})
    inside = [m for m in sorted(moves) if abs(m) <= rules["price_range"]]
    return [Shock(m, vol, 1.0) for m in inside for vol in vols]


class Scan(NamedTuple):
    """Profit of a unit by scenario: `grid` of them on the grid and its tails, then the strikes."""

    shocks: list[Shock]
    profits: list[float]
    grid: int

    def loss(self, up: bool = True, down: bool = True) -> float:
        """Worst loss, at least 0, over up moves, down moves or both."""
        pairs = zip(self.shocks, self.profits, strict=True)
        return max(0.0, *(-p for s, p in pairs if (up and s.move >= 0) or (down and s.move <= 0)))


def scan_unit(
    market: Market, name: str, held: Sequence[Held], policy: Policy, linked_worth: float
) -> Scan:
    """Profits over the grid, its tails and the strikes."""
    rules = policy.section("scenario", name)
    points = grid(rules)
    shocks = points + strike_nodes(held, rules)
    profits = []
    for shock in shocks:
        parts = [h.quantity * h.contract.profit(shock, rules) for h in held]
        parts.append(shock.weight * shock.move * linked_worth)
        profits.append(math.fsum(parts))
    return Scan(shocks, profits, len(points))


def expiry_deltas(held: Iterable[Held]) -> dict[int, float]:
    """Net delta by expiry, coin-settled options less their premium; 0 holds what has none."""
    deltas: dict[int, float] = {}
    for h in held:
        expiry = h.contract.expiry_ns
        deltas[expiry] = deltas.get(expiry, 0.0) + h.quantity * h.contract.delta(True)
    return deltas


def scenario_unit(
    market: Market, name: str, held: Sequence[Held], policy: Policy, scan: Scan
) -> list[Line]:
    """The worst loss and its charges."""
    rules = policy.section("scenario", name)
    series: dict[str, float] = {}
    notionals = {}
    for h in held:
        if h.contract.is_option:
            series[h.contract.name] = series.get(h.contract.name, 0.0) + h.quantity
            notionals[h.contract.name] = h.contract.notional()
    short = math.fsum(max(-q, 0.0) * notionals[s] for s, q in series.items())
    unit = market.index(name) * market.quote(name)
    deltas = expiry_deltas(held)
    roll = math.fsum(
        abs(delta)
        * unit
        * max(rules["roll_ratio_annual"] * market.years(expiry), rules["roll_ratio_min"])
        for expiry, delta in deltas.items()
    )
    long_delta = math.fsum(d for d in deltas.values() if d > 0)
    short_delta = -math.fsum(d for d in deltas.values() if d < 0)
    charges = {
        "scan": scan.loss(),
        "short_option": rules["short_option_ratio"] * short,
        "roll": roll,
        "basis": rules["basis_ratio"] * unit * min(long_delta, short_delta),
    }
    initial, maintenance = rules["initial_factor"], rules["maintenance_factor"]
    return [Line(name, part, initial * c, maintenance * c) for part, c in charges.items()]


# netting


def norm(names: Sequence[str], losses: Mapping[str, tuple[float, float]], rho: Any) -> float:
    """Largest of sqrt(sum s_u s_v rho_uv R_u R_v) over all sign vectors."""
    largest = 0.0
    for signs in itertools.product((1, -1), repeat=len(names)):
        signed = [s * losses[n][0 if s > 0 else 1] for s, n in zip(signs, names, strict=True)]
        square = math.fsum(
            x * y * rho(u, v)
            for u, x in zip(names, signed, strict=True)
            for v, y in zip(names, signed, strict=True)
        )
        largest = max(largest, square)
    return math.sqrt(largest)


def netted(losses: Mapping[str, tuple[float, float]], policy: Policy) -> float:
    """M of the correlation rule; `losses` holds R+ and R- by underlying."""
    worst = {name: max(pair) for name, pair in losses.items()}
    total = math.fsum(worst.values())
    by_size = sorted(worst, key=lambda name: -worst[name])
    entering, rest = by_size[:NORM_UNITS], by_size[NORM_UNITS:]
    share = policy.netting["correlation_break"]

    def given(u: str, v: str) -> float:
        return policy.correlation(u, v)

    def to_zero(u: str, v: str) -> float:
        return 1.0 if u == v else given(u, v) * (1.0 - share)

    def to_one(u: str, v: str) -> float:
        return 1.0 if u == v else given(u, v) + share * (1.0 - given(u, v))

    combined = max(norm(entering, losses, rho) for rho in (given, to_zero, to_one))
    combined += math.fsum(worst[name] for name in rest)
    floor = (1.0 - policy.netting["credit_cap_ratio"]) * total
    return min(max(combined, floor, *worst.values()), total)


def netting_line(scans: Mapping[str, Scan], policy: Policy) -> Line:
    """M less the sum of scans, with each unit's factor in its losses."""
    credit = []
    for side in SIDES:
        losses = {}
        for name, scan in scans.items():
            factor = policy.section("scenario", name)[f"{side}_factor"]
            losses[name] = (factor * scan.loss(down=False), factor * scan.loss(up=False))
        credit.append(netted(losses, policy) - math.fsum(max(pair) for pair in losses.values()))
    return Line(None, "netting", *credit)
