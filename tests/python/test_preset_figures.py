"""Shipped presets against figures that their venues published: the file's digits, not a case's.

Expected numbers are quoted from the documents that the presets name. `test_preset_digits.py` holds
files to parameters whose documents publish no sample for them.
"""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from tests.golden.venue import Venue, carried, future, option
from tests.property.test_protocol_policies import engine, lines, parts

import tickmargin as tm

FOLDER = Path(tm.__file__).parent / "presets"
LONG = 30 * 86_400 * 10**9
Row = dict[str, Any]


def policies(preset: str) -> tm.Policies:
    assert (FOLDER / f"{preset}.toml").is_file()
    return tm.Policies.preset(preset)


def book(preset: str, prices: Row, instruments: list[Row], positions: Any, **more: Any) -> Venue:
    balances = more.pop("balances", [])
    accounts = {"A": (positions, balances)}
    return Venue(policies(preset), prices, instruments, accounts, **more)


def perpetual(preset: str, name: str, price: float, size: float, **more: Any) -> Row:
    """One linear perpetual bought or sold at the mark."""
    venue = book(preset, {name: price}, [future("P", name)], [("P", size, price)], **more)
    return venue.unit(underlying=name)


# Deribit. docs.deribit.com private/pme/simulate, response example of 2024-06-17.


@pytest.mark.parametrize("preset", ["deribit-pm-2024-06-17", "deribit-pm-2026-02-15"])
def test_deribit_portfolio_margin_of_btc(preset: str) -> None:
    index = 65_666.19
    coin = {"payoff": "inverse", "settlement_asset": "BTC"}
    expiry = 1_767_225_600_000_000_000 + round(10.98 * 86_400) * 10**9
    dated = future("BTC-28JUN24", "BTC", kind="future", expiry_ns=expiry, **coin)
    held = (("BTC-PERPETUAL", 0.314538364, 65_910.57), ("BTC-28JUN24", -0.001187534, 67_371.75))
    venue = book(
        preset,
        {"BTC": index},
        [future("BTC-PERPETUAL", "BTC", **coin), dated],
        [(name, size * mark, mark) for name, size, mark in held],
        coins=("BTC",),
        marks={name: mark for name, _, mark in held},
    )
    charges = venue.charges(underlying="BTC")
    assert charges["roll_shock"] / index == pytest.approx(0.00315725898, rel=1e-8)
    assert charges["risk_matrix_margin"] / index == pytest.approx(0.06284313098, rel=1e-8)
    maintenance = venue.unit(underlying="BTC")["maintenance_margin"]
    assert maintenance / index == pytest.approx(0.050274504784, rel=1e-8)
    total = venue.vectors("total", table="standard")
    assert total[0]["price_move"] == -0.16
    assert total[0]["profit"] / index == pytest.approx(-0.05968587238095239, rel=1e-9)
    extended = venue.vectors("initial", table="extended", instrument="BTC-PERPETUAL")
    assert [row["price_move"] for row in extended] == [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    losses = [row["profit"] / index for row in extended]
    assert losses == pytest.approx([-0.05991206933333334] * 2 + [0.04338460193103449] * 6, rel=1e-9)
    # 100,000 USD of dampener leave nothing of the extended table
    damped = venue.vectors("aggregated", table="extended", settlement_asset="BTC")
    assert [row["profit"] for row in damped] == [0.0] * 8


def test_deribit_portfolio_margin_of_eth() -> None:
    """A live response of 2026-02-15: before and after the offset of gains by 0.6."""
    index, size, mark = 1949.34, -0.999487053, 1949.49
    coin = {"payoff": "inverse", "settlement_asset": "ETH"}
    venue = book(
        "deribit-pm-2026-02-15",
        {"ETH": index},
        [future("ETH-PERPETUAL", "ETH", **coin)],
        [("ETH-PERPETUAL", size * mark, mark)],
        coins=("ETH",),
        marks={"ETH-PERPETUAL": mark},
    )
    by_level = {
        "pre_aggregated": (0.21939959699999997, -0.15246412672881357),
        "aggregated": (0.13163975819999998, -0.15246412672881357),
    }
    for level, (first, last) in by_level.items():
        rows = venue.vectors(level, table="standard", settlement_asset="ETH")
        assert (rows[0]["price_move"], rows[-1]["price_move"]) == (-0.18, 0.18)
        got = (rows[0]["profit"] / index, rows[-1]["profit"] / index)
        assert got == pytest.approx((first, last), rel=1e-9)
    damped = venue.vectors("aggregated", table="extended", settlement_asset="ETH")
    assert [row["profit"] for row in damped] == [0.0] * 8


@pytest.mark.parametrize("preset", ["deribit-pm-2024-06-17", "deribit-pm-2026-02-15"])
@pytest.mark.parametrize(
    ("vol", "days", "up", "down"),
    [
        (0.6, 7, 1.0642246731632439, 0.367887663418378),
        (0.6, 180, 0.8376630094588362, 0.48116849527058186),
        (0.2, 30, 0.5, 0.15),
        (0.6, 1, 1.4322573344016543, 0.1838713327991728),
    ],
)
def test_deribit_volatility_shocks(
    preset: str, vol: float, days: int, up: float, down: float
) -> None:
    """Oreome, risk-scenario-advanced, with BTC's 0.50 and 0.25, 0.30 and 0.13, floor 0.50."""
    row = option("O", "BTC", "call", 1.0)
    row["expiry_ns"] += days * 86_400 * 10**9 - LONG
    venue = book(preset, {"BTC": 1.0}, [row], [("O", 1, None)], vols={"O": vol})
    high, _, low = venue.engine.risk_matrix("A").volatilities
    assert (high["vol_annual"], low["vol_annual"]) == pytest.approx((up, down), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "price", "size", "initial", "maintenance"),
    [
        ("BTC", 100_000.0, 25.0, 53_125.0, 28_125.0),
        ("BTC", 100_000.0, 350.0, 1_312_500.0, None),
        ("SOL", 200.0, 25.0, 200.625, 100.625),
        ("SOL", 200.0, 6_000.0, 84_000.0, None),
    ],
)
def test_deribit_standard_margin_of_linear_perpetuals(
    name: str, price: float, size: float, initial: float, maintenance: float | None
) -> None:
    """Support article 25944738177565, its examples."""
    unit = perpetual("deribit-sm-2026-02-15", name, price, size)
    assert unit["initial_margin"] == pytest.approx(initial, rel=1e-12)
    if maintenance is not None:
        assert unit["maintenance_margin"] == pytest.approx(maintenance, rel=1e-12)


