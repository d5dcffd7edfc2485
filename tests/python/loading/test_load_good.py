"""A sound book and market mean the same whatever they are loaded from."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from tickmargin.loading import Coded
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio


def test_every_kind_of_input_gives_the_book(loader, kind):
    book = loader.portfolio(kind=kind)
    assert book.pocket_names == ("cross", "hedge")
    assert book.underlying_names == ("BTC", "ETH")
    assert book.asset_keys == (("BTC", ""), ("USD", ""), ("USDC", ""), ("USDC", "ethereum"))
    inst = book.instruments
    assert inst.names.tolist() == loader.book["instruments"]["instrument"]
    assert inst.kind.tolist() == [2, 1, 3, 0, 3]
    assert inst.payoff.tolist() == [0, 1, 3, 0, 0]
    assert inst.underlying.tolist() == [0, 0, 0, 1, 1]
    assert inst.settlement.tolist() == [1, 0, 0, 1, 3]
    np.testing.assert_array_equal(inst.multiplier, [1.0, 10.0, 0.1, 1.0, 0.01])
    np.testing.assert_array_equal(inst.strike, [np.nan, np.nan, 5e4, np.nan, 2e3])
    end = loader.EXPIRY_NS
    assert inst.expiry_ns.tolist() == [0, end, end, 0, end]
    assert inst.is_call.tolist() == [0, 0, 1, 0, 0]
    assert inst.bachelier.tolist() == [0, 0, 0, 0, 1]
    assert book.accounts.names.tolist() == loader.book["accounts"]["account"]
    assert book.accounts.tier.tolist() == ["pro", None, "retail", "pro", ""]
    np.testing.assert_array_equal(book.accounts.credit_score, [0.5, np.nan, -1.0, 3.25, 0.0])
    held = book.positions
    assert held.account.tolist() == [0, 0, 1, 2, 3]
    assert held.pocket.tolist() == [0, 1, 0, 0, 0]
    assert held.instrument.tolist() == [0, 0, 1, 2, 3]
    assert held.quantity.tolist() == [1.5, -2.0, 3.0, -4.0, 0.25]
    assert held.hedge.tolist() == [0, 2, 1, 0, 0]
    np.testing.assert_array_equal(held.entry_price, [6e4, 6.1e4, 5.9e4, np.nan, np.nan])
    cash = book.balances
    assert cash.account.tolist() == [0, 0, 1, 2, 3]
    assert cash.pocket.tolist() == [0, 1, 0, 0, 0]
    assert cash.asset.tolist() == [1, 1, 0, 3, 2]
    assert cash.amount.tolist() == [1000.0, 10.0, 0.5, -20.0, 0.0]


def test_every_kind_of_input_gives_the_market(loader, kind):
    market = loader.the_market(kind=kind)
    assert (market.numeraire, market.as_of_ns) == ("USD", loader.AS_OF_NS)
    keys = (("BTC", ""), ("ETH", ""), ("EUR", ""), ("USD", ""), ("USDC", ""), ("USDC", "ethereum"))
    assert market.assets.keys == keys
    expected = [np.nan, np.nan, 1.1, 1.0, 1.001, 0.999]
    np.testing.assert_array_equal(market.assets.price, expected)
    assert market.assets.underlying.tolist() == [0, 1, -1, -1, -1, -1]
    under = market.underlyings
    assert under.names.tolist() == ["BTC", "ETH", "SOL"]
    np.testing.assert_array_equal(under.index_price, [6e4, 3e3, np.nan])
    assert under.quote_asset.tolist() == [3, 5, 3]
    np.testing.assert_array_equal(under.realised_vol_annual, [0.5, 0.7, np.nan])
    np.testing.assert_array_equal(under.depth_notional, [np.nan, 1e6, np.nan])
    np.testing.assert_array_equal(under.previous_mm_ratio, [0.02, np.nan, np.nan])
    assert under.previous_ts_ns.tolist() == [loader.AS_OF_NS - 10**9, 0, 0]
    end = loader.EXPIRY_NS
    assert market.forwards.underlying.tolist() == [0, 0, 1]
    assert market.forwards.expiry_ns.tolist() == [end, end + 10**9, end]
    assert market.forwards.forward_price.tolist() == [60_500.0, 60_600.0, 3_010.0]
    assert market.forwards.rate_annual.tolist() == [0.02, 0.0, 0.0]
    names = ["BTC-50000-C", "BTC-DEC", "BTC-PERP", "ETH-2000-P", "ETH/USD"]
    assert market.marks.names.tolist() == names
    nan = np.nan
    np.testing.assert_array_equal(market.marks.mark_price, [nan, 60_400, 60_010, nan, 3_000.5])
    np.testing.assert_array_equal(market.marks.vol_annual, [0.55, nan, nan, 0.65, nan])
    np.testing.assert_array_equal(market.marks.vol_normal_annual, [nan, nan, nan, 1_900, nan])
    assert market.surface.underlying.tolist() == [0, 0, 1]
    assert market.surface.strike.tolist() == [50_000.0, 70_000.0, 2_000.0]
    assert market.surface.vol_annual.tolist() == [0.5, 0.52, 0.6]


DTYPES = {
    "kind": np.uint8, "payoff": np.uint8, "underlying": np.int32, "settlement": np.int32,
    "multiplier": np.float64, "strike": np.float64, "expiry_ns": np.int64, "is_call": np.uint8,
    "bachelier": np.uint8, "account": np.int32, "pocket": np.int32, "instrument": np.int32,
    "quantity": np.float64, "entry_price": np.float64, "hedge": np.uint8, "asset": np.int32,
    "amount": np.float64, "credit_score": np.float64, "price": np.float64,
    "index_price": np.float64, "quote_asset": np.int32, "forward_price": np.float64,
    "vol_annual": np.float64, "mark_price": np.float64, "rate_annual": np.float64,
}  # fmt: skip


def test_columns_have_fixed_types_and_cannot_be_written(loader, kind):
    book, market = loader.portfolio(kind=kind), loader.the_market(kind=kind)
    checked = 0
    groups = [book.instruments, book.accounts, book.positions, book.balances]
    groups += [market.assets, market.underlyings, market.forwards, market.marks, market.surface]
    for group in groups:
        for name in group.__slots__:
            column = getattr(group, name)
            if isinstance(column, tuple):
                continue
            assert column.dtype == DTYPES.get(name, column.dtype), name
            assert column.flags.c_contiguous, name
            assert not column.flags.writeable, name
            with pytest.raises(ValueError, match="read-only"):
                column[:1] = column[:1]
            checked += 1
    assert checked > 35


def test_objects_are_immutable(loader):
    book, market = loader.portfolio(), loader.the_market()
    with pytest.raises(AttributeError):
        book.positions = None
    with pytest.raises(AttributeError):
        market.as_of_ns = 1
    with pytest.raises(AttributeError):
        book.positions.quantity = None


def test_arrays_are_copied(loader):
    tables = loader.book
    quantity = np.array(tables["positions"]["quantity"])
    amount = np.array(tables["balances"]["amount"])
    tables["positions"]["quantity"] = quantity
    tables["balances"] = loader.arrow_table(tables["balances"]).set_column(
        4, "amount", pa.array(amount)
    )
    book = Portfolio.from_tables(**tables)
    quantity[:] = 7.0
    amount[:] = 7.0
    assert book.positions.quantity.tolist() == [1.5, -2.0, 3.0, -4.0, 0.25]
    assert book.balances.amount.tolist() == [1000.0, 10.0, 0.5, -20.0, 0.0]


def test_inputs_are_not_changed(loader):
    tables = loader.book
    Portfolio.from_tables(**tables)
    assert tables == loader.book
    codes = np.array([0, 2, 0, 0, 0], np.int32)
    names = np.array(["cross", "unused", "hedge"], dtype=object)
    tables["positions"]["pocket"] = Coded(codes, names)
    book = Portfolio.from_tables(**tables)
    assert codes.tolist() == [0, 2, 0, 0, 0]
    assert book.pocket_names == ("cross", "hedge")


def test_optional_columns_and_tables_may_be_absent():
    book = Portfolio.from_tables(
        instruments={
            "instrument": ["P"], "kind": ["perpetual"], "underlying": ["BTC"],
            "settlement_asset": ["USD"], "payoff": ["linear"], "multiplier": [1.0],
        },
        accounts={"account": ["a"]},
        positions={
            "account": ["a"], "instrument": ["P"], "quantity": [1.0], "entry_price": [1.0]
        },
        balances={"account": ["a"], "asset": ["USD"], "amount": [1.0]},
    )  # fmt: skip
    assert book.pocket_names == ("cross",)
    assert book.asset_keys == (("USD", ""),)
    market = Market.from_tables(
        assets={"asset": ["USD"]},
        underlyings={"underlying": ["BTC"], "index_price": [1.0]},
        as_of_ns=1,
    )
    assert market.assets.price.tolist() == [1.0]
    assert (len(market.forwards), len(market.marks), len(market.surface)) == (0, 0, 0)


def test_empty_tables_are_a_portfolio(loader, kind):
    empty = {name: {c: [] for c in columns} for name, columns in loader.book.items()}
    book = loader.portfolio(empty, kind)
    assert len(book.accounts) == len(book.positions) == 0
    assert book.pocket_names == ("cross",)


def test_integers_are_taken_where_exact(loader):
    tables = loader.book
    tables["positions"]["quantity"] = np.array([2**53, -0, 3, -(2**53), 2**60])
    del tables["positions"]["side"]
    book = Portfolio.from_tables(**tables)
    assert book.positions.quantity.tolist() == [2.0**53, 0.0, 3.0, -(2.0**53), 2.0**60]


def test_a_short_of_nothing_is_plus_zero(loader):
    tables = loader.book
    tables["positions"]["quantity"][1] = 0.0
    book = loader.portfolio(tables)
    assert not np.signbit(book.positions.quantity[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda a: a[::2],
        lambda a: np.flip(a[::2]).copy()[::-1],
        lambda a: np.frombuffer(a[::2].tobytes()),
        lambda a: np.frombuffer(b"x" + a[::2].tobytes(), np.uint8)[1:].view(np.float64),
    ],
    ids=["strided", "reversed", "read-only", "misaligned"],
)
def test_array_layouts_that_mean_the_same_are_taken(loader, make):
    values = np.array([1.5, 0, 2.0, 0, 3.0, 0, -4.0, 0, 0.25])
    tables = loader.book
    tables["positions"]["quantity"] = make(values)
    book = Portfolio.from_tables(**tables)
    assert book.positions.quantity.tolist() == [1.5, -2.0, 3.0, -4.0, 0.25]


def test_structured_array_is_a_table(loader):
    tables = loader.book
    rows = np.array(
        [("anna", 1.0), ("boris", 2.0), ("chen", 3.0), ("dora", 4.0), ("emil", 5.0)],
        dtype=[("account", "U8"), ("credit_score", "f8")],
    )
    tables["accounts"] = rows
    book = Portfolio.from_tables(**tables)
    assert book.accounts.names.tolist() == ["anna", "boris", "chen", "dora", "emil"]
    assert book.accounts.credit_score.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_arrow_chunks_with_different_dictionaries(loader):
    tables = loader.book
    chunks = [pa.array(["anna", "anna"]).dictionary_encode(), pa.array(["boris", "chen", "dora"])]
    chunks[1] = chunks[1].dictionary_encode()
    tables["positions"]["account"] = pa.chunked_array(chunks)
    book = Portfolio.from_tables(**tables)
    assert book.positions.account.tolist() == [0, 0, 1, 2, 3]


def test_arrow_dictionary_with_null_repeated_and_unused_values(loader):
    tables = loader.book
    values = pa.array(["cross", None, "hedge", "hedge", ""])
    indices = pa.array([1, 3, 0, None, 1], pa.int8())
    tables["positions"]["pocket"] = pa.DictionaryArray.from_arrays(indices, values)
    book = Portfolio.from_tables(**tables)
    assert book.positions.pocket.tolist() == [0, 1, 0, 0, 0]


def test_sliced_arrow_tables_count_rows_from_their_start(loader):
    tables = loader.book
    positions = loader.arrow_table(tables["positions"]).slice(1, 3)
    tables["positions"] = positions
    book = Portfolio.from_tables(**tables)
    assert book.positions.quantity.tolist() == [-2.0, 3.0, -4.0]


def test_numpy_needs_no_pyarrow():
    """In a process in which pyarrow, pandas and polars cannot be imported."""
    script = """
