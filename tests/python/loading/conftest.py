"""A small sound book and market, and the same tables in every kind of input."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tickmargin.errors import InvalidInputError
from tickmargin.loading import Nullable
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

Tables = dict[str, dict[str, list[Any]]]

EXPIRY_NS = 1_800_000_000_000_000_000
AS_OF_NS = 1_790_000_000_000_000_000

BOOK: Tables = {
    "instruments": {
        "instrument": ["BTC-PERP", "BTC-DEC", "BTC-50000-C", "ETH/USD", "ETH-2000-P"],
        "kind": ["perpetual", "future", "option", "spot", "option"],
        "underlying": ["BTC", "BTC", "BTC", "ETH", "ETH"],
        "settlement_asset": ["USD", "BTC", "BTC", "USD", "USDC"],
        "settlement_chain": [None, None, "", None, "ethereum"],
        "payoff": ["linear", "inverse", "coin", "linear", "linear"],
        "multiplier": [1.0, 10.0, 0.1, 1.0, 0.01],
        "strike": [None, None, 50_000.0, None, 2_000.0],
        "expiry_ns": [None, EXPIRY_NS, EXPIRY_NS, None, EXPIRY_NS],
        "option_type": [None, None, "call", None, "put"],
        "bachelier": [None, False, False, None, True],
    },
    "accounts": {
        "account": ["anna", "boris", "chen", "dora", "emil"],
        "tier": ["pro", None, "retail", "pro", ""],
        "jurisdiction": ["EU", "EU", None, "US", "US"],
        "linked_group": [None, None, "g1", "g1", None],
        "credit_score": [0.5, None, -1.0, 3.25, 0.0],
    },
    "positions": {
        "account": ["anna", "anna", "boris", "chen", "dora"],
        "pocket": [None, "hedge", "cross", None, None],
        "instrument": ["BTC-PERP", "BTC-PERP", "BTC-DEC", "BTC-50000-C", "ETH/USD"],
        "side": [None, "short", "long", None, None],
        "quantity": [1.5, 2.0, 3.0, -4.0, 0.25],
        "entry_price": [60_000.0, 61_000.0, 59_000.0, None, None],
    },
    "balances": {
        "account": ["anna", "anna", "boris", "chen", "dora"],
        "pocket": [None, "hedge", None, None, None],
        "asset": ["USD", "USD", "BTC", "USDC", "USDC"],
        "chain": [None, None, None, "ethereum", ""],
        "amount": [1_000.0, 10.0, 0.5, -20.0, 0.0],
    },
}

MARKET: Tables = {
    "assets": {
        "asset": ["BTC", "USDC", "USDC", "ETH", "EUR"],
        "chain": [None, "ethereum", "", None, None],
        "mark_price": [None, 0.999, 1.001, None, 1.1],
        "underlying": ["BTC", None, None, "ETH", None],
    },
    "underlyings": {
        "underlying": ["ETH", "BTC", "SOL"],
        "index_price": [3_000.0, 60_000.0, None],
        "quote_asset": ["USDC@ethereum", None, "USD"],
        "realised_vol_annual": [0.7, 0.5, None],
        "depth_notional": [1e6, None, None],
        "previous_mm_ratio": [None, 0.02, None],
        "previous_ts_ns": [None, AS_OF_NS - 10**9, None],
    },
    "forwards": {
        "underlying": ["ETH", "BTC", "BTC"],
        "expiry_ns": [EXPIRY_NS, EXPIRY_NS, EXPIRY_NS + 10**9],
        "forward_price": [3_010.0, 60_500.0, 60_600.0],
        "rate_annual": [None, 0.02, None],
    },
    "marks": {
        "instrument": ["ETH/USD", "BTC-PERP", "BTC-DEC", "BTC-50000-C", "ETH-2000-P"],
        "mark_price": [3_000.5, 60_010.0, 60_400.0, None, None],
        "vol_annual": [None, None, None, 0.55, 0.65],
        "vol_normal_annual": [None, None, None, None, 1_900.0],
    },
    "surface": {
        "underlying": ["ETH", "BTC", "BTC"],
        "expiry_ns": [EXPIRY_NS, EXPIRY_NS, EXPIRY_NS],
        "strike": [2_000.0, 70_000.0, 50_000.0],
        "vol_annual": [0.6, 0.52, 0.5],
    },
}

FLOATS = {
    "multiplier", "strike", "credit_score", "quantity", "entry_price", "amount", "mark_price",
    "index_price", "realised_vol_annual", "depth_notional", "previous_mm_ratio",
    "forward_price", "rate_annual", "vol_annual", "vol_normal_annual", "settled_share",
    "settled_average",
}  # fmt: skip
INTS = {"expiry_ns", "previous_ts_ns"}
BOOLS = {"bachelier"}


def numpy_column(name: str, cells: list[Any]) -> Any:
    if name not in FLOATS | INTS | BOOLS:
        return np.array([*cells, None], dtype=object)[:-1]
    dtype: Any = np.float64 if name in FLOATS else np.int64 if name in INTS else np.bool_
    valid = np.array([cell is not None for cell in cells], dtype=bool)
    values = np.array([0 if cell is None else cell for cell in cells], dtype=dtype)
    return values if valid.all() else Nullable(values, valid)


def arrow_table(columns: dict[str, list[Any]], *, coded: bool = False) -> pa.Table:
    arrays = {}
    for name, cells in columns.items():
        kind = (
            pa.float64() if name in FLOATS
            else pa.int64() if name in INTS
            else pa.bool_() if name in BOOLS
            else pa.string()
        )  # fmt: skip
        array = pa.array(cells, kind)
        arrays[name] = array.dictionary_encode() if coded and kind == pa.string() else array
    return pa.table(arrays)


def pandas_frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    frame = {}
    for name, cells in columns.items():
        if name in FLOATS:
            frame[name] = pd.Series(cells, dtype="float64")
        elif name in INTS:
            frame[name] = pd.Series(cells, dtype="Int64")
        elif name in BOOLS:
            frame[name] = pd.Series(cells, dtype="boolean")
        else:
            frame[name] = pd.Series(cells, dtype="str")
    return pd.DataFrame(frame)


MEMORY_KINDS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "lists": lambda columns: columns,
    "numpy": lambda columns: {n: numpy_column(n, cells) for n, cells in columns.items()},
    "arrow": arrow_table,
    "arrow-dictionary": lambda columns: arrow_table(columns, coded=True),
    "pandas": pandas_frame,
    "polars": lambda columns: pl.DataFrame(arrow_table(columns)),
}
FILE_KINDS = ("parquet", "csv")
KINDS = (*MEMORY_KINDS, *FILE_KINDS)


def write_folder(folder: Path, tables: Tables, kind: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, columns in tables.items():
        table = arrow_table(columns)
        if kind == "csv":
            pyarrow.csv.write_csv(table, folder / f"{name}.csv")
        else:
            pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
    return folder


class Loader:
    """Loads the book or the market, with changes, through any kind of input."""

    EXPIRY_NS = EXPIRY_NS
    AS_OF_NS = AS_OF_NS
    arrow_table = staticmethod(arrow_table)
    write_folder = staticmethod(write_folder)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def book(self) -> Tables:
        return copy.deepcopy(BOOK)

    @property
    def market(self) -> Tables:
        return copy.deepcopy(MARKET)

    def portfolio(self, tables: Tables | None = None, kind: str = "lists") -> Portfolio:
        tables = self.book if tables is None else tables
        if kind in FILE_KINDS:
            return Portfolio.load(write_folder(self.folder / "book", tables, kind))
        make = MEMORY_KINDS[kind]
        return Portfolio.from_tables(**{name: make(t) for name, t in tables.items()})

    def the_market(self, tables: Tables | None = None, kind: str = "lists") -> Market:
        tables = self.market if tables is None else tables
        if kind in FILE_KINDS:
            folder = write_folder(self.folder / "market", tables, kind)
            (folder / "market.toml").write_text(f"as_of_ns = {AS_OF_NS}\n")
            return Market.load(folder)
        make = MEMORY_KINDS[kind]
        given = {name: make(t) for name, t in tables.items()}
        return Market.from_tables(as_of_ns=AS_OF_NS, **given)

    def load(self, tables: Tables, kind: str) -> Portfolio | Market:
        if "instruments" in tables:
            return self.portfolio(tables, kind)
        return self.the_market(tables, kind)

    def refused(self, tables: Tables, kind: str = "lists") -> InvalidInputError:
        with pytest.raises(InvalidInputError) as caught:
            self.load(tables, kind)
        return caught.value


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
