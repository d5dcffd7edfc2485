"""One command, one interleaved run: every answer checked, every figure a ratio with its spread."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import tickmargin as tm
from bench import harness, machine
from bench.peers import engine, greeks, implied, scenarios
from bench.peers.row_gather import find_library


def _races(small: bool, library: Path | None) -> Iterator[tuple[str, Callable[[], list]]]:
    targets = [name for name in tm.info()["kernels_available"] if name != "scalar"]
    yield "greeks", lambda: greeks.races(small, targets)
    yield "implied", lambda: implied.races(small)
    yield "matrix", lambda: [scenarios.matrix_race(small)]
    yield "margin", lambda: [scenarios.margin_race(small, library)]
    if len(harness.PROCESSORS) > 1:
        yield "threads", lambda: [scenarios.threads_race(small)]
    yield "engine", lambda: engine.races(small, len(harness.PROCESSORS))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures and the machine's facts here")
    parser.add_argument("--rounds", type=int, default=9, help="timings per contestant (default 9)")
    parser.add_argument("--only", action="append", help="greeks, implied, matrix, margin, ...")
    parser.add_argument("--small", action="store_true", help="short inputs: checks, not figures")
    parser.add_argument("--row-gather", type=Path, default=find_library(), help="its library")
    options = parser.parse_args(arguments)
    harness.pin()
    finished = []
    for group, make in _races(options.small, options.row_gather):
        if options.only and group not in options.only:
            continue
        for race in make():
            harness.run(race, options.rounds)
            finished.append(harness.summary(race))
            _show(finished[-1])
    if options.json is not None:
        document = {
            "schema": 1,
            "machine": machine.facts(),
            "rounds": options.rounds,
            "small": options.small,
            "races": finished,
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


def _show(race: dict) -> None:
    print(f"\n{race['name']}")
    for name, one in race["contestants"].items():
        rate = one["rows_per_s"] / 1e6
        had = f", on {one['processors_had']:.2f} processors" if race["clock"] == "wall" else ""
        figures = f"{one['median_ns'] / 1e6:12.4f} ms {rate:10.2f} M {race['unit']}/s"
        print(f"  {name:20} {figures}{had}")
    for goal in race["goals"]:
        ratio = goal["ratio"]
        spread = f"({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        verdict = ""
        if goal["goal"] is not None:
            verdict = "reached" if ratio["median"] >= goal["goal"] else "MISSED"
            verdict = f"goal {goal['goal']:g}: {verdict}"
        pair = f"{goal['ours']} / {goal['peer']}"
        print(f"  {pair:36} x{ratio['median']:7.2f} {spread:20} {verdict}")
    busy = harness.crowded(race)
    if busy:
        print(f"  the processor was shared with other programs while timing: {', '.join(busy)}")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