def test_deribit_standard_margin_of_a_short_put() -> None:
    """10,000, strike 9,000, mark 0.025 BTC: IM 0.125 BTC, MM 0.1 BTC."""
    vol, forward = carried("put", 250.0, 10_000.0, 9_000.0, in_coin=True)
    row = option("O", "BTC", "put", 9_000.0, payoff="coin", settlement_asset="BTC")
    more = {"coins": ("BTC",), "vols": {"O": vol}, "forwards": {"BTC": forward}}
    venue = book("deribit-sm-2026-02-15", {"BTC": 10_000.0}, [row], [("O", -1, None)], **more)
    unit = venue.unit(underlying="BTC")
    assert unit["initial_margin"] == pytest.approx(1_250.0, rel=1e-9)
    assert unit["maintenance_margin"] == pytest.approx(1_000.0, rel=1e-9)


# OKX


@pytest.mark.parametrize(
    ("name", "contracts", "value", "mark", "index", "maintenance", "initial", "floor"),
    [
        ("BTC", -10, 0.01, 97_093.7, 97_078.9, 1183.8207318516002, 1538.9669514070802,
         43.67206660410001),
        ("LTC", 10, 1.0, 102.0, 101.9951, 191.6629744572, 249.16186679436, 7.1367156),
    ],
)  # fmt: skip
def test_okx_portfolio_margin(
    name: str, contracts: float, value: float, mark: float, index: float,
    maintenance: float, initial: float, floor: float,
) -> None:  # fmt: skip
    """API v5, position-builder response example of 2025-01-15 (1 USDT = 0.99954 USD)."""
    swap = future("SWAP", name, settlement_asset="USDT", multiplier=value)
    venue = book(
        "okx-pm-2025-01-15",
        {name: index},
        [swap],
        [("SWAP", contracts, mark)],
        assets={"USDT": 0.99954},
        marks={"SWAP": mark},
    )
    unit = venue.unit(underlying=name)
    assert unit["maintenance_margin"] == pytest.approx(maintenance, rel=1e-7)
    assert unit["initial_margin"] == pytest.approx(initial, rel=1e-7)
    charges = venue.charges(underlying=name)
    assert charges["minimum_scaled"] == pytest.approx(floor, rel=1e-7)
    assert charges["standard"] == pytest.approx(charges["extended"], rel=1e-7)


