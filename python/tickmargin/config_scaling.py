"""How a futures ratio grows with the size of a position: one of five laws."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tickmargin.config_base import NonNegative, Positive, Ratio, Section


class NoScaling(Section):
    """The ratio does not depend on size."""

    kind: Literal["none"]


class StepScaling(Section):
    """rate + step * ceil(max(0, size_base - free_size) / step_size), on the whole position."""

    kind: Literal["step"]
    free_size: NonNegative
    step_size: Positive
    initial_step: Ratio
    maintenance_step: Ratio


class LinearScaling(Section):
    """rate + slope * size_base."""

    kind: Literal["linear"]
    initial_slope: NonNegative
    maintenance_slope: NonNegative


class SqrtScaling(Section):
    """max(rate, factor * sqrt(size_base))."""

    kind: Literal["sqrt"]
    initial_factor: NonNegative
    maintenance_factor: NonNegative


class Power45Scaling(Section):
    """max(rate, factor * notional ** 0.8)."""

    kind: Literal["power45"]
    initial_factor: NonNegative
    maintenance_factor: NonNegative


SizeScaling = Annotated[
    NoScaling | StepScaling | LinearScaling | SqrtScaling | Power45Scaling,
    Field(discriminator="kind"),
]
