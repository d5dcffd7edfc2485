"""Checks of whole numbers and exact fractions, and answers of the core that name what failed."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import ParamSpec, TypeAlias, TypeVar

from tickmargin.errors import InputTypeError, InvalidInputError

__all__ = [
    "NO_DEBT",
    "WAD",
    "Exact",
    "answer",
    "fraction",
    "positive",
    "share",
    "whole",
    "within",
    "word",
]

Exact: TypeAlias = int | Fraction | Decimal
P = ParamSpec("P")
R = TypeVar("R")

WAD = 10**18
NO_DEBT = 2**256 - 1
"""The health factor of an account that owes nothing."""
_LIMIT = 1 << 127


def _plain(name: str, value: object) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputTypeError(f"{name}: got {type(value).__name__}; expected a whole number")
    return operator.index(value)


def _not_negative(name: str, plain: int) -> int:
    if plain < 0:
        raise InvalidInputError(f"{name} must not be negative, was {plain}", code="NEGATIVE_VALUE")
    return plain


def _integer(name: str, value: object) -> int:
    plain = _plain(name, value)
    if not -_LIMIT <= plain < _LIMIT:
        raise InvalidInputError(f"{name} must fit 128 bits, was {plain}", code="OUT_OF_RANGE")
    return plain


def whole(name: str, value: object, *, signed: bool = False) -> int:
    """A whole number of 128 bits, not negative unless ``signed``.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    plain = _integer(name, value)
    return plain if signed else _not_negative(name, plain)


def word(name: str, value: object) -> int:
    """A whole number of 256 bits, as contracts have them; of functions that do not ask the core."""
    plain = _not_negative(name, _plain(name, value))
    if plain >> 256:
        raise InvalidInputError(f"{name} must fit 256 bits, was {plain}", code="OUT_OF_RANGE")
    return plain


def positive(name: str, value: object) -> int:
    """A whole number of 128 bits above 0."""
    plain = _integer(name, value)
    if plain <= 0:
        raise InvalidInputError(f"{name} must be above 0, was {plain}", code="NOT_POSITIVE")
    return plain


def within(name: str, value: object, least: int, most: int) -> int:
    """A whole number between two others, both allowed."""
    plain = _integer(name, value)
    if not least <= plain <= most:
        message = f"{name} must be in {least} .. {most}, was {plain}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return plain


def share(name: str, value: object) -> int:
    """A factor from 0 to 1 in units of 10^-18."""
    return within(name, value, 0, WAD)


def fraction(
    name: str, value: object, *, signed: bool = False, above_zero: bool = False
) -> tuple[int, int]:
    """An exact number as numerator and denominator, not negative unless ``signed``.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidInputError(f"{name} must be finite, was {value}", code="NOT_FINITE")
    if isinstance(value, Fraction | Decimal):
        top, bottom = value.as_integer_ratio()
    elif isinstance(value, float):
        raise InputTypeError(f"{name}: got a float; expected an int, a Fraction or a Decimal")
    else:
        top, bottom = _integer(name, value), 1
    if not -_LIMIT <= top < _LIMIT or bottom >= _LIMIT:
        raise InvalidInputError(f"{name} must fit 128 bits, was {value}", code="OUT_OF_RANGE")
    if above_zero and top <= 0:
        raise InvalidInputError(f"{name} must be above 0, was {value}", code="NOT_POSITIVE")
    if top < 0 and not signed:
        raise InvalidInputError(f"{name} must not be negative, was {value}", code="NEGATIVE_VALUE")
    return top, bottom


def answer(rule: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """What a rule of the core gives.

    Raises
    ------
    InvalidInputError
        If it is undefined for these arguments or leaves 128 bits.
    """
    try:
        return rule(*args, **kwargs)
    except ValueError as error:
        name = getattr(rule, "__name__", "the rule")
        given = ", ".join(str(value) for value in (*args, *kwargs.values()))
        raise InvalidInputError(f"{name}({given}): {error}", code="OUT_OF_RANGE") from None
