"""Synthetic baskets: positions and orders in one taken apart into its components."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.columns import Baskets, Instruments, Positions
from tickmargin.loading.components import BasketRows, index_name
from tickmargin.loading.keys import freeze
from tickmargin.loading.specs import KINDS

__all__ = ["baskets_of", "decompose", "legs", "price_factor", "with_index_contracts", "worth"]

Index = NDArray[np.int32]
Floats = NDArray[np.float64]


def baskets_of(rows: BasketRows | None) -> Baskets:
    """Checked components by basket; without any, no baskets."""
    if rows is None:
        nothing, empty = np.empty(0, np.int32), np.empty(0)
        rows = BasketRows((), nothing, nothing, empty, empty.copy(), np.empty(0, bool), ())
    count = len(rows.names)
    order = np.argsort(rows.basket, kind="stable").astype(np.int32)
    first = np.searchsorted(rows.basket[order], np.arange(count + 1)).astype(np.int32)
    return Baskets(
        names=freeze(np.array([*rows.names, None], dtype=object)[:-1]),
        first=freeze(first),
        order=freeze(order),
        basket=freeze(rows.basket),
        instrument=freeze(rows.instrument),
        weight=freeze(rows.weight),
        reference_price=freeze(rows.reference_price),
        margined=freeze(rows.margined),
    )


def with_index_contracts(
    listed: Instruments,
    contracts: tuple[tuple[str, tuple[str, str]], ...],
    underlying_names: tuple[str, ...],
    rank: dict[tuple[str, str], int],
) -> Instruments:
    """The instruments, and behind them a contract for each index that a basket holds."""
    if not contracts:
        return listed
    count = len(contracts)
    place = {name: row for row, name in enumerate(underlying_names)}
    names = [index_name(name, key) for name, key in contracts]
    own: dict[str, Any] = {
        "names": np.array([*names, None], dtype=object)[:-1],
        "kind": np.full(count, KINDS.index("perpetual"), np.uint8),
        "underlying": np.array([place[name] for name, _ in contracts], np.int32),
        "settlement": np.array([rank[key] for _, key in contracts], np.int32),
        "multiplier": np.ones(count),
        "strike": np.full(count, np.nan),
        "funding_period_days": np.full(count, np.nan),
        "tracks_index": np.ones(count, np.uint8),
    }
    columns = {}
    for field in fields(Instruments):
        column = getattr(listed, field.name)
        more = own.get(field.name, np.zeros(count, column.dtype))
        columns[field.name] = freeze(np.concatenate([column, more]).astype(column.dtype))
    return Instruments(**columns)


def worth(weight: Floats, reference: Floats) -> tuple[float, float]:
    """What a basket is long and what it is short of at the reference prices, neither negative."""
    each = (weight * reference).tolist()
    return math.fsum(x for x in each if x > 0), -math.fsum(x for x in each if x < 0)


def price_factor(long: float, short: float, price: Floats) -> Floats:
    """The t with ``long x t - short / t = price``: what a basket is long of costs t times its
    reference price, what it is short of 1 / t times; every component's price stays positive.

    Not greater than 0 where there is none: a price of 0 or below that is all long, of 0 or above
    that is all short.
    """
    if short == 0.0:
        return np.asarray(price / long)
    if long == 0.0:
        return np.asarray(-short / price)
    root = np.sqrt(price * price + 4.0 * long * short)
    # the form without cancellation
    factor = np.where(price >= 0.0, (price + root) / (2.0 * long), 2.0 * short / (root - price))
    return np.asarray(factor)


def legs(
    baskets: Baskets, basket: int, quantity: Floats, price: Floats, multiplier: Floats
) -> tuple[Index, Floats, Floats]:
    """Take holdings of one basket apart.

    Parameters
    ----------
    quantity, price : (n,) float64
        Of the basket; a price may be NaN.
    multiplier : (instruments,) float64

    Returns
    -------
    instrument : (k,) int32
    contracts, prices : (n, k) float64
        ``sum(weight x prices) = price``.
    """
    rows = baskets.order[baskets.first[basket] : baskets.first[basket + 1]]
    weight, instrument = baskets.weight[rows], baskets.instrument[rows]
    reference = baskets.reference_price[rows]
    with np.errstate(divide="ignore", over="ignore"):
        factor = price_factor(*worth(weight, reference), price)[:, np.newaxis]
        prices = np.where(weight > 0.0, reference * factor, reference / factor)
        return instrument, quantity[:, np.newaxis] * weight / multiplier[instrument], prices


def decompose(positions: Positions, baskets: Baskets, plain: int, multiplier: Floats) -> Positions:
    """Positions with those in baskets (rows from ``plain`` on) replaced by their components.

    On an instrument that the pocket holds on the same side they become one row at the average
    entry price, as a fill does; opposite sides stay two rows.
    """
    held = positions.instrument >= plain
    if not held.any():
        return positions
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _FIELDS}
    for basket in range(len(baskets)):
        rows = np.flatnonzero((positions.instrument == plain + basket) & (positions.quantity != 0))
        instrument, quantity, entry = legs(
            baskets, basket, positions.quantity[rows], positions.entry_price[rows], multiplier
        )
        each = len(instrument)
        parts["account"].append(np.repeat(positions.account[rows], each))
        parts["pocket"].append(np.repeat(positions.pocket[rows], each))
        parts["instrument"].append(np.tile(instrument, len(rows)))
        parts["quantity"].append(quantity.ravel())
        parts["entry_price"].append(entry.ravel())
        parts["hedge"].append(np.zeros(each * len(rows), np.uint8))
    columns = {
        name: np.concatenate([getattr(positions, name)[~held], *parts[name]]) for name in _FIELDS
    }
    return _merged(columns, int((~held).sum()))


_FIELDS = ("account", "pocket", "instrument", "quantity", "entry_price", "hedge")


def _merged(columns: dict[str, NDArray[Any]], own: int) -> Positions:
    """Add rows of baskets (from ``own`` on) to those of the same pocket, instrument and side."""
    quantity, entry = columns["quantity"], columns["entry_price"]
    side = np.sign(quantity).astype(np.int8)
    keys = (side, columns["instrument"], columns["pocket"], columns["account"])
    # in an order of their own, so that the input's leaves no trace in a sum
    order = np.lexsort((entry, quantity, *keys))
    same = np.ones(len(order), bool)
    same[:1] = False
    for key in keys:
        ranked = key[order]
        same[1:] &= ranked[1:] == ranked[:-1]
    group = np.cumsum(~same) - 1
    count = int((~same).sum())
    from_basket = np.zeros(count, bool)
    np.logical_or.at(from_basket, group, order >= own)
    touched = (from_basket & (np.bincount(group, minlength=count) > 1))[group]
    total, paid = np.zeros(count), np.zeros(count)
    np.add.at(total, group, quantity[order])
    np.add.at(paid, group, (quantity * entry)[order])
    first = touched & ~same
    at, of = order[first], group[first]
    quantity, entry = quantity.copy(), entry.copy()
    quantity[at], entry[at] = total[of], paid[of] / total[of]
    kept = np.ones(len(order), bool)
    kept[order[touched & same]] = False
    done = {**columns, "quantity": quantity, "entry_price": entry}
    return Positions(**{name: freeze(done[name][kept]) for name in _FIELDS})
