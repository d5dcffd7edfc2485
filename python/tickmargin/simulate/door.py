"""From simulated columns to checked, immutable inputs of the engine."""

from __future__ import annotations

from tickmargin.market import Market
from tickmargin.portfolio import Portfolio
from tickmargin.simulate.state import Columns


def market_of(tables: dict[str, Columns], as_of_ns: int) -> Market:
    """Check market tables, in USD, and give them as a market."""
    return Market.from_tables(
        assets=tables["assets"],
        underlyings=tables["underlyings"],
        forwards=tables["forwards"],
        marks=tables["marks"],
        as_of_ns=as_of_ns,
        numeraire="USD",
        progress=False,
    )


def portfolio_of(tables: dict[str, Columns]) -> Portfolio:
    """Check portfolio tables and give them as a portfolio."""
    return Portfolio.from_tables(
        instruments=tables["instruments"],
        accounts=tables["accounts"],
        positions=tables["positions"],
        balances=tables["balances"],
        progress=False,
    )
