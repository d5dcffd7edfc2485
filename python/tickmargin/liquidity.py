"""What it costs to close a position out: impact laws, optimal execution, walks through a book.

The add-on of a policy uses the square-root law of :func:`sqrt_impact_average_cost`, in the core;
what is here serves calibration and reports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.venues.arguments import not_negative, positive

__all__ = [
    "BookWalk",
    "Execution",
    "Impact",
    "SpreadVaR",
    "almgren_chriss_minimum_variance",
    "almgren_chriss_optimal",
    "almgren_chriss_uniform",
    "almgren_impact",
    "critical_leverage",
    "spread_var",
    "sqrt_impact",
    "sqrt_impact_average_cost",
    "walk_book",
]

# Almgren, Thum, Hauptmann and Li (2005), fitted to orders in US shares
_PERMANENT, _TEMPORARY, _EXPONENT, _TURNOVER_POWER = 0.314, 0.142, 0.6, 0.25


@dataclass(frozen=True, slots=True)
class Impact:
    """Cost of an order as ratios of its price: what stays, what is paid, and both averaged."""

    permanent: float
    temporary: float
    total: float


def almgren_impact(
    size_of_daily_volume: Any, days: Any, daily_vol: Any, shares_outstanding_of_volume: Any
) -> Impact:
    """The law of Almgren, Thum, Hauptmann and Li (2005).

    Parameters
    ----------
    size_of_daily_volume : float
        The order over a day's volume, X / V.
    days : float
        Over which it is worked.
    daily_vol : float
        As a fraction.
    shares_outstanding_of_volume : float
        Theta / V, the inverse of turnover.

    Returns
    -------
    Impact
        ``total`` is half the permanent part and all of the temporary one.
    """
    x = not_negative("size_of_daily_volume", size_of_daily_volume)
    t = positive("days", days)
    sigma = not_negative("daily_vol", daily_vol)
    theta = positive("shares_outstanding_of_volume", shares_outstanding_of_volume)
    permanent = _PERMANENT * sigma * x * theta**_TURNOVER_POWER
    temporary = _TEMPORARY * sigma * (x / t) ** _EXPONENT
    return Impact(permanent, temporary, 0.5 * permanent + temporary)


def sqrt_impact(factor: Any, daily_vol: Any, quantity: Any, daily_volume: Any) -> float:
    """Peak impact of the square-root law, factor x vol x sqrt(quantity / volume)."""
    y, sigma = not_negative("factor", factor), not_negative("daily_vol", daily_vol)
    q = not_negative("quantity", quantity)
    v = positive("daily_volume", daily_volume)
    return y * sigma * math.sqrt(q / v)


def sqrt_impact_average_cost(
    factor: Any, daily_vol: Any, quantity: Any, daily_volume: Any
) -> float:
    """Average cost under the square-root law: two thirds of the peak."""
    return 2.0 / 3.0 * sqrt_impact(factor, daily_vol, quantity, daily_volume)


def critical_leverage(peak_impact: Any) -> float:
    """The leverage beyond which closing out under the square-root law costs more than equity.

    Caccioli, Bouchaud and Farmer (arXiv 1204.0922): 1 / leverage = 2/3 of the peak impact.
    """
    return 1.5 / positive("peak_impact", peak_impact)


@dataclass(frozen=True, slots=True)
class SpreadVaR:
    """Value at risk with the cost of the spread (Bangia and others 1999), in money."""

    market: float
    spread: float
    total: float


def spread_var(
    value: Any,
    daily_vol: Any,
    quantile: Any,
    *,
    mean_spread: Any,
    spread_vol: Any,
    spread_quantile: Any,
    tail_factor: Any = 1.0,
) -> SpreadVaR:
    """Exogenous spread risk: a lognormal fall of the price and half of a wide spread.

    Parameters
    ----------
    value, daily_vol : float
        Of the position; volatility as a fraction.
    quantile : float
        Of the standard normal, > 0 (2.33 for 99 %).
    mean_spread, spread_vol : float
        Relative to mid.
    spread_quantile : float
        Standard deviations of the spread to add.
    tail_factor : float
        Multiplies the quantile for fat tails.
    """
    v = not_negative("value", value)
    move = not_negative("quantile", quantile) * not_negative("tail_factor", tail_factor)
    market = v * -math.expm1(-move * not_negative("daily_vol", daily_vol))
    wide = not_negative("mean_spread", mean_spread) + not_negative(
        "spread_quantile", spread_quantile
    ) * not_negative("spread_vol", spread_vol)
    spread = 0.5 * v * wide
    return SpreadVaR(market, spread, market + spread)


@dataclass(frozen=True, slots=True)
class BookWalk:
    """A market order against resting levels.

    Attributes
    ----------
    average_price : float
        Of what was filled; NaN if nothing was.
    slippage : float
        Average against the best price, as a ratio of it; positive is a loss.
    residual : float
        What the book could not take.
    """

    average_price: float
    slippage: float
    residual: float


def walk_book(prices: Any, sizes: Any, quantity: Any) -> BookWalk:
    """Fill a quantity from the best level on; bids fall, asks rise.

    Parameters
    ----------
    prices, sizes : array of float
        Levels in the order they are taken.
    quantity : float
        To fill, at least 0.
    """
    p, s = _levels("prices", prices), _levels("sizes", sizes)
    if p.size != s.size:
        raise InvalidInputError(
            f"sizes must have {p.size} rows like prices, got {s.size}", code="LENGTH_MISMATCH"
        )
    order = np.diff(p)
    if np.any(order > 0.0) and np.any(order < 0.0):
        row = int(np.flatnonzero(np.sign(order) != np.sign(order[order != 0.0][0]))[0]) + 1
        raise InvalidInputError(
            f"prices row {row} must go on in one direction, got {p[row]}", code="INVALID_ARGUMENT"
        )
    wanted = not_negative("quantity", quantity)
    before = np.concatenate(([0.0], np.cumsum(s)[:-1]))
    taken = np.clip(wanted - before, 0.0, s)
    filled = float(np.sum(taken))
    average = float(np.sum(taken * p)) / filled if filled > 0.0 else math.nan
    best = float(p[0]) if p.size else math.nan
    return BookWalk(average, abs(average / best - 1.0), max(wanted - filled, 0.0))


def _levels(name: str, values: Any) -> NDArray[np.float64]:
    raw = np.asarray(values)
    if raw.dtype.kind not in "fiu" or raw.ndim != 1:
        raise InputTypeError(f"{name} must be a column of numbers, got {raw.dtype} {raw.shape}")
    out = raw.astype(np.float64)
    bad = np.flatnonzero(~(out > 0.0) | ~np.isfinite(out))
    if bad.size:
        raise InvalidInputError(
            f"{name} row {bad[0]} must be finite and greater than 0, got {out[bad[0]]}",
            code="INVALID_ARGUMENT",
        )
    return out


@dataclass(frozen=True, slots=True)
class Execution:
    """A schedule of Almgren and Chriss (2000) and what it costs.

    Attributes
    ----------
    holdings : array of float
        At the start and after each period; read-only.
    expected_cost, variance : float
        In money and money squared.
    urgency : float
        kappa, per unit of time; 0 for a schedule that is not optimal for a risk aversion.
    """

    holdings: NDArray[np.float64]
    expected_cost: float
    variance: float
    urgency: float = 0.0

    @property
    def deviation(self) -> float:
        """Standard deviation of the cost."""
        return math.sqrt(self.variance)

    def utility(self, risk_aversion: float) -> float:
        """Expected cost plus risk aversion times variance."""
        return self.expected_cost + risk_aversion * self.variance

    def at_risk(self, quantile: float) -> float:
        """Expected cost plus so many standard deviations: liquidity-adjusted value at risk."""
        return self.expected_cost + quantile * self.deviation


@dataclass(frozen=True, slots=True)
class _Market:
    quantity: float
    time: float
    periods: int
    sigma: float
    temporary: float
    permanent: float
    fixed: float

    @property
    def tau(self) -> float:
        return self.time / self.periods

    def cost(self, holdings: NDArray[np.float64], urgency: float = 0.0) -> Execution:
        sold = -np.diff(holdings)
        x, tau = self.quantity, self.tau
        expected = (
            0.5 * self.permanent * x * x
            + self.fixed * float(np.sum(np.abs(sold)))
            + (self.temporary - 0.5 * self.permanent * tau) / tau * float(np.sum(sold * sold))
        )
        variance = self.sigma**2 * tau * float(np.sum(holdings[1:] ** 2))
        holdings.setflags(write=False)
        return Execution(holdings, expected, variance, urgency)


def _market(quantity: Any, time: Any, periods: Any, **rest: Any) -> _Market:
    whole = isinstance(periods, (int, np.integer)) and not isinstance(periods, bool)
    if not whole or periods < 1:
        raise InvalidInputError(
            f"periods must be a whole number of at least 1, got {periods!r}",
            code="INVALID_ARGUMENT",
        )
    return _Market(
        not_negative("quantity", quantity),
        positive("time", time),
        int(periods),
        *(not_negative(name, rest[name]) for name in ("sigma", "temporary", "permanent", "fixed")),
    )


def almgren_chriss_uniform(
    quantity: Any, time: Any, periods: Any, *, sigma: Any, temporary: Any, permanent: Any,
    fixed: Any = 0.0,
) -> Execution:  # fmt: skip
    """Sell the same amount in every period.

    Parameters
    ----------
    quantity : float
        To sell.
    time, periods : float, int
        Over how long and in how many equal periods.
    sigma : float
        Volatility of the price in money per square root of time.
    temporary, permanent : float
        eta (price per rate of trading) and gamma (price per unit traded).
    fixed : float
        Half spread and fee per unit.
    """
    m = _market(quantity, time, periods, sigma=sigma, temporary=temporary, permanent=permanent,
                fixed=fixed)  # fmt: skip
    return m.cost(m.quantity * (1.0 - np.arange(m.periods + 1) / m.periods))


def almgren_chriss_minimum_variance(
    quantity: Any, time: Any, periods: Any, *, sigma: Any, temporary: Any, permanent: Any,
    fixed: Any = 0.0,
) -> Execution:  # fmt: skip
    """Sell everything in the first period; parameters as for the uniform schedule."""
    m = _market(quantity, time, periods, sigma=sigma, temporary=temporary, permanent=permanent,
                fixed=fixed)  # fmt: skip
    holdings = np.zeros(m.periods + 1)
    holdings[0] = m.quantity
    return m.cost(holdings)


def almgren_chriss_optimal(
    quantity: Any, time: Any, periods: Any, *, sigma: Any, temporary: Any, permanent: Any,
    risk_aversion: Any, fixed: Any = 0.0,
) -> Execution:  # fmt: skip
    """The schedule of least expected cost plus risk aversion times variance.

    Parameters are those of the uniform schedule; ``risk_aversion`` is per unit of money.
    """
    m = _market(quantity, time, periods, sigma=sigma, temporary=temporary, permanent=permanent,
                fixed=fixed)  # fmt: skip
    aversion = not_negative("risk_aversion", risk_aversion)
    eased = m.temporary - 0.5 * m.permanent * m.tau
    if not eased > 0.0:
        raise InvalidInputError(
            f"temporary must be greater than permanent x time / (2 periods) = "
            f"{0.5 * m.permanent * m.tau:g}, got {m.temporary:g}",
            code="INVALID_ARGUMENT",
        )
    if aversion == 0.0 or m.sigma == 0.0:
        return m.cost(m.quantity * (1.0 - np.arange(m.periods + 1) / m.periods))
    # 2 (cosh(kappa tau) - 1) / tau^2 = aversion sigma^2 / eased, solved without cancellation
    kappa = 2.0 / m.tau * math.asinh(0.5 * m.tau * math.sqrt(aversion * m.sigma**2 / eased))
    left = kappa * (m.time - m.tau * np.arange(m.periods + 1))
    # sinh(a) / sinh(b) by falling exponentials, which cannot overflow
    top = np.exp(left - kappa * m.time) * -np.expm1(-2.0 * left)
    holdings = m.quantity * top / -math.expm1(-2.0 * kappa * m.time)
    holdings[-1] = 0.0
    return m.cost(holdings, kappa)
