"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    clearing,
    derive,
    dydx,
    exchange_margins,
    exchange_matrix,
    exchange_prices,
    exchange_rules,
    exchange_scenarios,
    liquidity,
    model_checks,
    perpetual_options,
    pricing,
    procyclicality,
    risk,
)

__all__ = ["LOADED"]

LOADED = (
    clearing,
    derive,
    dydx,
    exchange_margins,
    exchange_matrix,
    exchange_prices,
    exchange_rules,
    exchange_scenarios,
    liquidity,
    model_checks,
    perpetual_options,
    pricing,
    procyclicality,
    risk,
)
