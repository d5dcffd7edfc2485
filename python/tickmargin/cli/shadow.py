"""`tickmargin shadow`: our numbers beside the venue's own, and why they differ."""

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
    from rich.console import RenderableType

    from tickmargin.report.comparison import Comparison
    from tickmargin.table import Table

_TOP = 20


VenueFile = Annotated[
    Path,
    typer.Argument(
        metavar="VENUE",
        help="The venue's numbers as .csv or .parquet: account and any of equity, "
        "initial_margin, maintenance_margin.",
        show_default=False,
    ),
]
VenueMarket = Annotated[
    Path | None,
    typer.Option(
        "--venue-market",
        metavar="DIR",
        help="Market folder with the venue's prices: splits off what prices explain.",
    ),
]
Relative = Annotated[
    float, typer.Option("--relative", min=0.0, help="Tolerance, as a share of the number.")
]
Absolute = Annotated[float, typer.Option("--absolute", min=0.0, help="Tolerance in the numeraire.")]
Examine = Annotated[
    int, typer.Option("--examine", min=0, help="Accounts to explain, largest first.")
]


def shadow(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    venue: VenueFile,
    policies: PolicyName = DEFAULT_POLICIES,
    venue_market: VenueMarket = None,
    relative: Relative = 0.001,
    absolute: Absolute = 0.01,
    examine: Examine = 2_000,
    threads: Threads = DEFAULT_THREADS,
    out: Out = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Compare every account with the venue's own equity, IM and MM, and name the causes.

    A difference (venue less ours) is put down to the first that applies: the account is missing
    on one side, is undecidable here, prices differ (with --venue-market, by margining the book at
    the venue's prices), or one component of ours, such as a charge the venue does not make, equals
    what is left. --out writes a row per account and measure. With --strict a difference or a
    missing account is exit code 5.
    """
    from tickmargin.cli.inputs import load_engine, warn
    from tickmargin.cli.output import check_out, print_json, say, write_table
    from tickmargin.cli.tables import VENUE_COLUMNS, read_table
    from tickmargin.report.comparison import Effort, compare

    check_out(out)
    theirs = read_table(venue, VENUE_COLUMNS)
    engine = load_engine(market, portfolio, policies)
    at_theirs = None
    if venue_market is not None:
        from tickmargin.engine import Engine
        from tickmargin.market import Market

        at_theirs = Engine(Market.load(venue_market), engine.portfolio, engine.policies)
        warn(at_theirs)
    effort = Effort(relative, absolute, examine, threads)
    found = compare(engine, theirs, at_theirs, effort)
    if out is not None:
        write_table(found.rows, out)
        say(f"wrote {len(found.rows):,} differences to {out}")
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found, engine.market.numeraire)
    if strict and (found.different or found.missing):
        raise typer.Exit(exit_codes.REFUSED)


def _print(found: Comparison, numeraire: str) -> None:
    from tickmargin.cli.output import console, print_table

    target = console()
    head = f"{found.compared:,} numbers compared, {found.different:,} differ beyond tolerance"
    if found.missing:
        is_one = found.missing == 1
        head += f"; {found.missing:,} {'account is' if is_one else 'accounts are'} on one side only"
    target.print(head, markup=False, soft_wrap=True)
    tables = [
        ("Differences by measure and cause", found.causes, None),
        ("Prices that differ most", found.prices, _TOP),
        (f"Largest differences, venue less ours ({numeraire})", found.rows, _TOP),
    ]
    for title, table, limit in tables:
        if len(table):
            target.print()
            print_table(target, _shown(title, table, limit))


def _shown(title: str, table: Table, limit: int | None) -> RenderableType:
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import count, exact_money, percent, words

    is_text = {c: table[c].dtype == object for c in table.columns}
    shown = grid(title, [(words(c), is_text[c]) for c in table.columns])
    for row in table.head(limit) if limit is not None else table:
        cells = []
        for column, value in row.items():
            if is_text[column]:
                cells.append(name_cell(value))
            elif column == "accounts":
                cells.append(name_cell(count(value)))
            elif column == "difference_ratio":
                cells.append(name_cell(percent(value, 3)))
            else:
                cells.append(name_cell(exact_money(value)))
        shown.add_row(*cells)
    return shown
