"""How margin moves with the market: the tools that damp it, and what is measured of it.

The rules are those of EMIR RTS 153/2013 article 28(1); the figures those of Murphy, Vasios and
Vause (Bank of England FSP 29, 2014). What a policy applies is its section
``anti_procyclicality``; these
functions are the same rules on plain numbers, and the diagnostics of any margin's path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.arguments import column, count, refuse, same_length
from tickmargin.errors import InputTypeError

if TYPE_CHECKING:
    from tickmargin.backtest.history import PriceHistory
    from tickmargin.backtest.rolling import Book
    from tickmargin.policies import Policies

__all__ = [
    "FrontierPoint",
    "ImpulseResponse",
    "buffered",
    "floored",
    "frontier",
    "frontier_point",
    "impulse_response",
    "nday_increase",
    "peak_to_trough",
    "policy_frontier",
    "policy_response",
    "speed_limited",
    "stress_weighted",
    "within_nday_increase",
]


def _amount(name: str, value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise InputTypeError(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not (np.isfinite(number) and number >= 0.0):
        raise refuse(f"{name} must be finite and at least 0, got {number}")
    return number


def buffered(model: Any, buffer_ratio: Any = 0.25, pre_stress: Any = None) -> float:
    """A margin with a buffer that is spent while the model's margin rises.

    Parameters
    ----------
    model : float
        What the model asks for now.
    buffer_ratio : float
        Of the model's margin, built in calm.
    pre_stress : float, optional
        The model's margin before the stress; while one is on, the charge is
        max(model, min(model, pre_stress) x (1 + buffer)).
    """
    now, size = _amount("model", model), 1.0 + _amount("buffer_ratio", buffer_ratio)
    if pre_stress is None:
        return now * size
    return max(now, min(now * size, _amount("pre_stress", pre_stress) * size))


def stress_weighted(current: Any, stressed: Any, weight: Any = 0.25) -> float:
    """A share of the margin of stressed observations, never less than the current margin."""
    now, bad = _amount("current", current), _amount("stressed", stressed)
    w = _amount("weight", weight)
    if w > 1.0:
        raise refuse(f"weight must be at most 1, got {w}")
    return max(now, (1.0 - w) * now + w * bad)


def floored(current: Any, long_run: Any) -> float:
    """Never below the margin of the longest history there is."""
    return max(_amount("current", current), _amount("long_run", long_run))


def speed_limited(measure: Any, buffered_margin: Any, previous: Any, most_added: Any) -> float:
    """A maintenance margin whose buffer may grow only so fast; never below the measure itself."""
    now = _amount("measure", measure)
    ceiling = _amount("previous", previous) + _amount("most_added", most_added)
    return max(now, min(_amount("buffered_margin", buffered_margin), ceiling))


def _path(margin: Any) -> NDArray[np.float64]:
    path = column("margin", margin)
    bad = np.flatnonzero(path <= 0.0)
    if bad.size:
        raise refuse(f"margin row {bad[0]} must be greater than 0, got {path[bad[0]]}")
    return path


def peak_to_trough(margin: Any) -> float:
    """Largest over smallest margin of a portfolio that does not change."""
    path = _path(margin)
    return float(path.max() / path.min())


def nday_increase(margin: Any, days: Any, kind: Literal["ratio", "absolute"] = "ratio") -> float:
    """The largest rise between two times exactly so many rows apart; negative if all fell."""
    path, n = _path(margin), count("days", days, low=1)
    if n >= path.size:
        raise refuse(f"days must be below the {path.size} rows of margin, got {n}")
    if kind not in ("ratio", "absolute"):
        raise refuse(f"kind must be 'ratio' or 'absolute', got {kind!r}")
    rise = path[n:] / path[:-n] - 1.0 if kind == "ratio" else path[n:] - path[:-n]
    return float(rise.max())


def within_nday_increase(margin: Any, days: Any) -> float:
    """The largest relative rise between two times at most so many rows apart."""
    path, n = _path(margin), count("days", days, low=1)
    return max(nday_increase(path, k) for k in range(1, min(n, path.size - 1) + 1))


@dataclass(frozen=True, slots=True)
class ImpulseResponse:
    """A margin's path after a step of volatility, against where it ends.

    Attributes
    ----------
    margin : array of float
        From the last row before the step on; read-only.
    overshoot : float
        Peak over the level at the end, less 1.
    half_rows : int
        Rows after the step until half of the rise was asked for.
    largest_step : float
        The largest rise from row to row, relative.
    """

    margin: NDArray[np.float64]
    overshoot: float
    half_rows: int
    largest_step: float


def impulse_response(
    margin_of: Callable[[NDArray[np.float64]], Any],
    *,
    calm_vol: float,
    stressed_vol: float,
    calm_rows: int = 250,
    stressed_rows: int = 250,
    seed: int = 0,
) -> ImpulseResponse:
    """Feed a margin with returns whose volatility steps up once.

    Parameters
    ----------
    margin_of : callable
        From all returns so far, per row, to a margin for each row.
    calm_vol, stressed_vol : float
        Per row, before and after the step. The returns' sizes are quantiles of the normal in an
        order drawn with ``seed``, so that their volatility is exact.
    calm_rows, stressed_rows, seed : int
        Length of both parts; the order.
    """
    calm, after = count("calm_rows", calm_rows, low=2), count("stressed_rows", stressed_rows, low=2)
    random = np.random.default_rng(seed)
    returns = np.concatenate(
        [
            _amount("calm_vol", calm_vol) * _exact_normal(random, calm),
            _amount("stressed_vol", stressed_vol) * _exact_normal(random, after),
        ]
    )
    path = _path(margin_of(returns))
    if path.size != returns.size:
        raise refuse(f"margin_of must give {returns.size} rows, got {path.size}")
    shown = path[calm - 1 :].copy()
    shown.setflags(write=False)
    end = float(np.mean(shown[-max(1, after // 5) :]))
    reached = np.flatnonzero(shown >= 0.5 * (shown[0] + end))
    return ImpulseResponse(
        shown,
        float(shown.max() / end - 1.0),
        int(reached[0]) if reached.size else after,
        float((shown[1:] / shown[:-1] - 1.0).max()),
    )


def _exact_normal(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    from statistics import NormalDist

    quantile = NormalDist().inv_cdf
    sizes = np.array([quantile((i + 0.5) / size) for i in range(size)])
    return np.asarray(random.permutation(sizes / np.sqrt(np.mean(sizes * sizes))))


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One setting of a policy over a history: what it costs to be safe.

    Attributes
    ----------
    observations : int
    liquidated : int
        Windows in which equity fell below the margin then asked for.
    false_liquidations : int
        Of these, how many would have been solvent at the end had they been held.
    bad_debt : float
        What was lost beyond all collateral, added up.
    mean_margin : float
        Held on average.
    peak_to_trough : float
        Of the margin.
    """

    observations: int
    liquidated: int
    false_liquidations: int
    bad_debt: float
    mean_margin: float
    peak_to_trough: float


