"""Whether the kernel target that was asked for can be used."""

from __future__ import annotations

from functools import cache

from tickmargin import _core
from tickmargin.errors import TickMarginError

__all__ = ["require_kernels"]


@cache
def _refusal() -> str | None:
    error: str | None = _core.info()["kernels_error"]
    return error


def require_kernels() -> None:
    """Refuse to compute where TICKMARGIN_KERNELS names a target that cannot run.

    A silent fallback would make the setting a lie: every number would come from a target that
    nobody asked for.

    Raises
    ------
    TickMarginError
        KERNELS_UNAVAILABLE
    """
    refusal = _refusal()
    if refusal is not None:
        raise TickMarginError(refusal, code="KERNELS_UNAVAILABLE")
