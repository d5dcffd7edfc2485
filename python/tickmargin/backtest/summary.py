"""From margins and losses to a row of checks per book, per class and over all books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.arguments import refuse
from tickmargin.backtest.coverage import kupiec_pof
from tickmargin.backtest.evidence import e_process, e_values_coverage
from tickmargin.backtest.forecasts import Forecast
from tickmargin.backtest.independence import christoffersen
from tickmargin.backtest.pooled import pooled_coverage
from tickmargin.backtest.rolling import Promise, Rolled
from tickmargin.backtest.shortfall import (
    acerbi_szekely,
    acerbi_szekely_critical,
    quantile_score,
    shortfall_size,
)
from tickmargin.backtest.traffic import traffic_light
from tickmargin.procyclicality import (
    FrontierPoint,
    frontier,
    nday_increase,
    peak_to_trough,
    within_nday_increase,
)

__all__ = ["Capital", "Check", "Cyclicality", "capital_of", "check_rolled", "cyclicality_of"]

LEVEL = 0.05
_BOOKS_SHOWN = 40  # of a class; larger ones are only pooled


@dataclass(frozen=True, slots=True)
class Check:
    """One book (or several pooled) against one of a policy's promises.

    Attributes
    ----------
    scope : str
        ``book``, ``class`` or ``all``.
    name, measure : str
        Of the book or class; ``initial_margin`` or ``maintenance_margin``.
    confidence : float
        As promised.
    observations, exceptions : int
        Of windows that do not overlap.
    mean_margin : float
    coverage : float
    p_value : float
        One-sided against too many exceptions: Kupiec's for a book, with the variance between times
        for several. NaN where there is nothing to test.
    p_independence : float
        Christoffersen's, of exceptions in runs; NaN for several books.
    zone : str
        Of the traffic light; empty for several books.
    e_p_value : float
        By the e-process; holds at any time of looking.
    mean_shortfall_ratio, worst_shortfall_ratio : float
        Loss beyond the margin as a share of it, over exceptions.
    score : float
        Mean pinball loss as a share of the mean margin.
    rejected : bool
        p_value below 5 %.
    shortfall_z1, shortfall_z2 : float
        Acerbi and Szekely's tests of the Expected Shortfall that the policy's measure forecasts:
        0 is expected, below it losses are larger than forecast. NaN where it forecasts none, for
        several books, and where less than one loss beyond its value at risk is expected.
    shortfall_critical : float
        What z2 falls below with 5 % under a right model with normal returns.
    shortfall_rejected : bool
        z2 below that. Of the measure, not of the promise: ``rejected`` is another matter.
    """

    scope: str
    name: str
    measure: str
    confidence: float
    observations: int
    exceptions: int
    mean_margin: float
    coverage: float
    p_value: float
    p_independence: float
    zone: str
    e_p_value: float
    mean_shortfall_ratio: float
    worst_shortfall_ratio: float
    score: float
    rejected: bool
    shortfall_z1: float = float("nan")
    shortfall_z2: float = float("nan")
    shortfall_critical: float = float("nan")
    shortfall_rejected: bool = False


def check_rolled(rolled: Rolled, promise: Promise) -> list[Check]:
    """Check both margins of every book, of every class of several, and of all together."""
    sides = (
        ("initial_margin", promise.initial_confidence, rolled.initial_margin,
         rolled.initial_loss, rolled.initial_steps, rolled.initial_forecast),
        ("maintenance_margin", promise.maintenance_confidence, rolled.maintenance_margin,
         rolled.maintenance_loss, rolled.maintenance_steps, rolled.maintenance_forecast),
    )  # fmt: skip
    out = []
    for measure, confidence, margin, loss, steps, forecast in sides:
        usable = _apart(rolled.times_ns, steps) & np.isfinite(loss) & np.isfinite(margin)
        for scope, name, mask in _scopes(rolled):
            rows = usable & mask
            # an account that holds nothing at a time has nothing to cover
            rows &= (margin > 0.0) | (loss != 0.0)
            if int(rows.sum()) < 2:
                continue
            times = rolled.times_ns[rows]
            check = _check((scope, name, measure), confidence, margin[rows], loss[rows], times)
            if scope == "book" and forecast is not None:
                check = replace(check, **_of_shortfall(forecast, rows, loss))
            out.append(check)
    return out


def _of_shortfall(
    forecast: Forecast, rows: NDArray[np.bool_], loss: NDArray[np.float64]
) -> dict[str, Any]:
    """Tests of one book's Expected Shortfall; nothing where there is too little to test."""
    tail = 1.0 - forecast.confidence
    rows = rows & (forecast.shortfall > 0.0)
    count = int(rows.sum())
    if count * tail < 1.0:
        return {}
    found = acerbi_szekely(-loss[rows], forecast.var[rows], forecast.shortfall[rows], tail)
    critical = _critical(count, tail)
    return {
        "shortfall_z1": found.z1,
        "shortfall_z2": found.z2,
        "shortfall_critical": critical,
        "shortfall_rejected": found.z2 < critical,
    }


@lru_cache(maxsize=64)
def _critical(count: int, tail: float) -> float:
    return acerbi_szekely_critical(count, tail, [LEVEL])[0]


def _apart(times: NDArray[np.int64], steps: int) -> NDArray[np.bool_]:
    """Keep every ``steps``-th time: windows that do not overlap."""
    _, place = np.unique(times, return_inverse=True)
    return np.asarray(place % steps == 0)


