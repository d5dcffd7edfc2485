"""Drift v2's integer rules."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import in_units, signed

from tickmargin.protocols import drift_v2

Inputs = dict[str, Any]

BASE, QUOTE, WEIGHT = 9, 6, 4  # decimals


def margin_type(inputs: Inputs) -> Any:
    return inputs["type"].split("=")[0]


def token_position(
    amount: float, price: float, bids: float = 0, asks: float = 0, **weights: int
) -> drift_v2.SpotPosition:
    return drift_v2.SpotPosition(
        drift_v2.SpotMarket(BASE, **weights),
        in_units(amount, BASE),
        in_units(price, QUOTE),
        open_bids=in_units(bids, BASE),
        open_asks=signed(in_units(asks, BASE), -1),
        open_orders=sum(1 for orders in (bids, asks) if orders),
    )


def quote_deposit(amount: int) -> drift_v2.SpotPosition:
    market = drift_v2.SpotMarket(QUOTE)
    return drift_v2.SpotPosition(market, in_units(amount, QUOTE), in_units(1, QUOTE), is_quote=True)


def margin_with_orders(inputs: Inputs, position: drift_v2.SpotPosition) -> Any:
    margin = drift_v2.account_margin(
        [quote_deposit(inputs.get("usdc_deposit", 0)), position],
        open_order_margin=in_units(inputs["per_open_order_usd"], QUOTE),
    )
    return {"margin_requirement": margin.requirement, "total_collateral": margin.collateral}


@adapter("drift", "drift-v2", "spot_worst_case_bid")
def worst_case_bid(inputs: Inputs) -> Any:
    weight = in_units(inputs["asset_w_initial"], WEIGHT)
    position = token_position(
        inputs.get("sol_deposit", 0),
        inputs["sol_price"],
        bids=inputs["sol_open_bids"],
        initial_asset_weight=weight,
    )
    return margin_with_orders(inputs, position)


@adapter("drift", "drift-v2", "spot_worst_case_ask")
@adapter("drift", "drift-v2", "spot_worst_case_ask_over_deposit")
def worst_case_ask(inputs: Inputs) -> Any:
    weight = in_units(inputs["liab_w_initial"], WEIGHT)
    position = token_position(
        inputs.get("sol_deposit", 0),
        inputs["sol_price"],
        asks=inputs["sol_open_asks"],
        initial_liability_weight=weight,
    )
    return margin_with_orders(inputs, position)


@adapter("drift", "drift-v2", "custom_margin_ratio")
def custom_ratio(inputs: Inputs) -> Any:
    borrowed = token_position(
        signed(inputs["spot_borrow"], -1),
        inputs["spot_price"],
        initial_liability_weight=inputs["liab_w_initial"],
        maintenance_liability_weight=inputs["liab_w_maintenance"],
    )
    market = drift_v2.PerpMarket(inputs["perp_ratio_initial"], inputs["perp_ratio_maintenance"])
    perp = drift_v2.PerpPosition(
        market, in_units(inputs["perp_base"], BASE), 0, in_units(inputs["perp_price"], QUOTE)
    )
    margin = drift_v2.account_margin(
        [borrowed], [perp], margin_type(inputs), custom_ratio=inputs["max_margin_ratio_1e4"]
    )
    return {"value": margin.requirement}


@adapter("drift", "drift-v2", "custom_margin_ratio_collateral")
def custom_ratio_collateral(inputs: Inputs) -> Any:
    deposit = token_position(
        inputs["spot_deposit"],
        inputs["price"],
        initial_asset_weight=inputs["asset_w_initial"],
    )
    margin = drift_v2.account_margin([deposit], custom_ratio=inputs["max_margin_ratio_1e4"])
    return {"value": margin.collateral}


@adapter("drift", "drift-v2", "perp_margin_requirement_initial")
def perp_requirement(inputs: Inputs) -> Any:
    market = drift_v2.PerpMarket(
        inputs["margin_ratio_initial_1e4"],
        inputs["margin_ratio_initial_1e4"],
        inputs["imf_1e6"],
    )
    position = drift_v2.PerpPosition(
        market, inputs["base_1e9"], 0, in_units(inputs["oracle_price"], QUOTE)
    )
    return {"value": drift_v2.account_margin(perps=[position]).requirement}


@adapter("drift", "drift-v2", "perp_unrealized_pnl")
def profit(inputs: Inputs) -> Any:
    price = in_units(inputs["oracle_price"], QUOTE)
    return {"value": drift_v2.unrealized_pnl(inputs["base_1e9"], inputs["quote_1e6"], price)}


@adapter("drift", "drift-v2", "size_discount_asset_weight")
def size_discount(inputs: Inputs) -> Any:
    row = inputs["size_1e9"], inputs["imf_1e6"], inputs["asset_weight_1e4"]
    return {"value": drift_v2.size_discount_asset_weight(*row)}


@adapter("drift", "drift-v2", "size_premium_liability_weight")
def size_premium(inputs: Inputs) -> Any:
    row = inputs["size_1e9"], inputs["imf_1e6"], inputs["liability_weight_1e4"]
    return {"value": drift_v2.size_premium_liability_weight(*row)}


@adapter("drift", "drift-v2", "asset_weight_by_margin_type")
def asset_weight(inputs: Inputs) -> Any:
    market = drift_v2.SpotMarket(
        initial_asset_weight=inputs["initial"], maintenance_asset_weight=inputs["maintenance"]
    )
    return {"value": drift_v2.asset_weight(market, 0, 0, margin_type(inputs))}


@adapter("drift", "drift-v2", "scaled_initial_asset_weight")
def scaled_weight(inputs: Inputs) -> Any:
    market = drift_v2.SpotMarket(
        BASE,
        initial_asset_weight=inputs["initial_weight_1e4"],
        scale_start=in_units(inputs["scale_start_usd"], QUOTE),
        deposits=in_units(inputs["deposits_tokens"], BASE),
    )
    price = in_units(inputs["oracle_price"], QUOTE)
    return {"value": drift_v2.scaled_initial_asset_weight(market, price)}


@adapter("drift", "drift-v2", "unrealized_pnl_asset_weight")
def pnl_weight(inputs: Inputs) -> Any:
    market = drift_v2.PerpMarket(
        pnl_initial_weight=inputs["initial_asset_weight_1e4"], pnl_size_factor=inputs["imf_1e6"]
    )
    return {"value": drift_v2.pnl_asset_weight(market, inputs["unrealized_pnl_1e6"])}


@adapter("drift", "drift-v2", "base_amount_to_cover_shortage")
def base_to_cover(inputs: Inputs) -> Any:
    amount = drift_v2.base_to_cover(
        inputs["margin_shortage_1e6"],
        inputs["margin_ratio_1e4"],
        inputs["liquidation_fee_1e6"],
        inputs["if_fee_1e6"],
        inputs["oracle_price_1e6"],
        inputs["quote_price_1e6"],
    )
    return {"value": amount}


@adapter("drift", "drift-v2", "liability_transfer_to_cover_shortage")
def debt_to_cover(inputs: Inputs) -> Any:
    asset = drift_v2.Leg(inputs["asset_weight"], inputs["asset_liq_mult_1e6"], 0, 0)
    debt = drift_v2.Leg(
        inputs["liability_weight"],
        inputs["liability_liq_mult_1e6"],
        inputs["liability_decimals"],
        inputs["liability_price_1e6"],
    )
    shortage, fee = inputs["margin_shortage_1e6"], inputs["if_fee_1e6"]
    return {"value": drift_v2.debt_to_cover(shortage, asset, debt, fee)}


def exchanged(inputs: Inputs) -> tuple[drift_v2.Leg, drift_v2.Leg]:
    asset = drift_v2.Leg(
        0, inputs["asset_liq_mult"], inputs.get("asset_decimals", QUOTE), inputs["asset_price"]
    )
    debt = drift_v2.Leg(
        0, inputs["liability_liq_mult"], inputs["liability_decimals"], inputs["liability_price"]
    )
    return asset, debt


@adapter("drift", "drift-v2", "liability_transfer_implied_by_asset")
def debt_for_asset(inputs: Inputs) -> Any:
    return {"value": drift_v2.debt_for_asset(inputs["asset_amount_1e6"], *exchanged(inputs))}


@adapter("drift", "drift-v2", "asset_transfer_for_liability")
def asset_for_debt(inputs: Inputs) -> Any:
    held = inputs.get("asset_amount")
    amount = drift_v2.asset_for_debt(inputs["liability_amount"], *exchanged(inputs), held)
    return {"value": amount}


@adapter("drift", "drift-v2", "bankruptcy_funding_rate_delta")
def funding_delta(inputs: Inputs) -> Any:
    row = inputs["loss_1e6"], inputs["base_long_1e9"], inputs["base_short_1e9"]
    return {"value": drift_v2.funding_rate_delta(*row)}


@adapter("drift", "drift-v2", "bankruptcy_deposit_interest_delta")
def index_delta(inputs: Inputs) -> Any:
    row = inputs["borrow_1e6"], inputs["total_deposits_1e6"], inputs["cumulative_interest_1e10"]
    return {"value": drift_v2.deposit_index_delta(*row)}


@adapter("drift", "drift-v2", "perp_insurance_fund_fee")
def perp_fee(inputs: Inputs) -> Any:
    fee = drift_v2.perp_insurance_fee(
        inputs["margin_shortage"],
        inputs["base"],
        inputs["margin_ratio"],
        inputs["liquidator_fee"],
        inputs["oracle_price"],
        inputs["quote_price"],
        inputs["max_if_fee"],
    )
    return {"value": fee}


@adapter("drift", "drift-v2", "spot_insurance_fund_fee")
def spot_fee(inputs: Inputs) -> Any:
    asset = drift_v2.Leg(inputs["asset_weight"], inputs["asset_mult"], 0, 0)
    debt = drift_v2.Leg(
        inputs["liability_weight"], inputs["liability_mult"], inputs["decimals"], inputs["price"]
    )
    fee = drift_v2.spot_insurance_fee(
        inputs["margin_shortage"], inputs["token_amount"], asset, debt, inputs["max_if_fee"]
    )
    return {"value": fee}


@adapter("drift", "drift-v2", "liquidation_fee_ramp")
def fee_ramp(inputs: Inputs) -> Any:
    fee = drift_v2.liquidation_fee(
        inputs["base_fee_1e6"],
        inputs["max_fee_1e6"],
        inputs["slots_elapsed"],
        inputs["grace_slots"],
        inputs["increase_per_slot"],
    )
    return {"value": fee}
