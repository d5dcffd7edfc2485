"""Random policies of each method, inside the ranges a policy file may hold."""

from __future__ import annotations

import random
from typing import Any

from tests.property.markets import UNDERLYINGS, between, sometimes

FAST = ("fixed", "dynamic", "scenario")


def make_haircuts(rng: random.Random) -> dict[str, Any]:
    """Numbers, compounded components, chains and a default."""
    return {
        "USD": 0.0,
        "USDC": 0.02,
        "USDC@ethereum": {"quality": between(rng, 0.0, 0.1), "bridge": 0.01},
        "BTC": {
            "quality": between(rng, 0.0, 0.2),
            "volatility": between(rng, 0.1, 0.3),
            "maintenance": {"volatility": between(rng, 0.0, 0.1)},
        },
        "default": between(rng, 0.0, 1.0),
    }


def make_ratios(rng: random.Random) -> dict[str, float]:
    """Initial not below maintenance."""
    maintenance = between(rng, 0.0, 0.2)
    return {
        "initial_ratio": maintenance + between(rng, 0.0, 0.2),
        "maintenance_ratio": maintenance,
    }


def make_scaling(rng: random.Random) -> dict[str, Any]:
    """One of the five size rules."""
    low = between(rng, 0.0, 0.01)
    high = low + between(rng, 0.0, 0.01)
    return rng.choice(
        [
            {"kind": "none"},
            {
                "kind": "step",
                "free_size": between(rng, 0.0, 5.0),
                "step_size": between(rng, 0.3, 2.0),
                "initial_step": high,
                "maintenance_step": low,
            },
            {"kind": "linear", "initial_slope": high, "maintenance_slope": low},
            {"kind": "sqrt", "initial_factor": high, "maintenance_factor": low},
            {"kind": "power45", "initial_factor": high / 20, "maintenance_factor": low / 20},
        ]
    )


def make_brackets(rng: random.Random) -> list[dict[str, float]]:
    """Rising caps, ratios that do not fall."""
    rows, cap, maintenance = [], 0.0, 0.0
    for _ in range(rng.randint(1, 4)):
        cap += between(rng, 100.0, 50_000.0)
        maintenance += between(rng, 0.0, 0.05)
        rows.append(
            {
                "notional_cap": cap,
                "initial_ratio": 2.0 * maintenance,
                "maintenance_ratio": maintenance,
            }
        )
    return rows


def make_futures(rng: random.Random) -> dict[str, Any]:
    """Percent rules."""
    rules: dict[str, Any] = {
        "notional": rng.choice(["mark", "entry"]),
        "netting": rng.choice(["none", "max_side", "net"]),
        "taker_fee_ratio": rng.choice([0.0, 0.001]),
    }
    if sometimes(rng, 0.4):
        mode = rng.choice(["marginal", "whole"])
        return rules | {"brackets": make_brackets(rng), "bracket_mode": mode}
    return rules | make_ratios(rng) | {"size_scaling": make_scaling(rng)}


def make_options(rng: random.Random) -> dict[str, Any]:
    """Standard formula; the ranges keep initial at least maintenance without help."""
    return {
        "base": rng.choice(["index", "forward"]),
        "otm_a": between(rng, 0.15, 0.3),
        "otm_b": between(rng, 0.1, 0.15),
        "maintenance_c": between(rng, 0.03, 0.09),
        "maintenance_mark_floor": rng.choice(["none", "put", "both"]),
        "initial_at_least_maintenance": sometimes(rng, 0.5),
        "margin_factor": between(rng, 1.0, 1.5),
        "liquidation_fee_ratio": rng.choice([0.0, 0.002]),
        "initial_uses_entry": sometimes(rng, 0.5),
    }


def make_dynamic(rng: random.Random) -> dict[str, Any]:
    """Expected-shortfall moves with every add-on."""
    rules: dict[str, Any] = {
        "horizon_maintenance_days": between(rng, 0.5, 2.0),
        "confidence_maintenance": between(rng, 0.9, 0.99),
        "floor_ratio": between(rng, 0.0, 0.05),
        "cap_ratio": between(rng, 0.2, 0.9),
        "buffer_ratio": rng.choice([0.0, 0.25]),
        "vol_floor_annual": rng.choice([0.0, 0.3]),
        "netting": rng.choice(["position", "underlying"]),
    }
    rules["horizon_initial_days"] = rules["horizon_maintenance_days"] + between(rng, 0.0, 3.0)
    rules["confidence_initial"] = rules["confidence_maintenance"] + between(rng, 0.0, 0.009)
    if sometimes(rng, 0.5):
        rules |= {"depth_factor": between(rng, 0.01, 0.2), "depth_cap_ratio": between(rng, 0, 0.2)}
    if sometimes(rng, 0.5):
        rules["max_mm_increase_per_day_ratio"] = between(rng, 0.001, 0.05)
    return rules


