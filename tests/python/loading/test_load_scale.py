"""A million positions: no row loop, no pile of copies. Limits are generous; see the README."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest

from tickmargin.portfolio import Portfolio

ROWS = 1_000_000
ACCOUNTS = 100_000
INSTRUMENTS = 2_000


def columns():
    rng = np.random.default_rng(20260110)
    account = np.repeat(np.arange(ACCOUNTS), ROWS // ACCOUNTS)
    start = rng.integers(0, INSTRUMENTS, ACCOUNTS)
    instrument = (start[:, None] + np.arange(10) * 7).ravel() % INSTRUMENTS
    order = rng.permutation(ROWS)
    return account[order], instrument[order], rng.normal(size=ROWS)


ACCOUNT_NAMES = np.array([f"account-{i:07d}" for i in range(ACCOUNTS)], dtype=object)
INSTRUMENT_NAMES = np.array([f"BTC-27MAR26-{50_000 + i}-C" for i in range(INSTRUMENTS)], object)


@pytest.fixture(scope="module")
def tables():
    account, instrument, quantity = columns()
    return {
        "instruments": {
            "instrument": INSTRUMENT_NAMES,
            "kind": ["perpetual"] * INSTRUMENTS,
            "underlying": ["BTC"] * INSTRUMENTS,
            "settlement_asset": ["USD"] * INSTRUMENTS,
            "payoff": ["linear"] * INSTRUMENTS,
            "multiplier": np.ones(INSTRUMENTS),
        },
        "accounts": {"account": ACCOUNT_NAMES},
        "positions": {
            "account": ACCOUNT_NAMES[account],
            "instrument": INSTRUMENT_NAMES[instrument],
            "quantity": quantity,
            "entry_price": np.full(ROWS, 2.0),
        },
        "balances": {"account": [], "asset": [], "amount": []},
    }


@pytest.mark.parametrize("kind", ["objects", "fixed-width text", "arrow", "arrow-dictionary"])
def test_a_million_positions_load_in_seconds(tables, kind):
    given = dict(tables)
    positions = dict(given["positions"])
    for column in ("account", "instrument"):
        names = positions[column]
        if kind == "fixed-width text":
            positions[column] = names.astype(str)
        elif kind.startswith("arrow"):
            array = pa.array(names.tolist())
            positions[column] = array.dictionary_encode() if "dictionary" in kind else array
    given["positions"] = positions
    start = time.perf_counter()
    book = Portfolio.from_tables(**given)
    seconds = time.perf_counter() - start
    account, instrument, quantity = columns()
    np.testing.assert_array_equal(book.positions.account, account)
    np.testing.assert_array_equal(book.positions.instrument, instrument)
    np.testing.assert_array_equal(book.positions.quantity, quantity)
    assert seconds < 20


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_million_positions_from_files_need_little_memory(tables, tmp_path, format):
    Portfolio.from_tables(**tables).save(tmp_path, format=format)
    script = (
        "import sys, resource, pyarrow.parquet, pyarrow.csv\n"
        "from tickmargin.portfolio import Portfolio\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "book = Portfolio.load(sys.argv[1])\n"
        "assert len(book.positions) == 1_000_000\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    assert int(done.stdout) < 600_000  # KiB
    assert seconds < 30


def test_one_duplicate_among_a_million_is_found(tables):
    positions = {name: cells.copy() for name, cells in tables["positions"].items()}
    for column in ("account", "instrument"):
        positions[column][-1] = positions[column][123_456]
    with pytest.raises(ValueError, match="DUPLICATE_POSITION") as caught:
        Portfolio.from_tables(**{**tables, "positions": positions})
    assert [issue.row for issue in caught.value.issues] == [ROWS - 1]


def test_a_million_bad_rows_are_refused_in_seconds(tables):
    positions = {
        **tables["positions"],
        "account": np.array([f"nobody-{row}" for row in range(ROWS)], dtype=object),
        "quantity": np.full(ROWS, np.inf),
    }
    start = time.perf_counter()
    with pytest.raises(ValueError, match="nothing was loaded") as caught:
        Portfolio.from_tables(**{**tables, "positions": positions})
    assert caught.value.counts == {"UNKNOWN_ACCOUNT": ROWS, "NOT_FINITE": ROWS}
    assert len(str(caught.value)) < 5_000
    assert time.perf_counter() - start < 20
