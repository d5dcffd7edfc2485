"""The page of a backtest: margin against the loss that followed, and what the checks say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tickmargin.backtest.rolling import Promise, Rolled
from tickmargin.backtest.summary import Capital, Check, Cyclicality
from tickmargin.report.figures import Figure
from tickmargin.report.page import Page, document
from tickmargin.report.text import MISSING, count, escape, label, money
from tickmargin.report.theme import SERIES, STATE_COLOURS, axis, layout

_MEASURES = {"initial_margin": "initial margin", "maintenance_margin": "maintenance margin"}
_POINTS = 2_500
SHORTFALL_HEADS = ("shortfall Z1", "shortfall Z2 (5 % at)")


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """Everything the page shows; ``books`` are the places of the books that are drawn."""

    policy: str
    promise: Promise
    rolled: Rolled
    checks: Sequence[Check]
    books: Sequence[int]
    facts: Sequence[tuple[str, str]]
    version: str
    capital: Sequence[Capital] = ()
    cycles: Sequence[Cyclicality] = ()
    notes: Sequence[str] = ()


def write_backtest(path: str | os.PathLike[str], report: BacktestReport) -> Path:
    """Render the page and write it, replacing what is there."""
    page = Page()
    page.section(
        "checks",
        "Did the margin cover what it is held to",
        "Windows that do not overlap. The test is one-sided: only too many losses beyond the "
        "margin count against it. Classes are pooled with the variance between times, so that "
        "accounts which lose on the same day are not counted as independent. Score: mean pinball "
        "loss over mean margin, lower is better. Shortfall: Acerbi and Szekely's tests of what the "
        "policy's own measure forecasts, 0 as expected, below 0 risk is understated.",
        _table(report.checks),
    )
    if report.capital:
        page.section(
            "capital",
            "The same books under each policy",
            "What all books together must hold, averaged over time, and the losses within it.",
            _capital(report.capital),
        )
    if report.cycles:
        multiples = ", ".join(f"{factor:g}" for factor, _ in report.cycles[0].frontier)
        page.section(
            "frontier",
            "False liquidations against bad debt",
            "Accounts set up at every time and held, under multiples of the maintenance margin: "
            "how many were closed out that would have stayed solvent, and what was lost beyond "
            f"collateral. Each line is a book, each mark a multiple: {multiples}.",
            page.chart(_frontier(report.cycles)),
        )
    for measure, title in _MEASURES.items():
        page.section(
            measure,
            f"{title.capitalize()} against the loss that followed",
            _promised(report.promise, measure),
            *(
                f"<h3>{escape(report.rolled.books[i])}</h3>"
                + page.chart(_figure(report.rolled, i, measure))
                for i in report.books
            ),
        )
    target = Path(path)
    target.write_text(
        document(
            page,
            title=f"Backtest of {report.policy}",
            lead="Every book is margined with what was known at the time, then compared with its "
            "profit or loss over the policy's horizon.",
            facts=report.facts,
            notes=report.notes,
            closing=f"Made by tickmargin {report.version}.",
        ),
        encoding="utf-8",
    )
    return target


def _promised(promise: Promise, measure: str) -> str:
    initial = measure == "initial_margin"
    days = promise.initial_days if initial else promise.maintenance_days
    confidence = promise.initial_confidence if initial else promise.maintenance_confidence
    return (
        f"Promised: {100 * confidence:g} % of losses over {horizon(days)}. Losses count upwards; "
        "marks are losses beyond the margin, at every time margined: windows that overlap show one "
        "fall several times, where the table counts it once."
    )


def horizon(days: float) -> str:
    """A promise's horizon in words: a day, 2 days, an hour."""
    hours = round(24.0 * days, 6)
    if hours < 24.0:
        return "an hour" if hours == 1.0 else f"{hours:g} hours"
    return "a day" if days == 1.0 else f"{days:.4g} days"


def _figure(rolled: Rolled, book: int, measure: str) -> Figure:
    initial = measure == "initial_margin"
    rows = np.flatnonzero(rolled.book == book)
    margin = (rolled.initial_margin if initial else rolled.maintenance_margin)[rows]
    loss = (rolled.initial_loss if initial else rolled.maintenance_loss)[rows]
    known = np.isfinite(loss)
    rows, margin, loss = rows[known], margin[known], loss[known]
    hit = loss > margin
    # long histories are thinned; a loss beyond the margin is never dropped
    kept = np.arange(rows.size) % max(1, rows.size // _POINTS) == 0
    kept |= hit
    times = [_day(t) for t in rolled.times_ns[rows].tolist()]
    when = [t for t, k in zip(times, kept.tolist(), strict=True) if k]
    beyond = [t for t, h in zip(times, hit.tolist(), strict=True) if h]
    hover = "%{x}<br>%{y:,.0f}<extra>%{fullData.name}</extra>"
    data: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines", "name": "loss that followed", "x": when,
         "y": loss[kept].tolist(), "line": {"color": "#a9b4bf", "width": 1},
         "hovertemplate": hover},
        {"type": "scatter", "mode": "lines", "name": label(_MEASURES[measure]), "x": when,
         "y": margin[kept].tolist(), "line": {"color": SERIES[0], "width": 2},
         "hovertemplate": hover},
        {"type": "scatter", "mode": "markers", "name": "beyond the margin", "x": beyond,
         "y": loss[hit].tolist(), "marker": {"color": STATE_COLOURS["liquidating"], "size": 7},
         "hovertemplate": hover},
    ]  # fmt: skip
    return {
        "data": data,
        "layout": layout(
            320,
            showlegend=True,
            xaxis=axis("time (UTC)", type="date"),
            yaxis=axis("amount", exponentformat="B"),
        ),
    }


