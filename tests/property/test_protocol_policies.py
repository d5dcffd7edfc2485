"""Policies of method ``protocol``: the engine's margin is the protocol's own, to the last part."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracle import protocol_margin as twin
from tests.property.books import CI
from tests.python.live_books import market, portfolio

import tickmargin as tm
from tickmargin.protocols import drift_v2, dydx_v4, vega

AS_OF_NS = 1_700_000_000_000_000_000
MONEY = 10**6
Row = dict[str, Any]


def engine(
    policy: Row | str,
    markets: dict[str, Row],
    balances: dict[str, float],
    prices: dict[str, float] | None = None,
    held: list[tuple[str, float, float]] | None = None,
    settle: str = "USDC",
) -> tm.Engine:
    """One account; `markets` by underlying with `price`, `held` as (underlying, size, entry).

    `policy` is one policy, or the name of a preset.
    """
    names = list(markets)
    assets = {settle: 1.0, **(prices or {})}
    market = tm.Market.from_tables(
        as_of_ns=AS_OF_NS,
        assets={"asset": list(assets), "mark_price": list(assets.values())},
        underlyings={"underlying": names, "index_price": [m["index"] for m in markets.values()]},
        marks={
            "instrument": [f"{n}-PERP" for n in names],
            "mark_price": [m["price"] for m in markets.values()],
        },
    )
    rows = held or []
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": [f"{n}-PERP" for n in names],
            "kind": ["perpetual"] * len(names),
            "underlying": names,
            "settlement_asset": [settle] * len(names),
            "payoff": ["linear"] * len(names),
            "multiplier": [m.get("multiplier", 1.0) for m in markets.values()],
        },
        accounts={"account": ["A"]},
        positions={
            "account": ["A"] * len(rows),
            "instrument": [f"{name}-PERP" for name, _, _ in rows],
            "side": ["long" if size > 0 else "short" for _, size, _ in rows],
            "quantity": [abs(size) for _, size, _ in rows],
            "entry_price": [entry for _, _, entry in rows],
        },
        balances={
            "account": ["A"] * len(balances),
            "asset": list(balances),
            "amount": list(balances.values()),
        },
    )
    if isinstance(policy, str):
        return tm.Engine(market, portfolio, policy)
    policies = tm.Policies.from_dict({"schema": 1, "policies": {"venue": policy}})
    return tm.Engine(market, portfolio, policies)


def lines(of: tm.Engine, component: str) -> dict[str, tuple[float, float]]:
    return {
        row["underlying"]: (row["initial_margin"], row["maintenance_margin"])
        for row in of.explain("A").requirement
        if row["component"] == component
    }


def parts(amount: float) -> int:
    """The whole number that an amount of money stands for: the next one up, and just below it."""
    whole = ceil(Fraction(amount) * MONEY)
    assert Fraction(whole, MONEY) - Fraction(amount) <= Fraction(abs(amount)) / 2**51
    return whole


ppm = st.integers(1_000, 1_000_000)
sizes = st.integers(-(10**8), 10**8).filter(bool)
prices = st.integers(1, 10**8)
indices = st.floats(0.5, 2.0)
underlyings = st.sampled_from(["BTC", "ETH", "SOL"])


@st.composite
def dydx_markets(draw: Any) -> Row:
    lower = draw(st.integers(0, 10**8))
    return {
        "size_decimals": draw(st.integers(4, 10)),
        "price_decimals": draw(st.integers(3, 8)),
        "initial_margin_ppm": draw(ppm),
        "maintenance_fraction_ppm": draw(ppm),
        "custom_initial_margin_ppm": draw(st.one_of(st.just(0), ppm)),
        "open_interest_lower_cap": float(lower),
        "open_interest_upper_cap": draw(st.sampled_from([0.0, float(lower + 1), lower * 2.0 + 1])),
        "open_interest_base": float(draw(st.integers(0, 10**7))),
    }


@CI
@given(st.dictionaries(underlyings, st.tuples(dydx_markets(), sizes, prices, indices), min_size=1))
def test_dydx_margins_are_the_chain_s(book: dict[str, tuple[Row, int, int, float]]) -> None:
    markets, held = {}, []
    for name, (rule, size, price, index) in book.items():
        at = price / 10 ** rule["price_decimals"]
        markets[name] = {"index": at * index, "price": at}
        held.append((name, size / 10 ** rule["size_decimals"], at))
    first, *others = book
    policy: Row = {
        "method": "protocol",
        "haircuts": {"USDC": 0.0},
        "protocol": {"rule": "dydx_v4", **book[first][0]},
        "underlyings": {name: {"protocol": book[name][0]} for name in others},
    }
    made = engine(policy, markets, {"USDC": 1_000.0}, held=held)
    asked = lines(made, "futures")
    total = [0, 0]
    for name, (rule, size, price, _) in book.items():
        m = {
            **rule,
            "quote_decimals": 6,
            "custom_ppm": rule["custom_initial_margin_ppm"],
            "interest": int(rule["open_interest_base"]) * 10 ** rule["size_decimals"],
            "lower_cap": int(rule["open_interest_lower_cap"]) * MONEY,
            "upper_cap": int(rule["open_interest_upper_cap"]) * MONEY,
        }
        by_hand = twin.dydx(m, size, price)
        tier = dydx_v4.Tier(
            rule["initial_margin_ppm"],
            rule["maintenance_fraction_ppm"],
            m["lower_cap"],
            m["upper_cap"],
        )
        each = dydx_v4.price_per_quantum(price, -rule["price_decimals"], -rule["size_decimals"])
        position = dydx_v4.Position(size, each, tier)
        alone = dydx_v4.margin_requirements(position, m["interest"], m["custom_ppm"])
        got = tuple(parts(amount) for amount in asked.get(name, (0.0, 0.0)))
        assert got == by_hand == tuple(alone)
        total = [total[0] + got[0], total[1] + got[1]]
    row = made.recompute().accounts
    for column, whole in zip(("initial_margin", "maintenance_margin"), total, strict=True):
        ticks = round(Fraction(float(row[column][0])) * MONEY)
        assert ticks - whole in ((0,) if len(book) == 1 else (0, 1))


ratios = st.integers(0, 4 * 10**9)


@st.composite
def vega_markets(draw: Any) -> Row:
    return {
        "size_decimals": draw(st.integers(0, 5)),
        "price_decimals": draw(st.integers(0, 5)),
        "risk_long": draw(st.integers(1, 10**9)) / 10**9,
        "risk_short": draw(ratios) / 10**9,
        "linear_slippage": draw(st.integers(0, 10**8)) / 10**9,
        "quadratic_slippage": draw(st.sampled_from([0.0, 1e-9, 1e-6])),
        "funding_per_unit": draw(st.integers(-(10**6), 10**6)) / 10**6,
        "initial_scaling": draw(st.integers(100_000, 300_000)) / 10**5,
    }


@CI
@given(vega_markets(), st.integers(-(10**5), 10**5).filter(bool), st.integers(1, 10**6), indices)
def test_vega_margins_are_the_chain_s(rule: Row, size: int, price: int, index: float) -> None:
    at = price / 10 ** rule["price_decimals"]
    held = [("BTC", size / 10 ** rule["size_decimals"], at)]
    policy = {
        "method": "protocol",
        "haircuts": {"USDC": 0.0},
        "protocol": {"rule": "vega", **rule},
    }
    made = engine(policy, {"BTC": {"index": at * index, "price": at}}, {"USDC": 10.0}, held=held)
    exact = {
        key: Fraction(round(rule[key] * 10**9), 10**9)
        for key in ("risk_long", "risk_short", "linear_slippage", "quadratic_slippage")
    }
    scaling = Fraction(round(rule["initial_scaling"] * 10**5), 10**5)
    funding = Fraction(round(rule["funding_per_unit"] * MONEY), MONEY)
    terms = {**rule, **exact, "quote_decimals": 6, "funding": funding, "initial_scaling": scaling}
    by_hand = twin.vega_levels(terms, size, price)
    assume(by_hand[0] < 2**53)  # what explain tells, a float64, stands for one whole number
    of_chain = vega.Market(
        mark=Fraction(price * MONEY, 10 ** rule["price_decimals"]),
        position_factor=10 ** rule["size_decimals"],
        funding_per_unit=funding * MONEY,
        **exact,
    )
    levels = vega.margin_levels(of_chain, size, scaling=vega.Scaling(scaling, scaling, scaling))
    got = tuple(parts(amount) for amount in lines(made, "futures").get("BTC", (0.0, 0.0)))
    assert got == by_hand == (levels.initial, levels.maintenance)


@st.composite
def drift_perps(draw: Any) -> Row:
    maintenance = draw(st.integers(100, 5_000))
    return {
        "initial_ratio": (maintenance + draw(st.integers(0, 5_000))) / 10_000,
        "maintenance_ratio": maintenance / 10_000,
        "size_factor": draw(st.integers(0, 10_000)) / 10**6,
        "profit_initial_weight": draw(st.integers(0, 10_000)) / 10_000,
        "profit_maintenance_weight": 1.0,
        "profit_size_factor": draw(st.integers(0, 10_000)) / 10**6,
    }


def drift_market(rule: Row) -> Row:
    """The same in the chain's whole numbers."""
    unit = {"size_factor": 10**6, "profit_size_factor": 10**6}
    names = {"profit": "pnl"}
    whole = {key: round(value * unit.get(key, 10_000)) for key, value in rule.items()}
    return {key.replace("profit", names["profit"]): value for key, value in whole.items()}


