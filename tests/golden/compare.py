"""Whether an answer is what a case expects, and how to spoil an expectation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

__all__ = ["disturbed", "faults"]


def faults(expected: Any, actual: Any, tolerance: Any, path: str = "") -> list[str]:
    """List where ``actual`` differs by more than the tolerance; extra keys are not looked at."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{path or 'answer'}: expected named values, got {actual!r}"]
        found = []
        for key, value in expected.items():
            place = f"{path}.{key}" if path else key
            if key in actual:
                found += faults(value, actual[key], tolerance, place)
            else:
                found.append(f"{place}: not answered")
        return found
    if isinstance(expected, list):
        values = list(actual) if hasattr(actual, "__len__") else [actual]
        if len(values) != len(expected):
            return [f"{path or 'answer'}: expected {len(expected)} values, got {len(values)}"]
        pairs = enumerate(zip(expected, values, strict=True))
        return [f for i, (e, a) in pairs for f in faults(e, a, tolerance, f"{path}[{i}]")]
    if _agrees(expected, actual, tolerance):
        return []
    return [f"{path or 'answer'}: expected {expected!r} within {tolerance}, got {actual!r}"]


def _agrees(expected: Any, actual: Any, tolerance: Any) -> bool:
    if expected is None or actual is None:  # a value that does not apply
        return expected is actual
    if isinstance(expected, (bool, str)) and tolerance != "exact-rational":
        return type(actual) is type(expected) and actual == expected
    if tolerance == "exact":
        return bool(actual == expected)
    if tolerance == "exact-integer":
        return type(actual) is int and actual == expected
    if tolerance == "exact-rational":
        return type(actual) in (int, str, Fraction) and Fraction(actual) == Fraction(expected)
    if not isinstance(tolerance, dict):
        raise ValueError(f"unknown tolerance {tolerance!r}")
    value = float(actual)
    if not math.isfinite(value):
        return False
    if set(tolerance) == {"mode", "abs_eps"}:
        if tolerance["mode"] != "trunc_to_integer_towards_zero":
            raise ValueError(f"unknown mode {tolerance['mode']!r}")
        eps = tolerance["abs_eps"]
        return expected in {math.trunc(value - eps), math.trunc(value + eps)}
    return abs(value - expected) <= _band(expected, tolerance)


def _band(expected: float, tolerance: dict[str, float]) -> float:
    if not tolerance or not set(tolerance) <= {"abs", "rel"}:
        raise ValueError(f"unknown tolerance {tolerance!r}")
    return max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(expected))


def disturbed(expected: Any, tolerance: Any) -> Iterator[Any]:
    """Yield copies of an expectation, each with one value moved out of reach."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            for other in disturbed(value, tolerance):
                yield {**expected, key: other}
    elif isinstance(expected, list):
        for place, value in enumerate(expected):
            for other in disturbed(value, tolerance):
                yield [*expected[:place], other, *expected[place + 1 :]]
    else:
        yield _moved(expected, tolerance)


def _moved(value: Any, tolerance: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return str(Fraction(value) + 1) if tolerance == "exact-rational" else f"not {value}"
    if isinstance(tolerance, dict) and "mode" not in tolerance:
        # an answer may be off by one band already
        band = _band(value, tolerance)
        return value + (3 * band if band else 1)
    return value + 2
