"""The free functions against slow twins, identities and limits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.delta_convention import quoted_delta
from tests.oracle.perpetual import fair_price
from tests.oracle.spot_form import spot_greeks

from tickmargin import pricing

CONVENTIONS = ("spot", "forward", "premium_adjusted_spot", "premium_adjusted_forward")

SPOT_CASES = [
    (is_call, spot, strike, vol, years, rate, q)
    for is_call in (True, False)
    for spot, strike, vol, years, rate, q in [
        (100.0, 100.0, 0.2, 1.0, 0.05, 0.0),
        (100.0, 60.0, 0.4, 0.5, 0.03, 0.08),
        (61_250.0, 90_000.0, 0.75, 0.1, 0.0, 0.0),
        (3_000.0, 2_500.0, 1.4, 2.0 / 365, 0.1, 0.02),
        (1.25, 1.1, 0.08, 3.0, -0.01, 0.02),
        (50.0, 500.0, 2.5, 4.0, 0.2, 0.3),
    ]
]


def scales(spot: float, vol: float, years: float) -> dict[str, float]:
    """The natural size of each Greek, against which absolute errors are judged."""
    root = np.sqrt(years)
    return {
        "price": spot,
        "delta": 1.0,
        "gamma": 1.0 / (spot * vol * root),
        "vega": spot * root,
        "theta": spot * vol / root + spot,
        "rho": spot * years,
        "vanna": 1.0 / vol,
        "volga": spot * root / vol,
        "charm": 1.0 / years + 1.0,
        "dividend_rho": spot * years,
    }


@pytest.mark.parametrize("case", SPOT_CASES)
def test_spot_form_agrees_with_differentiated_price(case):
    is_call, spot, strike, vol, years, rate, q = case
    exact = spot_greeks(*case)
    got = pricing.black_scholes(is_call, spot, strike, vol, years, rate, q)
    size = scales(max(spot, strike), vol, years)
    for name in pricing.SPOT_GREEKS:
        error = abs(float(mp.mpf(float(getattr(got, name))) - exact[name]))
        assert error <= 4e-15 * size[name], name
        # 15 digits less what rounding of the forward costs out of the money
        assert error <= 2e-12 * abs(float(exact[name])), name


def test_spot_form_without_carry_is_the_forward_form():
    strikes = np.linspace(40.0, 250.0, 211)
    on_spot = pricing.black_scholes(True, 100.0, strikes, 0.6, 0.7)
    on_forward = pricing.black76(True, 100.0, strikes, 0.6, 0.7)
    for name in ("price", "delta", "gamma", "vega", "theta", "vanna", "volga", "charm"):
        np.testing.assert_array_equal(getattr(on_spot, name), getattr(on_forward, name))


@pytest.mark.parametrize(("vol", "years"), [(0.5, 0.0), (0.0, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("is_call", [True, False])
def test_without_time_or_volatility_the_spot_form_is_discounted_intrinsic(vol, years, is_call):
    spots = np.array([80.0, 99.0, 101.0, 150.0])
    greeks = pricing.black_scholes(is_call, spots, 100.0, vol, years, 0.1, 0.02)
    asset, cash = spots * np.exp(-0.02 * years), 100.0 * np.exp(-0.1 * years)
    side = 1.0 if is_call else -1.0
    exercised = side * (asset - cash) > 0
    np.testing.assert_allclose(
        greeks.price, np.where(exercised, side * (asset - cash), 0.0), rtol=1e-13
    )
    held = np.where(exercised, side, 0.0)
    np.testing.assert_allclose(greeks.delta, held * np.exp(-0.02 * years), rtol=1e-13)
    np.testing.assert_allclose(greeks.rho, held * years * cash, rtol=1e-13)
    np.testing.assert_allclose(greeks.dividend_rho, -held * years * asset, rtol=1e-13)
    decay = held * (0.02 * asset - 0.1 * cash)
    np.testing.assert_allclose(greeks.theta, decay, rtol=1e-12)
    for name in ("gamma", "vega", "vanna", "volga"):
        assert not getattr(greeks, name).any()


def test_carry_moves_the_forward():
    grown = 100.0 * np.exp(0.25)
    on_spot = pricing.black_scholes(False, 100.0, 120.0, 0.5, 1.0, 0.3, 0.05, greeks="price")
    on_forward = pricing.black76(False, grown, 120.0, 0.5, 1.0, 0.3, greeks="price")
    assert on_spot.price == pytest.approx(float(on_forward.price), rel=1e-14)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("case", SPOT_CASES)
def test_delta_conventions_agree_with_their_meaning(convention, case):
    exact = quoted_delta(convention, *case)
    got = pricing.delta_from_strike(*case, delta_convention=convention)
    assert float(got) == pytest.approx(float(exact), rel=2e-12, abs=1e-300)


@pytest.mark.parametrize("convention", CONVENTIONS)
@settings(deadline=None)  # a machine under load is not a fault
@given(
    is_call=st.booleans(),
    moneyness=st.floats(-3.0, 3.0),
    vol=st.floats(0.02, 2.0),
    years=st.floats(0.005, 3.0),
    q=st.floats(-0.1, 0.2),
)
def test_strike_from_delta_undoes_delta_from_strike(convention, is_call, moneyness, vol, years, q):
    deviation = vol * np.sqrt(years)
    if convention.startswith("premium") and is_call:
        moneyness = 0.5 + abs(moneyness)  # beyond the top, the strike markets mean
    strike = 100.0 * np.exp((0.03 - q) * years + moneyness * deviation + deviation**2 / 2)
    terms = (vol, years, 0.03, q)
    delta = pricing.delta_from_strike(is_call, 100.0, strike, *terms, delta_convention=convention)
    found = pricing.strike_from_delta(is_call, delta, 100.0, *terms, delta_convention=convention)
    again = pricing.delta_from_strike(
        is_call, 100.0, found.strike, *terms, delta_convention=convention
    )
    assert found.status_name == "ok"
    assert float(again) == pytest.approx(float(delta), rel=1e-12)


def test_premium_adjusted_call_takes_the_strike_above_the_top():
    strikes = np.linspace(20.0, 300.0, 2801)
    deltas = pricing.delta_from_strike(
        True, 100.0, strikes, 0.6, 1.0, delta_convention="premium_adjusted_forward"
    )
    top = strikes[np.argmax(deltas)]
    assert strikes[0] < top < strikes[-1]
    wanted = 0.98 * deltas.max()
    found = pricing.strike_from_delta(
        True, wanted, 100.0, 0.6, 1.0, delta_convention="premium_adjusted_forward"
    )
    assert found.strike > top


def test_a_put_far_in_the_money_has_its_strike():
    terms = (100.0, 0.02, 0.001)  # 3 / 0.0006 = 5,000 deviations
    adjusted = {"delta_convention": "premium_adjusted_forward"}
    delta = pricing.delta_from_strike(False, terms[0], 2_000.0, *terms[1:], **adjusted)
    found = pricing.strike_from_delta(False, delta, *terms, **adjusted)
    assert delta == -20.0
    assert float(found.strike) == pytest.approx(2_000.0, rel=1e-12)


def test_strike_from_delta_says_why_there_is_none():
    found = pricing.strike_from_delta(
        [True, True, True, False, True],
        [0.5, -0.5, 1.2, 0.4, np.nan],
        100.0,
        [0.5, 0.5, 0.5, 0.5, 0.5],
        1.0,
    )
    names = ["ok", *["unreachable_delta"] * 3, "invalid_input"]
    assert found.status_name.tolist() == names
    assert np.isfinite(found.strike).tolist() == [True, False, False, False, False]
    assert repr(found) == "StrikeResult(1 of 5 found; shape (5,))"


@pytest.mark.parametrize("payoff", ["linear", "inverse", "quanto"])
@pytest.mark.parametrize("funding_index", ["previous", "current"])
@pytest.mark.parametrize(
    ("premium", "interest", "period"),
    [(0.01, 0.005, 0.25), (0.3, -0.1, 8 / 8760), (0.125, 1e-5, 8 / 8760), (0.2, 0.005, 0.0)],
)
def test_perpetual_agrees_with_summed_payments(payoff, funding_index, premium, interest, period):
    covariance = 0.15 if payoff == "quanto" and period != 0.25 else 0.0
    terms = (10_000.0, premium, interest, period, 0.04, 0.02)
    exact = fair_price(payoff, funding_index, *terms, covariance)
    got = pricing.perpetual_fair_price(
        *terms, payoff=payoff, funding_index=funding_index, settlement_covariance=covariance
    )
    assert float(got) == pytest.approx(float(exact), rel=1e-13)


def test_perpetual_without_a_finite_price_is_nan():
    prices = pricing.perpetual_fair_price(100.0, [0.5, 0.01, 0.01], [0.0, 0.0, 0.02], 0.0, 0.05)
    assert np.isnan(prices).tolist() == [False, True, True]


@pytest.mark.parametrize("normal", [False, True])
@settings(deadline=None)  # a machine under load is not a fault
@given(
    is_call=st.booleans(),
    moneyness=st.floats(-2.0, 2.0),
    vol=st.floats(0.05, 3.0),
    years=st.floats(0.01, 4.0),
    rate=st.floats(-0.05, 0.2),
)
def test_implied_volatility_prices_back(normal, is_call, moneyness, vol, years, rate):
    price, invert = (
        (pricing.bachelier, pricing.bachelier_implied_vol)
        if normal
        else (pricing.black76, pricing.implied_vol)
    )
    forward = 100.0
    deviation = vol * np.sqrt(years)
    strike = (
        forward + 100 * moneyness * deviation if normal else forward * np.exp(moneyness * deviation)
    )
    quoted = price(is_call, forward, strike, 100 * vol if normal else vol, years, rate)
    found = invert(is_call, quoted.price, forward, strike, years, rate)
    again = price(is_call, forward, strike, found.vol_annual, years, rate, greeks="price")
    assert found.status_name == "ok"
    assert float(again.price) == pytest.approx(float(quoted.price), rel=1e-13)


def test_implied_volatility_status_by_row():
    found = pricing.implied_vol(
        True, [10.0, 5.0, 100.0, 10.0, np.nan, -1.0], [100.0] * 5 + [0.0], [90.0] * 6, 1.0
    )
    names = "at_intrinsic below_intrinsic above_maximum at_intrinsic invalid_input invalid_input"
    assert found.status_name.tolist() == names.split()
    assert found.status.dtype == np.uint8
    assert found.vol_annual[0] == 0.0
    assert np.isnan(found.vol_annual[[1, 2, 4, 5]]).all()
    assert found.to_table()["status"].tolist() == names.split()


def test_forwards_from_coin_and_linear_quotes():
    strikes = np.array([80.0, 100.0, 120.0])
    expiries = np.array([2_000, 1_000])
    rows = [(k, t, c) for t in expiries for k in strikes for c in (True, False)]
    strike, expiry, call = (np.array(column) for column in zip(*rows, strict=True))
    forward = np.where(expiry == 1_000, 101.0, 97.0)
    value = pricing.black76(call, forward, strike, 0.5, 0.3, greeks="price").price
    coin = pricing.forwards_from_parity(call, strike, expiry, value / forward, coin_settled=True)
    assert coin["expiry_ns"].tolist() == [1_000, 2_000]
    np.testing.assert_allclose(coin["forward_price"], [101.0, 97.0], rtol=1e-13)
    assert coin["pairs"].tolist() == [3, 3]
    linear = pricing.forwards_from_parity(call, strike, expiry, 0.9 * value, discount=0.9)
    np.testing.assert_allclose(linear["forward_price"], [101.0, 97.0], rtol=1e-13)


def test_a_quote_without_its_other_side_makes_no_forward():
    table = pricing.forwards_from_parity([True, False], [90.0, 95.0], 7, [12.0, 3.0])
    assert table["pairs"].tolist() == [0]
    assert np.isnan(table["forward_price"]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"strike": [90.0, 0.0]}, "strike must be greater than zero, got 0.0 at row 1"),
        ({"discount": [1.0, 0.5]}, "expiry 7 has 2 discounts"),
        ({"is_call": [True, True]}, "rows 0 and 1 quote the same option"),
        ({"expiry_ns": [[7, 7]]}, "one-dimensional"),
    ],
)
def test_refused_parity_quotes(change, words):
    quotes = {
        "is_call": [True, False],
        "strike": [90.0, 90.0],
        "expiry_ns": [7, 7],
        "price": [12.0, 3.0],
    }
    with pytest.raises(ValueError, match=words):
        pricing.forwards_from_parity(**{**quotes, **change})


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_strike_from_delta_ends_whatever_it_is_given(convention):
    extremes = [0.0, 5e-324, 1e-300, 1e-16, 0.3, 1.0, 1e16, 1e300, np.inf, np.nan]
    delta, spot, vol, years = np.meshgrid([-d for d in extremes] + extremes, *[extremes] * 3)
    for is_call in (True, False):
        found = pricing.strike_from_delta(
            is_call, delta, spot, vol, years, delta_convention=convention
        )
        assert ((found.status == 0) == np.isfinite(found.strike)).all()
        assert (found.strike[found.status == 0] > 0).all()
