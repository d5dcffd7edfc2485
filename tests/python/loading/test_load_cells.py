"""Every class of bad cell, in the first, a middle and the last row, through every input."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tickmargin.errors import InvalidInputError

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Bad:
    """A value that must be refused, and how it must be reported."""

    table: str
    column: str
    value: Any
    code: str
    fields: tuple[tuple[str, Any], ...] = ()  # other cells of the row, set first
    reported: str | None = None  # the column reported, when it is another one

    def __str__(self) -> str:
        return f"{self.table}.{self.column}={self.value!r}"


PERPETUAL = (
    ("kind", "perpetual"), ("payoff", "linear"), ("strike", None), ("expiry_ns", None),
    ("option_type", None), ("bachelier", None),
)  # fmt: skip
SPOT = (("kind", "spot"), *PERPETUAL[1:])
FUTURE = (("kind", "future"), *PERPETUAL[1:3], ("expiry_ns", 10**18), *PERPETUAL[4:])
OPTION = (
    ("kind", "option"), ("payoff", "coin"), ("strike", 1.0), ("expiry_ns", 10**18),
    ("option_type", "put"), ("bachelier", False),
)  # fmt: skip
LINEAR_OPTION = (OPTION[0], ("payoff", "linear"), *OPTION[2:])

NUMBERS = [
    ("instruments", "multiplier", OPTION),
    ("instruments", "strike", OPTION),
    ("accounts", "credit_score", ()),
    ("positions", "quantity", (("side", None),)),
    ("positions", "entry_price", ()),
    ("balances", "amount", ()),
    ("assets", "mark_price", ()),
    ("underlyings", "index_price", ()),
    ("underlyings", "realised_vol_annual", ()),
    ("underlyings", "depth_notional", ()),
    ("underlyings", "previous_mm_ratio", ()),
    ("forwards", "forward_price", ()),
    ("forwards", "rate_annual", ()),
    ("marks", "mark_price", ()),
    ("marks", "vol_annual", ()),
    ("marks", "vol_normal_annual", ()),
    ("surface", "strike", ()),
    ("surface", "vol_annual", ()),
]
NOT_FINITE = [
    Bad(table, column, value, "NOT_FINITE", fields)
    for table, column, fields in NUMBERS
    for value in (NAN, INF, -INF)
]
SIGNS = [
    *(
        Bad("instruments", "multiplier", value, "NOT_POSITIVE", OPTION)
        for value in (0.0, -0.0, -1.0)
    ),
    *(Bad("instruments", "strike", value, "NOT_POSITIVE", OPTION) for value in (0.0, -1e-300)),
    Bad("instruments", "expiry_ns", -1, "NEGATIVE_VALUE", OPTION),
    Bad("positions", "quantity", -1.0, "NEGATIVE_VALUE", (("side", "long"),)),
    Bad("positions", "quantity", -1.0, "NEGATIVE_VALUE", (("side", "short"),)),
    *(
        Bad("positions", "entry_price", value, "NOT_POSITIVE", (("instrument", name),))
        for value in (0.0, -5.0)
        for name in ("BTC-PERP", "BTC-DEC")
    ),
    *(Bad("assets", "mark_price", value, "NOT_POSITIVE") for value in (0.0, -1.0)),
    *(Bad("underlyings", "index_price", value, "NOT_POSITIVE") for value in (0.0, -1.0)),
    Bad("underlyings", "realised_vol_annual", -0.1, "NEGATIVE_VALUE"),
    Bad("underlyings", "depth_notional", -0.1, "NEGATIVE_VALUE"),
    Bad("underlyings", "previous_mm_ratio", -0.1, "NEGATIVE_VALUE"),
    Bad("underlyings", "previous_ts_ns", -1, "NEGATIVE_VALUE"),
    *(Bad("forwards", "expiry_ns", value, "NOT_POSITIVE") for value in (0, -1)),
    Bad("marks", "mark_price", -1.0, "NEGATIVE_VALUE"),
    Bad("marks", "vol_annual", -1e-9, "NEGATIVE_VALUE"),
    Bad("marks", "vol_normal_annual", -1e-9, "NEGATIVE_VALUE"),
    Bad("marks", "settled_share", -0.1, "NEGATIVE_VALUE"),
    Bad("marks", "settled_share", 1.1, "ABOVE_ONE"),
    Bad("marks", "settled_average", 0.0, "NOT_POSITIVE"),
    *(Bad("surface", "expiry_ns", value, "NOT_POSITIVE") for value in (0, -1)),
    Bad("surface", "strike", 0.0, "NOT_POSITIVE"),
    Bad("surface", "vol_annual", -1.0, "NEGATIVE_VALUE"),
]
NULLS = [
    Bad(table, column, None, "MISSING_VALUE")
    for table, column in (
        ("instruments", "kind"), ("instruments", "underlying"),
        ("instruments", "settlement_asset"), ("instruments", "payoff"),
        ("instruments", "multiplier"), ("positions", "account"),
        ("positions", "instrument"), ("positions", "quantity"), ("balances", "account"),
        ("balances", "asset"), ("balances", "amount"), ("assets", "asset"),
        ("forwards", "underlying"), ("forwards", "expiry_ns"), ("forwards", "forward_price"),
        ("marks", "instrument"), ("surface", "underlying"), ("surface", "expiry_ns"),
        ("surface", "strike"), ("surface", "vol_annual"),
    )
]  # fmt: skip
TEXTS = [
    *(
        Bad(table, column, "", "EMPTY_ID")
        for table, column in (
            ("instruments", "underlying"), ("instruments", "settlement_asset"),
            ("positions", "account"), ("positions", "instrument"), ("positions", "pocket"),
            ("balances", "account"), ("balances", "asset"), ("balances", "pocket"),
            ("assets", "asset"), ("assets", "underlying"), ("forwards", "underlying"),
            ("marks", "instrument"), ("surface", "underlying"),
        )
    ),
    *(
        Bad("instruments", "kind", word, "UNKNOWN_WORD") for word in ("perp", "SPOT", "call", "")
    ),
    Bad("instruments", "payoff", "linaer", "UNKNOWN_WORD"),
    Bad("instruments", "option_type", "C", "UNKNOWN_WORD", OPTION),
    Bad("positions", "side", "buy", "UNKNOWN_WORD"),
    Bad("positions", "account", "nobody", "UNKNOWN_ACCOUNT"),
    Bad("balances", "account", "Anna", "UNKNOWN_ACCOUNT"),
    Bad("positions", "instrument", "BTC-PREP", "UNKNOWN_INSTRUMENT", (("entry_price", 1.0),)),
    Bad("assets", "underlying", "DOGE", "UNKNOWN_UNDERLYING"),
    Bad("forwards", "underlying", "btc", "UNKNOWN_UNDERLYING"),
    Bad("surface", "underlying", " BTC", "UNKNOWN_UNDERLYING"),
    Bad("underlyings", "quote_asset", "USDT", "UNKNOWN_ASSET"),
    Bad("underlyings", "quote_asset", "USDC@tron", "UNKNOWN_ASSET"),
    Bad("assets", "asset", "A@b", "INVALID_ID", (("underlying", None),)),
    Bad("assets", "mark_price", 1.01, "NUMERAIRE_PRICE", (("asset", "USD"), ("chain", None))),
]  # fmt: skip
MEANING = [
    *(
        Bad("instruments", "payoff", payoff, "INVALID_PAYOFF", fields)
        for fields, payoffs in (
            (SPOT, ("inverse", "quanto", "coin")),
            (FUTURE, ("coin",)),
            (PERPETUAL, ("coin",)),
            (OPTION, ("inverse", "quanto")),
        )
        for payoff in payoffs
    ),
    Bad("instruments", "strike", None, "MISSING_STRIKE", OPTION),
    Bad("instruments", "expiry_ns", None, "MISSING_EXPIRY", OPTION),
    Bad("instruments", "expiry_ns", None, "MISSING_EXPIRY", FUTURE),
    Bad("instruments", "expiry_ns", 0, "MISSING_EXPIRY", FUTURE),
    Bad("instruments", "option_type", None, "MISSING_OPTION_TYPE", OPTION),
    *(
        Bad("instruments", column, value, "UNEXPECTED_VALUE", fields)
        for fields in (SPOT, PERPETUAL)
        for column, value in (
            ("expiry_ns", 10**18), ("strike", 1.0), ("option_type", "put"), ("bachelier", True)
        )
    ),
    *(
        Bad("instruments", column, value, "UNEXPECTED_VALUE", FUTURE)
        for column, value in (("strike", 1.0), ("option_type", "call"), ("bachelier", True))
    ),
    Bad("instruments", "bachelier", True, "UNEXPECTED_VALUE", OPTION),
    *(
        Bad("positions", "entry_price", None, "MISSING_ENTRY_PRICE", (("instrument", name),))
        for name in ("BTC-PERP", "BTC-DEC")
    ),
]  # fmt: skip

BAD_CELLS = [*NOT_FINITE, *SIGNS, *NULLS, *TEXTS, *MEANING]


def same(found: object, expected: object) -> bool:
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    return found == expected


def with_bad_cell(loader, bad: Bad, place: str) -> tuple[dict[str, Any], int]:
    """Put the bad cell, alone, into the first, a middle or the last row of its table."""
    tables = loader.book if bad.table in loader.book else loader.market
    columns = tables[bad.table]
    if "positions" in tables:
        # rows stay different, and need nothing more, whatever one cell of them becomes
        for name in ("positions", "balances"):
            tables[name]["pocket"] = ["p0", "p1", "p2", "p3", "p4"]
        tables["positions"]["entry_price"] = [1.0] * 5
    if bad.table == "underlyings":
        columns["previous_mm_ratio"] = [0.1, 0.1, 0.1]
    if bad.column.startswith("settled"):
        columns["settled_share"] = [0.0] * len(columns["instrument"])
        columns["settled_average"] = [1.0] * len(columns["instrument"])
    row = {"first": 0, "middle": len(next(iter(columns.values()))) // 2}.get(place, -1)
    for column, value in (*bad.fields, (bad.column, bad.value)):
        columns[column][row] = value
    return tables, row % len(columns[bad.column])


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("bad", BAD_CELLS, ids=str)
def test_bad_cell_is_reported_once_where_it_is(loader, kind, bad, place):
    tables, row = with_bad_cell(loader, bad, place)
    code = bad.code
    if kind == "pandas" and same(bad.value, NAN):
        assert_is_null(loader, tables, bad, row)
        return
    error = loader.refused(tables, kind)
    assert error.counts == {code: 1}, str(error)
    (issue,) = error.issues
    assert (issue.code, issue.row, issue.column) == (code, row, bad.column)
    assert issue.file == (f"{bad.table}.{kind}" if kind in ("csv", "parquet") else bad.table)
    assert same(issue.value, bad.value) or code in ("MISSING_EXPIRY",)
    assert error.code == code
    assert f"row {row}" in str(error)
    assert code in str(error)


def assert_is_null(loader, tables, bad, row):
    """In pandas NaN is how null is written: it must do what a null does, good or bad."""
    nulled = copy.deepcopy(tables)
    nulled[bad.table][bad.column][row] = None

    def outcome(given, kind):
        try:
            loader.load(given, kind)
        except InvalidInputError as error:
            return [(i.code, i.row, i.column) for i in error.issues]
        return []

    assert outcome(tables, "pandas") == outcome(nulled, "lists")


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("column", ["multiplier", "quantity", "amount"])
def test_nan_in_pandas_is_null(loader, column, place):
    table = {"multiplier": "instruments", "quantity": "positions", "amount": "balances"}[column]
    tables, row = with_bad_cell(loader, Bad(table, column, NAN, ""), place)
    error = loader.refused(tables, "pandas")
    (issue,) = error.issues
    assert (issue.code, issue.row, issue.column) == ("MISSING_VALUE", row, column)


# what the rows that name an overwritten id are reported with
OVERWRITTEN = {"UNKNOWN_ACCOUNT", "UNKNOWN_INSTRUMENT", "UNKNOWN_UNDERLYING", "UNKNOWN_ASSET"}

KEYS = [
    ("instruments", {"instrument": "BTC-PERP"}, "DUPLICATE_ID"),
    ("accounts", {"account": "anna"}, "DUPLICATE_ID"),
    ("assets", {"asset": "BTC", "chain": None}, "DUPLICATE_ID"),
    ("underlyings", {"underlying": "ETH"}, "DUPLICATE_ID"),
    ("marks", {"instrument": "ETH/USD"}, "DUPLICATE_ID"),
    ("forwards", {"underlying": "ETH", "expiry_ns": 1_800_000_000_000_000_000}, "DUPLICATE_ID"),
    (
        "surface",
        {"underlying": "ETH", "expiry_ns": 1_800_000_000_000_000_000, "strike": 2_000.0},
        "DUPLICATE_ID",
    ),
    (
        "positions",
        {"account": "anna", "pocket": None, "instrument": "BTC-PERP", "side": None},
        "DUPLICATE_POSITION",
    ),
    (
        "positions",  # null and "cross" are the same pocket
        {"account": "anna", "pocket": "cross", "instrument": "BTC-PERP", "side": None},
        "DUPLICATE_POSITION",
    ),
    (
        "balances",  # null and "" are the same chain
        {"account": "anna", "pocket": "cross", "asset": "USD", "chain": ""},
        "DUPLICATE_BALANCE",
    ),
]


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize(("table", "key", "code"), KEYS)
def test_repeated_key_is_reported_at_the_later_row(loader, kind, table, key, code, place):
    tables = loader.book if table in loader.book else loader.market
    if table == "positions":
        tables[table]["entry_price"] = [1.0] * 5
    columns = tables[table]
    rows = len(next(iter(columns.values())))
    # row 0 holds the key; the twin goes next to it, further down, or to the end
    row = {"first": 1, "middle": rows // 2}.get(place, rows - 1)
    for column, value in key.items():
        columns[column][row] = value
    error = loader.refused(tables, kind)
    found = [issue for issue in error.issues if issue.code == code]
    assert [issue.row for issue in found] == [row], str(error)
    assert error.counts[code] == 1
    others = {issue.code for issue in error.issues} - {code}
    assert others <= OVERWRITTEN


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize(
    ("table", "column"),
    [("instruments", "instrument"), ("accounts", "account"), ("underlyings", "underlying")],
)
def test_row_without_its_own_id(loader, kind, table, column, value, place):
    code = "MISSING_VALUE" if value is None else "EMPTY_ID"
    tables, row = with_bad_cell(loader, Bad(table, column, value, code), place)
    error = loader.refused(tables, kind)
    issues = [issue for issue in error.issues if issue.code == code]
    assert [(issue.row, issue.column) for issue in issues] == [(row, column)]
    # and whoever names the id that is now gone is reported as well
    others = {issue.code for issue in error.issues} - {code}
    assert others <= OVERWRITTEN


def test_three_equal_rows_are_two_problems(loader):
    tables = loader.book
    for column in ("account", "pocket", "instrument", "side"):
        tables["positions"][column][2] = tables["positions"][column][0]
        tables["positions"][column][4] = tables["positions"][column][0]
    tables["positions"]["entry_price"] = [1.0] * 5
    error = loader.refused(tables)
    assert [(i.code, i.row) for i in error.issues] == [
        ("DUPLICATE_POSITION", 2),
        ("DUPLICATE_POSITION", 4),
    ]


def test_long_and_short_legs_are_different_positions(loader):
    tables = loader.book
    for column in tables["positions"]:
        tables["positions"][column][2] = tables["positions"][column][1]
    tables["positions"]["side"][2] = "long"
    book = loader.portfolio(tables)
    assert book.positions.quantity.tolist()[1:3] == [-2.0, 2.0]
    assert book.positions.hedge.tolist()[1:3] == [2, 1]


@pytest.mark.parametrize("strike", [0.0, -37.0])
def test_bachelier_option_may_have_any_strike(loader, kind, strike):
    tables = loader.book
    tables["instruments"]["strike"][4] = strike
    assert loader.portfolio(tables, kind).instruments.strike[4] == strike


def test_negative_forward_price_loads(loader, kind):
    tables = loader.market
    tables["forwards"]["forward_price"][0] = -37.63
    assert -37.63 in loader.the_market(tables, kind).forwards.forward_price


@pytest.mark.parametrize(
    ("column", "wrong", "nearest"),
    [
        ("kind", "perp", "'perpetual'"),
        ("kind", "OPTION", "'option'"),
        ("payoff", "linaer", "'linear'"),
    ],
)
def test_nearest_word_is_suggested(loader, column, wrong, nearest):
    tables = loader.book
    tables["instruments"][column][0] = wrong
    assert f"did you mean {nearest}?" in str(loader.refused(tables))


@pytest.mark.parametrize(
    ("column", "wrong", "nearest"),
    [("account", "ana", "'anna'"), ("instrument", "BTC-PREP", "'BTC-PERP'")],
)
def test_nearest_name_is_suggested(loader, column, wrong, nearest):
    tables = loader.book
    tables["positions"][column][0] = wrong
    assert f"did you mean {nearest}?" in str(loader.refused(tables))


def test_circular_price_is_reported(loader, kind):
    tables = loader.market
    tables["underlyings"]["quote_asset"] = ["BTC", "ETH", None]
    error = loader.refused(tables, kind)
    assert error.counts == {"CIRCULAR_PRICE": 2}
    assert [issue.value for issue in error.issues] == ["BTC", "ETH"]


def test_a_chain_of_prices_is_no_circle(loader):
    tables = loader.market
    tables["underlyings"]["quote_asset"] = ["BTC", "USDC", None]
    assert loader.the_market(tables).underlyings.quote_asset.tolist() == [4, 0, 3]


def test_all_problems_come_together(loader, kind):
    book = loader.book
    book["instruments"]["multiplier"][0] = 0.0
    book["instruments"]["kind"][1] = "futrue"
    book["accounts"]["credit_score"][4] = INF
    book["positions"]["quantity"][0] = INF
    book["positions"]["quantity"][4] = -INF
    book["positions"]["account"][2] = "bob"
    book["balances"]["amount"][3] = None
    error = loader.refused(book, kind)
    assert error.counts == {
        "NOT_POSITIVE": 1,
        "UNKNOWN_WORD": 1,
        "NOT_FINITE": 3,
        "UNKNOWN_ACCOUNT": 1,
        "MISSING_VALUE": 1,
    }
    assert error.code == "INVALID_INPUT"
    files = [issue.file.split(".")[0] for issue in error.issues]
    order = ["instruments", "accounts", "positions", "balances"]
    assert files == sorted(files, key=order.index)
    rows = [issue.row for issue in error.issues if issue.file.startswith("positions")]
    assert rows == [0, 2, 4]


def test_thousands_of_problems_are_counted_and_the_first_shown(loader):
    rows = 5_000
    tables = loader.book
    quantity = np.full(rows, NAN)
    quantity[-1] = 1.0
    tables["positions"] = {
        "account": ["anna"] * rows,
        "pocket": [f"p{row}" for row in range(rows)],
        "instrument": ["ETH/USD"] * rows,
        "quantity": quantity,
    }
    error = loader.refused(tables)
    assert error.counts == {"NOT_FINITE": rows - 1}
    assert len(error.issues) == 1_000
    assert str(error).count("[NOT_FINITE]") == 20
    assert "4,979 more" in str(error)


def test_csv_problems_name_the_line(loader):
    tables = loader.book
    tables["positions"]["quantity"][2] = INF
    assert "positions.csv row 2 (line 4), column quantity" in str(loader.refused(tables, "csv"))
