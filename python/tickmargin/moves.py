"""Joint moves of several underlyings over a horizon: from their own history, or drawn.

A set of moves is a mapping from underlying to relative moves, one a scenario, all of one length:
scenario ``s`` moves every underlying by its own element ``s`` at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.live_base import whole
from tickmargin.pricing.arguments import reals
from tickmargin.risk import covariance, is_positive_semidefinite

__all__ = ["Moves", "historical_moves", "simulated_moves"]

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
