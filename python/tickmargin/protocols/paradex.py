"""Paradex: cross margin, order cancellation, partial liquidation, minimum delta, socialised loss.

Everything is exact: whole numbers or fractions in, fractions out.
Source: tradeparadex/paradex-docs, risk system.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tickmargin import _core
from tickmargin.protocols.whole import answer, fraction
from tickmargin.venues.arguments import one_of

__all__ = [
    "CrossMargin",
    "MinimumDelta",
    "Order",
    "PartialLiquidation",
    "SocialisedLoss",
    "cross_margin",
    "liquidation_share",
    "minimum_delta",
    "partial_liquidation",
    "remaining_orders",
    "socialised_loss",
]

Exact = int | Fraction
_SIDES = ("sell", "buy")


class CrossMargin(NamedTuple):
    """Open sizes if all orders of a side fill, and the initial requirement of the larger."""

    buy_open: Fraction
    sell_open: Fraction
    net_requirement: Fraction


class Order(NamedTuple):
    """A resting order: ``buy`` or ``sell``, size and price."""

    side: str
    size: Exact
    price: Exact


class PartialLiquidation(NamedTuple):
    """A share of all positions taken, and what it leaves.

    ``margin_ratio`` is requirement / account value, None when nothing of the value is left.
    """

    share: Fraction
    requirement: Fraction
    penalty: Fraction
    account_value: Fraction
    margin_ratio: Fraction | None


class MinimumDelta(NamedTuple):
    """Net, gross and hedged delta, and what they cost at least."""

    net: Fraction
    gross: Fraction
    hedged: Fraction
    charge: Fraction


class SocialisedLoss(NamedTuple):
    """What bankruptcies exceed the fund by, and how a withdrawal shares it."""

    shortfall: Fraction
    factor: Fraction
    received: Fraction
    to_fund: Fraction


def cross_margin(
    position: Exact, buy_orders: Exact, sell_orders: Exact, fraction_initial: Exact, mark: Exact
) -> CrossMargin:
    """Initial requirement of a position (signed) and its orders, without fees and open losses."""
    row = answer(
        _core.paradex_cross_margin,
        fraction("position", position, signed=True),
        fraction("buy_orders", buy_orders),
        fraction("sell_orders", sell_orders),
        fraction("fraction_initial", fraction_initial),
        fraction("mark", mark),
    )
    return CrossMargin(*(Fraction(*value) for value in row))


def remaining_orders(position: Exact, orders: Sequence[Order]) -> list[Order]:
    """The orders that stay when the account value is below the initial requirement.

    Orders that do not reduce the position go, then the most passive of the others until together
    they are no larger than it; of two at one price the later goes first.
    """
    rows = [
        (
            one_of(f"orders[{i}].side", order.side, _SIDES) == 1,
            fraction(f"orders[{i}].size", order.size, above_zero=True),
            fraction(f"orders[{i}].price", order.price, above_zero=True),
        )
        for i, order in enumerate(orders)
    ]
    held = fraction("position", position, signed=True)
    kept = answer(_core.paradex_orders_kept, held, rows)
    return [order for order, stays in zip(orders, kept, strict=True) if stays]


def _partial(row: Sequence[tuple[int, int]]) -> PartialLiquidation:
    share, requirement, penalty, value = (Fraction(*pair) for pair in row)
    ratio = requirement / value if value > 0 else None
    return PartialLiquidation(share, requirement, penalty, value, ratio)


def partial_liquidation(
    account_value: Exact, requirement: Exact, share: Exact, fee: Exact
) -> PartialLiquidation:
    """Liquidate a share; the penalty is share x fee x maintenance requirement.

    The document states a fee of 70 %, and computes its table with 50 %.
    """
    row = answer(
        _core.paradex_partial_liquidation,
        fraction("account_value", account_value, signed=True),
        fraction("requirement", requirement),
        fraction("share", share),
        fraction("fee", fee),
    )
    return _partial(row)


def liquidation_share(
    account_value: Exact,
    requirement: Exact,
    fee: Exact,
    step: Exact = Fraction(1, 5),
    target: Exact = Fraction(9, 10),
) -> PartialLiquidation:
    """The least multiple of ``step`` that brings the margin ratio below ``target``, or all."""
    row = answer(
        _core.paradex_liquidation_share,
        fraction("account_value", account_value, signed=True),
        fraction("requirement", requirement),
        fraction("step", step, above_zero=True),
        fraction("target", target, above_zero=True),
        fraction("fee", fee),
    )
    return _partial(row)


def minimum_delta(
    positions: Sequence[tuple[Exact, Exact]],
    spot: Exact,
    unhedged: Exact = Fraction(2, 100),
    hedged: Exact = Fraction(1, 100),
) -> MinimumDelta:
    """The least charge of portfolio margin, from (delta, signed quantity) of each position."""
    rows = [
        (
            fraction(f"positions[{i}] delta", delta, signed=True),
            fraction(f"positions[{i}] quantity", quantity, signed=True),
        )
        for i, (delta, quantity) in enumerate(positions)
    ]
    row = answer(
        _core.paradex_minimum_delta,
        rows,
        fraction("spot", spot),
        fraction("unhedged", unhedged),
        fraction("hedged", hedged),
    )
    return MinimumDelta(*(Fraction(*value) for value in row))


def socialised_loss(
    bankruptcies: Exact,
    insurance_fund: Exact,
    exchange_balance: Exact,
    withdrawal: Exact,
    *,
    add_shortfall: bool = False,
) -> SocialisedLoss:
    """What a withdrawal receives and leaves to the fund.

    The document's example divides the shortfall by the exchange's balance; its formula by balance
    and shortfall together, which is ``add_shortfall``.
    """
    row = answer(
        _core.paradex_socialised_loss,
        fraction("bankruptcies", bankruptcies),
        fraction("insurance_fund", insurance_fund),
        fraction("exchange_balance", exchange_balance, above_zero=True),
        fraction("withdrawal", withdrawal),
        bool(add_shortfall),
    )
    return SocialisedLoss(*(Fraction(*value) for value in row))
