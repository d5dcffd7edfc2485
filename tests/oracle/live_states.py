"""From pockets to accounts: who is in which state after a record, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.oracle.live_ledger import PocketBook
from tests.oracle.live_margin import RANK, LiveMargin, Numbers, Ramp, Snapshot
from tests.oracle.live_market import LiveMarket, asset_name
from tests.oracle.live_records import Event

Key = tuple[int, int]  # account, pocket
TICKS_END = 2**63  # an account's sums
MISSING_FIRST = (
    "missing_price",
    "missing_vol",
    "missing_forward",
    "missing_asset_price",
    "not_finite",
    "overflow",
    "missing_history",
)


@dataclass
class AccountView:
    """What is said of an account; amounts in ticks, 0 where undecidable."""

    state: str = "healthy"
    status: str = "ok"
    blocked: bool = False
    breach: bool = False
    equity: int = 0
    equity_initial: int = 0
    initial: int = 0
    maintenance: int = 0
    slack: int = 0
    near: float = 0.0
    breach_near: bool = False

    def told(self) -> tuple[str, str, bool]:
        """A change of these is an event."""
        return self.state, self.status, self.blocked


@dataclass
class Accounts:
    """The books of all pockets with their last decidable states."""

    books: dict[Key, PocketBook]
    count: int
    last: dict[Key, str] = field(default_factory=dict)
    views: list[AccountView] = field(default_factory=list)
    blocked_since: dict[int, int] = field(default_factory=dict)
    escalated: set[int] = field(default_factory=set)
    # Numbers, with what they were made of.
    kept: dict[Key, tuple[object, Numbers]] = field(default_factory=dict)
    close: set[Key] = field(default_factory=set)  # too close to a border for programs to agree
    near: int = 0  # how often a pocket came so close

    def pockets(self, account: int) -> list[Key]:
        """The cross pocket of an account, then the isolated ones that hold something."""
        return sorted(
            (owner, name)
            for (owner, name), book in self.books.items()
            if owner == account and (name == 0 or not book.holds_nothing())
        )


def marks_of(market: LiveMarket, book: PocketBook) -> set[int]:
    """The underlyings whose marks a pocket depends on."""
    marks = set()
    assets = [asset for asset, amount in book.balances.items() if amount != 0.0]
    for row in book.rows:
        instrument = market.instruments[row["instrument"]]
        marks.add(instrument["underlying"])
        assets.append(instrument["settlement"])
    marks |= {market.assets[a]["underlying"] for a in assets}
    return {mark for mark in marks if mark >= 0}


@dataclass
class Evaluator:
    """All pockets at one moment, under the policies in force."""

    market: LiveMarket
    halted: set[int]
    policies: list[Mapping[str, Any]]
    account_policy: list[int]
    decimals: int
    hysteresis: float
    orders: Mapping[Key, list[dict[str, Any]]] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None  # policies that a ramp comes from
    ramp_left: float = 0.0

    def __post_init__(self) -> None:
        self.doubts = [self.market.doubt(u) for u in range(len(self.market.index))]
        halted = {
            asset_name(i) for i, a in enumerate(self.market.assets) if a["chain"] in self.halted
        }
        self.snapshot = Snapshot(self.market, self.market.view(), frozenset(halted), self.doubts)
        self.read: dict[int, object] = {}
        self.margins: dict[int, LiveMargin] = {}
        self.margins_before: dict[int, LiveMargin] = {}

    def margin(self, account: int) -> LiveMargin:
        """The rules of an account's policy."""
        policy = self.account_policy[account]
        if policy not in self.margins:
            rules = self.policies[policy]
            self.margins[policy] = LiveMargin(self.snapshot, rules, self.decimals)
        return self.margins[policy]

    def ramp(self, account: int) -> Ramp | None:
        """Where an account's maintenance margin comes from."""
        if self.before is None:
            return None
        policy = self.before["account_policy"][account]
        if policy not in self.margins_before:
            rules = self.before["policies"][policy]
            self.margins_before[policy] = LiveMargin(self.snapshot, rules, self.decimals)
        return Ramp(self.margins_before[policy], self.ramp_left)

    def numbers(self, key: Key, book: PocketBook) -> Numbers:
        """A pocket's numbers."""
        resting = self.orders.get(key, ())
        margin = self.margin(key[0])
        return margin.numbers(book.rows, book.balances, resting, self.ramp(key[0]))

    def inputs(self, key: Key, book: PocketBook) -> object:
        """Everything that a pocket's numbers are made of."""
        orders = self.orders.get(key, ())
        marks = marks_of(self.market, book) | marks_of(self.market, PocketBook(list(orders)))
        for mark in marks - self.read.keys():
            self.read[mark] = self.market.everything_of(mark), self.doubts[mark]
        ramp = self.ramp(key[0])
        return (
            self.policies[self.account_policy[key[0]]],
            (ramp.before.policy.written, ramp.left) if ramp else None,
            (self.market.clock_ns, self.snapshot.halted),
            [tuple(row.values()) for row in book.rows],
            dict(book.balances),
            orders,
            [(mark, self.read[mark]) for mark in sorted(marks)],
        )

    def numbers_again(self, accounts: Accounts, key: Key, book: PocketBook) -> Numbers:
        """A pocket's numbers, not computed where nothing that they are made of has changed."""
        inputs = self.inputs(key, book)
        if key not in accounts.kept or accounts.kept[key][0] != inputs:
            accounts.kept[key] = inputs, self.numbers(key, book)
        return accounts.kept[key][1]

    def ready(self, book: PocketBook) -> bool:
        """Whether every mark a pocket depends on is, and no volatility of it is in doubt."""
        if any(row["instrument"] in self.market.vol_doubts for row in book.rows):
            return False
        return all(self.market.guards[u].state == "ready" for u in marks_of(self.market, book))

    def account(
        self, accounts: Accounts, account: int, given: Callable[[int], str | None]
    ) -> AccountView:
        """An account's row; `given` settles what lies too close to a border."""
        rows: list[Numbers] = []
        states: list[str] = []
        carried: list[tuple[int, int]] = []  # a pocket's load and slack
        blocked = False
        for key in accounts.pockets(account):
            book = accounts.books[key]
            now = self.numbers_again(accounts, key, book)
            state, near = self.margin(account).next_state(now, accounts.last[key], self.hysteresis)
            if not near:
                accounts.close.discard(key)
            else:
                accounts.near += key not in accounts.close
                accounts.close.add(key)
                told = given(account)
                if told is not None and told != "undecidable" and self.ready(book):
                    state = told
            if now.known:
                accounts.last[key] = state
            if RANK["liquidating"] <= RANK[state] <= RANK["bankrupt"] and not self.ready(book):
                blocked = True
            rows.append(now)
            states.append(state)
            carried.append((-book.carries(), now.slack))
        state = max(states, key=RANK.__getitem__)
        if state == "undecidable":
            found = {now.status for now in rows}
            return AccountView(state, next(s for s in MISSING_FIRST if s in found))
        sums = [
            list(accumulate(getattr(n, of) for n in rows))
            for of in ("equity", "equity_initial", "initial", "maintenance")
        ]
        if any(not -TICKS_END <= ticks < TICKS_END for totals in sums for ticks in totals):
            return AccountView("undecidable", "overflow")
        return AccountView(
            "margin_call" if blocked else state,
            "ok",
            blocked,
            any(n.equity_initial < n.initial for n in rows),
            *(totals[-1] for totals in sums),
            min(carried)[1],
            sum(n.near for n in rows),
            any(abs(n.equity_initial - n.initial) <= n.near for n in rows),
        )


def account_events(
    before: list[AccountView], after: list[AccountView]
) -> list[tuple[Event, AccountView]]:
    """One for each account of which something else is to be told now."""
    events = []
    for account, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.told() == new.told():
            continue
        event = Event(
            "account",
            account,
            old.state,
            new.state,
            new.status,
            breach=new.breach,
            blocked=new.blocked,
        )
        events.append((event, new))
    return events
