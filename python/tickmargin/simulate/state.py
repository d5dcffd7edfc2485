"""The synthetic venue's market at one moment, as the columns `Market.from_tables` reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading import Nullable
from tickmargin.simulate.listing import (
    AS_OF_NS,
    UNDERLYINGS,
    YEAR_NS,
    Listing,
    expiries_ns,
)
from tickmargin.simulate.smile import SmileState, smile_vol

Columns = dict[str, NDArray[np.generic] | Nullable]
"""Columns of one table, ready for `from_tables`."""


@dataclass(frozen=True, slots=True)
class UnderlyingState:
    """One underlying at one moment.

    Parameters
    ----------
    index_price : float
        USD per base unit.
    smile : SmileState
        Its volatilities.
    basis_annual : float
        Continuous annual carry of the futures curve: F = index * exp(basis * T).
    perpetual_premium_ratio : float
        Perpetual mark over index, less one.
    realised_vol_annual : float
        What `dynamic` policies scale with.
    depth_notional : float
        USD resting within 1 % of mid.
    """

    index_price: float
    smile: SmileState
    basis_annual: float
    perpetual_premium_ratio: float
    realised_vol_annual: float
    depth_notional: float


@dataclass(frozen=True, slots=True)
class VenueState:
    """The whole market at ``as_of_ns``: the underlyings and USD per stablecoin."""

    as_of_ns: int
    underlyings: dict[str, UnderlyingState]
    stablecoin_prices: dict[str, float]


BASE_STATE = VenueState(
    as_of_ns=AS_OF_NS,
    underlyings={
        "BTC": UnderlyingState(
            84_120.0, SmileState(0.39, 0.465, -0.060, 0.20), 0.048, 0.0001, 0.42, 9.0e6
        ),
        "ETH": UnderlyingState(
            2_742.0, SmileState(0.56, 0.655, -0.045, 0.19), 0.043, 0.0001, 0.61, 4.2e6
        ),
        "SOL": UnderlyingState(
            117.4, SmileState(0.69, 0.785, -0.035, 0.18), 0.038, 0.00005, 0.74, 1.1e6
        ),
    },
    stablecoin_prices={"USDC": 0.9999, "USDT": 0.9995},
)


def market_tables(listing: Listing, state: VenueState) -> dict[str, Columns]:
    """Write a venue state down as market tables.

    Parameters
    ----------
    listing : Listing
        The instruments to mark.
    state : VenueState
        Prices and volatilities.

    Returns
    -------
    dict
        ``assets``, ``underlyings``, ``forwards`` and ``marks``; prices in USD, linear contracts in
        their own settlement asset, volatilities annual.
    """
    return {
        "assets": _assets(state),
        "underlyings": _underlyings(state),
        "forwards": _forwards(state),
        "marks": _marks(listing, state),
    }


def asset_price(state: VenueState, asset: str) -> float:
    """Give USD per unit of an asset of the venue."""
    if asset == "USD":
        return 1.0
    if asset in state.stablecoin_prices:
        return state.stablecoin_prices[asset]
    return state.underlyings[asset].index_price


def index_of(listing: Listing, state: VenueState) -> NDArray[np.float64]:
    """Give the index price under each instrument, in USD."""
    return _by_underlying(
        listing.underlying, {name: u.index_price for name, u in state.underlyings.items()}
    )


def expiry_years(listing: Listing, as_of_ns: int) -> NDArray[np.float64]:
    """Give ACT/365 years to expiry; 0 for what does not expire."""
    has_expiry = listing.is_kind("option") | listing.is_kind("future")
    left_ns = np.where(has_expiry, listing.expiry_ns, as_of_ns) - as_of_ns
    return left_ns / YEAR_NS


def option_vols(listing: Listing, state: VenueState) -> NDArray[np.float64]:
    """Give the mark volatility of each option; NaN for the other kinds."""
    vols = np.full(len(listing), np.nan)
    years = expiry_years(listing, state.as_of_ns)
    for name, underlying in state.underlyings.items():
        rows = listing.is_kind("option") & (listing.underlying == name)
        forward = underlying.index_price * np.exp(underlying.basis_annual * years[rows])
        vols[rows] = smile_vol(underlying.smile, forward, listing.strike[rows], years[rows])
    return vols


def linear_quotes(listing: Listing, state: VenueState) -> NDArray[np.float64]:
    """Give USD per unit of each instrument's quote: a stablecoin if linear, USD otherwise."""
    return np.where(
        listing.payoff == "linear",
        [asset_price(state, str(asset)) for asset in listing.settlement_asset],
        1.0,
    )


def mark_prices(listing: Listing, state: VenueState) -> NDArray[np.float64]:
    """Give the mark of each instrument but the options (NaN), in its own quote."""
    years = expiry_years(listing, state.as_of_ns)
    basis = _by_underlying(
        listing.underlying, {name: u.basis_annual for name, u in state.underlyings.items()}
    )
    premium = _by_underlying(
        listing.underlying, {n: u.perpetual_premium_ratio for n, u in state.underlyings.items()}
    )
    fair_usd = index_of(listing, state) * np.where(
        listing.is_kind("perpetual"), 1.0 + premium, np.exp(basis * years)
    )
    price = fair_usd / linear_quotes(listing, state)
    return np.where(listing.is_kind("option"), np.nan, price)


def _assets(state: VenueState) -> Columns:
    stable = sorted(state.stablecoin_prices)
    names = ["USD", *stable, *UNDERLYINGS]
    prices = [1.0, *(state.stablecoin_prices[s] for s in stable)]
    is_coin = np.arange(len(names)) >= len(prices)
    # A coin is worth its index, so a crash of the index is a crash of the collateral as well.
    return {
        "asset": np.asarray(names),
        "mark_price": Nullable(np.asarray([*prices, *[0.0] * len(UNDERLYINGS)]), ~is_coin),
        "underlying": Nullable(np.asarray(names), is_coin),
    }


def _underlyings(state: VenueState) -> Columns:
    rows = [state.underlyings[name] for name in UNDERLYINGS]
    return {
        "underlying": np.asarray(UNDERLYINGS),
        "index_price": np.asarray([u.index_price for u in rows]),
        "quote_asset": np.asarray(["USD"] * len(rows)),
        "realised_vol_annual": np.asarray([u.realised_vol_annual for u in rows]),
        "depth_notional": np.asarray([u.depth_notional for u in rows]),
    }


def _forwards(state: VenueState) -> Columns:
    expiries = expiries_ns()
    years = (expiries - state.as_of_ns) / YEAR_NS
    prices = [
        state.underlyings[name].index_price * np.exp(state.underlyings[name].basis_annual * years)
        for name in UNDERLYINGS
    ]
    return {
        "underlying": np.repeat(np.asarray(UNDERLYINGS), expiries.shape[0]),
        "expiry_ns": np.tile(expiries, len(UNDERLYINGS)),
        "forward_price": np.concatenate(prices),
    }


def _marks(listing: Listing, state: VenueState) -> Columns:
    is_option = listing.is_kind("option")
    return {
        "instrument": listing.instrument,
        "mark_price": Nullable(mark_prices(listing, state), ~is_option),
        "vol_annual": Nullable(option_vols(listing, state), is_option),
    }


def _by_underlying(names: NDArray[np.str_], values: dict[str, float]) -> NDArray[np.float64]:
    return np.select([names == name for name in values], list(values.values()), np.nan)
