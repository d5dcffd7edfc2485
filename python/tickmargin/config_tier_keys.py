"""Keys of a fast policy that stands in for a more exact one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Exact = Annotated[
    str | None, Field(description="policy of the file that this one is a fast stand-in for")
]
SafetyFactor = Annotated[
    float, Field(ge=1.0, description="of the loss, so that it covers the exact policy's")
]
