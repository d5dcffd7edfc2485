"""Who trades on the synthetic venue: kinds of account and the positions they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.simulate.listing import Listing
from tickmargin.simulate.matching import match_sides

Int = NDArray[np.int64]
Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trader:
    """One kind of account.

    ``kind_weight`` is the appetite for perpetual, future, option and spot; ``long_share`` the
    chance of a long in perpetual-or-future, call, put and spot; ``notional_median`` USD of one
    position; ``isolated_share`` the part of linear perpetuals kept in their own pocket.
    """

    name: str
    account_share: float
    positions_mean: float
    notional_median: float
    kind_weight: tuple[float, float, float, float]
    long_share: tuple[float, float, float, float]
    isolated_share: float


_RETAIL = Trader(
    name="retail",
    account_share=0.84,
    positions_mean=3.0,
    notional_median=1_400.0,
    kind_weight=(0.82, 0.03, 0.12, 0.03),
    long_share=(0.66, 0.75, 0.7, 0.6),
    isolated_share=0.16,
)
_HEDGER = Trader(
    name="hedger",
    account_share=0.08,
    positions_mean=3.5,
    notional_median=45_000.0,
    kind_weight=(0.45, 0.3, 0.25, 0.0),
    long_share=(0.15, 0.1, 0.95, 0.3),
    isolated_share=0.0,
)
_OPTION_SELLER = Trader(
    name="option_seller",
    account_share=0.07,
    positions_mean=11.0,
    notional_median=11_000.0,
    kind_weight=(0.1, 0.04, 0.86, 0.0),
    long_share=(0.5, 0.1, 0.12, 0.5),
    isolated_share=0.0,
)
# Market makers take what clients leave: how many positions, and on which side, follows from that.
MARKET_MAKER = Trader(
    name="market_maker",
    account_share=0.01,
    positions_mean=0.0,
    notional_median=16_000.0,
    kind_weight=(0.0, 0.0, 0.0, 0.0),
    long_share=(0.5, 0.5, 0.5, 0.5),
    isolated_share=0.0,
)
CLIENTS = (_RETAIL, _HEDGER, _OPTION_SELLER)
TRADERS = (*CLIENTS, MARKET_MAKER)
ACCOUNTS_MIN = 10
POSITIONS_MIN = 20
_MAKERS_MIN = 3
_NOTIONAL_SIGMA = 1.1
_SIZE = {"BTC": 1.7, "ETH": 0.9, "SOL": 0.4}


@dataclass(frozen=True, slots=True)
class Book:
    """Positions as columns: ``lots`` is signed, ``account`` and ``instrument`` are row numbers.

    ``trader`` has one entry per account: its place in `TRADERS`. ``isolated`` marks positions with
    a pocket of their own.
    """

    trader: Int
    account: Int
    instrument: Int
    lots: Int
    isolated: NDArray[np.bool_]


def draw_book(
    listing: Listing,
    index_price: Float,
    accounts: int,
    positions: int,
    rng: np.random.Generator,
) -> Book:
    """Draw accounts and positions whose longs and shorts agree per instrument, lot by lot.

    Parameters
    ----------
    listing : Listing
        What can be traded.
    index_price : ndarray, shape (instruments,)
        USD, to turn an appetite in USD into contracts.
    accounts, positions : int
        How many, exactly.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    Book
        Sorted by account, then instrument; at most one position per account and instrument.

    Raises
    ------
    InvalidInputError
        If the counts are too small, or more positions are asked for than the market makers, who
        take what clients do not, can hold.
    """
    _check_counts(accounts, positions)
    trader = _draw_traders(accounts, rng)
    lot_notional = listing.lot_notional(index_price)
    makers = np.flatnonzero(trader == len(TRADERS) - 1)
    clients = _draw_clients(listing, lot_notional, trader, positions, rng)
    maker_count = positions - clients.account.shape[0]
    traded = np.unique(clients.instrument)
    capacity = makers.shape[0] * len(listing)
    if maker_count > capacity:
        raise InvalidInputError(
            f"positions must be <= {positions - maker_count + capacity} for {accounts} accounts, "
            f"was {positions}",
            code="INVALID_ARGUMENT",
        )
    account, instrument = _maker_pairs(listing, makers, traded, maker_count, rng)
    client_net = np.zeros(len(listing), dtype=np.int64)
    np.add.at(client_net, clients.instrument, clients.lots)
    is_long = _maker_sides(instrument, client_net, rng)
    wanted = MARKET_MAKER.notional_median * _size_weight(listing)[instrument]
    size = _sizes(lot_notional[instrument], wanted, rng)
    return _join(trader, clients, (account, instrument, np.where(is_long, size, -size)))


def _check_counts(accounts: int, positions: int) -> None:
    if accounts < ACCOUNTS_MIN:
        raise InvalidInputError(
            f"accounts must be >= {ACCOUNTS_MIN}, was {accounts}", code="INVALID_ARGUMENT"
        )
    if positions < POSITIONS_MIN:
        raise InvalidInputError(
            f"positions must be >= {POSITIONS_MIN}, was {positions}", code="INVALID_ARGUMENT"
        )


def _draw_traders(accounts: int, rng: np.random.Generator) -> Int:
    """Give each account its kind; shares are met to one account and three make markets at least."""
    makers = max(_MAKERS_MIN, round(MARKET_MAKER.account_share * accounts))
    shares = np.cumsum([t.account_share for t in CLIENTS]) / sum(t.account_share for t in CLIENTS)
    borders = np.round(shares * (accounts - makers)).astype(np.int64)
    kinds = np.searchsorted(borders, np.arange(accounts), side="right")
    return rng.permutation(kinds.astype(np.int64))


def _draw_clients(
    listing: Listing, lot_notional: Float, trader: Int, positions: int, rng: np.random.Generator
) -> Book:
    """Draw the clients' positions, at most about half of all."""
    # Market makers need room to take the other side of whatever clients trade.
    wanted = sum(t.positions_mean * np.sum(trader == k) for k, t in enumerate(CLIENTS))
    scale = min(1.0, 0.5 * positions / wanted)
    parts = [
        _draw_kind(listing, lot_notional, np.flatnonzero(trader == k), (t, scale), rng)
        for k, t in enumerate(CLIENTS)
    ]
    account, instrument, lots, isolated = (np.concatenate(c) for c in zip(*parts, strict=True))
    # Two draws of one account in one instrument are one position: the first is kept.
    _, first = np.unique(account * len(listing) + instrument, return_index=True)
    first = _cut_to_pairs(instrument, first, positions)
    return Book(trader, account[first], instrument[first], lots[first], isolated[first])


