"""Folders and files: what is wrong with them is one clear message each."""

from __future__ import annotations

import gzip
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tickmargin.errors import InvalidInputError
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

TABLES = ["instruments", "accounts", "positions", "balances"]


@pytest.fixture
def folder(loader, tmp_path):
    return loader.write_folder(tmp_path / "portfolio", loader.book, "csv")


@pytest.fixture
def market_folder(loader, tmp_path):
    folder = loader.write_folder(tmp_path / "market", loader.market, "csv")
    (folder / "market.toml").write_text('as_of = "2026-01-10T09:14:09.123456789Z"\n')
    return folder


def refused(load, folder):
    with pytest.raises(InvalidInputError) as caught:
        load(folder)
    return caught.value


def only(error, code, file):
    assert [(i.code, i.file) for i in error.issues] == [(code, file)], str(error)
    assert error.code == code
    return error.issues[0]


@pytest.mark.parametrize("load", [Portfolio.load, Market.load])
def test_no_such_folder(tmp_path, load):
    error = refused(load, tmp_path / "nowhere")
    assert error.code == "FOLDER_NOT_FOUND"
    assert "nowhere" in str(error)
    (tmp_path / "file").write_text("x")
    assert "is a file, not a folder" in str(refused(load, tmp_path / "file"))


@pytest.mark.parametrize("table", TABLES)
def test_missing_file(folder, table):
    (folder / f"{table}.csv").unlink()
    issue = only(refused(Portfolio.load, folder), "FILE_NOT_FOUND", table)
    assert f"{table}.parquet or {table}.csv" in issue.message


def test_empty_folder(tmp_path):
    error = refused(Portfolio.load, tmp_path)
    assert error.counts == {"FILE_NOT_FOUND": 4}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("table", TABLES)
def test_empty_file(folder, table, ending):
    (folder / f"{table}.csv").unlink()
    (folder / f"{table}.{ending}").write_bytes(b"")
    only(refused(Portfolio.load, folder), "FILE_EMPTY", f"{table}.{ending}")


@pytest.mark.parametrize("table", TABLES)
def test_both_formats(folder, table):
    shutil.copy(folder / f"{table}.csv", folder / f"{table}.parquet")
    only(refused(Portfolio.load, folder), "FILE_AMBIGUOUS", table)


@pytest.mark.parametrize("table", TABLES)
def test_folder_in_place_of_a_file(folder, table):
    (folder / f"{table}.csv").unlink()
    (folder / f"{table}.csv").mkdir()
    only(refused(Portfolio.load, folder), "FILE_UNREADABLE", f"{table}.csv")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "content",
    [b"account,instrument\n", b"PAR1" + bytes(50) + b"PAR1", b"PK\x03\x04" + bytes(100), b"x"],
    ids=["CSV", "broken Parquet", "zip", "one byte"],
)
def test_not_a_parquet_file(folder, table, content):
    (folder / f"{table}.csv").unlink()
    (folder / f"{table}.parquet").write_bytes(content)
    only(refused(Portfolio.load, folder), "FILE_UNREADABLE", f"{table}.parquet")


@pytest.mark.parametrize("cut", [1, 8, 100])
def test_truncated_parquet_file(loader, folder, cut):
    (folder / "positions.csv").unlink()
    path = folder / "positions.parquet"
    pyarrow.parquet.write_table(loader.arrow_table(loader.book["positions"]), path)
    path.write_bytes(path.read_bytes()[:-cut])
    only(refused(Portfolio.load, folder), "FILE_UNREADABLE", "positions.parquet")


def test_damaged_parquet_page(loader, folder):
    (folder / "positions.csv").unlink()
    path = folder / "positions.parquet"
    table = loader.arrow_table(loader.book["positions"])
    pyarrow.parquet.write_table(table, path, compression="gzip")
    column = pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(4)
    raw = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    raw[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(raw)
    issue = only(refused(Portfolio.load, folder), "FILE_UNREADABLE", "positions.parquet")
    assert issue.column == "quantity"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1....", "Parquet file with the ending .csv"),
        (gzip.compress(b"account\nanna\n"), "UTF-8"),
        ("account\nann\xe9\n".encode("latin-1"), "UTF"),
        (b"account;tier\nanna;pro\n", "commas, not by semicolons"),
        (b"account\ttier\nanna\tpro\n", "commas, not by tabs"),
        (b"\xff\xfea\x00", "UTF-8"),
    ],
    ids=["parquet", "gzip", "latin-1", "semicolons", "tabs", "utf-16"],
)
def test_not_a_csv_file(folder, content, message):
    (folder / "accounts.csv").write_bytes(content)
    issue = only(refused(Portfolio.load, folder), "FILE_UNREADABLE", "accounts.csv")
    assert message in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("change", [lambda line: line + ",1", lambda line: line[:-4]])