def make_scenario(rng: random.Random) -> dict[str, Any]:
    """Grid, tails, nodes and charges."""
    maintenance = between(rng, 0.5, 1.0)
    vol_up = rng.choice([0.0, 0.3, 0.5])
    return {
        "price_range": between(rng, 0.05, 0.4),
        "price_steps": rng.randint(1, 5),
        "vol_up": vol_up,
        "vol_down": rng.choice([0.0, 0.2, 0.5]),
        "vol_shock": rng.choice(["relative", "absolute"]),
        "vol_reference_days": rng.choice([30.0, 10.0]),
        "vol_power_short": between(rng, 0.0, 0.5),
        "vol_power_long": between(rng, 0.0, 0.3),
        "vol_up_floor_annual": rng.choice([0.0, 0.6]) if vol_up else 0.0,
        "min_days": rng.choice([1.0, 5.0]),
        "tails": rng.choice([[], [{"move": -0.6, "weight": 0.25}, {"move": 1.0, "weight": 0.2}]]),
        "strike_nodes": sometimes(rng, 0.7),
        "initial_factor": maintenance + between(rng, 0.0, 0.5),
        "maintenance_factor": maintenance,
        "short_option_ratio": rng.choice([0.0, 0.01]),
        "roll_ratio_annual": rng.choice([0.0, 0.075]),
        "roll_ratio_min": rng.choice([0.0, 0.01]),
        "basis_ratio": rng.choice([0.0, 0.02]),
    }


def make_netting(rng: random.Random) -> dict[str, Any]:
    """Sum, or correlations that are positive semi-definite for any three names."""
    if sometimes(rng, 0.3):
        return {"rule": "sum"}
    correlation = rng.choice(
        [
            {"correlation_default": 0.5},
            {"correlation_default": 1.0},
            {"correlation_default": -0.4},
            {"correlation": {"BTC/ETH": 0.9}, "correlation_default": 0.0},
            {"correlation": {"ETH/BTC": 0.8, "BTC/SOL": 0.6}, "correlation_default": 0.7},
        ]
    )
    return {
        "rule": "correlation",
        **correlation,
        "credit_cap_ratio": between(rng, 0.0, 1.0),
        "correlation_break": between(rng, 0.0, 1.0),
    }


def make_liquidity(rng: random.Random) -> dict[str, Any]:
    """Spread, fee and impact of closing out; in one of two the book's depth now on top."""
    rules = {
        "half_spread_ratio": between(rng, 0.0, 0.01),
        "half_spread_vol": rng.choice([0.0, 0.02]),
        "fee_ratio": rng.choice([0.0, 0.0005]),
    }
    if sometimes(rng, 0.7):
        rules["impact_factor"] = between(rng, 0.001, 0.2)
        rules["slow_depth_notional"] = between(rng, 1e3, 1e7)
        rules["impact_cap_ratio"] = between(rng, 0.01, 0.5)
        rules["fast_cap_ratio"] = rng.choice([0.0, 0.05])
    return rules


def make_concentration(rng: random.Random) -> dict[str, Any]:
    """A threshold within reach of the books."""
    return {
        "threshold_notional": between(rng, 1e2, 1e6),
        "slope_ratio": between(rng, 0.0, 0.1),
        "cap_ratio": between(rng, 0.0, 0.3),
    }


def make_anti_procyclicality(rng: random.Random) -> dict[str, Any]:
    """Any of the three tools."""
    rules: dict[str, Any] = {"buffer_ratio": rng.choice([0.0, 0.25])}
    if rules["buffer_ratio"] and sometimes(rng, 0.6):
        rules["pre_stress_vol_annual"] = between(rng, 0.2, 1.5)
    if sometimes(rng, 0.5):
        rules |= {"stress_weight": 0.25, "stressed_vol_annual": between(rng, 0.5, 2.0)}
    if sometimes(rng, 0.5):
        rules["long_run_vol_annual"] = between(rng, 0.3, 1.0)
    return rules


