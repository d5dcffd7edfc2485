"""Arrow columns to numbers and coded text, refusing every silent cast."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.arrow import pyarrow
from tickmargin.loading.column import Coded, Column
from tickmargin.loading.from_numpy import REFUSED, Numbers, drop_unused, inexact_rows
from tickmargin.loading.issues import IssueLog, always

__all__ = ["TextNumbers", "numbers", "text", "text_numbers"]

_INT64_MAX = 2**63 - 1
_PATTERNS = {
    "float": r"^\s*-?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|nan|NaN|inf|Inf|infinity|Infinity)\s*$",
    "int": r"^\s*-?\d+\s*$",
    "bool": r"^\s*(true|True|TRUE|false|False|FALSE)\s*$",
}
_HINTS = {
    "timestamp": "; convert to int64 nanoseconds since 1970 UTC",
    "date": "; convert to int64 nanoseconds since 1970 UTC",
    "decimal": "; convert to float64 yourself, so that the rounding is yours",
    "float": "; widen it yourself, so that the lost digits are no surprise",
    "halffloat": "; widen it yourself, so that the lost digits are no surprise",
}


class TextNumbers(NamedTuple):
    """A numeric column of a CSV file whose text did not all parse, still as text."""

    column: Any


def _is_text(kind: Any, types: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _null_mask(array: Any) -> NDArray[np.bool_] | None:
    if array.null_count == 0:
        return None
    mask = np.empty(len(array), dtype=bool)
    start = 0
    for chunk in array.chunks:
        mask[start : start + len(chunk)] = chunk.is_null().to_numpy(zero_copy_only=False)
        start += len(chunk)
    return mask


def _fill(array: Any, out: NDArray[Any], zero: object) -> NDArray[Any]:
    """Copy a primitive chunked array into ``out``, nulls as ``zero``."""
    start = 0
    for chunk in array.chunks:
        whole = chunk.fill_null(zero) if chunk.null_count else chunk
        out[start : start + len(chunk)] = whole.to_numpy(zero_copy_only=False)
        start += len(chunk)
    return out


def _wrong_type(array: Any, column: Column, file: str, log: IssueLog) -> None:
    got = str(array.type)
    hint = ""
    if column.kind in ("float", "int"):
        hint = next((text for key, text in _HINTS.items() if got.startswith(key)), "")
    message = f"expected {column.expects}, got Arrow {got}{hint}"
    log.add("WRONG_TYPE", file, message, column=column.name)


def numbers(array: Any, column: Column, file: str, log: IssueLog) -> Numbers | None:
    """Turn a chunked array into Numbers; report and return None if its type is refused."""
    types = pyarrow("reading Arrow columns", "pyarrow.types")
    kind, rows = array.type, len(array)
    dtype = {"float": np.float64, "int": np.int64, "bool": np.bool_}[column.kind]
    if types.is_null(kind):
        return Numbers(np.zeros(rows, dtype), np.ones(rows, dtype=bool))
    null = _null_mask(array)
    if column.kind == "float" and types.is_float64(kind):
        return Numbers(_fill(array, np.empty(rows), 0.0), null)
    if column.kind == "bool" and types.is_boolean(kind):
        return Numbers(_fill(array, np.empty(rows, bool), False), null)
    if column.kind in ("float", "int") and types.is_integer(kind):
        values = _fill(array, np.empty(rows, kind.to_pandas_dtype()), 0)
        if column.kind == "float":
            wrong, target = inexact_rows(values), "float64"
        else:
            too_big = values > np.uint64(_INT64_MAX) if values.dtype == np.uint64 else None
            wrong = np.empty(0, np.intp) if too_big is None else np.flatnonzero(too_big)
            target = "int64"
        refused = None
        if len(wrong):
            refused = np.zeros(rows, dtype=bool)
            refused[wrong] = True
            log.add_rows(
                "NOT_EXACT",
                (file, column.name),
                wrong,
                lambda row: (
                    int(values[row]),
                    f"integer {values[row]} is not exactly representable as {target}",
                ),
            )
        return Numbers(values.astype(dtype), null, refused)
    _wrong_type(array, column, file, log)
    return None


def text_numbers(raw: TextNumbers, column: Column, file: str, log: IssueLog) -> Numbers:
    """Parse a numeric CSV column cell by cell, reporting every cell that is no number."""
    pa = pyarrow("reading CSV")
    pc = pyarrow("reading CSV", "pyarrow.compute")
    cells = raw.column
    # where every field is quoted, "" is how an absent number is written
    null = np.array(pc.equal(cells, "").fill_null(True).to_numpy())
    good = pc.match_substring_regex(cells, _PATTERNS[column.kind]).fill_null(False)
    fits = np.asarray(good.to_numpy())
    if column.kind == "int":
        long = fits & (pc.utf8_length(cells).fill_null(0).to_numpy() > 18)
        rows = np.flatnonzero(long)
        texts = cells.take(pa.array(rows)).to_pylist()
        fits = fits.copy()
        fits[rows] = [abs(int(cell)) <= _INT64_MAX for cell in texts]
    target = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}[column.kind]
    zero = "false" if column.kind == "bool" else "0"
    kept = pc.if_else(pa.array(fits), cells, zero)
    parsed = pc.cast(pc.utf8_lower(pc.utf8_trim_whitespace(kept)), target)
    values = parsed.to_numpy()
    refused = ~fits & ~null
    log.add_rows(
        "NOT_A_NUMBER",
        (file, column.name),
        np.flatnonzero(refused),
        lambda row: (
            cells[row].as_py(),
            f"expected {column.expects}, got the text {cells[row].as_py()!r}",
        ),
    )
    return Numbers(np.array(values), null, refused)


def _names(dictionary: Any) -> list[Any]:
    """Return a dictionary's values as str, or None; invalid UTF-8 becomes bytes."""
    try:
        return list(dictionary.to_pylist())
    except UnicodeDecodeError:
        pa = pyarrow("reading Arrow columns")
        raw = dictionary.cast(pa.large_string()).view(pa.large_binary()).to_pylist()
        names: list[Any] = []
        for cell in raw:
            try:
                names.append(cell if cell is None else cell.decode())
            except UnicodeDecodeError:
                names.append(cell)
        return names


