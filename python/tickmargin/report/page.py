"""The HTML page: one file, no network, every name escaped."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tickmargin.errors import MissingExtraError
from tickmargin.report import figures, timeline
from tickmargin.report.content import Report
from tickmargin.report.figures import Figure
from tickmargin.report.summary import left_out_line, owes
from tickmargin.report.tables import policies_table, riskiest_table, timeline_table
from tickmargin.report.text import count, escape, moment, money
from tickmargin.report.theme import STYLE

# Nothing may be fetched: the page must read the same on a machine without a network.
_SECURITY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:; "
    "img-src data: blob:; font-src data:"
)
_CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": False}


class Page:
    """Sections in order; numbers the charts so that each has its own element."""

    def __init__(self) -> None:
        self.sections: list[tuple[str, str, str]] = []
        self.figures: list[Figure] = []

    def chart(self, figure: Figure) -> str:
        self.figures.append(figure)
        height = int(figure["layout"]["height"])
        name = f"chart-{len(self.figures)}"
        return f'<div class="figure" id="{name}" style="height: {height}px"></div>'

    def section(self, anchor: str, title: str, lead: str, *parts: str) -> None:
        body = "\n".join(part for part in parts if part)
        self.sections.append((anchor, title, f'<p class="lead">{lead}</p>\n{body}'))


def render(report: Report) -> str:
    """Write a report as one HTML document.

    Parameters
    ----------
    report : Report
        What to show.

    Returns
    -------
    str
        A page with plotly.js inside; it refers to nothing outside itself.

    Raises
    ------
    MissingExtraError
        If plotly (extra ``report``) is not installed.
    """
    page = Page()
    _add_policies(page, report)
    _add_timeline(page, report)
    _add_health(page, report)
    _add_requirement(page, report)
    _add_liquidation(page, report)
    _add_scenarios(page, report)
    _add_riskiest(page, report)
    return document(
        page,
        title=report.title,
        lead=report.lead,
        facts=_facts(report),
        tiles=_tiles(report) if len(report.runs) == 1 else "",
        notes=report.notes,
        sources=report.sources,
        closing=f"Made by tickmargin {report.version}. Amounts in {report.numeraire}.",
    )


def write_report(path: str | os.PathLike[str], report: Report) -> Path:
    """Render a report and write it to a file, replacing what is there.

    Parameters
    ----------
    path : path-like
        Where to.
    report : Report
        What to show.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    target.write_text(render(report), encoding="utf-8")
    return target


def _plotly_script() -> str:
    try:
        offline = import_module("plotly.offline")
    except ImportError as error:
        raise MissingExtraError(
            "the HTML report needs plotly, which is not installed: pip install 'tickmargin[report]'"
        ) from error
    return str(offline.get_plotlyjs())


def _add_policies(page: Page, report: Report) -> None:
    if len(report.runs) < 2:
        return
    summaries = [run.summary for run in report.runs]
    page.section(
        "policies",
        "Policies compared",
        "The same book at the same moment under each policy: what it must hold, and who would be "
        "called or liquidated.",
        policies_table(summaries, report.numeraire),
        page.chart(figures.states_figure(summaries)),
    )


def _add_timeline(page: Page, report: Report) -> None:
    if not report.timeline:
        return
    page.section(
        "crash",
        "Through the crash, day by day",
        "Positions and balances are held; prices, volatilities, basis and time move. Each day is "
        "re-margined from scratch under each policy.",
        page.chart(timeline.market_figure(report.timeline)),
        page.chart(timeline.capital_figure(report.timeline, report.numeraire)),
        page.chart(timeline.accounts_figure(report.timeline)),
        timeline_table(report.timeline),
    )


def _has_borrowers(report: Report) -> bool:
    return any(bool(owes(run.result.accounts).any()) for run in report.runs)


def _add_health(page: Page, report: Report) -> None:
    borrowers = " and accounts that only owe by supplies at maintenance weights over debts, "
    page.section(
        "health",
        "Distribution of health",
        "Accounts with a requirement by equity over maintenance margin"
        f"{borrowers + 'the health factor of lenders' if _has_borrowers(report) else ''}. "
        "Below 1 an account is liquidated.",
        page.chart(figures.health_figure(report.runs)),
    )


def _add_requirement(page: Page, report: Report) -> None:
    if not any(len(run.result.components) for run in report.runs):
        return
    page.section(
        "requirement",
        "Requirement by underlying and component",
        "Sums over accounts, before rounding; credits count below zero.",
        "<h3>Initial margin</h3>",
        page.chart(figures.requirement_figure(report.runs, "initial_margin", report.numeraire)),
        "<h3>Maintenance margin</h3>",
        page.chart(figures.requirement_figure(report.runs, "maintenance_margin", report.numeraire)),
    )


