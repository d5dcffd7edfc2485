"""Whether a history is of the market's time and prices: told of, as it changes no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import Issue
from tickmargin.history import History
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

__all__ = ["doubtful_history", "missing_history"]

_DAY_NS = 86_400_000_000_000
# A history is late where its last price is older than a week and than so many of its usual steps.
_LATE_DAYS = 7
_LATE_STEPS = 5
# A last price is off where the index has doubled or halved since, and moved by more than 3 times
# (in logs) what it did before within as many rows. Prices of another unit or underlying are; of
# eight coins' daily closes of eight years no day is: the worst, by 4.9, was 2.6 times.
_OFF = np.log(2.0)
_OFF_MOVES = 3.0


def doubtful_history(history: History | None, market: Market, portfolio: Portfolio) -> list[Issue]:
    """Give issues for underlyings of the portfolio whose last price is old, or far from the index.

    An underlying without a price in the history, or without an index, is none of them.
    """
    if history is None:
        return []
    known = history.until(market.as_of_ns)
    used = set(portfolio.underlying_names)
    issues = []
    index = dict(
        zip(market.underlyings.names.tolist(), market.underlyings.index_price.tolist(), strict=True)
    )
    for column, name in enumerate(known.underlyings):
        prices = known.prices[:, column]
        rows = np.flatnonzero(~np.isnan(prices))
        today = index.get(name, np.nan)
        if name not in used or not rows.size or np.isnan(today):
            continue
        times, prices = known.times_ns[rows], prices[rows]
        age = market.as_of_ns - int(times[-1])
        step = int(np.median(np.diff(times))) if times.size > 1 else _DAY_NS
        told = (
            f"the last price of {name} in the history is {prices[-1]:,.10g} at {_utc(times[-1])}, "
            f"the index {today:,.10g} at {_utc(market.as_of_ns)}"
        )
        if age > max(_LATE_DAYS * _DAY_NS, _LATE_STEPS * step):
            late = f"{told}: {age / _DAY_NS:,.0f} days later; its moves are of another time"
            issues.append(_issue("HISTORY_LATE", name, late))
        moved = abs(float(np.log(today / prices[-1])))
        if moved <= _OFF:
            continue
        most = _largest_move(prices, max(1, round(age / step)))
        if moved > _OFF_MOVES * most:
            way = "above" if today > prices[-1] else "below"
            off = (
                f"{told}: {np.exp(moved):,.3g} times {way} it, where it never moved by more than "
                f"{np.exp(most):,.3g} times within as many rows: is it this price, in this unit?"
            )
            issues.append(_issue("HISTORY_OFF", name, off))
    return issues


def missing_history(
    compiled: Sequence[Mapping[str, Any]],
    history: History | None,
    market: Market,
    portfolio: Portfolio,
) -> list[Issue]:
    """Give issues for underlyings of the portfolio without scenarios under a compiled policy."""
    used = set(portfolio.underlying_names)
    return [
        _issue(
            "MISSING_HISTORY",
            name,
            f"policy {policy['name']}: {name} has no price, or no volatility, at every time that a "
            f"move needs{_since(history, market, name)}; pockets that hold it are undecidable",
        )
        for policy in compiled
        for tail in policy["tail"]
        for name, moves in zip(market.underlyings.names.tolist(), tail["moves"], strict=True)
        if name in used and not moves["known"]
    ]


def _since(history: History | None, market: Market, name: str) -> str:
    """From when on it is known, as windows may begin before."""
    known = None if history is None else history.until(market.as_of_ns)
    if known is None or name not in known.underlyings:
        return " (the history does not have it)"
    rows = np.flatnonzero(~np.isnan(known.prices[:, list(known.underlyings).index(name)]))
    if not rows.size:
        return " (the history has no price of it)"
    begin = _utc(known.times_ns[rows[0]])
    return f" (its prices begin at {begin}; a window or stressed days may lie before)"


def _issue(code: str, name: str, message: str) -> Issue:
    return Issue(code, "history", None, "price", name, message)


def _largest_move(prices: NDArray[np.float64], steps: int) -> float:
    """The largest size of a log move between two prices at most so many rows apart."""
    logs = np.log(prices)
    if steps >= logs.size:
        return float(logs.max() - logs.min())
    highest, lowest = logs, logs
    width = 1  # of the rows that an entry looks at: doubled until the rest overlaps
    while width <= steps:
        more = min(width, steps + 1 - width)
        highest = np.maximum(highest[:-more], highest[more:])
        lowest = np.minimum(lowest[:-more], lowest[more:])
        width += more
    return float((highest - lowest).max())


def _utc(ts_ns: int) -> str:
    return f"{np.datetime64(int(ts_ns) // 1_000_000_000, 's')}Z"
