"""The oracle guard and the mark's basis, line by line from cpp/src/market/README.md.

Plain floats, no cleverness: the order of operations is the page's, so the numbers are equal to the
bit wherever no exponential is involved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "Basis", "OracleGuard", "Settings", "Source"]

SOURCES_MAX = 8
DOUBT_MAX = 1.0
TIME_MAX_NS = 2**63 - 1


@dataclass(frozen=True)
class Settings:
    quorum: int = 2
    signed_prices: bool = False
    price_scale_min: float = 0.0
    heartbeat_ns: int = 30 * 10**9
    unusable_after_ns: int = 300 * 10**9
    lead_max_ns: int = 0
    source_clamp_ratio: float = 0.02
    feed_min: float = -math.inf
    feed_max: float = math.inf
    band_ratio: float = 0.05
    velocity_ratio_per_sqrt_second: float = 0.0015
    band_cap_ratio: float = 0.25
    quarantine_limit_ns: int = 300 * 10**9
    doubt_ratio_degraded: float = 0.05
    mark_basis_window_ns: int = 300 * 10**9
    mark_basis_cap_ratio: float = 0.02


@dataclass
class Source:
    price: float
    sequence: int
    ts_ns: int
    set_aside_until_ns: int | None = None
    outlier: bool = False


@dataclass(frozen=True)
class Answer:
    status: str
    escalated: bool = False


@dataclass
class OracleGuard:
    settings: Settings
    sources: dict[int, Source] = field(default_factory=dict)
    state: str = "unusable"
    doubt_ratio: float = DOUBT_MAX
    mark: float | None = None
    mark_ts_ns: int = 0
    trusted: float = 0.0
    trusted_ts_ns: int = 0
    candidate: float | None = None  # something waits
    waiting_since_ns: int = 0
    unconfirmed: bool = False
    blind: bool = True  # unusable until a quorum or an operator says otherwise
    ever_ready: bool = False
    not_ready_since_ns: int | None = None
    reported: bool = False
    now_ns: int = 0
    clock_ns: int = 0
    heard_ns: int = 0

    def cold_start(self, mark: float, ts_ns: int) -> None:
        if self._price_fault(mark) is None and ts_ns >= 0:
            self.mark, self.mark_ts_ns = mark, ts_ns
            self.trusted, self.trusted_ts_ns = mark, ts_ns

    # what may come in

    def tick(self, source: int, sequence: int, price: float, ts_ns: int) -> Answer:
        fault = self._tick_fault(source, sequence, price, ts_ns)
        if fault is not None:
            return Answer(fault)
        known = self.sources.get(source)
        if known is None:
            self.sources[source] = Source(price, sequence, ts_ns)
        else:
            known.price, known.sequence, known.ts_ns = price, sequence, ts_ns
        self.now_ns = max(self.now_ns, ts_ns)
        self.heard_ns = max(self.heard_ns, ts_ns)
        escalated = self._judge()
        return Answer("ok" if self.candidate is None else "quarantined", escalated)

    def clock(self, now_ns: int) -> Answer:
        fault = self._clock_fault(now_ns)
        if fault is not None:
            return Answer(fault)
        self._advance(now_ns)
        return Answer("ok", self._judge())

    def release(self, now_ns: int, price: float | None = None) -> Answer:
        if price is None:
            if self.candidate is not None:
                price = self.candidate
            elif self.unconfirmed:
                price = self.mark
            else:
                return Answer("out_of_range")
        assert price is not None
        fault = self._price_fault(price) or self._release_fault(now_ns)
        if fault is not None:
            return Answer(fault)
        self._advance(now_ns)
        self.heard_ns = max(self.heard_ns, now_ns)
        self.mark, self.mark_ts_ns = price, now_ns
        self.trusted, self.trusted_ts_ns = price, now_ns
        self.candidate, self.unconfirmed, self.blind = None, False, False
        for source in self.sources.values():
            source.set_aside_until_ns = None
            if not self._within(self.settings.source_clamp_ratio, source.price, price):
                source.set_aside_until_ns = min(
                    self.now_ns + self.settings.quarantine_limit_ns, TIME_MAX_NS
                )
        return Answer("ok", self._judge())

    def forget(self, source: int, now_ns: int) -> Answer:
        if source not in range(SOURCES_MAX):
            return Answer("unknown_source")
        if source not in self.sources:
            return Answer("out_of_range")
        fault = self._release_fault(now_ns)
        if fault is not None:
            return Answer(fault)
        del self.sources[source]
        self.clock_ns = now_ns
        newest = self.now_ns = max([now_ns, *(s.ts_ns for s in self.sources.values())])
        self.mark_ts_ns = min(self.mark_ts_ns, newest)
        self.trusted_ts_ns = min(self.trusted_ts_ns, newest)
        self.waiting_since_ns = min(self.waiting_since_ns, newest)
        self.heard_ns = min(self.heard_ns, newest)
        if self.not_ready_since_ns is not None:
            self.not_ready_since_ns = min(self.not_ready_since_ns, newest)
        latest = min(newest + self.settings.quarantine_limit_ns, TIME_MAX_NS)
        for left in self.sources.values():
            if left.set_aside_until_ns is not None:
                left.set_aside_until_ns = min(left.set_aside_until_ns, latest)
        return Answer("ok", self._judge())

    def _leads_too_far(self, ts_ns: int) -> bool:
        lead_max_ns, now_ns = self.settings.lead_max_ns, max(self.now_ns, self.clock_ns)
        return lead_max_ns > 0 and now_ns > 0 and ts_ns > now_ns + lead_max_ns

    def _release_fault(self, now_ns: int) -> str | None:
        fault = self._clock_fault(now_ns)
        if fault is None and self._leads_too_far(now_ns):
            return "out_of_range"
        return fault

    def _price_fault(self, price: float) -> str | None:
        if not math.isfinite(price):
            return "not_finite"
        if price <= 0 and not self.settings.signed_prices:
            return "not_positive"
        return None

    def _clock_fault(self, now_ns: int) -> str | None:
        if now_ns < 0:
            return "out_of_range"
        return "time_reversed" if now_ns < self.clock_ns else None

    def _tick_fault(self, source: int, sequence: int, price: float, ts_ns: int) -> str | None:
        if source not in range(SOURCES_MAX):
            return "unknown_source"
        fault = self._price_fault(price)
        if fault is not None:
            return fault
        if ts_ns < 0:
            return "out_of_range"
        if self._leads_too_far(ts_ns):
            return "out_of_range"
        last = self.sources.get(source)
        if last is None:
            return None
        if ts_ns < last.ts_ns:
            return "time_reversed"
        if sequence < last.sequence:
            return "out_of_order"
        if sequence == last.sequence:
            same = (price.hex(), ts_ns) == (last.price.hex(), last.ts_ns)
            return "duplicate" if same else "conflicting"
        return None

    def _advance(self, now_ns: int) -> None:
        self.clock_ns = now_ns
        self.now_ns = max(self.now_ns, now_ns)

    # distances

    def _scale(self, reference: float) -> float:
        return max(abs(reference), self.settings.price_scale_min)

    def _within(self, ratio: float, price: float, reference: float) -> bool:
        return abs(price - reference) <= ratio * self._scale(reference)

    def _distance(self, price: float, reference: float) -> float:
        gap, scale = abs(price - reference), self._scale(reference)
        return gap / scale if gap < DOUBT_MAX * scale else DOUBT_MAX

    # which sources count

    def fresh(self, source: Source) -> bool:
        return self.now_ns - source.ts_ns <= self.settings.heartbeat_ns

    def saturated(self, source: Source) -> bool:
        return not self.settings.feed_min < source.price < self.settings.feed_max

    def _end_setting_aside(self) -> None:
        for source in self.sources.values():
            until_ns = source.set_aside_until_ns
            if until_ns is None or self.mark is None:
                continue
            agrees = self._within(self.settings.source_clamp_ratio, source.price, self.mark)
            if agrees or self.now_ns >= until_ns:
                source.set_aside_until_ns = None

    def _speaking(self) -> list[Source]:
        return [
            source
            for source in self.sources.values()
            if self.fresh(source) and source.set_aside_until_ns is None
        ]

    # the judgement, in the order of the table

    def _judge(self) -> bool:
        self._end_setting_aside()
        speaking = self._speaking()
        counting = [source for source in speaking if not self.saturated(source)]
        state, escalated = self._table(counting, len(speaking) - len(counting))
        self.state = "unusable" if self.blind else state
        escalated = self._outlived() or escalated
        self.reported = self.reported or (escalated and self.not_ready_since_ns is not None)
        self.doubt_ratio = self._doubt(counting)
        for source in self.sources.values():
            if self.fresh(source) and self.mark is not None:
                source.outlier = self.saturated(source) or not self._within(
                    self.settings.source_clamp_ratio, source.price, self.mark
                )
        return escalated

    def _table(self, counting: list[Source], saturated: int) -> tuple[str, bool]:
        rule = self.settings
        if saturated >= rule.quorum or self.now_ns - self.heard_ns > rule.unusable_after_ns:
            self.candidate, self.blind = None, True
            return "unusable", False
        if len(counting) < rule.quorum:
            self.candidate = None
            return "degraded", False

        prices = sorted(source.price for source in counting)
        upper, lower = prices[len(prices) // 2], prices[(len(prices) - 1) // 2]
        aggregate = upper if len(prices) % 2 else 0.5 * lower + 0.5 * upper
        supporters = [
            source
            for source in counting
            if self._within(rule.source_clamp_ratio, source.price, aggregate)
        ]
        support = len(supporters)
        backed = support >= rule.quorum and support > len(counting) / 2
        if not backed:
            return self._wait(counting, None, 0)
        newest_ns = max(source.ts_ns for source in supporters)
        if support >= 2 or self.mark is None or self._inside_band(aggregate):
            aged = newest_ns - self.trusted_ts_ns >= rule.heartbeat_ns
            if support >= 2 or self.mark is None or aged:
                self.trusted, self.trusted_ts_ns = aggregate, newest_ns
            self.mark, self.mark_ts_ns = aggregate, newest_ns
            self.candidate, self.unconfirmed, self.blind = None, False, False
            self.ever_ready = True
            return "ready", False
        if self.unconfirmed and self._within(rule.band_ratio, aggregate, self.mark):
            self.mark, self.mark_ts_ns = aggregate, newest_ns
            self.candidate, self.blind = None, False
            return "degraded", False
        return self._wait(counting, aggregate, newest_ns)

    def _wait(
        self, counting: list[Source], aggregate: float | None, newest_ns: int
    ) -> tuple[str, bool]:
        mark = self.mark
        if mark is None:
            return "unusable", False
        if self.candidate is None:
            self.waiting_since_ns = self.now_ns
        if aggregate is not None:
            self.candidate = aggregate
        else:
            far = max(abs(source.price - mark) for source in counting)
            self.candidate = max(s.price for s in counting if abs(s.price - mark) == far)
        if self.now_ns - self.waiting_since_ns < self.settings.quarantine_limit_ns:
            return "quarantined", False
        if len(counting) > 1:
            return "degraded", False
        self.mark, self.mark_ts_ns = self.candidate, newest_ns
        self.candidate, self.unconfirmed, self.blind = None, True, False
        return "degraded", True

    def _inside_band(self, price: float) -> bool:
        rule = self.settings
        seconds = max(self.now_ns - self.trusted_ts_ns, 0) / 1e9
        grown = rule.band_ratio + rule.velocity_ratio_per_sqrt_second * math.sqrt(seconds)
        return self._within(min(rule.band_cap_ratio, grown), price, self.trusted)

    def _outlived(self) -> bool:
        if self.state == "ready":
            self.not_ready_since_ns, self.reported = None, False
            return False
        if not self.ever_ready:
            return False
        if self.not_ready_since_ns is None:
            self.not_ready_since_ns = self.now_ns
        outlived = self.now_ns - self.not_ready_since_ns >= self.settings.quarantine_limit_ns
        return outlived and not self.reported

    def _doubt(self, counting: list[Source]) -> float:
        if self.state == "ready":
            return 0.0
        if self.state == "unusable" or self.mark is None:
            return DOUBT_MAX
        others = [source.price for source in counting]
        others += [self.trusted] if self.unconfirmed else []
        far = [self._distance(price, self.mark) for price in others]
        return min(max([self.settings.doubt_ratio_degraded, *far]), DOUBT_MAX)

    def facts(self, answer: Answer) -> dict[str, Any]:
        """What a replay prints."""
        flags = ["0"] * SOURCES_MAX
        for number, source in self.sources.items():
            bits = self.fresh(source) + 2 * self.saturated(source) + 4 * source.outlier
            flags[number] = str(bits)
        waiting = self.candidate is not None
        return {
            "status": answer.status,
            "state": self.state,
            "mark": 0.0 if self.mark is None else self.mark,
            "mark_ts_ns": self.mark_ts_ns,
            "doubt_ratio": self.doubt_ratio,
            "candidate": self.candidate if waiting else 0.0,
            "quarantine_since_ns": self.waiting_since_ns if waiting else 0,
            "waiting": waiting,
            "unconfirmed": self.unconfirmed,
            "escalated": answer.escalated,
            "sources": "".join(flags),
        }


@dataclass
class Basis:
    settings: Settings
    average_ratio: float = 0.0
    observations: list[tuple[int, float]] = field(default_factory=list)

    def update(self, price: float, index: float, ts_ns: int) -> str:
        if not (math.isfinite(price) and math.isfinite(index)):
            return "not_finite"
        if price <= 0 or index <= 0:
            return "not_positive"
        if ts_ns < 0:
            return "out_of_range"
        if self.observations and ts_ns < self.observations[-1][0]:
            return "time_reversed"
        cap = self.settings.mark_basis_cap_ratio
        self.observations.append((ts_ns, max(-cap, min(price / index - 1, cap))))
        self.average_ratio = self._average()
        return "ok"

    def _average(self) -> float:
        """From the first observation on, each weighted by the time it stood."""
        rule = self.settings
        average = self.observations[0][1]
        for (begin, observed), (end, _) in zip(
            self.observations, self.observations[1:], strict=False
        ):
            stood = min(end - begin, rule.heartbeat_ns)
            kept = math.exp(-stood / rule.mark_basis_window_ns)
            average += (1 - kept) * (observed - average)
        cap = rule.mark_basis_cap_ratio
        return max(-cap, min(average, cap))
