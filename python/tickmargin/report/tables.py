"""HTML tables of the report; every text cell is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tickmargin.report.content import TimelineDay
from tickmargin.report.summary import Columns, Summary
from tickmargin.report.text import (
    MISSING,
    STATE_NAMES,
    count,
    escape,
    exact_money,
    money,
    move,
    percent,
    ratio,
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
        ("warning", False),
        ("margin call", False),
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


def riskiest_table(accounts: Columns, numeraire: str) -> str:
    """List accounts with their margin, state and worst scenario."""
    unit = escape(numeraire)
    head = [
        ("account", True),
        ("policy", True),
        ("state", True),
        (f"equity ({unit})", False),
        (f"initial margin ({unit})", False),
        (f"maintenance margin ({unit})", False),
        (f"slack ({unit})", False),
        ("health", False),
        ("worst underlying", True),
        ("price move", False),
        ("vol shock", False),
    ]
    rows = []
    for row in range(len(accounts)):
        state = str(accounts["state"][row])
        badge = f'<span class="state" style="{state_style(state)}">{_state_name(state)}</span>'
        worst = accounts["worst_underlying"][row]
        rows.append(
            [
                escape(accounts["account"][row]),
                escape(accounts["policy"][row]),
                badge,
                exact_money(float(accounts["equity"][row])),
                exact_money(float(accounts["initial_margin"][row])),
                exact_money(float(accounts["maintenance_margin"][row])),
                exact_money(float(accounts["slack"][row])),
                ratio(float(accounts["health_ratio"][row])),
                escape(worst) if worst else MISSING,
                move(float(accounts["worst_price_move"][row])),
                move(float(accounts["worst_vol_shock"][row])),
            ]
        )
    return _table(head, rows)


def timeline_table(days: Sequence[TimelineDay]) -> str:
    """Give the path in numbers: a row per day, three columns per policy."""
    leader = next(iter(days[0].index_price))
    head = [("day", True), (f"{escape(leader)} index", False), ("30-day vol", False)]
    for summary in days[0].summaries:
        name = escape(summary.name)
        head += [(f"{name}<br>initial margin", False), (f"{name}<br>calls", False),
                 (f"{name}<br>below maintenance", False)]  # fmt: skip
    rows = []
    for day in days:
        row = [
            escape(day.label),
            f"{day.index_price[leader]:,.0f}",
            percent(day.vol_30d_annual[leader], 0),
        ]
        for summary in day.summaries:
            row += [
                money(summary.initial_margin),
                count(summary.called),
                count(summary.below_maintenance),
            ]
        rows.append(row)
    return _table(head, rows)


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
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
