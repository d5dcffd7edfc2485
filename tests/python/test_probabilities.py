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
        assert found.accounts["p_breach"][row] == called / 4
        assert found.accounts["p_liquidation"][row] == liquidated / 4
    assert (found.accounts["p_liquidation"] > 0).any()
    assert found.scenarios["breaches"].tolist() == [
        sum(s in ("margin_call", "liquidating", "bankrupt") for s in states) for states in states
    ]
    same = engine.breach_probabilities({name: column}, threads=3)
    assert list(same.accounts) == list(found.accounts)


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
    with pytest.raises(tm.UnknownNameError):
        engine.breach_probabilities({"BTC": [0.1]}, vol_shocks={"NOPE": [0.1]})
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


DAY = 86_400 * 10**9


@pytest.fixture(scope="module")
def fixed(engine):
    """The same book under percents of notional: many scenarios cost little."""
    return tm.Engine(engine.market, engine.portfolio, "house-fixed")


@pytest.fixture(scope="module")
def past(engine):
    """Sixty days of every underlying, with volatilities, up to the day before the market's."""
    rng = np.random.default_rng(4)
    names = engine.market.underlyings.names.tolist()
    times = engine.market.as_of_ns - DAY * np.arange(1, 61)[::-1]
    logs = rng.normal(0.0, 0.04, (60, 1)) + rng.normal(0.0, 0.02, (60, len(names)))
    prices = dict(zip(names, 100.0 * np.exp(np.cumsum(logs, axis=0)).T, strict=True))
    vols = {name: 0.6 * np.exp(rng.normal(0.0, 0.1, 60)) for name in names}
    return tm.History.of(times, prices, vols)


def test_a_history_is_replayed_with_its_volatilities_and_a_day_that_passes(engine, past):
    found = engine.breach_probabilities(history=past, scenarios={"vol_moves": "history"})
    assert (found.count, found.independent, found.horizon_days) == (59, 59, 1.0)
    steps = past.prices[1:] / past.prices[:-1] - 1.0
    shocks = past.vols[1:] / past.vols[:-1] - 1.0
    for column, name in enumerate(past.underlyings):
        np.testing.assert_allclose(found.price_moves[name], steps[:, column], rtol=1e-12)
        np.testing.assert_allclose(found.vol_shocks[name], shocks[:, column], rtol=1e-12)
    assert found.scenarios["start_ns"].tolist() == past.times_ns[:-1].tolist()
    assert found.scenarios["end_ns"].tolist() == past.times_ns[1:].tolist()
    own = engine.breach_probabilities(found.price_moves, vol_shocks=found.vol_shocks,
                                      horizon_days=1.0)  # fmt: skip
    assert own.accounts["breaches"].tolist() == found.accounts["breaches"].tolist()


def test_overlaps_are_said_and_count_less(engine, past):
    with pytest.raises(tm.InvalidInputError, match=r"56 moves over 4 days .* 14 do not") as caught:
        engine.breach_probabilities(history=past, horizon_days=4)
    assert caught.value.issues[0].code == "MISSING_KEY"
    every, apart = (
        engine.breach_probabilities(history=past, horizon_days=4, scenarios={"overlapping": said})
        for said in (True, False)
    )
    assert (every.count, every.independent) == (56, 14)
    assert (apart.count, apart.independent) == (14, 14)
    never = (every.accounts["breaches"] == 0) & (every.accounts["undecidable"] == 0)
    # 0 of 14, whatever the neighbours say: 1 - 0.05 ** (1 / 14)
    assert every.accounts["p_breach_upper"][never] == pytest.approx(1.0 - 0.05 ** (1 / 14))


def test_none_of_five_hundred_is_not_impossible():
    engine = tm.Engine(live_books.market(), live_books.portfolio(), live_books.POLICIES)
    found = engine.breach_probabilities({"BTC": np.zeros(500)})
    accounts = found.accounts
    never = accounts["breaches"] == 0
    assert never.any()
    assert accounts["p_breach_upper"][never] == pytest.approx(1.0 - 0.05 ** (1 / 500))
    assert (accounts["p_breach_upper"] >= accounts["p_breach"]).all()


