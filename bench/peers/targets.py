"""Forced kernels: which target runs is fixed at the first call, so each has a process of its own.

The process inherits this one's processor and works only while this one waits for its answer, so a
race through it is as interleaved as any other.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

import tickmargin as tm
from bench.harness import Contestant
from bench.peers.inputs import Column, Options, draw_options
from tickmargin import _core


def digest(columns: dict[str, Column]) -> str:
    """Hash the bits of an answer."""
    found = hashlib.sha256()
    for values in columns.values():
        found.update(values.tobytes())
    return found.hexdigest()


class TargetProcess:
    """A Python in which one target is forced; serves repeats of one in-cache call."""

    def __init__(self, target: str) -> None:
        self._target = target
        path = os.pathsep.join(sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers.targets"],
            env={
                **os.environ,
                "TICKMARGIN_KERNELS": target,
                "PYTHONPATH": path,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def contestant(
        self, names: tuple[str, ...], options: Options, own: dict[str, Column]
    ) -> Contestant:
        """Race on the same seeded options; its answer must have the bits of ``own``."""
        ready = self._ask({"names": names, "count": options.forward.size})
        if ready["kernels"] != self._target:
            raise AssertionError(f"asked for {self._target}, got {ready['kernels']}")

        def check() -> None:
            if self._ask({"repeats": 1})["digest"] != digest(own):
                raise AssertionError(f"{self._target} has other bits")

        return Contestant(
            f"ours, {self._target}",
            lambda: None,
            check,
            time_ns=lambda repeats: self._ask({"repeats": repeats})["ns"],
        )


def _serve() -> None:
    setup = json.loads(sys.stdin.readline())
    count = setup["count"]
    columns = draw_options(count).columns
    columns = (columns[0].view(np.uint8), *columns[1:])
    out = {name: np.zeros(count) for name in setup["names"]}
    print(json.dumps({"kernels": tm.info()["kernels_chosen"]}), flush=True)
    for line in sys.stdin:
        repeats = json.loads(line)["repeats"]
        call = _core.price_on_forward
        call(columns, count, out, False)
        start = time.process_time_ns()
        for _ in range(repeats):
            call(columns, count, out, False)
        elapsed = time.process_time_ns() - start
        answer = digest(out) if repeats == 1 else None
        print(json.dumps({"ns": elapsed, "digest": answer}), flush=True)


if __name__ == "__main__":
    _serve()
