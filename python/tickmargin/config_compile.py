"""From a checked policy to plain scalars and arrays, dense by underlying and asset.

Everything here is a change of layout. No haircut is compounded, no margin is computed: the
core does that. The tables are described key by key in ``presets/README.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tickmargin.config import (
    HAIRCUT_COMPONENTS,
    Dynamic,
    Futures,
    HaircutComponents,
    HaircutParts,
    Netting,
    Options,
    Scenario,
    Section,
)
from tickmargin.config_add_ons import ADD_ON_LINES, AntiProcyclicality
from tickmargin.config_compile_protocols import compile_protocol, compile_tokens
from tickmargin.config_compile_tail import compile_tail
from tickmargin.config_compile_venues import compile_credits, compile_matrix, compile_span
from tickmargin.config_correlation import correlation_fault, correlation_matrix
from tickmargin.config_expiry import Portfolio, Standard
from tickmargin.config_issues import PolicyIssue
from tickmargin.config_load import LoadedPolicy
from tickmargin.config_pegs import compile_pegs
from tickmargin.config_protocols import Protocol
from tickmargin.config_venues import Matrix, Span
from tickmargin.errors import InvalidInputError
from tickmargin.history import History

METHODS = {
    "fixed": 0,
    "dynamic": 1,
    "scenario": 2,
    "matrix": 3,
    "span": 4,
    "portfolio": 5,
    "standard": 6,
    "var": 7,
    "es": 8,
    "protocol": 9,
}
NETTINGS = {"none": 0, "max_side": 1, "net": 2}
SCALINGS = {"none": 0, "step": 1, "linear": 2, "sqrt": 3, "power45": 4}
MARK_FLOORS = {"none": 0, "put": 1, "both": 2}
VOL_SHOCKS = {"relative": 0, "absolute": 1}
VOL_MOVES = {"none": 0, "up": 1, "down": 2, "linear": 3, "absolute": 4}
RULES = {"sum": 0, "correlation": 1}

Floats = np.ndarray[Any, np.dtype[np.float64]]


def compile_policy(
    policy: LoadedPolicy,
    underlyings: Sequence[str],
    assets: Sequence[tuple[str, str]],
    history: History | None = None,
    as_of_ns: int = 0,
) -> dict[str, Any]:
    """Lay a policy out for the core.

    Parameters
    ----------
    policy : LoadedPolicy
        One of :attr:`tickmargin.policies.Policies.loaded`.
    underlyings : sequence of str
        The market's underlyings, in the core's order.
    assets : sequence of (symbol, chain)
        The market's assets, in the core's order; the chain may be empty.
    history : History, optional
        Of the methods ``var`` and ``es``; rows after ``as_of_ns`` are not looked at.
    as_of_ns : int

    Returns
    -------
    dict
        Plain scalars, lists by underlying, and NumPy arrays.

    Raises
    ------
    InvalidInputError
        A pair of ``underlyings`` has no correlation, or the matrix over all of them is not
        positive semi-definite; or a history is missing.
    """
    config = policy.config
    initial, maintenance = _haircuts(policy, assets)
    is_fixed = config.method == "fixed"
    return {
        "name": policy.name,
        "method": METHODS[config.method],
        "simulated_collateral": config.collateral == "simulated",
        "option_value_in_equity": config.option_value == "equity",
        "close_out_cost_ratio": config.close_out_cost_ratio,
        "safety_factor_ratio": config.safety_factor_ratio,
        "levels": config.levels.model_dump(),
        "haircut_initial": initial,
        "haircut_maintenance": maintenance,
        "futures": [_futures(policy.section(Futures, u)) for u in underlyings if is_fixed],
        "options": [_options(policy.section(Options, u)) for u in underlyings if is_fixed],
        "dynamic": [
            _dynamic(policy.section(Dynamic, u)) for u in underlyings if config.method == "dynamic"
        ],
        "scenario": [
            _scenario(policy.section(Scenario, u))
            for u in underlyings
            if config.method == "scenario"
        ],
        "matrix": [
            compile_matrix(policy.section(Matrix, u))
            for u in underlyings
            if config.method == "matrix"
        ],
        "span": [
            compile_span(policy.section(Span, u)) for u in underlyings if config.method == "span"
        ],
        "span_credits": compile_credits(config.credits, underlyings),
        "portfolio": [
            _portfolio(policy.section(Portfolio, u))
            for u in underlyings
            if config.method == "portfolio"
        ],
        "standard": [
            policy.section(Standard, u).model_dump()
            for u in underlyings
            if config.method == "standard"
        ],
        "tail": [compile_tail(policy, underlyings, history, as_of_ns)] if config.tail else [],
        "protocol": [
            compile_protocol(policy.section(Protocol, u))
            for u in underlyings
            if config.method == "protocol"
        ],
        "tokens": compile_tokens(config.tokens, assets),
        "netting": _netting(policy, list(underlyings)),
        **_add_ons(policy, underlyings),
        "pegs": compile_pegs(config, assets),
    }


def _add_ons(policy: LoadedPolicy, underlyings: Sequence[str]) -> dict[str, Any]:
    """Add-ons by number with their values in one row or one an underlying, and what damps.

    An underlying that a section given only for others leaves out is charged nothing: its row is
    that of a section whose ratios are 0.
    """
    lines = []
    for number, line in enumerate(ADD_ON_LINES):
        rows = _written(policy, line["section"], underlyings)
        if not any(rows):
            continue
        rows = rows[:1] if line["whole_pocket"] else rows
        values = [value for row in rows for value in _values(line["keys"], row)]
        lines.append((number, values))
    damping = _written(policy, "anti_procyclicality", underlyings)
    return {
        "add_ons": lines,
        "anti_procyclicality": [
            _damping(row or AntiProcyclicality()) for row in damping if any(damping)
        ],
    }


def _written(policy: LoadedPolicy, key: str, underlyings: Sequence[str]) -> list[Section | None]:
    """A section as it holds for each underlying."""
    general = getattr(policy.config, key)
    return [policy.merged.get((key, u), general) for u in underlyings]


def _values(keys: Sequence[Any], section: Section | None) -> list[float]:
    """A section's numbers in the core's order; NaN where none is given."""
    if section is None:
        return [_nothing(key) for key in keys]
    values = [getattr(section, key[0]) for key in keys]
    return [math.nan if value is None else float(value) for value in values]


def _nothing(key: Any) -> float:
    """The number with which a section that is not there charges nothing."""
    _, kind, required, fallback, _ = key
    if not required:
        return float(fallback)
    return 1.0 if kind == "positive" else 0.0


def _damping(section: Section) -> dict[str, float]:
    """A section's numbers; NaN where none is given, 0 for a ratio."""
    values = section.model_dump()
    return {
        key: (0.0 if key in ("stressed_ratio", "long_run_ratio") else math.nan)
        if value is None
        else value
        for key, value in values.items()
    }


