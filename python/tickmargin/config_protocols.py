"""The tables of method ``protocol``: a market's parameters in the units its protocol gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tickmargin.config_base import NonNegative, Positive, Ratio, Section

Decimals = Annotated[int, Field(ge=0, le=18)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Weight = Annotated[float, Field(ge=1.0, le=100.0)]
Factor = Annotated[float, Field(ge=0.0, le=100.0)]
Probability = Annotated[float, Field(gt=0.0, lt=1.0)]


class Protocol(Section):
    """Method ``protocol``: the rule of an on-chain protocol, decided in whole numbers."""

    rule: Literal["dydx_v4", "vega", "drift_v2"]
    size_decimals: Decimals | None = Field(
        default=None, description="dydx_v4, vega: sizes are whole parts of 10^-n base units"
    )
    price_decimals: Decimals | None = Field(
        default=None, description="dydx_v4, vega: prices are whole parts of 10^-n quote units"
    )
    quote_decimals: Decimals | None = Field(
        default=None, description="dydx_v4, vega: margins are whole parts of 10^-n quote units; 6"
    )
    initial_margin_ppm: Ppm | None = Field(default=None, description="dydx_v4")
    maintenance_fraction_ppm: Ppm | None = Field(
        default=None, description="dydx_v4: of the initial margin"
    )
    custom_initial_margin_ppm: Ppm | None = Field(
        default=None, description="dydx_v4: least initial margin, chosen by the account"
    )
    open_interest_lower_cap: NonNegative | None = Field(
        default=None, description="dydx_v4: quote units from which open interest raises IM"
    )
    open_interest_upper_cap: NonNegative | None = Field(
        default=None,
        description="dydx_v4: quote units from which IM is the whole notional; 0: never",
    )
    open_interest_base: NonNegative | None = Field(
        default=None, description="dydx_v4: open interest, published with the policy"
    )
    risk_long: Factor | None = Field(default=None, description="vega: nine decimals")
    risk_short: Factor | None = Field(default=None, description="vega: nine decimals")
    tail_probability: Probability | None = Field(
        default=None, description="vega: lognormal risk factors instead: lambda"
    )
    horizon_years: Positive | None = Field(default=None, description="vega: tau")
    drift_annual: float | None = Field(default=None, description="vega: mu")
    vol_annual: Positive | None = Field(default=None, description="vega: sigma")
    linear_slippage: Factor | None = Field(default=None, description="vega: nine decimals")
    quadratic_slippage: Factor | None = Field(default=None, description="vega: nine decimals")
    funding_per_unit: float | None = Field(
        default=None, description="vega: quote units that a long of one base unit owes"
    )
    initial_scaling: Weight | None = Field(
        default=None, description="vega: initial level, of maintenance; 1.2"
    )
    initial_ratio: Ratio | None = Field(
        default=None,
        description="drift_v2: four decimals; vega: isolated margin, of the notional when entered",
    )
    maintenance_ratio: Ratio | None = Field(default=None, description="drift_v2: four decimals")
    size_factor: Factor | None = Field(default=None, description="drift_v2: six decimals")
    profit_initial_weight: Ratio | None = Field(default=None, description="drift_v2: 1")
    profit_maintenance_weight: Ratio | None = Field(default=None, description="drift_v2: 1")
    profit_size_factor: Factor | None = Field(default=None, description="drift_v2: six decimals")


class Token(Section):
    """Rule ``drift_v2``: a token that is lent on; its weights as collateral are its haircuts'."""

    decimals: Decimals
    initial_debt_weight: Weight
    maintenance_debt_weight: Weight
    size_factor: Factor = Field(default=0.0, description="of the square root of tokens")
    scale_start: NonNegative = Field(
        default=0.0, description="quote units of deposits from which the initial weight falls"
    )
    deposits: NonNegative = Field(default=0.0, description="tokens, published with the policy")
