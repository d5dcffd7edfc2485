"""Entry prices, pockets and balances of the synthetic accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.simulate.listing import Listing
from tickmargin.simulate.sizing import Prices, contract_values, unit_risk
from tickmargin.simulate.state import (
    BASE_STATE,
    asset_price,
    expiry_years,
    index_of,
    linear_quotes,
    mark_prices,
    option_vols,
)
from tickmargin.simulate.traders import TRADERS, Book

Int = NDArray[np.int64]
Float = NDArray[np.float64]

ASSETS = ("USD", "USDC", "USDT", "BTC", "ETH", "SOL")
_DECIMALS = np.asarray([2, 2, 2, 8, 8, 8])

# Median of equity over estimated risk, and how likely each asset is to hold the collateral.
_CUSHION_MEDIAN = {"retail": 2.6, "hedger": 3.4, "option_seller": 2.8, "market_maker": 2.2}
_ASSET_WEIGHT = {
    "retail": (0.04, 0.16, 0.62, 0.10, 0.06, 0.02),
    "hedger": (0.04, 0.12, 0.04, 0.52, 0.25, 0.03),
    "option_seller": (0.06, 0.22, 0.08, 0.42, 0.20, 0.02),
    "market_maker": (0.34, 0.26, 0.12, 0.18, 0.09, 0.01),
}
_ASSETS_HELD_MEAN = {"retail": 1.0, "hedger": 1.6, "option_seller": 2.0, "market_maker": 9.0}
_CUSHION_SIGMA = 0.55
_CUSHION_MIN = 1.35
_STRESSED_SHARE = 0.02
_STRESSED_CUSHION = (0.45, 1.5)
_COLLATERAL_MIN_USD = 40.0
_DEBT_SHARE = 0.02
_DEBT_RATIO = 0.25
_ISOLATED_CUSHION_MEDIAN = 3.0
_ENTRY_SIGMA = 0.022


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances as columns: account row, pocket row (-1 for cross) and place in `ASSETS`."""

    account: Int
    position: Int
    asset: Int
    amount: Float


def entry_prices(listing: Listing, book: Book, rng: np.random.Generator) -> Float:
    """Draw the price at which each future or perpetual was opened; NaN for the other kinds.

    Parameters
    ----------
    listing : Listing
        The instruments.
    book : Book
        Positions.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    ndarray, shape (positions,)
        Marks moved by a lognormal with 2.2 % deviation, to a hundredth.
    """
    mark = mark_prices(listing, BASE_STATE)
    mark = np.where(listing.is_kind("spot"), np.nan, mark)[book.instrument]
    drawn: Float = mark * np.exp(rng.normal(0.0, _ENTRY_SIGMA, mark.shape[0]))
    return np.round(drawn, 2)


def draw_balances(
    listing: Listing, book: Book, entry_price: Float, rng: np.random.Generator
) -> Balances:
    """Give every pocket collateral for its risk: most are healthy, a few per cent are not.

    Parameters
    ----------
    listing : Listing
        The instruments.
    book : Book
        Positions.
    entry_price : ndarray, shape (positions,)
        From `entry_prices`.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    Balances
        Amounts cut to the asset's decimals; about 2 % of accounts have borrowed USDT.
    """
    accounts = book.trader.shape[0]
    pocket = np.where(book.isolated, accounts + np.cumsum(book.isolated) - 1, book.account)
    pockets = accounts + int(book.isolated.sum())
    prices = Prices(
        index_of(listing, BASE_STATE),
        expiry_years(listing, BASE_STATE.as_of_ns),
        option_vols(listing, BASE_STATE),
    )
    values = contract_values(listing, prices)
    risk = np.zeros(pockets)
    found = unit_risk(listing, values, pocket, book.instrument, book.lots).sum(axis=1)
    risk[: found.shape[0]] = found
    worth = np.bincount(
        pocket,
        weights=book.lots * values.value[book.instrument]
        + _unrealised_usd(listing, book, entry_price),
        minlength=pockets,
    )
    cushion = _cushions(book.trader, pockets, rng)
    needed = np.maximum(cushion * risk - worth, _COLLATERAL_MIN_USD)
    cross = _cross_balances(book.trader, needed[:accounts], rng)
    rows = np.flatnonzero(book.isolated)
    isolated = _isolated_balances(listing, book, rows, needed[accounts:])
    return Balances(*(np.concatenate(pair) for pair in zip(cross, isolated, strict=True)))


