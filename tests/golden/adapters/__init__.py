"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    clearing,
    derive,
    drift,
    dydx,
    exchange_margins,
    exchange_matrix,
    exchange_prices,
    exchange_rules,
    exchange_scenarios,
    lending,
    liquidity,
    model_checks,
    perp_protocols,
    perpetual_options,
    pricing,
    procyclicality,
    risk,
    vega,
)

__all__ = ["LOADED"]

LOADED = (
    clearing,
    derive,
    drift,
    dydx,
    exchange_margins,
    exchange_matrix,
    exchange_prices,
    exchange_rules,
    exchange_scenarios,
    lending,
    liquidity,
    model_checks,
    perp_protocols,
    perpetual_options,
    pricing,
    procyclicality,
    risk,
    vega,
)
