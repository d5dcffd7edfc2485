"""`tickmargin tick`: a file of ticks through a portfolio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

_SECOND_NS = 1_000_000_000


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
    clock: Annotated[
        float, typer.Option("--clock", min=0.001, help="Seconds between records of time.")
    ] = 10.0,
    speed: Annotated[
        float, typer.Option("--speed", min=0.0, help="1: as fast as it happened; 0: at once.")
    ] = 0.0,
    no_live: Annotated[
        bool, typer.Option("--no-live", help="No moving view: progress as lines.")
    ] = False,
    out: Out = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Stream index ticks through a portfolio: who moves to which state, when, and how fast.

    Every mark starts where the market has it; underlyings without ticks stay there. Time moves
    with the ticks. At the end every account is compared with a recompute from scratch. --out
    writes all events. With --strict undecidable accounts are exit code 4, refused ticks 5.
    """
    from tickmargin.cli import tick_view
    from tickmargin.cli import ticks as files
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_out, console, print_json, print_table, say, write_table
    from tickmargin.cli.tick_run import TickRun

    check_out(out)
    engine = load_engine(market, portfolio, policies)
    stream = files.read_ticks(ticks, engine.market)
    if align:
        stream = files.align(stream, engine.market)
    early = int((stream.ts_ns < engine.market.as_of_ns).sum())
    if early:
        say(f"warning: {early:,} ticks are older than the market; --align moves them to its time")
    held = files.start_engine(engine, stream, int(heartbeat * _SECOND_NS), quorum)
    if held:
        say(f"no ticks of {', '.join(held)}: held at the market's price")
    rows = files.tick_records(stream, engine.market.as_of_ns, int(clock * _SECOND_NS))
    run = TickRun(engine, rows, speed=speed)
    target, numeraire = console(), engine.market.numeraire
    if target.is_terminal and not (no_live or as_json):
        tick_view.run_live(run, numeraire, target)
    else:
        tick_view.run_plain(run)
    facts = run.facts()
    engine.verify()
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
    if strict and run.states["undecidable"]:
        raise typer.Exit(exit_codes.UNDECIDABLE)
    if strict and set(run.counts) - {"ok", "quarantined"}:
        raise typer.Exit(exit_codes.REFUSED)
