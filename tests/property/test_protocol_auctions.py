"""Liquity, Maker, Paradex, Perp v2, Panoptic, Squeeth and dYdX against their twins."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.oracle import protocol_margin as margins
from tests.oracle import protocols as basics
from tests.oracle import protocols_auctions as twin

from tickmargin.errors import InvalidInputError
from tickmargin.protocols import (
    dydx_v4,
    liquity_v1,
    maker,
    panoptic,
    paradex,
    perp_v2,
    squeeth,
)

WAD, RAY = 10**18, 10**27
amounts = st.integers(0, 10**24)
fractions = st.fractions(min_value=0, max_value=1000, max_denominator=1000)
ratios = st.integers(WAD // 2, 3 * WAD)


@given(
    amounts,
    st.integers(1, 10**24),
    st.integers(WAD // 10, 10 * WAD),
    ratios,
    amounts,
    ratios,
    ratios,
)
@example(1684397716258645394143, 1, 10**19, WAD // 2, 1, 3 * WAD, 3 * WAD)
def test_liquity(collateral, debt, price, total, pool, minimum, critical):
    expected = twin.liquity(collateral, debt, price, total, pool, minimum, critical)

    def result():
        return liquity_v1.liquidation(
            collateral,
            debt,
            price,
            total_collateral_ratio=total,
            stability_pool=pool,
            minimum_ratio=minimum,
            critical_ratio=critical,
        )

    if expected[0] >= 2**127:  # of next to no debt
        with pytest.raises(InvalidInputError, match="128 bits"):
            result()
    else:
        assert result() == expected


@given(amounts, st.integers(1, 10**6), st.integers(0, 2 * 10**6))
def test_maker_linear(top, tau, elapsed):
    assert maker.linear_price(top, tau, elapsed) == twin.maker_linear(top, tau, elapsed)


@given(amounts, st.integers(1, 1000), st.integers(0, RAY), st.integers(0, 10**5))
def test_maker_stairs(top, step, cut, elapsed):
    price = maker.stairstep_price(top, step, cut, elapsed)
    assert price == twin.maker_stairs(top, step, cut, elapsed)
    steps = elapsed // step
    if steps < 200:  # near the exact power too: half a RAY a product, and every product counts
        exact = top * Fraction(cut, RAY) ** steps
        assert abs(price - exact) <= 1 + top * 2 * steps / Fraction(RAY)
    assert maker.exponential_price(top, cut, steps) == price


@given(
    st.integers(-(10**24), 10**24),
    amounts,
    amounts,
    st.integers(-(10**24), 10**24),
    st.integers(0, 10**21),
)
def test_perp_ratio(value, required, total, position, small):
    expected = twin.perp_ratio(value, required, total, position, small)
    assert perp_v2.max_liquidate_ratio(value, required, total, position, small) == expected


bps = st.integers(0, 10_000)


@given(st.integers(-10_000, 10_000), bps, st.tuples(bps, bps).filter(lambda t: t[0] < t[1]))
def test_panoptic(now, ratio, borders):
    sold = panoptic.sell_collateral_ratio(now, ratio, *borders)
    assert sold == twin.panoptic_sell(now, ratio, *borders)
    bought = panoptic.buy_collateral_ratio(abs(now), ratio, *borders)
    assert bought == twin.panoptic_buy(abs(now), ratio, *borders)


signed = st.fractions(min_value=-1000, max_value=1000, max_denominator=100)
orders = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.fractions(min_value=Fraction(1, 100), max_value=100, max_denominator=100),
        st.sampled_from([Fraction(1), Fraction(2), Fraction(5, 2)]),
    ),
    max_size=6,
)


@given(signed, orders)
def test_paradex_orders_that_stay(position, rows):
    kept = paradex.remaining_orders(position, [paradex.Order(*row) for row in rows])
    assert kept == [rows[i] for i in twin.paradex_kept(position, rows)]


@given(signed, fractions, fractions, fractions, fractions)
def test_paradex_cross_margin(position, buys, sells, share, mark):
    result = paradex.cross_margin(position, buys, sells, share, mark)
    ends = max(position + buys, 0), max(sells - position, 0)
    assert result == (*ends, max(ends) * share * mark)


small = st.fractions(min_value=0, max_value=1, max_denominator=100)


@given(
    signed,
    fractions,
    small,
    st.sampled_from([Fraction(1, 5), Fraction(1, 4), Fraction(3, 10)]),
    st.fractions(min_value=Fraction(1, 10), max_value=1, max_denominator=20),
)
def test_paradex_share(value, required, fee, step, target):
    result = paradex.liquidation_share(value, required, fee, step, target)
    share, left, after = twin.paradex_share(value, required, fee, step, target)
    assert (result.share, result.requirement, result.account_value) == (share, left, after)
    assert result.penalty == share * fee * required


@given(st.lists(st.tuples(signed, signed), max_size=5), fractions, small, small)
def test_paradex_minimum_delta(positions, spot, unhedged, hedged):
    result = paradex.minimum_delta(positions, spot, unhedged, hedged)
    deltas = [delta * quantity for delta, quantity in positions]
    net, gross = abs(sum(deltas)), sum(abs(d) for d in deltas)
    assert result.charge == (unhedged * net + hedged * (gross - net) / 2) * spot


@given(fractions, fractions, fractions.filter(bool), fractions, st.booleans())
def test_paradex_socialised_loss(bankruptcies, fund, balance, withdrawal, add):
    result = paradex.socialised_loss(bankruptcies, fund, balance, withdrawal, add_shortfall=add)
    short = max(bankruptcies - fund, 0)
    factor = min(short / (balance + short * add), 1)
    assert result == (short, factor, withdrawal * (1 - factor), withdrawal * factor)


@given(
    st.floats(0.1, 1e5), st.floats(0.3, 3.0), st.floats(0, 2000), st.floats(0.5, 1), st.floats(1, 2)
)
def test_squeeth_normalisation(index, over, elapsed, lower, upper):
    result = squeeth.normalisation_multiplier(index, index * over, elapsed, 420.0, lower, upper)
    held = min(max(mp.mpf(index) * over, mp.mpf(lower) * index), mp.mpf(upper) * index)
    exact = (mp.mpf(index) / held) ** (mp.mpf(elapsed) / 420)
    assert result == pytest.approx(float(exact), rel=1e-12)


ppm = st.integers(0, 10**6)
prices = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000)
books = st.lists(st.tuples(st.integers(-(10**9), 10**9), prices, ppm, ppm), min_size=1, max_size=3)


@given(st.integers(-(10**12), 10**12), books, ppm, ppm, st.data())
def test_dydx_fillable_price(balance, rows, adjustment, spread, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    positions = [dydx_v4.Position(q, p, dydx_v4.Tier(i, m)) for q, p, i, m in rows]
    expected = twin.dydx_fillable(balance, rows, index, adjustment, spread)
    if expected is None:
        with pytest.raises(InvalidInputError, match="dydx_fillable_price"):
            dydx_v4.fillable_price(balance, positions, index, adjustment, spread)
    else:
        assert dydx_v4.fillable_price(balance, positions, index, adjustment, spread) == expected


@given(st.integers(-(10**12), 10**12), books, st.integers(-(10**12), 10**12), ppm, st.data())
def test_dydx_insurance_delta(balance, rows, fill, fee, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    delta = data.draw(st.integers(-(10**9), 10**9))
    positions = [dydx_v4.Position(q, p, dydx_v4.Tier(i, m)) for q, p, i, m in rows]
    bankrupt = basics.dydx_bankruptcy(balance, rows, index, delta)
    if bankrupt is None:
        return
    result = dydx_v4.insurance_fund_delta(balance, positions, index, delta, fill, fee)
    assert result == min(fill - bankrupt, abs(fill) * fee // 10**6)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9), ppm, ppm, ppm, amounts, st.booleans())
def test_dydx_margins(size, price, initial, part, custom, interest, capped):
    lower, upper = (10**14, 3 * 10**14) if capped else (0, 0)
    tier = dydx_v4.Tier(initial, part, lower, upper)
    interest //= 10**6
    m = {
        "size_decimals": 9,
        "price_decimals": 6,
        "quote_decimals": 6,
        "initial_margin_ppm": initial,
        "maintenance_fraction_ppm": part,
        "custom_ppm": custom,
        "interest": interest,
        "lower_cap": lower,
        "upper_cap": upper,
    }
    position = dydx_v4.Position(size, dydx_v4.price_per_quantum(price, -6, -9), tier)
    got = dydx_v4.margin_requirements(position, interest, custom)
    assert got == margins.dydx(m, size, price)
