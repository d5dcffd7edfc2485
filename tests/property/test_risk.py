"""Laws of the measures of risk, and their twins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle import delta_gamma as quadratic
from tests.oracle import risk as twin

from tickmargin import InputTypeError, InvalidInputError, risk

LOSS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
SAMPLE = st.lists(LOSS, min_size=1, max_size=60)
CONFIDENCE = st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999])
NUMPY_RULES = [rule for rule in risk.QUANTILE_RULES if rule != "nearest_index"]


def close(a: float, b: float, size: float) -> bool:
    return abs(a - b) <= 1e-12 * max(size, 1.0)


@given(SAMPLE, CONFIDENCE)
def test_shortfall_is_its_definition(losses, confidence):
    weights = [Fraction(1, len(losses))] * len(losses)
    size = max(map(abs, losses)) * len(losses)
    assert close(
        risk.historical_es(losses, confidence), twin.shortfall(losses, weights, confidence), size
    )


@given(SAMPLE, CONFIDENCE, st.sampled_from([0.9, 0.97, 0.995]))
def test_age_weighted_measures_are_their_definitions(losses, confidence, decay):
    weights = twin.age_weights(len(losses), decay)
    np.testing.assert_allclose(
        risk.age_weights(len(losses), decay), [float(w) for w in weights], rtol=1e-13
    )
    es = risk.age_weighted_es(losses, decay, confidence)
    size = max(map(abs, losses)) / (1 - confidence)
    assert close(es, twin.shortfall(losses, weights, confidence), size)
    # away from a tie of weight and tail, where rounding decides
    var = risk.age_weighted_var(losses, decay, confidence)
    around = [twin.weighted_var(losses, weights, confidence + e) for e in (-1e-12, 1e-12)]
    assert min(around) <= var <= max(around)


@given(SAMPLE, CONFIDENCE)
def test_shortfall_is_not_below_value_at_risk(losses, confidence):
    size = max(map(abs, losses))
    var = risk.historical_var(losses, confidence)
    assert risk.historical_es(losses, confidence) >= var - 1e-12 * max(size, 1.0)


@given(st.lists(st.tuples(LOSS, LOSS), min_size=2, max_size=60), CONFIDENCE)
def test_shortfall_is_subadditive(pairs, confidence):
    one, two = np.array(pairs).T
    apart = risk.historical_es(one, confidence) + risk.historical_es(two, confidence)
    size = np.abs(one).max() + np.abs(two).max()
    assert risk.historical_es(one + two, confidence) <= apart + 1e-12 * max(size, 1.0)


@given(SAMPLE, CONFIDENCE, st.randoms(use_true_random=False))
def test_the_order_of_scenarios_does_not_matter(losses, confidence, random):
    other = list(losses)
    random.shuffle(other)
    for rule in risk.QUANTILE_RULES:
        found = risk.historical_var(losses, confidence, rule)
        assert found == risk.historical_var(other, confidence, rule)
    assert risk.historical_es(losses, confidence) == risk.historical_es(other, confidence)


@given(SAMPLE, st.floats(0.0, 1.0))
def test_quantiles_are_numpys(losses, probability):
    size = max(map(abs, losses))
    for rule in NUMPY_RULES:
        wanted = [
            float(np.quantile(losses, p, method=rule))
            for p in (probability, max(probability - 1e-9, 0.0), min(probability + 1e-9, 1.0))
        ]
        found = risk.quantile(losses, probability, rule)
        # at a step either side may be right: where the step is depends on the last bit
        slack = 1e-12 * max(size, 1.0)
        assert min(wanted) - slack <= found <= max(wanted) + slack, rule


@given(
    st.lists(st.lists(LOSS, min_size=3, max_size=3), min_size=2, max_size=40),
    CONFIDENCE,
)
def test_parts_of_a_shortfall_add_up(profits, confidence):
    table = np.array(profits)
    parts = risk.component_es(table, confidence)
    whole = risk.historical_es(-table.sum(axis=1), confidence)
    assert parts.component.sum() == parts.es
    assert close(parts.es, whole, np.abs(table).sum())


def test_parts_of_a_linear_value_at_risk_add_up():
    rng = np.random.default_rng(5)
    root = rng.normal(size=(6, 6))
    parts = risk.component_var(rng.normal(size=6), root @ root.T, confidence=0.99)
    assert parts.component.sum() == pytest.approx(parts.var, rel=1e-13)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([1e-6, 0.001, 0.01, 0.05, 0.3]),
    st.sampled_from([1.5, 2.5, 3.0, 7.3, 40.0, 3000.0]),
)
def test_student_t_is_accurate(tail, freedom):
    confidence = 1.0 - tail
    found = risk.student_t_tail(confidence, freedom)
    wanted = twin.student_t(1.0 - confidence, freedom)
    assert (found.var, found.es) == pytest.approx(wanted, rel=1e-12)


def test_exact_quantiles_of_a_quadratic_form_agree_with_simulation():
    rng = np.random.default_rng(11)
    moves = rng.normal(size=(400_000, 3))
    delta, gamma = np.array([1.0, -2.0, 0.5]), np.diag([-1.0, 0.5, 0.0])
    profit = moves @ delta + 0.5 * np.einsum("si,ij,sj->s", moves, gamma, moves)
    for p in (0.01, 0.3, 0.5, 0.9, 0.99):
        exact = risk.delta_gamma_quantile(delta, gamma, np.eye(3), p)
        share = float((profit <= exact).mean())
        assert abs(share - p) <= 4.5 * np.sqrt(p * (1 - p) / profit.size)


def random_form(rng, n):
    """Deltas, gammas of mixed size, and a covariance."""
    delta = rng.normal(size=n) * rng.choice([0.0, 1.0, 1.0])
    gamma = rng.normal(size=n) * 10.0 ** rng.uniform(-2.0, 1.0, size=n)
    root = rng.normal(size=(n, n))
    return delta, gamma, root @ root.T


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4), st.sampled_from([0.6, 0.9, 0.975, 0.99, 0.999]))
def test_saddle_point_measures_and_their_parts_agree_with_an_inversion(seed, n, confidence):
    delta, gamma, covariance = random_form(np.random.default_rng(seed), n)
    found = risk.delta_gamma_tail(delta, gamma, covariance, confidence)
    for shortfall, total, parts in (
        (False, found.var, found.component_var),
        (True, found.es, found.component_es),
    ):
        wanted = quadratic.tail_parts(-delta, -gamma, covariance, confidence, shortfall)
        size = abs(total) + quadratic.deviation(delta, gamma, covariance)
        assert parts == pytest.approx(wanted, abs=1e-9 * size, rel=1e-9)
        assert parts.sum() == pytest.approx(total, abs=1e-12 * size)


@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.99])
@pytest.mark.parametrize(
    ("delta", "gamma"),
    [
        ((0.0, 0.0), (-1.0, 0.0)),  # one square: what Cornish-Fisher fails on
        ((0.3, 0.2), (-1.0, -2.0)),
        ((1.0, -2.0), (-1.0, 0.5)),
        ((0.48, 0.7), (65.0, -6.9)),  # long gamma hides short: Lugannani and Rice fail
        ((1.0, 0.5), (5.0, 1.0)),
    ],
)
def test_saddle_point_measures_are_those_of_a_loss_seen_move_by_move(delta, gamma, confidence):
    covariance = np.array([[1.0, 0.3], [0.3, 1.0]])
    found = risk.delta_gamma_tail(delta, gamma, covariance, confidence)
    linear, square = [-x for x in delta], [-x for x in gamma]
    exact = quadratic.exact_measures(linear, square, covariance, confidence)
    size = quadratic.deviation(linear, square, covariance)
    assert (found.var, found.es) == pytest.approx(exact, rel=1e-3, abs=1e-3 * size)
    inverted = quadratic.Form(linear, square, covariance).measures(1.0 - confidence)
    assert (found.var, found.es) == pytest.approx(inverted, rel=1e-9, abs=1e-9 * size)


def test_the_exact_quantile_is_minus_the_value_at_risk():
    rng = np.random.default_rng(3)
    delta, gamma = np.array([-2.93875461, -10.2957283]), np.array([0.00485325, -0.87692206])
    for _ in range(20):
        found = risk.delta_gamma_tail(delta, gamma, np.eye(2), 0.97).var
        quantile = risk.delta_gamma_quantile(delta, np.diag(gamma), np.eye(2), 1.0 - 0.97)
        size = quadratic.deviation(delta, gamma, np.eye(2))
        assert quantile == pytest.approx(-found, abs=1e-9 * size)
        assert quantile == pytest.approx(
            -quadratic.Form(-delta, -gamma, np.eye(2)).measures(0.03)[0]
        )
        delta = rng.normal(size=2) * 10.0 ** rng.uniform(-1.0, 1.0, size=2)
        gamma = rng.normal(size=2) * 10.0 ** rng.uniform(-3.0, 1.0, size=2)


@pytest.mark.parametrize("gamma", [1e-8, 1e-12, 1e-15, 1e-20, 1e-100, 1e-310])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_gamma_that_vanishes_leaves_the_normal_measures(gamma, sign):
    found = risk.delta_gamma_tail([1.0, 0.0], [sign * gamma, 0.0], [[1.0, 0.5], [0.5, 1.0]], 0.99)
    tail = risk.normal_tail(0.99)
    assert (found.var, found.es) == pytest.approx((tail.var, tail.es), rel=1e-7)


def test_the_measures_keep_their_laws_whatever_the_sizes():
    rng = np.random.default_rng(11)
    for _ in range(300):
        n = int(rng.integers(1, 6))
        root = rng.normal(size=(n, n))
        covariance = root @ root.T * 10.0 ** rng.uniform(-8.0, 0.0)
        (d1, d2), (g1, g2) = (
            rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-3.0, 3.0, size=(2, n)) for _ in range(2)
        )
        confidence = float(rng.choice([0.6, 0.95, 0.999]))
        one, two, both = (
            risk.delta_gamma_tail(d, g, covariance, confidence)
            for d, g in ((d1, g1), (d2, g2), (d1 + d2, g1 + g2))
        )
        size = quadratic.deviation(d1 + d2, g1 + g2, covariance)
        assert both.var <= both.es + 1e-8 * size
        assert both.es <= one.es + two.es + 1e-8 * size  # coherent: what orders rely on
        assert both.component_es.sum() == pytest.approx(both.es, rel=1e-9, abs=1e-9 * size)


def test_a_normal_loss_has_the_normal_measures_and_none_has_none():
    covariance = np.array([[4.0, 1.0], [1.0, 9.0]])
    found = risk.delta_gamma_tail([2.0, -1.0], [0.0, 0.0], covariance, 0.99)
    tail = risk.normal_tail(0.99, sd=np.sqrt(16.0 + 9.0 - 4.0))
    assert (found.var, found.es) == pytest.approx((tail.var, tail.es), rel=1e-10)
    nothing = risk.delta_gamma_tail([0.0, 0.0], [0.0, 0.0], covariance, 0.99)
    assert (nothing.var, nothing.es, nothing.component_es.tolist()) == (0.0, 0.0, [0.0, 0.0])


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda: risk.historical_es([1.0, float("nan")], 0.9), InvalidInputError, "NOT_FINITE"),
        (lambda: risk.historical_es([], 0.9), InvalidInputError, "WRONG_SHAPE"),
        (lambda: risk.historical_var([1.0], 1.0), InvalidInputError, "OUT_OF_RANGE"),
        (lambda: risk.historical_var([1.0], 0.9, "type7"), InvalidInputError, "UNKNOWN_WORD"),
        (lambda: risk.historical_var(["a"], 0.9), InputTypeError, "WRONG_TYPE"),
        (lambda: risk.student_t_tail(0.99, 1.0), InvalidInputError, "OUT_OF_RANGE"),
        (
            lambda: risk.nearest_correlation([[1.0, 0.5], [0.4, 1.0]]),
            InvalidInputError,
            "OUT_OF_RANGE",
        ),
        (
            lambda: risk.delta_gamma_quantile([1.0], [[1.0]], [[-1.0]], 0.9),
            InvalidInputError,
            "OUT_OF_RANGE",
        ),
        (
            lambda: risk.delta_gamma_tail([1.0], [1.0, 2.0], [[1.0]], 0.9),
            InvalidInputError,
            "LENGTH_MISMATCH",
        ),
        (
            lambda: risk.delta_gamma_tail([1.0], [1.0], [[-1.0]], 0.9),
            InvalidInputError,
            "OUT_OF_RANGE",
        ),
        (
            lambda: risk.delta_gamma_tail([1.0], [1.0], [[1.0]], 0.5),
            InvalidInputError,
            "OUT_OF_RANGE",
        ),
    ],
)
def test_bad_input_is_named(call, error, code):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.code == code
