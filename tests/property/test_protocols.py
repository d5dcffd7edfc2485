"""Rules of on-chain protocols against their twins, number for number."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.oracle import protocols as twin

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.protocols import (
    aave_v3,
    compound_v3,
    dydx_v4,
    gmx_v2,
    hyperliquid,
    morpho_blue,
    squeeth,
    synthetix_v3,
)

WAD = 10**18
bps = st.integers(0, 10_000)
shares = st.integers(0, WAD)
values = st.integers(0, 10**22)
units = st.sampled_from([10**6, 10**8, WAD])


def signed(most: int) -> st.SearchStrategy[int]:
    return st.integers(-most, most)


@given(st.lists(st.tuples(values, bps, bps), max_size=4), st.lists(values, max_size=3))
@example([(85070591730234595868, 6628, 10000)], [3373])
def test_aave_account(collaterals, debts):
    rows = [aave_v3.Collateral(*row) for row in collaterals]
    expected = twin.aave_account(collaterals, debts)
    covered = sum(value * threshold for value, _, threshold in collaterals) * WAD
    if any(debts) and covered // sum(debts) >= 2**127 - 1:  # against next to no debt
        with pytest.raises(InvalidInputError, match="128 bits"):
            aave_v3.account_data(rows, debts)
    else:
        assert aave_v3.account_data(rows, debts) == expected


@given(
    st.tuples(st.integers(0, 10**24), st.integers(1, 10**13), units),
    st.tuples(st.integers(0, 10**24), st.integers(1, 10**13), units),
    st.integers(10_000, 12_000),
    bps,
    st.integers(9 * WAD // 10, WAD),
    st.integers(0, 10**18),
    st.integers(0, 10**24),
)
def test_aave_liquidation(debt, collateral, bonus, fee, health, total_debt, cover):
    result = aave_v3.liquidation(
        aave_v3.Leg(*debt),
        aave_v3.Leg(*collateral),
        liquidation_bonus=bonus,
        protocol_fee=fee,
        health_factor=health,
        total_debt=total_debt,
        cover=cover,
    )
    expected = twin.aave_liquidation(debt, collateral, bonus, fee, health, total_debt, cover)
    assert result == expected


@given(
    signed(10**20),
    st.lists(st.tuples(st.integers(0, 10**28), units, st.integers(1, 10**13), shares), max_size=3),
)
def test_compound_liquidity(balance, rows):
    collaterals = [compound_v3.Collateral(b, p, f, scale) for b, scale, p, f in rows]
    expected = twin.compound_liquidity(balance, rows)
    assert compound_v3.liquidity(balance, collaterals) == expected
    assert compound_v3.is_liquidatable(balance, collaterals) is (expected < 0)
    health = compound_v3.health_factor(balance, collaterals)
    assert health == twin.compound_health(balance, rows)
    assert (health < WAD) is (expected < 0)


def test_compound_health_by_hand():
    """10 ETH at 2,000 and 85 % beside 17,000 owed, and a unit more; nothing owed."""
    ether = [compound_v3.Collateral(10 * WAD, 2_000 * 10**8, 85 * WAD // 100)]
    assert compound_v3.health_factor(-17_000 * 10**6, ether) == WAD
    assert compound_v3.health_factor(-17_000 * 10**6 - 1, ether) == WAD - 58_823_530
    assert compound_v3.health_factor(5, ether) == compound_v3.NO_DEBT


@given(st.integers(0, 10**30), st.integers(0, 10**28), st.integers(0, 10**52), shares)
def test_morpho_health(collateral, borrowed, price, lltv):
    row = (collateral, borrowed, price, lltv)
    health = morpho_blue.health_factor(*row)
    assert health == twin.morpho_health(*row)
    assert morpho_blue.is_healthy(*row) is (health >= WAD)


def test_morpho_health_by_hand():
    """10 units at 2,000 of the loan token and 86 %: 17,200 may be owed, a unit more may not."""
    price, lltv = 2_000 * 10**36, 86 * WAD // 100
    assert morpho_blue.max_borrow(10, price, lltv) == 17_200
    assert morpho_blue.health_factor(10, 17_200, price, lltv) == WAD
    assert morpho_blue.health_factor(10, 17_201, price, lltv) == 17_200 * WAD // 17_201
    assert morpho_blue.health_factor(10, 0, price, lltv) == morpho_blue.NO_DEBT


@given(shares)
def test_morpho_factor(lltv):
    assert morpho_blue.liquidation_incentive_factor(lltv) == twin.morpho_factor(lltv)


factors = st.integers(0, 10**30)


@given(
    st.tuples(values, signed(10**22), signed(10**22), values, values),
    st.tuples(factors, factors, values),
)
def test_gmx_verdict(position, limits):
    verdict = gmx_v2.liquidation_verdict(gmx_v2.Position(*position), gmx_v2.Limits(*limits))
    remaining, reason = twin.gmx_verdict(position, limits)
    assert verdict == (remaining, reason != "", reason)


@given(
    st.integers(0, 10**12),
    st.lists(st.integers(1, 10**10), max_size=4, unique=True).map(sorted),
    st.lists(st.integers(1, 100), min_size=5, max_size=5),
)
def test_hyperliquid_margin(notional, edges, leverages):
    tiers = list(zip([0, *edges], leverages, strict=False))
    rows = [hyperliquid.Tier(*tier) for tier in tiers]
    expected = twin.hyperliquid_margin(notional, tiers)
    assert hyperliquid.maintenance_margin(notional, rows) == expected


@given(
    signed(10**26),
    values,
    st.tuples(values, st.integers(0, 10 * WAD), shares, shares, values),
)
def test_synthetix_margins(size, price, market):
    expected = twin.synthetix_margins(size, price, market)
    largest = max(*expected, abs(size) * price // WAD, abs(size) * WAD // max(1, market[0]))
    if largest < 2**127:
        result = synthetix_v3.required_margins(size, price, synthetix_v3.Market(*market))
        assert result == expected


@given(st.integers(0, 10**26), st.integers(0, WAD), st.integers(1, 10**23), values)
def test_squeeth_vault(short, normalisation, price, collateral):
    debt = twin.squeeth_debt(short, normalisation, price)
    result = squeeth.vault(collateral, short, normalisation, price)
    assert result == (debt, 2 * collateral >= 3 * debt, collateral < WAD // 2)


ppm = st.integers(0, 10**6)
prices = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000)


@given(
    signed(10**12),
    st.lists(st.tuples(signed(10**9), prices, ppm, ppm), min_size=1, max_size=3),
    st.data(),
)
def test_dydx_bankruptcy_price(balance, rows, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    delta = data.draw(signed(10**9))
    positions = [dydx_v4.Position(q, p, dydx_v4.Tier(i, m)) for q, p, i, m in rows]
    expected = twin.dydx_bankruptcy(balance, rows, index, delta)
    if expected is None:
        with pytest.raises(InvalidInputError, match="dydx_bankruptcy_price") as caught:
            dydx_v4.bankruptcy_price(balance, positions, index, delta)
        assert caught.value.code == "OUT_OF_RANGE"
    else:
        assert dydx_v4.bankruptcy_price(balance, positions, index, delta) == expected


@pytest.mark.parametrize(
    ("call", "argument", "code"),
    [
        (lambda: aave_v3.percent_div(1, 0), "bps", "NOT_POSITIVE"),
        (lambda: aave_v3.percent_mul(-1, 1), "value", "NEGATIVE_VALUE"),
        (lambda: aave_v3.percent_mul(1 << 127, 1), "value", "OUT_OF_RANGE"),
        (lambda: morpho_blue.liquidation_incentive_factor(2 * WAD), "lltv", "OUT_OF_RANGE"),
        (lambda: morpho_blue.health_factor(1, -1, 1, 0), "borrowed", "NEGATIVE_VALUE"),
        (lambda: morpho_blue.max_borrow(1, 2**256, 0), "price", "OUT_OF_RANGE"),
        (lambda: hyperliquid.maintenance_margin(1, []), "tiers", "INVALID_ARGUMENT"),
        (lambda: dydx_v4.bankruptcy_price(0, [], 0, 1), "index", "OUT_OF_RANGE"),
        (lambda: dydx_v4.initial_margin(dydx_v4.Tier(-1), 0, 1), "tier.initial", "OUT_OF_RANGE"),
    ],
)
def test_an_error_names_its_argument(call, argument, code):
    with pytest.raises(InvalidInputError, match=argument) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.parametrize("value", [1.0, "1", True, None])
def test_only_whole_numbers_are_taken(value):
    with pytest.raises(InputTypeError, match="value"):
        aave_v3.percent_mul(value, 1)
