"""Sections that any method may have beside its own, and what a policy says of itself."""

from __future__ import annotations

from pydantic import Field

from tickmargin.config_base import Confidence, NonNegative, Positive, Ratio, Section


class Liquidity(Section):
    """Add-on: what closing out costs, in IM and MM; what the book lacks now, in IM alone."""

    half_spread_ratio: Ratio = 0.0
    half_spread_vol: NonNegative = Field(default=0.0, description="of volatility, on gross vega")
    fee_ratio: Ratio = 0.0
    impact_factor: NonNegative = Field(
        default=0.0, description="of net notional, times sqrt(net notional / depth)"
    )
    slow_depth_notional: Positive | None = Field(
        default=None, description="required where impact_factor > 0"
    )
    impact_cap_ratio: Ratio = 1.0
    fast_cap_ratio: Ratio = Field(
        default=0.0, description="most that the depth of the market's book may add, IM alone"
    )


class Concentration(Section):
    """Add-on: a ratio of net notional that grows beyond a threshold, in IM and MM."""

    threshold_notional: Positive
    slope_ratio: NonNegative
    cap_ratio: Ratio


class AntiProcyclicality(Section):
    """Of method ``dynamic``: EMIR RTS 153/2013 article 28(1) on its measure."""

    buffer_ratio: NonNegative = 0.0
    pre_stress_vol_annual: Positive | None = Field(
        default=None, description="the buffer is spent above it; absent: it is never spent"
    )
    stress_weight: Ratio = 0.0
    stressed_vol_annual: Positive | None = Field(
        default=None, description="required where stress_weight > 0"
    )
    long_run_vol_annual: Positive | None = Field(
        default=None, description="never less than the measure at it"
    )


class Promise(Section):
    """What the policy says of itself: losses over a horizon are covered with a confidence."""

    horizon_initial_days: Positive
    confidence_initial: Confidence
    horizon_maintenance_days: Positive
    confidence_maintenance: Confidence