def test_ragged_line(folder, row, change):
    path = folder / "balances.csv"
    lines = path.read_text().splitlines()
    lines[row + 1] = change(lines[row + 1]) if "," in lines[row + 1] else "x"
    if lines[row + 1].count(",") == lines[0].count(","):
        lines[row + 1] = lines[row + 1].rsplit(",", 1)[0]
    path.write_text("\n".join(lines) + "\n")
    issue = only(refused(Portfolio.load, folder), "RAGGED_ROW", "balances.csv")
    assert issue.row == row
    assert issue.value == lines[row + 1]
    assert "fields where the header has 5" in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize(
    "text", ["abc", "1,5", "1_000", "0x10", "--1", "1e", "$5", "1.5 USD", "true", " ", "１", "- 1"]
)
def test_text_for_a_number(loader, folder, row, text):
    path = folder / "balances.csv"
    lines = path.read_text().splitlines()
    lines[row + 1] = lines[row + 1].rsplit(",", 1)[0] + f',"{text}"'
    path.write_text("\n".join(lines) + "\n")
    issue = only(refused(Portfolio.load, folder), "NOT_A_NUMBER", "balances.csv")
    assert (issue.row, issue.column, issue.value) == (row, "amount", text)
    assert repr(text) in issue.message


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("text", ["1.5", "1e18", "2026-01-01", "99999999999999999999", "x"])
def test_text_for_a_time(loader, folder, row, text):
    columns = loader.book["instruments"]
    cells = ["" if cell is None else str(cell) for cell in columns["expiry_ns"]]
    cells[row] = text
    table = loader.arrow_table(columns).set_column(8, "expiry_ns", pa.array(cells))
    pyarrow.csv.write_csv(table, folder / "instruments.csv")
    issue = only(refused(Portfolio.load, folder), "NOT_A_NUMBER", "instruments.csv")
    assert (issue.row, issue.column, issue.value) == (row, "expiry_ns", text)


def test_every_field_quoted(folder):
    """Some programs quote every field; then "" is how an absent number is written."""
    (folder / "accounts.csv").write_text(
        '"account","tier","credit_score"\n"anna","pro","1.5"\n"boris","",""\n"chen","pro","2"\n'
        '"dora","pro","-3e2"\n'
    )
    accounts = Portfolio.load(folder).accounts
    np.testing.assert_array_equal(accounts.credit_score, [1.5, np.nan, 2.0, -300.0])
    assert accounts.tier.tolist() == ["pro", "", "pro", "pro"]


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize("text", ["yes", "1", "0", "T", "falsch"])
def test_text_for_a_bool(loader, folder, row, text):
    cells = ["false"] * 5
    cells[row] = text
    table = loader.arrow_table(loader.book["instruments"])
    table = table.set_column(10, "bachelier", pa.array(cells))
    pyarrow.csv.write_csv(table, folder / "instruments.csv")
    issue = only(refused(Portfolio.load, folder), "NOT_A_NUMBER", "instruments.csv")
    assert (issue.row, issue.column, issue.value) == (row, "bachelier", text)


def test_a_bad_cell_does_not_change_what_the_others_mean(folder):
    """The second reading, cell by cell, finds further problems and only those."""
    path = folder / "balances.csv"
    path.write_text(
        "account,amount,asset\nanna,5., USD\nanna,.5,USD\nanna,-1E-3,BTC\nanna, 7 ,EUR\n"
        "anna,nan,X1\nanna,-inf,X2\nanna,,X3\nanna,bad,X4\nanna,-0,X5\n"
    )
    error = refused(Portfolio.load, folder)
    assert [(i.code, i.row) for i in error.issues] == [
        ("NOT_FINITE", 4),
        ("NOT_FINITE", 5),
        ("MISSING_VALUE", 6),
        ("NOT_A_NUMBER", 7),
    ]
    path.write_text("account,amount,asset\nanna,5.,USD\nanna,.5,A\nanna,-1E-3,BTC\nanna, 7 ,EUR\n")
    assert Portfolio.load(folder).balances.amount.tolist() == [5.0, 0.5, -1e-3, 7.0]


