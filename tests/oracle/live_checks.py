"""What a record may be refused for, in the page's order: fields, time, number, state, room."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.oracle.live_ledger import PocketBook, pays_premium, trade
from tests.oracle.live_limits import NUMBERED, at_present_prices, of_number, plainly
from tests.oracle.live_market import KINDS, PAYOFFS
from tests.oracle.live_records import STATUSES, USED, Record, reserved_is_zero

if TYPE_CHECKING:
    from tests.oracle.live import LiveTwin

INSTRUMENT = ("mark", "volatility", "surface_stage", "fill", "order", "instrument_expiry")
UNDERLYING = (
    "index_tick",
    "operator_release",
    "forward",
    "surface_commit",
    "realised_vol",
    "depth",
    "trade_flow",
)
TRANSFER = ("deposit", "withdrawal")
GRACE_MOST = 365 * 86_400  # seconds
# The guard holds a tick against its source; these carry no time that is looked at.
TIMELESS = ("index_tick", "cancel", "deposit_reversed")
# What the last one of is kept by subject: bounded as ticks are.
LED = ("mark", "surface_commit", "operator_release")
POSITIVE = ("forward", "mark", "volatility", "surface_stage", "realised_vol", *TRANSFER)


def refusal(twin: LiveTwin, r: Record) -> str | None:
    """The first reason of the first group that has one."""
    if r.kind == "none":
        return "unknown_type"
    groups = (fields, time, of_number, state, capacity, at_present_prices)
    for group in groups:
        found = set(group(twin, r))
        if found:
            return min(found, key=STATUSES.index)
    return None


def fields(twin: LiveTwin, r: Record) -> Iterator[str]:
    """What can be seen on the record and the tables' sizes."""
    market, kind = twin.market, r.kind
    if not reserved_is_zero(r):
        yield "reserved_not_zero"
    if kind in UNDERLYING and not 0 <= r.subject < len(market.index):
        yield "unknown_underlying"
        return
    if kind in INSTRUMENT and not 0 <= r.subject < len(market.instruments):
        yield "unknown_instrument"
        return
    owned = "account" in USED[kind][0] and kind != "instrument_listing"
    if owned and not 0 <= r.account < twin.accounts.count:
        yield "unknown_account"
    if kind in TRANSFER and not 0 <= r.subject < len(market.assets):
        yield "unknown_asset"
    for name, of in (("unknown_order", "order"), ("unknown_transfer", "deposit")):
        if kind == of and r.sequence == 0:
            yield name
    if kind == "chain_halt" and r.subject not in {a["chain"] for a in market.assets}:
        yield "unknown_chain"
    sourced = kind == "index_tick" or (kind == "operator_release" and r.detail == 1)
    if sourced and r.source >= twin.venue["oracle"][r.subject]["sources"]:
        yield "unknown_source"
    if kind == "forward" and not (
        0 <= r.detail < len(market.nodes) and market.nodes[r.detail]["underlying"] == r.subject
    ):
        yield "unknown_node"
    priced = kind in ("mark", "volatility", "surface_stage")
    if priced and (market.instruments[r.subject]["kind"] == "option") == (kind == "mark"):
        yield "unknown_instrument"
    if kind == "instrument_listing":
        yield from listing_fields(twin, r)
    else:
        yield from numbers(twin, r)


