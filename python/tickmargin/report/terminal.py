"""The report's tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from tickmargin.report.content import Run, TimelineDay
from tickmargin.report.summary import Columns, Summary, by_component, owes, shows_margins
from tickmargin.report.text import (
    MISSING,
    STATE_NAMES,
    count,
    listed,
    may_borrow,
    money,
    percent,
    ratio,
    shock,
    whole_money,
    words,
)

STATE_STYLES = {
    "healthy": "green",
    "warning": "yellow",
    "margin_call": "dark_orange",
    "liquidating": "red",
    "bankrupt": "bold red",
    "undecidable": "magenta",
}


def grid(title: str, columns: Sequence[tuple[str, bool]]) -> RichTable:
    """Start a table; each column is its heading and whether it holds text (left-aligned)."""
    # A title that wraps to the width of a narrow table is hard to read.
    heading = Text(title, no_wrap=True, overflow="ignore")
    table = RichTable(
        title=heading, title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for name, is_text in columns:
        table.add_column(Text(name), justify="left" if is_text else "right", no_wrap=True)
    return table


def name_cell(name: object) -> Text:
    """Show an identifier as it is: rich must not read markup in it."""
    return Text(MISSING if name is None else str(name))


def state_cell(state: str) -> Text:
    """Show a state in its colour."""
    return Text(STATE_NAMES.get(state, state), style=STATE_STYLES.get(state, ""))


def summary_table(summaries: Sequence[Summary], numeraire: str) -> RichTable:
    """Set policies side by side; debts of who only owes where there are any."""
    owed = any(s.debts for s in summaries)
    columns = [("policy", True), ("equity", False)]
    columns += [("debts", False)] if owed else []
    columns += [("IM", False), ("MM", False), ("IM / equity", False), ("warning", False),
                ("call", False), ("below MM", False), ("short of MM", False),
                ("undecidable", False)]  # fmt: skip
    table = grid(f"Requirements and states (amounts in {numeraire})", columns)
    for s in summaries:
        table.add_row(
            name_cell(s.name),
            money(s.equity),
            *([money(s.debts)] if owed else []),
            money(s.initial_margin),
            money(s.maintenance_margin),
            percent(s.initial_margin / s.equity if s.equity > 0.0 else None),
            count(s.states["warning"]),
            count(s.called),
            count(s.below_maintenance),
            money(s.shortfall),
            count(s.undecidable),
        )
    return table


def component_table(run: Run, numeraire: str) -> RichTable:
    """Show where the requirement comes from: initial / maintenance by component and underlying."""
    underlyings, names, initial = by_component(run.result.components, "initial_margin")
    others = by_component(run.result.components, "maintenance_margin")
    maintenance = {
        (name, underlying): float(others[2][i, j])
        for i, name in enumerate(others[1])
        for j, underlying in enumerate(others[0])
    }
    table = grid(
        f"IM / MM by component under {run.name} (amounts in {numeraire})",
        [("component", True), *((name, False) for name in underlyings)],
    )
    for i, name in enumerate(names):
        cells = [
            f"{money(float(initial[i, j]))} / {money(maintenance.get((name, underlying), 0.0))}"
            if initial[i, j] or maintenance.get((name, underlying))
            else MISSING
            for j, underlying in enumerate(underlyings)
        ]
        table.add_row(name_cell(words(name)), *cells)
    return table


def riskiest_table(accounts: Columns, numeraire: str, *, shows_pockets: bool = False) -> RichTable:
    """List accounts with their margin, state and worst scenario, amounts to the whole unit.

    ``shows_pockets`` adds the pocket that binds, which slack, health and the worst scenario are of.
    """
    policies = sorted({str(name) for name in accounts["policy"]})
    several = len(policies) > 1
    owing = owes(accounts)
    margins, borrowers = shows_margins(accounts), bool(owing.any())
    columns = [("account", True), ("state", True), ("equity", False)]
    columns += [("IM", False), ("MM", False)] if margins else []
    columns += [("debts", False), ("may borrow", False)] if borrowers else []
    columns += [("slack", False), ("health", False)]
    columns += [("worst", True), ("price", False), ("vol", False)] if margins else []
    if shows_pockets:
        columns.insert(1, ("pocket", True))
    if several:
        columns.append(("policy", True))
    under = "" if several else f" under {policies[0]}" if policies else ""
    whole = ["equity"] + ["IM", "MM"] * margins + ["debts", "may borrow"] * borrowers
    of = f"; {listed(whole)} of all pockets, the rest of the one named" if shows_pockets else ""
    table = grid(f"Riskiest accounts{under} (amounts in {numeraire}{of})", columns)
    for row in range(len(accounts)):
        amounts = ["equity", "initial_margin", "maintenance_margin"][: 3 if margins else 1]
        cells: list[RenderableType] = [
            name_cell(accounts["account"][row]),
            state_cell(str(accounts["state"][row])),
            *(whole_money(float(accounts[name][row])) for name in amounts),
        ]
        if borrowers:
            free = accounts["equity_initial"][row] - accounts["initial_margin"][row]
            cells += [
                whole_money(float(accounts["debts"][row])),
                may_borrow(float(free), whole_money),
            ]
        cells += [
            whole_money(float(accounts["slack"][row])),
            ratio(float(accounts["health_ratio"][row]), 4 if owing[row] else 2),
        ]
        if margins:
            cells += [
                name_cell(accounts["worst_underlying"][row]),
                *shock(accounts["worst_price_move"][row], accounts["worst_vol_shock"][row]),
            ]
        if shows_pockets:
            cells.insert(1, name_cell(accounts["worst_pocket"][row]))
        if several:
            cells.append(name_cell(accounts["policy"][row]))
        table.add_row(*cells)
    return table


def timeline_table(days: Sequence[TimelineDay]) -> RichTable:
    """Give a path in numbers: the market, then IM, margin calls and accounts below MM."""
    leader = next(iter(days[0].index_price))
    columns = [("day", True), (leader, False), ("vol", False)]
    for summary in days[0].summaries:
        heading = summary.name.replace("-", "-\n")
        lines = "\n" * (heading.count("\n") + 1)
        columns += [(f"{heading}\nIM", False), (f"{lines}calls", False), (f"{lines}below", False)]
    table = grid("Through the crash, day by day: IM, margin calls, accounts below MM", columns)
    for day in days:
        cells: list[RenderableType] = [
            name_cell(day.label),
            f"{day.index_price[leader]:,.0f}",
            percent(day.vol_30d_annual[leader], 0),
        ]
        for summary in day.summaries:
            cells += [
                money(summary.initial_margin),
                count(summary.called),
                count(summary.below_maintenance),
            ]
        table.add_row(*cells)
    return table
