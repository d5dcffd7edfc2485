"""Which rows of a history a move begins and ends at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickmargin.history import History

__all__ = ["RowPairs", "apart", "columns_of", "rows_of_moves"]

Rows = NDArray[np.intp]
RowPairs = tuple[Rows, Rows]  # where moves start, and end
_DAY_NS = 86_400_000_000_000


def columns_of(
    history: History, names: Sequence[str], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give prices or volatilities [underlying x time] of ``names``; NaN where there is none."""
    place = {name: i for i, name in enumerate(history.underlyings)}
    out = np.full((len(names), history.times_ns.size), np.nan)
    for u, name in enumerate(names):
        if name in place:
            out[u] = values[:, place[name]]
    return out


def rows_of_moves(
    times_ns: NDArray[np.int64], days: float, first_ns: int, last_ns: int, *, overlapping: bool
) -> RowPairs:
    """Give the rows at which moves over ``days`` inside a window start and end, oldest first."""
    horizon = round(days * _DAY_NS)
    end = np.flatnonzero((times_ns >= first_ns + horizon) & (times_ns <= last_ns))
    start = np.searchsorted(times_ns, times_ns[end] - horizon)
    there = times_ns[np.minimum(start, times_ns.size - 1)] == times_ns[end] - horizon
    start, end = start[there], end[there]
    return (start, end) if overlapping else apart(start, end)


def apart(start: Rows, end: Rows) -> RowPairs:
    """Those of the moves that share no time: from the newest back, so that none of it is lost."""
    kept: list[int] = []
    latest = None
    for row in range(end.size - 1, -1, -1):
        if latest is None or end[row] <= latest:
            kept.append(row)
            latest = start[row]
    return start[kept[::-1]], end[kept[::-1]]
