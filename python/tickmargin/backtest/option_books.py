"""Backtests over option chains: accounts drawn from the open interest, and plain strategies.

A snapshot sets up the books and margins them; the loss is the change of the same contracts' marks
until the snapshot a horizon later. A contract that has expired by then is worth its pay-off at the
later index.

A margin here is what an account needs beyond the value of its options: a requirement that holds the
mark (``option_value = "requirement"``) is compared with the options' net value added to it, as such
a policy leaves them out of equity. So the same money is meant under every policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.arguments import refuse
from tickmargin.backtest.history import DAY_NS, PriceHistory, ewma_vol
from tickmargin.backtest.needs import check_decided
from tickmargin.backtest.rolling import Promise, Rolled
from tickmargin.history import History
from tickmargin.simulate.chain import Chain
from tickmargin.simulate.open_interest import ChainBook, book_from_chain

if TYPE_CHECKING:
    from tickmargin.policies import Policies

__all__ = ["HeldDay", "hold_straddle", "roll_chains"]

_HOUR_NS = 3_600_000_000_000
_HALF_LIFE_DAYS = 11.2
_DEPTH = 50_000_000.0
_STRADDLE_DAYS = 20.0
_WING = 0.15


def roll_chains(
    policies: Policies,
    chains: Sequence[Chain],
    promise: Promise,
    *,
    accounts: int = 200,
    seed: int = 20260130,
    history: History | None = None,
    step: Callable[[], None] = lambda: None,
) -> Rolled:
    """Margin drawn accounts and strategies at every snapshot; see the module for the loss.

    Parameters
    ----------
    policies : Policies
    chains : sequence of Chain
        In order of time.
    promise : Promise
        Horizons of the two margins.
    accounts, seed : int
        Drawn anew from each snapshot's open interest.
    history : History, optional
        Past prices, for policies that measure in them; chains state none. What is after a snapshot
        is not looked at.
    step : callable
        Called after each snapshot, for a progress bar.
    """
    vols = _realised(chains)
    parts: list[tuple[int, list[tuple[str, str]], NDArray[np.float64]]] = []
    for place, chain in enumerate(chains):
        later = [_later(chains, place, d) for d in (promise.initial_days, promise.maintenance_days)]
        step()
        if None in later:
            continue
        known = [_worth_later(chain, after) for after in later if after is not None]
        usable = np.isfinite(known[0]) & np.isfinite(known[1])
        kept = _rows_of(chain, usable)
        gains = [k[usable] - kept.mark_price * kept.index_price for k in known]
        names, columns = _margined(policies, kept, gains, vols[place], (accounts, seed), history)
        parts.append((chain.as_of_ns, names, columns))
    if len(parts) < 2:
        raise refuse("fewer than two snapshots have a later one at the promise's horizon")
    return _joined(parts, promise, chains)


def _joined(
    parts: list[tuple[int, list[tuple[str, str]], NDArray[np.float64]]],
    promise: Promise,
    chains: Sequence[Chain],
) -> Rolled:
    order: dict[str, str] = {}
    for _, names, _ in parts:
        order.update(names)
    place = {name: i for i, name in enumerate(order)}
    columns = np.concatenate([rows for _, _, rows in parts])
    gap = float(np.median(np.diff([c.as_of_ns for c in chains]))) / DAY_NS
    return Rolled(
        books=tuple(order),
        kinds=tuple(order.values()),
        book=np.array([place[n] for _, names, _ in parts for n, _ in names], dtype=np.int64),
        times_ns=np.repeat([t for t, _, _ in parts], [len(n) for _, n, _ in parts]),
        initial_margin=columns[:, 0],
        maintenance_margin=columns[:, 1],
        initial_loss=columns[:, 2],
        maintenance_loss=columns[:, 3],
        gross_notional=columns[:, 4],
        initial_steps=max(1, round(promise.initial_days / gap)),
        maintenance_steps=max(1, round(promise.maintenance_days / gap)),
    )


def _later(chains: Sequence[Chain], place: int, days: float) -> Chain | None:
    """The snapshot a horizon later, give or take three hours."""
    target = chains[place].as_of_ns + round(days * DAY_NS)
    best = min(chains[place + 1 :], key=lambda c: abs(c.as_of_ns - target), default=None)
    return best if best is not None and abs(best.as_of_ns - target) <= 3 * _HOUR_NS else None


def _worth_later(chain: Chain, after: Chain) -> NDArray[np.float64]:
    """USD a base unit of each of a chain's options at a later snapshot; NaN where not known."""
    marks = dict(zip(after.instrument.tolist(), after.mark_price.tolist(), strict=True))
    index = _index(after)
    out = np.full(len(chain), np.nan)
    for row, name in enumerate(chain.instrument.tolist()):
        spot = index.get(str(chain.currency[row]))
        if spot is None:
            continue
        if name in marks:
            out[row] = marks[name] * spot
        elif chain.expiry_ns[row] <= after.as_of_ns:
            gain = spot - chain.strike[row] if chain.is_call[row] else chain.strike[row] - spot
            out[row] = max(gain, 0.0)
    return out