def text(array: Any, column: Column, file: str, log: IssueLog) -> Coded | None:
    """Turn a chunked array of text, plain or dictionary-encoded, into Coded."""
    types = pyarrow("reading Arrow columns", "pyarrow.types")
    pa = pyarrow("reading Arrow columns")
    kind, rows = array.type, len(array)
    if types.is_null(kind):
        return Coded(np.full(rows, -1, np.int32), np.empty(0, object))
    inner = kind.value_type if types.is_dictionary(kind) else kind
    if not _is_text(inner, types):
        _wrong_type(array, column, file, log)
        return None
    if not types.is_dictionary(kind):
        if types.is_string_view(kind):
            array = array.cast(pa.large_string())
        array = array.dictionary_encode()
    array = array.unify_dictionaries()
    codes = np.empty(rows, np.int32)
    table: dict[str, int] = {}
    bad: dict[int, bytes] = {}
    start, seen, remap = 0, None, np.empty(0, np.int32)
    for chunk in array.chunks:
        if seen is None or not chunk.dictionary.equals(seen):
            seen = chunk.dictionary
            remap = _merge(_names(seen), table, bad)
        indices = chunk.indices
        if chunk.null_count:
            indices = indices.cast(pa.int64()).fill_null(len(remap) - 1)
        block = slice(start, start + len(chunk))
        codes[block] = remap[indices.to_numpy(zero_copy_only=False)]
        start += len(chunk)
    for code in bad:
        wrong = np.flatnonzero(codes == code)
        describe = always(bad[code], f"{bad[code]!r} is not valid UTF-8")
        log.add_rows("BAD_TEXT", (file, column.name), wrong, describe)
        codes[wrong] = REFUSED
    return drop_unused(codes, list(table))


def _merge(names: list[Any], table: dict[str, int], bad: dict[int, bytes]) -> NDArray[np.int32]:
    """Add a dictionary's names to ``table``; return its codes, with null's -1 appended.

    Invalid names get codes below REFUSED, remembered in ``bad``.
    """
    remap = np.arange(len(names) + 1, dtype=np.int32)
    remap[-1] = -1
    if not table and set(map(type, names)) <= {str}:
        # the usual case, one dictionary of distinct names, without a step per name
        table.update(zip(names, range(len(names)), strict=True))
        if len(table) == len(names):
            return remap
        table.clear()
    for index, name in enumerate(names):
        if name is None:
            remap[index] = -1
        elif isinstance(name, str):
            remap[index] = table.setdefault(name, len(table))
        else:
            code = REFUSED - 1 - len(bad)
            bad[code] = name
            remap[index] = code
    return remap
