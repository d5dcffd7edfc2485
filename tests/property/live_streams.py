"""Random records for the live engine: a venue's life in a few hours, and what should be refused.

The drawer knows what it has sent, never what became of it, so that neither the engine nor the twin
decides what the other is asked.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from tests.oracle.live_records import TYPES, USED, Record, record

SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
# Commands of live_replay.
ROWS, STAGE, RELOAD, HASH = 0xFF01, 0xFF02, 0xFF03, 0xFF04
EDGES, CHECK, END = 0xFF06, 0xFF07, 0xFF08

WEIGHTS = {
    "index_tick": 42.0,
    "clock": 12.0,
    "fill": 9.0,
    "mark": 6.0,
    "volatility": 4.0,
    "surface": 1.5,
    "forward": 3.0,
    "deposit": 4.0,
    "deposit_reversed": 1.5,
    "withdrawal": 4.0,
    "order": 3.0,
    "cancel": 1.5,
    "realised_vol": 0.5,
    "depth": 0.5,
    "trade_flow": 0.3,
    "chain_halt": 0.6,
    "policy_epoch": 0.7,
    "instrument_listing": 0.4,
    "instrument_expiry": 1.5,
    "operator_release": 1.0,
    "check": 6.0,
    "bad": 12.0,
}


class Stream:
    """Draws one record after another."""

    def __init__(self, venue: Mapping[str, Any], seed: int) -> None:
        self.rng = random.Random(seed)
        self.venue = venue
        self.price = [u["index_price"] for u in venue["underlyings"]]
        self.first = list(self.price)
        self.instruments = [dict(row) for row in venue["instruments"]]
        self.clock_ns = self.now_ns = venue["as_of_ns"]
        self.sequence: dict[tuple[int, int], int] = {}
        self.silent_until: dict[tuple[int, int], int] = {}
        self.next_id = 1000
        self.number: dict[int, int] = {}  # by account the last that was sent
        self.orders: list[Record] = []
        self.deposits: list[Record] = []
        self.huge: list[int] = []
        self.sent: list[Record] = []
        self.halted: set[int] = set()
        self.epochs = [0]
        self.next_epoch = 1

    def next(self) -> list[Record]:
        """One record, or a few that belong together; commands among them."""
        kind = self.rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
        drawn = getattr(self, kind)()
        records = drawn if isinstance(drawn, list) else [drawn]
        self.sent = [*self.sent[-200:], *records]
        return records

    # pieces

    def any_underlying(self) -> int:
        return self.rng.randrange(len(self.price))

    def instrument(self, option: bool | None = None) -> int:
        fits = [
            i
            for i, row in enumerate(self.instruments)
            if option is None or (row["kind"] == "option") == option
        ]
        return self.rng.choice(fits)

    def holder(self) -> dict[str, int]:
        pocket = self.rng.choice((0, 0, 0, 0, 0, 0, 1, 2))
        return {"account": self.rng.randrange(self.venue["accounts"]), "pocket": pocket}

    def asset_price(self, asset: int) -> float:
        linked = self.venue["assets"][asset]["underlying"]
        return self.price[linked] if linked >= 0 else 1.0

    def numbered(self, r: Record) -> Record:
        """Now and then with the next number of its account."""
        if self.rng.random() < 0.6:
            return r
        self.number[r.account] = self.number.get(r.account, 0) + self.rng.choice((1, 1, 5))
        return r._replace(detail=self.number[r.account])

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    # the market

    def index_tick(self) -> Record:
        rng, u = self.rng, self.any_underlying()
        source = rng.randrange(3)
        if rng.random() < 0.015:
            until = self.now_ns + rng.choice((20, 60, 200)) * SECOND_NS
            for other in range(3) if rng.random() < 0.5 else (source,):
                self.silent_until[u, other] = until
        awake = [s for s in range(3) if self.silent_until.get((u, s), 0) <= self.now_ns]
        source = rng.choice(awake or [source])
        self.now_ns += rng.randrange(SECOND_NS)
        size = rng.choices((3e-4, 2e-3, 0.015), (0.5, 0.45, 0.05))[0]
        self.price[u] *= 1 + size * rng.gauss(0.0, 1.0)
        if abs(math.log(self.price[u] / self.first[u])) > 0.4:
            self.price[u] = self.first[u]
        said = self.price[u] * (1 + rng.gauss(0.0, 1e-4))
        if rng.random() < 0.02:
            said *= rng.choice((0.9, 1.05, 1.3))
        return self.tick(u, source, said)

    def tick(self, u: int, source: int, price: float) -> Record:
        self.sequence[u, source] = self.sequence.get((u, source), 0) + 1
        number = self.sequence[u, source]
        return record("index_tick", u, self.now_ns, price, source=source, sequence=number)

    def clock(self) -> Record:
        self.now_ns += self.rng.randrange(self.rng.choice((2, 10, 25, 60)) * SECOND_NS)
        self.clock_ns = self.now_ns
        return record("clock", 0, self.clock_ns)

    def mark(self) -> Record:
        i = self.instrument(option=False)
        price = self.price[self.instruments[i]["underlying"]] * (1 + self.rng.gauss(1e-3, 2e-3))
        return record("mark", i, self.now_ns, price)

    def volatility(self) -> Record:
        vol = self.rng.uniform(0.3, 1.2) if self.rng.random() < 0.3 else 0.6
        return record("volatility", self.instrument(option=True), self.now_ns, vol)

    def surface(self) -> list[Record]:
        rng, u = self.rng, self.any_underlying()
        now_ns, level = self.now_ns, rng.uniform(0.4, 0.9)
        numbers = [
            i
            for i, row in enumerate(self.instruments)
            if row["kind"] == "option" and row["underlying"] == u and row["expiry_ns"] > now_ns
        ]
        rng.shuffle(numbers)
        numbers = numbers[: rng.randint(0, len(numbers))]
        twist = rng.choice((0.02, 0.02, 0.4))
        staged = [
            record("surface_stage", i, now_ns, level * math.exp(twist * rng.uniform(-1, 1)))
            for i in numbers
        ]
        count = len(numbers) + (rng.random() < 0.1)
        return [*staged, record("surface_commit", u, now_ns, detail=count)]

    def forward(self) -> Record:
        node = self.rng.randrange(len(self.venue["forwards"]))
        u = self.venue["forwards"][node]["underlying"]
        price = self.price[u] * (1 + self.rng.gauss(3e-3, 1e-3))
        return record("forward", u, self.now_ns, price, self.rng.uniform(0.0, 0.05), detail=node)

    def realised_vol(self) -> Record:
        return record("realised_vol", self.any_underlying(), self.now_ns, self.rng.uniform(0.3, 1))

    def depth(self) -> Record:
        bid, ask = (self.rng.uniform(1e6, 1e8) for _ in range(2))
        return record("depth", self.any_underlying(), self.now_ns, bid, ask)

    def trade_flow(self) -> Record:
        return record("trade_flow", self.any_underlying(), self.now_ns, self.rng.gauss(0, 1e6))

    def operator_release(self) -> Record:
        u = self.any_underlying()
        price = self.price[u] if self.rng.random() < 0.7 else 0.0
        ahead = self.rng.choice((0, 0, 0, 3 * SECOND_NS))
        at_ns = self.now_ns + ahead
        what = self.rng.random()
        if what < 0.3:
            source = self.rng.randrange(3)
            if self.rng.random() < 0.7:
                self.sequence[u, source] = 0  # it starts again
            return record("operator_release", u, at_ns, source=source, detail=1)
        if what < 0.6:
            return record("operator_release", u, at_ns, detail=2)
        return record("operator_release", u, at_ns, price)

    # the book

    def trade(self, i: int) -> tuple[float, float]:
        row = self.instruments[i]
        first, now = self.first[row["underlying"]], self.price[row["underlying"]]
        lots = self.rng.choice((-6, -3, -1, 1, 3, 6))
        quantity = lots * (600.0 if row["payoff"] == "inverse" else 60_000.0 / first)
        if row["kind"] == "option":
            return quantity, 0.03 if row["payoff"] == "coin" else 0.03 * first
        return quantity, now * (1 + self.rng.gauss(0, 1e-3))

    def fill(self) -> Record:
        if self.orders and self.rng.random() < 0.15:
            order = self.rng.choice(self.orders)
            part = self.rng.choice((0.5, 1.0))
            if part == 1.0:
                self.orders.remove(order)
            elif part == 0.5:
                rest = order.value[0] * part
                at = self.orders.index(order)
                self.orders[at] = order._replace(value=(rest, *order.value[1:]))
            return self.numbered(
                record(
                    "fill",
                    order.subject,
                    self.now_ns,
                    order.value[0] * part,
                    order.value[1],
                    sequence=order.sequence,
                    account=order.account,
                    pocket=order.pocket,
                )
            )
        i = self.instrument()
        quantity, price = self.trade(i)
        if self.rng.random() < 0.02:  # more than a ledger holds, by itself or at its price
            quantity *= self.rng.choice((1e9, 1e14, 1e300))
        return self.numbered(record("fill", i, self.now_ns, quantity, price, **self.holder()))

    def order(self) -> Record:
        i = self.instrument()
        drawn = record(
            "order",
            i,
            self.now_ns,
            *self.trade(i),
            **self.holder(),
            sequence=self.new_id(),
            flags=int(self.rng.random() < 0.1),
        )
        self.orders = [*self.orders[-12:], drawn]
        return self.numbered(drawn)

    def check(self) -> Record:
        """An order that is asked about and does not trade; small, large, or out of what is held."""
        rng, i = self.rng, self.instrument()
        quantity, price = self.trade(i)
        quantity *= rng.choice((0.01, 0.5, 1.0, 1.0, 20.0))
        wrong = rng.random()
        if wrong < 0.03:
            quantity, price = rng.choice(((0.0, price), (quantity, -1.0), (math.nan, price)))
        elif wrong < 0.05:
            i = 9_999
        values = (quantity, price, 0.0)
        return Record(
            CHECK, subject=i, flags=int(rng.random() < 0.3), value=values, **self.holder()
        )

    def cancel(self) -> Record:
        number = self.new_id()
        if self.orders:
            number = self.orders.pop(self.rng.randrange(len(self.orders))).sequence
        return record("cancel", sequence=number)

    def deposit(self) -> Record:
        asset = self.rng.randrange(len(self.venue["assets"]))
        amount = self.rng.uniform(10, 20_000) / self.asset_price(asset)
        if self.rng.random() < 0.01:
            amount = 1e30  # more than a ledger holds
        elif self.rng.random() < 0.01:  # nearly so: two of them are more
            amount = 0.8 * 2**63 / 10 ** self.venue["decimals"] / self.asset_price(asset)
            self.huge.append(self.next_id + 1)
        drawn = record(
            "deposit", asset, self.now_ns, amount, **self.holder(), sequence=self.new_id()
        )
        self.deposits = [*self.deposits[-20:], drawn]
        return drawn

    def deposit_reversed(self) -> Record:
        if not self.deposits:
            return record("deposit_reversed", sequence=self.new_id())
        huge = [d for d in self.deposits if d.sequence in self.huge]
        drawn = self.rng.choice(huge or self.deposits)
        self.deposits.remove(drawn)
        return record("deposit_reversed", sequence=drawn.sequence)

    def withdrawal(self) -> Record:
        asset = self.rng.randrange(len(self.venue["assets"]))
        amount = self.rng.uniform(10, 5_000) / self.asset_price(asset)
        drawn = record("withdrawal", asset, self.now_ns, amount, **self.holder(), sequence=7)
        return self.numbered(drawn)

    # the venue

    def chain_halt(self) -> Record:
        chain = self.rng.randrange(3)
        flags = int(chain not in self.halted)
        (self.halted.add if flags else self.halted.discard)(chain)
        return record("chain_halt", chain, self.now_ns, flags=flags)

    def policy_epoch(self) -> list[Record]:
        if self.rng.random() < 0.2:  # one that nobody has staged
            return [record("policy_epoch", 0, self.now_ns, sequence=self.next_epoch + 50)]
        if len(self.epochs) > 1 and self.rng.random() < 0.4:
            self.epochs.pop()
            back = self.epochs[-1]
            self.epochs = [back]
            return [record("policy_epoch", 0, self.now_ns, sequence=back, flags=1)]
        number, self.next_epoch = self.next_epoch, self.next_epoch + 1
        self.epochs = [self.epochs[-1], number]
        stage = Record(STAGE, sequence=number, detail=self.rng.randrange(3))
        grace = self.rng.choice((0.0, 30.0, 180.0))
        return [stage, record("policy_epoch", 0, self.now_ns, grace, sequence=number)]

    def instrument_listing(self) -> Record:
        rng, u, number = self.rng, self.any_underlying(), len(self.instruments)
        expiry = self.clock_ns + rng.choice((20, 60, 300)) * 60 * SECOND_NS
        what = rng.choice(("perpetual", "option", "future"))
        kind = ("spot", "future", "perpetual", "option").index(what)
        strike = self.first[u] if what == "option" else 0.0
        told = rng.choice((0.0, math.nan, 0.7)) if what == "option" else 0.0
        if what == "perpetual":
            told = rng.choice((0.0, math.nan, self.price[u]))
        drawn = record(
            "instrument_listing",
            number,
            self.now_ns,
            0.1,
            strike,
            told,
            sequence=0 if what == "perpetual" else expiry,
            account=u,
            pocket=4,
            detail=kind,
        )
        if number < self.venue["capacity"]["instruments"]:
            row = {"kind": what, "payoff": "linear", "underlying": u, "expiry_ns": drawn.sequence}
            self.instruments.append(row)
        return drawn

    def instrument_expiry(self) -> Record:
        due = [
            i
            for i, row in enumerate(self.instruments)
            if row["expiry_ns"] and row["expiry_ns"] < self.clock_ns + 600 * SECOND_NS
        ]
        i = self.rng.choice(due) if due else self.instrument()
        given = self.price[self.instruments[i]["underlying"]] if self.rng.random() < 0.3 else 0.0
        return record("instrument_expiry", i, self.now_ns, given)

    # what should be refused

    def bad(self) -> Record:
        """One of the last records again, or a good one with something wrong."""
        rng = self.rng
        taken = [r for r in self.sent if r.kind != "none"]
        if not taken:
            return Record(0)
        if rng.random() < 0.15:
            return rng.choice(taken)
        kind = rng.choice(list(USED))
        r = next((r for r in reversed(taken) if r.kind == kind), rng.choice(taken))
        if rng.random() < 0.7 and r.kind != "index_tick":
            r = r._replace(ts_ns=self.now_ns)
        names, used = USED[r.kind]
        wrong = rng.choice(("field", "field", "number", "time", "type", "reserved", "payload"))
        if wrong == "field" and names:
            name = rng.choice(names)
            return r._replace(**{name: rng.choice((250, 65_000, 9999))})
        if wrong == "number" and used:
            values = list(r.value)
            bad = rng.choice((math.nan, math.inf, -math.inf, -1.0, 0.0))
            values[rng.randrange(used)] = bad
            return r._replace(value=tuple(values))
        if wrong == "time":
            away = rng.choice((-1, -SECOND_NS, 399 * SECOND_NS, 401 * SECOND_NS, 2 * DAY_NS))
            if away == 399 * SECOND_NS and rng.random() < 0.7:
                away = 2 * DAY_NS
            at_ns = self.clock_ns + away
            return r._replace(ts_ns=rng.choice((at_ns, at_ns, at_ns, 2**63 - 1)))
        if wrong == "type":
            return r._replace(type=rng.choice((0, len(TYPES), 999)))
        if wrong == "reserved":
            return r._replace(flags=rng.choice((2, 8)))
        return r._replace(value=(r.value[0] * 1.01, *r.value[1:]))
