"""Reading option chains as a backtest needs them: one `Chain` per snapshot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.arguments import refuse
from tickmargin.backtest.history import read_table, times_ns
from tickmargin.errors import InvalidInputError
from tickmargin.simulate.chain import Chain

__all__ = ["is_chain", "read_chains"]

_NEEDED = ("snapshot_utc", "instrument_name", "index_price", "mark_price", "mark_iv",
           "open_interest")  # fmt: skip
_NAME = re.compile(
    r"(?P<currency>[A-Z]+)-(?P<day>\d{1,2}[A-Z]{3}\d{2})-(?P<strike>\d+)-(?P<t>[CP])"
)


def is_chain(path: Path) -> bool:
    """Whether a file holds option chains rather than prices."""
    return {"instrument_name", "mark_iv"} <= set(read_table(Path(path)).column_names)


def read_chains(
    paths: Sequence[Path],
    *,
    underlyings: Sequence[str] | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> list[Chain]:
    """Read snapshots of option chains, in order of time.

    Parameters
    ----------
    paths : sequence of Path
        CSV or Parquet with ``snapshot_utc``, ``instrument_name`` (BTC-27MAR26-70000-C, expiring at
        08:00 UTC), ``index_price`` (USD), ``mark_price`` (coin), ``mark_iv`` (a fraction) and
        ``open_interest`` (base units).
    underlyings : sequence of str, optional
        Currencies to keep.
    start_ns, end_ns : int, optional
        Snapshots to keep.
    """
    chains: dict[int, Chain] = {}
    for path in map(Path, paths):
        table = read_table(path)
        for name in _NEEDED:
            if name not in table.column_names:
                message = f"{path.name}: column {name!r} is missing"
                raise InvalidInputError(message, code="MISSING_COLUMN")
        moments = times_ns(path, table["snapshot_utc"])
        parsed = _parse(path, table["instrument_name"].to_pylist())
        columns = {n: np.asarray(table[n].to_numpy(), np.float64) for n in _NEEDED[2:]}
        usable = (columns["mark_iv"] > 0.0) & (parsed.expiry_ns > moments)
        usable &= (columns["index_price"] > 0.0) & np.isfinite(columns["mark_price"])
        if underlyings:
            usable &= np.isin(parsed.currency, list(underlyings))
        for moment in np.unique(moments).tolist():
            rows = usable & (moments == moment)
            inside = (start_ns is None or moment >= start_ns) and (
                end_ns is None or moment < end_ns
            )
            if inside and rows.any():
                chains[moment] = replace(
                    parsed.rows(rows),
                    as_of_ns=moment,
                    index_price=columns["index_price"][rows],
                    mark_price=np.maximum(columns["mark_price"][rows], 0.0),
                    vol_annual=columns["mark_iv"][rows],
                    # a single-precision column does not hold tenths exactly
                    open_interest=np.round(np.nan_to_num(columns["open_interest"][rows]), 3),
                )
    if len(chains) < 2:
        raise refuse(f"the files have {len(chains)} snapshots; expected at least 2")
    return [chains[moment] for moment in sorted(chains)]


@dataclass(frozen=True, slots=True)
class _Names:
    currency: NDArray[np.str_]
    instrument: NDArray[np.str_]
    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]
    expiry_ns: NDArray[np.int64]

    def rows(self, rows: NDArray[np.bool_]) -> Chain:
        none = np.zeros(int(rows.sum()))
        return Chain(0, self.currency[rows], self.instrument[rows], self.is_call[rows],
                     self.strike[rows], self.expiry_ns[rows], none, none, none, none)  # fmt: skip


def _parse(path: Path, names: Sequence[str]) -> _Names:
    known: dict[str, tuple[str, bool, float, int]] = {}
    for row, name in enumerate(names):
        if name in known:
            continue
        found = _NAME.fullmatch(name)
        if found is None:
            message = f"{path.name} row {row}: not the name of an option: {name!r}"
            raise InvalidInputError(message, code="INVALID_ID")
        day = datetime.strptime(found["day"].title(), "%d%b%y").replace(hour=8, tzinfo=UTC)
        expiry = round(day.timestamp()) * 1_000_000_000
        known[name] = (found["currency"], found["t"] == "C", float(found["strike"]), expiry)
    rows = [known[name] for name in names]
    return _Names(
        np.array([r[0] for r in rows]),
        np.array(names),
        np.array([r[1] for r in rows]),
        np.array([r[2] for r in rows]),
        np.array([r[3] for r in rows], dtype=np.int64),
    )
