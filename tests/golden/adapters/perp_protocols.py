"""On-chain perpetual venues in their own whole numbers, or in exact fractions."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import decimal_of, from_scaled, scaled

from tickmargin.protocols import gmx_v2, hyperliquid, paradex, perp_v2, synthetix_v3

Inputs = dict[str, Any]

# The skew of the market before the trade, in words of the cases.
SKEW_BEFORE = {"index0*(1+ (size/2)/skewScale)": 0}


@adapter("perp_protocols", "gmx-v2", "isPositionLiquidatable")
def gmx(inputs: Inputs) -> Any:
    position = gmx_v2.Position(
        scaled(inputs["collateral_usd"], 18),
        scaled(inputs["pnl_usd"], 18),
        scaled(inputs["price_impact_usd"], 18),
        scaled(inputs["fees_usd"], 18),
        scaled(inputs["size_usd"], 18),
    )
    limits = gmx_v2.Limits(
        scaled(inputs["min_collateral_factor"], 30),
        scaled(inputs["max_negative_impact_factor"], 30),
        scaled(inputs["min_collateral_usd"], 18),
    )
    verdict = gmx_v2.liquidation_verdict(position, limits)
    return {**verdict._asdict(), "remaining": from_scaled(verdict.remaining, 18)}


@adapter("perp_protocols", "hyperliquid", "tiered maintenance margin")
def tiers(inputs: Inputs) -> Any:
    rows = [hyperliquid.Tier(decimal_of(lower), leverage) for lower, leverage in inputs["tiers"]]
    margin = hyperliquid.maintenance_margin(decimal_of(inputs["notional"]), rows)
    return {"maintenance_margin": margin}


@adapter("perp_protocols", "hyperliquid", "portfolio margin borrowable")
def borrowable(inputs: Inputs) -> Any:
    terms = (decimal_of(inputs[key]) for key in ("balance", "price", "ltv"))
    return {"borrowable": hyperliquid.borrowable(*terms)}


@adapter("perp_protocols", "paradex", "Cross margin IMR with open orders")
def cross(inputs: Inputs) -> Any:
    keys = ("position", "buy_orders", "sell_orders", "imf", "mark")
    margin = paradex.cross_margin(*(decimal_of(inputs[key]) for key in keys))
    return {**margin._asdict(), "net_imr": margin.net_requirement}


@adapter("perp_protocols", "paradex", "Order cancellation on IMR breach")
def cancelled(inputs: Inputs) -> Any:
    orders = [paradex.Order(side, decimal_of(q), decimal_of(p)) for side, q, p in inputs["orders"]]
    kept = paradex.remaining_orders(decimal_of(inputs["position"]), orders)
    return {"remaining": kept}


@adapter("perp_protocols", "paradex", "Partial liquidation share")
def partial(inputs: Inputs) -> Any:
    keys = ("account_value", "mmr", "share", "liquidation_fee")
    result = paradex.partial_liquidation(*(decimal_of(inputs[key]) for key in keys))
    return {
        "new_mmr": result.requirement,
        "penalty": result.penalty,
        "new_account_value": result.account_value,
        "new_margin_ratio": result.margin_ratio,
    }


@adapter("perp_protocols", "paradex", "Liquidation share selection")
def chosen(inputs: Inputs) -> Any:
    keys = ("account_value", "mmr", "liquidation_fee", "step", "target_margin_ratio")
    return paradex.liquidation_share(*(decimal_of(inputs[key]) for key in keys))._asdict()


@adapter("perp_protocols", "paradex", "Minimum delta requirement")
def minimum_delta(inputs: Inputs) -> Any:
    rows = [(decimal_of(p["delta"]), decimal_of(p["qty"])) for p in inputs["positions"]]
    rates = (decimal_of(inputs[key]) for key in ("spot", "unhedged", "hedged"))
    result = paradex.minimum_delta(rows, *rates)
    return {
        "net_delta": result.net,
        "gross_delta": result.gross,
        "hedged_delta": result.hedged,
        "min_delta_risk": result.charge,
    }


@adapter("perp_protocols", "paradex", "Socialised loss factor")
def socialised(inputs: Inputs) -> Any:
    keys = ("user_bankruptcy_total", "insurance_fund", "total_exchange_balance", "withdraw")
    result = paradex.socialised_loss(*(decimal_of(inputs[key]) for key in keys))
    return {**result._asdict(), "exchange_bankruptcy": result.shortfall}


@adapter("perp_protocols", "perp-v2", "getLiquidatablePositionSize ratio")
def liquidate_ratio(inputs: Inputs) -> Any:
    keys = ("account_value", "margin_requirement", "total_abs_position_value", "position_value")
    ratio = perp_v2.max_liquidate_ratio(*(scaled(inputs[key], 18) for key in keys))
    return {"max_liquidate_ratio_1e6": ratio}


def market_of(inputs: Inputs) -> synthetix_v3.Market:
    return synthetix_v3.Market(
        scaled(inputs["skew_scale"], 18),
        scaled(inputs["initial_margin_fraction"], 18),
        scaled(inputs["min_im_ratio"], 18),
        scaled(inputs["mm_scalar"], 18),
        scaled(inputs["min_position_margin"], 18),
    )


@adapter("perp_protocols", "synthetix-perps-v3", "calculateRequiredMargins")
def required(inputs: Inputs) -> Any:
    size, price = scaled(inputs["size"], 18), scaled(inputs["price"], 18)
    need = synthetix_v3.required_margins(size, price, market_of(inputs))
    return {
        "im_ratio": from_scaled(need.initial_ratio, 18),
        "mm_ratio": from_scaled(need.maintenance_ratio, 18),
        "initial_margin": from_scaled(need.initial_margin, 18),
        "maintenance_margin": from_scaled(need.maintenance_margin, 18),
    }


@adapter("perp_protocols", "synthetix-perps-v3", "getAvailableMargin / position pnl")
def available(inputs: Inputs) -> Any:
    skew = SKEW_BEFORE[inputs["fill_price_rule"]]
    profits = []
    for market, price in zip(inputs["markets"], inputs["prices"], strict=True):
        size = scaled(market["size"], 18)
        entry = synthetix_v3.fill_price(
            size, scaled(market["index0"], 18), scaled(market["skew_scale"], 18), skew
        )
        profits.append(synthetix_v3.position_profit(size, entry, scaled(price, 18)))
    margin = synthetix_v3.available_margin(scaled(inputs["collateral"], 18), profits)
    return {
        "pnls": [from_scaled(profit, 18) for profit in profits],
        "available_margin": from_scaled(margin, 18),
    }
