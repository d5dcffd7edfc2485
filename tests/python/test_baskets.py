"""Synthetic baskets in an engine: explained by name, ordered whole, held live as components."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.python.live_books import DAY, POLICIES, SECOND, T0, market, same_as_recompute

import tickmargin as tm
from tickmargin.cli import main
from tickmargin.record_types import TYPES
from tickmargin.simulate.stream import Load, mixed_stream

COMPONENTS = {
    "basket": ["PAIR", "PAIR", "WIDE", "WIDE", "CALENDAR", "CALENDAR"],
    "instrument": ["BTC-PERP", "ETH-PERP", "BTC-FUT", None, "BTC-PERP", "BTC-FUT"],
    "underlying": [None, None, None, "ETH", None, None],
    "weight": [1.0, -20.0, 0.5, 10.0, 1.0, -1.0],
    "reference_price": [60_000.0, 3_000.0, 60_000.0, 3_000.0, 60_000.0, 60_250.0],
}
INDEX = "ETH index in USDC@ethereum"
WORTH_WIDE = 0.5 * 60_280.0 + 10 * 3_000.0  # at the marks: the index is its own
CASH = 38_000.0  # boris's, less the haircut of 5 %


def portfolio(**positions: Any) -> tm.Portfolio:
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-FUT"],
            "kind": ["perpetual", "perpetual", "future"],
            "underlying": ["BTC", "ETH", "BTC"],
            "settlement_asset": ["USDC"] * 3,
            "settlement_chain": ["ethereum"] * 3,
            "payoff": ["linear"] * 3,
            "multiplier": [0.1, 1.0, 1.0],
            "expiry_ns": [None, None, T0 + 30 * DAY],
        },
        accounts={"account": ["anna", "boris", "empty"]},
        positions=positions
        or {
            "account": ["anna", "anna", "boris"],
            "instrument": ["PAIR", "ETH-PERP", "WIDE"],
            "quantity": [2.0, -10.0, -1.0],
            "entry_price": [400.0, 3_050.0, 60_500.0],
        },
        balances={
            "account": ["anna", "boris", "empty"],
            "asset": ["USDC"] * 3,
            "chain": ["ethereum"] * 3,
            "amount": [60_000.0, 40_000.0, 9_000.0],
        },
        components=COMPONENTS,
    )


def engine() -> tm.Engine:
    return tm.Engine(market(), portfolio(), POLICIES)


def test_explain_shows_the_basket_and_its_value():
    explained = engine().explain("anna")
    btc, eth = list(explained.baskets)
    assert [(row["basket"], row["component"]) for row in (btc, eth)] == [
        ("PAIR", "BTC-PERP"),
        ("PAIR", "ETH-PERP"),
    ]
    assert (btc["contracts"], eth["contracts"]) == (20.0, -40.0)
    assert btc["component_price"] - 20 * eth["component_price"] == pytest.approx(400.0)
    # two of it, marked at 60,010 - 20 x 3,001 = -10, entered at 400; USDC is worth 0.999
    assert btc["value"] + eth["value"] == pytest.approx(2 * (-10.0 - 400.0) * 0.999)
    # the account's own ten contracts sit in the same position
    (held,) = [row for row in explained.positions if row["instrument"] == "ETH-PERP"]
    assert held["quantity"] == -50.0
    assert eth["contribution"] == pytest.approx(held["contribution"] * 40 / 50)
    assert "baskets" in explained.to_dict()
    assert "PAIR" in explained._repr_html_()
    assert len(engine().explain("empty").baskets) == 0


def test_a_basket_is_worth_what_its_price_moves():
    base, moved = (
        engine().recompute(index=index).accounts["equity"][1] for index in ({}, {"ETH": 3_300.0})
    )
    assert base == pytest.approx((CASH + 60_500.0 - WORTH_WIDE) * 0.999)
    assert moved - base == pytest.approx(-10 * 300.0 * 0.999)


def test_an_index_that_is_missing_makes_the_account_undecidable():
    given = {name: table for name, table in market().tables().items() if name != "underlyings"}
    index = {"underlying": ["BTC", "ETH"], "index_price": [60_000.0, None]}
    without = tm.Market.from_tables(as_of_ns=T0, underlyings=index, **given)
    made = tm.Engine(without, portfolio(), POLICIES)
    states = made.recompute().accounts["state"].tolist()
    assert states == ["undecidable", "undecidable", "healthy"]
    assert {issue.code for issue in made.warnings} == {"MISSING_PRICE"}


def test_an_order_of_a_basket_is_all_of_its_components_at_once():
    made = engine()
    (whole,) = list(
        made.what_if(
            {"account": "empty", "instrument": "CALENDAR", "quantity": 1.0, "price": -270.0}
        )
    )
    assert whole["mark_price"] == pytest.approx(60_010.0 - 60_280.0)
    assert whole["instrument"] == "CALENDAR"
    assert whole["accepted"]
    # one leg alone asks for far more than both, which offset each other
    (leg,) = list(
        made.what_if(
            {"account": "empty", "instrument": "BTC-PERP", "quantity": 10.0, "price": 60_010.0}
        )
    )
    assert not leg["accepted"]
    held = {
        "account": ["empty"], "instrument": ["CALENDAR"], "quantity": [1.0],
        "entry_price": [-270.0],
    }  # fmt: skip
    filled = tm.Engine(market(), portfolio(**held), POLICIES).recompute().accounts
    assert whole["initial_margin_after"] == filled["initial_margin"][2]


def test_orders_of_baskets_and_of_contracts_keep_their_rows():
    made = engine()
    orders = {
        "account": ["empty", "anna", "empty"],
        "instrument": ["BTC-PERP", "WIDE", "PAIR"],
        "quantity": [0.1, -0.5, 0.2],
        "price": [60_000.0, 60_000.0, 5.0],
    }
    together = list(made.what_if(orders, threads=2))
    for row in range(3):
        (alone,) = list(made.what_if({name: [column[row]] for name, column in orders.items()}))
        assert together[row] == alone


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"instrument": "WIDE", "price": -1.0}, "BASKET_PRICE"),
        ({"instrument": "WIDE", "price": 0.0}, "BASKET_PRICE"),
        ({"instrument": "WIDE", "price": np.nan}, "NOT_FINITE"),
        ({"instrument": "WIDE", "quantity": 1e308}, "OUT_OF_RANGE"),
        ({"instrument": "BTC-PERP", "price": -1.0}, "NEGATIVE_VALUE"),
        ({"instrument": "WIDER"}, "UNKNOWN_INSTRUMENT"),
    ],
)
def test_an_order_that_cannot_be_taken_apart_is_refused(order, code):
    row = {"account": "empty", "quantity": 1.0, "price": 60_000.0, **order}
    with pytest.raises(tm.InvalidInputError) as refused:
        engine().what_if(row)
    assert [issue.code for issue in refused.value.issues] == [code]


def test_a_basket_has_a_liquidation_price_through_its_components():
    found = engine().liquidation_prices("boris", "ETH")
    assert found.upper > 3_000.0


def heard() -> tm.Engine:
    live = engine()
    live.start()
    for name, price in (("BTC", 60_000.0), ("ETH", 3_000.0)):
        assert live.index_tick(name, price, seq=1, ts_ns=T0) == "ok"
    live.events()
    return live


def test_live_the_components_follow_the_index_like_any_position():
    live = heard()
    for seq, price in enumerate((3_010.0, 2_990.0, 3_021.5), start=2):
        live.index_tick("ETH", price, seq=seq, ts_ns=T0 + seq * SECOND)
    same_as_recompute(live)
    expected = (CASH + 60_500.0 - (0.5 * 60_280.0 + 10 * 3_021.5)) * 0.999
    assert live.account("boris").equity == pytest.approx(expected, abs=1.1e-6)  # down to a tick
    assert live.explain("boris").requirement["initial_margin"].sum() > 0
    assert len(live.explain("boris").baskets) == 0  # positions may have changed since the load


def test_live_a_basket_fills_leg_by_leg():
    live = heard()
    for name, quantity, price in (("BTC-FUT", 0.5, 60_280.0), (INDEX, 10.0, 3_000.0)):
        record = tm.records.fill("boris", name, quantity, price, ts_ns=T0 + SECOND, engine=live)
        live.apply(record).raise_if_refused()
    same_as_recompute(live)
    assert live.account("boris").maintenance_margin == 0.0


@pytest.mark.parametrize(
    "use",
    [
        lambda live: live.check_order("anna", "PAIR", 1.0, 0.0),
        lambda live: live.check_many(
            {"account": ["anna"], "instrument": ["PAIR"], "quantity": [1.0], "price": [1.0]}
        ),
        lambda live: tm.records.fill("anna", "PAIR", 1.0, 1.0, ts_ns=T0, engine=live),
        lambda live: tm.records.order("anna", "PAIR", 1.0, 1.0, order=1, ts_ns=T0, engine=live),
        lambda live: live.what_if(
            {"account": "anna", "instrument": "BTC-PERP", "quantity": 1.0, "price": 1.0},
            hedge="PAIR",
        ),
    ],
    ids=["check_order", "check_many", "fill", "order", "hedge"],
)
def test_where_only_a_contract_can_trade_a_basket_is_refused_by_name(use):
    live = heard()
    before = live.state_hash()
    with pytest.raises(tm.TickMarginError, match="'PAIR' is a basket") as refused:
        use(live)
    assert refused.value.code == "BASKET_NOT_LIVE"
    assert live.state_hash() == before


def test_no_instrument_is_listed_under_the_name_of_a_basket():
    live = heard()
    with pytest.raises(tm.InvalidInputError, match="'PAIR' is the name of a basket") as refused:
        tm.records.instrument_listing(
            "PAIR", kind="perpetual", underlying="BTC", settlement_asset="USDC@ethereum",
            payoff="linear", multiplier=1.0, ts_ns=T0 + SECOND, engine=live,
        )  # fmt: skip
    assert refused.value.code == "DUPLICATE_ID"


def test_a_listed_instrument_leaves_the_baskets_orders_alone():
    live = heard()
    order = {"account": "empty", "instrument": "CALENDAR", "quantity": 1.0, "price": -270.0}
    listing = tm.records.instrument_listing(
        "SOLO", kind="perpetual", underlying="BTC", settlement_asset="USDC@ethereum",
        payoff="linear", multiplier=1.0, ts_ns=T0 + SECOND, engine=live,
    )  # fmt: skip
    live.index_tick("ETH", 3_000.0, seq=2, ts_ns=T0 + SECOND)
    (before,) = list(live.what_if(order))
    live.apply(listing).raise_if_refused()
    (after,) = list(live.what_if(order))
    assert after == before


def test_a_recording_of_baskets_comes_back(tmp_path):
    live = heard()
    live.record_to(tmp_path / "kept")
    live.index_tick("ETH", 3_015.0, seq=2, ts_ns=T0 + SECOND)
    live.flush()
    seen = live.state_hash()
    del live
    back = tm.Engine.recover(tmp_path / "kept", market(), portfolio(), POLICIES)
    assert back.state_hash() == seen


def test_a_made_stream_orders_no_index():
    live = heard()
    stream = mixed_stream(live, Load(seconds=2.0), seed=1)
    orders = stream.rows[stream.rows["type"] == TYPES.index("order")]
    ordered = {live.names["instrument"][row] for row in orders["subject"].tolist()}
    assert ordered == {"BTC-PERP", "ETH-PERP", "BTC-FUT"}


@pytest.fixture
def folders(tmp_path):
    market().save(tmp_path / "m")
    portfolio().save(tmp_path / "p")
    return str(tmp_path / "m"), str(tmp_path / "p")


def test_the_command_line_takes_baskets(folders, tmp_path, capsys):
    assert main(["explain", *folders, "anna", "-p", "house-fixed"]) == 0
    assert "PAIR" in capsys.readouterr().out
    order = ["what-if", *folders, "-a", "empty", "-i", "CALENDAR", "-q", "1", "-p", "house-fixed"]
    for price, warned in ((-300.0, False), (-70_000.0, True)):
        assert main([*order, "--price", str(price), "--json"]) == 0
        (answer,) = json.loads(capsys.readouterr().out)
        assert answer["instrument"] == "CALENDAR"
        assert bool(answer["warnings"]) == warned
    out = tmp_path / "e.json"
    assert main(["explain", *folders, "boris", "-p", "house-fixed", "--out", str(out)]) == 0
    assert {row["basket"] for row in json.loads(out.read_text())["baskets"]} == {"WIDE"}
