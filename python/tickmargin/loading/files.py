"""A folder of Parquet or CSV files as sources; every way a file can be wrong, said once."""

from __future__ import annotations

import csv
import difflib
from pathlib import Path
from typing import Any

from tickmargin.errors import InvalidInputError
from tickmargin.loading.arrow import pyarrow
from tickmargin.loading.column import Column, TableSpec
from tickmargin.loading.from_arrow import TextNumbers
from tickmargin.loading.issues import IssueLog
from tickmargin.loading.sources import Source, repeated
from tickmargin.loading.specs import MARKET_TABLES, PORTFOLIO_TABLES

__all__ = ["FORMATS", "check_folder", "open_file", "report_near_misses"]

FORMATS = ("parquet", "csv")
_TEXT = ("id", "text", "word")
_KNOWN = tuple(spec.name for spec in (*MARKET_TABLES, *PORTFOLIO_TABLES))


class FileUnreadableError(Exception):
    """A file is not what its name says; carries the message of the issue."""


class ParquetSource:
    """A Parquet file, read column by column so that one raw column is in memory at a time."""

    def __init__(self, path: Path, spec: TableSpec) -> None:
        parquet = pyarrow(f"reading {path.name}", "pyarrow.parquet")
        pa = pyarrow(f"reading {path.name}")
        texts = {column.name for column in spec.columns if column.kind in _TEXT}
        try:
            found = parquet.ParquetFile(path)
            schema, metadata = found.schema_arrow, found.metadata
            # text that is decoded straight into a dictionary never exists as 1e7 strings
            coded = [
                field.name
                for field in schema
                if field.name in texts
                and schema.names.count(field.name) == 1
                and pa.types.is_string(field.type)
            ]
            self._file = parquet.ParquetFile(path, metadata=metadata, read_dictionary=coded)
            names = schema.names
        except (pa.ArrowException, OSError) as error:
            raise FileUnreadableError(f"not a readable Parquet file: {error}") from error
        self.file = path.name
        # pandas writes its index under this name; it carries no data of ours
        self.names: tuple[object, ...] = tuple(
            name for name in names if not name.startswith("__index_level_")
        )
        self.rows: int = self._file.metadata.num_rows

    def column(self, name: str) -> Any:
        """Read one column."""
        pa = pyarrow(f"reading {self.file}")
        try:
            return self._file.read(columns=[name]).column(name)
        except (pa.ArrowException, OSError) as error:
            raise FileUnreadableError(f"column {name!r} cannot be read: {error}") from error


class CsvSource:
    """A CSV file with a header, separated by commas, in UTF-8."""

    def __init__(self, path: Path, spec: TableSpec, log: IssueLog) -> None:
        self.file = path.name
        self.names: tuple[object, ...] = tuple(_csv_header(path))
        self._numeric: set[str] = set()
        known = {column.name: column for column in spec.columns}
        wanted = [known[str(name)] for name in self.names if name in known]
        self._table: Any = None
        self.rows = 0
        if wanted and not repeated(self.names):
            self._read(path, wanted, log)

    def _read(self, path: Path, wanted: list[Column], log: IssueLog) -> None:
        pa = pyarrow(f"reading {path.name}")
        try:
            self._table = _read_csv(path, wanted, typed=True)
        except pa.ArrowInvalid:
            # something does not parse: read it again as text, to name every cell that does not
            ragged: list[Any] = []
            try:
                self._table = _read_csv(path, wanted, typed=False, ragged=ragged)
            except pa.ArrowException as error:
                raise FileUnreadableError(f"not a readable CSV file: {error}") from error
            self._numeric = {column.name for column in wanted if column.kind not in _TEXT}
            _report_ragged(path.name, ragged, log)
            if ragged:
                # rows after a skipped line would be reported under a wrong number
                self._table = None
                return
        except pa.ArrowException as error:
            raise FileUnreadableError(f"not a readable CSV file: {error}") from error
        self.rows = self._table.num_rows

    @property
    def usable(self) -> bool:
        """Whether the rows could be read; False when that was reported already."""
        return self._table is not None

    def column(self, name: str) -> Any:
        """Return a ChunkedArray, or TextNumbers when some cell of the file did not parse."""
        assert self._table is not None
        column = self._table.column(name)
        # each column is asked for once: let go of it, so that its memory can be reused
        self._table = self._table.drop_columns([name])
        return TextNumbers(column) if name in self._numeric else column