@pytest.mark.parametrize("text", ["NA", "null", "None", "NULL", "-", "N/A"])
def test_only_an_empty_field_is_null(folder, text):
    """A tier may well be called NA; and NA is no number."""
    (folder / "accounts.csv").write_text(
        "account,tier\n" + "".join(f"{name},{text}\n" for name in ("anna", "boris", "chen", "dora"))
    )
    assert Portfolio.load(folder).accounts.tier.tolist() == [text] * 4
    (folder / "accounts.csv").write_text(f"account,credit_score\nanna,{text}\n")
    error = refused(Portfolio.load, folder)
    assert error.counts["NOT_A_NUMBER"] == 1


def test_csv_with_byte_order_mark_quotes_and_windows_line_ends(folder):
    path = folder / "accounts.csv"
    path.write_bytes('\ufeff"account","tier"\r\n"anna","a,b"\r\n'.encode())
    (folder / "positions.csv").write_text("account,instrument,quantity\n")
    (folder / "balances.csv").write_text("account,asset,amount\n")
    book = Portfolio.load(folder)
    assert book.accounts.names.tolist() == ["anna"]
    assert book.accounts.tier.tolist() == ["a,b"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("wrong", "right"),
    [("position", "positions"), ("Accounts", "accounts"), ("blances", "balances")],
)
def test_near_miss_of_a_file_name(folder, wrong, right, ending):
    (folder / f"{wrong}.{ending}").write_bytes(b"x")
    issue = only(refused(Portfolio.load, folder), "UNKNOWN_FILE", f"{wrong}.{ending}")
    assert f"'{right}.{ending}'" in issue.message


def test_other_files_are_left_alone(folder):
    for name in ("README.md", "venue_margin.csv", "policies.toml", "assets.csv", ".x"):
        (folder / name).write_text("x")
    assert len(Portfolio.load(folder).accounts) == 5


@pytest.mark.parametrize("kind", ["csv", "parquet", "lists", "arrow", "pandas", "polars"])
@pytest.mark.parametrize("table", TABLES)
def test_wrong_columns(loader, kind, table):
    tables = loader.book
    columns = tables[table]
    first = next(iter(columns))
    tables[table] = {first + "_": columns[first], **columns}
    del tables[table][first]
    error = loader.refused(tables, kind)
    found = {(i.code, i.value) for i in error.issues}
    assert found == {("UNKNOWN_COLUMN", first + "_"), ("MISSING_COLUMN", first)}
    assert f"unknown column '{first}_'; did you mean '{first}'?" in str(error)


def test_unknown_account_attribute_lists_the_known(loader):
    tables = loader.book
    tables["accounts"]["favourite_colour"] = ["red"] * 5
    message = str(loader.refused(tables))
    assert "accounts has the columns account, tier, jurisdiction, linked_group, credit" in message


def test_missing_optional_column_that_rows_need_is_said_once(loader, kind):
    for column, table in (("strike", "instruments"), ("entry_price", "positions")):
        tables = loader.book
        del tables[table][column]
        error = loader.refused(tables, kind)
        assert error.counts == {"MISSING_COLUMN": 1}
        assert f"column '{column}' is missing" in str(error)


def test_repeated_column(loader, folder):
    path = folder / "accounts.csv"
    path.write_text("account,tier,tier\nanna,a,b\n")
    only(refused(Portfolio.load, folder), "DUPLICATE_COLUMN", "accounts.csv")
    path.unlink()
    array = pa.array(["anna"])
    twice = pa.Table.from_arrays([array, array], names=["account", "account"])
    pyarrow.parquet.write_table(twice, folder / "accounts.parquet")
    only(refused(Portfolio.load, folder), "DUPLICATE_COLUMN", "accounts.parquet")
    tables = loader.book
    tables["accounts"] = twice
    assert loader.refused(tables).code == "DUPLICATE_COLUMN"


