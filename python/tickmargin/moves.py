"""Joint moves of several underlyings over a horizon: from their own history, or drawn.

A set of moves is a mapping from underlying to relative moves, one a scenario, all of one length:
scenario ``s`` moves every underlying by its own element ``s`` at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.live_base import whole
from tickmargin.pricing.arguments import reals
from tickmargin.risk import covariance, is_positive_semidefinite
from tickmargin.venues.arguments import between

__all__ = ["Moves", "copula_moves", "historical_moves", "simulated_moves"]

Moves = dict[str, NDArray[np.float64]]

_DAYS_A_YEAR = 365.0


def historical_moves(
    prices: Mapping[str, ArrayLike], *, horizon: int = 1, overlapping: bool
) -> Moves:
    """Moves over ``horizon`` rows of a price history, rows at the same times for all.

    ``overlapping`` moves start at every row, and then neighbours share all but one of their rows:
    there are more of them, and they are not independent. Otherwise each starts where the one
    before ended, and rows at the end that make no whole move are left out.
    """
    step = whole("horizon", horizon)
    columns = {name: reals(f"prices[{name!r}]", price) for name, price in prices.items()}
    rows = {column.shape for column in columns.values()}
    if len(rows) != 1 or len(next(iter(rows))) != 1:
        message = f"prices must be columns of one length, were {sorted(rows)}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    for name, column in columns.items():
        bad = np.flatnonzero(~(np.isfinite(column) & (column > 0)))
        if bad.size:
            message = f"prices[{name!r}] must be finite and > 0, got {column[bad[0]]} at row "
            raise InvalidInputError(message + str(bad[0]), code="NOT_POSITIVE")
        if column.size <= step:
            message = f"prices[{name!r}] has {column.size} rows; a move needs {step + 1}"
            raise InvalidInputError(message, code="LENGTH_MISMATCH")
    every = 1 if overlapping else step
    return {
        name: (column[step:] / column[:-step] - 1.0)[::every] for name, column in columns.items()
    }


def simulated_moves(
    vols_annual: Mapping[str, float],
    correlation: ArrayLike,
    *,
    horizon_days: float,
    count: int,
    seed: int,
    degrees_of_freedom: float | None = None,
) -> Moves:
    """Lognormal moves with mean 0 of the log, drawn under a correlation.

    With ``degrees_of_freedom`` (above 2) the logs are Student t of the same variance with a common
    chi-square: extreme moves come together. The same seed gives the same moves.
    """
    whole("count", count)
    if seed < 0:
        message = f"seed must be 0 or more, was {seed!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    sd = np.array([float(vol) for vol in vols_annual.values()])
    if not (np.isfinite(horizon_days) and horizon_days > 0 and (sd > 0).all()):
        message = "horizon_days and vols_annual must be positive"
        raise InvalidInputError(message, code="NOT_POSITIVE")
    matrix = covariance(sd * np.sqrt(horizon_days / _DAYS_A_YEAR), correlation)
    if not is_positive_semidefinite(matrix, 1e-9):
        message = "correlation must be positive semi-definite; see risk.nearest_correlation"
        raise InvalidInputError(message, code="CORRELATION_NOT_PSD")
    rng = np.random.default_rng(seed)
    logs = rng.multivariate_normal(np.zeros(sd.size), matrix, size=count, method="eigh")
    if degrees_of_freedom is not None:
        if not (np.isfinite(degrees_of_freedom) and degrees_of_freedom > 2):
            message = f"degrees_of_freedom must be above 2, was {degrees_of_freedom!r}"
            raise InvalidInputError(message, code="OUT_OF_RANGE")
        shared = rng.chisquare(degrees_of_freedom, size=(count, 1))
        logs *= np.sqrt((degrees_of_freedom - 2.0) / shared)
    return {name: np.expm1(logs[:, i]) for i, name in enumerate(vols_annual)}


def copula_moves(
    history: Mapping[str, ArrayLike],
    correlation: ArrayLike,
    *,
    count: int,
    seed: int,
    degrees_of_freedom: float | None = None,
) -> Moves:
    """Moves of a past, each underlying's own, joined by a copula.

    ``count`` joint draws, normal of a correlation or with ``degrees_of_freedom`` (above 2) Student
    t, are ranked by underlying; the r-th from below is its move at index
    ``ceil((2 r + 1) n / (2 count)) - 1`` of the ``n`` in ``history``, sorted. So the marginals are
    the past's quantiles and the ranks' dependence the copula's. The same seed gives the same moves
    on every processor.
    """
    draws = whole("count", count)
    if seed < 0:
        message = f"seed must be 0 or more, was {seed!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    freedom = 0.0
    if degrees_of_freedom is not None:
        freedom = between("degrees_of_freedom", degrees_of_freedom, 2.0, float("inf"))
    columns = [reals(f"history[{name!r}]", moves) for name, moves in history.items()]
    if not columns or columns[0].size == 0 or {c.shape for c in columns} != {(columns[0].size,)}:
        message = f"history must be columns of one length, were {[c.shape for c in columns]}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    for name, column in zip(history, columns, strict=True):
        bad = np.flatnonzero(~(np.isfinite(column) & (column > -1.0)))
        if bad.size:
            message = f"history[{name!r}] must be finite and > -1, got {column[bad[0]]} at row "
            raise InvalidInputError(message + str(bad[0]), code="OUT_OF_RANGE")
    matrix = covariance(np.ones(len(columns)), correlation)
    if not (is_positive_semidefinite(matrix, 1e-9) and (np.diag(matrix) == 1.0).all()):
        message = "correlation must be positive semi-definite with a diagonal of 1"
        raise InvalidInputError(message, code="CORRELATION_NOT_PSD")
    own = np.ascontiguousarray(np.stack(columns))
    drawn = _core.copula_moves(own, np.ravel(matrix), draws, seed, freedom)
    return dict(zip(history, drawn, strict=True))