def make_matrix(rng: random.Random) -> dict[str, Any]:
    """Both tables and every charge of a risk matrix."""
    scenario = make_scenario(rng)
    shared = (
        "price_range price_steps vol_up vol_down vol_shock vol_reference_days vol_power_short "
        "vol_power_long vol_up_floor_annual min_days initial_factor maintenance_factor "
        "roll_ratio_annual roll_ratio_min"
    )
    rules = {name: scenario[name] for name in shared.split()}
    tiers = [{"amount_cap": 1000.0, "multiplier": 1.0}, {"amount_cap": 9e9, "multiplier": 2.5}]
    hedged = [{"amount_cap": 5000.0, "ratio": 0.01}, {"amount_cap": 2e4, "ratio": 0.02}]
    rules |= {
        "price_moves": rng.choice([[], [], [-0.2, -0.05, 0.0, 0.1]]),
        "unit": rng.choice(["numeraire", "coin"]),
        "futures_move": rng.choice(["own", "index"]),
        "extended_moves": rng.choice([[], [-0.66, -0.33, 0.5, 2.0]]),
        "extended_weight": rng.choice(["range", "constant"]),
        "extended_factor": rng.choice([1.0, 0.5]),
        "extended_dampener": rng.choice([0.0, between(rng, 0.0, 5000.0)]),
        "gain_offset_ratio": rng.choice([0.0, 0.6, 1.0]),
        "roll_compounding": rng.choice(["simple", "continuous"]),
        "correlation_contingency_ratio": rng.choice([0.0, 0.3]),
        "theta_days": rng.choice([0.0, 1.0, 30.0]),
        "vega_shock_annual": rng.choice([0.0, 0.05]),
        "rate_shock_annual": rng.choice([0.0, 0.01]),
        "hedge_tiers": rng.choice([[], hedged]),
    }
    if sometimes(rng, 0.5):
        rules["gain_offset_max"] = between(rng, 0.0, 10_000.0)
    if sometimes(rng, 0.5):
        rules["roll_ratio_perpetual"] = between(rng, 0.0, 0.02)
    if sometimes(rng, 0.5):
        rules |= {"delta_shock_threshold": between(rng, 0.0, 50_000.0), "delta_shock_slope": 0.01}
        rules["delta_shock_max_ratio"] = 0.1
    if sometimes(rng, 0.5):
        rules |= {"minimum_ratio": between(rng, 0.001, 0.2)}
        rules["minimum_tiers"] = rng.choice([[], tiers])
    return rules


def make_span(rng: random.Random) -> dict[str, Any]:
    """Scan, spreads by tier and minimum."""
    maintenance = between(rng, 0.5, 1.0)
    rules = {
        "scan_ratio": between(rng, 0.02, 0.2),
        "vol_range": between(rng, 0.0, 0.5),
        "vol_shock": rng.choice(["relative", "absolute"]),
        "extreme_multiple": rng.choice([2.0, 3.0]),
        "extreme_cover": rng.choice([0.33, 0.35]),
        "lookahead_days": rng.choice([0.0, 1.0]),
        "short_minimum": rng.choice([0.0, 50.0, 5000.0]),
        "short_minimum_rule": rng.choice(["larger", "sum"]),
        "initial_factor": maintenance + between(rng, 0.0, 0.5),
        "maintenance_factor": maintenance,
        "tier_end_days": [1.0, 40.0],
        "spreads": [
            {"first": 0, "second": 1, "charge": between(rng, 0.0, 100.0)},
            {"first": 1, "second": 2, "charge": between(rng, 0.0, 100.0)},
            {"first": 0, "second": 2, "charge": between(rng, 0.0, 100.0)},
        ],
    }
    if sometimes(rng, 0.5):
        rules |= {"spot_charge": between(rng, 0.0, 50.0), "spot_days": 2.0}
    return rules


def make_credits(rng: random.Random) -> list[dict[str, Any]]:
    """Credits between the underlyings of the test markets."""
    return [
        {"first": "BTC", "second": "ETH", "second_delta": between(rng, 5.0, 20.0), "rate": 0.4},
        {"first": "ETH", "second": "SOL", "rate": between(rng, 0.0, 1.0)},
    ]


def make_portfolio(rng: random.Random) -> dict[str, Any]:
    """Scenarios of every kind, skews, discounts and all contingencies."""
    kinds, moves = ("none", "up", "down", "linear", "absolute"), (-0.3, -0.1, 0.0, 0.1, 0.4)
    scenarios = [
        {"move": rng.choice(moves), "vol": rng.choice(kinds), "weight": rng.choice([0.2, 1.0])}
        for _ in range(rng.randint(1, 9))
    ]
    maintenance = between(rng, 0.5, 1.0)
    sides = {
        f"{side}_discount": {"base": base, "rate_factor": rng.choice([0.0, 1.0]), "add": 0.05}
        for side, base in (("long", between(rng, 0.8, 1.0)), ("short", between(rng, 1.0, 1.2)))
    }
    basis = {"basis_up": 0.05, "basis_down": -0.05, "basis_add": rng.choice([0.0, 0.5])}
    return {
        "scenarios": scenarios,
        **sides,
        **basis,
        "skew": {"linear_base": 0.2, "linear_slope": -0.05, "absolute_base": 0.3, "width": 4.0},
        "vol_up": rng.choice([0.0, 0.5]),
        "vol_down": rng.choice([0.0, 0.3]),
        "vol_power_short": between(rng, 0.0, 0.5),
        "initial_factor": maintenance + between(rng, 0.0, 0.5),
        "maintenance_factor": maintenance,
        "perpetual_ratio": rng.choice([0.0, 0.02]),
        "short_option_ratio": rng.choice([0.0, 0.01]),
        "minimum_net_ratio": rng.choice([0.0, 0.02]),
        "minimum_offset_ratio": rng.choice([0.0, 0.01]),
        "offset_ratio": rng.choice([0.0, 0.02]),
        "offset_collateral": sometimes(rng, 0.5),
        "contingency_scaled": sometimes(rng, 0.5),
    }


