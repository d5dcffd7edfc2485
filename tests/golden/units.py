"""The only arithmetic between a case and the package: the same quantity in another unit."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

__all__ = [
    "after_seconds",
    "bracket_edge",
    "continuous_rate",
    "days_of",
    "edge_price",
    "entry_of",
    "floored_rate",
    "haircut_of",
    "haircut_of_weight",
    "in_coin",
    "in_pegged",
    "in_quote",
    "inverse_ratio",
    "leverage_of",
    "notional_share",
    "per_day",
    "profit_as_entry",
    "ratio_of_leverage",
    "shock_of",
    "shocked",
    "signed",
    "tail_weight",
    "time_after",
    "together",
    "total",
]


def continuous_rate(discount: float, years: float) -> float:
    """A discount factor as a continuous annual rate."""
    return -math.log(discount) / years


def per_day(per_year: float) -> float:
    """An amount per year of 365 days as an amount per day."""
    return per_year / 365


def ratio_of_leverage(leverage: float) -> float:
    """Leverage as the initial-margin ratio it stands for."""
    return 1 / leverage


def inverse_ratio(ratio: float) -> float:
    """Equity over margin as margin over equity."""
    return 1 / ratio


def haircut_of_weight(weight: float) -> float:
    """A collateral weight as the haircut it leaves."""
    return 1 - weight


def leverage_of(notional: float, equity: float) -> float:
    """Notional and equity as the leverage they are displayed as."""
    return notional / equity


def in_coin(amount: float, price: float) -> float:
    """An amount of money in coins of a price."""
    return amount / price


def in_quote(coins: float, price: float) -> float:
    """Coins of a price in money."""
    return coins * price


def notional_share(amount: float, notional: float) -> float:
    """An amount as a ratio of notional."""
    return amount / notional


def signed(quantity: float, side: int) -> float:
    """A quantity with its side (1 long, -1 short) as a signed quantity."""
    return quantity * side


def together(*amounts: float) -> float:
    """What a pocket holds after deposits named apart."""
    return math.fsum(amounts)


def bracket_edge(ratio: float, deduction: float) -> float:
    """The rule "notional x ratio - deduction" as a free slice below the slice at the ratio."""
    return deduction / ratio


def profit_as_entry(mark: float, profit: float) -> float:
    """The profit of a long of one unit as the entry price that makes it."""
    return mark - profit


def shocked(price: float, move: float) -> float:
    """The price that a relative move means."""
    return price * (1 + move)


def edge_price(price: float, price_range: float, move: float) -> float:
    """The price at the end of the scanned range that a move points to."""
    return shocked(price, math.copysign(price_range, move))


def tail_weight(price_range: float, move: float) -> float:
    """The damping "scaled back to the range" as the weight of a tail's money."""
    return price_range / abs(move)


def time_after(as_of_ns: int, start: str, end: str) -> int:
    """A time as far after another as two dates are apart, in nanoseconds."""
    apart = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return as_of_ns + apart // timedelta(microseconds=1) * 1000


def total(*amounts: float) -> float:
    """The sum of amounts a case lists apart."""
    return math.fsum(amounts)


def haircut_of(*parts: float) -> float:
    """Haircuts that a document adds up."""
    return math.fsum(parts)


def in_pegged(price: float, peg: float) -> float:
    """A price in dollars as one in a coin pegged to them."""
    return price / peg


def shock_of(factor: float) -> float:
    """A price factor as a move."""
    return factor - 1


def days_of(seconds: float) -> float:
    """Seconds as days."""
    return seconds / 86400


def after_seconds(start_ns: int, seconds: int) -> int:
    """The time so many seconds after another, in nanoseconds."""
    return start_ns + seconds * 1_000_000_000


def entry_of(mark: float, profit: float, quantity: float) -> float:
    """The entry price at which a linear position has an unrealised profit."""
    return mark - profit / quantity


def floored_rate(rate: float) -> float:
    """A rate as a feed that knows none below 0 gives it."""
    return max(rate, 0.0)
