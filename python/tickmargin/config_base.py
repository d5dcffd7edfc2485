"""What every table of a policy file is made of: ranges of numbers and the strict base model."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Positive = Annotated[float, Field(gt=0.0)]
# A confidence of one half or less is a gain, not a loss: a tail measure of it has no meaning.
Confidence = Annotated[float, Field(gt=0.5, lt=1.0)]


class Section(BaseModel):
    """Base of all tables: unknown keys, casts, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
