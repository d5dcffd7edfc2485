"""Joint moves, and how often they end in a call or a liquidation."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python import live_books

import tickmargin as tm
from tickmargin import moves
from tickmargin.simulate.venue import synthetic_venue


@pytest.fixture(scope="module")
def engine():
    venue = synthetic_venue(accounts=60, positions=400, seed=5)
    return tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")


def test_probabilities_count_the_states_of_recomputes(engine):
    index = dict(
        zip(
            engine.market.underlyings.names.tolist(),
            engine.market.underlyings.index_price.tolist(),
            strict=True,
        )
    )
    name = next(iter(index))
    column = [-0.6, -0.2, 0.0, 0.3]
    found = engine.breach_probabilities({name: column})
    states = [
        engine.recompute(index={name: index[name] * (1 + m)}).accounts["state"].tolist()
        for m in column
    ]
    for row, by_move in enumerate(zip(*states, strict=True)):
        called = sum(s in ("margin_call", "liquidating", "bankrupt") for s in by_move)
        liquidated = sum(s in ("liquidating", "bankrupt") for s in by_move)
        assert found["p_breach"][row] == called / 4
        assert found["p_liquidation"][row] == liquidated / 4
    assert (found["p_liquidation"] > 0).any()
    same = engine.breach_probabilities({name: column}, threads=3)
    assert same["p_breach"].tobytes() == found["p_breach"].tobytes()


def test_overlaps_are_explicit():
    prices = {"A": [100.0, 110.0, 121.0, 133.1, 100.0], "B": [1.0, 1.0, 2.0, 2.0, 4.0]}
    every = moves.historical_moves(prices, horizon=2, overlapping=True)
    apart = moves.historical_moves(prices, horizon=2, overlapping=False)
    np.testing.assert_allclose(every["B"], [1.0, 1.0, 1.0])
    np.testing.assert_allclose(every["A"][:2], [0.21, 0.21])
    np.testing.assert_allclose(apart["A"], every["A"][::2])


@pytest.mark.parametrize("freedom", [None, 5.0])
def test_drawn_moves_have_their_variance_and_correlation(freedom):
    drawn = moves.simulated_moves(
        {"A": 0.5, "B": 0.8},
        [[1.0, 0.6], [0.6, 1.0]],
        horizon_days=1.0,
        count=200_000,
        seed=3,
        degrees_of_freedom=freedom,
    )
    logs = np.log1p(np.stack([drawn["A"], drawn["B"]]))
    np.testing.assert_allclose(logs.std(axis=1), np.array([0.5, 0.8]) / np.sqrt(365), rtol=0.03)
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.6, abs=0.03)


def test_bad_moves_are_named():
    engine = tm.Engine(live_books.market(), live_books.portfolio(), live_books.POLICIES)
    with pytest.raises(tm.InvalidInputError, match="row 1"):
        engine.breach_probabilities({"BTC": [0.1, -1.0]})
    with pytest.raises(tm.InvalidInputError, match="one length"):
        engine.breach_probabilities({"BTC": [0.1], "ETH": [0.1, 0.2]})
    with pytest.raises(tm.UnknownNameError):
        engine.breach_probabilities({"NOPE": [0.1]})
    with pytest.raises(tm.InvalidInputError, match="row 1"):
        moves.historical_moves({"A": [1.0, 0.0]}, overlapping=True)
    with pytest.raises(tm.InvalidInputError, match="semi-definite"):
        moves.simulated_moves(
            {"A": 0.5, "B": 0.5, "C": 0.5},
            [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]],
            horizon_days=1.0,
            count=10,
            seed=0,
        )
