"""Fair price of perpetual futures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import broadcast, choice, raise_refusal, reals

__all__ = ["perpetual_fair_price"]

_PAYOFFS = ("linear", "inverse", "quanto")
_FUNDING = ("previous", "current")


def perpetual_fair_price(
    index: ArrayLike,
    premium_factor: ArrayLike,
    interest_factor: ArrayLike = 0.0,
    period_years: ArrayLike = 0.0,
    rate: ArrayLike = 0.0,
    dividend_yield: ArrayLike = 0.0,
    *,
    payoff: str = "linear",
    funding_index: str = "previous",
    settlement_covariance: ArrayLike = 0.0,
) -> Any:
    """Return the no-arbitrage price of a perpetual future.

    A long pays funding of premium_factor (f - x) + interest_factor x for each period, f the futures
    price and x the index; entering costs nothing, so the expected payment of a period is 0.

    Parameters
    ----------
    index : array_like
        x, in quote currency; > 0.
    premium_factor, interest_factor : array_like
        Of one period; of one year where funding is continuous.
    period_years : array_like, default 0
        Length of a funding period in years (eight hours: 8 / 8760); 0 is continuous funding.
    rate : array_like, default 0
        r of the quote currency, continuous and annual.
    dividend_yield : array_like, default 0
        q, what holding the underlying pays, continuous and annual.
    payoff : {"linear", "inverse", "quanto"}
        Paid in quote currency; in the underlying (1 / f); or in a third asset at a fixed rate.
    funding_index : {"previous", "current"}
        Whether funding is on the prices at the period's start or at its end.
    settlement_covariance : array_like, default 0
        For ``quanto``: annual covariance of the log returns of the index and of the settlement
        asset's price, both in quote currency.

    Returns
    -------
    ndarray or scalar
        Fair price in quote currency, read-only. NaN where funding is too weak to hold the price to
        the index, so that no finite price exists.

    Raises
    ------
    InvalidInputError
        An index <= 0 or a period < 0, with the first row. A covariance without ``quanto``.
    InputTypeError
        Anything that is not real numbers (see :mod:`tickmargin.pricing`).

    Notes
    -----
    Ackerer, Hugonnier and Jermann, "Perpetual futures pricing" (2024), constant coefficients. With
    G = exp((r - q) period): linear f = x (k - i) / (1 + k - G) on the previous index,
    x (k - i) G / (1 + k G - G) on the current one, x (k - i) / (k - (r - q)) continuously. Inverse
    is the same for 1 / f and 1 / x with the rates exchanged.
    """
    payoff_id = choice("payoff", payoff, _PAYOFFS)
    funding_id = choice("funding_index", funding_index, _FUNDING)
    covariance = reals("settlement_covariance", settlement_covariance)
    if payoff != "quanto" and np.any(covariance != 0):
        message = f"settlement_covariance means nothing for a {payoff} payoff"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    rows = broadcast(
        {
            "index": reals("index", index),
            "rate": reals("rate", rate),
            "dividend_yield": reals("dividend_yield", dividend_yield),
            "premium_factor": reals("premium_factor", premium_factor),
            "interest_factor": reals("interest_factor", interest_factor),
            "period_years": reals("period_years", period_years),
            "settlement_covariance": covariance,
        }
    )
    memory = _core.ResultColumns(["price"], rows.count)
    refusal = _core.perpetual_fair_price(rows.columns, rows.count, payoff_id, funding_id, memory)
    raise_refusal(refusal, rows.shape)
    if not rows.shape:
        return np.float64(memory.item("price"))
    return memory.view("price").reshape(rows.shape)
