"""The look of the report: one light page, few colours, each with one meaning."""

from __future__ import annotations

from typing import Any

INK = "#1d2733"
MUTED = "#667382"
GRID = "#e6eaee"
PAPER = "#ffffff"
SERIES = ("#2b6cb0", "#c77d1e", "#3f8f6b", "#7a5ea8", "#8c6d4f", "#4b8fa6", "#a8536b", "#6f7d3c")
STATE_COLOURS = {
    "healthy": "#7fb59a",
    "warning": "#e6c35c",
    "margin_call": "#e09a4a",
    "liquidating": "#c9503f",
    "bankrupt": "#7d2231",
    "undecidable": "#9aa5b1",
}
# From loss to gain with a quiet middle; readable without telling red from green.
LOSS_TO_GAIN = [[0.0, "#9c2f26"], [0.25, "#dd8f72"], [0.5, "#f4f4f1"], [0.75, "#8cb4d6"],
                [1.0, "#2b5f97"]]  # fmt: skip
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

LEGEND = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"}

STYLE = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #f5f7f9; color: {INK}; font: 15px/1.5 {FONT}; }}
main, header > div {{ max-width: 1180px; margin: 0 auto; padding: 0 24px; }}
header {{ background: {PAPER}; border-bottom: 1px solid {GRID}; padding: 26px 0 18px; }}
h1 {{ font-size: 25px; margin: 0 0 4px; font-weight: 650; letter-spacing: -0.01em; }}
h2 {{ font-size: 18px; margin: 0 0 4px; font-weight: 640; }}
h3 {{ font-size: 14px; margin: 18px 0 6px; font-weight: 640; }}
p {{ margin: 0 0 12px; }}
.lead, .note {{ color: {MUTED}; max-width: 78ch; }}
.note {{ font-size: 13px; margin-top: 8px; }}
nav {{ margin-top: 12px; font-size: 14px; }}
nav {{ display: flex; flex-wrap: wrap; gap: 2px 20px; }}
nav a {{ color: {SERIES[0]}; text-decoration: none; white-space: nowrap; }}
nav a:hover {{ text-decoration: underline; }}
dl.facts {{ display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 10px 0 0; font-size: 13px; }}
dl.facts div {{ display: flex; gap: 6px; }}
dl.facts dt {{ color: {MUTED}; }}
dl.facts dd {{ margin: 0; }}
section {{ background: {PAPER}; border: 1px solid {GRID}; border-radius: 8px;
  padding: 20px 22px; margin: 20px 0; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px;
  margin: 20px 0; }}
.tile {{ background: {PAPER}; border: 1px solid {GRID}; border-radius: 8px; padding: 12px 16px; }}
.tile b {{ display: block; font-size: 22px; font-weight: 640; font-variant-numeric: tabular-nums; }}
.tile span {{ color: {MUTED}; font-size: 13px; }}
.figure {{ width: 100%; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: 6px 10px; text-align: right; border-bottom: 1px solid {GRID}; }}
td {{ white-space: nowrap; }}
th.group {{ text-align: center; border-bottom: none; padding-bottom: 0; color: {INK}; }}
td.first, th.first {{ border-left: 1px solid {GRID}; }}
th {{ color: {MUTED}; font-weight: 560; border-bottom: 1px solid #cfd6dd; vertical-align: bottom; }}
th.text, td.text {{ text-align: left; }}
tbody tr:last-child td {{ border-bottom: none; }}
.state {{ display: inline-block; padding: 0 8px; border-radius: 9px; font-size: 12.5px;
  color: {INK}; }}
footer {{ color: {MUTED}; font-size: 13px; padding: 6px 0 30px; }}
@media print {{ body {{ background: #fff; }} section {{ break-inside: avoid; }} }}
"""


def state_style(state: str) -> str:
    """Give the inline style of a state's badge: its colour, thinned so dark text stays legible."""
    return f"background: {STATE_COLOURS.get(state, MUTED)}55"


def layout(height: int, **extra: Any) -> dict[str, Any]:
    """Give a chart layout in the report's look; ``extra`` replaces whole keys."""
    base: dict[str, Any] = {
        "height": height,
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 72, "r": 24, "t": 34, "b": 56},
        "hoverlabel": {"font": {"family": FONT, "size": 12.5}},
        "legend": LEGEND,
        "bargap": 0.28,
    }
    base.update(extra)
    return base


def money_axis(title: str, **extra: Any) -> dict[str, Any]:
    """Give an axis of amounts: 500M and 2B, as finance writes them, from zero."""
    return axis(title, exponentformat="B", rangemode="tozero", nticks=6, **extra)


def count_axis(title: str, most: float) -> dict[str, Any]:
    """Give an axis of whole things from zero, `most` of them at most: no step between two."""
    few = {"dtick": 1} if most <= 10 else {}
    return axis(title, rangemode="tozero", tickformat=",d", **few)


def axis(title: str, **extra: Any) -> dict[str, Any]:
    """Give an axis with its title (which names the unit) in the report's look."""
    base: dict[str, Any] = {
        "title": {"text": title, "font": {"size": 12.5, "color": MUTED}, "standoff": 10},
        "gridcolor": GRID,
        "zerolinecolor": "#cbd3da",
        "linecolor": "#cbd3da",
        "tickfont": {"size": 12, "color": MUTED},
        "automargin": True,
    }
    base.update(extra)
    return base