def _index(chain: Chain) -> dict[str, float]:
    return {
        str(c): float(np.median(chain.index_price[chain.currency == c]))
        for c in np.unique(chain.currency)
    }


def _rows_of(chain: Chain, rows: NDArray[np.bool_]) -> Chain:
    return Chain(chain.as_of_ns, chain.currency[rows], chain.instrument[rows], chain.is_call[rows],
                 chain.strike[rows], chain.expiry_ns[rows], chain.index_price[rows],
                 chain.mark_price[rows], chain.vol_annual[rows],
                 chain.open_interest[rows])  # fmt: skip


def _realised(chains: Sequence[Chain]) -> list[dict[str, float]]:
    """Realised volatility of each index from the snapshots so far, begun at what was implied."""
    names = tuple(sorted(_index(chains[0])))
    prices = np.array([[_index(c).get(n, np.nan) for n in names] for c in chains])
    times = np.array([c.as_of_ns for c in chains], dtype=np.int64)
    implied = np.array([_at_the_money(chains[0], n) for n in names])
    vols = ewma_vol(PriceHistory(times, names, prices), _HALF_LIFE_DAYS, implied)
    return [dict(zip(names, row, strict=True)) for row in vols.tolist()]


def _at_the_money(chain: Chain, currency: str) -> float:
    own = np.flatnonzero(chain.currency == currency)
    far = np.abs(chain.strike[own] / chain.index_price[own] - 1.0)
    return float(np.median(chain.vol_annual[own[np.argsort(far)[:8]]]))


def _strategies(chain: Chain) -> dict[str, list[tuple[str, float]]]:
    """Per currency, on the first expiry three weeks away or more: legs in base units."""
    out: dict[str, list[tuple[str, float]]] = {}
    for currency, spot in _index(chain).items():
        own = chain.currency == currency
        far = own & (chain.expiry_ns >= chain.as_of_ns + round(_STRADDLE_DAYS * DAY_NS))
        if not far.any():
            continue
        rows = np.flatnonzero(own & (chain.expiry_ns == chain.expiry_ns[far].min()))
        call, put = (_nearest(chain, rows, is_call, spot) for is_call in (True, False))
        above = _nearest(chain, rows, True, spot * (1.0 + _WING))
        below = _nearest(chain, rows, False, spot * (1.0 - _WING))
        if None in (call, put, above, below):
            continue
        base = {
            "straddle": [(str(call), 1.0), (str(put), 1.0)],
            "strangle": [(str(above), 1.0), (str(below), 1.0)],
        }
        for name, legs in base.items():
            out[f"long {name} {currency}"] = legs
            out[f"short {name} {currency}"] = [(n, -q) for n, q in legs]
        out[f"short put {currency}"] = [(str(put), -1.0)]
        out[f"iron condor {currency}"] = [
            (str(call), -1.0), (str(put), -1.0), (str(above), 1.0), (str(below), 1.0),
        ]  # fmt: skip
    return out


def _nearest(chain: Chain, rows: NDArray[np.intp], is_call: bool, strike: float) -> str | None:
    own = rows[chain.is_call[rows] == is_call]
    if own.size == 0:
        return None
    return str(chain.instrument[own[np.argmin(np.abs(chain.strike[own] - strike))]])


