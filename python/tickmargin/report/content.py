"""What goes into a report, as plain data that needs no engine to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tickmargin.report.summary import Columns, ResultLike, Summary


@dataclass(frozen=True, slots=True)
class Run:
    """One result under one set of policies, with its totals."""

    name: str
    result: ResultLike
    summary: Summary


@dataclass(frozen=True, slots=True)
class LiquidationMap:
    """What would be in liquidation after a move of one underlying, the others held.

    ``notional`` (numeraire) and ``accounts`` have shape (underlyings, moves): gross notional in
    that underlying of accounts that are liquidating or bankrupt, and how many those are.
    """

    policy: str
    underlyings: Sequence[str]
    moves: NDArray[np.float64]
    notional: NDArray[np.float64]
    accounts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AccountScenarios:
    """Profit and loss of one account's most exposed unit over its policy's scenarios.

    ``pnl`` (numeraire) has shape (vol shocks, price moves).
    """

    account: str
    pocket: str
    underlying: str
    equity: float
    moves: NDArray[np.float64]
    vol_shocks: NDArray[np.float64]
    pnl: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimelineDay:
    """One day of a path: prices and volatilities by underlying, totals by policy."""

    label: str
    as_of_ns: int
    index_price: Mapping[str, float]
    vol_30d_annual: Mapping[str, float]
    summaries: Sequence[Summary]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one report shows; parts that are absent are left out of the page.

    ``facts`` are label and value pairs for the header, such as counts and versions; ``riskiest``
    holds rows of the first run's accounts.
    """

    title: str
    lead: str
    version: str
    numeraire: str
    runs: Sequence[Run]
    facts: Sequence[tuple[str, str]] = ()
    riskiest: Columns | None = None
    liquidation: LiquidationMap | None = None
    scenarios: Sequence[AccountScenarios] = ()
    timeline: Sequence[TimelineDay] = ()
    notes: Sequence[str] = field(default=())
