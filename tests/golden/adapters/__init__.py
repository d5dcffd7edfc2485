"""Adapters translate a case into public calls and back; importing a module registers its own."""

from tests.golden.adapters import (
    exchange_margins,
    exchange_prices,
    exchange_scenarios,
    pricing,
    risk,
)

__all__ = ["LOADED"]

LOADED = (exchange_margins, exchange_prices, exchange_scenarios, pricing, risk)
