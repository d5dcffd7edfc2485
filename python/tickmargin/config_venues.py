"""Tables of the methods ``matrix`` and ``span``: rules of exchanges and clearing houses as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tickmargin.config_base import NonNegative, Positive, Ratio, Section

Cap = Annotated[float, Field(gt=0.0, allow_inf_nan=True)]


class MultiplierTier(Section):
    """A slice of a charge, up to and including ``amount_cap`` (numeraire)."""

    amount_cap: Cap
    multiplier: NonNegative


class RatioTier(Section):
    """A slice of an amount, up to and including ``amount_cap`` (numeraire)."""

    amount_cap: Cap
    ratio: Ratio


class Matrix(Section):
    """Method ``matrix``: an exchange's risk matrix, a standard and an extended table."""

    price_range: Annotated[float, Field(gt=0.0, lt=1.0)]
    price_steps: Annotated[int, Field(ge=1, le=1000)] = 4
    price_moves: list[Annotated[float, Field(gt=-1.0)]] = Field(
        default=[], description="where not empty, they replace range and steps in the table"
    )
    vol_up: NonNegative
    vol_down: NonNegative
    vol_shock: Literal["relative", "absolute"] = "relative"
    vol_reference_days: Positive = 30.0
    vol_power_short: NonNegative = 0.3
    vol_power_long: NonNegative = 0.13
    vol_up_floor_annual: NonNegative = 0.0
    min_days: Positive = 1.0
    unit: Literal["numeraire", "coin"] = Field(
        default="numeraire",
        description="coin: contracts settled in the underlying's coin gain and lose coins",
    )
    futures_move: Literal["own", "index"] = Field(
        default="own", description="what a move is taken of: their own price or the index"
    )
    extended_moves: list[Annotated[float, Field(gt=-1.0)]] = Field(default=[])
    extended_weight: Literal["range", "constant"] = Field(
        default="range", description="extended_factor * price_range / |move|, or extended_factor"
    )
    extended_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    extended_dampener: NonNegative = Field(
        default=0.0, description="numeraire per range that a move goes beyond the range"
    )
    gain_offset_ratio: Ratio = Field(
        default=1.0, description="share of a gain that offsets losses of other settlement assets"
    )
    gain_offset_max: NonNegative | None = Field(
        default=None, description="largest such offset, numeraire; absent: none"
    )
    initial_factor: Positive = 1.0
    maintenance_factor: Positive
    roll_ratio_annual: NonNegative = 0.0
    roll_ratio_min: Ratio = 0.0
    roll_ratio_perpetual: Ratio | None = Field(
        default=None, description="of perpetuals and spot; absent: roll_ratio_min"
    )
    roll_compounding: Literal["simple", "continuous"] = "simple"
    delta_shock_threshold: NonNegative = Field(default=0.0, description="numeraire")
    delta_shock_slope: NonNegative = Field(default=0.0, description="per base unit above it")
    delta_shock_max_ratio: Ratio = Field(default=0.0, description="0: no delta shock")
    correlation_contingency_ratio: Ratio = Field(
        default=0.0, description="of what settlement assets offset each other"
    )
    theta_days: NonNegative = 0.0
    vega_shock_annual: NonNegative = Field(default=0.0, description="of |vega| by expiry")
    rate_shock_annual: NonNegative = Field(default=0.0, description="of |rho| by expiry")
    minimum_ratio: Ratio = Field(default=0.0, description="of |delta| by instrument")
    minimum_tiers: list[MultiplierTier] = Field(default=[], description="empty: as it is")
    hedge_tiers: list[RatioTier] = Field(
        default=[], description="on deltas that offset across settlement assets; empty: none"
    )


class SpanSpread(Section):
    """A spread between two expiry tiers, numbered from 0."""

    first: Annotated[int, Field(ge=0)]
    second: Annotated[int, Field(ge=0)]
    charge: NonNegative


class Span(Section):
    """Method ``span``: 16 scenarios, spreads by tier and a short option minimum."""

    scan_ratio: Ratio = Field(default=0.0, description="price scan range, of the index")
    scan_points: NonNegative = Field(default=0.0, description="or in quote units")
    vol_range: NonNegative
    vol_shock: Literal["relative", "absolute"] = "relative"
    extreme_multiple: Annotated[float, Field(ge=1.0)] = 3.0
    extreme_cover: Ratio = 0.33
    lookahead_days: NonNegative = 1.0
    tier_end_days: list[NonNegative] = Field(
        default=[], description="an expiry is in the first tier whose end it is not past"
    )
    spreads: list[SpanSpread] = Field(default=[], description="by priority")
    short_minimum: NonNegative = Field(default=0.0, description="numeraire a short contract")
    short_minimum_rule: Literal["larger", "sum"] = "larger"
    spot_charge: NonNegative = Field(default=0.0, description="numeraire a delta near delivery")
    spot_days: NonNegative = 0.0
    initial_factor: Positive = 1.0
    maintenance_factor: Positive = 1.0


class SpanCredit(Section):
    """A credit between two underlyings whose deltas offset each other."""

    first: str
    second: str
    first_delta: Positive = 1.0
    second_delta: Positive = 1.0
    rate: Ratio
