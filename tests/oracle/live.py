"""The slow, obvious twin of the live engine, written from `cpp/src/live/README.md`.

Primary state as plain dicts, every account evaluated after every record. Nothing here may be taken
from the C++ or call its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.live_checks import grace_ns, refusal
from tests.oracle.live_ledger import PocketBook, settle, trade
from tests.oracle.live_limits import NUMBERED
from tests.oracle.live_market import KINDS, PAYOFFS, LiveMarket
from tests.oracle.live_records import TAKEN, Event, Record
from tests.oracle.live_states import Accounts, AccountView, Evaluator, account_events

NS_PER_DAY = 86_400 * 10**9


@dataclass
class Answer:
    """What a record is answered, with its events in order."""

    status: str
    market: list[Event] = field(default_factory=list)
    accounts: list[tuple[Event, AccountView]] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)  # escalations of blocked liquidations
    vols_late: list[int] = field(default_factory=list)  # whose volatilities' doubt was outlived


@dataclass
class Window:
    """The marks that stood in an expiry's settlement window, each for so many nanoseconds."""

    since_ns: int
    until_ns: int
    first: float
    stood: list[tuple[float, int]] = field(default_factory=list)

    def passed_ns(self) -> int:
        """For how long marks have been heard in it."""
        return sum(stood for _, stood in self.stood)

    def share(self) -> float:
        """How much of the average is known."""
        length = self.until_ns - self.since_ns
        return self.passed_ns() / length if length > 0 else 1.0

    def average(self) -> float:
        """Weighted by time; the mark that stood where none has passed."""
        days = self.passed_ns() / NS_PER_DAY
        if days == 0.0:
            return self.first
        return math.fsum(mark * (stood / NS_PER_DAY) for mark, stood in self.stood) / days


