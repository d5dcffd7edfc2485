"""What must hold of any margin, whatever its parameters."""

from __future__ import annotations

import random
import sys
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.property.books import CI, METHODS, engine_of, inputs, make_inputs, scaled, with_policy
from tests.property.compare import AMOUNTS, FLOAT_SHARE, TICK, room, scale_of
from tests.property.markets import between
from tests.property.policies import make_ratios

draws = st.randoms(use_true_random=False)


def scans(given_inputs: Inputs) -> dict[tuple[str, str, str], float]:
    """Initial scan by account, pocket and underlying."""
    engine = engine_of(given_inputs)
    return {
        (account["account"], line["pocket"], line["underlying"]): line["initial_margin"]
        for account in given_inputs.portfolio["accounts"]
        for line in engine.explain(account["account"]).requirement
        if line["component"] == "scan"
    }


def flat(rng: random.Random, policy: dict[str, Any]) -> dict[str, Any]:
    """The policy with nothing in it that grows with size."""
    grows = ("underlyings", "liquidity", "concentration")
    plain = {key: value for key, value in policy.items() if key not in grows}
    if policy["method"] == "fixed":
        kept = ("notional", "netting", "taker_fee_ratio")
        plain["futures"] = {key: policy["futures"][key] for key in kept} | make_ratios(rng)
    if policy["method"] == "dynamic":
        plain["dynamic"] = {k: v for k, v in policy["dynamic"].items() if k != "depth_factor"}
    return plain


@CI
@given(draws, st.sampled_from(METHODS))
def test_a_book_twice_as_large_has_twice_of_everything(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method)
    drawn = with_policy(drawn, flat(rng, dict(drawn.policy)))
    single = engine_of(drawn).recompute()
    double = engine_of(scaled(drawn, 2.0)).recompute()
    for one, two in zip(single.pockets, double.pockets, strict=True):
        for name in AMOUNTS:  # twice a float is exact: only the tick is rounded anew
            assert abs(two[name] - 2.0 * one[name]) <= 2.001 * TICK + 1e-15 * abs(two[name])
    for one, two in zip(single.units, double.units, strict=True):
        for name in ("delta_base", "gamma", "vega", "theta", "value", "initial_margin"):
            # exact, but for numbers so small that float64 rounds them on a fixed grid
            assert two[name] == 2.0 * one[name] or abs(two[name]) < sys.float_info.min


@CI
@given(draws)
def test_a_scenario_added_never_lowers_a_scan(rng: random.Random) -> None:
    drawn = make_inputs(rng, "scenario")
    policy = {key: value for key, value in drawn.policy.items() if key != "underlyings"}
    rules = policy["scenario"]
    more = {"tails": [*rules["tails"], {"move": between(rng, -0.9, 2.0) or 0.1, "weight": 0.7}]}
    few = with_policy(drawn, policy)
    many = with_policy(drawn, {**policy, "scenario": {**rules, **more}})
    before, after = scans(few), scans(many)
    assert all(after.get(key, 0.0) >= loss for key, loss in before.items())


@CI
@given(inputs(["scenario"]))
def test_netting_lies_between_the_largest_unit_and_the_sum(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for account in drawn.portfolio["accounts"]:
        # A safety factor multiplies the losses and the credit alike.
        lines: dict[str, dict[str | None, float]] = {}
        for line in engine.explain(account["account"]).requirement:
            parts = lines.setdefault(line["pocket"], {})
            if line["component"] in ("scan", "safety", "netting"):
                parts.setdefault(line["underlying"], 0.0)
                parts[line["underlying"]] += line["initial_margin"]
        for parts in lines.values():
            credit = parts.pop(None, 0.0)
            units = list(parts.values())
            total = sum(units)
            near = FLOAT_SHARE * total
            assert -near <= total + credit - max(units, default=0.0)
            assert credit <= near


@CI
@given(draws)
def test_a_long_option_raises_the_scan_by_its_premium_at_most(rng: random.Random) -> None:
    drawn = make_inputs(rng, "scenario")
    options = [row for row in drawn.portfolio["instruments"] if row["kind"] == "option"]
    assume(options)
    option = rng.choice(options)
    account = drawn.portfolio["accounts"][0]["account"]
    key = account, "cross", option["underlying"]
    bought = 3.0
    positions = [dict(row) for row in drawn.portfolio["positions"]]
    # The strike of an option held long becomes a node: put it there before as well.
    held = {"account": account, "pocket": "cross", "instrument": option["instrument"]}
    same = [r for r in positions if all(r[c] == v for c, v in held.items()) and not r.get("side")]
    row = same[0] if same else {**held, "quantity": 0.0}
    rest = [r for r in positions if r is not row]
    start = max(row["quantity"], 0.0) + 1.0
    policy = {key: value for key, value in drawn.policy.items() if key != "underlyings"}
    drawn = with_policy(drawn, policy)
    few = drawn.with_portfolio(positions=[*rest, {**row, "quantity": start}])
    many = drawn.with_portfolio(positions=[*rest, {**row, "quantity": start + bought}])
    pocket = Twin(few).pockets()[account, "cross"]
    contract = next(
        h.contract
        for h in pocket.held[option["underlying"]]
        if h.contract.name == option["instrument"]
    )
    premium = bought * contract.value(None) * policy["scenario"]["initial_factor"]
    before, after = scans(few).get(key, 0.0), scans(many).get(key, 0.0)
    assert after <= before + premium + room(pocket)


@CI
@given(inputs())
def test_initial_margin_is_never_below_maintenance(drawn: Inputs) -> None:
    result = engine_of(drawn).recompute()
    pockets = Twin(drawn).pockets()
    for row in result.pockets:
        near = FLOAT_SHARE * scale_of(pockets[row["account"], row["pocket"]]) + TICK
        lifted = drawn.policy["method"] != "fixed" or drawn.policy["options"].get(
            "initial_at_least_maintenance"
        )
        if lifted and "underlyings" not in drawn.policy:
            assert row["initial_margin"] >= row["maintenance_margin"] - near
