"""Random records for the guards, as tuples; their lines for `guard_replay`; its answers, parsed."""

from __future__ import annotations

import dataclasses
import math
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.oracle_guard import Answer, OracleGuard, Settings

Record = tuple[Any, ...]  # ("tick", source, sequence, price, ts_ns), ("clock", now_ns), ...

SECOND_NS = 10**9
START_NS = 1_700_000_000 * SECOND_NS


def replay(lines: list[str]) -> list[str]:
    """The answers of the C++ guards, one a line that asks for one."""
    build = os.environ.get("TICKMARGIN_DEV_BUILD")
    binary = Path(build or "") / "tests" / "cpp" / "guard_replay"
    if build is None or not binary.is_file():
        pytest.skip(f"GUARD REPLAY NOT RUN: TICKMARGIN_DEV_BUILD={build} has no {binary.name}")
    ran = subprocess.run(
        [binary], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def words(*values: Any) -> str:
    return " ".join(v.hex() if isinstance(v, float) else str(int(v)) for v in values)


def line(record: Record) -> str:
    name, *values = record
    if name == "release" and len(values) == 2:
        name = "release_at"
    return f"{name} {words(*values)}"


def settings_line(settings: Settings) -> str:
    return f"settings {words(*dataclasses.astuple(settings))}"


def twin_answer(guard: OracleGuard, record: Record) -> Answer:
    name, *values = record
    take = {
        "tick": guard.tick,
        "clock": guard.clock,
        "release": guard.release,
        "forget": guard.forget,
    }[name]
    return take(*values)


def parse(answer: str) -> dict[str, Any]:
    """In the words of `OracleGuard.facts`."""
    status, state, mark, mark_ts, doubt, candidate, since, *rest = answer.split()
    waiting, unconfirmed, escalated, sources = rest
    return {
        "status": status,
        "state": state,
        "mark": float.fromhex(mark),
        "mark_ts_ns": int(mark_ts),
        "doubt_ratio": float.fromhex(doubt),
        "candidate": float.fromhex(candidate),
        "quarantine_since_ns": int(since),
        "waiting": waiting == "1",
        "unconfirmed": unconfirmed == "1",
        "escalated": escalated == "1",
        "sources": sources,
    }


def make_settings(rng: random.Random) -> Settings:
    signed = rng.random() < 0.2
    heartbeat = rng.choice((5, 30, 60)) * SECOND_NS
    return Settings(
        quorum=rng.choice((1, 1, 2, 2, 3)),
        signed_prices=signed,
        price_scale_min=10.0 if signed else 0.0,
        heartbeat_ns=heartbeat,
        unusable_after_ns=heartbeat * rng.choice((1, 2, 5)),
        lead_max_ns=rng.choice((0, 0, 10 * SECOND_NS)),
        source_clamp_ratio=rng.choice((0.005, 0.02)),
        feed_min=rng.choice((-math.inf, 40.0)),
        feed_max=rng.choice((math.inf, 250.0)),
        band_ratio=rng.choice((0.01, 0.05)),
        velocity_ratio_per_sqrt_second=rng.choice((0.0, 0.0015, 0.01)),
        band_cap_ratio=rng.choice((0.05, 0.25)),
        quarantine_limit_ns=rng.choice((10, 60, 300)) * SECOND_NS,
        doubt_ratio_degraded=rng.choice((0.0, 0.05)),
    )


class Feed:
    """A price that wanders, and sources that follow it, late, wrong, twice or not at all."""

    def __init__(self, rng: random.Random, sources: int) -> None:
        self.rng = rng
        self.price = 100.0
        self.now_ns = START_NS
        self.sent: list[Record] = []
        self.sequence = [rng.randrange(2**40)] * sources
        self.last_ns = [START_NS] * sources
        self.error = [1.0] * sources  # a source's price is the true one times this
        self.silent_until_ns = [0] * sources

    def next(self) -> Record:
        rng = self.rng
        self.now_ns += rng.choice((0, 1, 10**6, 10**8, SECOND_NS, SECOND_NS, 7 * SECOND_NS))
        if rng.random() < 0.002:
            self.now_ns += rng.choice((40, 100, 700)) * SECOND_NS
        self._wander()
        kind = rng.random()
        if kind < 0.08:
            return ("clock", self.now_ns - (rng.random() < 0.05) * SECOND_NS * rng.randrange(20))
        if kind < 0.09:
            return self._release()
        if kind < 0.13 and self.sent:
            return self._again()
        return self._tick()

    def _wander(self) -> None:
        rng = self.rng
        self.price *= math.exp(rng.gauss(0.0, 0.001) + 0.002 * math.log(100.0 / self.price))
        if rng.random() < 0.004:
            self.price *= rng.choice((0.5, 0.8, 0.91, 1.1, 1.25, 2.2))
        source = rng.randrange(len(self.error))
        change = rng.random()
        if change < 0.01:
            self.error[source] = rng.choice((1e-4, 0.3, 0.8, 0.97, 1.03, 1.2, 3.0, 1e6))
        elif change < 0.04:
            self.error[source] = 1.0
        elif change < 0.045:
            self.silent_until_ns[source] = self.now_ns + rng.randrange(400) * SECOND_NS

    def _tick(self) -> Record:
        rng = self.rng
        source = rng.randrange(len(self.error))
        if self.now_ns < self.silent_until_ns[source]:
            return ("clock", self.now_ns)
        price = self.price * self.error[source] * (1 + rng.gauss(0.0, 0.0005))
        fault = rng.random()
        if rng.random() < 0.1:
            price = rng.choice((float(round(price)), 40.0, 250.0))  # on borders and in ties
        if fault < 0.01:
            price = rng.choice((0.0, -price, math.nan, math.inf, -math.inf, 5e-324, 1e308))
        ts_ns = self.now_ns - rng.choice((0, 0, 0, 5 * 10**7, SECOND_NS))
        if fault > 0.99:
            ts_ns = rng.choice((-1, ts_ns - 90 * SECOND_NS, ts_ns + 20 * SECOND_NS))
        self.sequence[source] += rng.choice((1, 1, 1, 1, 1, 2, 0, -1))
        legal = math.isfinite(price)
        record = ("tick", source + (fault > 0.998) * 8, self.sequence[source], price, ts_ns)
        if legal:
            self.sent.append(record)
        return record

    def _again(self) -> Record:
        """An earlier tick, as it was or with another price."""
        record = self.rng.choice(self.sent[-20:])
        changed = self.rng.random()
        if changed < 0.2:
            return (*record[:3], record[3] * 1.5, record[4])
        return (*record[:4], record[4] + 1) if changed < 0.3 else record

    def _release(self) -> Record:
        what = self.rng.random()
        if what < 0.2:
            return self._forget()
        if what < 0.75:
            return ("release", self.now_ns)
        price = self.price * self.rng.choice((1.0, 1.0, 0.7, 1.3))
        return ("release", self.now_ns, self.rng.choice((price, price, price, -1.0, math.nan)))

    def _forget(self) -> Record:
        """An operator has a source start again; then it may number its ticks anew."""
        source = self.rng.randrange(len(self.sequence) + 1)
        if source < len(self.sequence) and self.rng.random() < 0.5:
            self.sequence[source] = 2**20
        return ("forget", source, self.now_ns + self.rng.choice((0, 0, 0, 30 * SECOND_NS)))


def make_records(rng: random.Random, sources: int, count: int) -> list[Record]:
    feed = Feed(rng, sources)
    return [feed.next() for _ in range(count)]
