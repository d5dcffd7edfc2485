"""`tickmargin probabilities`: in how many joint scenarios each account is called or liquidated."""

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
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from tickmargin.engine import Engine
    from tickmargin.probabilities import BreachProbabilities


_SCENARIOS = 5


def probabilities(
    market: MarketFolder,
    portfolio: PortfolioFolder,
    horizon_days: Annotated[
        float, typer.Option("--horizon-days", help="How long the moves last, positions held.")
    ] = 1.0,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history", metavar="FILE", help="Past prices; default: history.* beside the market."
        ),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option("--generator", help="historical (default), filtered or monte_carlo."),
    ] = None,
    window_days: Annotated[
        float | None,
        typer.Option("--window-days", help="How far back moves begin; default: all of it."),
    ] = None,
    overlapping: Annotated[
        bool | None,
        typer.Option("--overlapping/--apart", help="Whether moves may share time."),
    ] = None,
    vol_moves: Annotated[
        str | None, typer.Option("--vol-moves", help="held (default), beta or history.")
    ] = None,
    vol_beta: Annotated[
        str | None,
        typer.Option(
            "--vol-beta", metavar="LIST", help="Of beta: -1.5, or BTC=-1.2,ETH=-1.5,default=-1."
        ),
    ] = None,
    draws: Annotated[int | None, typer.Option("--draws", help="Of monte_carlo; 1,000.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of monte_carlo; 0.")] = None,
    freedom: Annotated[
        float | None,
        typer.Option("--degrees-of-freedom", help="Of monte_carlo: Student t; default: normal."),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            "--scenarios", metavar="FILE", help="TOML with the words of a policy's table tail."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of the upper bounds, one-sided.")
    ] = 0.95,
    accounts: Annotated[
        list[str] | None,
        typer.Option("--account", "-a", help="Only this account; may be given several times."),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", min=0, help="Accounts to show, of those not called yet.")
    ] = 15,
    policies: PolicyName = DEFAULT_POLICIES,
    threads: Threads = DEFAULT_THREADS,
    out: Out = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with a picture.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Count in how many joint scenarios each account would be called, or liquidated.

    All indices move at once, as they did between two times of a price history, or drawn; each
    scenario is a full recompute. --out writes a row per account.
    """
    from tickmargin.cli.inputs import load_engine
    from tickmargin.cli.output import check_html, check_out, console, print_json, say, steps
    from tickmargin.cli.output import write_table as write
    from tickmargin.report.probabilities_page import likeliest

    check_out(out)
    check_html(html)
    words = _words(scenarios) | _given(
        generator=generator,
        window_days=window_days,
        overlapping=overlapping,
        vol_moves=vol_moves,
        vol_beta=None if vol_beta is None else _betas(vol_beta),
        draws=draws,
        seed=seed,
        degrees_of_freedom=freedom,
        distribution=None if freedom is None else "student_t",
    )
    if vol_beta is not None:
        words.setdefault("vol_moves", "beta")
    engine = load_engine(market, portfolio, policies, history)
    with steps("counting scenarios", 1_000) as step:
        shown = 0

        def tell(_what: str, done: float) -> None:
            nonlocal shown
            while shown < round(1_000 * done):
                step()
                shown += 1

        done = engine.breach_probabilities(
            scenarios=words,
            horizon_days=horizon_days,
            accounts=accounts or None,
            confidence=confidence,
            threads=threads,
            progress=tell,
        )
    states = _states_now(engine, done, threads)
    # An account that is asked for is shown whatever it is; else those not called yet.
    rows = list(range(len(done.accounts))) if accounts else likeliest(done, states, top)
    if out is not None:
        write(done.accounts, out)
        say(f"wrote {len(done.accounts):,} accounts to {out}")
    if html is not None:
        _write_html(html, engine, done, states, rows)
        say(f"wrote {html}")
    if as_json:
        print_json(_as_json(engine, done, states, rows))
    else:
        _print(console(), engine, done, states, rows)


def _given(**words: object) -> dict[str, Any]:
    return {key: value for key, value in words.items() if value is not None}


def _words(path: Path | None) -> dict[str, Any]:
    """A file's words: at its top, or in a table `tail`."""
    import tomllib

    from tickmargin.errors import InvalidInputError

    if path is None:
        return {}
    if not path.is_file():
        raise InvalidInputError(f"--scenarios {path}: no such file", code="FILE_NOT_FOUND")
    try:
        words = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"--scenarios {path}: not TOML: {error}"
        raise InvalidInputError(message, code="FILE_UNREADABLE") from None
    inner = words.get("tail", words)
    return dict(inner) if isinstance(inner, dict) else words


