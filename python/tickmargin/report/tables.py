"""HTML tables of the report; every text cell is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tickmargin.report.content import TimelineDay
from tickmargin.report.summary import Columns, Summary, owes, shows_margins
from tickmargin.report.text import (
    MISSING,
    STATE_NAMES,
    count,
    escape,
    exact_money,
    may_borrow,
    money,
    percent,
    ratio,
    shock,
)
from tickmargin.report.theme import state_style


def policies_table(summaries: Sequence[Summary], numeraire: str) -> str:
    """Set policies side by side: what they hold and whom they call."""
    unit = escape(numeraire)
    head = [
        ("policy", True),
        (f"equity ({unit})", False),
        (f"initial margin ({unit})", False),
        (f"maintenance margin ({unit})", False),
        ("initial margin / equity", False),
        ("in warning", False),
        ("in margin call", False),
        ("below maintenance", False),
        (f"short of maintenance ({unit})", False),
        ("undecidable", False),
    ]
    rows = [
        [
            escape(s.name),
            money(s.equity),
            money(s.initial_margin),
            money(s.maintenance_margin),
            percent(s.initial_margin / s.equity if s.equity > 0.0 else None),
            count(s.states["warning"]),
            count(s.called),
            count(s.below_maintenance),
            money(s.shortfall),
            count(s.undecidable),
        ]
        for s in summaries
    ]
    return _table(head, rows)


def riskiest_table(accounts: Columns, numeraire: str, *, shows_pockets: bool = False) -> str:
    """List accounts with their margin, state and worst scenario.

    ``shows_pockets`` adds the pocket that binds, which slack, health and the worst scenario are of.
    """
    unit = escape(numeraire)
    owing = owes(accounts)
    margins, borrowers = shows_margins(accounts), bool(owing.any())
    head = [("account", True), ("policy", True), ("state", True), (f"equity ({unit})", False)]
    if margins:
        head += [(f"initial margin ({unit})", False), (f"maintenance margin ({unit})", False)]
    if borrowers:
        head += [(f"debts ({unit})", False), (f"may borrow ({unit})", False)]
    head += [(f"slack ({unit})", False), ("health", False)]
    if margins:
        head += [("worst underlying", True), ("price move", False), ("vol shock", False)]
    if shows_pockets:
        head.insert(1, ("pocket", True))
    rows = []
    for row in range(len(accounts)):
        state = str(accounts["state"][row])
        badge = f'<span class="state" style="{state_style(state)}">{_state_name(state)}</span>'
        worst = accounts["worst_underlying"][row]
        cells = [
            escape(accounts["account"][row]),
            escape(accounts["policy"][row]),
            badge,
            exact_money(float(accounts["equity"][row])),
        ]
        if margins:
            names = ("initial_margin", "maintenance_margin")
            cells += [exact_money(float(accounts[name][row])) for name in names]
        if borrowers:
            free = accounts["equity_initial"][row] - accounts["initial_margin"][row]
            cells += [
                exact_money(float(accounts["debts"][row])),
                may_borrow(float(free), exact_money),
            ]
        cells += [
            exact_money(float(accounts["slack"][row])),
            ratio(float(accounts["health_ratio"][row]), 4 if owing[row] else 2),
        ]
        if margins:
            cells += [
                escape(worst) if worst else MISSING,
                *shock(accounts["worst_price_move"][row], accounts["worst_vol_shock"][row]),
            ]
        if shows_pockets:
            cells.insert(1, escape(accounts["worst_pocket"][row]))
        rows.append(cells)
    return _table(head, rows)


def timeline_table(days: Sequence[TimelineDay]) -> str:
    """Give the path in numbers: a row per day, three columns per policy."""
    leader = next(iter(days[0].index_price))
    names = [escape(summary.name) for summary in days[0].summaries]
    groups = "".join(f'<th class="group first" colspan="3">{name}</th>' for name in names)
    top = f'<tr><th class="group" colspan="3"></th>{groups}</tr>'
    heads = '<th class="first">IM</th><th>calls</th><th>below MM</th>' * len(names)
    below = f'<tr><th class="text">day</th><th>{escape(leader)}</th><th>vol</th>{heads}</tr>'
    body = []
    for day in days:
        cells = [
            f'<td class="text">{escape(day.label)}</td>',
            f"<td>{day.index_price[leader]:,.0f}</td>",
            f"<td>{percent(day.vol_30d_annual[leader], 0)}</td>",
        ]
        for summary in day.summaries:
            cells += [
                f'<td class="first">{money(summary.initial_margin)}</td>',
                f"<td>{count(summary.called)}</td>",
                f"<td>{count(summary.below_maintenance)}</td>",
            ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return _framed(f"{top}{below}", "".join(body))


def _state_name(state: str) -> str:
    return escape(STATE_NAMES.get(state, state))


def _table(head: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """Assemble cells that are already safe; ``head`` says which columns are text."""
    kinds = [' class="text"' if is_text else "" for _, is_text in head]
    top = "".join(f"<th{kind}>{name}</th>" for (name, _), kind in zip(head, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return _framed(f"<tr>{top}</tr>", body)


def _framed(head: str, body: str) -> str:
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'
