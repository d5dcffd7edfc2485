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

    from tickmargin.engine import Engine
    from tickmargin.table import Table

_FAR_RATIO = 0.5
_USD_FROM_COIN = 1.0
_USD_FROM_MARKS = 100.0

_HEADS = ("account", "instrument", "quantity", "price", "verdict", "reason", "IM before",
          "IM after", "MM before", "MM after", "equity after", "short of", "binding")  # fmt: skip
# What a table says beside the verdict, which these reasons would repeat.
_WHY = {"accepted": "IM is covered", "accepted_reduces": "IM is not covered, but eased",
        "refused_margin": "IM is not covered"}  # fmt: skip


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
    from tickmargin.errors import InvalidInputError

    single = {"account": account, "instrument": instrument, "quantity": quantity, "price": price}
    rows = _orders(single, pocket, orders)
    check_out(out)
    engine = load_engine(market, portfolio, policies)
    try:
        answer = engine.what_if(rows, hedge=hedge, threads=threads)
    except InvalidInputError as error:
        if orders is not None or not error.issues:
            raise
        # One order has no rows: its problems stand for themselves.
        text = "; ".join(issue.message for issue in error.issues)
        raise InvalidInputError(f"order refused: {text}", code=error.code) from None
    far = _far_prices(engine, answer)
    for row, note in zip(answer, far, strict=True):
        if note is not None:
            say(f"warning: {row['account']} {row['instrument']}: {note}")
    if out is not None:
        write_table(answer, out)
        say(f"wrote {len(answer):,} orders to {out}")
    if as_json:
        print_json(_as_json(answer, far, hedge))
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


def _as_json(answer: Table, far: list[str | None], hedge: str | None) -> list[dict[str, Any]]:
    """Give each order's row with what to doubt about it, and how the search for a hedge ended."""
    rows = []
    for row, note in zip(answer, far, strict=True):
        more: dict[str, Any] = {"warnings": [] if note is None else [note]}
        if hedge is not None:
            more["hedge_status"] = _hedge_status(row)
        rows.append({**row, **more})
    return rows


def _far_prices(engine: Engine, answer: Table) -> list[str | None]:
    """Give a note for each order, None where its price is near the mark."""
    instruments = engine.portfolio.table("instruments")
    rows = {name: row for row, name in enumerate(instruments["instrument"].tolist())}
    worth = engine.portfolio.baskets.gross()
    return [
        _far_from(order, worth[order["instrument"]])
        if order["instrument"] in worth
        else _far_price(order, instruments.row(rows[order["instrument"]]))
        for order in answer
    ]


def _far_price(row: dict[str, Any], facts: dict[str, Any]) -> str | None:
    """Say that an order's price is hardly meant; what-if itself takes it as given.

    An option's price may be far from its mark, but a coin-settled one is in coin: a call above
    1 coin costs more than the coin it is on, and a price a hundred times the mark is one in USD.
    """
    price, mark = float(row["price"]), row["mark_price"]
    if facts["kind"] == "option":
        if facts["payoff"] != "coin":
            return None
        is_usd = mark is not None and price > _USD_FROM_COIN and price > _USD_FROM_MARKS * mark
        if (facts["option_type"] == "call" and price > 1.0) or is_usd:
            return f"price {price:,.10g} is in coin, where the mark is {_number(mark)}; is it USD?"
        return None
    return _far_from(row, mark)


def _far_from(row: dict[str, Any], size: float | None) -> str | None:
    """Compare an order's price with its mark; a spread's is measured by all it is made of."""
    price, mark = float(row["price"]), row["mark_price"]
    if mark is not None and size is not None and abs(price - mark) > _FAR_RATIO * size:
        return f"price {price:,.10g} is far from the mark of {_number(mark)}"
    return None


def _number(value: float | None) -> str:
    from tickmargin.report.text import MISSING

    return MISSING if value is None else f"{value:,.10g}"


def _hedge_status(row: dict[str, Any]) -> str:
    """Tell an order that needs no hedge from one that no trade in the hedge makes pass."""
    if row["accepted"]:
        return "not_needed"
    if row["reason"] != "refused_margin":
        return "undecidable"
    return "none_exists" if row["hedge_quantity"] is None else "found"


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

    from tickmargin.report.text import MISSING, exact_money, shock, words

    accepted = bool(row["accepted"])
    reason = str(row["reason"])
    binding = MISSING
    if row["binding_underlying"] is not None:
        price_move, _ = shock(row["binding_price_move"], row["binding_vol_shock"])
        binding = f"{row['binding_underlying']} {price_move}"
    amounts = ("initial_margin_before", "initial_margin_after", "maintenance_margin_before",
               "maintenance_margin_after", "equity_after", "shortfall")  # fmt: skip
    cells = [
        Text(str(row["account"])),
        Text(str(row["instrument"])),
        Text(f"{row['quantity']:,.10g}"),
        Text(f"{row['price']:,.10g}"),
        Text("accepted", style="green") if accepted else Text("refused", style="red"),
        Text(_WHY.get(reason, words(reason))),
        *(Text(exact_money(row[name])) for name in amounts),
        Text(binding),
    ]
    if with_hedge:
        status = _hedge_status(row)
        cells.append(Text(_number(row["hedge_quantity"]) if status == "found" else words(status)))
    return cells
