"""A run with fills, pockets, listings and policy epochs, to be recorded, killed and damaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tests.python.live_books import BTC, ETH, SECOND, T0, ready

import tickmargin as tm
from tickmargin import records


def chunks(live: tm.Engine, count: int, seed: int = 11) -> Iterator[Any]:
    """Records from a seed, ten at a time, with a new pocket every hundred."""
    draw = np.random.default_rng(seed)
    price = {"BTC": BTC, "ETH": ETH}
    for k in range(count):
        now = T0 + (k + 1) * SECOND
        if k % 10 == 3:
            pocket = f"isolated-{k // 100}"
            where = ("boris", "BTC-PERP", float(draw.normal()), price["BTC"])
            yield records.fill(*where, ts_ns=now, pocket=pocket, engine=live)
        name = ("BTC", "ETH")[k % 2]
        steps = price[name] * np.exp(np.cumsum(draw.normal(0.0, 1e-3, 10)))
        price[name] = float(steps[-1])
        at = now + np.arange(10) * SECOND // 20
        seq = np.arange(10) + 10 * k + 10
        yield records.index_tick(name, steps, seq=seq, ts_ns=at, engine=live)
        yield records.clock(now + SECOND // 2)


def record_until_killed(directory: str) -> None:
    """Record for ever, telling the last durable record as it goes."""
    live = ready()
    live.record_to(directory)
    for number, chunk in enumerate(chunks(live, 1_000_000)):
        live.apply(chunk)
        live.events()
        if number % 500 == 499:
            live.snapshot()
        os.write(1, f"{live.durable_seq}\n".encode())


def run_until(applied_seq: int) -> tm.Engine:
    """An engine without a recording that has applied the same records up to a number."""
    live = ready()
    for chunk in chunks(live, 1_000_000):
        left = applied_seq - live.applied_seq
        if left <= 0:
            break
        live.apply(chunk[:left])
        live.events()
    assert live.applied_seq == applied_seq
    return live


if __name__ == "__main__":
    record_until_killed(str(Path(sys.argv[1])))
