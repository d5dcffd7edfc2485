"""Initial margin with resting orders, from `cpp/src/margin/README.md`: their worst subset trades.

One function a rule, of one pocket; nothing is remembered between calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.oracle import margin_methods as methods
from tests.oracle.margin_market import Market
from tests.oracle.margin_methods import Held
from tests.oracle.margin_policy import Policy
from tests.oracle.margin_values import Shock, settle_key

NO_VOL_SHOCK = None  # contracts are revalued with their volatility held


@dataclass
class Desk:
    """A pocket's rules, positions and orders; an order is `Held` at its own price."""

    market: Market
    policy: Policy
    held: Mapping[str, Sequence[Held]]
    orders: Mapping[str, Sequence[Held]]
    linked: Mapping[str, float]  # simulated collateral
    doubts: Mapping[str, float]
    counted: Callable[[tuple[str, str]], float]  # weight of what comes in

    @property
    def offsets(self) -> bool:
        """A fill's gain against the mark offsets its loss only where losses simply add up."""
        return bool(self.policy.netting["rule"] == "sum")

    def gain(self, order: Held) -> float:
        """What initial equity gains if the order trades in full at its own price."""
        contract = order.contract
        if contract.kind not in ("option", "spot"):
            return order.quantity * contract.value(order.entry)
        assert order.entry is not None
        paid = order.quantity * contract.multiplier * order.entry * contract.settle
        counts = contract.kind == "spot" or self.policy.options_in_equity
        worth = order.quantity * contract.value(None) if counts else 0.0
        return worth - (paid if paid > 0.0 else paid * self.counted(settle_key(contract.row)))

    def lost(self, orders: Sequence[Held]) -> float:
        """What orders lose against the mark, each for itself."""
        return math.fsum(max(0.0, -self.gain(o)) for o in orders)

    def everything(self) -> list[Held]:
        """All orders."""
        return [o for unit in self.orders.values() for o in unit]


def two_sided(
    desk: Desk,
    name: str,
    shocks: Sequence[Shock],
    rules: Mapping[str, Any] | None,
    factor: float,
) -> tuple[float, float]:
    """R+ and R-: in each scenario every order that hurts has traded."""
    held, orders = desk.held.get(name, ()), desk.orders.get(name, ())
    gains = [desk.gain(o) if desk.offsets else 0.0 for o in orders]
    up = down = desk.lost(orders) if desk.offsets else 0.0
    for shock in shocks:
        own = [h.quantity * h.contract.profit(shock, rules) for h in held]
        own.append(shock.weight * shock.move * desk.linked.get(name, 0.0))
        rows = [o.quantity * o.contract.profit(shock, rules) for o in orders]
        hurt = [max(0.0, -(factor * r + g)) for r, g in zip(rows, gains, strict=True)]
        loss = math.fsum(hurt) - factor * math.fsum(own)
        up = max(up, loss) if shock.move >= 0.0 else up
        down = max(down, loss) if shock.move <= 0.0 else down
    return up, down


def doubted(desk: Desk, name: str) -> float:
    """The `oracle` line with every order filled."""
    doubt = desk.doubts.get(name, 0.0)
    if doubt == 0.0:
        return 0.0
    both = (*desk.held.get(name, ()), *desk.orders.get(name, ()))
    bases = math.fsum(abs(h.quantity * h.contract.delta()) for h in both)
    return doubt * bases * desk.market.index(name) * desk.market.quote(name)


def series_short(desk: Desk, name: str) -> float:
    """Notional of options net short by series, were every sell filled."""
    net: dict[Any, float] = {}
    notional: dict[Any, float] = {}
    for side, rows in ((0, desk.held.get(name, ())), (1, desk.orders.get(name, ()))):
        for h in rows:
            if h.contract.is_option:
                key = h.contract.name
                quantity = min(h.quantity, 0.0) if side else h.quantity
                net[key] = net.get(key, 0.0) + quantity
                notional[key] = h.contract.notional()
    return math.fsum(max(-q, 0.0) * notional[key] for key, q in net.items())