def numbers(twin: LiveTwin, r: Record) -> Iterator[str]:
    """The values a type uses."""
    kind, market = r.kind, twin.market
    used = r.value[: USED[kind][1]]
    if any(not math.isfinite(v) for v in used):
        yield "not_finite"
        return
    if kind in POSITIVE and r.value[0] <= 0.0:
        yield "not_positive"
    elif kind in ("volatility", "surface_stage"):
        rule = market.vol_rules
        if not rule.vol_min <= r.value[0] <= rule.vol_max:
            yield "out_of_range"
    if kind == "policy_epoch" and not 0.0 <= used[0] <= (0.0 if r.flags & 1 else GRACE_MOST):
        yield "out_of_range"
    if kind == "operator_release" and r.detail not in (0, 1, 2):
        yield "out_of_range"
    if kind == "depth" and min(used) < 0.0:
        yield "out_of_range"
    if kind == "trade_flow" and used[0] == 0.0:
        yield "not_positive"
    if kind in ("instrument_expiry", "operator_release") and r.value[0] < 0.0:
        yield "not_positive"
    if kind in ("fill", "order"):
        quantity, price = used
        lowest_is_zero = pays_premium(market.instruments[r.subject])
        if quantity == 0.0 or price < 0.0 or (price == 0.0 and not lowest_is_zero):
            yield "not_positive"
    yield from plainly(twin, r)
    if kind in NUMBERED and r.detail < 0:
        yield "out_of_range"
    if "pocket" in USED[kind][0] and r.pocket < 0:
        yield "out_of_range"


def listing_fields(twin: LiveTwin, r: Record) -> Iterator[str]:
    """A contract that makes sense, under the next number."""
    kind, payoff, call, bachelier = (r.detail & 0xFFFFFFFF).to_bytes(4, "little")
    if not 0 <= r.subject <= len(twin.market.instruments):
        yield "unknown_instrument"
    if not 0 <= r.account < len(twin.market.index):
        yield "unknown_underlying"
    if not 0 <= r.pocket < len(twin.market.assets):
        yield "unknown_asset"
    if not all(math.isfinite(v) for v in r.value[:2]) or math.isinf(r.value[2]):
        yield "not_finite"
    if r.value[0] <= 0.0:
        yield "not_positive"
    if kind >= len(KINDS) or payoff >= len(PAYOFFS) or call > 1 or bachelier > 1:
        yield "out_of_range"
        return
    if KINDS[kind] == "option" and r.value[1] <= 0.0:
        yield "not_positive"
    if (KINDS[kind] in ("option", "future")) != (r.sequence != 0):
        yield "out_of_range"
    if r.value[2] < 0.0 or (KINDS[kind] != "option" and (r.value[1] != 0.0 or call or bachelier)):
        yield "out_of_range"


def time(twin: LiveTwin, r: Record) -> Iterator[str]:
    """Older than the clock, or than the record's own subject; or too far ahead of the clock."""
    if r.kind in TIMELESS:
        return
    most, now = twin.settings["clock_step_max_ns"], twin.market.clock_ns
    if r.kind in LED:
        of = twin.market.instruments[r.subject]["underlying"] if r.kind == "mark" else r.subject
        most = twin.venue["oracle"][of]["lead_max_ns"]
        now = max(now, twin.market.guards[of].now_ns)
    if most > 0 and now > 0 and r.ts_ns > now + most:
        yield "out_of_range"
    if r.ts_ns < twin.market.clock_ns:
        yield "time_reversed"
    if r.kind == "operator_release" and r.ts_ns < twin.market.guards[r.subject].clock_ns:
        yield "time_reversed"
    if r.kind == "mark":
        seen = twin.market.basis[r.subject].observations
        if seen and r.ts_ns < seen[-1][0]:
            yield "time_reversed"
    if r.kind == "surface_commit" and r.ts_ns < twin.market.vol_guards[r.subject].ts_ns:
        yield "time_reversed"


def same_payload(a: Record, b: Record) -> bool:
    """Whether a record says the same again; the number it is sent under is the sending's."""
    return a._replace(detail=0).pack() == b._replace(detail=0).pack()


