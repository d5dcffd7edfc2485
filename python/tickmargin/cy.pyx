# cython: language_level=3, freethreading_compatible=True, auto_pickle=False
"""The live engine from Cython; cy.pxd says what there is to cimport."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_Import

from tickmargin.errors import InvalidInputError

# Refuses to load beside a core whose table is older.
cdef const tickmargin_api *_api = <const tickmargin_api *>PyCapsule_Import(
    TICKMARGIN_API_CAPSULE, 0)
if _api.abi_version < TICKMARGIN_ABI_VERSION:
    raise ImportError("tickmargin._core is older than tickmargin.cy")


cdef class Engine:
    """One live engine; made by open_engine or engine_of."""

    def __init__(self):
        raise TypeError("made by open_engine or engine_of")

    def __dealloc__(self):
        if self.owned:
            _api.close(self.handle)

    def save(self):
        """The whole engine as bytes, for open_engine."""
        cdef uint64_t count = 0
        _api.save(self.handle, NULL, 0, &count)
        cdef bytes saved = PyBytes_FromStringAndSize(NULL, count)
        if _api.save(self.handle, PyBytes_AS_STRING(saved), count, &count) != 0:
            raise MemoryError("saving a live engine")
        return saved

    def state_hash(self):
        """A hash of the primary state, in a fixed order."""
        cdef uint64_t value = 0
        if _api.state_hash(self.handle, &value) != 0:
            raise MemoryError("hashing a live engine")
        return value

    def stage_policies(self, uint64_t epoch, bytes policies not None):
        """Keep policies that Engine.save_policies gave ready under a number of their own."""
        cdef tickmargin_message message
        cdef const char *data = PyBytes_AS_STRING(policies)
        cdef uint64_t count = PyBytes_GET_SIZE(policies)
        cdef int32_t fault
        with nogil:
            fault = _api.stage_policies(self.handle, epoch, data, count, &message)
        if fault != 0:
            raise _error(fault, message.text)


cdef object _error(int32_t fault, const char *text):
    if fault == TICKMARGIN_FAULT_MEMORY:
        return MemoryError("a live engine")
    code = "NOT_DURABLE" if fault == TICKMARGIN_FAULT_FILE else "INVALID_ARGUMENT"
    return InvalidInputError((<bytes>text).decode("utf-8", "replace"), code=code)


cpdef Engine open_engine(bytes saved):
    """An engine from what a live engine's save gave; refuses what is none."""
    if saved is None:
        raise TypeError("saved must be bytes")
    cdef tickmargin_message message
    cdef tickmargin_engine *handle = NULL
    cdef const char *data = PyBytes_AS_STRING(saved)
    cdef uint64_t count = PyBytes_GET_SIZE(saved)
    cdef int32_t fault
    with nogil:
        fault = _api.open_bytes(data, count, &handle, &message)
    if fault != 0:
        raise _error(fault, message.text)
    cdef Engine engine = Engine.__new__(Engine)
    engine.handle = handle
    engine.owned = True
    return engine


cpdef Engine engine_of(object capsule):
    """The engine in a capsule "tickmargin.engine", which is kept alive."""
    cdef Engine engine = Engine.__new__(Engine)
    engine.handle = <tickmargin_engine *>PyCapsule_GetPointer(capsule, TICKMARGIN_ENGINE_CAPSULE)
    engine.owner = capsule
    return engine


cdef const tickmargin_api *api() noexcept nogil:
    return _api


cdef int32_t apply(tickmargin_engine *engine, const tickmargin_record *record) noexcept nogil:
    return _api.apply(engine, record)


cdef int64_t apply_many(tickmargin_engine *engine, const tickmargin_record *records,
                        int64_t count, uint8_t *record_status) noexcept nogil:
    return _api.apply_many(engine, records, count, record_status)


cdef int32_t check(tickmargin_engine *engine, const tickmargin_order *order,
                   tickmargin_checked_order *checked) noexcept nogil:
    return _api.check(engine, order, checked)


cdef int64_t check_many(tickmargin_engine *engine, const tickmargin_order *orders, int64_t count,
                        tickmargin_checked_order *checked) noexcept nogil:
    return _api.check_many(engine, orders, count, checked)


cdef int32_t account(tickmargin_engine *engine, int32_t account,
                     tickmargin_account *row) noexcept nogil:
    return _api.account(engine, account, row)


cdef int32_t published(const tickmargin_engine *engine, int32_t account,
                       tickmargin_account *row) noexcept nogil:
    return _api.published(engine, account, row)


cdef int64_t units(tickmargin_engine *engine, int32_t account, tickmargin_unit *rows,
                   int64_t capacity) noexcept nogil:
    return _api.units(engine, account, rows, capacity)


cdef int64_t events(tickmargin_engine *engine, tickmargin_event *out,
                    int64_t capacity) noexcept nogil:
    return _api.events(engine, out, capacity)
