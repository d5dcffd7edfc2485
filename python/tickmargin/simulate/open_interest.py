"""Accounts and positions drawn, with a seed, from the open interest of a real option chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.loading import Nullable
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio
from tickmargin.pricing import forwards_from_parity
from tickmargin.simulate.chain import Chain
from tickmargin.simulate.door import market_of, portfolio_of
from tickmargin.simulate.listing import YEAR_NS, Listing
from tickmargin.simulate.matching import apportion
from tickmargin.simulate.sizing import Prices, contract_values, unit_risk
from tickmargin.simulate.state import Columns

Int = NDArray[np.int64]
Float = NDArray[np.float64]

ACCOUNTS_MIN = 10
_LOT_SIZES = (1.0, 0.1, 0.01, 0.001)
_HOLDERS_PER_ROOT_LOT = 0.9
_MAKER_SHARE = 0.01
_CUSHION_MEDIAN = 3.0
_CUSHION_SIGMA = 0.55
_CUSHION_MIN = 1.5
_STRESSED_SHARE = 0.02
_STRESSED_CUSHION = (0.45, 1.5)


@dataclass(frozen=True, slots=True)
class ChainBook:
    """Market and portfolio tables of a chain, and what could not be used.

    ``lot_size`` is the smallest amount of open interest by currency, in base units; it is the
    instruments' multiplier, so that quantities are whole contracts. ``without_forward`` names the
    (currency, expiry_ns) whose marks imply no forward: their options are undecidable.
    """

    as_of_ns: int
    market_tables: dict[str, Columns]
    portfolio_tables: dict[str, Columns]
    lot_size: dict[str, float]
    without_forward: list[tuple[str, int]]

    def market(self) -> Market:
        """Check the market tables and give them as a market."""
        return market_of(self.market_tables, self.as_of_ns)

    def portfolio(self) -> Portfolio:
        """Check the portfolio tables and give them as a portfolio."""
        return portfolio_of(self.portfolio_tables)


def book_from_chain(chain: Chain, accounts: int, seed: int) -> ChainBook:
    """Draw a portfolio whose longs, and shorts, equal the chain's open interest.

    Parameters
    ----------
    chain : Chain
        From `read_chain`: coin-settled options on each currency.
    accounts : int
        How many accounts to draw, >= 10.
    seed : int
        The same chain, count and seed give the same tables.

    Returns
    -------
    ChainBook
        Marks are the chain's implied volatilities, forwards those of put-call parity of its marks,
        the index of each currency the median over its options. Collateral is coin of the currency
        traded, sized by a simple estimate of risk.

    Raises
    ------
    InvalidInputError
        If fewer than ten accounts are asked for, or an open interest is no whole number of lots.
    """
    if accounts < ACCOUNTS_MIN:
        raise InvalidInputError(
            f"accounts must be >= {ACCOUNTS_MIN}, was {accounts}", code="INVALID_ARGUMENT"
        )
    rng = np.random.default_rng(seed)
    lot_size = {str(c): _lot_size(chain, str(c)) for c in np.unique(chain.currency)}
    lot = np.asarray([lot_size[str(c)] for c in chain.currency])
    interest_lots = np.round(chain.open_interest / lot).astype(np.int64)
    listing = _listing(chain, lot)
    index = {c: float(np.median(chain.index_price[chain.currency == c])) for c in lot_size}
    market, without = _market(chain, index)
    maker = np.zeros(accounts, dtype=np.bool_)
    maker[: max(2, round(_MAKER_SHARE * accounts))] = True
    holder, instrument, lots = _draw_positions(interest_lots, maker, rng)
    balances = _balances(chain, listing, (holder, instrument, lots), index, rng)
    names = np.asarray([f"C{number:06d}" for number in range(accounts)])
    portfolio: dict[str, Columns] = {
        "instruments": _instruments(listing),
        "accounts": {"account": names, "tier": np.where(maker, "market_maker", "client")},
        "positions": {
            "account": names[holder],
            "instrument": listing.instrument[instrument],
            "quantity": lots.astype(np.float64),
        },
        "balances": {"account": names[balances[0]], "asset": balances[1], "amount": balances[2]},
    }
    return ChainBook(chain.as_of_ns, market, portfolio, lot_size, without)


def _lot_size(chain: Chain, currency: str) -> float:
    interest = chain.open_interest[chain.currency == currency]
    for size in _LOT_SIZES:
        lots = interest / size
        if np.allclose(lots, np.round(lots), rtol=0.0, atol=1e-6):
            return size
    raise InvalidInputError(
        f"open interest of {currency} is not a whole number of {_LOT_SIZES[-1]}",
        code="NOT_EXACT",
    )


def _listing(chain: Chain, lot: Float) -> Listing:
    count = len(chain)
    return Listing(
        instrument=chain.instrument,
        kind=np.full(count, "option"),
        underlying=chain.currency,
        settlement_asset=chain.currency,
        payoff=np.full(count, "coin"),
        multiplier=lot,
        strike=chain.strike,
        expiry_ns=chain.expiry_ns,
        option_type=np.where(chain.is_call, "call", "put"),
        popularity=np.ones(count),
    )


def _instruments(listing: Listing) -> Columns:
    return {
        "instrument": listing.instrument,
        "kind": listing.kind,
        "underlying": listing.underlying,
        "settlement_asset": listing.settlement_asset,
        "payoff": listing.payoff,
        "multiplier": listing.multiplier,
        "strike": listing.strike,
        "expiry_ns": listing.expiry_ns,
        "option_type": listing.option_type,
    }


def _market(
    chain: Chain, index: dict[str, float]
) -> tuple[dict[str, Columns], list[tuple[str, int]]]:
    coins = sorted(index)
    forwards, without = _forwards(chain)
    tables: dict[str, Columns] = {
        "assets": {
            "asset": np.asarray(["USD", *coins]),
            "mark_price": Nullable(
                np.asarray([1.0, *[0.0] * len(coins)]), np.arange(len(coins) + 1) == 0
            ),
            "underlying": Nullable(np.asarray(["USD", *coins]), np.arange(len(coins) + 1) > 0),
        },
        "underlyings": {
            "underlying": np.asarray(coins),
            "index_price": np.asarray([index[coin] for coin in coins]),
            "quote_asset": np.asarray(["USD"] * len(coins)),
        },
        "forwards": forwards,
        "marks": {"instrument": chain.instrument, "vol_annual": chain.vol_annual},
    }
    return tables, without


def _forwards(chain: Chain) -> tuple[Columns, list[tuple[str, int]]]:
    found: list[tuple[str, int, float]] = []
    without: list[tuple[str, int]] = []
    for currency in np.unique(chain.currency).tolist():
        rows = chain.currency == currency
        implied = forwards_from_parity(
            chain.is_call[rows],
            chain.strike[rows],
            chain.expiry_ns[rows],
            chain.mark_price[rows],
            coin_settled=True,
        )
        for expiry_ns, forward in zip(
            implied["expiry_ns"].tolist(), implied["forward_price"].tolist(), strict=True
        ):
            if np.isfinite(forward) and forward > 0.0:
                found.append((currency, expiry_ns, forward))
            else:
                without.append((currency, expiry_ns))
    columns: Columns = {
        "underlying": np.asarray([f[0] for f in found], dtype=np.str_),
        "expiry_ns": np.asarray([f[1] for f in found], dtype=np.int64),
        "forward_price": np.asarray([f[2] for f in found], dtype=np.float64),
    }
    return columns, without


def _draw_positions(
    interest_lots: Int, maker: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Int, Int, Int]:
    """Deal each instrument's lots to holders, both sides to the lot; an account has one side."""
    accounts = maker.shape[0]
    activity = np.asarray(rng.pareto(1.7, accounts)) + 0.3
    activity[maker] += 0.6 * accounts * _MAKER_SHARE + 5.0
    # A few accounts mostly buy options, a few mostly sell them; market makers do both.
    buyer = np.where(maker, 0.5, rng.beta(0.7, 0.7, accounts))
    listed = interest_lots.shape[0]
    wanted = 1 + rng.poisson(_HOLDERS_PER_ROOT_LOT * np.sqrt(interest_lots))
    holders = np.minimum(np.minimum(wanted, interest_lots), accounts // 2)
    instrument = np.repeat(np.tile(np.arange(listed), 2), np.tile(holders, 2))
    is_long = np.repeat([True, False], holders.sum())
    account = np.where(
        is_long,
        _weighted(activity * buyer, instrument.shape[0], rng),
        _weighted(activity * (1.0 - buyer), instrument.shape[0], rng),
    )
    account = _separate_first_two(account, instrument, is_long, accounts)
    rows = _one_side_each(account, instrument, is_long, listed)
    account, instrument, is_long = account[rows], instrument[rows], is_long[rows]
    side = instrument * 2 + is_long
    present = np.bincount(side, minlength=2 * listed)
    left = np.repeat(interest_lots, 2) * (present > 0) - present
    weight = activity[account] * rng.exponential(1.0, account.shape[0])
    lots = 1 + apportion(left, weight, side)
    order = np.lexsort((instrument, account))
    return account[order], instrument[order], np.where(is_long, lots, -lots)[order]


def _weighted(weight: Float, count: int, rng: np.random.Generator) -> Int:
    border = np.cumsum(weight)
    drawn = np.searchsorted(border, rng.random(count) * border[-1], side="right")
    found: Int = np.minimum(drawn, weight.shape[0] - 1).astype(np.int64)
    return found


def _separate_first_two(
    account: Int, instrument: Int, is_long: NDArray[np.bool_], accounts: int
) -> Int:
    """Give the first long and the first short of an instrument to different accounts."""
    longs = int(is_long.sum())
    starts = np.unique(instrument[:longs], return_index=True)[1]
    separated = account.copy()
    same = account[starts] == account[starts + longs]
    separated[starts[same] + longs] = (account[starts[same]] + 1) % accounts
    return separated


def _one_side_each(account: Int, instrument: Int, is_long: NDArray[np.bool_], listed: int) -> Int:
    """Keep the first row of each account and instrument; first longs and shorts come before all."""
    rank = np.zeros(account.shape[0], dtype=np.int64)
    side = instrument * 2 + is_long
    first = np.unique(side, return_index=True)[1]
    rank[first] = -1
    order = np.argsort(rank, kind="stable")
    kept = np.unique((account * listed + instrument)[order], return_index=True)[1]
    return np.sort(order[kept])


def _balances(
    chain: Chain,
    listing: Listing,
    positions: tuple[Int, Int, Int],
    index: dict[str, float],
    rng: np.random.Generator,
) -> tuple[Int, NDArray[np.str_], Float]:
    holder, instrument, lots = positions
    years = (chain.expiry_ns - chain.as_of_ns) / YEAR_NS
    prices = Prices(chain.index_price, years, chain.vol_annual)
    values = contract_values(listing, prices)
    risk = unit_risk(listing, values, holder, instrument, lots)
    coins, coin_of = np.unique(chain.currency, return_inverse=True)
    unit = holder * coins.shape[0] + coin_of[instrument]
    worth = np.bincount(unit, weights=lots * values.value[instrument], minlength=risk.size)
    drawn = _CUSHION_MEDIAN * np.exp(rng.normal(0.0, _CUSHION_SIGMA, risk.shape[0]))
    stressed = rng.random(risk.shape[0]) < _STRESSED_SHARE
    cushion = np.where(
        stressed,
        rng.uniform(*_STRESSED_CUSHION, risk.shape[0]),
        np.maximum(drawn, _CUSHION_MIN),
    )
    needed = cushion[:, None] * risk - worth.reshape(risk.shape)
    account, coin = np.nonzero(needed > 0.0)
    price = np.asarray([index[str(c)] for c in coins])
    amount = np.floor(needed[account, coin] / price[coin] * 1e8) / 1e8
    held = amount > 0.0
    return account[held].astype(np.int64), coins[coin[held]], amount[held]
