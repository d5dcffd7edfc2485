"""The only arithmetic between a case and the package: the same quantity in another unit."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from fractions import Fraction

__all__ = [
    "after_seconds",
    "basis_points",
    "bracket_edge",
    "confidence_named",
    "confidence_of",
    "continuous_rate",
    "days_after",
    "days_of",
    "decimal_of",
    "entry_of",
    "floored_rate",
    "fraction_of",
    "from_percent",
    "from_scaled",
    "haircut_of",
    "haircut_of_weight",
    "in_coin",
    "in_pegged",
    "in_quote",
    "in_units",
    "inverse_ratio",
    "leverage_of",
    "notional_share",
    "per_day",
    "percent",
    "power_of_ten",
    "profit_as_entry",
    "quotient",
    "ratio_of_leverage",
    "scaled",
    "shock_of",
    "shocked",
    "signed",
    "steps_of",
    "strike_around",
    "time_after",
    "together",
    "total",
    "widest",
    "written",
    "years_of",
]


def _over(amount: float, unit: float) -> float:
    """A quotient, refused in words where there is nothing to divide by."""
    if not unit:
        raise ValueError(f"{amount} has no measure in units of nothing")
    return amount / unit


def fraction_of(text: str) -> Fraction:
    """A written decimal as the exact fraction it stands for."""
    return Fraction(text)


def decimal_of(number: float | str) -> Fraction:
    """A number of a case as the decimal it was written as, exactly."""
    return Fraction(str(number))


def scaled(number: float | str, digits: int) -> int:
    """A decimal as the whole number of units of 10^-digits it stands for, exactly."""
    units = decimal_of(number) * 10**digits
    if units.denominator != 1:
        raise ValueError(f"{number} has more than {digits} digits")
    return units.numerator


def from_scaled(units: int, digits: int) -> Fraction:
    """A whole number of units of 10^-digits as the number it stands for."""
    return Fraction(units, 10**digits)


def continuous_rate(discount: float, years: float) -> float:
    """A discount factor as a continuous annual rate."""
    return _over(-math.log(discount), years)


def years_of(text: str) -> float:
    """A time written as a fraction of a year."""
    return float(Fraction(text))


def per_day(per_year: float) -> float:
    """An amount per year of 365 days as an amount per day."""
    return per_year / 365


def from_percent(number: float) -> float:
    """Percent as a share."""
    return number / 100.0


def basis_points(share: float) -> float:
    """A share in basis points."""
    return 10_000.0 * share


def quotient(amount: float, unit: float) -> float:
    """An amount in units of another."""
    return _over(amount, unit)


def percent(share: float) -> float:
    """A share in percent."""
    return 100.0 * share


def ratio_of_leverage(leverage: float) -> float:
    """Leverage as the initial-margin ratio it stands for."""
    return _over(1, leverage)


def inverse_ratio(ratio: float | None) -> float:
    """Equity over margin as margin over equity, which is 0 where there is no margin."""
    return 0.0 if ratio is None else _over(1, ratio)


def haircut_of_weight(weight: float) -> float:
    """A collateral weight as the haircut it leaves."""
    return 1 - weight


def leverage_of(notional: float, equity: float) -> float:
    """Notional and equity as the leverage they are displayed as."""
    return _over(notional, equity)


def in_coin(amount: float, price: float) -> float:
    """An amount of money in coins of a price."""
    return _over(amount, price)


def in_quote(coins: float, price: float) -> float:
    """Coins of a price in money."""
    return coins * price


def notional_share(amount: float, notional: float) -> float:
    """An amount as a ratio of notional."""
    return _over(amount, notional)


def signed(quantity: float, side: int) -> float:
    """A quantity with its side (1 long, -1 short) as a signed quantity."""
    return quantity * side


def together(*amounts: float) -> float:
    """What a pocket holds after deposits named apart."""
    return math.fsum(amounts)


def strike_around(index: float, mark: float) -> float:
    """A put's strike whose mark is less than it, and more than exercise at the index brings."""
    return mark + index / 2


def bracket_edge(ratio: float, deduction: float) -> float:
    """The rule "notional x ratio - deduction" as a free slice below the slice at the ratio."""
    return _over(deduction, ratio)


def profit_as_entry(mark: float, profit: float) -> float:
    """The profit of a long of one unit as the entry price that makes it."""
    return mark - profit


def shocked(price: float, move: float) -> float:
    """The price that a relative move means."""
    return price * (1 + move)


def time_after(as_of_ns: int, start: str, end: str) -> int:
    """A time as far after another as two dates are apart, in nanoseconds."""
    apart = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return as_of_ns + apart // timedelta(microseconds=1) * 1000


def days_after(as_of_ns: int, days: float) -> int:
    """A time so many days after another, in nanoseconds."""
    return as_of_ns + round(days * 86_400_000_000_000)


def widest(moves: list[float]) -> float:
    """A list of moves as the range it spans on either side."""
    return max(abs(move) for move in moves)


def steps_of(moves: list[float]) -> int:
    """A symmetric list of moves, 0 among them, as its number of steps on either side."""
    return len(moves) // 2


def confidence_of(tail: float) -> float:
    """A tail probability as the confidence it leaves."""
    return 1 - tail


def confidence_named(word: str) -> float:
    """The confidence in a name such as VaR99.9, which is in percent."""
    return float(word.lstrip("VaRES")) / 100


def written(number: float | str) -> Fraction:
    """A number as the decimal it was written as, exactly."""
    return Fraction(str(number))


def in_units(amount: float | str, decimals: int) -> int:
    """An amount in whole units of ten to minus so many decimals; it must be a whole number."""
    units = written(amount) * power_of_ten(decimals)
    if units.denominator != 1:
        raise ValueError(f"{amount} is no whole number of units of {decimals} decimals")
    return units.numerator


def power_of_ten(decimals: int) -> Fraction:
    """Units in one of a quantity with so many decimals."""
    return Fraction(10) ** decimals


def total(*amounts: float) -> float:
    """The sum of amounts a case lists apart."""
    return math.fsum(amounts)


def haircut_of(*parts: float) -> float:
    """Haircuts that a document adds up."""
    return math.fsum(parts)


def in_pegged(price: float, peg: float) -> float:
    """A price in dollars as one in a coin pegged to them."""
    return _over(price, peg)


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
    return mark - _over(profit, quantity)


def floored_rate(rate: float) -> float:
    """A rate as a feed that knows none below 0 gives it."""
    return max(rate, 0.0)
