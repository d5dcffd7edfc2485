"""Resting orders: whatever subset of them trades, the account is as good as initial margin said.

With orders resting, equity less initial margin is at most what it is after any of their subsets has
traded, each order at its own price. Every subset is tried.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.books import CI
from tests.python.live_books import DAY, T0, hear, market
from tests.python.test_live_expiry_methods import PORTFOLIO, SRM
from tests.python.test_live_protocols import DRIFT, DYDX, TOKENS, VEGA

import tickmargin as tm
from tickmargin import records

HAIRCUTS = {"default": 0.05}
BRACKETS = [
    {"notional_cap": 5e4, "initial_ratio": 0.02, "maintenance_ratio": 0.01},
    {"notional_cap": 2e5, "initial_ratio": 0.05, "maintenance_ratio": 0.025},
    {"notional_cap": 1e7, "initial_ratio": 0.1, "maintenance_ratio": 0.05},
]
FLAT = {"initial_ratio": 0.1, "maintenance_ratio": 0.05, "taker_fee_ratio": 0.0005}
ADD_ONS = {
    "liquidity": {
        "half_spread_ratio": 0.001,
        "half_spread_vol": 0.01,
        "fee_ratio": 0.0005,
        "impact_factor": 0.5,
        "slow_depth_notional": 1e6,
    },
    "concentration": {"threshold_notional": 1e4, "slope_ratio": 0.05, "cap_ratio": 0.5},
}


def fixed(**futures: Any) -> dict[str, Any]:
    return {"method": "fixed", "haircuts": HAIRCUTS, "futures": futures}


def protocol(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"method": "protocol", "haircuts": HAIRCUTS, "protocol": rule, **more}


SCENARIO = {"price_range": 0.15, "vol_up": 0.4, "vol_down": 0.3, "maintenance_factor": 0.8}
DYNAMIC = {
    "horizon_initial_days": 2.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.99,
    "confidence_maintenance": 0.98,
    "floor_ratio": 0.03,
    "cap_ratio": 0.5,
    "depth_factor": 0.02,
    "depth_cap_ratio": 0.2,
}
TAIL = {
    "horizon_initial_days": 2.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.95,
    "confidence_maintenance": 0.9,
    "vols_annual": {"default": 0.8},
    "correlation_default": 0.5,
}


def tail(method: str, **more: Any) -> dict[str, Any]:
    return {"method": method, "haircuts": HAIRCUTS, "tail": {**TAIL, **more}}


POLICIES: dict[str, dict[str, Any]] = {
    "fixed": fixed(**FLAT),
    "fixed-max-side": fixed(**FLAT, netting="max_side"),
    "fixed-net": fixed(brackets=BRACKETS, netting="net"),
    "fixed-whole": fixed(brackets=BRACKETS, bracket_mode="whole"),
    "fixed-add-ons": {**fixed(**FLAT, netting="max_side"), **ADD_ONS},
    "standard": SRM,
    "portfolio": PORTFOLIO,
    "portfolio-add-ons": {**PORTFOLIO, **ADD_ONS},
    "scenario": {"method": "scenario", "haircuts": HAIRCUTS, "scenario": SCENARIO},
    "scenario-safety": {
        "method": "scenario",
        "haircuts": HAIRCUTS,
        "scenario": SCENARIO,
        "safety_factor_ratio": 1.3,
        **ADD_ONS,
    },
    "fixed-safety": {**fixed(**FLAT), "safety_factor_ratio": 1.3, **ADD_ONS},
    "dynamic": {"method": "dynamic", "haircuts": HAIRCUTS, "dynamic": DYNAMIC},
    "dynamic-netted": {
        "method": "dynamic",
        "haircuts": HAIRCUTS,
        "dynamic": {**DYNAMIC, "netting": "underlying"},
    },
    "var-drawn": tail("var", generator="monte_carlo", draws=200, seed=5),
    "es-drawn": tail("es", generator="monte_carlo", draws=200, seed=5),
    "es-parametric": tail("es", generator="parametric"),
    "es-delta-gamma": tail("es", generator="delta_gamma"),
    "var-delta-gamma": tail("var", generator="delta_gamma"),
    "matrix": {
        "method": "matrix",
        "haircuts": HAIRCUTS,
        "matrix": {**SCENARIO, "roll_ratio_min": 0.01, "minimum_ratio": 0.01},
    },
    "span": {
        "method": "span",
        "haircuts": HAIRCUTS,
        "span": {
            "scan_ratio": 0.1,
            "vol_range": 0.2,
            "tier_end_days": [7.0],
            "spreads": [{"first": 0, "second": 1, "charge": 50.0}],
            "short_minimum": 100.0,
        },
        "credits": [{"first": "BTC", "second": "ETH", "rate": 0.5}],
    },
    "dydx_v4": protocol(DYDX),
    "vega": protocol(VEGA),
    "drift_v2": protocol(DRIFT, tokens=TOKENS),
}
# A contract, a size of one order, and its mark in its own quotation.
CONTRACTS = {
    "BTC-PERP": (1.0, 60_010.0),
    "BTC-FUT": (1.0, 60_280.0),
    "ETH-PERP": (15.0, 3_001.0),
    "BTC-60000-C": (2.0, 0.017),
    "BTC-66000-C": (2.0, 0.03),
}
LINEAR = ("BTC-PERP", "BTC-FUT", "ETH-PERP")


def book(accounts: list[str], held: list[tuple[str, str, float]]) -> tm.Portfolio:
    """The same positions and balances for every account."""
    each = [(account, *row) for account in accounts for row in held]
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": list(CONTRACTS),
            "kind": ["perpetual", "future", "perpetual", "option", "option"],
            "underlying": ["BTC", "BTC", "ETH", "BTC", "BTC"],
            "settlement_asset": ["USDC", "USDC", "USDC", "BTC", "BTC"],
            "settlement_chain": ["ethereum", "ethereum", "ethereum", "bitcoin", "bitcoin"],
            "payoff": ["linear", "linear", "linear", "coin", "coin"],
            "multiplier": [1.0] * 5,
            "strike": [None, None, None, 60_000.0, 66_000.0],
            "expiry_ns": [None, T0 + 30 * DAY, None, T0 + 2 * DAY, T0 + 30 * DAY],
            "option_type": [None, None, None, "call", "call"],
        },
        accounts={"account": accounts},
        positions={
            "account": [account for account, *_ in each],
            "instrument": [name for _, name, _, _ in each],
            "side": [side for _, _, side, _ in each],
            "quantity": [size for *_, size in each],
            "entry_price": [
                CONTRACTS[name][1] if name in LINEAR else None for _, name, _, _ in each
            ],
        },
        balances={
            "account": [account for account in accounts for _ in range(2)],
            "asset": ["USDC", "BTC"] * len(accounts),
            "chain": ["ethereum", "bitcoin"] * len(accounts),
            "amount": [1e6, 10.0] * len(accounts),
        },
    )


def check(policy: dict[str, Any], rng: random.Random) -> None:
    names = LINEAR if policy["method"] == "protocol" else tuple(CONTRACTS)
    held = [
        (name, side, rng.choice([0.5, 1.0, 3.0]) * CONTRACTS[name][0])
        for name in names
        for side in ("long", "short")
        if rng.random() < 0.35
    ]
    orders = []
    for _ in range(rng.randint(1, 6)):
        name = rng.choice(names)
        size = rng.choice([-4.0, -1.0, -0.5, 0.5, 1.0, 4.0]) * CONTRACTS[name][0]
        orders.append((name, size, CONTRACTS[name][1] * rng.choice([0.97, 1.0, 1.03])))
    subsets = [
        subset for n in range(len(orders) + 1) for subset in itertools.combinations(orders, n)
    ]
    accounts = ["resting", *(f"S{i}" for i in range(len(subsets)))]
    live = tm.Engine(market(), book(accounts, held), {"schema": 1, "policies": {"venue": policy}})
    live.start()
    hear(live)
    columns = [list(column) for column in zip(*orders, strict=True)]
    resting = records.order(
        "resting", *columns, order=np.arange(1, len(orders) + 1), ts_ns=T0, engine=live
    )
    assert live.apply(resting).counts == {"ok": len(orders)}
    fills = [(f"S{i}", *order) for i, subset in enumerate(subsets) for order in subset]
    made = records.fill(*(list(c) for c in zip(*fills, strict=True)), ts_ns=T0, engine=live)
    assert live.apply(made).counts == {"ok": len(fills)}
    table = live.accounts()
    assert set(table["status"].tolist()) == {"ok"}
    slack = table["equity_initial"] - table["initial_margin"]
    left = dict(zip(table["account"], slack.tolist(), strict=True))
    worst = min(range(len(subsets)), key=lambda i: left[f"S{i}"])
    assert left["resting"] <= left[f"S{worst}"] + 1e-4, (subsets[worst], held, orders)


@pytest.mark.parametrize("name", POLICIES)
@settings(parent=CI, max_examples=40)
@given(rng=st.randoms(use_true_random=False))
def test_no_subset_of_the_orders_needs_more(name: str, rng: random.Random) -> None:
    check(POLICIES[name], rng)
