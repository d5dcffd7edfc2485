"""The comparison with the twin sees what it is for: a wrong twin disagrees with the engine.

One rule of the twin is broken at a time and held against what the engine replied to one stream. A
fault that goes unseen means that streams never ask for that rule, or that nobody compares what
follows from it; the same fault in the engine would go unseen too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tests.oracle import live_checks, live_ledger
from tests.oracle.live import LiveTwin, Window
from tests.oracle.live_margin import LiveMargin
from tests.oracle.live_market import LiveMarket, View
from tests.oracle.live_records import Record
from tests.oracle.live_states import Evaluator
from tests.oracle.margin import Twin
from tests.oracle.oracle_guard import Basis
from tests.property.live_driver import Reply, run
from tests.property.test_live_twin import Pair, drawn

SEED, RECORDS = 3, 2_000


@functools.cache
def told() -> tuple[list[Record], list[Reply]]:
    """One stream and what the engine replied."""
    records = drawn(SEED, RECORDS)
    return records, run(SEED, records)


def put(target: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault: an attribute replaced."""
    return lambda patch: patch.setattr(target, name, value)


STATE = LiveMargin.next_state
STOOD = LiveTwin._stood
TICK = LiveTwin._index_tick
CLOCK = LiveTwin._clock
RESTING = LiveTwin._resting


def without_hysteresis(self: LiveMargin, now: Any, last: str, _: float) -> tuple[str, bool]:
    return STATE(self, now, last, 0.0)


def haircut_alone(self: LiveMargin, *told: Any) -> float:
    return Twin._counted(self, *told)


def tick_without_average(self: LiveTwin, r: Record, answer: Any) -> None:
    self._stood = lambda *_: None  # type: ignore[method-assign]
    TICK(self, r, answer)
    del self._stood


def clock_without_finality(self: LiveTwin, r: Record, answer: Any) -> None:
    kept = dict(self.transfers)
    CLOCK(self, r, answer)
    self.transfers = kept


def last_mark(self: Window) -> float:
    return self.stood[-1][0] if self.stood else self.first


def reduce_only_counted(self: LiveTwin) -> Any:
    orders = self.orders
    self.orders = {n: o._replace(flags=0) for n, o in orders.items()}
    rows = RESTING(self)
    self.orders = orders
    return rows


def unbounded(self: Basis, price: float, index: float, ts_ns: int) -> str:
    self.average_ratio = price / index - 1.0
    return "ok"


FAULTS = {
    "a state is left at the border it was entered at": put(
        LiveMargin, "next_state", without_hysteresis
    ),
    "doubt and halted chains take nothing off collateral": put(
        LiveMargin, "_counted", haircut_alone
    ),
    "a doubtful mark needs no more margin": put(LiveMarket, "doubt", lambda *_: 0.0),
    "liquidation on a doubtful mark": put(Evaluator, "ready", lambda *_: True),
    "a policy change is in force at once": put(Evaluator, "ramp", lambda *_: None),
    "resting orders need nothing": put(LiveMargin, "_with_orders", lambda *_: None),
    "reduce-only orders count": put(LiveTwin, "_resting", reduce_only_counted),
    "a contract in its window keeps its whole delta": put(View, "settled", lambda *_: (0.0, 0.0)),
    "averages by the clock alone": put(LiveTwin, "_index_tick", tick_without_average),
    "the average is the last mark": put(Window, "average", last_mark),
    "deposits may be reversed for ever": put(LiveTwin, "_clock", clock_without_finality),
    "withdrawals are not held against margin": put(live_checks, "withdrawal", lambda *_: ()),
    "the basis of a mark is its last observation": put(Basis, "update", unbounded),
    "closing realises nothing": put(live_ledger, "profit", lambda *_: 0.0),
}


def test_the_engine_agrees_with_the_twin_as_it_is() -> None:
    Pair(SEED).follow(*told())


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_rule_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    records, replies = told()
    FAULTS[name](monkeypatch)
    pair = Pair(SEED)
    with pytest.raises(AssertionError) as caught:
        pair.follow(records, replies)
    print(str(caught.value).splitlines()[0])
