"""Reads the scenario tables: sections that start at the margin, rows of cells between bars.

A line that starts with `#` is a remark. `policy` holds a policy as in a policy file, without its
name. The other sections are tables: `underlyings`, `assets`, `forwards` and `instruments` (which
also give the marks), `given` (what each account holds) and any number of `when and then`: an
account, a move of an index, and what must come out. `history` may give past prices, a row a day.
"""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import tickmargin as tm

AS_OF_NS = 1_767_000_000 * 10**9
MARKS = ("mark_price", "vol_annual")
TEXT = {
    "account",
    "asset",
    "instrument",
    "kind",
    "underlying",
    "settlement_asset",
    "payoff",
    "option_type",
}

Row = dict[str, str]


@dataclass(frozen=True)
class Check:
    """One row of `when and then`."""

    account: str
    underlying: str
    move: float
    expected: Row


@dataclass(frozen=True)
class Story:
    """One file."""

    policy: dict[str, Any]
    market: dict[str, list[dict[str, Any]]]
    portfolio: dict[str, list[dict[str, Any]]]
    checks: list[Check]
    history: tm.History | None = None


def past_prices(rows: list[Row]) -> tm.History:
    """Prices at midnight UTC, by day and underlying."""
    times = [datetime.fromisoformat(row["day"]).replace(tzinfo=UTC).timestamp() for row in rows]
    names = [name for name in rows[0] if name != "day"]
    prices = {name: [float(row[name]) for row in rows] for name in names}
    return tm.History.of(np.array(times).astype(np.int64) * 10**9, prices)


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Titles with their lines, remarks left out."""
    title, lines = "", []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith(" "):
            lines.append(line)
            continue
        if title:
            yield title, lines
        title, lines = line.strip(), []
    yield title, lines


def table(lines: list[str]) -> list[Row]:
    """Rows by the names in the first line."""
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert all(len(row) == len(cells[0]) for row in cells), "a row has a cell too many or too few"
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


def typed(row: Row) -> dict[str, Any]:
    """Text, whole nanoseconds or numbers; an empty cell is missing."""
    out: dict[str, Any] = {}
    for name, cell in row.items():
        if cell:
            number = int if name.endswith("_ns") else float
            out[name] = cell if name in TEXT else number(cell)
    return out


def holdings(rows: list[Row]) -> dict[str, list[dict[str, Any]]]:
    """Accounts, positions (`+1 PERP @ 60000`) and balances (`6000 USD`) of `given`."""
    out: dict[str, list[dict[str, Any]]] = {"accounts": [], "positions": [], "balances": []}
    for row in rows:
        account = {"account": row["account"]}
        out["accounts"].append(account)
        for item in filter(None, row["holds"].split(", ")):
            what, _, entry = item.partition(" @ ")
            quantity, instrument = what.split()
            position = {**account, "instrument": instrument, "quantity": float(quantity)}
            out["positions"].append(position | ({"entry_price": float(entry)} if entry else {}))
        for item in filter(None, row["balances"].split(", ")):
            amount, asset = item.split()
            out["balances"].append({**account, "asset": asset, "amount": float(amount)})
    return out


def check(row: Row) -> Check:
    """Account, index and move of a row; what is left is expected."""
    expected = dict(row)
    account = expected.pop("account")
    underlying = next(name for name, cell in expected.items() if cell.endswith("%"))
    move = float(expected.pop(underlying).removesuffix("%")) / 100.0
    return Check(account, underlying, move, expected)


def read_story(path: Path) -> Story:
    """Read one file."""
    found: dict[str, list[Row]] = {}
    policy: dict[str, Any] = {}
    for title, lines in sections(path.read_text(encoding="utf-8")):
        if title == "policy":
            policy = tomllib.loads(textwrap.dedent("\n".join(lines)))
        else:
            found.setdefault(title, []).extend(table(lines))
    instruments = [typed(row) for row in found["instruments"]]
    marks = [{name: row.get(name) for name in ("instrument", *MARKS)} for row in instruments]
    terms = [{k: v for k, v in row.items() if k not in MARKS} for row in instruments]
    market = {
        "assets": [{"asset": "USD"}, *map(typed, found.get("assets", []))],
        "underlyings": [typed(row) for row in found["underlyings"]],
        "forwards": [typed(row) for row in found.get("forwards", [])],
        "marks": marks,
    }
    portfolio = {"instruments": terms, **holdings(found["given"])}
    history = past_prices(found["history"]) if "history" in found else None
    checks = [check(row) for row in found["when and then"]]
    return Story(policy, market, portfolio, checks, history)
