"""What the installed library asks of the system: a clock, a lock, a thread or a file, by object.

That the live engine's calls allocate nothing and make no system call is counted in
``tests/cpp/test_live_hot_path.cpp``; a clock read in user space or a lock that nobody holds makes
no system call, so the objects are read for their names.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.embed.building import run, tool

import tickmargin

LIBRARY = Path(tickmargin.cmake_dir()).parents[1] / "libtickmargin_core.a"

ASKS = {
    "clock": r"clock_\w+|gettimeofday|time|std::chrono::.*::now\(\)",
    "lock": r"pthread_(mutex|cond|rwlock|spin|once)\w*|sem_\w+|std::(mutex|condition_variable).*"
    r"|__cxa_guard_acquire",
    "thread": r"pthread_create|std::thread::.*|sched_yield|nanosleep|syscall",
    "file": r"f?open(64)?|openat|p?read(64)?|p?write(64)?|fopen(64)?|fread|fwrite|f?puts|f?printf"
    r"|std::basic_[io]?f?stream.*|std::cout|std::cerr|getenv",
}

# Cold rooms: files, the workers of a batch, the choice of kernels at the first call, and how often
# a replay tells how far it is.
MAY = {
    "posix_files.cpp.o": {"file", "lock"},
    "journal.cpp.o": {"thread"},
    "batch.cpp.o": {"thread"},
    "what_if.cpp.o": {"thread"},
    "dispatch.cpp.o": {"file", "lock"},
    "replay.cpp.o": {"clock"},
}
# A failed assertion says where before it ends the process.
ASSERTION = {"fprintf"}


def asked() -> dict[str, dict[str, set[str]]]:
    """By object and kind, the names it leaves for others to define."""
    found: dict[str, dict[str, set[str]]] = {}
    for line in run(tool("nm"), "-A", "-C", "--undefined-only", str(LIBRARY)).splitlines():
        match = re.search(r":([^:]+\.o):\s+U (.+?)(@.*)?$", line)
        assert match is not None, line
        member, name = match[1], match[2]
        kinds = found.setdefault(member, {})
        for kind, pattern in ASKS.items():
            if name not in ASSERTION and re.fullmatch(pattern, name):
                kinds.setdefault(kind, set()).add(name)
    return found


@pytest.fixture(scope="module")
def members() -> dict[str, dict[str, set[str]]]:
    return asked()


def test_only_cold_rooms_ask_for_clocks_locks_threads_or_files(
    members: dict[str, dict[str, set[str]]],
) -> None:
    surprises = {
        member: {kind: names for kind, names in kinds.items() if kind not in MAY.get(member, ())}
        for member, kinds in members.items()
    }
    assert {m: kinds for m, kinds in surprises.items() if kinds} == {}


def test_the_search_finds_what_is_there(members: dict[str, dict[str, set[str]]]) -> None:
    assert "open" in members["posix_files.cpp.o"]["file"] | {
        name.removesuffix("64") for name in members["posix_files.cpp.o"]["file"]
    }
    assert members["batch.cpp.o"]["thread"]
    for hot in ("apply.cpp.o", "check.cpp.o", "evaluate.cpp.o", "capi.cpp.o", "bands.cpp.o"):
        assert hot in members
