"""What every table of a policy file is made of: ranges of numbers and the strict base model."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Positive = Annotated[float, Field(gt=0.0)]
# A price over what it is pegged to, below which a charge starts: at most 1, or an asset at its peg
# would be charged; at least one half, or what is meant is how far below.
PegThreshold = Annotated[
    float,
    Field(ge=0.5, le=1.0, json_schema_extra={"$comment": "price over peg: 0.99 is 1 % below it"}),
]
# A confidence of one half or less is a gain, not a loss: a tail measure of it has no meaning.
Confidence = Annotated[float, Field(gt=0.5, lt=1.0)]


class Section(BaseModel):
    """Base of all tables: unknown keys, casts, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def date_of(value: Any) -> Any:
    """Let JSON and dictionaries, which have no date type, write a date as text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def without_null(node: Any) -> Any:
    """Drop ``null`` branches and defaults, which stand for an absent key."""
    if isinstance(node, list):
        return [without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: without_null(value) for key, value in node.items() if value is not None}
    branches = [b for b in kept.get("anyOf", []) if b != {"type": "null"}]
    if "anyOf" not in kept:
        return kept
    if len(branches) > 1:
        return {**kept, "anyOf": branches}
    return {**{k: v for k, v in kept.items() if k != "anyOf"}, **branches[0]}
