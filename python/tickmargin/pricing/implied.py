"""Implied volatility, with a status for each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.pricing.options import option_rows
from tickmargin.table import Table

__all__ = ["IMPLIED_VOL_STATUS", "ImpliedVol", "bachelier_implied_vol", "implied_vol"]

IMPLIED_VOL_STATUS = (
    "ok",
    "below_intrinsic",
    "above_maximum",
    "invalid_input",
    "at_intrinsic",
    "not_converged",
)


class ImpliedVol:
    """Implied volatilities of one call.

    Attributes
    ----------
    vol_annual : ndarray or scalar
        NaN where the status is neither ``ok`` nor ``at_intrinsic`` (0 there).
    status : ndarray of uint8 or scalar
        A place in :data:`IMPLIED_VOL_STATUS`.
    """

    __slots__ = ("_status", "_vol_annual")

    def __init__(self, vol_annual: NDArray[np.float64], status: NDArray[np.uint8]) -> None:
        self._vol_annual = vol_annual
        self._status = status

    @property
    def vol_annual(self) -> Any:
        """The volatilities, read-only."""
        return self._vol_annual

    @property
    def status(self) -> Any:
        """What became of each row, read-only."""
        return self._status

    @property
    def status_name(self) -> Any:
        """The status of each row in words."""
        return np.array(IMPLIED_VOL_STATUS)[self._status]

    def to_table(self) -> Table:
        """Return volatility and status, flattened, as a :class:`~tickmargin.table.Table`."""
        names = np.ravel(self.status_name).astype(object)
        return Table({"vol_annual": np.ravel(self._vol_annual), "status": names}, owner=self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Export as an Arrow stream: vol_annual and the status in words."""
        return self.to_table().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()

    def __rich__(self) -> Any:
        return self.to_table().__rich__()

    def __repr__(self) -> str:
        status = np.ravel(self._status)
        good = int(np.count_nonzero((status == 0) | (status == 4)))
        return f"ImpliedVol({good} of {status.size} found; shape {np.shape(self._status)})"


def implied_vol(
    is_call: ArrayLike,
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
) -> ImpliedVol:
    """Find the volatility at which :func:`tickmargin.black76` gives a price.

    Parameters
    ----------
    is_call : array_like of bool
        True for a call, False for a put.
    price : array_like
        Discounted price, in quote currency.
    forward, strike : array_like
        In quote currency.
    expiry_years : array_like
        In years (ACT/365).
    rate : array_like, default 0
        The continuous rate the price was discounted with.

    Returns
    -------
    ImpliedVol
        ``vol_annual`` and a ``status`` per row: ``ok``; ``below_intrinsic`` and ``above_maximum``
        (no volatility has this price); ``at_intrinsic`` (volatility 0); ``invalid_input`` (a number
        that is not finite, or a forward, strike or expiry that is not positive);
        ``not_converged``. A row never raises.

    Raises
    ------
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).
    InvalidInputError
        Shapes that do not broadcast.

    Notes
    -----
    Accurate to a few ulp times the condition number: where the price is flat in volatility, the
    digits of the price decide.
    """
    return _implied(is_call, price, forward, strike, expiry_years, rate, normal=False)


def bachelier_implied_vol(
    is_call: ArrayLike,
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
) -> ImpliedVol:
    """Find the normal volatility at which :func:`tickmargin.bachelier` gives a price.

    Parameters, result and errors are those of :func:`implied_vol`; ``vol_annual`` is in quote
    currency per sqrt(year), forwards and strikes have any sign, and no price is too high.
    """
    return _implied(is_call, price, forward, strike, expiry_years, rate, normal=True)


def _implied(
    is_call: object,
    price: object,
    forward: object,
    strike: object,
    expiry_years: object,
    rate: object,
    *,
    normal: bool,
) -> ImpliedVol:
    # the core takes the price where other functions have the volatility
    rows = option_rows(is_call, forward, strike, price, expiry_years, rate, vol_name="price")
    vol_annual, status = _core.implied_vol(rows.columns, rows.count, normal)
    if not rows.shape:
        return ImpliedVol(vol_annual[0], status[0])
    return ImpliedVol(vol_annual.reshape(rows.shape), status.reshape(rows.shape))
