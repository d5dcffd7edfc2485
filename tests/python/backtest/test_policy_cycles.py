"""How any policy's margin moves with a history, and after a step of volatility."""

from __future__ import annotations

import numpy as np
import pytest
from tests.oracle.margin_methods import shortfall_moves

from tickmargin.backtest.history import PriceHistory
from tickmargin.backtest.rolling import Book
from tickmargin.policies import Policies
from tickmargin.procyclicality import policy_frontier, policy_response

DAY = 86_400_000_000_000
FIXED = {
    "method": "fixed",
    "haircuts": {"USD": 0.0},
    "futures": {"initial_ratio": 0.2, "maintenance_ratio": 0.1},
}
DYNAMIC = {
    "method": "dynamic",
    "haircuts": {"USD": 0.0},
    "dynamic": {
        "horizon_initial_days": 2.0,
        "horizon_maintenance_days": 1.0,
        "confidence_initial": 0.995,
        "confidence_maintenance": 0.99,
        "floor_ratio": 0.0,
        "cap_ratio": 0.9,
    },
}


def policies(rules):
    return Policies.from_dict({"schema": 1, "policies": {"p": rules}})


def walk(rows=200):
    random = np.random.default_rng(3)
    prices = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.03, rows)))
    return PriceHistory(np.arange(rows, dtype=np.int64) * DAY + 1, ("BTC",), prices[:, None])


def held(margin_ratio, prices, horizon, collateral):
    """Windows of a long account worth 100 set up anew at each row, one by one."""
    liquidated = false = 0
    debt = 0.0
    moves = prices[1:] / prices[:-1] - 1.0
    for start in range(len(moves) - horizon - 1):
        equity, path, closed = collateral * margin_ratio * 100.0, [], None
        for row in range(horizon + 1):
            equity += 100.0 * moves[start + row]
            path.append(equity)
            if closed is None and row < horizon and equity < margin_ratio * 100.0:
                closed = row
        if closed is None:
            debt += max(0.0, -path[horizon - 1])
            continue
        liquidated += 1
        debt += max(0.0, -path[closed + 1])
        false += path[horizon - 1] >= 0.0 and min(path[:horizon]) > 0.0
    return liquidated, false, debt


def test_the_frontier_of_a_policy_is_that_of_accounts_held_one_by_one():
    history = walk()
    found = policy_frontier(
        policies(FIXED), history, [Book("long", "BTC", {"BTC": 100.0})], horizon=5, factors=(1.0,)
    )
    ((factor, point),) = found["long"]
    assert factor == 1.0
    prices = history.prices[history.times_ns >= history.times_ns[0] + 30 * DAY, 0]
    liquidated, false, debt = held(0.1, prices, 5, 1.2)
    assert liquidated > 10
    assert (point.liquidated, point.false_liquidations) == (liquidated, false)
    assert point.bad_debt == pytest.approx(debt, abs=1e-4)
    # a margin of 10 rounded up to a whole tick of a millionth
    assert point.peak_to_trough == pytest.approx(1.0, abs=1.1e-7)


def test_an_hourly_history_has_a_frontier_whatever_the_policy_promises():
    history = walk(24 * 40)
    hourly = PriceHistory(history.times_ns // 24 + 1, history.underlyings, history.prices)
    found = policy_frontier(policies(DYNAMIC), hourly, horizon=12, factors=(0.5, 2.0))
    assert set(found) == {"long BTC", "short BTC"}
    for (_, low), (_, high) in found.values():
        assert low.liquidated >= high.liquidated
        assert low.bad_debt >= high.bad_debt


def test_the_response_ends_where_the_measure_is_and_a_floor_makes_it_smaller():
    steps = {"calm_vol_annual": 0.4, "stressed_vol_annual": 1.2}
    plain = policy_response(policies(DYNAMIC), **steps)
    low, high = (100_000.0 * shortfall_moves(v, 1.0, 0.99)[0] for v in (0.4, 1.2))
    assert plain.margin[0] == pytest.approx(low, rel=0.15)
    assert float(np.mean(plain.margin[-50:])) == pytest.approx(high, rel=0.15)
    floored = {**DYNAMIC, "anti_procyclicality": {"long_run_vol_annual": 0.8}}
    damped = policy_response(policies(floored), **steps)
    floor = 100_000.0 * shortfall_moves(0.8, 1.0, 0.99)[0]
    assert damped.margin[0] == pytest.approx(floor, rel=1e-6)
    assert damped.largest_step < plain.largest_step
    still = policy_response(policies(FIXED), **steps)
    assert still.largest_step == pytest.approx(0.0, abs=1e-9)