def _betas(text: str) -> dict[str, float]:
    from tickmargin.errors import InvalidInputError

    out = {}
    try:
        for part in text.split(","):
            name, _, number = part.rpartition("=")
            out[name.strip() or "default"] = float(number)
    except ValueError:
        message = f"--vol-beta must be numbers, such as -1.5 or BTC=-1.2,default=-1; got {text!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT") from None
    return out


def _states_now(engine: Engine, done: BreachProbabilities, threads: int) -> NDArray[np.object_]:
    accounts = engine.recompute(threads=threads).accounts
    if len(accounts) == len(done.accounts):
        return accounts["state"]
    by_name = dict(zip(accounts["account"].tolist(), range(len(accounts)), strict=True))
    rows = [by_name[name] for name in done.accounts["account"].tolist()]
    return accounts["state"][rows]


def _as_json(
    engine: Engine, done: BreachProbabilities, states: NDArray[np.object_], rows: list[int]
) -> dict[str, Any]:
    from tickmargin.report.probabilities_page import totals, unknown_moves, worst_scenarios

    accounts = [
        {**row, "state_now": str(states[n])}
        for n, row in zip(rows, done.accounts.take(rows), strict=True)
    ]
    worst = worst_scenarios(done, _SCENARIOS)
    scenarios = [
        {
            "scenario": n,
            **row,
            "price_moves": {name: moves[n] for name, moves in done.price_moves.items()},
            "vol_shocks": {name: shocks[n] for name, shocks in done.vol_shocks.items()},
        }
        for n, row in zip(worst, done.scenarios.take(worst), strict=True)
    ]
    return {
        "as_of_ns": engine.market.as_of_ns,
        "policies": list(engine.policies.names),
        "generator": done.generator,
        "horizon_days": done.horizon_days,
        "scenarios": done.count,
        "independent": done.independent,
        "confidence": done.confidence,
        "unknown_moves": unknown_moves(done),
        **totals(done, states),
        "likeliest": accounts,
        "worst_scenarios": scenarios,
    }


def _print(
    target: Console,
    engine: Engine,
    done: BreachProbabilities,
    states: NDArray[np.object_],
    rows: list[int],
) -> None:
    from rich.text import Text

    from tickmargin.cli.output import print_table
    from tickmargin.report import probabilities_page as page
    from tickmargin.report.terminal import STATE_STYLES, grid

    told = page.totals(done, states)
    title = f"{page.described(done)}; under {', '.join(engine.policies.names)}"
    table = grid(title[0].upper() + title[1:], [("accounts", True), ("called", False),
                                                ("liquidated", False)])  # fmt: skip
    for cells in page.total_rows(told):
        table.add_row(*(Text(cell) for cell in cells))
    print_table(target, table)
    target.print()
    if rows:
        heads = [(head, n < 2) for n, head in enumerate(page.ACCOUNT_HEADS)]
        table = grid("Likeliest to be called", heads)
        for n, row in zip(rows, done.accounts.take(rows), strict=True):
            name, state, *numbers = page.account_cells(row, str(states[n]), done.count)
            styled = Text(state, style=STATE_STYLES[str(states[n])])
            table.add_row(Text(name), styled, *(Text(cell) for cell in numbers))
        print_table(target, table)
    else:
        target.print(Text(f"Likeliest to be called: {page.NOBODY}"), soft_wrap=True)
    target.print()
    worst = page.worst_scenarios(done, _SCENARIOS)
    if worst:
        dated = page.is_dated(done)
        heads = [(h, n < (2 if dated else 1)) for n, h in enumerate(page.scenario_heads(done))]
        table = grid("Scenarios that take most", heads)
        for n in worst:
            table.add_row(*(Text(cell) for cell in page.scenario_cells(done, n)))
        print_table(target, table)
        target.print()
    for note in page.notes_of(done, told):
        target.print(Text(note), soft_wrap=True)


def _write_html(
    path: Path,
    engine: Engine,
    done: BreachProbabilities,
    states: NDArray[np.object_],
    rows: list[int],
) -> None:
    from tickmargin import __version__
    from tickmargin.report.probabilities_page import write_probabilities
    from tickmargin.report.text import moment

    facts = [
        ("as of", moment(engine.market.as_of_ns)),
        ("policy", ", ".join(engine.policies.names)),
        ("accounts", f"{len(done.accounts):,}"),
    ]
    write_probabilities(path, done, states, rows, facts, __version__)
