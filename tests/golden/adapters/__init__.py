"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    derive,
    exchange_margins,
    exchange_prices,
    exchange_scenarios,
    pricing,
)

__all__ = ["LOADED"]

LOADED = (derive, exchange_margins, exchange_prices, exchange_scenarios, pricing)