@pytest.mark.parametrize(
    ("name", "kind", "strike", "mark", "initial", "maintenance"),
    [
        # okx.com/help/ii-option-margin: max(0.1, 0.15 - OTM/F) + mark; c is 0.03 BTC, 0.05 ETH
        ("BTC", "call", 6_000.0, 0.0575, 0.15 - 100 / 5_900 + 0.0575, 0.0875),
        ("ETH", "call", 6_000.0, 0.0575, 0.15 - 100 / 5_900 + 0.0575, 0.1075),
        ("BTC", "put", 5_800.0, 0.0575, 0.15 - 100 / 5_900 + 0.0575, 0.0875),
        ("BTC", "call", 7_000.0, 0.0575, 0.10 + 0.0575, 0.0875),
    ],
)
def test_okx_options(
    name: str, kind: str, strike: float, mark: float, initial: float, maintenance: float
) -> None:
    forward = 5_900.0
    vol, ahead = carried(kind, mark * forward, forward, strike, in_coin=True)
    assert ahead == forward
    row = option("O", name, kind, strike, payoff="coin", settlement_asset=name)
    more = {"coins": (name,), "vols": {"O": vol}}
    venue = book("okx-options-2025-01-15", {name: forward}, [row], [("O", -1, None)], **more)
    unit = venue.unit(underlying=name)
    assert unit["initial_margin"] / forward == pytest.approx(initial, rel=1e-9)
    assert unit["maintenance_margin"] / forward == pytest.approx(maintenance, rel=1e-9)


# Bybit


@pytest.mark.parametrize("preset", ["bybit-options-2024-01-01", "bybit-options-2026-02-01"])
def test_bybit_options(preset: str) -> None:
    """Help articles: MM 1,260 of index 30,000 mark 300; IM 2,315, MM 938 of a put at 18,500."""
    for kind, strike, index, mark, entry, initial, maintenance in (
        ("call", 30_000.0, 30_000.0, 300.0, None, None, 1_260.0),
        ("put", 18_500.0, 20_250.0, 290.0, 280.0, 2_315.0, 938.0),
    ):
        vol, forward = carried(kind, mark, index, strike)
        row = option("O", "BTC", kind, strike)
        more = {"vols": {"O": vol}, "forwards": {"BTC": forward}}
        unit = book(preset, {"BTC": index}, [row], [("O", -1, entry)], **more).unit(
            underlying="BTC"
        )
        assert unit["maintenance_margin"] == pytest.approx(maintenance, rel=1e-9)
        if initial is not None:
            assert unit["initial_margin"] == pytest.approx(initial, rel=1e-9)


def test_bybit_perpetuals() -> None:
    """venues.md, 4: MM = value x MMR (+ fee to close); 1 BTC at 20,000 and 50x: IM 400, MM 100."""
    venue = book(
        "bybit-perpetuals-2026-02-01",
        {"BTC": 20_000.0},
        [future("P", "BTC", settlement_asset="USDT")],
        [("P", 1.0, 20_000.0)],
        balances=[("USDT", 400.0)],
        assets={"USDT": 1.0},
    )
    parts_of = lines(venue.engine, "futures")["BTC"]
    assert parts_of == (pytest.approx(400.0), pytest.approx(100.0))
    fees = lines(venue.engine, "fee")["BTC"]
    assert fees == (pytest.approx(11.0), pytest.approx(11.0))


@pytest.mark.parametrize("value", [3_500.0, 500.0, 4_500.0])
def test_bybit_s_deduction_is_what_marginal_tiers_make_of_it(value: float) -> None:
    """The worked example of Bybit help, five tiers: 3,500 at 3.5 % less 30 is 92.5."""
    tiers = ((1e3, 0.02), (2e3, 0.025), (3e3, 0.03), (4e3, 0.035), (5e3, 0.04))
    policy = tm.Policies.preset("bybit-perpetuals-2026-02-01").loaded[0].config
    data = policy.model_dump(exclude_unset=True, mode="python")
    data["underlyings"]["BTC"]["futures"]["brackets"] = [
        {"notional_cap": cap, "initial_ratio": 0.1, "maintenance_ratio": rate}
        for cap, rate in tiers
    ]
    instruments, positions = [future("P", "BTC")], [("P", value, 1.0)]
    rules = {"schema": 1, "policies": {"p": data}}
    venue = Venue(rules, {"BTC": 1.0}, instruments, {"A": (positions, [])})
    rate, deduction = {3_500.0: (0.035, 30.0), 500.0: (0.02, 0.0), 4_500.0: (0.04, 50.0)}[value]
    got = lines(venue.engine, "futures")["BTC"][1]
    assert got == pytest.approx(value * rate - deduction, rel=1e-12)


