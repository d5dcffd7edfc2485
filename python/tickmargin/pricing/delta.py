"""Delta in the conventions markets quote it in, and the strike of a quoted delta."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.pricing.arguments import choice, raise_refusal
from tickmargin.pricing.spot import spot_rows

__all__ = ["StrikeResult", "delta_from_strike", "strike_from_delta"]

_CONVENTIONS = ("spot", "forward", "premium_adjusted_spot", "premium_adjusted_forward")
STRIKE_STATUS = ("ok", "unreachable_delta", "invalid_input")


class StrikeResult:
    """Strikes of one call of :func:`strike_from_delta`.

    Attributes
    ----------
    strike : ndarray or scalar
        NaN where the status is not ``ok``.
    status : ndarray of uint8 or scalar
        0 ``ok``, 1 ``unreachable_delta``, 2 ``invalid_input``.
    """

    __slots__ = ("_status", "_strike")

    def __init__(self, strike: NDArray[np.float64], status: NDArray[np.uint8]) -> None:
        self._strike = strike
        self._status = status

    @property
    def strike(self) -> Any:
        """The strikes, read-only."""
        return self._strike

    @property
    def status(self) -> Any:
        """What became of each row, read-only."""
        return self._status

    @property
    def status_name(self) -> Any:
        """The status of each row in words."""
        return np.array(STRIKE_STATUS)[self._status]

    def __repr__(self) -> str:
        status = np.ravel(self._status)
        good = int(np.count_nonzero(status == 0))
        return f"StrikeResult({good} of {status.size} found; shape {np.shape(self._status)})"


def delta_from_strike(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    vol_annual: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
    *,
    delta_convention: str = "spot",
) -> Any:
    """Return the delta of an option in a quoting convention.

    With F = S exp((r - q) T), w = 1 for a call and -1 for a put:

    * ``"spot"`` w exp(-qT) N(w d1), units of the underlying to hold
    * ``"forward"`` w N(w d1), forwards to hold
    * ``"premium_adjusted_spot"`` w exp(-qT) (K / F) N(w d2): spot delta less the premium in units
      of the underlying
    * ``"premium_adjusted_forward"`` w (K / F) N(w d2): forward delta less price / F, the delta of a
      coin-settled option

    Parameters
    ----------
    is_call, spot, strike, vol_annual, expiry_years, rate, dividend_yield
        As for :func:`tickmargin.black_scholes`. With rates of 0 ``spot`` is the forward.
    delta_convention : str, default "spot"
        One of the four above.

    Returns
    -------
    ndarray or scalar
        Deltas, read-only, of the broadcast shape.

    Raises
    ------
    InvalidInputError, InputTypeError
        As for :func:`tickmargin.black_scholes`; an unknown convention.

    Notes
    -----
    Reiswich and Wystup, "FX volatility smile construction" (2010).
    """
    convention = choice("delta_convention", delta_convention, _CONVENTIONS)
    rows = spot_rows(is_call, spot, strike, vol_annual, expiry_years, rate, dividend_yield)
    memory = _core.ResultColumns(["delta"], rows.count)
    refusal = _core.delta_from_strike(rows.columns, rows.count, convention, memory)
    raise_refusal(refusal, rows.shape)
    if not rows.shape:
        return np.float64(memory.item("delta"))
    return memory.view("delta").reshape(rows.shape)


def strike_from_delta(
    is_call: ArrayLike,
    delta: ArrayLike,
    spot: ArrayLike,
    vol_annual: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
    *,
    delta_convention: str = "spot",
) -> StrikeResult:
    """Return the strike at which an option has a delta: the inverse of :func:`delta_from_strike`.

    Parameters
    ----------
    is_call, spot, vol_annual, expiry_years, rate, dividend_yield, delta_convention
        As for :func:`delta_from_strike`.
    delta : array_like
        Signed: negative for puts.

    Returns
    -------
    StrikeResult
        ``strike`` and a ``status`` per row: ``ok``; ``unreachable_delta`` (no strike has it, or its
        sign is the other side's); ``invalid_input`` (a number that is not finite, or a spot,
        volatility or expiry that is not positive). A row never raises. Premium-adjusted call deltas
        rise and then fall with the strike; the strike given is the one above the top.

    Raises
    ------
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).
    InvalidInputError
        Shapes that do not broadcast; an unknown convention.
    """
    convention = choice("delta_convention", delta_convention, _CONVENTIONS)
    rows = spot_rows(
        is_call,
        spot,
        delta,
        vol_annual,
        expiry_years,
        rate,
        dividend_yield,
        strike_name="delta",
    )
    strike, status = _core.strike_from_delta(rows.columns, rows.count, convention)
    if not rows.shape:
        return StrikeResult(strike[0], status[0])
    return StrikeResult(strike.reshape(rows.shape), status.reshape(rows.shape))