def _frontier(cycles: Sequence[Cyclicality]) -> Figure:
    data = [
        {"type": "scatter", "mode": "lines+markers", "name": label(row.book),
         "x": [100.0 * p.false_liquidations / p.observations for _, p in row.frontier],
         "y": [p.bad_debt / p.observations for _, p in row.frontier],
         "text": [f"margin x {factor:g}" for factor, _ in row.frontier],
         "line": {"color": SERIES[number % len(SERIES)], "width": 2}, "marker": {"size": 6},
         "hovertemplate": "%{text}<br>%{x:.1f} % false<br>%{y:,.0f} bad debt a window"
         "<extra>%{fullData.name}</extra>"}
        for number, row in enumerate(cycles)
    ]  # fmt: skip
    return {
        "data": data,
        "layout": layout(
            420,
            showlegend=True,
            xaxis=axis("false liquidations (% of windows)", rangemode="tozero"),
            yaxis=axis("bad debt per window", rangemode="tozero"),
            margin={"l": 72, "r": 24, "t": 80, "b": 56},
        ),
    }


def _day(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _table(checks: Sequence[Check]) -> str:
    forecast = forecasts_shortfall(checks)
    head = ("book", "margin", "held to", "observations", "beyond", "covered", "p (one-sided)",
            "p of runs", "zone", "p at any time", "mean beyond / margin", "worst beyond / margin",
            "score", *(SHORTFALL_HEADS if forecast else ()), "mean margin")  # fmt: skip
    cells = "".join(
        f'<th class="text">{h}</th>' if i < 2 else f"<th>{h}</th>" for i, h in enumerate(head)
    )
    body = "".join(_row(check, forecast) for check in checks)
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _capital(rows: Sequence[Capital]) -> str:
    head = ("policy", "mean initial margin", "of the first", "mean maintenance margin",
            "covered by initial", "covered by maintenance", "peak / trough")  # fmt: skip
    cells = f'<th class="text">{head[0]}</th>' + "".join(f"<th>{h}</th>" for h in head[1:])
    body = "".join(
        f'<tr><td class="text">{escape(row.policy)}</td>'
        f"<td>{money(row.initial_margin)}</td>"
        f"<td>{100 * row.initial_margin / rows[0].initial_margin:.1f} %</td>"
        f"<td>{money(row.maintenance_margin)}</td><td>{100 * row.initial_coverage:.2f} %</td>"
        f"<td>{100 * row.maintenance_coverage:.2f} %</td><td>{row.peak_to_trough:.2f}</td></tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(check: Check, forecast: bool) -> str:
    mark = f' style="background: {STATE_COLOURS["liquidating"]}22"' if check.rejected else ""
    values = (
        f"{100 * check.confidence:.4g} %",
        count(check.observations),
        count(check.exceptions),
        f"{100 * check.coverage:.2f} %",
        probability(check.p_value),
        probability(check.p_independence),
        check.zone or MISSING,
        probability(check.e_p_value),
        f"{100 * check.mean_shortfall_ratio:.1f} %",
        f"{100 * check.worst_shortfall_ratio:.1f} %",
        f"{100 * check.score:.2f} %",
        *(shortfall_cells(check) if forecast else ()),
        money(check.mean_margin),
    )
    name = check.name if check.scope != "class" else f"class {check.name}"
    text = f'<td class="text">{escape(name)}</td><td class="text">{_MEASURES[check.measure]}</td>'
    return f"<tr{mark}>{text}{''.join(f'<td>{value}</td>' for value in values)}</tr>"


def forecasts_shortfall(checks: Sequence[Check]) -> bool:
    """Tell whether a policy forecasts an Expected Shortfall that is tested."""
    return any(not np.isnan(check.shortfall_z2) for check in checks)


def shortfall_cells(check: Check) -> tuple[str, str]:
    """Write both tests of Expected Shortfall, the second with what it is rejected below."""
    first = MISSING if np.isnan(check.shortfall_z1) else f"{check.shortfall_z1:.2f}"
    if np.isnan(check.shortfall_z2):
        return first, MISSING
    second = f"{check.shortfall_z2:.2f} ({check.shortfall_critical:.2f})"
    return first, second + " rejected" if check.shortfall_rejected else second


def probability(value: float) -> str:
    """Write a p-value with two digits that matter, or a dash."""
    if np.isnan(value):
        return MISSING
    return "< 0.0001" if value < 1e-4 else f"{value:.3f}" if value >= 0.01 else f"{value:.4f}"
