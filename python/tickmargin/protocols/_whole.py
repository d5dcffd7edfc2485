"""Arguments of rules in whole numbers: never rounded, never beyond 128 bits, named when wrong."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias, TypeVar

from tickmargin.errors import InputTypeError, InvalidInputError

__all__ = ["Exact", "answer", "ratio", "whole"]

Exact: TypeAlias = int | Fraction | Decimal
Result = TypeVar("Result")

_LIMIT = 2**127


def whole(name: str, value: object, low: int = 1 - _LIMIT, high: int = _LIMIT - 1) -> int:
    """Return a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputTypeError(f"{name} must be a whole number, got {value!r}")
    if not low <= value <= high:
        if low == 0 and value < 0:
            raise InvalidInputError(f"{name} must not be negative: {value}", code="NEGATIVE_VALUE")
        message = f"{name} must be in [{low}, {high}], was {value}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return value


def ratio(name: str, value: object, *, negative: bool = False) -> tuple[int, int]:
    """Return an exact number as numerator and denominator; a float is never one."""
    if isinstance(value, bool) or not isinstance(value, (int, Fraction, Decimal)):
        raise InputTypeError(
            f"{name} must be exact (an int, a Fraction or a Decimal), got {value!r}"
        )
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidInputError(f"{name} must be finite, got {value}", code="NOT_FINITE")
    exact = Fraction(value)
    if exact < 0 and not negative:
        raise InvalidInputError(f"{name} must not be negative: {value}", code="NEGATIVE_VALUE")
    if max(abs(exact.numerator), exact.denominator) >= _LIMIT:
        raise InvalidInputError(f"{name} does not fit 128 bits: {value}", code="OUT_OF_RANGE")
    return exact.numerator, exact.denominator


def answer(name: str, function: Callable[..., Result], *arguments: object) -> Result:
    """Call a rule; where it is undefined or an amount does not fit, say which rule."""
    try:
        return function(*arguments)
    except ValueError as error:
        message = f"{name} is undefined for these arguments, or beyond 128 bits"
        raise InvalidInputError(message, code="OUT_OF_RANGE") from error
