"""What must hold between the keys of the tables ``matrix`` and ``span``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from tickmargin.config_checks import Problem, View, not_below
from tickmargin.config_issues import shown
from tickmargin.toml_lines import Path


def check_matrix(view: View) -> Iterator[Problem]:
    """Shocks and moves that exist, tiers that rise, IM not below MM."""
    yield from not_below(view, ("initial_factor",), ("maintenance_factor",))
    down, floor = view.get("vol_down"), view.get("vol_up_floor_annual")
    if view.get("vol_shock") == "relative" and down is not None and down > 1.0:
        message = f"got {shown(down)}; expected at most 1 where vol_shock is relative"
        yield Problem(("vol_down",), "OUT_OF_RANGE", down, message, ("vol_down", "vol_shock"))
    if floor and view.get("vol_up") == 0.0:
        message = f"got {shown(floor)}; expected 0 where vol_up is 0"
        keys = ("vol_up_floor_annual", "vol_up")
        path: Path = ("vol_up_floor_annual",)
        yield Problem(path, "VOL_FLOOR_WITHOUT_SHOCK", floor, message, keys)
    for i in range(view.count("extended_moves")):
        if view.get("extended_moves", i) == 0.0:
            message = "got 0; expected a move other than 0"
            path = ("extended_moves", i)
            yield Problem(path, "TAIL_WITHOUT_MOVE", 0.0, message, ("extended_moves",))
    moves = [view.get("price_moves", i) for i in range(view.count("price_moves"))]
    for i, (before, move) in enumerate(itertools.pairwise(moves), 1):
        if move is not None and before is not None and move <= before:
            message = f"got {shown(move)}; expected more than {shown(before)}, the one before"
            path = ("price_moves", i)
            yield Problem(path, "TIERS_NOT_INCREASING", move, message, ("price_moves",))
    for tiers, rate in (("minimum_tiers", "multiplier"), ("hedge_tiers", "ratio")):
        yield from _rising(view, tiers, rate)
    if view.count("minimum_tiers") and view.get("minimum_ratio") == 0.0:
        message = "given, but has an effect only where minimum_ratio > 0"
        keys = ("minimum_tiers", "minimum_ratio")
        yield Problem(("minimum_tiers",), "KEY_NOT_USED", None, message, keys)
    for key in ("delta_shock_threshold", "delta_shock_slope"):
        if view.get(key) and view.get("delta_shock_max_ratio") == 0.0:
            message = "given, but has an effect only where delta_shock_max_ratio > 0"
            keys = (key, "delta_shock_max_ratio")
            yield Problem((key,), "KEY_NOT_USED", view.get(key), message, keys)


def _rising(view: View, tiers: str, rate: str) -> Iterator[Problem]:
    """Caps rise from tier to tier, and what is asked for never falls."""
    for i in range(1, view.count(tiers)):
        for key in ("amount_cap", rate):
            value, before = view.get(tiers, i, key), view.get(tiers, i - 1, key)
            if value is None or before is None:
                continue
            is_cap = key == "amount_cap"
            if value < before or (is_cap and value == before):
                bound = f"{'more than' if is_cap else 'at least'} {shown(before)}, the one before"
                message = f"got {shown(value)}; expected {bound}"
                yield Problem((tiers, i, key), "TIERS_NOT_INCREASING", value, message, (tiers,))


def check_span(view: View) -> Iterator[Problem]:
    """One price scan range, spreads between tiers that exist, IM not below MM."""
    yield from not_below(view, ("initial_factor",), ("maintenance_factor",))
    ratio, points = view.get("scan_ratio"), view.get("scan_points")
    if ratio == 0.0 and points == 0.0:
        message = "missing; expected scan_ratio or scan_points above 0"
        yield Problem(("scan_ratio",), "MISSING_KEY", None, message, ("scan_ratio", "scan_points"))
    if ratio and points:
        message = f"got {shown(ratio)} beside scan_points; expected one or the other"
        yield Problem(("scan_ratio",), "KEY_NOT_USED", ratio, message, ("scan_ratio",))
    ends = view.count("tier_end_days")
    for i in range(1, ends):
        value, before = view.get("tier_end_days", i), view.get("tier_end_days", i - 1)
        if value is not None and before is not None and value <= before:
            message = f"got {shown(value)}; expected more than {shown(before)}, the one before"
            path: Path = ("tier_end_days", i)
            yield Problem(path, "TIERS_NOT_INCREASING", value, message, ("tier_end_days",))
    for i in range(view.count("spreads")):
        legs = [view.get("spreads", i, leg) for leg in ("first", "second")]
        for leg, tier in zip(("first", "second"), legs, strict=True):
            if tier is not None and tier > ends:
                message = f"got {tier}; expected at most {ends}, the last tier"
                keys = ("spreads", "tier_end_days")
                yield Problem(("spreads", i, leg), "UNKNOWN_TIER", tier, message, keys)
        if legs[0] is not None and legs[0] == legs[1]:
            message = f"got {legs[0]} twice; expected two different tiers"
            yield Problem(("spreads", i), "UNKNOWN_TIER", legs[0], message, ("spreads",))


VENUE_CHECKS: dict[str, Callable[[View], Iterator[Problem]]] = {
    "matrix": check_matrix,
    "span": check_span,
}