def frontier_point(
    margin: Any, losses: Any, *, horizon: Any, collateral_ratio: float = 1.2
) -> FrontierPoint:
    """Hold an account through every window of a history under one margin path.

    Parameters
    ----------
    margin : array of float
        Maintenance margin of one portfolio at each row.
    losses : array of float
        What it lost from each row to the next; the last is not used.
    horizon : int
        Rows a window is held.
    collateral_ratio : float
        Collateral at the start of a window over the margin then asked for. An account whose
        equity is below the margin is closed out at the row after: its loss up to there counts.
    """
    m, lost = _path(margin), column("losses", losses)
    same_length(("margin", "losses"), m, lost)
    n = count("horizon", horizon, low=1, high=m.size - 2)
    if not collateral_ratio > 0.0:
        raise refuse(f"collateral_ratio must be greater than 0, got {collateral_ratio}")
    gone = np.concatenate(([0.0], np.cumsum(lost)))
    liquidated = false = 0
    debt = 0.0
    starts = range(m.size - n - 1)
    for row in starts:
        equity = collateral_ratio * m[row] - (gone[row : row + n + 2] - gone[row])
        below = np.flatnonzero(equity[1 : n + 1] < m[row + 1 : row + n + 1])
        if below.size == 0:
            debt += max(0.0, -float(equity[n]))
            continue
        liquidated += 1
        debt += max(0.0, -float(equity[below[0] + 2]))
        false += bool(equity[n] >= 0.0 and np.all(equity[: n + 1] > 0.0))
    return FrontierPoint(len(starts), liquidated, false, debt, float(m.mean()), peak_to_trough(m))


