"""Scenario tables and scans against loops that do what the docstrings say."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.scan import portfolio_scan, scenario_matrix


def black(is_call: bool, forward: float, strike: float, vol: float, years: float) -> float:
    """Undiscounted Black-76 with 40 digits."""
    with mpmath.workdps(40):
        s = mpmath.mpf(vol) * mpmath.sqrt(mpmath.mpf(years))
        d1 = mpmath.log(mpmath.mpf(forward) / mpmath.mpf(strike)) / s + s / 2
        call = forward * mpmath.ncdf(d1) - strike * mpmath.ncdf(d1 - s)
        return float(call if is_call else call - forward + strike)


@pytest.fixture
def options() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    count = 11
    forward = rng.uniform(50.0, 150.0, count)
    vol = rng.uniform(0.2, 0.9, count)
    return {
        "is_call": rng.random(count) < 0.5,
        "forward": forward,
        "strike": forward * rng.uniform(0.7, 1.4, count),
        "vols_annual": np.stack([vol, vol * 1.5, vol * 0.7], axis=1),
        "expiry_years": rng.uniform(0.05, 1.5, count),
    }


def test_matrix_is_the_black_formula_cell_by_cell(options) -> None:
    factor = np.array([0.8, 1.0, 1.0, 1.1, 1.25])
    index = np.array([0, 0, 1, 2, 1])
    weight = np.array([1.0, 1.0, 0.5, 1.0, 0.25])
    scale = np.linspace(0.1, 2.0, 11)
    base = np.linspace(-3.0, 5.0, 11)
    found = scenario_matrix(
        **options, price_factor=factor, vol_index=index, weight=weight, scale=scale, base_value=base
    )
    assert found.shape == (11, 5)
    for i in range(11):
        for s in range(5):
            price = black(
                options["is_call"][i],
                options["forward"][i] * factor[s],
                options["strike"][i],
                options["vols_annual"][i, index[s]],
                options["expiry_years"][i],
            )
            expected = weight[s] * (scale[i] * price - base[i])
            assert found[i, s] == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_one_volatility_and_scalars_spread_over_rows(options) -> None:
    vols = options["vols_annual"][:, 0]
    wide = scenario_matrix(
        np.ones(11, bool), np.full(11, 100.0), options["strike"], vols[:, np.newaxis],
        np.full(11, 0.5), price_factor=[1.0], vol_index=[0],
    )  # fmt: skip
    short = scenario_matrix(True, 100, options["strike"], vols, 0.5, price_factor=1.0)
    assert np.array_equal(wide, short)
    assert short[4, 0] == pytest.approx(black(True, 100.0, options["strike"][4], vols[4], 0.5))


def test_a_row_that_makes_no_sense_is_nan_and_leaves_its_neighbours(options) -> None:
    before = scenario_matrix(**options, price_factor=[0.9, 1.1])
    options["vols_annual"] = options["vols_annual"].copy()
    options["vols_annual"][4] = math.nan
    options["strike"][7] = -1.0
    after = scenario_matrix(**options, price_factor=[0.9, 1.1])
    assert np.isnan(after[[4, 7]]).all()
    rest = [i for i in range(11) if i not in (4, 7)]
    assert np.array_equal(after[rest], before[rest])


def test_matrix_goes_into_the_callers_array(options) -> None:
    out = np.empty((11, 2))
    found = scenario_matrix(**options, price_factor=[0.9, 1.1], out=out)
    assert found is out
    fresh = scenario_matrix(**options, price_factor=[0.9, 1.1])
    assert np.array_equal(out, fresh)
    assert not fresh.flags.writeable


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        ({"forward": ["1"] * 11}, InputTypeError, "INPUT_TYPE"),
        ({"forward": np.ones(11, bool)}, InputTypeError, "INPUT_TYPE"),
        ({"is_call": np.ones(11)}, InputTypeError, "INPUT_TYPE"),
        ({"strike": np.ones(10)}, InvalidInputError, "LENGTH_MISMATCH"),
        ({"vol_index": [3, 0]}, InvalidInputError, "INVALID_INPUT"),
        ({"vol_index": [-1, 0]}, InvalidInputError, "INVALID_INPUT"),
        ({"vol_index": [0]}, None, None),
        ({"vols_annual": np.ones((11, 0))}, InvalidInputError, "WRONG_SHAPE"),
        ({"price_factor": np.ones((2, 2))}, InvalidInputError, "WRONG_SHAPE"),
        ({"out": np.empty((11, 3))}, InvalidInputError, "WRONG_SHAPE"),
        ({"out": np.empty((11, 2), np.float32)}, InputTypeError, "INPUT_TYPE"),
        ({"out": np.empty((2, 11)).T}, InvalidInputError, "INVALID_INPUT"),
    ],
)
def test_matrix_refuses_what_it_would_have_to_guess(options, change, error, code) -> None:
    arguments = {**options, "price_factor": [0.9, 1.1], **change}
    if error is None:
        assert scenario_matrix(**arguments).shape == (11, 2)
        return
    with pytest.raises(error) as caught:
        scenario_matrix(**arguments)
    assert caught.value.code == code or error is InputTypeError


def test_matrix_refuses_out_over_an_input(options) -> None:
    memory = np.ones((11, 2))
    options["forward"] = memory.reshape(-1)[:11]
    with pytest.raises(InvalidInputError, match="shares memory"):
        scenario_matrix(**options, price_factor=[0.9, 1.1], out=memory)


def book(rng: np.random.Generator, accounts: int, positions: int, instruments: int):
    cuts = np.sort(rng.integers(0, positions + 1, accounts - 1))
    offsets = np.concatenate(([0], cuts, [positions])).astype(np.int64)
    row = rng.integers(0, instruments, positions).astype(np.int32)
    return offsets, row, rng.normal(size=positions)


def left_fold(offsets, row, quantity, table) -> np.ndarray:
    """Add the rows up one by one in plain Python floats."""
    sums = []
    for first, end in pairwise(offsets):
        total = [0.0] * table.shape[1]
        for p in range(first, end):
            values = table[row[p]].tolist()
            held = float(quantity[p])
            total = [t + held * value for t, value in zip(total, values, strict=True)]
        sums.append(total)
    return np.array(sums)


@pytest.mark.parametrize("scenarios", [1, 7, 8, 24, 32, 45, 72])
@pytest.mark.parametrize("threads", [1, 3])
def test_scan_has_the_bits_of_a_left_fold(scenarios: int, threads: int) -> None:
    rng = np.random.default_rng(scenarios)
    offsets, row, quantity = book(rng, 1500, 6000, 37)  # some accounts hold nothing
    table = rng.normal(size=(37, scenarios))
    expected = left_fold(offsets, row, quantity, table)
    found = portfolio_scan(offsets, row, quantity, table, sums=True, threads=threads)
    assert np.array_equal(found.sums, expected)
    assert np.array_equal(found.worst, expected.min(axis=1))
    assert np.array_equal(found.worst_scenario, expected.argmin(axis=1))
    assert np.any(np.diff(offsets) == 0)


def test_scan_agrees_with_exact_sums() -> None:
    rng = np.random.default_rng(1)
    offsets, row, quantity = book(rng, 20, 400, 9)
    table = rng.normal(size=(9, 8))
    worst = portfolio_scan(offsets, row, quantity, table).worst
    for account in range(20):
        held = range(offsets[account], offsets[account + 1])
        exact = [
            float(sum(Fraction(quantity[p]) * Fraction(table[row[p], s]) for p in held))
            for s in range(8)
        ]
        assert worst[account] == pytest.approx(min(exact), rel=1e-13, abs=1e-13)


def test_without_sums_none_are_given() -> None:
    assert portfolio_scan([0, 1], [0], [2.0], [[1.0, -3.0]]).sums is None


def test_integer_types_of_rows_agree() -> None:
    offsets, row, quantity = book(np.random.default_rng(5), 10, 50, 9)
    table = np.random.default_rng(6).normal(size=(9, 8))
    found = [
        portfolio_scan(offsets, row.astype(kind), quantity, table).worst
        for kind in (np.int32, np.uint32, np.int64, np.uint8)
    ]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_nan_is_worse_than_any_number_and_stays_in_its_account() -> None:
    table = np.array([[1.0, -5.0], [math.nan, 2.0]])
    found = portfolio_scan([0, 1, 2, 2], [0, 1], [1.0, 1.0], table)
    assert found.worst[0] == -5.0
    assert found.worst_scenario.tolist() == [1, 0, 0]
    assert math.isnan(found.worst[1])
    assert found.worst[2] == 0.0


def test_scan_goes_into_the_callers_arrays() -> None:
    offsets, row, quantity = book(np.random.default_rng(7), 30, 90, 9)
    table = np.random.default_rng(8).normal(size=(9, 16))
    out = {
        "worst": np.empty(30),
        "worst_scenario": np.empty(30, np.uint32),
        "sums": np.empty((30, 16)),
    }
    found = portfolio_scan(offsets, row, quantity, table, out=out)
    assert found.worst is out["worst"]
    assert found.worst_scenario is out["worst_scenario"]
    assert np.array_equal(out["sums"], left_fold(offsets, row, quantity, table))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"instrument": np.array([0, 2], np.int32)}, "position 1 is not a row"),
        ({"instrument": np.array([0, -1], np.int32)}, "position 1 is not a row"),
        ({"instrument": np.array([5, 0])}, "position 0 is not a row"),
        ({"offsets": [0, 3]}, "offsets"),
        ({"offsets": [1, 2]}, "offsets"),
        ({"offsets": [0, 2, 1, 2]}, "offsets"),
        ({"offsets": np.empty(0, np.int64)}, "offsets"),
        ({"quantity": [1.0]}, "quantity"),
        ({"table": [1.0, 2.0]}, "table"),
        ({"threads": 0}, "threads"),
        ({"out": {"wrost": np.empty(1)}}, "wrost"),
        ({"out": {"worst": np.empty(2)}}, "worst must have shape"),
        ({"out": {"sums": np.empty((1, 2))}}, "multiple of 8"),
    ],
)
def test_scan_refuses(change, match: str) -> None:
    arguments = {
        "offsets": [0, 2],
        "instrument": np.array([0, 1], np.int32),
        "quantity": [1.0, 2.0],
        "table": [[1.0, 2.0], [3.0, 4.0]],
    }
    options = {name: change[name] for name in ("threads", "out") if name in change}
    arguments.update({name: change[name] for name in arguments if name in change})
    with pytest.raises(InvalidInputError, match=match):
        portfolio_scan(*arguments.values(), **options)


def test_scan_refuses_outputs_over_each_other_and_read_only_ones() -> None:
    memory = np.empty(16)
    table = np.ones((1, 8))
    both = {"worst": memory[:1], "sums": memory[:8].reshape(1, 8)}
    with pytest.raises(InvalidInputError, match="shares memory"):
        portfolio_scan([0, 1], [0], [1.0], table, out=both)
    locked = np.empty(1)
    locked.flags.writeable = False
    with pytest.raises(InvalidInputError, match="writable"):
        portfolio_scan([0, 1], [0], [1.0], table, out={"worst": locked})


@pytest.mark.parametrize(
    "quantity", [[True, False], ["1", "2"], [None, 1.0], np.array([1, 2], "datetime64[s]")]
)
def test_scan_refuses_other_types(quantity) -> None:
    with pytest.raises(InputTypeError):
        portfolio_scan([0, 2], [0, 0], quantity, [[1.0]])
