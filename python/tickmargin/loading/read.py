"""Every column of every table: names, types and cells checked, one way for all inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading import from_arrow, from_numpy
from tickmargin.loading.arrow import release_memory
from tickmargin.loading.column import Coded, Column, Nullable, TableSpec
from tickmargin.loading.files import (
    CsvSource,
    FileUnreadableError,
    open_file,
    report_near_misses,
)
from tickmargin.loading.from_arrow import TextNumbers
from tickmargin.loading.from_numpy import Numbers
from tickmargin.loading.issues import IssueLog, always, suggest
from tickmargin.loading.progress import Meter, Progress
from tickmargin.loading.sources import MappingSource, Source, open_source, repeated

__all__ = ["TableData", "read_file", "read_folder", "read_given"]

_TEXT = ("id", "text", "word")


class TableData:
    """The checked columns of one table.

    Text columns are Coded; word columns are int8 indices into their words, -1 for null; float
    columns are float64 with NaN for null; int columns int64 with 0 for null; bool columns bool
    with False for null. Numbers that were refused are replaced by 1 and marked in ``refused``,
    so that what was reported once is not reported again for its consequences.
    """

    def __init__(self, file: str, rows: int) -> None:
        self.file = file
        self.rows = rows
        self.columns: dict[str, Any] = {}
        self.failed: set[str] = set()
        self.refused: dict[str, NDArray[np.bool_]] = {}

    def ok(self, *names: str) -> bool:
        """Whether none of these columns failed as a whole."""
        return self.failed.isdisjoint(names)

    def judged(self, name: str, wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return ``wrong`` without the rows whose cell of that column was reported already."""
        refused = self.refused.get(name)
        return wrong if refused is None else wrong & ~refused

    def text(self, name: str, default: str | None = None) -> Coded:
        """Return a text column; nulls, or the absent column, as ``default``."""
        coded: Coded | None = self.columns.get(name)
        if coded is None:
            codes = np.full(self.rows, -1, np.int32)
            coded = Coded(codes, np.empty(0, object))
        if default is None or not (coded.codes == -1).any():
            return coded
        names = [*coded.names.tolist(), default]
        code = names.index(default)
        codes = np.where(coded.codes == -1, np.int32(code), coded.codes)
        kept = names if code == len(names) - 1 else names[:-1]
        return Coded(codes, np.array([*kept, None], dtype=object)[:-1])

    def numbers(self, name: str, default: object, dtype: Any) -> NDArray[Any]:
        """Return a number or word column, or ``default`` in every row when it is absent."""
        column: NDArray[Any] | None = self.columns.get(name)
        return np.full(self.rows, default, dtype) if column is None else column


def read_folder(
    folder: Path, specs: Iterable[TableSpec], log: IssueLog, progress: Progress
) -> dict[str, TableData | None]:
    """Read the tables of a folder; a table that cannot be read is None and reported."""
    specs = tuple(specs)
    report_near_misses(folder, log)
    sources = {spec.name: open_file(folder, spec, log) for spec in specs}
    return _read(specs, sources, log, progress)


def read_file(path: Path, spec: TableSpec, log: IssueLog, progress: Progress) -> TableData | None:
    """Read the one file ``spec.name`` with the ending of ``path``; None is reported."""
    source = open_file(path.parent, spec, log)
    return _read((spec,), {spec.name: source}, log, progress)[spec.name]


def read_given(
    given: Mapping[str, Any], specs: Iterable[TableSpec], log: IssueLog, progress: Progress
) -> dict[str, TableData | None]:
    """Read tables given as objects; a table given as None, when it may be, stays None."""
    specs = tuple(specs)
    sources = {
        spec.name: None
        if given[spec.name] is None and not spec.required
        else open_source(spec.name, given[spec.name])
        for spec in specs
    }
    return _read(specs, sources, log, progress)


def _read(
    specs: tuple[TableSpec, ...],
    sources: Mapping[str, Source | None],
    log: IssueLog,
    progress: Progress,
) -> dict[str, TableData | None]:
    total = sum(len(source.names) * source.rows for source in sources.values() if source)
    tables: dict[str, TableData | None] = {}
    for source in sources.values():
        if source is not None:
            log.register(source.file)
    with Meter(progress, total) as meter:
        for spec in specs:
            source = sources[spec.name]
            tables[spec.name] = None if source is None else _read_table(spec, source, log, meter)
        meter.show("checking")
    release_memory()
    return tables


def _check_names(spec: TableSpec, source: Source, log: IssueLog) -> bool:
    """Report unknown, repeated and missing columns; False when the rows cannot be lined up."""
    known = spec.names()
    for name in source.names:
        if name not in known:
            hint = suggest(name, known) if isinstance(name, str) else ""
            if not hint:
                hint = f"; {spec.name} has the columns {', '.join(known)}"
            log.add("UNKNOWN_COLUMN", source.file, f"unknown column {name!r}{hint}", value=name)
    twice = repeated(source.names)
    for name in twice:
        log.add("DUPLICATE_COLUMN", source.file, f"column {name!r} appears more than once")
    for column in spec.columns:
        if column.required and column.name not in source.names:
            message = f"required column {column.name!r} ({column.expects}) is missing"
            log.add("MISSING_COLUMN", source.file, message, value=column.name)
    if isinstance(source, MappingSource):
        lengths = source.lengths()
        if len(set(lengths.values())) > 1:
            got = ", ".join(f"{name} {length}" for name, length in lengths.items())
            log.add("LENGTH_MISMATCH", source.file, f"columns differ in length: {got}")
            return False
    return not twice


