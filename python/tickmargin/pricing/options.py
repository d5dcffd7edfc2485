"""European options on a forward: Black-76 and Bachelier."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from tickmargin import _core
from tickmargin.pricing.arguments import Rows, broadcast, flags, reals
from tickmargin.pricing.greeks import GREEKS, Greeks, Output, compute

__all__ = ["bachelier", "black76", "option_rows"]


def black76(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    vol_annual: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
    greeks: Sequence[str] | str | None = None,
    out: Greeks | Output | None = None,
) -> Greeks:
    """Price European options on a lognormal forward, with analytic Greeks.

    Parameters
    ----------
    is_call : array_like of bool
        True for a call, False for a put.
    forward : array_like
        F, the underlying's forward for the expiry, in quote currency; > 0.
    strike : array_like
        K, in quote currency; > 0.
    vol_annual : array_like
        Volatility, a fraction per sqrt(year); >= 0.
    expiry_years : array_like
        T, in years (ACT/365); >= 0.
    rate : array_like, default 0
        r, continuous and annual. Discounts, nothing else.
    greeks : sequence of str, optional
        Which outputs to compute, of :data:`GREEKS`; all by default, or those of ``out``.
    out : mapping of str to ndarray, or Greeks, optional
        Where to write: contiguous, writable float64 arrays of the broadcast shape, one for each
        Greek wanted; or an earlier result none of whose arrays is alive. Arrays may be inputs too.

    Returns
    -------
    Greeks
        In quote currency per unit of the underlying, of the broadcast shape:

        * ``price`` V = exp(-rT) (F N(d1) - K N(d2)) for a call
        * ``delta`` dV/dF; ``gamma`` d2V/dF2
        * ``vega`` dV/dvol per 1.00; ``volga`` d2V/dvol2; ``vanna`` d2V/(dF dvol)
        * ``theta`` -dV/dT per year, F and r held; ``charm`` -d(delta)/dT per year, F held
        * ``rho`` dV/dr per 1.00, F held: -T V

    Raises
    ------
    InvalidInputError
        A forward or strike <= 0, a volatility or expiry < 0: names argument, value and first row,
        and ``out`` is as it was. Shapes that do not broadcast. An ``out`` that does not fit.
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).

    Notes
    -----
    Black, "The pricing of commodity contracts" (1976). At T = 0 or vol = 0 the price is intrinsic
    and delta is 1, 0 or (at the money) 1/2, discounted and with the put's sign. The
    out-of-the-money side is computed directly, the other by parity, so small prices keep their
    digits. A coin-settled option is this price at rate 0 divided by F, in coin.

    Examples
    --------
    >>> import tickmargin as tm
    >>> g = tm.black76(True, 100.0, [90.0, 110.0], 0.5, 0.25, greeks=("price", "delta"))
    >>> g.price.round(4).tolist()
    [15.2721, 6.1904]
    """
    rows = option_rows(is_call, forward, strike, vol_annual, expiry_years, rate)
    return compute(
        lambda memory: _core.price_on_forward(rows.columns, rows.count, memory, False),
        rows,
        greeks,
        out,
        GREEKS,
    )


def bachelier(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    vol_annual: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
    greeks: Sequence[str] | str | None = None,
    out: Greeks | Output | None = None,
) -> Greeks:
    """Price European options on a normally distributed forward, with analytic Greeks.

    Parameters
    ----------
    is_call, expiry_years, rate, greeks, out
        As for :func:`black76`.
    forward, strike : array_like
        In quote currency, of any sign.
    vol_annual : array_like
        Normal volatility, quote currency per sqrt(year); >= 0.

    Returns
    -------
    Greeks
        As for :func:`black76`, with ``price`` V = exp(-rT) ((F - K) N(d) + s phi(d)) for a call,
        s = vol sqrt(T), d = (F - K) / s; vega, volga and vanna are per quote currency of
        volatility.

    Raises
    ------
    InvalidInputError, InputTypeError
        As for :func:`black76`; forwards and strikes may be negative.

    Notes
    -----
    Bachelier, "Théorie de la spéculation" (1900).
    """
    rows = option_rows(is_call, forward, strike, vol_annual, expiry_years, rate)
    return compute(
        lambda memory: _core.price_on_forward(rows.columns, rows.count, memory, True),
        rows,
        greeks,
        out,
        GREEKS,
    )


def option_rows(
    is_call: object,
    forward: object,
    strike: object,
    vol_annual: object,
    expiry_years: object,
    rate: object,
    *,
    vol_name: str = "vol_annual",
) -> Rows:
    """Check and broadcast what every function of options on a forward takes."""
    return broadcast(
        {
            "is_call": flags("is_call", is_call),
            "forward": reals("forward", forward),
            "strike": reals("strike", strike),
            vol_name: reals(vol_name, vol_annual),
            "expiry_years": reals("expiry_years", expiry_years),
            "rate": reals("rate", rate),
        }
    )
