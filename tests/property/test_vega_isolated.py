"""Vega's isolated margin as a policy: to the last part what its orders ask for, and maintenance."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any, Literal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.oracle import protocol_margin as twin
from tests.oracle import vega as vega_twin
from tests.property.books import CI
from tests.property.test_protocol_policies import MONEY, Row, engine, lines, parts, vega_markets

import tickmargin as tm
from tickmargin.protocols import vega

RATIOS = ("risk_long", "risk_short", "linear_slippage", "quadratic_slippage")
legs = st.tuples(st.integers(0, 200), st.integers(1, 10**6))


# Sizes with five decimals: in float64 the rest of 16 - 14 units is a little more than 2.
HEDGED: Row = {
    "size_decimals": 5,
    "price_decimals": 0,
    "risk_long": 1e-9,
    "risk_short": 0.0,
    "linear_slippage": 0.0,
    "quadratic_slippage": 0.0,
    "funding_per_unit": 0.0,
    "initial_scaling": 1.0,
}


@CI
@given(vega_markets(), legs, legs, st.integers(1, 10**6), st.integers(1, 1_000))
@example(HEDGED, (14, 1), (16, 34), 1, 1)
def test_isolated_margins_are_the_chain_s(
    rule: Row, long: tuple[int, int], short: tuple[int, int], price: int, more: int
) -> None:
    exact = {key: Fraction(round(rule[key] * 10**9), 10**9) for key in RATIOS}
    least = max(exact["risk_long"], exact["risk_short"]) + exact["linear_slippage"]
    share = least + Fraction(more, 1_000)
    assume(share <= 1)
    terms = {key: value for key, value in rule.items() if key != "initial_scaling"}
    terms["initial_ratio"] = float(share)
    unit, tick = 10 ** rule["size_decimals"], 10 ** rule["price_decimals"]
    rows = [(size, at) for size, at in ((long[0], long[1]), (-short[0], short[1])) if size]
    net = sum(size for size, _ in rows)
    policy = {
        "method": "protocol",
        "haircuts": {"USDC": 0.0},
        "protocol": {"rule": "vega", **terms},
    }
    made = engine(
        policy,
        {"BTC": {"index": price / tick, "price": price / tick}},
        {"USDC": 10.0},
        held=[("BTC", size / unit, at / tick) for size, at in rows],
    )
    got = tuple(parts(amount) for amount in lines(made, "futures").get("BTC", (0.0, 0.0)))
    if net == 0:
        assert got == (0, 0)
        return
    # Of a hedged pair the rest of the larger side, at its own price.
    entry = next(at for size, at in rows if size * net > 0)
    at_entry = Fraction(entry * MONEY, tick)
    side: Literal["buy", "sell"] = "buy" if net > 0 else "sell"
    order = vega.Order(abs(net), entry)
    chain = vega.order_side_margin(0, [order], side, share * Fraction(MONEY, tick), unit)
    by_hand = vega_twin.order_side(
        0, [(abs(net), entry)], side, share * Fraction(MONEY, tick), Fraction(unit), 0
    )
    assert chain == by_hand == floor(at_entry * abs(net) * share / unit)
    funding = Fraction(round(rule["funding_per_unit"] * MONEY), MONEY)
    own = {**rule, **exact, "quote_decimals": 6, "funding": funding, "initial_scaling": Fraction(1)}
    maintenance = twin.vega_levels(own, net, price)[1]
    of_chain = vega.Market(
        mark=Fraction(price * MONEY, tick),
        position_factor=unit,
        funding_per_unit=funding * MONEY,
        **exact,
    )
    assert vega.margin_levels(of_chain, net).maintenance == maintenance
    assert got == (max(chain, maintenance), maintenance)


MODEL: Row = {
    "rule": "vega",
    "size_decimals": 3,
    "price_decimals": 2,
    "tail_probability": 1e-6,
    "horizon_years": 0.000003995,
    "vol_annual": 1.0,
    "linear_slippage": 0.001,
}


def policy(**more: Any) -> Row:
    rule = {**MODEL, **more}
    return {"method": "protocol", "haircuts": {"USDC": 0.0}, "protocol": rule}


def test_the_share_follows_the_entry_and_maintenance_the_mark() -> None:
    """3 ETH entered at 2,000: a tenth is 600, wherever the mark is, until maintenance is above."""
    found = {}
    for mark in (1_000.0, 2_000.0, 40_000.0):
        markets = {"ETH": {"index": mark, "price": mark}}
        made = engine(policy(initial_ratio=0.1), markets, {"USDC": 1e5}, held=[("ETH", 3.0, 2e3)])
        found[mark] = lines(made, "futures")["ETH"]
    assert found[1_000.0][0] == found[2_000.0][0] == 600.0
    assert found[2_000.0][1] == pytest.approx(2 * found[1_000.0][1], rel=1e-6)
    assert found[40_000.0][0] == found[40_000.0][1] > 600.0


@pytest.mark.parametrize(
    ("more", "code", "key"),
    [
        ({"initial_ratio": 0.005}, "INITIAL_BELOW_MAINTENANCE", "initial_ratio"),
        ({"initial_ratio": 0.0}, "INITIAL_BELOW_MAINTENANCE", "initial_ratio"),
        ({"initial_ratio": 1.5}, "OUT_OF_RANGE", "initial_ratio"),
        ({"initial_ratio": 0.1, "initial_scaling": 1.2}, "KEY_NOT_USED", "initial_scaling"),
    ],
)
def test_a_share_that_the_chain_refuses_is_refused(more: Row, code: str, key: str) -> None:
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_dict({"schema": 1, "policies": {"p": policy(**more)}})
    found = [(issue.code, issue.column) for issue in refused.value.issues]
    assert found == [(code, f"policies.p.protocol.{key}")]


def test_the_least_share_is_above_risk_factor_and_slippage() -> None:
    """Given factors: 0.02 and 0.03, slippage 0.001."""
    model = ("tail_probability", "horizon_years", "vol_annual")
    for ratio, is_taken in ((0.031, False), (0.0311, True)):
        own = policy(initial_ratio=ratio, risk_long=0.02, risk_short=0.03)
        own["protocol"] = {k: v for k, v in own["protocol"].items() if k not in model}
        file = {"schema": 1, "policies": {"p": own}}
        if is_taken:
            assert tm.Policies.from_dict(file).names == ("p",)
            continue
        with pytest.raises(
            tm.InvalidInputError, match=r"more than 0\.031, risk factor and slippage"
        ):
            tm.Policies.from_dict(file)