def _csv_header(path: Path) -> list[str]:
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            raise FileUnreadableError("this is a Parquet file with the ending .csv")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileUnreadableError(f"not a CSV file in UTF-8: {error}") from error
    if len(header) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in header[0]:
                raise FileUnreadableError(f"fields must be separated by commas, not by {name}")
    return header


def _read_csv(
    path: Path, wanted: list[Column], *, typed: bool, ragged: list[Any] | None = None
) -> Any:
    pa = pyarrow(f"reading {path.name}")
    reader = pyarrow(f"reading {path.name}", "pyarrow.csv")
    text = pa.dictionary(pa.int32(), pa.string())
    numbers = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
    if not typed:
        numbers = dict.fromkeys(numbers, pa.string())
    types = {
        column.name: text if column.kind in _TEXT else numbers[column.kind] for column in wanted
    }

    def collect(row: Any) -> str:
        assert ragged is not None
        ragged.append(row)
        return "skip"

    return reader.read_csv(
        path,
        read_options=reader.ReadOptions(use_threads=typed),
        parse_options=reader.ParseOptions(
            newlines_in_values=True, invalid_row_handler=None if ragged is None else collect
        ),
        convert_options=reader.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""],
            true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _report_ragged(file: str, ragged: list[Any], log: IssueLog) -> None:
    by_row = {row.number - 2: row for row in ragged}
    log.add_rows(
        "RAGGED_ROW",
        (file, None),
        list(by_row),
        lambda index: (
            by_row[index].text,
            f"{by_row[index].actual_columns} fields where the header has "
            f"{by_row[index].expected_columns}",
        ),
    )


def check_folder(path: str | Path, subject: str) -> Path:
    """Return the folder, or raise InvalidInputError FOLDER_NOT_FOUND."""
    folder = Path(path)
    if folder.is_dir():
        return folder
    log = IssueLog()
    what = "is a file, not a folder" if folder.exists() else "does not exist"
    log.add("FOLDER_NOT_FOUND", str(folder), what)
    raise InvalidInputError.from_issues(f"{subject} {str(folder)!r}", log.issues(), log.counts)


def report_near_misses(folder: Path, log: IssueLog) -> None:
    """Report files such as ``position.csv``: leaving them out silently would lose a table."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lstrip(".") not in FORMATS or path.stem in _KNOWN:
            continue
        near = difflib.get_close_matches(path.stem.lower(), _KNOWN, n=1, cutoff=0.75)
        if near:
            message = f"no table has this name; did you mean {near[0] + path.suffix!r}?"
            log.add("UNKNOWN_FILE", path.name, message)


def open_file(folder: Path, spec: TableSpec, log: IssueLog) -> Source | None:
    """Open one table's file, or report what is wrong and return None."""
    paths = [folder / f"{spec.name}.{ending}" for ending in FORMATS]
    paths = [path for path in paths if path.exists()]
    log.register(paths[0].name if paths else spec.name)
    if not paths:
        if spec.required:
            message = f"missing: {spec.name}.parquet or {spec.name}.csv is required"
            log.add("FILE_NOT_FOUND", spec.name, message)
        return None
    path = paths[0]
    if len(paths) > 1:
        log.add("FILE_AMBIGUOUS", spec.name, "both .parquet and .csv exist; remove one")
        return None
    if not path.is_file():
        log.add("FILE_UNREADABLE", path.name, "not a regular file")
        return None
    if path.stat().st_size == 0:
        log.add("FILE_EMPTY", path.name, "the file is empty: not even a header")
        return None
    try:
        if path.suffix == ".parquet":
            return ParquetSource(path, spec)
        source = CsvSource(path, spec, log)
    except (FileUnreadableError, OSError) as error:
        log.add("FILE_UNREADABLE", path.name, str(error))
        return None
    return source
