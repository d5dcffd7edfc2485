"""The section `tail` of methods ``var`` and ``es``: scenarios, horizons and measures as data."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tickmargin.config_base import Confidence, NonNegative, Positive, Section

Decay = Annotated[float, Field(gt=0.0, lt=1.0)]
Correlation = Annotated[float, Field(ge=-1.0, le=1.0)]
Rule = Literal[
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "nearest_index",
]


def _date(value: Any) -> Any:
    """Let JSON and dictionaries, which have no date type, write a date as text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


Day = Annotated[date, BeforeValidator(_date)]


class Filter(Section):
    """Variance of a step of the history: omega + alpha r^2 + beta x the one before."""

    decay: Decay | None = Field(
        default=None, description="EWMA: omega 0, alpha 1 - decay, beta decay"
    )
    omega: NonNegative | None = Field(default=None, description="GARCH(1,1), in place of decay")
    alpha: NonNegative | None = None
    beta: NonNegative | None = None


class Stress(Section):
    """A window of the history that counts with a weight of its own, whatever the generator."""

    first_day: Day
    last_day: Day
    weight: Annotated[float, Field(gt=0.0, le=1.0)]
    weight_maintenance: Annotated[float, Field(ge=0.0, le=1.0)] | None = Field(
        default=None, description="in maintenance margin; none: weight in both"
    )


class Jumps(Section):
    """Jumps of all underlyings at once: how many a year, and a normal log size."""

    rate_annual: Positive
    mean: float
    sd: NonNegative


class JointTail(Section):
    """Methods ``var`` and ``es``: joint scenarios and what is measured in them."""

    generator: Literal[
        "historical", "age_weighted", "filtered", "parametric", "delta_gamma", "monte_carlo"
    ]
    horizon_initial_days: Positive
    horizon_maintenance_days: Positive
    confidence_initial: Confidence
    confidence_maintenance: Confidence
    initial_factor: Positive = 1.0
    maintenance_factor: Positive = 1.0
    quantile_initial: Rule = Field(
        default="higher", description="definition of the quantile; of ``var`` without weights"
    )
    quantile_maintenance: Rule = "higher"
    window_days: Positive | None = Field(
        default=None, description="how far back moves begin; required where there is a history"
    )
    window_maintenance_days: Positive | None = Field(
        default=None, description="of maintenance margin; none: window_days of both"
    )
    overlapping: bool | None = Field(
        default=None, description="whether moves share rows; required where there is a history"
    )
    decay: Decay | None = Field(default=None, description="age_weighted: of a move's weight")
    filter: Filter | None = Field(default=None, description="filtered: the volatility's model")
    stress: Stress | None = None
    distribution: Literal["normal", "student_t"] = Field(
        default="normal", description="of parametric and monte_carlo; student_t: joint, one scale"
    )
    degrees_of_freedom: Annotated[float, Field(gt=2.0)] | None = None
    marginals: Literal["model", "empirical"] = Field(
        default="model",
        description="of monte_carlo; empirical: each underlying's own moves in the window, at the "
        "ranks that are drawn",
    )
    vols_annual: dict[str, Positive] = Field(
        default={}, description="of models of moves, by underlying or default"
    )
    correlation: dict[str, Correlation] = Field(
        default={}, description='by pair, such as "BTC/ETH"'
    )
    correlation_default: Correlation | None = None
    draws: Annotated[int, Field(ge=100, le=100_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    jumps: Jumps | None = None
    vol_moves: Literal["held", "beta", "history"] = Field(
        default="held", description="what volatilities do in a scenario"
    )
    vol_beta: dict[str, float] = Field(
        default={}, description="vol shock per unit of the price move, by underlying or default"
    )
    vol_shock: Literal["relative", "absolute"] = "relative"
    vol_reference_days: Positive = 30.0
    vol_power_short: NonNegative = 0.0
    vol_power_long: NonNegative = 0.0
    vol_up_floor_annual: NonNegative = 0.0
    min_days: Positive = 1.0
