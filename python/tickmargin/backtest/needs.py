"""What a policy reads that a history of prices may not have, asked before anything is rolled.

A backtest states prices, realised volatility and depth. The other columns of a market that an
add-on reads are taken from the history under the market's own name for them; a policy that reads
one that is not there is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.history import DAY_NS, is_unknown
from tickmargin.errors import InvalidInputError
from tickmargin.history import History

if TYPE_CHECKING:
    from tickmargin.backtest.history import PriceHistory
    from tickmargin.config_load import LoadedPolicy
    from tickmargin.policies import Policies

__all__ = [
    "COLUMNS",
    "OF_THE_BOOK",
    "check_columns",
    "check_decided",
    "columns_read",
    "first_known_ns",
]

# By add-on: the columns it reads. A book here owes nothing, so `borrow` never reads its own.
_READS: dict[str, tuple[str, ...]] = {
    "funding": ("funding_rate_annual",),
    "rate_environment": ("rate_stress",),
    "oracle_confidence": ("confidence",),
    "oracle_staleness": ("index_ts_ns",),
    "price_velocity": ("price_velocity_ratio",),
    "order_flow": ("flow_signed_notional", "flow_total_notional"),
    "open_interest": ("open_interest_notional",),
    "asset_risk": ("risk_annual",),
    "regime": ("regime_score",),
    "macro": ("macro_score",),
    "credit_score": ("credit_score",),
}
# Read where they are, and something else where not: an index nobody doubts, a peg that holds.
_READS_IF_THERE: dict[str, tuple[str, ...]] = {
    "portfolio": ("confidence", "peg_price"),
    "standard": ("confidence", "peg_price"),
    "borrow": ("borrow_rate_annual",),
    "peg": ("peg_price",),
}
# Of the money or of the account: the same for every book, and so for every underlying.
OF_THE_BOOK = ("risk_annual", "borrow_rate_annual", "credit_score")
COLUMNS = (
    *dict.fromkeys(c for t in (_READS, _READS_IF_THERE) for own in t.values() for c in own),
    "depth_notional",
)


def columns_read(policies: Policies, underlyings: Sequence[str]) -> frozenset[str]:
    """Columns that some policy of a file reads, of those a history may have."""
    found = {"depth_notional"}
    for policy in policies.loaded:
        for table in (_READS, _READS_IF_THERE):
            for section, columns in table.items():
                if _has(policy, section, underlyings):
                    found.update(columns)
    return frozenset(found)


def check_columns(policies: Policies, history: PriceHistory, rows: NDArray[np.int64]) -> None:
    """Refuse a policy that reads a column which is not there at every time that is margined.

    Parameters
    ----------
    policies : Policies
    history : PriceHistory
    rows : array of int
        Times that are margined.

    Raises
    ------
    InvalidInputError
        MISSING_COLUMN: no such column. MISSING_VALUE: a time lacks it.
    """
    columns, times_ns = history.columns, history.times_ns
    underlyings = history.underlyings
    for policy in policies.loaded:
        for section, names in _READS.items():
            if not _has(policy, section, underlyings):
                continue
            for name in names:
                _check(f"policy {policy.name}: {section} reads {name}", columns.get(name),
                       rows, times_ns)  # fmt: skip
    read = columns_read(policies, underlyings) & set(columns)
    for name in OF_THE_BOOK:
        if name in read:
            values = columns[name][rows]
            apart = np.flatnonzero((values != values[:, :1]).any(axis=1) & ~np.isnan(values[:, 0]))
            if apart.size:
                message = (
                    f"{name} differs between underlyings at {_moment(times_ns[rows[apart[0]]])}; "
                    "it is of the account, whatever that holds"
                )
                raise InvalidInputError(message, code="INVALID_ARGUMENT")


def _check(
    reader: str,
    values: NDArray[Any] | None,
    rows: NDArray[np.int64],
    times_ns: NDArray[np.int64],
) -> None:
    if values is None:
        message = (
            f"{reader}, which the history does not have; give it as a column of the history's "
            "files, or leave the add-on out"
        )
        raise InvalidInputError(message, code="MISSING_COLUMN")
    lacks = np.flatnonzero(is_unknown(values[rows]).any(axis=1))
    if lacks.size:
        message = (
            f"{reader}, which the history lacks at {lacks.size} of {rows.size} times, first at "
            f"{_moment(times_ns[rows[lacks[0]]])}"
        )
        raise InvalidInputError(message, code="MISSING_VALUE")


def check_decided(accounts: Any, margins: NDArray[np.float64], now_ns: int) -> None:
    """Refuse a time at which a book has no margin, so that no gap is read as a number.

    Raises
    ------
    InvalidInputError
        MISSING_VALUE
    """
    lacks = np.flatnonzero(~np.isfinite(margins).all(axis=1))
    if lacks.size:
        row = int(lacks[0])
        reason = str(accounts["status"][row]).replace("_", " ")
        message = (
            f"policy {accounts['policy'][row]} gives no margin at {_moment(now_ns)}: {reason}, "
            "which a backtest does not state"
        )
        raise InvalidInputError(message, code="MISSING_VALUE")


def first_known_ns(policies: Policies, history: PriceHistory) -> int | None:
    """The first time at which every policy of a file has the past moves it measures in.

    A stressed window counts once all of it is past. None where the last row has not enough
    either: what the policy says then is said by the engine.
    """
    from tickmargin.config_compile_tail import compile_tail

    past = History(history.times_ns, history.underlyings, history.prices)
    times, first = history.times_ns, int(history.times_ns[0])
    for policy in policies.loaded:
        tail = policy.config.tail
        if policy.config.method not in ("var", "es") or tail is None:
            continue
        if tail.stress is not None:
            since = np.datetime64(tail.stress.last_day, "D").astype(np.int64) + 1
            first = max(first, int(since) * DAY_NS)

        def known(row: int, policy: LoadedPolicy = policy) -> bool:
            try:
                compile_tail(policy, past.underlyings, past, int(times[row]))
            except InvalidInputError as error:
                if any(issue.code == "MISSING_HISTORY" for issue in error.issues):
                    return False
                raise
            return True

        low, high = 0, times.size - 1
        if not known(high):
            return None
        while low < high:  # what is past only grows
            middle = (low + high) // 2
            low, high = (low, middle) if known(middle) else (middle + 1, high)
        first = max(first, int(times[low]))
    return first


def _has(policy: LoadedPolicy, section: str, underlyings: Sequence[str]) -> bool:
    own = getattr(policy.config, section, None) is not None
    return own or any((section, name) in policy.merged for name in underlyings)


def _moment(ns: int) -> str:
    return str(np.datetime64(int(ns), "ns").astype("datetime64[m]")) + " UTC"
