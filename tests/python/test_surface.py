"""Fits of volatility surfaces: what they find, what they reject, and what holds then."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle import svi as oracle

import tickmargin as tm
from tickmargin.surface import Quotes, Svi, fit_surface, fit_svi, follow

pytest.importorskip("scipy")

DAY_NS = 86_400_000_000_000
NOW_NS = 1_770_000_000_000_000_000
GOOD = Svi(0.004, 0.05, -0.35, 0.01, 0.12)
VOGT = Svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)  # the paper's example of a negative density


def quotes(slices, strikes=21, width=2.5):
    """Marks of slices given as (days, Svi): strikes evenly over ``width`` standard deviations."""
    columns = [[], [], [], []]
    for days, svi in slices:
        years = days / 365.0
        reach = width * float(np.sqrt(svi.total_variance(0.0)))
        k = np.linspace(-reach, reach, strikes)
        columns[0].append(np.full(strikes, NOW_NS + int(days * DAY_NS)))
        columns[1].append(60_000.0 * np.exp(k))
        columns[2].append(np.full(strikes, 60_000.0))
        columns[3].append(svi.vol_annual(k, years))
    return Quotes(NOW_NS, *(np.concatenate(c) for c in columns))


def test_a_smile_that_is_svi_is_found_again():
    k = np.linspace(-0.5, 0.4, 25)
    found = fit_svi(k, GOOD.vol_annual(k, 0.1), 0.1)
    assert found.vol_annual(k, 0.1) == pytest.approx(GOOD.vol_annual(k, 0.1), abs=1e-6)


RAW = st.tuples(
    st.floats(-0.02, 0.1), st.floats(0.01, 1.0), st.floats(-0.9, 0.9), st.floats(-0.3, 0.3),
    st.floats(0.05, 0.6),
)  # fmt: skip


@given(RAW, st.floats(-0.8, 0.8))
@settings(max_examples=60, deadline=None)
def test_durrlemans_g_is_negative_where_a_butterfly_is(raw, k):
    svi = Svi(*raw)
    if float(svi.total_variance(k)) <= 1e-3:
        return
    g = float(svi.durrleman(k))
    if abs(g) > 1e-6:
        density = oracle.density(raw, float(np.exp(k)))
        assert (g > 0.0) == (density > 0) or abs(density) < 1e-20


def test_the_papers_example_is_rejected_as_a_butterfly():
    k = np.linspace(-1.5, 1.5, 61)
    assert VOGT.durrleman(k).min() < 0.0
    assert oracle.density((-0.0410, 0.1331, 0.3060, 0.3586, 0.4153), float(np.exp(0.8))) < 0
    given_quotes = Quotes(
        NOW_NS,
        np.full(61, NOW_NS + 365 * DAY_NS),
        100.0 * np.exp(k),
        np.full(61, 100.0),
        VOGT.vol_annual(k, 1.0),
    )
    (only,) = fit_surface(given_quotes)
    assert only.reasons == ("butterfly",)


def test_an_inverted_pair_of_expiries_is_rejected_at_the_later():
    fits = fit_surface(quotes([(10, GOOD), (20, replace(GOOD, a=GOOD.a * 0.5, b=GOOD.b * 0.8))]))
    assert [f.reasons for f in fits] == [(), ("calendar",)]
    fits = fit_surface(quotes([(10, GOOD), (20, replace(GOOD, a=GOOD.a * 2.0))]))
    assert all(f.accepted for f in fits)


def test_noise_and_too_few_quotes_are_rejected():
    clean = quotes([(30, GOOD)])
    noise = 0.05 * (-1.0) ** np.arange(21)
    (noisy,) = fit_surface(replace(clean, vol_annual=clean.vol_annual + noise))
    assert "misfit" in noisy.reasons
    few = Quotes(NOW_NS, *(c[:4] for c in (clean.expiry_ns, clean.strike, clean.forward_price,
                                           clean.vol_annual)))  # fmt: skip
    (none,) = fit_surface(few)
    assert none.reasons == ("quotes",)
    assert none.svi is None


MARKS = st.lists(st.floats(0.1, 3.0), min_size=9, max_size=9)


@given(MARKS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_rejected_fit_keeps_the_shape_and_follows_the_level(marks, had_shape):
    clean = quotes([(30, GOOD)], strikes=9)
    (accepted,) = fit_surface(clean)
    later = replace(clean, as_of_ns=NOW_NS + 60_000_000_000, vol_annual=np.array(marks))
    rejected = replace(accepted, as_of_ns=later.as_of_ns, reasons=("butterfly",))
    kept = follow(clean, [accepted]).kept if had_shape else {}
    found = follow(later, [rejected], kept)
    shape = accepted.svi.vol_annual(clean.log_moneyness, accepted.years).tolist()
    rows = list(zip(clean.log_moneyness.tolist(), marks, strict=True))
    wanted = oracle.followed(rows, shape if had_shape else None)
    assert found.vol_annual == pytest.approx(wanted, rel=1e-12)
    assert set(found.how.values()) == {"level" if had_shape else "marks"}
    nearest = int(np.argmin(np.abs(clean.log_moneyness)))
    assert found.vol_annual[nearest] >= marks[nearest] * (1.0 - 1e-15)


def test_a_shape_is_kept_for_a_limited_time_and_an_accepted_fit_ends_it():
    clean = quotes([(30, GOOD)])
    (accepted,) = fit_surface(clean)
    kept = follow(clean, [accepted]).kept
    expiry = accepted.expiry_ns

    def after(seconds, fit):
        later = replace(clean, as_of_ns=NOW_NS + seconds * 10**9, vol_annual=clean.vol_annual * 1.5)
        return follow(later, [replace(fit, as_of_ns=later.as_of_ns)], kept)

    rejected = replace(accepted, reasons=("calendar",))
    assert after(300, rejected).how == {expiry: "level"}
    assert after(301, rejected).how == {expiry: "marks"}
    assert after(300, rejected).level[expiry] == pytest.approx(np.log(1.5), abs=1e-6)
    assert after(300, accepted).how == {expiry: "fitted"}
    # what has expired is forgotten
    gone = Quotes(expiry, *(np.array([x]) for x in (expiry + DAY_NS, 1.0, 1.0, 0.5)))
    assert expiry not in follow(gone, [], kept).kept


def test_bad_quotes_are_refused_by_name_and_row():
    good = quotes([(30, GOOD)])
    for name in ("strike", "forward_price", "vol_annual"):
        for wrong in (0.0, -1.0, np.nan, np.inf):
            column = getattr(good, name).copy()
            column[-1] = wrong
            with pytest.raises(tm.InvalidInputError, match=f"{name} row 20") as caught:
                replace(good, **{name: column})
            assert caught.value.code == "NOT_POSITIVE"
    with pytest.raises(tm.InvalidInputError, match="strike has shape") as caught:
        replace(good, strike=good.strike[1:])
    assert caught.value.code == "LENGTH_MISMATCH"
    with pytest.raises(tm.InvalidInputError, match="expiry_ns row 0") as caught:
        replace(good, as_of_ns=int(good.expiry_ns[0]))
    assert caught.value.code == "INVALID_TIME"
    with pytest.raises(tm.InvalidInputError, match="5 quotes or more"):
        fit_svi([0.0, 0.1], [0.5, 0.5], 0.1)
    with pytest.raises(tm.InvalidInputError, match="quote row 1"):
        fit_svi([0.0] * 5, [0.5, np.nan, 0.5, 0.5, 0.5], 0.1)
    with pytest.raises(tm.InvalidInputError, match="years"):
        fit_svi([0.0] * 5, [0.5] * 5, 0.0)


def test_without_scipy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(tm.MissingExtraError, match="calibrate"):
        fit_svi(np.linspace(-1, 1, 5), np.full(5, 0.5), 0.1)
