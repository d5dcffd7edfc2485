"""Price histories as a backtest reads them: one row per time, one column per underlying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.history import History
from tickmargin.loading.arrow import pyarrow

__all__ = ["DAY_NS", "PriceHistory", "continued", "ewma_vol", "is_unknown", "read_history"]

_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_TIMES = ("ts_ns", "ts_utc", "time", "date", "timestamp")
_PRICES = ("close", "price")
_NAMES = ("underlying", "symbol")
_QUOTES = ("USDT", "USDC", "USD")
DAY_NS = 86_400_000_000_000
_YEAR_NS = 365 * DAY_NS


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Prices at common times.

    Attributes
    ----------
    times_ns : array of int64
        Strictly rising, UTC.
    underlyings : tuple of str
        The columns.
    prices : array of float64, shape (times, underlyings)
        All positive.
    columns : mapping of str to array, shape (times, underlyings)
        What a market says beside prices, under its own names (``funding_rate_annual``, ...), for
        policies that read it; NaN (0 in ``index_ts_ns``): not known.
    """

    times_ns: NDArray[np.int64]
    underlyings: tuple[str, ...]
    prices: NDArray[np.float64]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def step_days(self) -> float:
        """The usual time between two rows."""
        return float(np.median(np.diff(self.times_ns))) / DAY_NS

    def between(self, start_ns: int | None, end_ns: int | None) -> PriceHistory:
        """The rows from ``start_ns`` on and before ``end_ns``."""
        keep = np.ones(self.times_ns.size, dtype=np.bool_)
        if start_ns is not None:
            keep &= self.times_ns >= start_ns
        if end_ns is not None:
            keep &= self.times_ns < end_ns
        columns = {name: values[keep] for name, values in self.columns.items()}
        return PriceHistory(self.times_ns[keep], self.underlyings, self.prices[keep], columns)


