"""A fast policy beside the exact one it names: the factor found covers, and nothing less does."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.property.books import CI, make_inputs, market_of, portfolio_of, with_policy
from tests.property.compare import FLOAT_SHARE, ROUNDING, TICK, room
from tests.property.markets import between
from tests.property.policies import make_policy

import tickmargin as tm

draws = st.randoms(use_true_random=False)
SIDES = (("initial", "initial_margin"), ("maintenance", "maintenance_margin"))


def two_tiers(rng: random.Random, method: str) -> tuple[Inputs, dict[str, Any], dict[str, Any]]:
    """A book, a fast policy, and an exact one that counts equity alike."""
    drawn = make_inputs(rng, method)
    exact = make_policy(rng, rng.choice(["scenario", "dynamic"]))
    exact.pop("safety_factor_ratio", None)
    fast = {**drawn.policy, "collateral": "haircut", "option_value": "equity", "exact": "exact"}
    fast.pop("safety_factor_ratio", None)
    exact = {**exact, "collateral": "haircut", "option_value": "equity"}
    return drawn, fast, exact


def engine_under(drawn: Inputs, fast: dict[str, Any], exact: dict[str, Any]) -> tm.Engine:
    policies = {"schema": 1, "policies": {"fast": fast, "exact": exact}}
    return tm.Engine(market_of(drawn), portfolio_of(drawn), policies)


@CI
@given(draws, st.sampled_from(["fixed", "dynamic", "scenario"]))
def test_both_tiers_agree_with_the_twin(rng: random.Random, method: str) -> None:
    drawn, fast, exact = two_tiers(rng, method)
    fast["safety_factor_ratio"] = between(rng, 1.0, 2.0)
    tiers = engine_under(drawn, fast, exact).tiers()
    for tier, policy in (("fast", fast), ("exact", exact)):
        pockets = Twin(with_policy(drawn, policy)).pockets()
        for row in tiers.accounts:
            own = [pocket for (name, _), pocket in pockets.items() if name == row["account"]]
            for side, name in SIDES:
                if any(pocket.statuses for pocket in own):
                    assert row[f"{side}_{tier}"] is None
                    continue
                near = sum(room(pocket) + ROUNDING for pocket in own)
                expected = math.fsum(getattr(pocket, name) for pocket in own)
                assert abs(row[f"{side}_{tier}"] - expected) <= near


@CI
@given(draws, st.sampled_from(["fixed", "dynamic", "scenario"]))
def test_under_the_factor_no_account_is_below_the_exact_measure(
    rng: random.Random, method: str
) -> None:
    drawn, fast, exact = two_tiers(rng, method)
    found = engine_under(drawn, fast, exact).tiers()
    (row,) = list(found.policies)
    factors = np.maximum(found.accounts["initial_factor"], found.accounts["maintenance_factor"])
    able = factors[np.isfinite(factors)]
    most = float(able.max()) if able.size else 1.0
    assert found.policies["factor"][0] == (most if row["never"] == 0 else math.inf)
    raised = engine_under(drawn, {**fast, "safety_factor_ratio": most}, exact).tiers()
    for side, _ in SIDES:
        covered = np.isfinite(found.accounts[f"{side}_factor"])
        assert (raised.accounts[f"{side}_gap"][covered] <= 0).all()
        # what no factor covers is not covered by this one either
        never = np.isinf(found.accounts[f"{side}_factor"])
        assert (raised.accounts[f"{side}_gap"][never] > 0).all()
    # and the least, to a tick: a factor well below leaves somebody out whose loss is many ticks
    losses = [
        found.accounts[f"{side}_gap"][found.accounts[f"{side}_factor"] == most] / (most - 1.0)
        for side, _ in SIDES
        if most > 1.001
    ]
    if any((loss > 1000 * TICK).any() for loss in losses):
        less = 1.0 + (most - 1.0) * 0.99
        short = engine_under(drawn, {**fast, "safety_factor_ratio": less}, exact).tiers()
        gaps = [short.accounts[f"{side}_gap"] for side, _ in SIDES]
        assert max(float(np.nanmax(gap)) for gap in gaps) > 0


@CI
@given(draws, st.sampled_from(["fixed", "dynamic", "scenario"]))
def test_what_the_factor_adds_is_a_line_of_its_own(rng: random.Random, method: str) -> None:
    drawn, fast, exact = two_tiers(rng, method)
    factor = between(rng, 1.0, 2.0)
    plain = engine_under(drawn, fast, exact)
    raised = engine_under(drawn, {**fast, "safety_factor_ratio": factor}, exact)
    losses = ("futures", "options", "scan")
    for account in drawn.portfolio["accounts"]:
        before, after = plain.explain(account["account"]), raised.explain(account["account"])
        if before.state == "undecidable":
            continue
        base: dict[Any, float] = {}
        for line in before.requirement:
            if line["component"] in losses:
                key = line["pocket"], line["underlying"]
                base[key] = base.get(key, 0.0) + line["initial_margin"]
        for line in after.requirement:
            if line["component"] == "safety":
                key = line["pocket"], line["underlying"]
                expected = (factor - 1.0) * base[key]
                assert abs(line["initial_margin"] - expected) <= FLOAT_SHARE * abs(base[key])