def _haircuts(policy: LoadedPolicy, assets: Sequence[tuple[str, str]]) -> tuple[Floats, Floats]:
    """Components by asset: ``SYMBOL@chain``, else ``SYMBOL``, else ``default``, else no value."""
    table = policy.config.haircuts
    initial = np.zeros((len(assets), len(HAIRCUT_COMPONENTS)))
    maintenance = np.zeros_like(initial)
    fallback = table.get("default", 1.0)
    for row, (symbol, chain) in enumerate(assets):
        haircut = table.get(symbol, fallback)
        if chain:
            haircut = table.get(f"{symbol}@{chain}", haircut)
        if not isinstance(haircut, HaircutComponents):
            initial[row, 0] = maintenance[row, 0] = haircut
            continue
        initial[row] = [getattr(haircut, name) for name in HAIRCUT_COMPONENTS]
        maintenance[row] = [_maintenance(haircut, name) for name in HAIRCUT_COMPONENTS]
    return initial, maintenance


def _maintenance(haircut: HaircutComponents, name: str) -> float:
    own = haircut.maintenance
    source: HaircutParts = own if name in own.model_fields_set else haircut
    return float(getattr(source, name))


def _futures(futures: Futures) -> dict[str, Any]:
    brackets = futures.brackets
    caps = [bracket.notional_cap for bracket in brackets]
    # A position above the last cap must not fall out of the table: the last ratio goes on.
    caps[-1:] = [math.inf] if caps else []
    first = brackets[0] if brackets else futures
    scaling = futures.size_scaling.model_dump()
    suffix = {"step": "step", "linear": "slope", "sqrt": "factor", "power45": "factor"}.get(
        futures.size_scaling.kind, ""
    )
    return {
        "initial_ratio": first.initial_ratio,
        "maintenance_ratio": first.maintenance_ratio,
        "notional_at_entry": futures.notional == "entry",
        "netting": NETTINGS[futures.netting],
        "taker_fee_ratio": futures.taker_fee_ratio,
        "scaling_kind": SCALINGS[futures.size_scaling.kind],
        "scaling_free_size": scaling.get("free_size", 0.0),
        "scaling_step_size": scaling.get("step_size", 1.0),
        "scaling_initial": scaling.get(f"initial_{suffix}", 0.0),
        "scaling_maintenance": scaling.get(f"maintenance_{suffix}", 0.0),
        "bracket_cap": np.array(caps, dtype=np.float64),
        "bracket_initial": np.array([b.initial_ratio for b in brackets], dtype=np.float64),
        "bracket_maintenance": np.array([b.maintenance_ratio for b in brackets], dtype=np.float64),
        "bracket_whole": futures.bracket_mode == "whole",
    }


