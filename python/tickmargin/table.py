"""Read-only tables of columns: what the engine returns and what a portfolio shows of itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin.errors import InputTypeError, InvalidInputError, MissingExtraError, UnknownNameError
from tickmargin.loading.arrow import pyarrow
from tickmargin.loading.column import Coded
from tickmargin.loading.issues import suggest

__all__ = ["Table", "show_time"]

_SHOWN_ROWS = 20
_SHORTEST_TIME_NS = 10**17  # 1973: a smaller number of nanoseconds is a duration
_YEAR_2000_S, _YEAR_2100_S = 946_684_800, 4_102_444_800


class Table:
    """Columns of equal length that never change.

    Parameters
    ----------
    columns : mapping of str to ndarray or Coded
        One-dimensional columns. Text is given as object arrays of str and None, or as
        :class:`~tickmargin.loading.Coded` (numbers into a list of names), which is decoded only
        when the column is looked at. Arrays are not copied; their views here are read-only.
    name : str, optional
        Title shown when the table is printed.
    owner : object, optional
        Kept alive as long as the table, for columns that point into its memory.

    Notes
    -----
    In floating-point columns NaN is the missing value. It leaves as null through Arrow, polars
    and ``to_dict``, and stays NaN in NumPy and pandas.
    """

    __slots__ = ("_columns", "_decoded", "_name", "_owner", "_rows")

    def __init__(
        self, columns: Mapping[str, Any], *, name: str | None = None, owner: object = None
    ) -> None:
        self._columns: dict[str, NDArray[Any] | Coded] = {}
        self._decoded: dict[str, NDArray[Any]] = {}
        self._name = name
        self._owner = owner
        lengths = set()
        for key, column in columns.items():
            kept = _locked(key, column)
            self._columns[key] = kept
            lengths.add(len(kept.codes) if isinstance(kept, Coded) else len(kept))
        if len(lengths) > 1:
            raise InvalidInputError("columns differ in length", code="LENGTH_MISMATCH")
        self._rows = lengths.pop() if lengths else 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self._columns)

    @property
    def name(self) -> str | None:
        """The table's title."""
        return self._name

    def __len__(self) -> int:
        return self._rows

    def __contains__(self, column: object) -> bool:
        return column in self._columns

    def __getitem__(self, column: str) -> NDArray[Any]:
        """Return a column as a read-only array; text as an object array of str and None."""
        kept = self._find(column)
        if not isinstance(kept, Coded):
            return kept
        if column not in self._decoded:
            names = np.append(kept.names, [None])
            decoded = names[np.maximum(kept.codes, -1)]
            decoded.flags.writeable = False
            self._decoded[column] = decoded
        return self._decoded[column]

    def _find(self, column: str) -> NDArray[Any] | Coded:
        try:
            return self._columns[column]
        except (KeyError, TypeError):
            hint = suggest(str(column), self._columns)
            hint = hint or f"; there are {', '.join(self._columns)}"
            raise UnknownNameError(f"no column {column!r}{hint}") from None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over rows as dicts of Python values; meant for small tables."""
        return (self.row(index) for index in range(self._rows))

    def row(self, index: int) -> dict[str, Any]:
        """Return one row as a dict of Python values, NaN as None; negative counts from the end."""
        return {column: _plain(self._cell(column, index)) for column in self._columns}

    def _cell(self, column: str, index: int) -> Any:
        kept = self._columns[column]
        if isinstance(kept, Coded):
            code = int(kept.codes[index])
            return None if code < 0 else kept.names[code]
        return kept[index]

    def take(self, rows: ArrayLike) -> Table:
        """Return the rows at the given positions, in that order."""
        index = np.asarray(rows)
        if index.size == 0:
            index = index.astype(np.intp)
        if index.ndim != 1 or index.dtype.kind not in "iu":
            raise InputTypeError(f"rows must be 1-d integers, got {index.dtype} {index.shape}")
        taken: dict[str, Any] = {}
        for column, kept in self._columns.items():
            if isinstance(kept, Coded):
                taken[column] = Coded(kept.codes[index], kept.names)
            else:
                taken[column] = kept[index]
        return Table(taken, name=self._name)

    def filter(self, mask: ArrayLike) -> Table:
        """Return the rows where a boolean mask of the table's length is True."""
        keep = np.asarray(mask)
        if keep.dtype != np.bool_ or keep.shape != (self._rows,):
            message = f"mask must be bool of shape ({self._rows},), got {keep.dtype} {keep.shape}"
            raise InputTypeError(message)
        return self.take(np.flatnonzero(keep))

    def head(self, rows: int = 10) -> Table:
        """Return the first rows."""
        return self.take(np.arange(min(max(rows, 0), self._rows)))

    def sort_by(self, column: str, *, descending: bool = False) -> Table:
        """Return the rows sorted by a column, ties in their present order, missing rows last."""
        kept = self._find(column)
        coded = kept if isinstance(kept, Coded) else _coded(kept)
        if coded is not None:
            order_of = np.argsort(np.array(coded.names.tolist(), dtype=object), kind="stable")
            rank = np.empty(len(coded.names) + 1, np.int64)
            rank[order_of] = np.arange(len(order_of))
            rank[-1] = 0
            key = rank[np.maximum(coded.codes, -1)]
            missing = coded.codes < 0
        else:
            assert not isinstance(kept, Coded)
            missing = np.isnan(kept) if kept.dtype.kind == "f" else np.zeros(len(kept), bool)
            distinct = np.unique(kept[~missing])
            key = np.searchsorted(distinct, kept)
        rows = np.lexsort((-key if descending else key, missing))
        return self.take(rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return a dict of lists that ``json.dumps`` accepts: NaN and missing text as None."""
        result = {}
        for column in self._columns:
            values = self[column]
            cells = values.tolist()
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                cells = [_plain(cell) for cell in cells]
            result[column] = cells
        return result

    def to_arrow(self) -> Any:
        """Return a pyarrow Table; coded text becomes dictionary columns. Needs extra ``io``."""
        pa = pyarrow("exporting a table to Arrow")
        arrays = {}
        for column, kept in self._columns.items():
            if isinstance(kept, Coded):
                mask = kept.codes < 0
                indices = pa.array(kept.codes, mask=mask if mask.any() else None)
                names = pa.array(kept.names.tolist(), pa.string())
                arrays[column] = pa.DictionaryArray.from_arrays(indices, names)
            elif kept.dtype.kind == "O":
                arrays[column] = pa.array(kept.tolist(), pa.string())
            else:
                # from_pandas: NaN leaves as null
                arrays[column] = pa.array(kept, from_pandas=kept.dtype.kind == "f")
        return pa.table(arrays)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Export as an Arrow stream capsule, for polars, pandas, duckdb and others."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame (pandas must be installed)."""
        pd = _installed("pandas")
        columns = {}
        for column, kept in self._columns.items():
            if isinstance(kept, Coded):
                codes = np.maximum(kept.codes, -1)
                columns[column] = pd.Categorical.from_codes(codes, categories=kept.names.tolist())
            else:
                columns[column] = kept.copy()
        return pd.DataFrame(columns)

    def to_polars(self) -> Any:
        """Return a polars DataFrame (polars and the extra ``io`` must be installed)."""
        pl = _installed("polars")
        return pl.DataFrame(self.to_arrow())

    def _lines(self) -> list[list[str]]:
        rows = min(self._rows, _SHOWN_ROWS)
        shows = {c: show_time if c.endswith("_ns") else _show for c in self._columns}
        return [[show(self._cell(c, row)) for c, show in shows.items()] for row in range(rows)]

    def _caption(self) -> str:
        title = f"{self._name}: " if self._name else ""
        more = f", first {_SHOWN_ROWS} shown" if self._rows > _SHOWN_ROWS else ""
        return f"{title}{self._rows:,} rows x {len(self._columns)} columns{more}"

    def _is_text(self, column: str) -> bool:
        kept = self._columns[column]
        return isinstance(kept, Coded) or kept.dtype.kind in "OU"

    def __repr__(self) -> str:
        lines = [list(self._columns), *self._lines()]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        left = [self._is_text(column) for column in self._columns]
        body = [
            "  ".join(
                cell.ljust(width) if is_left else cell.rjust(width)
                for cell, width, is_left in zip(line, widths, left, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self._caption(), *body])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(column)}</th>" for column in self._columns)
        left = [self._is_text(column) for column in self._columns]
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:{"left" if is_left else "right"}">{escape(cell)}</td>'
                for cell, is_left in zip(line, left, strict=True)
            )
            + "</tr>"
            for line in self._lines()
        )
        return (
            f"<table><caption>{escape(self._caption())}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def __rich__(self) -> Any:
        from rich.table import Table as RichTable
        from rich.text import Text

        # The name and the caption of a narrow table would wrap to its width.
        name = Text(self._name or "", no_wrap=True, overflow="ignore")
        caption = Text(self._caption(), no_wrap=True, overflow="ignore")
        shown = RichTable(title=name if self._name else None, caption=caption)
        for column in self._columns:
            shown.add_column(Text(column), justify="left" if self._is_text(column) else "right")
        for line in self._lines():
            shown.add_row(*(Text(cell) for cell in line))
        return shown


def _installed(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        message = f"to_{library} needs {library}, which is not installed: pip install {library}"
        raise MissingExtraError(message) from error


def _locked(key: str, column: Any) -> NDArray[Any] | Coded:
    """Check one column and return it with read-only arrays."""
    if isinstance(column, Coded):
        codes, names = column.codes.view(), column.names.view()
        codes.flags.writeable = names.flags.writeable = False
        return Coded(codes, names)
    if not isinstance(column, np.ndarray) or column.ndim != 1 or column.dtype.kind not in "fiubOU":
        got = getattr(column, "dtype", type(column).__name__)
        raise InputTypeError(f"column {key!r} must be a 1-d array of numbers or text, got {got}")
    view = column.view()
    view.flags.writeable = False
    return view


def _coded(column: NDArray[Any]) -> Coded | None:
    """Return a text array as Coded, None for numbers."""
    if column.dtype.kind not in "OU":
        return None
    cells: Sequence[Any] = column.tolist()
    names = list(dict.fromkeys(cell for cell in cells if cell is not None))
    index: dict[Any, int] = {name: code for code, name in enumerate(names)}
    index[None] = -1
    codes = np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))
    return Coded(codes, np.array([*names, None], dtype=object)[:-1])


