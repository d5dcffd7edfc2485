"""House presets on real prices and real option chains, on years held out from tuning."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tickmargin.backtest.chains import read_chains
from tickmargin.backtest.history import read_history
from tickmargin.backtest.option_books import hold_straddle, roll_chains
from tickmargin.backtest.rolling import price_books, promise_of, roll_prices
from tickmargin.backtest.summary import check_rolled
from tickmargin.policies import Policies

DATA = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[4] / "shared" / "data"))
HELD_OUT_NS = 1_640_995_200_000_000_000  # 2022-01-01: what comes before may be used for tuning


def real(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"REAL HISTORY ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    return path


def rejected(checks):
    return [(c.name, c.measure, c.exceptions, c.observations) for c in checks if c.rejected]


@pytest.mark.parametrize(
    ("preset", "every"), [("house-dynamic", 48), ("house-portfolio", 48), ("house-fixed", 41)]
)
def test_house_presets_keep_their_promise_on_years_held_out(preset, every):
    history = read_history([real("prices/binance_spot_1h.parquet")], underlyings=["BTC", "ETH"])
    policies = Policies.preset(preset)
    rolled = roll_prices(
        policies, history, price_books(history.underlyings), start_ns=HELD_OUT_NS, every=every
    )
    checks = check_rolled(rolled, promise_of(policies))
    assert min(c.observations for c in checks) > 700
    assert rejected(checks) == []
    # the same check does see a promise that is too high
    broken = rolled_scaled(rolled, 0.25)
    assert rejected(check_rolled(broken, promise_of(policies)))


def test_expected_shortfall_over_real_days_keeps_its_promise_on_years_held_out():
    history = read_history(
        [real("prices/daily_long.parquet")], underlyings=["BTC", "ETH"], rename={"ETH-CG": "ETH"}
    )
    policies = Policies.preset("house-es")
    rolled = roll_prices(
        policies, history, price_books(history.underlyings), start_ns=HELD_OUT_NS, every=2
    )
    checks = check_rolled(rolled, promise_of(policies))
    assert min(c.observations for c in checks) > 600
    assert rejected(checks) == []
    broken = rolled_scaled(rolled, 0.25)
    assert rejected(check_rolled(broken, promise_of(policies)))


def rolled_scaled(rolled, factor):
    from dataclasses import replace

    return replace(
        rolled,
        initial_margin=rolled.initial_margin * factor,
        maintenance_margin=rolled.maintenance_margin * factor,
    )


def test_the_portfolio_preset_covers_the_next_day_of_real_option_books():
    chains = read_chains([real("options/deribit_chain_daily.parquet")])[::4]
    # every fourth day with the day after it
    all_chains = read_chains([real("options/deribit_chain_daily.parquet")])
    later = {c.as_of_ns for c in chains}
    pairs = [c for i, c in enumerate(all_chains) if i and all_chains[i - 1].as_of_ns in later]
    both = sorted({c.as_of_ns: c for c in [*chains, *pairs]}.values(), key=lambda c: c.as_of_ns)
    policies = Policies.preset("house-portfolio")
    promise = promise_of(policies)
    checks = check_rolled(roll_chains(policies, both, promise, accounts=40), promise)
    assert {c.name for c in checks if c.scope == "class"} >= {"strategy", "client"}
    assert rejected(checks) == []


def test_a_short_straddle_through_the_first_week_of_february_2026():
    path = real("options/deribit_chain_selected.parquet")
    start, end = 1_769_817_600_000_000_000, 1_770_508_800_000_000_000  # 31 January to 7 February
    chains = read_chains([path], underlyings=["BTC"], start_ns=start, end_ns=end)
    days = hold_straddle(Policies.preset("house-portfolio"), chains, "BTC")
    assert len(days) == 20
    assert days[0].index_price > 80_000 > 65_000 > min(d.index_price for d in days)
    # margin called anew at every snapshot covers what is lost until the next
    assert all(day.covered for day in days)
    # held without calls, what was asked for at the start is lost
    worst = max(days[0].value - day.value for day in days)
    assert days[0].maintenance_margin < worst
    # the liability is the venue's marks, snapshot by snapshot
    assert np.sum([d.loss for d in days]) == pytest.approx(days[0].value - days[-1].value)
