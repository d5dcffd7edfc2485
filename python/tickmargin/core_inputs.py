"""From a market and a portfolio to the plain columns that the compiled core takes.

Names become row numbers here: the core knows no strings. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

if TYPE_CHECKING:
    from tickmargin.names import Namebook

__all__ = [
    "core_columns",
    "index_moves",
    "instrument_columns",
    "instrument_order",
    "market_columns",
    "portfolio_columns",
]


def instrument_order(portfolio: Portfolio) -> NDArray[np.intp]:
    """Rows of the instruments by name: the core's order, so that the input's leaves no trace."""
    names = portfolio.instruments.names.tolist()
    return np.array(sorted(range(len(names)), key=names.__getitem__), np.intp)


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
    """Columns of the market, its marks lined up with the instruments in the core's order."""
    index = {name: row for row, name in enumerate(market.marks.names.tolist())}
    names = portfolio.instruments.names[instrument_order(portfolio)].tolist()
    marks = np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))
    price = _aligned(market.marks.mark_price, marks)
    order = instrument_order(portfolio)
    tracks = portfolio.instruments.tracks_index[order] != 0
    if tracks.any():  # a basket's index: its mark is the index
        own = _rows(portfolio.underlying_names, market.underlyings.names.tolist())
        underlying = own[portfolio.instruments.underlying][order]
        price = np.where(tracks, market.underlyings.index_price[underlying], price)
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
        "mark_price": price,
        "mark_vol_annual": _aligned(market.marks.vol_annual, marks),
        "mark_vol_normal_annual": _aligned(market.marks.vol_normal_annual, marks),
        "asset_confidence": market.assets.confidence,
        "index_confidence": market.underlyings.confidence,
        "forward_confidence": market.forwards.confidence,
        "mark_confidence": _aligned(market.marks.confidence, marks),
        "peg_price": market.underlyings.peg_price,
        "forward_fixed": market.forwards.fixed_price,
        "forward_discount_rate": market.forwards.discount_rate_annual,
        "index_ts_ns": market.underlyings.index_ts_ns,
        "price_velocity": market.underlyings.price_velocity_ratio,
        "flow_signed": market.underlyings.flow_signed_notional,
        "flow_total": market.underlyings.flow_total_notional,
        "open_interest": market.underlyings.open_interest_notional,
        "regime_score": market.underlyings.regime_score,
        "macro_score": market.underlyings.macro_score,
        "rate_stress": market.underlyings.rate_stress,
        "asset_borrow_rate": market.assets.borrow_rate_annual,
        "asset_risk": market.assets.risk_annual,
        "mark_funding_rate": _aligned(market.marks.funding_rate_annual, marks),
        "settled_share": np.nan_to_num(_aligned(market.marks.settled_share, marks)),
        "settled_average": _aligned(market.marks.settled_average, marks),
    }


def _asset_rows(market: Market, portfolio: Portfolio) -> NDArray[np.int32]:
    return _rows(portfolio.asset_keys, market.assets.keys)


def instrument_columns(market: Market, portfolio: Portfolio) -> dict[str, Any]:
    """Columns of the instruments, numbered as the market numbers underlyings and assets."""
    instruments = portfolio.instruments
    order = instrument_order(portfolio)
    underlying = _rows(portfolio.underlying_names, market.underlyings.names.tolist())
    return {
        "kind": instruments.kind[order],
        "payoff": instruments.payoff[order],
        "underlying": underlying[instruments.underlying][order],
        "settlement_asset": _asset_rows(market, portfolio)[instruments.settlement][order],
        "multiplier": instruments.multiplier[order],
        "strike": instruments.strike[order],
        "expiry_ns": instruments.expiry_ns[order],
        "is_call": instruments.is_call[order],
        "bachelier": instruments.bachelier[order],
        "funding_period_years": np.nan_to_num(instruments.funding_period_days[order]) / 365.0,
        "funding_rate_annual": instruments.funding_rate_annual[order],
    }


def portfolio_columns(market: Market, portfolio: Portfolio) -> dict[str, Any]:
    """Columns of positions and balances, assets numbered as the market numbers them."""
    rank = np.empty(len(portfolio.instruments), np.int32)
    rank[instrument_order(portfolio)] = np.arange(len(rank), dtype=np.int32)
    return {
        "account_count": len(portfolio.accounts),
        "account_credit_score": portfolio.accounts.credit_score,
        "position_account": portfolio.positions.account,
        "position_pocket": portfolio.positions.pocket,
        "position_instrument": rank[portfolio.positions.instrument],
        "position_quantity": portfolio.positions.quantity,
        "position_entry_price": portfolio.positions.entry_price,
        "balance_account": portfolio.balances.account,
        "balance_pocket": portfolio.balances.pocket,
        "balance_asset": _asset_rows(market, portfolio)[portfolio.balances.asset],
        "balance_amount": portfolio.balances.amount,
    }


def core_columns(
    market: Market, portfolio: Portfolio
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Columns of the market, the instruments and the portfolio."""
    return (
        market_columns(market, portfolio),
        instrument_columns(market, portfolio),
        portfolio_columns(market, portfolio),
    )


def index_moves(names: Namebook, index: Mapping[str, float]) -> list[tuple[int, float]]:
    """Index prices to look at, by number."""
    moves = []
    for name, price in index.items():
        if isinstance(price, bool) or not isinstance(price, int | float | np.floating):
            kind = type(price).__name__
            raise InputTypeError(f"index[{name!r}]: got {kind}; expected a number")
        if not (np.isfinite(price) and price > 0):
            raise InvalidInputError(
                f"index[{name!r}] must be finite and > 0, was {price}", code="NOT_POSITIVE"
            )
        moves.append((names.known("underlying", name), float(price)))
    return moves
