"""Tables of `tickmargin backtest` in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as RichTable

from tickmargin.backtest.option_books import HeldDay
from tickmargin.backtest.summary import Capital, Check, Cyclicality
from tickmargin.procyclicality import ImpulseResponse
from tickmargin.report.backtest_page import (
    SHORTFALL_HEADS,
    forecasts_shortfall,
    probability,
    shortfall_cells,
)
from tickmargin.report.text import moment


def checks_table(checks: Sequence[Check]) -> RichTable:
    """Show a row of checks per book and class; of shortfall only where a policy forecasts it."""
    forecast = forecasts_shortfall(checks)
    table = RichTable(box=None, pad_edge=False)
    for head in ("book", "margin"):
        table.add_column(head)
    for head in ("observed", "beyond", "covered", "p (one-sided)", "p of runs", "zone",
                 "p at any time", "worst beyond / margin", "score",
                 *(SHORTFALL_HEADS if forecast else ()), "mean margin"):  # fmt: skip
        table.add_column(head, justify="right")
    for check in checks:
        name = f"class {check.name}" if check.scope == "class" else check.name
        table.add_row(
            name,
            "IM" if check.measure == "initial_margin" else "MM",
            f"{check.observations:,}",
            f"{check.exceptions:,}",
            f"{100 * check.coverage:.2f} %",
            probability(check.p_value) + (" rejected" if check.rejected else ""),
            probability(check.p_independence),
            check.zone,
            probability(check.e_p_value),
            f"{100 * check.worst_shortfall_ratio:.1f} %",
            f"{100 * check.score:.2f} %",
            *(shortfall_cells(check) if forecast else ()),
            f"{check.mean_margin:,.0f}",
        )
    return table


def response_line(response: ImpulseResponse, underlying: str) -> str:
    """Say how maintenance margin answers a step of volatility."""
    return (
        f"after a step of volatility, MM of a long {underlying}: "
        f"{response.margin[0]:,.0f} before, {float(response.margin.max()):,.0f} at most "
        f"({100 * response.overshoot:.1f} % above the level it ends at), half of the rise after "
        f"{response.half_rows} days, largest rise in a day {100 * response.largest_step:.1f} %"
    )


def capital_table(rows: Sequence[Capital]) -> RichTable:
    """Set policies side by side."""
    table = RichTable(box=None, pad_edge=False)
    table.add_column("the same books under")
    for head in ("mean IM held", "of the first", "mean MM held", "covered by IM", "by MM",
                 "peak / trough of IM"):  # fmt: skip
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(
            row.policy,
            f"{row.initial_margin:,.0f}",
            f"{100 * row.initial_margin / rows[0].initial_margin:.1f} %",
            f"{row.maintenance_margin:,.0f}",
            f"{100 * row.initial_coverage:.2f} %",
            f"{100 * row.maintenance_coverage:.2f} %",
            f"{row.peak_to_trough:.2f}",
        )
    return table


def cycle_table(rows: Sequence[Cyclicality]) -> RichTable:
    """Show how each margin moved, and its frontier."""
    table = RichTable(box=None, pad_edge=False)
    table.add_column("maintenance margin of")
    for head in ("peak / trough", "largest step", "rise in 7 rows", "margin x", "windows",
                 "liquidated", "falsely", "bad debt", "mean margin"):  # fmt: skip
        table.add_column(head, justify="right")
    for row in rows:
        first = (row.book, f"{row.peak_to_trough:.2f}", f"{100 * row.largest_step:.1f} %",
                f"{100 * row.rise_within_week:.1f} %")  # fmt: skip
        for factor, point in row.frontier:
            table.add_row(
                *first,
                f"{factor:g}",
                f"{point.observations:,}",
                f"{point.liquidated:,}",
                f"{point.false_liquidations:,}",
                f"{point.bad_debt:,.0f}",
                f"{point.mean_margin:,.0f}",
            )
            first = ("", "", "", "")
    return table


def held_table(days: Sequence[HeldDay]) -> RichTable:
    """Show a straddle's margin at each snapshot beside its loss."""
    table = RichTable(box=None, pad_edge=False)
    table.add_column("short straddle")
    for head in ("index", "volatility", "IM", "MM", "loss since", "loss so far", "covered"):
        table.add_column(head, justify="right")
    for day in days:
        table.add_row(
            moment(day.as_of_ns),
            f"{day.index_price:,.0f}",
            f"{100 * day.vol_annual:.1f} %",
            f"{day.initial_margin:,.0f}",
            f"{day.maintenance_margin:,.0f}",
            f"{day.loss:,.0f}",
            f"{days[0].value - day.value:,.0f}",
            "yes" if day.covered else "no",
        )
    return table
