"""Asking an engine for what a report shows beyond one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickmargin.report.content import AccountScenarios, LiquidationMap
from tickmargin.report.summary import IN_LIQUIDATION, Columns, ResultLike

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.policies import Policies
    from tickmargin.results import Explanation

Step = Callable[[], None]

LADDER_MOVES = (-0.40, -0.30, -0.24, -0.18, -0.12, -0.08, -0.04, 0.0,
                0.04, 0.08, 0.12, 0.18, 0.24, 0.30, 0.40)  # fmt: skip


def liquidation_map(
    engine: Engine,
    *,
    threads: int = 1,
    policies: Policies | None = None,
    moves: Sequence[float] = LADDER_MOVES,
    step: Step = lambda: None,
) -> LiquidationMap:
    """Re-margin the book on a ladder of moves of each underlying alone.

    Parameters
    ----------
    engine : Engine
        Its state is not changed.
    threads : int, default 1
        Workers of each recompute.
    policies : Policies, optional
        Policies to use instead of the engine's own.
    moves : sequence of float
        Fractions of the index; 0 is today.
    step : callable
        Called after each recompute, for a progress bar.

    Returns
    -------
    LiquidationMap
        Underlyings in the market's order; those without an index price are left out.
    """
    underlyings = engine.market.underlyings
    indices = {
        str(name): float(price)
        for name, price in zip(underlyings.names, underlyings.index_price, strict=True)
        if np.isfinite(price)
    }
    notional = np.zeros((len(indices), len(moves)))
    accounts = np.zeros((len(indices), len(moves)), dtype=np.int64)
    for row, (name, price) in enumerate(indices.items()):
        for column, move in enumerate(moves):
            result = engine.recompute(
                threads=threads, policies=policies, index={name: price * (1.0 + move)}
            )
            notional[row, column], accounts[row, column] = _in_liquidation(result, name)
            step()
    chosen = engine.policies if policies is None else policies
    return LiquidationMap(
        ", ".join(chosen.names), list(indices), np.asarray(moves), notional, accounts
    )


def liquidation_steps(engine: Engine) -> int:
    """Give the number of recomputes of `liquidation_map`, for a progress bar."""
    return len(engine.market.underlyings.names) * len(LADDER_MOVES)


def account_scenarios(explanation: Explanation, pocket: str) -> AccountScenarios | None:
    """Arrange the scenarios of one of an account's pockets as a grid.

    Parameters
    ----------
    explanation : Explanation
        From `Engine.explain`.
    pocket : str
        The pocket to show: the one that binds stands in a result's accounts as ``worst_pocket``.

    Returns
    -------
    AccountScenarios or None
        The pocket's unit with the largest loss; None if it has no scenarios. Rows that share a
        price move, weight and volatility shock keep the lowest profit.
    """
    table = explanation.scenarios
    own = np.flatnonzero(table["pocket"] == pocket)
    if len(own) == 0:
        return None
    profit = table["profit"]  # tails are damped already
    underlying = table["underlying"][own[np.argmin(profit[own])]]
    rows = own[table["underlying"][own] == underlying]
    # A tail may have the move of a scanned scenario: the pair is what tells columns apart.
    pairs = np.stack([np.round(table["price_move"][rows], 9), table["weight"][rows]], axis=1)
    columns, at_move = np.unique(pairs, axis=0, return_inverse=True)
    shocks, at_shock = np.unique(np.round(table["vol_shock"][rows], 9), return_inverse=True)
    grid = np.full((shocks.shape[0], columns.shape[0]), np.inf)
    np.minimum.at(grid, (at_shock, at_move), profit[rows])
    grid[np.isinf(grid)] = np.nan
    return AccountScenarios(
        account=explanation.account,
        pocket=pocket,
        underlying=str(underlying),
        equity=_equity_of(explanation, pocket),
        moves=columns[:, 0],
        weights=columns[:, 1],
        vol_shocks=shocks,
        pnl=grid,
    )


def _equity_of(explanation: Explanation, pocket: str) -> float:
    """Add the lines of a pocket's equity, in order, as its row was added."""
    lines = explanation.equity
    return float(sum(lines["maintenance"][lines["pocket"] == pocket].tolist()))


def _in_liquidation(result: ResultLike, underlying: str) -> tuple[float, int]:
    """Give the gross notional in one underlying of pockets in liquidation, and their accounts.

    A pocket that owes and needs no margin counts its debts, whatever backs them.
    A pocket is liquidated alone: the healthy ones of the same account keep their positions.
    """
    pockets, units = result.pockets, result.units
    taken = np.flatnonzero(np.isin(pockets["state"], IN_LIQUIDATION))
    keys = set(_pockets_of(pockets, taken))
    mine = np.flatnonzero(units["underlying"] == underlying)
    held = np.fromiter((key in keys for key in _pockets_of(units, mine)), np.bool_, len(mine))
    notional = float(units["gross_notional"][mine][held].sum())
    unmargined = taken[pockets["maintenance_margin"][taken] == 0.0]
    notional += float(pockets["debts"][unmargined].sum())
    return notional, len({account for account, _ in keys})


def _pockets_of(table: Columns, rows: NDArray[np.intp]) -> Iterator[tuple[str, str]]:
    """Name the pocket of each row."""
    accounts, pockets = table["account"][rows].tolist(), table["pocket"][rows].tolist()
    return zip(accounts, pockets, strict=True)
