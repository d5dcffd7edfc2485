"""Records into a live engine, and events out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import records as make
from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.live_base import LiveBase, whole
from tickmargin.live_results import Applied, event_table, no_events
from tickmargin.names import Handles
from tickmargin.pricing.arguments import integers
from tickmargin.record_types import RECORD, TYPES, Records
from tickmargin.table import Table

__all__ = ["LiveRecords"]

_LISTING = TYPES.index("instrument_listing")


class LiveRecords(LiveBase):
    """Records in, events out."""

    def apply(self, records: Records, *, elapsed_ns: NDArray[np.int64] | None = None) -> Applied:
        """Apply records in order; what becomes of each is a status, never an exception.

        Parameters
        ----------
        records : structured array of dtype ``tickmargin.RECORD``, shape (n,)
            As the functions of :mod:`tickmargin.records` build them. The GIL is released.
        elapsed_ns : int64 array, shape (n,), optional
            Is given how long each record took.

        Returns
        -------
        Applied
            It stops before the first record whose events have no room: take them with
            :meth:`events`, then apply ``records[applied.count:]``.

        Raises
        ------
        InputTypeError
            Not an array of records.
        EngineBusyError
        """
        rows = _record_rows(records)
        status = np.empty(len(rows), np.uint8)
        if elapsed_ns is not None and not _takes(elapsed_ns, rows.shape, np.dtype(np.int64)):
            raise InputTypeError("elapsed_ns must be a writable int64 array as long as the records")
        count, applied_seq = self._running().apply(rows, status, elapsed_ns)
        self._name_listings(rows, status)
        status.flags.writeable = False
        return Applied(count, status, applied_seq)

    def play(
        self,
        records: Records,
        planned_ns: NDArray[np.int64],
        status: NDArray[np.uint8],
        latency_ns: NDArray[np.int64],
    ) -> int:
        """Give each record at its planned moment, and measure from there until it is done.

        A record that waits behind a slow one is charged for the wait. Records of type ``order``
        are checked instead of applied. Events are taken in between and not kept.

        Parameters
        ----------
        records : structured array of dtype ``tickmargin.RECORD``, shape (n,)
        planned_ns : int64 array, shape (n,)
            Counted from the start, rising.
        status : uint8 array, shape (n,)
            Is given each record's status, or an order's verdict, by number.
        latency_ns : int64 array, shape (n,)
            Is given from planned to done.

        Returns
        -------
        int
            How many events there were.

        Raises
        ------
        InputTypeError, EngineBusyError
        """
        rows = _record_rows(records)
        for name, array, dtype in (
            ("planned_ns", planned_ns, np.int64),
            ("status", status, np.uint8),
            ("latency_ns", latency_ns, np.int64),
        ):
            if not _takes(array, rows.shape, np.dtype(dtype)):
                kind = np.dtype(dtype).name
                raise InputTypeError(f"{name} must be a writable {kind} array, one for each record")
        return self._running().play(rows, planned_ns, status, latency_ns)

    def _name_listings(self, rows: Records, status: NDArray[np.uint8]) -> None:
        """Give instruments that came by number a name, and remember of what kind they are."""
        for row in np.flatnonzero((rows["type"] == _LISTING) & (status == 0)).tolist():
            place = int(rows["subject"][row])
            self.names.pad("instrument", place + 1)
            self.names.kinds[place] = int(rows["detail"][row]) & 0xFF

    def _one(self, record: Records) -> str:
        applied = self.apply(record)
        applied.raise_if_refused(record)
        return str(applied.names[0])

    def index_tick(
        self,
        underlying: str | int,
        price: float,
        *,
        seq: int,
        ts_ns: int,
        source: str | int = 0,
    ) -> str:
        """Give one price of an index; ``records.index_tick`` and :meth:`apply` give many.

        Parameters
        ----------
        underlying : str or int
        price : float
            In the index's quote asset.
        seq : int
            Of the source, rising.
        ts_ns : int
            When the source saw it, nanoseconds since 1970 UTC.
        source : str or int, default 0
            Name or number of the source.

        Returns
        -------
        str
            ``ok``, or ``quarantined``: it is in doubt and the old mark stays.

        Raises
        ------
        RecordRefusedError
            With the status in ``code``; nothing changed.
        InputTypeError, UnknownNameError
        """
        tick = make.index_tick(
            underlying,
            price,
            seq=seq,
            ts_ns=ts_ns,
            source=source,
            engine=self,
        )
        return self._one(tick)

    def clock(self, ts_ns: int) -> str:
        """Move valuation time; staleness, finality and settlement follow it.

        Raises
        ------
        RecordRefusedError, InputTypeError
        """
        return self._one(make.clock(ts_ns))

    def source_rows(self, underlyings: Handles, sources: Any) -> NDArray[np.int64]:
        """Numbers of oracle sources by name, those of each underlying.

        Raises
        ------
        UnknownNameError
            UNKNOWN_SOURCE.
        """
        self._running()
        if not isinstance(sources, str) and np.asarray(sources).dtype.kind in "iu":
            return integers("source", sources)
        called = np.asarray(sources, dtype=object)
        try:
            whose, called = np.broadcast_arrays(underlyings, called)
        except ValueError:
            message = f"underlying {underlyings.shape} and source {called.shape} do not broadcast"
            raise InvalidInputError(message, code="LENGTH_MISMATCH") from None
        found = [
            self._source(int(u), name)
            for u, name in zip(whose.ravel().tolist(), called.ravel().tolist(), strict=True)
        ]
        return np.array(found, np.int64).reshape(whose.shape)

    def _source(self, underlying: int, name: object) -> int:
        if not isinstance(name, str):
            raise InputTypeError(f"source: got {type(name).__name__}; expected a name or a number")
        known = self._sources[underlying] if 0 <= underlying < len(self._sources) else ()
        if name not in known:
            message = f"no source {name!r}; there are {', '.join(known)}"
            raise UnknownNameError(message, code="UNKNOWN_SOURCE")
        return known.index(name)

    def events(self, limit: int = 65_536) -> NDArray[np.void]:
        """Take the oldest events, at most ``limit``; :meth:`event_table` says them in words.

        Returns
        -------
        structured array of dtype ``tickmargin.EVENT``, shape (events,)

        Raises
        ------
        EngineBusyError
            Another thread is taking events.
        """
        limit = whole("limit", limit)
        room = no_events(limit)
        return room[: self._running().events(room)].copy()

    def event_table(self, events: NDArray[np.void]) -> Table:
        """Say events in words.

        Returns
        -------
        Table
            event, account, subject (an underlying, instrument or chain), before, after, status,
            breach, liquidation_blocked, equity, maintenance_margin, slack (numeraire; NaN where
            undecidable or of no account), ts_ns, applied_seq, policy_epoch.
        """
        return event_table(events, self.names, self._scale)


def _record_rows(records: object) -> Records:
    """Check that an array holds records; one that is not contiguous is copied."""
    if not isinstance(records, np.ndarray) or records.dtype != RECORD or records.ndim > 1:
        got = type(records).__name__
        if isinstance(records, np.ndarray):
            got = f"an array of {records.dtype} {records.shape}"
        raise InputTypeError(f"records: got {got}; expected a 1-d array of tickmargin.RECORD")
    return np.ascontiguousarray(np.atleast_1d(records))


def _takes(array: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return (
        isinstance(array, np.ndarray)
        and array.dtype == dtype
        and array.shape == shape
        and array.flags.c_contiguous
        and array.flags.writeable
    )
