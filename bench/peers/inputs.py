"""Seeded inputs every contestant of a race shares, and the answers they are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

Column = NDArray[np.float64]

FIVE = ("price", "delta", "gamma", "vega", "theta")
NINE = (*FIVE, "rho", "vanna", "volga", "charm")


@dataclass(frozen=True)
class Options:
    """European options on forwards, each with its own rate."""

    is_call: NDArray[np.bool_]
    forward: Column
    strike: Column
    vol: Column
    years: Column
    rate: Column

    @property
    def columns(self) -> tuple[NDArray, ...]:
        return self.is_call, self.forward, self.strike, self.vol, self.years, self.rate


def draw_options(count: int, seed: int = 7) -> Options:
    """Draw calls and puts, in and out of the money, days to two years, 10 to 110 % volatility."""
    rng = np.random.default_rng(seed)
    forward = rng.uniform(50.0, 150.0, count)
    return Options(
        is_call=rng.random(count) < 0.5,
        forward=forward,
        strike=forward * rng.uniform(0.6, 1.6, count),
        vol=rng.uniform(0.1, 1.1, count),
        years=rng.uniform(0.01, 2.0, count),
        rate=rng.uniform(-0.01, 0.06, count),
    )


def nine_greeks(options: Options) -> dict[str, Column]:
    """Textbook formulas in NumPy + SciPy: what every contestant's answer is held against."""
    o = options
    sign = np.where(o.is_call, 1.0, -1.0)
    root = np.sqrt(o.years)
    s = o.vol * root
    d1 = np.log(o.forward / o.strike) / s + 0.5 * s
    d2 = d1 - s
    discount = np.exp(-o.rate * o.years)
    density = discount * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
    probability = discount * sign * ndtr(sign * d1)
    price = o.forward * probability - o.strike * discount * sign * ndtr(sign * d2)
    vega = o.forward * density * root
    return {
        "price": price,
        "delta": probability,
        "gamma": density / (o.forward * s),
        "vega": vega,
        "theta": o.rate * price - o.forward * density * o.vol / (2.0 * root),
        "rho": -o.years * price,
        "vanna": -density * d2 / o.vol,
        "volga": vega * d1 * d2 / o.vol,
        "charm": o.rate * probability + density * d2 / (2.0 * o.years),
    }


def require_greeks(
    found: dict[str, Column], expected: dict[str, Column], rows: slice = slice(None)
) -> None:
    """Refuse Greeks further than 1e-12 of the column's largest value from the formulas."""
    for name, values in found.items():
        want = expected[name][rows]
        error = np.max(np.abs(values - want)) / np.max(np.abs(want))
        if not error <= 1e-12:
            raise AssertionError(f"{name} is wrong by {error:.1e} of its largest value")


@dataclass(frozen=True)
class Quotes:
    """Out-of-the-money prices on one forward at rate 0, puts first, with their volatilities."""

    forward: float
    puts: int
    is_call: NDArray[np.bool_]
    strike: Column
    years: Column
    vol: Column
    price: Column
    condition: Column  # relative change of the volatility per relative change of the price


def draw_quotes(count: int, seed: int = 5) -> Quotes:
    """Draw quotes of 10 to 110 % volatility, days to two years, |ln K/F| to 2 deviations."""
    rng = np.random.default_rng(seed)
    vol = rng.uniform(0.1, 1.1, count)
    years = rng.uniform(0.01, 2.0, count)
    s = vol * np.sqrt(years)
    distance = rng.uniform(0.05, 2.0, count) * s
    puts = count // 2
    strike = 100.0 * np.exp(np.where(np.arange(count) < puts, -distance, distance))
    # Jaeckel, "Let's be rational", eq. 2.4: scaled complementary error functions lose no digits
    # out of the money. ln K/F is taken again from the rounded strike.
    x = -np.abs(np.log(strike / 100.0))
    h, t = x / s, 0.5 * s
    root2 = np.sqrt(2.0)
    density = np.exp(-0.5 * (h * h + t * t))
    normalised = 0.5 * density * (erfcx(-(h + t) / root2) - erfcx(-(h - t) / root2))
    vega = density / np.sqrt(2.0 * np.pi)
    return Quotes(
        forward=100.0,
        puts=puts,
        is_call=np.arange(count) >= puts,
        strike=strike,
        years=years,
        vol=vol,
        price=normalised * np.sqrt(100.0 * strike),
        condition=normalised / (vega * s),
    )


@dataclass(frozen=True)
class Book:
    """Accounts with their positions one after the other, and a table of scenario profits."""

    offsets: NDArray[np.int64]
    row: NDArray[np.int32]
    quantity: Column
    table: Column


def draw_book(accounts: int, positions: int, instruments: int, scenarios: int) -> Book:
    """Draw a book in which every account holds at least one position."""
    rng = np.random.default_rng(11)
    held = 1 + np.bincount(rng.integers(0, accounts, positions - accounts), minlength=accounts)
    return Book(
        offsets=np.concatenate(([0], np.cumsum(held))).astype(np.int64),
        row=rng.integers(0, instruments, positions).astype(np.int32),
        quantity=rng.uniform(-10.0, 10.0, positions),
        table=rng.uniform(-1.0, 1.0, (instruments, scenarios)),
    )
