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
        (row["account"], row["pocket"])
        for row in result.pockets
        if row["state"] in ("liquidating", "bankrupt")
    }
    notional = sum(
        row["gross_notional"]
        for row in result.units
        if row["underlying"] == underlying and (row["account"], row["pocket"]) in gone
    )
    return notional, len({account for account, _ in gone})


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


@pytest.fixture(scope="module")
def two_pockets():
    """One account: 10 BTC and ample cash in cross; 4 BTC on little cash in an isolated pocket."""
    market = tm.Market.from_tables(
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={"underlying": ["BTC"], "index_price": [100.0]},
        marks={"instrument": ["P"], "mark_price": [100.0]},
        as_of_ns=1_769_774_400_000_000_000,
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["P"],
            "kind": ["perpetual"],
            "underlying": ["BTC"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [1.0],
        },
        accounts={"account": ["A"]},
        positions={
            "account": ["A", "A"],
            "pocket": ["cross", "iso"],
            "instrument": ["P", "P"],
            "quantity": [10.0, 4.0],
            "entry_price": [100.0, 100.0],
        },
        balances={
            "account": ["A", "A"],
            "pocket": ["cross", "iso"],
            "asset": ["USD", "USD"],
            "amount": [100_000.0, 1.0],
        },
    )
    return tm.Engine(market, portfolio, "house-portfolio")


def test_a_healthy_pocket_beside_a_liquidated_one_is_not_in_the_map(two_pockets):
    result = two_pockets.recompute()
    assert result.accounts["state"].tolist() == ["liquidating"]
    chart = liquidation_map(two_pockets, moves=(0.0,))
    assert chart.notional[0, 0] == pytest.approx(4 * 100.0)
    assert chart.accounts[0, 0] == 1


def test_the_grid_is_of_the_pocket_asked_for_and_a_share_of_its_own_equity(two_pockets):
    accounts = two_pockets.recompute().accounts
    assert accounts["worst_pocket"].tolist() == ["iso"]
    parts = two_pockets.explain("A")
    for pocket, quantity, cash in (("iso", 4.0, 1.0), ("cross", 10.0, 100_000.0)):
        grid = account_scenarios(parts, pocket)
        assert (grid.pocket, grid.underlying) == (pocket, "BTC")
        assert grid.equity == pytest.approx(cash)
        down = grid.moves[grid.weights == 1.0].min()
        assert grid.worst_at(np.array([down]))[0] == pytest.approx(quantity * 100.0 * down)
    assert account_scenarios(parts, "no such pocket") is None


def test_the_progress_bar_has_as_many_steps_as_the_map_takes(engine):
    calls = []
    liquidation_map(engine, step=lambda: calls.append(1))
    assert len(calls) == liquidation_steps(engine)


def test_the_scenario_grid_holds_the_loss_behind_the_scan_line(engine):
    accounts = engine.recompute().accounts
    checked = 0
    for row in range(0, len(accounts), 37):
        parts = engine.explain(str(accounts["account"][row]))
        grid = account_scenarios(parts, str(accounts["worst_pocket"][row]))
        scans = {
            (line["pocket"], line["underlying"]): line["initial_margin"]
            for line in parts.requirement
            if line["component"] == "scan" and line["pocket"] == accounts["worst_pocket"][row]
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
    assert account_scenarios(engine.explain("A000001"), "cross") is None


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
