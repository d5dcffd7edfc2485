"""A live engine's answers: orders, accounts, policies by epoch, and what recompute sees of it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from tests.python.live_books import BTC, DAY, ETH, POLICIES, SECOND, T0, engine, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records
from tickmargin.simulate import synthetic_venue

FIXED = {
    "schema": 1,
    "policies": {
        "strict": {
            "method": "fixed",
            "haircuts": {"default": 0.2},
            "futures": {"initial_ratio": 0.6, "maintenance_ratio": 0.5},
            "options": {"otm_a": 0.15, "otm_b": 0.1, "maintenance_c": 0.075},
        }
    },
    "select": [{"policy": "strict"}],
}


def test_a_cold_start_takes_no_risk_and_liquidates_nobody() -> None:
    live = engine()
    before = live.recompute()
    assert not live.is_live
    assert live.check_order("boris", "BTC-PERP", -1.0, BTC).verdict == "refused_doubtful"
    assert live.is_live
    assert set(live.marks()["mark_state"]) == {"unusable"}
    assert live.account("anna").state == "margin_call"
    assert live.account("anna").liquidation_blocked
    # Until a record has come, a recompute is of the market the engine was made with.
    after = live.recompute()
    assert after.accounts["equity"].tobytes() == before.accounts["equity"].tobytes()
    assert after.accounts["state"].tolist() == before.accounts["state"].tolist()


def test_live_equals_recompute_tick_by_tick_and_every_view_follows() -> None:
    venue = synthetic_venue(accounts=150, positions=1_500, seed=11)
    live = tm.Engine(venue.market_at(), venue.portfolio(), "house")
    t0 = live.market.as_of_ns
    rng = np.random.default_rng(3)
    names = live.market.underlyings.names.tolist()
    prices = live.market.underlyings.index_price.copy()
    for seq in range(1, 25):
        prices *= np.exp(rng.normal(0.0, 0.004, len(prices)))
        ticks = records.index_tick(names, prices, seq=seq, ts_ns=t0 + seq * SECOND, engine=live)
        assert live.apply(ticks).counts == {"ok": len(names)}
        if seq % 6 == 0:
            live.clock(t0 + seq * SECOND)
        same(live)
    result = live.recompute(threads=2)
    assert result.as_of_ns == t0 + 24 * SECOND
    name = str(result.accounts["account"][int(np.argmax(result.accounts["maintenance_margin"]))])
    lines = live.explain(name)
    row = result.accounts.row(live.account_handle(name))
    total = math.fsum(lines.requirement["maintenance_margin"])
    assert total == pytest.approx(row["maintenance_margin"], abs=1e-5)
    assert live.liquidation_prices(name, "BTC").status_lower in ("found", "none", "already_past")
    moved = dict(zip(names, prices.tolist(), strict=True))
    fresh = tm.Engine(venue.market_at(), venue.portfolio(), "house").recompute(index=moved)
    apart = np.abs(fresh.accounts["equity"] - result.accounts["equity"])
    assert np.nanmax(apart) < 0.01 * np.nanmax(np.abs(result.accounts["equity"]))  # time has passed
    told = live.event_table(live.events())
    assert len(told.filter(told["event"] == "account"))


def test_an_order_is_judged_as_what_if_judges_it() -> None:
    live = ready()
    orders = {
        "account": ["anna", "boris", "clara", "empty", "anna"],
        "instrument": ["BTC-PERP", "BTC-PERP", "BTC-66000-C", "ETH-PERP", "BTC-PERP"],
        "quantity": [50.0, 0.5, -1.0, 1.0, -1.0],
        "price": [BTC, BTC, 0.02, ETH, BTC],
    }
    checked, whole = live.check_many(orders), live.what_if(orders)
    assert checked["accepted"].tolist() == whole["accepted"].tolist()
    assert checked["verdict"].tolist() == whole["reason"].tolist()
    for ours, theirs in (("equity_after", "equity_after"), ("shortfall", "shortfall")):
        assert np.allclose(checked[ours], whole[theirs], atol=2e-6)
    assert checked["binding_underlying"].tolist() == whole["binding_underlying"].tolist()
    for name in ("binding_price_move", "binding_vol_shock"):
        assert checked[name].tobytes() == whole[name].tobytes()
    # Given away, what keeps an account above its margin takes it below, though it needs less.
    spared = live.check_order("anna", "BTC-PERP", -1.0, 1.0)
    assert spared.accepted == (spared.equity_after >= spared.initial_margin_after)
    one = live.check_order("anna", "BTC-PERP", 50.0, BTC)
    assert one.verdict == "refused_margin"
    assert one.shortfall == pytest.approx(one.initial_margin_after - one.equity_after, abs=1e-6)
    assert one.binding_underlying == "BTC"
    assert live.counters()["records"] == 2


def test_before_a_mark_is_heard_the_refusal_names_it() -> None:
    live = engine()
    live.start(oracle={"*": {"sources": ["a", "b", "c"]}})
    for account in ("anna", "clara", "empty"):  # whatever state they are in on marks not heard
        check = live.check_order(account, "BTC-PERP", 1.0, BTC)
        assert check.verdict == "refused_doubtful"
        assert check.binding_underlying == "BTC"
    orders = {"account": ["empty"], "instrument": ["ETH-PERP"], "quantity": [1.0], "price": [ETH]}
    named = live.check_many(orders)
    assert named["binding_underlying"].tolist() == ["ETH"]
    assert live.check_order("anna", "BTC-PERP", -1.0, BTC).accepted  # what reduces risk may pass


def test_check_many_takes_names_frames_and_handles() -> None:
    live = ready()
    named = {
        "account": ["anna", "boris"],
        "instrument": ["BTC-PERP", "ETH-PERP"],
        "quantity": [-1.0, -3.0],
        "price": [BTC, ETH],
        "pocket": ["cross", "new"],
        "reduce_only": [True, True],
    }
    by_name = live.check_many(named)
    by_frame = live.check_many(pd.DataFrame(named))
    handles = {
        "account": np.array([live.account_handle(a) for a in named["account"]]),
        "instrument": np.array([live.names.row("instrument", i) for i in named["instrument"]]),
        "quantity": np.array(named["quantity"]),
        "price": np.array(named["price"]),
        "pocket": np.array([0, 99]),
        "reduce_only": np.array([True, True]),
    }
    by_handle = live.check_many(handles)
    assert by_name["verdict"].tolist() == ["accepted", "refused_not_reducing"]
    for other in (by_frame, by_handle):
        assert other["verdict"].tolist() == by_name["verdict"].tolist()
    wild = {**handles, "account": np.array([-5, 2**30]), "reduce_only": False}
    assert set(live.check_many(wild)["verdict"]) == {"refused_unknown"}
    nan = {**handles, "price": np.array([np.nan, 0.0])}
    assert set(live.check_many(nan)["verdict"]) == {"refused_invalid"}
    assert "new" not in live.names.lists["pocket"]
    for broken, code in (
        ({**handles, "prize": 1}, "UNKNOWN_COLUMN"),
        ({k: v for k, v in handles.items() if k != "price"}, "MISSING_COLUMN"),
        ({**handles, "price": np.ones(3)}, "LENGTH_MISMATCH"),
        ({**named, "account": ["anna", "ana"]}, "UNKNOWN_ACCOUNT"),
    ):
        with pytest.raises(tm.InvalidInputError) as caught:
            live.check_many(broken)
        assert caught.value.code == code


def test_reduce_only_and_liquidating_orders_may_only_reduce() -> None:
    live = ready()
    assert live.check_order("anna", "BTC-PERP", -2.0, BTC, reduce_only=True).accepted
    for quantity in (-2.5, 1.0):
        answer = live.check_order("anna", "BTC-PERP", quantity, BTC, reduce_only=True)
        assert answer.verdict == "refused_not_reducing"
        assert math.isnan(answer.equity_after)
    fall = BTC * np.linspace(0.98, 0.5, 60)
    ticks = records.index_tick(
        "BTC", fall, seq=np.arange(2, 62), ts_ns=T0 + np.arange(1, 61) * 60 * SECOND, engine=live
    )
    live.apply(ticks)
    assert live.account("anna").state in ("liquidating", "bankrupt")
    price = live.marks().row(0)["index_price"]
    assert live.check_order("anna", "BTC-PERP", 1.0, price).verdict == "refused_liquidating"
    assert live.check_order("anna", "BTC-PERP", -1.0, price).accepted


def test_published_rows_are_those_of_the_last_record() -> None:
    live = ready()
    for name in live.portfolio.accounts.names:
        assert live.account(name, published=True).state == live.account(name).state
    assert live.accounts(published=True).columns == live.accounts().columns
    row = live.account(0)
    assert row.account == "anna"
    assert row.policy == "grid"
    assert row.slack == pytest.approx(row.equity - row.maintenance_margin, abs=2e-6)


def test_an_epoch_is_staged_tried_enforced_and_rolled_back() -> None:
    live = ready()
    before = live.accounts()
    dry = live.dry_run(FIXED)
    assert set(dry["policy_before"]) == {"grid"}
    assert set(dry["policy_after"]) == {"strict"}
    assert dry["liquidated"].any()
    assert live.accounts()["equity"].tobytes() == before["equity"].tobytes()
    live.stage_policies(7, FIXED)
    live.stage_policies(7, FIXED)
    with pytest.raises(tm.InvalidInputError) as caught:
        live.stage_policies(7, POLICIES)
    assert caught.value.code == "CONFLICTING"
    for wrong, error in ((0, ValueError), (True, TypeError), (2**64 - 1, ValueError)):
        with pytest.raises(error):
            live.stage_policies(wrong, FIXED)
    assert live.policies.names == ("grid",)
    assert live.apply(records.policy_epoch(7, ts_ns=T0)).counts == {"ok": 1}
    assert live.policies.names == ("strict",)
    assert live.info()["policy_epoch"] == 7
    assert set(live.accounts()["policy"]) == {"strict"}
    result = live.recompute().accounts
    assert set(result["policy_epoch"].tolist()) == {7}
    for column in ("initial_margin", "maintenance_margin"):
        assert result[column].tobytes() == dry[f"{column}_after"].tobytes()
    hit = [a for a, is_hit in zip(dry["account"], dry["liquidated"], strict=True) if is_hit]
    assert [a for a in hit if live.account(a).state in ("liquidating", "bankrupt")] == hit
    same(live)
    back = records.policy_epoch(0, ts_ns=T0, rollback=True)
    assert live.apply(back).counts == {"ok": 1}
    assert live.policies.names == ("grid",)
    assert live.accounts()["initial_margin"].tobytes() == before["initial_margin"].tobytes()
    told = live.event_table(live.events())
    assert told["event"].tolist().count("epoch") == 2


def test_a_dry_run_needs_no_live_engine() -> None:
    made = engine()
    dry = made.dry_run("house-fixed", threads=2)
    assert not made.is_live
    assert dry["account"].tolist() == made.portfolio.accounts.names.tolist()
    fallen = dry["maintenance_margin_difference"]
    whole = made.recompute(policies="house-fixed").accounts["maintenance_margin"]
    assert np.allclose(dry["maintenance_margin_before"] + fallen, whole)


def test_info_says_which_path_each_policy_takes() -> None:
    scaled = {
        "schema": 1,
        "policies": {
            "scaled": {
                "method": "fixed",
                "haircuts": {"default": 0.1},
                "futures": {
                    "initial_ratio": 0.1,
                    "maintenance_ratio": 0.05,
                    "size_scaling": {
                        "kind": "linear",
                        "initial_slope": 1e-4,
                        "maintenance_slope": 5e-5,
                    },
                },
            },
            "grid": POLICIES["policies"]["grid"],
        },
        "select": [{"policy": "scaled", "account": ["anna"]}, {"policy": "grid"}],
    }
    made = engine(scaled)
    paths = {row["policy"]: (row["path"], row["accounts"]) for row in made.info()["policies"]}
    assert paths == {"scaled": ("incremental", 1), "grid": ("bands", 3)}
    assert not made.is_live
    made.start()
    live = {row["policy"]: (row["path"], row["accounts"]) for row in made.info()["policies"]}
    assert live == paths
    without = engine(scaled)
    without.start(settings={"bands": False})
    assert {row["path"] for row in without.info()["policies"]} == {"incremental"}
    assert {row["mark_state"] for row in without.info()["marks"]} == {"unusable"}


def test_selection_by_size_looks_at_what_is_held_now() -> None:
    rules = {
        "schema": 1,
        "policies": {"large": FIXED["policies"]["strict"], "small": FIXED["policies"]["strict"]},
        "select": [{"policy": "large", "gross_notional_min": 400_000.0}, {"policy": "small"}],
    }
    live = ready(rules)
    assert live.account("boris").policy == "small"
    fill = records.fill("boris", "BTC-PERP", -9.0, BTC, ts_ns=T0, engine=live)
    assert live.apply(fill).counts == {"ok": 1}
    live.stage_policies(1, rules)
    live.apply(records.policy_epoch(1, ts_ns=T0))
    assert live.account("boris").policy == "large"


def test_counters_count() -> None:
    live = ready()
    start = live.counters()
    ticks = records.index_tick(
        "BTC", BTC + np.arange(10.0), seq=np.arange(2, 12), ts_ns=T0 + np.arange(10), engine=live
    )
    live.apply(ticks)
    live.apply(ticks[:1])
    now = live.counters()
    assert now["records"] - start["records"] == 11
    assert now["refused"] - start["refused"] == 1


def test_time_settles_what_expires() -> None:
    live = ready()
    before = live.account("anna").equity
    live.clock(T0 + 2 * DAY)
    done = records.instrument_expiry("BTC-60000-C", 63_000.0, ts_ns=T0 + 2 * DAY, engine=live)
    assert live.apply(done).counts == {"ok": 1}
    same(live)
    held = live.explain("anna")
    assert "BTC-60000-C" not in held.positions["instrument"]
    coin = {r["item"]: r["amount"] for r in held.equity if r["kind"] == "balance"}["BTC@bitcoin"]
    assert coin == pytest.approx(-3_000.0 / 63_000.0)
    assert live.account("anna").equity != before
