"""The sections of methods ``portfolio`` and ``standard``, which work expiry by expiry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tickmargin.config_base import NonNegative, Positive, Ratio, Section


class PortfolioScenario(Section):
    """A move of the index, what it does to volatilities, and how much of it counts."""

    move: Annotated[float, Field(gt=-1.0)] = 0.0
    vol: Literal["none", "up", "down", "linear", "absolute"] = Field(
        default="none", description="linear and absolute turn the smile; the worse way counts"
    )
    weight: NonNegative = Field(default=1.0, description="share of the profit or loss that counts")


class Skew(Section):
    """How far a smile turns: volatility x (1 + clamp(k cap / reach, -cap, cap)), k = ln(K / F).

    cap = base + slope sqrt(T), reach = max(min_reach, sqrt(T) width (vol + vol_slope sqrt(T))).
    """

    linear_base: float = 0.0
    linear_slope: float = 0.0
    absolute_base: float = 0.0
    absolute_slope: float = 0.0
    min_reach: Positive = 0.01
    width: NonNegative = 0.0
    vol: float = 0.0
    vol_slope: float = 0.0


class Discount(Section):
    """A factor on an expiry's worth: base x exp(-+ T (rate x rate_factor + add))."""

    base: Positive = 1.0
    rate_factor: NonNegative = 0.0
    add: NonNegative = 0.0


class Portfolio(Section):
    """Method ``portfolio``: scenarios over the whole unit, worth and basis risk by expiry."""

    scenarios: Annotated[list[PortfolioScenario], Field(min_length=1, max_length=256)]
    vol_up: NonNegative = 0.0
    vol_down: NonNegative = 0.0
    vol_reference_days: Positive = 30.0
    vol_power_short: NonNegative = 0.0
    vol_power_long: NonNegative = 0.0
    vol_up_floor_annual: NonNegative = 0.0
    min_days: Positive = 1.0
    skew: Skew = Skew()
    long_discount: Discount = Field(
        default=Discount(), description="of an expiry worth 0 or more: base exp(-T (...))"
    )
    short_discount: Discount = Field(
        default=Discount(), description="of one worth less: min(exp(r T), base exp(T (...)))"
    )
    basis_up: NonNegative = 0.0
    basis_down: Annotated[float, Field(gt=-1.0, le=0.0)] = 0.0
    basis_add: NonNegative = 0.0
    basis_factor: NonNegative = Field(default=0.0, description="per year to expiry")
    initial_factor: Positive = 1.0
    maintenance_factor: Positive = 1.0
    peg_threshold: NonNegative = Field(default=0.0, description="IM only; see peg_factor")
    peg_factor: NonNegative = Field(
        default=0.0, description="added to initial_factor per unit the peg is below its threshold"
    )
    confidence_threshold: Ratio = Field(default=0.0, description="IM only")
    confidence_ratio: NonNegative = Field(
        default=0.0, description="of notional, times 1 - confidence, below the threshold"
    )
    perpetual_ratio: NonNegative = 0.0
    perpetual_initial_add: NonNegative = 0.0
    short_option_ratio: NonNegative = Field(
        default=0.0, description="per short that no long of its strike covers, of the index"
    )
    short_option_initial_add: NonNegative = 0.0
    minimum_net_ratio: NonNegative = Field(
        default=0.0, description="least loss counted, of the net delta at the index"
    )
    minimum_offset_ratio: NonNegative = Field(
        default=0.0, description="added to it, of half of what gross delta exceeds the net"
    )
    offset_ratio: NonNegative = Field(
        default=0.0, description="of collateral that follows the index"
    )
    offset_collateral: bool = Field(
        default=True, description="collateral that follows the index moves in the scenarios"
    )
    contingency_scaled: bool = Field(
        default=False, description="the factors multiply the contingencies too"
    )


class Standard(Section):
    """Method ``standard``: by expiry, each short option alone or the worst pay-off, if less."""

    spot_max: NonNegative
    spot_min: NonNegative
    call_maintenance: NonNegative
    put_maintenance: NonNegative
    put_mark_maintenance: NonNegative = 0.0
    put_initial_scale: Annotated[float, Field(ge=1.0)] = 1.0
    unpaired_initial: NonNegative = 1.0
    unpaired_maintenance: NonNegative = 1.0
    perpetual_initial: NonNegative
    perpetual_maintenance: NonNegative
    peg_threshold: NonNegative = 0.0
    peg_factor: NonNegative = 0.0
    confidence_threshold: Ratio = 0.0
    confidence_ratio: NonNegative = 0.0
