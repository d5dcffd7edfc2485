"""Two tiers side by side while a stream runs: the fast policy in force and the exact one it names.

Orders and ticks go by the fast policy. A look margins every account under both at the market as it
is then (`Engine.tiers`); what is kept is how far the fast one was behind at any look, and the
safety factor that would have bounded it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickmargin.errors import InvalidInputError
from tickmargin.table import Table

if TYPE_CHECKING:
    from tickmargin.engine import Engine

__all__ = ["TierWatch"]

_KEPT = ("policy", "exact", "safety_factor_ratio", "accounts", "undecidable", "initial_uncovered",
         "maintenance_uncovered", "largest_gap_ratio", "factor", "never")  # fmt: skip


class TierWatch:
    """Looks at both tiers of a live engine, every so often of the stream's own time.

    Parameters
    ----------
    engine : Engine
        Live, with a policy in force that names an ``exact`` one.
    every_ns : int
        Least time from one look to the next; a look costs several recomputes.
    threads : int, default 1

    Raises
    ------
    InvalidInputError
        OUT_OF_RANGE: a time that is not above 0. NO_EXACT_POLICY, at the first look.
    """

    def __init__(self, engine: Engine, every_ns: int, *, threads: int = 1) -> None:
        if every_ns <= 0:
            raise InvalidInputError(
                f"every_ns must be above 0, was {every_ns!r}", code="OUT_OF_RANGE"
            )
        self._engine, self._every_ns, self._threads = engine, every_ns, threads
        self._rows: dict[str, list[Any]] = {"ts_ns": [], **{name: [] for name in _KEPT}}
        self.next_ns: int | None = None  # when the next look is due

    def look_if_due(self, now_ns: int) -> bool:
        """Look at both tiers if it is time; whether it was."""
        if self.next_ns is not None and now_ns < self.next_ns:
            return False
        for row in self._engine.tiers(threads=self._threads).policies:
            self._rows["ts_ns"].append(now_ns)
            for name in _KEPT:
                self._rows[name].append(row[name])
        self.next_ns = now_ns + self._every_ns
        return True

    @property
    def looks(self) -> Table:
        """A row per look and policy, as `Engine.tiers` gives them, with ``ts_ns``."""
        text = ("policy", "exact")
        columns = {k: np.array(v, object if k in text else None) for k, v in self._rows.items()}
        return Table(columns, name="tiers")

    def worst(self) -> list[dict[str, Any]]:
        """Of each policy over all looks so far.

        ``looks``, ``uncovered_looks`` (an account was below the exact requirement),
        ``largest_gap_ratio``, ``factor`` (bounds every look), ``safety_factor_ratio`` (in force at
        the last) and ``covered``: no account was below at any look.
        """
        columns = self._rows.values()
        rows = [dict(zip(self._rows, r, strict=True)) for r in zip(*columns, strict=True)]
        out = []
        for policy in dict.fromkeys(row["policy"] for row in rows):
            own = [row for row in rows if row["policy"] == policy]
            behind = [r for r in own if r["initial_uncovered"] or r["maintenance_uncovered"]]
            out.append(
                {
                    "policy": policy,
                    "exact": own[-1]["exact"],
                    "looks": len(own),
                    "uncovered_looks": len(behind),
                    "largest_gap_ratio": max(row["largest_gap_ratio"] for row in own),
                    "factor": max(row["factor"] for row in own),
                    "safety_factor_ratio": own[-1]["safety_factor_ratio"],
                    "covered": not behind,
                }
            )
        return out
