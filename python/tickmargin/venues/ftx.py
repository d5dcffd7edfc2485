"""FTX: the margin fraction at which its backstop took over."""

from __future__ import annotations

from tickmargin import _core
from tickmargin.venues.arguments import ratio

__all__ = ["auto_close_fraction"]


def auto_close_fraction(maintenance_fraction: float) -> float:
    """Return max(MMF / 2, MMF - 6 %).

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    result: float = _core.auto_close_fraction(ratio("maintenance_fraction", maintenance_fraction))
    return result
