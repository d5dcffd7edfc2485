"""What a report says of a result, as small plain data: totals, states, the riskiest accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin.report.text import STATES

IN_LIQUIDATION = ("liquidating", "bankrupt")
ACROSS = "across"
CROSS = "cross"


class Columns(Protocol):
    """What the report needs of a table: columns by name, names, a length."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""

    def __getitem__(self, column: str, /) -> NDArray[Any]:
        """Give a column."""

    def __len__(self) -> int:
        """Give the number of rows."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over rows as plain values."""

    def take(self, rows: ArrayLike, /) -> Columns:
        """Give the rows at the given positions."""


class ResultLike(Protocol):
    """What the report needs of a recompute's result."""

    @property
    def accounts(self) -> Columns:
        """A row per account."""

    @property
    def pockets(self) -> Columns:
        """A row per account and pocket."""

    @property
    def units(self) -> Columns:
        """A row per account, pocket and underlying."""

    @property
    def components(self) -> Columns:
        """Requirements summed over accounts by policy, underlying and component."""

    @property
    def as_of_ns(self) -> int:
        """The market's time."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of one result, in the numeraire.

    ``below_maintenance`` counts decidable accounts whose slack is negative, ``called`` those in the
    state ``margin_call``; ``shortfall`` is what the former lack to maintenance margin.
    ``debts`` are of decidable accounts that owe and need no margin.
    ``states`` has a count per state in rising danger, ``undecidable`` last.
    """

    name: str
    accounts: int
    equity: float
    initial_margin: float
    maintenance_margin: float
    below_maintenance: int
    called: int
    shortfall: float
    debts: float
    states: Mapping[str, int]

    @property
    def undecidable(self) -> int:
        """Accounts whose number the engine refuses to give."""
        return self.states["undecidable"]


def summarise(name: str, result: ResultLike) -> Summary:
    """Add a result up.

    Parameters
    ----------
    name : str
        What to call it, usually the policy.
    result : Result
        From `Engine.recompute`.

    Returns
    -------
    Summary
        Sums leave undecidable accounts out; they are counted on their own.
    """
    accounts = result.accounts
    state = accounts["state"]
    decidable = state != "undecidable"
    equity, maintenance = accounts["equity"], accounts["maintenance_margin"]
    slack = np.where(decidable, accounts["slack"], 0.0)
    below = slack < 0.0
    return Summary(
        name=name,
        accounts=len(accounts),
        equity=float(np.sum(equity[decidable])),
        initial_margin=float(np.sum(accounts["initial_margin"][decidable])),
        maintenance_margin=float(np.sum(maintenance[decidable])),
        below_maintenance=int(np.count_nonzero(below)),
        called=int(np.count_nonzero(state == "margin_call")),
        shortfall=float(np.sum(-slack[below])),
        debts=float(np.sum(accounts["debts"][decidable & owes(accounts)])),
        states={name: int(np.count_nonzero(state == name)) for name in STATES},
    )


def riskiest_rows(accounts: Columns, limit: int) -> NDArray[np.intp]:
    """Choose the accounts a risk desk looks at first.

    Parameters
    ----------
    accounts : Table
        A result's accounts.
    limit : int
        How many at most.

    Returns
    -------
    ndarray
        Row numbers: undecidable accounts are left out, then by rising slack (the largest shortfall
        first), then by health; accounts that need nothing and owe nothing never
        appear (`left_out_line`).
    """
    slack = np.asarray(accounts["slack"], dtype=np.float64)
    eligible = np.flatnonzero(_at_risk(accounts))
    # With no shortfall anywhere, the nearest to one is the account with the lowest health.
    health = np.asarray(accounts["health_ratio"], dtype=np.float64)[eligible]
    order = np.lexsort((health, np.minimum(slack[eligible], 0.0)))
    return eligible[order[:limit]]


def _at_risk(accounts: Columns) -> NDArray[np.bool_]:
    slack = np.asarray(accounts["slack"], dtype=np.float64)
    required = np.asarray(accounts["maintenance_margin"], dtype=np.float64) > 0.0
    known = (accounts["state"] != "undecidable") & ~np.isnan(slack)
    return np.asarray((required | (slack < 0.0) | owes(accounts)) & known)


def owes(accounts: Columns) -> NDArray[np.bool_]:
    """Tell which accounts owe without a requirement, whose health is weighted supplies / debts."""
    required = np.asarray(accounts["maintenance_margin"], dtype=np.float64) > 0.0
    debts = np.asarray(accounts["debts"], dtype=np.float64)
    return np.asarray((debts > 0.0) & ~required)


def shows_margins(accounts: Columns) -> bool:
    """Tell whether a table of these accounts has use for margins: not of borrowers alone."""
    return not len(accounts) or not bool(owes(accounts).all())


def without_margin(accounts: Columns) -> int:
    """Count the decidable accounts that need nothing and owe nothing."""
    known = accounts["state"] != "undecidable"
    return int((known & ~_at_risk(accounts)).sum())


def left_out_line(accounts: Columns) -> str:
    """Say which accounts can be in no table of the riskiest; empty if all can."""
    unknown = int((accounts["state"] == "undecidable").sum())
    parts = [
        f"{number:,} {'account' if number == 1 else 'accounts'} {what}"
        for number, what in (
            (without_margin(accounts), "without margin or debts"),
            (unknown, "undecidable"),
        )
        if number
    ]
    return f"left out: {' and '.join(parts)}" if parts else ""


def has_isolated_pockets(result: ResultLike) -> bool:
    """Tell whether any account has more than its cross pocket."""
    return bool(np.any(result.pockets["pocket"] != CROSS))


def health_counts(accounts: Columns, borders: Sequence[float]) -> NDArray[np.int64]:
    """Count decidable accounts with a requirement or a debt by health ratio.

    Parameters
    ----------
    accounts : Table
        A result's accounts.
    borders : sequence of float
        Rising borders; the first and last bin are open.

    Returns
    -------
    ndarray, shape (len(borders) + 1,)
        Number of accounts below the first border, between borders, and from the last on.
    """
    health = np.asarray(accounts["health_ratio"], dtype=np.float64)
    required = np.asarray(accounts["maintenance_margin"], dtype=np.float64) > 0.0
    counted = (required | owes(accounts)) & (accounts["state"] != "undecidable") & ~np.isnan(health)
    place = np.searchsorted(np.asarray(borders), health[counted], side="right")
    return np.bincount(place, minlength=len(borders) + 1).astype(np.int64)


def by_component(
    components: Columns, measure: str
) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Arrange component sums as a matrix.

    Parameters
    ----------
    components : Table
        A result's components.
    measure : str
        ``initial_margin`` or ``maintenance_margin``.

    Returns
    -------
    (underlyings, components, amounts)
        Amounts have shape (components, underlyings), summed over policies; components are ordered
        by falling total and those that are zero everywhere are left out.
    """
    names_of = [ACROSS if name is None else str(name) for name in components["underlying"]]
    underlyings = sorted(set(names_of), key=lambda name: (name == ACROSS, name))
    names = sorted({str(name) for name in components["component"]})
    amounts = np.zeros((len(names), len(underlyings)))
    row = {name: number for number, name in enumerate(names)}
    column = {name: number for number, name in enumerate(underlyings)}
    for name, underlying, amount in zip(
        components["component"], names_of, components[measure], strict=True
    ):
        amounts[row[str(name)], column[underlying]] += amount
    total = np.abs(amounts).sum(axis=1)
    order = [int(i) for i in np.argsort(-total, kind="stable") if total[i] > 0.0]
    return underlyings, [names[i] for i in order], amounts[order]
