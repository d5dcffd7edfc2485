"""A history of another time, another unit or another underlying is told with both prices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from tests.python.live_books import BTC, DAY, ETH, T0, market, portfolio, real_data

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.history import History
from tickmargin.history_notes import doubtful_history


def closes(count: int, last: float, size: float = 0.02) -> np.ndarray:
    """Prices that end at `last`; no two within ten rows are further apart than 2 x `size`."""
    return last * np.exp(size * np.sin(np.arange(count)[::-1]))


def history(
    btc: float = BTC, eth: float = ETH, *, age: int = DAY, step: int = DAY, count: int = 60
) -> History:
    times = T0 - age - step * np.arange(count)[::-1]
    return History.of(times, {"BTC": closes(count, btc), "ETH": closes(count, eth)})


def told(past: History) -> list[tuple[str, object]]:
    return [(i.code, i.value) for i in doubtful_history(past, market(), portfolio())]


def test_a_history_of_the_market_is_not_told_of() -> None:
    assert told(history()) == []
    assert doubtful_history(None, market(), portfolio()) == []


@pytest.mark.parametrize(
    ("step_days", "age_days", "late"),
    [(1, 7, False), (1, 7.01, True), (1 / 24, 8, True), (7, 30, False), (7, 36, True)],
)
def test_late_is_older_than_a_week_and_five_steps(
    step_days: float, age_days: float, late: bool
) -> None:
    past = history(age=round(age_days * DAY), step=round(step_days * DAY))
    assert told(past) == ([("HISTORY_LATE", "BTC"), ("HISTORY_LATE", "ETH")] if late else [])


def test_both_prices_and_times_are_said() -> None:
    (first, _) = doubtful_history(history(age=400 * DAY), market(), portfolio())
    assert first.message == (
        "the last price of BTC in the history is 60,000 at 2022-10-10T22:13:20Z, "
        "the index 60,000 at 2023-11-14T22:13:20Z: 400 days later; its moves are of another time"
    )
    (first,) = doubtful_history(history(btc=60.0), market(), portfolio())
    assert (first.code, first.file, first.column) == ("HISTORY_OFF", "history", "price")
    assert first.message.startswith(
        "the last price of BTC in the history is 60 at 2023-11-13T22:13:20Z, "
        "the index 60,000 at 2023-11-14T22:13:20Z: 1e+03 times above it, where it never moved by "
    )


def test_two_underlyings_that_changed_places_are_told() -> None:
    assert told(history(btc=ETH, eth=BTC)) == [("HISTORY_OFF", "BTC"), ("HISTORY_OFF", "ETH")]


@pytest.mark.parametrize("ratio", [0.49, 0.51, 1.99, 2.01])
def test_off_begins_where_the_index_has_doubled_or_halved(ratio: float) -> None:
    is_off = not 0.5 <= ratio <= 2.0
    assert told(history(btc=BTC / ratio)) == ([("HISTORY_OFF", "BTC")] if is_off else [])


def test_what_moved_a_third_as_far_before_is_not_off() -> None:
    """The index is 1/12 of the last price: 2.5 in logs, beside a step by 0.8 and one by 0.9."""
    times = T0 - DAY * np.arange(1, 61)[::-1]
    for step, is_off in ((np.exp(0.8), True), (np.exp(0.9), False)):
        once = np.where(np.arange(60) < 20, step, 1.0) * 12 * BTC
        past = History.of(times, {"BTC": once})
        assert told(past) == ([("HISTORY_OFF", "BTC")] if is_off else [])
    # Two steps by 0.5 count as one by 1.0 where the last price is two rows old, and not before.
    twice = np.exp(np.where(np.arange(60) < 20, 1.0, np.where(np.arange(60) < 21, 0.5, 0.0)))
    assert told(History.of(times, {"BTC": twice * 12 * BTC})) == [("HISTORY_OFF", "BTC")]
    assert told(History.of(times - DAY, {"BTC": twice * 12 * BTC})) == []


def test_what_is_not_held_not_known_or_yet_to_come_is_not_told_of() -> None:
    past = history()
    prices = np.column_stack([past.prices, np.full(60, 1e9), np.full(60, np.nan)])
    more = History(past.times_ns, ("BTC", "ETH", "DOGE", "SOL"), prices)
    assert told(more) == []
    times = np.append(past.times_ns, T0 + DAY)
    future = History(times, past.underlyings, np.vstack([past.prices, [[1.0, 1.0]]]))
    assert told(future) == []
    gone = past.prices.copy()
    gone[-10:, 1] = np.nan  # the last price of one underlying is older than the last row
    assert told(History(past.times_ns, past.underlyings, gone)) == [("HISTORY_LATE", "ETH")]


def test_the_engine_and_the_commands_say_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    past = history(btc=60.0, age=30 * DAY)
    engine = tm.Engine(market(), portfolio(), history=past)
    own = [i for i in engine.warnings if i.file == "history"]
    assert [(i.code, i.value) for i in own] == told(past)
    market().save(tmp_path / "market", format="csv")
    portfolio().save(tmp_path / "book", format="csv")
    lines = ["ts_ns,underlying,close"]
    for ts_ns, row in zip(past.times_ns.tolist(), past.prices.tolist(), strict=True):
        lines += [f"{ts_ns},{n},{p!r}" for n, p in zip(past.underlyings, row, strict=True)]
    (tmp_path / "history.csv").write_text("\n".join(lines) + "\n")
    folders = [str(tmp_path / "market"), str(tmp_path / "book")]
    asked = ["probabilities", *folders, "--history", str(tmp_path / "history.csv")]
    assert main([*asked, "--horizon-days", "1"]) == exit_codes.OK
    said = capsys.readouterr().err
    assert all(f"warning [{i.code}]: {i.message}" in said for i in own)
    (tmp_path / "history.csv").rename(tmp_path / "market" / "history.csv")
    assert main(["run", *folders, "--json"]) == exit_codes.OK
    assert "HISTORY_OFF" in capsys.readouterr().out


def test_no_day_of_real_closes_is_told_of() -> None:
    """The days on which eight coins moved most in eight years, beside the closes before them."""
    table = pyarrow.parquet.read_table(real_data("prices", "binance_spot_1h.parquet"))
    symbols = np.array(table["symbol"].to_pylist())
    times = table["ts_utc"].to_numpy().astype(np.int64)
    seen = 0
    for symbol in np.unique(symbols):
        rows = np.flatnonzero((symbols == symbol) & (times % DAY == 23 * DAY // 24))
        price, when = table["close"].to_numpy()[rows].astype(float), times[rows]
        moves = np.abs(np.diff(np.log(price)))
        for day in np.argsort(moves[30:])[-10:] + 31:
            tables = {name: dict(t.to_dict()) for name, t in market().tables().items()}
            tables["underlyings"]["index_price"] = [price[day], ETH]
            del tables["forwards"]
            at = tm.Market.from_tables(as_of_ns=int(when[day]), numeraire="USD", **tables)
            past = History.of(when[:day], {"BTC": price[:day]})
            assert doubtful_history(past, at, portfolio()) == [], (symbol, day)
            seen += 1
    assert seen == 80
