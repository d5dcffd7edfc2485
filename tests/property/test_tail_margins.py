"""Value at risk and expected shortfall as margin against their twin, and the laws they keep."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.margin_tail import TailTwin
from tests.property.books import CI, EXAMPLES, engine_of
from tests.property.compare import (
    check_accounts,
    check_lines,
    check_pockets,
    check_units,
)
from tests.property.tails import GENERATORS, history_of, make_past, make_tail_inputs

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
        check_lines(engine.explain(account), pockets)
