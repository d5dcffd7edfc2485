"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    dydx,
    exchange_margins,
    exchange_prices,
    exchange_scenarios,
    pricing,
)

__all__ = ["LOADED"]

LOADED = (dydx, exchange_margins, exchange_prices, exchange_scenarios, pricing)
