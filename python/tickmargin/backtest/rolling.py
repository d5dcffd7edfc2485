"""Margins every book at every time of a history and compares them with the loss that followed.

A book is a set of perpetuals of a fixed worth, set up anew at each time; what the policy asks for
is set against the loss over the policy's own horizon. Nothing after a time enters its margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.arguments import refuse
from tickmargin.backtest.forecasts import Forecast, Forecaster, measure_of
from tickmargin.backtest.history import DAY_NS, PriceHistory, ewma_vol, is_unknown
from tickmargin.backtest.needs import (
    OF_THE_BOOK,
    check_columns,
    check_decided,
    columns_read,
    first_known_ns,
)
from tickmargin.history import History

if TYPE_CHECKING:
    from tickmargin.policies import Policies

__all__ = ["Book", "Promise", "Rolled", "price_books", "promise_of", "roll_prices"]

WARM_UP_DAYS = 30.0
_OF_THE_MARK = "funding_rate_annual"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a margin says of itself: to cover a loss over a horizon with a confidence."""

    initial_days: float = 1.0
    initial_confidence: float = 0.99
    maintenance_days: float = 1.0
    maintenance_confidence: float = 0.99


@dataclass(frozen=True, slots=True)
class Book:
    """An account of a backtest: worth in the numeraire by underlying, signed; its class."""

    name: str
    kind: str
    worth: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rolled:
    """A row per book and time.

    Attributes
    ----------
    books, kinds : tuple of str
        Name and class of each book.
    book : array of int
        Which, by row; rows are sorted by time, then book.
    times_ns : array of int64
    initial_margin, maintenance_margin : array of float
        As asked for at that time.
    initial_loss, maintenance_loss : array of float
        What was lost over the horizon of each; NaN where the history ends before.
    gross_notional : array of float
        Size of what is held at the index price, longs and shorts added.
    initial_steps, maintenance_steps : int
        Rows of history in each horizon: windows that far apart do not overlap.
    next_loss : array of float, optional
        From each time to the next one margined, whatever the horizons; NaN at the last. None where
        the books of the next time are others.
    initial_forecast, maintenance_forecast : Forecast, optional
        What the policy's measure forecasts; None where it is no forecast of the loss.
    """

    books: tuple[str, ...]
    kinds: tuple[str, ...]
    book: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    initial_margin: NDArray[np.float64]
    maintenance_margin: NDArray[np.float64]
    initial_loss: NDArray[np.float64]
    maintenance_loss: NDArray[np.float64]
    gross_notional: NDArray[np.float64]
    initial_steps: int = 1
    maintenance_steps: int = 1
    next_loss: NDArray[np.float64] | None = None
    initial_forecast: Forecast | None = None
    maintenance_forecast: Forecast | None = None


def promise_of(policies: Policies) -> Promise:
    """The promise of a file's first policy: what it states, else what its method's horizons say.

    A policy that states nothing is held to a day at 99 %.
    """
    config = policies.loaded[0].config
    stated = config.promise
    if stated is not None:
        return Promise(
            stated.horizon_initial_days,
            stated.confidence_initial,
            stated.horizon_maintenance_days,
            stated.confidence_maintenance,
        )
    own = measure_of(config)
    if own is None:
        return Promise()
    return Promise(
        own.horizon_initial_days,
        own.confidence_initial,
        own.horizon_maintenance_days,
        own.confidence_maintenance,
    )


def price_books(underlyings: Sequence[str], worth: float = 100_000.0) -> list[Book]:
    """Long and short of each underlying; of several also all together and the first hedged."""
    books = []
    for name in underlyings:
        books += [
            Book(f"long {name}", name, {name: worth}),
            Book(f"short {name}", name, {name: -worth}),
        ]
    if len(underlyings) > 1:
        share = worth / len(underlyings)
        first, *others = underlyings
        hedge = {first: worth / 2.0} | {name: -worth / 2.0 / len(others) for name in others}
        books += [
            Book("long all", "mixed", dict.fromkeys(underlyings, share)),
            Book("short all", "mixed", dict.fromkeys(underlyings, -share)),
            Book(f"long {first}, short others", "mixed", hedge),
            Book(f"short {first}, long others", "mixed", {n: -w for n, w in hedge.items()}),
        ]
    return books


