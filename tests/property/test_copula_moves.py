"""Draws with the marginals of a past: quantiles of it exactly, ranks as the copula says."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from tests.oracle.margin_tail import at_own_marginal, drawn

from tickmargin import InputTypeError, InvalidInputError, moves

MOVE = st.floats(-0.5, 0.5, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(MOVE, min_size=1, max_size=40), st.integers(1, 150), st.integers(0, 2**40))
def test_each_marginal_is_the_quantiles_of_its_past(past: Any, count: int, seed: int) -> None:
    history = {"A": past, "B": past[::-1]}
    found = moves.copula_moves(history, [[1.0, 0.5], [0.5, 1.0]], count=count, seed=seed)
    n = len(past)
    places = [ceil(Fraction((2 * r + 1) * n, 2 * count)) - 1 for r in range(count)]
    expected = [sorted(past)[place] for place in places]
    assert sorted(found["A"].tolist()) == sorted(found["B"].tolist()) == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40), st.sampled_from([None, 2.5, 6.0]), st.floats(-0.95, 0.95))
def test_joint_draws_agree_with_the_twin(seed: int, freedom: Any, rho: float) -> None:
    rng = np.random.default_rng(seed)
    history = {"A": rng.standard_t(3, 57).tolist(), "B": rng.normal(size=57).tolist()}
    history = {name: [max(-0.9, 0.01 * x) for x in own] for name, own in history.items()}
    matrix = [[1.0, rho], [rho, 1.0]]
    found = moves.copula_moves(history, matrix, count=120, seed=seed, degrees_of_freedom=freedom)
    tail = {"seed": seed, "draws": 120, "distribution": "student_t" if freedom else "normal"}
    ranked = drawn([1.0, 1.0], matrix, tail | {"degrees_of_freedom": freedom}, 0.0)
    for name, own in zip(history, ranked, strict=True):
        assert found[name].tolist() == at_own_marginal(own, history[name])


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.4, 0.9])
def test_the_rank_correlation_is_the_copulas(rho: float) -> None:
    rng = np.random.default_rng(1)
    history = {"A": 0.02 * rng.standard_t(3, 2000).clip(-20, 20), "B": rng.uniform(-0.1, 0.2, 2000)}
    count = 20_000
    found = moves.copula_moves(history, [[1.0, rho], [rho, 1.0]], count=count, seed=7)
    spearman = 6.0 / np.pi * np.arcsin(rho / 2.0)  # of a normal copula (Pearson 1907)
    assert spearmanr(found["A"], found["B"])[0] == pytest.approx(spearman, abs=4 / count**0.5)


def test_extremes_of_a_t_copula_come_together() -> None:
    rng = np.random.default_rng(2)
    history = {name: rng.normal(0.0, 0.03, 1000) for name in "AB"}
    joint = {}
    for freedom in (None, 3.0):
        found = moves.copula_moves(
            history, np.eye(2), count=20_000, seed=5, degrees_of_freedom=freedom
        )
        worst = [own <= np.sort(own)[199] for own in found.values()]  # a hundredth
        joint[freedom] = int((worst[0] & worst[1]).sum())
    assert joint[None] <= 8  # 2 of independent ones
    assert joint[3.0] > 15


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"history": {}}, "LENGTH_MISMATCH"),
        ({"history": {"A": [], "B": []}}, "LENGTH_MISMATCH"),
        ({"history": {"A": [0.1], "B": [0.1, 0.2]}}, "LENGTH_MISMATCH"),
        ({"history": {"A": [0.1], "B": [float("nan")]}}, "OUT_OF_RANGE"),
        ({"history": {"A": [-1.0], "B": [0.1]}}, "OUT_OF_RANGE"),
        ({"correlation": [[1.0, 2.0], [2.0, 1.0]]}, "CORRELATION_NOT_PSD"),
        ({"correlation": [[2.0, 0.0], [0.0, 1.0]]}, "CORRELATION_NOT_PSD"),
        ({"correlation": [[1.0]]}, "WRONG_SHAPE"),
        ({"count": 0}, "INVALID_ARGUMENT"),
        ({"seed": -1}, "INVALID_ARGUMENT"),
        ({"degrees_of_freedom": 2.0}, "OUT_OF_RANGE"),
        ({"history": {"A": ["x"], "B": [0.1]}}, "WRONG_TYPE"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], code: str) -> None:
    good: dict[str, Any] = {
        "history": {"A": [0.1], "B": [0.2]},
        "correlation": np.eye(2),
        "count": 3,
        "seed": 0,
    }
    moves.copula_moves(**good)
    given_ = good | change
    with pytest.raises((InvalidInputError, InputTypeError)) as caught:
        moves.copula_moves(**given_)
    assert caught.value.code == code
