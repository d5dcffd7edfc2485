"""One pocket of the live twin: doubt, halted chains, resting orders, a policy's ramp; its state.

The numbers are the margin twin's; what is here is what the live page adds to them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.live_ledger import PocketBook, trade
from tests.oracle.live_market import LiveMarket, View, asset_name
from tests.oracle.live_orders import (
    Desk,
    dynamic_initial,
    fixed_initial,
    lost_to_haircuts,
    scenario_initial,
)
from tests.oracle.margin import Inputs, Pocket, Twin
from tests.oracle.margin_market import Market, MissingInputError, Row
from tests.oracle.margin_methods import Held, Line
from tests.oracle.margin_pricing import Sheet
from tests.oracle.margin_values import Contract, Shock

STATES = ("healthy", "warning", "margin_call", "liquidating", "bankrupt", "undecidable")
RANK = {state: rank for rank, state in enumerate(STATES)}
# What is missing, in the order of precedence; then what a number may be.
STATUSES = (
    *("missing_price", "missing_vol", "missing_forward", "missing_asset_price"),
    *("missing_confidence", "missing_index_time", "missing_funding", "missing_borrow_rate"),
    *("missing_regime", "missing_macro", "missing_rate_stress", "missing_credit_score"),
    *("missing_asset_risk", "missing_velocity", "missing_flow", "missing_open_interest"),
    *("missing_peg", "unsupported_contract"),
)
LEVELS = ("liquidation", "margin_call", "warning")
STATE_OF = {"liquidation": "liquidating", "margin_call": "margin_call", "warning": "warning"}
# Two programs that add the same numbers in another order; see tests/property/compare.py.
FLOAT_SHARE = 1e-9
TICKS_NEAR = 4  # and the rounding of each amount

# What a contract's shocked volatility reads of the rules.
SHOCK_RULES = (
    "min_days",
    "vol_reference_days",
    "vol_power_short",
    "vol_power_long",
    "vol_shock",
    "vol_up_floor_annual",
)


class Priced(Contract):
    """A contract that remembers what it was priced at: every pocket asks the same, and the next
    record may find it as the last one left it.
    """

    def __init__(self, market: Market, row: Row, before: Priced | None) -> None:
        super().__init__(market, row)
        self.given = [value for name, value in vars(self).items() if name != "market"]
        same = before is not None and before.given == self.given
        self._sheets: dict[tuple[float, float | None], Sheet]
        self._profits: dict[tuple[object, ...], float]
        self._sheets, self._profits = (before._sheets, before._profits) if same else ({}, {})

    def profit(self, shock: Shock, rules: Mapping[str, Any] | None) -> float:
        """Profit of a long contract in a scenario."""
        if not self.is_option:
            return super().profit(shock, rules)
        key = (shock, rules and tuple(rules[name] for name in SHOCK_RULES))
        if key not in self._profits:
            self._profits[key] = super().profit(shock, rules)
        return self._profits[key]

    def sheet(self, move: float = 0.0, vol: float | None = None) -> Sheet:
        """Undiscounted price and derivatives."""
        if (move, vol) not in self._sheets:
            self._sheets[move, vol] = super().sheet(move, vol)
        return self._sheets[move, vol]


@dataclass
class Snapshot:
    """A market after one record, with the contracts that were looked at."""

    market: LiveMarket
    view: View
    halted: frozenset[str]  # symbols whose chain stands still
    doubts: list[float]
    contracts: dict[int, Contract | MissingInputError] = field(default_factory=dict)

    def contract(self, number: int) -> Contract:
        """A contract, or what it misses, once."""
        if number not in self.contracts:
            try:
                kept = self.market.priced
                kept[number] = Priced(self.view, self.market.instruments[number], kept.get(number))
                self.contracts[number] = kept[number]
            except MissingInputError as missing:
                self.contracts[number] = missing
        got = self.contracts[number]
        if isinstance(got, MissingInputError):
            raise MissingInputError(*got.statuses)
        return got


@dataclass
class Ramp:
    """A policy change under way, of one account: where from, and the share still to come."""

    before: LiveMargin
    left: float


@dataclass
class Numbers:
    """A pocket as of a record; ticks where decidable."""

    pocket: Pocket
    status: str
    net_value: float = math.nan
    equity: int = 0
    equity_initial: int = 0
    initial: int = 0
    maintenance: int = 0
    slack: int = 0
    near: float = 0.0  # ticks within which two correct programs may differ

    @property
    def known(self) -> bool:
        """Whether the amounts are there."""
        return self.status == "ok"


class LiveMargin(Twin):
    """The margin twin of one policy over a snapshot."""

    def __init__(self, snapshot: Snapshot, policy: Mapping[str, Any], decimals: int) -> None:
        nothing: dict[str, Sequence[Row]] = {"instruments": []}
        tables = snapshot.view.tables
        super().__init__(Inputs(snapshot.view.as_of_ns, tables, nothing, policy), decimals)
        self.snapshot = snapshot
        self.market = snapshot.view
        self.instruments = dict(enumerate(snapshot.market.instruments))

    def _contract(self, market: Market, name: Any) -> Contract:
        return self.snapshot.contract(name)

    def _counted(
        self, market: Market, key: tuple[str, str], amount: float, maintenance: bool
    ) -> float:
        linked = market.linked(key)
        doubt = 0.0 if linked is None else self.snapshot.doubts[int(linked)]
        if amount > 0.0 and not maintenance and key[0] in self.snapshot.halted:
            return 0.0
        amount *= 1.0 - doubt if amount > 0.0 else 1.0 + doubt
        return super()._counted(market, key, amount, maintenance)

    def _require(
        self, market: Market, pocket: Pocket, worth: Sequence[tuple[tuple[str, str], float]]
    ) -> None:
        super()._require(market, pocket, worth)
        for name, held in pocket.held.items():
            doubt = self.snapshot.doubts[int(name)]
            if doubt > 0.0:
                bases = math.fsum(abs(h.quantity * h.contract.delta()) for h in held)
                line = doubt * bases * market.index(name) * market.quote(name)
                pocket.lines.append(Line(name, "oracle", line, line))

    def _grouped(self, rows: Sequence[Row]) -> dict[str, list[Held]]:
        """Rows by underlying; those on a contract without a value are left out."""
        out: dict[str, list[Held]] = {}
        for row in rows:
            if self._is_over(row):
                continue
            try:
                contract = self.snapshot.contract(row["instrument"])
            except MissingInputError:
                continue
            held = Held(contract, row["quantity"], row["entry_price"])
            out.setdefault(contract.underlying, []).append(held)
        return out

    def _with_orders(
        self, pocket: Pocket, rows: Sequence[Row], worth: Sequence[Row], orders: Sequence[Row]
    ) -> None:
        """What resting orders could add to initial margin at their worst."""
        market, resting = self.market, self._grouped(orders)
        if self.policy.method == "dynamic":
            vols = {u: market.underlying(u).get("realised_vol_annual") for u in resting}
            resting = {u: rows for u, rows in resting.items() if vols[u] is not None}
        if not resting:
            return
        linked: dict[str, float] = {}
        if self.policy.simulated and self.policy.method == "scenario":
            keyed = [((w["asset"], ""), w["amount"]) for w in worth if w["amount"] != 0.0]
            priced = [(key, amount * market.price(key)) for key, amount in keyed]
            linked = self._linked_worth(market, pocket, priced)

        def counted(key: tuple[str, str]) -> float:
            """Haircut and doubt of what comes in; nothing where it cannot be delivered."""
            if key[0] in self.snapshot.halted:
                return 0.0
            on = market.linked(key)
            doubt = 0.0 if on is None else self.snapshot.doubts[int(on)]
            return self.policy.weight(key, False) * (1.0 - doubt)

        def filled(taken: Sequence[Held]) -> dict[str, list[Held]]:
            book = PocketBook([dict(row) for row in rows])
            for order in taken:
                assert order.entry is not None
                named = order.contract.row["instrument"]
                trade(book, self.snapshot.market.instruments, named, order.quantity, order.entry)
            return self._grouped(book.rows)

        doubts = {u: self.snapshot.doubts[int(u)] for u in {*pocket.held, *resting, *linked}}
        desk = Desk(market, self.policy, pocket.held, resting, linked, doubts, counted)
        if self.policy.method == "fixed":
            initial = fixed_initial(desk, filled)
        else:
            rules = {"dynamic": dynamic_initial, "scenario": scenario_initial}
            initial = rules[self.policy.method](desk)
        initial += lost_to_haircuts(desk)
        pocket.lines.append(Line(None, "orders", max(initial - pocket.initial_margin, 0.0), 0.0))
        magnitudes = (abs(o.quantity * o.contract.notional()) for o in desk.everything())
        pocket.scale += math.fsum(magnitudes)

    def _ramped(
        self, pocket: Pocket, book: tuple[Sequence[Row], Sequence[Row]], ramp: Ramp
    ) -> None:
        """What the new policy asks for beyond the old one is given back, as long as it runs."""
        old, before = ramp.before.policy, ramp.before._pocket(self.market, ("", ""), *book)
        if before.statuses:
            return
        more = pocket.maintenance_margin - before.maintenance_margin
        less = before.equity - pocket.equity
        alike = (
            old.options_in_equity == self.policy.options_in_equity
            and old.simulated == self.policy.simulated
        )
        if alike:
            pocket.lines.append(Line(None, "ramp", 0.0, -ramp.left * max(more, 0.0)))
            pocket.equity += ramp.left * max(less, 0.0)
        else:
            given = min(ramp.left * max(more + less, 0.0), pocket.maintenance_margin)
            pocket.lines.append(Line(None, "ramp", 0.0, -given))
        pocket.scale += before.scale

    def numbers(
        self,
        positions: Sequence[Row],
        balances: Mapping[int, float],
        orders: Sequence[Row] = (),
        ramp: Ramp | None = None,
    ) -> Numbers:
        """One pocket from its rows."""
        rows = [{"asset": asset_name(a), "amount": amount} for a, amount in balances.items()]
        pocket = self._pocket(self.market, ("", ""), positions, rows)
        missing = next((s for s in STATUSES if s in pocket.statuses), None)
        if missing is not None:
            return Numbers(pocket, missing)
        self._with_orders(pocket, positions, rows, orders)
        if ramp is not None:
            self._ramped(pocket, (positions, rows), ramp)
        if any(self._is_over(row) for row in positions):
            return Numbers(pocket, "not_finite")
        fault = self.fault(pocket)
        if fault is not None:
            return Numbers(pocket, fault)
        scale = pocket.scale + math.fsum(abs(line.initial) for line in pocket.lines)
        return Numbers(
            pocket,
            "ok",
            self.net_value(pocket),
            self.floor_ticks(pocket.equity),
            self.floor_ticks(pocket.equity_initial),
            self.ceil_ticks(pocket.initial_margin),
            self.ceil_ticks(pocket.maintenance_margin),
            self.slack_ticks(pocket, self.policy.levels["liquidation"]),
            TICKS_NEAR + FLOAT_SHARE * scale * self.ticks,
        )

    def _is_over(self, position: Row) -> bool:
        """An option past its expiry has a value only where its average is known."""
        row = self.instruments[position["instrument"]]
        over = row["kind"] == "option" and row["expiry_ns"] < self.market.as_of_ns
        return bool(over and self.market.settled(row)[0] != 1.0)

    def _border(self, level: float, maintenance: float) -> int:
        return self.ceil_ticks(maintenance, level)

    def next_state(self, now: Numbers, last: str, hysteresis: float) -> tuple[str, bool]:
        """The state that follows from the last decidable one, and whether a border is too near."""
        if not now.known:
            return "undecidable", False
        levels, needed = self.policy.levels, now.pocket.maintenance_margin
        near = False
        state = "healthy"
        for name in reversed(LEVELS):
            entry = self._border(levels[name], needed)
            holds = now.equity < entry
            near = near or abs(now.equity - entry) <= now.near
            if RANK[last] >= RANK[STATE_OF[name]]:
                leave = self._border(levels[name] * (1.0 + hysteresis), needed)
                holds = holds or now.equity < leave
                near = near or abs(now.equity - leave) <= now.near
            if holds:
                state = STATE_OF[name]
        below = now.equity < self._border(levels["liquidation"], needed)
        if state == "liquidating":
            near = near or abs(now.net_value) <= now.near / self.ticks
        near = near and now.pocket.scale > 0.0  # nothing is nothing to any program
        if state == "liquidating" and now.net_value < 0.0 and (below or last == "bankrupt"):
            return "bankrupt", near
        return state, near
