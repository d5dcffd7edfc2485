"""`tickmargin what-if`: what orders would do to their accounts' margin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    from rich.text import Text

    from tickmargin.table import Table

_HEADS = ("account", "instrument", "quantity", "price", "verdict", "reason", "IM before",
          "IM after", "MM before", "MM after", "equity after", "short of", "binding")  # fmt: skip


def what_if(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    account: Annotated[str | None, typer.Option("--account", "-a", help="Whose order.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", "-i", help="In what.")] = None,
    quantity: Annotated[
        float | None, typer.Option("--quantity", "-q", help="Contracts; negative sells.")
    ] = None,
    price: Annotated[
        float | None, typer.Option("--price", help="Quote units; coin for coin-settled options.")
    ] = None,
    pocket: Annotated[str, typer.Option("--pocket", help="Pocket of the order.")] = "cross",
    orders: Annotated[
        Path | None,
        typer.Option(
            "--orders",
            metavar="FILE",
            help="Orders as .csv or .parquet: account, instrument, quantity, price, [pocket].",
        ),
    ] = None,
    hedge: Annotated[
        str | None,
        typer.Option(
            "--hedge", metavar="INSTRUMENT", help="Find the smallest trade in it that helps."
        ),
    ] = None,
    policies: PolicyName = DEFAULT_POLICIES,
    threads: Threads = DEFAULT_THREADS,
    out: Out = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Show the margin effect of one order, or of a file of orders, each alone.

    With --hedge a refused order also gets the smallest trade in that instrument with which it
    would pass. With --strict a refused order is exit code 5.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_out, print_json, say, write_table

    single = {"account": account, "instrument": instrument, "quantity": quantity, "price": price}
    rows = _orders(single, pocket, orders)
    check_out(out)
    engine = load_engine(market, portfolio, policies)
    answer = engine.what_if(rows, hedge=hedge, threads=threads)
    if out is not None:
        write_table(answer, out)
        say(f"wrote {len(answer):,} orders to {out}")
    if as_json:
        print_json(list(answer))
    else:
        _print(answer, hedge)
    if strict and not bool(answer["accepted"].all()):
        raise typer.Exit(exit_codes.REFUSED)


def _orders(single: dict[str, Any], pocket: str, path: Path | None) -> Any:
    """Give the orders of a file, or the one order of the options."""
    given = [name for name, value in single.items() if value is not None]
    if path is not None:
        if given:
            raise typer.BadParameter(f"--orders goes without --{given[0]}")
        from tickmargin.cli.tables import ORDER_COLUMNS, read_table

        data = read_table(path, ORDER_COLUMNS)
        columns = {name: data.columns[name] for name in ("account", "instrument")}
        numbers = {name: data.columns[name] for name in ("quantity", "price")}
        return {**columns, **numbers, "pocket": data.text("pocket", "cross")}
    missing = [name for name, value in single.items() if value is None]
    if missing:
        names = ", ".join(f"--{name}" for name in missing)
        raise typer.BadParameter(f"an order needs {names}; or give a file with --orders")
    return {name: [value] for name, value in {**single, "pocket": pocket}.items()}


def _print(answer: Table, hedge: str | None) -> None:
    from rich.text import Text

    from tickmargin.cli.output import console, print_table
    from tickmargin.report.terminal import grid

    heads = [*_HEADS, *([] if hedge is None else [f"{hedge} to pass"])]
    rows = [_cells(row, hedge is not None) for row in answer]
    if len(rows) == 1:
        table = grid("What the order would do", [("", True), ("", False)])
        table.show_header = False
        for head, cell in zip(heads, rows[0], strict=True):
            table.add_row(Text(head), cell)
    else:
        is_text = {"account", "instrument", "verdict", "reason", "binding"}
        table = grid("What each order would do, alone", [(h, h in is_text) for h in heads])
        for cells in rows:
            table.add_row(*cells)
    print_table(console(), table)


def _cells(row: dict[str, Any], with_hedge: bool) -> list[Text]:
    """Write one order's answer; names are shown as they are."""
    from rich.text import Text

    from tickmargin.report.text import MISSING, exact_money, move, words

    accepted = bool(row["accepted"])
    binding = MISSING
    if row["binding_underlying"] is not None:
        binding = f"{row['binding_underlying']} {move(row['binding_price_move'])}"
    amounts = ("initial_margin_before", "initial_margin_after", "maintenance_margin_before",
               "maintenance_margin_after", "equity_after", "shortfall")  # fmt: skip
    cells = [
        Text(str(row["account"])),
        Text(str(row["instrument"])),
        Text(f"{row['quantity']:,.10g}"),
        Text(f"{row['price']:,.10g}"),
        Text("accepted", style="green") if accepted else Text("refused", style="red"),
        Text(words(str(row["reason"]))),
        *(Text(exact_money(row[name])) for name in amounts),
        Text(binding),
    ]
    if with_hedge:
        wanted = row["hedge_quantity"]
        cells.append(Text(MISSING if wanted is None else f"{wanted:,.10g}"))
    return cells
