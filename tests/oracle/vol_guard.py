"""The volatility guard, line by line from cpp/src/market/README.md."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

__all__ = ["Commit", "Row", "VolGuard", "VolSettings"]


@dataclass(frozen=True)
class VolSettings:
    vol_min: float = 0.01
    vol_max: float = 5.0
    level_band: float = 0.5
    shape_band: float = 0.25
    shape_age_max_ns: int = 300 * 10**9


@dataclass(frozen=True)
class Row:
    old: float
    staged: float
    log_moneyness: float
    expiry_ns: int

    def is_staged(self) -> bool:
        return not math.isnan(self.staged)

    def has_old(self) -> bool:
        return math.isfinite(self.old) and self.old > 0


@dataclass(frozen=True)
class Commit:
    status: str
    vols: list[float]
    level: float = 0.0
    shape_kept: bool = False
    shape_forced: bool = False
    degraded: bool = False


@dataclass
class VolGuard:
    settings: VolSettings
    kept_since_ns: int | None = None
    ts_ns: int = 0

    def fault(self, vol: float) -> str | None:
        if not math.isfinite(vol):
            return "not_finite"
        if vol <= 0:
            return "not_positive"
        inside = self.settings.vol_min <= vol <= self.settings.vol_max
        return None if inside else "out_of_range"

    def commit(self, rows: list[Row], ts_ns: int) -> Commit:
        unchanged = [row.old for row in rows]
        for row in rows:
            fault = self.fault(row.staged) if row.is_staged() else None
            if fault is not None:
                return Commit(fault, unchanged)
        if ts_ns < 0:
            return Commit("out_of_range", unchanged)
        if ts_ns < self.ts_ns:
            return Commit("time_reversed", unchanged)
        self.ts_ns = ts_ns

        moves = [
            math.log(row.staged / row.old) for row in rows if row.is_staged() and row.has_old()
        ]
        level = statistics.median(moves) if moves else 0.0
        twisted = any(abs(move - level) > self.settings.shape_band for move in moves)
        kept_since_ns = self.kept_since_ns
        too_old = (
            kept_since_ns is not None and ts_ns - kept_since_ns >= self.settings.shape_age_max_ns
        )
        doubt = twisted or abs(level) > self.settings.level_band
        if twisted and not too_old:
            if kept_since_ns is None:
                self.kept_since_ns = ts_ns
            vols = [self._at_level(row, rows, level) for row in rows]
            return Commit("ok", vols, level, shape_kept=True, degraded=doubt)
        self.kept_since_ns = None
        vols = [row.staged if row.is_staged() else row.old for row in rows]
        return Commit("ok", vols, level, shape_forced=twisted, degraded=doubt)

    def _at_level(self, row: Row, rows: list[Row], level: float) -> float:
        if not row.is_staged():
            return row.old
        if not row.has_old():
            return row.staged
        moved = row.old * math.exp(level)
        moved = max(self.settings.vol_min, min(moved, self.settings.vol_max))
        nearest = min(
            abs(other.log_moneyness)
            for other in rows
            if other.expiry_ns == row.expiry_ns and other.is_staged()
        )
        if abs(row.log_moneyness) == nearest:
            return max(moved, row.staged)
        return moved
