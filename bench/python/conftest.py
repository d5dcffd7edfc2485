"""Inputs of the Python benches; short where benchmarks are disabled: checks, no figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import tickmargin as tm
from tickmargin.simulate.venue import Venue, synthetic_venue

# A bare ``pytest`` does not look for packages where it was started.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def full_size(request: pytest.FixtureRequest) -> bool:
    """Whether figures are wanted."""
    option = request.config.getoption
    return option("benchmark_enable") or not option("benchmark_disable")


@pytest.fixture(scope="session")
def venue(full_size: bool) -> Venue:
    """A synthetic venue: 100,000 accounts and 1,000,000 positions at full size."""
    return synthetic_venue(100_000, 1_000_000) if full_size else synthetic_venue(1_000, 10_000)


@pytest.fixture(scope="session")
def engine(venue: Venue) -> tm.Engine:
    """An engine over the venue under the portfolio preset."""
    return tm.Engine(venue.market_at(), venue.portfolio(), "house-portfolio")


@pytest.fixture(scope="session")
def busiest(engine: tm.Engine) -> str:
    """The account with the most positions."""
    positions = engine.portfolio.positions
    count = [0] * len(engine.portfolio.accounts)
    for account in positions.account.tolist():
        count[account] += 1
    return str(engine.portfolio.accounts.names[count.index(max(count))])
