"""Everlasting options and power perpetuals: against averages of European options, and as rows."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from tests.oracle.everlasting import everlasting, exact_price
from tests.python.live_books import (
    BTC,
    DAY,
    POLICIES,
    SECOND,
    T0,
    hear,
    market,
    portfolio,
    same_as_recompute,
)

import tickmargin as tm

TERMS = [
    (vol, period, rate)
    for vol, period, rate in [
        (1.0, 7 / 365, 0.0),
        (0.8, 5 / 365, 0.05),
        (0.6, 0.5, -0.3),
        (0.3, 1.0, 0.045),  # r = vol^2 / 2, where the published form is singular
        (0.1, 0.2, 0.4),
    ]
]
INDICES = (30_000.0, 49_990.0, 50_000.0, 51_000.0, 80_000.0)
STRIKE = 50_000.0


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("is_call", [True, False])
def test_price_is_the_mean_over_an_exponential_expiry(is_call, index, terms):
    exact = exact_price(is_call, index, STRIKE, *terms)
    price = float(tm.everlasting_option(is_call, index, STRIKE, *terms).price)
    assert abs(mp.mpf(price) - exact) <= 1e-13 * abs(exact) + 1e-16 * index


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("is_call", [True, False])
def test_greeks_are_means_as_well(is_call, index, terms):
    got = tm.everlasting_option(is_call, index, STRIKE, *terms)
    mean = everlasting(is_call, index, STRIKE, *terms)
    assert got.delta == pytest.approx(mean.delta, rel=1e-9, abs=1e-11)
    assert got.gamma == pytest.approx(mean.gamma, rel=1e-7, abs=1e-14)
    assert got.vega == pytest.approx(mean.vega, rel=1e-9, abs=1e-9 * index)
    assert got.funding == pytest.approx(-mean.decay, rel=1e-8, abs=1e-9 * index)


def test_many_small_fundings_are_one_continuous_funding():
    continuous = tm.everlasting_option(True, 60_000.0, 60_000.0, 0.8, 1 / 365).price
    errors = [
        abs(
            tm.everlasting_option(
                True, 60_000.0, 60_000.0, 0.8, 1 / 365, fundings_per_period=count
            ).price
            - continuous
        )
        for count in (1, 10, 100)
    ]
    assert errors[0] > 5 * errors[1] > 25 * errors[2] > 0


def test_without_volatility_only_growth_is_left():
    assert tm.everlasting_option(True, 90.0, 100.0, 0.0, 1.0).price == 0.0
    assert tm.everlasting_option(False, 90.0, 100.0, 0.0, 1.0).price == pytest.approx(10.0)
    for rate in (0.2, -0.2):
        for index in (90.0, 110.0):
            for is_call in (True, False):
                still = tm.everlasting_option(is_call, index, 100.0, 0.0, 1.0, rate)
                almost = tm.everlasting_option(is_call, index, 100.0, 2e-3, 1.0, rate)
                assert still.price == pytest.approx(almost.price, rel=1e-3, abs=1e-3)
                assert still.delta == pytest.approx(almost.delta, rel=1e-2, abs=1e-2)


def test_a_power_perpetual_is_a_mean_of_forwards():
    vol, period, rate = 0.6, 0.05, 0.04
    growth = rate + vol**2  # of the squared index, discounted
    mean = mp.quad(
        lambda t: mp.exp(-t / period) / period * 3_000.0**2 * mp.exp(growth * t), [0, 2, 6]
    )
    got = tm.power_perpetual_mark(3_000.0, 2.0, vol, period, rate)
    assert got == pytest.approx(float(mean), rel=1e-12)
    assert np.isnan(tm.power_perpetual_mark(3_000.0, 2.0, 5.0, period, rate))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("index", 0.0), ("strike", -1.0), ("vol_annual", -0.1), ("funding_period_years", 0.0)],
)
def test_an_illegal_row_is_named(argument, value):
    terms = {
        "index": np.full(3, 100.0),
        "strike": np.full(3, 100.0),
        "vol_annual": np.full(3, 0.5),
        "funding_period_years": np.full(3, 0.02),
    }
    terms[argument][1] = value
    with pytest.raises(tm.InvalidInputError, match=rf"{argument}.*1"):
        tm.everlasting_option(True, **terms)


def test_a_rate_at_which_the_mean_has_no_end_is_refused():
    with pytest.raises(tm.InvalidInputError, match="rate"):
        tm.everlasting_option(True, 100.0, 100.0, 0.5, 0.5, -2.0)


def test_nan_stays_in_its_row():
    prices = tm.everlasting_option(True, [100.0, np.nan], 100.0, 0.5, 0.02).price
    assert np.isfinite(prices[0])
    assert np.isnan(prices[1])


CALL = {
    "instrument": "BTC-EVER-66000-C",
    "kind": "option",
    "underlying": "BTC",
    "settlement_asset": "USDC",
    "settlement_chain": "ethereum",
    "payoff": "linear",
    "multiplier": 1.0,
    "strike": 66_000.0,
    "option_type": "call",
    "funding_period_days": 5.0,
    "funding_rate_annual": 0.08,
}


def with_rows(table, *rows):
    """A table with rows added, as columns; what a row does not say is null."""
    every = [*table.to_arrow().to_pylist(), *rows]
    names = {name for row in every for name in row}
    return {name: [row.get(name) for row in every] for name in names}


def everlasting_book(policies=POLICIES):
    """The book of the live tests with an everlasting call sold by one and bought by another."""
    held = {"pocket": "cross", "instrument": CALL["instrument"]}
    tables = portfolio().tables()
    tables["instruments"] = with_rows(tables["instruments"], CALL)
    tables["positions"] = with_rows(
        tables["positions"],
        {**held, "account": "anna", "quantity": -2.0},
        {**held, "account": "clara", "quantity": 2.0},
    )
    known = market().tables()
    known["marks"] = with_rows(
        known["marks"], {"instrument": CALL["instrument"], "vol_annual": 0.6}
    )
    return tm.Engine(
        tm.Market.from_tables(as_of_ns=T0, **known),
        tm.Portfolio.from_tables(**tables),
        policies,
    )


def test_an_everlasting_option_follows_every_record():
    live = everlasting_book()
    live.start()
    hear(live)
    assert live.check_order("boris", CALL["instrument"], -0.1, 900.0).accepted
    assert not live.check_order("boris", CALL["instrument"], -100.0, 900.0).accepted
    for step, price in enumerate((60_500.0, 63_000.0, 58_000.0, 66_000.0), start=1):
        ticks = tm.records.index_tick(
            "BTC", price, seq=1 + step, ts_ns=T0 + step * SECOND, engine=live
        )
        live.apply(ticks)
        vol = tm.records.volatility(
            CALL["instrument"], 0.6 + 0.01 * step, ts_ns=T0 + step * SECOND, engine=live
        )
        assert live.apply(vol).counts == {"ok": 1}
        live.clock(T0 + step * SECOND)
        same_as_recompute(live)


def test_its_explanation_adds_up_and_its_loss_is_the_repriced_one():
    engine = everlasting_book()
    units = engine.recompute().units.to_pandas().set_index(["account", "underlying"])
    value = tm.everlasting_option(True, BTC, 66_000.0, 0.6, 5 / 365, 0.08)
    before = tm.Engine(market(), portfolio(), POLICIES).recompute().units.to_pandas()
    before = before.set_index(["account", "underlying"])
    for column, each in (("value", value.price), ("vega", value.vega), ("theta", value.funding)):
        change = units.loc[("clara", "BTC"), column] - before.loc[("clara", "BTC"), column]
        assert change == pytest.approx(2.0 * each * 0.999, rel=1e-9), column
    lines = engine.explain("anna").requirement.to_pandas()
    row = engine.recompute().accounts.to_pandas().set_index("account").loc["anna"]
    assert row["initial_margin"] == pytest.approx(lines["initial_margin"].sum(), abs=2e-6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"funding_period_days": 0.0}, "NOT_POSITIVE"),
        ({"expiry_ns": T0 + DAY}, "UNEXPECTED_VALUE"),
        ({"payoff": "coin"}, "UNEXPECTED_VALUE"),
        ({"bachelier": True}, "UNEXPECTED_VALUE"),
        ({"funding_rate_annual": -1e4}, "UNEXPECTED_VALUE"),
        ({"funding_period_days": None}, "MISSING_EXPIRY"),
    ],
)
def test_a_row_that_is_no_everlasting_option_is_refused(change, code):
    tables = portfolio().tables()
    tables["instruments"] = with_rows(tables["instruments"], {**CALL, **change})
    with pytest.raises(tm.InvalidInputError) as caught:
        tm.Portfolio.from_tables(**tables)
    assert code in {issue.code for issue in caught.value.issues}
