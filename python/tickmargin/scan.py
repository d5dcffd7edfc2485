"""Scenario tables and scans: many instruments under many scenarios, many accounts over the table.

The two building blocks of the scenario method, for use on their own: :func:`scenario_matrix`
revalues every option under every scenario, :func:`portfolio_scan` adds the rows of such a table up
for every account and finds its worst scenario. Results have the same bits on every processor and
for any number of threads. Arrays that were not the caller's are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.pricing.arguments import flags, integers, reals

__all__ = ["ScanResult", "portfolio_scan", "scenario_matrix"]

_COLUMN_STEP = 8  # the core adds up whole groups of this many columns
_CACHE_LINE = 64  # bytes
_MOST_VOLS = 256  # a scenario names its volatility in one byte


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What :func:`portfolio_scan` found; arrays have an element or a row per account.

    ``worst`` is the smallest sum, ``worst_scenario`` the first column that has it; ``sums`` holds
    the sums of all columns, or None where they were not asked for. A NaN sum is worse than any
    number. An account without positions has sums of 0.
    """

    worst: NDArray[np.float64]
    worst_scenario: NDArray[np.uint32]
    sums: NDArray[np.float64] | None


def scenario_matrix(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    vols_annual: ArrayLike,
    expiry_years: ArrayLike,
    *,
    price_factor: ArrayLike,
    vol_index: ArrayLike | None = None,
    weight: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
    base_value: ArrayLike = 0.0,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Revalue options under price and volatility scenarios.

    Parameters
    ----------
    is_call : (rows,) or scalar bool
        True for a call.
    forward, strike, expiry_years : (rows,) or scalar float
        Forward and strike in quote units; time to expiry in years (ACT/365).
    vols_annual : (rows, volatilities) or (rows,) float
        The volatilities each option can have, as fractions: its own and the shocked ones.
    price_factor : (scenarios,) float
        What a scenario multiplies the forward with.
    vol_index : (scenarios,) int, optional
        Which of an option's volatilities a scenario takes; by default the first.
    weight : (scenarios,) or scalar float, default 1
        What a scenario's profit is multiplied with (damped tails).
    scale, base_value : (rows,) or scalar float, default 1 and 0
        Contract value of one unit of price, and the value profits are counted from.
    out : (rows, scenarios) float64 array, optional
        Where the matrix goes: contiguous, writable and sharing no memory with an input.

    Returns
    -------
    (rows, scenarios) float64 array
        ``weight * (scale * black76(forward * price_factor, strike, vol, expiry) - base_value)``,
        undiscounted. A row that makes no sense (a negative volatility, NaN) is NaN.

    Raises
    ------
    InputTypeError, InvalidInputError

    Notes
    -----
    Black (1976), The pricing of commodity contracts, J. Financial Economics 3, 167-179. The value
    of a cell has the bits of ``black76`` on the same inputs at rate 0.
    """
    vols = reals("vols_annual", vols_annual)
    vols = vols[:, np.newaxis] if vols.ndim == 1 else vols
    if vols.ndim != 2 or not 1 <= vols.shape[1] <= _MOST_VOLS:
        raise InvalidInputError(
            f"vols_annual must be (rows, 1 to {_MOST_VOLS} volatilities), was {vols.shape}",
            code="WRONG_SHAPE",
        )
    rows = vols.shape[0]
    factor = np.atleast_1d(reals("price_factor", price_factor))
    if factor.ndim != 1:
        raise _wrong_shape("price_factor", factor.shape, ("scenarios",))
    instruments: dict[str, NDArray[Any]] = {
        "is_call": _spread("is_call", flags("is_call", is_call), rows),
        "vols_annual": np.ascontiguousarray(vols),
    }
    for name, value in (
        ("forward", forward),
        ("strike", strike),
        ("expiry_years", expiry_years),
        ("scale", scale),
        ("base_value", base_value),
    ):
        instruments[name] = _spread(name, reals(name, value), rows)
    scenarios: dict[str, NDArray[Any]] = {
        "price_factor": factor,
        "vol_index": _vol_index(vol_index, factor.size, vols.shape[1]),
        "weight": _spread("weight", reals("weight", weight), factor.size),
    }
    if out is not None:
        _check_out("out", out, np.float64, (rows, factor.size))
        _check_apart("out", out, [*instruments.values(), *scenarios.values()])
        _core.scenario_matrix(instruments, scenarios, out)
        return out
    fresh = _empty(rows, factor.size)
    _core.scenario_matrix(instruments, scenarios, fresh)
    fresh.flags.writeable = False
    return fresh


def portfolio_scan(
    offsets: ArrayLike,
    instrument: ArrayLike,
    quantity: ArrayLike,
    table: ArrayLike,
    *,
    sums: bool = False,
    threads: int = 1,
    out: Mapping[str, NDArray[Any]] | None = None,
) -> ScanResult:
    """Add up each account's rows of a scenario table and find its worst scenario.

    Parameters
    ----------
    offsets : (accounts + 1,) int
        Account ``a`` holds positions ``offsets[a]`` to ``offsets[a + 1] - 1``.
    instrument : (positions,) int
        Row of the table for each position. ``uint32`` and ``int32`` are taken as they are.
    quantity : (positions,) float
        Signed contracts.
    table : (instruments, scenarios) float
        Profit of one contract in each scenario, as :func:`scenario_matrix` gives it. Taken as it
        is where it starts at a cache line and has a multiple of 8 scenarios, else copied first.
    sums : bool, default False
        Also give the sum of every scenario.
    threads : int, default 1
        Workers.
    out : mapping of str to ndarray, optional
        Arrays to write into: ``worst`` (accounts,) float64, ``worst_scenario`` (accounts,) uint32
        and, for a multiple of 8 scenarios, ``sums`` (accounts, scenarios) float64.

    Returns
    -------
    ScanResult

    Raises
    ------
    InputTypeError
    InvalidInputError
        Offsets that do not rise from 0 to the number of positions, or a position in an instrument
        the table does not have (arrays in ``out`` may then be partly written).

    Notes
    -----
    Position by position in the given order, product and sum rounded each: a printed list of an
    account's products adds up to its sum.
    """
    _check_threads(threads)
    values = reals("table", table)
    if values.ndim != 2 or 0 in values.shape:
        raise _wrong_shape("table", values.shape, ("instruments", "scenarios"))
    columns = values.shape[1]
    positions = _positions(offsets, instrument, quantity, values.shape[0])
    padded = _whole_lines(values, positions["row"].size)
    accounts = positions["offsets"].size - 1
    result = _results(out, accounts, padded.shape[1], columns, sums)
    _check_results(result, [padded, *positions.values()])
    refused = _core.portfolio_scan(positions, padded, columns, result, threads)
    if refused == -1:
        held = positions["quantity"].size
        raise InvalidInputError(f"offsets must rise from 0 to the {held} positions")
    if refused is not None:
        message = f"instrument at position {refused} is not a row of the table"
        raise InvalidInputError(message, code="UNKNOWN_INSTRUMENT")
    for name in set(result) - set(out or {}):
        result[name].flags.writeable = False
    every = result.get("sums")
    return ScanResult(
        worst=result["worst"],
        worst_scenario=result["worst_scenario"],
        sums=None if every is None else every[:, :columns],
    )


def _check_threads(threads: object) -> None:
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise InputTypeError(f"threads must be an int, got {type(threads).__name__}")
    if threads < 1:
        raise InvalidInputError(f"threads must be >= 1, was {threads}")


def _positions(
    offsets: ArrayLike, instrument: ArrayLike, quantity: ArrayLike, instruments: int
) -> dict[str, NDArray[Any]]:
    starts = integers("offsets", offsets)
    if starts.ndim != 1 or starts.size == 0:
        raise _wrong_shape("offsets", starts.shape, ("accounts + 1",))
    row = _rows("instrument", instrument, instruments)
    held = reals("quantity", quantity)
    if held.ndim != 1 or row.shape != held.shape:
        message = f"instrument {row.shape} and quantity {held.shape} must be (positions,)"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    return {"offsets": starts, "row": row, "quantity": held}


def _spread(name: str, values: NDArray[Any], count: int) -> NDArray[Any]:
    if values.size == 1 and values.ndim <= 1:
        return np.full(count, values.reshape(())[()], values.dtype)
    if values.shape != (count,):
        raise InvalidInputError(
            f"{name} must be one value or {count}, was {values.shape}", code="LENGTH_MISMATCH"
        )
    return values


def _vol_index(value: ArrayLike | None, count: int, vols: int) -> NDArray[np.uint8]:
    if value is None:
        return np.zeros(count, np.uint8)
    index = _spread("vol_index", integers("vol_index", value), count)
    if index.size and (index.min() < 0 or index.max() >= vols):
        raise InvalidInputError(f"vol_index must be 0 to {vols - 1}, the columns of vols_annual")
    return index.astype(np.uint8)


def _rows(name: str, value: ArrayLike, limit: int) -> NDArray[np.uint32]:
    # 4-byte rows are checked by the core while it has them in hand: read here, they would cost as
    # much as a tenth of the scan. A negative one is then far beyond any table.
    if isinstance(value, np.ndarray) and value.dtype in (np.uint32, np.int32):
        return np.require(value, requirements=["C", "A"]).view(np.uint32)
    wide = integers(name, value)
    if wide.size and (wide.min() < 0 or wide.max() >= limit):
        place = int(np.argmax((wide < 0) | (wide >= limit)))
        message = f"{name} at position {place} is not a row of the table"
        raise InvalidInputError(message, code="UNKNOWN_INSTRUMENT")
    return wide.astype(np.uint32)


def _empty(rows: int, columns: int) -> NDArray[np.float64]:
    """Uninitialised, each group of 8 columns on one cache line if there are whole groups."""
    memory = np.empty(rows * columns + _COLUMN_STEP)
    skip = -memory.ctypes.data // memory.itemsize % _COLUMN_STEP
    return memory[skip : skip + rows * columns].reshape(rows, columns)


def _whole_lines(values: NDArray[np.float64], positions: int) -> NDArray[np.float64]:
    # Rows that straddle cache lines slow the scan by a third, NumPy's own memory is at 16 bytes
    # past a line: a copy pays unless there are hardly more positions than rows.
    rows, columns = values.shape
    padded = columns + -columns % _COLUMN_STEP
    if columns == padded and (values.ctypes.data % _CACHE_LINE == 0 or positions < 4 * rows):
        return values
    copy = _empty(rows, padded)
    copy[:, :columns] = values
    copy[:, columns:] = 0.0
    return copy


def _results(
    out: Mapping[str, NDArray[Any]] | None, accounts: int, stride: int, columns: int, sums: bool
) -> dict[str, NDArray[Any]]:
    given = dict(out or {})
    unknown = sorted(set(given) - {"worst", "worst_scenario", "sums"})
    if unknown:
        message = f"out has {unknown[0]!r}; it may hold worst, worst_scenario and sums"
        raise InvalidInputError(message, code="UNKNOWN_NAME")
    if "sums" in given and stride != columns:
        message = f"sums can only be given for a multiple of {_COLUMN_STEP} scenarios"
        raise InvalidInputError(message, code="WRONG_SHAPE")
    wanted: dict[str, tuple[Any, tuple[int, ...]]] = {
        "worst": (np.float64, (accounts,)),
        "worst_scenario": (np.uint32, (accounts,)),
    }
    if sums or "sums" in given:
        wanted["sums"] = (np.float64, (accounts, stride))
    for name, (dtype, shape) in wanted.items():
        if name in given:
            _check_out(name, given[name], dtype, shape)
        else:
            given[name] = np.empty(shape, dtype)
    return given


def _check_results(result: Mapping[str, NDArray[Any]], inputs: list[NDArray[Any]]) -> None:
    names = list(result)
    for at, name in enumerate(names):
        _check_apart(name, result[name], [*inputs, *(result[n] for n in names[at + 1 :])])


def _check_out(name: str, array: object, dtype: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or not array.dtype.isnative:
        raise InputTypeError(f"{name} must be an array of {np.dtype(dtype)} to write into")
    if array.shape != shape:
        raise InvalidInputError(
            f"{name} must have shape {shape}, was {array.shape}", code="WRONG_SHAPE"
        )
    if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned):
        raise InvalidInputError(f"{name} must be contiguous, aligned and writable")


def _check_apart(name: str, array: NDArray[Any], others: list[NDArray[Any]]) -> None:
    if any(np.may_share_memory(array, other) for other in others):
        raise InvalidInputError(f"{name} shares memory with another array of the call")


def _wrong_shape(name: str, shape: tuple[int, ...], want: tuple[str, ...]) -> InvalidInputError:
    return InvalidInputError(
        f"{name} must have shape ({', '.join(want)}), was {shape}", code="WRONG_SHAPE"
    )