def expiry_charges(desk: Desk, name: str, rules: Mapping[str, Any]) -> float:
    """Roll and basis with each expiry's delta at either end of what its orders can make of it."""
    held, orders = desk.held.get(name, ()), desk.orders.get(name, ())
    deltas = methods.expiry_deltas(held)
    highs = methods.expiry_deltas([o for o in orders if o.quantity * o.contract.delta(True) > 0.0])
    lows = methods.expiry_deltas([o for o in orders if o.quantity * o.contract.delta(True) <= 0.0])
    unit = desk.market.index(name) * desk.market.quote(name)
    roll = longs = shorts = 0.0
    for expiry in {*deltas, *highs, *lows}:
        now = deltas.get(expiry, 0.0)
        high, low = now + highs.get(expiry, 0.0), now + lows.get(expiry, 0.0)
        years = desk.market.years(expiry)
        ratio = max(rules["roll_ratio_annual"] * years, rules["roll_ratio_min"])
        roll += max(abs(high), abs(low)) * unit * ratio
        longs, shorts = longs + max(high, 0.0), shorts + max(-low, 0.0)
    return roll + rules["basis_ratio"] * unit * min(longs, shorts)


def scenario_initial(desk: Desk) -> float:
    """Every unit's scan with its orders, netted, and the charges by size."""
    parts: list[float] = []
    losses: dict[str, tuple[float, float]] = {}
    for name in sorted({*desk.held, *desk.orders, *desk.linked}):
        rules = desk.policy.section("scenario", name)
        factor = rules["initial_factor"]
        both = (*desk.held.get(name, ()), *desk.orders.get(name, ()))
        shocks = methods.grid(rules) + methods.strike_nodes(both, rules)
        losses[name] = two_sided(desk, name, shocks, rules, factor)
        parts.append(factor * rules["short_option_ratio"] * series_short(desk, name))
        parts.append(factor * expiry_charges(desk, name, rules))
        parts.append(doubted(desk, name))
    if desk.offsets:
        parts += [max(pair) for pair in losses.values()]
    else:
        parts += [methods.netted(losses, desk.policy), desk.lost(desk.everything())]
    return math.fsum(parts)


def gross_losses(desk: Desk, name: str, shocks: Sequence[Shock]) -> float:
    """Every instrument at the size that loses most alone; of one held both ways each side."""
    held, orders = desk.held.get(name, ()), desk.orders.get(name, ())
    by_name = {h.contract.name: h.contract for h in (*held, *orders)}

    def worst(contract: Any, quantity: float) -> float:
        return max(0.0, *(-quantity * contract.profit(s, NO_VOL_SHOCK) for s in shocks))

    total = []
    for key, contract in by_name.items():
        rows = [h.quantity for h in held if h.contract.name == key]
        buys = math.fsum(o.quantity for o in orders if o.contract.name == key and o.quantity > 0)
        sells = math.fsum(o.quantity for o in orders if o.contract.name == key and o.quantity < 0)
        if min(rows, default=0.0) < 0.0 < max(rows, default=0.0):
            longs = math.fsum(q for q in rows if q > 0.0)
            shorts = math.fsum(q for q in rows if q < 0.0)
            total += [worst(contract, longs + buys), worst(contract, shorts + sells)]
            continue
        net = math.fsum(rows)
        as_held = math.fsum(worst(contract, q) for q in rows)
        total.append(max(as_held, worst(contract, net + buys), worst(contract, net + sells)))
    return math.fsum(total)


