"""Prices and Greeks as a result: read-only columns over memory that can be used again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.loading.issues import suggest
from tickmargin.pricing.arguments import Rows, raise_refusal
from tickmargin.table import Table

__all__ = ["GREEKS", "SPOT_GREEKS", "Greeks", "compute"]

GREEKS = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
SPOT_GREEKS = (*GREEKS, "dividend_rho")

Output = Mapping[str, NDArray[np.float64]]


class Greeks:
    """Prices and Greeks of one call: an attribute for each that was asked for.

    Attributes are read-only arrays of the broadcast shape, or NumPy scalars where all inputs were
    scalars. A result speaks Arrow and shows itself as a table (flattened). Given back as ``out=``
    its memory is used again, which is refused while an array taken from it is alive.
    """

    __slots__ = ("_memory", "_names", "_shape")

    def __init__(
        self,
        names: tuple[str, ...],
        shape: tuple[int, ...],
        memory: _core.ResultColumns | dict[str, NDArray[np.float64]],
    ) -> None:
        self._names = names
        self._shape = shape
        self._memory = memory

    @property
    def names(self) -> tuple[str, ...]:
        """What was computed."""
        return self._names

    @property
    def shape(self) -> tuple[int, ...]:
        """The broadcast shape of the inputs."""
        return self._shape

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # also a slot that is not filled yet, while copying
            raise AttributeError(name)
        if name not in self._names:
            known = ", ".join(self._names)
            hint = suggest(name, self._names)
            if name in SPOT_GREEKS:
                hint = "; ask for it with greeks="
            raise AttributeError(f"no {name!r} in this result, which has {known}{hint}")
        if isinstance(self._memory, dict):
            view = self._memory[name].view()
            view.flags.writeable = False
            return view
        if not self._shape:
            return np.float64(self._memory.item(name))
        return self._memory.view(name).reshape(self._shape)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})

    def to_table(self) -> Table:
        """Return the columns, flattened, as a :class:`~tickmargin.table.Table`."""
        return Table({name: np.ravel(getattr(self, name)) for name in self._names}, owner=self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Export as an Arrow stream, a column for each Greek."""
        return self.to_table().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()

    def __rich__(self) -> Any:
        return self.to_table().__rich__()

    def __repr__(self) -> str:
        return f"Greeks({', '.join(self._names)}; shape {self._shape})"


def compute(
    core: Callable[[Any], tuple[str, int, float] | None],
    rows: Rows,
    greeks: Sequence[str] | str | None,
    out: Greeks | Output | None,
    known: tuple[str, ...],
) -> Greeks:
    """Run a core function on rows into new memory, the caller's arrays or an earlier result."""
    names = _names(greeks, known)
    if isinstance(out, Greeks):
        result = _reused(out, names, rows)
    elif out is None:
        names = known if names is None else names
        result = Greeks(names, rows.shape, _core.ResultColumns(list(names), rows.count))
    else:
        result = _callers(out, names, rows, known)
    memory = result._memory
    if isinstance(memory, dict):
        raise_refusal(core({name: array.reshape(-1) for name, array in memory.items()}), rows.shape)
    else:
        raise_refusal(core(memory), rows.shape)
    return result


def _names(greeks: Sequence[str] | str | None, known: tuple[str, ...]) -> tuple[str, ...] | None:
    if greeks is None:
        return None
    names = (greeks,) if isinstance(greeks, str) else tuple(greeks)
    for name in names:
        if not isinstance(name, str):
            raise InputTypeError(f"greeks must be names, got {name!r}")
        if name not in known:
            hint = suggest(name, known) or f"; there are {', '.join(known)}"
            raise InvalidInputError(f"unknown Greek {name!r}{hint}", code="UNKNOWN_WORD")
    if not names or len(set(names)) != len(names):
        message = f"greeks must name at least one, none twice, got {names!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return names


def _reused(out: Greeks, names: tuple[str, ...] | None, rows: Rows) -> Greeks:
    memory = out._memory
    if isinstance(memory, dict):
        message = "out is a result in the caller's own arrays: give those arrays again"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    if out.shape != rows.shape or (names is not None and set(names) != set(out.names)):
        message = (
            f"out has {', '.join(out.names)} of shape {out.shape}; this call makes "
            f"{', '.join(names or out.names)} of shape {rows.shape}"
        )
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    if memory.exports:
        message = f"out is in use: {memory.exports} of its arrays are alive and would change"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return out


def _callers(
    out: object, names: tuple[str, ...] | None, rows: Rows, known: tuple[str, ...]
) -> Greeks:
    if not isinstance(out, Mapping):
        kind = type(out).__name__
        raise InputTypeError(f"out must map names to arrays, or be an earlier result, got {kind}")
    wanted = _names(tuple(out), known) or ()
    if names is not None and set(names) != set(wanted):
        message = f"out has {', '.join(wanted)}, but greeks asks for {', '.join(names)}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    arrays = {name: _writable(name, out[name], rows.shape) for name in wanted}
    for place, name in enumerate(wanted):
        for other in wanted[:place]:
            if np.shares_memory(arrays[name], arrays[other]):
                message = f"out[{other!r}] and out[{name!r}] share memory"
                raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return Greeks(wanted, rows.shape, arrays)


def _writable(name: str, array: object, shape: tuple[int, ...]) -> NDArray[np.float64]:
    label = f"out[{name!r}]"
    if type(array) is not np.ndarray or array.dtype != np.float64 or not array.dtype.isnative:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise InputTypeError(f"{label} must be a native float64 array, got {kind}")
    if array.shape != shape:
        message = f"{label} has shape {array.shape}, the result has {shape}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    flags = array.flags
    if not (flags.writeable and flags.c_contiguous and flags.aligned):
        fault = "is read-only" if not flags.writeable else "is not contiguous and aligned"
        raise InvalidInputError(f"{label} {fault}", code="INVALID_ARGUMENT")
    return array
