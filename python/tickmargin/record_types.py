"""The engine's 64-byte rows, records in and events out, and how columns become records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.names import handle, handles
from tickmargin.pricing.arguments import integers, reals

if TYPE_CHECKING:
    from tickmargin.live_records import LiveRecords

__all__ = ["EVENT", "RECORD", "TYPES", "Records", "flags_of", "make", "pocket_of", "rows_of"]

Records = NDArray[np.void]

RECORD = np.dtype(
    [
        ("type", "<u2"),
        ("source", "<u2"),
        ("subject", "<i4"),
        ("ts_ns", "<i8"),
        ("sequence", "<u8"),
        ("account", "<i4"),
        ("pocket", "<i4"),
        ("detail", "<i4"),
        ("flags", "<u4"),
        ("value", "<f8", (3,)),
    ]
)
EVENT = np.dtype(
    [
        ("type", "<u2"),
        ("flags", "<u2"),
        ("account", "<i4"),
        ("applied_seq", "<u8"),
        ("ts_ns", "<i8"),
        ("before", "u1"),
        ("after", "u1"),
        ("status", "u1"),
        ("reserved", "u1"),
        ("subject", "<i4"),
        ("equity_ticks", "<i8"),
        ("maintenance_ticks", "<i8"),
        ("slack_ticks", "<i8"),
        ("epoch", "<u8"),
    ]
)
TYPES = (
    "",
    "index_tick",
    "forward",
    "mark",
    "volatility",
    "surface_stage",
    "surface_commit",
    "realised_vol",
    "depth",
    "trade_flow",
    "fill",
    "order",
    "cancel",
    "deposit",
    "deposit_reversed",
    "withdrawal",
    "chain_halt",
    "policy_epoch",
    "clock",
    "instrument_listing",
    "instrument_expiry",
    "operator_release",
)
_FIELDS: dict[str, Any] = {
    "sequence": np.uint64,
    "detail": np.int32,
    "ts_ns": np.int64,
    "source": np.uint16,
}


def rows_of(kind: str, names: object, engine: LiveRecords | None) -> NDArray[Any]:
    if engine is not None:
        return engine.names.rows(kind, names)
    if isinstance(names, np.ndarray) and names.dtype.kind in "iu":
        return handles(kind, names)
    if isinstance(names, str) or (
        isinstance(names, list | tuple | np.ndarray)
        and any(isinstance(name, str) for name in np.ravel(np.asarray(names, object)))
    ):
        raise UnknownNameError(f"{kind} {names!r}: names need engine=, else give handles")
    if isinstance(names, list | tuple):
        return np.array([handle(kind, name) for name in names], np.int32)
    return np.array(handle(kind, names), np.int32)


def _integers(name: str, values: object) -> NDArray[Any]:
    """Integers that fit the record's field."""
    limits = np.iinfo(_FIELDS[name])
    label = {"sequence": "seq", "detail": "node"}.get(name, name)
    if isinstance(values, np.integer):
        values = int(values)
    if isinstance(values, np.ndarray) and values.dtype == np.uint64:
        array: NDArray[Any] = values
    elif isinstance(values, int) and not isinstance(values, bool) and values > 2**63 - 1:
        array = np.array(values, object)
    else:
        array = integers(label, values)
    if array.size and not (int(array.min()) >= limits.min and int(array.max()) <= limits.max):
        raise InvalidInputError(
            f"{label} must be in {limits.min} .. {limits.max}", code="NOT_EXACT"
        )
    return array.astype(_FIELDS[name])


def flags_of(name: str, values: object) -> NDArray[np.uint32]:
    array = np.asarray(values)
    if array.dtype.kind != "b":
        raise InputTypeError(f"{name} must be bools, got {type(values).__name__}")
    return array.astype(np.uint32)


def make(kind: str, value: tuple[tuple[str, object], ...] = (), **fields: Any) -> Records:
    """Broadcast fields and values to records of one type."""
    columns: dict[str, NDArray[Any]] = {}
    for name, given in fields.items():
        columns[name] = _integers(name, given) if name in _FIELDS else given
    numbers = [reals(label, given) for label, given in value]
    try:
        shape = np.broadcast_shapes(*(c.shape for c in [*columns.values(), *numbers]))
    except ValueError:
        given_shapes = {**{n: c.shape for n, c in columns.items()}}
        given_shapes |= {label: n.shape for (label, _), n in zip(value, numbers, strict=True)}
        told = ", ".join(f"{name} {shape}" for name, shape in given_shapes.items())
        raise InvalidInputError(
            f"{kind}: shapes do not broadcast: {told}", code="LENGTH_MISMATCH"
        ) from None
    if len(shape) > 1:
        raise InvalidInputError(f"{kind}: records have one dimension", code="WRONG_SHAPE")
    records = np.zeros(shape or (1,), RECORD)
    records["type"] = TYPES.index(kind)
    for name, column in columns.items():
        records[name] = column
    for place, numbers_of in enumerate(numbers):
        records["value"][:, place] = numbers_of
    return records


def pocket_of(pocket: Any, engine: LiveRecords | None) -> NDArray[Any]:
    if engine is None and isinstance(pocket, str) and pocket == "cross":
        return np.array(0, np.int32)
    return rows_of("pocket", pocket, engine)
