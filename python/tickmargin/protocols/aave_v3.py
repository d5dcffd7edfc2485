"""Aave v3.7: account data and one liquidation, as its contracts compute them.

Values are in the base currency's units (10^-8 dollars), ratios in basis points, health factors in
10^-18. Collateral is valued down and debt up; a liquidator gets less and pays more on rounding.
Source: aave-dao/aave-v3-origin, GenericLogic, LiquidationLogic and PercentageMath.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tickmargin import _core
from tickmargin.protocols.whole import NO_DEBT, answer, positive, whole, within

__all__ = [
    "NO_DEBT",
    "AccountData",
    "Collateral",
    "Leg",
    "Liquidation",
    "account_data",
    "liquidation",
    "percent_div",
    "percent_mul",
]

_BPS = 10_000


@dataclass(frozen=True, slots=True)
class Collateral:
    """Collateral of an account: its value, loan-to-value and liquidation threshold."""

    value: int
    ltv: int
    liquidation_threshold: int


class AccountData(NamedTuple):
    """What an account has, owes and may still borrow."""

    total_collateral: int
    total_debt: int
    average_ltv: int
    average_liquidation_threshold: int
    health_factor: int
    available_borrows: int


@dataclass(frozen=True, slots=True)
class Leg:
    """The borrower's amount of a token, its price, and its units in one whole token."""

    amount: int
    price: int
    unit: int


class Liquidation(NamedTuple):
    """Who pays and gets what; the protocol refuses one that ``leaves_dust``."""

    debt_repaid: int
    collateral_to_liquidator: int
    protocol_fee: int
    leaves_dust: bool
    max_liquidatable_debt: int


def _leg(name: str, leg: Leg) -> tuple[int, int, int]:
    return (
        whole(f"{name}.amount", leg.amount),
        positive(f"{name}.price", leg.price),
        positive(f"{name}.unit", leg.unit),
    )


def percent_mul(value: int, bps: int) -> int:
    """Value x basis points, half up."""
    return answer(_core.aave_percent_mul, whole("value", value), whole("bps", bps))


def percent_div(value: int, bps: int) -> int:
    """Value / basis points, half up."""
    return answer(_core.aave_percent_div, whole("value", value), positive("bps", bps))


def account_data(collaterals: Sequence[Collateral], debts: Sequence[int]) -> AccountData:
    """Totals, averages weighted by value, health factor and what may still be borrowed."""
    rows = [
        (
            whole(f"collaterals[{i}].value", c.value),
            within(f"collaterals[{i}].ltv", c.ltv, 0, _BPS),
            within(f"collaterals[{i}].liquidation_threshold", c.liquidation_threshold, 0, _BPS),
        )
        for i, c in enumerate(collaterals)
    ]
    owed = [whole(f"debts[{i}]", debt) for i, debt in enumerate(debts)]
    data = AccountData(*answer(_core.aave_account_data, rows, owed))
    return data if data.total_debt else data._replace(health_factor=NO_DEBT)


def liquidation(
    debt: Leg,
    collateral: Leg,
    *,
    liquidation_bonus: int,
    protocol_fee: int,
    health_factor: int,
    total_debt: int,
    cover: int | None = None,
) -> Liquidation:
    """What a liquidator pays and gets who offers to repay ``cover``, by default all.

    Parameters
    ----------
    debt, collateral : Leg
        The token repaid and the token seized.
    liquidation_bonus : int
        Basis points of what is repaid, such as 10,500.
    protocol_fee : int
        Basis points of the bonus.
    health_factor, total_debt : int
        Of the account. Above 0.95 only half of the total debt is open to liquidation, unless one of
        the legs is worth less than 2,000 dollars.
    cover : int, optional
        Units of the debt's token.
    """
    legs = _leg("debt", debt), _leg("collateral", collateral)
    market = (
        within("liquidation_bonus", liquidation_bonus, _BPS, 10 * _BPS),
        within("protocol_fee", protocol_fee, 0, _BPS),
    )
    offered = legs[0][0] if cover is None else whole("cover", cover)
    factor, owed = whole("health_factor", health_factor), whole("total_debt", total_debt)
    return Liquidation(*answer(_core.aave_liquidation, *legs, market, factor, owed, offered))
