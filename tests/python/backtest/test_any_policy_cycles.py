"""Impulse response, peak to trough and frontier of every kind of method, not of two of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.python.backtest.test_policy_cycles import DAY, DYNAMIC, FIXED, policies, walk

import tickmargin as tm
from tickmargin.backtest.history import PriceHistory, continued
from tickmargin.backtest.rolling import Book, Promise, roll_prices
from tickmargin.backtest.summary import cyclicality_of
from tickmargin.cli import exit_codes, main
from tickmargin.policies import Policies
from tickmargin.procyclicality import peak_to_trough, policy_frontier, policy_response

STEPS = {"calm_vol_annual": 0.4, "stressed_vol_annual": 1.2}
LONG = [Book("long", "BTC", {"BTC": 100_000.0})]
ES = {
    "method": "es",
    "haircuts": {"USD": 0.0},
    "tail": {
        "generator": "historical",
        "horizon_initial_days": 1.0,
        "horizon_maintenance_days": 1.0,
        "confidence_initial": 0.98,
        "confidence_maintenance": 0.95,
        "window_days": 120.0,
        "overlapping": True,
    },
}
MATRIX = {
    "method": "matrix",
    "haircuts": {"USD": 0.0},
    "matrix": {
        "price_range": 0.16,
        "price_steps": 4,
        "vol_up": 0.5,
        "vol_down": 0.25,
        "initial_factor": 1.2,
        "maintenance_factor": 0.8,
    },
}
STILL = ["house-portfolio", "deribit-pm", "dydx-v4", "vega-cross"]


def shocked(at):
    """A price that stands, up and down by 1 %, and moves by 10 % on one day."""
    moves = np.where(np.arange(260) % 2 == 0, 0.01, -0.01)
    moves[at] = -0.10
    prices = 100.0 * np.cumprod(1.0 + moves)
    return PriceHistory(np.arange(260, dtype=np.int64) * DAY + 1, ("BTC",), prices[:, None])


def test_expected_shortfall_steps_once_and_falls_when_the_day_leaves_the_window():
    one = roll_prices(policies(ES), shocked(120), LONG)
    margin = dict(zip(((one.times_ns - 1) // DAY).tolist(), one.maintenance_margin, strict=True))
    # 1 % down on every second day is all there is in the tail before
    assert margin[119] == pytest.approx(1_000.0, abs=1.0)
    # one of 120 days at 10 % and five more of the worst 5 % at 1 %
    assert margin[121] == pytest.approx((10_000.0 + 5 * 1_000.0) / 6.0, rel=0.01)
    assert margin[241] == pytest.approx(1_000.0, abs=1.0)
    (cycle,) = cyclicality_of(one, 5)
    assert cycle.peak_to_trough == pytest.approx(2.5, rel=0.02)
    assert cycle.peak_to_trough == peak_to_trough(one.maintenance_margin[:-1])
    assert cycle.largest_step == pytest.approx(1.5, rel=0.02)


def test_the_response_of_expected_shortfall_ends_at_the_tail_of_the_stressed_days():
    found = policy_response(policies(ES), **STEPS)
    root = np.sqrt(365.0)
    # by hand: the mean of a normal's worst 5 % is 2.06 standard deviations
    for place, vol in ((found.margin[0], 0.4), (float(np.mean(found.margin[-50:])), 1.2)):
        assert place == pytest.approx(100_000.0 * 2.06 * vol / root, rel=0.2)
    assert 0 < found.half_rows < 120
    again = policy_response(policies(ES), **STEPS)
    assert np.array_equal(found.margin, again.margin)


@pytest.mark.parametrize("preset", STILL)
def test_what_does_not_read_volatility_stands_still_and_has_a_frontier(preset):
    ours = Policies.preset(preset)
    found = policy_response(ours, **STEPS, calm_rows=60, stressed_rows=30)
    # whole numbers of chains and ticks; a requirement never moves by a thousandth
    assert found.largest_step == pytest.approx(0.0, abs=1e-3)
    assert found.overshoot == pytest.approx(0.0, abs=1e-3)
    held = policy_frontier(ours, walk(60), LONG, horizon=5, factors=(0.25, 1.0, 4.0))["long"]
    assert held[1][1].peak_to_trough == pytest.approx(1.0, abs=1e-3)
    assert held[0][1].mean_margin == pytest.approx(0.25 * held[1][1].mean_margin)
    debts = [point.bad_debt for _, point in held]
    assert debts == sorted(debts, reverse=True)


def test_drift_asks_for_more_of_a_larger_size_alone():
    # its premium grows with the root of the size in coins, which a worth of 100,000 makes smaller
    # where the price is higher: the response is that of the price
    found = policy_response(Policies.preset("drift-v2"), **STEPS, calm_rows=60, stressed_rows=30)
    assert np.all(found.margin >= 5_000.0)
    assert found.largest_step < 0.05
    held = policy_frontier(Policies.preset("drift-v2"), walk(60), LONG, horizon=5)["long"]
    assert [factor for factor, _ in held] == [0.5, 0.75, 1.0, 1.25, 1.5, 2.0]


def test_a_matrix_holds_what_its_largest_move_loses():
    found = policy_response(policies(MATRIX), **STEPS, calm_rows=60, stressed_rows=30)
    assert found.margin == pytest.approx(np.full(31, 0.8 * 16_000.0), rel=1e-6)
    held = policy_frontier(policies(MATRIX), walk(60), LONG, horizon=5, factors=(1.0,))["long"]
    assert held[0][1].mean_margin == pytest.approx(12_800.0, rel=1e-6)


def test_a_stressed_window_comes_from_the_history_before_the_step():
    stress = {"first_day": "1970-02-10", "last_day": "1970-02-20", "weight": 0.5}
    ours = policies({**ES, "tail": {**ES["tail"], "stress": stress}})
    with pytest.raises(tm.InvalidInputError, match="MISSING_HISTORY"):
        policy_response(
            policies({**ES, "tail": {**ES["tail"], "stress": {**stress, "first_day": "1960-01-01",
                                                              "last_day": "1960-02-01"}}}),
            **STEPS,
        )  # fmt: skip
    found = policy_response(ours, **STEPS, calm_rows=130, stressed_rows=60, history=shocked(45))
    plain = policy_response(policies(ES), **STEPS, calm_rows=130, stressed_rows=60)
    # half of it is a day of 10 % among ten: less is asked for in calm without it
    assert found.margin[0] > 1.2 * plain.margin[0]
    with pytest.raises(tm.InvalidInputError, match="underlying must be one of the history's"):
        policy_response(ours, **STEPS, underlying="ETH", history=shocked(45))


def test_a_continued_history_keeps_what_it_said_last():
    past = replace(walk(40), columns={"regime_score": np.linspace(0.0, 1.0, 40)[:, None]})
    longer = continued(past, "BTC", np.log([1.1, 0.5]))
    assert np.diff(longer.times_ns).tolist() == [DAY] * 41
    assert longer.prices[-2:, 0] == pytest.approx(past.prices[-1, 0] * np.array([1.1, 0.55]))
    assert longer.columns["regime_score"][-3:, 0].tolist() == [1.0, 1.0, 1.0]


def test_accounts_are_held_from_time_to_time_whatever_the_horizon():
    ours, history = policies(DYNAMIC), walk(120)
    two_days = Promise(initial_days=2.0, maintenance_days=2.0)
    one = cyclicality_of(roll_prices(ours, history, LONG, promise=Promise()), 5)
    two = cyclicality_of(roll_prices(ours, history, LONG, promise=two_days), 5)
    assert one == two
    # every third row: the loss is that of three days, though the horizon is one
    third = roll_prices(ours, history, LONG, promise=Promise(), every=3)
    prices = history.prices[30::3, 0]
    lost = 100_000.0 * (1.0 - prices[1:] / prices[:-1])
    assert third.next_loss[:-1] == pytest.approx(lost, rel=1e-9)
    assert np.isnan(third.next_loss[-1])


def test_what_cannot_be_held_is_said():
    rolled = roll_prices(policies(FIXED), walk(60), LONG)
    anew = replace(rolled, next_loss=None, maintenance_steps=2)
    with pytest.raises(tm.InvalidInputError, match="drawn anew"):
        cyclicality_of(anew, 5)
    assert len(cyclicality_of(replace(rolled, next_loss=None), 5)) == 1
    with pytest.raises(tm.InvalidInputError, match="at 35 times or more, of 30"):
        cyclicality_of(rolled, 27)
    nothing = replace(rolled, maintenance_margin=np.zeros(rolled.book.size))
    with pytest.raises(tm.InvalidInputError, match="no book has a maintenance margin"):
        cyclicality_of(nothing, 5)


def test_the_command_answers_a_step_and_says_what_it_cannot(tmp_path, capsys):
    history = walk(90)
    path = tmp_path / "BTC.csv"
    cells = zip(history.times_ns.tolist(), history.prices[:, 0].tolist(), strict=True)
    path.write_text("\n".join(["ts_ns,close", *(f"{t},{p}" for t, p in cells)]) + "\n")
    argv = ["backtest", "--history", str(path), "-p", "house-dynamic", "--response", "0.4,1.2"]
    assert main([*argv, "--json"]) == exit_codes.OK
    answer = json.loads(capsys.readouterr().out)["response"]
    assert answer["margin"][-1] > 2.0 * answer["margin"][0]
    assert main([*argv, "--frontier", "70"]) == exit_codes.OK
    out, err = capsys.readouterr()
    assert "after a step of volatility, MM of a long BTC" in " ".join(out.split())
    assert "--frontier: no book has a maintenance margin" in " ".join(err.split())
    for wrong in ("0.4", "1.2,0.4", "a,b"):
        assert main([*argv[:-1], wrong]) == exit_codes.BAD_INPUT
        assert "--response" in capsys.readouterr().err
