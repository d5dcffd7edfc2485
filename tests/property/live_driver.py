"""`live_replay` of a development build: a venue, records in, answers out, parsed."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.live_margin import STATES
from tests.oracle.live_preview import CheckedOrder
from tests.oracle.live_records import EVENTS, MARK_STATES, Event, Record
from tests.property.live_edges import Edges
from tests.property.live_streams import END, RELOAD, STAGE

AMOUNTS = ("equity", "equity_initial", "initial", "maintenance", "slack")
BATCH = 256  # records that fit a pipe, so that nobody waits for the other
HEADS = {"answer", "audit", "hash", "checked", "edges"}  # first lines of replies
SILENT = {STAGE, RELOAD}


def binary() -> Path:
    """The program, or a skip that says what was not done."""
    build = os.environ.get("TICKMARGIN_DEV_BUILD")
    found = Path(build or "") / "tests" / "cpp" / "live_replay"
    if not build or not found.is_file():
        pytest.skip("TICKMARGIN_DEV_BUILD names no build: the live engine was not run by its twin")
    return found


@functools.cache
def venue(seed: int) -> dict[str, Any]:
    """What the small venue of a seed holds."""
    command = [binary(), "venue", str(seed)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(told.stdout))


@dataclass
class Told:
    """An event with its amounts: equity, maintenance, slack."""

    event: Event
    amounts: tuple[int, int, int]


@dataclass
class Reply:
    """What followed from one record or command."""

    status: str = ""
    events: list[Told] = field(default_factory=list)
    rows: list[tuple[str, str, bool, bool, int, dict[str, int]]] = field(default_factory=list)
    divergent: int = 0
    unlike_recompute: int = 0
    hash: str = ""
    edges: Edges = field(default_factory=Edges, compare=False)  # derived, not saved
    checked: CheckedOrder | None = None

    def states(self) -> dict[int, str]:
        """Accounts by the state that an event gives them."""
        return {t.event.account: t.event.after for t in self.events if t.event.type == "account"}

    def read(self, word: str, rest: Sequence[str]) -> None:
        """One line of it."""
        if word == "answer":
            self.status = rest[0]
        elif word == "audit":
            self.divergent, self.unlike_recompute = int(rest[0]), int(rest[1])
        elif word == "hash":
            self.hash = rest[0]
        elif word == "event":
            self.events.append(parse_event(rest))
        elif word == "checked":
            self.checked = CheckedOrder(*rest[:2], *(int(w) for w in rest[2:]))
        elif word == "row":
            amounts = dict(zip(AMOUNTS, map(int, rest[6:]), strict=True))
            own = (rest[1], rest[2], rest[3] == "1", rest[4] == "1", int(rest[5]), amounts)
            self.rows.append(own)
        else:
            self.edges.read(word, rest)


def parse_event(words: Sequence[str]) -> Told:
    """One event line."""
    kind, account, before, after, flags = (int(w) for w in words[:5])
    what = EVENTS[kind]
    names = {"account": STATES, "mark_state": MARK_STATES, "vol_state": MARK_STATES}.get(what)
    event = Event(
        what,
        account,
        names[before] if names else "none",
        names[after] if names else "none",
        words[5],
        -1 if what == "account" else int(words[6]),
        breach=what == "account" and bool(flags & 1),
        blocked=what == "account" and bool(flags & 2),
    )
    equity, maintenance, slack = (int(w) for w in words[7:10])
    return Told(event, (equity, maintenance, slack))


class Session:
    """The engine of one venue, given records bit by bit; a mutant of it where one is named."""

    def __init__(self, seed: int, kernels: str | None = None, program: Path | None = None) -> None:
        environment = {**os.environ} | ({"TICKMARGIN_KERNELS": kernels} if kernels else {})
        command = [program or binary(), "run", str(seed)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def send(self, records: Sequence[Record]) -> list[Reply]:
        """A reply for each record and command, in order."""
        replies: list[Reply] = []
        for first in range(0, len(records), BATCH):
            replies += self._send(records[first : first + BATCH])
        return replies

    def _send(self, records: Sequence[Record]) -> list[Reply]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        sent = [r.pack() for r in records] + [Record(END).pack()]
        self.process.stdin.write(b"".join(sent))
        self.process.stdin.flush()
        replies: list[Reply] = []
        wanted = iter(records)
        for line in self.process.stdout:
            word, *rest = line.decode().split()
            if word == "end":
                replies += [Reply() for _ in wanted]
                assert len(replies) == len(records)
                return replies
            if word in HEADS:
                while next(wanted).type in SILENT:
                    replies.append(Reply())
                replies.append(Reply())
            replies[-1].read(word, rest)
        raise AssertionError(f"the engine ended with {self.process.wait()}")


def run(
    seed: int, records: Sequence[Record], kernels: str | None = None, program: Path | None = None
) -> list[Reply]:
    """A reply for each record and command, in order."""
    with Session(seed, kernels, program) as session:
        return session.send(records)
