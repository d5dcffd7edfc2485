"""What the engine's calls cost from Python, the tables they give back included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tickmargin as tm
from tickmargin.simulate.venue import Venue


@pytest.mark.benchmark(group="load")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_load(benchmark, venue: Venue, tmp_path: Path, form: str) -> None:
    portfolio = venue.portfolio()
    portfolio.save(tmp_path, format=form)
    benchmark.extra_info["rows"] = len(portfolio.positions)
    loaded = benchmark.pedantic(
        tm.Portfolio.load, (tmp_path,), {"progress": False}, rounds=3, warmup_rounds=1
    )
    assert np.array_equal(loaded.positions.quantity, portfolio.positions.quantity)
    assert np.array_equal(loaded.positions.instrument, portfolio.positions.instrument)


@pytest.mark.benchmark(group="engine")
def test_build(benchmark, venue: Venue) -> None:
    market, portfolio = venue.market_at(), venue.portfolio()
    engine = benchmark.pedantic(tm.Engine, (market, portfolio, "house-fixed"), rounds=3)
    assert len(engine.recompute().accounts) == len(portfolio.accounts)


@pytest.mark.benchmark(group="engine.recompute")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("preset", ["house-fixed", "house-dynamic", "house-portfolio"])
def test_recompute(benchmark, venue: Venue, preset: str, threads: int) -> None:
    engine = tm.Engine(venue.market_at(), venue.portfolio(), preset)
    benchmark.extra_info["rows"] = len(engine.portfolio.positions)
    result = benchmark(engine.recompute, threads=threads)
    other = engine.recompute(threads=3 - threads)
    for name in ("equity", "initial_margin", "maintenance_margin", "slack"):
        assert result.accounts[name].tobytes() == other.accounts[name].tobytes()
    assert np.all(result.accounts["maintenance_margin"] >= 0.0)


@pytest.mark.benchmark(group="engine, one account")
def test_explain(benchmark, engine: tm.Engine, busiest: str) -> None:
    found = benchmark(engine.explain, busiest)
    accounts = engine.recompute().accounts
    told = accounts["maintenance_margin"][engine.account_handle(busiest)]
    parts = found.requirement["maintenance_margin"]
    assert sum(parts.tolist()) == pytest.approx(told, rel=1e-12)


@pytest.mark.benchmark(group="engine, one account")
def test_liquidation_prices(benchmark, engine: tm.Engine, busiest: str) -> None:
    found = benchmark(engine.liquidation_prices, busiest, "BTC")
    state = engine.recompute().accounts["state"][engine.account_handle(busiest)]
    assert found.status_lower in ("found", "none", "already_past")
    assert (found.status_lower == "already_past") == (state in ("liquidating", "bankrupt"))


@pytest.mark.benchmark(group="engine.what_if, 1,000 orders")
def test_what_if(benchmark, engine: tm.Engine) -> None:
    rng = np.random.default_rng(4)
    portfolio, count = engine.portfolio, 1_000
    accounts = portfolio.accounts.names[rng.integers(0, len(portfolio.accounts), count)]
    perpetual = next(name for name in portfolio.instruments.names.tolist() if "PERP" in name)
    mark = float(engine.market.underlyings.index_price[0])
    orders = {
        "account": accounts,
        "instrument": np.full(count, perpetual, object),
        "quantity": np.round(rng.uniform(-50.0, 50.0, count)),
        "price": np.full(count, mark),
    }
    found = benchmark(engine.what_if, orders)
    pockets = engine.recompute().pockets
    cross = pockets["pocket"] == "cross"
    before = dict(
        zip(pockets["account"][cross], pockets["initial_margin"][cross].tolist(), strict=True)
    )
    for account, margin in zip(accounts, found["initial_margin_before"].tolist(), strict=True):
        assert margin == pytest.approx(before.get(account, 0.0), rel=1e-9, abs=1e-6)
    covered = found["equity_after"] >= found["initial_margin_after"]
    above = found["equity_after"] - found["initial_margin_after"]
    above_before = found["equity_before"] - found["initial_margin_before"]
    eased = found["initial_margin_after"] <= found["initial_margin_before"]
    eased &= above >= above_before - 1e-6
    assert np.array_equal(found["accepted"], covered | eased)
    assert found["accepted"].any()
    assert not found["accepted"].all()
