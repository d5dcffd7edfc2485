"""Statistics of a backtest against SciPy, against plain counting, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.oracle import model_checks as twin

import tickmargin as tm
from tickmargin import backtest

CASES = settings(max_examples=60, deadline=None)
shares = st.floats(0.001, 0.5)


@CASES
@given(st.integers(2, 3000), st.floats(0, 1), shares)
def test_kupiec_agrees_with_scipy(n, rate, p):
    x = round(n * rate)
    found = backtest.kupiec_pof(n, x, p)
    expected = max(twin.kupiec_ratio(n, x, p), 0.0)
    assert found.likelihood_ratio == pytest.approx(expected, rel=1e-9, abs=1e-8)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 1), rel=1e-6, abs=1e-6)
    assert found.cumulative == pytest.approx(stats.binom.cdf(x, n, p), rel=1e-9, abs=1e-12)
    assert found.p_value_exact == pytest.approx(stats.binom.sf(x - 1, n, p), abs=1e-10)
    # fewer exceptions than promised never count against a margin
    if abs(x - n * p) > 1e-9:
        assert (found.p_value_one_sided > 0.5) == (x < n * p)


@CASES
@given(st.integers(20, 3000), shares)
def test_the_region_is_where_kupiec_does_not_reject(n, p):
    low, high = backtest.kupiec_region(n, p)
    limit = stats.chi2.ppf(0.95, 1)
    inside = [x for x in range(1, n + 1) if twin.kupiec_ratio(n, x, p) <= limit]
    expected = list(range(max(low + 1, 1), min(high, n + 1)))
    # counts within rounding of the border may fall on either side
    assert set(set(inside) ^ set(expected)) <= {
        x for x in range(1, n + 1) if abs(twin.kupiec_ratio(n, x, p) - limit) < 1e-6
    } | {math.floor(n * p)}


@CASES
@given(st.lists(st.booleans(), min_size=2, max_size=300), shares)
def test_christoffersen_agrees_with_counting(hits, p):
    found = backtest.christoffersen(hits, p)
    assert found.independence == pytest.approx(max(twin.christoffersen_ratio(hits), 0.0), abs=1e-9)
    assert found.conditional == pytest.approx(found.independence + found.unconditional)
    assert found.p_conditional == pytest.approx(stats.chi2.sf(found.conditional, 2))


@CASES
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=300), shares)
def test_pooling_agrees_with_counting(rows, p):
    hits, clusters = [h for h, _ in rows], [c for _, c in rows]
    found = backtest.pooled_coverage(hits, clusters, p)
    assert found.z == pytest.approx(twin.clustered_z(hits, clusters, p), rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(stats.norm.sf(found.z))


@CASES
@given(st.lists(st.floats(0, 50), min_size=1, max_size=80))
def test_the_e_process_agrees_with_betting_one_by_one(values):
    found = backtest.e_process(values)
    assert found.wealth.tolist() == pytest.approx(twin.wealth(values, 0.5), rel=1e-9)


def test_a_kept_promise_is_rarely_rejected_at_any_time():
    random = np.random.default_rng(5)
    hits = random.random((600, 1000)) < 0.01
    rejected = [
        backtest.e_process(backtest.e_values_coverage(row, 0.01)).first_rejection is not None
        for row in hits
    ]
    assert np.mean(rejected) <= 0.05


def test_a_broken_promise_is_found():
    random = np.random.default_rng(6)
    hits = random.random(1500) < 0.04
    found = backtest.e_process(backtest.e_values_coverage(hits, 0.01))
    assert found.p_value < 1e-4
    assert backtest.kupiec_pof(1500, int(hits.sum()), 0.01).p_value_one_sided < 1e-6


def test_accounts_that_lose_together_are_not_counted_as_independent():
    # 50 accounts with the same exceptions on 3 of 250 days: what one account would show
    days = np.repeat(np.arange(250), 50)
    hits = np.isin(days, [10, 90, 200])
    naive = backtest.kupiec_pof(hits.size, int(hits.sum()), 0.01).p_value_one_sided
    pooled = backtest.pooled_coverage(hits, days, 0.01)
    assert naive < 0.05 < pooled.p_value
    assert pooled.design_effect > 40


def test_critical_values_agree_with_simulation():
    random = np.random.default_rng(1)
    tail = -stats.norm.ppf(0.025)
    shortfall = stats.norm.pdf(tail) / 0.025
    draws = random.standard_normal((40_000, 250))
    z2 = np.where(draws < -tail, draws, 0.0).sum(axis=1) / (250 * 0.025 * shortfall) + 1.0
    (found,) = backtest.acerbi_szekely_critical(250, 0.025, [0.05])
    assert np.mean(z2 < found) == pytest.approx(0.05, abs=0.004)


def test_pelve_of_a_normal_sample_is_near_the_normal_s():
    quantiles = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert backtest.pelve(quantiles, 0.01) == pytest.approx(backtest.pelve_normal(0.01), abs=0.01)


def test_windows_of_one_day_have_binomial_bounds():
    assert backtest.stoplight_bounds(250) == [4, 9]
    n = 250
    green, amber = backtest.stoplight_bounds(n, days=1, levels=[0.95, 0.9999])
    assert stats.binom.cdf(green, n, 0.01) < 0.95 <= stats.binom.cdf(green + 1, n, 0.01)
    assert stats.binom.cdf(amber, n, 0.01) < 0.9999 <= stats.binom.cdf(amber + 1, n, 0.01)


def test_the_score_is_least_at_the_quantile():
    losses = stats.norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    levels = np.linspace(1.5, 3.0, 31)
    scores = [backtest.quantile_score(losses, np.full(10_000, m), 0.99) for m in levels]
    assert levels[int(np.argmin(scores))] == pytest.approx(stats.norm.ppf(0.99), abs=0.051)


def test_shortfall_size_by_hand():
    found = backtest.shortfall_size([1.0, 5.0, -2.0, 3.0], [2.0, 2.0, 2.0, 2.0])
    assert (found.count, found.total, found.worst) == (2, 4.0, 3.0)
    assert (found.mean_ratio, found.worst_ratio) == (1.0, 1.5)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: backtest.kupiec_pof(10, 11, 0.01), "exceptions"),
        (lambda: backtest.kupiec_pof(0, 0, 0.01), "observations"),
        (lambda: backtest.kupiec_pof(10, 1, 0.0), "probability_promised"),
        (lambda: backtest.christoffersen([0, 2], 0.01), "row 1"),
        (lambda: backtest.acerbi_szekely([0.1], [1.0], [0.0], 0.025), "shortfall row 0"),
        (lambda: backtest.quantile_score([1.0, math.nan], [1.0, 1.0], 0.99), "losses row 1"),
        (lambda: backtest.quantile_score([1.0], [1.0, 1.0], 0.99), "margin must have 1 rows"),
        (lambda: backtest.e_process([1.0, -1.0]), "e_values row 1"),
        (lambda: backtest.pooled_coverage([True], [1, 2], 0.01), "clusters must have 1 rows"),
        (lambda: backtest.traffic_light(10, 1, 1.0), "probability_promised"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(tm.InvalidInputError, match=named) as caught:
        call()
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", ["0.01", None, True])
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(tm.InputTypeError):
        backtest.kupiec_pof(10, 1, value)
