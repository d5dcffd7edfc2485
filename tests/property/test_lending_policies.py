"""Lending protocols as policies of haircuts: who may be liquidated, and what may be borrowed.

Supplies are balances, debts negative ones. A haircut of 1 less the loan-to-value for initial and 1
less the liquidation threshold for maintenance margin makes equity what is left to borrow, and what
is left until liquidation; nothing is required beside it. The contracts round, each in its own unit:
within that the two may differ, and nowhere else.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.books import CI

import tickmargin as tm
from tickmargin.protocols import aave_v3, compound_v3, morpho_blue

WAD, BPS, USD = 10**18, 10**4, 10**8
TICK = Fraction(1, 10**6)
AS_OF_NS = 1_700_000_000_000_000_000
Row = dict[str, Any]


def policy(weights: dict[str, tuple[Fraction, Fraction]]) -> Row:
    """Haircuts from (loan-to-value, liquidation threshold) by asset."""
    kept = {
        asset: {"quality": float(1 - ltv), "maintenance": {"quality": float(1 - threshold)}}
        for asset, (ltv, threshold) in weights.items()
    }
    return {
        "method": "fixed",
        "haircuts": {"default": 1.0, **kept},
        "levels": {"warning": 1.0, "margin_call": 1.0, "liquidation": 1.0},
        "futures": {"initial_ratio": 1.0, "maintenance_ratio": 1.0},
    }


def account(
    weights: dict[str, tuple[Fraction, Fraction]],
    prices: dict[str, Fraction],
    balances: dict[str, Fraction],
    pocket: str = "cross",
    preset: str = "",
) -> tuple[Fraction, Fraction, bool]:
    """Equity for initial and for maintenance margin, and whether it is to be liquidated.

    Under `weights`, or where there are none under a preset.
    """
    assets = list(prices)
    market = tm.Market.from_tables(
        as_of_ns=AS_OF_NS,
        assets={"asset": assets, "mark_price": [float(prices[a]) for a in assets]},
        underlyings={"underlying": ["X"], "index_price": [1.0]},
    )
    none: list[Any] = []
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["X"], "kind": ["perpetual"], "underlying": ["X"],
            "settlement_asset": ["USD"], "payoff": ["linear"], "multiplier": [1.0],
        },
        accounts={"account": ["A"]},
        positions={"account": none, "instrument": none, "quantity": none, "entry_price": none},
        # What another pocket holds does not help this one.
        balances={
            "account": ["A"] * len(balances) + ["A"],
            "pocket": [pocket] * len(balances) + ["other"],
            "asset": [*balances, "USD"],
            "amount": [*(float(amount) for amount in balances.values()), 1.0],
        },
    )  # fmt: skip
    own = policy({"USD": (Fraction(1), Fraction(1)), **weights}) if weights else None
    file: Any = {"schema": 1, "policies": {"p": own}} if own else preset
    result = tm.Engine(market, portfolio, file).recompute()
    (row,) = [r for r in result.pockets if r["pocket"] == pocket]
    assert row["initial_margin"] == row["maintenance_margin"] == 0.0
    equity = Fraction(float(row["equity_initial"])), Fraction(float(row["equity"]))
    return (*equity, row["state"] in ("liquidating", "bankrupt"))


ratio = st.integers(1_000, 9_000)


@st.composite
def reserves(draw: Any) -> tuple[int, int, int]:
    """Value in 10^-8 dollars, loan-to-value and threshold in basis points."""
    threshold = draw(ratio)
    return draw(st.integers(0, 10**6 * USD)), draw(st.integers(500, threshold)), threshold


@CI
@given(st.lists(reserves(), min_size=1, max_size=4), st.integers(0, 12_000))
def test_aave(held: list[tuple[int, int, int]], share: int) -> None:
    """Averages are cut to basis points: at most that of the collateral lies between the two."""
    rows = [aave_v3.Collateral(*row) for row in held]
    backing = sum(Fraction(r.value * r.liquidation_threshold, BPS) for r in rows)
    debt = int(backing * share / 10_000)  # around the border, on both sides
    data = aave_v3.account_data(rows, [debt] if debt else [])
    names = [f"R{i}" for i in range(len(rows))]
    weights = {
        name: (Fraction(r.ltv, BPS), Fraction(r.liquidation_threshold, BPS))
        for name, r in zip(names, rows, strict=True)
    }
    balances = {n: Fraction(r.value, USD) for n, r in zip(names, rows, strict=True)}
    prices = dict.fromkeys([*names, "USD"], Fraction(1))
    initial, maintenance, is_closed = account(
        weights, prices, {**balances, "USD": -Fraction(debt, USD)}
    )
    near = 3 * TICK
    cut = Fraction(data.total_collateral, BPS * USD) if len(rows) > 1 else Fraction(0)
    assert abs(maintenance - (backing - debt) / USD) <= near
    unhealthy = data.health_factor < WAD
    if is_closed and maintenance < -near:
        assert unhealthy
    if unhealthy and not is_closed:
        assert maintenance <= cut + near
    free = Fraction(data.available_borrows, USD)
    assert free - near <= max(initial, 0) <= free + cut + near


@CI
@given(st.lists(reserves(), min_size=1, max_size=4), st.integers(1, 10**10), st.integers(0, 12_000))
def test_compound(held: list[tuple[int, int, int]], price: int, share: int) -> None:
    """Each amount is valued down to 10^-8 dollars."""
    scale = 10**8
    rows = [
        compound_v3.Collateral(value, price, threshold * WAD // BPS, scale)
        for value, _, threshold in held
    ]
    each = Fraction(price, USD)
    backing = sum(Fraction(v, scale) * each * Fraction(t, BPS) for v, _, t in held)
    debt = int(backing * share / 10_000 * 10**6)  # of the base token, which is the dollar here
    names = [f"R{i}" for i in range(len(rows))]
    weights = {
        name: (Fraction(ltv, BPS), Fraction(t, BPS))
        for name, (_, ltv, t) in zip(names, held, strict=True)
    }
    balances = {n: Fraction(v, scale) for n, (v, _, _) in zip(names, held, strict=True)}
    prices = {**dict.fromkeys(names, each), "USD": Fraction(1)}
    _, maintenance, is_closed = account(
        weights, prices, {**balances, "USD": -Fraction(debt, 10**6)}
    )
    near = (len(rows) + 2) * TICK + backing / 10**14
    assert abs(maintenance - (backing - Fraction(debt, 10**6))) <= near
    is_told = compound_v3.is_liquidatable(-debt, rows)
    assert is_told is is_closed or abs(maintenance) <= near
    factor = compound_v3.health_factor(-debt, rows)
    assert (factor < WAD) is is_told


@CI
@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 99), st.integers(0, 12_000))
def test_morpho(units: int, price: int, percent: int, share: int) -> None:
    """A market is an isolated pocket of one collateral and one loan, at one ratio for both."""
    lltv, one = percent * WAD // 100, 10**6
    each = Fraction(price, one)  # loan tokens of one collateral token, six decimals each
    quoted = price * 10**36 // one
    most = morpho_blue.max_borrow(units, quoted, lltv)
    owed = most * share // 10_000
    weight = Fraction(percent, 100)
    initial, maintenance, is_closed = account(
        {"C": (weight, weight)},
        {"C": each, "USD": Fraction(1)},
        {"C": Fraction(units, one), "USD": -Fraction(owed, one)},
        pocket="C/USD",
    )
    backing = Fraction(units, one) * each * weight
    near = 3 * TICK + backing / 10**14
    assert initial == maintenance
    assert abs(maintenance - Fraction(most - owed, one)) <= near
    is_healthy = morpho_blue.is_healthy(units, owed, quoted, lltv)
    assert is_healthy is not is_closed or abs(maintenance) <= near
    assert (morpho_blue.health_factor(units, owed, quoted, lltv) >= WAD) is is_healthy


AAVE = {  # loan-to-value and threshold in basis points, of the file that the preset names
    "DAI": (7_500, 8_000), "USDC": (8_000, 8_500), "AAVE": (5_000, 6_500), "WETH": (8_000, 8_250),
    "CBETH": (8_000, 8_250), "LINK": (7_000, 7_500), "WBTC": (7_000, 7_500),
    "USDT": (7_500, 8_000), "EURS": (6_500, 7_000),
}  # fmt: skip
COMET = {  # borrow and liquidation factors, of the file that the preset names
    "COMP": (65, 70), "WBTC": (70, 77), "WETH": (82.5, 89.5), "UNI": (75, 81), "LINK": (79, 85),
}  # fmt: skip


@pytest.mark.parametrize("asset", AAVE)
def test_the_preset_of_aave(asset: str) -> None:
    """10,000 dollars of one reserve, and a debt at the border of each ratio."""
    ltv, threshold = AAVE[asset]
    held = aave_v3.Collateral(10_000 * USD, ltv, threshold)
    prices = {asset: Fraction(2), "GHO": Fraction(1), "USD": Fraction(1)}
    for debt, is_closed in ((threshold, False), (threshold + 1, True)):
        data = aave_v3.account_data([held], [debt * USD])
        assert (data.health_factor < WAD) is is_closed
        balances = {asset: Fraction(5_000), "GHO": Fraction(-debt)}
        got = account({}, prices, balances, preset="aave-v3-2024-02-27")
        assert got == (ltv - debt, threshold - debt, is_closed)
    free = aave_v3.account_data([held], [USD]).available_borrows
    got = account({}, prices, {asset: Fraction(5_000), "GHO": Fraction(-1)}, preset="aave-v3")
    assert got[0] * USD == free


@pytest.mark.parametrize("asset", COMET)
def test_the_preset_of_compound(asset: str) -> None:
    """1,000 dollars of one collateral, and a debt at the border of its liquidation factor."""
    borrow, liquidate = (round(10 * factor) for factor in COMET[asset])
    held = compound_v3.Collateral(500 * USD, 2 * USD, liquidate * WAD // 1_000, USD)
    prices = {asset: Fraction(2), "USDC": Fraction(1), "USD": Fraction(1)}
    for debt, is_closed in ((liquidate, False), (liquidate + 1, True)):
        assert compound_v3.is_liquidatable(-debt * 10**6, [held]) is is_closed
        balances = {asset: Fraction(500), "USDC": Fraction(-debt)}
        got = account({}, prices, balances, preset="compound-v3-usdc")
        assert got == (borrow - debt, liquidate - debt, is_closed)


MORPHO = {  # LLTVs in thousandths, of the file that the preset names
    "WSTETH": 860, "WBTC": 860, "CBBTC": 860, "LBTC": 860, "TBTC": 770, "MKR": 770, "MORPHO": 625,
    "SDAI": 965, "SUSDE": 915, "SYRUPUSDC": 915,
}  # fmt: skip
ENABLED = (385, 625, 770, 860, 915, 945, 965, 980)  # by governance


def test_the_preset_of_morpho_has_these_and_no_other() -> None:
    (loaded,) = tm.Policies.preset("morpho-blue").loaded
    assert set(loaded.config.haircuts) - {"default"} == set(MORPHO)
    assert set(MORPHO.values()) <= set(ENABLED)


@pytest.mark.parametrize("asset", MORPHO)
def test_the_preset_of_morpho(asset: str) -> None:
    """1,000 dollars of one collateral, and a debt at the border of the market's LLTV."""
    lltv, one = MORPHO[asset], 10**6
    prices = {asset: Fraction(2), "USDC": Fraction(1), "USD": Fraction(1)}
    for debt, is_closed in ((lltv, False), (lltv + 1, True)):
        quoted = 2 * 10**36
        wad = lltv * WAD // 1_000
        assert morpho_blue.is_healthy(500 * one, debt * one, quoted, wad) is not is_closed
        balances = {asset: Fraction(500), "USDC": Fraction(-debt)}
        got = account({}, prices, balances, pocket="M/USDC", preset="morpho-blue")
        assert got == (lltv - debt, lltv - debt, is_closed)


def test_what_morpho_lends_backs_nothing() -> None:
    prices = {"WBTC": Fraction(2), "USDC": Fraction(1), "USD": Fraction(1)}
    held = {"WBTC": Fraction(500), "USDC": Fraction(1_000)}
    assert account({}, prices, held, preset="morpho-blue")[:2] == (860, 860)
