"""Squeeth: whether a vault is safe, in units of 10^-18, and how debts shrink with funding.

Source: opynfinance/squeeth-monorepo, Controller and VaultLib.
"""

from __future__ import annotations

from typing import NamedTuple

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.protocols.whole import WAD, answer, positive, whole
from tickmargin.venues.arguments import not_negative
from tickmargin.venues.arguments import positive as positive_number

__all__ = ["Vault", "normalisation_multiplier", "vault"]


class Vault(NamedTuple):
    """Debt in coins; safe while twice the collateral covers three times the debt."""

    debt: int
    safe: bool
    dust: bool


def vault(
    collateral: int,
    short_amount: int,
    normalisation: int,
    price: int,
    *,
    index_scale: int = 10_000,
    min_collateral: int = WAD // 2,
) -> Vault:
    """Debt = short amount x normalisation x price / scale, rounded down."""
    return Vault(
        *answer(
            _core.squeeth_vault,
            whole("collateral", collateral),
            whole("short_amount", short_amount),
            whole("normalisation", normalisation),
            positive("price", price),
            positive("index_scale", index_scale),
            whole("min_collateral", min_collateral),
        )
    )


def normalisation_multiplier(
    index: float,
    mark: float,
    elapsed: float,
    period: float = 420.0,
    lower: float = 0.8,
    upper: float = 1.4,
) -> float:
    """(index / mark)^(elapsed / period), the mark held between two multiples of the index.

    A power of a fraction has no exact value, so that this is in float64; times are in hours.
    """
    low, high = positive_number("lower", lower), positive_number("upper", upper)
    if high < low:
        message = f"upper must not be below lower ({low}), was {high}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return _core.squeeth_normalisation_multiplier(
        positive_number("index", index),
        positive_number("mark", mark),
        not_negative("elapsed", elapsed),
        positive_number("period", period),
        low,
        high,
    )
