"""A simple estimate of each pocket's risk, used only to give the synthetic accounts collateral.

The estimate is deliberately not the margin engine: a book whose collateral were sized by the rule
that is later applied to it would be healthy by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.simulate.listing import Listing

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_MOVES = (-0.16, -0.08, 0.08, 0.16)
_VOL_RATIOS = (0.8, 1.4)
_FUTURE_RATIO = 0.05
_SHORT_OPTION_RATIO = 0.12


@dataclass(frozen=True, slots=True)
class ContractValues:
    """Per contract, USD: what it is worth, its notional, and its gain in each estimate scenario."""

    value: Float
    notional: Float
    gains: Float


@dataclass(frozen=True, slots=True)
class Prices:
    """What the estimate needs to know of each instrument's market, one entry per instrument.

    ``index_price`` in USD, ``expiry_years`` ACT/365, ``vol_annual`` (read for options only).
    """

    index_price: Float
    expiry_years: Float
    vol_annual: Float


def contract_values(listing: Listing, prices: Prices) -> ContractValues:
    """Value one contract of each instrument now and under the estimate's eight scenarios.

    Parameters
    ----------
    listing : Listing
        The instruments.
    prices : Prices
        Prices and volatilities now.

    Returns
    -------
    ContractValues
        ``value`` is 0 for futures and perpetuals, whose gain since entry is counted apart;
        ``gains`` has shape (instruments, 8).
    """
    now = _usd_value(listing, prices, 1.0, 1.0)
    gains = [
        _usd_value(listing, prices, 1.0 + move, vol_ratio) - now
        for move in _MOVES
        for vol_ratio in _VOL_RATIOS
    ]
    holds_value = listing.is_kind("option") | listing.is_kind("spot")
    return ContractValues(
        value=np.where(holds_value, now, 0.0),
        notional=listing.lot_notional(prices.index_price),
        gains=np.stack(gains, axis=1),
    )


def unit_risk(
    listing: Listing, values: ContractValues, pocket: Int, instrument: Int, lots: Int
) -> Float:
    """Estimate what each pocket can lose on each underlying.

    Parameters
    ----------
    listing : Listing
        The instruments.
    values : ContractValues
        From `contract_values`.
    pocket, instrument, lots : ndarray of int64, shape (positions,)
        Pocket number, instrument row and signed contracts of each position.

    Returns
    -------
    ndarray, shape (pockets, underlyings)
        USD: the larger of the worst scenario and a gross percentage; underlyings in rising order.
    """
    pockets = int(pocket.max(initial=-1)) + 1
    names, unit_of = np.unique(listing.underlying, return_inverse=True)
    lots_float = lots.astype(np.float64)
    unit = pocket * names.shape[0] + unit_of[instrument]
    worst = np.zeros(pockets * names.shape[0])
    for gains in values.gains.T:
        gain = np.bincount(unit, weights=lots_float * gains[instrument], minlength=worst.shape[0])
        np.maximum(worst, -gain, out=worst)
    ratio = np.where(
        listing.is_kind("option")[instrument],
        np.where(lots < 0, _SHORT_OPTION_RATIO, 0.0),
        _FUTURE_RATIO,
    )
    gross = ratio * np.abs(lots_float) * values.notional[instrument]
    gross_sum = np.bincount(unit, weights=gross, minlength=worst.shape[0])
    return np.maximum(worst, gross_sum).reshape(pockets, names.shape[0])


def _usd_value(listing: Listing, prices: Prices, index_ratio: float, vol_ratio: float) -> Float:
    """Value one contract in USD with all indices and forwards moved by one ratio."""
    moved = prices.index_price * index_ratio
    value = np.where(listing.payoff == "inverse", index_ratio * listing.multiplier, 0.0)
    linear = (listing.payoff == "linear") & ~listing.is_kind("option")
    value = np.where(linear, moved * listing.multiplier, value)
    rows = np.flatnonzero(listing.is_kind("option"))
    # The curve's own carry moves value by well under the cushion; the index serves as forward.
    undiscounted = _black76(
        listing.option_type[rows] == "call",
        moved[rows],
        listing.strike[rows],
        prices.vol_annual[rows] * vol_ratio * np.sqrt(prices.expiry_years[rows]),
    )
    value[rows] = undiscounted * listing.multiplier[rows]
    return value


def _black76(is_call: NDArray[np.bool_], forward: Float, strike: Float, deviation: Float) -> Float:
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    sign = np.where(is_call, 1.0, -1.0)
    price = forward * _normal_cdf(sign * d1) - strike * _normal_cdf(sign * (d1 - deviation))
    return np.asarray(np.maximum(sign * price, 0.0))


def _normal_cdf(x: Float) -> Float:
    """Approximate the normal distribution function to 7.5e-8 (Abramowitz and Stegun 26.2.17)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi) * series
    return np.asarray(np.where(x >= 0.0, 1.0 - tail, tail))
