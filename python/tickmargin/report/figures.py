"""Charts as plain figure dictionaries; every identifier that reaches a label is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tickmargin.report.content import AccountScenarios, LiquidationMap, Run
from tickmargin.report.summary import Summary, by_component, health_counts
from tickmargin.report.text import STATE_NAMES, STATES, label, move, words
from tickmargin.report.theme import INK, LOSS_TO_GAIN, MUTED, SERIES, STATE_COLOURS, axis, layout

Figure = dict[str, Any]

_HEALTH_BORDERS = (0.0, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
_COMPONENTS_SHOWN = 7


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
    return {
        "data": data,
        "layout": layout(
            380,
            barmode="group",
            showlegend=len(runs) > 1,
            xaxis=axis("health ratio (equity / maintenance margin)", type="category"),
            yaxis=axis("accounts (logarithmic)", type="log", dtick=1, tickformat=",d"),
            shapes=[_vertical(below + 0.5)],
            annotations=[_note(below + 0.5, "maintenance margin")],
        ),
    }


def requirement_figure(runs: Sequence[Run], measure: str, numeraire: str) -> Figure:
    """Stack a requirement's components by policy and underlying."""
    parts = [(run, *by_component(run.result.components, measure)) for run in runs]
    total: dict[str, float] = {}
    for _, _, names, amounts in parts:
        for name, amount in zip(names, np.abs(amounts).sum(axis=1).tolist(), strict=True):
            total[name] = total.get(name, 0.0) + amount
    ranked = sorted(total, key=lambda name: (-total[name], name))
    shown, rest = ranked[:_COMPONENTS_SHOWN], ranked[_COMPONENTS_SHOWN:]
    data = []
    for number, name in enumerate([*shown, *(["other components"] if rest else [])]):
        members = rest if name == "other components" and rest else [name]
        policies, underlyings, heights = [], [], []
        for run, columns, names, amounts in parts:
            rows = [names.index(member) for member in members if member in names]
            for column, underlying in enumerate(columns):
                policies.append(label(run.name))
                underlyings.append(label(underlying))
                heights.append(float(amounts[rows, column].sum()))
        data.append(
            {
                "type": "bar",
                "name": label(words(name)),
                "x": [policies, underlyings] if len(runs) > 1 else underlyings,
                "y": heights,
                "marker": {"color": SERIES[number] if number < len(SERIES) else MUTED},
                "hovertemplate": f"%{{x}}<br>%{{y:,.0f}} {label(numeraire)}"
                "<extra>%{fullData.name}</extra>",
            }
        )
    title = f"{words(measure)} ({label(numeraire)})"
    return {
        "data": data,
        "layout": layout(
            400,
            barmode="relative",
            showlegend=True,
            xaxis=axis("underlying", type="multicategory" if len(runs) > 1 else "category"),
            yaxis=axis(title, tickformat=".3~s"),
        ),
    }


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
            yaxis=axis(
                f"notional to liquidate ({label(numeraire)})",
                tickformat=".3~s",
                rangemode="tozero",
            ),
            hovermode="x",
        ),
    }


def scenario_figure(rows: Sequence[AccountScenarios], numeraire: str) -> Figure:
    """Draw the worst loss at each price move, as a share of equity, for the riskiest accounts."""
    moves = _common_moves(rows)
    shares, texts = [], []
    for row in rows:
        places = [int(np.argmin(np.abs(row.moves - m))) for m in moves]
        worst = row.pnl.min(axis=0)[places]
        base = max(abs(row.equity), 1.0)
        shares.append((100.0 * worst / base).tolist())
        texts.append([f"{amount:,.0f} {label(numeraire)}" for amount in worst.tolist()])
    reach = max(10.0, min(200.0, float(np.nanmax(np.abs(shares), initial=0.0))))
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [move(m) for m in moves],
                "y": [f"{label(r.account)} · {label(r.underlying)}" for r in rows],
                "z": shares,
                "text": texts,
                "colorscale": LOSS_TO_GAIN,
                "zmin": -reach,
                "zmax": reach,
                "zmid": 0.0,
                "xgap": 2,
                "ygap": 2,
                "colorbar": {
                    "title": {"text": "% of |equity|"},
                    "thickness": 12,
                    "outlinewidth": 0,
                },
                "hovertemplate": "%{y}<br>price %{x}<br>%{text}<br>%{z:.0f} % of equity"
                "<extra></extra>",
            }
        ],
        "layout": layout(
            120 + 30 * len(rows),
            xaxis=axis("price move, worst volatility shock", type="category", showgrid=False),
            yaxis=axis("", type="category", autorange="reversed", showgrid=False),
        ),
    }


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
                "colorbar": _colorbar(label(numeraire), tickformat=".3~s"),
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


def _common_moves(rows: Sequence[AccountScenarios]) -> list[float]:
    """Give the price moves all accounts have; strikes as nodes differ from account to account."""
    common = {round(m, 9) for m in rows[0].moves.tolist()}
    for row in rows[1:]:
        common &= {round(m, 9) for m in row.moves.tolist()}
    return sorted(common)


def _colorbar(title: str, **extra: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "thickness": 12, "outlinewidth": 0, **extra}


def _vertical(x: float) -> dict[str, Any]:
    line = {"color": INK, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
            "line": line}  # fmt: skip


def _note(x: float, text: str) -> dict[str, Any]:
    font = {"size": 12, "color": MUTED}
    return {"xref": "x", "yref": "paper", "x": x, "y": 1.0, "yanchor": "top", "xanchor": "left",
            "xshift": 5, "text": text, "showarrow": False, "font": font}  # fmt: skip