def _add_liquidation(page: Page, report: Report) -> None:
    chart = report.liquidation
    if chart is None:
        return
    debts = " A pocket that owes and needs no margin counts its debts, whatever backs them."
    page.section(
        "liquidation",
        "Liquidation map",
        f"Gross notional in an underlying of pockets that are liquidating or bankrupt after that "
        f"underlying alone has moved, under {escape(chart.policy)}. Ratios of forward to index and "
        f"volatilities are held."
        f"{debts if _has_borrowers(report) else ''}",
        page.chart(figures.liquidation_figure(chart, report.numeraire)),
    )


def _add_scenarios(page: Page, report: Report) -> None:
    if not report.scenarios:
        return
    first = report.scenarios[0]
    page.section(
        "scenarios",
        "Scenarios of the riskiest accounts",
        "Profit or loss of the most exposed underlying of each account's binding pocket at each "
        "price move, with the volatility shock that hurts most, as a share of the pocket's equity.",
        page.chart(figures.scenario_figure(report.scenarios, report.numeraire)),
        f"<h3>{escape(', '.join(figures.unit_names(first)))}: every scenario</h3>",
        page.chart(figures.surface_figure(first, report.numeraire)),
    )


def _add_riskiest(page: Page, report: Report) -> None:
    if report.riskiest is None or len(report.riskiest) == 0:
        return
    chosen = report.riskiest_policy or report.runs[0].name
    owed = ", debts" if bool(owes(report.riskiest).any()) else ""
    of = f"; equity{owed} and margins are of all pockets, the rest of the one named"
    left = [left_out_line(r.result.accounts) for r in report.runs if r.name == chosen]
    page.section(
        "accounts",
        "Riskiest accounts",
        f"The largest shortfalls to maintenance margin under {escape(chosen)}, then the lowest "
        f"health{of if report.shows_pockets else ''}"
        f"{'; ' + left[0] if left and left[0] else ''}.",
        riskiest_table(report.riskiest, report.numeraire, shows_pockets=report.shows_pockets),
    )


def document(
    page: Page,
    *,
    title: str,
    lead: str,
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    closing: str,
    tiles: str = "",
    sources: Sequence[tuple[str, str]] = (),
) -> str:
    """Put sections and charts into one HTML document with plotly.js inside.

    Raises
    ------
    MissingExtraError
        If plotly (extra ``report``) is not installed.
    """
    script = _plotly_script()
    title = escape(title)
    links = "".join(f'<a href="#{name}">{text}</a>' for name, text, _ in page.sections)
    sections = "\n".join(
        f'<section id="{name}"><h2>{text}</h2>\n{body}</section>'
        for name, text, body in page.sections
    )
    charts = _safe_json([{"data": f["data"], "layout": f["layout"]} for f in page.figures])
    rows = (f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    below = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    told = "".join(
        f'<details class="note"><summary>{escape(line)}</summary><p>{escape(text)}</p></details>'
        if text
        else f'<p class="note">{escape(line)}</p>'
        for line, text in sources
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_SECURITY}">
<title>{title}</title>
<style>{STYLE}</style>
<script>{script}</script>
</head>
<body>
<header><div>
<h1>{title}</h1>
<p class="lead">{escape(lead)}</p>
<dl class="facts">{"".join(rows)}</dl>
{told}
<nav>{links}</nav>
</div></header>
<main>
{tiles}
{sections}
{below}
<footer>{escape(closing)}</footer>
</main>
<script>
const charts = {charts};
charts.forEach((chart, number) => Plotly.newPlot(
  `chart-${{number + 1}}`, chart.data, chart.layout, {_safe_json(_CONFIG)}));
</script>
</body>
</html>
"""


def _facts(report: Report) -> list[tuple[str, str]]:
    first = report.runs[0]
    return [
        ("as of", moment(first.result.as_of_ns)),
        ("policy" if len(report.runs) == 1 else "policies", ", ".join(r.name for r in report.runs)),
        ("accounts", count(first.summary.accounts)),
        *report.facts,
        ("version", report.version),
    ]


def _tiles(report: Report) -> str:
    summary, unit = report.runs[0].summary, escape(report.numeraire)
    tiles = [
        (money(summary.equity), f"equity, {unit}"),
        *([(money(summary.debts), f"debts, {unit}")] if summary.debts else []),
        (money(summary.initial_margin), f"initial margin, {unit}"),
        (money(summary.maintenance_margin), f"maintenance margin, {unit}"),
        (count(summary.called), "accounts in margin call"),
        (count(summary.below_maintenance), "accounts below maintenance"),
        (money(summary.shortfall), f"short of maintenance, {unit}"),
    ]
    if summary.undecidable:
        tiles.append((count(summary.undecidable), "accounts undecidable"))
    inside = "".join(f'<div class="tile"><b>{v}</b><span>{k}</span></div>' for v, k in tiles)
    return f'<div class="tiles">{inside}</div>'


def _safe_json(value: object) -> str:
    """Write JSON that cannot end the script element or open a comment in it."""
    finite = _without_nan(value)
    text = json.dumps(finite, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _without_nan(value: object) -> object:
    """Turn numbers that are not finite into gaps: JSON has no word for them, charts leave holes."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return value
