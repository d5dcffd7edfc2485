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
    that underlying of pockets that are liquidating or bankrupt, with the debts of those that need
    no margin, and how many accounts have one.
    """

    policy: str
    underlyings: Sequence[str]
    moves: NDArray[np.float64]
    notional: NDArray[np.float64]
    accounts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AccountScenarios:
    """Profit and loss of one pocket's most exposed unit over its policy's scenarios.

    ``equity`` is the pocket's, with maintenance collateral weights.
    ``weights`` is 1 for the scanned price moves and less for damped tails; ``pnl`` (numeraire,
    tails damped) has shape (vol shocks, price moves), NaN where there is no such scenario.
    """

    account: str
    pocket: str
    underlying: str
    equity: float
    moves: NDArray[np.float64]
    weights: NDArray[np.float64]
    vol_shocks: NDArray[np.float64]
    pnl: NDArray[np.float64]

    def worst_at(self, moves: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the worst profit over volatility shocks, straight between scanned moves."""
        scanned = (self.weights == 1.0) & np.any(np.isfinite(self.pnl), axis=0)
        if not np.any(scanned):
            return np.full(moves.shape, np.nan)
        worst = np.nanmin(self.pnl[:, scanned], axis=0)
        return np.asarray(np.interp(moves, self.moves[scanned], worst, left=np.nan, right=np.nan))

    def worst_at_tails(self, moves: Sequence[float]) -> NDArray[np.float64]:
        """Give the worst damped profit at each tail."""
        places = [
            int(np.flatnonzero((self.moves == move) & (self.weights < 1.0))[0]) for move in moves
        ]
        return np.asarray(np.nanmin(self.pnl[:, places], axis=0))


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
    holds rows of a run's accounts, chosen under ``riskiest_policy``, with the binding pocket of
    each if ``shows_pockets``. ``sources`` are of each policy a line on where its figures come from
    and what its file says of itself.
    """

    title: str
    lead: str
    version: str
    numeraire: str
    runs: Sequence[Run]
    facts: Sequence[tuple[str, str]] = ()
    riskiest: Columns | None = None
    riskiest_policy: str = ""
    shows_pockets: bool = False
    liquidation: LiquidationMap | None = None
    scenarios: Sequence[AccountScenarios] = ()
    timeline: Sequence[TimelineDay] = ()
    sources: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = field(default=())
