"""Loading what a command works on, and saying what is wrong with it once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tickmargin.cli.output import say

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.report.summary import Summary

_SHOWN = 5


def load_engine(market: Path, portfolio: Path, policies: str) -> Engine:
    """Load two folders and policies into an engine, and say what it warns of.

    Raises
    ------
    TickMarginError
        If an input is refused; nothing is half-loaded.
    """
    from tickmargin.engine import Engine
    from tickmargin.market import Market
    from tickmargin.policies import Policies
    from tickmargin.portfolio import Portfolio

    chosen = Policies.resolve(policies)
    engine = Engine(Market.load(market), Portfolio.load(portfolio), chosen)
    warn(engine)
    return engine


def warn(engine: Engine) -> None:
    """Say on standard error which inputs are missing, the first few of each kind."""
    counts = Counter(issue.code for issue in engine.warnings)
    for code, number in counts.items():
        shown = [issue for issue in engine.warnings if issue.code == code][:_SHOWN]
        for issue in shown:
            say(f"warning [{code}]: {issue.message}")
        if number > len(shown):
            say(f"warning [{code}]: ... and {number - len(shown):,} more")


def facts_of(engine: Engine) -> list[tuple[str, str]]:
    """Give the counts a report's header shows."""
    portfolio = engine.portfolio
    return [
        ("positions", f"{len(portfolio.positions):,}"),
        ("instruments", f"{len(portfolio.instruments):,}"),
        ("underlyings", ", ".join(engine.market.underlyings.names.tolist())),
    ]


def summary_row(summary: Summary) -> Mapping[str, object]:
    """Give a summary as JSON knows it."""
    return {
        "policies": summary.name,
        "accounts": summary.accounts,
        "equity": summary.equity,
        "initial_margin": summary.initial_margin,
        "maintenance_margin": summary.maintenance_margin,
        "below_maintenance": summary.below_maintenance,
        "short_of_maintenance": summary.shortfall,
        "states": dict(summary.states),
    }
