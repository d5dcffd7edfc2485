"""Rows as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MEASURES = (("initial_margin", "IM"), ("maintenance_margin", "MM"))


def checks_table(
    rows: Sequence[dict[str, Any]], books: Sequence[str], margins: Sequence[str]
) -> str:
    """A row per preset and margin: what it asks for, what it covered and p by book."""
    heads = " | ".join(f"{book}: of gross | covered | p" for book in books)
    lines = [
        f"| preset | margin | held to | times | {heads} |",
        "|---" * (4 + 3 * len(books)) + "|",
    ]
    for preset in dict.fromkeys(r["preset"] for r in rows):
        for measure, name in _MEASURES:
            if name not in margins:
                continue
            own = {r["book"]: r for r in rows if r["preset"] == preset and r["measure"] == measure}
            some = next(own[b] for b in books if b in own)
            held_to = f"{100 * some['confidence']:.4g} % {_days(some['horizon_days'])}"
            cells = [shown(preset), name, held_to, f"{some['times']:,}"]
            for book in books:
                row = own.get(book)
                cells += ["", "", ""] if row is None else [
                    f"{100 * row['margin_of_gross']:.1f} %",
                    f"{100 * row['coverage']:.2f} %",
                    _p(row),
                ]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _days(days: float) -> str:
    return f"{days:g} d" if days >= 1.0 else f"{24 * days:g} h"


def _p(row: dict[str, Any]) -> str:
    p = row["p_value"]
    text = "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return f"**{text}**" if row["rejected"] else text


def capital_table(rows: Sequence[dict[str, Any]]) -> str:
    """What each policy holds for the same books; the first is the measure."""
    lines = [
        "| generation | policy | mean IM | of gross margin | market makers | clients | "
        "iron condor | short straddle | IM / notional | next day within IM | within MM |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    base = rows[0]
    for row in rows:
        held = [
            f"{100 * row['held'][k] / base['held'][k]:.0f} %"
            for k in ("market_maker", "client", "iron condor BTC", "short straddle BTC")
        ]
        cells = [
            row["generation"],
            shown(row["name"]),
            f"{row['initial_margin'] / 1e9:.2f} B",
            f"{100 * row['initial_margin'] / base['initial_margin']:.0f} %",
            *held,
            f"{100 * row['initial_margin'] / row['gross_notional']:.1f} %",
            f"{100 * row['initial_coverage']:.1f} %",
            f"{100 * row['maintenance_coverage']:.1f} %",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def week_table(rows: Sequence[dict[str, Any]]) -> str:
    """The straddle's week under each policy."""
    lines = [
        "| policy | MM at first | highest MM | worst loss | largest loss between calls | "
        "losses beyond MM |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        money = ("first_maintenance", "peak_maintenance", "worst_loss", "worst_between")
        cells = [shown(r["preset"]), *(f"{r[k]:,.0f}" for k in money)]
        cells.append(f"{r['uncovered_calls']} of {r['calls'] - 1}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def shown(name: str) -> str:
    """A policy's name as a reader knows it."""
    return "a SPAN-style scan" if name == "span.toml" else name
