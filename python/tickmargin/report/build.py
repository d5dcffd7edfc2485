"""Asking an engine for what a report shows beyond one result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tickmargin.report.content import AccountScenarios, LiquidationMap
from tickmargin.report.summary import IN_LIQUIDATION, ResultLike

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


def account_scenarios(explanation: Explanation, equity: float) -> AccountScenarios | None:
    """Arrange an account's scenarios as a grid.

    Parameters
    ----------
    explanation : Explanation
        From `Engine.explain`.
    equity : float
        The account's equity.

    Returns
    -------
    AccountScenarios or None
        The unit with the largest loss; None if the account's policy has no scenarios. Rows that
        share a price move, weight and volatility shock keep the lowest profit.
    """
    table = explanation.scenarios
    if len(table) == 0:
        return None
    profit = table["profit"]  # tails are damped already
    worst = int(np.argmin(profit))
    pocket, underlying = table["pocket"][worst], table["underlying"][worst]
    rows = np.flatnonzero((table["pocket"] == pocket) & (table["underlying"] == underlying))
    # A tail may have the move of a scanned scenario: the pair is what tells columns apart.
    pairs = np.stack([np.round(table["price_move"][rows], 9), table["weight"][rows]], axis=1)
    columns, at_move = np.unique(pairs, axis=0, return_inverse=True)
    shocks, at_shock = np.unique(np.round(table["vol_shock"][rows], 9), return_inverse=True)
    grid = np.full((shocks.shape[0], columns.shape[0]), np.inf)
    np.minimum.at(grid, (at_shock, at_move), profit[rows])
    grid[np.isinf(grid)] = np.nan
    return AccountScenarios(
        account=explanation.account,
        pocket=str(pocket),
        underlying=str(underlying),
        equity=equity,
        moves=columns[:, 0],
        weights=columns[:, 1],
        vol_shocks=shocks,
        pnl=grid,
    )


def _in_liquidation(result: ResultLike, underlying: str) -> tuple[float, int]:
    """Give the gross notional in one underlying of accounts in liquidation, and their number."""
    state = result.accounts["state"]
    taken = np.isin(state, IN_LIQUIDATION)
    names = set(result.accounts["account"][taken].tolist())
    units = result.units
    mine = units["underlying"] == underlying
    held = np.fromiter((a in names for a in units["account"][mine]), np.bool_, int(mine.sum()))
    return float(units["gross_notional"][mine][held].sum()), int(np.count_nonzero(taken))
