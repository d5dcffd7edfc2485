"""dYdX v4's integer rules."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import fraction_of, signed

from tickmargin.protocols import dydx_v4

Inputs = dict[str, Any]


def tier_of(inputs: Inputs) -> dydx_v4.Tier:
    return dydx_v4.Tier(
        inputs.get("imr_ppm", inputs.get("initial_margin_ppm")),
        inputs.get("maintenance_fraction_ppm", 0),
        inputs.get("oi_lower_cap", 0),
        inputs.get("oi_upper_cap", 0),
    )


def account_of(inputs: Inputs, market: str) -> tuple[int, list[dydx_v4.Position], int]:
    prices = inputs.get("prices_quote_per_base_quantum")
    positions = [
        dydx_v4.Position(
            quantums,
            fraction_of(prices[key] if prices else inputs["price_quote_per_base_quantum"]),
            tier_of(inputs),
        )
        for key, quantums in inputs["positions"].items()
    ]
    return inputs["quote_balance"], positions, list(inputs["positions"]).index(market)


@adapter("dydx", "dydx-v4", "GetBankruptcyPriceInQuoteQuantums")
def bankruptcy(inputs: Inputs) -> Any:
    account = account_of(inputs, str(inputs["perpetual_id"]))
    price = dydx_v4.bankruptcy_price(*account, inputs["delta_quantums"])
    return {"bankruptcy_price_quote_quantums": price}


@adapter("dydx", "dydx-v4", "GetFillablePrice")
def fillable(inputs: Inputs) -> Any:
    price = dydx_v4.fillable_price(
        *account_of(inputs, str(inputs["perpetual_id"])),
        inputs["bankruptcy_adjustment_ppm"],
        inputs["spread_to_mmr_ratio_ppm"],
    )
    return {"fillable_price_rational": price}


@adapter("dydx", "dydx-v4", "GetLiquidationInsuranceFundDelta")
def insurance(inputs: Inputs) -> Any:
    change = dydx_v4.insurance_fund_delta(
        *account_of(inputs, next(iter(inputs["positions"]))),
        signed(inputs["fill_amount"], 1 if inputs["is_buy"] else -1),
        inputs["fill_quote_quantums"],
        inputs["max_liquidation_fee_ppm"],
    )
    return {"insurance_fund_delta": change}


@adapter("dydx", "dydx-v4", "GetMarginRequirementsInQuoteQuantums")
def requirements(inputs: Inputs) -> Any:
    price = dydx_v4.price_per_quantum(
        inputs["price"], inputs["price_exponent"], inputs["base_atomic_resolution"]
    )
    position = dydx_v4.Position(inputs["base_quantums"], price, tier_of(inputs))
    return dydx_v4.margin_requirements(position, inputs["open_interest_base_quantums"])._asdict()


@adapter("dydx", "dydx-v4", "LiquidityTier.GetInitialMarginQuoteQuantums")
def tier_margin(inputs: Inputs) -> Any:
    notional = inputs["quote_quantums"]
    margin = dydx_v4.initial_margin(tier_of(inputs), inputs["oi_notional"], notional)
    return {"initial_margin": margin}


@adapter("dydx", "dydx-v4", "GetAdjustedInitialMarginPpm")
def adjusted(inputs: Inputs) -> Any:
    return {"ppm": dydx_v4.adjusted_initial_margin_ppm(tier_of(inputs), inputs["oi_notional"])}
