# cython: language_level=3, freethreading_compatible=True
"""The same calls without the GIL, through the Cython door and through the C table."""

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

from tickmargin cimport cy


def checks(cy.Engine engine, double quantity, int32_t account, int64_t calls, bint through_cy):
    """How often the order was refused."""
    cdef cy.tickmargin_engine *handle = engine.handle
    cdef const cy.tickmargin_api *api = cy.api()
    cdef cy.tickmargin_order order
    cdef cy.tickmargin_checked_order checked
    cdef int64_t n, refused = 0
    with nogil:
        memset(&order, 0, sizeof(order))
        order.account = account
        order.quantity = quantity
        order.price = 60000.0
        if through_cy:
            for n in range(calls):
                refused += cy.check(handle, &order, &checked) > cy.TICKMARGIN_ACCEPTED_REDUCES
        else:
            for n in range(calls):
                refused += api.check(handle, &order, &checked) > cy.TICKMARGIN_ACCEPTED_REDUCES
    return refused


def ticks(cy.Engine engine, bint moves, int64_t calls, bint through_cy):
    """How many index ticks were taken: each a new one, or the same again."""
    cdef cy.tickmargin_engine *handle = engine.handle
    cdef const cy.tickmargin_api *api = cy.api()
    cdef cy.tickmargin_record record
    cdef int64_t n, taken = 0
    with nogil:
        memset(&record, 0, sizeof(record))
        api.applied_seq(handle, &record.sequence)  # above every number seen
        record.sequence += 1
        record.type = cy.TICKMARGIN_INDEX_TICK
        record.ts_ns = 1700000000000000000
        record.value[0] = 60000.0
        for n in range(calls):
            if moves or n == 0:
                record.sequence += 1
                record.value[0] = 60000.0 + record.sequence % 2
            if through_cy:
                taken += cy.apply(handle, &record) == cy.TICKMARGIN_OK
            else:
                taken += api.apply(handle, &record) == cy.TICKMARGIN_OK
    return taken
