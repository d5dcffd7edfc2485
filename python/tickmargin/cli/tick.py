"""`tickmargin tick`: a file of ticks through a portfolio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tickmargin.cli import exit_codes
from tickmargin.cli.options import (
    DEFAULT_POLICIES,
    Json,
    MarketFolder,
    Out,
    PolicyName,
    PortfolioFolder,
    Strict,
)

if TYPE_CHECKING:
    from tickmargin.engine import Engine

_SECOND_NS = 1_000_000_000
_BAND_CAP = 0.25  # where time stops widening the band


def tick(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    ticks: Annotated[
        Path,
        typer.Argument(
            metavar="TICKS",
            help="Ticks as .csv or .parquet: ts_ns or time, underlying, price, [source], [seq].",
            show_default=False,
        ),
    ],
    policies: PolicyName = DEFAULT_POLICIES,
    align: Annotated[
        bool,
        typer.Option(
            "--align", help="Move the first tick to the market's time, first prices to its index."
        ),
    ] = False,
    quorum: Annotated[
        int | None,
        typer.Option("--quorum", min=1, help="Sources that must agree (default: most of them)."),
    ] = None,
    heartbeat: Annotated[
        float, typer.Option("--heartbeat", min=0.001, help="Seconds after which a source is stale.")
    ] = 30.0,
    band: Annotated[
        float,
        typer.Option(
            "--band", min=0.0, max=1.0, help="Move that one source alone may make at once (ratio)."
        ),
    ] = 0.05,
    quarantine: Annotated[
        float,
        typer.Option(
            "--quarantine-limit",
            min=0.0,
            help="Seconds a doubtful price waits; then it is taken, but nobody liquidated on it.",
        ),
    ] = 300.0,
    clock: Annotated[
        float, typer.Option("--clock", min=0.001, help="Seconds between records of time.")
    ] = 10.0,
    speed: Annotated[
        float, typer.Option("--speed", min=0.0, help="1: as fast as it happened; 0: at once.")
    ] = 0.0,
    no_live: Annotated[
        bool, typer.Option("--no-live", help="No moving view: progress as lines.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="DIRECTORY",
            help="Record the run for `replay` and recovery: a new or empty folder.",
        ),
    ] = None,
    tiers: Annotated[
        float | None,
        typer.Option(
            "--tiers",
            min=0.001,
            metavar="SECONDS",
            help="Every so often (stream time), compare with the exact policy that is named.",
        ),
    ] = None,
    out: Out = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Stream index ticks through a portfolio: who moves to which state, when, and how fast.

    Every mark starts where the market has it; underlyings without ticks stay there. Time moves
    with the ticks. At the end every account is compared with a recompute from scratch. --out
    writes all events, --record keeps every record for `replay`. With --strict undecidable
    accounts are exit code 4, refused ticks 5; without it refused ticks are told by status, and 5
    where every tick is refused. --tiers
    tells the largest gap to the exact policy at any look and the safety factor that bounds it; with
    --strict an account below the exact requirement is exit code 5.

    A price that one source alone has left the mark for by more than --band waits in quarantine: a
    second source that agrees ends it, or an operator's release, and nobody is liquidated meanwhile.
    """
    from tickmargin.cli import tick_view
    from tickmargin.cli import ticks as files
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_out, console, print_json, print_table, say, write_table
    from tickmargin.cli.tick_run import TickRun
    from tickmargin.table import unit_of_time
    from tickmargin.tier_watch import TierWatch

    check_out(out)
    engine = load_engine(market, portfolio, policies)
    stream = files.read_ticks(ticks, engine.market)
    if align:
        stream = files.align(stream, engine.market)
    early = int((stream.ts_ns < engine.market.as_of_ns).sum())
    if early:
        unit = unit_of_time(int(stream.ts_ns.max()), "ts_ns")
        say(
            f"warning: {early:,} ticks are older than the market; "
            f"--align moves them to its time{unit}"
        )
    guard = {
        "band_ratio": band,
        "band_cap_ratio": max(band, _BAND_CAP),
        "quarantine_limit_ns": int(quarantine * _SECOND_NS),
    }
    held = files.start_engine(engine, stream, int(heartbeat * _SECOND_NS), quorum, guard)
    if held:
        say(f"no ticks of {', '.join(held)}: held at the market's price")
    if record is not None:
        _record_to(engine, record)
    rows = files.tick_records(stream, engine.market.as_of_ns, int(clock * _SECOND_NS))
    watch = None if tiers is None else TierWatch(engine, int(tiers * _SECOND_NS))
    run = TickRun(engine, rows, speed=speed, sources=stream.sources, watch=watch)
    target, numeraire = console(), engine.market.numeraire
    if target.is_terminal and not (no_live or as_json):
        tick_view.run_live(run, numeraire, target)
    else:
        tick_view.run_plain(run)
    facts = run.facts()
    engine.verify()
    if record is not None:
        # A last snapshot: so the recording holds the hash of its end, and a replay can compare it.
        engine.snapshot()
        facts["recorded"] = {"directory": str(record), "durable_seq": engine.durable_seq}
        say(
            f"recorded to {record}: {engine.durable_seq:,} records durable, "
            f"state hash {facts['state_hash']}"
        )
    if out is not None:
        events = run.event_table()
        write_table(events, out)
        say(f"wrote {len(events):,} events to {out}")
    if as_json:
        print_json(facts)
    else:

        def show(table: object) -> None:
            print_table(target, table)  # type: ignore[arg-type]
            target.print()

        target.print(
            f"{len(stream):,} ticks to {tick_view.clock_text(run.now_ns)}, "
            f"{len(facts['liquidated']):,} accounts liquidated",
            markup=False,
        )
        target.print()
        tick_view.print_summary(run, numeraire, show)
        for line in tick_view.tier_lines(run):
            target.print(line, markup=False, soft_wrap=True)
    refused = run.refused()
    told = ", ".join(f"{number:,} {name}" for name, number in refused.items())
    if len(stream) and sum(refused.values()) >= len(stream):
        say(f"error: every tick of {ticks} was refused: {told}")
        raise typer.Exit(exit_codes.REFUSED)
    if refused:
        number = sum(refused.values())
        say(f"warning: {number:,} of {run.done:,} records were refused and changed nothing: {told}")
    if strict and run.states["undecidable"]:
        raise typer.Exit(exit_codes.UNDECIDABLE)
    behind = watch is not None and not all(row["covered"] for row in watch.worst())
    if strict and (refused or behind):
        raise typer.Exit(exit_codes.REFUSED)


def _record_to(engine: Engine, directory: Path) -> None:
    from tickmargin.errors import InvalidInputError

    try:
        engine.record_to(directory)
    except InvalidInputError as error:
        if error.code != "RECORDING_IN_USE":
            raise
        message = (
            f"{directory} holds a recording already: choose a new or empty folder for --record, "
            f"or run that one again: tickmargin replay {directory}"
        )
        raise InvalidInputError(message, code=error.code) from error
