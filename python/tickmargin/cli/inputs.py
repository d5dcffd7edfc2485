"""Loading what a command works on, and saying what is wrong with it once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickmargin.cli.output import say

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.report.summary import ResultLike, Summary

_SHOWN = 5
_ISSUES_KEPT = 1_000


def load_engine(
    market: Path, portfolio: Path, policies: str, history: Path | None = None
) -> Engine:
    """Load two folders and policies into an engine, and say what it warns of.

    Past prices are ``history``, else the file of them beside the market, if there is one.

    Raises
    ------
    TickMarginError
        If an input is refused; nothing is half-loaded.
    """
    from tickmargin.engine import Engine
    from tickmargin.history import beside
    from tickmargin.market import Market
    from tickmargin.policies import Policies
    from tickmargin.portfolio import Portfolio

    chosen = Policies.resolve(policies)
    past = history if history is not None else beside(market)
    engine = Engine(Market.load(market), Portfolio.load(portfolio), chosen, history=past)
    warn(engine)
    return engine


def warn(engine: Engine) -> None:
    """Say on standard error which inputs are missing, the first few of each kind."""
    lines = warning_lines(engine)
    for code, number in Counter(code for code, _ in lines).items():
        for message in [message for c, message in lines if c == code][:_SHOWN]:
            say(f"warning [{code}]: {message}")
        if number > _SHOWN:
            say(f"warning [{code}]: ... and {number - _SHOWN:,} more")


def warning_lines(engine: Engine) -> list[tuple[str, str]]:
    """Give code and text of the engine's warnings, each text once, with who uses what lacks."""
    instruments: dict[tuple[str, str], set[int]] = {}
    asset_keys: dict[tuple[str, str], object] = {}
    for issue in engine.warnings:
        key = (issue.code, issue.message)
        rows = instruments.setdefault(key, set())
        if issue.file == "instruments" and issue.row is not None:
            rows.add(issue.row)
        if issue.code == "MISSING_ASSET_PRICE":
            asset_keys[key] = issue.value
    return [
        (key[0], key[1] + (_used_by(engine, asset_keys[key], rows) if key in asset_keys else ""))
        for key, rows in instruments.items()
    ]


def _used_by(engine: Engine, asset_key: object, instruments: set[int]) -> str:
    portfolio = engine.portfolio
    holders = 0
    if asset_key in portfolio.asset_keys:
        balances, asset = portfolio.balances, list(portfolio.asset_keys).index(asset_key)
        held = (balances.asset == asset) & (balances.amount != 0.0)
        holders = len(np.unique(balances.account[held]))
    # A load keeps so many issues of a kind and column and only counts the others.
    more = " or more" if len(instruments) >= _ISSUES_KEPT else ""
    parts = [
        f"{number:,}{cut} {noun if number == 1 else noun + 's'}"
        for number, cut, noun in (
            (len(instruments), more, "instrument"),
            (holders, "", "account"),
        )
        if number
    ]
    return f" (used by {' and '.join(parts)})"


def undecidable_lines(engine: Engine, result: ResultLike) -> list[str]:
    """Name the accounts the engine gives no number for, the first few, and what each lacks."""
    accounts = result.accounts
    rows = np.flatnonzero(accounts["state"] == "undecidable")
    lines = []
    for row in rows[:_SHOWN].tolist():
        lacks = missing_inputs(engine, row, str(accounts["policy"][row]))
        more = f", ... and {len(lacks) - _SHOWN:,} more" if len(lacks) > _SHOWN else ""
        status = str(accounts["status"][row]).replace("_", " ")
        reason = "; ".join([status, ", ".join(lacks[:_SHOWN]) + more] if lacks else [status])
        lines.append(f"{accounts['account'][row]} is undecidable: {reason}")
    if len(rows) > _SHOWN:
        lines.append(f"... and {len(rows) - _SHOWN:,} more undecidable accounts")
    if len(rows):
        noun = "account" if len(rows) == 1 else "accounts"
        lines.append(f"totals leave out {len(rows):,} undecidable {noun}")
    return lines


