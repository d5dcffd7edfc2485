"""Short streams to places that random ones reach once in a hundred thousand records, or never.

Each is driven through the engine beside its twin, and what it was written for is looked for in the
replies: a stream that no longer gets there fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.live_records import Record, record
from tests.property.live_driver import Reply, run, venue
from tests.property.live_streams import HASH, RELOAD, ROWS, SECOND_NS
from tests.property.test_live_twin import Pair

SEED = 1
LIQUIDATING = 349  # accounts of this venue are to be liquidated before anything has happened
USD, COIN = 0, 1
HOLDER = {"account": 3, "pocket": 2}


def start_ns(seed: int = SEED) -> int:
    """When a venue begins."""
    return int(venue(seed)["as_of_ns"])


def agreed(records: Sequence[Record], seed: int = SEED) -> list[Reply]:
    """What the engine replied, if the twin says the same of every record."""
    looked = [x for r in records for x in (r, Record(ROWS))] + [Record(HASH)]
    replies = run(seed, looked)
    Pair(seed).follow(looked, replies)
    return replies[:-1:2]


def statuses(replies: Sequence[Reply]) -> list[list[str]]:
    """What the events of accounts said, by record."""
    return [[t.event.status for t in r.events if t.event.type == "account"] for r in replies]


def test_what_is_blocked_from_the_start_escalates_by_its_limit() -> None:
    limit_ns = venue(LIQUIDATING)["settings"]["liquidation_block_limit_ns"]
    first = start_ns(LIQUIDATING)
    times = (first + limit_ns // 2, first + limit_ns - 1, first + limit_ns, first + 2 * limit_ns)
    replies = agreed([record("clock", 0, ts_ns) for ts_ns in times], LIQUIDATING)
    told = [[t for t in r.events if t.event.type == "escalation"] for r in replies]
    accounts = [t.event.account for t in told[2] if t.event.account >= 0]
    assert len(accounts) > 1
    for of in (0, 1, 3):
        assert not any(t.event.account >= 0 for t in told[of])


def test_a_deposit_beyond_the_ledger_that_doubt_would_take_from_equity() -> None:
    """No mark has been heard, so that the coin counts nothing; what it is worth has no ticks."""
    now = start_ns()
    deposit = record("deposit", COIN, now, 1e30, **HOLDER, sequence=1)
    replies = agreed([deposit, record("deposit_reversed", sequence=1)])
    assert [r.status for r in replies] == ["out_of_range", "unknown_transfer"]
    assert statuses(replies) == [[], []]


def test_pockets_that_fit_and_their_sum_that_does_not() -> None:
    """The ledger of these venues ends at 2^63 millionths, a pocket at half of that."""
    now = start_ns()

    def deposit(pocket: int, amount: float, sequence: int) -> Record:
        return record("deposit", USD, now, amount, account=3, pocket=pocket, sequence=sequence)

    deposits = [deposit(pocket, 4e12, 1 + pocket) for pocket in range(3)]
    replies = agreed(
        [
            *deposits,
            record("deposit_reversed", sequence=2),
            deposit(1, 5e12, 9),
            record("deposit_reversed", sequence=9),
        ]
    )
    assert statuses(replies)[2:] == [["overflow"], ["ok"], ["overflow"], ["ok"]]


def test_orders_up_to_the_ledger_and_beyond_it() -> None:
    """One asks for initial margin alone; what 64-bit ticks cannot hold is never placed."""
    now = start_ns()

    def order(contracts: float) -> Record:
        return record("order", 0, now, contracts, 6e4, account=3, pocket=0, sequence=5)

    cancel = record("cancel", sequence=5)
    replies = agreed([order(1e12), cancel, order(1e9), cancel])
    assert [r.status for r in replies] == ["out_of_range", "unknown_order", "ok", "ok"]


def test_an_order_or_deposit_again_with_all_that_was_sent() -> None:
    """Of an order that has traded in part too, and with another time stamp another one."""
    now = start_ns()
    order = record("order", 0, now, 4.0, 6e4, **HOLDER, sequence=5)
    fill = record("fill", 0, now, 1.0, 6e4, **HOLDER, sequence=5)
    left = order._replace(value=(3.0, 6e4, 0.0))
    deposit = record("deposit", USD, now, 10.0, **HOLDER, sequence=5)
    asked = {
        order: ("ok", "duplicate"),
        order._replace(ts_ns=now + 1): ("conflicting",),
        order._replace(detail=7): ("duplicate",),  # under a number of its own
        fill: ("ok",),
        left: ("conflicting",),
        deposit: ("ok", "duplicate"),
        deposit._replace(ts_ns=now + 1): ("conflicting",),
    }
    records = [r for r, answers in asked.items() for _ in answers]
    again = [order, left, deposit]
    replies = agreed([*records, *again, Record(RELOAD), *again])
    told = [reply.status for reply in replies]
    expected = [answer for answers in asked.values() for answer in answers]
    assert told[: len(records)] == expected
    assert [s for s in told[len(records) :] if s] == ["duplicate", "conflicting", "duplicate"] * 2


def test_finality_counts_from_the_deposit_that_was_taken() -> None:
    now, final_ns = start_ns(), venue(SEED)["settings"]["transfer_finality_ns"]
    deposit = record("deposit", USD, now, 10.0, **HOLDER, sequence=5)
    replies = agreed(
        [
            deposit,
            deposit._replace(ts_ns=now + 5 * SECOND_NS),
            record("clock", 0, now + final_ns),
            record("deposit_reversed", sequence=5),
        ]
    )
    assert [r.status for r in replies] == ["ok", "conflicting", "ok", "unknown_transfer"]


def test_hysteresis_holds_a_liquidation_and_makes_no_bankrupt_of_it() -> None:
    """Above the border that it once was below, and worth less than closing out costs."""
    now, at = start_ns(), venue(SEED)
    call, far_put = 4, len(at["instruments"])
    prices = [row["index_price"] for row in at["underlyings"]]
    ticks = [
        record("index_tick", u, now + 1, price, source=source, sequence=1)
        for source in range(3)
        for u, price in enumerate(prices)
    ]
    last_ns = now + 24 * 3600 * SECOND_NS
    place = {"account": 2, "pocket": 5}
    put = {"account": 0, "pocket": 4, "detail": 3}  # of BTC, settled in the venue's dollar
    replies = agreed(
        [
            *ticks,
            record("instrument_listing", far_put, now + 1, 0.1, 3e4, 0.6, sequence=last_ns, **put),
            record("fill", call, now + 2, 6.0, 7000.0, **place),
            record("deposit", USD, now + 3, 2250.0, **place, sequence=7),
            record("fill", far_put, now + 4, 700.0, 0.0, **place),
            record("deposit_reversed", sequence=7),
            record("deposit", USD, now + 6, 2250.0, **place, sequence=8),
        ]
    )
    after = [[t.event.after for t in r.events if t.event.account == 2] for r in replies[-4:]]
    assert after == [[], [], ["bankrupt"], []]
