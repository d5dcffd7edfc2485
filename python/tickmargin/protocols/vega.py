"""Vega: margins of its cross and isolated modes, exactly.

Sizes and prices are whole numbers in the market's decimals, factors exact (an int, a Fraction or a
Decimal, never a float), a position its size over ``position_factor``, 10 to its decimals. Margins
round up, scaled levels, orders' margins and shares down. Beyond 128 bits, InvalidInputError.
Source: vegaprotocol/vega at a50750cc (0.79), core/risk and core/collateral. Risk factors are floats
there and here. Left out: liquidation prices over resting orders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import choice
from tickmargin.protocols.whole import Exact, answer, fraction, whole, within
from tickmargin.venues.arguments import between, not_negative, number

__all__ = [
    "Auction",
    "Levels",
    "Market",
    "Order",
    "RiskFactors",
    "Scaling",
    "capped_margin",
    "distribute",
    "liquidation_price",
    "lognormal_risk_factors",
    "maintenance_margin",
    "margin_levels",
    "order_margin",
    "order_side_margin",
]


@dataclass(frozen=True)
class Market:
    """What margin depends on besides the position; ``funding_per_unit`` is owed by a long."""

    mark: Exact
    risk_long: Exact
    risk_short: Exact
    linear_slippage: Exact = 0
    quadratic_slippage: Exact = 0
    position_factor: Exact = 1
    funding_per_unit: Exact = 0


@dataclass(frozen=True)
class Order:
    """A resting order; its price counts in an auction and in isolated mode."""

    size: int
    price: int = 0


@dataclass(frozen=True)
class Auction:
    """An auction that runs, and its price so far (0: none), whole or a fraction."""

    price: Exact = 0


@dataclass(frozen=True)
class Scaling:
    """Levels as multiples of maintenance, of which five decimals count."""

    search: Exact = Fraction(11, 10)
    initial: Exact = Fraction(12, 10)
    release: Exact = Fraction(14, 10)


class Levels(NamedTuple):
    """Below maintenance: closed out; below search: topped up to initial; above release: paid."""

    maintenance: int
    search: int
    initial: int
    release: int


class RiskFactors(NamedTuple):
    """Margin per notional of a long and of a short."""

    long: float
    short: float


_Pair = tuple[int, int]


def _market(market: Market) -> tuple[_Pair, ...]:
    return (
        fraction("market.mark", market.mark),
        fraction("market.risk_long", market.risk_long),
        fraction("market.risk_short", market.risk_short),
        fraction("market.linear_slippage", market.linear_slippage),
        fraction("market.quadratic_slippage", market.quadratic_slippage),
        fraction("market.position_factor", market.position_factor, above_zero=True),
        fraction("market.funding_per_unit", market.funding_per_unit, signed=True),
    )


def _orders(name: str, orders: Sequence[Order]) -> list[_Pair]:
    return [
        (whole(f"{name}[{i}].size", order.size), whole(f"{name}[{i}].price", order.price))
        for i, order in enumerate(orders)
    ]


def maintenance_margin(
    market: Market,
    position: int,
    buys: Sequence[Order] = (),
    sells: Sequence[Order] = (),
    auction: Auction | None = None,
) -> Fraction:
    """Maintenance margin in cross mode before it is rounded up."""
    price = fraction("auction.price", auction.price if auction else 0)
    pair = answer(
        _core.vega_maintenance_margin,
        _market(market),
        whole("position", position, signed=True),
        _orders("buys", buys),
        _orders("sells", sells),
        auction is not None,
        price,
    )
    return Fraction(*pair)


def margin_levels(
    market: Market,
    position: int,
    buys: Sequence[Order] = (),
    sells: Sequence[Order] = (),
    auction: Auction | None = None,
    scaling: Scaling | None = None,
) -> Levels:
    """Margin levels in cross mode.

    Parameters
    ----------
    market : Market
    position : int
        Signed size.
    buys, sells : sequences of Order
    auction : Auction, optional
        Given while an auction runs: orders then count at their own prices, or at its.
    scaling : Scaling, optional
    """
    exact = maintenance_margin(market, position, buys, sells, auction)
    factors = scaling or Scaling()
    levels = answer(
        _core.vega_margin_levels,
        (exact.numerator, exact.denominator),
        fraction("scaling.search", factors.search),
        fraction("scaling.initial", factors.initial),
        fraction("scaling.release", factors.release),
    )
    return Levels(*levels)


def capped_margin(position: int, entry: Exact, highest: Exact, position_factor: Exact = 1) -> int:
    """Margin of a fully paid position in a capped market, the same for every level."""
    price, cap = fraction("entry", entry), fraction("highest", highest)
    if Fraction(*price) > Fraction(*cap):
        raise InvalidInputError(f"entry {entry} is above highest {highest}", code="OUT_OF_RANGE")
    factor = fraction("position_factor", position_factor, above_zero=True)
    rule = _core.vega_capped_margin
    pair = answer(rule, whole("position", position, signed=True), price, cap, factor)
    return math.ceil(Fraction(*pair))


def order_side_margin(
    position: int,
    orders: Sequence[Order],
    side: Literal["buy", "sell"],
    margin_factor: Exact,
    position_factor: Exact = 1,
    auction_price: int = 0,
) -> int:
    """Isolated margin of one side's orders; those that only close the position are free."""
    buys = choice("side", side, ("buy", "sell")) == 0
    return answer(
        _core.vega_order_side_margin,
        whole("position", position, signed=True),
        _orders("orders", orders),
        buys,
        fraction("margin_factor", margin_factor),
        fraction("position_factor", position_factor, above_zero=True),
        whole("auction_price", auction_price),
    )


