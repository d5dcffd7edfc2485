"""Add-ons on a book small enough to be margined by hand."""

from __future__ import annotations

import pytest

import tickmargin as tm


def engine(**sections):
    policy = {
        "method": "fixed",
        "haircuts": {"USD": 0.0},
        "futures": {"initial_ratio": 0.1, "maintenance_ratio": 0.05},
        **sections,
    }
    market = tm.Market.from_tables(
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={
            "underlying": ["BTC"],
            "index_price": [100.0],
            "quote_asset": ["USD"],
            "depth_notional": [400.0],
        },
        marks={"instrument": ["P"], "mark_price": [100.0]},
        as_of_ns=1_767_225_600_000_000_000,
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["P"],
            "kind": ["perpetual"],
            "underlying": ["BTC"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [1.0],
        },
        accounts={"account": ["A"]},
        positions={
            "account": ["A"], "instrument": ["P"], "quantity": [16.0], "entry_price": [100.0]
        },
        balances={"account": ["A"], "asset": ["USD"], "amount": [1000.0]},
    )  # fmt: skip
    return tm.Engine(market, portfolio, {"schema": 1, "policies": {"p": policy}})


def lines(made):
    table = made.explain("A").requirement
    return {
        row["component"]: (row["initial_margin"], row["maintenance_margin"])
        for row in table
        if row["component"] != "rounding"
    }


def test_concentration_by_hand():
    # 1,600 of notional over a threshold of 400: 3 multiples beyond, 2 % each
    made = engine(
        concentration={"threshold_notional": 400.0, "slope_ratio": 0.02, "cap_ratio": 0.2}
    )
    assert lines(made)["concentration"] == pytest.approx((96.0, 96.0))
    capped = engine(
        concentration={"threshold_notional": 400.0, "slope_ratio": 0.02, "cap_ratio": 0.05}
    )
    assert lines(capped)["concentration"] == pytest.approx((80.0, 80.0))


def test_closing_out_by_hand():
    # spread and fee 0.1 % of 1,600; impact 0.5 % x sqrt(1600 / 6400) slow, x sqrt(1600 / 400) fast
    rules = {
        "half_spread_ratio": 0.0007,
        "fee_ratio": 0.0003,
        "impact_factor": 0.005,
        "slow_depth_notional": 6400.0,
    }
    found = lines(engine(liquidity={**rules, "fast_cap_ratio": 0.01}))
    assert found["futures"] == pytest.approx((160.0, 80.0))
    assert found["liquidity"] == pytest.approx((1.6 + 4.0, 1.6 + 4.0))
    assert found["fast_depth"] == pytest.approx((16.0 - 4.0, 0.0))
    capped = lines(engine(liquidity={**rules, "fast_cap_ratio": 0.001}))
    assert capped["fast_depth"] == pytest.approx((1.6, 0.0))
    assert "fast_depth" not in lines(engine(liquidity=rules))


def test_the_lines_add_up_and_an_order_counts_at_the_larger_side():
    made = engine(
        concentration={"threshold_notional": 400.0, "slope_ratio": 0.02, "cap_ratio": 0.9}
    )
    row = next(iter(made.recompute().accounts))
    assert row["initial_margin"] == pytest.approx(sum(i for i, _ in lines(made).values()))
    orders = {"account": ["A"], "instrument": ["P"], "quantity": [4.0], "price": [100.0]}
    table = made.what_if(orders)
    # 2,000 of notional: 4 multiples beyond, 8 %, on top of 10 %
    assert table["initial_margin_after"][0] == pytest.approx(200.0 + 160.0)


@pytest.mark.parametrize("section", ["liquidity", "concentration"])
def test_a_policy_with_an_add_on_has_no_bands(section):
    from tickmargin import _core

    rules = {
        "liquidity": {"half_spread_ratio": 0.001},
        "concentration": {"threshold_notional": 400.0, "slope_ratio": 0.02, "cap_ratio": 0.2},
    }
    for sections, bands in (({}, True), ({section: rules[section]}, False)):
        policy = engine(**sections).policies.compile(["BTC"], [("USD", "")])[0]
        assert _core.policy_has_bands(policy) is bands
