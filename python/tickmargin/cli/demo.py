"""`tickmargin demo`: a synthetic venue under three policies, then through a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tickmargin.cli.options import DEFAULT_THREADS, Json, Seed, Threads

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.policies import Policies
    from tickmargin.report import Report, Run, TimelineDay
    from tickmargin.simulate import Venue

POLICIES = ("house-fixed", "house-dynamic", "house-portfolio")
_TOP = 15
_HEAT_MAP_ACCOUNTS = 14

Step = Callable[[], None]


def demo(
    accounts: Annotated[int, typer.Option("--accounts", min=10, help="Accounts.")] = 100_000,
    positions: Annotated[int, typer.Option("--positions", min=20, help="Positions.")] = 1_000_000,
    seed: Seed = 20260130,
    threads: Threads = DEFAULT_THREADS,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="HTML report.")] = Path(
        "tickmargin-demo.html"
    ),
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="DIR", help="Also write market/ and portfolio/ there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a venue and margin it under three policies, then day by day through a crash.

    Three underlyings, 2,016 options with a smile, futures, perpetuals and spot; longs equal shorts
    in every instrument. The crash is of the size of early February 2026: BTC falls 24 % in a week
    and its at-the-money volatility goes from 39 % to 85 %; positions are held throughout.
    """
    from tickmargin.cli.inputs import summary_row
    from tickmargin.cli.output import print_json, say
    from tickmargin.engine import Engine
    from tickmargin.policies import Policies
    from tickmargin.report import write_report
    from tickmargin.simulate import synthetic_venue

    policies = [Policies.preset(name) for name in POLICIES]
    say(f"making {accounts:,} accounts with {positions:,} positions, seed {seed}")
    venue = synthetic_venue(accounts, positions, seed)
    portfolio, market = venue.portfolio(), venue.market_at()
    if save is not None:
        market.save(save / "market", overwrite=True)
        portfolio.save(save / "portfolio", overwrite=True)
        say(f"wrote {save / 'market'} and {save / 'portfolio'}")
    engine = Engine(market, portfolio, policies[-1])
    report = _report(engine, venue, policies, threads)
    write_report(out, report)
    if as_json:
        print_json(
            {
                "policies": [summary_row(run.summary) for run in report.runs],
                "crash": [
                    {
                        "day": day.label,
                        "as_of_ns": day.as_of_ns,
                        "index_price": day.index_price,
                        "vol_30d_annual": day.vol_30d_annual,
                        "policies": [summary_row(summary) for summary in day.summaries],
                    }
                    for day in report.timeline
                ],
                "report": str(out),
            }
        )
    else:
        _print(report)
    say(f"wrote {out}")


def _report(engine: Engine, venue: Venue, policies: list[Policies], threads: int) -> Report:
    from tickmargin import __version__
    from tickmargin.cli.inputs import facts_of
    from tickmargin.cli.output import steps
    from tickmargin.report import Report, riskiest_rows
    from tickmargin.report.build import account_scenarios, liquidation_map, liquidation_steps
    from tickmargin.report.summary import has_isolated_pockets
    from tickmargin.simulate import crash_path

    path = crash_path()
    total = len(policies) * (1 + len(path)) + liquidation_steps(engine)
    with steps("re-margining", total) as step:
        runs = _runs(engine, policies, threads, step)
        timeline = _timeline(engine, venue, policies, threads, step)
        ladder = liquidation_map(engine, threads=threads, step=step)
    # The portfolio policy has scenarios to show, so the riskiest are those under it.
    shown = runs[-1].result.accounts
    rows = riskiest_rows(shown, max(_TOP, _HEAT_MAP_ACCOUNTS))
    grids = [
        account_scenarios(engine.explain(shown["account"][row]), shown["worst_pocket"][row])
        for row in rows[:_HEAT_MAP_ACCOUNTS].tolist()
    ]
    return Report(
        title="One book, three margin policies, one crash",
        lead="A synthetic venue: the same accounts and positions under percent-of-notional, "
        "volatility-scaled and portfolio margin, before and during a fall of BTC by 24 %.",
        version=__version__,
        numeraire=engine.market.numeraire,
        runs=runs,
        facts=facts_of(engine),
        riskiest=shown.take(rows[:_TOP]),
        riskiest_policy=runs[-1].name,
        shows_pockets=has_isolated_pockets(runs[-1].result),
        liquidation=ladder,
        scenarios=[grid for grid in grids if grid is not None],
        timeline=timeline,
        notes=[
            "The venue is synthetic and seeded: prices, volatilities and accounts are made in the "
            "package. Nobody is liquidated, adds collateral or trades during the crash, so the "
            "counts are what a venue would face if it did nothing."
        ],
    )


def _runs(engine: Engine, policies: list[Policies], threads: int, step: Step) -> list[Run]:
    from tickmargin.report import Run, summarise

    runs = []
    for name, policy in zip(POLICIES, policies, strict=True):
        result = engine.recompute(threads=threads, policies=policy)
        runs.append(Run(name, result, summarise(name, result)))
        step()
    return runs


def _timeline(
    engine: Engine, venue: Venue, policies: list[Policies], threads: int, step: Step
) -> list[TimelineDay]:
    from datetime import UTC, datetime

    from tickmargin.engine import Engine
    from tickmargin.report import TimelineDay
    from tickmargin.simulate import crash_path

    days = []
    for state in crash_path():
        today = Engine(venue.market_at(state), engine.portfolio, policies[-1])
        runs = _runs(today, policies, threads, step)
        moment = datetime.fromtimestamp(state.as_of_ns // 1_000_000_000, tz=UTC)
        days.append(
            TimelineDay(
                label=f"{moment.day} {moment.strftime('%b')}",
                as_of_ns=state.as_of_ns,
                index_price={name: u.index_price for name, u in state.underlyings.items()},
                vol_30d_annual={n: u.smile.vol_30d_annual for n, u in state.underlyings.items()},
                summaries=[run.summary for run in runs],
            )
        )
    return days


def _print(report: Report) -> None:
    from tickmargin.cli.output import console, print_table
    from tickmargin.report import terminal

    target = console()
    print_table(
        target, terminal.summary_table([run.summary for run in report.runs], report.numeraire)
    )
    target.print()
    print_table(target, terminal.timeline_table(report.timeline))
    if report.riskiest is not None:
        target.print()
        pockets = report.shows_pockets
        shown = terminal.riskiest_table(report.riskiest, report.numeraire, shows_pockets=pockets)
        print_table(target, shown)
