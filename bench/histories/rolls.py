"""Rolls of one policy over one history, and the rows they become."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.histories.presets import DAY, Entry
from tickmargin.backtest.chains import read_chains
from tickmargin.backtest.history import PriceHistory, read_history
from tickmargin.backtest.option_books import hold_straddle, roll_chains
from tickmargin.backtest.rolling import Promise, Rolled, price_books, roll_prices
from tickmargin.backtest.summary import Check, capital_of, check_rolled
from tickmargin.history import History
from tickmargin.simulate.chain import Chain

HELD_OUT_NS = 1_640_995_200_000_000_000  # 2022-01-01: what comes before may be used for tuning
_WEEK = (1_769_817_600_000_000_000, 1_770_508_800_000_000_000)  # 31 January to 7 February 2026
_DAY_STEP = 1.0 / 24.0
_DAY_NS = 86_400_000_000_000
_EVERY_HOURS = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A history and the part of it that is margined."""

    name: str
    history: PriceHistory
    start_ns: int | None
    end_ns: int | None


def futures_spans(data: Path, quick: bool) -> list[Span]:
    """Hourly since 2018 and daily since 2015, each before and after the split."""
    hourly = read_history([data / "prices/binance_spot_1h.parquet"], underlyings=["BTC", "ETH"])
    daily = read_history(
        [data / "prices/daily_long.parquet"],
        underlyings=["BTC", "ETH"],
        rename={"ETH-CG": "ETH"},
    )
    if quick:
        return [Span("daily, from 2025-06 (quick)", daily, 1_748_736_000_000_000_000, None)]
    return [
        Span("hourly, 2022-01 to 2026-05 (held out)", hourly, HELD_OUT_NS, None),
        Span("hourly, 2018-02 to 2021-12", hourly, None, HELD_OUT_NS),
        Span("daily, 2022-01 to 2025-09 (held out)", daily, HELD_OUT_NS, None),
        Span("daily, 2015-09 to 2021-12", daily, None, HELD_OUT_NS),
    ]


def futures_rows(entry: Entry, span: Span) -> list[dict[str, Any]]:
    """One row per class of books (an underlying's two sides; mixed) and margin.

    Coverage and p are those of the worst side, each side's windows being apart; the margin is the
    mean of both as a share of gross notional.
    """
    promise = entry.promise(span.history.step_days)
    if promise is None or not entry.futures:
        return []
    begins = span.start_ns
    if entry.from_ns is not None:
        if span.end_ns is not None and span.end_ns <= entry.from_ns:
            return []
        begins = max(begins or 0, entry.from_ns)
    every = max(1, round(promise.maintenance_days / span.history.step_days))
    if promise.maintenance_days < 0.99:
        every = _EVERY_HOURS  # every hour would be 40,000 times
    rolled = roll_prices(
        entry.load(),
        span.history,
        price_books(span.history.underlyings),
        promise=promise,
        start_ns=begins,
        end_ns=span.end_ns,
        every=every,
    )
    checks = [c for c in check_rolled(rolled, promise) if c.scope == "book"]
    kinds = dict(zip(rolled.books, rolled.kinds, strict=True))
    rows = []
    for kind in dict.fromkeys(rolled.kinds):
        if kind not in ("mixed", *entry.futures) or (kind == "mixed" and len(entry.futures) < 2):
            continue
        for measure in ("initial_margin", "maintenance_margin"):
            own = [c for c in checks if kinds[c.name] == kind and c.measure == measure]
            worst = min(own, key=lambda c: (c.p_value, c.coverage))
            ratio = share_of_gross(rolled, measure, [b for b in kinds if kinds[b] == kind])
            rows.append(_row(span.name, entry, kind, worst, ratio, promise))
    return rows


def chains_of(data: Path, quick: bool, start_ns: int | None = None) -> list[Chain]:
    """Daily option chains, BTC and ETH, from a time on."""
    chains = read_chains([data / "options/deribit_chain_daily.parquet"], start_ns=start_ns)
    return chains[:12] if quick else chains


@dataclass(frozen=True, slots=True)
class OnChains:
    """What one policy does over the option chains."""

    checks: list[dict[str, Any]]
    capital: dict[str, Any]