def _options(options: Options) -> dict[str, Any]:
    return {
        "base_forward": options.base == "forward",
        "otm_a": options.otm_a,
        "otm_b": options.otm_b,
        "maintenance_c": options.maintenance_c,
        "maintenance_mark_floor": MARK_FLOORS[options.maintenance_mark_floor],
        "initial_at_least_maintenance": options.initial_at_least_maintenance,
        "margin_factor": options.margin_factor,
        "liquidation_fee_ratio": options.liquidation_fee_ratio,
        "initial_uses_entry": options.initial_uses_entry,
    }


def _dynamic(dynamic: Dynamic) -> dict[str, Any]:
    limit = dynamic.max_mm_increase_per_day_ratio
    return {
        **dynamic.model_dump(exclude={"netting"}),
        "depth_cap_ratio": dynamic.depth_cap_ratio or 0.0,
        "max_mm_increase_per_day_ratio": math.nan if limit is None else limit,
        "netting_underlying": dynamic.netting == "underlying",
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    """The grid, price moves from low to high and volatility up, same, down in each; then tails.

    A volatility row that equals "same" because its shock is 0 is left out.
    """
    shocks = [scenario.vol_up] if scenario.vol_up > 0.0 else []
    shocks.append(0.0)
    shocks += [-scenario.vol_down] if scenario.vol_down > 0.0 else []
    steps = scenario.price_steps
    # range * (i / steps), so that the outermost moves are the range to the last bit
    grid = [scenario.price_range * (i / steps) for i in range(-steps, steps + 1)]
    tails = scenario.tails
    moves = np.repeat(np.array(grid), len(shocks))
    vols = np.tile(np.arange(len(shocks), dtype=np.uint8), len(grid))
    return {
        "price_move": np.concatenate([moves, np.array([t.move for t in tails], dtype=np.float64)]),
        "vol_index": np.concatenate([vols, np.zeros(len(tails), dtype=np.uint8)]),
        "weight": np.concatenate(
            [np.ones(len(moves)), np.array([t.weight for t in tails], dtype=np.float64)]
        ),
        "vol_shock_kind": VOL_SHOCKS[scenario.vol_shock],
        "vol_shock": np.array(shocks, dtype=np.float64),
        **scenario.model_dump(exclude={"price_steps", "vol_up", "vol_down", "vol_shock", "tails"}),
    }


def _portfolio(portfolio: Portfolio) -> dict[str, Any]:
    rows = portfolio.scenarios
    return {
        **portfolio.model_dump(exclude={"scenarios"}),
        "price_move": np.array([row.move for row in rows], dtype=np.float64),
        "vol_move": np.array([VOL_MOVES[row.vol] for row in rows], dtype=np.uint8),
        "weight": np.array([row.weight for row in rows], dtype=np.float64),
    }


def _netting(policy: LoadedPolicy, underlyings: list[str]) -> dict[str, Any]:
    netting: Netting = policy.config.netting
    correlation = np.eye(len(underlyings))
    if netting.rule == "correlation":
        pairs = {frozenset(pair.split("/")): rho for pair, rho in netting.correlation.items()}
        fault = correlation_fault(underlyings, pairs, netting.correlation_default)
        if fault is not None:
            path = f"policies.{policy.name}.netting.correlation"
            issue = PolicyIssue(fault[0], policy.file, None, path, None, fault[1])
            raise InvalidInputError.from_issues(f"policy {policy.name} for this market", [issue])
        correlation = correlation_matrix(underlyings, pairs, netting.correlation_default)
    return {
        "rule": RULES[netting.rule],
        "correlation": correlation,
        "credit_cap_ratio": netting.credit_cap_ratio,
        "correlation_break": netting.correlation_break,
    }
