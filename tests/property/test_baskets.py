"""A basket is the portfolio of its components: same numbers as written out, and as the twin."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracle.baskets import written_out
from tests.oracle.margin import Inputs, Twin
from tests.property.books import CI, COLUMNS, METHODS, columns, make_inputs, market_of, portfolio_of
from tests.property.compare import check_pockets, scale_of
from tests.property.markets import between, sometimes

import tickmargin as tm

draws = st.randoms(use_true_random=False)
methods = st.sampled_from(METHODS)
MONEY = ("USD", "USDC", "EUR")  # a coin a quote unit is beyond what fits into ticks
AMOUNTS = ("equity", "equity_initial", "initial_margin", "maintenance_margin")


def a_price(rng: random.Random, components: list[dict[str, Any]]) -> float:
    """A price of a basket: each component's somewhere near its reference price."""
    return sum(
        row["weight"] * row["reference_price"] * between(rng, 0.7, 1.3) for row in components
    )


def with_baskets(rng: random.Random, drawn: Inputs) -> tuple[Inputs, list[dict[str, Any]]]:
    """Baskets over what there is, and positions in them beside the others."""
    index = {row["underlying"]: row["index_price"] for row in drawn.market["underlyings"]}
    groups: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
    for row in drawn.portfolio["instruments"]:
        if row["payoff"] in ("linear", "quanto") and row["settlement_asset"] in MONEY:
            margined = row["kind"] in ("future", "perpetual")
            key = row["settlement_asset"], row["settlement_chain"], margined
            groups.setdefault(key, []).append(row)
    components: list[dict[str, Any]] = []
    positions = list(drawn.portfolio["positions"])
    for number, ((asset, chain, margined), members) in enumerate(sorted(groups.items())):
        name = f"BASKET-{number}"
        parts = [row for row in members if sometimes(rng, 0.7)] or members[:1]
        for row in parts:
            components.append(
                {
                    "basket": name,
                    "instrument": row["instrument"],
                    "weight": rng.choice([-2.0, -0.5, 0.25, 1.0, 3.0]),
                    "reference_price": index[row["underlying"]] * between(rng, 0.5, 1.5),
                }
            )
        if margined and sometimes(rng, 0.5):
            underlying = rng.choice(list(index))
            components.append(
                {
                    "basket": name,
                    "underlying": underlying,
                    "weight": rng.choice([-1.0, 0.1, 2.0]),
                    "reference_price": index[underlying],
                    "settlement_asset": asset,
                    "settlement_chain": chain,
                }
            )
        own = [row for row in components if row["basket"] == name]
        for account in drawn.portfolio["accounts"]:
            if not sometimes(rng, 0.8):
                continue
            held: dict[str, Any] = {
                "account": account["account"],
                "pocket": rng.choice(["cross", "cross", "iso"]),
                "instrument": name,
                "quantity": rng.choice([-3.0, -1.0, 0.0, 0.5, 2.0]),
            }
            if margined or sometimes(rng, 0.3):
                held["entry_price"] = a_price(rng, own)
            positions.append(held)
    return drawn.with_portfolio(positions=positions), components


def portfolio_with(drawn: Inputs, components: list[dict[str, Any]]) -> tm.Portfolio:
    tables = {name: columns(drawn.portfolio[name], COLUMNS[name]) for name in COLUMNS}
    return tm.Portfolio.from_tables(**tables, components=columns(components))


def policies_of(drawn: Inputs) -> dict[str, Any]:
    return {"schema": 1, "policies": {"drawn": drawn.policy}}


