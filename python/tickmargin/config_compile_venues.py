"""Layout of the tables of ``matrix`` and ``span`` for the core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tickmargin.config_venues import Matrix, Span, SpanCredit

_VOL_SHOCKS = {"relative": 0, "absolute": 1}


def compile_matrix(matrix: Matrix) -> dict[str, Any]:
    """The standard table, then the extended one with volatility up.

    Price moves go from low to high, in each of them volatility up, same, down. A volatility row
    that equals "same" because its shock is 0 is left out.
    """
    shocks = [matrix.vol_up] if matrix.vol_up > 0.0 else []
    shocks.append(0.0)
    shocks += [-matrix.vol_down] if matrix.vol_down > 0.0 else []
    steps = matrix.price_steps
    # range * (i / steps), so that the outermost moves are the range to the last bit
    grid = [matrix.price_range * (i / steps) for i in range(-steps, steps + 1)]
    grid = matrix.price_moves or grid
    moves = np.repeat(np.array(grid), len(shocks))
    vols = np.tile(np.arange(len(shocks), dtype=np.uint8), len(grid))
    extended = np.array(matrix.extended_moves, dtype=np.float64)
    perpetual, most = matrix.roll_ratio_perpetual, matrix.gain_offset_max
    same = (
        "vol_reference_days vol_power_short vol_power_long vol_up_floor_annual min_days "
        "price_range extended_factor extended_dampener gain_offset_ratio initial_factor "
        "maintenance_factor roll_ratio_annual roll_ratio_min delta_shock_threshold "
        "delta_shock_slope delta_shock_max_ratio theta_days vega_shock_annual rate_shock_annual "
        "minimum_ratio"
    )
    return {
        "price_move": np.concatenate([moves, extended]),
        "vol_index": np.concatenate([vols, np.zeros(len(extended), dtype=np.uint8)]),
        "standard": len(moves),
        "vol_shock_kind": _VOL_SHOCKS[matrix.vol_shock],
        "vol_shock": np.array(shocks, dtype=np.float64),
        "in_coin": matrix.unit == "coin",
        "index_moves": matrix.futures_move == "index",
        "extended_by_range": matrix.extended_weight == "range",
        "gain_offset_max": math.inf if most is None else most,
        "roll_ratio_perpetual": matrix.roll_ratio_min if perpetual is None else perpetual,
        "roll_continuous": matrix.roll_compounding == "continuous",
        "correlation_ratio": matrix.correlation_contingency_ratio,
        "minimum_tiers": [(t.amount_cap, t.multiplier) for t in matrix.minimum_tiers],
        "hedge_tiers": [(t.amount_cap, t.ratio) for t in matrix.hedge_tiers],
        **{name: getattr(matrix, name) for name in same.split()},
    }


def compile_span(span: Span) -> dict[str, Any]:
    """Plain numbers, tiers as a column and spreads as tuples."""
    own = {"vol_shock", "tier_end_days", "spreads", "short_minimum_rule"}
    return {
        **span.model_dump(exclude=own),
        "vol_relative": span.vol_shock == "relative",
        "tier_end_days": np.array(span.tier_end_days, dtype=np.float64),
        "spreads": [(s.first, s.second, s.charge) for s in span.spreads],
        "short_minimum_rule": int(span.short_minimum_rule == "sum"),
    }


def compile_credits(
    credits: Sequence[SpanCredit], underlyings: Sequence[str]
) -> list[tuple[int, int, float, float, float]]:
    """Credits between underlyings that this market has, in their order of priority."""
    row = {name: i for i, name in enumerate(underlyings)}
    return [
        (row[c.first], row[c.second], c.first_delta, c.second_delta, c.rate)
        for c in credits
        if c.first in row and c.second in row
    ]
