"""Pockets as a ledger keeps them: rows of positions, balances, trades and settlement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.margin_market import Row


@dataclass
class PocketBook:
    """What one pocket owns."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    balances: dict[int, float] = field(default_factory=dict)

    def credit(self, asset: int, amount: float) -> None:
        """Add to a balance, which may become a debt."""
        self.balances[asset] = self.balances.get(asset, 0.0) + amount

    def holds_nothing(self) -> bool:
        """Whether an isolated pocket is not there any more."""
        return not self.rows and not any(self.balances.values())

    def carries(self) -> int:
        """How much it carries: 2 positions or debts, 1 balances, 0 nothing."""
        if self.rows or any(amount < 0.0 for amount in self.balances.values()):
            return 2
        return int(not self.holds_nothing())

    def copy(self) -> PocketBook:
        """The same, apart."""
        return PocketBook([dict(row) for row in self.rows], dict(self.balances))

    def sort(self, instruments: list[dict[str, Any]]) -> None:
        """The pocket's order: underlying, instrument, side, quantity, entry term."""

        def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
            instrument = instruments[row["instrument"]]
            return (
                instrument["underlying"],
                row["instrument"],
                row["quantity"] < 0,
                row["quantity"],
                entry_term(instrument, row["entry_price"]),
            )

        self.rows.sort(key=order)

    def net(self, instrument: int) -> float:
        """Contracts of an instrument, long less short."""
        return math.fsum(r["quantity"] for r in self.rows if r["instrument"] == instrument)


def entry_term(instrument: Row, price: float | None) -> float:
    """What is averaged: the price, of an inverse contract its inverse."""
    if price is None:
        return 0.0
    return 1.0 / price if instrument["payoff"] == "inverse" else price


def price_of(instrument: Row, term: float) -> float:
    """The price of an entry term."""
    return 1.0 / term if instrument["payoff"] == "inverse" else term


def profit(instrument: Row, quantity: float, entry: float, at: float) -> float:
    """Profit of a future in its settlement asset."""
    if instrument["payoff"] == "inverse":
        return quantity * instrument["multiplier"] * (1.0 / entry - 1.0 / at)
    return quantity * instrument["multiplier"] * (at - entry)


def pays_premium(instrument: Row) -> bool:
    """Options and spot are bought outright."""
    return instrument["kind"] in ("option", "spot")


def trade(
    book: PocketBook,
    instruments: list[dict[str, Any]],
    number: int,
    quantity: float,
    price: float,
) -> None:
    """A trade of signed `quantity` at `price`."""
    instrument = instruments[number]
    settle = instrument["settlement"]
    if pays_premium(instrument):
        book.credit(settle, -quantity * instrument["multiplier"] * price)
    own = [r for r in book.rows if r["instrument"] == number]
    same = [r for r in own if (r["quantity"] > 0) == (quantity > 0)]
    if same:
        row = same[0]
        total = row["quantity"] + quantity
        if row["entry_price"] is not None:
            term = entry_term(instrument, row["entry_price"]) * row["quantity"]
            term += entry_term(instrument, price) * quantity
            row["entry_price"] = price_of(instrument, term / total) if term else price
        row["quantity"] = total
        book.sort(instruments)
        return
    left = quantity
    for row in own:
        if left == 0.0:
            break
        closed = row["quantity"] if abs(row["quantity"]) <= abs(left) else -left
        if not pays_premium(instrument):
            book.credit(settle, profit(instrument, closed, row["entry_price"], price))
        row["quantity"] -= closed
        left += closed
    book.rows = [r for r in book.rows if r["quantity"] != 0.0]
    if left != 0.0:
        book.rows.append({"instrument": number, "quantity": left, "entry_price": price})
    book.sort(instruments)


def intrinsic(instrument: Row, at: float) -> float:
    """What an option pays a contract, in its settlement asset."""
    sign = 1.0 if instrument["option_type"] == "call" else -1.0
    gain = max(sign * (at - instrument["strike"]), 0.0) * instrument["multiplier"]
    return float(gain / at if instrument["payoff"] == "coin" else gain)


def settle(book: PocketBook, instruments: list[dict[str, Any]], number: int, at: float) -> None:
    """Pays every row of an instrument and removes it."""
    instrument = instruments[number]
    for row in book.rows:
        if row["instrument"] != number:
            continue
        if instrument["kind"] == "option":
            paid = row["quantity"] * intrinsic(instrument, at)
        else:
            paid = profit(instrument, row["quantity"], row["entry_price"], at)
        book.credit(instrument["settlement"], paid)
    book.rows = [r for r in book.rows if r["instrument"] != number]
