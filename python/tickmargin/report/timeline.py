"""Charts of a path: the market above, what each policy asks and whom it calls below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tickmargin.report.content import TimelineDay
from tickmargin.report.figures import Figure
from tickmargin.report.summary import Summary
from tickmargin.report.text import label
from tickmargin.report.theme import LEGEND, MUTED, SERIES, axis, layout, money_axis


def market_figure(days: Sequence[TimelineDay]) -> Figure:
    """Draw index prices against the first day and at-the-money volatilities."""
    labels = [label(day.label) for day in days]
    data: list[dict[str, Any]] = []
    for number, name in enumerate(days[0].index_price):
        colour = SERIES[number % len(SERIES)]
        first = days[0].index_price[name]
        price = [100.0 * (day.index_price[name] / first - 1.0) for day in days]
        vol = [100.0 * day.vol_30d_annual[name] for day in days]
        shared = {
            "x": labels,
            "legendgroup": label(name),
            "name": label(name),
            "mode": "lines+markers",
        }
        line = {"color": colour, "width": 2}
        data.append(
            {**shared, "type": "scatter", "y": price, "line": line, "marker": {"size": 5},
             "hovertemplate": "%{x}<br>%{y:+.1f} %<extra>%{fullData.name} price</extra>"}
        )  # fmt: skip
        data.append(
            {**shared, "type": "scatter", "y": vol, "line": line, "marker": {"size": 5},
             "xaxis": "x2", "yaxis": "y2", "showlegend": False,
             "hovertemplate": "%{x}<br>%{y:.0f} %<extra>%{fullData.name} volatility</extra>"}
        )  # fmt: skip
    return {"data": data, "layout": _two_panels("price since the first day (%)",
            "30-day at-the-money volatility (%)", 320)}  # fmt: skip


def capital_figure(days: Sequence[TimelineDay], numeraire: str) -> Figure:
    """Draw initial and maintenance margin held under each policy."""
    left = f"initial margin ({label(numeraire)})"
    right = f"maintenance margin ({label(numeraire)})"
    figure_layout = _two_panels(left, right, 340)
    figure_layout.update(yaxis=money_axis(left), yaxis2=money_axis(right, anchor="x2"))
    return {
        "data": _by_policy(
            days, lambda s: s.initial_margin, lambda s: s.maintenance_margin, ",.0f"
        ),
        "layout": figure_layout,
    }


def accounts_figure(days: Sequence[TimelineDay]) -> Figure:
    """Draw accounts in margin call and accounts below maintenance under each policy."""
    figure_layout = _two_panels("accounts in margin call", "accounts below maintenance", 340)
    for name in ("yaxis", "yaxis2"):
        figure_layout[name].update(tickformat=",d", rangemode="tozero")
    return {
        "data": _by_policy(days, lambda s: s.called, lambda s: s.below_maintenance, ",d"),
        "layout": figure_layout,
    }


def _by_policy(
    days: Sequence[TimelineDay],
    left: Callable[[Summary], float],
    right: Callable[[Summary], float],
    number_format: str,
) -> list[dict[str, Any]]:
    labels = [label(day.label) for day in days]
    data: list[dict[str, Any]] = []
    for number, first in enumerate(days[0].summaries):
        for side, measure in enumerate((left, right)):
            trace: dict[str, Any] = {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label(first.name),
                "legendgroup": label(first.name),
                "showlegend": side == 0,
                "x": labels,
                "y": [measure(day.summaries[number]) for day in days],
                "line": {"color": SERIES[number % len(SERIES)], "width": 2},
                "marker": {"size": 5},
                "hovertemplate": f"%{{x}}<br>%{{y:{number_format}}}"
                "<extra>%{fullData.name}</extra>",
            }
            if side == 1:
                trace.update(xaxis="x2", yaxis="y2")
            data.append(trace)
    return data


def _two_panels(left: str, right: str, height: int) -> dict[str, Any]:
    quiet = {"size": 12.5, "color": MUTED}
    return layout(
        height,
        xaxis=axis("", type="category", domain=[0.0, 0.46]),
        xaxis2=axis("", type="category", domain=[0.56, 1.0], anchor="y2"),
        yaxis=axis(left),
        yaxis2=axis(right, anchor="x2"),
        legend={**LEGEND, "font": quiet},
    )
