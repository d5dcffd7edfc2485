"""Cases of the family ``pricing``."""

from __future__ import annotations

from typing import Any

from tests.golden.registry import adapter
from tests.golden.units import continuous_rate, per_day

from tickmargin import pricing

Inputs = dict[str, Any]


@adapter("pricing", "pricing", "black76_undiscounted_call")
def black76_undiscounted_call(inputs: Inputs) -> Any:
    greeks = pricing.black76(
        True, inputs["F"], inputs["K"], inputs["sigma"], inputs["T"], greeks="price"
    )
    return greeks.price


def black_scholes(inputs: Inputs) -> pricing.Greeks:
    return pricing.black_scholes(
        inputs["type"] == "call",
        inputs["S"],
        inputs["K"],
        inputs["sigma"],
        inputs["T"],
        inputs["r"],
        inputs["q"],
    )


@adapter("pricing", "greeks", "bsm_all_greeks")
@adapter("pricing", "greeks", "bsm_vanna_volga")
def black_scholes_in_order(inputs: Inputs) -> Any:
    greeks = black_scholes(inputs)
    return [getattr(greeks, name) for name in inputs["order"]]


@adapter("pricing", "pricing", "bsm_generalised_price")
@adapter("pricing", "greeks", "bsm_price")
def black_scholes_price(inputs: Inputs) -> Any:
    return black_scholes(inputs).price


@adapter("pricing", "greeks", "bsm_delta")
def black_scholes_delta(inputs: Inputs) -> Any:
    return black_scholes(inputs).delta


@adapter("pricing", "greeks", "bsm_gamma")
def black_scholes_gamma(inputs: Inputs) -> Any:
    return black_scholes(inputs).gamma


@adapter("pricing", "greeks", "bsm_vega")
def black_scholes_vega(inputs: Inputs) -> Any:
    return black_scholes(inputs).vega


@adapter("pricing", "greeks", "bsm_theta")
def black_scholes_theta(inputs: Inputs) -> Any:
    return black_scholes(inputs).theta


@adapter("pricing", "greeks", "bsm_theta_per_day_365")
def black_scholes_theta_per_day(inputs: Inputs) -> Any:
    return per_day(black_scholes(inputs).theta)


@adapter("pricing", "greeks", "bsm_rho")
def black_scholes_rho(inputs: Inputs) -> Any:
    return black_scholes(inputs).rho


@adapter("pricing", "greeks", "bsm_dividend_rho")
def black_scholes_dividend_rho(inputs: Inputs) -> Any:
    return black_scholes(inputs).dividend_rho


CONVENTIONS = {
    "spot": "spot",
    "fwd": "forward",
    "pa_spot": "premium_adjusted_spot",
    "pa_fwd": "premium_adjusted_forward",
}


@adapter("pricing", "greeks", "delta_from_strike")
def delta_from_strike(inputs: Inputs) -> Any:
    # a total standard deviation is a volatility over one year
    return pricing.delta_from_strike(
        inputs["type"] == "call",
        inputs["S"],
        inputs["K"],
        inputs["stddev"],
        1.0,
        continuous_rate(inputs["df_dom"], 1.0),
        continuous_rate(inputs["df_for"], 1.0),
        delta_convention=CONVENTIONS[inputs["convention"]],
    )


@adapter("pricing", "greeks", "saccr_supervisory_delta")
def saccr_supervisory_delta(inputs: Inputs) -> Any:
    if inputs["position"] != "long":
        raise ValueError("the delta of an option is that of holding it")
    return pricing.delta_from_strike(
        inputs["type"] == "call",
        inputs["P"],
        inputs["K"],
        inputs["sigma"],
        inputs["T"],
        delta_convention="forward",
    )


@adapter("pricing", "implied_vol", "black76_implied_vol")
def black76_implied_vol(inputs: Inputs) -> Any:
    found = pricing.implied_vol(
        inputs["type"] == "call",
        inputs["price"],
        inputs["F"],
        inputs["K"],
        inputs["T"],
        continuous_rate(inputs["df"], inputs["T"]),
    )
    return found.vol_annual


@adapter("pricing", "implied_vol", "bachelier_implied_vol")
def bachelier_implied_vol(inputs: Inputs) -> Any:
    found = pricing.bachelier_implied_vol(
        inputs["type"] == "call",
        inputs["prices"],
        inputs["F"],
        inputs["strikes"],
        inputs["T"],
        continuous_rate(inputs["df"], inputs["T"]),
    )
    return found.vol_annual


FUNDING = {"previous_spot": "previous", "current_spot": "current", "continuous": "previous"}


@adapter("pricing", "perpetuals", "perpetual_futures_fair_price")
def perpetual_futures_fair_price(inputs: Inputs) -> Any:
    # continuous funding is a period of length 0, where previous and current are the same
    return pricing.perpetual_fair_price(
        inputs["S"],
        inputs["kappa"],
        inputs["iota"],
        inputs["dt_years"],
        inputs["r"],
        inputs["q"],
        payoff=inputs["payoff"],
        funding_index=FUNDING[inputs["funding"]],
    )
