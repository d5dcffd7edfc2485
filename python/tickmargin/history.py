"""Past prices of the underlyings, beside the market: what `var` and `es` policies measure with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.pricing.arguments import reals

__all__ = ["History"]

FILE_NAMES = ("history.parquet", "history.csv")


@dataclass(frozen=True, slots=True)
class History:
    """Prices, and volatilities if there are any, of underlyings at common times.

    Attributes
    ----------
    times_ns : (times,) int64
        Strictly rising, UTC.
    underlyings : tuple of str
    prices : (times, underlyings) float64
        Positive; NaN where an underlying has none at that time.
    vols : (times, underlyings) float64 or None
        Annual implied volatilities of one term; NaN where there is none.
    """

    times_ns: NDArray[np.int64]
    underlyings: tuple[str, ...]
    prices: NDArray[np.float64]
    vols: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        times_ns: ArrayLike,
        prices: Mapping[str, ArrayLike],
        vols: Mapping[str, ArrayLike] | None = None,
    ) -> History:
        """Make a history from a column of times and one column of prices an underlying.

        Raises
        ------
        InvalidInputError
            INVALID_TIME: times do not rise. LENGTH_MISMATCH: a column has another length.
            NOT_POSITIVE: a price or volatility is not above 0 (NaN: there is none).
        """
        times = np.asarray(times_ns)
        if times.dtype.kind != "i" or times.ndim != 1:
            raise InputTypeError("times_ns must be a column of int64 nanoseconds")
        times = times.astype(np.int64)
        if (np.diff(times) <= 0).any():
            row = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
            message = f"times_ns must rise, row {row} does not"
            raise InvalidInputError(message, code="INVALID_TIME")
        names = tuple(prices)
        columns = [_column(f"prices[{n!r}]", prices[n], times.size) for n in names]
        own = None
        if vols is not None:
            nothing = np.full(times.size, np.nan)
            own = [_column(f"vols[{n!r}]", vols.get(n, nothing), times.size) for n in names]
        return cls(
            times,
            names,
            np.column_stack(columns) if columns else np.empty((times.size, 0)),
            np.column_stack(own) if own else None,
        )

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a Parquet or CSV file with a row per time and underlying.

        Columns: a time (``ts_ns``, ``ts_utc``, ``time``, ``date`` or ``timestamp``), ``underlying``
        or ``symbol``, ``close`` or ``price``, and, optional, ``vol_annual``.

        Raises
        ------
        InvalidInputError
        """
        from tickmargin.backtest.history import read_long

        return read_long(Path(path))

    @classmethod
    def resolve(cls, history: Any) -> History | None:
        """A history, a :class:`tickmargin.backtest.PriceHistory`, a file's path, or None."""
        if history is None or isinstance(history, cls):
            return history
        if isinstance(history, str | Path):
            return cls.load(history)
        names, prices = getattr(history, "underlyings", None), getattr(history, "prices", None)
        if names is None or prices is None:
            kind = type(history).__name__
            raise InputTypeError(f"history: got {kind}; expected a History, its file or None")
        return cls(history.times_ns, tuple(names), prices)

    def until(self, as_of_ns: int) -> History:
        """The rows that are known at a time."""
        end = int(np.searchsorted(self.times_ns, as_of_ns, side="right"))
        vols = None if self.vols is None else self.vols[:end]
        return History(self.times_ns[:end], self.underlyings, self.prices[:end], vols)


def beside(market: str | Path) -> Path | None:
    """The history file in a market's folder, if there is one."""
    folder = Path(market)
    found = [folder / name for name in FILE_NAMES if (folder / name).is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise InvalidInputError(f"{folder}: {names} are both there", code="FILE_AMBIGUOUS")
    return found[0] if found else None


def _column(name: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    column = reals(name, values)
    if column.shape != (size,):
        message = f"{name} must have {size} rows, as times_ns has; its shape is {column.shape}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    bad = np.flatnonzero(~(np.isnan(column) | (np.isfinite(column) & (column > 0))))
    if bad.size:
        message = f"{name} must be finite and > 0, got {column[bad[0]]} at row {bad[0]}"
        raise InvalidInputError(message, code="NOT_POSITIVE")
    return column
