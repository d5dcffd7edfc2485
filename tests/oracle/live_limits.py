"""Numbers that rise within an account, and amounts that a ledger of 64-bit ticks cannot hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.oracle.live_ledger import PocketBook, trade
from tests.oracle.live_records import Record

if TYPE_CHECKING:
    from tests.oracle.live import LiveTwin

NUMBERED = ("fill", "order", "withdrawal")
END = 2**63  # of ticks, at any precision


def of_number(twin: LiveTwin, r: Record) -> Iterator[str]:
    """A record's number within its account is above the last, or was heard before."""
    if r.kind not in NUMBERED or r.detail == 0:
        return
    last = twin.numbered.get(r.account)
    if last is None or r.detail > last.detail:
        return
    if r.detail < last.detail:
        yield "out_of_order"
    else:
        yield "duplicate" if last.pack() == r.pack() else "conflicting"


def traded(twin: LiveTwin, r: Record) -> tuple[float, float]:
    """Contracts times multiplier, and that at the record's price in the settlement asset."""
    row = twin.market.instruments[r.subject]
    units = abs(r.value[0]) * row["multiplier"]
    return units, units / r.value[1] if row["payoff"] == "inverse" else units * r.value[1]


def plainly(twin: LiveTwin, r: Record) -> Iterator[str]:
    """What does not fit whatever anything is worth."""
    if r.kind in ("deposit", "withdrawal") and r.value[0] >= END:
        yield "out_of_range"
    if r.kind in ("fill", "order") and r.value[1] > 0.0 and max(traded(twin, r)) >= END:
        yield "out_of_range"


def at_present_prices(twin: LiveTwin, r: Record) -> Iterator[str]:
    """An amount that the record makes or enlarges and that does not fit as things stand."""
    if r.kind not in ("deposit", "fill", "order"):
        return
    market = twin.market
    prices = [row["mark_price"] for row in market.tables()["assets"]]
    ticks = 10 ** twin.venue["decimals"]

    def beyond(amount: float, price: float | None) -> bool:
        worth = 0.0 if price is None else amount * price * ticks
        return amount >= END or worth >= END

    before = twin.accounts.books.get((r.account, r.pocket)) or PocketBook()
    after = before.copy()

    def balance_beyond(asset: int) -> bool:
        now, then = (abs(book.balances.get(asset, 0.0)) for book in (before, after))
        return not then <= now and (math.isnan(then) or beyond(then, prices[asset]))

    if r.kind == "deposit":
        after.credit(r.subject, r.value[0])
        if balance_beyond(r.subject):
            yield "out_of_range"
        return
    row = market.instruments[r.subject]
    index = 1.0 if row["payoff"] == "inverse" else market.index[row["underlying"]]
    unit = index * market.view().quote(row["underlying"])
    units, paid = traded(twin, r)
    if beyond(paid, prices[row["settlement"]]) or beyond(units, unit):
        yield "out_of_range"
    if r.kind == "fill":
        trade(after, market.instruments, r.subject, r.value[0], r.value[1])
        now, then = (
            math.fsum(abs(h["quantity"]) for h in book.rows if h["instrument"] == r.subject)
            for book in (before, after)
        )
        if then > now and beyond(then * row["multiplier"], unit):
            yield "out_of_range"
        if balance_beyond(row["settlement"]):
            yield "out_of_range"
