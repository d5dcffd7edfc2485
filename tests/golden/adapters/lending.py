"""Lending protocols in their own whole numbers."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import from_scaled, scaled

from tickmargin.protocols import aave_v3, compound_v3, liquity_v1, maker, morpho_blue

Inputs = dict[str, Any]


@adapter("lending", "aave-v3", "GenericLogic.calculateUserAccountData")
def account(inputs: Inputs) -> Any:
    collaterals = [aave_v3.Collateral(c["value"], c["ltv"], c["lt"]) for c in inputs["collaterals"]]
    data = aave_v3.account_data(collaterals, inputs["debts"])
    return {
        "total_collateral": data.total_collateral,
        "total_debt": data.total_debt,
        "avg_ltv": data.average_ltv,
        "avg_lt": data.average_liquidation_threshold,
        "health_factor": str(data.health_factor),
        "available_borrows": data.available_borrows,
    }


@adapter("lending", "aave-v3", "LiquidationLogic (v3.7 rounding, close factor, dust)")
def aave_liquidation(inputs: Inputs) -> Any:
    result = aave_v3.liquidation(
        aave_v3.Leg(inputs["debt"], inputs["dprice"], inputs["dunit"]),
        aave_v3.Leg(inputs["coll"], inputs["cprice"], inputs["cunit"]),
        liquidation_bonus=inputs["bonus"],
        protocol_fee=inputs["fee"],
        health_factor=inputs["hf"],
        total_debt=inputs["totdebt"],
        cover=None if inputs["cover"] == "max" else inputs["cover"],
    )
    return {**result._asdict(), "reverts_must_not_leave_dust": result.leaves_dust}


@adapter("lending", "aave-v3", "PercentageMath.percentMul")
def percent_mul(inputs: Inputs) -> Any:
    return {"result": str(aave_v3.percent_mul(int(inputs["value"]), inputs["bps"]))}


@adapter("lending", "aave-v3", "PercentageMath.percentDiv")
def percent_div(inputs: Inputs) -> Any:
    return {"result": str(aave_v3.percent_div(int(inputs["value"]), inputs["bps"]))}


@adapter("lending", "compound-v3", "isLiquidatable")
def liquidatable(inputs: Inputs) -> Any:
    collateral = compound_v3.Collateral(
        scaled(inputs["collateral_units"], 18),
        scaled(inputs["collateral_price"], 8),
        scaled(inputs["liquidate_collateral_factor"], 18),
    )
    return {"liquidatable": compound_v3.is_liquidatable(inputs["principal_1e6"], [collateral])}


@adapter("lending", "compound-v3", "quoteCollateral")
def quote(inputs: Inputs) -> Any:
    amount = compound_v3.quote_collateral(
        inputs["base_amount_1e6"],
        inputs["asset_price_1e8"],
        liquidation_factor=inputs["liquidation_factor_1e18"],
        store_front_price_factor=inputs["store_front_price_factor_1e18"],
    )
    return {"collateral_1e18": amount}


@adapter("lending", "liquity-v1", "recovery mode branch (TCR 1.49, SP covers debt)")
def recovery(inputs: Inputs) -> Any:
    debt = scaled(inputs["debt_lusd"], 18)
    result = liquity_v1.liquidation(
        scaled(inputs["coll_eth"], 18),
        debt,
        scaled(inputs["price"], 18),
        total_collateral_ratio=scaled(inputs["TCR"], 18),
        stability_pool=debt,
        minimum_ratio=scaled(inputs["MCR"], 18),
        critical_ratio=scaled(inputs["CCR"], 18),
    )
    capped = result.capped_collateral
    return {
        "icr": from_scaled(result.collateral_ratio, 18),
        "branch": result.branch,
        "capped_coll": None if capped is None else from_scaled(capped, 18),
        "coll_gas_comp": from_scaled(result.gas_compensation, 18),
        "surplus": from_scaled(result.surplus, 18),
    }


@adapter("lending", "maker", "Clipper price curve")
def curve(inputs: Inputs) -> Any:
    top, elapsed, params = scaled(inputs["top"], 27), inputs["elapsed"], inputs["params"]
    if inputs["kind"] == "linear":
        price = maker.linear_price(top, inputs["tau"], elapsed)
    elif inputs["kind"] == "stairstep":
        price = maker.stairstep_price(top, params["step"], scaled(params["cut"], 27), elapsed)
    else:
        price = maker.exponential_price(top, scaled(params["cut"], 27), elapsed)
    return {"price": from_scaled(price, 27)}


@adapter("lending", "morpho-blue", "liquidationIncentiveFactor")
def incentive(inputs: Inputs) -> Any:
    factor = morpho_blue.liquidation_incentive_factor(
        int(inputs["lltv_wad"]), scaled(inputs["cursor"], 0), scaled(inputs["max"], 0)
    )
    return {"lif_wad": str(factor)}
