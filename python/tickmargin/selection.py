"""Which policy an account is under: the first selection rule that matches it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickmargin.errors import InvalidInputError

KIND_BITS: Mapping[str, int] = {"spot": 1, "future": 2, "perpetual": 4, "option": 8}
TEXT_CONDITIONS = ("account", "tier", "jurisdiction", "linked_group")
NUMBER_CONDITIONS = ("credit_score", "position_count", "gross_notional")

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.intp]]
Column = Sequence[Any] | np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rule:
    """A selection rule; ``conditions`` has the keys of a ``[[select]]`` table."""

    policy: int
    conditions: Mapping[str, Any]


@dataclass(frozen=True)
class _Accounts:
    attributes: Mapping[str, Column]
    kinds_held: np.ndarray[Any, np.dtype[np.uint8]]
    position_count: np.ndarray[Any, np.dtype[np.int64]]
    gross_notional: np.ndarray[Any, np.dtype[np.float64]] | None


def select_policies(
    rules: Sequence[Rule],
    attributes: Mapping[str, Column],
    kinds_held: np.ndarray[Any, np.dtype[np.uint8]],
    position_count: np.ndarray[Any, np.dtype[np.int64]],
    gross_notional: np.ndarray[Any, np.dtype[np.float64]] | None = None,
) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Index of the policy of each account.

    A missing attribute (None, NaN, or a column the portfolio does not have) meets no condition
    on it. Numeric bounds are inclusive. ``products`` is met by an account that holds something
    and only the kinds listed.

    Parameters
    ----------
    rules : sequence of Rule
        In order; the last one has no conditions.
    attributes : mapping of str to sequence
        ``account`` and, where the portfolio has them, ``tier``, ``jurisdiction``,
        ``linked_group`` (text, None where missing) and ``credit_score`` (NaN where missing),
        each of length n.
    kinds_held : uint8 array of shape (n,)
        Bits of :data:`KIND_BITS`, set for each kind held in any pocket.
    position_count : int64 array of shape (n,)
    gross_notional : float64 array of shape (n,), optional
        In the numeraire; None where the caller has not computed it.

    Returns
    -------
    int32 array of shape (n,)

    Raises
    ------
    InvalidInputError
        A rule looks at ``gross_notional`` and there is none (GROSS_NOTIONAL_MISSING), columns
        differ in length (LENGTH_MISMATCH), or the last rule has conditions
        (SELECT_NOT_UNCONDITIONAL).
    """
    accounts = _Accounts(attributes, kinds_held, position_count, gross_notional)
    _check(rules, accounts)
    count = len(accounts.position_count)
    policy = np.empty(count, dtype=np.int32)
    undecided: Rows = np.arange(count)
    for rule in rules:
        rows = undecided
        for name, wanted in rule.conditions.items():
            if len(rows):
                rows = rows[_meets(name, wanted, accounts, rows)]
        policy[rows] = rule.policy
        if len(rows) == len(undecided):
            break
        is_left = np.ones(count, dtype=np.bool_)
        is_left[rows] = False
        undecided = undecided[is_left[undecided]]
    return policy


def _check(rules: Sequence[Rule], accounts: _Accounts) -> None:
    if not rules or rules[-1].conditions:
        raise InvalidInputError(
            "the last selection rule must take every account", code="SELECT_NOT_UNCONDITIONAL"
        )
    uses_notional = any(
        name.startswith("gross_notional") for rule in rules for name in rule.conditions
    )
    if uses_notional and accounts.gross_notional is None:
        raise InvalidInputError(
            "a selection rule looks at gross_notional, which has not been computed here",
            code="GROSS_NOTIONAL_MISSING",
        )
    columns = {
        "kinds_held": accounts.kinds_held,
        "gross_notional": accounts.gross_notional,
        **accounts.attributes,
    }
    count = len(accounts.position_count)
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise InvalidInputError(
                f"{name} has {len(column):,} rows, position_count {count:,}",
                code="LENGTH_MISMATCH",
            )


def _meets(name: str, wanted: Any, accounts: _Accounts, rows: Rows) -> Bools:
    """Which of ``rows`` meet one condition."""
    if name in TEXT_CONDITIONS:
        column = accounts.attributes.get(name)
        return np.zeros(len(rows), np.bool_) if column is None else _matches(column, wanted, rows)
    if name == "products":
        allowed = np.uint8(sum(KIND_BITS[kind] for kind in set(wanted)))
        held = np.asarray(accounts.kinds_held, dtype=np.uint8)[rows]
        met: Bools = (held != 0) & ((held & ~allowed) == 0)
        return met
    base, _, bound = name.rpartition("_")
    values = _numbers(base, accounts)
    if values is None:
        return np.zeros(len(rows), np.bool_)
    within: Bools = values[rows] >= wanted if bound == "min" else values[rows] <= wanted
    return within


def _numbers(name: str, accounts: _Accounts) -> np.ndarray[Any, Any] | None:
    if name == "position_count":
        return np.asarray(accounts.position_count)
    if name == "gross_notional":
        return accounts.gross_notional
    column = accounts.attributes.get(name)
    return None if column is None else np.asarray(column, dtype=np.float64)


def _matches(column: Column, patterns: Sequence[str], rows: Rows) -> Bools:
    """Exact words, or patterns in which ``*`` stands for any text; None matches nothing."""
    values = _taken(column, rows)
    words = frozenset(pattern for pattern in patterns if "*" not in pattern)
    met = np.fromiter(map(words.__contains__, values), np.bool_, len(values))
    globs = [pattern for pattern in patterns if "*" in pattern]
    if globs:
        parts = (".*".join(map(re.escape, glob.split("*"))) for glob in globs)
        match = re.compile("|".join(parts), re.DOTALL).fullmatch
        hits = (value is not None and match(value) is not None for value in values)
        met |= np.fromiter(hits, np.bool_, len(values))
    return met


def _taken(column: Column, rows: Rows) -> list[Any]:
    """The values at ``rows`` as Python objects, which are hashed much faster than NumPy's."""
    if isinstance(column, np.ndarray):
        taken: list[Any] = column[rows].tolist()
        return taken
    if len(rows) == len(column):
        return list(column)
    return [column[row] for row in rows.tolist()]
