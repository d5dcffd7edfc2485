"""Everything an engine does record by record."""

from __future__ import annotations

from tickmargin.live_reads import LiveReads
from tickmargin.live_recording import LiveRecording
from tickmargin.live_records import LiveRecords

__all__ = ["LiveMethods"]


class LiveMethods(LiveRecords, LiveReads, LiveRecording):
    """The live side of :class:`tickmargin.Engine`."""
