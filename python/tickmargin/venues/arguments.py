"""Checks of scalar arguments, with one code each: of venues, protocols and risk measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import SupportsFloat

from tickmargin.errors import InputTypeError, InvalidInputError

Tiers = Sequence[tuple[float, float]]
MONEY = "NEGATIVE_VALUE"


def number(name: str, value: object) -> float:
    """A finite float64.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    if isinstance(value, bool | str) or not isinstance(value, SupportsFloat):
        raise InputTypeError(f"{name}: got {type(value).__name__}; expected a number")
    plain = float(value)
    if not math.isfinite(plain):
        raise InvalidInputError(f"{name} must be finite, was {plain}", code="NOT_FINITE")
    return plain


def not_negative(name: str, value: object) -> float:
    """A finite float64 of at least 0."""
    plain = number(name, value)
    if plain < 0:
        raise InvalidInputError(f"{name} must not be negative, was {plain}", code="NEGATIVE_VALUE")
    return plain


def positive(name: str, value: object) -> float:
    """A finite float64 above 0."""
    plain = number(name, value)
    if plain <= 0:
        raise InvalidInputError(f"{name} must be above 0, was {plain}", code="NOT_POSITIVE")
    return plain


def ratio(name: str, value: object) -> float:
    """A finite float64 in [0, 1]."""
    plain = not_negative(name, value)
    if plain > 1:
        raise InvalidInputError(f"{name} must be at most 1, was {plain}", code="INVALID_ARGUMENT")
    return plain


def between(name: str, value: object, low: float, high: float, *, closed: bool = False) -> float:
    """A finite float64 between two numbers, which it may be only where ``closed``."""
    plain = number(name, value)
    if not (low <= plain <= high if closed else low < plain < high):
        bounds = f"in [{low:g}, {high:g}]" if closed else f"above {low:g} and below {high:g}"
        raise InvalidInputError(f"{name} must be {bounds}, was {plain!r}", code="OUT_OF_RANGE")
    return plain


def whole(name: str, value: object, *, most: int) -> int:
    """An int from 0 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputTypeError(f"{name}: got {type(value).__name__}; expected int")
    if not 0 <= value <= most:
        message = f"{name} must be in 0 .. {most}, was {value}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return value


def one_of(name: str, value: object, words: Sequence[str]) -> int:
    """The place of a word in a list of words."""
    if value not in words:
        message = f"{name}: got {value!r}; expected one of {', '.join(words)}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return words.index(str(value))


def option_type(value: object) -> bool:
    """Whether an option is a call.

    Raises
    ------
    InvalidInputError
    """
    return one_of("option_type", value, ("call", "put")) == 0


def falling_tiers(name: str, tiers: Tiers) -> list[tuple[float, float]]:
    """Slices (cap, weight): caps rise, weights lie in [0, 1] and never rise.

    Raises
    ------
    InvalidInputError
    """
    rows: list[tuple[float, float]] = []
    for i, (cap, weight) in enumerate(tiers):
        plain_cap = math.inf if cap == math.inf else positive(f"{name}[{i}] cap", cap)
        row = (plain_cap, ratio(f"{name}[{i}] weight", weight))
        if rows and row[0] <= rows[-1][0]:
            message = f"{name}[{i}]: cap {row[0]} must be above {rows[-1][0]}, the one before"
            raise InvalidInputError(message, code="TIERS_NOT_INCREASING")
        if rows and row[1] > rows[-1][1]:
            message = f"{name}[{i}]: weight {row[1]} must not be above {rows[-1][1]}"
            raise InvalidInputError(message, code="TIERS_NOT_INCREASING")
        rows.append(row)
    if not rows:
        message = f"{name}: got no tier; expected at least one"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return rows