def _cushions(trader: Int, pockets: int, rng: np.random.Generator) -> Float:
    median = np.full(pockets, _ISOLATED_CUSHION_MEDIAN)
    median[: trader.shape[0]] = np.asarray([_CUSHION_MEDIAN[t.name] for t in TRADERS])[trader]
    cushion = median * np.exp(rng.normal(0.0, _CUSHION_SIGMA, pockets))
    stressed = rng.random(pockets) < _STRESSED_SHARE
    return np.where(
        stressed, rng.uniform(*_STRESSED_CUSHION, pockets), np.maximum(cushion, _CUSHION_MIN)
    )


def _unrealised_usd(listing: Listing, book: Book, entry_price: Float) -> Float:
    """Give the gain since entry in USD: linear in the price, inverse in its reciprocal."""
    row = book.instrument
    mark = mark_prices(listing, BASE_STATE)[row]
    inverse = (listing.payoff == "inverse")[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        per_unit = np.where(
            inverse,
            (1.0 / entry_price - 1.0 / mark) * index_of(listing, BASE_STATE)[row],
            (mark - entry_price) * linear_quotes(listing, BASE_STATE)[row],
        )
    gain = book.lots * listing.multiplier[row] * per_unit
    return np.where(np.isnan(entry_price), 0.0, gain)


def _cross_balances(
    trader: Int, needed_usd: Float, rng: np.random.Generator
) -> tuple[Int, Int, Int, Float]:
    """Split what each account needs over assets it likes, and let a few borrow USDT."""
    accounts = trader.shape[0]
    shares = np.zeros((accounts, len(ASSETS)))
    for kind, held in enumerate(TRADERS):
        members = np.flatnonzero(trader == kind)
        weight = np.asarray(_ASSET_WEIGHT[held.name])
        draws = 1 + rng.poisson(_ASSETS_HELD_MEAN[held.name] - 1.0, members.shape[0])
        rows = np.repeat(members, draws)
        picks = np.searchsorted(np.cumsum(weight), rng.random(rows.shape[0]) * weight.sum())
        np.add.at(shares, (rows, picks), rng.exponential(1.0, rows.shape[0]))
    shares /= shares.sum(axis=1, keepdims=True)
    usdt = ASSETS.index("USDT")
    borrows = (rng.random(accounts) < _DEBT_SHARE) & (shares[:, usdt] == 0.0)
    shares[borrows] *= 1.0 + _DEBT_RATIO
    shares[borrows, usdt] = -_DEBT_RATIO
    price = np.asarray([asset_price(BASE_STATE, asset) for asset in ASSETS])
    account, asset = np.nonzero(shares)
    amount = _cut(shares[account, asset] * needed_usd[account] / price[asset], asset)
    return account.astype(np.int64), np.full(account.shape[0], -1), asset.astype(np.int64), amount


def _isolated_balances(
    listing: Listing, book: Book, rows: Int, needed_usd: Float
) -> tuple[Int, Int, Int, Float]:
    settlement = listing.settlement_asset[book.instrument[rows]]
    asset = np.select([settlement == name for name in ASSETS], range(len(ASSETS)))
    price = np.asarray([asset_price(BASE_STATE, name) for name in ASSETS])
    amount = _cut(needed_usd / price[asset], asset)
    return book.account[rows], rows, asset.astype(np.int64), amount


def _cut(amount: Float, asset: Int) -> Float:
    """Round towards zero for credit and away from it for debt: never in the account's favour."""
    unit = 10.0 ** _DECIMALS[asset]
    return np.floor(amount * unit) / unit
