"""`var` and `es` in the live engine: the same bits as a recompute, orders and snapshots too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.python.live_books import BTC, DAY, ETH, SECOND, T0, market, portfolio
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records

RNG = np.random.default_rng(3)
STEPS = RNG.multivariate_normal([0.0, 0.0], [[9e-4, 8e-4], [8e-4, 16e-4]], 300)
PRICES = 100.0 * np.exp(np.cumsum(STEPS, axis=0))
HISTORY = tm.History.of(T0 - DAY * np.arange(300)[::-1], {"BTC": PRICES[:, 0], "ETH": PRICES[:, 1]})
TAIL = {
    "generator": "historical",
    "horizon_initial_days": 2.0,
    "horizon_maintenance_days": 1.0,
    "confidence_initial": 0.99,
    "confidence_maintenance": 0.975,
    "window_days": 290.0,
    "overlapping": True,
    "vol_moves": "beta",
    "vol_beta": {"default": -1.0},
}
MODEL = {
    **{k: TAIL[k] for k in TAIL if k.startswith(("horizon", "confidence"))},
    "generator": "parametric",
    "vols_annual": {"BTC": 0.6, "ETH": 0.8},
    "correlation": {"BTC/ETH": 0.7},
}
DRAWN = {
    **{k: v for k, v in TAIL.items() if not k.startswith("vol")},
    "generator": "monte_carlo",
    "marginals": "empirical",
    "draws": 1000,
    "seed": 3,
    "correlation": {"BTC/ETH": 0.7},
}
CURVED = MODEL | {"generator": "delta_gamma"}
CASES = {
    "es": ("es", "haircut", TAIL),
    "var": ("var", "simulated", TAIL | {"generator": "age_weighted", "decay": 0.99}),
    "parametric": ("es", "simulated", MODEL),
    "delta_gamma": ("es", "haircut", CURVED),
    "delta_gamma_var": ("var", "simulated", CURVED),
    "copula": ("var", "haircut", DRAWN),
}


def policies(case: str) -> dict[str, Any]:
    method, collateral, tail = CASES[case]
    policy = {
        "method": method,
        "haircuts": {"default": 0.05},
        "collateral": collateral,
        "tail": tail,
    }
    return {"schema": 1, "policies": {"p": policy}}


def ready(case: str) -> tm.Engine:
    live = tm.Engine(market(), portfolio(), policies(case), history=HISTORY)
    live.start()
    live.index_tick("BTC", BTC, seq=1, ts_ns=T0)
    live.index_tick("ETH", ETH, seq=1, ts_ns=T0)
    return live


every = pytest.mark.parametrize("case", CASES)


@every
def test_live_equals_recompute_tick_by_tick(case: str) -> None:
    live = ready(case)
    rng = np.random.default_rng(5)
    price = np.array([BTC, ETH])
    seen = set()
    for seq in range(2, 12):
        price = price * np.exp(rng.normal(0.0, 0.01, 2))
        live.apply(
            records.index_tick(["BTC", "ETH"], price, seq=seq, ts_ns=T0 + seq * SECOND, engine=live)
        )
        same(live)
        seen.add(live.account("boris").maintenance_margin)
    assert len(seen) == 10  # margins that follow the index


@every
def test_a_resting_order_counts_where_it_hurts_and_never_less_than_its_fill(case: str) -> None:
    live = ready(case)
    before = live.account("anna").initial_margin
    names, quantities = ["BTC-PERP", "BTC-60000-C", "ETH-PERP"], [-1.5, -2.0, 12.0]
    prices = [BTC, 0.02, ETH]
    live.apply(
        records.order(
            "anna", names, quantities, prices, order=np.arange(1, 4), ts_ns=T0, engine=live
        )
    )
    same(live)
    resting = live.account("anna").initial_margin
    assert resting > before
    for subset in range(1, 8):
        filled = ready(case)
        equity = filled.account("anna").equity_initial
        for n in range(3):
            if subset >> n & 1:
                fill = records.fill(
                    "anna", names[n], quantities[n], prices[n], ts_ns=T0, engine=filled
                )
                filled.apply(fill).raise_if_refused()
        after = filled.account("anna")
        assert after.initial_margin - (after.equity_initial - equity) <= resting + 1e-5


@every
def test_a_check_decides_as_a_what_if_does(case: str) -> None:
    live = ready(case)
    for quantity in (-3.0, -0.5, 0.5, 3.0, 30.0):
        checked = live.check_order("boris", "BTC-PERP", quantity, BTC)
        order = {
            "account": ["boris"],
            "instrument": ["BTC-PERP"],
            "quantity": [quantity],
            "price": [BTC],
        }
        (row,) = live.what_if(order)
        assert checked.accepted == row["accepted"]
        assert checked.initial_margin_after == pytest.approx(row["initial_margin_after"])


@every
def test_a_snapshot_brings_the_policy_back(case: str, tmp_path: Any) -> None:
    live = ready(case)
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(market(), portfolio(), policies(case), history=HISTORY)
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    same(back)


@every
def test_the_lines_and_contributions_add_up_to_the_bit(case: str) -> None:
    live = ready(case)
    for account in ("anna", "boris", "clara"):
        explained = live.explain(account)
        by_unit: dict[Any, float] = {}
        for row in explained.positions:
            key = row["pocket"], row["underlying"]
            by_unit[key] = by_unit.get(key, 0.0) + row["contribution"]
        scans = {
            (row["pocket"], row["underlying"]): row["initial_margin"]
            for row in explained.requirement
            if row["component"] == "scan"
        }
        assert scans
        assert {key: total for key, total in by_unit.items() if total != 0.0} == scans


@every
def test_liquidation_prices_are_where_the_pocket_falls_below(case: str) -> None:
    engine = tm.Engine(market(), portfolio(), policies(case), history=HISTORY)
    found = engine.liquidation_prices("anna", "BTC")
    prices = [p for p in (found.lower, found.upper) if np.isfinite(p)]
    assert prices
    for price in prices:
        rows = engine.recompute(index={"BTC": price}).accounts
        state = next(r["state"] for r in rows if r["account"] == "anna")
        assert state in ("liquidating", "bankrupt")


def test_a_policy_is_staged_with_the_history_the_engine_has() -> None:
    live = ready("es")
    live.stage_policies(1, policies("var"))
    live.apply(records.policy_epoch(1, ts_ns=T0 + SECOND))
    same(live)
    live.stage_policies(2, policies("es"))
    dry = live.dry_run(policies("parametric"))
    assert len(dry) >= 3
