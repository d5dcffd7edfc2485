"""Every add-on of every method against its twin, whole and by line."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.property.add_ons import SEEN_BY, add_ons_for, make_add_ons, make_damping, make_pegs
from tests.property.add_ons import with_add_on_inputs as filled
from tests.property.books import CI, engine_of, make_inputs
from tests.property.compare import check_accounts, check_lines, check_pockets
from tests.property.markets import between, sometimes
from tests.property.test_twin import with_everlasting_options, with_settled_shares
from tests.property.test_venue_methods import ties

import tickmargin as tm
from tickmargin import config_add_ons

draws = st.randoms(use_true_random=False)
METHODS = ("fixed", "dynamic", "scenario", "matrix", "span")


def drawn(rng: random.Random, method: str, share: float, missing: float = 0.0) -> Inputs:
    """A book under a policy with add-ons, and what they read."""
    made = make_inputs(rng, method)
    market = {name: [dict(row) for row in rows] for name, rows in made.market.items()}
    filled(rng, market, missing)
    accounts = [dict(row) for row in made.portfolio["accounts"]]
    for row in accounts:
        if not sometimes(rng, missing):
            row["credit_score"] = between(rng, 200.0, 900.0)
    policy = dict(made.policy)
    policy |= add_ons_for(rng, policy, share)
    if "peg" in policy:
        policy["pegs"] = make_pegs(rng, [row["underlying"] for row in market["underlyings"]])
    if method != "dynamic" and sometimes(rng, 0.5):
        policy["anti_procyclicality"] = make_damping(rng)
    return Inputs(made.as_of_ns, market, {**made.portfolio, "accounts": accounts}, policy)


def check(inputs: Inputs) -> None:
    """Pockets, accounts and every line."""
    if ties(inputs):
        return
    twin, engine = Twin(inputs), engine_of(inputs)
    pockets, result = twin.pockets(), engine.recompute()
    check_pockets(result, twin, pockets)
    check_accounts(result, twin, pockets)
    for account in sorted({account for account, _ in pockets}):
        check_lines(engine.explain(account), pockets)


@CI
@given(draws, st.sampled_from(METHODS))
def test_every_line_agrees_with_the_twin(rng: random.Random, method: str) -> None:
    check(drawn(rng, method, 0.8))


@CI
@given(draws, st.sampled_from(METHODS))
def test_few_of_them_do_too(rng: random.Random, method: str) -> None:
    check(drawn(rng, method, 0.15))


@CI
@given(draws, st.sampled_from(METHODS))
def test_a_missing_input_is_named(rng: random.Random, method: str) -> None:
    check(drawn(rng, method, 0.3, missing=0.1))


@CI
@given(draws, st.sampled_from(("fixed", "dynamic")))
def test_inside_settlement_windows(rng: random.Random, method: str) -> None:
    check(with_settled_shares(rng, drawn(rng, method, 0.8)))


@CI
@given(draws, st.sampled_from(("fixed", "dynamic")))
def test_with_options_that_never_expire(rng: random.Random, method: str) -> None:
    check(with_everlasting_options(rng, drawn(rng, method, 0.8)))


@pytest.mark.parametrize("section", sorted(SEEN_BY))
def test_what_a_method_sees_already_is_refused(section: str) -> None:
    rng = random.Random(1)
    rules = make_add_ons(rng)[section]
    for method in SEEN_BY[section]:
        policy = {**make_inputs(rng, "fixed").policy, "method": method, section: rules}
        with pytest.raises(tm.InvalidInputError) as refused:
            tm.Policies.from_dict({"schema": 1, "policies": {"p": policy}})
        assert any(
            issue.code == "COUNTED_TWICE" and section in str(issue)
            for issue in refused.value.issues
        )


@pytest.mark.parametrize("method", ["var", "es"])
@pytest.mark.parametrize("moves", ["held", "beta", "history"])
def test_a_tail_that_moves_volatility_has_no_vega_charge(method: str, moves: str) -> None:
    tail = {
        "generator": "historical",
        "horizon_initial_days": 2.0,
        "horizon_maintenance_days": 1.0,
        "confidence_initial": 0.9,
        "confidence_maintenance": 0.8,
        "window_days": 30.0,
        "overlapping": True,
        "vol_moves": moves,
        **({"vol_beta": {"default": -0.5}} if moves == "beta" else {}),
    }
    charge = make_add_ons(random.Random(1))["vega_charge"]
    own = {"method": method, "haircuts": {"USD": 0.0}, "tail": tail, "vega_charge": charge}
    if moves == "held":
        assert tm.Policies.from_dict({"schema": 1, "policies": {"p": own}}).names == ("p",)
        return
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_dict({"schema": 1, "policies": {"p": own}})
    (issue,) = refused.value.issues
    assert (issue.code, issue.column) == ("COUNTED_TWICE", "policies.p.vega_charge")


def test_the_table_of_refusals_is_the_whole_one() -> None:
    assert {name: set(by) for name, by in config_add_ons.SEEN_BY.items() if by} == {
        name: set(by) for name, by in SEEN_BY.items()
    }
