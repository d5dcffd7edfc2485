"""`tickmargin stress`: accounts on moved markets, over spot x volatility x days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmargin.cli.options import (
    DEFAULT_POLICIES,
    DEFAULT_THREADS,
    Json,
    MarketFolder,
    Out,
    PolicyName,
    PortfolioFolder,
    Threads,
)

if TYPE_CHECKING:
    from rich.console import Console

    from tickmargin.engine import Engine
    from tickmargin.projection import Projection

_PRICE_MOVES = "-0.3,-0.2,-0.1,0,0.1,0.2,0.3"
_VOL_SHOCKS = "-0.25,0,0.5"
_DAYS = "0,1"


def stress(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    accounts: Annotated[
        list[str] | None,
        typer.Option("--account", "-a", help="Only this account; may be given several times."),
    ] = None,
    price_moves: Annotated[
        str, typer.Option("--price-moves", metavar="LIST", help="Relative moves of the index.")
    ] = _PRICE_MOVES,
    vol_shocks: Annotated[
        str, typer.Option("--vol-shocks", metavar="LIST", help="Shocks of every volatility.")
    ] = _VOL_SHOCKS,
    vol_shock_kind: Annotated[
        str, typer.Option("--vol-shock-kind", help="relative (times 1 + shock) or absolute (plus).")
    ] = "relative",
    days: Annotated[
        str, typer.Option("--days", metavar="LIST", help="Days ahead, positions held.")
    ] = _DAYS,
    underlying: Annotated[
        str | None, typer.Option("--underlying", "-u", help="Move only this one; default: all.")
    ] = None,
    policies: PolicyName = DEFAULT_POLICIES,
    threads: Threads = DEFAULT_THREADS,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with heat pictures.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Margin accounts on moved markets: over spot x volatility x days, each a full recompute.

    Of one account it shows what is left over maintenance margin in each cell; of several what they
    lack together and how many would be in liquidation. --out writes a row per account and cell.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_html, check_out, console, print_json, say, steps
    from tickmargin.cli.output import write_table as write

    check_out(out)
    check_html(html)
    axes = {
        "price_moves": _numbers("--price-moves", price_moves),
        "vol_shocks": _numbers("--vol-shocks", vol_shocks),
        "forward_days": _numbers("--days", days),
    }
    engine = load_engine(market, portfolio, policies)
    cells = len(axes["price_moves"]) * len(axes["vol_shocks"]) * len(axes["forward_days"])
    with steps("projecting", cells) as step:
        done = engine.projection(
            accounts=accounts or None,
            **axes,
            underlying=underlying,
            vol_shock_kind=vol_shock_kind,  # type: ignore[arg-type] # checked inside
            threads=threads,
            progress=lambda _what, _done: step(),
        )
    if out is not None:
        table = done.table
        write(table, out)
        say(f"wrote {len(table):,} rows to {out}")
    if html is not None:
        _write_html(html, engine, done)
        say(f"wrote {html}")
    if as_json:
        print_json(_as_json(engine, done))
    else:
        _print(console(), done, engine.market.numeraire)


def _numbers(option: str, text: str) -> list[float]:
    from tickmargin.errors import InvalidInputError

    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        message = f"{option} must be numbers with commas between, such as -0.2,0,0.2; got {text!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT") from None


def _as_json(engine: Engine, done: Projection) -> dict[str, Any]:
    from tickmargin.report.stress_page import liquidated_of, shortfall_of

    head = {
        "as_of_ns": done.as_of_ns,
        "numeraire": engine.market.numeraire,
        "policies": list(engine.policies.names),
        "underlying": done.underlying,
        "price_moves": done.price_moves.tolist(),
        "vol_shocks": done.vol_shocks.tolist(),
        "vol_shock_kind": done.vol_shock_kind,
        "forward_days": done.forward_days.tolist(),
        "accounts": len(done.accounts),
        "short_of_maintenance": shortfall_of(done).tolist(),
        "in_liquidation": liquidated_of(done).tolist(),
    }
    if len(done.accounts) == 1:
        amounts = ("equity", "equity_initial", "initial_margin", "maintenance_margin",
                   "health_ratio", "state", "status")  # fmt: skip
        head["account"] = done.accounts[0]
        head |= {name: getattr(done, name)[0].tolist() for name in amounts}
    return head


def _print(target: Console, done: Projection, numeraire: str) -> None:
    """Print a table for each day: volatility shocks down, moves of the index across."""
    import numpy as np
    from rich.text import Text

    from tickmargin.cli.output import print_table
    from tickmargin.report.stress_page import day_words, liquidated_of, shortfall_of, slack_of
    from tickmargin.report.terminal import STATE_STYLES, grid
    from tickmargin.report.text import STATE_NAMES, count, money, move

    alone = len(done.accounts) == 1
    what = "equity less MM" if alone else "short of MM, accounts in liquidation"
    title = f"{done.accounts[0]}: {what}" if alone else what
    across = np.argsort(done.price_moves).tolist()
    down = np.argsort(done.vol_shocks)[::-1].tolist()
    shortfall, liquidated, slack = shortfall_of(done), liquidated_of(done), slack_of(done)
    for d, days in enumerate(done.forward_days.tolist()):
        moves = [(move(done.price_moves[m]), False) for m in across]
        heads = [("volatility \\ index", True), *moves]
        table = grid(f"{title} ({numeraire}), {day_words(days).lower()}", heads)
        for v in down:
            cells = []
            for m in across:
                state = str(done.state[0, m, v, d])
                if alone:
                    text = f"{money(slack[0, m, v, d])} {STATE_NAMES[state]}"
                    cells.append(Text(text, style=STATE_STYLES[state]))
                else:
                    text = f"{money(shortfall[m, v, d])}  {count(int(liquidated[m, v, d]))}"
                    cells.append(Text(text))
            table.add_row(Text(_shock(done, v)), *cells)
        print_table(target, table)
        target.print()


def _shock(done: Projection, v: int) -> str:
    from tickmargin.report.text import move

    shock = float(done.vol_shocks[v])
    return move(shock) if done.vol_shock_kind == "relative" else f"{100 * shock:+.4g} points"


def _write_html(path: Path, engine: Engine, done: Projection) -> None:
    from tickmargin import __version__
    from tickmargin.report.stress_page import StressReport, write_stress
    from tickmargin.report.text import moment

    facts = [
        ("as of", moment(done.as_of_ns)),
        ("policy", ", ".join(engine.policies.names)),
        ("accounts", f"{len(done.accounts):,}"),
        ("moves", done.underlying or "all underlyings"),
    ]
    write_stress(path, StressReport(done, engine.market.numeraire, facts, __version__))
