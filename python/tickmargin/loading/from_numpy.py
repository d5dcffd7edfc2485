"""NumPy arrays and Python lists to numbers and coded text, refusing every silent cast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.column import Coded, Column, Nullable
from tickmargin.loading.issues import IssueLog, always

__all__ = ["REFUSED", "Numbers", "drop_unused", "inexact_rows", "numbers", "text"]

REFUSED = -2  # code of a text cell that was reported already; -1 is null
_BLOCK = 1 << 18  # rows turned into Python objects at a time: bounds the memory of long columns
_INT64_MAX = 2**63 - 1
_FLOAT_EXACT = 2**53


class Numbers(NamedTuple):
    """A numeric column: values (float64, int64 or bool), and which cells are null or refused.

    The masks are None where no cell is; a refused cell has been reported already.
    """

    values: NDArray[Any]
    null: NDArray[np.bool_] | None = None
    refused: NDArray[np.bool_] | None = None


def _wrong_array(raw: NDArray[Any]) -> tuple[str, str] | None:
    """Return (code, got) if an array is no plain column whatever the type of its cells."""
    if isinstance(raw, np.ma.MaskedArray):
        return "WRONG_TYPE", "a masked array (give nulls as tickmargin.loading.Nullable)"
    if type(raw) not in (np.ndarray, np.memmap):
        return "WRONG_TYPE", f"the array subclass {type(raw).__name__}"
    if raw.ndim != 1:
        return "WRONG_SHAPE", f"a {raw.ndim}-dimensional array of shape {raw.shape}"
    if not raw.dtype.isnative:
        return "WRONG_TYPE", f"{raw.dtype.str} in foreign byte order"
    return None


def _split(raw: Any, column: Column, file: str, log: IssueLog) -> Any:
    """Check the container and return (values, null mask or None), or None when refused."""
    null = None
    values = raw
    if isinstance(raw, Nullable):
        values, valid = raw
        good = (
            type(valid) is np.ndarray
            and valid.dtype == np.bool_
            and valid.shape == np.shape(values)
        )
        if not good:
            message = "Nullable.valid must be a bool array of the same shape as its values"
            log.add("WRONG_TYPE", file, message, column=column.name)
            return None
        null = ~valid if not valid.all() else None
    if isinstance(values, np.ndarray):
        wrong = _wrong_array(values)
        if wrong is not None:
            code, got = wrong
            message = f"expected a 1-d column of {column.expects}, got {got}"
            log.add(code, file, message, column=column.name)
            return None
    return values, null


def inexact_rows(values: NDArray[Any]) -> NDArray[np.intp]:
    """Return the rows of an integer array that float64 cannot hold exactly."""
    # magnitude by two comparisons: abs(int64 min) overflows
    big = values > _FLOAT_EXACT
    if values.dtype.kind == "i":
        big |= values < -_FLOAT_EXACT
    rows = np.flatnonzero(big)
    exact = [int(float(cell)) == cell for cell in values[rows].tolist()]
    inexact: NDArray[np.intp] = rows[~np.array(exact, dtype=bool)]
    return inexact


def _exact_floats(
    values: NDArray[Any], null: NDArray[np.bool_] | None, place: tuple[str, str], log: IssueLog
) -> Numbers:
    rows = inexact_rows(values)
    if null is not None:
        rows = rows[~null[rows]]
    floats = values.astype(np.float64)
    if not len(rows):
        return Numbers(floats, null)

    def describe(row: int) -> tuple[object, str]:
        cell = int(values[row])
        return cell, f"integer {cell} is not exactly representable as float64"

    log.add_rows("NOT_EXACT", place, rows, describe)
    refused = np.zeros(len(values), dtype=bool)
    refused[rows] = True
    return Numbers(floats, null, refused)


def _exact_ints(
    values: NDArray[Any], null: NDArray[np.bool_] | None, place: tuple[str, str], log: IssueLog
) -> Numbers:
    refused = None
    if values.dtype == np.uint64:
        refused = values > np.uint64(_INT64_MAX)
        if null is not None:
            refused &= ~null
        log.add_rows(
            "NOT_EXACT",
            place,
            np.flatnonzero(refused),
            lambda row: (int(values[row]), f"integer {values[row]} does not fit in int64"),
        )
    return Numbers(values.astype(np.int64), null, refused)


def numbers(raw: Any, column: Column, file: str, log: IssueLog) -> Numbers | None:
    """Turn an array, a list or a Nullable into Numbers; report and return None if refused."""
    if isinstance(raw, (list, tuple)) and not isinstance(raw, (Nullable, Coded)):
        return _list_numbers(raw, column, file, log)
    split = _split(raw, column, file, log)
    if split is None:
        return None
    values, null = split
    place = (file, column.name)
    if isinstance(values, np.ndarray):
        kind = values.dtype.kind
        if column.kind == "float" and values.dtype == np.float64:
            return Numbers(values.astype(np.float64), null)
        if column.kind == "float" and kind in "iu":
            return _exact_floats(values, null, place, log)
        if column.kind == "int" and kind in "iu":
            return _exact_ints(values, null, place, log)
        if column.kind == "bool" and kind == "b":
            return Numbers(values.copy(), null)
        got = str(values.dtype)
    else:
        got = type(values).__name__
    log.add("WRONG_TYPE", file, _expected(column, values, got), column=column.name)
    return None


def _expected(column: Column, values: object, got: str) -> str:
    """What is wrong with a column as a whole; one value is told from one of another type."""
    if isinstance(values, str | int | float | bool | np.generic):
        return f"expected a column of {column.expects}, got {got} {values!r}, which is one value"
    return f"expected {column.expects}, got {got}"


def _list_cell(cell: Any, kind: str) -> tuple[Any, str | None]:
    """Return (value, None), or (0, code) for a list cell of the wrong type."""
    is_bool = isinstance(cell, (bool, np.bool_))
    if kind == "bool":
        return (bool(cell), None) if is_bool else (False, "WRONG_TYPE")
    is_int = isinstance(cell, (int, np.integer)) and not is_bool
    if kind == "int":
        if not is_int:
            return 0, "WRONG_TYPE"
        return (int(cell), None) if -_INT64_MAX <= cell <= _INT64_MAX else (0, "NOT_EXACT")
    if isinstance(cell, float):  # np.float64 derives from float, np.float32 does not
        return float(cell), None
    if not is_int:
        return 0.0, "WRONG_TYPE"
    try:
        return (float(cell), None) if int(float(cell)) == int(cell) else (0.0, "NOT_EXACT")
    except OverflowError:
        return 0.0, "NOT_EXACT"


def _list_numbers(raw: Sequence[Any], column: Column, file: str, log: IssueLog) -> Numbers:
    """Lists are for tables typed by hand: each cell is looked at, None is null."""
    dtype: Any = {"float": np.float64, "int": np.int64, "bool": np.bool_}[column.kind]
    values: NDArray[Any] = np.zeros(len(raw), dtype=dtype)
    null = np.zeros(len(raw), dtype=bool)
    refused = np.zeros(len(raw), dtype=bool)
    for row, cell in enumerate(raw):
        if cell is None:
            null[row] = True
            continue
        values[row], code = _list_cell(cell, column.kind)
        if code is not None:
            refused[row] = True
            got = f"{cell!r} ({type(cell).__name__})"
            message = (
                f"{got} is not exactly representable as {column.expects}"
                if code == "NOT_EXACT"
                else f"expected {column.expects}, got {got}"
            )
            log.add_rows(code, (file, column.name), [row], always(cell, message))
    return Numbers(values, null, refused)


class _Codes(dict[str, int]):
    """Names to codes in order of first sight; the lookup itself hands out new codes."""

    def __missing__(self, name: str) -> int:
        code = self[name] = len(self)
        return code


def _encode(cells: list[Any], names: _Codes, bad: list[tuple[int, object]]) -> NDArray[np.int32]:
    """Code a list of cells with the growing table ``names``; see :class:`Coded`.

    Cells that are neither text nor None get REFUSED and are appended to ``bad``.
    """
    if set(map(type, cells)) <= {str}:
        # one C loop over hashes; no bytecode per row
        return np.fromiter(map(names.__getitem__, cells), np.int32, len(cells))
    codes = np.empty(len(cells), np.int32)
    for row, cell in enumerate(cells):
        if cell is None:
            codes[row] = -1
        elif isinstance(cell, str):
            codes[row] = names[str(cell)]
        else:
            codes[row] = REFUSED
            bad.append((row, cell))
    return codes


def text(raw: Any, column: Column, file: str, log: IssueLog) -> Coded | None:
    """Turn an array of str, a list or a Nullable into Coded; report and return None if refused."""
    if isinstance(raw, Coded):
        return _check_coded(raw, column, file, log)
    values: Any
    null: NDArray[np.bool_] | None
    if isinstance(raw, (list, tuple)) and not isinstance(raw, Nullable):
        values, null = np.array([*raw, None], dtype=object)[:-1], None
    else:
        split = _split(raw, column, file, log)
        if split is None:
            return None
        values, null = split
    got = str(values.dtype) if isinstance(values, np.ndarray) else type(values).__name__
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "UTO":
        log.add("WRONG_TYPE", file, _expected(column, values, got), column=column.name)
        return None
    codes = np.empty(len(values), np.int32)
    names = _Codes()
    bad: list[tuple[int, object]] = []
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        found: list[tuple[int, object]] = []
        codes[block] = _encode(values[block].tolist(), names, found)
        bad += [(start + row, cell) for row, cell in found]
    _refuse_surrogates(codes, list(names), (file, column.name), log)
    if null is not None:
        codes[null] = -1
        bad = [(row, cell) for row, cell in bad if not null[row]]
    cells = dict(bad)
    log.add_rows(
        "WRONG_TYPE",
        (file, column.name),
        list(cells),
        lambda row: (cells[row], f"expected string, got {type(cells[row]).__name__}"),
    )
    return drop_unused(codes, list(names))


def _refuse_surrogates(
    codes: NDArray[np.int32], names: list[str], place: tuple[str, str], log: IssueLog
) -> None:
    """Report text that no file could hold; its cells become REFUSED."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        for code, name in enumerate(names):
            if any("\ud800" <= char <= "\udfff" for char in name):
                rows = np.flatnonzero(codes == code)
                message = f"{name!r} holds a lone surrogate, which is not valid Unicode"
                log.add_rows("BAD_TEXT", place, rows, always(name, message))
                codes[rows] = REFUSED


