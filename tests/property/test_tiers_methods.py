"""Exact policies of methods that cannot be fast, beside fast ones: each tier against its twin."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.oracle.margin_tail import TailTwin
from tests.property.books import (
    CI,
    EXAMPLES,
    engine_of,
    make_inputs,
    market_of,
    portfolio_of,
    with_policy,
)
from tests.property.compare import ROUNDING, room
from tests.property.markets import between
from tests.property.policies import make_policy
from tests.property.tails import GENERATORS, history_of, make_past, make_tail_policy

import tickmargin as tm

draws = st.randoms(use_true_random=False)
SIDES = (("initial", "initial_margin"), ("maintenance", "maintenance_margin"))
TAILS = ("es", "var")
ALIKE = {"collateral": "haircut", "option_value": "equity"}
Drawn = tuple[Inputs, dict[str, Any], dict[str, Any]]


def two_tiers(rng: random.Random, fast_method: str, exact_method: str) -> Drawn:
    """A book, a fast policy, and an exact one that counts equity alike."""
    drawn = make_inputs(rng, fast_method)
    fast = {**drawn.policy, **ALIKE, "exact": "exact"}
    fast.pop("safety_factor_ratio", None)
    if exact_method in TAILS:
        return drawn, fast, make_tail_policy(rng, exact_method, rng.choice(GENERATORS)) | ALIKE
    return drawn, fast, make_policy(rng, exact_method) | ALIKE


@pytest.mark.parametrize("exact_method", ["es", "var", "portfolio", "matrix"])
@settings(CI, max_examples=EXAMPLES or 40)
@given(draws, st.sampled_from(["fixed", "dynamic", "scenario"]))
def test_tiers_of_another_method(exact_method: str, rng: random.Random, fast_method: str) -> None:
    drawn, fast, exact = two_tiers(rng, fast_method, exact_method)
    fast["safety_factor_ratio"] = between(rng, 1.0, 2.0)
    past = make_past(rng)

    def tiers(first: dict[str, Any]) -> Any:
        policies = {"schema": 1, "policies": {"fast": first, "exact": exact}}
        market, portfolio = market_of(drawn), portfolio_of(drawn)
        return tm.Engine(market, portfolio, policies, history=history_of(past)).tiers()

    found = tiers(fast)
    own = with_policy(drawn, exact)
    pockets = {"fast": Twin(with_policy(drawn, fast)).pockets()}
    if exact_method != "portfolio":
        pockets["exact"] = (TailTwin(own, past) if exact_method in TAILS else Twin(own)).pockets()
    # undecidable under either is undecidable
    unknown = {name for of in pockets.values() for (name, _), p in of.items() if p.statuses}
    for tier, of in pockets.items():
        for row in found.accounts:
            mine = [pocket for (name, _), pocket in of.items() if name == row["account"]]
            for side, name in SIDES:
                if row["account"] in unknown:
                    assert row[f"{side}_{tier}"] is None
                    continue
                if row[f"{side}_{tier}"] is None:
                    assert exact_method == "portfolio"
                    continue
                expected = math.fsum(getattr(pocket, name) for pocket in mine)
                near = sum(room(pocket) + ROUNDING for pocket in mine)
                assert abs(row[f"{side}_{tier}"] - expected) <= near
    if exact_method == "portfolio":  # its oracle is test_expiry_margins': here, the policy alone
        alone = engine_of(own).recompute().accounts
        for side, name in SIDES:
            told = found.accounts[f"{side}_exact"]
            known = np.isfinite(told)
            assert np.array_equal(told[known], alone[name][known])
    # under the factor that the table gives nobody it covers is below the exact measure
    factors = [found.accounts[f"{side}_factor"] for side, _ in SIDES]
    able = [values[np.isfinite(values)] for values in factors]
    most = max((float(values.max()) for values in able if values.size), default=1.0)
    if most > 1e6:  # a loss of next to nothing: the factor that covers with it is no factor
        return
    raised = tiers({**fast, "safety_factor_ratio": max(1.0, most)})
    for (side, _), values in zip(SIDES, factors, strict=True):
        assert (raised.accounts[f"{side}_gap"][np.isfinite(values)] <= 0).all()
