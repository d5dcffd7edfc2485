"""The few shapes a column can take between a reader and the checked result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "Column", "Nullable", "TableSpec"]

Kind = Literal["id", "text", "word", "float", "int", "bool"]
Sign = Literal["any", "positive", "non_negative", "share"]


class Nullable(NamedTuple):
    """A NumPy column with explicit nulls, for mappings of NumPy columns.

    Attributes
    ----------
    values : ndarray, shape (rows,)
        The values; what stands where ``valid`` is False is never read.
    valid : ndarray of bool, shape (rows,)
        False where the cell is null.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]


class Coded(NamedTuple):
    """A text column as numbers: ``names[codes]``, with code -1 for a null.

    Attributes
    ----------
    codes : ndarray of int32, shape (rows,)
    names : ndarray of object, shape (distinct,)
        Each name once, in no promised order, each used by at least one row.
    """

    codes: NDArray[np.int32]
    names: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Column:
    """What one documented column must hold.

    ``kind`` is id (non-empty text), text, word (one of ``words``), float, int or bool.
    ``required`` speaks of the column, ``nullable`` of its cells.
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = False
    sign: Sign = "any"
    words: tuple[str, ...] = ()

    @property
    def expects(self) -> str:
        """How the type is called in messages."""
        return {
            "id": "string",
            "text": "string",
            "word": "string",
            "float": "float64",
            "int": "int64",
            "bool": "bool",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its name and its documented columns; ``required`` speaks of the table."""

    name: str
    columns: tuple[Column, ...]
    required: bool = True

    def names(self) -> tuple[str, ...]:
        """Column names in documented order."""
        return tuple(column.name for column in self.columns)