def order_margin(
    position: int,
    buys: Sequence[Order],
    sells: Sequence[Order],
    margin_factor: Exact,
    position_factor: Exact = 1,
    auction_price: int = 0,
) -> int:
    """Isolated margin of all orders: the greater of both sides."""
    terms = margin_factor, position_factor, auction_price
    return max(
        order_side_margin(position, buys, "buy", *terms),
        order_side_margin(position, sells, "sell", *terms),
    )


def liquidation_price(market: Market, position: int, collateral: Exact) -> Fraction | None:
    """Price at which collateral and profit equal maintenance, without orders; None if none does.

    Where slippage grows with the square of the position it may lie on the side of the mark on
    which the position gains: the rule as Vega states it.
    """
    pair = answer(
        _core.vega_liquidation_price,
        _market(market),
        whole("position", position, signed=True),
        fraction("collateral", collateral, signed=True),
    )
    return None if pair is None else Fraction(*pair)


def distribute(
    amounts: Sequence[int], collected: int, expected: int, network: int | None = None
) -> list[int]:
    """What winners are paid of what losers could pay.

    Parameters
    ----------
    amounts : sequence of int
        What each is due.
    collected, expected : int
        What was collected, of what should have been.
    network : int, optional
        Place of the network's own party, which gets what rounding leaves; else the last does.
    """
    if not amounts:
        raise InvalidInputError("amounts must hold a value", code="MISSING_VALUE")
    due = [whole(f"amounts[{i}]", amount) for i, amount in enumerate(amounts)]
    last = len(due) - 1
    rest_to = last if network is None else within("network", network, 0, last)
    pot, sought = whole("collected", collected), whole("expected", expected)
    return answer(_core.vega_distribute, due, pot, sought, rest_to)


def lognormal_risk_factors(
    risk_aversion: float, tau: float, mu: float, sigma: float
) -> RiskFactors:
    """Risk factors: the expected shortfall of a lognormal price.

    Parameters
    ----------
    risk_aversion : float
        Tail probability, in (0, 1).
    tau : float
        Horizon in years.
    mu, sigma : float
        Drift and volatility per year.
    """
    tail = between("risk_aversion", risk_aversion, 0.0, 1.0)
    horizon, drift = not_negative("tau", tau), number("mu", mu)
    deviation = not_negative("sigma", sigma)
    return RiskFactors(*_core.vega_lognormal_risk_factors(tail, horizon, drift, deviation))
