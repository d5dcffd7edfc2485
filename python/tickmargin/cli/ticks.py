"""Files of ticks, and the records they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.loading.column import Coded, Column, TableSpec
from tickmargin.loading.issues import IssueLog
from tickmargin.loading.keys import refer
from tickmargin.loading.read import TableData, read_given

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.market import Market
    from tickmargin.record_types import Records

TICK_COLUMNS = (
    Column("ts_ns", "int", required=False),
    Column("time", "text", required=False),
    Column("underlying", "id"),
    Column("price", "float", sign="positive"),
    Column("source", "text", required=False, nullable=True),
    Column("seq", "int", required=False, sign="positive"),
)
_YEAR_NS = 365 * 86_400 * 10**9
_SOURCES_MAX = 8
_DEFAULT_SOURCE = "a"


@dataclass(frozen=True, slots=True)
class Ticks:
    """Ticks as columns, in the order of the file.

    ``underlying`` are rows of the market's underlyings; ``source`` numbers into ``sources`` of the
    tick's own underlying.
    """

    ts_ns: NDArray[np.int64]
    underlying: NDArray[np.int32]
    price: NDArray[np.float64]
    source: NDArray[np.int64]
    seq: NDArray[np.int64]
    sources: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.price)


def read_ticks(path: Path, market: Market) -> Ticks:
    """Read ticks from CSV or Parquet.

    Raises
    ------
    InvalidInputError
        With every problem in ``issues``.
    """
    from tickmargin.cli.tables import read_logged

    log = IssueLog()
    if path.suffix == ".parquet" and path.is_file():
        data = _read_parquet(path, log)
    else:
        data = read_logged(path, TICK_COLUMNS, log)
    if data is None:
        log.raise_if_any(str(path))
    assert data is not None  # everything that gives no table has been reported
    names = market.underlyings.names
    every = Coded(np.arange(len(names), dtype=np.int32), names)
    underlying = refer(data, "underlying", every, "UNKNOWN_UNDERLYING", log)
    times = _times(data, log)
    source, sources = _sources(data, underlying, names.tolist(), log)
    log.raise_if_any(str(path))
    rows = np.arange(1, data.rows + 1)
    seq = data.columns.get("seq")
    return Ticks(
        times, underlying, data.columns["price"], source, rows if seq is None else seq, sources
    )


def _read_parquet(path: Path, log: IssueLog) -> TableData | None:
    """Read a Parquet file, whose ``time`` may be time stamps."""
    from tickmargin.loading.arrow import pyarrow

    parquet = pyarrow(f"reading {path.name}", "pyarrow.parquet")
    pa = pyarrow(f"reading {path.name}")
    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInputError(f"{path}: {error}", code="FILE_UNREADABLE") from None
    if "time" in table.column_names and pa.types.is_timestamp(table["time"].type):
        moments = table["time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64())
        table = table.set_column(table.column_names.index("time"), "ts_ns", moments)
    spec = TableSpec(path.name, TICK_COLUMNS)
    return read_given({path.name: table}, (spec,), log, None)[path.name]


def _times(data: TableData, log: IssueLog) -> NDArray[np.int64]:
    """Nanoseconds from either column."""
    given = [name for name in ("ts_ns", "time") if name in data.columns or not data.ok(name)]
    if not data.ok("ts_ns", "time"):
        return np.zeros(data.rows, np.int64)  # said already
    if len(given) != 1:
        log.add("INVALID_TIME", data.file, "ticks have one of the columns ts_ns and time")
        return np.zeros(data.rows, np.int64)
    if given == ["ts_ns"]:
        times: NDArray[np.int64] = data.columns["ts_ns"]
        return times
    coded: Coded = data.columns["time"]
    moments = np.zeros(len(coded.names), np.int64)
    wrong: dict[int, str] = {}
    for code, text in enumerate(coded.names.tolist()):
        moment = _moment(text)
        if moment is None:
            wrong[code] = text
        else:
            moments[code] = moment
    log.add_rows(
        "INVALID_TIME",
        (data.file, "time"),
        np.flatnonzero(np.isin(coded.codes, list(wrong))),
        lambda row: (
            wrong[int(coded.codes[row])],
            f"{wrong[int(coded.codes[row])]!r} is no RFC 3339 time with an offset",
        ),
    )
    return moments[coded.codes]


def _moment(text: str) -> int | None:
    """Nanoseconds of an RFC 3339 time in UTC or with an offset; None if it is none."""
    from datetime import datetime

    head, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if dot and not 1 <= len(digits) <= 9:
        return None
    try:
        instant = datetime.fromisoformat(head + rest[len(digits) :])
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return int(instant.timestamp()) * 10**9 + int(digits.ljust(9, "0") or 0)


def _sources(
    data: TableData, underlying: NDArray[np.int32], names: list[str], log: IssueLog
) -> tuple[NDArray[np.int64], dict[str, list[str]]]:
    """Number the sources of each underlying in the order of their names."""
    called = data.text("source", _DEFAULT_SOURCE)
    number = np.zeros(data.rows, np.int64)
    sources: dict[str, list[str]] = {}
    for row in np.unique(underlying[underlying >= 0]).tolist():
        mine = underlying == row
        codes = np.unique(called.codes[mine])
        codes = codes[codes >= 0]
        codes = np.array(sorted(codes.tolist(), key=lambda code: called.names[code]), np.int64)
        if len(codes) > _SOURCES_MAX:
            message = f"{names[row]} has {len(codes)} sources; there may be {_SOURCES_MAX}"
            log.add("OUT_OF_RANGE", data.file, message, column="source", value=len(codes))
            continue
        place = np.zeros(len(called.names), np.int64)
        place[codes] = np.arange(len(codes))
        number[mine] = place[np.maximum(called.codes[mine], 0)]
        sources[names[row]] = [str(called.names[code]) for code in codes]
    return number, sources


def align(ticks: Ticks, market: Market) -> Ticks:
    """Move the first tick to the market's time, and each underlying's first price to its index."""
    price = ticks.price.copy()
    for row in np.unique(ticks.underlying).tolist():
        mine = np.flatnonzero(ticks.underlying == row)
        price[mine] *= market.underlyings.index_price[row] / price[mine[0]]
    later = market.as_of_ns - int(ticks.ts_ns.min()) if len(ticks) else 0
    return replace(ticks, price=price, ts_ns=ticks.ts_ns + later)


def start_engine(
    engine: Engine,
    ticks: Ticks,
    heartbeat_ns: int,
    quorum: int | None,
    guard: Mapping[str, float | int] | None = None,
) -> list[str]:
    """Start the live engine with the sources of a file, every mark as the market has it.

    ``guard`` are more settings of the oracle guard, for every underlying with ticks.

    Returns
    -------
    list of str
        Underlyings without ticks: held at the market's price, which never grows stale.
    """
    from tickmargin import records

    oracle: dict[str, dict[str, Any]] = {}
    held = []
    for name in engine.market.underlyings.names.tolist():
        if name in ticks.sources:
            own: dict[str, Any] = {"sources": ticks.sources[name]}
            own |= {"heartbeat_ns": heartbeat_ns, "unusable_after_ns": 10 * heartbeat_ns}
            own |= {"lead_max_ns": 0}
            own |= guard or {}
            if quorum is not None:
                own["quorum"] = min(quorum, len(own["sources"]))
            oracle[name] = own
        else:
            oracle[name] = {"heartbeat_ns": _YEAR_NS, "unusable_after_ns": _YEAR_NS}
            held.append(name)
    # A file brings its own time: the clock records are made from it.
    engine.start(oracle=oracle, settings={"clock_step_max_ns": 0})
    for name, price in zip(
        engine.market.underlyings.names.tolist(),
        engine.market.underlyings.index_price.tolist(),
        strict=True,
    ):
        count = len(ticks.sources.get(name, (_DEFAULT_SOURCE,)))
        if np.isfinite(price):
            engine.apply(
                records.index_tick(
                    name,
                    price,
                    source=np.arange(count),
                    seq=0,
                    ts_ns=engine.market.as_of_ns,
                    engine=engine,
                )
            )
            engine.events()
    return held


def tick_records(ticks: Ticks, as_of_ns: int, clock_ns: int) -> Records:
    """Ticks with a clock record in front of each that begins another interval of time."""
    from tickmargin import records

    rows = records.index_tick(
        ticks.underlying, ticks.price, source=ticks.source, seq=ticks.seq, ts_ns=ticks.ts_ns
    )
    if not len(ticks):
        return rows
    now = np.maximum(np.maximum.accumulate(ticks.ts_ns), as_of_ns)
    interval = (now - as_of_ns) // clock_ns
    begins = np.flatnonzero(np.diff(interval, prepend=0) > 0)
    return np.insert(rows, begins, records.clock(now[begins]) if len(begins) else rows[:0])
