"""Scenario matrix and scenario margin: revalue every option, add up every account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.special import ndtr

from bench.harness import Contestant, Goal, Race
from bench.peers import numba_loops
from bench.peers.inputs import Book, draw_book, draw_options
from bench.peers.row_gather import RowGather
from tickmargin.scan import portfolio_scan, scenario_matrix

SCENARIOS = 32


def matrix_race(small: bool) -> Race:
    """3000 instruments x 32 scenarios, three volatilities each."""
    rows = 300 if small else 3000
    o = draw_options(rows)
    factor = 0.84 + 0.01 * np.arange(SCENARIOS)
    index = np.arange(SCENARIOS) % 3
    shock = np.array([1.0, 1.4, 0.75])
    vols = o.vol[:, np.newaxis] * shock
    base = 0.1 * o.forward
    ours, theirs = np.zeros((rows, SCENARIOS)), np.zeros((rows, SCENARIOS))
    arguments = (o.is_call, o.forward, o.strike, vols, o.years)

    def call() -> None:
        scenario_matrix(*arguments, price_factor=factor, vol_index=index, base_value=base, out=ours)

    # What a user can hoist out of the call: signs and what temporaries need.
    sign = np.where(o.is_call, 1.0, -1.0)[:, np.newaxis]
    d1, d2, forward = (np.zeros((rows, SCENARIOS)) for _ in range(3))

    def numpy_call() -> None:
        s = (vols * np.sqrt(o.years)[:, np.newaxis])[:, index]
        np.multiply(o.forward[:, np.newaxis], factor, out=forward)
        np.divide(forward, o.strike[:, np.newaxis], out=d1)
        np.log(d1, out=d1)
        np.divide(d1, s, out=d1)
        s *= 0.5
        np.subtract(d1, s, out=d2)
        np.add(d1, s, out=d1)
        np.multiply(d1, sign, out=d1)
        np.multiply(d2, sign, out=d2)
        ndtr(d1, out=d1)
        ndtr(d2, out=d2)
        np.multiply(d1, forward, out=d1)
        np.multiply(d2, o.strike[:, np.newaxis], out=d2)
        np.subtract(d1, d2, out=d1)
        np.multiply(d1, sign, out=d1)
        np.subtract(d1, base[:, np.newaxis], out=theirs)

    def check() -> None:
        error = np.max(np.abs(ours - theirs) / o.forward[:, np.newaxis])
        if not error <= 1e-14 * 10 or not np.any(ours):
            raise AssertionError(f"scenario matrices differ by {error:.1e} of the forward")

    # The peer is first, so that there is something to hold ours against.
    contestants = [
        Contestant("numpy + scipy", numpy_call, lambda: None),
        Contestant("ours", call, check),
    ]
    name = f"scenario matrix {rows} x {SCENARIOS}"
    goals = [Goal("scenario matrix", "ours", "numpy + scipy", 4.5)]
    return Race(name, "revaluations", rows * SCENARIOS, contestants, goals)


def margin_race(small: bool, library: Path | None) -> Race:
    """1e6 positions of 1e5 accounts, 3000 instruments, 32 scenarios: the worst of each account."""
    accounts, positions = (1_000, 10_000) if small else (100_000, 1_000_000)
    book = draw_book(accounts, positions, 3000, SCENARIOS)
    matrix = sparse.csr_array(
        (book.quantity, book.row, book.offsets.astype(np.int32)), shape=(accounts, 3000)
    )
    expected = (matrix @ book.table).min(axis=1)
    contestants = [
        _ours(book, expected, threads=1),
        _loop("numba", numba_loops.scenario_scan(False), book, expected),
        _loop("numba fastmath", numba_loops.scenario_scan(True), book, expected),
        _loop("numba by four", numba_loops.scenario_scan_by_four(False), book, expected),
        _reduction("scipy.sparse", lambda: (matrix @ book.table).min(axis=1), expected),
        _reduction("numpy reduceat", lambda: _in_numpy(book), expected),
    ]
    goals = [
        Goal("scenario margin", "ours", "scipy.sparse", 7.0),
        Goal("scenario margin", "ours", "numba", 3.0),
        Goal("scenario margin", "ours", "numba fastmath", None),
        Goal("scenario margin", "ours", "numba by four", None),
        Goal("scenario margin", "ours", "numpy reduceat", None),
    ]
    left_out = "The row-gather limit was not measured: bench/cpp is not built."
    if library is not None:
        contestants.append(RowGather(library).contestant(book))
        goals.append(Goal("scenario margin", "ours", "row-gather limit", 0.75))
        left_out = ""
    name = f"scenario margin, {positions:,} positions"
    return Race(name, "positions", positions, contestants, goals, left_out)


def threads_race(small: bool) -> Race:
    """The same scan over 1e7 positions of 1e6 accounts on one processor and on two."""
    accounts, positions = (2_000, 20_000) if small else (1_000_000, 10_000_000)
    book = draw_book(accounts, positions, 3000, SCENARIOS)
    worst = np.zeros(accounts)
    numba_loops.scenario_scan(False)(
        book.offsets, book.row, book.quantity, book.table, worst, np.zeros(accounts, np.uint32)
    )
    one, two = _ours(book, worst, threads=1), _ours(book, worst, threads=2)
    one.name, two.name = "one thread", "two threads"
    goal = Goal("two threads", "two threads", "one thread", 1.8)
    name = f"two threads, portfolio scan of {positions:,} positions"
    return Race(name, "positions", positions, [one, two], [goal])


def _ours(book: Book, expected: np.ndarray, threads: int) -> Contestant:
    count = expected.size
    out = {"worst": np.zeros(count), "worst_scenario": np.zeros(count, np.uint32)}
    arguments = (book.offsets, book.row, book.quantity, book.table)
    return Contestant(
        "ours",
        lambda: portfolio_scan(*arguments, threads=threads, out=out),
        lambda: _require(out["worst"], expected),
        cpus=threads,
    )


def _loop(name: str, loop, book: Book, expected: np.ndarray) -> Contestant:
    worst, scenario = np.zeros(expected.size), np.zeros(expected.size, np.uint32)
    arguments = (book.offsets, book.row, book.quantity, book.table, worst, scenario)
    return Contestant(name, lambda: loop(*arguments), lambda: _require(worst, expected))


def _reduction(name: str, compute, expected: np.ndarray) -> Contestant:
    found: list[np.ndarray] = []

    def call() -> None:
        found[:] = [compute()]

    return Contestant(name, call, lambda: _require(found[0], expected))


def _in_numpy(book: Book) -> np.ndarray:
    """Gather, multiply, add up; in slices, or the intermediate matrix would be 256 MB."""
    worst = np.empty(book.offsets.size - 1)
    step = 4096
    for first in range(0, worst.size, step):
        starts = book.offsets[first : first + step + 1]
        held = slice(starts[0], starts[-1])
        profit = book.table[book.row[held]]
        profit *= book.quantity[held, np.newaxis]
        sums = np.add.reduceat(profit, starts[:-1] - starts[0], axis=0)
        worst[first : first + step] = sums.min(axis=1)
    return worst


def _require(worst: np.ndarray, expected: np.ndarray) -> None:
    error = np.max(np.abs(worst - expected)) / np.max(np.abs(expected))
    if not error <= 1e-13:
        raise AssertionError(f"worst sums are off by {error:.1e} of the largest")
