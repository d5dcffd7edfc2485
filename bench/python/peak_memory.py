"""Peak resident memory of the main job: Parquet -> Portfolio.load -> Engine -> recompute.

``python bench/python/peak_memory.py`` writes a venue of 1e6 accounts holding 1e7 positions into a
temporary folder in one process, and measures a fresh one that has done nothing else. Exits with 1
above the limit or if an answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_GIB = 4.0


def _write(folder: Path, accounts: int, positions: int) -> None:
    from tickmargin.simulate.venue import synthetic_venue

    venue = synthetic_venue(accounts, positions)
    venue.market_at().save(folder / "market")
    venue.portfolio().save(folder / "portfolio")


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _measure(folder: Path, preset: str, threads: int) -> dict[str, object]:
    import numpy as np

    import tickmargin as tm

    steps: dict[str, dict[str, float]] = {"import": {"seconds": 0.0, "peak_gib": _peak_gib()}}
    start = time.perf_counter()

    def step(name: str) -> None:
        nonlocal start
        now = time.perf_counter()
        steps[name] = {"seconds": round(now - start, 2), "peak_gib": round(_peak_gib(), 3)}
        start = now

    market = tm.Market.load(folder / "market")
    portfolio = tm.Portfolio.load(folder / "portfolio")
    step("load")
    engine = tm.Engine(market, portfolio, preset)
    step("engine")
    result = engine.recompute(threads=threads)
    step("recompute")
    accounts = result.accounts
    decided = int(np.count_nonzero(accounts["status"] == "ok"))
    return {
        "accounts": len(accounts),
        "positions": len(portfolio.positions),
        "decided": decided,
        "margin": float(np.sum(accounts["maintenance_margin"])),
        "peak_gib": round(_peak_gib(), 3),
        "steps": steps,
    }


def _child(*arguments: str) -> str:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--positions", type=int, default=10_000_000)
    parser.add_argument("--preset", default="house-portfolio")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = ["--accounts", str(options.accounts), "--positions", str(options.positions)]
    if options.write is not None:
        _write(options.write, options.accounts, options.positions)
        return 0
    if options.measure is not None:
        print(json.dumps(_measure(options.measure, options.preset, options.threads)))
        return 0
    with tempfile.TemporaryDirectory(prefix="tickmargin-bench-") as folder:
        _child("--write", folder, *size)
        answer = _child(
            "--measure", folder, "--preset", options.preset, "--threads", str(options.threads)
        )
    found = json.loads(answer)
    print(json.dumps(found, indent=1))
    if options.json is not None:
        options.json.write_text(json.dumps({"limit_gib": LIMIT_GIB, **found}, indent=1) + "\n")
    sound = (
        found["accounts"] == options.accounts
        and found["positions"] == options.positions
        and found["decided"] == options.accounts
        and found["margin"] > 0.0
    )
    if not sound:
        print("wrong answer: not every account was decided", file=sys.stderr)
    return 0 if sound and found["peak_gib"] <= LIMIT_GIB else 1


if __name__ == "__main__":
    raise SystemExit(main())