def missing_inputs(engine: Engine, account: int, policy: str) -> list[str]:
    """Give the texts of the warnings on what an account holds and on what its policy reads."""
    positions, balances = engine.portfolio.positions, engine.portfolio.balances
    held = (positions.account == account) & (positions.quantity != 0.0)
    instruments = set(positions.instrument[held].tolist())
    own = set(np.flatnonzero(balances.account == account).tolist())
    found = [
        issue.message
        for issue in engine.warnings
        if issue.row in (own if issue.file == "balances" else instruments)
    ]
    found += _missing_references(engine, account, instruments, policy)
    found += _unsupported(engine, account, policy)
    return list(dict.fromkeys([*found, *_missing_volatilities(engine, instruments, policy)]))


def _unsupported(engine: Engine, account: int, policy: str) -> list[str]:
    """Name what an account holds that the rules of its policy have no place for."""
    from tickmargin.contract_notes import no_place

    methods = {row["name"]: row["method"] for row in engine.policies.describe()}
    if policy not in methods:
        return []  # of other policies than the engine's own, which it does not know
    return [no_place(policy, methods[policy], name) for name in engine.explain(account).unsupported]


def _missing_references(
    engine: Engine, account: int, instruments: set[int], policy: str
) -> list[str]:
    """Name what the assets of an account are pegged to where that has no price."""
    from tickmargin.peg_notes import reference_place

    portfolio = engine.portfolio
    settled = portfolio.instruments.settlement[sorted(instruments)].tolist()
    owned = portfolio.balances.asset[portfolio.balances.account == account].tolist()
    keys = [list(portfolio.asset_keys)[asset] for asset in {*settled, *owned}]
    names = {name for symbol, chain in keys for name in (symbol, f"{symbol}@{chain}")}
    places = {reference_place(policy, name) for name in names}
    return [issue.message for issue in engine.warnings if issue.column in places]


def _missing_volatilities(engine: Engine, instruments: set[int], policy: str) -> list[str]:
    """Name the underlyings held without the realised volatility that method ``dynamic`` reads."""
    methods = {row["name"]: row["method"] for row in engine.policies.describe()}
    if methods.get(policy) != "dynamic":
        return []
    held = engine.portfolio.instruments.underlying[sorted(instruments)]
    names = {engine.portfolio.underlying_names[u] for u in held.tolist()}
    table = engine.market.underlyings
    return [
        f"underlying {name!r} has no realised_vol_annual in underlyings"
        for name, vol in zip(table.names.tolist(), table.realised_vol_annual, strict=True)
        if name in names and np.isnan(vol)
    ]


def facts_of(engine: Engine) -> list[tuple[str, str]]:
    """Give the counts a report's header shows."""
    portfolio = engine.portfolio
    return [
        ("positions", f"{len(portfolio.positions):,}"),
        ("instruments", f"{len(portfolio.instruments):,}"),
        ("underlyings", ", ".join(engine.market.underlyings.names.tolist())),
    ]


def source_lines(engine: Engine) -> list[str]:
    """Say of each policy where its figures come from and their date, if it does."""
    lines = []
    for policy in engine.policies.describe():
        dated = f"as of {policy['as_of']}" if policy["as_of"] else ""
        said = "; ".join(part for part in (policy["source"], dated) if part)
        if said:
            lines.append(f"{policy['name']}: {said}")
    return lines


def source_notes(engine: Engine) -> list[tuple[str, str]]:
    """Give the lines of :func:`source_lines`, the first with what the file's head says."""
    lines, notes = source_lines(engine), engine.policies.notes
    if not notes:
        return [(line, "") for line in lines]
    first, *more = lines or [", ".join(engine.policies.names)]
    return [(first, notes), *((line, "") for line in more)]


def summary_row(summary: Summary) -> Mapping[str, object]:
    """Give a summary as JSON knows it."""
    return {
        "policies": summary.name,
        "accounts": summary.accounts,
        "equity": summary.equity,
        "initial_margin": summary.initial_margin,
        "maintenance_margin": summary.maintenance_margin,
        "below_maintenance": summary.below_maintenance,
        "short_of_maintenance": summary.shortfall,
        "debts": summary.debts,
        "states": dict(summary.states),
    }