@st.composite
def drift_tokens(draw: Any) -> tuple[Row, Row, int, int]:
    """Haircuts, terms, tokens held (below 0 owed) and price."""
    maintenance = draw(st.integers(10_000, 20_000))
    kept = draw(st.integers(1_000, 10_000))
    initial = draw(st.integers(500, kept))
    haircut = {
        "quality": (10_000 - initial) / 10_000,
        "maintenance": {"quality": (10_000 - kept) / 10_000},
    }
    decimals = draw(st.integers(6, 9))
    terms = {
        "decimals": decimals,
        "initial_debt_weight": (maintenance + draw(st.integers(0, 5_000))) / 10_000,
        "maintenance_debt_weight": maintenance / 10_000,
        "size_factor": draw(st.integers(0, 10_000)) / 10**6,
        "scale_start": draw(st.sampled_from([0.0, 1e5, 1e7])),
        "deposits": float(draw(st.integers(0, 10**6))),
    }
    tokens = draw(st.integers(-(10**6), 10**6).filter(bool)) * 10 ** (decimals - 3)
    return haircut, terms, tokens, draw(st.integers(10**4, 10**10))


def spot_row(token: tuple[Row, Row, int, int]) -> Row:
    haircut, terms, tokens, price = token
    market = {
        "decimals": terms["decimals"],
        "initial_asset_weight": round(10_000 * (1 - haircut["quality"])),
        "maintenance_asset_weight": round(10_000 * (1 - haircut["maintenance"]["quality"])),
        "initial_liability_weight": round(10_000 * terms["initial_debt_weight"]),
        "maintenance_liability_weight": round(10_000 * terms["maintenance_debt_weight"]),
        "size_factor": round(10**6 * terms["size_factor"]),
        "scale_start": round(MONEY * terms["scale_start"]),
        "deposits": round(10 ** terms["decimals"] * terms["deposits"]),
    }
    return {"market": market, "tokens": tokens, "price": price}