def _check_coded(raw: Coded, column: Column, file: str, log: IssueLog) -> Coded | None:
    """Take a column that is coded already, if its codes and names are what they should be."""
    codes: Any = raw.codes
    names: Any = raw.names
    problem = None
    if type(codes) is not np.ndarray or codes.dtype != np.int32 or codes.ndim != 1:
        problem = "Coded.codes must be a 1-d int32 array"
    elif type(names) is not np.ndarray or names.dtype != np.object_ or names.ndim != 1:
        problem = "Coded.names must be a 1-d object array"
    elif not set(map(type, names.tolist())) <= {str} or len(set(names.tolist())) < len(names):
        problem = "Coded.names must be distinct strings"
    elif len(codes) and (codes.min() < -1 or codes.max() >= len(names)):
        problem = "Coded.codes must lie in [-1, len(names))"
    if problem is not None:
        log.add("WRONG_TYPE", file, problem, column=column.name)
        return None
    codes = codes.copy()
    _refuse_surrogates(codes, names.tolist(), (file, column.name), log)
    return drop_unused(codes, names.tolist())


def drop_unused(codes: NDArray[np.int32], names: list[str]) -> Coded:
    """Keep only names that occur: an unused category must not be checked as if it did.

    Negative codes stay; ``codes`` is changed in place.
    """
    used = np.zeros(len(names) + 1, dtype=bool)
    used[np.maximum(codes, -1)] = True
    used = used[:-1]
    kept = np.array([*names, None], dtype=object)[:-1]
    if used.all():
        return Coded(codes, kept)
    order = np.cumsum(used, dtype=np.int32) - np.int32(1)
    live = codes >= 0
    codes[live] = order[codes[live]]
    return Coded(codes, kept[used])
