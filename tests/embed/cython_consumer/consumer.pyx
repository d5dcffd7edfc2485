# cython: language_level=3, freethreading_compatible=True
"""A strategy's gateway in Cython: asks and feeds without the GIL, on an engine opened by bytes."""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memset

from tickmargin cimport cy


cdef cy.tickmargin_record index_tick(double price, uint64_t sequence) noexcept nogil:
    cdef cy.tickmargin_record record
    memset(&record, 0, sizeof(record))
    record.type = cy.TICKMARGIN_INDEX_TICK
    record.ts_ns = 1700000000000000000
    record.sequence = sequence
    record.value[0] = price
    return record


cdef cy.tickmargin_order order_of(double quantity) noexcept nogil:
    cdef cy.tickmargin_order order
    memset(&order, 0, sizeof(order))
    order.quantity = quantity
    order.price = 60000.0
    return order


def run(bytes saved):
    """The C consumer's calls; a dict of what they answered."""
    cdef cy.Engine engine = cy.open_engine(saved)
    cdef cy.tickmargin_engine *handle = engine.handle
    cdef cy.tickmargin_checked_order[2] checked
    cdef cy.tickmargin_order[2] orders
    cdef cy.tickmargin_record[2] ticks
    cdef cy.tickmargin_event[16] events
    cdef cy.tickmargin_account account
    cdef cy.tickmargin_account published
    cdef uint8_t[2] status
    cdef int32_t alone, again, known
    cdef int64_t many, applied, drained
    with nogil:
        orders[0] = order_of(10.0)
        orders[1] = order_of(1.0)
        alone = cy.check(handle, &orders[0], &checked[0])
        many = cy.check_many(handle, orders, 2, checked)
        ticks[0] = index_tick(58500.0, 2)
        ticks[1] = index_tick(57000.0, 3)
        applied = cy.apply_many(handle, ticks, 2, status)
        again = cy.apply(handle, &ticks[1])
        drained = cy.events(handle, events, 16)
        account.size = published.size = sizeof(account)
        known = cy.account(handle, 0, &account) | cy.published(handle, 0, &published)
    return {
        "alone": cy.api().check_verdict_name(alone).decode(),
        "many": many,
        "verdicts": [checked[0].verdict, checked[1].verdict],
        "shortfall_ticks": checked[0].shortfall_ticks,
        "applied": applied,
        "again": cy.api().record_status_name(again).decode(),
        "drained": drained,
        "event_slack_ticks": events[drained - 1].slack_ticks,
        "known": known,
        "state": cy.api().state_name(account.state).decode(),
        "slack_ticks": account.slack_ticks,
        "published_slack_ticks": published.slack_ticks,
        "no_account": cy.account(handle, 1, &account),
        "hash": engine.state_hash(),
    }


def among_good_ones(bytes saved, int place, double bad):
    """A bad tick and a bad order at one of three places: what each is told, and the hashes."""
    cdef cy.Engine engine = cy.open_engine(saved)
    cdef cy.tickmargin_checked_order[3] checked
    cdef cy.tickmargin_order[3] orders
    cdef cy.tickmargin_record[3] ticks
    cdef uint8_t[3] status
    cdef int n
    cdef int64_t applied
    before = engine.state_hash()
    for n in range(3):
        orders[n] = order_of(1.0)
        ticks[n] = index_tick(60000.0 - n, 2 + n)
    orders[place].price = bad
    ticks[place].value[0] = bad
    with nogil:
        cy.check_many(engine.handle, orders, 3, checked)
    asked = engine.state_hash()
    with nogil:
        applied = cy.apply_many(engine.handle, ticks, 3, status)
    return {
        "verdicts": [cy.api().check_verdict_name(c.verdict).decode() for c in checked],
        "statuses": [cy.api().record_status_name(s).decode() for s in status],
        "applied": applied,
        "asking_changes_nothing": asked == before,
        "hash": engine.state_hash(),
    }


def hash_without(bytes saved, int place):
    """The state after the good ticks alone."""
    cdef cy.Engine engine = cy.open_engine(saved)
    cdef cy.tickmargin_record tick
    cdef int n
    for n in range(3):
        tick = index_tick(60000.0 - n, 2 + n)
        if n != place:
            cy.apply(engine.handle, &tick)
    return engine.state_hash()


def margins_under(cy.Engine engine, bytes policies):
    """Initial margin of each account as it is and as it would be, or why it is not told."""
    cdef cy.tickmargin_difference[8] rows
    cdef cy.tickmargin_message message
    cdef const char *data = policies
    cdef uint64_t count = len(policies)
    cdef int64_t got
    with nogil:
        got = cy.api().dry_run(engine.handle, data, count, rows, 8, &message)
    if got < 0:
        return (<bytes>message.text).decode()
    return [(rows[a].initial_margin_before, rows[a].initial_margin_after) for a in range(got)]


def enforce(cy.Engine engine, uint64_t epoch, int64_t ts_ns):
    """The name of what a policy epoch is answered."""
    cdef cy.tickmargin_record record
    memset(&record, 0, sizeof(record))
    record.type = cy.TICKMARGIN_POLICY_EPOCH
    record.sequence = epoch
    record.ts_ns = ts_ns
    return cy.api().record_status_name(cy.apply(engine.handle, &record)).decode()


def state_hash_of(object capsule):
    """Of an engine that somebody else owns."""
    cdef cy.Engine engine = cy.engine_of(capsule)
    return engine.state_hash()


def capsule_of(cy.Engine engine):
    """As an object that owns an engine hands it out."""
    return PyCapsule_New(engine.handle, cy.TICKMARGIN_ENGINE_CAPSULE, NULL)
