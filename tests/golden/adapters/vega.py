"""Vega's margins, orders, liquidation prices and payments."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import power_of_ten, written

from tickmargin.protocols import vega

Inputs = dict[str, Any]


def orders_of(rows: list[list[int]]) -> list[vega.Order]:
    return [vega.Order(size, price) for size, price in rows]


def market_of(inputs: Inputs, mark: str, position_factor: Any = 1) -> vega.Market:
    return vega.Market(
        written(inputs[mark]),
        written(inputs["rf_long"]),
        written(inputs["rf_short"]),
        written(inputs["linear_slippage"]),
        written(inputs["quadratic_slippage"]),
        position_factor,
        written(inputs.get("funding_per_unit", 0)),
    )


@adapter("vega", "vega", "calculateMargins(cross, continuous)")
def continuous(inputs: Inputs) -> Any:
    scaling = {level: written(factor) for level, factor in inputs["scaling"].items()}
    levels = vega.margin_levels(
        market_of(inputs, "mark_price", power_of_ten(inputs["position_decimals"])),
        inputs["position"],
        [vega.Order(inputs["buy_orders"])],
        [vega.Order(inputs["sell_orders"])],
        scaling=vega.Scaling(**scaling),
    )
    return levels._asdict()


@adapter("vega", "vega", "calculateMargins(cross)")
def cross(inputs: Inputs) -> Any:
    levels = vega.margin_levels(
        market_of(inputs, "mark_price"),
        inputs["position"],
        orders_of(inputs["buy_orders"]),
        orders_of(inputs["sell_orders"]),
        vega.Auction(inputs["auction_price"]) if inputs["auction"] else None,
    )
    return levels._asdict()


@adapter("vega", "vega", "CalcOrderMargins(isolated)")
def isolated(inputs: Inputs) -> Any:
    margin = vega.order_margin(
        inputs["position"],
        orders_of(inputs["buys"]),
        orders_of(inputs["sells"]),
        written(inputs["margin_factor"]),
        inputs["position_factor"],
        inputs["auction_price"],
    )
    return {"order_margin": margin}


@adapter("vega", "vega", "calcOrderSideMargin(isolated)")
def isolated_side(inputs: Inputs) -> Any:
    margin = vega.order_side_margin(
        inputs["position"],
        orders_of(inputs["orders"]),
        inputs["side"],
        written(inputs["margin_factor"]),
        inputs["position_factor"],
        inputs["auction_price"],
    )
    return {"order_margin": margin}


@adapter("vega", "vega", "CalculateLiquidationPriceWithSlippageFactors (no orders)")
def liquidation(inputs: Inputs) -> Any:
    volume = written(inputs["open_volume"])
    market = market_of(inputs, "mark", volume.denominator)
    price = vega.liquidation_price(market, volume.numerator, written(inputs["collateral"]))
    margin = vega.maintenance_margin(market, volume.numerator)
    return {"liquidation_price": price, "maintenance_margin_at_mark": margin}


@adapter("vega", "vega", "simpleDistributor")
def loss_share(inputs: Inputs) -> Any:
    paid = vega.distribute(
        inputs["winner_amounts"],
        inputs["collected"],
        inputs["expected"],
        inputs["network_party"],
    )
    return {"paid": paid}


@adapter("vega", "vega", "lognormal ES risk factors")
def risk_factors(inputs: Inputs) -> Any:
    factors = vega.lognormal_risk_factors(
        float(inputs["risk_aversion"]),
        float(inputs["tau"]),
        float(inputs["mu"]),
        float(inputs["sigma"]),
    )
    return {"rf_long": factors.long, "rf_short": factors.short}
