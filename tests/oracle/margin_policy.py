"""Policies of the margin twin: the mapping a file holds, with defaults and overrides filled in.

The defaults are those of `python/tickmargin/presets/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FUTURES = {
    "notional": "mark",
    "netting": "none",
    "taker_fee_ratio": 0.0,
    "size_scaling": {"kind": "none"},
    "brackets": [],
    "bracket_mode": "marginal",
}
OPTIONS = {
    "base": "index",
    "otm_a": 0.15,
    "otm_b": 0.10,
    "maintenance_c": 0.075,
    "maintenance_mark_floor": "none",
    "initial_at_least_maintenance": True,
    "margin_factor": 1.0,
    "liquidation_fee_ratio": 0.0,
    "initial_uses_entry": False,
}
DYNAMIC = {
    "buffer_ratio": 0.0,
    "vol_floor_annual": 0.0,
    "depth_factor": 0.0,
    "depth_cap_ratio": 0.0,
    "max_mm_increase_per_day_ratio": None,
    "netting": "position",
}
SCENARIO = {
    "price_steps": 4,
    "vol_shock": "relative",
    "vol_reference_days": 30.0,
    "vol_power_short": 0.3,
    "vol_power_long": 0.13,
    "vol_up_floor_annual": 0.0,
    "min_days": 1.0,
    "tails": [],
    "strike_nodes": True,
    "initial_factor": 1.0,
    "short_option_ratio": 0.0,
    "roll_ratio_annual": 0.0,
    "roll_ratio_min": 0.0,
    "basis_ratio": 0.0,
}
LIQUIDITY = {
    "half_spread_ratio": 0.0,
    "half_spread_vol": 0.0,
    "fee_ratio": 0.0,
    "impact_factor": 0.0,
    "slow_depth_notional": None,
    "impact_cap_ratio": 1.0,
    "fast_cap_ratio": 0.0,
}
CONCENTRATION = {"threshold_notional": 1.0, "slope_ratio": 0.0, "cap_ratio": 0.0}
VEGA_CHARGE = {"reference_days": 30.0, "power": 0.5, "min_days": 1.0}
PEG = {"collateral_factor": 0.0}
WRONG_WAY = {"other_ratio": 0.0}
ASSET_RISK = {"cap_ratio": 1.0}
NO_DEFAULTS = (
    "delta_charge gamma_charge theta_charge basis_risk funding rate_environment oracle_confidence "
    "oracle_staleness price_velocity order_flow open_interest borrow liquidation_delay regime "
    "macro credit_score"
)
ANTI_PROCYCLICALITY = {
    "buffer_ratio": 0.0,
    "pre_stress_vol_annual": None,
    "stress_weight": 0.0,
    "stressed_vol_annual": None,
    "long_run_vol_annual": None,
    "stressed_ratio": None,
    "long_run_ratio": None,
    "max_mm_increase_per_day_ratio": None,
}
MATRIX = {
    "price_steps": 4,
    "price_moves": [],
    "vol_shock": "relative",
    "vol_reference_days": 30.0,
    "vol_power_short": 0.3,
    "vol_power_long": 0.13,
    "vol_up_floor_annual": 0.0,
    "min_days": 1.0,
    "unit": "numeraire",
    "futures_move": "own",
    "extended_moves": [],
    "extended_weight": "range",
    "extended_factor": 1.0,
    "extended_dampener": 0.0,
    "gain_offset_ratio": 1.0,
    "gain_offset_max": None,
    "initial_factor": 1.0,
    "roll_ratio_annual": 0.0,
    "roll_ratio_min": 0.0,
    "roll_ratio_perpetual": None,
    "roll_compounding": "simple",
    "delta_shock_threshold": 0.0,
    "delta_shock_slope": 0.0,
    "delta_shock_max_ratio": 0.0,
    "correlation_contingency_ratio": 0.0,
    "theta_days": 0.0,
    "vega_shock_annual": 0.0,
    "rate_shock_annual": 0.0,
    "minimum_ratio": 0.0,
    "minimum_tiers": [],
    "hedge_tiers": [],
}
SPAN = {
    "scan_ratio": 0.0,
    "scan_points": 0.0,
    "vol_shock": "relative",
    "extreme_multiple": 3.0,
    "extreme_cover": 0.33,
    "lookahead_days": 1.0,
    "tier_end_days": [],
    "spreads": [],
    "short_minimum": 0.0,
    "short_minimum_rule": "larger",
    "spot_charge": 0.0,
    "spot_days": 0.0,
    "initial_factor": 1.0,
    "maintenance_factor": 1.0,
}
DEFAULTS = {
    "futures": FUTURES,
    "options": OPTIONS,
    "dynamic": DYNAMIC,
    "scenario": SCENARIO,
    "liquidity": LIQUIDITY,
    "concentration": CONCENTRATION,
    "anti_procyclicality": ANTI_PROCYCLICALITY,
    **{name: {} for name in NO_DEFAULTS.split()},
    "vega_charge": VEGA_CHARGE,
    "wrong_way": WRONG_WAY,
    "asset_risk": ASSET_RISK,
    "peg": PEG,
    "matrix": MATRIX,
    "span": SPAN,
}
COMPONENTS = (
    "quality",
    "volatility",
    "depth",
    "bridge",
    "contract",
    "governance",
    "wrong_way",
)


class Policy:
    """One policy of a file."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self.written = written
        self.method: str = written["method"]
        self.simulated = written.get("collateral", "haircut") == "simulated"
        self.options_in_equity = written.get("option_value", "equity") == "equity"
        self.close_out_cost_ratio: float = written.get("close_out_cost_ratio", 0.0)
        self.safety_factor: float = written.get("safety_factor_ratio", 1.0)
        levels = {"warning": 1.5, "margin_call": 1.2, "liquidation": 1.0}
        self.levels: dict[str, float] = levels | dict(written.get("levels", {}))
        self.netting: dict[str, Any] = {
            "rule": "sum",
            "correlation": {},
            "correlation_default": None,
            "credit_cap_ratio": 0.0,
            "correlation_break": 0.0,
        } | dict(written.get("netting", {}))

    def section(self, name: str, underlying: str) -> dict[str, Any]:
        """A section as it holds for one underlying."""
        own = self.written.get("underlyings", {}).get(underlying, {}).get(name, {})
        return DEFAULTS[name] | dict(self.written.get(name, {})) | dict(own)

    def has(self, name: str) -> bool:
        """Whether a section is written anywhere."""
        own = self.written.get("underlyings", {}).values()
        return name in self.written or any(name in sections for sections in own)

    def weight(self, key: tuple[str, str], maintenance: bool) -> float:
        """What a unit of collateral counts: prod(1 - h)."""
        haircuts = self.written["haircuts"]
        symbol, chain = key
        names = (f"{symbol}@{chain}" if chain else symbol, symbol, "default")
        haircut = next((haircuts[name] for name in names if name in haircuts), 1.0)
        if not isinstance(haircut, Mapping):
            return 1.0 - haircut
        own = haircut.get("maintenance", {}) if maintenance else {}
        weight = 1.0
        for part in COMPONENTS:
            weight *= 1.0 - own.get(part, haircut.get(part, 0.0))
        return weight

    def correlation(self, first: str, second: str) -> float:
        """Correlation of two underlyings."""
        if first == second:
            return 1.0
        listed = self.netting["correlation"]
        for pair in (f"{first}/{second}", f"{second}/{first}"):
            if pair in listed:
                return float(listed[pair])
        return float(self.netting["correlation_default"])