def state(twin: LiveTwin, r: Record) -> Iterator[str]:
    """What the present state does not allow."""
    kind, market, now = r.kind, twin.market, twin.market.clock_ns
    if kind in INSTRUMENT and r.subject in market.settled:
        yield "expired"
    if kind in ("fill", "order") and 0 < market.instruments[r.subject]["expiry_ns"] <= now:
        yield "expired"
    if kind == "instrument_listing":
        if r.subject < len(market.instruments):
            yield "conflicting"
        if r.sequence and r.sequence <= market.clock_ns:
            yield "expired"
    if kind == "cancel" and r.sequence not in twin.orders:
        yield "unknown_order"
    if kind == "fill" and r.sequence != 0:
        yield from fill_of_order(twin, r)
    for table, of in ((twin.orders, "order"), (twin.transfers, "deposit")):
        if kind == of and r.sequence in table:
            yield "duplicate" if same_payload(table[r.sequence], r) else "conflicting"
    if kind == "chain_halt" and (r.subject in twin.halted) == bool(r.flags):
        yield "duplicate"
    if kind == "deposit_reversed" and r.sequence not in twin.transfers:
        yield "unknown_transfer"
    if kind in TRANSFER and market.assets[r.subject]["chain"] in twin.halted:
        yield "chain_halted"
    if kind == "policy_epoch":
        wanted = {twin.epoch_before} if r.flags else twin.staged_epochs
        if r.sequence not in wanted:
            yield "unknown_epoch"
        if twin.ramp is not None and grace_ns(r) != 0:
            yield "conflicting"
    if kind == "surface_commit":
        staged = [i for i in market.options(r.subject) if i in market.staged]
        if not staged or len(staged) != r.detail:
            yield "conflicting"
    if kind == "instrument_expiry":
        expiry = market.instruments[r.subject]["expiry_ns"]
        come = expiry and expiry <= market.clock_ns
        if not come or twin.settlement_price(r) is None:
            yield "not_expired"
    if kind == "withdrawal":
        yield from withdrawal(twin, r)


def grace_ns(r: Record) -> int:
    """The grace period of an epoch, to the nanosecond."""
    return math.floor(r.value[0] * 1e9 + 0.5)


def fill_of_order(twin: LiveTwin, r: Record) -> Iterator[str]:
    """A fill that names an order must be of it."""
    order = twin.orders.get(r.sequence)
    if order is None:
        yield "unknown_order"
        return
    left = twin.left[r.sequence]
    alike = (order.account, order.pocket, order.subject) == (r.account, r.pocket, r.subject)
    if not alike or (left < 0.0) != (r.value[0] < 0.0) or abs(r.value[0]) > abs(left):
        yield "conflicting"


def withdrawal(twin: LiveTwin, r: Record) -> Iterator[str]:
    """Not more than is there; margin is looked at when nothing is in doubt, and must allow it."""
    book = twin.accounts.books.get((r.account, r.pocket), PocketBook())
    now, left = twin.evaluator(), book.copy()
    left.credit(r.subject, -r.value[0])
    if left.balances[r.subject] < 0.0:
        yield "margin_refused"
        return
    numbers = now.numbers((r.account, r.pocket), left)
    in_doubt = twin.accounts.views[r.account].state == "undecidable" or not now.ready(book)
    if in_doubt or not numbers.known:
        yield "blocked"
    elif numbers.equity_initial < numbers.initial:
        yield "margin_refused"


def capacity(twin: LiveTwin, r: Record) -> Iterator[str]:
    """Tables that are full."""
    limit, own = twin.capacity, twin.accounts
    books = list(own.books.values())
    if r.kind == "order" and len(twin.orders) >= limit["orders"]:
        yield "capacity"
    if r.kind == "deposit" and len(twin.transfers) >= limit["transfers"]:
        yield "capacity"
    if r.kind == "instrument_listing" and r.subject >= limit["instruments"]:
        yield "capacity"
    if r.kind not in ("fill", "deposit"):
        return
    book = own.books.get((r.account, r.pocket))
    if book is None and len(books) >= limit["pockets"]:
        yield "capacity"
    if r.kind == "fill":
        after = book.copy() if book else PocketBook()
        trade(after, twin.market.instruments, r.subject, r.value[0], r.value[1])
        if len(after.rows) > limit["pocket_positions"]:
            yield "capacity"
