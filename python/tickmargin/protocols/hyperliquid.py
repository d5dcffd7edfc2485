"""Hyperliquid: tiered maintenance margin and what portfolio margin lends, in exact fractions.

Source: hyperliquid.gitbook.io, margin tiers and portfolio margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.protocols.whole import answer, fraction, positive

__all__ = ["Tier", "borrowable", "maintenance_margin"]


class Tier(NamedTuple):
    """From which notional a tier holds, and its greatest leverage."""

    lower: int | Fraction
    max_leverage: int


def maintenance_margin(notional: int | Fraction, tiers: Sequence[Tier]) -> Fraction:
    """Half the initial margin at each tier's greatest leverage, continuous between tiers.

    The first tier starts at 0 and the others rise.
    """
    rows: list[tuple[tuple[int, int], int]] = []
    before = Fraction(-1)
    for i, (lower, leverage) in enumerate(tiers):
        name = f"tiers[{i}]"
        edge = fraction(f"{name}.lower", lower)
        rows.append((edge, positive(f"{name}.max_leverage", leverage)))
        if Fraction(*edge) <= before or (i == 0 and edge[0] != 0):
            rule = "be above the one before" if i else "be 0"
            message = f"{name}.lower must {rule}, was {lower}"
            raise InvalidInputError(message, code="TIERS_NOT_INCREASING")
        before = Fraction(*edge)
    if not rows:
        message = "tiers: got none; expected at least one"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    held = fraction("notional", notional)
    return Fraction(*answer(_core.hyperliquid_maintenance_margin, held, rows))


def borrowable(
    balance: int | Fraction, price: int | Fraction, loan_to_value: int | Fraction = Fraction(1, 2)
) -> Fraction:
    """What a balance of collateral lends: balance x price x loan-to-value."""
    return Fraction(
        *answer(
            _core.hyperliquid_borrowable,
            fraction("balance", balance),
            fraction("price", price),
            fraction("loan_to_value", loan_to_value),
        )
    )
