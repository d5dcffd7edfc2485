"""Identifiers, references between tables and keys of several columns, without a row loop."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.column import Coded
from tickmargin.loading.issues import IssueLog, suggest
from tickmargin.loading.read import TableData

__all__ = [
    "CROSS",
    "asset_pairs",
    "check_unique_ids",
    "freeze",
    "names_of",
    "ranked",
    "refer",
    "repeated_rows",
]

_SUGGESTIONS = 20  # the nearest name is looked up for so many unknown names of one column
_DENSE = 1 << 22
CROSS = "cross"  # the pocket of a row that names none


def freeze(array: NDArray[Any]) -> NDArray[Any]:
    """Make an array read-only and return it."""
    array.flags.writeable = False
    return array


def names_of(coded: Coded) -> NDArray[np.object_]:
    """Return the names row by row, None for a null."""
    names = np.append(coded.names, [None])
    return names[np.maximum(coded.codes, -1)]


def check_unique_ids(data: TableData, column: str, log: IssueLog) -> None:
    """Report every row whose id stands in an earlier row."""
    coded = data.text(column)
    rows = repeated_rows([coded.codes], [len(coded.names)])
    names = coded.names
    log.add_rows(
        "DUPLICATE_ID",
        (data.file, column),
        rows,
        lambda row: (
            names[coded.codes[row]],
            f"{column} {names[coded.codes[row]]!r} is already in an earlier row",
        ),
    )


def repeated_rows(parts: list[NDArray[Any]], sizes: list[int]) -> NDArray[np.intp]:
    """Return the rows whose key of several code columns stands in an earlier row, ascending.

    Parameters
    ----------
    parts : list of ndarray of int, shape (rows,)
        Codes in [0, size); rows with a negative code in any part are left out.
    sizes : list of int
    """
    valid = np.ones(len(parts[0]), dtype=bool)
    for part in parts:
        valid &= part >= 0
    rows = None if valid.all() else np.flatnonzero(valid)
    key = np.zeros(len(parts[0]) if rows is None else len(rows), np.int64)
    span = 1
    for part, size in zip(parts, sizes, strict=True):
        size = max(size, 1)
        if span * size >= 2**63:
            # too many combinations for 64 bits: number those that occur
            found, key = np.unique(key, return_inverse=True)
            span = len(found)
        key *= size
        key += part if rows is None else part[rows]
        span *= size
    ordered = np.sort(key)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.empty(0, np.intp)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    later = np.sort(order[1:][ordered[1:] == ordered[:-1]])
    return later if rows is None else rows[later]


def refer(
    data: TableData, column: str, target: Coded, code: str, log: IssueLog
) -> NDArray[np.int32]:
    """Turn a column of names into rows of the table that ``target`` identifies.

    Unknown names are reported under ``code``; their rows, and null or refused cells, get a
    negative number.
    """
    coded = data.text(column)
    rows_of = np.full(len(target.names), -1, np.int32)
    live = target.codes >= 0
    rows_of[target.codes[live]] = np.flatnonzero(live)
    index = dict(zip(target.names.tolist(), rows_of.tolist(), strict=True))
    names = coded.names.tolist()
    found = np.fromiter(map(index.get, names, repeat(-1)), np.int32, len(names))
    if "" in names:
        found[names.index("")] = -2  # reported as an empty id
    # two more entries, reached by codes -1 (null) and -2 (refused)
    result: NDArray[np.int32] = np.append(found, np.array([-2, -2], np.int32))[coded.codes]
    unknown = np.flatnonzero(found == -1)
    if len(unknown):
        hints = {int(i): suggest(names[i], index) for i in unknown[:_SUGGESTIONS]}
        codes = coded.codes
        log.add_rows(
            code,
            (data.file, column),
            np.flatnonzero(result == -1),
            lambda row: (
                names[codes[row]],
                f"unknown {column} {names[codes[row]]!r}{hints.get(int(codes[row]), '')}",
            ),
        )
    return result


def ranked(coded: Coded, first: tuple[str, ...] = ()) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes into sorted names, ``first`` in front, so that row order leaves no trace."""
    names = (*first, *sorted(set(coded.names.tolist()) - set(first)))
    rank = {name: position for position, name in enumerate(names)}
    remap = np.array([rank[name] for name in coded.names.tolist()] + [-1], np.int32)
    return remap[np.maximum(coded.codes, -1)], names


def asset_pairs(asset: Coded, chain: Coded) -> tuple[NDArray[np.int64], list[tuple[str, str]]]:
    """Return the distinct (symbol, chain) pairs and each row's pair, -1 where refused."""
    width = max(len(chain.names), 1)
    key = asset.codes.astype(np.int64) * width + chain.codes
    key[(asset.codes < 0) | (chain.codes < 0)] = -1
    span = len(asset.names) * width
    if span <= _DENSE:
        used = np.zeros(span + 1, dtype=bool)
        used[key] = True
        found = np.flatnonzero(used[:-1])
        number = np.full(span + 1, -1, np.int64)
        number[found] = np.arange(len(found))
        rows = number[key]
    else:
        found, rows = np.unique(key, return_inverse=True)
        if len(found) and found[0] == -1:
            found, rows = found[1:], rows - 1
    pairs = [(asset.names[k // width], chain.names[k % width]) for k in found.tolist()]
    return rows, pairs
