"""Charts as plain figure dictionaries; every identifier that reaches a label is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.report.content import AccountScenarios, LiquidationMap, Run
from tickmargin.report.summary import CROSS, Summary, by_component, health_counts, owes
from tickmargin.report.text import STATE_NAMES, STATES, label, move, words
from tickmargin.report.theme import (
    INK,
    LEGEND,
    LOSS_TO_GAIN,
    MUTED,
    SERIES,
    STATE_COLOURS,
    axis,
    count_axis,
    layout,
    money_axis,
)

Figure = dict[str, Any]

_HEALTH_BORDERS = (0.0, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
_COMPONENTS_SHOWN = 7
_SCAN_STEPS = 9
_LOG_FROM = 50


def health_figure(runs: Sequence[Run]) -> Figure:
    """Draw how many accounts have which health, one colour per policy."""
    borders = _HEALTH_BORDERS
    labels = [f"below {borders[0]:g}"]
    labels += [f"{a:g} – {b:g}" for a, b in pairwise(borders)]
    labels += [f"{borders[-1]:g} and more"]
    data = []
    for number, run in enumerate(runs):
        counts = health_counts(run.result.accounts, borders)
        data.append(
            {
                "type": "bar",
                "name": label(run.name),
                "x": labels,
                "y": counts.tolist(),
                "marker": {"color": SERIES[number % len(SERIES)]},
                "hovertemplate": "health %{x}<br>%{y:,} accounts<extra>%{fullData.name}</extra>",
            }
        )
    below = borders.index(1.0)
    borrowers = any(owes(run.result.accounts).any() for run in runs)
    measured = "equity / maintenance margin"
    if borrowers:
        measured += "; of those who only owe: weighted supplies / debts"
    # A logarithmic axis is for many accounts: it has no room for a zero and few whole steps.
    if max(sum(bars["y"]) for bars in data) < _LOG_FROM:
        vertical = count_axis("accounts", max(max(bars["y"]) for bars in data))
    else:
        vertical = axis("accounts (logarithmic)", type="log", dtick=1, tickformat=",d")
    return {
        "data": data,
        "layout": layout(
            380,
            barmode="group",
            showlegend=len(runs) > 1,
            xaxis=axis(f"health ratio ({measured})", type="category"),
            yaxis=vertical,
            shapes=[_vertical(below + 0.5)],
            annotations=[_note(below + 0.5, "liquidation" if borrowers else "maintenance margin")],
        ),
    }


def requirement_figure(runs: Sequence[Run], measure: str, numeraire: str) -> Figure:
    """Stack a requirement's components by underlying, a panel per policy."""
    parts = [by_component(run.result.components, measure) for run in runs]
    ranked = _ranked_components(runs)
    shown = [[name] for name in ranked[:_COMPONENTS_SHOWN]]
    if len(ranked) > _COMPONENTS_SHOWN:
        shown.append(ranked[_COMPONENTS_SHOWN:])
    data = []
    for panel, (underlyings, names, amounts) in enumerate(parts):
        for number, members in enumerate(shown):
            rows = [names.index(member) for member in members if member in names]
            group = words(members[0]) if len(members) == 1 else "other components"
            if not any(set(members) & set(part[1]) for part in parts):
                continue
            data.append(
                {
                    "type": "bar",
                    "name": label(group),
                    "legendgroup": label(group),
                    "showlegend": panel == 0,
                    "x": [label(name) for name in underlyings],
                    "y": amounts[rows].sum(axis=0).tolist(),
                    "xaxis": _axis_name("x", panel),
                    "marker": {"color": SERIES[number % len(SERIES)]},
                    "hovertemplate": f"%{{x}}<br>%{{y:,.0f}} {label(numeraire)}"
                    "<extra>%{fullData.name}</extra>",
                }
            )
    title = f"{words(measure)} ({label(numeraire)})"
    figure_layout = layout(400, barmode="relative", showlegend=True, yaxis=money_axis(title))
    width = 1.0 / len(runs)
    for panel, run in enumerate(runs):
        domain = [panel * width + (0.015 if panel else 0.0), (panel + 1) * width]
        heading = label(run.name) if len(runs) > 1 else "underlying"
        name = _axis_name("xaxis", panel)
        figure_layout[name] = axis(heading, type="category", tickangle=0, domain=domain)
    return {"data": data, "layout": figure_layout}


def _ranked_components(runs: Sequence[Run]) -> list[str]:
    """Order components by size over both measures, so that one has the same colour in each."""
    total: dict[str, float] = {}
    for run in runs:
        for measure in ("initial_margin", "maintenance_margin"):
            _, names, amounts = by_component(run.result.components, measure)
            for name, amount in zip(names, np.abs(amounts).sum(axis=1).tolist(), strict=True):
                total[name] = total.get(name, 0.0) + amount
    return sorted(total, key=lambda name: (-total[name], name))


def _axis_name(stem: str, panel: int) -> str:
    return stem if panel == 0 else f"{stem}{panel + 1}"


def states_figure(summaries: Sequence[Summary]) -> Figure:
    """Stack the accounts that are not healthy by state, a bar per policy."""
    names = [label(summary.name) for summary in summaries]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": STATE_NAMES[state],
            "y": names,
            "x": [summary.states[state] for summary in summaries],
            "marker": {"color": STATE_COLOURS[state]},
            "hovertemplate": "%{y}<br>%{x:,} accounts<extra>%{fullData.name}</extra>",
        }
        for state in STATES
        if state != "healthy" and any(summary.states[state] for summary in summaries)
    ]
    return {
        "data": data,
        "layout": layout(
            130 + 46 * len(names),
            barmode="stack",
            legend={**LEGEND, "traceorder": "normal"},
            xaxis=axis("accounts that are not healthy", tickformat=",d"),
            yaxis=axis("", autorange="reversed"),
        ),
    }


