"""The slow, obvious twin of the batch engine, written from `cpp/src/margin/README.md`.

Python floats and loops, fractions where money meets a border. Nothing here may be taken from the
C++ or call its kernels. Inputs are rows as a user writes them; see `Inputs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.oracle import margin_methods as methods
from tests.oracle import margin_venues as venues
from tests.oracle.margin_add_ons import pocket_lines, unit_lines
from tests.oracle.margin_market import Market, MissingInputError, Row, asset_key
from tests.oracle.margin_methods import Held, Line, Scan
from tests.oracle.margin_policy import Policy
from tests.oracle.margin_safety import with_safety
from tests.oracle.margin_values import Contract, settle_key

STATES = ("healthy", "warning", "margin_call", "liquidating", "bankrupt", "undecidable")
TICKS_MAX = 2**62


@dataclass(frozen=True)
class Inputs:
    """Rows of a market and a portfolio, and the mapping of a policy."""

    as_of_ns: int
    market: Mapping[str, Sequence[Row]]
    portfolio: Mapping[str, Sequence[Row]]
    policy: Mapping[str, Any]
    numeraire: str = "USD"

    def with_portfolio(self, **tables: Sequence[Row]) -> Inputs:
        """The same with some tables of the portfolio replaced."""
        return replace(self, portfolio={**self.portfolio, **tables})


@dataclass
class Pocket:
    """What the twin says about one pocket; amounts unrounded."""

    account: str
    pocket: str
    statuses: frozenset[str] = frozenset()  # what is missing
    equity: float = math.nan
    equity_initial: float = math.nan
    lines: list[Line] = field(default_factory=list)
    scans: dict[str, Scan] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    plain_value: float = math.nan  # of everything, without haircuts
    gross_notional: float = math.nan
    scale: float = 0.0  # sum of all magnitudes that enter, for tolerances

    @property
    def initial_margin(self) -> float:
        """Unrounded."""
        return math.fsum(line.initial for line in self.lines)

    @property
    def maintenance_margin(self) -> float:
        """Unrounded."""
        return math.fsum(line.maintenance for line in self.lines)


def signed_quantity(row: Row) -> float:
    """Contracts, negative for short."""
    quantity = float(row["quantity"])
    return -quantity if row.get("side") == "short" else quantity


class Twin:
    """Margins accounts one by one."""

    states = STATES

    def __init__(self, inputs: Inputs, decimals: int = 6) -> None:
        self.inputs = inputs
        self.policy = Policy(inputs.policy)
        self.ticks = 10**decimals  # a unit of the numeraire
        self.market = Market(inputs.market, inputs.as_of_ns, inputs.numeraire)
        self.instruments = {row["instrument"]: row for row in inputs.portfolio["instruments"]}
        accounts = inputs.portfolio.get("accounts", ())
        self._credit_scores = {row["account"]: row.get("credit_score") for row in accounts}

    def pockets(self, index: Mapping[str, float] | None = None) -> dict[tuple[str, str], Pocket]:
        """All pockets by (account, pocket), at the market or at an index.

        Every account has its cross pocket; an isolated one is there while it holds something.
        """
        market = self.market.moved(index) if index else self.market
        positions: dict[tuple[str, str], list[Row]] = {}
        balances: dict[tuple[str, str], list[Row]] = {}
        for into, name in ((positions, "positions"), (balances, "balances")):
            for row in self.inputs.portfolio[name]:
                key = row["account"], row.get("pocket") or "cross"
                into.setdefault(key, []).append(row)
        held = {key for key, rows in positions.items() if any(r["quantity"] != 0 for r in rows)}
        cross = {(row["account"], "cross") for row in self.inputs.portfolio["accounts"]}
        keys = sorted({*held, *balances, *cross})
        return {
            key: self._pocket(market, key, positions.get(key, ()), balances.get(key, ()))
            for key in keys
        }

    def carries(self, key: tuple[str, str]) -> int:
        """How much a pocket carries: 2 positions or debts, 1 balances, 0 nothing.

        Of an account's pockets only those that carry most say how far it is from falling short.
        """
        held = {
            name: [
                row[amount]
                for row in self.inputs.portfolio[name]
                if (row["account"], row.get("pocket") or "cross") == key
            ]
            for name, amount in (("positions", "quantity"), ("balances", "amount"))
        }
        if any(held["positions"]) or any(amount < 0.0 for amount in held["balances"]):
            return 2
        return int(any(held["balances"]))

    def _contract(self, market: Market, name: Any) -> Contract:
        """A contract at a market."""
        return Contract(market, self.instruments[name])

    def _pocket(
        self,
        market: Market,
        key: tuple[str, str],
        positions: Sequence[Row],
        balances: Sequence[Row],
    ) -> Pocket:
        pocket = Pocket(*key)
        statuses: set[str] = set()
        held: dict[str, list[Held]] = {}
        for row in positions:
            quantity = signed_quantity(row)
            if quantity == 0.0:
                continue
            try:
                contract = self._contract(market, row["instrument"])
                entry = row.get("entry_price")
                held.setdefault(contract.underlying, []).append(Held(contract, quantity, entry))
            except MissingInputError as missing:
                statuses |= missing.statuses
            if self.policy.method == "dynamic":
                name = self.instruments[row["instrument"]]["underlying"]
                if market.underlying(name).get("realised_vol_annual") is None:
                    statuses.add("missing_vol")
        worth = []
        for row in balances:
            if row["amount"] == 0.0:
                continue
            try:
                worth.append((asset_key(row), row["amount"] * market.price(asset_key(row))))
            except MissingInputError as missing:
                statuses |= missing.statuses
        if statuses:
            pocket.statuses = frozenset(statuses)
            return pocket
        pocket.held = held
        self._value(market, pocket, worth)
        self._require(market, pocket, worth)
        base = pocket.lines
        pocket.lines = with_safety(base, self.policy.safety_factor)
        self._add_on_top(market, pocket, worth, base)
        return pocket

    def _add_on_top(
        self,
        market: Market,
        pocket: Pocket,
        worth: Sequence[tuple[tuple[str, str], float]],
        base: Sequence[Line],
    ) -> None:
        """Add-ons; each is charged on what the method asks for, none on another's."""
        missing: set[str] = set()
        context = (self.policy, worth)
        for name, unit in pocket.held.items():
            mine = [line for line in base if line.underlying == name]
            own = math.fsum(x.initial for x in mine), math.fsum(x.maintenance for x in mine)
            lines, lacks = unit_lines(market, name, unit, own, context)
            pocket.lines += lines
            missing |= lacks
        own = math.fsum(x.initial for x in base), math.fsum(x.maintenance for x in base)
        score = self._credit_scores.get(pocket.account)
        lines, lacks = pocket_lines(market, pocket.held, own, context, score)
        pocket.lines += lines
        pocket.statuses = frozenset(missing | lacks)

    def _value(
        self, market: Market, pocket: Pocket, worth: Sequence[tuple[tuple[str, str], float]]
    ) -> None:
        values, options, notionals = [], [], []
        for held in (h for unit in pocket.held.values() for h in unit):
            value = held.quantity * held.contract.value(held.entry)
            (options if held.contract.is_option else values).append(value)
            notionals.append(abs(held.quantity) * held.contract.notional())
        counted = values + options if self.policy.options_in_equity else values
        equities = [
            math.fsum([self._counted(market, key, amount, m) for key, amount in worth] + counted)
            for m in (False, True)
        ]
        pocket.equity_initial, pocket.equity = equities
        pocket.plain_value = math.fsum([amount for _, amount in worth] + values + options)
        pocket.gross_notional = math.fsum(notionals)
        magnitudes = [abs(amount) for _, amount in worth] + [abs(v) for v in values + options]
        pocket.scale = math.fsum(magnitudes + notionals)

    def _counted(
        self, market: Market, key: tuple[str, str], amount: float, maintenance: bool
    ) -> float:
        """What a balance adds to equity."""
        if amount < 0.0 or (self.policy.simulated and market.linked(key) is not None):
            return amount
        return amount * self.policy.weight(key, maintenance)

    def _require(
        self, market: Market, pocket: Pocket, worth: Sequence[tuple[tuple[str, str], float]]
    ) -> None:
        if self.policy.method == "fixed":
            for name, held in pocket.held.items():
                pocket.lines += methods.fixed_unit(name, held, self.policy)
            return
        if self.policy.method == "dynamic":
            for name, held in pocket.held.items():
                pocket.lines += methods.dynamic_unit(market, name, held, self.policy)
            return
        if self.policy.method == "matrix":
            for name, held in pocket.held.items():
                pocket.lines += venues.matrix_unit(market, name, held, self.policy)
            return
        if self.policy.method == "span":
            pocket.lines += venues.span_lines(market, pocket.held, self.policy)
            return
        linked = self._linked_worth(market, pocket, worth) if self.policy.simulated else {}
        for name in sorted({*pocket.held, *linked}):
            held = pocket.held.get(name, [])
            scan = methods.scan_unit(market, name, held, self.policy, linked.get(name, 0.0))
            pocket.scans[name] = scan
            pocket.lines += methods.scenario_unit(market, name, held, self.policy, scan)
        if self.policy.netting["rule"] == "correlation" and pocket.scans:
            pocket.lines.append(methods.netting_line(pocket.scans, self.policy))

    @staticmethod
    def _linked_worth(
        market: Market, pocket: Pocket, worth: Sequence[tuple[tuple[str, str], float]]
    ) -> dict[str, float]:
        """A by underlying: balances and unrealised futures profit in assets linked to it."""
        linked: dict[str, float] = {}
        parts = list(worth)
        for held in (h for unit in pocket.held.values() for h in unit):
            if held.contract.kind in ("future", "perpetual"):
                key = settle_key(held.contract.row)
                parts.append((key, held.quantity * held.contract.value(held.entry)))
        for key, amount in parts:
            name = market.linked(key)
            if name is not None:
                linked[name] = linked.get(name, 0.0) + amount
        return linked

    # From numbers to a state.

    def floor_ticks(self, amount: float) -> int:
        """Whole ticks, rounded down."""
        numerator, denominator = amount.as_integer_ratio()
        return numerator * self.ticks // denominator

    def ceil_ticks(self, amount: float, level: float = 1.0) -> int:
        """Whole ticks of `level` times an amount, rounded up; the product is exact."""
        (a, b), (c, d) = amount.as_integer_ratio(), level.as_integer_ratio()
        return -(-a * c * self.ticks // (b * d))

    def slack_ticks(self, pocket: Pocket, level: float) -> int:
        """floor(equity) less ceil(level x maintenance)."""
        return self.floor_ticks(pocket.equity) - self.ceil_ticks(pocket.maintenance_margin, level)

    def net_value(self, pocket: Pocket) -> float:
        """What the bankrupt test looks at."""
        return pocket.plain_value - self.policy.close_out_cost_ratio * pocket.gross_notional

    def fault(self, pocket: Pocket) -> str | None:
        """What no decision can rest on: a number that is none, or more ticks than fit."""
        amounts = (
            pocket.equity,
            pocket.equity_initial,
            pocket.initial_margin,
            pocket.maintenance_margin,
            self.net_value(pocket),
        )
        if not all(math.isfinite(a) for a in amounts):
            return "not_finite"
        ticks = [self.ceil_ticks(abs(amount)) for amount in amounts]
        ticks += [self.ceil_ticks(abs(amounts[3]), level) for level in self.policy.levels.values()]
        return "overflow" if max(ticks) > TICKS_MAX else None

    def state(self, pocket: Pocket) -> str:
        """The state of one pocket."""
        if pocket.statuses or self.fault(pocket) is not None:
            return "undecidable"
        levels = self.policy.levels
        if self.slack_ticks(pocket, levels["liquidation"]) < 0:
            return "bankrupt" if self.net_value(pocket) < 0.0 else "liquidating"
        if self.slack_ticks(pocket, levels["margin_call"]) < 0:
            return "margin_call"
        if self.slack_ticks(pocket, levels["warning"]) < 0:
            return "warning"
        return "healthy"

    def border_distance(self, pocket: Pocket) -> float:
        """How far the nearest border of a state is, numeraire."""
        borders = [
            abs(pocket.equity - level * pocket.maintenance_margin)
            for level in self.policy.levels.values()
        ]
        return min([*borders, abs(self.net_value(pocket))])
