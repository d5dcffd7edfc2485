"""A stream of records through an engine, with what there is to tell of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.record_types import Records
    from tickmargin.table import Table
    from tickmargin.tier_watch import TierWatch

STATES = ("healthy", "warning", "margin_call", "liquidating", "bankrupt", "undecidable")
PERCENTILES = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
_CHUNK_MAX = 8_192
_CHUNK_SECONDS = 0.05  # between two looks at the view
_LAST = 64


def percentiles(elapsed_ns: NDArray[np.int64]) -> dict[str, float | None]:
    """Percentiles of times in nanoseconds; None without any."""
    if not len(elapsed_ns):
        return dict.fromkeys(PERCENTILES)
    values = np.percentile(elapsed_ns, list(PERCENTILES.values()), method="higher")
    return dict(zip(PERCENTILES, values.tolist(), strict=True))


class TickRun:
    """Applies records chunk by chunk; everything a view shows is an attribute.

    Attributes
    ----------
    done, total : int
        Records.
    counts : dict of str to int
        Records by status.
    last : deque of dict
        The newest events, oldest first.
    before, states : dict of str to int
        Accounts by state at the start and now.
    """

    def __init__(
        self,
        engine: Engine,
        rows: Records,
        *,
        speed: float = 0.0,
        sources: Mapping[str, Sequence[str]] | None = None,
        watch: TierWatch | None = None,
    ) -> None:
        self.watch = watch
        self.engine, self.rows, self.speed = engine, rows, speed
        self.sources = sources or {}
        self.done, self.total = 0, len(rows)
        self.elapsed_ns = np.zeros(len(rows), np.int64)
        self.counts: dict[str, int] = {}
        self.last: deque[dict[str, Any]] = deque(maxlen=_LAST)
        self.events: list[NDArray[np.void]] = []
        self.now_ns = engine.market.as_of_ns
        self.chunk = 64
        self.began = time.perf_counter()
        self.before = self.states = self._states()
        if watch is not None:
            watch.look_if_due(self.now_ns)

    def _states(self) -> dict[str, int]:
        state = self.engine.accounts(published=True)["state"]
        names, numbers = np.unique(state.astype(str), return_counts=True)
        found = dict(zip(names.tolist(), numbers.tolist(), strict=True))
        return {name: found.get(name, 0) for name in STATES}

    def refused(self) -> dict[str, int]:
        """Records that changed nothing, by status."""
        return {s: n for s, n in self.counts.items() if s not in ("ok", "quarantined")}

    def marks(self) -> list[dict[str, Any]]:
        """The engine's marks, each with what makes it ready again (None where it is)."""
        return [
            {**row, "ready_when": self._ready_when(row["underlying"], row["mark_state"])}
            for row in self.engine.marks()
        ]

    def _ready_when(self, underlying: str, state: str) -> str | None:
        if state == "ready":
            return None
        if state == "unusable" or len(self.sources.get(underlying, "a")) > 1:
            return "fresh sources agree, or an operator releases it"
        return "it returns to the band, a second source agrees, or an operator releases it"

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self.began

    def recent_ns(self) -> NDArray[np.int64]:
        """Times of what has been applied, the newest hundred thousand."""
        return self.elapsed_ns[max(0, self.done - 100_000) : self.done]

    def run(self, show: Callable[[], None]) -> None:
        """Apply everything; ``show`` is called after each chunk."""
        self.began = time.perf_counter()
        while self.done < self.total:
            end = self._due()
            if end > self.done:
                self._chunk(end)
            show()

    def _due(self) -> int:
        """Where the next chunk ends: what is due by now when time is kept."""
        end = min(self.done + self.chunk, self.total)
        if self.watch is not None and self.watch.next_ns is not None:
            past = self.rows["ts_ns"][self.done : end] >= self.watch.next_ns
            if past.any():  # the look that is due comes right after this record
                end = self.done + int(np.argmax(past)) + 1
        if not self.speed:
            return end
        first = int(self.rows["ts_ns"][0])
        reached = first + int(self.seconds * self.speed * 1e9)
        due = self.done + int(np.argmax(self.rows["ts_ns"][self.done : end] > reached))
        if due == self.done and self.rows["ts_ns"][end - 1] <= reached:
            return end
        if due == self.done:
            time.sleep(0.02)
        return due

    def _chunk(self, end: int) -> None:
        times = self.elapsed_ns[self.done : end]
        applied = self.engine.apply(self.rows[self.done : end], elapsed_ns=times)
        took = int(times[: applied.count].sum()) / 1e9 / max(applied.count, 1)
        self.chunk = min(max(int(_CHUNK_SECONDS / max(took, 1e-9)), 1), _CHUNK_MAX, 2 * self.chunk)
        for name, number in applied.counts.items():
            if name != "ring_full":
                self.counts[name] = self.counts.get(name, 0) + number
        self.done += applied.count
        if applied.count:
            self.now_ns = max(self.now_ns, int(self.rows["ts_ns"][self.done - 1]))
        if self.watch is not None:
            self.watch.look_if_due(self.now_ns)
        taken = self.engine.events(1 << 20)
        if len(taken):
            self.events.append(taken)
            self.last.extend(self.engine.event_table(taken[-_LAST:]))
            self.states = self._states()

    def event_table(self) -> Table:
        """All events in words."""
        from tickmargin.record_types import EVENT

        return self.engine.event_table(np.concatenate([np.empty(0, EVENT), *self.events]))

    def facts(self) -> dict[str, Any]:
        """What JSON says of the run."""
        table = self.event_table()
        into = table["after"].astype(str)
        gone = (table["event"] == "account") & np.isin(into, ("liquidating", "bankrupt"))
        names, numbers = np.unique(table["event"].astype(str), return_counts=True)
        return {
            "records": self.done,
            "statuses": self.counts,
            "seconds": self.seconds,
            "records_per_second": self.done / self.seconds if self.seconds > 0 else None,
            "apply_ns": percentiles(self.elapsed_ns[: self.done]),
            "states_before": self.before,
            "states_after": self.states,
            "events": dict(zip(names.tolist(), numbers.tolist(), strict=True)),
            "liquidated": sorted(set(table.filter(gone)["account"].tolist())),
            "marks": self.marks(),
            "policies": self.engine.info()["policies"],
            "tiers": None if self.watch is None else self.watch.worst(),
            "counters": self.engine.counters(),
            "state_hash": f"{self.engine.state_hash():016x}",
        }