# Binance: cap, maintenance rate, highest leverage and cumulative amount of a bracket, 2024-10.

TO_12M = ((50e3, 0.004, 125, 0), (600e3, 0.005, 100, 50), (3e6, 0.0065, 75, 950),
          (12e6, 0.01, 50, 11_450))  # fmt: skip
BINANCE = {
    "BTC": (*TO_12M, (70e6, 0.02, 25, 131_450), (100e6, 0.025, 20, 481_450),
            (230e6, 0.05, 10, 2_981_450), (480e6, 0.1, 5, 14_481_450),
            (600e6, 0.125, 4, 26_481_450), (800e6, 0.15, 3, 41_481_450),
            (1.2e9, 0.25, 2, 121_481_450), (1.8e9, 0.5, 1, 421_481_450)),
    "ETH": (*TO_12M, (50e6, 0.02, 25, 131_450), (65e6, 0.025, 20, 381_450),
            (150e6, 0.05, 10, 2_006_450), (320e6, 0.1, 5, 9_506_450),
            (400e6, 0.125, 4, 17_506_450), (530e6, 0.15, 3, 27_506_450),
            (800e6, 0.25, 2, 80_506_450), (1.2e9, 0.5, 1, 280_506_450)),
}  # fmt: skip


@pytest.mark.parametrize("name", BINANCE)
def test_binance_brackets(name: str) -> None:
    """MM = N x rate - cum, at every cap; IM of each slice is 1 / its leverage."""
    below = initial = 0.0
    for cap, rate, leverage, cumulated in BINANCE[name]:
        initial += (cap - below) / leverage
        below = cap
        unit = perpetual("binance-usdm-2024-10-01", name, 1.0, cap)
        assert unit["maintenance_margin"] == pytest.approx(cap * rate - cumulated, rel=1e-12)
        assert unit["initial_margin"] == pytest.approx(initial, rel=1e-12)


def test_binance_liquidation_price() -> None:
    """(WB + cum - q EP) / (q rate - q) in the bracket it falls in: 1 ETH of 3,000 on 600 USDT."""
    for side, price in ((1, (600 - 3_000) / (0.004 - 1)), (-1, (600 + 3_000) / (0.004 + 1))):
        venue = book(
            "binance-usdm-2024-10-01",
            {"ETH": 3_000.0},
            [future("P", "ETH", settlement_asset="USDT")],
            [("P", float(side), 3_000.0)],
            balances=[("USDT", 600.0)],
            assets={"USDT": 1.0},
        )
        assert venue.liquidation(side, underlying="ETH") == pytest.approx(price, rel=1e-9)


# BitMEX and Kraken


@pytest.mark.parametrize(
    ("coins", "initial", "maintenance"),
    [(180, 0.01, 0.005), (230, 0.015, 0.01), (349, 0.015, 0.01), (499, 0.02, 0.015)],
)
def test_bitmex_steps(coins: float, initial: float, maintenance: float) -> None:
    """bitmex.com/app/riskLimitsExamples."""
    unit = perpetual("bitmex-xbt-2024-01-01", "BTC", 60_000.0, coins)
    assert unit["initial_margin"] / unit["gross_notional"] == pytest.approx(initial)
    assert unit["maintenance_margin"] / unit["gross_notional"] == pytest.approx(maintenance)


