"""What a live engine is asked: may an order trade, how does an account stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError
from tickmargin.live_base import LiveBase
from tickmargin.live_results import (
    MARK_STATES,
    CheckedOrder,
    LiveAccount,
    account_of,
    account_table,
    check_table,
    checked_order,
)
from tickmargin.orders import read_order_handles, read_orders
from tickmargin.pricing.arguments import reals
from tickmargin.result_tables import Names, unit_table
from tickmargin.table import Table

__all__ = ["LiveReads"]


class LiveReads(LiveBase):
    """Orders checked, accounts read."""

    def check_order(
        self,
        account: str | int,
        instrument: str | int,
        quantity: float,
        price: float,
        *,
        reduce_only: bool = False,
        pocket: str | int = "cross",
    ) -> CheckedOrder:
        """Tell whether an order may trade, as if it filled in full; nothing changes.

        The first live call, as this may be, starts an engine that was not started: no source has
        spoken then, every mark is unusable, and new risk is ``refused_doubtful``.

        Parameters
        ----------
        account, instrument, pocket : str or int
            Names or handles.
        quantity : float
            Signed contracts.
        price : float
            Quote units; coin for a coin-settled option.
        reduce_only : bool, default False

        Raises
        ------
        UnknownNameError, InputTypeError, EngineBusyError
        """
        if not isinstance(reduce_only, bool):
            raise InputTypeError(f"reduce_only: got {type(reduce_only).__name__}; expected bool")
        row = {
            "account": np.array([self.names.known("account", account)], np.int32),
            "pocket": np.array([self._pocket_row(pocket)], np.int32),
            "instrument": np.array([self.names.known("instrument", instrument)], np.int32),
            "quantity": _one("quantity", quantity),
            "price": _one("price", price),
            "reduce_only": np.array([reduce_only], np.uint8),
        }
        return checked_order(self._running().check_many(row), self.names, self._scale)

    def _pocket_row(self, pocket: str | int) -> int:
        # A pocket that is not there is empty, and checking an order does not make it.
        if isinstance(pocket, str) and pocket not in self.names.lists["pocket"]:
            return 2**31 - 1
        return self.names.row("pocket", pocket)

    def check_many(self, orders: Any) -> Table:
        """Tell of each order alone whether it may trade; nothing changes.

        Parameters
        ----------
        orders : mapping of columns or frame
            account, instrument (names), quantity, price, and optionally pocket (default "cross")
            and reduce_only (bool). A mapping whose account and instrument are NumPy integers is
            taken as handles, which is faster; a handle that nobody has is ``refused_unknown``.

        Returns
        -------
        Table
            The orders' columns and those of :class:`CheckedOrder`.

        Raises
        ------
        InvalidInputError, InputTypeError, EngineBusyError
        """
        if isinstance(orders, Mapping) and _is_integers(orders.get("account")):
            rows = read_order_handles(orders)
        else:
            rows = read_orders(orders, self.names, reduce_only=True)
        raw = self._running().check_many(rows.columns)
        return check_table(raw, rows.shown, self.names, self._scale)

    def account(self, account: str | int, *, published: bool = False) -> LiveAccount:
        """Give one account's numbers, exact as of the last record.

        Parameters
        ----------
        account : str or int
        published : bool, default False
            Take the row as last written instead: whole, from any thread at any time, but perhaps
            older than the last record (``applied_seq`` says).

        Raises
        ------
        UnknownNameError, InputTypeError, EngineBusyError
        """
        row = self.names.known("account", account)
        live, rows = self._running(), np.array([row], np.int32)
        raw = live.published(rows) if published else live.accounts(rows)
        return account_of(raw, self.names.lists["account"][row], self._policy_names, self._scale)

    def accounts(self, *, published: bool = False) -> Table:
        """Give every account's numbers, in the columns of :class:`LiveAccount`.

        Raises
        ------
        EngineBusyError
        """
        live = self._running()
        raw = live.published(None) if published else live.accounts(None)
        return account_table(raw, self.names, self._policy_names, self._scale)

    def units(self, account: str | int | None = None) -> Table:
        """Give what accounts hold of each underlying, Greeks and margins, as of the last record.

        Evaluated when asked for, so it costs what a recompute of these accounts does.

        Parameters
        ----------
        account : str or int, optional
            One account instead of all.

        Returns
        -------
        Table
            The columns of ``Result.units``, and their values to the bit; by account.

        Raises
        ------
        UnknownNameError, InputTypeError, EngineBusyError
        """
        rows = None
        if account is not None:
            rows = np.array([self.names.known("account", account)], np.int32)
        return unit_table(self._running().units(rows), Names.of(self.names))

    def counters(self) -> dict[str, int]:
        """Records applied and refused, pockets evaluated and why, bands renewed, orders checked.

        Raises
        ------
        EngineBusyError
        """
        return self._running().counters()

    def state_hash(self) -> int:
        """Hash of the primary state: equal states give equal hashes, on any machine.

        Commands print it as 16 hexadecimal digits, ``f"{state_hash:016x}"``.

        Raises
        ------
        EngineBusyError
        """
        return self._running().state_hash()

    def audit(self) -> int:
        """Evaluate every pocket without bands; how many differ from the states kept: 0.

        Raises
        ------
        EngineBusyError
        """
        return self._running().audit()

    def marks(self) -> Table:
        """Give every underlying's index price and how far its mark is trusted.

        Returns
        -------
        Table
            underlying, index_price (quote asset), mark_state (ready, degraded, quarantined,
            unusable).
        """
        where = self._running().position()
        words = np.array(MARK_STATES, object)[where["mark_state"]]
        columns = {
            "underlying": self.names["underlying"],
            "index_price": where["index_price"],
            "mark_state": words,
        }
        return Table(columns, name="marks")


def _one(name: str, value: object) -> NDArray[np.float64]:
    """One real number as a column."""
    array = reals(name, value)
    if array.ndim:
        raise InputTypeError(f"{name}: one number, got an array of shape {array.shape}")
    return array.reshape(1)


def _is_integers(column: object) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "iu"
