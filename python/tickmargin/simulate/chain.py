"""Reading an option chain: one CSV line per listed option, as venues' public APIs give it."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.issues import IssueLog, suggest

_NUMBERS = ("strike", "index_price", "mark_price", "mark_iv", "open_interest")
_TIMES = ("snapshot_utc", "expiry_utc")
COLUMNS = ("snapshot_utc", "currency", "instrument_name", "option_type", "strike", "expiry_utc",
           "index_price", "mark_price", "mark_iv", "open_interest")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chain:
    """An option chain as columns, one entry per option.

    ``as_of_ns`` is the latest snapshot time; ``index_price`` in USD, ``mark_price`` in coin,
    ``vol_annual`` a fraction, ``open_interest`` in base units.
    """

    as_of_ns: int
    currency: NDArray[np.str_]
    instrument: NDArray[np.str_]
    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]
    expiry_ns: NDArray[np.int64]
    index_price: NDArray[np.float64]
    mark_price: NDArray[np.float64]
    vol_annual: NDArray[np.float64]
    open_interest: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of options."""
        return int(self.instrument.shape[0])


def read_chain(path: Path) -> Chain:
    """Read a chain from CSV, gzipped or not.

    Parameters
    ----------
    path : Path
        A file with the columns `COLUMNS`; others are ignored. Times are ISO 8601 and UTC.

    Returns
    -------
    Chain
        In the file's order.

    Raises
    ------
    InvalidInputError
        With one issue per missing column or bad cell, all together.
    """
    log = IssueLog()
    rows = _rows(path, log)
    log.raise_if_any(str(path))
    numbers = {name: _numbers(rows, name, path, log) for name in _NUMBERS}
    times = {name: _times(rows, name, path, log) for name in _TIMES}
    kinds = _kinds(rows, path, log)
    _check_signs(numbers, path, log)
    names = np.asarray([row["instrument_name"] for row in rows])
    _check_unique(names, path, log)
    log.raise_if_any(str(path))
    return Chain(
        as_of_ns=int(times["snapshot_utc"].max()),
        currency=np.asarray([row["currency"] for row in rows]),
        instrument=names,
        is_call=kinds,
        strike=numbers["strike"],
        expiry_ns=times["expiry_utc"],
        index_price=numbers["index_price"],
        mark_price=numbers["mark_price"],
        vol_annual=numbers["mark_iv"],
        open_interest=numbers["open_interest"],
    )


def _rows(path: Path, log: IssueLog) -> list[dict[str, str]]:
    if not path.is_file():
        log.add("FILE_NOT_FOUND", path.name, f"no such file: {path}")
        return []
    try:
        with _open(path) as file:
            reader = csv.DictReader(file, restval="")
            header = list(reader.fieldnames or [])
            for name in COLUMNS:
                if name not in header:
                    message = f"column {name!r} is missing{suggest(name, header)}"
                    log.add("MISSING_COLUMN", path.name, message, column=name)
            rows = list(reader)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        log.add("FILE_UNREADABLE", path.name, f"not a CSV file: {error}")
        return []
    if not rows:
        log.add("FILE_EMPTY", path.name, "the chain has no options")
    return rows


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _numbers(
    rows: list[dict[str, str]], name: str, path: Path, log: IssueLog
) -> NDArray[np.float64]:
    values = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        try:
            values[number] = float(row[name])
        except ValueError:
            continue
    bad = np.flatnonzero(~np.isfinite(values))
    log.add_rows(
        "NOT_A_NUMBER",
        (path.name, name),
        bad,
        lambda r: (rows[r][name], f"expected a finite number, got {rows[r][name]!r}"),
    )
    return values


def _times(rows: list[dict[str, str]], name: str, path: Path, log: IssueLog) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    bad: list[int] = []
    values = np.zeros(len(rows), dtype=np.int64)
    for number, row in enumerate(rows):
        text = row[name]
        if text not in known:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                bad.append(number)
                continue
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            known[text] = round(moment.timestamp() * 1e6) * 1000
        values[number] = known[text]
    log.add_rows(
        "INVALID_TIME",
        (path.name, name),
        bad,
        lambda r: (rows[r][name], f"expected an ISO 8601 time, got {rows[r][name]!r}"),
    )
    return values


def _kinds(rows: list[dict[str, str]], path: Path, log: IssueLog) -> NDArray[np.bool_]:
    words = [row["option_type"] for row in rows]
    bad = [number for number, word in enumerate(words) if word not in ("call", "put")]
    log.add_rows(
        "UNKNOWN_WORD",
        (path.name, "option_type"),
        bad,
        lambda r: (words[r], f"expected 'call' or 'put', got {words[r]!r}"),
    )
    return np.asarray([word == "call" for word in words])


def _check_signs(numbers: dict[str, NDArray[np.float64]], path: Path, log: IssueLog) -> None:
    for name in ("strike", "index_price", "mark_iv"):
        wrong = np.flatnonzero(numbers[name] <= 0.0)
        _report_sign("NOT_POSITIVE", (path.name, name), (numbers[name], wrong), log)
    interest = numbers["open_interest"]
    negative = np.flatnonzero(interest < 0.0)
    _report_sign("NEGATIVE_VALUE", (path.name, "open_interest"), (interest, negative), log)


def _report_sign(
    code: str,
    place: tuple[str, str],
    column_rows: tuple[NDArray[np.float64], NDArray[np.intp]],
    log: IssueLog,
) -> None:
    values, rows = column_rows
    limit = "> 0" if code == "NOT_POSITIVE" else ">= 0"
    log.add_rows(
        code,
        place,
        rows,
        lambda row: (float(values[row]), f"{place[1]} must be {limit}, was {values[row]}"),
    )


def _check_unique(names: NDArray[np.str_], path: Path, log: IssueLog) -> None:
    _, first = np.unique(names, return_index=True)
    repeated = np.setdiff1d(np.arange(names.shape[0]), first)
    log.add_rows(
        "DUPLICATE_ID",
        (path.name, "instrument_name"),
        repeated,
        lambda r: (str(names[r]), f"instrument {str(names[r])!r} appears more than once"),
    )
