"""How likely an account is to be called or liquidated, by full recomputes of joint moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import reals
from tickmargin.table import Table

if TYPE_CHECKING:
    from tickmargin.engine import Engine

__all__ = ["breach_table"]

_CALLED = ("margin_call", "liquidating", "bankrupt")
_LIQUIDATED = ("liquidating", "bankrupt")


def breach_table(engine: Engine, moves: Mapping[str, Any], threads: int) -> Table:
    """What :meth:`tickmargin.Engine.breach_probabilities` answers."""
    columns = {name: reals(f"moves[{name!r}]", column) for name, column in moves.items()}
    lengths = {column.shape for column in columns.values()}
    if len(lengths) != 1 or len(shape := next(iter(lengths))) != 1 or shape[0] == 0:
        message = f"moves must be columns of one length and not empty, were {sorted(lengths)}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    for name, column in columns.items():
        bad = np.flatnonzero(~(np.isfinite(column) & (column > -1.0)))
        if bad.size:
            message = f"moves[{name!r}] must be above -1, got {column[bad[0]]} at row {bad[0]}"
            raise InvalidInputError(message, code="OUT_OF_RANGE")
    now = dict(zip(engine.market.underlyings.names.tolist(), _indices(engine), strict=True))
    for name in columns:
        engine.names.known("underlying", name)
    accounts = engine.portfolio.accounts.names
    counts = np.zeros((3, len(accounts)))
    for s in range(shape[0]):
        index = {name: now[name] * (1.0 + float(column[s])) for name, column in columns.items()}
        state = engine.recompute(threads=threads, index=index).accounts["state"].astype(str)
        counts[0] += np.isin(state, _CALLED)
        counts[1] += np.isin(state, _LIQUIDATED)
        counts[2] += state == "undecidable"
    called, liquidated, unknown = counts / shape[0]
    return Table(
        {
            "account": accounts,
            "p_breach": called,
            "p_liquidation": liquidated,
            "p_undecidable": unknown,
        }
    )


def _indices(engine: Engine) -> list[float]:
    prices: list[float] = engine.market.underlyings.index_price.tolist()
    return prices
