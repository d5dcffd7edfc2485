"""Shadow mode: a venue's own numbers beside the engine's, with the causes of what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.table import Table

if TYPE_CHECKING:
    from tickmargin.engine import Engine
    from tickmargin.loading.read import TableData
    from tickmargin.market import Market

Float = NDArray[np.float64]

MEASURES = ("equity", "initial_margin", "maintenance_margin")
UNEXAMINED = "not examined"
MISSING_HERE = "missing here"
MISSING_THERE = "missing at the venue"
_PRICE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Effort:
    """A difference counts if it exceeds ``absolute + relative * abs(venue's number)``.

    ``examine`` is how many accounts are explained at most, those with the largest remainders
    first; ``threads`` the workers of each recompute.
    """

    relative: float = 0.001
    absolute: float = 0.01
    examine: int = 2_000
    threads: int = 1

    def exceeded(self, difference: Float, venue: Float) -> NDArray[np.bool_]:
        """Tell which differences count; NaN never does."""
        return np.asarray(np.abs(difference) > self.absolute + self.relative * np.abs(venue))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What shadow mode found.

    ``different`` counts numbers that both sides have, ``missing`` the accounts that only one side
    has, with something to compare; in ``rows`` those have one number and no difference.
    ``rows``: account, measure, cause, venue, ours, difference, from_prices, remainder; largest
    difference first, accounts missing on one side last. ``causes``: measure, cause, accounts,
    difference, summed. ``prices``: kind, name, venue, ours, difference_ratio where the two
    markets differ.
    """

    compared: int
    different: int
    missing: int
    rows: Table
    causes: Table
    prices: Table

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain Python values."""
        return {
            "compared": self.compared,
            "different": self.different,
            "missing": self.missing,
            "causes": list(self.causes),
            "prices": list(self.prices),
            "rows": list(self.rows),
        }


@dataclass(frozen=True, slots=True)
class _Row:
    account: str
    measure: str
    cause: str
    venue: float
    ours: float
    from_prices: float

    @property
    def difference(self) -> float:
        return self.venue - self.ours

    @property
    def is_missing(self) -> bool:
        return self.cause in (MISSING_HERE, MISSING_THERE)

    @property
    def remainder(self) -> float:
        """What prices do not explain."""
        return self.difference - (0.0 if np.isnan(self.from_prices) else self.from_prices)


def compare(
    engine: Engine, venue: TableData, at_venue_prices: Engine | None, effort: Effort
) -> Comparison:
    """Compare a venue's equity, IM and MM with the engine's, account by account.

    Parameters
    ----------
    engine : Engine
        Our numbers.
    venue : TableData
        Checked columns: account and at least one of `MEASURES`; a null is not compared.
    at_venue_prices : Engine, optional
        The same portfolio and policies at the venue's own market.
    effort : Effort
        What counts as a difference, and how many are explained.

    Returns
    -------
    Comparison
        Causes, first that applies: ``missing here``, ``missing at the venue``, ``undecidable
        here``, ``prices``, ``no <component>`` (the venue is lower or higher by exactly that
        component of ours), ``unexplained``; ``not examined`` beyond ``effort.examine``.

    Raises
    ------
    InvalidInputError
        If no measure is given, or an account appears twice.
    """
    measures = [name for name in MEASURES if name in venue.columns]
    if not measures:
        raise InvalidInputError(
            f"{venue.file}: none of the columns {', '.join(MEASURES)} is there",
            code="MISSING_COLUMN",
        )
    names = venue.text("account")
    theirs = names.names[names.codes]
    _check_unique(theirs, venue.file)
    ours = engine.recompute(threads=effort.threads).accounts
    repriced = at_venue_prices.recompute(threads=effort.threads) if at_venue_prices else None
    known = {account: row for row, account in enumerate(ours["account"].tolist())}
    place = np.array([known.get(account, -1) for account in theirs.tolist()], dtype=np.intp)
    rows = list(_missing(theirs, place, ours, venue, measures))
    compared = 0
    for measure in measures:
        found = np.flatnonzero((place >= 0) & ~np.isnan(venue.columns[measure]))
        compared += found.shape[0]
        at = place[found]
        moved = None if repriced is None else repriced.accounts[measure][at] - ours[measure][at]
        columns = (theirs[found], venue.columns[measure][found], ours[measure][at], moved)
        rows += _differences(measure, columns, effort)
    rows = _examined(rows, at_venue_prices or engine, effort)
    rows.sort(key=lambda row: (row.is_missing, -_size(row), row.account, row.measure))
    missing = [row for row in rows if row.is_missing]
    prices = _prices_table(engine.market, at_venue_prices.market) if at_venue_prices else Table({})
    return Comparison(
        compared,
        len(rows) - len(missing),
        len({row.account for row in missing}),
        _rows_table(rows),
        _causes_table(rows),
        prices,
    )


def _check_unique(accounts: NDArray[Any], file: str) -> None:
    names, counts = np.unique(accounts.astype(str), return_counts=True)
    if np.any(counts > 1):
        raise InvalidInputError(
            f"{file}: account {str(names[np.argmax(counts > 1)])!r} appears more than once",
            code="DUPLICATE_ID",
        )


def _missing(
    theirs: NDArray[Any],
    place: NDArray[np.intp],
    ours: Table,
    venue: TableData,
    measures: list[str],
) -> Iterator[_Row]:
    """Give accounts that only one side has; those with nothing on the other side are no loss."""
    for row in np.flatnonzero(place < 0).tolist():
        for measure in measures:
            value = float(venue.columns[measure][row])
            if value != 0.0 and not np.isnan(value):
                yield _Row(str(theirs[row]), measure, MISSING_HERE, value, np.nan, np.nan)
    absent = np.ones(len(ours), dtype=np.bool_)
    absent[place[place >= 0]] = False
    for row in np.flatnonzero(absent).tolist():
        for measure in measures:
            value = float(ours[measure][row])
            if value != 0.0:
                name = str(ours["account"][row])
                yield _Row(name, measure, MISSING_THERE, np.nan, value, np.nan)


def _differences(
    measure: str,
    columns: tuple[NDArray[Any], Float, Float, Float | None],
    effort: Effort,
) -> list[_Row]:
    """Give what is beyond tolerance, with the cause where prices or missing inputs tell it."""
    accounts, theirs, mine, moved = columns
    shift = np.zeros(theirs.shape) if moved is None else np.nan_to_num(moved)
    undecidable = np.isnan(mine)
    beyond = effort.exceeded(theirs - mine, theirs) | undecidable
    settled = ~effort.exceeded(theirs - mine - shift, theirs)
    rows = []
    for row in np.flatnonzero(beyond).tolist():
        cause = "undecidable here" if undecidable[row] else "prices" if settled[row] else UNEXAMINED
        from_prices = np.nan if moved is None else float(shift[row])
        numbers = (float(theirs[row]), float(mine[row]), from_prices)
        rows.append(_Row(str(accounts[row]), measure, cause, *numbers))
    return rows


def _examined(rows: list[_Row], engine: Engine, effort: Effort) -> list[_Row]:
    """Explain the accounts with the largest remainders and look for the part that is one."""
    waiting = [row for row in rows if row.cause == UNEXAMINED]
    waiting.sort(key=lambda row: (-abs(row.remainder), row.account))
    chosen = list(dict.fromkeys(row.account for row in waiting))[: effort.examine]
    parts = {account: _sums(engine, account) for account in chosen}
    return [
        replace(row, cause=_cause(row, parts[row.account][row.measure], effort))
        if row.cause == UNEXAMINED and row.account in parts
        else row
        for row in rows
    ]


def _cause(row: _Row, amounts: dict[str, float], effort: Effort) -> str:
    """Name the part of ours whose absence at the venue is the remainder, if one is."""
    best, distance = "unexplained", effort.absolute + effort.relative * abs(row.venue)
    for name, amount in amounts.items():
        if amount != 0.0 and abs(row.remainder + amount) <= distance:
            best, distance = f"no {name.replace('_', ' ')}", abs(row.remainder + amount)
    return best


def _sums(engine: Engine, account: str) -> dict[str, dict[str, float]]:
    """Add an account's requirement by component, and its equity by item and by kind."""
    parts = engine.explain(account)
    sums: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for line in parts.requirement:
        name = str(line["component"])
        for measure in MEASURES[1:]:
            sums[measure][name] = sums[measure].get(name, 0.0) + float(line[measure] or 0.0)
    for line in parts.equity:
        if line["item"] is not None:
            for name in (f"{line['kind']} {line['item']}", f"{line['kind']}s"):
                amount = float(line["maintenance"] or 0.0)
                sums["equity"][name] = sums["equity"].get(name, 0.0) + amount
    return sums


def _size(row: _Row) -> float:
    """What rows are ordered by: an undecidable number first, a missing side as if it were 0."""
    if row.is_missing:
        return abs(row.ours if np.isnan(row.venue) else row.venue)
    return np.inf if np.isnan(row.difference) else abs(row.difference)


def _rows_table(rows: list[_Row]) -> Table:
    return Table(
        {
            "account": np.array([r.account for r in rows], dtype=object),
            "measure": np.array([r.measure for r in rows], dtype=object),
            "cause": np.array([r.cause for r in rows], dtype=object),
            "venue": np.array([r.venue for r in rows], dtype=np.float64),
            "ours": np.array([r.ours for r in rows], dtype=np.float64),
            "difference": np.array([r.difference for r in rows], dtype=np.float64),
            "from_prices": np.array([r.from_prices for r in rows], dtype=np.float64),
            "remainder": np.array([r.remainder for r in rows], dtype=np.float64),
        },
        name="differences",
    )


def _causes_table(rows: list[_Row]) -> Table:
    sums: dict[tuple[str, str], tuple[int, float]] = {}
    for row in rows:
        # A cause with one number only has no difference, and its sum is NaN as its rows are.
        number, total = sums.get((row.measure, row.cause), (0, 0.0))
        sums[row.measure, row.cause] = (number + 1, total + row.difference)
    order = sorted(sums, key=lambda key: (MEASURES.index(key[0]), -sums[key][0], key[1]))
    return Table(
        {
            "measure": np.array([key[0] for key in order], dtype=object),
            "cause": np.array([key[1] for key in order], dtype=object),
            "accounts": np.array([sums[key][0] for key in order], dtype=np.int64),
            "difference": np.array([sums[key][1] for key in order], dtype=np.float64),
        },
        name="causes",
    )


def _prices_table(ours: Market, theirs: Market) -> Table:
    """List indices, forwards, marks, volatilities and assets that differ, the largest first."""
    rows: list[tuple[str, str, float, float, float]] = []
    mine, other = _prices(ours), _prices(theirs)
    for kind, name in sorted(mine.keys() & other.keys()):
        a, b = mine[kind, name], other[kind, name]
        gap = b / a - 1.0 if a != 0.0 else np.inf
        if abs(gap) > _PRICE_TOLERANCE:
            rows.append((kind, name, b, a, gap))
    for key in sorted(mine.keys() ^ other.keys()):
        rows.append((*key, other.get(key, np.nan), mine.get(key, np.nan), np.nan))
    rows.sort(key=lambda row: (-np.inf if np.isnan(row[4]) else -abs(row[4]), row[0], row[1]))
    kinds, names, venue, here, gaps = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Table(
        {
            "kind": np.array(kinds, dtype=object),
            "name": np.array(names, dtype=object),
            "venue": np.array(venue, dtype=np.float64),
            "ours": np.array(here, dtype=np.float64),
            "difference_ratio": np.array(gaps, dtype=np.float64),
        },
        name="prices",
    )


def _prices(market: Market) -> dict[tuple[str, str], float]:
    """Give each price a market holds by kind and name, those that are missing left out."""
    found: dict[tuple[str, str], float] = {}
    sources = (
        ("index", "underlyings", ("underlying",), "index_price"),
        ("forward", "forwards", ("underlying", "expiry_ns"), "forward_price"),
        ("mark", "marks", ("instrument",), "mark_price"),
        ("volatility", "marks", ("instrument",), "vol_annual"),
        ("asset", "assets", ("asset",), "mark_price"),
    )
    for kind, table_name, keys, column in sources:
        for row in market.table(table_name):
            if row[column] is not None:
                found[kind, " ".join(str(row[key]) for key in keys)] = float(row[column])
    return found
