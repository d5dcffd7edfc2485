"""Derive's Dutch auction of an account below maintenance, as pure functions of its numbers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "AuctionTerms",
    "Bid",
    "auction_discount",
    "buffer_margin",
    "max_proportion",
    "solvent_bid",
]


class AuctionTerms(NamedTuple):
    """How the discount falls: from ``start`` to ``cut`` in ``fast_seconds``, then to 0."""

    start: float
    cut: float
    fast_seconds: float
    slow_seconds: float


class Bid(NamedTuple):
    """What a bidder may take, takes, and pays."""

    buffer_margin: float
    max_proportion: float
    proportion: float
    cash: float


def auction_discount(terms: AuctionTerms, elapsed_seconds: float) -> float:
    """Share of the mark-to-market that is asked for after ``elapsed_seconds``."""
    if elapsed_seconds < terms.fast_seconds:
        return terms.start - (terms.start - terms.cut) * elapsed_seconds / terms.fast_seconds
    rest = elapsed_seconds - terms.fast_seconds
    return max(terms.cut * (1.0 - rest / terms.slow_seconds), 0.0)


def buffer_margin(mark_to_market: float, maintenance: float, buffer_ratio: float) -> float:
    """Maintenance margin balance an auction restores, less its buffer."""
    return maintenance + (maintenance - mark_to_market) * buffer_ratio


def max_proportion(
    mark_to_market: float, buffered: float, discount: float, reserved_cash: float
) -> float:
    """Largest share of the account that can be sold: what brings ``buffered`` back to 0."""
    paid = mark_to_market * discount + reserved_cash * (1.0 - discount)
    gain = paid - buffered
    if buffered >= 0.0:
        return 0.0
    return min(-buffered / gain, 1.0) if gain > 0.0 else 1.0


def solvent_bid(
    terms: AuctionTerms,
    *,
    mark_to_market: float,
    maintenance: float,
    buffer_ratio: float,
    elapsed_seconds: float,
    wanted_proportion: float,
    reserved_cash: float = 0.0,
) -> Bid:
    """A bid for a share of a solvent account.

    ``mark_to_market`` and ``maintenance`` are balances: equity, and equity less maintenance
    margin. ``reserved_cash`` is what earlier bidders paid in; it is not for sale.
    """
    discount = auction_discount(terms, elapsed_seconds)
    buffered = buffer_margin(mark_to_market, maintenance, buffer_ratio)
    largest = max_proportion(mark_to_market, buffered, discount, reserved_cash)
    taken = min(wanted_proportion, largest)
    cash = (mark_to_market - reserved_cash) * discount * taken
    return Bid(buffered, largest, taken, cash)
