"""A factor on the loss lines, written from `cpp/src/margin/README.md`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.margin_methods import Line

LOSSES = ("futures", "options", "scan")


def with_safety(lines: Sequence[Line], factor: float) -> list[Line]:
    """Credit across underlyings times the factor, and a line for what it adds to the losses."""
    if factor == 1.0:
        return list(lines)
    out = []
    for line in lines:
        if line.component == "netting":
            line = Line(None, "netting", factor * line.initial, factor * line.maintenance)
        out.append(line)
        if line.component in LOSSES:
            more = factor - 1.0
            out.append(
                Line(line.underlying, "safety", more * line.initial, more * line.maintenance)
            )
    return out
