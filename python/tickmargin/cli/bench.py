"""`tickmargin bench`: what this machine does with a stream of records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmargin.cli.options import DEFAULT_POLICIES, Json, PolicyName, Seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tickmargin.engine import Engine
    from tickmargin.simulate.stream import Load, Stream

bench = typer.Typer(help="Measure latencies on this machine; every bench checks its answer.")

_EMPTY_SHARE = 4  # the empty loop runs for this part of the time
_NAMES = {
    "index_tick": "index tick",
    "order": "order check",
    "surface_commit": "surface re-mark",
    "clock": "clock",
}


@bench.callback()
def group() -> None:
    """Measure latencies on this machine; every bench checks its answer."""


@bench.command("tick")
def tick(
    market: Annotated[
        Path | None, typer.Option("--market", metavar="DIR", help="A given book's market.")
    ] = None,
    portfolio: Annotated[
        Path | None, typer.Option("--portfolio", metavar="DIR", help="And its portfolio.")
    ] = None,
    accounts: Annotated[int, typer.Option("--accounts", min=10, help="Of a made book.")] = 2_000,
    positions: Annotated[int, typer.Option("--positions", min=20, help="Of a made book.")] = 20_000,
    seed: Seed = 1,
    policies: PolicyName = DEFAULT_POLICIES,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long.")] = 10.0,
    ticks: Annotated[
        float, typer.Option("--ticks", min=0.0, help="A second and underlying.")
    ] = 10.0,
    orders: Annotated[float, typer.Option("--orders", min=0.0, help="Checked a second.")] = 500.0,
    surfaces: Annotated[
        float, typer.Option("--surfaces", min=0.0, help="Whole surfaces re-marked a second.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Feed a planned stream of index ticks, orders and surface re-marks, and time each record.

    Every record has its moment, and its latency runs from there: one that waits behind a slow
    one is charged for the wait. Beside it stands the same loop with nothing in it. At the end
    every account is compared with a recompute from scratch; if one differs the command fails.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import print_json, say
    from tickmargin.simulate.stream import Load, mixed_stream

    if (market is None) != (portfolio is None):
        raise typer.BadParameter("--market and --portfolio go together")
    if market is not None and portfolio is not None:
        engine = load_engine(market, portfolio, policies)
    else:
        say(f"making {accounts:,} accounts with {positions:,} positions, seed {seed}")
        engine = _made(accounts, positions, seed, policies)
    load = Load(seconds, ticks, orders, surfaces)
    stream = mixed_stream(engine, load, seed)
    if not len(stream.rows):
        raise typer.BadParameter("nothing to measure: all rates are 0")
    _hear(engine)
    say(f"playing {len(stream.rows):,} records for {seconds:g} s")
    found = measure(engine, stream)
    facts = {"load": _load_facts(load), "book": _book_facts(engine, seed), **found}
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _made(accounts: int, positions: int, seed: int, policies: str) -> Engine:
    from tickmargin.engine import Engine
    from tickmargin.simulate import synthetic_venue

    venue = synthetic_venue(accounts, positions, seed)
    return Engine(venue.market_at(), venue.portfolio(), policies)


def _hear(engine: Engine) -> None:
    """Let every mark be heard before anything is timed."""
    import numpy as np

    from tickmargin import records

    price = engine.market.underlyings.index_price
    known = np.flatnonzero(np.isfinite(price)).astype(np.int32)
    for row in known.tolist():
        tick = records.index_tick(row, price[row], seq=0, ts_ns=engine.market.as_of_ns)
        engine.apply(tick)
        engine.events()


def measure(engine: Engine, stream: Stream) -> dict[str, Any]:
    """Play a stream, check where it ended, and give the latencies by kind of record.

    Raises
    ------
    RuntimeError
        The final state differs from a recompute.
    """
    import numpy as np

    from tickmargin import _core
    from tickmargin.cli.tick_run import percentiles
    from tickmargin.live_results import CHECK_VERDICTS, RECORD_STATUSES
    from tickmargin.record_types import TYPES

    rows, planned = stream.rows, stream.planned_ns
    empty = np.zeros(max(1, len(rows) // _EMPTY_SHARE), np.int64)
    _core.play_nothing(planned[: len(empty)], empty)
    status, latency = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.int64)
    events = engine.play(rows, planned, status, latency)
    engine.verify()
    kinds: dict[str, Any] = {}
    for number in np.unique(rows["type"]).tolist():
        mine = rows["type"] == number
        words = CHECK_VERDICTS if TYPES[number] == "order" else RECORD_STATUSES
        counts = np.bincount(status[mine], minlength=len(words)).tolist()
        kinds[TYPES[number]] = {
            "records": int(mine.sum()),
            "latency_ns": percentiles(latency[mine]),
            "histogram": histogram(latency[mine]),
            "answers": {word: n for word, n in zip(words, counts, strict=True) if n},
        }
    return {
        "records": kinds,
        "empty_loop": {"latency_ns": percentiles(empty), "histogram": histogram(empty)},
        "events": events,
        "counters": engine.counters(),
        "equals_recompute": True,
    }


def histogram(latency_ns: NDArray[np.int64]) -> list[dict[str, int]]:
    """How many latencies are below each power of two nanoseconds, and not below the one before."""
    import numpy as np

    power = np.ceil(np.log2(np.maximum(latency_ns, 1) + 1)).astype(np.int64)
    return [
        {"below_ns": 1 << at, "count": number}
        for at, number in enumerate(np.bincount(power).tolist())
        if number
    ]


def _load_facts(load: Load) -> dict[str, float]:
    return {name: getattr(load, name) for name in load.__slots__}


def _book_facts(engine: Engine, seed: int) -> dict[str, Any]:
    portfolio = engine.portfolio
    return {
        "accounts": len(portfolio.accounts),
        "positions": len(portfolio.positions),
        "instruments": len(portfolio.instruments),
        "policies": engine.info()["policies"],
        "seed": seed,
    }


def _print(facts: dict[str, Any]) -> None:
    from rich.text import Text

    from tickmargin.cli.output import console, print_table
    from tickmargin.cli.tick_run import PERCENTILES
    from tickmargin.cli.tick_view import duration
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import count, words

    target = console()
    book = facts["book"]
    heads = [("", True), ("records", False), *((name, False) for name in PERCENTILES)]
    table = grid("Latency from the planned moment to done", [*heads, ("answers", True)])
    for kind, row in facts["records"].items():
        if kind == "surface_stage":
            continue  # its re-mark is done when it is committed
        answers = ", ".join(f"{n:,} {words(word)}" for word, n in row["answers"].items())
        cells = (Text(duration(row["latency_ns"][name])) for name in PERCENTILES)
        table.add_row(Text(_NAMES.get(kind, words(kind))), count(row["records"]), *cells, answers)
    empty = facts["empty_loop"]["latency_ns"]
    table.add_row(
        Text("empty loop", style="dim"), "", *(Text(duration(empty[name])) for name in PERCENTILES)
    )
    target.print(
        f"{book['accounts']:,} accounts, {book['positions']:,} positions, "
        f"{book['instruments']:,} instruments",
        markup=False,
    )
    paths = ", ".join(f"{row['policy']}: {row['path']}" for row in book["policies"])
    target.print(f"policies: {paths}", markup=False)
    target.print()
    print_table(target, table)
    target.print()
    target.print(
        f"{facts['events']:,} events; every account equals a recompute from scratch", markup=False
    )
    target.print(name_cell("One run on a shared machine is a note, not a promise."), style="dim")
