"""Candidate orders, read with the same strictness as a portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError
from tickmargin.loading.column import Coded, Column, TableSpec
from tickmargin.loading.issues import IssueLog, suggest
from tickmargin.loading.keys import refer
from tickmargin.loading.read import read_given
from tickmargin.loading.specs import KINDS
from tickmargin.names import Namebook, handles, not_live
from tickmargin.pricing.arguments import flags, integers, reals

__all__ = ["OrderRows", "read_order_handles", "read_orders"]

ORDERS = TableSpec(
    "orders",
    (
        Column("account", "id"),
        Column("pocket", "id", required=False, nullable=True),
        Column("instrument", "id"),
        Column("quantity", "float"),
        Column("price", "float"),
    ),
)
CHECKED_ORDERS = TableSpec(
    "orders",
    (*ORDERS.columns, Column("reduce_only", "bool", required=False, nullable=True)),
)
_NEW_POCKET = 2**31 - 1  # downwards: numbers that no pocket has yet


class OrderRows(NamedTuple):
    """Orders as the core takes them, and as a table shows them."""

    columns: dict[str, NDArray[Any]]
    shown: dict[str, Any]


def _coded(names: NDArray[np.object_]) -> Coded:
    return Coded(np.arange(len(names), dtype=np.int32), names)


def _broadcast(orders: Any) -> Any:
    """A mapping with single values among its columns, each repeated for every order."""
    if not isinstance(orders, Mapping):
        return orders
    scalars = {
        name
        for name, column in orders.items()
        if isinstance(column, str | int | float | bool | np.generic)
        or (isinstance(column, np.ndarray) and column.ndim == 0)
    }
    columns = [column for name, column in orders.items() if name not in scalars]
    if not scalars or not all(hasattr(column, "__len__") for column in columns):
        return orders
    count = len(columns[0]) if columns else 1
    return {
        name: [column.item() if isinstance(column, np.ndarray) else column] * count
        if name in scalars
        else column
        for name, column in orders.items()
    }


def read_orders(orders: Any, names: Namebook, *, reduce_only: bool = False) -> OrderRows:
    """Check orders and number their accounts, pockets and instruments.

    A pocket that is not known is a new, empty isolated pocket. Instruments from
    ``names.count("instrument")`` on are baskets, which an order with ``reduce_only`` may not have.

    Parameters
    ----------
    orders : mapping of columns or frame
    names : Namebook
    reduce_only : bool, default False
        Whether the orders may have a column of that name.

    Raises
    ------
    InvalidInputError
        With every problem in ``issues``.
    """
    log = IssueLog()
    spec = CHECKED_ORDERS if reduce_only else ORDERS
    data = read_given({"orders": _broadcast(orders)}, (spec,), log, False)["orders"]
    if data is None or data.failed:
        log.raise_if_any("orders")
    assert data is not None
    accounts, listed = names["account"], names["instrument"]
    instruments = np.array([*listed, *names.baskets, None], dtype=object)[:-1]
    account = refer(data, "account", _coded(accounts), "UNKNOWN_ACCOUNT", log)
    instrument = refer(data, "instrument", _coded(instruments), "UNKNOWN_INSTRUMENT", log)
    price = data.columns["price"]
    if reduce_only:
        log.add_rows(
            "BASKET_NOT_LIVE",
            ("orders", "instrument"),
            np.flatnonzero(instrument >= len(listed)),
            lambda row: (instruments[instrument[row]], not_live(instruments[instrument[row]])),
        )
    _check_prices(names, instrument, price, log)
    log.raise_if_any("orders")
    pocket = data.text("pocket", "cross")
    known = {name: row for row, name in enumerate(names.lists["pocket"])}
    rows = np.array([known.get(n, _NEW_POCKET - i) for i, n in enumerate(pocket.names.tolist())])
    columns = {
        "account": account,
        "pocket": rows.astype(np.int32)[pocket.codes],
        "instrument": instrument,
        "quantity": data.columns["quantity"],
        "price": price,
    }
    shown = {
        "account": Coded(account, accounts),
        "pocket": pocket,
        "instrument": Coded(instrument, instruments),
        "quantity": data.columns["quantity"],
        "price": price,
    }
    if reduce_only:
        reduces = data.numbers("reduce_only", False, np.bool_)
        columns["reduce_only"] = reduces.astype(np.uint8)
        shown["reduce_only"] = reduces
    return OrderRows(columns, shown)


def read_order_handles(orders: Mapping[str, Any]) -> OrderRows:
    """Orders whose accounts and instruments are handles: NumPy columns, no names looked up.

    Columns account, instrument and, optionally, pocket are integers, quantity and price real
    numbers, reduce_only bools; they broadcast to one dimension.

    Raises
    ------
    InputTypeError, InvalidInputError
        LENGTH_MISMATCH, MISSING_COLUMN or UNKNOWN_COLUMN.
    """
    required = ("account", "instrument", "quantity", "price")
    for name in orders:
        if name not in (*required, "pocket", "reduce_only"):
            known = (*required, "pocket", "reduce_only")
            message = f"orders: unknown column {name!r}{suggest(str(name), known)}"
            raise InvalidInputError(message, code="UNKNOWN_COLUMN")
    for name in required:
        if name not in orders:
            message = f"orders: required column {name!r} is missing"
            raise InvalidInputError(message, code="MISSING_COLUMN")
    columns: dict[str, NDArray[Any]] = {
        "account": handles("account", integers("account", orders["account"])),
        "pocket": handles("pocket", integers("pocket", orders.get("pocket", 0))),
        "instrument": handles("instrument", integers("instrument", orders["instrument"])),
        "quantity": reals("quantity", orders["quantity"]),
        "price": reals("price", orders["price"]),
        "reduce_only": flags("reduce_only", orders.get("reduce_only", False)),
    }
    try:
        whole = np.broadcast_arrays(*columns.values())
    except ValueError:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        message = f"shapes do not broadcast: {shapes}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH") from None
    if whole[0].ndim != 1:
        raise InvalidInputError("orders have one dimension", code="WRONG_SHAPE")
    flat = dict(zip(columns, map(np.ascontiguousarray, whole), strict=True))
    return OrderRows(flat, {**flat, "reduce_only": flat["reduce_only"].view(np.bool_)})


def _check_prices(
    names: Namebook,
    instrument: NDArray[np.int32],
    price: NDArray[np.float64],
    log: IssueLog,
) -> None:
    """Only an option's premium may be zero, and only a basket's price below it."""
    listed = (price < 0) & (instrument < len(names.kinds))
    log.add_rows(
        "NEGATIVE_VALUE",
        ("orders", "price"),
        np.flatnonzero(listed),
        lambda row: (float(price[row]), f"price must be at least 0, got {float(price[row])}"),
    )
    option = KINDS.index("option")
    kinds = np.array([*names.kinds, *[option] * len(names.baskets), option])[instrument]
    free = (price == 0) & (kinds != option) & (instrument >= 0)
    log.add_rows(
        "NOT_POSITIVE",
        ("orders", "price"),
        np.flatnonzero(free),
        lambda row: (0.0, "price must be > 0 for spot, futures and perpetuals, was 0"),
    )
