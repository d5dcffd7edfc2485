"""A parametric smile for the synthetic venue.

The venue needs volatilities that look like a listed chain (skew, wings, term structure) and can be
bent by a crash, with no risk of a negative volatility. It is not a fitted surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_YEAR_30D = 30.0 / 365.0
_TERM_DECAY_YEARS = 60.0 / 365.0


@dataclass(frozen=True, slots=True)
class SmileState:
    """The state of one underlying's smile.

    Parameters
    ----------
    vol_30d_annual : float
        At-the-money volatility at 30 days, a fraction per year.
    vol_long_annual : float
        At-the-money volatility towards which long expiries tend.
    skew : float
        Relative slope at the money per standard deviation; negative lifts the puts.
    wings : float
        Relative curvature; must exceed ``abs(skew)`` so both wings rise.
    """

    vol_30d_annual: float
    vol_long_annual: float
    skew: float
    wings: float

    def __post_init__(self) -> None:
        """Refuse parameters that could give a volatility at or below zero."""
        if not (self.vol_30d_annual > 0.0 and self.vol_long_annual > 0.0):
            raise ValueError("vol_30d_annual and vol_long_annual must be > 0")
        if not self.wings > abs(self.skew):
            raise ValueError("wings must be larger than abs(skew)")


def at_the_money_vol(state: SmileState, expiry_years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the at-the-money volatility for each expiry.

    Parameters
    ----------
    state : SmileState
        Level and slope of the term structure.
    expiry_years : ndarray, shape (n,)
        ACT/365 years, > 0.

    Returns
    -------
    ndarray, shape (n,)
        Annual volatility as a fraction. Equal to ``vol_30d_annual`` at 30 days; the loading is the
        averaged exponential decay of Nelson and Siegel (1987), which keeps total variance rising.
    """
    x = np.asarray(expiry_years, dtype=np.float64) / _TERM_DECAY_YEARS
    x_30d = _YEAR_30D / _TERM_DECAY_YEARS
    loading = -np.expm1(-x) / x
    loading_30d = -np.expm1(-x_30d) / x_30d
    spread = state.vol_30d_annual - state.vol_long_annual
    return np.asarray(state.vol_long_annual + spread * loading / loading_30d)


def smile_vol(
    state: SmileState,
    forward: NDArray[np.float64],
    strike: NDArray[np.float64],
    expiry_years: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the volatility of each (forward, strike, expiry).

    Parameters
    ----------
    state : SmileState
        The smile's parameters.
    forward, strike : ndarray, shape (n,)
        Prices in the quote asset, > 0.
    expiry_years : ndarray, shape (n,)
        ACT/365 years, > 0.

    Returns
    -------
    ndarray, shape (n,)
        Annual volatility: at the money times ``1 + skew m + wings (sqrt(1 + m^2) - 1)`` with
        ``m = ln(K/F) / (atm sqrt(T))`` damped beyond five standard deviations. With
        ``wings > abs(skew)`` the factor is at least ``sqrt(wings^2 - skew^2) + 1 - wings``.
    """
    atm = at_the_money_vol(state, expiry_years)
    deviations = np.log(strike / forward) / (atm * np.sqrt(expiry_years))
    # tanh keeps far strikes of short expiries from growing without limit.
    m = 5.0 * np.tanh(deviations / 5.0)
    factor = 1.0 + state.skew * m + state.wings * (np.sqrt(1.0 + m * m) - 1.0)
    return atm * factor
