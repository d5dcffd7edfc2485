"""Counts over joint scenarios against loops of full recomputes, under every method."""

from __future__ import annotations

import math
import random
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.oracle.breach_counts import WHAT, Counts, Joint, engine_counts, twin_counts
from tests.oracle.margin import Inputs, Twin
from tests.oracle.margin_projection import Terms
from tests.oracle.margin_tail import TailTwin
from tests.property.books import CI, EXAMPLES, METHODS, engine_of, make_inputs, with_policy
from tests.property.compare import ROUNDING, room
from tests.property.markets import between, sometimes
from tests.property.tails import GENERATORS, history_of, make_past, make_tail_inputs
from tests.property.test_twin import with_normal_options, with_settled_shares

import tickmargin as tm
from tickmargin.proportion import upper_bound

draws = st.randoms(use_true_random=False)
PRESETS = Path(tm.__file__).parent / "presets"
PROTOCOLS = ("dydx-v4-2024-09-20", "drift-v2-2024-03-01", "vega-cross-2024-10-22")
VENUES = ("matrix", "span", "portfolio", "standard")
CALLED = ("margin_call", "liquidating", "bankrupt")
# Keys of a table `tail` that are of the requirement, not of its scenarios.
OF_REQUIREMENT = (
    "horizon_",
    "confidence_",
    "initial_factor",
    "maintenance_factor",
    "quantile_",
    "window_maintenance_days",
)
FEW = settings(CI, max_examples=EXAMPLES or 25)
SHORT = 0.05  # days in which nothing expires


def make_joint(rng: random.Random, drawn: Inputs, lowest: float = -0.7, top: float = 0.9) -> Joint:
    """A few scenarios of every underlying; now and then one that is not known."""
    names = [row["underlying"] for row in drawn.market["underlyings"]]
    days = rng.choice([0.0, SHORT, 1.0, 7.0, 40.0])
    still, unknown = sometimes(rng, 0.3), days <= SHORT and sometimes(rng, 0.2)

    def move() -> float:
        return math.nan if unknown and sometimes(rng, 0.2) else between(rng, lowest, top)

    count = rng.randint(1, 3)
    moves = [{name: move() for name in names} for _ in range(count)]
    shocks = [
        {name: 0.0 if still else between(rng, -0.5, 1.0) for name in names} for _ in range(count)
    ]
    return Joint(moves, shocks, days, Terms(rng.choice(["relative", "absolute"])))


def columns_of(rows: Any, names: Any) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in names}


def found(engine: tm.Engine, joint: Joint, **more: Any) -> Any:
    """The engine's own answer to a caller's moves."""
    names = list(joint.moves[0])
    return engine.breach_probabilities(
        columns_of(joint.moves, names),
        vol_shocks=columns_of(joint.shocks, names),
        vol_shock_kind=joint.terms.kind,
        horizon_days=joint.days,
        **more,
    )


def check(answer: Any, counts: Counts, left_out: frozenset[str] = frozenset()) -> None:
    """Equal counts, of accounts and of scenarios."""
    for row in answer.accounts:
        if row["account"] not in left_out:
            assert {what: row[what] for what in WHAT} == counts.by_account[row["account"]]
    if not left_out:
        assert [{what: row[what] for what in WHAT} for row in answer.scenarios] == (
            counts.by_scenario
        )


def check_loop(drawn: Inputs, rng: random.Random, history: tm.History | None = None) -> None:
    joint = make_joint(rng, drawn)
    loop = engine_counts(drawn, joint, lambda there: engine_of(there, history))
    check(found_any(engine_of(drawn, history), joint), loop)


def found_any(engine: tm.Engine, joint: Joint) -> Any:
    """The same where moves are not known, which a caller's own columns may not say."""
    from tickmargin import joint_scenarios as scenarios
    from tickmargin.probabilities import breach_probabilities

    names = tuple(engine.market.underlyings.names.tolist())

    def laid_out(rows: Any) -> np.ndarray:
        return np.array([[row[name] for row in rows] for name in names])

    made = scenarios.JointScenarios(
        names,
        laid_out(joint.moves),
        laid_out(joint.shocks),
        terms_of(joint.terms),
        "given",
        len(joint.moves),
    )
    return breach_probabilities(
        engine._present(),
        engine.names,
        made,
        horizon_days=joint.days,
        accounts=None,
        confidence=0.95,
        threads=1,
        progress=False,
    )


def terms_of(terms: Terms) -> dict[str, Any]:
    return {
        "vol_shock_kind": int(terms.kind == "absolute"),
        "vol_reference_days": terms.reference_days,
        "vol_power_short": terms.power_short,
        "vol_power_long": terms.power_long,
        "vol_up_floor_annual": terms.up_floor_annual,
        "min_days": terms.min_days,
    }


@FEW
@given(draws, st.sampled_from([*METHODS, *VENUES]))
def test_counts_are_those_of_full_recomputes(rng: random.Random, method: str) -> None:
    check_loop(make_inputs(rng, method), rng)


@FEW
@given(draws, st.sampled_from(["var", "es"]), st.sampled_from(GENERATORS))
def test_so_they_are_under_tails(rng: random.Random, method: str, generator: str) -> None:
    check_loop(make_tail_inputs(rng, method, generator), rng, history_of(make_past(rng)))


@FEW
@given(draws, st.sampled_from(PROTOCOLS))
def test_and_under_protocols(rng: random.Random, preset: str) -> None:
    policies = tomllib.loads((PRESETS / f"{preset}.toml").read_text("utf-8"))["policies"]
    (policy,) = policies.values()
    check_loop(with_policy(make_inputs(rng, "fixed"), policy), rng)


