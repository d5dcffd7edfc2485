"""States of a whole book over joint scenarios: the core's loop beside one recompute a scenario.

``python bench/python/breach_counts.py`` margins the demo's book (1e4 accounts with 1e5 positions
by default) under a preset in joint moves of all underlyings with shocks of their volatilities, a
day later: `Engine.breach_probabilities`, and the loop it replaced, `Engine.recompute` at moved
indices with states counted in NumPy, which moves neither volatilities nor time. Where both do the
same (`--index-only`) their counts must be equal. Interleaved; processor seconds a scenario.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np

import tickmargin as tm
from tickmargin.simulate import synthetic_venue

CALLED = ("margin_call", "liquidating", "bankrupt")
Moves = dict[str, np.ndarray]


def drawn(names: list[str], count: int) -> tuple[Moves, Moves]:
    rng = np.random.default_rng(7)
    common = rng.standard_t(4, count) * 0.03
    moves = {n: np.expm1(common + rng.normal(0.0, 0.02, count)) for n in names}
    return moves, {n: -1.2 * move for n, move in moves.items()}


def loop(engine: tm.Engine, moves: Moves, count: int) -> np.ndarray:
    """One recompute a scenario, states counted from its table."""
    table = engine.market.underlyings
    now = dict(zip(table.names.tolist(), table.index_price.tolist(), strict=True))
    counts = np.zeros((3, len(engine.portfolio.accounts)))
    for s in range(count):
        index = {name: now[name] * (1.0 + float(move[s])) for name, move in moves.items()}
        state = engine.recompute(index=index).accounts["state"].astype(str)
        counts[0] += np.isin(state, CALLED)
        counts[1] += np.isin(state, CALLED[1:])
        counts[2] += state == "undecidable"
    return counts[0]


def seconds(call: Any) -> tuple[float, Any]:
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--positions", type=int, default=100_000)
    parser.add_argument("--policies", default="house-portfolio")
    parser.add_argument("--scenarios", type=int, default=48, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--index-only", action="store_true")
    options = parser.parse_args()
    venue = synthetic_venue(accounts=options.accounts, positions=options.positions, seed=7)
    engine = tm.Engine(venue.market_at(), venue.portfolio(), options.policies)
    moves, shocks = drawn(engine.market.underlyings.names.tolist(), options.scenarios)
    more: Any = {} if options.index_only else {"vol_shocks": shocks, "horizon_days": 1.0}
    contestants = {
        "core": lambda: engine.breach_probabilities(moves, **more).accounts["breaches"],
        "loop": lambda: loop(engine, moves, options.scenarios),
    }
    if options.index_only:
        answers = [call() for call in contestants.values()]
        assert (answers[0] == answers[1]).all()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(options.rounds):
        for name in list(contestants)[:: 1 if number % 2 == 0 else -1]:
            times[name].append(seconds(contestants[name])[0] / options.scenarios)
    ratio = statistics.median(b / a for a, b in zip(times["core"], times["loop"], strict=True))
    out = {
        "positions": options.positions,
        "accounts": options.accounts,
        "policies": options.policies,
        "milliseconds_a_scenario": {
            name: round(1e3 * statistics.median(t), 2) for name, t in times.items()
        },
        "loop_over_core": round(ratio, 2),
    }
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
