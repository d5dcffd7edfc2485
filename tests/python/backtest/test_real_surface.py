"""Surfaces of real chains through 31 January to 7 February 2026: fits that fail freeze nothing."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tickmargin import records
from tickmargin.backtest.chains import read_chains
from tickmargin.backtest.option_books import hold_straddle
from tickmargin.engine import Engine
from tickmargin.policies import Policies
from tickmargin.pricing import black76, forwards_from_parity
from tickmargin.simulate.door import market_of, portfolio_of
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


def book_of(chain, vol_annual):
    """A market at volatilities that need not be the marks', and an account with the straddle."""
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
    return market_of(book.market_tables, book.as_of_ns), portfolio_of(tables)


def margined(chain, vol_annual):
    """Value and MM of the short straddle by the engine."""
    row = Engine(*book_of(chain, vol_annual), POLICY).recompute().accounts
    return float(row["equity"][0]) - 1.0, float(row["maintenance_margin"][0])


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


def test_the_live_guard_rejects_real_surfaces_and_still_follows(week):
    """Snapshot after snapshot as records: the guard of the live engine sees hours as one move."""
    rejected = 0
    for before, day in itertools.pairwise(week):
        if day.chain.as_of_ns - before.chain.as_of_ns > DAY_NS // 2:
            continue
        engine = Engine(*book_of(before.chain, before.chain.vol_annual), POLICY)
        engine.start(oracle={"*": {"sources": ["a", "b"]}})
        marked = value_live(engine, before, 1)
        assert marked == pytest.approx(before.marked, rel=0.01)
        value = value_live(engine, day, 2)
        assert value == pytest.approx(day.marked, rel=0.03), day.chain.as_of_ns
        rejected += twisted(before.chain, day.chain)
    assert rejected >= 5


def value_live(engine, day, seq):
    """The straddle's value once a snapshot's index, forwards and surface have been applied."""
    chain, now = day.chain, day.chain.as_of_ns
    listed = engine.names.lists["instrument"]
    index = float(np.median(chain.index_price))
    expiries = engine.market.forwards.expiry_ns.tolist()
    forwards = dict(zip(day.quotes.expiry_ns.tolist(), day.quotes.forward_price, strict=True))
    vols = dict(zip(chain.instrument.tolist(), chain.vol_annual.tolist(), strict=True))
    staged = [name for name in vols if name in set(listed)]
    given = [
        records.clock(now),
        *(
            records.index_tick("BTC", index, source=s, seq=seq, ts_ns=now, engine=engine)
            for s in ("a", "b")
        ),
        *(
            records.forward("BTC", node, forwards[expiry], ts_ns=now, engine=engine)
            for node, expiry in enumerate(expiries)
            if expiry in forwards
        ),
        records.surface_stage(staged, [vols[name] for name in staged], ts_ns=now, engine=engine),
        records.surface_commit("BTC", len(staged), ts_ns=now, engine=engine),
    ]
    for some in given:
        engine.apply(some).raise_if_refused()
        engine.events()
    return float(engine.account("held").equity) - 1.0


def twisted(before, after):
    """Whether the guard's rule rejects: a row leaves the median move by more than its band."""
    old = dict(zip(before.instrument.tolist(), before.vol_annual.tolist(), strict=True))
    new = dict(zip(after.instrument.tolist(), after.vol_annual.tolist(), strict=True))
    moves = np.log([new[n] / old[n] for n in old if n in new])
    return bool((np.abs(moves - np.median(moves)) > 0.25).any())
