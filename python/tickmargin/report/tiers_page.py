"""The page of two tiers: every account's fast requirement against the exact one."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.report.figures import Figure
from tickmargin.report.page import Page, document
from tickmargin.report.summary import Columns
from tickmargin.report.text import MISSING, count, escape, exact_money, label, money, percent
from tickmargin.report.theme import SERIES, STATE_COLOURS, axis, layout
from tickmargin.tiers import Tiers

ACCOUNT_HEADS = ("account", "policy", "IM fast", "IM exact", "IM gap", "MM fast", "MM exact",
                 "MM gap", "of the exact", "factor")  # fmt: skip
_POINTS = 4_000
_DECADES = 5


def largest_gaps(accounts: Columns, top: int) -> NDArray[np.intp]:
    """Rows of the accounts furthest below the exact measure, as a share of it."""
    worst = np.fmax(accounts["initial_gap_ratio"], accounts["maintenance_gap_ratio"])
    rows = np.argsort(np.where(np.isnan(worst), -np.inf, -worst), kind="stable")
    rows = rows[worst[rows] > 0]
    return np.asarray(rows[:top])


def factor_words(value: float | None) -> str:
    """A factor rounded up, so that what is written covers."""
    if value is None or math.isnan(value):
        return MISSING
    return "none does" if math.isinf(value) else f"{math.ceil(value * 1e4) / 1e4:,.4f}"


def policy_rows(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is told of one policy."""
    known = row["accounts"] - row["undecidable"]
    rows = [
        ("accounts", count(row["accounts"])),
        ("safety factor in force", f"{row['safety_factor_ratio']:g}"),
        ("IM of all: fast, exact", f"{money(row['initial_fast'])}, {money(row['initial_exact'])}"),
        ("MM of all: fast, exact",
         f"{money(row['maintenance_fast'])}, {money(row['maintenance_exact'])}"),
        ("below the exact IM", f"{count(row['initial_uncovered'])} of {count(known)}"),
        ("below the exact MM", f"{count(row['maintenance_uncovered'])} of {count(known)}"),
        ("largest gap, of the exact", percent(row["largest_gap_ratio"])),
        ("safety factor that covers all, in its place", factor_words(row["factor"])),
        (f"that covers {percent(row['share'], 4).replace('.0000', '')}, in its place",
         factor_words(row["factor_of_share"])),
        ("accounts that no factor covers", count(row["never"])),
    ]  # fmt: skip
    if row["undecidable"]:
        rows.append(("undecidable, left out", count(row["undecidable"])))
    return rows


def account_cells(row: Mapping[str, Any]) -> list[str]:
    """One account's row, as text."""
    ratios = [row[f"{side}_gap_ratio"] or 0.0 for side in ("initial", "maintenance")]
    factors = [row[f"{side}_factor"] or 1.0 for side in ("initial", "maintenance")]
    amounts = [
        exact_money(row[f"{side}_{name}"])
        for side in ("initial", "maintenance")
        for name in ("fast", "exact", "gap")
    ]
    told = [percent(max(ratios)), factor_words(max(factors))]
    return [str(row["account"]), str(row["policy"]), *amounts, *told]


def write_tiers(
    path: str | os.PathLike[str],
    done: Tiers,
    numeraire: str,
    facts: Sequence[tuple[str, str]],
    version: str,
    top: int,
) -> Path:
    """Render the page and write it, replacing what is there."""
    page = Page()
    for row in done.policies:
        name = str(row["policy"])
        mine = done.accounts.take(np.flatnonzero(done.accounts["policy"] == name))
        floor = _floor(mine)
        table = "".join(
            f'<tr><td class="text">{escape(head)}</td><td>{escape(value)}</td></tr>'
            for head, value in policy_rows(row)
        )
        page.section(
            f"policy-{len(page.sections) + 1}",
            f"{escape(name)} beside {escape(row['exact'])}",
            "Each mark is an account: what the fast policy asks for against the exact measure. "
            "Marks above the line are not covered. A safety factor that covers takes the place of "
            "the one in force, and bounds the gap of these accounts at this market alone. "
            f"Covered accounts below {floor:,g} {label(numeraire)} are not drawn.",
            f'<div class="scroll"><table style="max-width: 560px"><tbody>{table}</tbody></table>'
            "</div>",
            page.chart(_figure(mine, floor, numeraire)),
        )
    rows = largest_gaps(done.accounts, top)
    if len(rows):
        cells = "".join(
            f'<th class="text">{head}</th>' if n < 2 else f"<th>{head}</th>"
            for n, head in enumerate(ACCOUNT_HEADS)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td class="text">{escape(cell)}</td>' if n < 2 else f"<td>{escape(cell)}</td>"
                for n, cell in enumerate(account_cells(row))
            )
            + "</tr>"
            for row in done.accounts.take(rows)
        )
        page.section(
            "gaps",
            "Largest gaps",
            "Accounts furthest below the exact measure, as a share of it.",
            f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody>'
            "</table></div>",
        )
    target = Path(path)
    target.write_text(
        document(
            page,
            title="Two tiers",
            lead="The same accounts by the rule that orders and ticks go by, and by the exact one.",
            facts=facts,
            notes=(),
            closing=f"Made by tickmargin {version}. Amounts in {numeraire}.",
        ),
        encoding="utf-8",
    )
    return target


def _floor(accounts: Columns) -> float:
    """Where the picture begins: at five to six decades below the largest exact requirement."""
    exact = accounts["initial_exact"]
    most = float(np.max(exact[exact > 0], initial=0.0))
    return 10.0 ** math.floor(math.log10(most) - _DECADES) if most > 0 else 1.0


def _figure(accounts: Columns, floor: float, numeraire: str) -> Figure:
    data: list[dict[str, Any]] = []
    most = floor
    for side, name, colour in (
        ("initial", "initial margin", SERIES[0]),
        ("maintenance", "maintenance margin", SERIES[1]),
    ):
        fast, exact = accounts[f"{side}_fast"], accounts[f"{side}_exact"]
        known = np.flatnonzero((fast > 0) & (exact > 0) & ((fast >= floor) | (exact > fast)))
        # a large book is thinned; what is not covered is never dropped
        kept = known[(np.arange(known.size) % max(1, known.size // _POINTS) == 0)
                     | (exact[known] > fast[known])]  # fmt: skip
        if kept.size:
            most = max(most, float(fast[kept].max()), float(exact[kept].max()))
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": fast[kept].tolist(),
                "y": exact[kept].tolist(),
                "text": [label(account) for account in accounts["account"][kept].tolist()],
                "marker": {"color": colour, "size": 5, "opacity": 0.6},
                "hovertemplate": "%{text}<br>fast %{x:,.0f}<br>exact %{y:,.0f}"
                "<extra>%{fullData.name}</extra>",
            }
        )
    data.append(
        {"type": "scatter", "mode": "lines", "name": "equal", "x": [floor, most],
         "y": [floor, most],
         "line": {"color": STATE_COLOURS["undecidable"], "width": 1.5, "dash": "dot"},
         "hoverinfo": "skip"}
    )  # fmt: skip
    return {
        "data": data,
        "layout": layout(
            460,
            showlegend=True,
            xaxis=_decades(f"fast ({label(numeraire)}, logarithmic)"),
            yaxis=_decades(f"exact ({label(numeraire)})"),
        ),
    }


def _decades(title: str) -> dict[str, Any]:
    return axis(title, type="log", exponentformat="B", dtick=1)
