"""Policies of exchanges in the live engine: the same bits, and orders at their worst subset."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.python.live_books import BTC, ETH, SECOND, T0, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records


def policies(method: str, terms: dict[str, Any], **keys: Any) -> dict[str, Any]:
    own = {"method": method, "haircuts": {"default": 0.05}, method: terms, **keys}
    return {"schema": 1, "policies": {"venue": own}, "select": [{"policy": "venue"}]}


MATRIX = policies(
    "matrix",
    {
        "unit": "coin",
        "price_range": 0.16,
        "vol_up": 0.5,
        "vol_down": 0.25,
        "extended_moves": [-0.66, 0.5, 2.0],
        "extended_dampener": 1_000.0,
        "gain_offset_ratio": 0.6,
        "gain_offset_max": 5_000.0,
        "maintenance_factor": 0.8,
        "roll_ratio_annual": 0.075,
        "roll_ratio_min": 0.01,
        "delta_shock_threshold": 30_000.0,
        "delta_shock_slope": 0.01,
        "delta_shock_max_ratio": 0.1,
        "minimum_ratio": 0.01,
    },
)
SPAN = policies(
    "span",
    {
        "scan_ratio": 0.1,
        "vol_range": 0.3,
        "tier_end_days": [1.0, 7.0],
        "spreads": [
            {"first": 0, "second": 2, "charge": 300.0},
            {"first": 0, "second": 1, "charge": 500.0},
        ],
        "short_minimum": 2_000.0,
        "initial_factor": 1.25,
        "spot_charge": 100.0,
        "spot_days": 3.0,
    },
    credits=[{"first": "BTC", "second": "ETH", "second_delta": 20.0, "rate": 0.5}],
)
METHODS = pytest.mark.parametrize("policy", [MATRIX, SPAN], ids=["matrix", "span"])
ORDERS = (
    ("BTC-PERP", 1.0, BTC * 1.002),
    ("BTC-PERP", -1.5, BTC * 0.999),
    ("BTC-FUT", -1.0, 60_100.0),
    ("BTC-60000-C", -2.0, 0.02),
    ("BTC-66000-C", 3.0, 0.03),
    ("ETH-PERP", 12.0, ETH * 1.01),
)


@METHODS
def test_live_equals_recompute_tick_by_tick(policy: dict[str, Any]) -> None:
    live = ready(policy)
    rng = np.random.default_rng(5)
    price = np.array([BTC, ETH])
    for seq in range(2, 12):
        price = price * np.exp(rng.normal(0.0, 0.01, 2))
        ticks = records.index_tick(
            ["BTC", "ETH"], price, seq=seq, ts_ns=T0 + seq * SECOND, engine=live
        )
        live.apply(ticks)
        same(live)


@METHODS
@pytest.mark.parametrize("account", ["anna", "boris", "clara", "empty"])
def test_no_subset_of_resting_orders_needs_more_than_they_reserve(
    policy: dict[str, Any], account: str
) -> None:
    rng = np.random.default_rng(sum(account.encode()))
    for _ in range(2):
        chosen = [ORDERS[i] for i in rng.choice(len(ORDERS), 3, replace=False)]
        resting = ready(policy)
        resting.apply(orders_of(resting, account, chosen))
        row = resting.account(account)
        room = row.equity_initial - row.initial_margin
        same(resting)
        for size in range(len(chosen) + 1):
            for subset in itertools.combinations(chosen, size):
                filled = ready(policy)
                for number, (name, quantity, price) in enumerate(subset, 1):
                    filled.apply(
                        records.fill(
                            account, name, quantity, price, ts_ns=T0 + number, engine=filled
                        )
                    )
                after = filled.account(account)
                assert after.equity_initial - after.initial_margin >= room - 1e-4, subset


def orders_of(live: tm.Engine, account: str, chosen: list[tuple[str, float, float]]) -> Any:
    names, quantities, prices = zip(*chosen, strict=True)
    count = np.arange(1, len(chosen) + 1)
    return records.order(
        account, list(names), list(quantities), list(prices), order=count, ts_ns=T0, engine=live
    )


@METHODS
def test_a_snapshot_brings_the_policy_back(policy: dict[str, Any], tmp_path: Any) -> None:
    live = ready(policy)
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(live.market, live.portfolio, policy)
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    same(back)
