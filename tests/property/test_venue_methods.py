"""Risk matrices and scans of 16 scenarios against their twins, and the laws they keep."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.oracle.margin_venues import SpanUnit
from tests.property.books import CI, engine_of, make_inputs, with_policy
from tests.property.compare import (
    FLOAT_SHARE,
    check_accounts,
    check_lines,
    check_pockets,
    scale_of,
)
from tests.property.markets import between
from tests.property.test_twin import with_normal_options, with_settled_shares

draws = st.randoms(use_true_random=False)
methods = st.sampled_from(["matrix", "span"])


def ties(drawn: Inputs) -> bool:
    """Whether another scenario of a scan binds but for rounding: its pair then is another one."""
    if drawn.policy["method"] != "span":
        return False
    twin = Twin(drawn)
    return any(
        SpanUnit(twin.market, name, held, twin.policy).tie <= 1e-6 * max(scale_of(pocket), 1.0)
        for pocket in twin.pockets().values()
        for name, held in pocket.held.items()
    )


# Lines beside the matrix, of any method.
ADD_ONS = ("liquidity", "fast_depth", "concentration", "oracle")


@CI
@given(draws, methods)
def test_every_line_agrees_with_the_twin(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method)
    if ties(drawn):
        return
    twin, engine = Twin(drawn), engine_of(drawn)
    pockets, result = twin.pockets(), engine.recompute()
    check_pockets(result, twin, pockets)
    check_accounts(result, twin, pockets)
    for account in sorted({account for account, _ in pockets}):
        check_lines(engine.explain(account), pockets)


@CI
@given(draws, methods)
def test_every_line_agrees_inside_settlement_windows(rng: random.Random, method: str) -> None:
    drawn = with_settled_shares(rng, make_inputs(rng, method))
    twin = Twin(drawn)
    if not ties(drawn):
        check_pockets(engine_of(drawn).recompute(), twin, twin.pockets())


@CI
@given(draws, methods)
def test_every_line_agrees_on_a_negative_forward(rng: random.Random, method: str) -> None:
    drawn = with_normal_options(rng, make_inputs(rng, method))
    twin = Twin(drawn)
    if not ties(drawn):
        check_pockets(engine_of(drawn).recompute(), twin, twin.pockets())


@CI
@given(draws, methods)
def test_a_moved_index_agrees_with_the_twin(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    name = rng.choice(made.market["underlyings"])["underlying"]
    price = Twin(made).market.index(name) * between(rng, 0.5, 2.0)
    twin = Twin(made)
    if not ties(made):
        check_pockets(
            engine_of(made).recompute(index={name: price}), twin, twin.pockets({name: price})
        )


def requirement(drawn: Inputs, account: str) -> float:
    rows = engine_of(drawn).recompute().accounts
    return float(next(row["initial_margin"] for row in rows if row["account"] == account))


@CI
@given(draws)
def test_gains_that_offset_less_never_need_less(rng: random.Random) -> None:
    drawn = make_inputs(rng, "matrix", accounts=1)
    rules = {**drawn.policy["matrix"], "correlation_contingency_ratio": 0.0}
    amounts = []
    for share in (1.0, 0.5, 0.0):
        policy: dict[str, Any] = {**drawn.policy, "underlyings": {}}
        policy["matrix"] = {**rules, "gain_offset_ratio": share}
        amounts.append(requirement(with_policy(drawn, policy), "A0"))
    assert all(math.isfinite(a) for a in amounts)
    assert amounts[0] <= amounts[1] * (1 + 1e-12) + 2e-6
    assert amounts[1] <= amounts[2] * (1 + 1e-12) + 2e-6


@CI
@given(draws)
def test_the_steps_of_a_risk_matrix_are_the_requirement(rng: random.Random) -> None:
    drawn = make_inputs(rng, "matrix", accounts=1)
    engine = engine_of(drawn)
    matrix, explained = engine.risk_matrix("A0"), engine.explain("A0")
    rows = {(r["pocket"], r["underlying"], r["charge"]): r["amount"] for r in matrix.charges}
    named = {"scan": "worst_case", "roll": "roll_shock"}
    factors = {name: own["matrix"] for name, own in drawn.policy.get("underlyings", {}).items()}
    for row in explained.requirement:
        if row["underlying"] is None or row["component"] in ADD_ONS:
            continue
        part = named.get(row["component"], row["component"])
        rules = factors.get(row["underlying"], drawn.policy["matrix"])
        amount = rows[row["pocket"], row["underlying"], part]
        assert row["maintenance_margin"] == rules["maintenance_factor"] * amount
    worst: dict[tuple[Any, Any], float] = {}
    for row in matrix.vectors:
        if row["level"] == "total":
            key = row["pocket"], row["underlying"]
            worst[key] = max(worst.get(key, 0.0), -row["profit"])
    for (pocket, underlying), loss in worst.items():
        tables = max(rows[pocket, underlying, "standard"], rows[pocket, underlying, "extended"])
        assert loss == tables


@CI
@given(draws)
def test_vectors_of_positions_add_up_to_those_of_their_asset(rng: random.Random) -> None:
    drawn = make_inputs(rng, "matrix", accounts=1)
    engine = engine_of(drawn)
    sums: dict[Any, float] = {}
    sizes: dict[Any, float] = {}
    for row in engine.risk_matrix("A0").vectors:
        if row["level"] not in ("initial", "pre_aggregated"):
            continue
        names = ("pocket", "underlying", "settlement_asset", "table", "index")
        key = tuple(row[name] for name in names)
        sign = 1.0 if row["level"] == "initial" else -1.0
        sums[key] = sums.get(key, 0.0) + sign * row["profit"]
        sizes[key] = sizes.get(key, 0.0) + abs(row["profit"])
    assert all(abs(sums[key]) <= FLOAT_SHARE * max(sizes[key], 1.0) for key in sums)


def test_another_method_has_no_risk_matrix() -> None:
    drawn = make_inputs(random.Random(7), "fixed", accounts=1)
    with pytest.raises(ValueError, match="no risk matrix") as refused:
        engine_of(drawn).risk_matrix("A0")
    assert refused.value.code == "NO_RISK_MATRIX"
