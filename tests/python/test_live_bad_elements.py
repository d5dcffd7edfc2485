"""One bad element among good ones, at the first, middle and last place, in every call of many."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.python.live_books import (
    BTC,
    DAY,
    ETH,
    POLICIES,
    SECOND,
    T0,
    ready,
    same_as_recompute,
)
from tests.python.test_live_records import REFUSALS, full_of_orders

import tickmargin as tm
from tickmargin import records
from tickmargin.live_results import RECORD_STATUSES

GOOD = 4
PLACES = {"first": 0, "middle": 2, "last": GOOD}


def no_numbers() -> list[float]:
    """Infinities, and quiet and signalling NaNs with payloads in either sign."""
    words = [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFF7FFFFFFFFFFFF]
    words += [0x7FF8000000000000 | payload for payload in (1, 0xDEAD, 0x7FFFFFFFFFFFF)]
    nans = np.array(words, np.uint64).view(np.float64).tolist()
    return [float("inf"), float("-inf"), *nans]


def good_records(live: tm.Engine) -> Any:
    """Records that any engine of this file takes, whatever has happened to it."""
    flow = np.arange(1.0, GOOD + 1)
    return records.trade_flow("BTC", flow, ts_ns=T0 + 2 * DAY + np.arange(GOOD), engine=live)


def applied(live: tm.Engine, rows: Any) -> list[str]:
    return [RECORD_STATUSES[s] for s in live.apply(rows).status.tolist()]


def played(live: tm.Engine, rows: Any) -> list[str]:
    status, latency = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.int64)
    live.play(rows, np.zeros(len(rows), np.int64), status, latency)
    return [RECORD_STATUSES[s] for s in status.tolist()]


# `play` asks about orders instead of resting them.
@pytest.mark.parametrize(
    ("status", "give"),
    [(s, applied) for s in REFUSALS] + [(s, played) for s in REFUSALS if s != "capacity"],
    ids=lambda of: of if isinstance(of, str) else of.__name__,
)
def test_a_bad_record_refuses_itself_at_any_place(
    status: str, give: Callable[[tm.Engine, Any], list[str]]
) -> None:
    made = full_of_orders if status == "capacity" else ready
    without = made()
    REFUSALS[status](without)
    assert give(without, good_records(without)) == ["ok"] * GOOD
    for place in PLACES.values():
        live = made()
        bad = REFUSALS[status](live)
        good = good_records(live)
        rows = np.concatenate([good[:place], bad, good[place:]])
        assert give(live, rows) == ["ok"] * place + [status] + ["ok"] * (GOOD - place)
        assert live.state_hash() == without.state_hash()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_payload_of_a_nan_is_a_price_or_a_grace_period(place: int) -> None:
    live = ready()
    live.stage_policies(1, POLICIES)
    before = live.state_hash()
    for none in no_numbers():
        epoch = records.policy_epoch(1, ts_ns=T0 + 2 * DAY)
        epoch["value"][0, 0] = none
        order = records.order("anna", "BTC-PERP", 1.0, none, order=5, ts_ns=T0, engine=live)
        fill = records.fill("anna", "BTC-60000-C", none, 0.1, ts_ns=T0, engine=live)
        for bad in (epoch, order, fill):
            # What is put round it is refused too, so that the hash stays.
            rows = np.concatenate([REFUSALS["not_positive"](live)] * 5)
            rows[place] = bad[0]
            expected = ["not_positive"] * 5
            expected[place] = "not_finite"
            assert applied(live, rows) == expected
            assert live.state_hash() == before
    for seconds in (-1.0, -5e-324, 366.0 * 86_400.0, 1e308):
        epoch["value"][0, 0] = seconds
        assert applied(live, epoch) == ["out_of_range"]
    assert live.state_hash() == before


HANDLES: dict[str, Any] = {
    "account": [0, 1, 2, 3, 0],
    "instrument": [3, 4, 3, 4, 3],
    "quantity": [1.0, -2.0, 0.5, 1.0, -1.0],
    "price": [BTC, ETH, BTC, ETH, BTC],
    "pocket": [0, 0, 0, 0, 0],
    "reduce_only": [False] * 5,
}
BAD_ORDERS: dict[str, tuple[str, Any, str]] = {
    "no account": ("account", 4, "refused_unknown"),
    "an account below 0": ("account", -1, "refused_unknown"),
    "no instrument": ("instrument", 99, "refused_unknown"),
    "an instrument below 0": ("instrument", -1, "refused_unknown"),
    "a pocket below 0": ("pocket", -1, "refused_invalid"),
    "a quantity of nothing": ("quantity", -0.0, "refused_invalid"),
    "a price of nothing": ("price", 0.0, "refused_invalid"),
    "a price below nothing": ("price", -5e-324, "refused_invalid"),
    **{
        f"{name} {struct.pack('>d', none).hex()}": (name, none, "refused_invalid")
        for name in ("quantity", "price")
        for none in no_numbers()
    },
}


def handles(**changes: Any) -> dict[str, Any]:
    return {name: np.array(column) for name, column in {**HANDLES, **changes}.items()}


@pytest.fixture(scope="module")
def live() -> tm.Engine:
    return ready()


@pytest.mark.parametrize("bad", BAD_ORDERS)
def test_a_bad_order_refuses_itself_at_any_place(live: tm.Engine, bad: str) -> None:
    name, value, verdict = BAD_ORDERS[bad]
    before, good = live.state_hash(), live.check_many(handles())
    assert set(good["verdict"]) <= {"accepted", "accepted_reduces", "refused_margin"}
    for place in PLACES.values():
        column = list(HANDLES[name])
        column[place] = value
        checked = live.check_many(handles(**{name: column}))
        assert checked["verdict"][place] == verdict
        for figure in ("verdict", "equity_after", "initial_margin_after", "shortfall"):
            there, told = (np.delete(table[figure], place) for table in (checked, good))
            assert np.array_equal(there, told), figure
        alone = {key: column_of[place : place + 1] for key, column_of in handles().items()}
        alone[name] = np.array([value])
        assert live.check_many(alone)["verdict"].tolist() == [verdict]
    assert live.state_hash() == before


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_named_order_that_cannot_be_read_refuses_the_call_and_says_its_row(
    live: tm.Engine, place: int
) -> None:
    names = live.names.lists
    named = {
        "account": [names["account"][a] for a in HANDLES["account"]],
        "instrument": [names["instrument"][i] for i in HANDLES["instrument"]],
        "quantity": HANDLES["quantity"],
        "price": HANDLES["price"],
    }
    before = live.state_hash()
    for column, value, code in (
        ("account", "nobody", "UNKNOWN_ACCOUNT"),
        ("account", None, "MISSING_VALUE"),
        ("instrument", "BTC-PURP", "UNKNOWN_INSTRUMENT"),
        ("price", None, "MISSING_VALUE"),
        ("price", float("nan"), "NOT_FINITE"),
        ("quantity", float("inf"), "NOT_FINITE"),
        ("price", "60000", "WRONG_TYPE"),
        ("quantity", True, "WRONG_TYPE"),
        ("quantity", 1j, "WRONG_TYPE"),
    ):
        rows = list(named[column])
        rows[place] = value
        with pytest.raises(tm.TickMarginError) as caught:
            live.check_many({**named, column: rows})
        assert isinstance(caught.value, tm.InvalidInputError | tm.InputTypeError)
        assert code in (caught.value.code, *(i.code for i in getattr(caught.value, "issues", ())))
        assert str(place) in str(caught.value), (column, value, str(caught.value))
    assert live.state_hash() == before


# Class 24 of the table: what an array may be.
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "two dimensions": lambda a: a.reshape(1, -1),
    "column-major": lambda a: np.asfortranarray(np.stack([a, a])),
    "objects": lambda a: a.astype(object),
    "masked objects": lambda a: np.ma.masked_array(a.astype(object), False),
    "text": lambda a: a.astype(str),
    "bools": lambda a: np.ones(len(a), bool),
    "complex": lambda a: a.astype(complex),
    "datetimes": lambda a: np.full(len(a), np.datetime64(0, "ns")),
    "bytes": lambda a: np.full(len(a), b"1"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_orders_of_another_type_are_refused_or_exactly_the_same(
    live: tm.Engine, layout: str
) -> None:
    before, expected = live.state_hash(), live.check_many(handles())
    for name in ("quantity", "price"):
        rows = handles()
        rows[name] = LAYOUTS[layout](rows[name])
        if layout == "byte-swapped":
            assert live.check_many(rows)["verdict"].tolist() == expected["verdict"].tolist()
            continue
        with pytest.raises((tm.InputTypeError, tm.InvalidInputError)):
            live.check_many(rows)
    assert live.state_hash() == before


def test_orders_in_any_memory_are_the_same(live: tm.Engine) -> None:
    expected = live.check_many(handles())["verdict"].tolist()
    strided = {name: np.repeat(column, 2)[::2] for name, column in handles().items()}
    unaligned = {}
    for name, column in handles().items():
        bytes_of = np.zeros(column.nbytes + 1, np.uint8)[1:]
        unaligned[name] = bytes_of.view(column.dtype)
        unaligned[name][:] = column
    read_only = handles()
    for column in read_only.values():
        column.flags.writeable = False

    class Own(np.ndarray):
        pass

    subclass = {name: column.view(Own) for name, column in handles().items()}
    for rows in (strided, unaligned, read_only, subclass):
        assert live.check_many(rows)["verdict"].tolist() == expected


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_records_of_another_type_are_refused_whole(live: tm.Engine, place: int) -> None:
    good, before = good_records(live), live.state_hash()
    rows = np.insert(good, place, good[0])
    swapped = rows.astype(rows.dtype.newbyteorder())
    fields = [(n, rows.dtype[n]) for n in rows.dtype.names if n != "flags"]
    status, latency = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.int64)
    for wrong in (swapped, rows.reshape(1, -1), rows.astype(object), rows.view(np.uint8),
                  np.zeros(5, fields), list(rows), rows.tobytes(), memoryview(rows)):  # fmt: skip
        with pytest.raises(tm.InputTypeError, match="RECORD"):
            live.apply(wrong)
        with pytest.raises(tm.InputTypeError, match="RECORD"):
            live.play(wrong, np.zeros(5, np.int64), status, latency)
    assert live.state_hash() == before


# Class 38: adversarial magnitudes.
TINY, HUGE = 5e-324, 1.7e308


def test_a_flood_of_subnormals_and_giants_leaves_whole_numbers() -> None:
    live = ready()
    seq = 1
    for value in (TINY, 1e-308, 2.2250738585072014e-308, 1e308, HUGE):
        for place in PLACES.values():
            seq += 10
            prices = np.full(5, BTC)
            prices[place] = value
            when = T0 + seq * SECOND
            ticks = records.index_tick(
                "BTC", prices, seq=seq + np.arange(5), ts_ns=when + np.arange(5), engine=live
            )
            flow = records.trade_flow("BTC", [value, -value], ts_ns=T0, engine=live)
            depth = records.depth("BTC", value, value, ts_ns=T0, engine=live)
            marks = records.mark("BTC-PERP", [value, BTC], ts_ns=T0 + seq, engine=live)
            orders = handles(price=prices, quantity=np.where(prices == BTC, value, 1.0))
            for rows in (ticks, flow, depth, marks):
                statuses = set(live.apply(rows).counts)
                assert statuses <= {"ok", "quarantined", "out_of_range", "not_finite"}, statuses
            verdicts = set(live.check_many(orders)["verdict"])
            assert not verdicts & {"refused_unknown"}
            live.events()
    same_as_recompute(live)
    for column in ("equity", "initial_margin", "maintenance_margin", "slack"):
        assert np.isfinite(live.accounts()[column]).all()


# Class 23: nothing, and everything in one place.
def test_an_account_with_nothing_has_margins_of_nothing(live: tm.Engine) -> None:
    row = live.account("empty")
    assert (row.equity, row.initial_margin, row.maintenance_margin, row.slack) == (0.0,) * 4
    assert row.state == "healthy"
    assert len(live.units("empty")) == 0
    assert live.check_many(handles()).filter(np.zeros(5, bool)).columns


@pytest.mark.parametrize("shape", ["one account of all", "all accounts of one"])
def test_one_large_account_and_many_small_ones(shape: str) -> None:
    many = 1_500 if shape == "one account of all" else 1
    accounts = 1 if many > 1 else 20_000
    names = [f"F{n}" for n in range(many)]
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": names,
            "kind": ["perpetual"] * many,
            "underlying": ["BTC"] * many,
            "settlement_asset": ["USDC"] * many,
            "settlement_chain": ["ethereum"] * many,
            "payoff": ["linear"] * many,
            "multiplier": [1.0] * many,
        },
        accounts={"account": [f"A{n}" for n in range(accounts)]},
        positions={
            "account": [f"A{n}" for n in range(accounts) for _ in range(many)],
            "instrument": names * accounts,
            "quantity": [1.0] * (many * accounts),
            "entry_price": [BTC] * (many * accounts),
        },
        balances={"account": ["A0"], "asset": ["USD"], "chain": [""], "amount": [0.0]},
    )
    market = tm.Market.from_tables(
        as_of_ns=T0,
        assets={"asset": ["USD", "USDC"], "chain": ["", "ethereum"], "mark_price": [1.0, 1.0]},
        underlyings={"underlying": ["BTC"], "index_price": [BTC]},
        marks={"instrument": names, "mark_price": [BTC] * many},
    )
    live = tm.Engine(market, portfolio, POLICIES)
    assert live.apply(records.index_tick("BTC", BTC, seq=1, ts_ns=T0, engine=live)).counts == {
        "ok": 1
    }
    while len(live.events()):
        continue
    fall = records.index_tick("BTC", 0.99 * BTC, seq=2, ts_ns=T0 + 60 * SECOND, engine=live)
    assert live.apply(fall).counts == {"ok": 1}
    same_as_recompute(live)
    equity = live.accounts()["equity"]
    assert np.allclose(equity, -0.01 * BTC * many, atol=1e-3)
