"""`tickmargin tiers`: what the fast policy asks for beside the exact measure it stands in for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmargin.cli import exit_codes
from tickmargin.cli.options import (
    DEFAULT_THREADS,
    Json,
    MarketFolder,
    Out,
    PolicyName,
    PortfolioFolder,
    Strict,
    Threads,
)

DEFAULT_TIERS = "house-two-tiers"

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.tiers import Tiers


def tiers(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    policies: PolicyName = DEFAULT_TIERS,
    share: Annotated[
        float, typer.Option("--share", help="Also the factor that covers this share of accounts.")
    ] = 0.99,
    top: Annotated[int, typer.Option("--top", min=0, help="Largest gaps to show.")] = 10,
    threads: Threads = DEFAULT_THREADS,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with a picture.")
    ] = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Margin every account under its policy and under the exact policy that names.

    Needs a policy file with `exact` in a policy of the methods fixed, dynamic or scenario. A safety
    factor that covers takes the place of the policy's own, it does not multiply it. --out writes a
    row per account. With --strict an account below the exact measure is exit code 5.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_html, check_out, print_json, say, write_table

    check_out(out)
    check_html(html)
    engine = load_engine(market, portfolio, policies)
    done = engine.tiers(share=share, threads=threads)
    if out is not None:
        write_table(done.accounts, out)
        say(f"wrote {len(done.accounts):,} accounts to {out}")
    if html is not None:
        _write_html(html, engine, done, top)
        say(f"wrote {html}")
    if as_json:
        print_json(_as_json(done, top))
    else:
        _print(done, top, engine.market.numeraire)
    uncovered = done.policies["initial_uncovered"] + done.policies["maintenance_uncovered"]
    if strict and bool((uncovered > 0).any()):
        raise typer.Exit(exit_codes.REFUSED)


def _as_json(done: Tiers, top: int) -> dict[str, Any]:
    from tickmargin.report.tiers_page import largest_gaps

    rows = largest_gaps(done.accounts, top)
    return {"policies": list(done.policies), "largest_gaps": list(done.accounts.take(rows))}


def _print(done: Tiers, top: int, numeraire: str) -> None:
    from rich.text import Text

    from tickmargin.cli.output import console, print_table
    from tickmargin.report.terminal import grid
    from tickmargin.report.text import count
    from tickmargin.report.tiers_page import ACCOUNT_HEADS, account_cells, largest_gaps, policy_rows

    target = console()
    for row in done.policies:
        table = grid(
            f"{row['policy']} beside {row['exact']} ({numeraire})", [("", True), ("", False)]
        )
        table.show_header = False
        for head, value in policy_rows(row):
            table.add_row(Text(head), Text(value))
        print_table(target, table)
        target.print()
    rows = largest_gaps(done.accounts, top)
    if len(rows):
        heads = [(head, n < 2) for n, head in enumerate(ACCOUNT_HEADS)]
        table = grid(f"The {count(len(rows))} largest gaps ({numeraire})", heads)
        for row in done.accounts.take(rows):
            table.add_row(*(Text(cell) for cell in account_cells(row)))
        print_table(target, table)


def _write_html(path: Path, engine: Engine, done: Tiers, top: int) -> None:
    from tickmargin import __version__
    from tickmargin.report.text import moment
    from tickmargin.report.tiers_page import write_tiers

    facts = [
        ("as of", moment(engine.market.as_of_ns)),
        ("accounts", f"{len(done.accounts):,}"),
    ]
    write_tiers(path, done, engine.market.numeraire, facts, __version__, top)
