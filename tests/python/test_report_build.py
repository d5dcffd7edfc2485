"""What a report asks of an engine, against the engine asked directly."""

from __future__ import annotations

import numpy as np
import pytest

import tickmargin as tm
from tickmargin.report import summarise
from tickmargin.report.build import account_scenarios, liquidation_map, liquidation_steps
from tickmargin.simulate import crash_path, synthetic_venue


@pytest.fixture(scope="module")
def venue():
    return synthetic_venue(accounts=1_500, positions=15_000, seed=11)


@pytest.fixture(scope="module")
def engine(venue):
    return tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")


def taken_by_hand(engine, underlying, price):
    """Add up row by row what liquidation would have to sell."""
    result = engine.recompute(index={underlying: price})
    gone = {
        row["account"] for row in result.accounts if row["state"] in ("liquidating", "bankrupt")
    }
    notional = sum(
        row["gross_notional"]
        for row in result.units
        if row["underlying"] == underlying and row["account"] in gone
    )
    return notional, len(gone)


def test_the_liquidation_map_is_what_recomputes_say(engine):
    calls = []
    chart = liquidation_map(engine, moves=(-0.3, 0.0, 0.2), step=lambda: calls.append(1))
    assert chart.underlyings == ["BTC", "ETH", "SOL"]
    assert len(calls) == 9
    index = dict(zip(chart.underlyings, engine.market.underlyings.index_price, strict=True))
    for row, name in enumerate(chart.underlyings):
        for column, move in enumerate((-0.3, 0.0, 0.2)):
            notional, count = taken_by_hand(engine, name, index[name] * (1.0 + move))
            assert chart.notional[row, column] == pytest.approx(notional, rel=1e-12)
            assert chart.accounts[row, column] == count
    assert chart.accounts[0, 0] > chart.accounts[0, 1] > 0


def test_the_progress_bar_has_as_many_steps_as_the_map_takes(engine):
    calls = []
    liquidation_map(engine, step=lambda: calls.append(1))
    assert len(calls) == liquidation_steps(engine)


def test_the_scenario_grid_holds_the_loss_behind_the_scan_line(engine):
    accounts = engine.recompute().accounts
    checked = 0
    for row in range(0, len(accounts), 37):
        parts = engine.explain(str(accounts["account"][row]))
        grid = account_scenarios(parts, 1.0)
        scans = {
            (line["pocket"], line["underlying"]): line["initial_margin"]
            for line in parts.requirement
            if line["component"] == "scan"
        }
        if grid is None:
            assert not scans
            continue
        scan = scans[grid.pocket, grid.underlying]
        assert np.nanmin(grid.pnl) == pytest.approx(-scan, rel=1e-12, abs=1e-9)
        assert scan == max(scans.values())
        checked += 1
    assert checked > 20


def test_a_policy_without_scenarios_has_no_grid(venue):
    engine = tm.Engine(venue.market_at(), venue.portfolio(), "house-fixed")
    assert account_scenarios(engine.explain("A000001"), 1.0) is None


def test_the_book_is_mostly_healthy_before_the_crash_and_not_after(venue):
    portfolio = venue.portfolio()
    days = []
    for state in (crash_path()[0], crash_path()[-1]):
        engine = tm.Engine(venue.market_at(state), portfolio, "house-portfolio")
        days.append(summarise("p", engine.recompute()))
        assert engine.warnings == ()
    assert days[0].undecidable == days[1].undecidable == 0
    assert days[0].states["healthy"] > 0.85 * days[0].accounts
    assert days[0].below_maintenance < 0.03 * days[0].accounts
    assert days[1].below_maintenance > 5 * days[0].below_maintenance
