"""Presets of on-chain protocols: each loads, margins a small book, and asks what its chain asks.

Figures by hand are from the pages that the presets name; the others from `tickmargin.protocols`,
which knows nothing of policies, and from the twins.
"""

from __future__ import annotations

import tomllib
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from tests.oracle import protocol_margin as twin
from tests.oracle import vega as vega_twin
from tests.property.test_protocol_policies import engine, lines, parts

import tickmargin as tm
from tickmargin.protocols import drift_v2, dydx_v4, hyperliquid, vega

MONEY = 10**6
PRICES = {"BTC": 60_000.0, "SOL": 150.0, "JUP": 1.0}
SIZES = {"BTC": 0.5, "SOL": -100.0, "JUP": 1_000.0}
NAMES = ("dydx-v4", "drift-v2", "vega-cross", "vega-isolated", "hyperliquid")


def book(preset: str, settle: str = "USDC") -> tm.Engine:
    """Three perpetuals bought and sold at the mark, 10,000 of money."""
    return engine(
        preset,
        {name: {"index": price, "price": price} for name, price in PRICES.items()},
        {settle: 10_000.0},
        held=[(name, SIZES[name], price) for name, price in PRICES.items()],
        settle=settle,
    )


def asked(made: tm.Engine) -> dict[str, tuple[int, int]]:
    """Initial and maintenance margin of each market, in whole parts of money."""
    return {name: (parts(pair[0]), parts(pair[1])) for name, pair in lines(made, "futures").items()}


def file_of(preset: str) -> dict[str, Any]:
    folder = Path(tm.__file__).parent / "presets"
    (path,) = folder.glob(f"{preset}-20*.toml")
    policy: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["policies"][preset]
    return policy


@pytest.mark.parametrize("preset", NAMES)
def test_each_margins_a_book(preset: str) -> None:
    settle = "USDT" if preset.startswith("vega") else "USDC"
    made = book(preset, settle)
    row = made.recompute().accounts
    assert row["status"].tolist() == ["ok"]
    assert made.warnings == ()
    for column, k in (("initial_margin", 0), ("maintenance_margin", 1)):
        total = sum(pair[k] for pair in asked(made).values())
        assert abs(row[column][0] * MONEY - total) <= len(PRICES)
    assert row["initial_margin"][0] > row["maintenance_margin"][0] > 0
    described = tm.Policies.preset(preset).describe()[0]
    assert described["source"]
    assert described["as_of"]


def test_dydx_asks_by_tier() -> None:
    """Large-Cap 2 % and 60 % of it, Small-Cap 10 % and half, Isolated 5 % and 60 %."""
    got = asked(book("dydx-v4"))
    assert got == {
        "BTC": (600 * MONEY, 360 * MONEY),
        "SOL": (1_500 * MONEY, 750 * MONEY),
        "JUP": (50 * MONEY, 30 * MONEY),
    }
    tiers = {
        "BTC": (10, 5, dydx_v4.Tier(20_000, 600_000)),
        "SOL": (7, 8, dydx_v4.Tier(100_000, 500_000, 20 * 10**12, 50 * 10**12)),
        "JUP": (9, 9, dydx_v4.Tier(50_000, 600_000, 5 * 10**11, 10**12)),
    }
    for name, (size_decimals, price_decimals, tier) in tiers.items():
        whole = round(PRICES[name] * 10**price_decimals)
        price = dydx_v4.price_per_quantum(whole, -price_decimals, -size_decimals)
        position = dydx_v4.Position(round(SIZES[name] * 10**size_decimals), price, tier)
        assert tuple(dydx_v4.margin_requirements(position, 0)) == got[name]


def test_vega_asks_by_the_tails_of_its_risk_model() -> None:
    """Risk factors by integration, cut up at nine decimals; the initial level is 1.2 of it."""
    got = asked(book("vega-cross", "USDT"))
    terms = file_of("vega-cross")
    rule = terms["protocol"]
    model = (rule["tail_probability"], rule["horizon_years"], 0.0, rule["vol_annual"])
    long, short = (
        Fraction(ceil(factor * 10**9), 10**9) for factor in vega_twin.risk_factors(*model)
    )
    public = vega.lognormal_risk_factors(*model)
    assert (public.long, public.short) == (
        pytest.approx(float(long), abs=1e-9),
        pytest.approx(float(short), abs=1e-9),
    )
    assert 0 < long < short < 0.02  # about a percent: five standard deviations of two minutes
    for name, size in SIZES.items():
        own = {**rule, **terms["underlyings"].get(name, {}).get("protocol", {})}
        unit = 10 ** own["size_decimals"]
        market = vega.Market(
            mark=Fraction(PRICES[name]) * MONEY,
            risk_long=long,
            risk_short=short,
            linear_slippage=Fraction(1, 1000),
            position_factor=unit,
        )
        scaling = vega.Scaling(Fraction(11, 10), Fraction(6, 5), Fraction(7, 5))
        levels = vega.margin_levels(market, round(size * unit), scaling=scaling)
        assert got[name] == (levels.initial, levels.maintenance)


