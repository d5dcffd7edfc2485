"""Drift v2 against its twin."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.oracle import drift_v2 as twin
from tests.property.books import CI

from tickmargin.protocols import drift_v2

kinds = st.sampled_from(["initial", "fill", "maintenance"])
weights = st.integers(0, 20_000)
factors = st.one_of(st.just(0), st.integers(1, 100_000))
prices = st.integers(1, 10**11)
amounts = st.integers(0, 10**14)
signed = st.integers(-(10**14), 10**14)
shares = st.integers(0, 10**6)

spot_markets = st.builds(
    drift_v2.SpotMarket,
    decimals=st.integers(4, 12),
    initial_asset_weight=weights,
    maintenance_asset_weight=weights,
    initial_liability_weight=weights,
    maintenance_liability_weight=weights,
    size_factor=factors,
    scale_start=st.one_of(st.just(0), amounts),
    deposits=amounts,
)
perp_markets = st.builds(
    drift_v2.PerpMarket,
    initial_ratio=weights,
    maintenance_ratio=weights,
    size_factor=factors,
    pnl_initial_weight=weights,
    pnl_maintenance_weight=weights,
    pnl_size_factor=factors,
)
bids = st.one_of(st.just(0), amounts)
asks = bids.map(lambda size: -size)
spot_positions = st.one_of(
    st.builds(
        drift_v2.SpotPosition,
        market=spot_markets,
        tokens=signed,
        price=prices,
        average_price=st.one_of(st.just(0), prices),
        open_bids=bids,
        open_asks=asks,
        open_orders=st.integers(0, 9),
    ),
    st.builds(
        drift_v2.SpotPosition,
        market=spot_markets,
        tokens=signed,
        price=prices,
        average_price=st.one_of(st.just(0), prices),
        is_quote=st.just(True),
    ),
)
perp_positions = st.builds(
    drift_v2.PerpPosition,
    market=perp_markets,
    base=signed,
    quote=signed,
    price=st.integers(-5, 10**11),
    open_bids=bids,
    open_asks=asks,
    open_orders=st.integers(0, 9),
)
legs = st.builds(
    drift_v2.Leg,
    weight=weights,
    multiplier=st.integers(500_000, 1_500_000),
    decimals=st.integers(4, 10),
    price=prices,
)


def row_of(value: Any) -> dict[str, Any]:
    row = dict(vars(value))
    if "market" in row:
        row["market"] = vars(value.market)
    return row


@CI
@given(
    st.lists(spot_positions, max_size=3),
    st.lists(perp_positions, max_size=3),
    kinds,
    st.fixed_dictionaries(
        {
            "custom_ratio": st.one_of(st.just(0), weights),
            "open_order_margin": st.integers(0, 10**5),
            "quote_price": st.integers(900_000, 1_100_000),
            "average_quote_price": st.one_of(st.just(0), st.integers(900_000, 1_100_000)),
        }
    ),
)
def test_the_margin_of_an_account(spot: Any, perps: Any, kind: Any, terms: dict[str, int]) -> None:
    expected = twin.account([row_of(p) for p in spot], [row_of(p) for p in perps], kind, terms)
    assert tuple(drift_v2.account_margin(spot, perps, kind, **terms)) == expected


@CI
@given(spot_markets, amounts, prices, kinds)
def test_the_weights_of_a_token(market: Any, tokens: int, price: int, kind: Any) -> None:
    row = vars(market)
    assert drift_v2.asset_weight(market, tokens, price, kind) == twin.asset_weight(
        row, tokens, price, kind
    )
    assert drift_v2.liability_weight(market, tokens, kind) == twin.debt_weight(row, tokens, kind)


@CI
@given(amounts, weights, shares, shares, st.one_of(st.just(0), prices), prices, shares, amounts)
def test_liquidating_a_perpetual(
    shortage: int,
    ratio: int,
    fee: int,
    insurance: int,
    price: int,
    quote: int,
    largest: int,
    base: int,
) -> None:
    row = (shortage, ratio, fee, insurance, price, quote)
    assert drift_v2.base_to_cover(*row) == twin.base_to_cover(*row)
    if price * quote == 0 or price * quote >= 10**6:  # else a price of nothing
        charged = (shortage, base, ratio, fee, price, quote, largest)
        assert drift_v2.perp_insurance_fee(*charged) == twin.perp_fee(*charged)


@CI
@given(amounts, legs, legs, shares, st.one_of(st.none(), amounts), amounts)
def test_liquidating_a_debt(
    amount: int, asset: Any, debt: Any, share: int, held: int | None, tokens: int
) -> None:
    rows = vars(asset), vars(debt)
    assert drift_v2.debt_to_cover(amount, asset, debt, share) == twin.debt_to_cover(
        amount, *rows, share
    )
    assert drift_v2.debt_for_asset(amount, asset, debt) == twin.debt_for_asset(amount, *rows)
    assert drift_v2.asset_for_debt(amount, asset, debt, held) == twin.asset_for_debt(
        amount, *rows, held
    )
    assert drift_v2.spot_insurance_fee(amount, tokens, asset, debt, share) == twin.spot_fee(
        amount, tokens, *rows, share
    )


@CI
@given(amounts, amounts, st.integers(0, 10**5), weights, st.integers(0, 10**4), signed)
def test_ramps_and_losses(
    shortage: int, freed: int, slots: int, initial: int, duration: int, base: int
) -> None:
    row = (shortage, freed, slots, initial, duration)
    assert drift_v2.share_to_liquidate(*row) == twin.share(*row)
    ramp = (initial, initial + freed, slots, duration, 3)
    assert drift_v2.liquidation_fee(*ramp) == twin.fee_ramp(*ramp)
    assert drift_v2.deposit_index_delta(shortage, freed, 10**10) == twin.index_delta(
        shortage, freed, 10**10
    )
    if base:
        lost = (-shortage, base, -base)
        assert drift_v2.funding_rate_delta(*lost) == twin.funding_delta(*lost)