@CI
@given(
    st.dictionaries(
        underlyings,
        st.tuples(drift_perps(), sizes, st.integers(10**4, 10**10), indices, st.floats(0.9, 1.1)),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from(["SOL", "JTO", "WBTC"]), drift_tokens()),
)
def test_drift_s_free_collateral_is_the_chain_s(
    book: dict[str, Any], tokens: dict[str, Any]
) -> None:
    markets, held, perps = {}, [], []
    for name, (rule, size, price, index, paid) in book.items():
        at, entry = price / MONEY, round(price * paid) / MONEY
        markets[name] = {"index": at * index, "price": at}
        held.append((name, size / 10**9, entry))
        cost = Fraction(size * round(entry * MONEY), 10**9)
        quote = floor(-cost)
        perps.append({"market": drift_market(rule), "base": size, "quote": quote, "price": price})
    first, *others = book
    policy: Row = {
        "method": "protocol",
        "haircuts": {"USDC": 0.0, **{name: token[0] for name, token in tokens.items()}},
        "protocol": {"rule": "drift_v2", **book[first][0]},
        "underlyings": {name: {"protocol": book[name][0]} for name in others},
        "tokens": {
            "USDC": {"decimals": 6, "initial_debt_weight": 1.0, "maintenance_debt_weight": 1.0},
            **{name: token[1] for name, token in tokens.items()},
        },
    }
    made = engine(
        policy,
        markets,
        {"USDC": 500.0, **{n: t[2] / 10 ** t[1]["decimals"] for n, t in tokens.items()}},
        {name: token[3] / MONEY for name, token in tokens.items()},
        held,
    )
    spot = [spot_row(token) for token in tokens.values()]
    row = made.recompute().accounts
    for kind, equity, margin in (
        ("initial", "equity_initial", "initial_margin"),
        ("maintenance", "equity", "maintenance_margin"),
    ):
        required, counted = twin.drift_account(spot, perps, kind)
        free = counted + 500 * MONEY - required
        got = (row[equity][0] - row[margin][0]) * MONEY
        # One part of rounding for each position and balance, and the engine's own.
        size = abs(row[equity][0]) + abs(row[margin][0])
        assert abs(got - free) <= 2 * (len(perps) + len(spot) + 2) + size * MONEY * 1e-14
    asked = lines(made, "futures")
    for (name, _), perp in zip(book.items(), perps, strict=True):
        alone = [twin.drift_account([], [perp], kind)[0] for kind in ("initial", "maintenance")]
        of_chain = drift_v2.PerpPosition(
            drift_v2.PerpMarket(**perp["market"]), perp["base"], perp["quote"], perp["price"]
        )
        public = [
            drift_v2.account_margin([], [of_chain], kind, open_order_margin=0).requirement
            for kind in ("initial", "maintenance")
        ]
        assert [parts(amount) for amount in asked.get(name, (0.0, 0.0))] == alone == public