def test_drawn_moves_take_volatilities_and_correlation_from_the_history(fixed, past):
    found = fixed.breach_probabilities(
        history=past, scenarios={"generator": "monte_carlo", "draws": 2_000, "seed": 3}
    )
    names = list(past.underlyings)
    drawn = np.log1p(np.stack([found.price_moves[name] for name in names]))
    steps = np.diff(np.log(past.prices), axis=0).T
    wanted = np.sqrt((steps**2).mean(axis=1))
    np.testing.assert_allclose(drawn.std(axis=1), wanted, rtol=0.06)
    rho = (steps[0] @ steps[1]) / np.sqrt((steps[0] @ steps[0]) * (steps[1] @ steps[1]))
    assert np.corrcoef(drawn)[0, 1] == pytest.approx(rho, abs=0.04)
    again = fixed.breach_probabilities(
        history=past, scenarios={"generator": "monte_carlo", "draws": 2_000, "seed": 3}
    )
    assert again.accounts["breaches"].tobytes() == found.accounts["breaches"].tobytes()


def test_an_underlying_without_history_is_undecidable_and_may_be_called(fixed, past):
    short = tm.History(past.times_ns, past.underlyings[:1], past.prices[:, :1])
    for generator in ("historical", "filtered", "monte_carlo"):
        found = fixed.breach_probabilities(history=short, scenarios={"generator": generator})
        unknown = found.accounts["undecidable"] == found.count
        assert 0 < unknown.sum() < len(found.accounts)
        assert (found.accounts["p_breach_upper"][unknown] == 1.0).all()
        assert (found.accounts["breaches"][unknown] == 0).all()


def test_time_that_passes_settles_what_expires(engine):
    """Counts over no move and 400 days are those of the projection there."""
    still = {"BTC": [0.0]}
    found = engine.breach_probabilities(still, horizon_days=400)
    there = engine.projection(price_moves=[0.0], vol_shocks=[0.0], forward_days=[400])
    states = there.state.ravel()
    assert found.accounts["liquidations"].tolist() == np.isin(
        states, ("liquidating", "bankrupt")
    ).astype(int).tolist()  # fmt: skip
    assert found.horizon_days == 400.0


def several_policies(first, second):
    """Of three the middle one is nobody's."""
    grid = live_books.POLICIES["policies"]["grid"]

    def of(reach, factor):
        rules = {**grid["scenario"], "price_range": reach, "maintenance_factor": factor}
        return {**grid, "scenario": rules}

    return {
        "schema": 1,
        "policies": {"first": of(*first), "never": of(0.9, 1.0), "second": of(*second)},
        "select": [
            {"policy": "first", "account": ["anna"]},
            {"policy": "never", "account": ["nobody"]},
            {"policy": "second"},
        ],
    }


@pytest.mark.parametrize("live", [False, True])
def test_policies_that_no_account_has_are_left_out_also_of_a_change_under_way(live):
    engine = tm.Engine(
        live_books.market(), live_books.portfolio(), several_policies((0.1, 0.5), (0.15, 0.8))
    )
    if live:
        engine.stage_policies(1, several_policies((0.8, 1.0), (0.7, 1.0)))
        now = engine.market.as_of_ns
        change = tm.records.policy_epoch(1, ts_ns=now + 10**9)
        change["value"][0, 0] = 1_000.0  # seconds of grace
        engine.apply(change).raise_if_refused()
        engine.apply(tm.records.clock(now + 500 * 10**9)).raise_if_refused()
    moves = np.linspace(-0.6, 0.6, 25)
    names = engine.market.underlyings.names.tolist()
    found = engine.breach_probabilities(dict.fromkeys(names, moves), horizon_days=3)
    cells = engine.projection(price_moves=moves, vol_shocks=[0.0], forward_days=[3])
    states = cells.state[:, :, 0, 0]
    called = np.isin(states, ("margin_call", "liquidating", "bankrupt"))
    assert found.accounts["breaches"].tolist() == called.sum(axis=1).tolist()
    assert found.scenarios["breaches"].tolist() == called.sum(axis=0).tolist()
    assert 0 < called.sum() < called.size


