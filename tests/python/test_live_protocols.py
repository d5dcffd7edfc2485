"""Protocols' rules in the live engine: the same bits as a recompute, orders and snapshots too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.property.test_protocol_policies import DYDX, lines
from tests.property.test_protocol_policies import engine as one_account
from tests.python.live_books import BTC, ETH, SECOND, T0, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records

VEGA = {
    "rule": "vega",
    "size_decimals": 4,
    "price_decimals": 1,
    "tail_probability": 1e-6,
    "horizon_years": 0.000003995,
    "vol_annual": 1.0,
    "linear_slippage": 0.001,
}
ISOLATED = {**VEGA, "initial_ratio": 0.1}
DRIFT = {
    "rule": "drift_v2",
    "initial_ratio": 0.1,
    "maintenance_ratio": 0.05,
    "size_factor": 0.001,
    "profit_initial_weight": 0.8,
    "profit_size_factor": 0.001,
}
TOKENS = {
    "BTC": {"decimals": 8, "initial_debt_weight": 1.2, "maintenance_debt_weight": 1.1},
    "USDC": {"decimals": 6, "initial_debt_weight": 1.0, "maintenance_debt_weight": 1.0},
}


def policies(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"method": "protocol", "haircuts": {"default": 0.05}, "protocol": rule, **more}
    return {"schema": 1, "policies": {"venue": own}}


RULES = pytest.mark.parametrize(
    "policy",
    [policies(DYDX), policies(VEGA), policies(ISOLATED), policies(DRIFT, tokens=TOKENS)],
    ids=["dydx_v4", "vega", "vega-isolated", "drift_v2"],
)


@RULES
def test_live_equals_recompute_tick_by_tick(policy: dict[str, Any]) -> None:
    live = ready(policy)
    rng = np.random.default_rng(5)
    price = np.array([BTC, ETH])
    seen = set()
    for seq in range(2, 12):
        price = price * np.exp(rng.normal(0.0, 0.01, 2))
        ticks = records.index_tick(
            ["BTC", "ETH"], price, seq=seq, ts_ns=T0 + seq * SECOND, engine=live
        )
        live.apply(ticks)
        same(live)
        seen.add(live.account("boris").maintenance_margin)
    assert len(seen) == 10  # margins that follow the index
    assert tm.Policies.from_dict(policy).describe()[0]["path"] == "incremental"


@RULES
def test_resting_orders_ask_for_the_worse_side(policy: dict[str, Any]) -> None:
    live = ready(policy)
    before = live.account("boris").initial_margin
    names, quantities = ["BTC-PERP", "ETH-PERP", "ETH-PERP"], [-1.5, 12.0, -3.0]
    prices = [BTC * 1.01, ETH * 0.99, ETH * 1.01]
    orders = records.order(
        "boris", names, quantities, prices, order=np.arange(1, 4), ts_ns=T0, engine=live
    )
    live.apply(orders)
    same(live)
    resting = live.account("boris").initial_margin
    assert resting > before
    # Short 1.5 and long 10 are made worse by the first two; the third reduces.
    fills = [("BTC-PERP", -1.5, BTC * 1.01), ("ETH-PERP", 12.0, ETH * 0.99)]
    other = ready(policy)
    for name, quantity, price in fills:
        made = records.fill("boris", name, quantity, price, ts_ns=T0, engine=other)
        assert other.apply(made).counts == {"ok": 1}
    assert resting >= other.account("boris").initial_margin


@RULES
def test_a_snapshot_brings_the_policy_back(policy: dict[str, Any], tmp_path: Any) -> None:
    live = ready(policy)
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(live.market, live.portfolio, policy)
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    same(back)


def test_a_debt_weighs_more_than_it_is_worth() -> None:
    """A coin at 60,000 is owed at 1.2 and 1.1 of itself: 12,000 and 6,000 beyond it."""
    policy = {**policies(DRIFT, tokens=TOKENS)["policies"]["venue"], "haircuts": {"default": 0.0}}
    market = {"ETH": {"index": ETH, "price": ETH}}
    owing = one_account(policy, market, {"BTC": -1.0}, {"BTC": 60_000.0})
    # No index to follow: it belongs to the first underlying.
    assert lines(owing, "contingency") == {"ETH": (12_000.0, 6_000.0)}