class LiveTwin:
    """Records in, answers and events out."""

    def __init__(self, venue: Mapping[str, Any]) -> None:
        self.venue, self.settings, self.capacity = venue, venue["settings"], venue["capacity"]
        self.market = LiveMarket(venue)
        count = venue["accounts"]
        books = {(account, 0): PocketBook() for account in range(count)}
        for row in venue["positions"]:
            book = books.setdefault((row["account"], row["pocket"]), PocketBook())
            entry = row["entry_price"]
            own = {"instrument": row["instrument"], "quantity": row["quantity"]}
            if row["quantity"] != 0.0:
                book.rows.append({**own, "entry_price": None if entry != entry else entry})
        for row in venue["balances"]:
            book = books.setdefault((row["account"], row["pocket"]), PocketBook())
            book.credit(row["asset"], row["amount"])
        for book in books.values():
            book.sort(self.market.instruments)
        self.accounts = Accounts(books, count, dict.fromkeys(books, "healthy"))
        self.orders: dict[int, Record] = {}
        self.numbered: dict[int, Record] = {}  # by account the last that had a number
        self.left: dict[int, float] = {}  # of an order, still to trade
        self.transfers: dict[int, Record] = {}
        self.halted: set[int] = set()
        self.windows: dict[tuple[int, int], Window] = {}  # by underlying and expiry
        self.heard_ns = [self.market.clock_ns for _ in self.market.index]
        self.policies: dict[int, Mapping[str, Any]] = {0: venue["policies"]}
        self.epoch = 0
        self.epoch_before: int | None = None
        self.staged_epochs: set[int] = set()
        self.ramp: tuple[int, int] | None = None  # from when on, and for how long
        self.blocked_limit_ns: int = self.settings["liquidation_block_limit_ns"]
        self.accounts.views = self._views(lambda _: None)
        self.since_ns = [self.market.clock_ns for _ in self.accounts.views]  # of each state
        self._escalations()  # what is blocked from the start counts from there

    def stage_policies(self, epoch: int, policies: Mapping[str, Any]) -> None:
        """Policies wait for their epoch record."""
        self.policies[epoch] = policies
        self.staged_epochs.add(epoch)

    # evaluation

    def evaluator(self) -> Evaluator:
        """The present moment."""
        rules = self.policies[self.epoch]
        return Evaluator(
            self.market,
            self.halted,
            rules["policies"],
            rules["account_policy"],
            self.venue["decimals"],
            self.settings["hysteresis_ratio"],
            self._resting(),
            *self._ramp_now(),
        )

    def _resting(self) -> dict[tuple[int, int], list[dict[str, Any]]]:
        """Orders by pocket that may add to its positions, in the order a book keeps them."""
        rows: dict[tuple[int, int], list[dict[str, Any]]] = {}
        market = self.market.instruments

        def place(number: int) -> tuple[Any, ...]:
            o = self.orders[number]
            return market[o.subject]["underlying"], o.subject, self.left[number], o.value[1]

        for number in sorted(self.orders, key=place):
            o = self.orders[number]
            if o.flags & 1 == 0:
                rows.setdefault((o.account, o.pocket), []).append(
                    {
                        "instrument": o.subject,
                        "quantity": self.left[number],
                        "entry_price": o.value[1],
                    }
                )
        return rows

    def _ramp_now(self) -> tuple[Mapping[str, Any] | None, float]:
        """The policies that maintenance margin comes from, and the share still to come."""
        if self.ramp is None:
            return None, 0.0
        assert self.epoch_before is not None
        since, length = self.ramp
        elapsed = min(max(self.market.clock_ns - since, 0), length)
        return self.policies[self.epoch_before], 1.0 - elapsed / length

    def _views(self, given: Callable[[int], str | None]) -> list[AccountView]:
        now = self.evaluator()
        return [now.account(self.accounts, a, given) for a in range(self.accounts.count)]

    def apply(self, r: Record, given: Callable[[int], str | None] = lambda _: None) -> Answer:
        """One record; `given` tells the state where an account is too close to a border."""
        status = refusal(self, r)
        if status is not None:
            return Answer(status)
        marks = [guard.state for guard in self.market.guards]
        vols = [self.market.vol_state(u) for u in range(len(marks))]
        answer = Answer("ok")
        getattr(self, f"_{r.kind}")(r, answer)
        if answer.status not in TAKEN:
            return answer
        if r.kind in NUMBERED and r.detail != 0:
            self.numbered[r.account] = r
        changed = [
            Event("mark_state", -1, before, guard.state, subject=u)
            for u, (before, guard) in enumerate(zip(marks, self.market.guards, strict=True))
            if before != guard.state
        ]
        turned = [
            Event("vol_state", -1, before, self.market.vol_state(u), subject=u)
            for u, before in enumerate(vols)
            if before != self.market.vol_state(u)
        ]
        before = self.accounts.views
        self.accounts.views = self._views(given)
        answer.market = self._in_order(changed, answer.market)
        late = [Event("escalation", subject=u) for u in answer.vols_late]
        answer.market += sorted([*late, *turned], key=lambda e: (e.subject, e.type == "vol_state"))
        answer.accounts = account_events(before, self.accounts.views)
        for event, _ in answer.accounts:
            if event.before != event.after:
                self.since_ns[event.account] = self.market.clock_ns
        answer.late = self._escalations()
        return answer

    @staticmethod
    def _in_order(changed: list[Event], others: list[Event]) -> list[Event]:
        """A mark's change of trust, then its escalation, by underlying; then the rest."""
        told = [e for e in others if e.type == "escalation"]
        marks = sorted([*changed, *told], key=lambda e: (e.subject, e.type != "mark_state"))
        return marks + [e for e in others if e.type != "escalation"]

    def _escalations(self) -> list[Event]:
        """Each blocked liquidation that outlived its limit, once."""
        events, own = [], self.accounts
        for account, view in enumerate(own.views):
            if not view.blocked:
                own.blocked_since.pop(account, None)
                own.escalated.discard(account)
                continue
            since = own.blocked_since.setdefault(account, self.market.clock_ns)
            if self.market.clock_ns - since >= self.blocked_limit_ns:
                if account not in own.escalated:
                    events.append(Event("escalation", account))
                own.escalated.add(account)
        return events

    def near_a_border(self, within: float = 0.01) -> set[int]:
        """Accounts with a pocket so close to a level x maintenance, or to a way out of a state."""
        rules, found = self.policies[self.epoch], set()
        out = 1.0 + self.settings["hysteresis_ratio"]
        for (account, _), (_, now) in self.accounts.kept.items():
            levels = rules["policies"][rules["account_policy"][account]]["levels"].values()
            for border in (level * way for level in levels for way in (1.0, out)):
                at = border * now.maintenance
                if now.known and at > 0 and abs(now.equity - at) <= within * at:
                    found.add(account)
        return found

    def book(self, r: Record) -> PocketBook:
        """The pocket of a record, made where the account has none."""
        key = r.account, r.pocket
        if key not in self.accounts.books:
            self.accounts.books[key] = PocketBook()
            self.accounts.last[key] = "healthy"
        return self.accounts.books[key]

    # the market

    def _heard(self, r: Record, answer: Answer, said: Any) -> None:
        answer.status = said.status
        if said.status not in TAKEN:
            return
        if said.escalated:
            answer.market.append(Event("escalation", subject=r.subject))
        self.market.follow_guard(r.subject)

    def _index_tick(self, r: Record, answer: Answer) -> None:
        guard = self.market.guards[r.subject]
        said = guard.tick(r.source, r.sequence, r.value[0], r.ts_ns)
        if said.status in TAKEN:
            self._stood(r.subject, r.ts_ns)
        self._heard(r, answer, said)

    def _operator_release(self, r: Record, answer: Answer) -> None:
        guard = self.market.guards[r.subject]
        if r.detail == 2:
            answer.status = "ok" if self.market.end_vol_doubts(r.subject) else "out_of_range"
            return
        if r.detail == 1:
            said = guard.forget(r.source, r.ts_ns)
        else:
            said = guard.release(r.ts_ns, r.value[0] if r.value[0] != 0 else None)
        if said.status in TAKEN:
            self._stood(r.subject, r.ts_ns)
        self._heard(r, answer, said)

    def _forward(self, r: Record, _: Answer) -> None:
        node = self.market.nodes[r.detail]
        node["ratio"] = r.value[0] / self.market.index[r.subject]
        node["rate_annual"] = r.value[1]

    def _mark(self, r: Record, answer: Answer) -> None:
        answer.status = self.market.observe_mark(r.subject, r.value[0], r.ts_ns)

    def _volatility(self, r: Record, _: Answer) -> None:
        self.market.update_vol(r.subject, r.value[0])

    def _surface_stage(self, r: Record, _: Answer) -> None:
        self.market.staged[r.subject] = r.value[0]

    def _surface_commit(self, r: Record, answer: Answer) -> None:
        answer.status = self.market.commit(r.subject, r.ts_ns)

    def _realised_vol(self, r: Record, _: Answer) -> None:
        self.market.realised[r.subject] = r.value[0]

    def _depth(self, r: Record, _: Answer) -> None:
        self.market.depth[r.subject] = min(r.value[:2])

    def _trade_flow(self, r: Record, _: Answer) -> None:
        self.market.flow[r.subject] += r.value[0]

    # the book

    def _fill(self, r: Record, _: Answer) -> None:
        trade(self.book(r), self.market.instruments, r.subject, r.value[0], r.value[1])
        if r.sequence != 0:
            self.left[r.sequence] -= r.value[0]
            if self.left[r.sequence] == 0.0:
                del self.left[r.sequence], self.orders[r.sequence]

    def _order(self, r: Record, _: Answer) -> None:
        self.orders[r.sequence] = r
        self.left[r.sequence] = r.value[0]

    def _cancel(self, r: Record, _: Answer) -> None:
        del self.left[r.sequence], self.orders[r.sequence]

    def _deposit(self, r: Record, _: Answer) -> None:
        self.book(r).credit(r.subject, r.value[0])
        self.transfers[r.sequence] = r

    def _deposit_reversed(self, r: Record, _: Answer) -> None:
        gone = self.transfers.pop(r.sequence)
        self.book(gone).credit(gone.subject, -gone.value[0])

    def _withdrawal(self, r: Record, _: Answer) -> None:
        self.book(r).credit(r.subject, -r.value[0])

    # the venue

    def _chain_halt(self, r: Record, answer: Answer) -> None:
        (self.halted.add if r.flags else self.halted.discard)(r.subject)
        answer.market.append(Event("chain", subject=r.subject))

    def _policy_epoch(self, r: Record, answer: Answer) -> None:
        self.staged_epochs.discard(r.sequence)
        before = self.epoch
        self.epoch = r.sequence
        self.epoch_before = before
        grace = grace_ns(r)
        self.ramp = (r.ts_ns, grace) if grace != 0 else None
        answer.market.append(Event("epoch", subject=r.flags))

    def _clock(self, r: Record, answer: Answer) -> None:
        for underlying in range(len(self.market.index)):
            self._stood(underlying, r.ts_ns)
        self.market.clock_ns = r.ts_ns
        for underlying, guard in enumerate(self.market.guards):
            if guard.clock(r.ts_ns).escalated:
                answer.market.append(Event("escalation", subject=underlying))
            self.market.follow_guard(underlying)
        limit_ns = r.ts_ns - self.market.vol_doubt_limit_ns
        for underlying in range(len(self.market.index)):
            if self.market.end_vol_doubts(underlying, limit_ns):
                answer.vols_late.append(underlying)
        if self.ramp is not None and r.ts_ns - self.ramp[0] >= self.ramp[1]:
            self.ramp = None
        self._look_at_windows(r.ts_ns)
        final = self.settings["transfer_finality_ns"]
        for number, deposit in list(self.transfers.items()):
            if r.ts_ns - deposit.ts_ns >= final:
                del self.transfers[number]

    def _stood(self, underlying: int, to_ns: int) -> None:
        """The mark has stood until now: its share of each open window."""
        mark, from_ns = self.market.index[underlying], self.heard_ns[underlying]
        self.heard_ns[underlying] = max(from_ns, to_ns)
        for (of, expiry), window in self.windows.items():
            stood = min(to_ns, expiry) - max(from_ns, window.since_ns)
            if of == underlying and stood > 0:
                window.stood.append((mark, stood))

    def _look_at_windows(self, now_ns: int) -> None:
        """The first clock inside a window opens it; each notes what is known of the average."""
        for number, row in enumerate(self.market.instruments):
            underlying, expiry = key = row["underlying"], row["expiry_ns"]
            begin = expiry - self.settings["settlement_window_ns"]
            if not expiry or number in self.market.settled:
                continue
            if key not in self.windows and begin <= now_ns <= expiry:
                self.windows[key] = Window(
                    self.heard_ns[underlying], expiry, self.market.index[underlying]
                )
            if key in self.windows:
                window = self.windows[key]
                self.market.averaged[number] = window.share(), window.average()

    def settlement_price(self, r: Record) -> float | None:
        """The record's own, or the average."""
        if r.value[0] != 0.0:
            return r.value[0]
        row = self.market.instruments[r.subject]
        window = self.windows.get((row["underlying"], row["expiry_ns"]))
        return window.average() if window is not None and window.share() == 1.0 else None

    def _instrument_listing(self, r: Record, _: Answer) -> None:
        kind, payoff, call, bachelier = r.detail.to_bytes(4, "little")
        given = {
            "kind": KINDS[kind],
            "payoff": PAYOFFS[payoff],
            "underlying": r.account,
            "settlement": r.pocket,
            "multiplier": r.value[0],
            "strike": r.value[1],
            "expiry_ns": r.sequence,
            "is_call": call,
            "bachelier": bachelier,
            "told": r.value[2],
        }
        self.market.list_instrument(given)

    def _instrument_expiry(self, r: Record, answer: Answer) -> None:
        at = self.settlement_price(r)
        assert at is not None
        for book in self.accounts.books.values():
            settle(book, self.market.instruments, r.subject, at)
        for number in [n for n, order in self.orders.items() if order.subject == r.subject]:
            del self.orders[number], self.left[number]
        self.market.settled.add(r.subject)
        self.market.staged.pop(r.subject, None)
        row = self.market.instruments[r.subject]
        alike = [
            i
            for i, other in enumerate(self.market.instruments)
            if (other["underlying"], other["expiry_ns"]) == (row["underlying"], row["expiry_ns"])
        ]
        if self.market.settled.issuperset(alike):
            self.windows.pop((row["underlying"], row["expiry_ns"]), None)
        answer.market.append(Event("settlement", subject=r.subject))