def test_index_that_pandas_wrote_is_ignored(loader, folder):
    import pandas as pd

    (folder / "accounts.csv").unlink()
    frame = pd.DataFrame({"account": loader.book["accounts"]["account"]}, index=[5, 4, 3, 2, 1])
    frame.to_parquet(folder / "accounts.parquet")
    assert len(Portfolio.load(folder).accounts) == 5


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "INVALID_TIME", "exactly one of as_of and as_of_ns"),
        ("as_of_ns = 1\nas_of = 2026-01-01T00:00:00Z", "INVALID_TIME", "exactly one"),
        ("as_of = 2026-01-01T00:00:00", "INVALID_TIME", "with an offset"),
        ("as_of = 2026-01-01", "INVALID_TIME", "with an offset"),
        ('as_of = "yesterday"', "INVALID_TIME", "RFC 3339"),
        ('as_of = "2026-13-01T00:00:00Z"', "INVALID_TIME", "RFC 3339"),
        ("as_of = 2026-01-01T00:00:00.1234567Z", "INVALID_TIME", "microseconds only"),
        ("as_of_ns = 1.5", "INVALID_TIME", "must be an int"),
        ("as_of_ns = true", "INVALID_TIME", "must be an int"),
        ("as_of_ns = 0", "INVALID_TIME", "greater than 0"),
        ("as_of_ns = -5", "INVALID_TIME", "greater than 0"),
        ("as_of_ns = 9223372036854775808", "INVALID_TIME", "int64"),
        ("as_of_ns = 1\nnumeraire = 5", "INVALID_ARGUMENT", "non-empty string"),
        ('as_of_ns = 1\nnumeraire = ""', "INVALID_ARGUMENT", "non-empty string"),
        ("as_of_ns = 1\nnumerair = 'USD'", "UNKNOWN_KEY", "did you mean 'numeraire'?"),
        ("as_of_ns = 1\n[assets]", "UNKNOWN_KEY", "unknown key 'assets'"),
        ("as_of_ns = ", "FILE_UNREADABLE", "not valid TOML"),
        ("\udcff", "FILE_UNREADABLE", "not valid TOML"),
    ],
)
def test_bad_market_toml(market_folder, text, code, message):
    (market_folder / "market.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    issue = only(refused(Market.load, market_folder), code, "market.toml")
    assert message in issue.message


def test_no_market_toml(market_folder):
    (market_folder / "market.toml").unlink()
    only(refused(Market.load, market_folder), "FILE_NOT_FOUND", "market.toml")


NOON = 1_768_046_400_000_000_000  # 2026-01-10T12:00:00Z, by `date -u -d ... +%s`


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as_of = 2026-01-10T12:00:00Z", NOON),
        ("as_of = 2026-01-10T13:30:00+01:30", NOON),
        ("as_of = 2026-01-10 12:00:00.000001Z", NOON + 1_000),
        ('as_of = "2026-01-10T12:00:00.000000001Z"', NOON + 1),
        ('as_of = "2026-01-10t07:00:00.5-05:00"', NOON + 500_000_000),
        (f"as_of_ns = {NOON}", NOON),
    ],
)
def test_as_of(market_folder, text, expected):
    (market_folder / "market.toml").write_text(text)
    assert Market.load(market_folder).as_of_ns == expected


def test_numeraire_of_the_toml(market_folder):
    (market_folder / "market.toml").write_text('as_of_ns = 1\nnumeraire = "EUR"\n')
    error = refused(Market.load, market_folder)
    assert error.counts == {"UNKNOWN_ASSET": 1, "NUMERAIRE_PRICE": 1}


@pytest.mark.parametrize("table", ["assets", "underlyings"])
def test_missing_market_file(market_folder, table):
    (market_folder / f"{table}.csv").unlink()
    only(refused(Market.load, market_folder), "FILE_NOT_FOUND", table)


def test_optional_market_files(market_folder):
    for table in ("forwards", "marks", "surface"):
        (market_folder / f"{table}.csv").unlink()
    market = Market.load(market_folder)
    assert (len(market.forwards), len(market.marks), len(market.surface)) == (0, 0, 0)


@pytest.mark.parametrize("as_of", [None, 0, -1, 1.0, True, "2026-01-01", np.int64(5), 2**63])
def test_as_of_argument(loader, as_of):
    tables = loader.market
    with pytest.raises(InvalidInputError) as caught:
        Market.from_tables(**tables, as_of_ns=as_of)
    assert caught.value.code == "INVALID_TIME"


@pytest.mark.parametrize("numeraire", [None, "", 5, "US@D"])
def test_numeraire_argument(loader, numeraire):
    with pytest.raises(InvalidInputError) as caught:
        Market.from_tables(**loader.market, as_of_ns=1, numeraire=numeraire)
    assert caught.value.counts["INVALID_ARGUMENT"] == 1
