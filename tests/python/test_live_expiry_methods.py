"""Methods by expiry in the live engine: the same bits as a recompute, orders and snapshots too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.property.test_expiry_margins import STANDARD
from tests.python.live_books import BTC, ETH, SECOND, T0, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records

HAIRCUTS = {"default": 0.05}
PORTFOLIO = {
    "method": "portfolio",
    "haircuts": HAIRCUTS,
    "portfolio": {
        "vol_up": 0.5,
        "vol_down": 0.3,
        "basis_up": 0.05,
        "basis_down": -0.05,
        "basis_add": 0.5,
        "initial_factor": 1.2,
        "perpetual_ratio": 0.02,
        "short_option_ratio": 0.01,
        "minimum_net_ratio": 0.02,
        "skew": {"linear_base": 0.2, "absolute_base": 0.3, "width": 4.0},
        "long_discount": {"base": 0.95, "add": 0.05},
        "scenarios": [
            {"move": move, "vol": vol}
            for move in (-0.2, 0.0, 0.25)
            for vol in ("none", "up", "down", "linear", "absolute")
        ],
    },
}
SRM = {
    "method": "standard",
    "haircuts": HAIRCUTS,
    "option_value": "requirement",
    "standard": STANDARD,
}
METHODS = pytest.mark.parametrize(
    "policy",
    [
        {"schema": 1, "policies": {"venue": own}, "select": [{"policy": "venue"}]}
        for own in (PORTFOLIO, SRM)
    ],
    ids=["portfolio", "standard"],
)


@METHODS
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


@METHODS
def test_live_equals_recompute_with_resting_orders(policy: dict[str, Any]) -> None:
    live = ready(policy)
    before = live.account("anna").initial_margin
    names, quantities = ["BTC-PERP", "BTC-60000-C", "ETH-PERP"], [-1.5, -2.0, 12.0]
    prices = [BTC * 0.999, 0.02, ETH * 1.01]
    orders = records.order(
        "anna", names, quantities, prices, order=np.arange(1, 4), ts_ns=T0, engine=live
    )
    live.apply(orders)
    same(live)
    assert live.account("anna").initial_margin > before


@METHODS
def test_a_snapshot_brings_the_policy_back(policy: dict[str, Any], tmp_path: Any) -> None:
    live = ready(policy)
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(live.market, live.portfolio, policy)
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    same(back)