@CI
@given(draws, methods)
def test_a_basket_is_the_portfolio_of_its_components(rng: random.Random, method: str) -> None:
    drawn, components = with_baskets(rng, make_inputs(rng, method))
    assume(components)
    engine = tm.Engine(market_of(drawn), portfolio_with(drawn, components), policies_of(drawn))
    market, portfolio = written_out(drawn.market, drawn.portfolio, components)
    plain = replace(drawn, market=market, portfolio=portfolio)
    twin = Twin(plain)
    pockets = twin.pockets()
    result = engine.recompute()
    check_pockets(result, twin, pockets)
    # and to the tick, of the same engine over the portfolio written out
    alone = tm.Engine(market_of(plain), portfolio_of(plain), policies_of(drawn)).recompute()
    for name in AMOUNTS:
        ours, theirs = result.pockets[name], alone.pockets[name]
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        for row, difference in enumerate(np.abs(ours - theirs).tolist()):
            key = result.pockets["account"][row], result.pockets["pocket"][row]
            if not np.isnan(difference):
                assert difference <= 1.5e-6 + 1e-12 * scale_of(pockets[key]), (key, name)


@CI
@given(draws, methods)
def test_an_order_of_a_basket_is_one_of_all_its_components(rng: random.Random, method: str) -> None:
    drawn, components = with_baskets(rng, make_inputs(rng, method))
    assume(components)
    portfolio = portfolio_with(drawn, components)
    engine = tm.Engine(market_of(drawn), portfolio, policies_of(drawn))
    account = rng.choice(drawn.portfolio["accounts"])["account"]
    basket = rng.choice(components)["basket"]
    own = [row for row in components if row["basket"] == basket]
    price = a_price(rng, own)
    # Into a pocket that holds nothing the fill is the position, at this entry price.
    order = {"account": account, "pocket": "new", "instrument": basket, "quantity": 2.0}
    (answer,) = list(engine.what_if({**order, "price": price}))
    margined = bool(portfolio.baskets.margined[portfolio.baskets.names.tolist().index(basket)])
    if answer["reason"] in ("missing_price", "missing_vol", "missing_forward", "not_finite"):
        return
    held = {**order, "entry_price": price}
    after = drawn.with_portfolio(positions=[*drawn.portfolio["positions"], held])
    filled = tm.Engine(market_of(after), portfolio_with(after, components), policies_of(drawn))
    rows = {(r["account"], r["pocket"]): r for r in filled.recompute().pockets}
    row = rows[account, "new"]
    near = 2e-6 + 1e-9 * abs(row["gross_notional"])
    assert abs(answer["initial_margin_after"] - row["initial_margin"]) <= near
    assert abs(answer["maintenance_margin_after"] - row["maintenance_margin"]) <= near
    if margined:  # what is paid for is not in the pocket that starts with nothing
        assert abs(answer["equity_after"] - row["equity_initial"]) <= near


@CI
@given(draws, methods)
def test_what_is_explained_adds_up_to_the_basket(rng: random.Random, method: str) -> None:
    drawn, components = with_baskets(rng, make_inputs(rng, method))
    assume(components)
    portfolio = portfolio_with(drawn, components)
    engine = tm.Engine(market_of(drawn), portfolio, policies_of(drawn))
    given_rows = [
        row
        for row in drawn.portfolio["positions"]
        if row["instrument"].startswith("BASKET") and row["quantity"] != 0
    ]
    for account in portfolio.accounts.names.tolist():
        explained = engine.explain(account)
        mine = [row for row in given_rows if row["account"] == account]
        shown = {(row["pocket"], row["basket"]) for row in explained.baskets}
        assert shown == {(row["pocket"], row["instrument"]) for row in mine}
        for row in mine:
            parts = [
                part
                for part in explained.baskets
                if (part["pocket"], part["basket"]) == (row["pocket"], row["instrument"])
            ]
            assert all(part["quantity"] == row["quantity"] for part in parts)
            if row.get("entry_price") is None:
                continue
            own = [c for c in components if c["basket"] == row["instrument"]]
            paid = sum(c["weight"] * p["component_price"] for c, p in zip(own, parts, strict=True))
            size = sum(
                abs(c["weight"] * p["component_price"]) for c, p in zip(own, parts, strict=True)
            )
            assert abs(paid - row["entry_price"]) <= 1e-12 * size
