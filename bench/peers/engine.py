"""The engine's batch: a synthetic venue under the house presets, on one and two threads."""

from __future__ import annotations

import tickmargin as tm
from bench.harness import Contestant, Goal, Race
from tickmargin.simulate.venue import synthetic_venue

PRESETS = ("house-fixed", "house-dynamic", "house-portfolio")


def races(small: bool, processors: int) -> list[Race]:
    """A race per preset; answers are held against other thread counts and the explained parts."""
    accounts, positions = (1_000, 10_000) if small else (100_000, 1_000_000)
    venue = synthetic_venue(accounts, positions)
    market, portfolio = venue.market_at(), venue.portfolio()
    return [_race(preset, tm.Engine(market, portfolio, preset), processors) for preset in PRESETS]


def _race(preset: str, engine: tm.Engine, processors: int) -> Race:
    found: dict[int, tm.Result] = {}

    def contestant(name: str, threads: int) -> Contestant:
        def call() -> None:
            found[threads] = engine.recompute(threads=threads)

        return Contestant(name, call, lambda: _require(engine, found, threads), cpus=threads)

    contestants = [contestant("one thread", 1)]
    if processors > 1:
        contestants.append(contestant("two threads", 2))
    row = f"recompute, {preset}"
    positions = len(engine.portfolio.positions)
    name = f"{row}, {positions:,} positions"
    goals = [Goal(row, "two threads", "one thread", None)]
    return Race(name, "positions", positions, contestants, goals)


def _require(engine: tm.Engine, found: dict[int, tm.Result], threads: int) -> None:
    result = found[threads]
    if threads != 1 and 1 in found:
        for name in ("equity", "initial_margin", "maintenance_margin", "slack"):
            if found[1].accounts[name].tobytes() != result.accounts[name].tobytes():
                raise AssertionError(f"{name} depends on the number of threads")
    for row in (0, len(result.accounts) // 2, len(result.accounts) - 1):
        account = str(result.accounts["account"][row])
        parts = engine.explain(account).requirement
        margin = sum(parts["maintenance_margin"].tolist())
        told = float(result.accounts["maintenance_margin"][row])
        if not abs(margin - told) <= 1e-9 * max(abs(told), 1.0):
            raise AssertionError(f"{account}: parts add up to {margin}, requirement is {told}")