def _plain(cell: Any) -> Any:
    value = cell.item() if isinstance(cell, np.generic) else cell
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show_time(cell: Any) -> str:
    """Show nanoseconds since 1970 as a UTC instant; durations and absent times as they are."""
    nanoseconds = int(cell)
    if nanoseconds == 0:
        return "-"
    if nanoseconds < _SHORTEST_TIME_NS:
        return _show(cell)
    instant = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    fraction = f".{nanoseconds % 10**9:09d}".rstrip("0").rstrip(".")
    return f"{instant:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def unit_of_time(value: int, column: str) -> str:
    """Say that a time of this century is counted in another unit than nanoseconds, or nothing."""
    for unit, per_second in (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6)):
        if _YEAR_2000_S * per_second <= value < _YEAR_2100_S * per_second:
            factor = f"{10**9 // per_second:.0e}".replace("e+0", "e")
            return f"; it looks like {unit}: {column} is in nanoseconds, {factor} times as much"
    return ""


def _show(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, (bool, np.bool_)):
        return "yes" if cell else "no"
    if isinstance(cell, (float, np.floating)):
        value = float(cell)
        if math.isnan(value):
            return "-"
        if value == 0.0 or 1e-3 <= abs(value) < 1e15:
            return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:,.6g}"
        return f"{value:.6g}"
    if isinstance(cell, (int, np.integer)):
        return f"{int(cell):,}"
    return str(cell)
