"""What the library asks for, by object: a clock, a lock, a thread, a file, memory, a throw.

That the live engine's calls allocate nothing and make no system call is counted in
``tests/cpp/test_live_hot_path.cpp``; a clock read in user space or a lock that nobody holds makes
no system call, and code that no count has met may still allocate or throw, so the objects are read
for their names.
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
    "exception": r"__cxa_(throw\w*|allocate_exception|rethrow)|std::__throw_.*",
    "memory": r"operator new.*|malloc|calloc|realloc|aligned_alloc|posix_memalign",
}

# Cold rooms: files, the workers of a batch, the choice of kernels at the first call, who is told of
# a fork, and how often a replay tells how far it is.
MAY = {
    "fork_watch.cpp.o": {"lock"},
    "posix_files.cpp.o": {"file", "lock"},
    "journal.cpp.o": {"thread"},
    "batch.cpp.o": {"thread"},
    "state_counts.cpp.o": {"thread"},
    "what_if.cpp.o": {"thread"},
    "dispatch.cpp.o": {"file", "lock"},
    "replay.cpp.o": {"clock"},
}
# Objects of a record's way through the engine, an order's and a read's, that hold nothing which
# could allocate or throw: whatever they put anywhere goes where room was taken (base/reserved.hpp).
CLEAN = {
    "apply.cpp.o",
    "apply_book.cpp.o",
    "apply_lifecycle.cpp.o",
    "apply_market.cpp.o",
    "apply_time.cpp.o",
    "bands.cpp.o",
    "check.cpp.o",
    "collect.cpp.o",
    "ease.cpp.o",
    "evaluate.cpp.o",
    "record_check.cpp.o",
    "settlement.cpp.o",
    "oracle_guard.cpp.o",
    "vol_guard.cpp.o",
    "fixed.cpp.o",
}
# Objects of the same way in which such code is left, and why it is never reached from a record.
# What their vectors may hold is reserved at creation and with every set of policies
# (live/reserve.cpp); tests/cpp/test_live_hot_path.cpp counts every method and add-on.
RESERVED = {
    "prove.cpp.o": "assign and resize of an anchor's nodes and rows",
    "unit_wear.cpp.o": "rows and columns of lines",
    "bounds.cpp.o": "lines of a unit, as many as scenarios",
    "dynamic.cpp.o": "losses by underlying",
    "joint_moves.cpp.o": "profits by joint scenario; and a batch's own",
    "matrix.cpp.o": "expiries of a unit; and preparing a policy",
    "netting.cpp.o": "losses by underlying",
    "orders.cpp.o": "the book with orders filled",
    "portfolio.cpp.o": "preparing a policy",
    "portfolio_orders.cpp.o": "a unit with orders filled",
    "portfolio_unit.cpp.o": "expiries of a unit",
    "protocol.cpp.o": "holdings of a pocket",
    "saddlepoint.cpp.o": "matrices by underlying",
    "scenario.cpp.o": "profits by scenario; and preparing a policy",
    "span.cpp.o": "expiries of a unit",
    "standard.cpp.o": "expiries of a unit",
    "tail.cpp.o": "profits by joint scenario; and explanations",
    "tail_model.cpp.o": "sensitivities by underlying",
    "tail_orders.cpp.o": "a unit with orders filled",
    "tail_risk.cpp.o": "the order of losses; and explanations",
    "add_ons.cpp.o": "lines of an explanation",
    "scratch_pocket.cpp.o": "rows of one pocket",
    "pocket_store.cpp.o": "its creation",
    "ladder.cpp.o": "its creation",
    "world.cpp.o": "its creation, and preparing policies",
    "market.cpp.o": "its creation",
    "revaluation.cpp.o": "its creation",
    "live.cpp.o": "creation, staging and freezing",
    "scenario_table.cpp.o": "preparing a policy",
    "capi.cpp.o": "creation and all that is cold",
    "valuation.cpp.o": "values by underlying",
    "clearing_rules.cpp.o": "preparing a policy",
    "settle.cpp.o": "lines of a batch's projection",
}
# Rooms that no record enters.
COLD = {
    "batch.cpp.o",
    "book.cpp.o",
    "currency_equity.cpp.o",
    "delta_gamma.cpp.o",
    "durable.cpp.o",
    "engine.cpp.o",
    "explain.cpp.o",
    "fork_watch.cpp.o",
    "frame_writer.cpp.o",
    "haircut.cpp.o",
    "instrument_values.cpp.o",
    "journal.cpp.o",
    "liquidation_price.cpp.o",
    "market_move.cpp.o",
    "paradex.cpp.o",
    "parity.cpp.o",
    "persist.cpp.o",
    "posix_files.cpp.o",
    "projection.cpp.o",
    "quantile.cpp.o",
    "reader.cpp.o",
    "recording.cpp.o",
    "registry.cpp.o",
    "replay.cpp.o",
    "reserve.cpp.o",
    "risk_matrix.cpp.o",
    "saved_policies.cpp.o",
    "settings.cpp.o",
    "snapshot.cpp.o",
    "state_counts.cpp.o",
    "symmetric.cpp.o",
    "vega.cpp.o",
    "what_if.cpp.o",
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
    system = ("clock", "lock", "thread", "file")
    surprises = {
        member: {
            kind: names
            for kind, names in kinds.items()
            if kind in system and kind not in MAY.get(member, ())
        }
        for member, kinds in members.items()
    }
    assert {m: kinds for m, kinds in surprises.items() if kinds} == {}


def test_the_way_of_a_record_neither_throws_nor_allocates(
    members: dict[str, dict[str, set[str]]],
) -> None:
    assert CLEAN | COLD | set(RESERVED) <= set(members)
    throws = {m: kinds for m in sorted(CLEAN) if (kinds := throws_or_allocates(members[m]))}
    assert throws == {}
    # What is on the list is there for a reason that holds.
    assert [m for m in RESERVED if not throws_or_allocates(members[m])] == []
    # No room of the hot path is on neither list: what is left are cold ones.
    others = {m for m, kinds in members.items() if throws_or_allocates(kinds)}
    assert others - set(RESERVED) <= COLD


def throws_or_allocates(kinds: dict[str, set[str]]) -> set[str]:
    return kinds.get("exception", set()) | kinds.get("memory", set())


def test_the_search_finds_what_is_there(members: dict[str, dict[str, set[str]]]) -> None:
    assert "open" in members["posix_files.cpp.o"]["file"] | {
        name.removesuffix("64") for name in members["posix_files.cpp.o"]["file"]
    }
    assert members["batch.cpp.o"]["thread"]
    assert "__cxa_throw" in members["durable.cpp.o"]["exception"]
    assert "operator new(unsigned long)" in members["reserve.cpp.o"]["memory"]
    for hot in ("apply.cpp.o", "check.cpp.o", "evaluate.cpp.o", "capi.cpp.o", "bands.cpp.o"):
        assert hot in members
