"""Cases of everlasting options: the family ``perpetual_options`` and those of ``pricing``."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import from_scaled, per_day, scaled, years_of

import tickmargin as tm
from tickmargin.protocols import panoptic, squeeth

Inputs = dict[str, Any]


@adapter("perpetual_options", "deri", "everlasting call time value (r=0)")
def everlasting_call(inputs: Inputs) -> Any:
    years = years_of(inputs["T_years"])
    value = tm.everlasting_option(True, inputs["S"], inputs["K"], inputs["sigma"], years)
    return {
        "u": value.exponent_width,
        "time_value": value.time_value,
        "daily_funding": -per_day(value.funding),  # the case counts what a long pays
    }


@adapter(
    "perpetual_options",
    "deri/paradex",
    "perpetual option with rate r (closed form = exponential mixture of Black-Scholes)",
)
def everlasting_with_rate(inputs: Inputs) -> Any:
    terms = (inputs["S"], inputs["K"], inputs["sigma"], inputs["T"], inputs["r"])
    return {
        "call": tm.everlasting_option(True, *terms).price,
        "put": tm.everlasting_option(False, *terms).price,
    }


@adapter("perpetual_options", "panoptic-v1", "_sellCollateralRatio")
def panoptic_sell(inputs: Inputs) -> Any:
    keys = ("utilization_bps", "min_bps", "target", "saturated")
    return {"ratio_bps": panoptic.sell_collateral_ratio(*(inputs[key] for key in keys))}


@adapter("perpetual_options", "panoptic-v1", "_buyCollateralRatio")
def panoptic_buy(inputs: Inputs) -> Any:
    keys = ("utilization_bps", "buyer_bps", "target", "saturated")
    return {"ratio_bps": panoptic.buy_collateral_ratio(*(inputs[key] for key in keys))}


@adapter("perpetual_options", "squeeth", "vault safe: collateral*2 >= debt*3")
def squeeth_vault(inputs: Inputs) -> Any:
    keys = ("collateral_eth", "short_wpowerperp", "norm_factor", "eth_price")
    vault = squeeth.vault(
        *(scaled(inputs[key], 18) for key in keys),
        index_scale=inputs["index_scale"],
        min_collateral=scaled(inputs["min_collateral"], 18),
    )
    return {**vault._asdict(), "debt_eth": from_scaled(vault.debt, 18)}


@adapter("perpetual_options", "squeeth", "normalisation factor multiplier")
def squeeth_multiplier(inputs: Inputs) -> Any:
    keys = ("index", "mark", "period_hours", "funding_period_hours", "lower", "upper")
    return {"multiplier": squeeth.normalisation_multiplier(*(inputs[key] for key in keys))}


@adapter("pricing", "perpetuals", "everlasting_option_sum")
def everlasting_sum(inputs: Inputs) -> Any:
    fundings = inputs["funding_per_day"]
    return tm.everlasting_option(
        inputs["type"] == "call",
        inputs["S"],
        inputs["K"],
        inputs["sigma"],
        per_day(1.0),
        inputs["r"],
        fundings_per_period=fundings,
    ).price


@adapter("pricing", "perpetuals", "power_perp_mark")
def power_perpetual(inputs: Inputs) -> Any:
    return tm.power_perpetual_mark(
        inputs["S"],
        inputs["power"],
        inputs["sigma"],
        inputs["funding_period_years"],
        inputs["r"],
        expiry="once",
    )
