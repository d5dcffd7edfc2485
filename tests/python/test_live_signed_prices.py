"""Forwards below 0: what a live engine keeps of them, and what it refuses by which status."""

from __future__ import annotations

import pytest
from tests.python.live_books import DAY, SECOND, T0
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records
from tickmargin.record_types import Records

EXPIRY = T0 + 30 * DAY


def ready(policy: str) -> tm.Engine:
    """A call and a put on a forward of -5, as a spread of two products can have."""
    options = ["GAS-C", "GAS-P"]
    market = tm.Market.from_tables(
        as_of_ns=T0,
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={
            "underlying": ["GAS"],
            "index_price": [2.0],
            "realised_vol_annual": [0.5],
            "depth_notional": [1e7],
        },
        forwards={"underlying": ["GAS"], "expiry_ns": [EXPIRY], "forward_price": [-5.0]},
        marks={"instrument": options, "vol_normal_annual": [20.0, 20.0]},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": options,
            "kind": ["option"] * 2,
            "underlying": ["GAS"] * 2,
            "settlement_asset": ["USD"] * 2,
            "payoff": ["linear"] * 2,
            "multiplier": [1.0] * 2,
            "strike": [-6.0, -3.0],
            "expiry_ns": [EXPIRY] * 2,
            "option_type": ["call", "put"],
            "bachelier": [True] * 2,
        },
        accounts={"account": ["anna", "boris"]},
        positions={"account": ["anna", "boris"], "instrument": options, "quantity": [-10.0, 3.0]},
        balances={"account": ["anna", "boris"], "asset": ["USD"] * 2, "amount": [100.0] * 2},
    )
    live = tm.Engine(market, portfolio, policy)
    assert live.index_tick("GAS", 2.0, seq=1, ts_ns=T0) == "ok"
    return live


@pytest.mark.parametrize("policy", ["house-portfolio", "house-dynamic", "house-fixed"])
def test_a_forward_below_zero_follows_its_index(policy: str) -> None:
    live = ready(policy)
    before = live.accounts()
    assert set(before["status"]) == {"ok"}
    for seq, price in enumerate((2.02, 1.97, 2.04), 2):
        assert live.index_tick("GAS", price, seq=seq, ts_ns=T0 + seq * SECOND) == "ok"
        same(live)
    if policy != "house-fixed":  # which counts no option in equity
        assert (live.accounts()["equity"] != before["equity"]).all()


def refused(live: tm.Engine) -> dict[str, Records]:
    """Records that would move a price to 0 or below."""
    now = T0 + SECOND
    listing = {
        "kind": "option",
        "underlying": "GAS",
        "settlement_asset": "USD",
        "payoff": "linear",
        "multiplier": 1.0,
        "strike": -4.0,
        "expiry_ns": EXPIRY,
        "option_type": "call",
        "bachelier": True,
        "ts_ns": now,
        "engine": live,
    }
    tick = {"seq": 2, "ts_ns": now, "engine": live}
    at = {"ts_ns": now, "engine": live}
    return {
        "an index of 0": records.index_tick("GAS", 0.0, **tick),
        "an index below 0": records.index_tick("GAS", -1.0, **tick),
        "a forward of 0": records.forward("GAS", 0, 0.0, **at),
        "a forward below 0": records.forward("GAS", 0, -4.9, **at),
        "a strike below 0": records.instrument_listing("GAS-D", **listing),
        "a settlement below 0": records.instrument_expiry("GAS-C", -1.0, **at),
        "a premium below 0": records.fill("anna", "GAS-C", 1.0, -0.5, **at),
    }


@pytest.mark.parametrize("what", refused(ready("house-portfolio")))
def test_a_record_at_or_below_zero_is_not_positive(what: str) -> None:
    live = ready("house-portfolio")
    held = live.state_hash()
    assert live.apply(refused(live)[what]).counts == {"not_positive": 1}
    assert live.state_hash() == held
    same(live)


def test_a_volatility_record_is_of_the_lognormal_one() -> None:
    live = ready("house-portfolio")
    before = live.accounts()
    record = records.volatility("GAS-C", 0.6, ts_ns=T0 + SECOND, engine=live)
    assert live.apply(record).counts == {"ok": 1}
    assert live.accounts()["equity"].tobytes() == before["equity"].tobytes()
    same(live)