def dynamic_initial(desk: Desk) -> float:
    """All four moves, and the depth charge of the larger net delta."""
    parts = [desk.lost(desk.everything())] if not desk.offsets else []
    for name in sorted({*desk.held, *desk.orders}):
        rules = desk.policy.section("dynamic", name)
        moves = [
            m
            for side in methods.SIDES
            for m in methods.dynamic_moves(desk.market, name, desk.policy, side)
        ]
        shocks = [Shock(m, 0.0, 1.0) for m in moves]
        held, orders = desk.held.get(name, ()), desk.orders.get(name, ())
        if rules["netting"] == "underlying":
            parts.append(max(two_sided(desk, name, shocks, NO_VOL_SHOCK, 1.0)))
        else:
            parts.append(gross_losses(desk, name, shocks))
            if desk.offsets:
                parts.append(desk.lost(orders))
        now = math.fsum(h.quantity * h.contract.delta() for h in held)
        added = [o.quantity * o.contract.delta() for o in orders]
        high = now + math.fsum(d for d in added if d > 0.0)
        low = now + math.fsum(d for d in added if d <= 0.0)
        notional = max(abs(high), abs(low)) * desk.market.index(name) * desk.market.quote(name)
        if rules["depth_factor"] > 0.0:
            resting = desk.market.underlying(name).get("depth_notional")
            ratio = rules["depth_cap_ratio"]
            if resting is not None and resting > 0.0:
                ratio = min(ratio, rules["depth_factor"] * math.sqrt(notional / resting))
            parts.append(notional * ratio)
        parts.append(doubted(desk, name))
    return math.fsum(parts)


def lost_to_haircuts(desk: Desk) -> float:
    """What haircuts take where orders turn open profit into balances, each at its best close."""
    orders = desk.everything()
    every = [*(h for unit in desk.held.values() for h in unit), *orders]
    lost = []
    for order in orders:
        contract = order.contract
        if contract.kind in ("option", "spot"):
            continue
        key = settle_key(contract.row)
        whole = desk.policy.simulated and desk.market.linked(key) is not None
        weight = 1.0 if whole else desk.counted(key)
        against = [
            h for h in every if h.contract.name == contract.name and h.quantity * order.quantity < 0
        ]
        made = [
            -math.copysign(1.0, order.quantity)
            * (contract.value(h.entry) - contract.value(order.entry))
            for h in against
        ]
        lost.append((1.0 - weight) * abs(order.quantity) * max(0.0, *made, 0.0))
    return math.fsum(lost)


def is_larger_side(order: Held, held: Sequence[Held], orders: Sequence[Held]) -> bool:
    """Whether an order's side leaves its instrument larger; an option needs margin when short.

    Where both sides are held every order joins its own.
    """
    if order.contract.is_option:
        return order.quantity < 0.0
    same = [h.quantity for h in held if h.contract.name == order.contract.name]
    if min(same, default=0.0) < 0.0 < max(same, default=0.0):
        return True
    net = math.fsum(same)
    resting = [o.quantity for o in orders if o.contract.name == order.contract.name]
    buys = math.fsum(q for q in resting if q > 0)
    sells = math.fsum(q for q in resting if q < 0)
    return (abs(net + buys) >= abs(net + sells)) == (order.quantity > 0.0)


def fixed_initial(
    desk: Desk, filled: Callable[[Sequence[Held]], Mapping[str, list[Held]]]
) -> float:
    """Line by line the largest of four fills, and what every order loses against the mark."""
    orders = desk.everything()
    every = [h for unit in desk.held.values() for h in unit]
    takes: tuple[Callable[[Held], bool], ...] = (
        lambda o: False,
        lambda o: is_larger_side(o, every, orders),
        lambda o: o.quantity > 0.0,
        lambda o: o.quantity < 0.0,
    )
    largest: dict[tuple[str, str], float] = {}
    for take in takes:
        asked: dict[tuple[str, str], list[float]] = {}
        for name, held in filled([o for o in orders if take(o)]).items():
            for line in methods.fixed_unit(name, held, desk.policy):
                asked.setdefault((name, line.component), []).append(line.initial)
        for key, parts in asked.items():
            largest[key] = max(largest.get(key, 0.0), math.fsum(parts))
    doubts = [doubted(desk, name) for name in {*desk.held, *desk.orders}]
    return math.fsum([*largest.values(), *doubts]) + desk.lost(orders)
