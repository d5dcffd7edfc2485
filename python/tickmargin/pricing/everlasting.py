"""Everlasting options and power perpetuals: held to their pay-off by funding, never expiring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import broadcast, choice, flags, raise_refusal, reals
from tickmargin.pricing.greeks import Greeks

__all__ = ["EVERLASTING_OUTPUTS", "everlasting_option", "power_perpetual_mark"]

EVERLASTING_OUTPUTS = (
    "price",
    "delta",
    "gamma",
    "vega",
    "funding",
    "time_value",
    "exponent_width",
)
_CURVES = ("mean", "once")


def everlasting_option(
    is_call: ArrayLike,
    index: ArrayLike,
    strike: ArrayLike,
    vol_annual: ArrayLike,
    funding_period_years: ArrayLike,
    rate: ArrayLike = 0.0,
    *,
    fundings_per_period: int | None = None,
) -> Greeks:
    """Price everlasting (perpetual) options, with analytic Greeks.

    A long pays funding of (mark - pay-off) / period a year, so the mark is the mean of European
    options over an exponential expiry with mean ``funding_period_years``.

    Parameters
    ----------
    is_call : array_like of bool
        True for a call, False for a put.
    index : array_like
        S, in quote currency; > 0.
    strike : array_like
        K, in quote currency; > 0.
    vol_annual : array_like
        Volatility, a fraction per sqrt(year); >= 0.
    funding_period_years : array_like
        Time in which funding pays the mark's excess over the pay-off once, in years; > 0.
    rate : array_like, default 0
        r, continuous and annual: growth of the index and discount; 1 + r period > 0.
    fundings_per_period : int, optional
        Funding paid that many times a period instead of continuously: ``price`` is then the sum
        over k of n^(k-1) / (n+1)^k options of k / n periods, and nothing else is computed.

    Returns
    -------
    Greeks
        In quote currency per unit of the underlying, of the broadcast shape:

        * ``price`` V; ``delta`` dV/dS; ``gamma`` d2V/dS2; ``vega`` dV/dvol per 1.00
        * ``funding`` what a long receives a year while the index stays: -(V - pay-off) / period.
          There is no theta: the price does not change by time alone
        * ``time_value`` V less its pay-off now
        * ``exponent_width`` difference of the two powers of S / K the price is made of; Deri's u at
          rate 0

    Raises
    ------
    InvalidInputError
        An index, strike or period <= 0, a volatility < 0, a rate with 1 + r period <= 0, with the
        first row; ``fundings_per_period`` below 1.
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).

    Notes
    -----
    White and Bankman-Fried, "Everlasting options" (2021); docs.deri.io for rate 0, Deri v4 and
    Paradex with a rate, whose closed form is singular at r = vol^2 / 2 where this one is not.

    Examples
    --------
    >>> import tickmargin as tm
    >>> tm.everlasting_option(True, 40_000.0, 50_000.0, 1.0, 7 / 365).price.round(3)
    np.float64(223.367)
    """
    if fundings_per_period is not None and fundings_per_period < 1:
        message = f"fundings_per_period must be at least 1, got {fundings_per_period}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    rows = broadcast(
        {
            "is_call": flags("is_call", is_call),
            "index": reals("index", index),
            "strike": reals("strike", strike),
            "vol_annual": reals("vol_annual", vol_annual),
            "funding_period_years": reals("funding_period_years", funding_period_years),
            "rate": reals("rate", rate),
        }
    )
    names = EVERLASTING_OUTPUTS if fundings_per_period is None else ("price",)
    memory = _core.ResultColumns(list(names), rows.count)
    refusal = _core.everlasting_option(rows.columns, rows.count, fundings_per_period or 0, memory)
    raise_refusal(refusal, rows.shape)
    return Greeks(names, rows.shape, memory)


def power_perpetual_mark(
    index: ArrayLike,
    power: ArrayLike,
    vol_annual: ArrayLike,
    funding_period_years: ArrayLike,
    rate: ArrayLike = 0.0,
    *,
    expiry: str = "mean",
) -> Any:
    """Return the mark of a perpetual on a power of an index.

    Parameters
    ----------
    index : array_like
        S, in quote currency; > 0.
    power : array_like
        p; 2 for a squared perpetual.
    vol_annual : array_like
        Volatility, a fraction per sqrt(year); >= 0.
    funding_period_years : array_like
        Time in which funding pays the mark's excess over the pay-off once, in years; > 0.
    rate : array_like, default 0
        r, continuous and annual.
    expiry : {"mean", "once"}
        The mean of forwards over an exponential expiry, as continuous funding gives:
        S^p / (1 - period g) with g = (p - 1) (r + p vol^2 / 2); or one forward at the period,
        S^p exp(period g), as Opyn publishes for squeeth.

    Returns
    -------
    ndarray or scalar
        In quote currency to the power p, read-only. NaN where the mean has no end (period g >= 1).

    Raises
    ------
    InvalidInputError
        An index or period <= 0, a volatility < 0, with the first row; an unknown ``expiry``.
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).
    """
    once = choice("expiry", expiry, _CURVES) == _CURVES.index("once")
    rows = broadcast(
        {
            "index": reals("index", index),
            "power": reals("power", power),
            "vol_annual": reals("vol_annual", vol_annual),
            "funding_period_years": reals("funding_period_years", funding_period_years),
            "rate": reals("rate", rate),
        }
    )
    memory = _core.ResultColumns(["price"], rows.count)
    raise_refusal(_core.power_perpetual_mark(rows.columns, rows.count, once, memory), rows.shape)
    if not rows.shape:
        return np.float64(memory.item("price"))
    return memory.view("price").reshape(rows.shape)
