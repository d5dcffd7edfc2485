"""Random add-ons of a policy, and the optional inputs that they read."""

from __future__ import annotations

import random
from typing import Any

from tests.property.markets import AS_OF_NS, between, sometimes

Rows = list[dict[str, Any]]
GRIDS = ("scenario", "matrix", "span", "portfolio")
# Methods whose own lines hold the risk of a section: a policy file may not have both.
SEEN_BY = {
    "delta_charge": GRIDS,
    "gamma_charge": GRIDS,
    "vega_charge": GRIDS,
    "theta_charge": ("span", "matrix"),
    "basis_risk": GRIDS,
    "rate_environment": ("matrix",),
    "wrong_way": ("portfolio",),
    "oracle_confidence": ("portfolio", "standard"),
    "peg": ("portfolio", "standard"),
}


def make_pegs(rng: random.Random, names: list[str]) -> dict[str, dict[str, Any]]:
    """What some assets of `markets.make_assets` are held to; of some the reference is not known."""
    coin = rng.choice(names)
    pegs: dict[str, dict[str, Any]] = {
        "USDC@ethereum": {"value": 1.0},
        "EUR": rng.choice([{"value": 1.1}, {"asset": "USDC"}, {"asset": "USD"}]),
        "WRAP": {"asset": coin, "factor": between(rng, 0.0, 2.0)},
        coin: {"value": 20_000.0, "threshold": 0.7, "collateral_factor": 0.5},
    }
    if sometimes(rng, 0.1):
        pegs["EUR"] = {"asset": rng.choice(["NOPE", "USDC@solana"])}
    return {name: peg for name, peg in pegs.items() if sometimes(rng, 0.6)}


def moves_vols(policy: dict[str, Any]) -> bool:
    """Whether a policy's own scenarios move volatility with history or with prices."""
    return policy.get("tail", {}).get("vol_moves") in ("beta", "history")


def make_add_ons(rng: random.Random) -> dict[str, dict[str, Any]]:
    """Every add-on once, initial not below maintenance."""

    def pair(high: float, suffix: str) -> dict[str, float]:
        low = between(rng, 0.0, high)
        return {f"maintenance_{suffix}": low, f"initial_{suffix}": low + between(rng, 0.0, high)}

    days = {"maintenance_days": between(rng, 0.1, 5.0), "initial_days": between(rng, 5.0, 20.0)}
    return {
        "delta_charge": pair(0.3, "ratio"),
        "gamma_charge": {
            **pair(0.1, "move_ratio"),
            "near_days": rng.choice([1.0, 10.0, 40.0]),
            "width_ratio": between(rng, 0.01, 0.3),
            "cap_ratio": between(rng, 0.01, 0.2),
        },
        "vega_charge": {
            **pair(0.5, "up_ratio"),
            **pair(0.4, "down_ratio"),
            "power": rng.choice([0.0, 0.3, 0.5]),
            "min_days": rng.choice([1.0, 10.0]),
        },
        "theta_charge": days,
        "basis_risk": pair(0.1, "ratio"),
        "funding": days,
        "rate_environment": pair(0.05, "shock_annual"),
        "wrong_way": {**pair(0.3, "ratio"), "other_ratio": rng.choice([0.0, 0.5])},
        "oracle_confidence": {**pair(0.4, "ratio"), "threshold": between(rng, 0.3, 1.0)},
        "oracle_staleness": {
            **pair(0.05, "ratio"),
            "free_seconds": rng.choice([0.0, 60.0]),
            "cap_ratio": between(rng, 0.0, 0.2),
        },
        "price_velocity": {**pair(1.0, "factor"), "cap_ratio": between(rng, 0.0, 0.1)},
        "order_flow": {"initial_factor": between(rng, 0.0, 0.2), "cap_ratio": 0.1},
        "open_interest": {"free_share": 0.01, "initial_slope": 0.5, "cap_ratio": 0.3},
        "borrow": days,
        "asset_risk": {**pair(2.0, "factor"), "cap_ratio": between(rng, 0.01, 1.0)},
        "liquidation_delay": {
            **pair(2.0, "delay_days"),
            "initial_horizon_days": 1.0,
            "maintenance_horizon_days": between(rng, 1.0, 3.0),
        },
        "regime": pair(0.5, "max_ratio"),
        "macro": pair(0.5, "max_ratio"),
        "peg": {
            "threshold": between(rng, 0.9, 1.0),
            "factor": between(rng, 0.0, 4.0),
            "collateral_factor": rng.choice([0.0, 1.5]),
        },
        "credit_score": {**pair(0.5, "max_ratio"), "best_score": 800.0, "worst_score": 300.0},
    }


def add_ons_for(rng: random.Random, policy: dict[str, Any], share: float) -> dict[str, Any]:
    """Of every add-on that the method allows, this share."""
    method, simulated = policy["method"], policy.get("collateral") == "simulated"
    return {
        name: rules
        for name, rules in make_add_ons(rng).items()
        if method not in SEEN_BY.get(name, ())
        and not (name == "wrong_way" and simulated)
        and not (name == "vega_charge" and moves_vols(policy))
        and sometimes(rng, share)
    }


def make_damping(rng: random.Random) -> dict[str, Any]:
    """The section against procyclicality of a method other than `dynamic`."""
    rules: dict[str, Any] = {"buffer_ratio": 0.25}
    if sometimes(rng, 0.6):
        rules["pre_stress_vol_annual"] = between(rng, 0.2, 1.5)
    if sometimes(rng, 0.5):
        rules |= {"stress_weight": 0.25, "stressed_ratio": between(rng, 0.05, 0.5)}
    if sometimes(rng, 0.5):
        rules["long_run_ratio"] = between(rng, 0.01, 0.2)
    if sometimes(rng, 0.5):
        rules["max_mm_increase_per_day_ratio"] = between(rng, 0.001, 0.05)
    return rules


def with_add_on_inputs(rng: random.Random, market: dict[str, Rows], missing: float = 0.0) -> None:
    """Fill the optional columns in, each value left out with the share `missing`."""

    def put(row: dict[str, Any], **values: Any) -> None:
        row.update({k: v for k, v in values.items() if not sometimes(rng, missing)})

    for row in market["underlyings"]:
        total = rng.choice([0.0, between(rng, 1.0, 1e6)])
        put(
            row,
            confidence=between(rng, 0.0, 1.0),
            peg_price=rng.choice([1.0, between(rng, 0.8, 1.0)]),
            index_ts_ns=AS_OF_NS - rng.choice([0, 30, 3600, 90_000]) * 10**9,
            price_velocity_ratio=between(rng, -0.1, 0.1),
            flow_signed_notional=total * between(rng, -1.0, 1.0),
            flow_total_notional=total,
            open_interest_notional=rng.choice([0.0, between(rng, 1e3, 1e8)]),
            regime_score=between(rng, 0.0, 1.0),
            macro_score=between(rng, 0.0, 1.0),
            rate_stress=between(rng, 0.0, 2.0),
        )
    for row in market["assets"]:
        put(
            row,
            borrow_rate_annual=between(rng, 0.0, 0.3),
            risk_annual=rng.choice([0.0, between(rng, 0.0, 0.2)]),
        )
    for row in market["marks"]:
        put(row, funding_rate_annual=between(rng, -0.5, 0.5))
