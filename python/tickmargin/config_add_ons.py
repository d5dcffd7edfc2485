"""Sections that any method may have beside its own, and what a policy says of itself."""

from __future__ import annotations

from typing import Any

from pydantic import Field, create_model

from tickmargin import _core
from tickmargin.config_base import (
    Confidence,
    NonNegative,
    PegThreshold,
    Positive,
    Ratio,
    Section,
)

_RANGES: dict[str, Any] = {
    "ratio": Ratio,
    "non_negative": NonNegative,
    "positive": Positive,
    "peg": PegThreshold,
}


def _model(section: str, described: Any) -> type[Section]:
    """The model of one add-on's section, from what the core says of its keys."""
    fields: dict[str, Any] = {}
    for name, kind, required, fallback, says in described["keys"]:
        number = _RANGES[kind]
        if required:
            fields[name] = (number, Field(description=says))
        elif fallback != fallback:
            fields[name] = (number | None, Field(default=None, description=says))
        else:
            fields[name] = (number, Field(default=fallback, description=says))
    title = "".join(part.capitalize() for part in section.split("_"))
    return create_model(title, __base__=Section, __doc__=described["says"], **fields)


# Every line an add-on has, in the core's order; two of them may read the same section.
ADD_ON_LINES: tuple[dict[str, Any], ...] = tuple(_core.add_ons())
ADD_ONS: dict[str, type[Section]] = {
    line["section"]: _model(line["section"], line) for line in ADD_ON_LINES
}
# Charged on the pocket as a whole: nothing of them differs by underlying.
OF_THE_POCKET = frozenset(line["section"] for line in ADD_ON_LINES if line["whole_pocket"])
SEEN_BY: dict[str, frozenset[str]] = {
    line["section"]: frozenset(line["seen_by"]) for line in ADD_ON_LINES
}


class AntiProcyclicality(Section):
    """EMIR RTS 153/2013 article 28(1): on the measure of ``dynamic``, on the lines of others."""

    buffer_ratio: NonNegative = 0.0
    pre_stress_vol_annual: Positive | None = Field(
        default=None, description="the buffer is spent above it; absent: it is never spent"
    )
    stress_weight: Ratio = 0.0
    stressed_vol_annual: Positive | None = Field(
        default=None, description="of dynamic: required where stress_weight > 0"
    )
    long_run_vol_annual: Positive | None = Field(
        default=None, description="of dynamic: never less than the measure at it"
    )
    stressed_ratio: Ratio | None = Field(
        default=None, description="of the others, of gross delta: required where stress_weight > 0"
    )
    long_run_ratio: Ratio | None = Field(
        default=None, description="of the others: never less than this share of the gross delta"
    )
    max_mm_increase_per_day_ratio: Positive | None = Field(
        default=None, description="of the others: how fast what this adds to MM may rise"
    )


class Promise(Section):
    """What the policy says of itself: losses over a horizon are covered with a confidence."""

    horizon_initial_days: Positive
    confidence_initial: Confidence
    horizon_maintenance_days: Positive
    confidence_maintenance: Confidence
