"""Who is likely to be called: the accounts and the scenarios that take most, and a page of them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.probabilities import BreachProbabilities
from tickmargin.report.figures import Figure
from tickmargin.report.page import Page, document
from tickmargin.report.text import MISSING, STATE_NAMES, count, escape, moment, percent
from tickmargin.report.theme import STATE_COLOURS, axis, count_axis, layout

ACCOUNT_HEADS = ("account", "now", "called in", "p(call)", "at most", "liquidated in",
                 "p(liquidation)", "at most", "below IM in", "undecidable in")  # fmt: skip
_CALLED = ("margin_call", "liquidating", "bankrupt")
_UNDERLYINGS = 5
_SCENARIOS = 10
NOBODY = "nobody who is not called now would be, in any scenario"
_SPAN = ("start_ns", "end_ns")
_DAY_NS = 86_400 * 10**9
_WORDS = {
    "given": "given moves",
    "historical": "historical moves",
    "filtered": "historical moves at today's volatility",
    "monte_carlo": "drawn moves",
}


def likeliest(done: BreachProbabilities, states: NDArray[np.object_], top: int) -> list[int]:
    """Rows of the accounts called in most scenarios that are not called now."""
    keys = [done.accounts[name] for name in ("below_initial", "liquidations", "breaches")]
    rows = np.lexsort([-key for key in keys])
    some = (done.accounts["breaches"] > 0) & ~np.isin(states, _CALLED)
    found: list[int] = rows[some[rows]][:top].tolist()
    return found


def worst_scenarios(done: BreachProbabilities, top: int) -> list[int]:
    """Rows of the scenarios that take most accounts."""
    liquidations, breaches = done.scenarios["liquidations"], done.scenarios["breaches"]
    rows = np.lexsort([-breaches, -liquidations])
    found: list[int] = rows[breaches[rows] > 0][:top].tolist()
    return found


def described(done: BreachProbabilities) -> str:
    """What was counted over, in words."""
    text = f"{count(done.count)} {_WORDS[done.generator]}"
    if done.horizon_days > 0:
        text += f" over {done.horizon_days:g} {'day' if done.horizon_days == 1 else 'days'}"
    if is_dated(done):
        first, last = done.scenarios["start_ns"].min(), done.scenarios["end_ns"].max()
        text += f" from {moment(int(first))[:10]} to {moment(int(last))[:10]}"
    if done.independent < done.count:
        text += f", {count(done.independent)} of them without time in common"
    return text + (", volatilities moved too" if done.vol_shocks else ", volatilities held")


def totals(done: BreachProbabilities, states: NDArray[np.object_]) -> dict[str, Any]:
    """What holds of all accounts together, those called now included."""
    unknown = done.accounts["undecidable"]
    out: dict[str, Any] = {
        "accounts": len(done.accounts),
        "undecidable_somewhere": int((unknown > 0).sum()),
        "undecidable_everywhere": int((unknown == done.count).sum()),
    }
    for name, now in (("breaches", _CALLED), ("liquidations", _CALLED[1:])):
        by_scenario = done.scenarios[name]
        out[name] = {
            "now": int(np.isin(states, now).sum()),
            "accounts_somewhere": int((done.accounts[name] > 0).sum()),
            "mean": float(by_scenario.mean()),
            "one_in_20": int(np.quantile(by_scenario, 0.95, method="higher")),
            "one_in_100": int(np.quantile(by_scenario, 0.99, method="higher")),
            "most": int(by_scenario.max()),
        }
    return out


def total_rows(told: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The same as rows of text: what, of calls, of liquidations."""
    calls, ends = told["breaches"], told["liquidations"]
    return [
        ("now", count(calls["now"]), count(ends["now"])),
        ("in some scenario", count(calls["accounts_somewhere"]),
         count(ends["accounts_somewhere"])),
        ("at once, on average", f"{calls['mean']:,.1f}", f"{ends['mean']:,.1f}"),
        ("at once, in 1 scenario of 20 at least", count(calls["one_in_20"]),
         count(ends["one_in_20"])),
        ("at once, in 1 scenario of 100 at least", count(calls["one_in_100"]),
         count(ends["one_in_100"])),
        ("at once, the most", count(calls["most"]), count(ends["most"])),
    ]  # fmt: skip


