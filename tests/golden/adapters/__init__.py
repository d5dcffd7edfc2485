"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    exchange_margins,
    exchange_prices,
    exchange_scenarios,
    liquidity,
    model_checks,
    perpetual_options,
    pricing,
    procyclicality,
)

__all__ = ["LOADED"]

LOADED = (
    exchange_margins,
    exchange_prices,
    exchange_scenarios,
    liquidity,
    model_checks,
    perpetual_options,
    pricing,
    procyclicality,
)
