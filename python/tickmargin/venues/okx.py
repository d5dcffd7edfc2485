"""OKX: margins of option orders, borrowed assets, and the value of collateral in tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.venues.arguments import (
    Tiers,
    falling_tiers,
    not_negative,
    number,
    one_of,
    positive,
    ratio,
)
from tickmargin.venues.options import OptionMargin, option_margin

__all__ = [
    "AccountMargins",
    "CoinOptionProfit",
    "OptionMargin",
    "account_margins",
    "coin_option_profit",
    "discounted_equity",
    "option_margin",
    "option_order_margin",
]

_ORDERS = ("buy_to_open", "sell_to_open", "buy_to_close", "sell_to_close")


@dataclass(frozen=True, slots=True)
class AccountMargins:
    """Margins of a portfolio margin account with borrowed assets, numeraire."""

    borrow_initial: float
    borrow_maintenance: float
    derivatives_maintenance: float
    initial: float
    maintenance: float
    margin_ratio: float


@dataclass(frozen=True, slots=True)
class CoinOptionProfit:
    """Cost and profit of a coin-settled option, coins."""

    cost: float
    profit: float


def option_order_margin(
    order: str,
    quantity: float,
    order_price: float,
    *,
    multiplier: float,
    fee_per_contract: float | None = None,
    fee_ratio: float = 0.0,
    position_margin: float = 0.0,
    least: float = 0.1,
) -> float:
    """Return the margin of an option order, in coins (okx.com/help/ii-option-margin).

    Selling to open asks for the position's margin less the premium, at least ``least``; closing
    orders ask only for what premium and margin on hand do not cover.

    Parameters
    ----------
    order : {"buy_to_open", "sell_to_open", "buy_to_close", "sell_to_close"}
    quantity : float
        Contracts.
    order_price : float
        Coins for a base unit, as is ``least``.
    multiplier : float
        Base units of a contract.
    fee_per_contract : float, optional
        Coins; by default ``fee_ratio`` times the multiplier.
    position_margin : float, default 0
        Of a contract, coins.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    size = positive("multiplier", multiplier)
    fee = ratio("fee_ratio", fee_ratio) * size if fee_per_contract is None else fee_per_contract
    margin: float = _core.option_order_margin(
        one_of("order", order, _ORDERS),
        not_negative("quantity", quantity),
        size,
        not_negative("order_price", order_price),
        not_negative("fee_per_contract", fee),
        not_negative("position_margin", position_margin),
        not_negative("least", least),
    )
    return margin


def account_margins(
    unit_maintenance: Sequence[float],
    *,
    liability: float,
    liability_price: float = 1.0,
    borrow_initial_ratio: float,
    borrow_maintenance_ratio: float,
    adjusted_equity: float,
    initial_factor: float = 1.3,
    taker_fee_ratio: float = 0.001,
) -> AccountMargins:
    """Return an account's margins from those of its risk units and what it has borrowed.

    IMR = factor x sum of units + borrowed x IMR ratio, MMR likewise; the margin ratio is adjusted
    equity over MMR and the fee of buying the debt back, itself with its MMR ratio.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    initial_ratio = ratio("borrow_initial_ratio", borrow_initial_ratio)
    maintenance_ratio = ratio("borrow_maintenance_ratio", borrow_maintenance_ratio)
    if initial_ratio < maintenance_ratio:
        message = f"borrow_initial_ratio {initial_ratio} is below {maintenance_ratio}"
        raise InvalidInputError(message, code="INITIAL_BELOW_MAINTENANCE")
    units = [not_negative(f"unit_maintenance[{i}]", u) for i, u in enumerate(unit_maintenance)]
    amounts = _core.borrow_margins(
        units,
        positive("initial_factor", initial_factor),
        not_negative("liability", liability) * positive("liability_price", liability_price),
        initial_ratio,
        maintenance_ratio,
        ratio("taker_fee_ratio", taker_fee_ratio),
        number("adjusted_equity", adjusted_equity),
    )
    return AccountMargins(*amounts)


def discounted_equity(amount: float, price: float, tiers: Tiers) -> float:
    """Return the value of an asset whose weight falls with its amount, slice by slice.

    Parameters
    ----------
    amount : float
        Of the asset; a debt counts in full.
    price : float
    tiers : sequence of (cap, weight)
        Slices of the amount; the last one has no end.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    rows = falling_tiers("tiers", tiers)
    value: float = _core.discounted_value(number("amount", amount), positive("price", price), rows)
    return value


def coin_option_profit(
    quantity: float, multiplier: float, entry_premium: float, exit_premium: float
) -> CoinOptionProfit:
    """Return cost and profit of a coin-settled option: no inverse future, its premium is coin.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    cost, profit = _core.coin_option_profit(
        number("quantity", quantity),
        positive("multiplier", multiplier),
        not_negative("entry_premium", entry_premium),
        not_negative("exit_premium", exit_premium),
    )
    return CoinOptionProfit(cost, profit)
