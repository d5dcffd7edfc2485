"""`tickmargin explain`: every line of one account's numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmargin.cli import exit_codes
from tickmargin.cli.options import (
    DEFAULT_POLICIES,
    Json,
    MarketFolder,
    PolicyName,
    PortfolioFolder,
    Strict,
)

if TYPE_CHECKING:
    from rich.console import Console

    from tickmargin.engine import Engine
    from tickmargin.results import Explanation

_LARGEST = 25


def explain(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False)],
    policies: PolicyName = DEFAULT_POLICIES,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write all lines to a .json file."),
    ] = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """List the parts of an account's equity and requirement, which add up exactly.

    Also shows the index prices at which its cross pocket would be liquidated.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import console, plain, print_json, say
    from tickmargin.errors import InvalidInputError

    if out is not None and out.suffix != ".json":
        raise InvalidInputError(f"--out {out}: must end in .json", code="INVALID_ARGUMENT")
    engine = load_engine(market, portfolio, policies)
    parts = engine.explain(account)
    prices = _liquidation_prices(engine, parts)
    document = plain({**parts.to_dict(), "liquidation_prices": prices})
    if out is not None:
        out.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
        say(f"wrote {out}")
    if as_json:
        print_json(document)
    else:
        _print(console(), engine, parts, prices)
    if strict and parts.state == "undecidable":
        raise typer.Exit(exit_codes.UNDECIDABLE)


def _liquidation_prices(engine: Engine, parts: Explanation) -> list[dict[str, Any]]:
    """Find the borders of each pocket in each underlying it holds."""
    held = dict.fromkeys(
        (pocket, underlying)
        for pocket, underlying in zip(
            parts.requirement["pocket"], parts.requirement["underlying"], strict=True
        )
        if underlying is not None
    )
    rows = []
    for pocket, underlying in held:
        found = engine.liquidation_prices(parts.account, underlying, pocket=pocket)
        rows.append(
            {
                "pocket": pocket,
                "underlying": underlying,
                "lower": found.lower,
                "status_lower": found.status_lower,
                "upper": found.upper,
                "status_upper": found.status_upper,
            }
        )
    return rows


def _print(
    target: Console, engine: Engine, parts: Explanation, prices: list[dict[str, Any]]
) -> None:
    from tickmargin.cli.inputs import missing_inputs
    from tickmargin.cli.output import print_table
    from tickmargin.report.terminal import grid, name_cell, state_cell
    from tickmargin.report.text import words

    target.print(name_cell(f"{parts.account} under {parts.policy}:"), state_cell(parts.state))
    if parts.status != "ok":
        lacks = missing_inputs(engine, engine.account_handle(parts.account), parts.policy)
        more = f": {', '.join(lacks)}" if lacks else ""
        target.print(f"because {words(parts.status)}{more}", markup=False, soft_wrap=True)
    for lines, names in ((parts.equity, ("pocket", "kind", "item")),
                         (parts.requirement, ("pocket", "underlying", "component"))):  # fmt: skip
        target.print()
        _print_table(target, lines, names)
    target.print()
    _print_table(target, _largest(parts), ("pocket", "underlying", "instrument"))
    if len(parts.baskets):
        target.print()
        _print_table(target, parts.baskets, ("pocket", "basket", "component"))
    if prices:
        target.print()
        columns = [("pocket", True), ("underlying", True), ("below", False), ("above", False)]
        table = grid("Index prices at which the pocket is liquidated", columns)
        for row in prices:
            table.add_row(
                name_cell(row["pocket"]),
                name_cell(row["underlying"]),
                _price(row["lower"], row["status_lower"]),
                _price(row["upper"], row["status_upper"]),
            )
        print_table(target, table)


def _largest(parts: Explanation) -> Any:
    """Keep the positions that matter most, for a screen; JSON has all."""
    import numpy as np

    order = np.argsort(-np.abs(parts.positions["contribution"]), kind="stable")
    return parts.positions.take(order[:_LARGEST])


def _print_table(target: Console, table: Any, text_columns: tuple[str, ...]) -> None:
    from tickmargin.cli.output import print_table
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import MISSING, exact_money, words

    title = str(table.name).capitalize()
    if table.name == "positions" and len(table) == _LARGEST:
        title = f"Positions, the {_LARGEST} with the largest contribution"
    shown = grid(title, [(words(c), c in text_columns) for c in table.columns])
    for row in table:
        is_rounding = "rounding" in (row.get("kind"), row.get("component"))
        cells = []
        for column, value in row.items():
            if column in ("kind", "component"):
                cells.append(name_cell(words(str(value))))
            elif column in text_columns:
                cells.append(name_cell(value))
            elif is_rounding and value:
                cells.append(name_cell(f"{value:.1e}"))
            elif column in ("amount", "unit_value", "quantity"):
                cells.append(name_cell(MISSING if value is None else f"{value:,.10g}"))
            else:
                cells.append(name_cell(exact_money(value)))
        shown.add_row(*cells)
    print_table(target, shown)


def _price(value: float, status: str) -> str:
    from tickmargin.report.text import words

    return f"{value:,.2f}" if status == "found" else words(status)
