"""What accounts would own and need elsewhere: over moves of spot, shocks of volatility and days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.health import health_ratios
from tickmargin.live_base import whole
from tickmargin.loading.column import Coded
from tickmargin.loading.progress import Meter, Progress
from tickmargin.names import Namebook
from tickmargin.pricing.arguments import reals
from tickmargin.result_tables import STATES, STATUSES
from tickmargin.table import Table

__all__ = ["DAYS_MAX", "Projection", "account_rows", "project"]

_NS_PER_DAY = 86_400 * 10**9
DAYS_MAX = 36_500.0
VOL_SHOCK_KINDS = ("relative", "absolute")
AMOUNTS = ("equity", "equity_initial", "initial_margin", "maintenance_margin")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Projection:
    """Equity and margin of accounts over price moves x volatility shocks x days ahead.

    Arrays have shape (accounts, price moves, vol shocks, days), amounts in the numeraire: equity
    rounded down and requirements up to whole ticks, NaN where ``undecidable``.

    Attributes
    ----------
    accounts : tuple of str
    price_moves, vol_shocks, forward_days : ndarray of float
        The axes as asked for; a day is 86,400 seconds.
    vol_shock_kind : str
        ``relative``: volatility times 1 + shock; ``absolute``: plus shock.
    underlying : str or None
        The only one that moves; None: all of them together.
    equity, equity_initial, initial_margin, maintenance_margin : ndarray of float
        Equity under maintenance and under initial-margin weights, and the two requirements.
    health_ratio : ndarray of float
        equity / maintenance_margin; without a requirement what is supplied at maintenance weights
        / debts, inf without either.
    state, status : ndarray of str
        As in a result's accounts: the state is the worst of the account's pockets.
    as_of_ns : int
        Time of the market that is moved.
    """

    accounts: tuple[str, ...]
    price_moves: NDArray[np.float64]
    vol_shocks: NDArray[np.float64]
    forward_days: NDArray[np.float64]
    vol_shock_kind: str
    underlying: str | None
    equity: NDArray[np.float64]
    equity_initial: NDArray[np.float64]
    initial_margin: NDArray[np.float64]
    maintenance_margin: NDArray[np.float64]
    health_ratio: NDArray[np.float64]
    state: NDArray[np.object_]
    status: NDArray[np.object_]
    as_of_ns: int

    @property
    def table(self) -> Table:
        """A row for each account and cell, days fastest."""
        shape = self.equity.shape
        axes = (self.price_moves, self.vol_shocks, self.forward_days)
        columns: dict[str, Any] = {
            "account": Coded(
                np.repeat(np.arange(shape[0], dtype=np.int32), int(np.prod(shape[1:]))),
                np.array([*self.accounts, None], dtype=object)[:-1],
            )
        }
        for place, (name, axis) in enumerate(
            zip(("price_move", "vol_shock", "forward_days"), axes, strict=True), start=1
        ):
            spread = axis.reshape([-1 if i == place else 1 for i in range(4)])
            columns[name] = np.broadcast_to(spread, shape).ravel()
        for name in (*AMOUNTS, "health_ratio", "state", "status"):
            columns[name] = getattr(self, name).ravel()
        return Table(columns, name="projection")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export ``table`` as an Arrow stream."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        prices, shocks, days = self.equity.shape[1:]
        return (
            f"Projection({len(self.accounts):,} accounts, {prices} price moves x {shocks} "
            f"vol shocks x {days} days)"
        )


def project(
    core: _core.Engine,
    book: Namebook,
    *,
    accounts: Iterable[str] | None,
    price_moves: ArrayLike,
    vol_shocks: ArrayLike,
    forward_days: ArrayLike,
    underlying: str | None,
    vol_shock_kind: str,
    threads: int,
    progress: Progress,
) -> Projection:
    """What :meth:`tickmargin.Engine.projection` answers."""
    whole("threads", threads)
    if vol_shock_kind not in VOL_SHOCK_KINDS:
        message = f"vol_shock_kind must be relative or absolute, was {vol_shock_kind!r}"
        raise InvalidInputError(message, code="UNKNOWN_WORD")
    absolute = vol_shock_kind == "absolute"
    moves = _axis("price_moves", price_moves, lambda x: x > -1.0, "above -1")
    least = -np.inf if absolute else -1.0
    shocks = _axis("vol_shocks", vol_shocks, lambda x: x >= least, "-1 or more")
    in_range = f"from 0 to {DAYS_MAX:,.0f}"
    days = _axis("forward_days", forward_days, lambda x: (x >= 0) & (x <= DAYS_MAX), in_range)
    number = -1 if underlying is None else book.known("underlying", underlying)
    names, rows = account_rows(book, accounts)
    shape = (len(rows), moves.size, shocks.size, days.size)
    amounts, debts = {name: np.empty(shape) for name in AMOUNTS}, np.empty(shape)
    states, statuses = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    cells = moves.size * shocks.size * days.size
    with Meter(progress, cells) as meter:
        for cell in range(cells):
            p, v, d = np.unravel_index(cell, shape[1:])
            ahead = round(float(days[d]) * _NS_PER_DAY)
            raw = core.project(
                rows, number, float(moves[p]), float(shocks[v]), absolute, ahead, threads
            )
            for name, column in amounts.items():
                column[:, p, v, d] = raw[name]
            debts[:, p, v, d] = raw["debts"]
            as_of_ns = raw["as_of_ns"] - ahead
            states[:, p, v, d], statuses[:, p, v, d] = raw["state"], raw["status"]
            meter.show("projecting", 1)
    health = health_ratios(amounts["equity"], amounts["maintenance_margin"], debts)
    frozen: dict[str, NDArray[Any]] = {**amounts, "health_ratio": health}
    frozen |= {"state": STATES[states], "status": STATUSES[statuses]}
    for array in (*frozen.values(), moves, shocks, days):
        array.flags.writeable = False
    return Projection(
        accounts=names,
        price_moves=moves,
        vol_shocks=shocks,
        forward_days=days,
        vol_shock_kind=vol_shock_kind,
        underlying=underlying,
        as_of_ns=as_of_ns,
        **frozen,
    )


def account_rows(
    book: Namebook, accounts: Iterable[str] | None
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names and rows of the accounts asked for, in that order; all of them by default."""
    known = book["account"]
    if accounts is None:
        return tuple(known.tolist()), np.arange(len(known), dtype=np.int32)
    if isinstance(accounts, str):
        message = f"accounts: got the text {accounts!r}; expected a list of names"
        raise InputTypeError(message)
    rows = [book.known("account", name) for name in accounts]
    if not rows:
        raise InvalidInputError("accounts: got none; expected at least one", code="WRONG_SHAPE")
    if len(set(rows)) != len(rows):
        twice = next(row for row in rows if rows.count(row) > 1)
        message = f"accounts: {known[twice]!r} is given twice"
        raise InvalidInputError(message, code="DUPLICATE_ID")
    return tuple(known[row] for row in rows), np.array(rows, np.int32)


def _axis(
    name: str,
    values: ArrayLike,
    allowed: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    expected: str,
) -> NDArray[np.float64]:
    """One axis of the projection: distinct numbers in range, in the order given."""
    axis = np.atleast_1d(np.array(reals(name, values), np.float64))
    if axis.ndim != 1 or axis.size == 0:
        message = f"{name} must be a list of numbers and not empty"
        raise InvalidInputError(message, code="WRONG_SHAPE")
    for row in np.flatnonzero(~(np.isfinite(axis) & allowed(axis))).tolist():
        code = "OUT_OF_RANGE" if np.isfinite(axis[row]) else "NOT_FINITE"
        message = f"{name} must be finite and {expected}, got {axis[row]} at row {row}"
        raise InvalidInputError(message, code=code)
    if np.unique(axis).size != axis.size:
        message = f"{name} has a number twice"
        raise InvalidInputError(message, code="DUPLICATE_ID")
    return axis


def evenly(reach: float, steps: int) -> Sequence[float]:
    """Moves from -reach to reach, 0 in the middle, short to read."""
    return [round(reach * i / steps, 10) for i in range(-steps, steps + 1)]
