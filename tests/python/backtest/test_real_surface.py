"""Surfaces of real chains through 31 January to 7 February 2026: fits that fail freeze nothing."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tickmargin.backtest.chains import read_chains
from tickmargin.backtest.option_books import hold_straddle
from tickmargin.engine import Engine
from tickmargin.policies import Policies
from tickmargin.pricing import black76, forwards_from_parity
from tickmargin.simulate.open_interest import book_from_chain
from tickmargin.surface import Quotes, fit_surface, follow

pytest.importorskip("scipy")
DATA = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[4] / "shared" / "data"))
START_NS, END_NS = 1_769_817_600_000_000_000, 1_770_508_800_000_000_000
DAY_NS = 86_400_000_000_000
LEGS = ("BTC-20FEB26-84000-C", "BTC-20FEB26-84000-P")  # a straddle at the money on 31 January
POLICY = Policies.preset("house-portfolio")


def quotes_of(chain):
    implied = forwards_from_parity(
        chain.is_call, chain.strike, chain.expiry_ns, chain.mark_price, coin_settled=True
    )
    forward = dict(zip(*(implied[c].tolist() for c in ("expiry_ns", "forward_price")), strict=True))
    per_row = np.array([forward[e] for e in chain.expiry_ns.tolist()])
    return Quotes(chain.as_of_ns, chain.expiry_ns, chain.strike, per_row, chain.vol_annual)


def margined(chain, vol_annual):
    """Value and MM of the short straddle by the engine, at volatilities that are not the marks'."""
    book = book_from_chain(replace(chain, vol_annual=vol_annual), 10, 0)
    tables = {name: dict(columns) for name, columns in book.portfolio_tables.items()}
    tables["accounts"] = {"account": np.array(["held"], object)}
    contracts = 1.0 / book.lot_size["BTC"]
    tables["positions"] = {
        "account": np.array(["held", "held"], object),
        "instrument": np.array(LEGS, object),
        "quantity": np.full(2, -contracts),
    }
    tables["balances"] = {
        "account": np.array(["held"], object),
        "asset": np.array(["USD"], object),
        "amount": np.array([1.0]),
    }
    row = Engine(*loaded(book, tables), POLICY).recompute().accounts
    return float(row["equity"][0]) - 1.0, float(row["maintenance_margin"][0])


def loaded(book, tables):
    from tickmargin.simulate.door import market_of, portfolio_of

    return market_of(book.market_tables, book.as_of_ns), portfolio_of(tables)


@pytest.fixture(scope="module")
def week():
    path = DATA / "options/deribit_chain_selected.parquet"
    if not path.is_file():
        pytest.skip(f"REAL HISTORY ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    chains = read_chains([path], underlyings=["BTC"], start_ns=START_NS, end_ns=END_NS)
    days, kept = [], {}
    for chain in chains:
        quotes = quotes_of(chain)
        fits = fit_surface(quotes)
        before = kept
        found = follow(quotes, fits, kept, shape_age_max_ns=DAY_NS)
        kept = found.kept
        rows = [chain.instrument.tolist().index(name) for name in LEGS]
        expiry = int(chain.expiry_ns[rows[0]])
        value, maintenance = margined(chain, found.vol_annual)
        days.append(
            SimpleNamespace(
                chain=chain,
                quotes=quotes,
                fits=fits,
                fit=next(f for f in fits if f.expiry_ns == expiry),
                before=before.get(expiry),
                how=found.how[expiry],
                rows=rows,
                # what the venue says it is worth, from the chain itself
                marked=-float(np.sum(chain.mark_price[rows] * chain.index_price[rows])),
                value=value,
                maintenance=maintenance,
                observed=float(chain.vol_annual[rows[0]]),
                used=float(found.vol_annual[rows[0]]),
            )
        )
    return days


def test_real_fits_of_that_week_are_rejected_for_real_reasons(week):
    rejected = [d for d in week if not d.fit.accepted]
    assert [d.fit.reasons for d in rejected] == [("calendar",)] * 3
    assert [d.how for d in rejected] == ["level"] * 3
    assert {r for d in week for f in d.fits for r in f.reasons} >= {"butterfly", "misfit"}
    # an arbitrage is there: the whole slice's variance lies under the earlier expiry's somewhere
    for day in rejected:
        place = day.fits.index(day.fit)
        earlier = [f for f in day.fits[:place] if f.accepted][-1]
        own = day.quotes.log_moneyness[day.quotes.expiry_ns == day.fit.expiry_ns]
        k = np.linspace(own.min(), own.max(), 2001)
        assert (day.fit.svi.total_variance(k) < earlier.svi.total_variance(k)).any()


def test_with_the_fit_rejected_the_liability_follows_the_marks(week):
    for day in week:
        # accepted or not, the engine's liability is the venue's to within two per cent
        assert day.value == pytest.approx(day.marked, rel=0.02), day.chain.as_of_ns
    for before, day in itertools.pairwise(week):
        if day.fit.accepted:
            continue
        assert day.value - before.value == pytest.approx(day.marked - before.marked, abs=60.0)
        assert day.maintenance != before.maintenance


def test_a_surface_that_stood_still_would_not_have_followed(week):
    """Every option within 10 % of the money, of the expiry whose fit was rejected first."""
    day = next(d for d in week if not d.fit.accepted)
    chain, quotes = day.chain, day.quotes
    near = np.flatnonzero(
        (chain.expiry_ns == day.fit.expiry_ns) & (np.abs(quotes.log_moneyness) < 0.1)
    )
    forward, k = quotes.forward_price[near], quotes.log_moneyness[near]
    frozen = day.before.svi.vol_annual(k, day.before.years)

    def errors(vol):
        price = black76(
            chain.is_call[near], forward, chain.strike[near], vol, day.fit.years, greeks=("price",)
        ).price
        return np.abs(np.asarray(price) / forward / chain.mark_price[near] - 1.0)

    found = follow(quotes, day.fits, {day.fit.expiry_ns: day.before}, shape_age_max_ns=DAY_NS)
    assert near.size > 20
    followed, stood = errors(found.vol_annual[near]), errors(frozen)
    assert np.median(followed) < 0.03
    assert np.median(stood) > 5.0 * np.median(followed)


def test_at_the_money_volatility_is_never_below_what_is_marked(week):
    kept = {}
    for day in week:
        found = follow(day.quotes, day.fits, kept, shape_age_max_ns=DAY_NS)
        kept = found.kept
        for expiry, how in found.how.items():
            if how != "level":
                continue
            rows = np.flatnonzero(day.quotes.expiry_ns == expiry)
            far = np.abs(day.quotes.log_moneyness[rows])
            nearest = rows[far == far.min()]
            assert (found.vol_annual[nearest] >= day.quotes.vol_annual[nearest]).all()


def test_margin_called_anew_covers_what_is_lost_until_the_next_call(week):
    calls = [d.maintenance for d in week]
    losses = [a.marked - b.marked for a, b in itertools.pairwise(week)]
    assert all(loss <= call for call, loss in zip(calls, losses, strict=False))
    # what the first call asked for is lost before the week is over
    assert week[0].marked - min(d.marked for d in week) > calls[0]
    # the same straddle at the venue's own volatilities, call by call
    held = hold_straddle(POLICY, [d.chain for d in week], "BTC")
    assert [d.value for d in week] == pytest.approx([h.value for h in held], rel=0.02)
    assert calls == pytest.approx([h.maintenance_margin for h in held], rel=0.02)
