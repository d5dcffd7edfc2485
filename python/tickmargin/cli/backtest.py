"""`tickmargin backtest`: a policy held to its promise over a history."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tickmargin.cli import exit_codes
from tickmargin.cli.options import DEFAULT_POLICIES, Json, Out, PolicyName, Strict

if TYPE_CHECKING:
    from tickmargin.backtest.rolling import Promise, Rolled
    from tickmargin.backtest.summary import Capital, Check, Cyclicality
    from tickmargin.policies import Policies
    from tickmargin.table import Table

_DRAWN = 8

Files = Annotated[
    list[Path],
    typer.Option(
        "--history",
        metavar="FILE",
        help="CSV or Parquet of prices, or of option chains; may be given several times.",
        show_default=False,
    ),
]


def backtest(
    history: Files,
    policies: PolicyName = DEFAULT_POLICIES,
    underlyings: Annotated[
        str, typer.Option("--underlyings", metavar="A,B", help="Which to use; all by default.")
    ] = "",
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="SYMBOL=UNDERLYING", help="What the files call it."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="Rows of the files to keep."),
    ] = None,
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day margined.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="DATE", help="The day after the last.")] = "",
    every: Annotated[
        int, typer.Option("--every", min=1, help="Margin every so many rows of the history.")
    ] = 1,
    horizon_days: Annotated[
        float | None,
        typer.Option("--horizon-days", help="Hold both margins to this; else the policy's own."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option("--confidence", help="Hold both margins to this; else the policy's own."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="FILE|PRESET",
            help="Margin the same books under this policy too: capital side by side.",
        ),
    ] = None,
    frontier: Annotated[
        int | None,
        typer.Option(
            "--frontier",
            min=1,
            metavar="ROWS",
            help="Hold accounts for so many rows: false liquidations against bad debt.",
        ),
    ] = None,
    response: Annotated[
        str,
        typer.Option(
            "--response",
            metavar="CALM,STRESSED",
            help="How MM of a long perpetual answers a step of annual volatility (0.4,1.2) after "
            "the history.",
        ),
    ] = "",
    hold: Annotated[
        str,
        typer.Option(
            "--hold",
            metavar="CURRENCY",
            help="Of chains: sell one straddle at the first snapshot, call its margin at each.",
        ),
    ] = "",
    accounts: Annotated[
        int, typer.Option("--accounts", min=10, help="Drawn from a chain's open interest.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the accounts drawn.")] = 20260130,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write an HTML report.")
    ] = None,
    as_json: Json = False,
    strict: Strict = False,
) -> None:
    """Margin books at every time of a history; compare with the loss that followed.

    Prices make perpetual books: each underlying long and short, and mixed. Option chains
    (Deribit's columns) make straddles and accounts drawn from the open interest. With --strict a
    rejected promise is exit code 5.
    """
    from tickmargin.backtest.rolling import promise_of
    from tickmargin.backtest.summary import capital_of, check_rolled
    from tickmargin.cli.backtest_response import answer_of, two_vols
    from tickmargin.cli.backtest_tables import (
        capital_table,
        checks_table,
        cycle_table,
        response_line,
    )
    from tickmargin.cli.output import (
        check_html,
        check_out,
        console,
        print_json,
        print_table,
        say,
        write_table,
    )
    from tickmargin.policies import Policies

    check_out(out)
    check_html(html)
    chosen = Policies.resolve(policies)
    policy = chosen.names[0]
    if len(chosen.names) > 1:
        rest = ", ".join(chosen.names[1:])
        say(f"warning: every book is held under {policy}, the first of {policies}; not: {rest}")
    promise = _held_to(promise_of(chosen), horizon_days, confidence)
    step_of_vol = two_vols(response, history)
    span = (_day("--from", start), _day("--to", end))
    if hold:
        _hold(chosen, history, hold, span, as_json)
        return
    names = [name.strip() for name in underlyings.split(",") if name.strip()]
    draw = (every, accounts, seed)
    pairs = (_pairs("--where", where or []), _pairs("--rename", rename or []))
    rolled = _roll(chosen, history, promise, names, pairs, span, draw)
    checks = check_rolled(rolled, promise)
    others = [Policies.resolve(name) for name in against or []]
    capital = [
        capital_of(p.names[0], _roll(p, history, promise, names, pairs, span, draw, False))
        for p in others
    ]
    capital = [capital_of(policy, rolled), *capital] if others else []
    cycles = _cycles(rolled, frontier)
    answer, asked_of = None, rolled.kinds[0]
    if step_of_vol is not None:
        answer = answer_of(chosen, history, names, pairs, step_of_vol, asked_of)
    if out is not None:
        write_table(_rows(rolled), out)
        say(f"wrote {rolled.book.size:,} rows to {out}")
    if html is not None:
        _write_html(html, policy, promise, rolled, checks, capital, cycles)
        say(f"wrote {html}")
    if as_json:
        print_json(
            {
                "policy": policy,
                "promise": asdict(promise),
                "from_ns": rolled.times_ns.min(),
                "to_ns": rolled.times_ns.max(),
                "checks": [asdict(check) for check in checks],
                "capital": [asdict(row) for row in capital],
                "procyclicality": [asdict(row) for row in cycles],
                "response": answer and {**asdict(answer), "margin": answer.margin.tolist()},
            }
        )
    else:
        target = console()
        target.print(f"{policy}, held to {_promised(promise)}", markup=False)
        print_table(target, checks_table(checks))
        if capital:
            target.print()
            print_table(target, capital_table(capital))
        if cycles:
            target.print()
            print_table(target, cycle_table(cycles))
        if answer is not None:
            target.print()
            target.print(response_line(answer, asked_of), markup=False)
    if strict and any(check.rejected for check in checks):
        raise typer.Exit(exit_codes.REFUSED)


def _roll(
    policies: Policies,
    files: list[Path],
    promise: Promise,
    names: list[str],
    pairs: tuple[dict[str, str], dict[str, str]],
    span: tuple[int | None, int | None],
    draw: tuple[int, int, int],
    forecast: bool = True,
) -> Rolled:
    from tickmargin.backtest.chains import is_chain, read_chains
    from tickmargin.backtest.history import read_history
    from tickmargin.backtest.option_books import roll_chains
    from tickmargin.backtest.rolling import margined_rows, price_books, roll_prices
    from tickmargin.cli.output import steps

    every, accounts, seed = draw
    if is_chain(files[0]):
        chains = read_chains(files, underlyings=names or None, start_ns=span[0], end_ns=span[1])
        with steps("margining", len(chains)) as step:
            return roll_chains(policies, chains, promise, accounts=accounts, seed=seed, step=step)
    prices = read_history(files, underlyings=names or None, where=pairs[0], rename=pairs[1])
    total = margined_rows(prices, *span, every, policies).size
    with steps("margining", total) as step:
        return roll_prices(
            policies,
            prices,
            price_books(prices.underlyings),
            promise=promise,
            start_ns=span[0],
            end_ns=span[1],
            every=every,
            forecast=forecast,
            step=step,
        )


def _cycles(rolled: Rolled, rows: int | None) -> list[Cyclicality]:
    """How margins moved, if it was asked for; what cannot be said is said to be so."""
    from tickmargin.backtest.summary import cyclicality_of
    from tickmargin.cli.output import say
    from tickmargin.errors import InvalidInputError

    try:
        return [] if rows is None else cyclicality_of(rolled, rows)
    except InvalidInputError as error:
        say(f"--frontier: {error}")
        return []


def _held_to(promise: Promise, days: float | None, confidence: float | None) -> Promise:
    from tickmargin.backtest.arguments import probability, refuse

    if days is not None:
        if not days > 0.0:
            raise refuse(f"--horizon-days must be greater than 0, got {days}")
        promise = replace(promise, initial_days=days, maintenance_days=days)
    if confidence is not None:
        level = probability("--confidence", confidence)
        promise = replace(promise, initial_confidence=level, maintenance_confidence=level)
    return promise


def _pairs(option: str, words: list[str]) -> dict[str, str]:
    from tickmargin.backtest.arguments import refuse

    for word in words:
        if "=" not in word:
            raise refuse(f"{option} must be NAME=VALUE, got {word!r}")
    return {word.split("=", 1)[0]: word.split("=", 1)[1] for word in words}


def _day(option: str, text: str) -> int | None:
    from datetime import UTC, datetime

    from tickmargin.backtest.arguments import refuse

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse(f"{option} must be a date like 2024-01-31, got {text!r}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000_000


def _promised(promise: Promise) -> str:
    from tickmargin.report.backtest_page import horizon

    return (
        f"IM {100 * promise.initial_confidence:.4g} % over {horizon(promise.initial_days)}, "
        f"MM {100 * promise.maintenance_confidence:.4g} % over {horizon(promise.maintenance_days)}"
    )


def _rows(rolled: Rolled) -> Table:
    import numpy as np

    from tickmargin.loading.column import Coded
    from tickmargin.table import Table

    books = np.array([*rolled.books, None], dtype=object)[:-1]
    return Table(
        {
            "ts_ns": rolled.times_ns,
            "book": Coded(rolled.book.astype(np.int32), books),
            "initial_margin": rolled.initial_margin,
            "initial_loss": rolled.initial_loss,
            "maintenance_margin": rolled.maintenance_margin,
            "maintenance_loss": rolled.maintenance_loss,
        },
        name="backtest",
    )


def _write_html(
    path: Path,
    policy: str,
    promise: Promise,
    rolled: Rolled,
    checks: list[Check],
    capital: list[Capital],
    cycles: list[Cyclicality],
) -> None:
    from tickmargin import __version__
    from tickmargin.report.backtest_page import BacktestReport, write_backtest
    from tickmargin.report.text import moment

    write_backtest(
        path,
        BacktestReport(
            policy=policy,
            promise=promise,
            rolled=rolled,
            checks=checks,
            books=range(min(len(rolled.books), _DRAWN)),
            facts=[
                ("from", moment(int(rolled.times_ns.min()))),
                ("to", moment(int(rolled.times_ns.max()))),
                ("books", f"{len(rolled.books):,}"),
                ("held to", _promised(promise)),
            ],
            version=__version__,
            capital=capital,
            cycles=cycles,
        ),
    )


def _hold(
    policies: Policies,
    files: list[Path],
    currency: str,
    span: tuple[int | None, int | None],
    as_json: bool,
) -> None:
    from tickmargin.backtest.chains import read_chains
    from tickmargin.backtest.option_books import hold_straddle
    from tickmargin.cli.backtest_tables import held_table
    from tickmargin.cli.output import console, print_json, print_table

    chains = read_chains(files, underlyings=[currency], start_ns=span[0], end_ns=span[1])
    days = hold_straddle(policies, chains, currency)
    if as_json:
        print_json({"policy": policies.names[0], "days": [asdict(day) for day in days]})
        return
    print_table(console(), held_table(days))
