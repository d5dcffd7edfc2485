"""What every check asks of its arguments, with one way of saying no."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from tickmargin.errors import InputTypeError, InvalidInputError

__all__ = ["Doubles", "Flags", "column", "count", "flags", "probability", "refuse", "same_length"]

Doubles = np.ndarray[tuple[int], np.dtype[np.float64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def refuse(message: str) -> InvalidInputError:
    """Make the error of an argument that is not a table."""
    return InvalidInputError(message, code="INVALID_ARGUMENT")


def count(name: str, value: Any, *, low: int = 0, high: int | None = None) -> int:
    """A whole number within bounds."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not whole and not (isinstance(value, numbers.Real) and float(value).is_integer()):
        raise InputTypeError(f"{name} must be a whole number, got {value!r}")
    number = int(value)
    if number < low or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise refuse(f"{name} must be {bounds}, got {number}")
    return number


def probability(name: str, value: Any) -> float:
    """A number strictly between 0 and 1."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InputTypeError(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not 0.0 < number < 1.0:
        raise refuse(f"{name} must be greater than 0 and less than 1, got {number}")
    return number


def column(name: str, values: Any) -> Doubles:
    """A non-empty column of finite numbers; the first that is not is named by its row."""
    raw = np.asarray(values)
    if raw.dtype.kind not in "fiu":
        raise InputTypeError(f"{name} must be numbers, got {raw.dtype}")
    if raw.ndim != 1 or raw.size == 0:
        raise refuse(f"{name} must be one-dimensional and not empty, got shape {raw.shape}")
    out = raw.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(out))
    if bad.size:
        raise refuse(f"{name} row {bad[0]} must be finite, got {out[bad[0]]}")
    return out


def flags(name: str, values: Any) -> Flags:
    """A non-empty column of booleans, or of zeros and ones."""
    raw = np.asarray(values)
    if raw.ndim != 1 or raw.size == 0:
        raise refuse(f"{name} must be one-dimensional and not empty, got shape {raw.shape}")
    if raw.dtype.kind == "b":
        return raw
    if raw.dtype.kind not in "fiu":
        raise InputTypeError(f"{name} must be true or false, got {raw.dtype}")
    bad = np.flatnonzero((raw != 0) & (raw != 1))
    if bad.size:
        raise refuse(f"{name} row {bad[0]} must be 0 or 1, got {raw[bad[0]]}")
    return raw.astype(np.bool_)


def same_length(names: Sequence[str], *columns: np.ndarray[Any, Any]) -> None:
    """Refuse columns of different lengths, naming both."""
    for name, other in zip(names[1:], columns[1:], strict=True):
        if other.shape[0] != columns[0].shape[0]:
            raise refuse(
                f"{name} must have {columns[0].shape[0]} rows like {names[0]}, got {other.shape[0]}"
            )
