"""Prices that happened drive a hundred thousand accounts; in the end every number is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.property.compare import check_pockets
from tests.python.live_books import SECOND, same_as_recompute
from tests.python.real_books import (
    GONE,
    POLICIES,
    RealBook,
    bars,
    real_book,
    trades,
)

import tickmargin as tm
from tickmargin import records

ACCOUNTS = 100_000
SAMPLE = 300
MINUTE_COINS = ("BTC", "ETH", "LINK", "LTC", "XRP")
MINUTES = 20  # around the steepest one
WINDOWS: dict[str, tuple[str, ...]] = {
    "2021-05-19 crash": MINUTE_COINS,
    "2024-08-05 carry unwind": ("BTC", "ETH"),
    "2026-02-05 crash": ("DOGE", "LINK", "SUI", "ZEC"),
}


def drive(live: tm.Engine, ticks: records.Records) -> tuple[set[str], int]:
    """Applies all and takes events; who entered liquidation, and how often any state changed."""
    went: set[str] = set()
    place = changes = 0
    while place < len(ticks):
        applied = live.apply(ticks[place : place + 20_000])
        assert set(applied.counts) <= {"ok", "quarantined", "ring_full"}
        place += applied.count
        told = live.event_table(live.events(1_000_000))
        changes += int((told["event"] == "account").sum())
        mine = (told["event"] == "account") & np.isin(told["after"].astype(str), GONE)
        went |= set(told.filter(mine)["account"])
    return went, changes


def check_end(live: tm.Engine, book: RealBook, last: dict[str, float]) -> None:
    """All accounts against a recompute, a sample of them against the slow twin."""
    same_as_recompute(live)
    index = {row["underlying"]: row["index_price"] for row in live.marks()}
    assert index == pytest.approx(last, rel=2e-3)
    made = live.recompute()
    names = np.array(book.accounts["account"])
    drawn = np.random.default_rng(3).choice(len(names), SAMPLE, replace=False)
    # Those that changed too, which a draw may not meet.
    states = made.accounts["state"].astype(str)
    near = np.flatnonzero(np.isin(states, ("margin_call", "liquidating")))[:SAMPLE]
    only = set(names[np.union1d(drawn, near)].tolist())
    checked = 0
    for policy in POLICIES["policies"]:
        twin = book.twin(policy, only)
        pockets = twin.pockets(index)
        here = np.isin(made.pockets["account"].astype(str), [name for name, _ in pockets])
        check_pockets(_Pockets(made.pockets.filter(here)), twin, pockets)
        checked += len(pockets)
    assert checked == len(only) >= SAMPLE


class _Pockets:
    """The part of a result that was drawn."""

    def __init__(self, pockets: Any) -> None:
        self.pockets = pockets


def test_trades_of_three_venues_drive_a_hundred_thousand_accounts() -> None:
    venues, heard = trades()
    first = {c: float(heard["price"][heard["coin"] == c][0]) for c in ("BTC", "ETH")}
    book = real_book(first, int(heard["ts_ns"][0]), ACCOUNTS)
    live = book.engine()
    own = {c: [v for v in venues if ((heard["coin"] == c) & (heard["venue"] == v)).any()]
           for c in first}  # fmt: skip
    live.start(oracle={c: {"sources": own[c], "quorum": 1} for c in first})
    seq = np.arange(1, len(heard["price"]) + 1)
    ticks = records.index_tick(
        heard["coin"],
        heard["price"],
        seq=seq,
        ts_ns=heard["ts_ns"],
        source=heard["venue"],
        engine=live,
    )
    assert len(ticks) > 50_000
    went, changes = drive(live, ticks)
    assert changes > 10_000  # a quiet day
    assert len(went) < ACCOUNTS // 100
    last = {c: float(heard["price"][heard["coin"] == c][-1]) for c in first}
    check_end(live, book, last)


@pytest.mark.parametrize("event", sorted(WINDOWS))
def test_a_crash_minute_by_minute_drives_a_hundred_thousand_accounts(event: str) -> None:
    """Open, low, high, close of each minute of each coin; what one source may say alone is wide."""
    windows = {coin: bars(event, f"{coin}USDT", "1m") for coin in WINDOWS[event]}
    first = next(iter(windows.values()))
    steepest = max(range(len(first)), key=lambda n: first[n]["high"] / first[n]["low"])
    start_ns = first[max(steepest - MINUTES // 2, 0)]["ts_ns"]
    end_ns = start_ns + MINUTES * 60 * SECOND
    for coin, found in windows.items():
        windows[coin] = [row for row in found if start_ns <= row["ts_ns"] < end_ns]
    book = real_book({c: found[0]["open"] for c, found in windows.items()}, start_ns, ACCOUNTS)
    live = book.engine()
    wide = {"band_ratio": 0.99, "band_cap_ratio": 0.99}
    day_ns = 86_400 * SECOND
    live.start(oracle={"*": {**wide, "heartbeat_ns": day_ns, "unusable_after_ns": 2 * day_ns}})
    coin = np.repeat(list(windows), [4 * len(found) for found in windows.values()])
    quarters = ("open", "low", "high", "close")
    rows = [row for found in windows.values() for row in found]
    price = np.array([row[quarter] for row in rows for quarter in quarters])
    ts_ns = np.array([row["ts_ns"] + 15 * SECOND * n for row in rows for n in range(4)])
    order = np.argsort(ts_ns, kind="stable")
    seq = np.arange(1, len(order) + 1)
    ticks = records.index_tick(coin[order], price[order], seq=seq, ts_ns=ts_ns[order], engine=live)
    went, changes = drive(live, ticks)
    assert changes > ACCOUNTS // 2
    assert ACCOUNTS // 100 < len(went) < ACCOUNTS
    check_end(live, book, {c: found[-1]["close"] for c, found in windows.items()})