def make_standard(rng: random.Random) -> dict[str, Any]:
    """Every rule of the standard manager, IM not below MM."""
    maintenance = between(rng, 0.01, 0.1)
    return {
        "spot_max": maintenance + 0.1,
        "spot_min": maintenance + between(rng, 0.0, 0.1),
        "call_maintenance": maintenance,
        "put_maintenance": maintenance,
        "put_mark_maintenance": between(rng, 0.0, 0.2),
        "put_initial_scale": 1.05,
        "unpaired_initial": 1.2,
        "unpaired_maintenance": 1.1,
        "perpetual_initial": maintenance * 2.0,
        "perpetual_maintenance": maintenance,
    }


SECTIONS = {
    "fixed": ("futures", "options"),
    "dynamic": ("dynamic",),
    "scenario": ("scenario",),
    "matrix": ("matrix",),
    "span": ("span",),
    "portfolio": ("portfolio",),
    "standard": ("standard",),
}
MAKERS = {
    "futures": make_futures,
    "options": make_options,
    "dynamic": make_dynamic,
    "scenario": make_scenario,
    "liquidity": make_liquidity,
    "concentration": make_concentration,
    "anti_procyclicality": make_anti_procyclicality,
    "matrix": make_matrix,
    "span": make_span,
    "portfolio": make_portfolio,
    "standard": make_standard,
}


def make_policy(rng: random.Random, method: str) -> dict[str, Any]:
    """A policy of the method; one underlying in two has sections of its own."""
    liquidation = 1.0 + between(rng, 0.0, 0.2) * rng.randint(0, 1)
    call = liquidation + between(rng, 0.0, 0.5)
    policy: dict[str, Any] = {
        "method": method,
        "close_out_cost_ratio": rng.choice([0.0, 0.001]),
        "levels": {
            "warning": call + between(rng, 0.0, 0.5),
            "margin_call": call,
            "liquidation": liquidation,
        },
        "haircuts": make_haircuts(rng),
    }
    if method == "fixed":
        policy["option_value"] = rng.choice(["equity", "requirement"])
    if method == "standard":
        policy["option_value"] = "requirement"
    if method == "scenario":
        policy["collateral"] = rng.choice(["haircut", "simulated"])
        policy["netting"] = make_netting(rng)
    if method == "span":
        policy["credits"] = make_credits(rng)
    for section in SECTIONS[method]:
        policy[section] = MAKERS[section](rng)
    for section in ("liquidity", "concentration"):
        if sometimes(rng, 0.4):
            policy[section] = MAKERS[section](rng)
    if method == "dynamic" and sometimes(rng, 0.4):
        policy["anti_procyclicality"] = make_anti_procyclicality(rng)
        policy["dynamic"]["buffer_ratio"] = 0.0
    own = {name: make_override(rng, policy) for name in UNDERLYINGS if sometimes(rng, 0.25)}
    if own:
        policy["underlyings"] = own
    if method in FAST and sometimes(rng, 0.3):
        policy["safety_factor_ratio"] = between(rng, 1.0, 3.0)
    return policy


def make_override(rng: random.Random, policy: dict[str, Any]) -> dict[str, Any]:
    """Sections of one underlying, complete, so that each is legal on its own."""
    own: dict[str, Any] = {}
    for section in SECTIONS[policy["method"]]:
        rules = MAKERS[section](rng)
        if section == "futures" and "brackets" not in rules and policy[section].get("brackets"):
            rules["brackets"] = []
        if section == "futures" and "brackets" in rules and "brackets" not in policy[section]:
            continue  # ratios that are given above cannot be taken back
        if section == "dynamic" and "anti_procyclicality" in policy:
            rules["buffer_ratio"] = 0.0
        own[section] = rules
    return own