def _cut_to_pairs(instrument: Int, rows: Int, positions: int) -> Int:
    """Drop client rows in rare instruments until two maker rows per traded instrument fit."""
    used, inverse, count = np.unique(instrument[rows], return_inverse=True, return_counts=True)
    order = np.lexsort((used, -count))
    kept = np.cumsum(count[order]) + 2 * np.arange(1, used.shape[0] + 1) <= positions
    allowed = np.zeros(used.shape[0], dtype=np.bool_)
    allowed[order[kept]] = True
    return rows[allowed[inverse]]


def _draw_kind(
    listing: Listing,
    lot_notional: Float,
    members: Int,
    trader_scale: tuple[Trader, float],
    rng: np.random.Generator,
) -> tuple[Int, Int, Int, NDArray[np.bool_]]:
    trader, scale = trader_scale
    count = rng.poisson(trader.positions_mean * scale, members.shape[0])
    account = np.repeat(members, count)
    probability = _appetite(listing, trader)
    border = np.cumsum(probability)
    draw = np.searchsorted(border, rng.random(account.shape[0]) * border[-1], side="right")
    instrument = np.minimum(draw, len(listing) - 1)
    is_long = rng.random(account.shape[0]) < _long_share(listing, trader)[instrument]
    # One draw per account makes some accounts large; one per position makes books uneven.
    account_scale = np.exp(rng.normal(0.0, 0.9, int(members.max(initial=0)) + 1))
    wanted = trader.notional_median * account_scale[account] * _size_weight(listing)[instrument]
    size = _sizes(lot_notional[instrument], wanted, rng)
    linear_perpetual = listing.is_kind("perpetual") & (listing.payoff == "linear")
    isolated = linear_perpetual[instrument] & (rng.random(account.shape[0]) < trader.isolated_share)
    return account, instrument, np.where(is_long, size, -size), isolated