def _read_table(spec: TableSpec, source: Source, log: IssueLog, meter: Meter) -> TableData | None:
    if not _check_names(spec, source, log):
        return None
    if isinstance(source, CsvSource) and not source.usable:
        return None
    data = TableData(source.file, source.rows)
    for column in spec.columns:
        if column.name not in source.names:
            if column.required:
                data.failed.add(column.name)
            continue
        meter.show(f"{spec.name}.{column.name}")
        try:
            values = _read_column(source.column(column.name), column, data, log)
        except FileUnreadableError as error:
            log.add("FILE_UNREADABLE", source.file, str(error), column=column.name)
            values = None
        if values is None:
            data.failed.add(column.name)
        else:
            data.columns[column.name] = values
        meter.show(f"{spec.name}.{column.name}", source.rows)
    return data


def _read_column(raw: Any, column: Column, data: TableData, log: IssueLog) -> Any:
    """Return the checked column, or None when it was refused as a whole."""
    file = data.file
    is_arrow = not isinstance(raw, (np.ndarray, Nullable, list, tuple)) and hasattr(raw, "chunks")
    if column.kind in _TEXT:
        reader = from_arrow.text if is_arrow else from_numpy.text
        coded = reader(raw, column, file, log)
        return None if coded is None else _check_text(coded, column, file, log)
    if isinstance(raw, TextNumbers):
        return _check_numbers(from_arrow.text_numbers(raw, column, file, log), column, data, log)
    number_reader = from_arrow.numbers if is_arrow else from_numpy.numbers
    numbers = number_reader(raw, column, file, log)
    return None if numbers is None else _check_numbers(numbers, column, data, log)


def _check_missing(null: Any, column: Column, file: str, log: IssueLog) -> None:
    if not column.nullable and null is not None and null.any():
        rows = np.flatnonzero(null)
        message = f"{column.name} must not be null"
        log.add_rows("MISSING_VALUE", (file, column.name), rows, always(None, message))


def _check_text(coded: Coded, column: Column, file: str, log: IssueLog) -> Any:
    _check_missing(coded.codes == -1, column, file, log)
    names = coded.names.tolist()
    place = (file, column.name)
    if column.kind == "id" and "" in names:
        rows = np.flatnonzero(coded.codes == names.index(""))
        log.add_rows("EMPTY_ID", place, rows, always("", "an id must not be empty"))
    if column.kind != "word":
        return coded
    index = {word: code for code, word in enumerate(column.words)}
    allowed = ", ".join(column.words)
    for code, name in enumerate(names):
        if name in index:
            continue
        message = f"{name!r} is not one of {allowed}{suggest(name, column.words)}"
        rows = np.flatnonzero(coded.codes == code)
        log.add_rows("UNKNOWN_WORD", place, rows, always(name, message))
    # two more entries, reached by codes -1 (null) and -2 (refused)
    words = np.array([index.get(name, -2) for name in names] + [-2, -1], np.int8)
    return words[coded.codes]


def _check_numbers(
    numbers: Numbers, column: Column, data: TableData, log: IssueLog
) -> NDArray[Any]:
    values, null, refused = numbers
    _check_missing(null, column, data.file, log)
    bad = np.zeros(len(values), dtype=bool) if refused is None else refused
    place = (data.file, column.name)
    for code, wrong, rule in _number_rules(values, column):
        wrong &= ~bad
        if null is not None:
            wrong &= ~null
        log.add_rows(
            code,
            place,
            np.flatnonzero(wrong),
            lambda row, rule=rule: (  # type: ignore[misc]
                values[row].item(),
                f"{column.name} must be {rule}, got {values[row].item()}",
            ),
        )
        bad |= wrong
    if bad.any():
        data.refused[column.name] = bad
        values[bad] = 1
    if null is not None:
        values[null] = np.nan if column.kind == "float" else 0
    return values


def _number_rules(
    values: NDArray[Any], column: Column
) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    """Yield (code, rows that break the rule, the rule in words) for each rule of a column."""
    if column.kind == "float":
        yield "NOT_FINITE", ~np.isfinite(values), "a finite number"
    if column.sign == "positive":
        yield "NOT_POSITIVE", values <= 0, "greater than 0"
    elif column.sign == "non_negative":
        yield "NEGATIVE_VALUE", values < 0, "at least 0"
    elif column.sign == "share":
        yield "NEGATIVE_VALUE", values < 0, "at least 0"
        yield "ABOVE_ONE", values > 1, "at most 1"
