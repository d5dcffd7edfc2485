"""Scenario profits of exchanges, computed by the engine."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import in_coin, in_quote, time_after
from tests.golden.venue import AS_OF_NS, Venue, future, matrix, option, scenario

Inputs = dict[str, Any]


@adapter("exchanges", "bit.com", "pm.33_scenarios worst case")
def bit_worst_case(inputs: Inputs) -> Any:
    terms, index = inputs["option"], inputs["perp_price"]
    expiry = time_after(AS_OF_NS, inputs["valuation"], terms["expiry"])
    call = option("O", "X", {"C": "call", "P": "put"}[terms["type"]], terms["strike"])
    rules = scenario(
        price_range=inputs["price_range"],
        price_steps=5,
        vol_shock="absolute",
        vol_up=inputs["vol_up_30d_abs"],
        vol_down=inputs["vol_down_30d_abs"],
        vol_power_short=inputs["vega_power"],
        vol_power_long=inputs["vega_power"],
    )
    venue = Venue(
        rules,
        {"X": index},
        [future("P", "X"), {**call, "expiry_ns": expiry}],
        {"A": ([("P", inputs["perp_size"], float(index)), ("O", terms["size"], None)], [])},
        vols={"O": terms["iv"]},
    )
    worst = min(venue.scenarios(), key=lambda row: row["profit"])
    return {
        "worst_case_usd": worst["profit"],
        "worst_price_move": worst["price_move"],
        "worst_vol": "up" if worst["vol_shock"] > 0 else "not up",
    }


@adapter("exchanges", "bit.com", "pm.33_scenarios worst case (coin-M)")
def bit_coin_worst_case(inputs: Inputs) -> Any:
    terms, index = inputs["option"], float(inputs["perp_price"])
    expiry = time_after(AS_OF_NS, inputs["valuation"], terms["expiry"])
    coin = {"settlement_asset": "X"}
    call = option(
        "O", "X", {"C": "call", "P": "put"}[terms["type"]], terms["strike"], payoff="coin", **coin
    )
    rules = matrix(
        unit="coin",
        price_range=inputs["price_range"],
        price_steps=5,
        vol_shock="absolute",
        vol_up=inputs["vol_up_30d"],
        vol_down=inputs["vol_down_30d"],
        vol_power_short=0.3,
        vol_power_long=0.3,
    )
    usd = in_quote(inputs["perp_size_btc"], index)
    venue = Venue(
        rules,
        {"X": index},
        [future("P", "X", payoff="inverse", **coin), {**call, "expiry_ns": expiry}],
        {"A": ([("P", usd, index), ("O", terms["size"], None)], [])},
        coins=("X",),
        vols={"O": terms["iv"]},
    )
    worst = min(venue.vectors("total"), key=lambda row: row["profit"])
    return {
        "worst_case_btc": in_coin(worst["profit"], index),
        "worst_price_move": worst["price_move"],
        "worst_vol": "up" if worst["vol_shock"] > 0 else "not up",
    }
