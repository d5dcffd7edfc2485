"""Figures as a table for the README: ``python -m bench.report peers.json [--memory memory.json]``.

Refuses to print where a fact about the machine or the build is missing, where inputs were short,
where there were fewer than seven rounds or where other programs took the processor: such figures
say nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.harness import crowded

FACTS = (
    "cpu", "cores", "caches", "memory_gib", "system", "python", "tickmargin", "compiler",
    "kernels", "packages", "date",
)  # fmt: skip
LEAST_ROUNDS = 7

LEFT_OUT = (
    "absolute times, which are a note and not a promise;",
    "numba with Intel's SVML, which its PyPI wheel does not use;",
    "libraries that do other or less work (other conventions, one Greek a call, fewer digits);",
    "GPUs, and more than two threads;",
    "latencies of single orders and ticks.",
)


class UnfitError(ValueError):
    """The figures may not be shown."""


def render(document: dict[str, Any], memory: dict[str, Any] | None = None) -> str:
    """Give the table and what it leaves out, or refuse."""
    _require_fit(document)
    lines = [_machine(document), ""]
    lines += ["| work | against | ratio | lowest to highest | goal |", "|---|---|---|---|---|"]
    for race in document["races"]:
        lines += [_row(goal) for goal in race["goals"]]
    if memory is not None:
        lines.append(_memory_row(memory))
    notes = [race["left_out"] for race in document["races"] if race["left_out"]]
    lines += ["", "Ratios are medians over rounds of the two times of one round, one core unless a"]
    lines += ["row says threads. Left out:", ""]
    lines += [f"- {note}" for note in (*notes, *LEFT_OUT)]
    return "\n".join(lines) + "\n"


def _require_fit(document: dict[str, Any]) -> None:
    facts = document.get("machine", {})
    missing = [name for name in FACTS if not facts.get(name)]
    if missing:
        raise UnfitError(f"facts are missing: {', '.join(missing)}")
    if document.get("small"):
        raise UnfitError("the inputs were short (--small)")
    if document.get("rounds", 0) < LEAST_ROUNDS:
        raise UnfitError(f"fewer than {LEAST_ROUNDS} rounds")
    if not document.get("races"):
        raise UnfitError("there are no races")
    busy = [race["name"] for race in document["races"] if crowded(race)]
    if busy:
        raise UnfitError(f"other programs ran on the processor: {', '.join(busy)}")


def _machine(document: dict[str, Any]) -> str:
    facts = document["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    return (
        f"{facts['date']}; {facts['cpu']}, {facts['cores']} cores, {facts['caches']}, "
        f"{facts['memory_gib']:g} GiB; {facts['system']}; tickmargin {facts['tickmargin']} "
        f"({facts['compiler']}, kernels: {facts['kernels']}); Python {facts['python']}; "
        f"{packages}; {document['rounds']} rounds."
    )


def _row(goal: dict[str, Any]) -> str:
    ratio = goal["ratio"]
    asked = ""
    if goal["goal"] is not None:
        verdict = "reached" if ratio["median"] >= goal["goal"] else "missed"
        asked = f">= {goal['goal']:g}: {verdict}"
    spread = f"{ratio['lowest']:.2f} to {ratio['highest']:.2f}"
    work = goal["row"] if goal["ours"] == "ours" else f"{goal['row']} ({goal['ours']})"
    return f"| {work} | {goal['peer']} | {ratio['median']:.2f} | {spread} | {asked} |"


def _memory_row(memory: dict[str, Any]) -> str:
    peak, limit = memory["peak_gib"], memory["limit_gib"]
    verdict = "reached" if peak <= limit else "missed"
    work = f"{memory['accounts']:,} accounts, {memory['positions']:,} positions from Parquet"
    return f"| {work}: peak memory | | {peak:.2f} GiB | | <= {limit:g} GiB: {verdict} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; exit with 1 and a reason where it would be worth nothing."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("peers", type=Path, help="what `python -m bench.peers --json` wrote")
    parser.add_argument("--memory", type=Path, help="what `peak_memory.py --json` wrote")
    options = parser.parse_args(arguments)
    memory = None if options.memory is None else json.loads(options.memory.read_text())
    try:
        table = render(json.loads(options.peers.read_text()), memory)
    except UnfitError as error:
        print(f"no table: {error}", file=sys.stderr)
        return 1
    print(table, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
