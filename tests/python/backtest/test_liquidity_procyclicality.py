"""Impact, execution and the tools against procyclicality: twins, laws and hand-made numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from tests.oracle import model_checks as twin

import tickmargin as tm
from tickmargin import liquidity, procyclicality

CASES = settings(max_examples=60, deadline=None)
TERMS = {"sigma": 0.95, "temporary": 2.5e-6, "permanent": 2.5e-7, "fixed": 0.0625}


@pytest.mark.parametrize("aversion", [0.0, 1e-7, 2e-6, 1e-4])
def test_the_optimal_schedule_beats_every_other(aversion):
    best = liquidity.almgren_chriss_optimal(1e6, 5, 5, risk_aversion=aversion, **TERMS)

    def utility(inner):
        holdings = np.concatenate(([1e6], inner, [0.0]))
        sold = -np.diff(holdings)
        cost = 0.5 * 2.5e-7 * 1e12 + 0.0625 * np.abs(sold).sum()
        cost += (2.5e-6 - 0.5 * 2.5e-7) * np.sum(sold**2)
        return (cost + aversion * 0.95**2 * np.sum(holdings[1:] ** 2)) / 1e6

    found = optimize.minimize(utility, np.linspace(8e5, 2e5, 4), method="BFGS")
    assert best.utility(aversion) / 1e6 <= found.fun + 1e-9
    assert best.holdings[0] == 1e6
    assert best.holdings[-1] == 0.0


def test_a_steep_urgency_does_not_overflow():
    plan = liquidity.almgren_chriss_optimal(1e6, 5, 5, risk_aversion=1e300, **TERMS)
    assert np.all(np.isfinite(plan.holdings))
    fast = liquidity.almgren_chriss_minimum_variance(1e6, 5, 5, **TERMS)
    assert plan.expected_cost == pytest.approx(fast.expected_cost)


@CASES
@given(
    st.lists(st.tuples(st.floats(1, 100), st.floats(0.1, 50)), min_size=1, max_size=20),
    st.floats(0, 500),
)
def test_a_walk_fills_level_by_level(levels, quantity):
    levels = sorted(levels, reverse=True)
    left, paid = quantity, 0.0
    for price, size in levels:
        take = min(left, size)
        left -= take
        paid += take * price
    walk = liquidity.walk_book([p for p, _ in levels], [s for _, s in levels], quantity)
    assert walk.residual == pytest.approx(left, abs=1e-9)
    if quantity - left > 1e-9:
        assert walk.average_price == pytest.approx(paid / (quantity - left))


@CASES
@given(
    st.lists(st.tuples(st.floats(1, 10), st.floats(-5, 5)), min_size=6, max_size=60),
    st.integers(1, 4),
    st.floats(0.5, 3.0),
)
def test_the_frontier_agrees_with_walking_every_window(rows, horizon, ratio):
    margin, losses = [m for m, _ in rows], [x for _, x in rows]
    found = procyclicality.frontier_point(margin, losses, horizon=horizon, collateral_ratio=ratio)
    liquidated, false, debt = twin.false_liquidations(margin, losses, horizon, ratio)
    assert found.liquidated == liquidated
    assert found.bad_debt == pytest.approx(debt, abs=1e-6)
    assert abs(found.false_liquidations - false) <= (1 if debt < 1e-9 else 0)


@CASES
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1))
def test_no_tool_goes_below_the_model(now, other, weight):
    assert procyclicality.buffered(now, 0.25, other) >= now
    assert procyclicality.stress_weighted(now, other, weight) >= now
    assert procyclicality.floored(now, other) >= now
    assert procyclicality.speed_limited(now, now * 1.25, other, 1.0) >= now


def test_a_slower_average_answers_a_step_later_and_overshoots_less():
    def ewma(half_life):
        def margin(returns):
            decay, variance, out = 0.5 ** (1 / half_life), 1e-4, []
            for x in returns:
                variance = decay * variance + (1 - decay) * x * x
                out.append(2.33 * math.sqrt(variance))
            return out

        return procyclicality.impulse_response(
            margin, calm_vol=0.01, stressed_vol=0.03, stressed_rows=400
        )

    fast, slow = ewma(5), ewma(40)
    assert fast.half_rows < slow.half_rows
    assert fast.overshoot > slow.overshoot
    assert fast.largest_step > slow.largest_step


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: liquidity.sqrt_impact(1, 0.1, -1, 1), "quantity"),
        (lambda: liquidity.sqrt_impact(1, 0.1, 1, 0), "daily_volume"),
        (lambda: liquidity.walk_book([1.0, 2.0, 1.5], [1, 1, 1], 1), "prices row 2"),
        (lambda: liquidity.walk_book([1.0, -2.0], [1, 1], 1), "prices row 1"),
        (lambda: procyclicality.peak_to_trough([1.0, 0.0]), "margin row 1"),
        (lambda: procyclicality.nday_increase([1.0, 2.0], 2), "days"),
        (lambda: procyclicality.stress_weighted(1, 1, 1.5), "weight"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(tm.InvalidInputError, match=named):
        call()
