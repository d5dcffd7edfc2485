"""`tickmargin run`: margin every account of a portfolio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tickmargin.cli import exit_codes
from tickmargin.cli.options import (
    DEFAULT_POLICIES,
    DEFAULT_THREADS,
    Json,
    MarketFolder,
    Out,
    PolicyName,
    PortfolioFolder,
    Strict,
    Threads,
)

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.report import Report, Run

_HEAT_MAP_ACCOUNTS = 14
_NOTES = 20


def run(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    policies: PolicyName = DEFAULT_POLICIES,
    threads: Threads = DEFAULT_THREADS,
    top: Annotated[int, typer.Option("--top", min=0, help="Riskiest accounts to show.")] = 15,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML report.")
    ] = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Margin every account: equity, IM, MM, slack and state.

    --out writes a row per account; --html a report that opens without a network.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_html, check_out, print_json, say, write_table
    from tickmargin.report import Run, summarise

    check_out(out)
    check_html(html)
    engine = load_engine(market, portfolio, policies)
    result = engine.recompute(threads=threads)
    name = ", ".join(engine.policies.names)
    done = Run(name, result, summarise(name, result))
    if out is not None:
        write_table(result.accounts, out)
        say(f"wrote {len(result.accounts):,} accounts to {out}")
    if html is not None:
        from tickmargin.report import write_report

        write_report(html, report_of(engine, done, threads, max(top, 1)))
        say(f"wrote {html}")
    if as_json:
        print_json(_as_json(engine, done, top))
    else:
        _print(engine, done, top)
    if strict and done.summary.undecidable:
        raise typer.Exit(exit_codes.UNDECIDABLE)


def report_of(engine: Engine, done: Run, threads: int, top: int) -> Report:
    """Ask the engine for all that the report of one run shows."""
    from tickmargin import __version__
    from tickmargin.cli.inputs import facts_of, source_notes, undecidable_lines, warning_lines
    from tickmargin.cli.output import steps
    from tickmargin.report import Report, riskiest_rows
    from tickmargin.report.build import account_scenarios, liquidation_map, liquidation_steps
    from tickmargin.report.summary import has_isolated_pockets

    accounts = done.result.accounts
    rows = riskiest_rows(accounts, max(top, _HEAT_MAP_ACCOUNTS))
    grids = [
        account_scenarios(engine.explain(accounts["account"][r]), accounts["worst_pocket"][r])
        for r in rows[:_HEAT_MAP_ACCOUNTS].tolist()
    ]
    with steps("liquidation map", liquidation_steps(engine)) as step:
        ladder = liquidation_map(engine, threads=threads, step=step)
    return Report(
        title="Margin report",
        lead="Every account of the portfolio, margined at one market.",
        version=__version__,
        numeraire=engine.market.numeraire,
        runs=[done],
        facts=facts_of(engine),
        riskiest=accounts.take(rows[:top]),
        shows_pockets=has_isolated_pockets(done.result),
        liquidation=ladder,
        scenarios=[grid for grid in grids if grid is not None],
        sources=source_notes(engine),
        notes=[
            *undecidable_lines(engine, done.result),
            *(message for _, message in warning_lines(engine)[:_NOTES]),
        ],
    )


def _as_json(engine: Engine, done: Run, top: int) -> dict[str, object]:
    from tickmargin import __version__
    from tickmargin.cli.inputs import summary_row, undecidable_lines, warning_lines
    from tickmargin.report import riskiest_rows
    from tickmargin.report.summary import without_margin

    rows = riskiest_rows(done.result.accounts, top)
    return {
        "version": __version__,
        "as_of_ns": done.result.as_of_ns,
        "numeraire": engine.market.numeraire,
        "summary": summary_row(done.summary),
        "components": list(done.result.components),
        "riskiest": list(done.result.accounts.take(rows)),
        "without_margin": without_margin(done.result.accounts),
        "undecidable": undecidable_lines(engine, done.result),
        "warnings": [{"code": code, "message": text} for code, text in warning_lines(engine)],
    }


def _print(engine: Engine, done: Run, top: int) -> None:
    from tickmargin.cli.inputs import source_lines, undecidable_lines
    from tickmargin.cli.output import console, print_table
    from tickmargin.report import riskiest_rows, terminal
    from tickmargin.report.summary import has_isolated_pockets, left_out_line
    from tickmargin.report.text import moment

    target, numeraire = console(), engine.market.numeraire
    head = f"{done.summary.accounts:,} accounts as of {moment(done.result.as_of_ns)}"
    target.print(head, markup=False)
    for line in source_lines(engine):
        target.print(line, markup=False, style="dim", soft_wrap=True)
    target.print()
    print_table(target, terminal.summary_table([done.summary], numeraire))
    for line in undecidable_lines(engine, done.result):
        target.print(line, markup=False, soft_wrap=True)
    if len(done.result.components):
        target.print()
        print_table(target, terminal.component_table(done, numeraire))
    rows = riskiest_rows(done.result.accounts, top)
    if len(rows):
        target.print()
        pockets = has_isolated_pockets(done.result)
        shown = done.result.accounts.take(rows)
        print_table(target, terminal.riskiest_table(shown, numeraire, shows_pockets=pockets))
    if top and (left_out := left_out_line(done.result.accounts)):
        target.print(left_out, markup=False)
