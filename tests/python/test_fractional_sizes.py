"""Positions in sizes that a protocol does not have: margined as the next larger, and told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.property.test_protocol_policies import engine as one_account
from tests.python.live_books import market, portfolio

import tickmargin as tm

MARKETS = {"BTC": {"index": 60_000.0, "price": 60_000.0, "multiplier": 0.001}}


def told(engine: tm.Engine) -> list[tuple[str, object, str]]:
    return [(i.code, i.value, i.message) for i in engine.warnings if i.code == "SIZE_NOT_WHOLE"]


def held(size: float, preset: str = "vega-isolated") -> tm.Engine:
    return one_account(preset, MARKETS, {"USDC": 1e6}, held=[("BTC", size, 60_000.0)])


@pytest.mark.parametrize("size", [0.1, 0.7, -1.1, 3.3, 1e5 + 0.1, -0.3])
def test_a_whole_number_of_units_is_not_told_of_however_it_is_written(size: float) -> None:
    """Contracts of 0.001 coins, sizes in 0.0001: 0.1 x 0.001 is no float64 of its own."""
    assert told(held(size)) == []


@pytest.mark.parametrize(("size", "as_if"), [(0.15, 0.2), (-0.15, -0.2), (7.000001, 7.1)])
def test_a_fraction_is_told_of_and_counts_as_one(size: float, as_if: float) -> None:
    message = (
        "policy vega-isolated: 1 account holds BTC-PERP in no whole number of 0.0001 base units, "
        "in which its rule counts; a fraction counts as one (A)"
    )
    assert told(held(size)) == [("SIZE_NOT_WHOLE", "BTC-PERP", message)]
    margins = [held(s).recompute().accounts["maintenance_margin"][0] for s in (size, as_if)]
    assert margins[0] == margins[1]
    # The same size has whole parts where the chain has finer ones.
    assert told(held(0.15, "dydx-v4")) == []


def test_holders_are_counted_and_the_first_named() -> None:
    tables: dict[str, Any] = {n: dict(t.to_dict()) for n, t in portfolio().tables().items()}
    names = ["a", "b", "c", "d", "e"]
    tables["accounts"] = {"account": names}
    tables["positions"] = {
        "account": names,
        "instrument": ["BTC-PERP"] * 4 + ["BTC-66000-C"],
        "quantity": [0.00005, -1.00005, 2.00005, 3.00005, 0.00005],
        "entry_price": [60_000.0] * 4 + [None],
    }
    tables["balances"] = {**{k: [v[0]] for k, v in tables["balances"].items()}, "account": ["a"]}
    book = tm.Portfolio.from_tables(**tables)
    (found,) = told(tm.Engine(market(), book, "vega-cross"))
    assert found[1] == "BTC-PERP"  # the option has no place in the rule at all
    assert "4 accounts hold BTC-PERP" in found[2]
    assert found[2].endswith("(a, b, c, ...)")
    assert told(tm.Engine(market(), book, "house-portfolio")) == []
