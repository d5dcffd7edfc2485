"""What the free functions take: real numbers and flags of any shape, never converted silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin._kernels import require_kernels
from tickmargin.errors import InputTypeError, InvalidInputError

__all__ = ["Rows", "broadcast", "choice", "flags", "integers", "raise_refusal", "reals"]

_EXACT = 2**53  # every integer up to here is a float64
_KINDS = {
    "b": "bools",
    "c": "complex numbers",
    "M": "datetimes",
    "m": "durations",
    "S": "bytes",
    "T": "text",
    "U": "text",
    "V": "records",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Arguments broadcast together, ready for the core.

    ``columns`` are flat, contiguous and native; one of a single element serves all rows and was
    not materialised.
    """

    shape: tuple[int, ...]
    count: int
    columns: tuple[NDArray[Any], ...]


def reals(name: str, value: object) -> NDArray[np.float64]:
    """Return ``value`` as native float64 of its own shape, or say why it is not real numbers."""
    if type(value) is float:
        return np.array(value)
    if type(value) is int:
        return np.array(_exact_float(name, value))
    array = _array(name, value)
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize <= 8:
        return _native(array, np.float64)
    if kind in "iu":
        return _exact_floats(name, array)
    raise InputTypeError(f"{name} must be real numbers, got {_describe(value, array)}")


def flags(name: str, value: object) -> NDArray[np.uint8]:
    """Return bools as bytes of 0 and 1, of their own shape."""
    array = _array(name, value)
    if array.dtype.kind != "b":
        raise InputTypeError(f"{name} must be bools (True: call), got {_describe(value, array)}")
    return _native(array, np.bool_).view(np.uint8)


def integers(name: str, value: object) -> NDArray[np.int64]:
    """Return integers as int64 of their own shape."""
    array = _array(name, value)
    if array.dtype.kind not in "iu":
        raise InputTypeError(f"{name} must be integers, got {_describe(value, array)}")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise InvalidInputError(f"{name} has a value that int64 cannot hold", code="NOT_EXACT")
    return _native(array, np.int64)


def choice(name: str, value: object, allowed: Sequence[str]) -> int:
    """Return the place of a word in the allowed ones."""
    if not isinstance(value, str):
        raise InputTypeError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    if value not in allowed:
        message = f"{name} must be one of {', '.join(allowed)}, got {value!r}"
        raise InvalidInputError(message, code="UNKNOWN_WORD")
    return allowed.index(value)


def broadcast(arguments: dict[str, NDArray[Any]]) -> Rows:
    """Broadcast arguments to one shape without materialising what a single element says."""
    require_kernels()
    try:
        shape = np.broadcast_shapes(*[array.shape for array in arguments.values()])
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arguments.items())
        message = f"shapes do not broadcast: {shapes}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH") from None
    count = 1
    for length in shape:
        count *= length
    return Rows(shape, count, tuple(_flat(a, shape, count) for a in arguments.values()))


def raise_refusal(refusal: tuple[str, int, float] | None, shape: tuple[int, ...]) -> None:
    """Raise for the first illegal row, which the core found before it wrote anything."""
    if refusal is None:
        return
    name, row, value = refusal
    must = "negative" if name in ("vol_annual", "expiry_years", "period_years") else "zero or less"
    code = "NEGATIVE_VALUE" if must == "negative" else "NOT_POSITIVE"
    index = tuple(int(i) for i in np.unravel_index(row, shape)) if shape else ()
    place = f" at row {index[0]}" if len(index) == 1 else f" at index {index}" if index else ""
    raise InvalidInputError(f"{name} must not be {must}, got {value!r}{place}", code=code)


def _array(name: str, value: object) -> NDArray[Any]:
    if isinstance(value, np.ma.MaskedArray):
        raise InputTypeError(f"{name} is a masked array: fill it, with NaN for what is missing")
    if isinstance(value, (list, tuple)):
        _refuse_bools_among_numbers(name, value)
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InputTypeError(f"{name} is not an array: {error}") from None


def _refuse_bools_among_numbers(name: str, values: Sequence[Any]) -> None:
    # NumPy turns [True, 1.5] into [1.0, 1.5] without a word
    kinds = {_is_bool(leaf) for leaf in _leaves(values)}
    if len(kinds) > 1:
        raise InputTypeError(f"{name} mixes bools and numbers")


def _leaves(values: Sequence[Any]) -> list[Any]:
    leaves: list[Any] = []
    for value in values:
        leaves.extend(_leaves(value) if isinstance(value, (list, tuple)) else [value])
    return leaves


def _is_bool(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.dtype == np.bool_)
    return isinstance(value, (bool, np.bool_))


def _exact_float(name: str, value: int) -> float:
    try:
        converted = float(value)
    except OverflowError:
        converted = float("inf")
    if converted == float("inf") or int(converted) != value:
        message = f"{name} has the integer {value}, which float64 cannot hold exactly"
        raise InvalidInputError(message, code="NOT_EXACT")
    return converted


def _exact_floats(name: str, array: NDArray[Any]) -> NDArray[np.float64]:
    if array.dtype.itemsize == 8 and array.size:
        for value in array[(array > _EXACT) | (array < -_EXACT)].ravel().tolist():
            _exact_float(name, value)
    return _native(array, np.float64)


def _one_value(array: NDArray[Any]) -> bool:
    """Whether every row is the same memory, as ``np.broadcast_to`` of one value makes it."""
    return array.size > 1 and all(
        step == 0 for step, n in zip(array.strides, array.shape, strict=True) if n > 1
    )


def _native(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    # Most columns are as the core reads them, and no contiguous one is a single value throughout.
    if array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned:
        return array
    if _one_value(array):
        first = array[tuple(slice(0, 1) for _ in array.shape)]
        return np.broadcast_to(np.require(first, dtype, ["C", "A"]), array.shape)
    return np.require(array, dtype, ["C", "A"])


def _describe(value: object, array: NDArray[Any]) -> str:
    if value is None:
        return "None"
    if array.dtype.kind == "O":
        return f"object values such as {array.ravel()[0]!r}" if array.size else "objects"
    if array.dtype.kind == "f":
        return f"{array.dtype}, which float64 cannot hold exactly"
    noun = _KINDS.get(array.dtype.kind, "values")
    return f"{noun} ({array.dtype})"


def _flat(array: NDArray[Any], shape: tuple[int, ...], count: int) -> NDArray[Any]:
    if _one_value(array):
        return array[tuple(slice(0, 1) for _ in array.shape)].reshape(-1)
    if array.size == 1 or array.size == count:
        return array.reshape(-1)
    return np.ascontiguousarray(np.broadcast_to(array, shape)).reshape(-1)
