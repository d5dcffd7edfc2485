"""Forwards implied by put-call parity of coin-quoted marks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def parity_forward(
    strike: NDArray[np.float64], call_price: NDArray[np.float64], put_price: NDArray[np.float64]
) -> float:
    """Give the forward that one expiry's coin-quoted call and put marks imply.

    Parameters
    ----------
    strike : ndarray, shape (n,)
        Strikes that have both a call and a put.
    call_price, put_price : ndarray, shape (n,)
        Marks in coin (Black-76 over the forward, no discounting).

    Returns
    -------
    float
        Median over the strikes of ``K / (1 - (C - P))``. In coin C - P = 1 - K/F, so each strike
        gives F; the median is deaf to single marks from another instant.

    Raises
    ------
    ValueError
        If no strike gives a positive, finite forward.
    """
    denominator = 1.0 - (np.asarray(call_price) - np.asarray(put_price))
    usable = np.isfinite(denominator) & (denominator > 0.0)
    if not np.any(usable):
        raise ValueError("no strike with a call and a put whose marks imply a forward")
    return float(np.median(np.asarray(strike)[usable] / denominator[usable]))
