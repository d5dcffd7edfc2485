"""The oracle guard on prices that happened: LINK's print of 0.0001 and the fall of 2021-05-19."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.oracle.oracle_guard import OracleGuard, Settings
from tests.property.guard_lines import (
    SECOND_NS,
    Record,
    line,
    parse,
    replay,
    settings_line,
    twin_answer,
)

MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
SOURCES = 3


def bars(event: str, symbol: str, interval: str) -> list[dict[str, Any]]:
    folder = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "prices" / "crash_windows.parquet"
    if not path.is_file():
        pytest.skip(f"REAL PRICES ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    names = ["event", "symbol", "interval", "ts_utc", "open", "high", "low", "close"]
    table = pq.read_table(path, columns=names)
    for column, value in (("event", event), ("symbol", symbol), ("interval", interval)):
        table = table.filter(pc.equal(pc.cast(table[column], "string"), value))
    rows = table.sort_by("ts_utc").to_pylist()
    for row in rows:
        row["begin_ns"] = int(row["ts_utc"].timestamp()) * SECOND_NS
    return rows


def spread(price: float, source: int) -> float:
    """What each of the sources says of one price: 0.1 % apart."""
    return price * (1.0 + 0.001 * (source - 1))


def facts(settings: Settings, records: list[Record]) -> list[dict[str, Any]]:
    guard = OracleGuard(settings)
    return [guard.facts(twin_answer(guard, record)) for record in records]


def ticks_of(rows: list[dict[str, Any]], sources: int) -> list[Record]:
    """Open, low, high and close of every minute, the sources half a second apart."""
    records: list[Record] = []
    for row in rows:
        for quarter, name in enumerate(("open", "low", "high", "close")):
            for source in range(sources):
                at_ns = row["begin_ns"] + quarter * 15 * SECOND_NS + source * SECOND_NS // 2
                price = spread(row[name], source if sources > 1 else 1)
                records.append(("tick", source, len(records), price, at_ns))
    return records


def eth_day() -> list[dict[str, Any]]:
    rows = bars("2021-05-19 crash", "ETHUSDT", "1m")
    assert len(rows) == 3399
    return rows


def link_prints() -> list[Record]:
    """Three sources every ten seconds along the hours; in one of them source 0 prints the low."""
    rows = bars("2020-03 Black Thursday", "LINKUSDT", "1h")
    (wick,) = [i for i, row in enumerate(rows) if row["low"] < 0.001]
    records: list[Record] = []
    for row in rows[wick - 1 : wick + 2]:
        for step in range(360):
            price = row["open"] + (row["close"] - row["open"]) * step / 360
            at_ns = row["begin_ns"] + step * 10 * SECOND_NS
            crazy = row is rows[wick] and 100 <= step < 200
            for source in range(SOURCES):
                said = row["low"] if crazy and source == 0 else spread(price, source)
                records.append(("tick", source, len(records), said, at_ns))
    return records


def test_a_true_fall_is_never_blocked_where_three_sources_see_it() -> None:
    rows = eth_day()
    seen = facts(Settings(), ticks_of(rows, SOURCES))
    by_price = [seen[i : i + SOURCES] for i in range(0, len(seen), SOURCES)]
    prices = [row[name] for row in rows for name in ("open", "low", "high", "close")]
    blocked = 0
    for price, answers in zip(prices, by_price, strict=True):
        # once all three have spoken the mark is the price itself, whatever the move was
        assert answers[-1]["state"] == "ready"
        assert answers[-1]["mark"] == price
        blocked += answers[1]["state"] != "ready"
    assert blocked == 0  # two agree half a second after the first: the third is not waited for
    falls = {row["close"] for row in rows}
    assert {2423.98, 2199.10} <= falls  # the minute of 13:21, -9.3 %, is among them


def test_one_source_alone_waits_in_that_minute_and_is_released_by_the_price() -> None:
    rows = [row for row in eth_day() if row["close"] in (2423.98, 2199.10, 2343.96)]
    times = [row["begin_ns"] // SECOND_NS % 86400 // 60 for row in rows]
    assert times == [13 * 60 + 20, 13 * 60 + 21, 13 * 60 + 22]
    closes: list[Record] = [
        ("tick", 0, number, row["close"], row["begin_ns"]) for number, row in enumerate(rows)
    ]
    before, fall, back = facts(Settings(quorum=1), closes)
    assert before["state"] == "ready"
    assert (fall["status"], fall["state"]) == ("quarantined", "quarantined")
    assert fall["mark"] == 2423.98
    assert fall["doubt_ratio"] == abs(2199.10 - 2423.98) / 2423.98
    assert (back["state"], back["mark"]) == ("ready", 2343.96)


def test_the_print_of_one_source_of_three_moves_nothing() -> None:
    records = link_prints()
    answers = facts(Settings(), records)
    outlier = 0
    for record, answer in zip(records[SOURCES:], answers[SOURCES:], strict=True):
        assert answer["state"] == "ready"
        assert answer["mark"] > 2.3
        assert answer["status"] == "ok"
        outlier += answer["sources"][0] == "5"  # fresh and outlier
        assert (record[3] < 0.001) <= (answer["sources"][record[1]] == "5")
    assert outlier == 100 * SOURCES


@pytest.mark.parametrize("quorum", [1, 2])
def test_the_core_says_the_same_of_these_prices(quorum: int) -> None:
    settings = Settings(quorum=quorum)
    eth = eth_day()
    for records in (link_prints(), ticks_of(eth, 3), ticks_of(eth, 1)):
        answers = replay([settings_line(settings), *map(line, records)])
        assert [parse(answer) for answer in answers] == facts(settings, records)