@FEW
@given(draws, st.sampled_from(METHODS))
def test_counts_agree_with_the_twin(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method)
    change = rng.choice([None, with_settled_shares, with_normal_options])
    reach = {}
    if change is not None:
        drawn = change(rng, drawn)
        # A forward below zero stays there: above it another model would hold.
        reach = {"top": -0.001} if change is with_normal_options else {}
    joint = make_joint(rng, drawn, **reach)
    joint = replace(joint, terms=make_terms(rng))
    counts, close = twin_counts(drawn, joint, Twin, lambda pocket: room(pocket) + ROUNDING)
    check(found_any(engine_of(drawn), joint), counts, frozenset(close))


def make_terms(rng: random.Random) -> Terms:
    return Terms(
        rng.choice(["relative", "absolute"]),
        rng.choice([30.0, 10.0]),
        between(rng, 0.0, 0.5),
        between(rng, 0.0, 0.3),
        rng.choice([0.0, 0.4]),
        rng.choice([1.0, 5.0]),
    )


@FEW
@given(draws, st.sampled_from(["historical", "filtered", "monte_carlo"]))
def test_scenarios_are_those_of_a_tail(rng: random.Random, generator: str) -> None:
    """Moves and shocks as the twin of `var` and `es` makes them of the same words."""
    past, drawn = make_past(rng), make_tail_inputs(rng, "es", generator)
    tail = {k: v for k, v in drawn.policy["tail"].items() if not k.startswith("stress")}
    days = tail["horizon_initial_days"]
    twin = TailTwin(with_policy(drawn, {**drawn.policy, "tail": tail}), past)
    ((sample, _),) = twin.samples["initial"]
    words = {k: v for k, v in tail.items() if not k.startswith(OF_REQUIREMENT)}
    if generator == "monte_carlo":
        words.pop("overlapping", None)
    engine = engine_of(with_policy(drawn, make_inputs(rng, "fixed").policy), history_of(past))
    answer = engine.breach_probabilities(scenarios=words, horizon_days=days)
    assert answer.count == sample.count
    for name, pairs in sample.moves.items():
        moves = answer.price_moves[name]
        shocks = answer.vol_shocks.get(name, np.zeros(answer.count))
        if pairs is None:
            assert np.isnan(moves + shocks).any()
            continue
        np.testing.assert_allclose(moves, [m for m, _ in pairs], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(shocks, [v for _, v in pairs], rtol=1e-9, atol=1e-12)


@FEW
@given(draws, st.sampled_from([*METHODS, *VENUES]))
def test_a_move_of_all_alike_is_a_projection(rng: random.Random, method: str) -> None:
    engine = engine_of(make_inputs(rng, method))
    move, shock, days = (
        between(rng, -0.5, 0.5),
        between(rng, -0.5, 1.0),
        rng.choice([0.0, 1.0, 30.0]),
    )
    cell = engine.projection(price_moves=[move], vol_shocks=[shock], forward_days=[days])
    names = engine.market.underlyings.names.tolist()
    answer = engine.breach_probabilities(
        {name: [move] for name in names},
        vol_shocks={name: [shock] for name in names},
        horizon_days=days,
    )
    states = cell.state[:, 0, 0, 0]
    assert (answer.accounts["breaches"] == np.isin(states, CALLED)).all()
    assert (answer.accounts["liquidations"] == np.isin(states, CALLED[1:])).all()
    assert (answer.accounts["undecidable"] == (states == "undecidable")).all()


@FEW
@given(draws, st.sampled_from(METHODS))
def test_threads_and_fewer_accounts_change_nothing(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method)
    engine, joint = engine_of(drawn), make_joint(rng, drawn)
    joint = replace(joint, moves=[{k: 0.1 if math.isnan(m) else m for k, m in row.items()}
                                  for row in joint.moves])  # fmt: skip
    whole = found(engine, joint)
    threaded = found(engine, joint, threads=3)
    assert list(threaded.accounts) == list(whole.accounts)
    assert list(threaded.scenarios) == list(whole.scenarios)
    names = whole.accounts["account"].tolist()[::-1]
    some = found(engine, joint, accounts=names)
    assert list(some.accounts) == list(whole.accounts)[::-1]


@pytest.mark.parametrize("trials", [1.0, 7.5, 60.0, 500.0, 20_000.0])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_upper_bounds_are_quantiles_of_the_beta_distribution(
    trials: float, confidence: float
) -> None:
    hits = np.unique(
        np.array([0.0, 0.3, 1.0, 5.0, 0.4 * trials, trials - 0.5, trials]).clip(0.0, trials)
    )
    expected = stats.beta.ppf(confidence, hits + 1.0, trials - hits)
    expected = np.where(hits >= trials, 1.0, expected)
    np.testing.assert_allclose(upper_bound(hits, trials, confidence), expected, rtol=1e-9)


def test_an_upper_bound_is_1_where_every_trial_is_a_hit_but_for_rounding() -> None:
    for count in (*range(1, 60), 97, 393, 1_000):
        for independent in (1, count // 3 + 1, count):
            hits = count * (independent / count)  # now and then an ulp below
            assert upper_bound([hits], float(independent), 0.95).tolist() == [1.0]
            almost = upper_bound([0.0, independent - 1e-6], float(independent), 0.95)
            assert (almost > 0.0).all()
            assert (almost <= 1.0).all()
