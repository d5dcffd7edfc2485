"""What is saved loads back bit by bit, and no order of rows leaves a trace."""

from __future__ import annotations

import math
import struct
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickmargin.errors import InvalidInputError
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio


def bits(value):
    return struct.pack("<d", value).hex() if isinstance(value, float) else value


def content(thing):
    """Every cell of every table, floats as bits."""
    return {
        name: {c: [bits(v) for v in t[c].tolist()] for c in t.columns}
        for name, t in thing.tables().items()
    }


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_saved_book_and_market_load_back(loader, tmp_path, format):
    book, market = loader.portfolio(), loader.the_market()
    book.save(tmp_path / "one" / "folder", format=format)
    market.save(tmp_path / "one" / "folder", format=format)
    assert content(Portfolio.load(tmp_path / "one" / "folder")) == content(book)
    again = Market.load(tmp_path / "one" / "folder")
    assert content(again) == content(market)
    assert (again.numeraire, again.as_of_ns) == (market.numeraire, market.as_of_ns)


def test_tables_are_input_again(loader):
    book, market = loader.portfolio(), loader.the_market()
    assert content(Portfolio.from_tables(**book.tables())) == content(book)
    again = Market.from_tables(as_of_ns=market.as_of_ns, **market.tables())
    assert content(again) == content(market)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: "\0" not in name
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(NAMES, min_size=1, max_size=6, unique=True),
    numbers=st.lists(st.tuples(FINITE, POSITIVE, POSITIVE), min_size=6, max_size=6),
    format=st.sampled_from(["parquet", "csv"]),
)
def test_any_name_and_any_number_survives(names, numbers, format):
    rows = range(len(names))
    book = Portfolio.from_tables(
        instruments={
            "instrument": names,
            "kind": ["perpetual"] * len(names),
            "underlying": names[::-1],
            "settlement_asset": names,
            "settlement_chain": names,
            "payoff": ["inverse"] * len(names),
            "multiplier": [numbers[row][1] for row in rows],
        },
        accounts={"account": names, "tier": names, "credit_score": [numbers[r][0] for r in rows]},
        positions={
            "account": names,
            "pocket": names,
            "instrument": names,
            "quantity": [numbers[row][0] for row in rows],
            "entry_price": [numbers[row][2] for row in rows],
        },
        balances={
            "account": names,
            "asset": names,
            "chain": names,
            "amount": [numbers[row][0] for row in rows],
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        book.save(folder, format=format)
        again = Portfolio.load(folder)
    assert content(again) == content(book)
    expected = [number + 0.0 for number, _, _ in numbers[: len(names)]]
    assert [bits(q) for q in again.positions.quantity.tolist()] == [bits(q) for q in expected]


@settings(deadline=None, max_examples=60)
@given(
    price=st.lists(st.one_of(st.none(), POSITIVE), min_size=3, max_size=3),
    forward=st.lists(FINITE, min_size=3, max_size=3),
    as_of_ns=st.integers(1, 2**63 - 1),
    numeraire=NAMES.filter(lambda name: "@" not in name),
    format=st.sampled_from(["parquet", "csv"]),
)
def test_any_market_survives(price, forward, as_of_ns, numeraire, format):
    market = Market.from_tables(
        assets={"asset": ["x1", "x2", "x3"], "mark_price": price},
        underlyings={"underlying": ["c", "b", "a"], "index_price": price[::-1]},
        forwards={"underlying": ["a", "b", "c"], "expiry_ns": [1, 2, 3], "forward_price": forward},
        as_of_ns=as_of_ns,
        numeraire=numeraire,
    )
    with tempfile.TemporaryDirectory() as folder:
        market.save(folder, format=format)
        again = Market.load(folder)
    assert content(again) == content(market)
    assert (again.numeraire, again.as_of_ns) == (numeraire, as_of_ns)
    known = [p for p in price if p is not None]
    assert sorted(p for p in again.assets.price.tolist() if not math.isnan(p)) == sorted(
        [*known, 1.0]
    )


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_saving_never_replaces_unasked(loader, tmp_path, format):
    book, market = loader.portfolio(), loader.the_market()
    market.save(tmp_path, format="parquet")
    book.save(tmp_path, format="parquet")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for thing in (book, market):
        with pytest.raises(InvalidInputError) as caught:
            thing.save(tmp_path, format=format)
        assert caught.value.code == "FILE_EXISTS"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    for thing in (book, market):
        thing.save(tmp_path, format=format, overwrite=True)
    names = {path.name for path in tmp_path.iterdir()}
    tables = [*book.tables(), *market.tables()]
    assert names == {"market.toml", *(f"{table}.{format}" for table in tables)}
    assert content(Portfolio.load(tmp_path)) == content(book)
    assert content(Market.load(tmp_path)) == content(market)


@pytest.mark.parametrize("format", ["feather", "", None, "CSV"])
def test_unknown_format(loader, tmp_path, format):
    for thing in (loader.portfolio(), loader.the_market()):
        with pytest.raises(InvalidInputError) as caught:
            thing.save(tmp_path / "x", format=format)
        assert caught.value.code == "INVALID_ARGUMENT"
    assert not (tmp_path / "x").exists()


def test_book_does_not_depend_on_the_order_of_other_tables(loader):
    """Positions keep their rows; only the numbers of accounts and instruments move with theirs."""
    tables = loader.book
    book = loader.portfolio(tables)
    for name in ("instruments", "accounts"):
        tables[name] = {column: cells[::-1] for column, cells in tables[name].items()}
    turned = loader.portfolio(tables)
    assert content(turned)["positions"] == content(book)["positions"]
    assert content(turned)["balances"] == content(book)["balances"]
    for field in ("underlying_names", "asset_keys", "pocket_names"):
        assert getattr(turned, field) == getattr(book, field)
    np.testing.assert_array_equal(turned.positions.pocket, book.positions.pocket)
    np.testing.assert_array_equal(turned.balances.asset, book.balances.asset)


def test_market_does_not_depend_on_the_order_of_rows(loader):
    turned = {
        name: {column: cells[::-1] for column, cells in table.items()}
        for name, table in loader.market.items()
    }
    assert content(loader.the_market(turned)) == content(loader.the_market())
