"""Counts of states over joint scenarios, the slow way: every row of the inputs moved, one by one.

Written from the docstring of `Engine.breach_probabilities`: a scenario is a whole engine made of
moved inputs and recomputed, or the margin twin of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.margin import STATES, Inputs, Pocket, Twin
from tests.oracle.margin_projection import Terms, moved_inputs

import tickmargin as tm

CALLED = ("margin_call", "liquidating", "bankrupt")
LIQUIDATED = ("liquidating", "bankrupt")
WHAT = ("breaches", "liquidations", "below_initial", "undecidable")


@dataclass(frozen=True)
class Joint:
    """Scenarios as mappings from underlying to a move, and to a shock; NaN: not known."""

    moves: Sequence[Mapping[str, float]]
    shocks: Sequence[Mapping[str, float]]
    days: float = 0.0
    terms: Terms = field(default_factory=Terms)


@dataclass
class Counts:
    """Scenarios by account, accounts by scenario."""

    by_account: dict[str, dict[str, int]] = field(default_factory=dict)
    by_scenario: list[dict[str, int]] = field(default_factory=list)

    def add(self, scenario: int, account: str, state: str, below_initial: bool) -> None:
        """One account in one scenario."""
        while len(self.by_scenario) <= scenario:
            self.by_scenario.append(dict.fromkeys(WHAT, 0))
        own = self.by_account.setdefault(account, dict.fromkeys(WHAT, 0))
        known = state != "undecidable"
        hits = {
            "breaches": state in CALLED,
            "liquidations": state in LIQUIDATED,
            "below_initial": known and below_initial,
            "undecidable": not known,
        }
        for what, hit in hits.items():
            own[what] += hit
            self.by_scenario[scenario][what] += hit


def without_unknown(inputs: Inputs, moves: Mapping[str, float]) -> Inputs:
    """An index whose move is not known is not known."""
    rows = [
        {**row, "index_price": None} if math.isnan(moves.get(row["underlying"], 0.0)) else row
        for row in inputs.market["underlyings"]
    ]
    return Inputs(
        inputs.as_of_ns,
        {**inputs.market, "underlyings": rows},
        inputs.portfolio,
        inputs.policy,
        inputs.numeraire,
    )


def moved(inputs: Inputs, joint: Joint, scenario: int) -> tuple[Inputs, dict[str, float]]:
    """The inputs of one scenario, and the indices to move to."""
    moves = joint.moves[scenario]
    known = {name: move for name, move in moves.items() if not math.isnan(move)}
    given = without_unknown(inputs, moves)
    return moved_inputs(given, known, joint.shocks[scenario], joint.days, joint.terms)


def engine_counts(inputs: Inputs, joint: Joint, engine_of: Callable[[Inputs], tm.Engine]) -> Counts:
    """By full recomputes, an engine made for each scenario."""
    counts = Counts()
    for s in range(len(joint.moves)):
        there, index = moved(inputs, joint, s)
        result = engine_of(there).recompute(index=index)
        below: dict[str, bool] = {}
        for row in result.pockets:
            short = row["equity_initial"] is not None and (
                row["equity_initial"] < row["initial_margin"]
            )
            below[row["account"]] = below.get(row["account"], False) or short
        for row in result.accounts:
            counts.add(s, row["account"], row["state"], below.get(row["account"], False))
    return counts


def twin_counts(
    inputs: Inputs, joint: Joint, twin_of: Callable[[Inputs], Twin], near: Callable[[Pocket], float]
) -> tuple[Counts, set[str]]:
    """By the margin twin; and accounts that come within `near` of a border somewhere."""
    counts, close = Counts(), set()
    for s in range(len(joint.moves)):
        there, index = moved(inputs, joint, s)
        twin = twin_of(there)
        pockets: dict[str, list[Any]] = {}
        for (account, _), pocket in twin.pockets(index).items():
            pockets.setdefault(account, []).append(pocket)
        for account, own in pockets.items():
            state = max((twin.state(pocket) for pocket in own), key=STATES.index)
            short = [p.equity_initial - p.initial_margin for p in own]
            counts.add(s, account, state, any(slack < 0.0 for slack in short))
            for pocket, slack in zip(own, short, strict=True):
                if state != "undecidable" and (
                    min(abs(slack), twin.border_distance(pocket)) <= 2.0 * near(pocket)
                ):
                    close.add(account)
    return counts, close