import sys
for name in ("pyarrow", "pandas", "polars"):
    sys.modules[name] = None
import numpy as np
from tickmargin.errors import MissingExtraError
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio
book = Portfolio.from_tables(
    instruments={"instrument": ["P"], "kind": ["perpetual"], "underlying": ["BTC"],
                 "settlement_asset": ["USD"], "payoff": ["linear"], "multiplier": [1.0]},
    accounts={"account": np.array(["a", "b"])},
    positions={"account": np.array(["a"]), "instrument": np.array(["P"], dtype=object),
               "quantity": np.array([1.0]), "entry_price": np.array([5])},
    balances={"account": [], "asset": [], "amount": []})
assert len(book.positions) == 1
market = Market.from_tables(assets={"asset": ["USD"]}, as_of_ns=1,
                            underlyings={"underlying": ["BTC"], "index_price": [1.0]})
assert len(market.underlyings) == 1
repr(book.table("positions"))
for attempt in (lambda: book.save("/nonexistent/x"), lambda: Portfolio.load(sys.argv[1])):
    try:
        attempt()
    except MissingExtraError as error:
        assert error.code == "MISSING_EXTRA" and isinstance(error, ImportError)
        assert "tickmargin[io]" in str(error)
    else:
        raise SystemExit("no error")
"""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        for name in ("instruments", "accounts", "positions", "balances"):
            (Path(folder) / f"{name}.csv").write_text("account\n")
        done = subprocess.run(
            [sys.executable, "-c", script, folder], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr


def test_importing_does_not_import_pyarrow():
    script = (
        "import sys, tickmargin.portfolio, tickmargin.market;"
        "assert not {'pyarrow', 'pandas', 'polars'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_progress_is_called_and_ends_at_one(loader):
    seen = []
    Portfolio.from_tables(**loader.book, progress=lambda what, done: seen.append((what, done)))
    fractions = [done for _, done in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert "positions.quantity" in {what for what, _ in seen}


def test_progress_bar_is_drawn_only_when_asked(loader, capfd):
    Portfolio.from_tables(**loader.book, progress=True)
    assert "checking" in capfd.readouterr().err
    Portfolio.from_tables(**loader.book)
    assert capfd.readouterr().err == ""
