"""Synthetic baskets: what the rows of ``components`` must mean, and positions in a basket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.column import Coded
from tickmargin.loading.issues import IssueLog, always
from tickmargin.loading.keys import names_of, refer, repeated_rows
from tickmargin.loading.read import TableData
from tickmargin.loading.specs import KINDS, PAYOFFS

__all__ = ["BasketRows", "check_components", "check_held", "index_name"]

Index = NDArray[np.int32]

_MARGINED = (KINDS.index("future"), KINDS.index("perpetual"))
_LINEAR = (PAYOFFS.index("linear"), PAYOFFS.index("quanto"))
_FILE_COLUMNS = ("basket", "instrument", "underlying", "settlement_asset", "settlement_chain")
_NEEDED = ("instrument", "kind", "payoff", "multiplier", "settlement_asset", "settlement_chain")


@dataclass(frozen=True, slots=True)
class BasketRows:
    """Components as checked, before instruments have their final rows.

    ``basket`` (rows) indexes ``names``; ``instrument`` (rows) is a row of the instruments table,
    or beyond its end ``len(instruments) + k`` for ``index_contracts[k]``: an underlying and the
    (symbol, chain) it settles in.
    """

    names: tuple[str, ...]
    basket: Index
    instrument: Index
    weight: NDArray[np.float64]
    reference_price: NDArray[np.float64]
    margined: NDArray[np.bool_]
    index_contracts: tuple[tuple[str, tuple[str, str]], ...]


def check_components(
    data: TableData | None, instruments: TableData | None, log: IssueLog
) -> BasketRows | None:
    """Report everything that is wrong with the components; None if there are no baskets."""
    if data is None or data.rows == 0 or instruments is None:
        return None
    if not instruments.ok(*_NEEDED) or not data.ok(*_FILE_COLUMNS, "weight", "reference_price"):
        return None
    before = sum(log.counts.values())
    basket, inner, outer = data.text("basket"), data.text("instrument"), data.text("underlying")
    target = instruments.text("instrument")
    _check_names(data, basket, target, log)
    _check_one_of(data, inner, outer, log)
    rows = refer(_without(data, basket.names), "instrument", target, "UNKNOWN_INSTRUMENT", log)
    _check_weights(data, basket, log)
    _check_twice(data, basket, inner, outer, log)
    _check_payoffs(data, instruments, rows, log)
    settles = _settlements(data, instruments, rows)
    _check_settlements(data, basket, settles, log)
    margined = _check_alike(data, instruments, basket, rows, log)
    if sum(log.counts.values()) > before:
        return None
    outer_names = names_of(outer).tolist()
    by_index = [
        (name, key)
        for name, key, row in zip(outer_names, settles, rows.tolist(), strict=True)
        if row < 0 and key is not None
    ]
    _check_free(data, by_index, target, log)
    if sum(log.counts.values()) > before:
        return None
    index_contracts = tuple(sorted(set(by_index)))
    place = {contract: instruments.rows + k for k, contract in enumerate(index_contracts)}
    final = rows.copy()
    final[rows < 0] = [place[contract] for contract in by_index]
    names = tuple(basket.names.tolist())
    return BasketRows(
        names=names,
        basket=basket.codes.astype(np.int32),
        instrument=final,
        weight=data.columns["weight"],
        reference_price=data.columns["reference_price"],
        margined=margined,
        index_contracts=index_contracts,
    )


def _without(data: TableData, baskets: NDArray[np.object_]) -> TableData:
    """The same table without components that name a basket: those have their own report."""
    inner = data.text("instrument")
    nested = np.isin(inner.names.astype(str), baskets.astype(str))
    kept = TableData(data.file, data.rows)
    codes = np.where(np.append(nested, False)[inner.codes], np.int32(-1), inner.codes)
    kept.columns = {**data.columns, "instrument": Coded(codes, inner.names)}
    return kept


def _check_names(data: TableData, basket: Coded, target: Coded, log: IssueLog) -> None:
    """A basket has a name of its own, and holds no basket."""
    taken = set(target.names.tolist())
    names = names_of(basket)
    clash = np.array([name in taken for name in names.tolist()])
    log.add_rows(
        "DUPLICATE_ID",
        (data.file, "basket"),
        np.flatnonzero(clash),
        lambda row: (names[row], f"basket {names[row]!r} has the name of an instrument"),
    )
    inner = names_of(data.text("instrument"))
    baskets = set(basket.names.tolist())
    nested = np.array([name in baskets for name in inner.tolist()])
    log.add_rows(
        "COMPONENT_NESTED",
        (data.file, "instrument"),
        np.flatnonzero(nested),
        lambda row: (inner[row], f"{inner[row]!r} is a basket; write its own components instead"),
    )


def index_name(underlying: str, settles: tuple[str, str]) -> str:
    """Name of the contract that stands for an index in a basket."""
    return f"{underlying} index in {'@'.join(filter(None, settles))}"


def _check_free(
    data: TableData, by_index: list[tuple[str, tuple[str, str]]], target: Coded, log: IssueLog
) -> None:
    taken = {*target.names.tolist(), *data.text("basket").names.tolist()}
    for contract in sorted(set(by_index)):
        name = index_name(*contract)
        if name in taken:
            message = f"{name!r} is the name of the index in a basket; rename the other"
            log.add("DUPLICATE_ID", data.file, message, column="underlying", value=contract[0])


def _check_one_of(data: TableData, inner: Coded, outer: Coded, log: IssueLog) -> None:
    wrong = (inner.codes == -1) == (outer.codes == -1)
    message = "a component is an instrument or an underlying: fill one of the two columns"
    log.add_rows(
        "COMPONENT_NOT_ONE", (data.file, "instrument"), np.flatnonzero(wrong), always(None, message)
    )


def _check_weights(data: TableData, basket: Coded, log: IssueLog) -> None:
    weight, reference = data.columns["weight"], data.columns["reference_price"]
    wrong = data.judged("weight", weight == 0.0)
    message = "weight must not be 0: leave the component out"
    log.add_rows("ZERO_WEIGHT", (data.file, "weight"), np.flatnonzero(wrong), always(0.0, message))
    # Squares of what a basket is worth are taken; no real one is worth 1e150.
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.zeros(len(basket.names) + 1)
        np.add.at(size, basket.codes, np.abs(weight * reference))
        wrong = (size > 1e150)[basket.codes] & (np.abs(weight * reference) > 1e150 / data.rows)
    names = names_of(basket)
    log.add_rows(
        "OUT_OF_RANGE",
        (data.file, "weight"),
        np.flatnonzero(data.judged("reference_price", data.judged("weight", wrong))),
        lambda row: (
            float(weight[row]),
            f"weight x reference_price of {names[row]!r} is beyond 1e150",
        ),
    )


def _check_twice(data: TableData, basket: Coded, inner: Coded, outer: Coded, log: IssueLog) -> None:
    parts = [basket.codes, inner.codes + 1, outer.codes + 1]
    sizes = [len(basket.names), len(inner.names) + 1, len(outer.names) + 1]
    rows = repeated_rows(parts, sizes)
    names, first, second = names_of(basket), names_of(inner), names_of(outer)
    log.add_rows(
        "DUPLICATE_ID",
        (data.file, None),
        rows,
        lambda row: (
            (names[row], first[row] or second[row]),
            f"{(first[row] or second[row])!r} is already a component of {names[row]!r}",
        ),
    )


def _check_payoffs(data: TableData, instruments: TableData, rows: Index, log: IssueLog) -> None:
    """A weighted sum of prices is a sum of contracts only where they pay in proportion to them."""
    payoff = _by_row(instruments, "payoff")
    curved = (rows >= 0) & ~np.isin(payoff[rows], _LINEAR) & (payoff[rows] >= 0)
    names = names_of(data.text("instrument"))
    log.add_rows(
        "COMPONENT_NOT_LINEAR",
        (data.file, "instrument"),
        np.flatnonzero(curved),
        lambda row: (
            names[row],
            f"{names[row]!r} has payoff {PAYOFFS[payoff[rows[row]]]}; a component's worth must be "
            "in proportion to its price",
        ),
    )


def _by_row(instruments: TableData, column: str) -> NDArray[np.int8]:
    """A word column; two more entries are reached by -1 and -2, which are no rows."""
    words = instruments.numbers(column, -2, np.int8)
    return np.append(words, np.array([-2, -2], np.int8))


def _settlements(
    data: TableData, instruments: TableData, rows: Index
) -> list[tuple[str, str] | None]:
    """(symbol, chain) that each component settles in; None where that is not said."""
    symbol = names_of(instruments.text("settlement_asset"))
    chain = names_of(instruments.text("settlement_chain", ""))
    own, own_chain = names_of(data.text("settlement_asset")), data.text("settlement_chain", "")
    basket = data.text("basket").codes.tolist()
    chains = names_of(own_chain)
    found: list[tuple[str, str] | None] = []
    of_basket: dict[int, tuple[str, str]] = {}
    for n, row in enumerate(rows.tolist()):
        key = (symbol[row], chain[row]) if row >= 0 else None
        if row < 0 and own[n] is not None:
            key = (own[n], chains[n])
        found.append(key)
        if key is not None:
            of_basket.setdefault(basket[n], key)
    # An underlying that says nothing settles as the rest of its basket does.
    return [of_basket.get(basket[n]) if key is None else key for n, key in enumerate(found)]


def _check_settlements(
    data: TableData, basket: Coded, settles: list[tuple[str, str] | None], log: IssueLog
) -> None:
    """Prices in different money do not add up."""
    first: dict[int, tuple[str, str] | None] = {}
    wrong: list[int] = []
    for row, (code, key) in enumerate(zip(basket.codes.tolist(), settles, strict=True)):
        if first.setdefault(code, key) != key or key is None:
            wrong.append(row)
    names = names_of(basket)

    def describe(row: int) -> tuple[object, str]:
        key = settles[row]
        if key is None:
            return None, f"an underlying of {names[row]!r} needs a settlement_asset"
        other = first[int(basket.codes[row])]
        return key, f"settles in {_shown(key)}, others of {names[row]!r} in {_shown(other)}"

    place = (data.file, "settlement_asset")
    log.add_rows("COMPONENT_SETTLEMENT", place, np.array(wrong, np.intp), describe)


def _shown(key: tuple[str, str] | None) -> str:
    return "nothing" if key is None else f"{key[0]}@{key[1]}" if key[1] else key[0]


def _check_alike(
    data: TableData, instruments: TableData, basket: Coded, rows: Index, log: IssueLog
) -> NDArray[np.bool_]:
    """Which baskets have an entry price: all of futures, perpetuals and indices, or none."""
    kind = _by_row(instruments, "kind")
    is_margined = np.where(rows >= 0, np.isin(kind[rows], _MARGINED), True)
    count = len(basket.names)
    some, every = np.zeros(count, bool), np.ones(count, bool)
    seen = basket.codes >= 0
    np.logical_or.at(some, basket.codes[seen], is_margined[seen])
    np.logical_and.at(every, basket.codes[seen], is_margined[seen])
    mixed = np.append(some & ~every, False)[basket.codes]
    names = names_of(basket)
    log.add_rows(
        "BASKET_MIXED",
        (data.file, "instrument"),
        np.flatnonzero(mixed & ~is_margined),
        lambda row: (
            names[row],
            f"basket {names[row]!r} holds futures, perpetuals or indices, which have an entry "
            "price, and options or spot, which are paid for; make two of it",
        ),
    )
    return every


def check_held(
    positions: TableData,
    rows: Index,
    instruments: TableData,
    baskets: BasketRows,
    log: IssueLog,
) -> None:
    """Report positions in baskets that cannot be taken apart: price or size out of reach.

    ``rows`` of ``positions`` are instruments, and after them baskets.
    """
    held = np.flatnonzero(rows >= instruments.rows)
    basket = rows[held] - instruments.rows
    count = len(baskets.names)
    long, short = np.zeros(count, bool), np.zeros(count, bool)
    np.logical_or.at(long, baskets.basket, baskets.weight > 0.0)
    np.logical_or.at(short, baskets.basket, baskets.weight < 0.0)
    entry = positions.numbers("entry_price", np.nan, float)
    wrong = (~short[basket] & (entry[held] <= 0.0)) | (~long[basket] & (entry[held] >= 0.0))

    def describe(row: int) -> tuple[object, str]:
        which = int(rows[row]) - instruments.rows
        side = "less than 0: all weights are" if short[which] else "greater than 0: all weights are"
        price = float(entry[row])
        return price, f"entry_price of {baskets.names[which]!r} must be {side}, got {price}"

    log.add_rows("BASKET_PRICE", (positions.file, "entry_price"), held[wrong], describe)
    log.add_rows(
        "OUT_OF_RANGE",
        (positions.file, "entry_price"),
        held[np.abs(entry[held]) > 1e150],
        lambda row: (float(entry[row]), f"entry_price {float(entry[row])} is beyond 1e150"),
    )
    quantity = positions.columns["quantity"]
    multiplier = np.append(
        instruments.columns["multiplier"], np.ones(len(baskets.index_contracts))
    )[baskets.instrument]
    wrong = np.zeros(len(held), bool)
    with np.errstate(over="ignore", under="ignore"):
        for at, weight, size in zip(baskets.basket, baskets.weight, multiplier, strict=True):
            contracts = quantity[held] * weight / size
            wrong |= (basket == at) & ~(np.isfinite(contracts) & (contracts != 0.0))
    log.add_rows(
        "OUT_OF_RANGE",
        (positions.file, "quantity"),
        held[positions.judged("quantity", rows >= 0)[held] & wrong & (quantity[held] != 0.0)],
        lambda row: (
            float(quantity[row]),
            "quantity x weight / multiplier of a component is no finite number of contracts",
        ),
    )
