"""Table: read-only columns that speak NumPy, Arrow, pandas, polars, HTML and rich."""

from __future__ import annotations

import io
import json
import math
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tickmargin.errors import (
    InputTypeError,
    InvalidInputError,
    MissingExtraError,
    TickMarginError,
    UnknownNameError,
)
from tickmargin.loading import Coded
from tickmargin.table import Table

NAN = math.nan


@pytest.fixture
def table():
    return Table(
        {
            "account": np.array(["anna", "boris", None, "dora"], dtype=object),
            "state": Coded(
                np.array([1, 0, -1, 1], np.int32), np.array(["healthy", "warning"], dtype=object)
            ),
            "equity": np.array([1234.5, NAN, -3.0, 0.0]),
            "ticks": np.array([3, 1, 2, 3]),
            "safe": np.array([True, False, True, True]),
        },
        name="accounts",
    )


ROWS = [
    {"account": "anna", "state": "warning", "equity": 1234.5, "ticks": 3, "safe": True},
    {"account": "boris", "state": "healthy", "equity": None, "ticks": 1, "safe": False},
    {"account": None, "state": None, "equity": -3.0, "ticks": 2, "safe": True},
    {"account": "dora", "state": "warning", "equity": 0.0, "ticks": 3, "safe": True},
]


def test_columns_and_rows(table):
    assert table.columns == ("account", "state", "equity", "ticks", "safe")
    assert len(table) == 4
    assert table.name == "accounts"
    assert "state" in table
    assert "State" not in table
    assert list(table) == ROWS
    assert table.row(-1) == ROWS[3]
    assert table["state"].tolist() == ["warning", "healthy", None, "warning"]
    with pytest.raises(IndexError):
        table.row(4)


def test_columns_are_read_only_views_of_the_owner():
    source = np.arange(4.0)
    table = Table({"a": source}, owner=source)
    assert np.shares_memory(table["a"], source)
    with pytest.raises(ValueError, match="read-only"):
        table["a"][0] = 1
    source[0] = 7.0  # the owner may still write
    assert table["a"][0] == 7.0


def test_no_column_of_a_table_can_be_written(table):
    for column in table.columns:
        assert not table[column].flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            table[column][0] = table[column][0]
    with pytest.raises(TypeError):
        table["equity"] = np.zeros(4)
    with pytest.raises(AttributeError):
        table.extra = 1


class Memory:
    """An owner whose end is noticed."""

    alive = 0

    def __init__(self):
        Memory.alive += 1

    def __del__(self):
        Memory.alive -= 1


def test_owner_lives_as_long_as_the_table():
    table = Table({"a": np.arange(3)}, owner=Memory())
    assert Memory.alive == 1
    del table
    assert Memory.alive == 0


def test_unknown_column_suggests_the_nearest(table):
    with pytest.raises(KeyError, match="did you mean 'equity'") as caught:
        table["equty"]
    assert isinstance(caught.value, UnknownNameError)
    assert isinstance(caught.value, TickMarginError)
    assert caught.value.code == "UNKNOWN_NAME"
    with pytest.raises(UnknownNameError, match="there are account, state"):
        table["zzz"]
    with pytest.raises(UnknownNameError):
        table[0]


@pytest.mark.parametrize(
    "column",
    [[1, 2], np.ones((2, 2)), np.array(1.0), np.ones(2, complex), np.ones(2, "M8[ns]"), None, "ab"],
)
def test_what_is_no_column_is_refused(column):
    with pytest.raises(InputTypeError, match="must be a 1-d array"):
        Table({"a": column})


def test_columns_of_different_length_are_refused():
    with pytest.raises(InvalidInputError, match="differ in length") as caught:
        Table({"a": np.zeros(2), "b": np.zeros(3)})
    assert caught.value.code == "LENGTH_MISMATCH"


def test_head_take_filter(table):
    assert list(table.head(2)) == ROWS[:2]
    assert list(table.head(99)) == ROWS
    assert len(table.head(0)) == len(table.head(-1)) == 0
    assert list(table.take([3, 0, 0])) == [ROWS[3], ROWS[0], ROWS[0]]
    assert list(table.take([])) == []
    assert list(table.filter(table["ticks"] == 3)) == [ROWS[0], ROWS[3]]
    assert list(table.filter(np.zeros(4, bool))) == []


@pytest.mark.parametrize(
    "mask", [np.ones(3, bool), np.ones(4), [1, 0, 1, 0], np.ones((4, 1), bool)]
)
def test_mask_must_be_bool_of_the_same_length(table, mask):
    with pytest.raises(InputTypeError, match="mask must be bool"):
        table.filter(mask)


@pytest.mark.parametrize("rows", [[1.0], [[1]], ["a"], [True]])
def test_rows_must_be_integers(table, rows):
    with pytest.raises(InputTypeError, match="rows must be"):
        table.take(rows)


