"""Value at risk and expected shortfall as margin against their twin, and the laws they keep."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.margin import Pocket
from tests.oracle.margin_tail import TailTwin
from tests.property.books import CI, EXAMPLES, engine_of
from tests.property.compare import (
    check_accounts,
    check_lines,
    check_pockets,
    check_units,
    room,
)
from tests.property.tails import GENERATORS, history_of, make_past, make_tail_inputs

import tickmargin as tm

draws = st.randoms(use_true_random=False)
methods = st.sampled_from(["var", "es"])
generators = st.sampled_from(GENERATORS)


@CI
@given(draws, methods, generators)
def test_every_line_agrees_with_the_twin(rng: random.Random, method: str, generator: str) -> None:
    agree(rng, method, generator)


@settings(parent=CI, max_examples=EXAMPLES or 10)  # the twin differentiates numerically
@given(draws, methods)
def test_deltas_and_gammas_agree_with_the_twin(rng: random.Random, method: str) -> None:
    agree(rng, method, "delta_gamma")


def agree(rng: random.Random, method: str, generator: str) -> None:
    drawn, past = make_tail_inputs(rng, method, generator), make_past(rng)
    twin, engine = TailTwin(drawn, past), engine_of(drawn, history_of(past))
    pockets, result = twin.pockets(), engine.recompute()
    check_pockets(result, twin, pockets)
    check_accounts(result, twin, pockets)
    known = {key: pocket for key, pocket in pockets.items() if not pocket.statuses}
    check_units(result, known)
    for account in sorted({account for account, _ in pockets}):
        explained = engine.explain(account)
        check_lines(explained, pockets)
        for (owner, name), pocket in known.items():
            if owner == account and generator not in ("parametric", "delta_gamma"):
                check_tail(explained, name, pocket)


def check_tail(explained: tm.Explanation, name: str, pocket: Pocket) -> None:
    """Losses of the tail are what the units lose, and add up to the lines by their shares."""
    profits: dict[str, list[float]] = {}
    for row in explained.scenarios:
        if row["pocket"] == name:
            profits.setdefault(row["underlying"], []).append(row["profit"])
    tail = [row for row in explained.tail if row["pocket"] == name]
    for row in tail:
        lost = -math.fsum(units[row["scenario"]] for units in profits.values())
        assert abs(row["loss"] - lost) <= room(pocket)
    for share, column in (("initial_share", "initial"), ("maintenance_share", "maintenance")):
        scans = [getattr(li, column) for li in pocket.lines if li.component == "scan"]
        counted = math.fsum(row[share] * row["loss"] for row in tail)
        assert abs(counted - math.fsum(scans)) <= room(pocket), (share, counted, scans)
    losses = [row["loss"] for row in tail]
    assert losses == sorted(losses, reverse=True)
