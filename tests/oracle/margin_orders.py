"""An order filled in full: the portfolio that results, by plain bookkeeping.

An option or spot trade is paid from the balance of its settlement asset. A future or perpetual
opens at the order's price, joins an open position of the same side at the mean entry (harmonic
for inverse, which keeps the profit), and against one of the other side realises its profit into
the settlement balance first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.oracle.margin import Inputs
from tests.oracle.margin_market import Row
from tests.oracle.margin_values import settle_key

Rows = list[dict[str, Any]]


def credit(balances: Rows, order: Row, key: tuple[str, str], amount: float) -> None:
    """Add an amount of an asset to the pocket's balance."""
    pocket = order.get("pocket", "cross")
    for row in balances:
        own = row["account"], row.get("pocket") or "cross"
        if own == (order["account"], pocket) and (row["asset"], row.get("chain") or "") == key:
            row["amount"] += amount
            return
    balances.append(
        {
            "account": order["account"],
            "pocket": pocket,
            "asset": key[0],
            "chain": key[1],
            "amount": amount,
        }
    )


def profit(instrument: Row, quantity: float, entry: float, exit_price: float) -> float:
    """Profit in the settlement asset."""
    if instrument["payoff"] == "inverse":
        return quantity * instrument["multiplier"] * (1.0 / entry - 1.0 / exit_price)
    return quantity * instrument["multiplier"] * (exit_price - entry)


def mean_entry(instrument: Row, old: tuple[float, float], new: tuple[float, float]) -> float:
    """Entry of two lots (quantity, price) of the same side together."""
    (q, entry), (more, price) = old, new
    if instrument["payoff"] == "inverse":
        return (q + more) / (q / entry + more / price)
    return (q * entry + more * price) / (q + more)


def fill(given: Inputs, order: Mapping[str, Any]) -> Inputs:
    """The inputs with one order filled in full."""
    positions = [dict(row) for row in given.portfolio["positions"]]
    balances = [dict(row) for row in given.portfolio["balances"]]
    instrument = next(
        row for row in given.portfolio["instruments"] if row["instrument"] == order["instrument"]
    )
    key = order["account"], order.get("pocket", "cross"), order["instrument"]
    same = [
        row
        for row in positions
        if (row["account"], row.get("pocket") or "cross", row["instrument"]) == key
        and not row.get("side")
    ]
    row = same[0] if same else {**dict(zip(("account", "pocket", "instrument"), key, strict=True))}
    if not same:
        positions.append(row)
    old, entry = row.get("quantity", 0.0), row.get("entry_price")
    quantity, price = order["quantity"], order["price"]
    row["quantity"] = old + quantity
    if instrument["kind"] in ("option", "spot"):
        credit(
            balances, order, settle_key(instrument), -quantity * instrument["multiplier"] * price
        )
    if old == 0.0 or (entry is None and old * quantity < 0.0 and abs(quantity) > abs(old)):
        row["entry_price"] = price
    elif entry is None:
        pass
    elif old * quantity > 0.0:
        row["entry_price"] = mean_entry(instrument, (old, entry), (quantity, price))
    elif instrument["kind"] in ("option", "spot"):
        row["entry_price"] = price if abs(quantity) > abs(old) else entry
    else:
        closed = -quantity if abs(quantity) <= abs(old) else old
        credit(balances, order, settle_key(instrument), profit(instrument, closed, entry, price))
        if abs(quantity) > abs(old):
            row["entry_price"] = price
    return given.with_portfolio(positions=positions, balances=balances)
