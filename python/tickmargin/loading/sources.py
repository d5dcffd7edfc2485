"""Anything a table can be given as, seen as one thing: names, a row count, raw columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from tickmargin.errors import InputTypeError
from tickmargin.loading.arrow import have_pyarrow, pyarrow
from tickmargin.loading.column import Coded, Nullable

__all__ = ["ArrowSource", "MappingSource", "PandasSource", "Source", "open_source", "repeated"]


class Source(Protocol):
    """A table that has not been looked at yet.

    ``column`` returns a NumPy array, a list, a Nullable, a pyarrow ChunkedArray or TextNumbers.
    """

    file: str
    names: tuple[object, ...]
    rows: int

    def column(self, name: str) -> Any:
        """Return the raw column of that name."""


def _chunked(column: Any) -> Any:
    """Return an Arrow column of any producer as a pyarrow ChunkedArray."""
    pa = pyarrow("reading Arrow columns")
    if isinstance(column, pa.ChunkedArray):
        return column
    if hasattr(column, "__arrow_c_stream__"):
        return pa.chunked_array(column)
    return pa.chunked_array([pa.array(column)])


class ArrowSource:
    """A pyarrow Table, or whatever exports an Arrow stream."""

    def __init__(self, file: str, data: Any) -> None:
        pa = pyarrow(f"reading the Arrow table {file!r}")
        self._table = data if isinstance(data, pa.Table) else pa.table(data)
        self.file = file
        self.names: tuple[object, ...] = tuple(self._table.column_names)
        self.rows: int = self._table.num_rows

    def column(self, name: str) -> Any:
        """Return a ChunkedArray."""
        return self._table.column(name)


class MappingSource:
    """A mapping from column names to arrays, lists or Arrow columns."""

    def __init__(self, file: str, data: Mapping[Any, Any]) -> None:
        self._data = data
        self.file = file
        self.names: tuple[object, ...] = tuple(data)
        self.rows = max(self.lengths().values(), default=0)

    def lengths(self) -> dict[object, int]:
        """Return the length of every column that has one; a scalar has not."""
        lengths = {name: _length(column) for name, column in self._data.items()}
        return {name: length for name, length in lengths.items() if length is not None}

    def column(self, name: str) -> Any:
        """Return what the mapping holds, Arrow and pandas columns in their plain form."""
        column = self._data[name]
        if isinstance(column, (np.ndarray, list, tuple)):
            return column
        if _is_pandas(column):
            return _pandas_column(column)
        if hasattr(column, "__arrow_c_stream__") or hasattr(column, "__arrow_c_array__"):
            return _chunked(column)
        return column


class PandasSource:
    """A pandas frame; its index is not read."""

    def __init__(self, file: str, frame: Any) -> None:
        self._frame = frame
        self.file = file
        self.names: tuple[object, ...] = tuple(frame.columns)
        self.rows = len(frame)

    def column(self, name: str) -> Any:
        """Return the column as NumPy where pandas holds NumPy, as Arrow otherwise."""
        return _pandas_column(self._frame[name])


def _is_pandas(data: object) -> bool:
    # recognised by name: importing pandas only to ask would cost half a second
    return type(data).__module__.split(".")[0] == "pandas"


def _pandas_column(series: Any) -> Any:
    """In pandas NaN, None, NaT and NA all are the null; nothing else is reinterpreted."""
    dtype = series.dtype
    is_text = str(dtype) in ("str", "string")
    if isinstance(dtype, np.dtype) or (is_text and not have_pyarrow()):
        values = series.to_numpy(dtype=object) if is_text else series.to_numpy()
        present = series.notna().to_numpy()
        return values if present.all() else Nullable(values, present)
    pa = pyarrow(f"reading a pandas column of type {dtype}")
    return _chunked(pa.Array.from_pandas(series))


def _length(column: Any) -> int | None:
    if isinstance(column, (Nullable, Coded)):
        column = column[0]
    if isinstance(column, np.ndarray):
        return int(column.shape[0]) if column.ndim else None
    return len(column) if hasattr(column, "__len__") and not isinstance(column, str) else None


def open_source(table: str, data: Any) -> Source:
    """Recognise what a table was given as.

    Parameters
    ----------
    table : str
        Table name, used as the file name in issues.
    data : pandas or polars frame, Arrow table, mapping of columns, or structured array

    Raises
    ------
    InputTypeError
        NOT_A_TABLE if ``data`` is none of these.
    """
    if _is_pandas(data) and hasattr(data, "columns"):
        return PandasSource(table, data)
    if isinstance(data, Mapping):
        return MappingSource(table, data)
    if isinstance(data, np.ndarray) and data.dtype.names is not None and data.ndim == 1:
        return MappingSource(table, {name: data[name] for name in data.dtype.names})
    if hasattr(data, "__arrow_c_stream__"):
        return ArrowSource(table, data)
    message = (
        f"{table} must be a mapping of columns, a pandas or polars frame, or an object with "
        f"__arrow_c_stream__ (pyarrow, duckdb, ...), got {type(data).__name__}"
    )
    raise InputTypeError(message, code="NOT_A_TABLE")


def repeated(names: Sequence[object]) -> list[object]:
    """Return the names that occur more than once."""
    return [name for name, number in Counter(names).items() if number > 1]
