"""No silent casts: every wrong type, shape and layout is refused with what was expected and got."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.loading import Coded, Nullable
from tickmargin.portfolio import Portfolio

FLOAT_COLUMNS = [("positions", "quantity"), ("instruments", "strike"), ("balances", "amount")]
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def masked(dtype: str) -> Any:
    return np.ma.MaskedArray(np.ones(5, dtype), mask=[0, 0, 1, 0, 0])


# what, array of five rows, code, part of the message
ARRAYS_FOR_FLOAT = [
    ("half", np.ones(5, np.float16), "WRONG_TYPE", "got float16"),
    ("single", np.ones(5, np.float32), "WRONG_TYPE", "got float32"),
    ("long double", np.ones(5, np.longdouble), "WRONG_TYPE", "got float128"),
    ("complex", np.ones(5, complex), "WRONG_TYPE", "got complex128"),
    ("bool", np.ones(5, bool), "WRONG_TYPE", "got bool"),
    ("datetime", np.ones(5, "M8[ns]"), "WRONG_TYPE", "got datetime64[ns]"),
    ("timedelta", np.ones(5, "m8[ns]"), "WRONG_TYPE", "got timedelta64[ns]"),
    ("text", np.array(["1", "2", "3", "4", "5"]), "WRONG_TYPE", "got <U1"),
    ("bytes", np.array([b"1"] * 5), "WRONG_TYPE", "got |S1"),
    ("objects", np.array([1.0, 2.0, None, 3.0, 4.0], object), "WRONG_TYPE", "got object"),
    ("objects, all floats", np.array([1.0] * 5, object), "WRONG_TYPE", "got object"),
    ("record", np.zeros(5, [("a", "f8")]), "WRONG_TYPE", "got [('a', '<f8')]"),
    ("byte order", np.ones(5, ">f8"), "WRONG_TYPE", "foreign byte order"),
    ("byte order of ints", np.ones(5, ">i8"), "WRONG_TYPE", "foreign byte order"),
    ("masked", masked("f8"), "WRONG_TYPE", "masked array"),
    ("masked, none masked", np.ma.MaskedArray(np.ones(5)), "WRONG_TYPE", "masked array"),
    ("record array", np.ones(5).view(np.recarray), "WRONG_TYPE", "subclass recarray"),
    ("2-d", np.ones((5, 1)), "WRONG_SHAPE", "2-dimensional array of shape (5, 1)"),
    ("0-d", np.float64(1.0) * np.ones(()), "WRONG_TYPE", "got float64"),
    ("0-d array", np.array(1.0), "WRONG_SHAPE", "0-dimensional"),
    ("scalar", 1.0, "WRONG_TYPE", "got float"),
    ("one text", "12345", "WRONG_TYPE", "got str"),
    ("None", None, "WRONG_TYPE", "got NoneType"),
    ("set", {1.0, 2.0, 3.0, 4.0, 5.0}, "WRONG_TYPE", "got set"),
]


@pytest.mark.parametrize(("table", "column"), FLOAT_COLUMNS)
@pytest.mark.parametrize(("what", "array", "code", "message"), ARRAYS_FOR_FLOAT)
def test_array_refused_as_float(loader, table, column, what, array, code, message):
    tables = loader.book
    tables[table][column] = array
    error = loader.refused(tables)
    assert error.counts == {code: 1}, what
    (issue,) = error.issues
    assert (issue.file, issue.column, issue.row) == (table, column, None)
    assert message in issue.message
    assert "float64" in issue.message or "Nullable" in issue.message


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(5), "got float64"),
        (np.ones(5, bool), "got bool"),
        (np.full(5, "2026-01-01", "M8[ns]"), "got datetime64[ns]"),
        (np.array(["1"] * 5), "got <U1"),
        (np.array([10**18] * 5, object), "got object"),
        (np.ones(5, ">i8"), "foreign byte order"),
        (masked("i8"), "masked array"),
    ],
)
def test_array_refused_as_time(loader, array, message):
    tables = loader.book
    tables["instruments"]["expiry_ns"] = array
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "expiry_ns")
    assert message in issue.message
    assert "int64" in issue.message


@pytest.mark.parametrize(
    "array",
    [np.zeros(5), np.zeros(5, int), np.array(["true"] * 5), np.array([False] * 5, object)],
    ids=["float", "int", "text", "objects"],
)
def test_array_refused_as_bool(loader, array):
    tables = loader.book
    tables["instruments"]["bachelier"] = array
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "bachelier")
    assert "expected bool" in issue.message


@pytest.mark.parametrize("column", ["account", "instrument", "side"])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(5), np.ones(5), np.ones(5, bool), np.array([b"anna"] * 5),
        np.full(5, "2026-01-01", "M8[D]"), np.ma.MaskedArray(np.array(["anna"] * 5)), 7,
    ],
    ids=["int", "float", "bool", "bytes", "date", "masked", "scalar"],
)  # fmt: skip
def test_array_refused_as_text(loader, column, array):
    tables = loader.book
    tables["positions"][column] = array
    error = loader.refused(tables)
    (issue,) = error.issues
    assert (issue.code, issue.column, issue.row) == ("WRONG_TYPE", column, None)
    assert "string" in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize(
    "cell",
    ["1.5", True, np.bool_(True), 1j, np.float32(1), np.float16(1), decimal.Decimal(1), NOW,
     np.datetime64("2026"), b"1", [1.0], {}],
    ids=repr,
)  # fmt: skip
def test_cell_of_a_list_refused_as_float(loader, cell, row):
    tables = loader.book
    tables["positions"]["quantity"][row] = cell
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column, issue.row) == ("WRONG_TYPE", "quantity", row)
    assert issue.value is cell
    assert type(cell).__name__ in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("cell", [1.0, True, "1", NOW], ids=repr)
def test_cell_of_a_list_refused_as_time(loader, cell, row):
    tables = loader.book
    tables["instruments"]["expiry_ns"][row] = cell
    error = loader.refused(tables)
    found = [issue for issue in error.issues if issue.code == "WRONG_TYPE"]
    assert [(issue.column, issue.row) for issue in found] == [("expiry_ns", row)]


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("cell", [1, 1.0, float("nan"), True, b"anna", NOW, ("anna",)], ids=repr)
def test_cell_of_objects_refused_as_text(loader, cell, row, as_array):
    cells: list[Any] = ["anna", "anna", "boris", "chen", "dora"]
    cells[row] = cell
    tables = loader.book
    if as_array:
        array = np.empty(5, object)
        for place, value in enumerate(cells):
            array[place] = value
        cells = array
    tables["positions"]["account"] = cells
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column, issue.row) == ("WRONG_TYPE", "account", row)
    assert "expected string" in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**62 + 1])
@pytest.mark.parametrize("make", ["list", "numpy", "arrow", "pandas", "polars"])
def test_integer_that_float_cannot_hold(loader, make, number, row):
    cells = [1, 2, 3, 4, 5]
    cells[row] = number
    tables = loader.book
    del tables["positions"]["side"]
    tables["positions"]["quantity"] = {
        "list": lambda: cells,
        "numpy": lambda: np.array(cells),
        "arrow": lambda: pa.array(cells),
        "pandas": lambda: pd.Series(cells),
        "polars": lambda: pl.Series(cells),
    }[make]()
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column, issue.row) == ("NOT_EXACT", "quantity", row)
    assert issue.value == number


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("make", [np.array, pa.array, list])
def test_unsigned_time_beyond_int64(loader, make, row):
    cells = [1, 2, 3, 4, 5]
    cells[row] = 2**63
    tables = loader.book
    column = cells if make is list else make(cells, "uint64")
    tables["instruments"]["expiry_ns"] = column
    error = loader.refused(tables)
    found = [issue for issue in error.issues if issue.code == "NOT_EXACT"]
    assert [(issue.row, issue.column, issue.value) for issue in found] == [
        (row, "expiry_ns", 2**63)
    ]


ARROW_FOR_FLOAT = [
    (pa.array([1.0] * 5, pa.float32()), "got Arrow float"),
    (pa.array(np.ones(5, np.float16)), "got Arrow halffloat"),
    (pa.array([True] * 5), "got Arrow bool"),
    (pa.array(["1.0"] * 5), "got Arrow string"),
    (pa.array(["1.0"] * 5).dictionary_encode(), "got Arrow dictionary"),
    (pa.array([1.0] * 5).dictionary_encode(), "got Arrow dictionary"),
    (pa.array([decimal.Decimal("1.5")] * 5), "yourself, so that the rounding is yours"),
    (pa.array([NOW] * 5, pa.timestamp("ns", "UTC")), "convert to int64 nanoseconds"),
    (pa.array([NOW.date()] * 5), "convert to int64 nanoseconds"),
    (pa.array([[1.0]] * 5), "got Arrow list"),
    (pa.array([{"a": 1.0}] * 5), "got Arrow struct"),
    (pa.array([b"1"] * 5), "got Arrow binary"),
]


@pytest.mark.parametrize(("table", "column"), FLOAT_COLUMNS)
@pytest.mark.parametrize(("array", "message"), ARROW_FOR_FLOAT)
def test_arrow_refused_as_float(loader, table, column, array, message):
    tables = loader.book
    columns = loader.arrow_table(tables[table])
    index = columns.column_names.index(column)
    tables[table] = columns.set_column(index, column, array)
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.file, issue.column) == ("WRONG_TYPE", table, column)
    assert "expected float64" in issue.message
    assert message in issue.message


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1] * 5), pa.array([1.0] * 5), pa.array([True] * 5), pa.array([b"anna"] * 5),
        pa.array([NOW] * 5), pa.array([["anna"]] * 5), pa.array([1] * 5).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)  # fmt: skip
def test_arrow_refused_as_text(loader, array):
    tables = loader.book
    tables["positions"]["account"] = array
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "account")
    assert "expected string, got Arrow" in issue.message


@pytest.mark.parametrize(
    "array",
    [pa.array([1.0] * 5), pa.array(["1"] * 5), pa.array([NOW] * 5), pa.array([True] * 5)],
    ids=lambda array: str(array.type),
)
def test_arrow_refused_as_time(loader, array):
    tables = loader.book
    tables["instruments"]["expiry_ns"] = array
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "expiry_ns")


@pytest.mark.parametrize("row", [0, 1, 2])
def test_arrow_text_that_is_not_utf8(loader, row):
    cells = [b"anna", b"boris", b"chen"]
    cells[row] = b"\xff\xfe"
    array = pa.array(cells).view(pa.string())
    tables = loader.book
    tables["accounts"] = pa.table({"account": array})
    error = loader.refused(tables)
    found = [issue for issue in error.issues if issue.code == "BAD_TEXT"]
    assert [(issue.row, issue.value) for issue in found] == [(row, b"\xff\xfe")]


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("make", [list, lambda cells: np.array(cells, object), np.array])
def test_text_with_a_lone_surrogate(loader, make, row):
    cells = ["a", "b", "a", "c", "d"]
    cells[row] = "x\ud800"
    tables = loader.book
    tables["accounts"]["tier"] = make(cells)
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column, issue.row) == ("BAD_TEXT", "tier", row)


TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view()]
TEXT_TYPES += [
    pa.dictionary(index, kind)
    for index in (pa.int8(), pa.uint8(), pa.int64(), pa.uint32())
    for kind in (pa.string(), pa.large_string())
]


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_every_arrow_text_type_is_taken(loader, kind):
    tables = loader.book
    array = pa.array(tables["positions"]["pocket"], pa.string())
    if pa.types.is_dictionary(kind):
        array = array.dictionary_encode()
    tables["positions"]["pocket"] = array.cast(kind)
    assert loader.portfolio(tables).positions.pocket.tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.0] * 5, dtype="float32"), pd.Series([True] * 5), pd.Series(["1"] * 5),
        pd.Series(["1"] * 5, dtype=object), pd.Series([1.0] * 5, dtype=object),
        pd.Series([1.0, None, 2.0, 3.0, 4.0], dtype=object), pd.Series([NOW] * 5),
        pd.Series([1j] * 5), pd.Series(np.ones(5, ">f8")), pd.Series(np.ones(5, "f2")),
        pd.Series([decimal.Decimal(1)] * 5), pd.Series([1.0] * 5, dtype="Float32"),
        pd.Series([1.0] * 5, dtype="category"), pd.Series([True] * 5, dtype="boolean"),
    ],
    ids=lambda series: str(series.dtype),
)  # fmt: skip
@pytest.mark.parametrize("frame", [False, True], ids=["mapping", "frame"])
def test_pandas_refused_as_float(loader, series, frame):
    tables = loader.book
    tables["positions"]["quantity"] = series
    if frame:
        tables["positions"] = pd.DataFrame(tables["positions"])
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "quantity")
    assert "float64" in issue.message


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1, 2, 3, 4, 5], dtype="Int64"), pd.Series([1.0] * 5, dtype="Float64"),
        pd.Series([1.0] * 5, dtype="double[pyarrow]"), pd.Series([1, 2, 3, 4, 5], dtype="i4"),
    ],
    ids=lambda series: str(series.dtype),
)  # fmt: skip
def test_pandas_numbers_taken(loader, series):
    tables = loader.book
    tables["positions"]["quantity"] = series
    expected = [float(cell) for cell in series]
    expected[1] *= -1
    assert loader.portfolio(tables).positions.quantity.tolist() == expected


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string[pyarrow]"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_pandas_text_taken(loader, dtype, missing):
    tables = loader.book
    cells = [missing if cell is None else cell for cell in tables["positions"]["pocket"]]
    frame = pd.DataFrame({**tables["positions"], "pocket": pd.Series(cells, dtype=dtype)})
    tables["positions"] = frame.set_index(pd.Index([9, 8, 7, 6, 5]))
    assert loader.portfolio(tables).positions.pocket.tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([1.0] * 5, dtype=pl.Float32), pl.Series([True] * 5), pl.Series(["1"] * 5),
        pl.Series([NOW] * 5), pl.Series([decimal.Decimal(1)] * 5), pl.Series([object()] * 5),
    ],
    ids=lambda series: str(series.dtype),
)  # fmt: skip
def test_polars_refused_as_float(loader, series):
    tables = loader.book
    tables["positions"]["quantity"] = series
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "quantity")


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["cross", "hedge", "x"])])
def test_polars_text_taken(loader, dtype):
    tables = loader.book
    frame = pl.DataFrame(loader.arrow_table(tables["positions"]))
    tables["positions"] = frame.with_columns(pl.col("pocket").cast(dtype))
    assert loader.portfolio(tables).positions.pocket.tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize("valid", [None, [True] * 5, np.ones(5), np.ones(4, bool)], ids=repr)
def test_nullable_needs_a_bool_mask(loader, valid):
    tables = loader.book
    tables["positions"]["quantity"] = Nullable(np.ones(5), valid)
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "quantity")


def test_what_stands_under_a_null_is_never_read(loader):
    tables = loader.book
    strike = np.array([np.nan, np.inf, 50_000.0, -1.0, 2_000.0])
    tables["instruments"]["strike"] = Nullable(strike, np.array([0, 0, 1, 0, 1], bool))
    expiry = np.array([2**64 - 1, 1, 1, 2**63, 1], np.uint64)
    tables["instruments"]["expiry_ns"] = Nullable(expiry, np.array([0, 1, 1, 0, 1], bool))
    names = np.array([3.5, "hedge", "cross", None, object()], object)
    tables["positions"]["pocket"] = Nullable(names, np.array([0, 1, 1, 0, 0], bool))
    book = loader.portfolio(tables)
    np.testing.assert_array_equal(
        book.instruments.strike, [np.nan, np.nan, 50_000.0, np.nan, 2_000.0]
    )
    assert book.instruments.expiry_ns.tolist() == [0, 1, 1, 0, 1]
    assert book.positions.pocket.tolist() == [0, 1, 0, 0, 0]


NAMES = np.array(["cross", "hedge"], dtype=object)


@pytest.mark.parametrize(
    "coded",
    [
        Coded(np.zeros(5), NAMES),
        Coded(np.zeros(5, np.int64), NAMES),
        Coded(np.zeros((5, 1), np.int32), NAMES),
        Coded(np.full(5, 2, np.int32), NAMES),
        Coded(np.full(5, -2, np.int32), NAMES),
        Coded(np.zeros(5, np.int32), np.array(["cross", "cross"], object)),
        Coded(np.zeros(5, np.int32), np.array(["cross", 1], object)),
        Coded(np.zeros(5, np.int32), np.array(["cross", "hedge"])),
    ],
)
def test_coded_column_is_checked(loader, coded):
    tables = loader.book
    tables["positions"]["pocket"] = coded
    (issue,) = loader.refused(tables).issues
    assert (issue.code, issue.column) == ("WRONG_TYPE", "pocket")


@pytest.mark.parametrize("given", [None, 1, "positions.csv", [1, 2], np.ones(3), object()])
@pytest.mark.parametrize("table", ["instruments", "accounts", "positions", "balances"])
def test_no_table_at_all(loader, table, given):
    tables = loader.book
    tables[table] = given
    with pytest.raises(InputTypeError, match=f"{table} must be a mapping") as caught:
        Portfolio.from_tables(**tables)
    assert caught.value.code == "NOT_A_TABLE"
    assert isinstance(caught.value, TypeError)


def test_lengths_must_agree(loader):
    tables = loader.book
    tables["positions"]["quantity"].pop()
    error = loader.refused(tables)
    assert error.counts == {"LENGTH_MISMATCH": 1}
    assert "account 5" in str(error)
    assert "quantity 4" in str(error)


def test_errors_are_of_the_promised_classes(loader):
    error = loader.refused({**loader.book, "accounts": {}})
    assert isinstance(error, InvalidInputError)
    assert isinstance(error, ValueError)
