"""Whole-lot matching of longs and shorts.

Every contract has a buyer and a seller, so a book in which the longs of an instrument differ from
its shorts by one lot is not a book. Everything here works in integer lots for that reason.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Float = NDArray[np.float64]


def group_sums(values: Int, group: Int, group_count: int) -> Int:
    """Sum whole numbers by group without going through floating point.

    Parameters
    ----------
    values, group : ndarray of int64, shape (n,)
        What to add and to which group (0 .. group_count - 1).
    group_count : int
        The number of groups.

    Returns
    -------
    ndarray of int64, shape (group_count,)
        Exact sums.
    """
    sums = np.zeros(group_count, dtype=np.int64)
    np.add.at(sums, group, values)
    return sums


def apportion(total_lots: Int, weight: Float, group: Int) -> Int:
    """Share whole lots out among the members of each group in proportion to their weights.

    Parameters
    ----------
    total_lots : ndarray of int64, shape (groups,)
        What each group has to share out, >= 0.
    weight : ndarray, shape (n,)
        Weight of each member, >= 0; a group with lots to share needs one that is > 0.
    group : ndarray of int64, shape (n,)
        The group of each member.

    Returns
    -------
    ndarray of int64, shape (n,)
        Lots per member; the members of a group sum to its total exactly (largest remainder,
        Hamilton's method; ties go to the earlier member).

    Raises
    ------
    ValueError
        If a group has lots but no member with weight.
    """
    group_count = total_lots.shape[0]
    weight_sum = np.bincount(group, weights=weight, minlength=group_count)
    if np.any((total_lots > 0) & ~(weight_sum > 0.0)):
        raise ValueError("a group with lots to share has no member with weight > 0")
    share = np.divide(weight, weight_sum[group], out=np.zeros(weight.shape), where=weight > 0.0)
    quota = share * total_lots[group]
    lots = np.floor(quota).astype(np.int64)
    # The quotas of a group sum to its total, so what is left is fewer lots than it has members.
    left = total_lots - group_sums(lots, group, group_count)
    order = np.lexsort((-(quota - lots), weight <= 0.0, group))
    extra = _rank_in_group(group, order) < left[group]
    return lots + extra


def _rank_in_group(group: Int, order: Int) -> Int:
    """Rank each row inside its group, given an order that is sorted by group first."""
    sorted_group = group[order]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]])
    lengths = np.diff(np.r_[starts, sorted_group.shape[0]])
    rank_sorted = np.arange(sorted_group.shape[0]) - np.repeat(starts, lengths)
    rank = np.empty(group.shape[0], dtype=np.int64)
    rank[order] = rank_sorted
    return rank


def match_sides(lots: Int, is_long: NDArray[np.bool_], instrument: Int, absorbs: Float) -> Int:
    """Raise the smaller side of each instrument until longs equal shorts.

    Parameters
    ----------
    lots : ndarray of int64, shape (n,)
        Size of each position, >= 1, without sign.
    is_long : ndarray of bool, shape (n,)
        Which side it is on.
    instrument : ndarray of int64, shape (n,)
        Index of its instrument.
    absorbs : ndarray, shape (n,)
        Weight with which a position may be enlarged (market makers); 0 leaves it alone.

    Returns
    -------
    ndarray of int64, shape (n,)
        Sizes, none smaller than before, whose longs and shorts agree per instrument.

    Raises
    ------
    ValueError
        If a side that is short of lots has no position that absorbs.
    """
    if lots.shape[0] == 0:
        return lots.copy()
    instrument_count = int(instrument.max()) + 1
    side_group = instrument * 2 + is_long
    totals = group_sums(lots, side_group, 2 * instrument_count).reshape(-1, 2)
    missing = (totals.max(axis=1, keepdims=True) - totals).reshape(-1)
    return lots + apportion(missing, absorbs, side_group)