def roll_prices(
    policies: Policies,
    history: PriceHistory,
    books: Sequence[Book],
    *,
    promise: Promise | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    every: int = 1,
    half_life_days: float = 11.2,
    depth_notional: float = 50_000_000.0,
    forecast: bool = True,
    step: Callable[[], None] = lambda: None,
) -> Rolled:
    """Margin the books at every time of a history.

    Parameters
    ----------
    policies : Policies
    history : PriceHistory
        Rows before ``start_ns`` only feed the volatility.
    books : sequence of Book
    promise : Promise, optional
        Horizons; the policy's own by default.
    start_ns, end_ns : int, optional
        Times margined; the first ``WARM_UP_DAYS`` of the history never are, nor what comes before
        a `var` or `es` policy has the past moves it measures in.
    every : int
        Margin every so many rows.
    half_life_days : float
        Of the weights of the realised volatility that the market states.
    depth_notional : float
        What rests within 1 % of mid, stated as constant where the history does not say.
    forecast : bool
        Whether what the policy's measure forecasts is asked for too.
    step : callable
        Called after each time, for a progress bar.

    Raises
    ------
    InvalidInputError
        MISSING_COLUMN, MISSING_VALUE: the policy reads a column of a market that the history does
        not have, or not at every time margined.
    """
    said = promise or promise_of(policies)
    rows = margined_rows(history, start_ns, end_ns, every, policies)
    check_columns(policies, history, rows)
    steps = [_steps(history, days) for days in (said.initial_days, said.maintenance_days)]
    vols = ewma_vol(history, half_life_days)
    venue = _Venue(policies, history, books, depth_notional)
    forecaster = Forecaster(policies, said, books)
    margins = np.empty((rows.size, len(books), 2))
    for place, row in enumerate(rows.tolist()):
        margins[place] = venue.margins(row, vols[row])
        if forecast and forecaster.wanted:
            by_name = dict(zip(history.underlyings, vols[row].tolist(), strict=True))
            forecaster.add(venue.measured, by_name)
        step()
    worth = np.array([[b.worth.get(u, 0.0) for u in history.underlyings] for b in books])
    losses = [_losses(history.prices, rows, rows + n, worth) for n in steps]
    until_next = _losses(history.prices, rows, np.append(rows[1:], len(history.prices)), worth)
    initial_forecast, maintenance_forecast = forecaster.forecasts() if forecast else (None, None)
    return Rolled(
        books=tuple(b.name for b in books),
        kinds=tuple(b.kind for b in books),
        book=np.tile(np.arange(len(books)), rows.size),
        times_ns=np.repeat(history.times_ns[rows], len(books)),
        initial_margin=margins[:, :, 0].ravel(),
        maintenance_margin=margins[:, :, 1].ravel(),
        initial_loss=losses[0],
        maintenance_loss=losses[1],
        gross_notional=np.tile(np.abs(worth).sum(axis=1), rows.size),
        initial_steps=max(1, math.ceil(steps[0] / every)),
        maintenance_steps=max(1, math.ceil(steps[1] / every)),
        next_loss=until_next,
        initial_forecast=initial_forecast,
        maintenance_forecast=maintenance_forecast,
    )


def margined_rows(
    history: PriceHistory,
    start_ns: int | None,
    end_ns: int | None,
    every: int,
    policies: Policies | None = None,
) -> NDArray[np.int64]:
    """Rows of a history that a backtest margins: after the warm-up, and what policies need."""
    times = history.times_ns
    first = times[0] + int(WARM_UP_DAYS * DAY_NS)
    if policies is not None:
        first = max(first, first_known_ns(policies, history) or first)
    low = first if start_ns is None else max(first, start_ns)
    keep = (times >= low) & (times < (times[-1] + 1 if end_ns is None else end_ns))
    rows = np.flatnonzero(keep)[::every]
    if rows.size < 2:
        raise refuse(
            f"the history has {rows.size} times to margin after "
            f"{(first - times[0]) / DAY_NS:.4g} days of warm-up (30 days, or what the policy needs)"
        )
    return rows


def _steps(history: PriceHistory, days: float) -> int:
    steps = round(days / history.step_days)
    if steps < 1:
        raise refuse(
            f"a horizon of {days:g} days is shorter than the history's step of "
            f"{history.step_days:g} days; hold the policy to a longer one (--horizon-days)"
        )
    return steps


def _losses(
    prices: NDArray[np.float64],
    rows: NDArray[np.int64],
    after: NDArray[np.int64],
    worth: NDArray[np.float64],
) -> NDArray[np.float64]:
    known = after < prices.shape[0]
    moves = np.full((rows.size, prices.shape[1]), np.nan)
    moves[known] = prices[after[known]] / prices[rows[known]] - 1.0
    return np.asarray(-(moves @ worth.T)).ravel()


def _cells(values: NDArray[Any]) -> list[Any]:
    """A row of a history's column as a table takes it: None where nothing is known."""
    pairs = zip(values.tolist(), is_unknown(values).tolist(), strict=True)
    return [None if unknown else value for value, unknown in pairs]