def _appetite(listing: Listing, trader: Trader) -> Float:
    kinds = ("perpetual", "future", "option", "spot")
    weight = np.zeros(len(listing))
    for kind, share in zip(kinds, trader.kind_weight, strict=True):
        rows = listing.is_kind(kind)
        weight[rows] = share * listing.popularity[rows] / listing.popularity[rows].sum()
    return weight


def _long_share(listing: Listing, trader: Trader) -> Float:
    future, call, put, spot = trader.long_share
    return np.select(
        [listing.option_type == "call", listing.option_type == "put", listing.is_kind("spot")],
        [call, put, spot],
        future,
    )


def _size_weight(listing: Listing) -> Float:
    return np.select([listing.underlying == name for name in _SIZE], list(_SIZE.values()), 1.0)


def _sizes(lot_notional: Float, median: Float, rng: np.random.Generator) -> Int:
    notional = median * np.exp(rng.normal(0.0, _NOTIONAL_SIGMA, lot_notional.shape[0]))
    lots: Int = np.maximum(1, np.round(notional / lot_notional)).astype(np.int64)
    return lots


def _maker_pairs(
    listing: Listing, makers: Int, traded: Int, count: int, rng: np.random.Generator
) -> tuple[Int, Int]:
    """Choose which market maker quotes what: two at least in each instrument that trades."""
    quoting = _makers_per_instrument(listing, traded, count, makers.shape[0])
    key = rng.random((makers.shape[0], len(listing)))
    ranking = np.argsort(key, axis=0)
    chosen = np.arange(makers.shape[0])[:, None] < quoting[None, :]
    place, instrument = np.nonzero(chosen)
    return makers[ranking[place, instrument]], instrument.astype(np.int64)


def _makers_per_instrument(listing: Listing, traded: Int, count: int, makers: int) -> Int:
    """Spread ``count`` quotes over instruments by popularity: none, or two and more, in each."""
    # The tiny slope makes all weights differ, so the total below grows by small steps.
    weight = np.sqrt(listing.popularity) * (1.0 + 1e-6 * np.arange(len(listing)))
    lowest = np.zeros(len(listing), dtype=np.int64)
    lowest[traded] = 2

    def spread(factor: float) -> Int:
        quotes = np.minimum(np.floor(factor * weight), makers).astype(np.int64)
        return np.maximum(np.where(quotes < 2, 0, quotes), lowest)

    low, high = 0.0, 2.0 * makers / float(weight.min())
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if spread(middle).sum() <= count else (low, middle)
    quotes = spread(low)
    while (left := count - int(quotes.sum())) > 0:
        room = np.flatnonzero((quotes >= 2) & (quotes < makers))
        if room.shape[0] > 0:
            quotes[room[np.argsort(-weight[room], kind="stable")][:left]] += 1
        else:
            fresh = np.flatnonzero(quotes == 0)
            quotes[fresh[np.argmax(weight[fresh])]] = 2
            quotes[np.argmax(quotes)] -= 1 if left == 1 else 0
    return quotes


def _maker_sides(instrument: Int, client_net: Int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Let makers lean against the clients, with both sides present in every instrument."""
    lean = np.where(client_net > 0, 0.42, np.where(client_net < 0, 0.58, 0.5))
    is_long = rng.random(instrument.shape[0]) < lean[instrument]
    order = np.argsort(instrument, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(instrument[order]) != 0])
    is_long[order[starts]] = True
    is_long[order[starts + 1]] = False
    return is_long


def _join(trader: Int, clients: Book, makers: tuple[Int, Int, Int]) -> Book:
    account = np.r_[clients.account, makers[0]]
    instrument = np.r_[clients.instrument, makers[1]]
    lots = np.r_[clients.lots, makers[2]]
    isolated = np.r_[clients.isolated, np.zeros(makers[0].shape[0], dtype=np.bool_)]
    absorbs = np.r_[np.zeros(clients.account.shape[0]), np.abs(makers[2]).astype(np.float64)]
    matched = match_sides(np.abs(lots), lots > 0, instrument, absorbs)
    order = np.lexsort((instrument, account))
    signed = np.where(lots > 0, matched, -matched)
    return Book(trader, account[order], instrument[order], signed[order], isolated[order])