DYDX: Row = {
    "rule": "dydx_v4",
    "size_decimals": 9,
    "price_decimals": 6,
    "initial_margin_ppm": 50_000,
    "maintenance_fraction_ppm": 600_000,
}


def test_an_account_has_one_position_in_a_market() -> None:
    policy = {"method": "protocol", "haircuts": {"USDC": 0.0}, "protocol": DYDX}
    markets = {"ETH": {"index": 2_000.0, "price": 2_000.0}}
    hedged = engine(
        policy, markets, {"USDC": 100.0}, held=[("ETH", 3.0, 2_000.0), ("ETH", -2.0, 2_000.0)]
    )
    assert lines(hedged, "futures") == {"ETH": (100.0, 60.0)}


def test_what_the_protocol_does_not_trade_is_undecidable() -> None:
    policy = {"method": "protocol", "haircuts": {"default": 0.0}, "protocol": DYDX}
    policies = tm.Policies.from_dict({"schema": 1, "policies": {"venue": policy}})
    states = tm.Engine(market(), portfolio(), policies).recompute().accounts
    told = dict(zip(states["account"], states["state"], strict=True))
    # Calls are held by anna and clara, perpetuals alone by boris.
    assert told["anna"] == told["clara"] == "undecidable"
    assert told["boris"] != "undecidable"
