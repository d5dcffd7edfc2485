"""Forwards implied by put-call parity of option quotes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.pricing.arguments import broadcast, flags, integers, reals
from tickmargin.table import Table

__all__ = ["forwards_from_parity"]


def forwards_from_parity(
    is_call: ArrayLike,
    strike: ArrayLike,
    expiry_ns: ArrayLike,
    price: ArrayLike,
    *,
    coin_settled: bool = False,
    discount: ArrayLike = 1.0,
) -> Table:
    """Return the forward of each expiry that put-call parity of quotes implies.

    A forward is the median over the strikes that have a call and a put of
    K / (1 - (C - P)) for coin-settled quotes and K + (C - P) / discount for linear ones.

    Parameters
    ----------
    is_call : array_like of bool
        A row per quote: True for a call, False for a put.
    strike : array_like
        In quote currency; > 0.
    expiry_ns : array_like of int
        Nanoseconds UTC.
    price : array_like
        In coin if ``coin_settled``, else discounted, in quote currency. NaN: no quote.
    coin_settled : bool, default False
        Whether the options are priced and settled in the underlying's own coin.
    discount : array_like, default 1
        exp(-r T) of linear quotes, the same for all quotes of an expiry; > 0.

    Returns
    -------
    Table
        ``expiry_ns``, ``forward_price`` (NaN without a pair) and ``pairs`` (strikes with a call and
        a put), a row per expiry in order.

    Raises
    ------
    InvalidInputError
        A strike or discount that is not positive; two quotes of one option; two discounts in one
        expiry; shapes that do not broadcast.
    InputTypeError
        Anything that is not of the kinds above.
    """
    if not isinstance(coin_settled, (bool, np.bool_)):
        raise InputTypeError(f"coin_settled must be a bool, got {coin_settled!r}")
    rows = broadcast(
        {
            "is_call": np.atleast_1d(flags("is_call", is_call)),
            "strike": reals("strike", strike),
            "expiry_ns": integers("expiry_ns", expiry_ns),
            "price": reals("price", price),
            "discount": reals("discount", discount),
        }
    )
    if len(rows.shape) != 1:
        message = f"quotes must be one-dimensional, got shape {rows.shape}"
        raise InvalidInputError(message, code="WRONG_SHAPE")
    call, strikes, expiries, prices, discounts = (
        np.broadcast_to(column, rows.count) for column in rows.columns
    )
    _require_positive("strike", strikes)
    _require_positive("discount", discounts)
    found = np.unique(expiries)
    forwards = np.full(len(found), np.nan)
    pairs = np.zeros(len(found), np.int64)
    for place, expiry in enumerate(found):
        quotes = np.flatnonzero(expiries == expiry)
        discount_here = np.unique(discounts[quotes])
        if len(discount_here) != 1:
            message = f"expiry {expiry} has {len(discount_here)} discounts"
            raise InvalidInputError(message, code="INVALID_ARGUMENT")
        levels, at = np.unique(strikes[quotes], return_inverse=True)
        sides = np.full((2, len(levels)), np.nan)
        _fill(sides, call[quotes], at, prices[quotes], quotes)
        pairs[place] = np.count_nonzero(~np.isnan(sides).any(axis=0))
        forwards[place] = _core.forward_from_parity(
            levels, sides[1].copy(), sides[0].copy(), bool(coin_settled), float(discount_here[0])
        )
    columns = {"expiry_ns": found, "forward_price": forwards, "pairs": pairs}
    return Table(columns, name="forwards")


def _fill(
    sides: NDArray[np.float64],
    call: NDArray[np.uint8],
    at: NDArray[np.intp],
    prices: NDArray[np.float64],
    rows: NDArray[np.intp],
) -> None:
    cell = call.astype(np.intp) * sides.shape[1] + at
    order = np.argsort(cell, kind="stable")
    twice = np.flatnonzero(np.diff(cell[order]) == 0)
    if len(twice):
        first, second = (int(rows[order[twice[0] + step]]) for step in (0, 1))
        message = f"rows {first} and {second} quote the same option"
        raise InvalidInputError(message, code="DUPLICATE_ID")
    sides.ravel()[cell] = prices


def _require_positive(name: str, values: NDArray[np.float64]) -> None:
    bad = np.flatnonzero(~(values > 0))
    if len(bad):
        row = int(bad[0])
        message = f"{name} must be greater than zero, got {float(values[row])!r} at row {row}"
        raise InvalidInputError(message, code="NOT_POSITIVE")
