"""A seeded synthetic venue: market and portfolio tables of any size, without a data file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading import Nullable
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio
from tickmargin.simulate.collateral import ASSETS, Balances, draw_balances, entry_prices
from tickmargin.simulate.door import market_of, portfolio_of
from tickmargin.simulate.listing import NO_EXPIRY, Listing, list_instruments
from tickmargin.simulate.state import BASE_STATE, Columns, VenueState, index_of, market_tables
from tickmargin.simulate.traders import TRADERS, Book, draw_book

Names = NDArray[np.str_]

_JURISDICTIONS = ("EU", "UK", "SG", "AE", "BR")
_JURISDICTION_WEIGHT = (0.34, 0.16, 0.2, 0.14, 0.16)


@dataclass(frozen=True, slots=True)
class Venue:
    """A synthetic venue before anything happens to it.

    ``portfolio_tables`` holds ``instruments``, ``accounts``, ``positions`` and ``balances`` as
    columns; ``market_at`` marks the same instruments in any state, such as a day of the crash.
    """

    listing: Listing
    book: Book
    portfolio_tables: dict[str, Columns]

    def portfolio(self) -> Portfolio:
        """Check the tables and give them as a portfolio."""
        return portfolio_of(self.portfolio_tables)

    def market_at(self, state: VenueState = BASE_STATE) -> Market:
        """Give the market of a state."""
        return market_of(market_tables(self.listing, state), state.as_of_ns)


def synthetic_venue(
    accounts: int = 100_000, positions: int = 1_000_000, seed: int = 20260130
) -> Venue:
    """Make a venue: 3 underlyings, 2,052 instruments, accounts of four kinds.

    Parameters
    ----------
    accounts : int, default 100_000
        Number of accounts, >= 10.
    positions : int, default 1_000_000
        Number of positions, >= 20; longs and shorts of an instrument agree to the contract.
    seed : int, default 20260130
        The same seed, counts and version give the same tables.

    Returns
    -------
    Venue
        Ready to give a portfolio, and a market in any state.

    Raises
    ------
    InvalidInputError
        If a count is too small or the accounts cannot hold so many positions.
    """
    rng = np.random.default_rng(seed)
    listing = list_instruments()
    book = draw_book(listing, index_of(listing, BASE_STATE), accounts, positions, rng)
    entry_price = entry_prices(listing, book, rng)
    balances = draw_balances(listing, book, entry_price, rng)
    names = _account_names(accounts)
    pockets = _pocket_names(listing, book)
    tables: dict[str, Columns] = {
        "instruments": instrument_columns(listing),
        "accounts": _account_columns(book, names, rng),
        "positions": {
            "account": names[book.account],
            "pocket": pockets,
            "instrument": listing.instrument[book.instrument],
            "quantity": book.lots.astype(np.float64),
            "entry_price": _nullable(entry_price),
        },
        "balances": _balance_columns(balances, names, pockets),
    }
    return Venue(listing, book, tables)


def instrument_columns(listing: Listing) -> Columns:
    """Give a listing as the columns of the ``instruments`` table."""
    return {
        "instrument": listing.instrument,
        "kind": listing.kind,
        "underlying": listing.underlying,
        "settlement_asset": listing.settlement_asset,
        "payoff": listing.payoff,
        "multiplier": listing.multiplier,
        "strike": _nullable(listing.strike),
        "expiry_ns": Nullable(listing.expiry_ns, listing.expiry_ns != NO_EXPIRY),
        "option_type": Nullable(listing.option_type, listing.option_type != ""),
    }


def _account_names(accounts: int) -> Names:
    digits = max(6, len(str(accounts)))
    return np.asarray([f"A{number:0{digits}d}" for number in range(accounts)])


def _account_columns(book: Book, names: Names, rng: np.random.Generator) -> Columns:
    border = np.cumsum(_JURISDICTION_WEIGHT)
    drawn = np.searchsorted(border, rng.random(names.shape[0]) * border[-1], side="right")
    return {
        "account": names,
        "tier": np.asarray([t.name for t in TRADERS])[book.trader],
        "jurisdiction": np.asarray(_JURISDICTIONS)[np.minimum(drawn, len(_JURISDICTIONS) - 1)],
        "credit_score": np.round(rng.beta(6.0, 2.5, names.shape[0]), 3),
    }


def _pocket_names(listing: Listing, book: Book) -> Names:
    names = np.char.add("isolated-", listing.instrument)
    return np.where(book.isolated, names[book.instrument], "cross")


def _balance_columns(balances: Balances, names: Names, pockets: Names) -> Columns:
    isolated = balances.position >= 0
    return {
        "account": names[balances.account],
        "pocket": np.where(isolated, pockets[balances.position], "cross"),
        "asset": np.asarray(ASSETS)[balances.asset],
        "amount": balances.amount,
    }


def _nullable(values: NDArray[np.float64]) -> Nullable:
    return Nullable(values, ~np.isnan(values))
