"""Gate: terms of its option margin page."""

from __future__ import annotations

from tickmargin import _core
from tickmargin.venues.arguments import not_negative, option_type, positive

__all__ = ["option_premium", "out_of_the_money"]


def out_of_the_money(kind: str, underlying: float, strike: float) -> float:
    """Return by how much an option is out of the money, quote units.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    amount: float = _core.out_of_the_money(
        option_type(kind), positive("underlying", underlying), positive("strike", strike)
    )
    return amount


def option_premium(quantity: float, price: float, multiplier: float) -> float:
    """Return what a buyer pays.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    cost: float = _core.coin_option_profit(
        not_negative("quantity", quantity),
        positive("multiplier", multiplier),
        not_negative("price", price),
        0.0,
    )[0]
    return cost
