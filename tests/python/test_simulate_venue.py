"""The synthetic venue is a book: longs equal shorts, counts are exact, a seed is a venue."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickmargin.loading import Nullable
from tickmargin.simulate import crash_path, synthetic_venue
from tickmargin.simulate.listing import UNDERLYINGS, YEAR_NS, expiries_ns, list_instruments
from tickmargin.simulate.state import expiry_years, market_tables, option_vols


def columns_of(tables):
    """Flatten tables to name -> plain arrays, so that two venues can be compared bit by bit."""
    flat = {}
    for table, columns in tables.items():
        for name, column in columns.items():
            parts = column if isinstance(column, Nullable) else (column,)
            for number, part in enumerate(parts):
                flat[table, name, number] = np.asarray(part)
    return flat


def net_by_instrument(tables):
    """Add quantities with whole numbers, the slow way."""
    net: dict[str, int] = {}
    positions = tables["positions"]
    for name, quantity in zip(
        positions["instrument"].tolist(), positions["quantity"].tolist(), strict=True
    ):
        assert quantity == int(quantity)
        net[name] = net.get(name, 0) + int(quantity)
    return net


@pytest.fixture(scope="module")
def venue():
    return synthetic_venue(accounts=2_000, positions=20_000, seed=5)


def test_longs_equal_shorts_in_every_instrument(venue):
    net = net_by_instrument(venue.portfolio_tables)
    assert len(net) > 1_000
    assert set(net.values()) == {0}


@settings(max_examples=40, deadline=None)
@given(
    accounts=st.integers(10, 400),
    per_account=st.integers(2, 15),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_size_matches_and_has_exact_counts(accounts, per_account, seed):
    positions = max(20, accounts * per_account)
    tables = synthetic_venue(accounts, positions, seed).portfolio_tables
    assert len(tables["accounts"]["account"]) == accounts
    assert len(tables["positions"]["quantity"]) == positions
    assert set(net_by_instrument(tables).values()) == {0}
    assert np.all(tables["positions"]["quantity"] != 0.0)
    keys = zip(
        tables["positions"]["account"].tolist(),
        tables["positions"]["instrument"].tolist(),
        strict=True,
    )
    assert len(set(keys)) == positions


def test_the_full_size_is_a_million_positions():
    tables = synthetic_venue().portfolio_tables
    assert len(tables["accounts"]["account"]) == 100_000
    assert len(tables["positions"]["quantity"]) == 1_000_000
    assert set(net_by_instrument(tables).values()) == {0}


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(venue):
    again = synthetic_venue(accounts=2_000, positions=20_000, seed=5)
    other = synthetic_venue(accounts=2_000, positions=20_000, seed=6)
    first, second = columns_of(venue.portfolio_tables), columns_of(again.portfolio_tables)
    assert first.keys() == second.keys()
    for key, column in first.items():
        assert column.tobytes() == second[key].tobytes(), key
    assert not np.array_equal(
        first["positions", "quantity", 0],
        columns_of(other.portfolio_tables)["positions", "quantity", 0],
    )


def test_the_listing_has_three_underlyings_and_about_two_thousand_options():
    listing = list_instruments()
    assert len(set(listing.instrument.tolist())) == len(listing)
    assert set(listing.underlying.tolist()) == {"BTC", "ETH", "SOL"}
    assert 1_900 <= int(listing.is_kind("option").sum()) <= 2_100
    for underlying in UNDERLYINGS:
        mine = listing.underlying == underlying
        assert len(set(listing.expiry_ns[mine & listing.is_kind("option")].tolist())) == 12
        perpetuals = set(listing.settlement_asset[mine & listing.is_kind("perpetual")].tolist())
        assert {"USDT", "USDC"} <= perpetuals
    assert {"linear", "inverse", "coin"} == set(listing.payoff.tolist())


def test_no_expiry_falls_inside_the_crash():
    path = crash_path()
    assert expiries_ns().min() > path[-1].as_of_ns
    assert [state.as_of_ns - path[0].as_of_ns for state in path] == [
        day * 86_400 * 10**9 for day in range(8)
    ]


def test_the_crash_has_the_size_it_claims():
    path = crash_path()
    first, last = path[0].underlyings, path[-1].underlyings
    assert last["BTC"].index_price / first["BTC"].index_price == pytest.approx(0.76, abs=1e-12)
    assert first["BTC"].smile.vol_30d_annual == 0.39
    assert last["BTC"].smile.vol_30d_annual == pytest.approx(0.85, abs=1e-12)
    for name in ("ETH", "SOL"):
        fall = last[name].index_price / first[name].index_price
        assert fall < 0.76
        assert last[name].smile.skew < first[name].smile.skew
        assert last[name].basis_annual < first[name].basis_annual


def black76_call(forward, strike, deviation):
    """Price a call, from the formula and libm, as an independent twin."""
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    cdf = lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0))  # noqa: E731
    return forward * cdf(d1) - strike * cdf(d1 - deviation)


@pytest.mark.parametrize("day", range(8))
def test_smiles_have_no_negative_vol_and_no_butterfly_or_calendar_arbitrage(day):
    listing = list_instruments()
    state = crash_path()[day]
    vols = option_vols(listing, state)
    years = expiry_years(listing, state.as_of_ns)
    assert np.all(vols[listing.is_kind("option")] > 0.2)
    for name in UNDERLYINGS:
        total_variance_before = 0.0
        for expiry_ns in expiries_ns().tolist():
            rows = np.flatnonzero(
                (listing.underlying == name)
                & (listing.expiry_ns == expiry_ns)
                & (listing.option_type == "call")
            )
            t = years[rows[0]]
            assert t == pytest.approx((expiry_ns - state.as_of_ns) / YEAR_NS)
            underlying = state.underlyings[name]
            forward = underlying.index_price * math.exp(underlying.basis_annual * t)
            strikes = listing.strike[rows]
            price = np.array(
                [
                    black76_call(forward, k, v * math.sqrt(t))
                    for k, v in zip(strikes.tolist(), vols[rows].tolist(), strict=True)
                ]
            )
            slope = np.diff(price) / np.diff(strikes)
            assert np.all(slope <= 1e-12)
            assert np.all(slope >= -1.0 - 1e-12)
            assert np.all(np.diff(slope) >= -1e-12)
            at_the_money = np.interp(forward, strikes, vols[rows])
            assert at_the_money**2 * t > total_variance_before
            total_variance_before = at_the_money**2 * t


def test_at_the_money_vol_is_the_quoted_one_at_thirty_days():
    from tickmargin.simulate.smile import SmileState, smile_vol

    state = SmileState(vol_30d_annual=0.85, vol_long_annual=0.55, skew=-0.135, wings=0.26)
    forward = np.array([64_000.0])
    assert smile_vol(state, forward, forward, np.array([30.0 / 365.0]))[0] == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("vol", "skew", "wings"), [(0.0, -0.1, 0.2), (0.4, -0.2, 0.2), (0.4, 0.3, 0.1)]
)
def test_a_smile_that_could_go_negative_is_refused(vol, skew, wings):
    from tickmargin.simulate.smile import SmileState

    with pytest.raises(ValueError, match=r"vol_30d_annual|wings"):
        SmileState(vol_30d_annual=vol, vol_long_annual=0.5, skew=skew, wings=wings)


def test_stablecoins_are_never_one_dollar_and_coins_follow_their_index():
    listing = list_instruments()
    for state in crash_path():
        assets = market_tables(listing, state)["assets"]
        prices = dict(
            zip(
                assets["asset"].tolist(),
                zip(assets["mark_price"].values, assets["mark_price"].valid, strict=True),
                strict=True,
            )
        )
        assert prices["USD"] == (1.0, True)
        for stable in ("USDC", "USDT"):
            assert prices[stable][1]
            assert 0.99 < prices[stable][0] < 1.0
        assert not any(prices[coin][1] for coin in ("BTC", "ETH", "SOL"))
        assert assets["underlying"].values[assets["underlying"].valid].tolist() == list(UNDERLYINGS)


def test_linear_marks_are_quoted_in_their_settlement_asset():
    listing = list_instruments()
    state = crash_path()[-1]
    marks = market_tables(listing, state)["marks"]
    at = listing.instrument.tolist().index("BTC_USDT-PERPETUAL")
    btc = state.underlyings["BTC"]
    expected = btc.index_price * (1.0 + btc.perpetual_premium_ratio) / 0.9968
    assert marks["mark_price"].values[at] == pytest.approx(expected, rel=1e-14)
    assert not np.any(marks["mark_price"].valid & marks["vol_annual"].valid)


def test_isolated_pockets_have_their_own_collateral(venue):
    positions, balances = (venue.portfolio_tables[t] for t in ("positions", "balances"))
    isolated = positions["pocket"] != "cross"
    assert 50 < isolated.sum() < 1_000
    funded = set(zip(balances["account"].tolist(), balances["pocket"].tolist(), strict=True))
    for account, pocket in zip(
        positions["account"][isolated].tolist(), positions["pocket"][isolated].tolist(), strict=True
    ):
        assert (account, pocket) in funded


def test_some_accounts_borrow_and_amounts_have_their_asset_s_decimals(venue):
    balances = venue.portfolio_tables["balances"]
    assert 0 < (balances["amount"] < 0.0).sum() < 200
    decimals = np.where(np.isin(balances["asset"], ["BTC", "ETH", "SOL"]), 8, 2)
    ticks = balances["amount"] * 10.0**decimals
    assert np.all(np.abs(ticks - np.round(ticks)) < 1e-3)


def test_market_makers_hold_many_positions(venue):
    accounts, positions = (venue.portfolio_tables[t] for t in ("accounts", "positions"))
    tier = dict(zip(accounts["account"].tolist(), accounts["tier"].tolist(), strict=True))
    held: dict[str, list[int]] = {}
    names, counts = np.unique(positions["account"], return_counts=True)
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        held.setdefault(tier[name], []).append(count)
    assert set(held) == {"retail", "hedger", "option_seller", "market_maker"}
    assert np.mean(held["market_maker"]) > 100 * np.mean(held["retail"])


@pytest.mark.parametrize(
    ("accounts", "positions", "word"),
    [(9, 100, "accounts"), (10, 19, "positions"), (10, 1_000_000, "positions")],
)
def test_impossible_sizes_are_refused_with_the_limit(accounts, positions, word):
    with pytest.raises(ValueError, match=rf"{word} must be [<>]= \d+"):
        synthetic_venue(accounts, positions, seed=1)
