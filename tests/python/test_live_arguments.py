"""What the live calls refuse before any record is made, and how they say it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from tests.python.live_books import BTC, POLICIES, SECOND, T0, engine, ready

import tickmargin as tm
from tickmargin import records
from tickmargin.live_settings import ORACLE_KEYS


@pytest.fixture(scope="module")
def live() -> tm.Engine:
    return ready(oracle={"BTC": {"sources": ["kraken", "bitstamp"]}, "*": {"sources": 3}})


WRONG = [True, None, "60000", dt.datetime(2024, 1, 1), np.datetime64("2024-01-01"), 1j, object()]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: type(w).__name__)
def test_no_number_is_guessed(live: tm.Engine, wrong: Any) -> None:
    before = live.state_hash()
    attempts = [
        lambda: live.index_tick("BTC", wrong, seq=2, ts_ns=T0),
        lambda: live.index_tick("BTC", BTC, seq=wrong, ts_ns=T0),
        lambda: live.index_tick("BTC", BTC, seq=2, ts_ns=wrong),
        lambda: live.clock(wrong),
        lambda: live.check_order("anna", "BTC-PERP", wrong, BTC),
        lambda: live.check_order("anna", "BTC-PERP", 1.0, wrong),
        lambda: records.index_tick(0, [BTC, wrong], seq=1, ts_ns=T0),
        lambda: records.fill(0, 0, wrong, BTC, ts_ns=T0),
        lambda: records.fill(0, 0, 1.0, BTC, ts_ns=T0, order=wrong),
        lambda: records.surface_commit(0, wrong, ts_ns=T0),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError) as caught:
            attempt()
        assert isinstance(caught.value, tm.InputTypeError)
        assert caught.value.code == "WRONG_TYPE"
    assert live.state_hash() == before


@pytest.mark.parametrize("wrong", [1.5, True, None, np.float64(0.0), [0.5], np.array(["x"], "S1")])
def test_no_handle_is_guessed(live: tm.Engine, wrong: Any) -> None:
    for attempt in (
        lambda: records.mark(wrong, BTC, ts_ns=T0),
        lambda: records.mark(wrong, BTC, ts_ns=T0, engine=live),
        lambda: live.account(wrong),
        lambda: live.explain(wrong),
    ):
        with pytest.raises(tm.InputTypeError):
            attempt()


def test_integers_are_taken_where_they_are_exact(live: tm.Engine) -> None:
    record = records.index_tick(np.int64(0), 60_000, seq=np.uint64(2**64 - 1), ts_ns=T0)
    assert record["value"][0].tolist() == [60_000.0, 0.0, 0.0]
    assert int(record["sequence"][0]) == 2**64 - 1
    for attempt in (
        lambda: records.index_tick(0, 2**53 + 1, seq=1, ts_ns=T0),
        lambda: records.index_tick(0, BTC, seq=-1, ts_ns=T0),
        lambda: records.index_tick(0, BTC, seq=1, ts_ns=2**63),
        lambda: records.index_tick(0, BTC, seq=1, ts_ns=T0, source=70_000),
        lambda: records.mark(2**31, BTC, ts_ns=T0),
        lambda: records.mark(np.array([2**40]), BTC, ts_ns=T0),
    ):
        with pytest.raises(tm.InvalidInputError) as caught:
            attempt()
        assert caught.value.code == "NOT_EXACT"


def test_names_need_an_engine_and_must_be_known(live: tm.Engine) -> None:
    with pytest.raises(tm.UnknownNameError, match="engine="):
        records.mark("BTC-PERP", BTC, ts_ns=T0)
    for attempt, code, told in (
        (lambda: live.index_tick("BTX", 1.0, seq=1, ts_ns=T0), "UNKNOWN_UNDERLYING", "'BTC'"),
        (
            lambda: live.index_tick("BTC", 1.0, seq=1, ts_ns=T0, source="c"),
            "UNKNOWN_SOURCE",
            "kraken, bitstamp",
        ),
        (
            lambda: records.mark(["BTC-PERP", "BTC-PURP"], 1.0, ts_ns=T0, engine=live),
            "UNKNOWN_INSTRUMENT",
            "BTC-PERP",
        ),
        (lambda: live.account("ana"), "UNKNOWN_ACCOUNT", "anna"),
        (lambda: live.account(4), "UNKNOWN_ACCOUNT", "4"),
        (lambda: live.account(-1), "UNKNOWN_ACCOUNT", "-1"),
        (lambda: live.check_order("anna", "BTC", 1.0, 1.0), "UNKNOWN_INSTRUMENT", "BTC"),
        (
            lambda: records.deposit("anna", "USDT", 1.0, transfer=1, ts_ns=T0, engine=live),
            "UNKNOWN_ASSET",
            "USD",
        ),
        (lambda: records.chain_halt("tron", ts_ns=T0, engine=live), "UNKNOWN_CHAIN", "tron"),
    ):
        with pytest.raises(tm.UnknownNameError, match=told) as caught:
            attempt()
        assert caught.value.code == code


def test_columns_must_broadcast(live: tm.Engine) -> None:
    with pytest.raises(tm.InvalidInputError, match="broadcast") as caught:
        records.index_tick(0, [1.0, 2.0], seq=[1, 2, 3], ts_ns=T0)
    assert caught.value.code == "LENGTH_MISMATCH"
    with pytest.raises(tm.InvalidInputError, match="one dimension"):
        records.index_tick(0, [[1.0, 2.0]], seq=1, ts_ns=T0)
    ticks = records.index_tick(
        ["BTC", "ETH"], 1.0, seq=1, ts_ns=T0, source=["bitstamp", "c"], engine=live
    )
    assert ticks["source"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [None, [], np.zeros(3), np.zeros((2, 2), tm.RECORD), np.zeros(1, tm.EVENT), "records"],
    ids=lambda w: type(w).__name__,
)
def test_apply_takes_records_alone(live: tm.Engine, wrong: Any) -> None:
    with pytest.raises(tm.InputTypeError, match="RECORD"):
        live.apply(wrong)


def test_apply_takes_any_layout_of_records() -> None:
    rows = records.index_tick(0, BTC + np.arange(6.0), seq=np.arange(2, 8), ts_ns=T0 + np.arange(6))
    one, strided, reverse = ready(), ready(), ready()
    assert one.apply(rows[::2].copy()).counts == {"ok": 3}
    assert strided.apply(rows[::2]).counts == {"ok": 3}
    assert reverse.apply(rows[::-1][1::2][::-1]).counts == {"ok": 3}
    unaligned = np.zeros(3 * 64 + 1, np.uint8)[1:].view(tm.RECORD)
    unaligned[:] = rows[::2]
    other = ready()
    assert other.apply(unaligned).counts == {"ok": 3}
    assert one.state_hash() == strided.state_hash() == reverse.state_hash() == other.state_hash()
    assert one.apply(rows[:0]).counts == {}
    assert one.apply(rows[5:]).counts == {"ok": 1}


def test_elapsed_times_go_where_they_are_wanted() -> None:
    live = ready()
    rows = records.index_tick(0, BTC, seq=np.arange(2, 8), ts_ns=T0 + np.arange(6))
    elapsed = np.zeros(6, np.int64)
    live.apply(rows, elapsed_ns=elapsed)
    assert (elapsed > 0).all()
    for wrong in (np.zeros(5, np.int64), np.zeros(6), [0] * 6, np.zeros(12, np.int64)[::2]):
        with pytest.raises(tm.InputTypeError, match="elapsed_ns"):
            live.apply(rows, elapsed_ns=wrong)


@pytest.mark.parametrize(
    ("given", "error", "code", "told"),
    [
        ({"oracle": {"BTX": {}}}, tm.UnknownNameError, "UNKNOWN_UNDERLYING", "BTC"),
        ({"oracle": {"BTC": {"source": 3}}}, tm.UnknownNameError, "UNKNOWN_NAME", "sources"),
        ({"oracle": {"BTC": {"sources": 9}}}, tm.InvalidInputError, "OUT_OF_RANGE", "1 .. 8"),
        ({"oracle": {"BTC": {"sources": "ab"}}}, tm.InputTypeError, "WRONG_TYPE", "names"),
        ({"oracle": {"BTC": {"sources": ["a", "a"]}}}, ValueError, "DUPLICATE_ID", "twice"),
        ({"oracle": {"BTC": {"sources": [""]}}}, ValueError, "EMPTY_ID", "name"),
        ({"oracle": {"BTC": {"quorum": 2}}}, ValueError, "OUT_OF_RANGE", "oracle"),
        ({"oracle": {"BTC": {"band_ratio": True}}}, TypeError, "WRONG_TYPE", "band_ratio"),
        ({"oracle": {"BTC": {"band_ratio": np.nan}}}, ValueError, "NOT_FINITE", "band_ratio"),
        ({"oracle": [1]}, TypeError, "WRONG_TYPE", "mapping"),
        ({"settings": {"hysteresis": 0.1}}, KeyError, "UNKNOWN_NAME", "hysteresis_ratio"),
        ({"settings": {"bands": 1}}, TypeError, "WRONG_TYPE", "bands"),
        ({"settings": {"cell_ratio": 0.5}}, ValueError, "OUT_OF_RANGE", "settings"),
        ({"settings": {"renewals_per_record": 2**40}}, ValueError, "OUT_OF_RANGE", "renewals"),
        ({"capacity": {"events": 1.5}}, TypeError, "WRONG_TYPE", "events"),
        ({"capacity": {"events": -1}}, ValueError, "OUT_OF_RANGE", "events"),
        ({"capacity": {"event": 1}}, KeyError, "UNKNOWN_NAME", "events"),
    ],
)
def test_a_wrong_setting_is_named(
    given: dict[str, Any], error: type[Exception], code: str, told: str
) -> None:
    made = engine()
    with pytest.raises(error, match=told) as caught:
        made.start(**given)
    assert isinstance(caught.value, tm.TickMarginError)
    assert caught.value.code == code
    assert not made.is_live
    made.start()  # nothing was half done


WRONG_SETTINGS: dict[str, list[Any]] = {
    "heartbeat_ns": [0],
    "unusable_after_ns": [1],
    "quarantine_limit_ns": [0],
    "source_clamp_ratio": [0.0, 1.5, -1.0],
    "feed_min": [float("inf"), 1e9],
    "band_ratio": [-0.1, float("inf")],
    "velocity_ratio_per_sqrt_second": [-1e-9, float("inf")],
    "band_cap_ratio": [0.01, float("inf")],
    "doubt_ratio": [-0.1, 1.5],
    "hysteresis_ratio": [-0.1],
    "vol_min_annual": [0.0, -1.0],
    "vol_max_annual": [0.001, float("inf")],
    "vol_level_band_ratio": [-0.1],
    "vol_shape_band_ratio": [-0.1],
    "vol_doubt_limit_ns": [0],
    "mark_basis_cap_ratio": [-0.1, 1.1],
    "mark_basis_window_ns": [0],
    "renewals_per_record": [0],
    "ladder_buckets": [15],
    "cell_ratio": [0.0, 0.2],
}
OF_THE_ORACLE = set(ORACLE_KEYS)


@pytest.mark.parametrize("key", WRONG_SETTINGS)
def test_each_setting_out_of_its_range_is_named(key: str) -> None:
    for value in WRONG_SETTINGS[key]:
        made = engine()
        of_oracle = key in OF_THE_ORACLE
        oracle = {"ETH": {key: value, "feed_max": 1e8}} if of_oracle else {}
        with pytest.raises(tm.InvalidInputError) as caught:
            made.start(oracle=oracle, settings={} if of_oracle else {key: value})
        assert caught.value.code == "OUT_OF_RANGE"
        where = "oracle 'ETH': " if of_oracle else "settings: "
        assert str(caught.value).startswith(f"{where}{key} must be "), caught.value
        assert not made.is_live


def test_wrong_settings_are_refused_together() -> None:
    made = engine()
    wrong = {key: values[0] for key, values in WRONG_SETTINGS.items()}
    oracle = {key: value for key, value in wrong.items() if key in OF_THE_ORACLE}
    settings = {key: value for key, value in wrong.items() if key not in OF_THE_ORACLE}
    # What is held against another setting is right where that one is the one named.
    del oracle["unusable_after_ns"], oracle["band_cap_ratio"], settings["vol_max_annual"]
    with pytest.raises(tm.InvalidInputError) as caught:
        made.start(oracle={"BTC": {**oracle, "feed_max": 1e8}}, settings=settings)
    told = str(caught.value).split("; ")
    assert len(told) == len(oracle) + len(settings)
    assert all(any(f": {key} must" in one for one in told) for key in (*oracle, *settings))
    assert sum("oracle 'BTC'" in one for one in told) == len(oracle)
    made.start()


def test_limits_of_time_and_feed_are_held_as_set() -> None:
    live = ready(
        oracle={"*": {"lead_max_ns": 10 * SECOND, "feed_min": 100.0, "feed_max": 1e6}},
        settings={"clock_step_max_ns": 60 * SECOND, "vol_doubt_limit_ns": 5 * SECOND},
    )
    before = live.state_hash()
    for late in (
        lambda: live.index_tick("BTC", BTC, seq=2, ts_ns=T0 + 10 * SECOND + 1),
        lambda: live.clock(T0 + 60 * SECOND + 1),
    ):
        with pytest.raises(tm.RecordRefusedError) as caught:
            late()
        assert caught.value.code == "OUT_OF_RANGE"
    assert live.state_hash() == before
    option = "BTC-60000-C"
    live.apply(records.volatility(option, 1.5, ts_ns=T0, engine=live)).raise_if_refused()
    assert live.check_order("clara", option, 1.0, 0.03).verdict == "refused_doubtful"
    live.clock(T0 + 6 * SECOND)
    assert live.check_order("clara", option, 1.0, 0.03).verdict != "refused_doubtful"
    live.index_tick("BTC", 100.0, seq=3, ts_ns=T0 + 7 * SECOND)
    assert live.marks().row(0)["mark_state"] == "unusable"


def test_rows_run_out_before_the_links_between_pockets_and_indices() -> None:
    many = [f"U{n:02}" for n in range(16)]
    market = tm.Market.from_tables(
        as_of_ns=T0,
        assets={"asset": ["USD"], "chain": [""], "mark_price": [1.0]},
        underlyings={"underlying": many, "index_price": [BTC] * 16},
        marks={"instrument": [f"{u}-PERP" for u in many], "mark_price": [BTC] * 16},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": [f"{u}-PERP" for u in many],
            "kind": ["perpetual"] * 16,
            "underlying": many,
            "settlement_asset": ["USD"] * 16,
            "settlement_chain": [""] * 16,
            "payoff": ["linear"] * 16,
            "multiplier": [1.0] * 16,
        },
        accounts={"account": ["A"]},
        positions={
            "account": ["A"] * 16,
            "instrument": [f"{u}-PERP" for u in many],
            "quantity": [1.0] * 16,
            "entry_price": [BTC] * 16,
        },
        balances={"account": ["A"], "asset": ["USD"], "chain": [""], "amount": [1e7]},
    )
    live = tm.Engine(market, portfolio, POLICIES)
    live.start(capacity={"pockets": 1, "positions": 14, "balances": 1, "pocket_positions": 17})
    more = records.fill("A", "U00-PERP", 1.0, BTC, ts_ns=T0, engine=live)
    assert live.apply(more).counts == {"ok": 1}  # no row more than there is
    other = records.fill("A", "U00-PERP", 1.0, BTC, pocket="p", ts_ns=T0, engine=live)
    before = live.state_hash()
    with pytest.raises(tm.RecordRefusedError) as caught:
        live.apply(other).raise_if_refused(other)
    assert caught.value.code == "CAPACITY"
    assert live.state_hash() == before


def test_an_engine_starts_once() -> None:
    made = engine()
    assert not made.is_live
    assert made.counters()["records"] == 0  # the first live call starts it
    assert made.is_live
    with pytest.raises(tm.InvalidInputError) as caught:
        made.start()
    assert caught.value.code == "ALREADY_STARTED"
