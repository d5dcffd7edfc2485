"""Races: contestants take turns on one core, and every answer is checked before it is timed."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LEAST_TIMING_NS = 4_000_000  # a timing shorter than this is repeated within its round
MOST_REPEATS = 4096
LEAST_SHARE = 0.9  # of a processor; with less, something else was running on it


@dataclass
class Contestant:
    """One way of doing the work; ``call`` does it once and ``check`` refuses a wrong answer.

    ``time_ns`` replaces the clock of this process for work done elsewhere: it takes a number of
    repeats and returns the nanoseconds of processor time they took.
    """

    name: str
    call: Callable[[], Any]
    check: Callable[[], None]
    cpus: int = 1
    time_ns: Callable[[int], float] | None = None
    times_ns: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def timed(self, repeats: int, *, wall: bool = False) -> float:
        """Nanoseconds of ``repeats`` calls, by the processor or by the wall.

        Notes how many processors they were given, which is less than asked on a busy machine.
        """
        if self.time_ns is not None:
            return self.time_ns(repeats)
        call = self.call
        start = time.perf_counter_ns()
        used = time.process_time_ns()
        for _ in range(repeats):
            call()
        used = time.process_time_ns() - used
        elapsed = time.perf_counter_ns() - start
        self.shares.append(used / elapsed)
        return float(elapsed if wall else used)


@dataclass(frozen=True)
class Goal:
    """Ours must reach ``at_least`` times the speed of ``peer``; ``row`` names it in the table."""

    row: str
    ours: str
    peer: str
    at_least: float | None


@dataclass
class Race:
    """Contestants for the same work on the same inputs; ``rows`` is the work of one call."""

    name: str
    unit: str
    rows: int
    contestants: list[Contestant]
    goals: list[Goal]
    left_out: str = ""

    @property
    def wall(self) -> bool:
        """Whether threads race, so that only the clock on the wall can tell."""
        return any(one.cpus > 1 for one in self.contestants)

    def contestant(self, name: str) -> Contestant | None:
        return next((c for c in self.contestants if c.name == name), None)


PROCESSORS = sorted(os.sched_getaffinity(0), reverse=True)  # the first one does most interrupts


def pin(cpus: int = 1) -> None:
    """Keep this thread, and those it starts, on ``cpus`` of its processors."""
    os.sched_setaffinity(0, set(PROCESSORS[:cpus]))


@contextmanager
def pinned(cpus: int) -> Iterator[None]:
    """Widen the pin for a contestant that has more than one thread."""
    if cpus > len(PROCESSORS):
        raise RuntimeError(f"needs {cpus} processors, this process may use {len(PROCESSORS)}")
    pin(cpus)
    try:
        yield
    finally:
        pin()


def run(race: Race, rounds: int) -> None:
    """Check every answer once, then time all contestants in each of ``rounds`` rounds.

    Rounds run forwards and backwards in turn, so that nobody always follows the same neighbour.
    """
    repeats = {}
    for one in race.contestants:
        with pinned(one.cpus):
            one.call()
            one.check()
            once = max(one.timed(1, wall=race.wall), 1.0)
            repeats[one.name] = max(1, min(MOST_REPEATS, round(LEAST_TIMING_NS / once)))
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            order = race.contestants if number % 2 == 0 else race.contestants[::-1]
            for one in order:
                with pinned(one.cpus):
                    one.timed(1)  # its data back into the cache
                    count = repeats[one.name]
                    one.times_ns.append(one.timed(count, wall=race.wall) / count)
    finally:
        gc.enable()
    for one in race.contestants:
        one.check()


def crowded(race: dict[str, Any]) -> list[str]:
    """Name who raced against the wall's clock with less than nine tenths of one processor."""
    return [
        name
        for name, one in race["contestants"].items()
        if race["clock"] == "wall" and one["processors_had"] < LEAST_SHARE
    ]


def paired_ratio(ours: Sequence[float], peer: Sequence[float]) -> dict[str, float]:
    """Speed of ours over the peer's: median, lowest and highest of the rounds' own ratios."""
    ratios = [theirs / own for own, theirs in zip(ours, peer, strict=True)]
    return {
        "median": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }


def summary(race: Race) -> dict[str, Any]:
    """Give a finished race as plain data."""
    contestants = {}
    for one in race.contestants:
        median = statistics.median(one.times_ns)
        contestants[one.name] = {
            "median_ns": median,
            "rows_per_s": race.rows / median * 1e9,
            "processors": one.cpus,
            "processors_had": statistics.median(one.shares) if one.shares else None,
            "times_ns": one.times_ns,
        }
    goals = []
    for goal in race.goals:
        ours, peer = race.contestant(goal.ours), race.contestant(goal.peer)
        if ours is None or peer is None:
            continue
        goals.append(
            {
                "row": goal.row,
                "ours": goal.ours,
                "peer": goal.peer,
                "goal": goal.at_least,
                "ratio": paired_ratio(ours.times_ns, peer.times_ns),
            }
        )
    return {
        "name": race.name,
        "unit": race.unit,
        "rows": race.rows,
        "clock": "wall" if race.wall else "processor",
        "contestants": contestants,
        "goals": goals,
        "left_out": race.left_out,
    }
