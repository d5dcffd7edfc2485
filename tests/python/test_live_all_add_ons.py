"""A live engine under policies with every add-on: equal to a recompute, record by record."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from tests.property.add_ons import SEEN_BY, make_add_ons, make_damping
from tests.python.live_books import BTC, ETH, SECOND, T0, hear, market, portfolio
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import _core, records
from tickmargin.policies import Policies

BOUNDED = ("vega_charge", "theta_charge")


def with_inputs() -> tm.Market:
    """The small market with every optional input."""
    tables = {name: dict(table.to_dict()) for name, table in market().tables().items()}
    under, assets, marks = tables["underlyings"], tables["assets"], tables["marks"]
    under |= {
        "confidence": [0.9, 0.4],
        "peg_price": [1.0, 0.85],
        "price_velocity_ratio": [-0.02, 0.01],
        "open_interest_notional": [1e6, 1e7],
        "regime_score": [0.2, 0.7],
        "macro_score": [0.1, 0.1],
        "rate_stress": [1.0, 0.5],
    }
    assets |= {
        "borrow_rate_annual": [0.05] * len(assets["asset"]),
        "risk_annual": [0.01] * len(assets["asset"]),
    }
    marks["funding_rate_annual"] = [0.1] * len(marks["instrument"])
    return tm.Market.from_tables(as_of_ns=T0, numeraire="USD", **tables)


def policy(method: str, seed: int, only: tuple[str, ...] = ()) -> Policies:
    """A house preset of the method with all add-ons it allows, or with some."""
    names = {"fixed": "house-fixed", "dynamic": "house-dynamic", "scenario": "house-portfolio"}
    loaded = Policies.preset(names[method]).loaded[0]
    data: dict[str, Any] = loaded.config.model_dump(exclude_unset=True, mode="python")
    rng = random.Random(seed)
    for name, rules in make_add_ons(rng).items():
        if method not in SEEN_BY.get(name, ()) and (not only or name in only):
            data[name] = rules
    if "peg" in data:
        data["pegs"] = {"USDC": {"value": 1.25}, "BTC": {"value": 7e4, "threshold": 1.0}}
    if method != "dynamic" and not only:
        data["anti_procyclicality"] = make_damping(rng)
    return Policies.from_dict({"schema": 1, "policies": {"p": data}})


def started(policies: Policies) -> Any:
    """A live engine whose marks have been heard."""
    book = portfolio()
    tables = {name: dict(table.to_dict()) for name, table in book.tables().items()}
    tables["accounts"]["credit_score"] = [700.0, 400.0, 100.0, 900.0]
    live = tm.Engine(with_inputs(), tm.Portfolio.from_tables(**tables), policies)
    live.start()
    hear(live)
    live.events()
    return live


def stream(live: Any, seed: int, count: int) -> None:
    """Ticks, volatilities, flow and time."""
    rng = np.random.default_rng(seed)
    price, when = {"BTC": BTC, "ETH": ETH}, T0
    for seq in range(2, count):
        when += int(rng.integers(1, 600)) * SECOND
        name = "BTC" if rng.random() < 0.7 else "ETH"
        if rng.random() < 0.8:
            price[name] *= float(np.exp(rng.normal(0.0, 0.004)))
        live.apply(records.index_tick(name, price[name], seq=seq, ts_ns=when, engine=live))
        flow = float(rng.normal(0.0, 1e5))
        live.apply(records.trade_flow(name, flow, ts_ns=when, engine=live))
        if rng.random() < 0.3:
            live.apply(records.clock(when))
        if rng.random() < 0.3:
            vol = float(rng.uniform(0.4, 0.8))
            live.apply(records.volatility("BTC-66000-C", vol, ts_ns=when, engine=live))
        same(live)
    live.apply(records.clock(when + 7200 * SECOND))
    same(live)
    assert live.audit() == 0


@pytest.mark.parametrize("method", ["fixed", "dynamic", "scenario"])
def test_live_equals_recompute_with_everything_charged(method: str) -> None:
    live = started(policy(method, 3))
    stream(live, 5, 60)
    lines = {
        row["component"] for name in ("anna", "boris") for row in live.explain(name).requirement
    }
    assert {"funding", "oracle_staleness", "order_flow", "regime", "credit_score", "peg"} <= lines


@pytest.mark.parametrize("method", ["fixed", "dynamic"])
def test_bands_hold_with_charges_by_vega_and_theta(method: str) -> None:
    policies = policy(method, 4, BOUNDED)
    assert _core.policy_has_bands(policies.compile(["BTC", "ETH"], [("USD", "")])[0])
    stream(started(policies), 6, 150)


def test_other_add_ons_have_no_bands() -> None:
    for name in make_add_ons(random.Random(1)):
        compiled = policy("fixed", 1, (name,)).compile(["BTC", "ETH"], [("USD", "")])[0]
        assert _core.policy_has_bands(compiled) is (name in BOUNDED)


def test_what_is_read_of_the_flow_fades() -> None:
    data = {
        "method": "fixed",
        "haircuts": {"default": 0.0},
        "futures": {"initial_ratio": 0.05, "maintenance_ratio": 0.02},
        "order_flow": {"initial_factor": 0.1, "cap_ratio": 0.5},
    }
    live = started(Policies.from_dict({"schema": 1, "policies": {"p": data}}))

    def charged() -> float:
        table = live.explain("boris").requirement
        return sum(
            row["initial_margin"]
            for row in table
            if (row["component"], row["underlying"]) == ("order_flow", "BTC")
        )

    assert charged() == 0.0
    short = 1.5 * 60_010.0 * 0.999  # boris is short, so buying runs against him
    live.apply(records.trade_flow("BTC", 300_000.0, ts_ns=T0, engine=live))
    assert charged() == pytest.approx(0.1 * short)
    live.apply(records.trade_flow("BTC", -100_000.0, ts_ns=T0 + 900 * SECOND, engine=live))
    # a quarter of an hour later 300,000 counts half: 150,000 - 100,000 of 250,000
    assert charged() == pytest.approx(0.1 * (50_000.0 / 250_000.0) * short)
    live.apply(records.trade_flow("BTC", -400_000.0, ts_ns=T0 + 900 * SECOND, engine=live))
    assert charged() == 0.0
    same(live)