class _Venue:
    """Perpetuals on each underlying, an account per book, at one time after the other."""

    def __init__(
        self, policies: Policies, history: PriceHistory, books: Sequence[Book], depth: float
    ) -> None:
        underlyings = history.underlyings
        self._policies, self._history = policies, history
        self._read = columns_read(policies, underlyings) & set(history.columns)
        # of which an engine sees what is not after its market
        self._past = History.of(
            history.times_ns, dict(zip(underlyings, history.prices.T, strict=True))
        )
        self._underlyings = list(underlyings)
        self._depth = depth
        self._accounts = [f"b{i}" for i in range(len(books))]
        self._probes = [f"probe {u}" for u in underlyings]
        self._legs = [
            (account, underlying, worth)
            for account, book in zip(self._accounts, books, strict=True)
            for underlying, worth in book.worth.items()
        ]
        # what one unit of worth asks for is the ratio that a speed limit starts from
        self._legs += [(p, u, 1.0) for p, u in zip(self._probes, underlyings, strict=True)]
        self._previous: tuple[int, NDArray[np.float64]] | None = None

    def margins(self, row: int, vols: NDArray[np.float64]) -> NDArray[np.float64]:
        """Initial and maintenance margin of each book at a row of the history."""
        from tickmargin.engine import Engine

        now_ns, prices = int(self._history.times_ns[row]), self._history.prices[row]
        said = {name: _cells(self._history.columns[name][row]) for name in self._read}
        market, portfolio = self._market(now_ns, prices, vols, said), self._portfolio(prices, said)
        self._engine = Engine(market, portfolio, self._policies, history=self._past)
        both = self._asked(None, (*self._accounts, *self._probes), now_ns)
        self._previous = (now_ns, both[len(self._accounts) :, 1])
        return both[: len(self._accounts)]

    def measured(self, policies: Policies) -> NDArray[np.float64]:
        """Both margins of each book under other policies, at the time that was margined last."""
        return self._asked(policies, self._accounts, self._engine.market.as_of_ns)

    def _asked(
        self, policies: Policies | None, names: Sequence[str], now_ns: int
    ) -> NDArray[np.float64]:
        rows = self._engine.recompute(policies=policies).accounts
        place = {name: i for i, name in enumerate(rows["account"].tolist())}
        both = np.stack([rows["initial_margin"], rows["maintenance_margin"]], axis=1)
        check_decided(rows, both, now_ns)
        return np.asarray(both[[place[name] for name in names]])

    def _market(
        self,
        now_ns: int,
        prices: NDArray[np.float64],
        vols: NDArray[np.float64],
        said: dict[str, list[Any]],
    ) -> Any:
        from tickmargin.market import Market

        columns: dict[str, Any] = {
            "underlying": self._underlyings,
            "index_price": prices,
            "quote_asset": ["USD"] * len(self._underlyings),
            "realised_vol_annual": vols,
            "depth_notional": np.full(len(self._underlyings), self._depth),
        }
        columns |= {k: v for k, v in said.items() if k not in (*OF_THE_BOOK, _OF_THE_MARK)}
        if self._previous is not None:
            columns["previous_mm_ratio"] = self._previous[1]
            columns["previous_ts_ns"] = np.full(len(self._underlyings), self._previous[0])
        return Market.from_tables(
            assets={"asset": ["USD"], "mark_price": [1.0]}
            | {k: said[k][:1] for k in OF_THE_BOOK[:2] if k in said},
            underlyings=columns,
            marks={"instrument": self._perpetuals(), "mark_price": prices}
            | {k: said[k] for k in (_OF_THE_MARK,) if k in said},
            as_of_ns=now_ns,
            progress=False,
        )

    def _portfolio(self, prices: NDArray[np.float64], said: dict[str, list[Any]]) -> Any:
        from tickmargin.portfolio import Portfolio

        accounts: dict[str, Any] = {"account": [*self._accounts, *self._probes]}
        if "credit_score" in said:
            accounts["credit_score"] = said["credit_score"][:1] * len(accounts["account"])

        price = dict(zip(self._underlyings, prices.tolist(), strict=True))
        count = len(self._underlyings)
        return Portfolio.from_tables(
            instruments={
                "instrument": self._perpetuals(),
                "kind": ["perpetual"] * count,
                "underlying": self._underlyings,
                "settlement_asset": ["USD"] * count,
                "payoff": ["linear"] * count,
                "multiplier": np.ones(count),
            },
            accounts=accounts,
            positions={
                "account": [account for account, _, _ in self._legs],
                "instrument": [f"{u}-PERP" for _, u, _ in self._legs],
                "quantity": [worth / price[u] for _, u, worth in self._legs],
                "entry_price": [price[u] for _, u, _ in self._legs],
            },
            balances={
                "account": self._accounts,
                "asset": ["USD"] * len(self._accounts),
                "amount": [1e6] * len(self._accounts),
            },
            progress=False,
        )

    def _perpetuals(self) -> list[str]:
        return [f"{name}-PERP" for name in self._underlyings]
