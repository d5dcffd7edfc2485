"""European options on a spot price that carries a yield: Black, Scholes and Merton."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from tickmargin import _core
from tickmargin.pricing.arguments import Rows, broadcast, flags, reals
from tickmargin.pricing.greeks import SPOT_GREEKS, Greeks, Output, compute

__all__ = ["black_scholes", "spot_rows"]


def black_scholes(
    is_call: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    vol_annual: ArrayLike,
    expiry_years: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
    greeks: Sequence[str] | str | None = None,
    out: Greeks | Output | None = None,
) -> Greeks:
    """Price European options on a spot price, with every Greek taken in the spot price.

    Parameters
    ----------
    is_call : array_like of bool
        True for a call, False for a put.
    spot : array_like
        S, in quote currency; > 0.
    strike, vol_annual, expiry_years, greeks, out
        As for :func:`tickmargin.black76`; ``greeks`` may name ``dividend_rho`` too.
    rate : array_like, default 0
        r, continuous and annual.
    dividend_yield : array_like, default 0
        q, what holding the underlying pays (dividends, lending, a foreign rate), continuous and
        annual. The cost of carry is r - q and the forward S exp((r - q) T).

    Returns
    -------
    Greeks
        In quote currency per unit of the underlying, of the broadcast shape:

        * ``price`` V = S exp(-qT) N(d1) - K exp(-rT) N(d2) for a call
        * ``delta`` dV/dS; ``gamma`` d2V/dS2
        * ``vega`` dV/dvol per 1.00; ``volga`` d2V/dvol2; ``vanna`` d2V/(dS dvol)
        * ``theta`` -dV/dT per year, S, r and q held; ``charm`` -d(delta)/dT per year, S held
        * ``rho`` dV/dr per 1.00, S and q held; ``dividend_rho`` dV/dq per 1.00, S and r held

    Raises
    ------
    InvalidInputError
        A spot or strike <= 0, a volatility or expiry < 0: names argument, value and first row, and
        ``out`` is as it was. Shapes that do not broadcast. An ``out`` that does not fit.
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).

    Notes
    -----
    Merton, "Theory of rational option pricing" (1973), on the kernel of :func:`tickmargin.black76`.
    """
    rows = spot_rows(is_call, spot, strike, vol_annual, expiry_years, rate, dividend_yield)
    return compute(
        lambda memory: _core.price_on_spot(rows.columns, rows.count, memory),
        rows,
        greeks,
        out,
        SPOT_GREEKS,
    )


def spot_rows(
    is_call: object,
    spot: object,
    strike: object,
    vol_annual: object,
    expiry_years: object,
    rate: object,
    dividend_yield: object,
    *,
    strike_name: str = "strike",
) -> Rows:
    """Check and broadcast what every function of options on a spot price takes."""
    return broadcast(
        {
            "is_call": flags("is_call", is_call),
            "spot": reals("spot", spot),
            strike_name: reals(strike_name, strike),
            "vol_annual": reals("vol_annual", vol_annual),
            "expiry_years": reals("expiry_years", expiry_years),
            "rate": reals("rate", rate),
            "dividend_yield": reals("dividend_yield", dividend_yield),
        }
    )