def test_a_live_engine_is_moved_from_where_it_is():
    engine = tm.Engine(live_books.market(), live_books.portfolio(), live_books.POLICIES)
    now = engine.market.as_of_ns
    price = float(engine.market.underlyings.index_price[0])
    name = engine.market.underlyings.names.tolist()[0]
    engine.index_tick(name, price * 0.97, seq=1, ts_ns=now + 10**9)
    found = engine.breach_probabilities({name: [0.0, -0.3]})
    for column, move in enumerate((0.0, -0.3)):
        moved = {name: price * 0.97 * (1.0 + move)}
        states = engine.recompute(index=moved).accounts["state"]
        called = np.isin(states, ("margin_call", "liquidating", "bankrupt")).sum()
        assert found.scenarios["breaches"][column] == called


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ({"scenarios": {"generator": "historic"}}, "UNKNOWN_WORD", "did you mean historical"),
        ({"scenarios": {"generator": "parametric"}}, "UNKNOWN_WORD", "monte_carlo"),
        ({"scenarios": {"window": 30.0}}, "UNKNOWN_KEY", "scenarios.window"),
        ({"scenarios": {"confidence_initial": 0.9}}, "KEY_NOT_USED", "confidence_initial"),
        ({"scenarios": {"vol_moves": "beta"}}, "MISSING_KEY", "vol_beta"),
        ({"scenarios": {"window_days": -1.0}}, "OUT_OF_RANGE", "window_days"),
        ({"scenarios": {"window_days": 0.5}}, "MISSING_HISTORY", "1 days apart"),
        ({"horizon_days": 0.3}, "MISSING_HISTORY", "no two rows of the history are 0.3 days"),
        ({"horizon_days": 0}, "OUT_OF_RANGE", "horizon_days"),
        ({"horizon_days": float("nan")}, "OUT_OF_RANGE", "horizon_days"),
        ({"confidence": 1.0}, "OUT_OF_RANGE", "confidence"),
        ({"vol_shocks": {"BTC": [0.1]}}, "INVALID_ARGUMENT", "vol_shocks"),
        ({"moves": {"BTC": [0.1]}, "scenarios": {}}, "INVALID_ARGUMENT", "scenarios"),
        ({"moves": {"BTC": [0.1]}, "independent": 2}, "OUT_OF_RANGE", "independent"),
        ({"moves": {"BTC": [0.1]}, "vol_shocks": {"BTC": [-1.5]}}, "OUT_OF_RANGE", "-1 or more"),
        ({"moves": {"BTC": [0.1]}, "vol_shocks": {"BTC": [1.0, 1.0]}}, "LENGTH_MISMATCH", "one"),
        ({"moves": {"BTC": [0.1]}, "vol_shock_kind": "x"}, "UNKNOWN_WORD", "relative"),
        ({"moves": {}}, "LENGTH_MISMATCH", "not empty"),
    ],
)
def test_bad_arguments_are_told(engine, past, given, code, told):
    history = {} if "moves" in given else {"history": past}
    with pytest.raises(tm.InvalidInputError, match=told) as caught:
        engine.breach_probabilities(**history, **given)
    assert code in {caught.value.code, *(issue.code for issue in caught.value.issues)}


def test_without_a_history_it_says_what_is_missing(engine):
    with pytest.raises(tm.InvalidInputError, match="no price history"):
        engine.breach_probabilities()
    with pytest.raises(tm.InvalidInputError, match="expected vols_annual, or a history"):
        engine.breach_probabilities(scenarios={"generator": "monte_carlo"})
    with pytest.raises(tm.InputTypeError, match="expected a mapping"):
        engine.breach_probabilities(scenarios="historical")
