"""Prices that happened, through a live portfolio: ordinary trades, a bad print, and two crashes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.oracle_guard import Settings
from tests.python.live_books import HOUR, SECOND, same_as_recompute
from tests.python.real_books import GONE, TwinFeed, bars, real_book, trades

import tickmargin as tm
from tickmargin import records

MINUTE = 60 * SECOND


def book(prices: dict[str, float], as_of_ns: int) -> tm.Engine:
    """Sixty accounts."""
    return real_book(prices, as_of_ns).engine()


def gone(accounts: tm.Table) -> set[str]:
    return set(accounts.filter(np.isin(accounts["state"].astype(str), GONE))["account"])


def test_trades_of_three_venues_drive_a_portfolio() -> None:
    venues, rows = trades()
    first = {c: float(rows["price"][rows["coin"] == c][0]) for c in ("BTC", "ETH")}
    live = book(first, int(rows["ts_ns"][0]))
    own = {c: [v for v in venues if ((rows["coin"] == c) & (rows["venue"] == v)).any()]
           for c in first}  # fmt: skip
    live.start(oracle={c: {"sources": own[c], "quorum": 1} for c in first})
    seq = np.arange(1, len(rows["price"]) + 1)
    ticks = records.index_tick(
        rows["coin"], rows["price"], seq=seq, ts_ns=rows["ts_ns"], source=rows["venue"], engine=live
    )
    assert len(ticks) > 50_000
    taken, step = [], 5_000
    for start in range(0, len(ticks), step):
        applied = live.apply(ticks[start : start + step])
        assert set(applied.counts) <= {"ok", "quarantined"}
        taken.append(live.events(1_000_000))
        same_as_recompute(live)
    last = {c: float(rows["price"][rows["coin"] == c][-1]) for c in first}
    for row in live.marks():
        assert row["index_price"] == pytest.approx(last[row["underlying"]], rel=2e-3)
    told = live.event_table(np.concatenate(taken))
    assert len(told.filter(told["event"] == "account")) > 50
    # One by one and in one go are the same stream.
    other = book(first, int(rows["ts_ns"][0]))
    other.start(oracle={c: {"sources": own[c], "quorum": 1} for c in first})
    assert other.apply(ticks).count == len(ticks)
    assert other.state_hash() == live.state_hash()


def three_sources(live: tm.Engine, heartbeat_ns: int) -> None:
    live.start(
        oracle={
            "*": {
                "sources": 3,
                "heartbeat_ns": heartbeat_ns,
                "unusable_after_ns": 4 * heartbeat_ns,
            }
        }
    )


class Feed:
    """Three sources, a tenth of a percent apart, that say the same prices second by second."""

    def __init__(self, live: tm.Engine, coin: str) -> None:
        self.live, self.coin, self.seq = live, coin, 0

    def say(self, price: float, ts_ns: int, sources: Any = (0, 1, 2)) -> list[str]:
        self.seq += 1
        answers = []
        for place, source in enumerate(sources):
            answers.append(
                self.live.index_tick(
                    self.coin,
                    price * (1.0 + 0.001 * (source - 1)),
                    source=int(source),
                    seq=self.seq,
                    ts_ns=ts_ns + place * SECOND,
                )
            )
        return answers


def liquidated(live: tm.Engine) -> set[str]:
    """Who the events say entered liquidation."""
    told = live.event_table(live.events(1_000_000))
    mine = (told["event"] == "account") & np.isin(told["after"].astype(str), GONE)
    return set(told.filter(mine)["account"])


@pytest.mark.parametrize("seed", range(3))
def test_a_print_of_nothing_on_one_source_liquidates_nobody(seed: int) -> None:
    rows = bars("2020-03 Black Thursday", "LINKUSDT", "1h")
    place = next(i for i, row in enumerate(rows) if row["low"] < 0.001)
    assert rows[place]["low"] == pytest.approx(0.0001)
    price, ts_ns = rows[place]["open"], rows[place]["ts_ns"]
    live = book({"LINK": price}, ts_ns)
    three_sources(live, 2 * HOUR)
    feed = Feed(live, "LINK")
    feed.say(price, ts_ns)
    before = gone(live.accounts())
    live.events()
    bad = int(np.random.default_rng(seed).integers(3))
    feed.say(0.0001, ts_ns + MINUTE, [bad])
    assert live.marks().row(0)["mark_state"] == "ready"
    assert live.marks().row(0)["index_price"] == pytest.approx(price, rel=2e-3)
    feed.say(price, ts_ns + 2 * MINUTE, [s for s in range(3) if s != bad])
    live.clock(ts_ns + 3 * MINUTE)
    assert liquidated(live) == set()
    assert gone(live.accounts()) == before == set()
    same_as_recompute(live)


def test_the_same_print_alone_waits_and_liquidates_nobody() -> None:
    rows = bars("2020-03 Black Thursday", "LINKUSDT", "1h")
    row = next(row for row in rows if row["low"] < 0.001)
    live = book({"LINK": row["open"]}, row["ts_ns"])
    live.start()
    assert live.index_tick("LINK", row["open"], seq=1, ts_ns=row["ts_ns"]) == "ok"
    live.events()
    at_ns = row["ts_ns"] + SECOND
    assert live.index_tick("LINK", row["low"], seq=2, ts_ns=at_ns) == "quarantined"
    assert liquidated(live) == set()
    assert set(live.accounts()["state"]) & set(GONE) == set()


def true_crash(coin: str, rows: list[dict[str, Any]], quarter_ns: int) -> None:
    """Feed bars to three sources; compare who went with whom the slow twins name."""
    given = real_book({coin: rows[0]["open"]}, rows[0]["ts_ns"])
    live = given.engine()
    heartbeat_ns = 8 * quarter_ns
    three_sources(live, heartbeat_ns)
    twins = TwinFeed(
        given, coin, Settings(2, heartbeat_ns=heartbeat_ns, unusable_after_ns=4 * heartbeat_ns)
    )
    named: set[str] = set()
    went: set[str] = set()
    sequence = 0

    def hear(price: float, ts_ns: int) -> None:
        nonlocal sequence, named, went
        sequence += 1
        for source in range(3):
            at_ns = ts_ns + source * SECOND
            said = price * (1.0 + 0.001 * (source - 1))
            live.index_tick(coin, said, source=source, seq=sequence, ts_ns=at_ns)
            named |= twins.say(source, sequence, said, at_ns)
            went |= liquidated(live)
            # To the account, as soon as it happens.
            assert went == named

    hear(rows[0]["open"], rows[0]["ts_ns"])
    assert went == set()
    for row in rows:
        for quarter, price in enumerate(("open", "low", "high", "close")):
            hear(row[price], row["ts_ns"] + quarter * quarter_ns + 5 * SECOND)
            assert live.marks().row(0)["mark_state"] == twins.guard.state == "ready"
            assert live.marks().row(0)["index_price"] == twins.guard.mark
            assert not live.accounts()["liquidation_blocked"].any()
        same_as_recompute(live)
    assert len(went) > 10
    assert len(went) < len(live.portfolio.accounts)


def test_the_true_crash_liquidates_exactly_whom_the_twin_names() -> None:
    rows = bars("2020-03 Black Thursday", "LINKUSDT", "1h")
    day = [row for row in rows if row["low"] > 0.001 and "2020-03-12" in str(row["ts_utc"])]
    true_crash("LINK", day, 15 * MINUTE)


def test_a_fall_of_nine_percent_in_a_minute_is_not_blocked() -> None:
    rows = bars("2021-05-19 crash", "ETHUSDT", "1m")
    place = next(i for i, r in enumerate(rows) if r["open"] == 2423.98 or r["close"] == 2423.98)
    around = rows[place - 5 : place + 6]
    assert any(2199.10 in (r["low"], r["close"]) for r in around)
    true_crash("ETH", around, 15 * SECOND)
    live = book({"ETH": 2423.98}, rows[place]["ts_ns"])
    three_sources(live, 30 * SECOND)
    feed = Feed(live, "ETH")
    assert feed.say(2423.98, rows[place]["ts_ns"]) == ["ok"] * 3
    live.events()
    assert feed.say(2199.10, rows[place]["ts_ns"] + 10 * SECOND) == ["ok"] * 3
    assert live.marks().row(0) == {
        "underlying": "ETH",
        "index_price": 2199.10,
        "mark_state": "ready",
    }
    assert liquidated(live) == gone(live.recompute().accounts) != set()
    assert not live.accounts()["liquidation_blocked"].any()