def frontier(
    margin: Any,
    losses: Any,
    *,
    horizon: Any,
    factors: Any = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
    collateral_ratio: float = 1.2,
) -> list[tuple[float, FrontierPoint]]:
    """Give the point of every multiple of a margin: what safety costs, not one setting of it."""
    path = _path(margin)
    return [
        (
            float(k),
            frontier_point(k * path, losses, horizon=horizon, collateral_ratio=collateral_ratio),
        )
        for k in column("factors", factors).tolist()
    ]


def policy_frontier(
    policies: Policies,
    history: PriceHistory,
    books: Sequence[Book] | None = None,
    *,
    horizon: Any,
    factors: Any = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
    collateral_ratio: float = 1.2,
    start_ns: int | None = None,
    end_ns: int | None = None,
    every: int = 1,
) -> dict[str, list[tuple[float, FrontierPoint]]]:
    """Give the frontier of each book under any policy over any history of prices.

    Parameters
    ----------
    policies : Policies
    history : PriceHistory
    books : sequence of Book, optional
        Long and short of each underlying and their mixes by default.
    horizon : int
        Rows an account is held.
    factors, collateral_ratio
        As :func:`frontier` takes them.
    start_ns, end_ns, every
        As ``tickmargin.backtest.roll_prices`` takes them.

    Returns
    -------
    dict
        By book; one whose margin is 0 somewhere is left out.
    """
    from tickmargin.backtest.rolling import Promise, price_books, roll_prices

    days = history.step_days * count("every", every, low=1)
    # losses from row to row, whatever horizon the policy promises for
    rolled = roll_prices(
        policies,
        history,
        price_books(history.underlyings) if books is None else books,
        promise=Promise(initial_days=days, maintenance_days=days),
        start_ns=start_ns,
        end_ns=end_ns,
        every=every,
        forecast=False,
    )
    out = {}
    for number, name in enumerate(rolled.books):
        own = np.flatnonzero((rolled.book == number) & np.isfinite(rolled.maintenance_loss))
        margin, losses = rolled.maintenance_margin[own], rolled.maintenance_loss[own]
        if np.all(margin > 0.0):
            out[name] = frontier(
                margin, losses, horizon=horizon, factors=factors, collateral_ratio=collateral_ratio
            )
    return out


def policy_response(
    policies: Policies,
    *,
    calm_vol_annual: float,
    stressed_vol_annual: float,
    underlying: str = "BTC",
    calm_rows: int = 250,
    stressed_rows: int = 250,
    seed: int = 0,
    history: PriceHistory | None = None,
) -> ImpulseResponse:
    """Give a policy's maintenance margin of a long perpetual after volatility has stepped up.

    Parameters
    ----------
    policies : Policies
    calm_vol_annual, stressed_vol_annual : float
        Of daily returns, before and after; the rest is as :func:`impulse_response` takes it.
    underlying : str
        Whose parameters are read.
    calm_rows, stressed_rows, seed : int
        Days; the calm ones also warm the volatility up, for a month at least.
    history : PriceHistory, optional
        What came before the first of them: a policy with a stressed window needs one that has it.
        Columns beside prices stay as they are at its end.
    """
    from tickmargin.backtest.history import continued
    from tickmargin.backtest.rolling import Book, Promise, roll_prices

    def margin_of(returns: NDArray[np.float64]) -> NDArray[np.float64]:
        rolled = roll_prices(
            policies,
            continued(history, underlying, returns),
            [Book("long", underlying, {underlying: 100_000.0})],
            promise=Promise(),
            start_ns=None if history is None else int(history.times_ns[-1]) + 1,
            forecast=False,
        )
        path = rolled.maintenance_margin[-returns.size :]
        return np.concatenate([np.full(returns.size - path.size, path[0]), path])

    root = np.sqrt(365.0)
    return impulse_response(
        margin_of,
        calm_vol=_amount("calm_vol_annual", calm_vol_annual) / root,
        stressed_vol=_amount("stressed_vol_annual", stressed_vol_annual) / root,
        calm_rows=count("calm_rows", calm_rows, low=60),
        stressed_rows=stressed_rows,
        seed=seed,
    )