def unknown_moves(done: BreachProbabilities) -> dict[str, int]:
    """Underlyings whose move, or shock, is not known in some scenario, and in how many."""
    found = {}
    for name, moves in done.price_moves.items():
        unknown = np.isnan(moves)
        if name in done.vol_shocks:
            unknown |= np.isnan(done.vol_shocks[name])
        if unknown.any():
            found[name] = int(unknown.sum())
    return found


def notes_of(done: BreachProbabilities, told: Mapping[str, Any]) -> list[str]:
    """What a reader must know to read the tables."""
    notes = [
        f"the columns at most hold with {100.0 * done.confidence:.4g} % confidence, if what comes "
        "is drawn as the scenarios are; there alone an undecidable one counts as a call and a "
        "liquidation"
    ]
    if now := told["breaches"]["now"]:
        noun = "account is" if now == 1 else "accounts are"
        notes.append(f"{count(now)} {noun} called or worse now, and not listed")
    if told["undecidable_somewhere"]:
        somewhere, all_over = told["undecidable_somewhere"], told["undecidable_everywhere"]
        notes.append(
            f"{count(somewhere)} {'account is' if somewhere == 1 else 'accounts are'} undecidable "
            f"in some scenario, {count(all_over)} of them in every one"
        )
    for name, scenarios in unknown_moves(done).items():
        never = scenarios == done.count
        then = "whoever holds it is undecidable" if never else ""
        # Drawn moves need a price at every time of the window; replayed ones miss some moves.
        if not never or done.generator == "monte_carlo":
            then += f"{'; ' if then else ''}a shorter window may leave those out (--window-days)"
        notes.append(
            f"the history does not know {name} in {count(scenarios)} of {count(done.count)} "
            f"scenarios: {then}"
        )
    return notes


def account_cells(row: Mapping[str, Any], state: str, scenarios: int) -> list[str]:
    """One account's row, as text."""
    cells = [str(row["account"]), STATE_NAMES[state]]
    for what, name in (("breaches", "breach"), ("liquidations", "liquidation")):
        cells.append(f"{count(row[what])} of {count(scenarios)}")
        cells += [percent(row[f"p_{name}"], 2), upper_words(row[f"p_{name}_upper"])]
    return [*cells, count(row["below_initial"]),
            count(row["undecidable"]) if row["undecidable"] else MISSING]  # fmt: skip


def upper_words(value: float) -> str:
    """A bound rounded up, so that what is written bounds."""
    return percent(min(math.ceil(value * 1e4 - 1e-9) / 1e4, 1.0), 2)


def scenario_heads(done: BreachProbabilities) -> list[str]:
    """Headings of the scenarios' table."""
    places = ["from", "to"] if is_dated(done) else ["scenario"]
    shown = list(done.price_moves)[:_UNDERLYINGS]
    heads = [*places, *shown]
    if done.vol_shocks:
        heads += [f"{name} vol" for name in shown]
    return [*heads, "called", "liquidated"]


def scenario_cells(done: BreachProbabilities, row: int) -> list[str]:
    """One scenario as text."""
    scenarios = done.scenarios
    if is_dated(done):
        cells = [moment(int(scenarios[name][row]))[: _time_length(done)] for name in _SPAN]
    else:
        cells = [count(row + 1)]
    shown = list(done.price_moves)[:_UNDERLYINGS]
    cells += [short_move(done.price_moves[name][row]) for name in shown]
    if done.vol_shocks:
        cells += [short_move(done.vol_shocks[name][row]) for name in shown]
    return [*cells, count(int(scenarios["breaches"][row])),
            count(int(scenarios["liquidations"][row]))]  # fmt: skip


def short_move(value: float) -> str:
    """A move to a tenth of a percent, one below the other."""
    return f"{100.0 * value:+,.1f} %" if math.isfinite(value) else MISSING