@pytest.mark.parametrize(
    ("contracts", "initial"),
    [(500e3, 0.02), (1e6, 0.04), (3e6, 0.06), (6e6, 0.10), (12e6, 0.15), (20e6, 0.25),
     (50e6, 0.30), (50e6 + 1, 0.40)],
)  # fmt: skip
def test_kraken_levels(contracts: float, initial: float) -> None:
    """Its table of levels of the inverse BTC contract; maintenance is half of initial."""
    instrument = future("P", "BTC", payoff="inverse", settlement_asset="BTC")
    unit = book(
        "kraken-btc-inverse-2024-01-01",
        {"BTC": 60_000.0},
        [instrument],
        [("P", contracts, 60_000.0)],
        coins=("BTC",),
    ).unit(underlying="BTC")
    assert unit["initial_margin"] == pytest.approx(initial * contracts, rel=1e-12)
    assert unit["maintenance_margin"] == pytest.approx(initial / 2 * contracts, rel=1e-12)


def test_kraken_nets_to_the_larger_side() -> None:
    """Long margin 100, short 60: 100 in all."""
    pair = [future("LONG", "BTC"), future("SHORT", "BTC")]
    held = [("LONG", 5_000.0, 1.0), ("SHORT", -3_000.0, 1.0)]
    venue = book("kraken-btc-inverse-2024-01-01", {"BTC": 1.0}, pair, held)
    assert venue.unit(underlying="BTC")["initial_margin"] == pytest.approx(100.0)


# On-chain


@pytest.mark.parametrize(
    ("name", "notional", "maintenance"),
    [("BTC", 1e6, 12_500.0), ("BTC", 150e6, 1_875_000.0), ("BTC", 200e6, 3_125_000.0),
     ("DOGE", 10e6, 500_000.0), ("DOGE", 30e6, 2_000_000.0),
     ("ETH", 50e6, 1_000_000.0), ("ETH", 150e6, 3_666_666.666666667)],
)  # fmt: skip
def test_hyperliquid_tiers(name: str, notional: float, maintenance: float) -> None:
    """Its documentation's mainnet tiers."""
    unit = perpetual("hyperliquid-2025-06-01", name, 100.0, notional / 100.0)
    assert unit["maintenance_margin"] == pytest.approx(maintenance, rel=1e-12)
    assert unit["initial_margin"] == pytest.approx(2 * maintenance, rel=1e-12)


def chain(preset: str, name: str, price: float, size: float, settle: str) -> tuple[int, int]:
    markets = {name: {"index": price, "price": price}}
    made = engine(preset, markets, {settle: 1e9}, held=[(name, size, price)], settle=settle)
    initial, maintenance = lines(made, "futures")[name]
    return parts(initial), parts(maintenance)


def test_dydx_tiers() -> None:
    """Genesis: Large-Cap 2 % and 60 % of it, Small-Cap 10 % and half; ceil(N x rate)."""
    assert chain("dydx-v4-2024-09-20", "BTC", 60_000.0, 1.0, "USDC") == (12 * 10**8, 72 * 10**7)
    assert chain("dydx-v4-2024-09-20", "ETH", 3_000.0, 1.0, "USDC") == (6 * 10**7, 36 * 10**6)
    for name in ("SOL", "LINK", "AVAX", "DOGE"):
        got = chain("dydx-v4-2024-09-20", name, 10.0, 100.0, "USDC")
        assert got == (100 * 10**6, 50 * 10**6), name


def test_drift_size_premium() -> None:
    """protocol-v2 margin tests: 6.147540983 at 22,050, 10 % and a factor of 0.001."""
    initial, _ = chain("drift-v2-2024-03-01", "BTC", 22_050.0, 6.147540983, "USDC")
    assert initial == 13_555_327_867


def test_vega_risk_model() -> None:
    """Its expected-shortfall factors, 1 - Phi(z - s) / lambda and Phi(z + s) / lambda - 1.

    z = Phi^-1(lambda), s = sigma sqrt(tau); lambda 0.000001, tau 0.000003995 and sigma 1 of the
    mainnet market; slippage 0.001, initial level 1.2.
    """
    normal, tail, s = NormalDist(), 1e-6, math.sqrt(0.000003995)
    z = normal.inv_cdf(tail)
    factors = {1: 1 - normal.cdf(z - s) / tail, -1: normal.cdf(z + s) / tail - 1}
    for name in ("BTC", "ETH", "JUP"):
        for side, factor in factors.items():
            got = chain("vega-cross-2024-10-22", name, 1_000.0, 10.0 * side, "USDT")
            assert got[1] == pytest.approx(1e10 * (factor + 0.001), rel=1e-6)
            assert got[0] == pytest.approx(1.2 * got[1], abs=2)
