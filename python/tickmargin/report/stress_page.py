"""The page of a stress: a heat picture of what is left over moves of spot, volatility and days."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tickmargin.projection import Projection
from tickmargin.report.figures import Figure
from tickmargin.report.page import Page, document
from tickmargin.report.text import STATE_NAMES, count, escape, label, money, move
from tickmargin.report.theme import LOSS_TO_GAIN, MUTED, STATE_COLOURS, axis, layout

Cells = NDArray[np.float64]

_LIQUIDATED = ("liquidating", "bankrupt")
_LEAST = 1.0
_PALE_TO_DARK = [[0.0, "#f4f4f1"], [0.5, "#dd8f72"], [1.0, "#9c2f26"]]


@dataclass(frozen=True, slots=True)
class StressReport:
    """Everything the page shows: the projection of one account, or of a whole book."""

    projection: Projection
    numeraire: str
    facts: Sequence[tuple[str, str]]
    version: str
    notes: Sequence[str] = ()


def slack_of(projection: Projection) -> Cells:
    """Equity less maintenance margin."""
    return projection.equity - projection.maintenance_margin


def shortfall_of(projection: Projection) -> Cells:
    """What all accounts together lack to their maintenance margin, by cell."""
    lack = np.maximum(-slack_of(projection), 0.0)
    return np.asarray(np.nansum(lack, axis=0))


def liquidated_of(projection: Projection) -> NDArray[np.int64]:
    """How many accounts are liquidating or bankrupt, by cell."""
    return np.asarray(np.isin(projection.state, _LIQUIDATED).sum(axis=0))


def write_stress(path: str | os.PathLike[str], report: StressReport) -> Path:
    """Render the page and write it, replacing what is there."""
    page = Page()
    p = report.projection
    moved = "Every index" if p.underlying is None else f"The index of {escape(p.underlying)}"
    kind = "are multiplied by 1 +" if p.vol_shock_kind == "relative" else "rise by"
    path_text = (
        f"{moved} moves with its forwards and marks in proportion; volatilities {kind} the shock; "
        "what expires on the way has settled at the moved index. Each cell is a full recompute."
    )
    if len(p.accounts) == 1:
        _add_account(page, report, path_text)
    else:
        _add_book(page, report, path_text)
    target = Path(path)
    target.write_text(
        document(
            page,
            title="Stress" if len(p.accounts) > 1 else f"Stress of {p.accounts[0]}",
            lead="Equity and margin on moved markets: moves of index and volatility, days ahead.",
            facts=report.facts,
            notes=report.notes,
            closing=f"Made by tickmargin {report.version}. Amounts in {report.numeraire}.",
        ),
        encoding="utf-8",
    )
    return target


def _add_account(page: Page, report: StressReport, path_text: str) -> None:
    p = report.projection
    slack = slack_of(p)[0]
    reach = max(_LEAST, float(np.max(np.abs(slack[np.isfinite(slack)]), initial=_LEAST)))
    charts = []
    for d, days in enumerate(p.forward_days.tolist()):
        states = [[STATE_NAMES[s] for s in row] for row in p.state[0, :, :, d].T.tolist()]
        texts = [
            [f"{money(x)}<br>{label(s)}" for x, s in zip(row, of, strict=True)]
            for row, of in zip(slack[:, :, d].T.tolist(), states, strict=True)
        ]
        hover = _hover(p, d, states)
        heat = (LOSS_TO_GAIN, -reach, reach, report.numeraire)
        figure = _heat(p, slack[:, :, d], texts, hover, heat)
        charts += [f"<h3>{day_words(days)}</h3>", page.chart(figure)]
    page.section(
        "slack",
        "Equity less maintenance margin",
        f"{path_text} Below zero the account is liquidated.",
        *charts,
    )
    page.section(
        "requirement",
        "Equity and requirement along the index",
        "With the volatility shock that leaves the least, on the first day and on the last.",
        page.chart(_lines(p, report.numeraire)),
    )


def _add_book(page: Page, report: StressReport, path_text: str) -> None:
    p = report.projection
    shortfall, liquidated = shortfall_of(p), liquidated_of(p)
    unknown = int((p.state == "undecidable").any(axis=(1, 2, 3)).sum())
    charts = []
    top = max(_LEAST, float(shortfall.max()))
    for d, days in enumerate(p.forward_days.tolist()):
        numbers = liquidated[:, :, d].T.tolist()
        texts = [
            [f"{money(x)}<br>{count(n)}" for x, n in zip(row, of, strict=True)]
            for row, of in zip(shortfall[:, :, d].T.tolist(), numbers, strict=True)
        ]
        hover = [[f"{count(n)} accounts in liquidation" for n in row] for row in numbers]
        figure = _heat(
            p, shortfall[:, :, d], texts, hover, (_PALE_TO_DARK, 0.0, top, report.numeraire)
        )
        charts += [f"<h3>{day_words(days)}</h3>", page.chart(figure)]
    left_out = f" {count(unknown)} accounts are undecidable somewhere." if unknown else ""
    page.section(
        "shortfall",
        "Short of maintenance margin",
        f"{path_text} In each cell what all {count(len(p.accounts))} accounts together lack, and "
        f"under it how many would be in liquidation.{left_out}",
        *charts,
    )


def day_words(days: float) -> str:
    if days == 0:
        return "Now"
    return "In 1 day" if days == 1 else f"In {days:g} days"


def _hover(p: Projection, d: int, states: list[list[str]]) -> list[list[str]]:
    """What a cell says of an account: all amounts and its state."""
    return [
        [
            f"equity {p.equity[0, m, v, d]:,.0f}<br>IM {p.initial_margin[0, m, v, d]:,.0f}<br>"
            f"MM {p.maintenance_margin[0, m, v, d]:,.0f}<br>{states[v][m]}"
            for m in range(p.price_moves.size)
        ]
        for v in range(p.vol_shocks.size)
    ]


def _heat(
    p: Projection,
    values: Cells,
    texts: list[list[str]],
    hover: list[list[str]],
    heat: tuple[list[list[object]], float, float, str],
) -> Figure:
    """Price moves across, volatility shocks down, the largest on top."""
    scale, low, high, numeraire = heat
    across, down = np.argsort(p.price_moves), np.argsort(p.vol_shocks)
    shown = values[np.ix_(across, down)].T

    def pick(rows: list[list[str]]) -> list[list[str]]:
        return [[rows[v][m] for m in across] for v in down]

    return {
        "data": [
            {
                "type": "heatmap",
                "x": [move(m) for m in p.price_moves[across].tolist()],
                "y": [_shock(p, v) for v in p.vol_shocks[down].tolist()],
                "z": shown.tolist(),
                "text": pick(texts),
                "texttemplate": "%{text}",
                "textfont": {"size": 11.5},
                "customdata": pick(hover),
                "colorscale": scale,
                "zmin": low,
                "zmax": high,
                "xgap": 2,
                "ygap": 2,
                "colorbar": {
                    "title": {"text": label(numeraire), "font": {"size": 12}},
                    "thickness": 12,
                    "outlinewidth": 0,
                    "exponentformat": "B",
                    "tickfont": {"size": 12, "color": MUTED},
                },
                "hovertemplate": f"index %{{x}}, volatility %{{y}}<br>%{{z:,.0f}} "
                f"{label(numeraire)}<br>%{{customdata}}<extra></extra>",
            }
        ],
        "layout": layout(
            130 + 52 * p.vol_shocks.size,
            xaxis=axis("move of the index", type="category", showgrid=False, tickangle=0),
            yaxis=axis("volatility shock", type="category", showgrid=False),
        ),
    }


def _shock(p: Projection, value: float) -> str:
    if p.vol_shock_kind == "relative":
        return move(value)
    return f"{100 * value:+.4g} points" if value else "0 points"


def _lines(p: Projection, numeraire: str) -> Figure:
    """Equity and maintenance margin at the volatility shock with the least slack."""
    across = np.argsort(p.price_moves)
    slack = slack_of(p)[0]
    data = []
    first_and_last = sorted({0, p.forward_days.size - 1})
    for d, dash in zip(first_and_last, ("solid", "dot"), strict=False):
        days = float(p.forward_days[d])
        cells = np.where(np.isnan(slack[:, :, d]), np.inf, slack[:, :, d])
        worst = np.argmin(cells, axis=1)
        for name, values, colour in (
            ("equity", p.equity, "#2b6cb0"),
            ("initial margin", p.initial_margin, STATE_COLOURS["margin_call"]),
            ("maintenance margin", p.maintenance_margin, STATE_COLOURS["liquidating"]),
        ):
            line = values[0, np.arange(worst.size), worst, d][across]
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": f"{name}, {day_words(days).lower()}",
                    "x": (100.0 * p.price_moves[across]).tolist(),
                    "y": line.tolist(),
                    "line": {"color": colour, "width": 2, "dash": dash},
                    "marker": {"size": 5},
                    "hovertemplate": f"%{{x:+.4g}} %<br>%{{y:,.0f}} {label(numeraire)}"
                    "<extra>%{fullData.name}</extra>",
                }
            )
    return {
        "data": data,
        "layout": layout(
            420,
            showlegend=True,
            xaxis=axis("move of the index", tickformat="d", ticksuffix=" %", zerolinewidth=2),
            yaxis=axis(label(numeraire), exponentformat="B", nticks=6),
            margin={"l": 72, "r": 24, "t": 90, "b": 56},
        ),
    }
