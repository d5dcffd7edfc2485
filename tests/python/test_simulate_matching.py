"""Sharing out whole lots: exact totals, fair shares, no chance for a lot to go missing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickmargin.simulate.matching import apportion, match_sides

members = st.lists(st.tuples(st.integers(0, 4), st.floats(0.001, 1e6)), min_size=1, max_size=60)


@given(members, st.lists(st.integers(0, 10**12), min_size=5, max_size=5))
def test_members_sum_to_their_total_and_stay_within_one_lot_of_their_quota(rows, totals):
    group = np.array([row[0] for row in rows])
    weight = np.array([row[1] for row in rows])
    present = np.bincount(group, minlength=5) > 0
    total = np.where(present, np.array(totals), 0)
    lots = apportion(total, weight, group)
    for number in range(5):
        inside = group == number
        assert sum(lots[inside].tolist()) == total[number]
        weight_sum = sum((Fraction(w) for w in weight[inside].tolist()), Fraction(0))
        for share, w in zip(lots[inside].tolist(), weight[inside].tolist(), strict=True):
            quota = Fraction(w) / weight_sum * int(total[number])
            # 1 lot of the method, and the rounding of a float quota of up to 1e12 lots
            assert abs(share - quota) <= 1 + Fraction(1, 1000)


def test_the_largest_remainders_get_the_lots_that_are_left():
    lots = apportion(np.array([10]), np.array([0.56, 0.33, 0.11]), np.array([0, 0, 0]))
    assert lots.tolist() == [6, 3, 1]


def test_a_weight_of_zero_gets_nothing():
    lots = apportion(np.array([7]), np.array([0.0, 1.0, 1.0]), np.array([0, 0, 0]))
    assert lots.tolist() == [0, 4, 3]


def test_lots_without_a_taker_are_refused():
    with pytest.raises(ValueError, match="no member with weight"):
        apportion(np.array([3, 1]), np.array([1.0, 0.0]), np.array([0, 1]))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 10**9), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_matching_only_enlarges_absorbing_positions(rows):
    # one absorbing long and short per instrument, then the drawn clients
    makers = [(i, 1, side) for i in range(4) for side in (True, False)]
    everyone = makers + rows
    instrument = np.array([row[0] for row in everyone])
    lots = np.array([row[1] for row in everyone])
    is_long = np.array([row[2] for row in everyone])
    absorbs = np.array([1.0] * len(makers) + [0.0] * len(rows))
    matched = match_sides(lots, is_long, instrument, absorbs)
    assert matched[len(makers) :].tolist() == lots[len(makers) :].tolist()
    assert np.all(matched >= lots)
    for number in range(4):
        inside = instrument == number
        longs = sum(matched[inside & is_long].tolist())
        assert longs == sum(matched[inside & ~is_long].tolist())


def test_an_empty_book_matches():
    none = np.zeros(0, dtype=np.int64)
    assert match_sides(none, none.astype(bool), none, none.astype(float)).shape == (0,)