def is_dated(done: BreachProbabilities) -> bool:
    """Whether scenarios are moves of a history, which began and ended."""
    return "start_ns" in done.scenarios.columns


def _time_length(done: BreachProbabilities) -> int:
    """Characters of a time that say something: its day alone where all are at midnight."""
    times = np.concatenate([done.scenarios[name] for name in _SPAN])
    return 10 if (times % _DAY_NS == 0).all() else 16


def write_probabilities(
    path: str | os.PathLike[str],
    done: BreachProbabilities,
    states: NDArray[np.object_],
    rows: list[int],
    facts: Sequence[tuple[str, str]],
    version: str,
) -> Path:
    """Render the page and write it, replacing what is there."""
    page, told = Page(), totals(done, states)
    table = _table([("", True), ("called", False), ("liquidated", False)], total_rows(told))
    page.section(
        "scenarios",
        "Accounts at once",
        f"How many accounts are called, and liquidated, at the end of each scenario: "
        f"{escape(described(done))}. Each is a full recompute of every account.",
        page.chart(_figure(done)),
        f'<div style="max-width: 640px">{table}</div>',
    )
    heads = [(head, n < 2) for n, head in enumerate(ACCOUNT_HEADS)]
    cells = [account_cells(r, str(states[n]), done.count)
             for n, r in zip(rows, done.accounts.take(rows), strict=True)]  # fmt: skip
    shown = _table(heads, cells) if rows else f"<p>{NOBODY[0].upper()}{NOBODY[1:]}.</p>"
    page.section("accounts", "Likeliest to be called", "In how many scenarios, and how likely.",
                 shown)  # fmt: skip
    worst = worst_scenarios(done, _SCENARIOS)
    dated = is_dated(done)
    heads = [(head, n < (2 if dated else 1)) for n, head in enumerate(scenario_heads(done))]
    page.section("worst", "Scenarios that take most", "Moves of the indices and what they do.",
                 _table(heads, [scenario_cells(done, n) for n in worst]))  # fmt: skip
    target = Path(path)
    target.write_text(
        document(
            page,
            title="Chances of a call",
            lead="In how many joint scenarios each account would be called, or liquidated.",
            facts=facts,
            notes=notes_of(done, told),
            closing=f"Made by tickmargin {version}.",
        ),
        encoding="utf-8",
    )
    return target


def _table(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    def cell(tag: str, text: str, is_text: bool) -> str:
        kind = ' class="text"' if is_text else ""
        return f"<{tag}{kind}>{escape(text)}</{tag}>"

    top = "".join(cell("th", head, is_text) for head, is_text in heads)
    body = "".join(
        "<tr>"
        + "".join(cell("td", t, is_text) for t, (_, is_text) in zip(row, heads, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _figure(done: BreachProbabilities) -> Figure:
    """Bars by the time a move ended, or from the scenario that takes most to the one that least."""
    dated = is_dated(done)
    calls, ends = done.scenarios["breaches"], done.scenarios["liquidations"]
    if dated:
        order = np.argsort(done.scenarios["end_ns"], kind="stable")
        x: list[Any] = [moment(int(t))[:16] for t in done.scenarios["end_ns"][order]]
        across = axis("end of the move", type="date")
    else:
        order = np.lexsort([-calls, -ends])
        x = list(range(1, order.size + 1))
        across = axis("scenarios, the worst first", tickformat="d")
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": x,
            "y": values[order].tolist(),
            "marker": {"color": STATE_COLOURS[state], "line": {"width": 0}},
            "hovertemplate": "%{x}<br>%{y:,} accounts<extra>%{fullData.name}</extra>",
        }
        for name, values, state in (
            ("liquidated", ends, "liquidating"),
            ("called only", calls - ends, "margin_call"),
        )
    ]
    return {
        "data": bars,
        "layout": layout(
            380,
            barmode="stack",
            bargap=0,
            showlegend=True,
            xaxis=across,
            yaxis=count_axis("accounts", float(calls.max())),
        ),
    }
