"""Both tiers while a stream runs: what the looks tell, and the factor that bounds the gap."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.simulate import synthetic_venue

SECOND = 1_000_000_000
FALL = np.linspace(1.0, 0.93, 9)
COARSE = {"price_range": 0.18, "price_steps": 1, "vol_up": 0.3, "vol_down": 0.2,
          "strike_nodes": False, "maintenance_factor": 0.8}  # fmt: skip


def two_tiers(factor=1.0):
    haircuts = {"default": 0.1, "USD": 0.0, "USDC": 0.0, "USDT": 0.0}
    fine = {**COARSE, "price_steps": 40, "strike_nodes": True}
    fast = {"method": "scenario", "haircuts": haircuts, "scenario": COARSE, "exact": "fine"}
    exact = {"method": "scenario", "haircuts": haircuts, "scenario": fine}
    fast["safety_factor_ratio"] = factor
    return {"schema": 1, "policies": {"coarse": fast, "fine": exact}}


@pytest.fixture(scope="module")
def venue():
    return synthetic_venue(accounts=60, positions=900, seed=11)


def streamed(venue, policies, every_ns=2 * SECOND):
    """Ticks of BTC a second apart, and the watch that looked on."""
    engine = tm.Engine(venue.market_at(), venue.portfolio(), policies)
    engine.start()
    watch = tm.TierWatch(engine, every_ns)
    start = engine.market.as_of_ns
    names = engine.market.underlyings.names.tolist()
    price = float(engine.market.underlyings.index_price[names.index("BTC")])
    for n, share in enumerate(FALL.tolist()):
        now = start + (n + 1) * SECOND
        engine.index_tick("BTC", price * share, seq=n + 1, ts_ns=now)
        watch.look_if_due(now)
    return engine, watch


def test_looks_are_so_far_apart_and_equal_a_comparison_from_scratch(venue):
    engine, watch = streamed(venue, two_tiers())
    looks = watch.looks
    assert np.diff(looks["ts_ns"]).tolist() == [2 * SECOND] * 4
    (last,) = list(engine.tiers().policies)
    assert looks["factor"][-1] == last["factor"]
    assert looks["maintenance_uncovered"][-1] == last["maintenance_uncovered"]
    exact = engine.recompute(policies={**two_tiers(), "select": [{"policy": "fine"}]}).accounts
    gap = exact["initial_margin"] - engine.accounts()["initial_margin"]
    assert looks["initial_uncovered"][-1] == int((gap > 0).sum()) > 0


def test_the_factor_that_it_gives_bounds_the_gap_of_the_whole_stream(venue):
    (worst,) = streamed(venue, two_tiers())[1].worst()
    assert worst["uncovered_looks"] == worst["looks"] == 5
    assert not worst["covered"]
    assert worst["factor"] > 1.0
    bounded = np.ceil(worst["factor"] * 1e6) / 1e6
    (again,) = streamed(venue, two_tiers(bounded))[1].worst()
    assert again["covered"]
    assert again["largest_gap_ratio"] <= 0.0
    # and a little less does not
    (less,) = streamed(venue, two_tiers(1.0 + 0.9 * (worst["factor"] - 1.0)))[1].worst()
    assert not less["covered"]


def test_a_watch_needs_a_policy_that_names_an_exact_one(venue):
    with pytest.raises(tm.InvalidInputError, match="names an exact one") as none:
        streamed(venue, "house-fixed")
    assert none.value.code == "NO_EXACT_POLICY"
    with pytest.raises(tm.InvalidInputError, match="every_ns must be above 0") as low:
        streamed(venue, two_tiers(), 0)
    assert low.value.code == "OUT_OF_RANGE"


def test_the_command_tells_the_gap_of_a_stream(venue, tmp_path, capsys):
    venue.market_at().save(tmp_path / "market")
    venue.portfolio().save(tmp_path / "portfolio")
    start = venue.market_at().as_of_ns
    rows = [f"{start + (n + 1) * SECOND},BTC,{84_000.0 * s}" for n, s in enumerate(FALL.tolist())]
    (tmp_path / "ticks.csv").write_text("\n".join(["ts_ns,underlying,price", *rows]) + "\n")
    call = ["tick", tmp_path / "market", tmp_path / "portfolio", tmp_path / "ticks.csv", "--align",
            "--policies", tmp_path / "two.toml", "--tiers", "2"]  # fmt: skip
    (tmp_path / "two.toml").write_text(TOML)
    assert main([*map(str, call), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["tiers"]
    assert row["looks"] >= 4
    assert not row["covered"]
    assert main([*map(str, call), "--strict"]) == exit_codes.REFUSED
    assert (
        f"below it at {row['uncovered_looks']} of {row['looks']} looks" in capsys.readouterr().out
    )


TOML = """schema = 1
[policies.coarse]
method = "scenario"
exact = "fine"
haircuts = { default = 0.1, USD = 0.0, USDC = 0.0, USDT = 0.0 }
[policies.coarse.scenario]
price_range = 0.18
price_steps = 1
vol_up = 0.3
vol_down = 0.2
maintenance_factor = 0.8
strike_nodes = false
[policies.fine]
method = "scenario"
haircuts = { default = 0.1, USD = 0.0, USDC = 0.0, USDT = 0.0 }
[policies.fine.scenario]
price_range = 0.18
price_steps = 40
vol_up = 0.3
vol_down = 0.2
maintenance_factor = 0.8
strike_nodes = true
"""
