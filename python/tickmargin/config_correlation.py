"""Correlations of a policy as a matrix, and what may be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

__all__ = ["correlation_fault", "correlation_matrix"]

# Room for the rounding of an eigenvalue of a matrix with ones on its diagonal.
PSD_TOLERANCE = 1e-9


def correlation_matrix(
    underlyings: list[str], pairs: Mapping[frozenset[str], float], default: float | None
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Symmetric matrix over ``underlyings``; NaN for a pair without a value."""
    size = len(underlyings)
    fill = math.nan if default is None else default
    matrix = np.full((size, size), fill, dtype=np.float64)
    np.fill_diagonal(matrix, 1.0)
    index = {name: i for i, name in enumerate(underlyings)}
    for pair, value in pairs.items():
        rows = [index[name] for name in pair if name in index]
        if len(rows) == 2:
            matrix[rows[0], rows[1]] = matrix[rows[1], rows[0]] = value
    return matrix


def correlation_fault(
    underlyings: list[str], pairs: Mapping[frozenset[str], float], default: float | None
) -> tuple[str, str] | None:
    """Code and message of what is wrong with the correlations of these underlyings, or None."""
    matrix = correlation_matrix(underlyings, pairs, default)
    if np.isnan(matrix).any():
        i, j = np.argwhere(np.isnan(matrix))[0]
        pair = f"{underlyings[i]}/{underlyings[j]}"
        message = f"no correlation for {pair}; expected one, or correlation_default"
        return "CORRELATION_MISSING", message
    lowest = float(np.linalg.eigvalsh(matrix)[0]) if underlyings else 0.0
    if lowest < -PSD_TOLERANCE:
        message = f"smallest eigenvalue {lowest:.6g}; expected 0 or more (positive semi-definite)"
        return "CORRELATION_NOT_PSD", message
    return None
