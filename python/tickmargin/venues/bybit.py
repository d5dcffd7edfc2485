"""Bybit: what buying an option costs."""

from __future__ import annotations

from dataclasses import dataclass

from tickmargin import _core
from tickmargin.venues.arguments import not_negative, positive, ratio

__all__ = ["OptionCost", "option_cost"]


@dataclass(frozen=True, slots=True)
class OptionCost:
    """Premium, fee and their sum."""

    premium: float
    fee: float
    cost: float


def option_cost(
    quantity: float,
    order_price: float,
    index: float,
    *,
    taker_fee_ratio: float = 0.0003,
    fee_cap_ratio: float = 0.125,
) -> OptionCost:
    """Return the cost of a buy: the fee is a ratio of the index, at most a share of the premium.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    return OptionCost(
        *_core.option_cost(
            not_negative("quantity", quantity),
            not_negative("order_price", order_price),
            positive("index", index),
            ratio("taker_fee_ratio", taker_fee_ratio),
            ratio("fee_cap_ratio", fee_cap_ratio),
        )
    )