def read_history(
    paths: Sequence[Path],
    *,
    underlyings: Sequence[str] | None = None,
    where: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> PriceHistory:
    """Read closes from CSV or Parquet files and keep the times that all underlyings have.

    Parameters
    ----------
    paths : sequence of Path
        Columns: a time (``ts_ns``, ``ts_utc``, ``time``, ``date`` or ``timestamp``), ``close`` or
        ``price``, and ``underlying`` or ``symbol``; a file without the last is one underlying,
        named like the file. The quote of a symbol is dropped: BTCUSDT is BTC. Optional: what a
        market says beside prices, by its name there (`tickmargin.backtest.needs.COLUMNS`).
    underlyings : sequence of str, optional
        Which to keep; all by default.
    where : mapping, optional
        Rows to keep: column to value.
    rename : mapping, optional
        Symbol in the files to the underlying it is.

    Raises
    ------
    InvalidInputError
        A file or column is missing, a price is not positive, or a time occurs twice.
    """
    series: dict[str, dict[int, float]] = {}
    beside: dict[str, dict[tuple[str, int], Any]] = {}
    for path in paths:
        _read(Path(path), where or {}, rename or {}, series, beside)
    wanted = list(underlyings) if underlyings else sorted(series)
    for name in wanted:
        if name not in series:
            known = ", ".join(sorted(series)) or "none"
            raise InvalidInputError(
                f"no prices of {name!r}; the files have {known}", code="UNKNOWN_UNDERLYING"
            )
    common = set(series[wanted[0]]).intersection(*(series[name] for name in wanted[1:]))
    times = np.array(sorted(common), dtype=np.int64)
    if times.size < 3:
        raise InvalidInputError(
            f"{', '.join(wanted)} have {times.size} times in common; expected at least 3",
            code="FILE_EMPTY",
        )
    prices = np.array([[series[name][t] for name in wanted] for t in times.tolist()])
    columns = {}
    for column, cells in beside.items():
        kind, nothing = (np.int64, 0) if column == "index_ts_ns" else (np.float64, np.nan)
        values = [[cells.get((name, t), nothing) for name in wanted] for t in times.tolist()]
        columns[column] = np.array(values, dtype=kind)
    return PriceHistory(times, tuple(wanted), prices, columns)


def is_unknown(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which cells of a column beside prices say nothing: NaN, or 0 where they are whole."""
    return np.asarray(values == 0 if values.dtype.kind == "i" else np.isnan(values))


def _read(
    path: Path,
    where: Mapping[str, str],
    rename: Mapping[str, str],
    series: dict[str, dict[int, float]],
    beside: dict[str, dict[tuple[str, int], Any]],
) -> None:
    table = read_table(path)
    columns = table.column_names
    for key, value in where.items():
        if key in columns:
            text = np.array(_strings(table[key]), dtype=object)
            table = table.filter(pyarrow("reading a history").array(text == value))
    time_name = _one_of(path, columns, _TIMES, "a time")
    price_name = _one_of(path, columns, _PRICES, "a price")
    times = times_ns(path, table[time_name])
    prices = np.asarray(table[price_name].to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~(prices > 0.0) | ~np.isfinite(prices))
    if bad.size:
        row = int(bad[0])
        raise InvalidInputError(
            f"{path.name} row {row}, column {price_name}: expected a price greater than 0, "
            f"got {prices[row]}",
            code="NOT_POSITIVE",
        )
    present = [name for name in _NAMES if name in columns]
    taken = set(rename.values())
    others = _others(path, table)
    names = _strings(table[present[0]]) if present else [path.stem] * len(times)
    for row, (name, t, price) in enumerate(
        zip(names, times.tolist(), prices.tolist(), strict=True)
    ):
        underlying = rename.get(name, _without_quote(name))
        if name not in rename and underlying in taken:
            continue  # another symbol was named as this underlying
        own = series.setdefault(underlying, {})
        if t in own and own[t] != price:
            hint = "keep one source: --where COLUMN=VALUE"
            raise InvalidInputError(
                f"{path.name} row {row}: {name} has two prices at the same time; {hint}",
                code="DUPLICATE_ID",
            )
        own[t] = price
        for column, values in others.items():
            if values[row] is not None:
                beside.setdefault(column, {})[underlying, t] = values[row]


def _others(path: Path, table: Any) -> dict[str, list[Any]]:
    """Columns of a market beside prices that a file has, None where a cell is empty."""
    from tickmargin.backtest.needs import COLUMNS

    out = {}
    for name in COLUMNS:
        if name not in table.column_names:
            continue
        values = table[name].to_pylist()
        kinds = (int,) if name == "index_ts_ns" else (int, float)
        for row, value in enumerate(values):
            fine = isinstance(value, kinds) and not isinstance(value, bool)
            if value is not None and not (fine and np.isfinite(value)):
                message = f"{path.name} row {row}, column {name}: expected a number, got {value!r}"
                raise InvalidInputError(message, code="NOT_FINITE" if fine else "WRONG_TYPE")
        out[name] = values
    return out


def read_table(path: Path) -> Any:
    """An Arrow table of a Parquet or CSV file."""
    if not path.is_file():
        raise InvalidInputError(f"no such file: {path}", code="FILE_NOT_FOUND")
    try:
        if path.suffix == ".parquet":
            return pyarrow("reading a history", "pyarrow.parquet").read_table(str(path))
        return pyarrow("reading a history", "pyarrow.csv").read_csv(str(path))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path.name}: {error}", code="FILE_UNREADABLE") from None


def times_ns(path: Path, column: Any) -> NDArray[np.int64]:
    """An Arrow column of times as nanoseconds since 1970 UTC."""
    kind = str(column.type)
    if kind == "int64":
        return np.asarray(column.to_numpy(), dtype=np.int64)
    pa = pyarrow("reading a history")
    if kind in ("string", "large_string"):
        return np.array([_instant(path, text) for text in column.to_pylist()], dtype=np.int64)
    if not kind.startswith(("date", "timestamp")):
        raise InvalidInputError(f"{path.name}: a time cannot be {kind}", code="INVALID_TIME")
    return np.asarray(column.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _instant(path: Path, text: str) -> int:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{path.name}: expected an ISO 8601 time, got {text!r}"
        raise InvalidInputError(message, code="INVALID_TIME") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e6) * 1000


def _strings(column: Any) -> list[str]:
    return [str(value) for value in column.to_pylist()]


def _one_of(path: Path, columns: Sequence[str], names: Sequence[str], what: str) -> str:
    for name in names:
        if name in columns:
            return name
    raise InvalidInputError(
        f"{path.name}: {what} is missing; expected a column {' or '.join(names)}",
        code="MISSING_COLUMN",
    )


def _without_quote(symbol: str) -> str:
    for quote in _QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol.removesuffix(quote).rstrip("-_/")
    return symbol


def ewma_vol(
    history: PriceHistory, half_life_days: float, prior: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Annual volatility from each row and those before it, weights halving with age.

    Each squared return counts per unit of its own time, so gaps do not inflate it.

    Parameters
    ----------
    history : PriceHistory
    half_life_days : float
    prior : array of float, optional
        By underlying: what is believed before the first row, with the weight of a long history;
        without it the first row has no volatility (NaN).
    """
    returns = np.diff(np.log(history.prices), axis=0)
    years = np.diff(history.times_ns) / _YEAR_NS
    out = np.full(history.prices.shape, np.nan)
    top, bottom = np.zeros(returns.shape[1]), 0.0
    if prior is not None:
        bottom = half_life_days / 365.0 / np.log(2.0)
        top = prior * prior * bottom
        out[0] = prior
    for row in range(returns.shape[0]):
        decay = 0.5 ** (years[row] * 365.0 / half_life_days)
        top = decay * top + returns[row] ** 2
        bottom = decay * bottom + years[row]
        out[row + 1] = np.sqrt(top / bottom)
    return out


def continued(
    history: PriceHistory | None, underlying: str, returns: NDArray[np.float64]
) -> PriceHistory:
    """One underlying's history and daily returns after it; the returns alone without one."""
    if history is None:
        before = PriceHistory(np.ones(1, np.int64), (underlying,), np.full((1, 1), 50_000.0))
    elif underlying in history.underlyings:
        own = [history.underlyings.index(underlying)]
        columns = {name: values[:, own] for name, values in history.columns.items()}
        before = PriceHistory(history.times_ns, (underlying,), history.prices[:, own], columns)
    else:
        known = ", ".join(history.underlyings)
        raise InvalidInputError(
            f"underlying must be one of the history's ({known}), got {underlying!r}",
            code="UNKNOWN_UNDERLYING",
        )
    steps = np.arange(1, returns.size + 1, dtype=np.int64)
    prices = before.prices[-1] * np.exp(np.cumsum(returns))[:, None]
    last = int(before.times_ns[-1])
    return PriceHistory(
        np.concatenate([before.times_ns, last + steps * DAY_NS]),
        before.underlyings,
        np.concatenate([before.prices, prices]),
        {
            name: np.concatenate([values, np.repeat(values[-1:], returns.size, axis=0)])
            for name, values in before.columns.items()
        },
    )


def read_long(path: Path) -> History:
    """A file with a row per time and underlying, and all its times; see ``History.load``."""
    table = read_table(path)
    columns = table.column_names
    times = times_ns(path, table[_one_of(path, columns, _TIMES, "a time")])
    names = _strings(table[_one_of(path, columns, _NAMES, "an underlying")])
    price_name = _one_of(path, columns, _PRICES, "a price")
    written = {price_name: np.asarray(table[price_name].to_numpy(), dtype=np.float64)}
    if "vol_annual" in columns:
        written["vol_annual"] = np.asarray(table["vol_annual"].to_numpy(), dtype=np.float64)
    for column, values in written.items():
        may_lack = column == "vol_annual"
        bad = np.flatnonzero(
            ~((values > 0.0) & np.isfinite(values) | (may_lack & np.isnan(values)))
        )
        if bad.size:
            message = (
                f"{path.name} row {bad[0]}, column {column}: expected a number greater than 0, "
                f"got {values[bad[0]]}"
            )
            finite = np.isfinite(values[bad[0]])
            raise InvalidInputError(message, code="NOT_POSITIVE" if finite else "NOT_FINITE")
    all_times, row = np.unique(times, return_inverse=True)
    all_names = sorted(set(names))
    place = {name: i for i, name in enumerate(all_names)}
    column_of = np.array([place[name] for name in names], dtype=np.intp)
    cell = row * len(all_names) + column_of
    if np.unique(cell).size != cell.size:
        first = int(np.flatnonzero(np.bincount(cell) > 1)[0])
        twice = int(np.flatnonzero(cell == first)[1])
        message = f"{path.name} row {twice}: {names[twice]} has two prices at the same time"
        raise InvalidInputError(message, code="DUPLICATE_ID")
    tables = []
    for values in written.values():
        wide = np.full((all_times.size, len(all_names)), np.nan)
        wide[row, column_of] = values
        tables.append(wide)
    return History(all_times, tuple(all_names), *tables)