def _margined(
    policies: Policies,
    chain: Chain,
    gains: list[NDArray[np.float64]],
    vols: dict[str, float],
    draw: tuple[int, int],
    history: History | None,
) -> tuple[list[tuple[str, str]], NDArray[np.float64]]:
    """Names with classes, and columns of two margins, two losses and the gross notional."""
    book = book_from_chain(chain, *draw)
    strategies = _strategies(chain)
    tables, market = _with_strategies(book, strategies), _with_state(book, vols)
    asked = _requirements(policies, market, tables, book.as_of_ns, history)
    unit = {n: i for i, n in enumerate(chain.instrument.tolist())}
    positions = tables["positions"]
    rows = np.array([unit[n] for n in positions["instrument"].tolist()])
    lot = np.array([book.lot_size[str(chain.currency[r])] for r in rows])
    base = positions["quantity"] * lot
    names = tables["accounts"]["account"].tolist()
    place = {name: i for i, name in enumerate(names)}
    holder = np.array([place[a] for a in positions["account"].tolist()])
    kinds = tables["accounts"]["tier"].tolist()

    def by_account(of_positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(holder, weights=of_positions, minlength=len(names)).astype(np.float64)

    worth = by_account(base * (chain.mark_price * chain.index_price)[rows])
    beyond = np.array([asked[n].beyond_value(w) for n, w in zip(names, worth, strict=True)])
    columns = np.column_stack(
        [
            beyond,
            *(by_account(-base * g[rows]) for g in gains),
            by_account(np.abs(base) * chain.index_price[rows]),
        ]
    )
    kept = np.flatnonzero(np.bincount(holder, minlength=len(names)) > 0)
    return [(names[i], kinds[i]) for i in kept.tolist()], columns[kept]


def _with_strategies(
    book: ChainBook, strategies: dict[str, list[tuple[str, float]]]
) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {n: dict(c) for n, c in book.portfolio_tables.items()}
    lots = [book.lot_size[name.rsplit(" ", 1)[1]] for name in strategies]
    accounts, positions = tables["accounts"], tables["positions"]
    # strategies first: they are the books that are shown one by one
    accounts["account"] = np.array([*strategies, *accounts["account"].tolist()], dtype=object)
    accounts["tier"] = np.array(["strategy"] * len(strategies) + accounts["tier"].tolist(), object)
    legs = [
        (name, instrument, quantity / lot)
        for (name, own), lot in zip(strategies.items(), lots, strict=True)
        for instrument, quantity in own
    ]
    positions["account"] = np.array([*(g[0] for g in legs), *positions["account"].tolist()], object)
    names = positions["instrument"].tolist()
    positions["instrument"] = np.array([*(g[1] for g in legs), *names], dtype=object)
    positions["quantity"] = np.concatenate([[g[2] for g in legs], positions["quantity"]])
    return tables


def _with_state(book: ChainBook, vols: dict[str, float]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {n: dict(c) for n, c in book.market_tables.items()}
    names = tables["underlyings"]["underlying"].tolist()
    tables["underlyings"]["realised_vol_annual"] = np.array([vols[n] for n in names])
    tables["underlyings"]["depth_notional"] = np.full(len(names), _DEPTH)
    return tables


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one account is asked for, and whether the mark of its options is part of it."""

    initial: float
    maintenance: float
    holds_mark: bool

    def beyond_value(self, worth: float) -> tuple[float, float]:
        """Both margins, beyond the value of the options held (short: less than 0)."""
        add = worth if self.holds_mark else 0.0
        return self.initial + add, self.maintenance + add


def _requirements(
    policies: Policies,
    market: dict[str, Any],
    portfolio: dict[str, Any],
    as_of_ns: int,
    history: History | None = None,
) -> dict[str, _Asked]:
    from tickmargin.engine import Engine
    from tickmargin.simulate.door import market_of, portfolio_of

    engine = Engine(market_of(market, as_of_ns), portfolio_of(portfolio), policies, history=history)
    rows = engine.recompute().accounts
    both = np.stack([rows["initial_margin"], rows["maintenance_margin"]], axis=1)
    if not np.isfinite(both).all(axis=1).any():
        check_decided(rows, both, as_of_ns)
    holds = {p.name: p.config.option_value == "requirement" for p in policies.loaded}
    columns = (rows["account"], rows["initial_margin"], rows["maintenance_margin"], rows["policy"])
    return {
        a: _Asked(i, m, holds.get(p, False))
        for a, i, m, p in zip(*(c.tolist() for c in columns), strict=True)
    }


@dataclass(frozen=True, slots=True)
class HeldDay:
    """A book that is held, at one snapshot; money in the numeraire.

    Attributes
    ----------
    as_of_ns : int
    index_price : float
    vol_annual : float
        At the money, of the book's first leg.
    initial_margin, maintenance_margin : float
        As asked for then, beyond the value of the options.
    value : float
        Of the options at the venue's marks.
    loss : float
        Since the snapshot before.
    covered : bool
        Whether the margin of the snapshot before covers it.
    """

    as_of_ns: int
    index_price: float
    vol_annual: float
    initial_margin: float
    maintenance_margin: float
    value: float
    loss: float
    covered: bool


def hold_straddle(policies: Policies, chains: Sequence[Chain], currency: str) -> list[HeldDay]:
    """Sell one straddle at the first snapshot, hold it, and call its margin at every one.

    Parameters
    ----------
    policies : Policies
    chains : sequence of Chain
        In order of time.
    currency : str
        Of the options; strike and expiry are those of `roll_chains`' strategies.
    """
    legs = _strategies(chains[0])[f"short straddle {currency}"]
    vols = _realised(chains)
    days: list[HeldDay] = []
    for chain, realised in zip(chains, vols, strict=True):
        unit = {n: i for i, n in enumerate(chain.instrument.tolist())}
        if any(name not in unit for name, _ in legs):
            break
        book = book_from_chain(chain, 10, 0)
        tables = _with_strategies(book, {f"held {currency}": legs})
        asked = _requirements(policies, _with_state(book, realised), tables, chain.as_of_ns)
        rows = [unit[name] for name, _ in legs]
        worth = chain.mark_price[rows] * chain.index_price[rows]
        value = float(np.sum([q for _, q in legs] * worth))
        initial, maintenance = asked[f"held {currency}"].beyond_value(value)
        loss = days[-1].value - value if days else 0.0
        covered = not days or loss <= days[-1].maintenance_margin
        days.append(
            HeldDay(
                chain.as_of_ns,
                _index(chain)[currency],
                float(chain.vol_annual[rows[0]]),
                initial,
                maintenance,
                value,
                loss,
                covered,
            )
        )
    return days
