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
from tests.oracle.live_records import EVENTS, MARK_STATES, Event, Record
from tests.property.live_streams import HASH, RELOAD, ROWS, STAGE

AMOUNTS = ("equity", "equity_initial", "initial", "maintenance", "slack")


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
    rows: list[tuple[str, str, bool, bool, dict[str, int]]] = field(default_factory=list)
    divergent: int = 0
    unlike_recompute: int = 0
    hash: str = ""

    def states(self) -> dict[int, str]:
        """Accounts by the state that an event gives them."""
        return {t.event.account: t.event.after for t in self.events if t.event.type == "account"}


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


def run(seed: int, records: Sequence[Record], kernels: str | None = None) -> list[Reply]:
    """A reply for each record and command, in order."""
    environment = {**os.environ} | ({"TICKMARGIN_KERNELS": kernels} if kernels else {})
    sent = b"".join(r.pack() for r in records)
    command = [binary(), "run", str(seed)]
    told = subprocess.run(command, input=sent, capture_output=True, check=True, env=environment)
    lines = iter(told.stdout.decode().splitlines())
    heads = {"answer": None, "audit": ROWS, "hash": HASH}
    silent = {STAGE, RELOAD}
    replies: list[Reply] = []
    wanted = iter(records)
    for line in lines:
        word, *rest = line.split()
        if word in heads:
            while next(wanted).type in silent:
                replies.append(Reply())
            replies.append(Reply())
        reply = replies[-1]
        if word == "answer":
            reply.status = rest[0]
        elif word == "audit":
            reply.divergent, reply.unlike_recompute = int(rest[0]), int(rest[1])
        elif word == "hash":
            reply.hash = rest[0]
        elif word == "event":
            reply.events.append(parse_event(rest))
        else:
            amounts = dict(zip(AMOUNTS, map(int, rest[5:]), strict=True))
            reply.rows.append((rest[1], rest[2], rest[3] == "1", rest[4] == "1", amounts))
    replies += [Reply() for _ in wanted]
    assert len(replies) == len(records)
    return replies
