"""Synthetic baskets where an engine shows them whole: orders of one, and what they come to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.loading.baskets import legs
from tickmargin.loading.column import Coded
from tickmargin.loading.issues import IssueLog, always
from tickmargin.names import Namebook
from tickmargin.orders import OrderRows
from tickmargin.portfolio import Portfolio
from tickmargin.results import Explanation
from tickmargin.table import Table

__all__ = ["basket_table", "order_legs"]


def order_legs(rows: OrderRows, names: Namebook, portfolio: Portfolio) -> dict[str, NDArray[Any]]:
    """Columns for the core, an order of a basket as one of all its components together.

    Raises
    ------
    InvalidInputError
        BASKET_PRICE, OUT_OF_RANGE: an order of a basket that cannot be taken apart.
    """
    columns = dict(rows.columns)
    count = len(columns["account"])
    columns |= {"joined": np.zeros(count, np.uint8), "mark_weight": np.ones(count)}
    first = names.count("instrument")
    if not (columns["instrument"] >= first).any():
        return columns
    log = IssueLog()
    out: dict[str, list[NDArray[Any]]] = {name: [] for name in columns}
    for row in range(count):
        one = {name: column[row : row + 1] for name, column in columns.items()}
        basket = int(columns["instrument"][row]) - first
        if basket >= 0:
            instrument, contracts, prices = legs(
                portfolio.baskets,
                basket,
                columns["quantity"][row : row + 1],
                columns["price"][row : row + 1],
                portfolio.instruments.multiplier,
            )
            size = len(instrument)
            _check_leg(row, columns, contracts, prices, log)
            one = {name: np.repeat(column, size) for name, column in one.items()}
            one |= {
                "instrument": _core_rows(instrument, names, portfolio),
                "quantity": contracts[0],
                "price": prices[0],
                "joined": (np.arange(size) > 0).astype(np.uint8),
                "mark_weight": _weights(portfolio, basket),
            }
        for name, column in one.items():
            out[name].append(column)
    log.raise_if_any("orders")
    return {name: np.concatenate(parts) for name, parts in out.items()}


def _check_leg(
    row: int,
    columns: dict[str, NDArray[Any]],
    contracts: NDArray[np.float64],
    prices: NDArray[np.float64],
    log: IssueLog,
) -> None:
    price, quantity = float(columns["price"][row]), float(columns["quantity"][row])
    if not (np.isfinite(prices) & (prices > 0.0)).all():
        message = f"no positive prices of the basket's components add up to {price}"
        log.add_rows("BASKET_PRICE", ("orders", "price"), [row], always(price, message))
    if not np.isfinite(contracts).all():
        message = "quantity x weight / multiplier of a component is not finite"
        log.add_rows("OUT_OF_RANGE", ("orders", "quantity"), [row], always(quantity, message))


def _weights(portfolio: Portfolio, basket: int) -> NDArray[np.float64]:
    baskets = portfolio.baskets
    rows = baskets.order[baskets.first[basket] : baskets.first[basket + 1]]
    return np.asarray(baskets.weight[rows])


def _core_rows(
    instrument: NDArray[np.int32], names: Namebook, portfolio: Portfolio
) -> NDArray[np.int32]:
    known = portfolio.instruments.names[instrument].tolist()
    return np.array([names.known("instrument", name) for name in known], np.int32)


def basket_table(
    core: _core.Engine, names: Namebook, portfolio: Portfolio, row: int, explained: Explanation
) -> Table:
    """An account's positions in baskets, a row for each of their components.

    Their value is at the basket's own entry price; of a contribution of a position that other
    rows of the account went into as well it is the basket's share by contracts.
    """
    given, listed = portfolio.given, int((portfolio.instruments.tracks_index == 0).sum())
    held = np.flatnonzero((given.account == row) & (given.instrument >= listed))
    contributions = {
        (line["pocket"], line["instrument"], line["quantity"] < 0): (
            line["quantity"],
            line["contribution"],
        )
        for line in explained.positions
        if line["instrument"] is not None
    }
    out: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for position in held.tolist():
        basket = int(given.instrument[position]) - listed
        quantity, entry = float(given.quantity[position]), float(given.entry_price[position])
        if quantity == 0:
            continue
        multiplier = portfolio.instruments.multiplier
        instrument, every, each = legs(
            portfolio.baskets, basket, np.array([quantity]), np.array([entry]), multiplier
        )
        contracts, price = every[0], each[0]
        core_rows = _core_rows(instrument, names, portfolio)
        values = core.position_values(core_rows, contracts, price)
        pocket = portfolio.pocket_names[given.pocket[position]]
        for n, component in enumerate(portfolio.instruments.names[instrument].tolist()):
            key = pocket, component, bool(contracts[n] < 0)
            whole, contribution = contributions.get(key, (np.nan, np.nan))
            share = contracts[n] / whole
            row_of = (pocket, str(portfolio.baskets.names[basket]), quantity, entry, component,
                      contracts[n], price[n], values[n],
                      np.nan if contribution is None else contribution * share)  # fmt: skip
            for name, value in zip(_COLUMNS, row_of, strict=True):
                out[name].append(value)
    text = ("pocket", "basket", "component")
    return Table(
        {
            name: _words(values) if name in text else np.array(values, np.float64)
            for name, values in out.items()
        },
        name="baskets",
    )


def _words(values: list[str]) -> Coded:
    names = list(dict.fromkeys(values))
    codes = np.array([names.index(value) for value in values], np.int32)
    return Coded(codes, np.array([*names, None], dtype=object)[:-1])


_COLUMNS = ("pocket", "basket", "quantity", "entry_price", "component", "contracts",
            "component_price", "value", "contribution")  # fmt: skip
