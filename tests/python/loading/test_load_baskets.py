"""Synthetic baskets: the table of components, its faults by code, and positions taken apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tickmargin as tm

INSTRUMENTS = {
    "instrument": ["BTC-PERP", "ETH-PERP", "SOL-PERP", "BTC-INV", "ETH-CALL", "ETH-EUR"],
    "kind": ["perpetual", "perpetual", "perpetual", "perpetual", "option", "perpetual"],
    "underlying": ["BTC", "ETH", "SOL", "BTC", "ETH", "ETH"],
    "settlement_asset": ["USDC", "USDC", "USDC", "BTC", "USDC", "EUR"],
    "payoff": ["linear", "linear", "linear", "inverse", "linear", "linear"],
    "multiplier": [0.01, 1.0, 10.0, 100.0, 1.0, 1.0],
    "strike": [None, None, None, None, 3_000.0, None],
    "expiry_ns": [None, None, None, None, 10**18 * 2, None],
    "option_type": [None, None, None, None, "call", None],
}
# 0.5 BTC and 4 ETH: 30,000 + 12,000
COMPONENTS = {
    "basket": ["MAJORS", "MAJORS"],
    "instrument": ["BTC-PERP", "ETH-PERP"],
    "weight": [0.5, 4.0],
    "reference_price": [60_000.0, 3_000.0],
}


def load(components: Any = COMPONENTS, positions: Any = None, **instruments: Any) -> tm.Portfolio:
    return tm.Portfolio.from_tables(
        instruments={**INSTRUMENTS, **instruments},
        accounts={"account": ["anna", "boris"]},
        positions=positions
        or {
            "account": ["anna", "anna"],
            "instrument": ["MAJORS", "ETH-PERP"],
            "quantity": [2.0, 1.0],
            "entry_price": [44_100.0, 2_800.0],
        },
        balances={"account": ["anna"], "asset": ["USDC"], "amount": [1_000.0]},
        components=components,
    )


def held(portfolio: tm.Portfolio) -> dict[tuple[str, str], tuple[float, float]]:
    rows = portfolio.positions
    names = portfolio.instruments.names
    return {
        (str(names[i]), "short" if q < 0 else "long"): (float(q), float(e))
        for i, q, e in zip(rows.instrument, rows.quantity, rows.entry_price, strict=True)
    }


def test_a_position_is_its_components_at_prices_that_add_up():
    portfolio = load()
    taken = held(portfolio)
    # 2 baskets are 1 BTC in contracts of 0.01; 44,100 is 1.05 times what the basket was worth
    assert taken["BTC-PERP", "long"] == (100.0, pytest.approx(63_000.0, rel=1e-15))
    # with the account's own contract at 2,800: (8 x 3,150 + 2,800) / 9
    assert taken["ETH-PERP", "long"] == (9.0, pytest.approx(28_000.0 / 9.0, rel=1e-15))
    assert len(taken) == 2
    given = list(portfolio.table("positions"))
    assert [(row["instrument"], row["quantity"]) for row in given] == [
        ("MAJORS", 2.0),
        ("ETH-PERP", 1.0),
    ]


def test_a_spread_keeps_every_components_price_above_zero():
    components = {**COMPONENTS, "weight": [0.5, -10.0]}  # worth 30,000 less 30,000
    for price in (-45_000.0, -10.0, 0.0, 10.0, 45_000.0):
        positions = {
            "account": ["boris"], "instrument": ["MAJORS"], "quantity": [-1.0],
            "entry_price": [price],
        }  # fmt: skip
        taken = held(load(components, positions))
        btc, eth = taken["BTC-PERP", "short"][1], taken["ETH-PERP", "long"][1]
        assert taken["BTC-PERP", "short"][0] == -50.0
        assert taken["ETH-PERP", "long"][0] == 10.0
        assert btc > 0
        assert eth > 0
        assert 0.5 * btc - 10.0 * eth == pytest.approx(price, abs=1e-11)
        assert btc / 60_000.0 * (eth / 3_000.0) == pytest.approx(1.0, rel=1e-14)


def test_rows_of_the_same_contract_meet_and_opposite_sides_do_not():
    components = {
        "basket": ["A", "B", "C"],
        "instrument": ["ETH-PERP", "ETH-PERP", "ETH-PERP"],
        "weight": [1.0, 2.0, -3.0],
        "reference_price": [3_000.0, 3_000.0, 3_000.0],
    }
    positions = {
        "account": ["anna"] * 4 + ["boris"],
        "instrument": ["A", "B", "C", "ETH-PERP", "A"],
        "side": [None, None, None, "long", "short"],
        "quantity": [1.0, 1.0, 1.0, 5.0, 7.0],
        "entry_price": [3_000.0, 6_200.0, -9_300.0, 2_900.0, 3_333.0],
    }
    portfolio = load(components, positions)
    anna = portfolio.positions.account == 0
    rows = sorted(
        zip(
            portfolio.positions.quantity[anna].tolist(),
            portfolio.positions.entry_price[anna].tolist(),
            strict=True,
        )
    )
    assert rows[0] == (-3.0, pytest.approx(3_100.0))
    assert rows[1] == (8.0, pytest.approx((3_000.0 + 2 * 3_100.0 + 5 * 2_900.0) / 8.0))
    assert len(rows) == 2
    (boris,) = np.flatnonzero(~anna)
    assert portfolio.positions.quantity[boris] == -7.0


def test_the_order_of_rows_leaves_no_trace_in_the_sums():
    components = {
        "basket": ["A", "B", "C"],
        "instrument": ["ETH-PERP"] * 3,
        "weight": [0.1, 0.7, 1.3],
        "reference_price": [3_000.0] * 3,
    }
    rows = [("A", 0.3, 301.0), ("B", 1.1, 2_100.0), ("C", 0.7, 3_901.0), ("ETH-PERP", 0.9, 2_950.0)]

    def sums(order: list[int]) -> tuple[float, float]:
        chosen = [rows[n] for n in order]
        positions = {
            "account": ["anna"] * 4,
            "instrument": [row[0] for row in chosen],
            "quantity": [row[1] for row in chosen],
            "entry_price": [row[2] for row in chosen],
        }
        return held(load(components, positions))["ETH-PERP", "long"]

    assert len({sums(order) for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1])}) == 1


def test_an_index_is_a_component_and_needs_no_mark():
    components = {
        "basket": ["B", "B"],
        "instrument": ["BTC-PERP", None],
        "underlying": [None, "ETH"],
        "weight": [1.0, 2.0],
        "reference_price": [60_000.0, 3_000.0],
    }
    positions = {
        "account": ["anna"], "instrument": ["B"], "quantity": [1.0], "entry_price": [66_000.0],
    }  # fmt: skip
    portfolio = load(components, positions)
    assert held(portfolio)["ETH index in USDC", "long"] == (2.0, 3_000.0)
    assert "ETH index in USDC" not in portfolio.table("instruments")["instrument"].tolist()
    other = load({**components, "settlement_asset": [None, "USDC"]}, positions)
    assert held(other) == held(portfolio)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_portfolio_with_baskets_loads_back(tmp_path, format):
    portfolio = load()
    portfolio.save(tmp_path, format=format)
    again = tm.Portfolio.load(tmp_path)
    assert held(again) == held(portfolio)
    for name, table in portfolio.tables().items():
        assert list(again.table(name)) == list(table), name
    # saved over by one without baskets, no components stay behind
    positions = {
        "account": ["anna"], "instrument": ["ETH-PERP"], "quantity": [1.0], "entry_price": [1.0],
    }  # fmt: skip
    load(None, positions).save(tmp_path, format=format, overwrite=True)
    assert len(tm.Portfolio.load(tmp_path).baskets) == 0
    assert not (tmp_path / f"components.{format}").exists()


def frame_of(kind: str) -> Any:
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(COMPONENTS)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(COMPONENTS)
    if kind == "arrow":
        return pytest.importorskip("pyarrow").table(COMPONENTS)
    return {name: np.array(column) for name, column in COMPONENTS.items()}


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars", "arrow"])
def test_components_come_in_any_kind_of_table(kind):
    assert held(load(frame_of(kind))) == held(load())


def changed(**columns: Any) -> dict[str, Any]:
    return {**COMPONENTS, **columns}


@pytest.mark.parametrize(
    ("components", "code", "column", "row", "words"),
    [
        (changed(instrument=["BTC-PERP", "ETH-PERQ"]), "UNKNOWN_INSTRUMENT", "instrument", 1,
         "did you mean 'ETH-PERP'"),
        (changed(basket=["MAJORS", "ETH-PERP"]), "DUPLICATE_ID", "basket", 1,
         "'ETH-PERP' has the name of an instrument"),
        (changed(basket=["A", "B"], instrument=["BTC-PERP", "A"]), "COMPONENT_NESTED",
         "instrument", 1, "'A' is a basket"),
        (changed(basket=["A", "A"], instrument=["BTC-PERP", "A"]), "COMPONENT_NESTED",
         "instrument", 1, "'A' is a basket"),
        (changed(weight=[math.nan, 1.0]), "NOT_FINITE", "weight", 0, "nan"),
        (changed(weight=[1.0, math.inf]), "NOT_FINITE", "weight", 1, "inf"),
        (changed(weight=[1.0, 0.0]), "ZERO_WEIGHT", "weight", 1, "leave the component out"),
        (changed(weight=[1.0, 1e150]), "OUT_OF_RANGE", "weight", 1, "beyond 1e150"),
        (changed(reference_price=[1.0, -1.0]), "NOT_POSITIVE", "reference_price", 1, "-1.0"),
        (changed(instrument=["BTC-PERP"] * 2), "DUPLICATE_ID", None, 1, "already a component"),
        (changed(instrument=["BTC-PERP", "BTC-INV"]), "COMPONENT_NOT_LINEAR", "instrument", 1,
         "payoff inverse"),
        (changed(instrument=["BTC-PERP", "ETH-EUR"]), "COMPONENT_SETTLEMENT",
         "settlement_asset", 1, "settles in EUR, others of 'MAJORS' in USDC"),
        (changed(instrument=["BTC-PERP", "ETH-CALL"]), "BASKET_MIXED", "instrument", 1,
         "make two of it"),
        (changed(underlying=["BTC", None]), "COMPONENT_NOT_ONE", "instrument", 0, "fill one"),
        (changed(instrument=["BTC-PERP", None]), "COMPONENT_NOT_ONE", "instrument", 1, "fill one"),
        (changed(instrument=[None] * 2, underlying=["BTC", "ETH"]), "COMPONENT_SETTLEMENT",
         "settlement_asset", 0, "needs a settlement_asset"),
        (changed(wait=[1.0, 2.0]), "UNKNOWN_COLUMN", None, None, "'weight'"),
    ],
)  # fmt: skip
def test_every_fault_of_a_component_is_named(components, code, column, row, words):
    with pytest.raises(tm.InvalidInputError) as refused:
        load(components)
    found = [issue for issue in refused.value.issues if issue.code == code]
    assert [(i.file, i.column, i.row) for i in found][:1] == [("components", column, row)]
    assert words in found[0].message


def test_the_name_of_an_index_contract_must_be_free():
    components = {
        "basket": ["B"], "underlying": ["ETH"], "weight": [1.0], "reference_price": [1.0],
        "settlement_asset": ["USDC"],
    }  # fmt: skip
    names = [*INSTRUMENTS["instrument"][:-1], "ETH index in USDC"]
    with pytest.raises(tm.InvalidInputError, match="is the name of the index in a basket"):
        load(components, instrument=names)


@pytest.mark.parametrize(
    ("weights", "quantity", "price", "code", "words"),
    [
        ([0.5, 4.0], 1.0, None, "MISSING_ENTRY_PRICE", "basket position needs an entry_price"),
        ([0.5, 4.0], 1.0, -1.0, "BASKET_PRICE", "greater than 0: all weights are"),
        ([0.5, 4.0], 1.0, 0.0, "BASKET_PRICE", "greater than 0"),
        ([-0.5, -4.0], 1.0, 1.0, "BASKET_PRICE", "less than 0: all weights are"),
        ([0.5, 4.0], 1.0, 1e151, "OUT_OF_RANGE", "beyond 1e150"),
        ([0.5, 4.0], 1e307, 1.0, "OUT_OF_RANGE", "no finite number of contracts"),
        ([0.5, 4e-200], 1e-200, 1.0, "OUT_OF_RANGE", "no finite number of contracts"),
        ([0.5, 4.0], math.nan, 1.0, "NOT_FINITE", "nan"),
    ],
)
def test_a_position_that_cannot_be_taken_apart_is_refused(weights, quantity, price, code, words):
    positions = {
        "account": ["anna", "boris"],
        "instrument": ["ETH-PERP", "MAJORS"],
        "quantity": [1.0, quantity],
        "entry_price": [3_000.0, price],
    }
    with pytest.raises(tm.InvalidInputError) as refused:
        load(changed(weight=weights), positions)
    (issue,) = refused.value.issues
    assert (issue.code, issue.file, issue.row) == (code, "positions", 1)
    assert words in issue.message


def test_a_name_that_is_neither_is_suggested_a_basket():
    positions = {
        "account": ["anna"], "instrument": ["MAJOR"], "quantity": [1.0], "entry_price": [1.0],
    }  # fmt: skip
    with pytest.raises(tm.InvalidInputError, match="did you mean 'MAJORS'"):
        load(positions=positions)


def test_an_underlying_the_market_lacks_is_named():
    components = {
        "basket": ["B"], "underlying": ["DOGE"], "weight": [1.0], "reference_price": [1.0],
        "settlement_asset": ["USDC"],
    }  # fmt: skip
    positions = {
        "account": ["anna"], "instrument": ["B"], "quantity": [1.0], "entry_price": [1.0],
    }  # fmt: skip
    market = tm.Market.from_tables(
        as_of_ns=10**18,
        assets={"asset": ["USDC", "EUR", "BTC"], "mark_price": [1.0, 1.1, None],
                "underlying": [None, None, "BTC"]},
        underlyings={"underlying": ["BTC", "ETH", "SOL"], "index_price": [1.0, 1.0, 1.0]},
    )  # fmt: skip
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Engine(market, load(components, positions), "house-fixed")
    assert [issue.code for issue in refused.value.issues] == ["UNKNOWN_UNDERLYING"]
    assert "'DOGE'" in str(refused.value)
