"""Vega against its twin."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle import vega as twin
from tests.property.books import CI

from tickmargin.protocols import vega

ratios = st.integers(0, 3 * 10**6).map(lambda n: Fraction(n, 10**6))
prices = st.integers(0, 10**8)
positions = st.integers(-(10**6), 10**6)
unit_factors = st.integers(-3, 5).map(lambda decimals: Fraction(10) ** decimals)
order_lists = st.lists(st.builds(vega.Order, st.integers(0, 10**6), prices), max_size=4)
markets = st.builds(
    vega.Market,
    mark=prices,
    risk_long=ratios,
    risk_short=ratios,
    linear_slippage=ratios,
    quadratic_slippage=st.one_of(st.just(Fraction(0)), ratios),
    position_factor=unit_factors,
    funding_per_unit=st.integers(-(10**6), 10**6),
)


def pairs(orders: list[vega.Order]) -> list[tuple[int, int]]:
    return [(order.size, order.price) for order in orders]


@CI
@given(
    markets,
    positions,
    order_lists,
    order_lists,
    st.one_of(st.none(), prices),
    st.tuples(ratios, ratios, ratios),
)
def test_cross_margin(
    market: Any, position: int, buys: Any, sells: Any, auction: int | None, scaling: Any
) -> None:
    running = None if auction is None else vega.Auction(auction)
    price = None if auction is None else Fraction(auction)
    margin = twin.maintenance(vars(market), position, pairs(buys), pairs(sells), price)
    assert vega.maintenance_margin(market, position, buys, sells, running) == margin
    levels = vega.margin_levels(market, position, buys, sells, running, vega.Scaling(*scaling))
    assert list(levels) == twin.levels(margin, *scaling)


@CI
@given(markets, positions, st.integers(-(10**12), 10**12))
def test_liquidation_price(market: Any, position: int, collateral: int) -> None:
    price = vega.liquidation_price(market, position, collateral)
    assert price == twin.liquidation_price(vars(market), position, Fraction(collateral))


@CI
@given(
    st.integers(-60, 60),
    st.lists(st.builds(vega.Order, st.integers(0, 20), st.integers(0, 99)), max_size=5),
    st.sampled_from(["buy", "sell"]),
    ratios,
    unit_factors,
    st.integers(0, 60),
)
def test_isolated_margin_of_orders(
    position: int, orders: Any, side: Any, factor: Fraction, units: Fraction, auction: int
) -> None:
    margin = vega.order_side_margin(position, orders, side, factor, units, auction)
    assert margin == twin.order_side(position, pairs(orders), side, factor, units, auction)


@CI
@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=6),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.data(),
)
def test_payments(amounts: list[int], collected: int, expected: int, data: Any) -> None:
    network = data.draw(st.one_of(st.none(), st.integers(0, len(amounts) - 1)))
    rest_to = len(amounts) - 1 if network is None else network
    paid = vega.distribute(amounts, collected, expected, network)
    assert paid == twin.payments(amounts, collected, expected, rest_to)


@CI
@given(positions, prices, prices, unit_factors)
def test_a_capped_market_is_fully_paid(
    position: int, entry: int, room: int, units: Fraction
) -> None:
    highest = entry + room
    margin = vega.capped_margin(position, entry, highest, units)
    assert margin == twin.capped(position, Fraction(entry), Fraction(highest), units)


@pytest.mark.parametrize("tail", [1e-6, 0.001, 0.05, 0.4])
@pytest.mark.parametrize("tau", [1e-4, 0.1, 1.5])
@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (0.3, 0.5), (-0.2, 1.8)])
def test_risk_factors(tail: float, tau: float, mu: float, sigma: float) -> None:
    factors = vega.lognormal_risk_factors(tail, tau, mu, sigma)
    expected = twin.risk_factors(tail, tau, mu, sigma)
    assert factors == pytest.approx([float(x) for x in expected], rel=1e-9, abs=1e-12)
