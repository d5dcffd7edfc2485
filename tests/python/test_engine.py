"""The engine's public face: arguments, results, threads, and what nothing may change."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import time

import numpy as np
import pyarrow as pa
import pytest

import tickmargin as tm
from tickmargin.loading import Nullable
from tickmargin.simulate.venue import synthetic_venue


@pytest.fixture(scope="module")
def venue():
    return synthetic_venue(accounts=400, positions=4_000, seed=5)


@pytest.fixture(scope="module")
def engine(venue):
    return tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")


@pytest.fixture(scope="module")
def result(engine):
    return engine.recompute()


def same(a, b):
    return all(
        a.accounts[column].tobytes() == b.accounts[column].tobytes()
        for column in ("equity", "initial_margin", "maintenance_margin", "slack_ticks")
    )


def test_a_row_per_account_in_the_order_of_the_portfolio(engine, result):
    assert result.accounts["account"].tolist() == engine.portfolio.accounts.names.tolist()
    assert set(result.accounts["as_of_ns"].tolist()) == {engine.market.as_of_ns}
    assert set(result.accounts["policy"].tolist()) == {"house-portfolio"}


def test_an_account_is_the_sum_and_the_worst_of_its_pockets(result):
    danger = ["healthy", "warning", "margin_call", "liquidating", "bankrupt", "undecidable"]
    pockets = {}
    for row in result.pockets:
        pockets.setdefault(row["account"], []).append(row)
    assert any(len(rows) > 1 for rows in pockets.values())
    for row in result.accounts:
        own = pockets[row["account"]]
        for column in ("equity", "initial_margin", "maintenance_margin"):
            assert row[column] == pytest.approx(sum(p[column] for p in own), abs=1e-6 * len(own))
        binding = [p for p in own if p["gross_notional"] != 0.0 or p["debts"] != 0.0]
        assert row["slack_ticks"] == min(p["slack_ticks"] for p in binding or own)
        assert danger.index(row["state"]) == max(danger.index(p["state"]) for p in own)


@pytest.mark.parametrize("spare", [0.0, 50.0])
def test_what_never_falls_short_does_not_bind_beside_an_isolated_position(spare):
    market = tm.Market.from_tables(
        as_of_ns=1_700_000_000_000_000_000,
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={"underlying": ["BTC"], "index_price": [60_000.0]},
        marks={"instrument": ["P"], "mark_price": [60_000.0]},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["P"],
            "kind": ["perpetual"],
            "underlying": ["BTC"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [1.0],
        },
        accounts={"account": ["isolated", "nothing"]},
        positions={
            "account": ["isolated"],
            "pocket": ["alone"],
            "instrument": ["P"],
            "quantity": [-1.5],
            "entry_price": [60_000.0],
        },
        balances={
            "account": ["isolated", "isolated"],
            "pocket": ["cross", "alone"],
            "asset": ["USD", "USD"],
            "amount": [spare, 14_000.0],
        },
    )
    futures = {"initial_ratio": 0.1, "maintenance_ratio": 0.05}
    policies = {
        "schema": 1,
        "policies": {
            "plain": {"method": "fixed", "haircuts": {"default": 0.0}, "futures": futures}
        },
    }
    engine = tm.Engine(market, portfolio, policies)
    held, nothing = engine.recompute().accounts
    # 5 % of 1.5 x 60,000 is 4,500, beside 14,000 of equity.
    assert (held["worst_pocket"], held["slack"]) == ("alone", 9_500.0)
    assert held["health_ratio"] == pytest.approx(14_000 / 4_500, abs=1e-12)
    assert (nothing["worst_pocket"], nothing["slack"]) == ("cross", 0.0)
    engine.index_tick("BTC", 60_000.0, seq=1, ts_ns=market.as_of_ns)
    assert engine.accounts()["slack"].tolist() == [9_500.0, 0.0]


def test_components_add_up_to_the_requirements(result):
    components = result.components["initial_margin"].sum()
    pockets = result.pockets["initial_margin"].sum()
    assert components == pytest.approx(pockets, abs=1e-6 * len(result.pockets))


def test_a_candidate_and_a_moved_index_change_nothing(engine, result):
    other = engine.recompute(policies="house-fixed")
    moved = engine.recompute(index={"BTC": 50_000.0})
    assert set(other.accounts["policy"].tolist()) == {"house-fixed"}
    assert not same(other, result)
    assert not same(moved, result)
    assert same(engine.recompute(), result)


def test_the_index_where_it_stands_gives_the_same_bits(engine, result):
    names = engine.market.underlyings.names.tolist()
    prices = engine.market.underlyings.index_price.tolist()
    assert same(engine.recompute(index=dict(zip(names, prices, strict=True))), result)


def test_results_are_read_only_and_outlive_the_engine(venue):
    result = tm.Engine(venue.market_at(), venue.portfolio(), "house-fixed").recompute()
    gc.collect()
    equity = result.accounts["equity"]
    before = equity.copy()
    with pytest.raises(ValueError, match="read-only"):
        equity[0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        equity.flags.writeable = True
    assert np.array_equal(equity, before)


def test_results_speak_arrow(result):
    table = pa.table(result)
    assert table.num_rows == len(result.accounts)
    assert "maintenance_margin" in table.column_names
    assert pa.table(result.units).num_rows == len(result.units)


def test_python_goes_on_while_the_core_computes(venue):
    engine = tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")
    stop = threading.Event()

    def work():
        while not stop.is_set():
            engine.recompute()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        longest, last = 0.0, time.perf_counter()
        end = last + 0.5
        while last < end:
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    finally:
        stop.set()
        worker.join()
    # Holding the GIL through recomputes would starve this loop for most of the half second.
    assert longest < 0.25


def test_many_threads_may_share_an_engine(engine, result):
    answers = []
    workers = [
        threading.Thread(target=lambda: answers.append(engine.recompute(threads=2)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(answers) == 4
    assert all(same(answer, result) for answer in answers)


@pytest.mark.parametrize(
    ("call", "error", "code", "told"),
    [
        (lambda e: e.recompute(threads=0), ValueError, "INVALID_ARGUMENT", "threads"),
        (lambda e: e.recompute(threads=True), TypeError, "WRONG_TYPE", "threads"),
        (lambda e: e.recompute(index={"BTC": 0.0}), ValueError, "NOT_POSITIVE", "BTC"),
        (lambda e: e.recompute(index={"BTC": float("nan")}), ValueError, "NOT_POSITIVE", "nan"),
        (lambda e: e.recompute(index={"BTC": "1"}), TypeError, "WRONG_TYPE", "str"),
        (lambda e: e.recompute(index={"BTX": 1.0}), KeyError, "UNKNOWN_UNDERLYING", "'BTC'"),
        (lambda e: e.recompute(policies="house-fixd"), KeyError, "UNKNOWN_PRESET", "house-fixed"),
        (lambda e: e.explain("A00000x"), KeyError, "UNKNOWN_ACCOUNT", "A00000x"),
        (lambda e: e.liquidation_prices("A000001", "XRP"), KeyError, "UNKNOWN_UNDERLYING", "XRP"),
        (
            lambda e: e.liquidation_prices("A000001", "BTC", pocket="none"),
            KeyError,
            "UNKNOWN_NAME",
            "none",
        ),
        (
            lambda e: e.what_if(
                {"account": ["?"], "instrument": ["?"], "quantity": [1.0], "price": [1.0]}
            ),
            ValueError,
            "INVALID_INPUT",
            "unknown account",
        ),
    ],
)
def test_a_wrong_argument_is_named_and_changes_nothing(engine, result, call, error, code, told):
    with pytest.raises(error) as caught:
        call(engine)
    assert isinstance(caught.value, tm.TickMarginError)
    assert caught.value.code == code
    assert told in str(caught.value)
    assert same(engine.recompute(), result)


def test_one_value_of_an_order_stands_for_a_column_of_it(engine):
    full = {
        "account": ["A000001"] * 2,
        "instrument": ["BTC_USDC-PERPETUAL"] * 2,
        "quantity": [1.0, -2.0],
        "price": [84_000.0] * 2,
    }
    short = {**full, "account": "A000001", "instrument": "BTC_USDC-PERPETUAL", "price": 84_000.0}
    assert list(engine.what_if(short)) == list(engine.what_if(full))
    one = {name: column[0] for name, column in full.items()}
    assert list(engine.what_if({**one, "price": np.float64(84_000.0)})) == [
        next(iter(engine.what_if(full)))
    ]
    with pytest.raises(tm.InvalidInputError, match="expected string, got int") as refused:
        engine.what_if({**short, "account": 1})
    assert refused.value.code == "WRONG_TYPE"


def test_all_faults_of_orders_are_told_together(engine):
    orders = {
        "account": ["A000001", "?", "A000001"],
        "instrument": ["NOPE", "BTC_USDC-PERPETUAL", None],
        "quantity": [float("nan"), 1.0, 2.0],
        "price": [0.0, -1.0, float("inf")],
    }
    for call in (engine.what_if, engine.check_many):
        with pytest.raises(tm.InvalidInputError) as caught:
            call(orders)
        assert sorted((i.row, i.column, i.code) for i in caught.value.issues) == [
            (0, "instrument", "UNKNOWN_INSTRUMENT"),
            (0, "quantity", "NOT_FINITE"),
            (1, "account", "UNKNOWN_ACCOUNT"),
            (1, "price", "NEGATIVE_VALUE"),
            (2, "instrument", "MISSING_VALUE"),
            (2, "price", "NOT_FINITE"),
        ]


def test_an_engine_is_neither_pickled_nor_copied(engine):
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            attempt(engine)


@pytest.mark.parametrize("decimals", [-1, 16, 2.0, True])
def test_ticks_have_a_sensible_size(venue, decimals):
    with pytest.raises((tm.InvalidInputError, tm.InputTypeError), match="numeraire_decimals"):
        tm.Engine(venue.market_at(), venue.portfolio(), numeraire_decimals=decimals)


def test_coin_pay_offs_need_a_coin_that_follows_their_index():
    market = tm.Market.from_tables(
        as_of_ns=1_700_000_000_000_000_000,
        assets={"asset": ["BTC"], "mark_price": [60_000.0]},
        underlyings={"underlying": ["BTC"], "index_price": [60_000.0]},
        marks={"instrument": ["P"], "mark_price": [60_000.0]},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["P"],
            "kind": ["perpetual"],
            "underlying": ["BTC"],
            "settlement_asset": ["BTC"],
            "payoff": ["inverse"],
            "multiplier": [1.0],
        },
        accounts={"account": ["A"]},
        positions={
            "account": ["A"],
            "instrument": ["P"],
            "quantity": [1.0],
            "entry_price": [60_000.0],
        },
        balances={"account": ["A"], "asset": ["BTC"], "amount": [1.0]},
    )
    with pytest.raises(tm.InvalidInputError, match="does not follow its index") as caught:
        tm.Engine(market, portfolio, "house-fixed")
    assert caught.value.code == "SETTLEMENT_MISMATCH"


def test_rules_may_choose_by_size(venue, result):
    largest = {}
    for row in result.pockets:
        largest[row["account"]] = largest.get(row["account"], 0.0) + row["gross_notional"]
    border = sorted(largest.values())[len(largest) // 2]
    futures = {"initial_ratio": 0.1, "maintenance_ratio": 0.05}
    small = {"method": "fixed", "haircuts": {"default": 0.0}, "futures": futures}
    policies = {
        "schema": 1,
        "policies": {"large": small, "small": small},
        "select": [{"policy": "large", "gross_notional_min": border}, {"policy": "small"}],
    }
    chosen = tm.Engine(venue.market_at(), venue.portfolio(), policies).recompute()
    expected = ["large" if largest[a] >= border else "small" for a in chosen.accounts["account"]]
    assert chosen.accounts["policy"].tolist() == expected
    assert 0 < expected.count("large") < len(expected)


def test_components_leave_out_undecidable_accounts(venue):
    portfolio = venue.portfolio()
    tables = venue.market_at().tables()
    marks = tables["marks"]
    options = np.flatnonzero(~np.isnan(marks["vol_annual"]))
    vols = marks["vol_annual"].copy()
    vols[options[::40]] = np.nan
    blind = tm.Market.from_tables(
        **{name: table for name, table in tables.items() if name != "marks"},
        marks={
            "instrument": marks["instrument"],
            "mark_price": Nullable(np.nan_to_num(marks["mark_price"]), marks["mark_price"] > 0),
            "vol_annual": Nullable(np.nan_to_num(vols), ~np.isnan(vols)),
        },
        as_of_ns=venue.market_at().as_of_ns,
    )
    result = tm.Engine(blind, portfolio, "house-portfolio").recompute()
    states = result.accounts["state"]
    assert 0 < np.count_nonzero(states == "undecidable") < len(states)
    total = np.nansum(result.accounts["maintenance_margin"])
    parts = result.components["maintenance_margin"].sum()
    assert parts == pytest.approx(total, abs=1e-6 * len(result.pockets))