def test_isolated_vega_asks_for_a_tenth_of_what_was_entered() -> None:
    """Maintenance is that of cross margin; the share is an order's, at the price it traded at."""
    got, cross = asked(book("vega-isolated", "USDT")), asked(book("vega-cross", "USDT"))
    for name, size in SIZES.items():
        entered = vega.order_side_margin(
            0, [vega.Order(round(abs(size) * 10), round(PRICES[name] * MONEY))], "buy",
            Fraction(1, 10), 10,
        )  # fmt: skip
        assert got[name] == (entered, cross[name][1])
        assert entered == abs(size) * PRICES[name] * MONEY / 10
    levels = file_of("vega-isolated")["levels"]
    assert set(levels.values()) == {1.0}  # nothing is topped up, and nothing paid back


def test_drift_s_free_collateral_counts_debts_and_sizes() -> None:
    """Short 1,000 BTC at a gain, 1,000 SOL deposited, half an ETH borrowed."""
    prices = {"SOL": 150.0, "ETH": 3_000.0}
    made = engine(
        "drift-v2",
        {"BTC": {"index": 60_000.0, "price": 60_000.0}},
        {"USDC": 2e7, "SOL": 1_000.0, "ETH": -0.5},
        prices,
        [("BTC", -1_000.0, 60_500.0)],
    )
    assert made.warnings == ()
    # 4/5 of 10 % and of 5 %, and 0.001 sqrt(1,000) of 60 million, cut to basis points.
    assert asked(made) == {"BTC": (6_696_000 * MONEY, 4_296_000 * MONEY)}
    whole = {
        "SOL": (9, 8_000, 9_000, 12_000, 11_000, 3_000, 1_000 * 10**9, 150 * MONEY),
        "ETH": (8, 8_000, 9_000, 12_000, 11_000, 25_000, -(10**8) // 2, 3_000 * MONEY),
    }
    spot = [
        drift_v2.SpotPosition(drift_v2.SpotMarket(*row[:6]), row[6], row[7])
        for row in whole.values()
    ]
    market = drift_v2.PerpMarket(initial_ratio=1_000, maintenance_ratio=500, size_factor=1_000)
    perp = drift_v2.PerpPosition(market, -(10**12), 60_500_000 * MONEY, 60_000 * MONEY)
    row = made.recompute().accounts
    for kind, equity, margin in (
        ("initial", "equity_initial", "initial_margin"),
        ("maintenance", "equity", "maintenance_margin"),
    ):
        public = drift_v2.account_margin(spot, [perp], kind, open_order_margin=0)
        by_twin = twin.drift_account(
            [{"market": vars(s.market), "tokens": s.tokens, "price": s.price} for s in spot],
            [{**vars(perp), "market": vars(perp.market)}],
            kind,
        )
        assert (public.requirement, public.collateral) == by_twin
        free = public.collateral + 20_000_000 * MONEY - public.requirement
        got = (row[equity][0] - row[margin][0]) * MONEY
        assert abs(got - free) <= 10


def test_hyperliquid_asks_half_of_each_tier_s_initial_margin() -> None:
    """5,000 BTC at 60,000: 150 million at 40x, the rest at 20x."""
    held = [("BTC", 5_000.0, 60_000.0), ("JUP", -5_000_000.0, 1.0)]
    markets = {name: {"index": PRICES[name], "price": PRICES[name]} for name in ("BTC", "JUP")}
    made = engine("hyperliquid", markets, {"USDC": 1e8}, held=held)
    got = lines(made, "futures")
    assert got["BTC"] == (pytest.approx(11.25e6, rel=1e-14), pytest.approx(5.625e6, rel=1e-14))
    assert got["JUP"] == (pytest.approx(7e5, rel=1e-14), pytest.approx(3.5e5, rel=1e-14))


@pytest.mark.parametrize("name", file_of("hyperliquid")["underlyings"])
def test_hyperliquid_s_brackets_are_its_tiers(name: str) -> None:
    brackets = file_of("hyperliquid")["underlyings"][name]["futures"]["brackets"]
    caps = [0, *(round(bracket["notional_cap"]) for bracket in brackets[:-1])]
    tiers = [
        hyperliquid.Tier(cap, round(1 / bracket["initial_ratio"]))
        for cap, bracket in zip(caps, brackets, strict=True)
    ]
    price = 100.0
    for notional in (caps[-1] // 2, caps[-1], 3 * caps[-1]):
        made = engine(
            "hyperliquid",
            {name: {"index": price, "price": price}},
            {"USDC": 1e9},
            held=[(name, notional / price, price)],
        )
        exact = hyperliquid.maintenance_margin(notional, tiers)
        initial, maintenance = lines(made, "futures")[name]
        assert maintenance == pytest.approx(float(exact), rel=1e-14)
        assert initial == pytest.approx(2 * float(exact), rel=1e-14)
