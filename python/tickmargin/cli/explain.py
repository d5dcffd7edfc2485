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
_MEASURES = {"var": "value at risk", "es": "expected shortfall"}
_SCENARIOS, _UNDERLYINGS = 5, 5  # of the tail, and how many moves of each


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
    loans = _loans(parts)
    document = plain({**parts.to_dict(), "loans": loans, "liquidation_prices": prices})
    if out is not None:
        out.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
        say(f"wrote {out}")
    if as_json:
        print_json(document)
    else:
        _print(console(), engine, parts, loans, prices)
    if strict and parts.state == "undecidable":
        raise typer.Exit(exit_codes.UNDECIDABLE)


def _liquidation_prices(engine: Engine, parts: Explanation) -> list[dict[str, Any]]:
    """Find the borders of each pocket in each underlying it holds, or owes in or backs debts with.

    A pocket without a requirement and a debt has none.
    """
    needs = [row for row in parts.requirement if row["underlying"] is not None]
    held = dict.fromkeys((row["pocket"], row["underlying"]) for row in needs)
    balances = [row for row in parts.equity if row["kind"] == "balance" and row["amount"]]
    at_risk = {row["pocket"] for row in needs}
    at_risk |= {row["pocket"] for row in balances if row["amount"] < 0}
    links = _links(engine)
    held |= dict.fromkeys(
        (row["pocket"], links[row["item"]])
        for row in balances
        if row["item"] in links and row["pocket"] in at_risk
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


def _links(engine: Engine) -> dict[str, str]:
    """Give the underlying whose index an asset follows, by the asset's name."""
    assets, underlyings = engine.market.assets, engine.market.underlyings.names
    return {
        str(name): str(underlyings[link])
        for name, link in zip(engine.names["asset"], assets.underlying, strict=True)
        if link >= 0
    }


def _loans(parts: Explanation) -> list[dict[str, Any]]:
    """What each pocket that owes and needs no margin has, owes and may still borrow.

    A pocket that lacks a price has no such figures.
    """
    needs = {row["pocket"] for row in parts.requirement if row["component"] != "rounding"}
    rows = []
    for pocket in dict.fromkeys(parts.equity["pocket"]):
        lines = [row for row in parts.equity if row["pocket"] == pocket]
        if None in (line["maintenance"] for line in lines):
            continue
        owed = -sum(r["maintenance"] for r in lines if r["kind"] == "balance" and r["amount"] < 0)
        if pocket in needs or not owed > 0.0:
            continue
        equity = sum(row["maintenance"] for row in lines)
        rows.append(
            {
                "pocket": pocket,
                "weighted_supplies": equity + owed,
                "debts": owed,
                "health_ratio": (equity + owed) / owed,
                "initial_equity": sum(row["initial"] for row in lines),
            }
        )
    return rows


def _print(
    target: Console,
    engine: Engine,
    parts: Explanation,
    loans: list[dict[str, Any]],
    prices: list[dict[str, Any]],
) -> None:
    from tickmargin.cli.inputs import missing_inputs
    from tickmargin.cli.output import print_table
    from tickmargin.report.terminal import grid, name_cell, state_cell
    from tickmargin.report.text import exact_money, may_borrow, words

    target.print(name_cell(f"{parts.account} under {parts.policy}:"), state_cell(parts.state))
    if parts.status != "ok":
        lacks = missing_inputs(engine, engine.account_handle(parts.account), parts.policy)
        more = f": {', '.join(lacks)}" if lacks else ""
        target.print(f"because {words(parts.status)}{more}", markup=False, soft_wrap=True)
    measure = _MEASURES.get(_method(engine, parts.policy), "scan")
    for lines, names in ((parts.equity, ("pocket", "kind", "item")),
                         (parts.requirement, ("pocket", "underlying", "component"))):  # fmt: skip
        _print_table(target, lines, names, measure)
    _print_table(target, _largest(parts), ("pocket", "underlying", "instrument"))
    if len(parts.tail):
        target.print()
        _print_tail(target, parts)
    if len(parts.baskets):
        _print_table(target, parts.baskets, ("pocket", "basket", "component"))
    if loans:
        target.print()
        columns = [("pocket", True), ("weighted supplies", False), ("debts", False)]
        columns += [("health factor", False), ("initial equity", False), ("may borrow", False)]
        table = grid("Debts, and what backs them at maintenance weights", columns)
        for row in loans:
            table.add_row(
                name_cell(row["pocket"]),
                *(exact_money(row[name]) for name in ("weighted_supplies", "debts")),
                f"{row['health_ratio']:,.4f}",
                exact_money(row["initial_equity"]),
                may_borrow(row["initial_equity"], exact_money),
            )
        print_table(target, table)
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


def _print_tail(target: Console, parts: Explanation) -> None:
    """Show which scenarios of the tail lose most, and what the underlyings did in them."""
    from rich.text import Text

    from tickmargin.cli.output import print_table
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import exact_money, move

    moves: dict[tuple[str, str], list[float]] = {}
    for row in parts.scenarios:
        moves.setdefault((row["pocket"], row["underlying"]), []).append(row["price_move"])
    named = list(dict.fromkeys(name for _, name in moves))[:_UNDERLYINGS]
    dated = bool((parts.tail["to_ns"] > 0).any())
    columns = [("pocket", True), ("from", True), ("to", True)] if dated else [("pocket", True)]
    columns += [("scenario", False), ("loss", False), ("in IM", False), ("in MM", False)]
    columns += [(name, False) for name in named]
    shown = min(_SCENARIOS, len(parts.tail))
    title = f"Largest losses of the tail ({shown} of {len(parts.tail):,} scenarios)"
    table = grid(title, columns)
    for row in parts.tail.take(list(range(shown))):
        cells = [name_cell(row["pocket"])]
        if dated:
            cells += [Text(_time(row[at])) for at in ("from_ns", "to_ns")]
        cells += [Text(f"{row['scenario']:,}"), Text(exact_money(row["loss"]))]
        cells += [
            Text(exact_money(row[share] * row["loss"]))
            for share in ("initial_share", "maintenance_share")
        ]
        for name in named:
            own = moves.get((row["pocket"], name))
            cells.append(Text("" if own is None else move(own[row["scenario"]])))
        table.add_row(*cells)
    print_table(target, table)


def _time(ts_ns: int) -> str:
    from tickmargin.report.text import moment

    return moment(ts_ns).removesuffix(" 00:00:00 UTC") if ts_ns else "drawn"


def _largest(parts: Explanation) -> Any:
    """Keep the positions that matter most, for a screen; JSON has all."""
    import numpy as np

    order = np.argsort(-np.abs(parts.positions["contribution"]), kind="stable")
    return parts.positions.take(order[:_LARGEST])


def _method(engine: Engine, policy: str) -> str:
    return next((p.config.method for p in engine.policies.loaded if p.name == policy), "")


def _print_table(
    target: Console, table: Any, text_columns: tuple[str, ...], measure: str = "scan"
) -> None:
    """Print what says something; ``measure`` is what stands in the place of a scan."""
    from tickmargin.cli.output import print_table
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import MISSING, exact_money, words

    title = str(table.name).capitalize()
    if table.name == "positions" and len(table) == _LARGEST:
        title = f"Positions, the {_LARGEST} with the largest contribution"
    shown = grid(title, [(words(c), c in text_columns) for c in table.columns])
    for row in table:
        is_rounding = "rounding" in (row.get("kind"), row.get("component"))
        if is_rounding and not any(value for value in row.values() if isinstance(value, float)):
            continue
        cells = []
        for column, value in row.items():
            if column in ("kind", "component"):
                cells.append(name_cell(measure if value == "scan" else words(str(value))))
            elif column in text_columns:
                cells.append(name_cell(value))
            elif is_rounding and value:
                cells.append(name_cell(f"{value:.1e}"))
            elif column in ("amount", "unit_value", "quantity"):
                cells.append(name_cell(MISSING if value is None else f"{value:,.10g}"))
            else:
                cells.append(name_cell(exact_money(value)))
        shown.add_row(*cells)
    if shown.row_count:
        target.print()
        print_table(target, shown)


def _price(value: float, status: str) -> str:
    from tickmargin.report.text import words

    return f"{value:,.2f}" if status == "found" else words(status)
