"""From a market and a portfolio to the plain columns that the compiled core takes.

Names become row numbers here: the core knows no strings. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

__all__ = ["instrument_columns", "market_columns", "portfolio_columns"]


def _rows(names: Sequence[Any], known: Sequence[Any]) -> NDArray[np.int32]:
    """Row of each name in ``known``; every name is there, which the cross-check has seen to."""
    index = {name: row for row, name in enumerate(known)}
    return np.array([index[name] for name in names], np.int32)


def _aligned(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """``values[rows]``, NaN where the row is -1."""
    out = np.full(len(rows), np.nan)
    found = rows >= 0
    out[found] = values[rows[found]]
    return out


def market_columns(market: Market, portfolio: Portfolio) -> dict[str, Any]:
    """Columns of the market, its marks lined up with the portfolio's instruments."""
    index = {name: row for row, name in enumerate(market.marks.names.tolist())}
    names = portfolio.instruments.names.tolist()
    marks = np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))
    return {
        "as_of_ns": market.as_of_ns,
        "asset_price": market.assets.price,
        "asset_underlying": market.assets.underlying,
        "index_price": market.underlyings.index_price,
        "quote_asset": market.underlyings.quote_asset,
        "realised_vol_annual": market.underlyings.realised_vol_annual,
        "depth_notional": market.underlyings.depth_notional,
        "previous_mm_ratio": market.underlyings.previous_mm_ratio,
        "previous_ts_ns": market.underlyings.previous_ts_ns,
        "forward_underlying": market.forwards.underlying,
        "forward_expiry_ns": market.forwards.expiry_ns,
        "forward_price": market.forwards.forward_price,
        "forward_rate_annual": market.forwards.rate_annual,
        "surface_underlying": market.surface.underlying,
        "surface_expiry_ns": market.surface.expiry_ns,
        "surface_strike": market.surface.strike,
        "surface_vol_annual": market.surface.vol_annual,
        "mark_price": _aligned(market.marks.mark_price, marks),
        "mark_vol_annual": _aligned(market.marks.vol_annual, marks),
        "mark_vol_normal_annual": _aligned(market.marks.vol_normal_annual, marks),
    }


def _asset_rows(market: Market, portfolio: Portfolio) -> NDArray[np.int32]:
    return _rows(portfolio.asset_keys, market.assets.keys)


def instrument_columns(market: Market, portfolio: Portfolio) -> dict[str, Any]:
    """Columns of the instruments, numbered as the market numbers underlyings and assets."""
    instruments = portfolio.instruments
    underlying = _rows(portfolio.underlying_names, market.underlyings.names.tolist())
    return {
        "kind": instruments.kind,
        "payoff": instruments.payoff,
        "underlying": underlying[instruments.underlying],
        "settlement_asset": _asset_rows(market, portfolio)[instruments.settlement],
        "multiplier": instruments.multiplier,
        "strike": instruments.strike,
        "expiry_ns": instruments.expiry_ns,
        "is_call": instruments.is_call,
        "bachelier": instruments.bachelier,
    }


def portfolio_columns(market: Market, portfolio: Portfolio) -> dict[str, Any]:
    """Columns of positions and balances, assets numbered as the market numbers them."""
    return {
        "account_count": len(portfolio.accounts),
        "position_account": portfolio.positions.account,
        "position_pocket": portfolio.positions.pocket,
        "position_instrument": portfolio.positions.instrument,
        "position_quantity": portfolio.positions.quantity,
        "position_entry_price": portfolio.positions.entry_price,
        "balance_account": portfolio.balances.account,
        "balance_pocket": portfolio.balances.pocket,
        "balance_asset": _asset_rows(market, portfolio)[portfolio.balances.asset],
        "balance_amount": portfolio.balances.amount,
    }