def _scopes(rolled: Rolled) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    kinds = np.array(rolled.kinds, dtype=object)
    for i, name in enumerate(rolled.books):
        if np.sum(kinds == kinds[i]) <= _BOOKS_SHOWN:
            yield "book", name, rolled.book == i
    for kind in dict.fromkeys(rolled.kinds):
        if np.sum(kinds == kind) > 1:
            yield "class", kind, kinds[rolled.book] == kind
    if len(set(rolled.kinds)) > 1:
        yield "all", "all books", np.ones(rolled.book.size, dtype=np.bool_)


def _check(
    key: tuple[str, str, str],
    confidence: float,
    margin: NDArray[np.float64],
    loss: NDArray[np.float64],
    times: NDArray[np.int64],
) -> Check:
    hits, p = loss > margin, 1.0 - confidence
    n, x = hits.size, int(hits.sum())
    p_independence, zone = float("nan"), ""
    if key[0] == "book":
        p_value = kupiec_pof(n, x, p).p_value_one_sided
        p_independence = christoffersen(hits, p).p_independence
        zone = traffic_light(n, x, p).zone
    else:
        p_value = pooled_coverage(hits, times, p).p_value
    _, place = np.unique(times, return_inverse=True)
    share = np.bincount(place, weights=hits) / np.bincount(place)
    size, mean = shortfall_size(loss, margin), float(margin.mean())
    return Check(
        *key,
        confidence=confidence,
        observations=n,
        exceptions=x,
        mean_margin=mean,
        coverage=1.0 - x / n,
        p_value=p_value,
        p_independence=p_independence,
        zone=zone,
        e_p_value=e_process(e_values_coverage(share, p)).p_value,
        mean_shortfall_ratio=size.mean_ratio,
        worst_shortfall_ratio=size.worst_ratio,
        score=quantile_score(loss, margin, confidence) / mean if mean > 0.0 else float("nan"),
        rejected=p_value < LEVEL,
    )


@dataclass(frozen=True, slots=True)
class Capital:
    """What one policy holds for a set of books, and what that covers.

    Attributes
    ----------
    policy : str
    initial_margin, maintenance_margin : float
        Of all books together, averaged over times.
    initial_coverage, maintenance_coverage : float
        Share of losses within the margin, books and times together.
    peak_to_trough : float
        Of the initial margin of all books together.
    """

    policy: str
    initial_margin: float
    maintenance_margin: float
    initial_coverage: float
    maintenance_coverage: float
    peak_to_trough: float


def capital_of(policy: str, rolled: Rolled) -> Capital:
    """Sum up one policy's roll."""
    _, place = np.unique(rolled.times_ns, return_inverse=True)
    totals = [
        np.bincount(place, weights=side)
        for side in (rolled.initial_margin, rolled.maintenance_margin)
    ]
    covered = [
        float(np.mean(loss[known] <= margin[known]))
        for margin, loss in (
            (rolled.initial_margin, rolled.initial_loss),
            (rolled.maintenance_margin, rolled.maintenance_loss),
        )
        for known in [np.isfinite(loss)]
    ]
    return Capital(
        policy,
        float(totals[0].mean()),
        float(totals[1].mean()),
        covered[0],
        covered[1],
        float(totals[0].max() / totals[0].min()) if totals[0].min() > 0.0 else float("inf"),
    )


@dataclass(frozen=True, slots=True)
class Cyclicality:
    """How one book's maintenance margin moved, and what holding it would have cost.

    Attributes
    ----------
    book : str
    peak_to_trough : float
    largest_step : float
        The largest relative rise from one time to the next.
    rise_within_week : float
        The largest relative rise between two times at most seven rows apart.
    frontier : list of (factor, point)
        False liquidations and bad debt of accounts held for ``rows`` rows under multiples of the
        margin.
    """

    book: str
    peak_to_trough: float
    largest_step: float
    rise_within_week: float
    frontier: list[tuple[float, FrontierPoint]]


def cyclicality_of(rolled: Rolled, rows: int) -> list[Cyclicality]:
    """Follow the maintenance margin of every book that has one throughout.

    Rows are the times margined, whatever the horizon that is promised for.

    Raises
    ------
    InvalidInputError
        INVALID_ARGUMENT: the books of the next time are others, and the maintenance horizon is
        more than one step, so that there is no loss from a time to the next; or no book has a
        margin throughout ``rows`` + 8 times or more.
    """
    losses = rolled.next_loss
    if losses is None:
        if rolled.maintenance_steps != 1:
            raise refuse(
                "accounts cannot be held: books are drawn anew at each time and their losses are "
                f"over {rolled.maintenance_steps} of them; hold MM to one step (--horizon-days)"
            )
        losses = rolled.maintenance_loss
    out = []
    for i, name in enumerate(rolled.books):
        own = np.flatnonzero((rolled.book == i) & np.isfinite(losses))
        margin, loss = rolled.maintenance_margin[own], losses[own]
        if own.size < rows + 8 or not np.all(margin > 0.0):
            continue
        out.append(
            Cyclicality(
                name,
                peak_to_trough(margin),
                nday_increase(margin, 1),
                within_nday_increase(margin, 7),
                frontier(margin, loss, horizon=rows),
            )
        )
    if not out:
        times = np.unique(rolled.times_ns).size
        raise refuse(
            f"no book has a maintenance margin above 0 at {rows + 8} times or more, of {times}; "
            f"holding accounts for {rows} needs that"
        )
    return out
