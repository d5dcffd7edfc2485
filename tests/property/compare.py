"""Compares the engine's answer with the twin's, line by line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tests.oracle.margin import Pocket, Twin
from tests.oracle.margin_methods import Held

import tickmargin as tm

# Two correct programs that add the same numbers in another order, with their own exp, log and
# erfc, differ by some 1e-15 of the largest number added; a rare long chain (an interpolated
# forward, an implied ratio, a tail of 100 %) by a thousand times that. 1e-9 is far above both and
# far below the smallest rule, a fee of 0.1 %.
FLOAT_SHARE = 1e-9
TICK = 1e-6
ROUNDING = 1.001 * TICK  # one tick of directed rounding
TINY = 1e-280  # past 36 standard deviations a density is 0 to one program and denormal to another

Pockets = Mapping[tuple[str, str], Pocket]
AMOUNTS = ("equity", "equity_initial", "initial_margin", "maintenance_margin")
SLACK_UNKNOWN = -(2**63)


def scale_of(pocket: Pocket) -> float:
    """The size of what was added: values, notionals, requirement lines."""
    return pocket.scale + math.fsum(abs(line.initial) for line in pocket.lines)


def room(pocket: Pocket) -> float:
    """Tolerance of an unrounded amount of this pocket."""
    return FLOAT_SHARE * scale_of(pocket)


def check_pockets(result: tm.Result, twin: Twin, pockets: Pockets) -> None:
    """Amounts, gross notional, slack, state and status of every pocket."""
    rows = {(row["account"], row["pocket"]): row for row in result.pockets}
    assert set(rows) == set(pockets)
    for key, pocket in pockets.items():
        row = rows[key]
        assert row["status"] in (pocket.statuses or {"ok"}), (key, pocket.statuses)
        if pocket.statuses:
            assert row["state"] == "undecidable"
            assert row["slack_ticks"] == SLACK_UNKNOWN
            assert all(row[name] is None for name in AMOUNTS)
            continue
        near = room(pocket) + ROUNDING
        for name in AMOUNTS:
            assert abs(row[name] - getattr(pocket, name)) <= near, (key, name, pocket.lines)
        assert abs(row["gross_notional"] - pocket.gross_notional) <= room(pocket), key
        slack = twin.slack_ticks(pocket, twin.policy.levels["liquidation"]) * TICK
        assert abs(row["slack"] - slack) <= 2 * near, key
        if twin.border_distance(pocket) > 2 * near:
            assert row["state"] == twin.state(pocket), key


def check_accounts(result: tm.Result, twin: Twin, pockets: Pockets) -> None:
    """An account is the sum of its pockets, and in the worst of their states."""
    ranks = {state: rank for rank, state in enumerate(twin.states)}
    for row in result.accounts:
        own = [p for p in result.pockets if p["account"] == row["account"]]
        assert row["state"] == max((p["state"] for p in own), key=ranks.__getitem__)
        carried = [
            3 if p["state"] == "undecidable" else twin.carries((p["account"], p["pocket"]))
            for p in own
        ]
        most = [p for p, carries in zip(own, carried, strict=True) if carries == max(carried)]
        tightest = min(most, key=lambda p: p["slack_ticks"])
        assert row["slack_ticks"] == tightest["slack_ticks"]
        assert row["worst_pocket"] == tightest["pocket"]
        if row["state"] == "undecidable":
            assert all(row[name] is None for name in AMOUNTS)
            continue
        for name in AMOUNTS:
            total = math.fsum(p[name] for p in own)
            scale = math.fsum(scale_of(pockets[p["account"], p["pocket"]]) for p in own)
            assert abs(row[name] - total) <= FLOAT_SHARE * scale, (row["account"], name)


def smooth(held: Held) -> bool:
    """Whether the derivatives of a contract exist: not at its expiry, with some volatility."""
    contract = held.contract
    return not contract.is_option or (contract.years > 0.0 and contract.vol > 0.0)


def unit_greeks(held: list[Held]) -> dict[str, tuple[float, float]]:
    """Greeks of a unit, each with the sum of magnitudes that entered."""
    greeks = {}
    for name, measure in (
        ("delta_base", lambda c: c.delta()),
        ("gamma", lambda c: c.gamma()),
        ("vega", lambda c: c.vega()),
        ("theta", lambda c: c.theta()),
    ):
        parts = [h.quantity * measure(h.contract) for h in held]
        greeks[name] = math.fsum(parts), math.fsum(abs(part) for part in parts)
    return greeks


def check_units(result: tm.Result, pockets: Pockets) -> None:
    """Greeks, value, gross notional and requirement of every risk unit."""
    rows = {(r["account"], r["pocket"], r["underlying"]): r for r in result.units}
    for (account, name), pocket in pockets.items():
        for underlying, held in pocket.held.items():
            row = rows[account, name, underlying]
            lines = [line for line in pocket.lines if line.underlying == underlying]
            sums = {
                "initial_margin": math.fsum(line.initial for line in lines),
                "maintenance_margin": math.fsum(line.maintenance for line in lines),
                "gross_notional": math.fsum(abs(h.quantity) * h.contract.notional() for h in held),
                "value": math.fsum(h.quantity * h.contract.value(h.entry) for h in held),
            }
            for column, expected in sums.items():
                assert abs(row[column] - expected) <= room(pocket), (underlying, column)
            if all(map(smooth, held)):
                for column, (expected, size) in unit_greeks(held).items():
                    near = FLOAT_SHARE * size + TINY
                    assert abs(row[column] - expected) <= near, (account, underlying, column)


def check_lines(explanation: tm.Explanation, pockets: Pockets) -> None:
    """Every part of the requirement, by its name."""
    for (account, name), pocket in pockets.items():
        if account != explanation.account or pocket.statuses:
            continue
        expected: dict[tuple[Any, str], list[float]] = {}
        for line in pocket.lines:
            sums = expected.setdefault((line.underlying, line.component), [0.0, 0.0])
            sums[0] += line.initial
            sums[1] += line.maintenance
        got = {
            (row["underlying"], row["component"]): (
                row["initial_margin"],
                row["maintenance_margin"],
            )
            for row in explanation.requirement
            if row["pocket"] == name and row["component"] != "rounding"
        }
        for part in {*expected, *got}:
            pairs = zip(got.get(part, (0.0, 0.0)), expected.get(part, (0.0, 0.0)), strict=True)
            assert all(abs(x - y) <= room(pocket) for x, y in pairs), (name, part)


def check_scenarios(explanation: tm.Explanation, pockets: Pockets) -> None:
    """The profit of every unit in every scenario of its grid, then in the strike that binds."""
    for (account, name), pocket in pockets.items():
        if account != explanation.account or pocket.statuses:
            continue
        for underlying, scan in pocket.scans.items():
            rows = [
                (row["price_move"], row["vol_shock"], row["weight"], row["profit"])
                for row in explanation.scenarios
                if (row["pocket"], row["underlying"]) == (name, underlying)
            ]
            got, beyond = sorted(rows[: scan.grid]), rows[scan.grid :]
            for move, vol, weight, profit in beyond:
                assert len(beyond) == 1
                assert weight == 1.0
                assert abs(profit - min(scan.profits)) <= room(pocket), (underlying, move, vol)
            expected = sorted(
                (s.move, s.vol, s.weight, p)
                for s, p in zip(scan.shocks[: scan.grid], scan.profits[: scan.grid], strict=True)
            )
            assert len(got) == len(expected), (underlying, got, expected)
            for row, own in zip(got, expected, strict=True):
                assert all(abs(x - y) <= 1e-12 for x, y in zip(row[:3], own[:3], strict=True))
                assert abs(row[3] - own[3]) <= room(pocket), (underlying, row, own)


def check_all(engine: tm.Engine, twin: Twin) -> Pockets:
    """Everything the engine says about a book; returns the twin's view."""
    pockets = twin.pockets()
    result = engine.recompute()
    check_pockets(result, twin, pockets)
    check_accounts(result, twin, pockets)
    check_units(result, pockets)
    for account in sorted({account for account, _ in pockets}):
        explanation = engine.explain(account)
        check_lines(explanation, pockets)
        check_scenarios(explanation, pockets)
    return pockets
