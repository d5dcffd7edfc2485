"""Candidate orders, read with the same strictness as a portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.core_inputs import instrument_order
from tickmargin.loading.column import Coded, Column, TableSpec
from tickmargin.loading.issues import IssueLog
from tickmargin.loading.keys import refer
from tickmargin.loading.read import read_given
from tickmargin.loading.specs import KINDS
from tickmargin.portfolio import Portfolio

__all__ = ["OrderRows", "read_orders"]

ORDERS = TableSpec(
    "orders",
    (
        Column("account", "id"),
        Column("pocket", "id", required=False, nullable=True),
        Column("instrument", "id"),
        Column("quantity", "float"),
        Column("price", "float", sign="non_negative"),
    ),
)


class OrderRows(NamedTuple):
    """Orders as the core takes them, and as a table shows them."""

    columns: dict[str, NDArray[Any]]
    shown: dict[str, Any]


def _coded(names: NDArray[np.object_]) -> Coded:
    return Coded(np.arange(len(names), dtype=np.int32), names)


def read_orders(orders: Any, portfolio: Portfolio, accounts: Mapping[str, int]) -> OrderRows:
    """Check orders and number their accounts, pockets and instruments.

    A pocket the portfolio does not know is a new, empty isolated pocket.

    Raises
    ------
    InvalidInputError
        With every problem in ``issues``.
    """
    log = IssueLog()
    data = read_given({"orders": orders}, (ORDERS,), log, False)["orders"]
    log.raise_if_any("orders")
    assert data is not None
    account = refer(data, "account", _coded(portfolio.accounts.names), "UNKNOWN_ACCOUNT", log)
    names = portfolio.instruments.names
    instrument = refer(data, "instrument", _coded(names), "UNKNOWN_INSTRUMENT", log)
    price = data.columns["price"]
    _check_prices(portfolio, instrument, price, log)
    log.raise_if_any("orders")
    pocket = data.text("pocket", "cross")
    known = {name: row for row, name in enumerate(portfolio.pocket_names)}
    rows = np.array([known.get(n, len(known) + i) for i, n in enumerate(pocket.names.tolist())])
    rank = np.empty(len(names), np.int32)
    rank[instrument_order(portfolio)] = np.arange(len(names), dtype=np.int32)
    return OrderRows(
        {
            "account": account,
            "pocket": rows.astype(np.int32)[pocket.codes],
            "instrument": rank[instrument],
            "quantity": data.columns["quantity"],
            "price": price,
        },
        {
            "account": Coded(account, portfolio.accounts.names),
            "pocket": pocket,
            "instrument": Coded(instrument, names),
            "quantity": data.columns["quantity"],
            "price": price,
        },
    )


def _check_prices(
    portfolio: Portfolio,
    instrument: NDArray[np.int32],
    price: NDArray[np.float64],
    log: IssueLog,
) -> None:
    """Only an option's premium may be zero."""
    kinds = np.append(portfolio.instruments.kind, KINDS.index("option"))[instrument]
    free = (price == 0) & (kinds != KINDS.index("option"))
    log.add_rows(
        "NOT_POSITIVE",
        ("orders", "price"),
        np.flatnonzero(free),
        lambda row: (0.0, "price must be > 0 for spot, futures and perpetuals, was 0"),
    )
