"""Everything an engine does record by record."""

from __future__ import annotations

from tickmargin.live_policies import LivePolicies
from tickmargin.live_reads import LiveReads
from tickmargin.live_records import LiveRecords

__all__ = ["LiveMethods"]


class LiveMethods(LiveRecords, LiveReads, LivePolicies):
    """The live side of :class:`tickmargin.Engine`."""
