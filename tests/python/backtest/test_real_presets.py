"""Every kind of preset on real option books, and the money that is compared."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from bench.histories import rolls, tables
from bench.histories.presets import DAY, ENTRIES, chosen

from tickmargin.backtest.chains import read_chains
from tickmargin.backtest.option_books import roll_chains
from tickmargin.policies import Policies

DATA = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture(scope="module")
def chains():
    path = DATA / "options/deribit_chain_daily.parquet"
    if not path.is_file():
        pytest.skip(f"REAL HISTORY ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    start_ns = 1_769_731_200_000_000_000  # 30 January 2026: two weeks with the crash in them
    return read_chains([path], start_ns=start_ns, end_ns=start_ns + 14 * 86_400_000_000_000)


def of_book(rolled, name):
    return rolled.book == rolled.books.index(name)


def test_the_same_money_is_compared_whether_or_not_a_requirement_holds_the_mark(chains):
    without = roll_chains(Policies.preset("house-fixed-2026-03-01"), chains[:4], DAY, accounts=40)
    within = roll_chains(Policies.preset("deribit-sm"), chains[:4], DAY, accounts=40)
    assert without.books == within.books
    # both have the standard formula of short options for IM; only the second adds the mark to it
    short = of_book(without, "short straddle BTC")
    # (the mark by its volatility, which is rounded, against the published one)
    assert within.initial_margin[short] == pytest.approx(without.initial_margin[short], rel=1e-4)
    # a long option is paid in full under the second: what it may lose is all of its value
    long = of_book(without, "long straddle BTC")
    assert (without.initial_margin[long] == 0.0).all()
    chain = chains[0]
    strike, expiry = straddle_of(chain)
    rows = (chain.currency == "BTC") & (chain.strike == strike) & (chain.expiry_ns == expiry)
    value = float(np.sum(chain.mark_price[rows] * chain.index_price[rows]))
    assert within.initial_margin[long][0] == pytest.approx(value, rel=1e-9)
    index = float(np.median(chain.index_price[chain.currency == "BTC"]))
    assert within.gross_notional[long][0] == pytest.approx(2.0 * index, rel=1e-3)


def straddle_of(chain):
    """Nearest strike of the first expiry twenty days away or more."""
    own = chain.currency == "BTC"
    far = chain.expiry_ns[own & (chain.expiry_ns >= chain.as_of_ns + 20 * 86_400_000_000_000)]
    rows = own & (chain.expiry_ns == far.min())
    index = float(np.median(chain.index_price[own]))
    strikes = chain.strike[rows]
    return strikes[np.argmin(np.abs(strikes - index))], far.min()


@pytest.mark.parametrize(
    "preset", ["house-portfolio", "deribit-pm", "okx-pm", "derive-pmrm2", "derive-srm"]
)
def test_through_the_crash_these_cover_the_next_day(chains, preset):
    (entry,) = chosen([preset])
    found = rolls.chain_rows(entry, chains, 40)
    initial = [r for r in found.checks if r["measure"] == "initial_margin"]
    assert {r["book"] for r in initial} >= {"strategy", "client", "market_maker"}
    assert not any(r["rejected"] for r in initial)
    assert found.capital["initial_coverage"] > 0.99


def test_what_holds_volatility_still_is_rejected_on_option_books(chains):
    # of this dated file; `python -m bench.histories DATA --parts options --presets house-dynamic`
    # shows the newest
    (entry,) = chosen(["house-dynamic-2026-03-01"])
    found = rolls.chain_rows(entry, chains, 40)
    assert any(r["rejected"] for r in found.checks if r["book"] == "strategy")


def test_charges_by_vega_and_theta_keep_the_promise_on_option_books(chains):
    (entry,) = chosen(["house-dynamic-2026-04-01"])
    found = rolls.chain_rows(entry, chains, 40)
    assert not any(r["rejected"] for r in found.checks)


def test_the_tables_have_a_row_for_everything_that_was_run(chains):
    entries = [e for e in ENTRIES if e.name in ("house-fixed", "house-portfolio", "span.toml")]
    done = [rolls.chain_rows(e, chains[:4], 10) for e in entries]
    checks = tables.checks_table(
        [row for one in done for row in one.checks], ["short straddle BTC", "client"], ["IM", "MM"]
    )
    assert len(checks.splitlines()) == 2 + 2 * len(entries)
    assert "a SPAN-style scan" in checks
    assert len({line.count("|") for line in checks.splitlines()}) == 1
    capital = tables.capital_table([one.capital for one in done])
    assert len(capital.splitlines()) == 2 + len(entries)
    assert len({line.count("|") for line in capital.splitlines()}) == 1
    first, *others = (one.capital for one in done)
    # the finer generations ask less for a condor, which cannot lose more than its wings
    for other in others:
        assert other["held"]["iron condor BTC"] < 0.5 * first["held"]["iron condor BTC"]