def past_of(data: Path) -> History:
    """Daily prices at midnight UTC, for policies that measure in them beside option chains."""
    hourly = read_history([data / "prices/binance_spot_1h.parquet"], underlyings=["BTC", "ETH"])
    midnight = hourly.times_ns % _DAY_NS == 0
    return History(hourly.times_ns[midnight], hourly.underlyings, hourly.prices[midnight])


def chain_rows(
    entry: Entry, chains: list[Chain], accounts: int, past: History | None = None
) -> OnChains:
    """Checks of every class of books, and the capital all of them hold at a day at 99 %.

    A policy that measures in past prices has the chains up to a day after the last of them.
    """
    promise = entry.promise(max(_DAY_STEP, entry.least_step_days)) or DAY
    if entry.past and past is not None:
        chains = [c for c in chains if c.as_of_ns <= past.times_ns[-1] + _DAY_NS]
    if min(promise.initial_days, promise.maintenance_days) < 0.99:
        promise = DAY  # snapshots are a day apart
    rolled = roll_chains(entry.load(), chains, promise, accounts=accounts, history=past)
    rows = []
    for check in check_rolled(rolled, promise):
        kept = check.scope == "class" or check.name.startswith("short straddle")
        if kept or check.scope == "all":
            books = _books_of(rolled, check)
            ratio = share_of_gross(rolled, check.measure, books)
            rows.append(_row("options", entry, check.name, check, ratio, promise))
    day = rolled
    if promise != DAY:
        day = roll_chains(entry.load(), chains, DAY, accounts=accounts, history=past)
    return OnChains(rows, _capital(entry, day))


def _capital(entry: Entry, rolled: Rolled) -> dict[str, Any]:
    kinds = np.array(rolled.kinds, dtype=object)[rolled.book]
    names = np.array(rolled.books, dtype=object)[rolled.book]
    times = np.unique(rolled.times_ns).size
    held = {
        group: float(rolled.initial_margin[mask].sum() / times)
        for group, mask in (
            ("market_maker", kinds == "market_maker"),
            ("client", kinds == "client"),
            ("strategy", kinds == "strategy"),
            ("iron condor BTC", names == "iron condor BTC"),
            ("short straddle BTC", names == "short straddle BTC"),
        )
    }
    whole = asdict(capital_of(entry.name, rolled))
    whole["gross_notional"] = float(rolled.gross_notional.sum() / times)
    return {**whole, "name": entry.name, "generation": entry.generation, "held": held}


def _books_of(rolled: Rolled, check: Check) -> list[str]:
    pairs = zip(rolled.books, rolled.kinds, strict=True)
    return [b for b, k in pairs if check.scope == "all" or check.name in (b, k)]


def share_of_gross(rolled: Rolled, measure: str, books: list[str]) -> float:
    """Margin of some books over their gross notional, times added up."""
    mask = np.isin(np.array(rolled.books, dtype=object)[rolled.book], books)
    margin = getattr(rolled, measure)[mask]
    return float(margin.sum() / rolled.gross_notional[mask].sum())


def _row(
    history: str, entry: Entry, book: str, check: Check, ratio: float, promise: Promise
) -> dict[str, Any]:
    days = promise.initial_days if check.measure[0] == "i" else promise.maintenance_days
    return {
        "history": history,
        "preset": entry.name,
        "house": entry.house,
        "book": book,
        "measure": check.measure,
        "horizon_days": days,
        "confidence": check.confidence,
        "times": check.observations,
        "exceptions": check.exceptions,
        "coverage": check.coverage,
        "p_value": check.p_value,
        "rejected": check.rejected,
        "worst_shortfall_ratio": check.worst_shortfall_ratio,
        "margin_of_gross": ratio,
    }


def week_rows(entry: Entry, data: Path) -> dict[str, Any]:
    """A short straddle of 1 BTC held through the week, its margin called at every snapshot."""
    path = data / "options/deribit_chain_selected.parquet"
    chains = read_chains([path], underlyings=["BTC"], start_ns=_WEEK[0], end_ns=_WEEK[1])
    days = hold_straddle(entry.load(), chains, "BTC")
    return {
        "preset": entry.name,
        "calls": len(days),
        "first_maintenance": days[0].maintenance_margin,
        "peak_maintenance": max(d.maintenance_margin for d in days),
        "worst_loss": max(days[0].value - d.value for d in days),
        "worst_between": max(d.loss for d in days),
        "uncovered_calls": sum(not d.covered for d in days),
    }