def liquidation_figure(chart: LiquidationMap, numeraire: str) -> Figure:
    """Draw the size in liquidation against the move of each underlying."""
    data = []
    for number, underlying in enumerate(chart.underlyings):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label(underlying),
                "x": (100.0 * chart.moves).tolist(),
                "y": chart.notional[number].tolist(),
                "customdata": chart.accounts[number].tolist(),
                "line": {"color": SERIES[number % len(SERIES)], "width": 2},
                "marker": {"size": 5},
                "hovertemplate": f"%{{x:+.0f}} %<br>%{{y:,.0f}} {label(numeraire)}"
                "<br>%{customdata:,} accounts<extra>%{fullData.name}</extra>",
            }
        )
    return {
        "data": data,
        "layout": layout(
            400,
            xaxis=axis("move of the underlying (%)", tickformat="+d", zerolinewidth=2),
            yaxis=money_axis(f"notional to liquidate ({label(numeraire)})"),
            hovermode="x",
        ),
    }


def scenario_figure(rows: Sequence[AccountScenarios], numeraire: str) -> Figure:
    """Draw the worst loss at each price move, as a share of equity, for the riskiest accounts."""
    moves, tails = _scan_moves(rows), _common_tails(rows)
    shares, texts = [], []
    for row in rows:
        worst = np.concatenate([row.worst_at(moves), row.worst_at_tails(tails)])
        shares.append((100.0 * worst / max(abs(row.equity), 1.0)).tolist())
        texts.append([f"{amount:,.0f} {label(numeraire)}" for amount in worst.tolist()])
    reach = max(10.0, min(150.0, float(np.nanmax(np.abs(shares), initial=0.0))))
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [move(m) for m in moves.tolist()] + [f"{move(m)}*" for m in tails],
                "y": [" · ".join(map(label, unit_names(r))) for r in rows],
                "z": shares,
                "text": texts,
                "colorscale": LOSS_TO_GAIN,
                "zmin": -reach,
                "zmax": reach,
                "xgap": 2,
                "ygap": 2,
                "colorbar": _colorbar("% of equity"),
                "hovertemplate": "%{y}<br>price %{x}<br>%{text}<br>%{z:.0f} % of equity"
                "<extra></extra>",
            }
        ],
        "layout": layout(
            120 + 30 * len(rows),
            xaxis=axis(
                "price move (* damped tail) with the worst volatility shock",
                type="category",
                showgrid=False,
                tickangle=0,
            ),
            yaxis=axis("", type="category", autorange="reversed", showgrid=False),
        ),
    }  # fmt: skip


def surface_figure(row: AccountScenarios, numeraire: str) -> Figure:
    """Draw every scenario of one account: price moves across, volatility shocks down."""
    reach = max(1.0, float(np.max(np.abs(row.pnl[np.isfinite(row.pnl)]), initial=1.0)))
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [move(m) for m in row.moves.tolist()],
                "y": [move(v) for v in row.vol_shocks.tolist()],
                "z": row.pnl.tolist(),
                "colorscale": LOSS_TO_GAIN,
                "zmin": -reach,
                "zmax": reach,
                "xgap": 1,
                "ygap": 1,
                "colorbar": _colorbar(label(numeraire), exponentformat="B"),
                "hovertemplate": f"price %{{x}}, volatility %{{y}}<br>%{{z:,.0f}} "
                f"{label(numeraire)}<extra></extra>",
            }
        ],
        "layout": layout(
            150 + 42 * len(row.vol_shocks),
            xaxis=axis("price move", type="category", showgrid=False),
            yaxis=axis("volatility shock", type="category", showgrid=False),
        ),
    }


def unit_names(row: AccountScenarios) -> list[str]:
    """Name the account, its pocket unless that is the cross pocket, and the underlying."""
    pocket = [] if row.pocket == CROSS else [row.pocket]
    return [row.account, *pocket, row.underlying]


def _scan_moves(rows: Sequence[AccountScenarios]) -> NDArray[np.float64]:
    """Give nine moves over the range that all accounts' scenarios span."""
    reach = min(float(np.max(np.abs(row.moves[row.weights == 1.0]), initial=0.0)) for row in rows)
    return np.linspace(-reach, reach, _SCAN_STEPS) if reach > 0.0 else np.zeros(1)


def _common_tails(rows: Sequence[AccountScenarios]) -> list[float]:
    """Give the damped moves all accounts have."""
    common = set(rows[0].moves[rows[0].weights < 1.0].tolist())
    for row in rows[1:]:
        common &= set(row.moves[row.weights < 1.0].tolist())
    return sorted(common)


def _colorbar(title: str, **extra: Any) -> dict[str, Any]:
    return {"title": {"text": title, "font": {"size": 12}}, "thickness": 12, "outlinewidth": 0,
            "tickfont": {"size": 12, "color": MUTED}, **extra}  # fmt: skip


def _vertical(x: float) -> dict[str, Any]:
    line = {"color": INK, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
            "line": line}  # fmt: skip


def _note(x: float, text: str) -> dict[str, Any]:
    font = {"size": 12, "color": MUTED}
    return {"xref": "x", "yref": "paper", "x": x, "y": 1.0, "yanchor": "top", "xanchor": "left",
            "xshift": 5, "text": text, "showarrow": False, "font": font}  # fmt: skip
