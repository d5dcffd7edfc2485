"""One writer, any number of readers of published rows, and Python goes on meanwhile."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from tests.python.live_books import SECOND

import tickmargin as tm
from tickmargin import records
from tickmargin.simulate import synthetic_venue


def venue_engine() -> tm.Engine:
    venue = synthetic_venue(accounts=200, positions=2_000, seed=2)
    return tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")


def long_stream(live: tm.Engine, count: int = 150) -> tm.records.Records:
    """Ticks up and down, each of which moves many accounts."""
    base = float(live.market.underlyings.index_price[0])
    prices = base * (1.0 + 0.02 * np.sin(np.arange(count)))
    seq = np.arange(1, count + 1)
    return records.index_tick(0, prices, seq=seq, ts_ns=live.market.as_of_ns + seq * SECOND)


def while_applying(live: tm.Engine, work: Callable[[], None]) -> tm.Applied:
    """Run something again and again while another thread applies a long stream."""
    answers: list[tm.Applied] = []
    stream = long_stream(live)
    started = threading.Event()

    def write() -> None:
        started.set()
        answers.append(live.apply(stream))

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    while writer.is_alive():
        work()
    writer.join()
    return answers[0]


@pytest.fixture
def live() -> tm.Engine:
    made = venue_engine()
    made.start(capacity={"events": 1_000_000})
    return made


def test_a_second_writer_is_told_and_changes_nothing(live: tm.Engine) -> None:
    told: list[BaseException] = []
    tick = long_stream(live, 1)

    def intrude() -> None:
        for attempt in (
            lambda: live.apply(tick),
            lambda: live.check_order(0, 0, 1.0, 1.0),
            lambda: live.account(0),
            lambda: live.state_hash(),
            lambda: live.counters(),
        ):
            try:
                attempt()
            except tm.EngineBusyError as error:
                told.append(error)

    applied = while_applying(live, intrude)
    assert applied.count == len(applied.status)
    assert told
    assert all(isinstance(error, RuntimeError) for error in told)
    assert {error.code for error in told if isinstance(error, tm.TickMarginError)} == {
        "ENGINE_BUSY"
    }
    assert live.audit() == 0


def test_many_writers_never_break_it(live: tm.Engine) -> None:
    taken, refused = [0], [0]
    lock = threading.Lock()

    def write(source: int) -> None:
        base = float(live.market.underlyings.index_price[0])
        for seq in range(1, 60):
            tick = records.index_tick(
                0, base * (1 + 1e-4 * source), seq=seq, ts_ns=live.market.as_of_ns + seq * SECOND
            )
            try:
                done = live.apply(tick).counts.get("ok", 0)
            except tm.EngineBusyError:
                done = 0
            with lock:
                taken[0] += done
                refused[0] += 1 - done

    workers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert taken[0] > 0
    assert live.info()["applied_seq"] == taken[0]
    assert live.audit() == 0


def stored_rows(stream: tm.records.Records) -> list[dict[int, tuple[str, ...]]]:
    """By account, every row that the writer of a stream stores, by the record it belongs to."""
    twin = venue_engine()
    twin.start(capacity={"events": 1_000_000})
    stored: list[dict[int, tuple[str, ...]]] = [{} for _ in range(200)]
    for n in range(-1, len(stream)):
        if n >= 0:
            twin.apply(stream[n : n + 1])
        for account, (seq, row) in enumerate(rows_of(twin)):
            assert stored[account].setdefault(seq, row) == row
    return stored


def rows_of(live: tm.Engine) -> list[tuple[int, tuple[str, ...]]]:
    """Each account's published row: the record it belongs to, and all that it says."""
    table = live.accounts(published=True)
    rows = zip(*(map(repr, table[name].tolist()) for name in table.columns), strict=True)
    return list(zip(table["applied_seq"].tolist(), rows, strict=True))


def test_published_rows_are_whole_and_never_go_back(live: tm.Engine) -> None:
    seen: list[list[tuple[int, tuple[str, ...]]]] = []
    applied = while_applying(live, lambda: seen.append(rows_of(live)))
    assert applied.count == len(applied.status)
    assert len(seen) > 1
    stored = stored_rows(long_stream(live))
    assert sum(len(rows) > 2 for rows in stored) > 5
    for rows in seen:
        assert len(rows) == 200
        # A row whose fields came from two records is neither one's.
        for account, (seq, row) in enumerate(rows):
            assert stored[account][seq] == row
    for earlier, later in itertools.pairwise(seen):
        assert all(b[0] >= a[0] for a, b in zip(earlier, later, strict=True))


def test_events_may_be_taken_by_one_other_thread(live: tm.Engine) -> None:
    taken: list[np.ndarray] = []
    while_applying(live, lambda: taken.append(live.events(500)))
    taken.append(live.events(1_000_000))
    sequence = np.concatenate([events["applied_seq"] for events in taken])
    assert len(sequence)
    assert (np.diff(sequence.astype(np.int64)) >= 0).all()
    twin = venue_engine()
    twin.start(capacity={"events": 1_000_000})
    twin.apply(long_stream(twin))
    assert np.concatenate(taken).tobytes() == twin.events(1_000_000).tobytes()


def test_python_goes_on_while_records_are_applied(live: tm.Engine) -> None:
    longest, last = [0.0], [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        longest[0], last[0] = max(longest[0], now - last[0]), now

    begin = time.perf_counter()
    while_applying(live, tick)
    # Holding the GIL would leave this loop nothing but one gap of the whole stream.
    assert longest[0] < 0.5 * (time.perf_counter() - begin) + 0.05