@pytest.mark.parametrize(
    ("column", "descending", "order"),
    [
        ("equity", False, [2, 3, 0, 1]),
        ("equity", True, [0, 3, 2, 1]),
        ("ticks", False, [1, 2, 0, 3]),
        ("ticks", True, [0, 3, 2, 1]),
        ("account", False, [0, 1, 3, 2]),
        ("account", True, [3, 1, 0, 2]),
        ("state", False, [1, 0, 3, 2]),
        ("state", True, [0, 3, 1, 2]),
        ("safe", False, [1, 0, 2, 3]),
    ],
)
def test_sort_is_stable_and_puts_missing_last(table, column, descending, order):
    assert list(table.sort_by(column, descending=descending)) == [ROWS[row] for row in order]


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=30), st.booleans())
def test_sort_agrees_with_python(cells, descending):
    values = np.array([NAN if cell is None else cell for cell in cells])
    table = Table({"value": values, "row": np.arange(len(cells))})
    known = [row for row, cell in enumerate(cells) if cell is not None]
    known.sort(key=lambda row: -cells[row] if descending else cells[row])
    missing = [row for row, cell in enumerate(cells) if cell is None]
    found = table.sort_by("value", descending=descending)["row"].tolist()
    assert found == known + missing


def test_to_dict_is_json(table):
    columns = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert columns == {name: [row[name] for row in ROWS] for name in ROWS[0]}
    wild = Table({"a": np.array([np.inf, -np.inf, NAN, 1.0])})
    assert wild.to_dict() == {"a": [None, None, None, 1.0]}


def test_to_arrow(table):
    arrow = table.to_arrow()
    assert arrow.to_pylist() == ROWS
    assert arrow.schema.field("state").type == pa.dictionary(pa.int32(), pa.string())
    assert arrow["equity"].null_count == 1
    assert pa.table(table).to_pylist() == ROWS
    assert pa.RecordBatchReader.from_stream(table).read_all().to_pylist() == ROWS


def test_to_polars(table):
    assert table.to_polars().to_dicts() == ROWS
    assert pl.DataFrame(table).to_dicts() == ROWS


def test_to_pandas(table):
    frame = table.to_pandas()
    assert frame.columns.tolist() == list(table.columns)
    assert frame["equity"].tolist()[::2] == [1234.5, -3.0]
    assert math.isnan(frame["equity"][1])
    assert frame["state"].tolist()[:2] == ["warning", "healthy"]
    assert pd.isna(frame["state"][2])
    frame.loc[0, "equity"] = 0.0  # the frame is the reader's own
    assert table["equity"][0] == 1234.5


def test_empty_tables():
    empty = Table({})
    assert (len(empty), empty.columns, list(empty)) == (0, (), [])
    assert empty.to_arrow().num_rows == 0
    assert "0 rows" in repr(empty)
    none = Table({"a": np.empty(0), "b": np.empty(0, object)})
    assert list(none.sort_by("a")) == list(none.sort_by("b")) == []
    assert none.to_dict() == {"a": [], "b": []}
    assert "<table>" in none._repr_html_()


def test_text_shows_the_first_rows_aligned(table):
    lines = repr(table).splitlines()
    assert lines[0] == "accounts: 4 rows x 5 columns"
    assert lines[1].split() == ["account", "state", "equity", "ticks", "safe"]
    assert lines[2].split() == ["anna", "warning", "1,234.50", "3", "yes"]
    assert lines[4].split() == ["-", "-", "-3", "2", "yes"]
    assert lines[3].index("boris") == lines[2].index("anna")
    long = repr(Table({"a": np.arange(1000)}))
    assert "1,000 rows x 1 columns, first 20 shown" in long
    assert len(long.splitlines()) == 22


def test_times_are_shown_as_instants():
    shown = repr(Table({"as_of_ns": np.array([1_768_046_400_000_000_000, 0, 5_000, 10**18 + 1])}))
    assert shown.split()[-4:] == [
        "2026-01-10T12:00:00Z", "-", "5,000", "2001-09-09T01:46:40.000000001Z",
    ]  # fmt: skip


def test_html_is_escaped():
    table = Table({"<b>": np.array(["<script>alert(1)</script>", "&"], dtype=object)}, name="a<b")
    html = table._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<th>&lt;b&gt;</th>" in html
    assert "a&lt;b" in html


def test_rich_shows_text_as_it_is():
    table = Table({"name": np.array(["[bold]x[/bold]", "[/nonsense]"], dtype=object)})
    out = io.StringIO()
    Console(file=out, width=80).print(table)
    assert "[bold]x[/bold]" in out.getvalue()
    assert "[/nonsense]" in out.getvalue()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_absent_is_named_with_how_to_get_it(table, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=f"pip install {library}") as caught:
        getattr(table, f"to_{library}")()
    assert caught.value.code == "MISSING_EXTRA"


def test_name_and_caption_of_a_narrow_table_stay_on_a_line():
    narrow = Table({"a": np.array([1.0])}, name="a long name of a narrow table")
    out = io.StringIO()
    Console(file=out, width=80).print(narrow)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines[0] == "a long name of a narrow table"
    assert lines[-1] == "a long name of a narrow table: 1 rows x 1 columns"
