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
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.protocols._whole import Exact, answer, ratio, whole

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


def _positive(name: str, value: object) -> _Pair:
    pair = ratio(name, value)
    if pair[0] == 0:
        raise InvalidInputError(f"{name} must be above 0", code="NOT_POSITIVE")
    return pair


def _market(market: Market) -> tuple[_Pair, ...]:
    return (
        ratio("market.mark", market.mark),
        ratio("market.risk_long", market.risk_long),
        ratio("market.risk_short", market.risk_short),
        ratio("market.linear_slippage", market.linear_slippage),
        ratio("market.quadratic_slippage", market.quadratic_slippage),
        _positive("market.position_factor", market.position_factor),
        ratio("market.funding_per_unit", market.funding_per_unit, negative=True),
    )


def _orders(name: str, orders: Sequence[Order]) -> list[_Pair]:
    return [
        (whole(f"{name}[{i}].size", order.size, 0), whole(f"{name}[{i}].price", order.price, 0))
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
    price = ratio("auction.price", auction.price if auction else 0)
    pair = answer(
        "the margin",
        _core.vega_maintenance_margin,
        _market(market),
        whole("position", position),
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
        "the levels",
        _core.vega_margin_levels,
        (exact.numerator, exact.denominator),
        ratio("scaling.search", factors.search),
        ratio("scaling.initial", factors.initial),
        ratio("scaling.release", factors.release),
    )
    return Levels(*levels)


def capped_margin(position: int, entry: Exact, highest: Exact, position_factor: Exact = 1) -> int:
    """Margin of a fully paid position in a capped market, the same for every level."""
    price, cap = ratio("entry", entry), ratio("highest", highest)
    if Fraction(*price) > Fraction(*cap):
        raise InvalidInputError(f"entry {entry} is above highest {highest}", code="OUT_OF_RANGE")
    factor = _positive("position_factor", position_factor)
    rule = _core.vega_capped_margin
    pair = answer("the margin", rule, whole("position", position), price, cap, factor)
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
    if side not in ("buy", "sell"):
        raise InvalidInputError(f"side must be buy or sell, got {side!r}", code="UNKNOWN_WORD")
    return answer(
        "the margin",
        _core.vega_order_side_margin,
        whole("position", position),
        _orders("orders", orders),
        side == "buy",
        ratio("margin_factor", margin_factor),
        _positive("position_factor", position_factor),
        whole("auction_price", auction_price, 0),
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
        "the price",
        _core.vega_liquidation_price,
        _market(market),
        whole("position", position),
        ratio("collateral", collateral, negative=True),
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
    due = [whole(f"amounts[{i}]", amount, 0) for i, amount in enumerate(amounts)]
    last = len(due) - 1
    rest_to = last if network is None else whole("network", network, 0, last)
    pot, sought = whole("collected", collected, 0), whole("expected", expected, 0)
    return answer("the payment", _core.vega_distribute, due, pot, sought, rest_to)


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
    given = {"risk_aversion": risk_aversion, "tau": tau, "mu": mu, "sigma": sigma}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputTypeError(f"{name} must be a number, got {value!r}")
        if not math.isfinite(value):
            raise InvalidInputError(f"{name} must be finite, got {value!r}", code="NOT_FINITE")
        if name in ("tau", "sigma") and value < 0:
            raise InvalidInputError(f"{name} must not be negative: {value}", code="NEGATIVE_VALUE")
    if not 0 < risk_aversion < 1:
        message = f"risk_aversion must be above 0 and below 1, was {risk_aversion!r}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return RiskFactors(*_core.vega_lognormal_risk_factors(risk_aversion, tau, mu, sigma))
