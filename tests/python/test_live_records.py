"""Every record type through Python, and every status that Python can bring about, once each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.python.live_books import (
    BTC,
    DAY,
    ETH,
    HOUR,
    POLICIES,
    SECOND,
    T0,
    ready,
    same_as_recompute,
)

import tickmargin as tm
from tickmargin import records
from tickmargin.live_results import RECORD_STATUSES
from tickmargin.record_types import TYPES

NAN = float("nan")
CALL = "BTC-60000-C"
LISTING = {
    "kind": "option",
    "underlying": "BTC",
    "settlement_asset": "BTC@bitcoin",
    "payoff": "coin",
    "multiplier": 1.0,
    "strike": 70_000.0,
    "expiry_ns": T0 + 60 * DAY,
    "option_type": "call",
    "vol_annual": 0.62,
}


def listing(live: tm.Engine, name: str, **changes: Any) -> Any:
    return records.instrument_listing(name, **{**LISTING, "ts_ns": T0, "engine": live, **changes})


def one_of_each(live: tm.Engine) -> list[Any]:
    """A day of a venue in which every record type occurs and none is refused."""
    live.stage_policies(1, {**POLICIES, "policies": {"fixed": fixed()}, "select": select("fixed")})
    r, e, t = records, live, T0 + SECOND
    return [
        r.index_tick("BTC", 60_100.0, seq=2, ts_ns=t, engine=e),
        r.forward("BTC", 1, 60_420.0, 0.01, ts_ns=t, engine=e),
        r.mark("BTC-PERP", 60_130.0, ts_ns=t, engine=e),
        r.volatility(CALL, 0.56, ts_ns=t, engine=e),
        r.surface_stage([CALL, "BTC-66000-C"], [0.57, 0.61], ts_ns=t, engine=e),
        r.surface_commit("BTC", 2, ts_ns=t, engine=e),
        r.realised_vol("BTC", 0.52, ts_ns=t, engine=e),
        r.depth("BTC", 4e7, 3e7, ts_ns=t, engine=e),
        r.trade_flow("BTC", -1e6, ts_ns=t, engine=e),
        r.order("anna", "ETH-PERP", 2.0, 2_990.0, order=7, ts_ns=t, engine=e),
        r.fill("anna", "ETH-PERP", 1.5, 2_990.0, order=7, ts_ns=t, engine=e),
        r.fill("boris", "BTC-PERP", 0.1, 60_000.0, pocket="hedge", ts_ns=t, engine=e),
        r.cancel(7, ts_ns=t),
        r.deposit("boris", "USDC@ethereum", 500.0, transfer=9, ts_ns=t, engine=e),
        r.deposit_reversed(9, ts_ns=t),
        r.withdrawal("boris", "USDC@ethereum", 100.0, ts_ns=t, engine=e),
        r.chain_halt("bitcoin", ts_ns=t, engine=e),
        r.chain_halt("bitcoin", halted=False, ts_ns=t, engine=e),
        listing(live, "BTC-70000-C", ts_ns=t),
        r.fill("anna", "BTC-70000-C", -1.0, 0.01, ts_ns=t, engine=e),
        r.policy_epoch(1, ts_ns=t),
        r.policy_epoch(0, rollback=True, ts_ns=t),
        r.clock(T0 + 2 * DAY - HOUR // 4),
        r.index_tick("BTC", 61_000.0, seq=3, ts_ns=T0 + 2 * DAY - HOUR // 5, engine=e),
        r.operator_release("BTC", 61_000.0, ts_ns=T0 + 2 * DAY - HOUR // 5, engine=e),
        r.clock(T0 + 2 * DAY),
        r.instrument_expiry(CALL, ts_ns=T0 + 2 * DAY, engine=e),
    ]


def fixed() -> dict[str, Any]:
    return {
        "method": "fixed",
        "haircuts": {"default": 0.05},
        "futures": {"initial_ratio": 0.1, "maintenance_ratio": 0.05},
        "options": {"otm_a": 0.15, "otm_b": 0.1, "maintenance_c": 0.075},
    }


def select(name: str) -> list[dict[str, Any]]:
    return [{"policy": name}]


def test_every_record_type_is_taken_and_live_equals_recompute() -> None:
    live = ready()
    stream = one_of_each(live)
    assert {int(r["type"][0]) for r in stream} == set(range(1, len(TYPES)))
    for record in stream:
        applied = live.apply(record)
        assert set(applied.counts) == {"ok"}, (TYPES[record["type"][0]], applied)
        same_as_recompute(live)
    row = live.explain("anna")
    held = {p["instrument"]: p["quantity"] for p in row.positions}
    assert held == {"BTC-PERP": 2.0, "ETH-PERP": 1.5, "BTC-70000-C": -1.0}
    assert set(live.explain("boris").positions["pocket"]) == {"cross", "hedge"}
    assert live.recompute().as_of_ns == T0 + 2 * DAY
    told = live.event_table(live.events())
    assert {"chain", "epoch", "settlement", "mark_state"} <= set(told["event"])
    assert told.filter(told["event"] == "settlement")["subject"].tolist() == [CALL]


def test_the_same_records_together_give_the_same_state() -> None:
    one, all_at_once = ready(), ready()
    stream = one_of_each(one)
    one_of_each(all_at_once)
    for record in stream:
        one.apply(record)
    applied = all_at_once.apply(np.concatenate(stream))
    assert applied.count == sum(map(len, stream))
    assert one.state_hash() == all_at_once.state_hash()


# One record for each status: a refusal leaves the hash as it was.


def raw(**fields: Any) -> Any:
    record = np.zeros(1, tm.RECORD)
    for name, value in fields.items():
        record[name] = value
    return record


def fill(live: tm.Engine, **changes: Any) -> Any:
    usual = {"account": "anna", "instrument": "BTC-PERP", "quantity": 0.1, "price": BTC}
    given = {**usual, "ts_ns": T0, "engine": live, **changes}
    return records.fill(
        given.pop("account"),
        given.pop("instrument"),
        given.pop("quantity"),
        given.pop("price"),
        **given,
    )


def tick(live: tm.Engine, price: float, **changes: Any) -> Any:
    return records.index_tick(
        "BTC", price, **{"seq": 2, "ts_ns": T0 + SECOND, "engine": live, **changes}
    )


def deposit(live: tm.Engine, amount: float, **changes: Any) -> Any:
    given = {"transfer": 5, "ts_ns": T0, "engine": live, **changes}
    return records.deposit("anna", "USDC@ethereum", amount, **given)


def withdraw(live: tm.Engine, account: str, amount: float) -> Any:
    return records.withdrawal(account, "USDC@ethereum", amount, ts_ns=T0, engine=live)


def expiry(live: tm.Engine, ts_ns: int) -> Any:
    return records.instrument_expiry(CALL, 60_000.0, ts_ns=ts_ns, engine=live)


def settle(live: tm.Engine) -> None:
    live.clock(T0 + 2 * DAY)
    assert live.apply(expiry(live, T0 + 2 * DAY)).counts == {"ok": 1}


REFUSALS: dict[str, Any] = {
    "unknown_type": lambda e: raw(type=99),
    "reserved_not_zero": lambda e: raw(type=18, ts_ns=T0, flags=1),
    "unknown_underlying": lambda e: records.index_tick(7, BTC, seq=2, ts_ns=T0),
    "unknown_instrument": lambda e: records.mark(99, BTC, ts_ns=T0),
    "unknown_account": lambda e: records.fill(-1, 0, 1.0, BTC, ts_ns=T0),
    "unknown_asset": lambda e: records.deposit(0, 44, 1.0, transfer=1, ts_ns=T0),
    "unknown_source": lambda e: tick(e, BTC, source=3),
    "unknown_node": lambda e: records.forward("BTC", 9, BTC, ts_ns=T0, engine=e),
    "unknown_order": lambda e: records.cancel(404, ts_ns=T0),
    "unknown_transfer": lambda e: records.deposit_reversed(404, ts_ns=T0),
    "unknown_chain": lambda e: records.chain_halt(12, ts_ns=T0),
    "unknown_epoch": lambda e: records.policy_epoch(404, ts_ns=T0),
    "not_finite": lambda e: tick(e, NAN),
    "not_positive": lambda e: tick(e, 0.0),
    "out_of_range": lambda e: records.volatility(CALL, 9.0, ts_ns=T0, engine=e),
    "time_reversed": lambda e: fill(e, ts_ns=T0 - 1),
    "out_of_order": lambda e: tick(e, BTC + 1, seq=0),
    "duplicate": lambda e: tick(e, BTC, seq=1, ts_ns=T0),
    "conflicting": lambda e: tick(e, BTC + 1, seq=1, ts_ns=T0),
    "expired": lambda e: (settle(e), fill(e, instrument=CALL, price=0.1, ts_ns=T0 + 2 * DAY))[1],
    "not_expired": lambda e: expiry(e, T0),
    "chain_halted": lambda e: (
        e.apply(records.chain_halt("ethereum", ts_ns=T0, engine=e)),
        deposit(e, 1.0),
    )[1],
    "margin_refused": lambda e: withdraw(e, "anna", 59_000.0),
    "blocked": lambda e: (e.apply(tick(e, 0.5 * BTC)), withdraw(e, "anna", 1.0))[1],
    "capacity": lambda e: records.order("anna", "BTC-PERP", 1.0, BTC, order=99, ts_ns=T0, engine=e),
}
# Waiting for room for events, and a doubtful price, have tests of their own below; without a
# journal none can fail.
OWN_TESTS = {"ok", "ring_full", "not_durable", "quarantined"}


def full_of_orders() -> tm.Engine:
    live = ready(capacity={"orders": 1})
    order = records.order("anna", "BTC-PERP", 1.0, BTC, order=1, ts_ns=T0, engine=live)
    assert live.apply(order).counts == {"ok": 1}
    return live


def test_every_status_has_its_test() -> None:
    assert set(REFUSALS) | OWN_TESTS == set(RECORD_STATUSES)


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_has_its_status_and_changes_nothing(status: str) -> None:
    live = full_of_orders() if status == "capacity" else ready()
    record = REFUSALS[status](live)
    live.events()
    before = live.state_hash()
    applied = live.apply(record)
    assert applied.counts == {status: 1}
    assert applied.count == 1
    assert live.state_hash() == before
    assert len(live.events()) == 0
    with pytest.raises(tm.RecordRefusedError) as caught:
        applied.raise_if_refused(record)
    assert caught.value.code == status.upper()
    assert caught.value.status == status


@pytest.mark.parametrize("bad", [0, 2, 4])
def test_a_bad_row_refuses_itself_alone(bad: int) -> None:
    live, other = ready(), ready()
    prices = BTC + np.arange(5.0)
    good = tick(live, prices, seq=np.arange(2, 7), ts_ns=T0 + np.arange(1, 6) * SECOND)
    rows = good.copy()
    rows["value"][bad, 0] = NAN
    applied = live.apply(rows)
    assert applied.counts == {"ok": 4, "not_finite": 1}
    assert applied.refused.tolist() == [bad]
    assert other.apply(np.delete(good, bad)).counts == {"ok": 4}
    assert live.state_hash() == other.state_hash()
    with pytest.raises(tm.RecordRefusedError, match=f"index_tick record {bad} refused") as caught:
        applied.raise_if_refused(rows)
    assert caught.value.row == bad


def test_a_doubtful_price_waits_and_the_old_mark_stays() -> None:
    live = ready()
    assert live.index_tick("BTC", 0.9 * BTC, seq=2, ts_ns=T0 + SECOND) == "quarantined"
    assert live.marks().row(0) == {
        "underlying": "BTC",
        "index_price": BTC,
        "mark_state": "quarantined",
    }
    assert live.check_order("anna", "BTC-PERP", 0.1, BTC).verdict == "refused_doubtful"


def test_records_wait_for_room_for_their_events() -> None:
    live = ready(capacity={"events": 20})
    down = tick(
        live,
        np.where(np.arange(40) % 2 == 0, 0.5 * BTC, BTC),
        seq=np.arange(2, 42),
        ts_ns=T0 + np.arange(1, 41) * SECOND,
    )
    applied = live.apply(down)
    assert 0 < applied.count < len(down)
    assert set(applied.names[applied.count :]) == {"ring_full"}
    before = live.state_hash()
    assert live.apply(down[applied.count :]).count == 0
    assert live.state_hash() == before
    taken = 0
    done = applied.count
    while done < len(down):
        taken += len(live.events())
        done += live.apply(down[done:]).count
    assert done == len(down)
    other = ready()
    assert other.apply(down).count == len(down)
    assert other.state_hash() == live.state_hash()
    assert taken + len(live.events()) == len(other.events())


def test_a_single_call_raises_what_a_row_reports() -> None:
    live = ready()
    assert live.index_tick("ETH", ETH + 1, seq=2, ts_ns=T0 + SECOND) == "ok"
    for price, code in ((NAN, "NOT_FINITE"), (-1.0, "NOT_POSITIVE")):
        with pytest.raises(tm.RecordRefusedError, match="refused") as caught:
            live.index_tick("ETH", price, seq=3, ts_ns=T0 + 2 * SECOND)
        assert caught.value.code == code
        assert isinstance(caught.value, ValueError)
    with pytest.raises(tm.RecordRefusedError) as caught:
        live.clock(T0 - 1)
    assert caught.value.code == "TIME_REVERSED"


def test_instruments_listed_by_number_are_named_by_it() -> None:
    live = ready()
    row = len(live.names.lists["instrument"])
    record = records.instrument_listing(
        row, **{**LISTING, "underlying": 0, "settlement_asset": 1}, ts_ns=T0
    )
    record["pocket"] = live.names.row("asset", "BTC@bitcoin")
    assert live.apply(record).counts == {"ok": 1}
    assert live.check_order("clara", f"#{row}", 1.0, 0.0).accepted
    assert live.apply(fill(live, instrument=f"#{row}", price=0.0)).counts == {"ok": 1}
    assert f"#{row}" in live.explain("anna").positions["instrument"].tolist()
