"""The engine: a market, a portfolio and policies in; margins, states and explanations out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin._kernels import require_kernels
from tickmargin.baskets import basket_table, order_legs
from tickmargin.collateral_notes import unlisted_collateral
from tickmargin.contract_notes import fractional_sizes, unsupported_contracts
from tickmargin.core_inputs import core_columns, index_moves
from tickmargin.errors import InputTypeError, InvalidInputError, Issue, UnknownNameError
from tickmargin.history import History
from tickmargin.history_notes import doubtful_history, missing_history
from tickmargin.live import LiveMethods
from tickmargin.live_base import whole
from tickmargin.live_policies import fingerprint
from tickmargin.live_settings import room_for
from tickmargin.market import Market
from tickmargin.name_notes import unknown_names
from tickmargin.names import Namebook
from tickmargin.orders import read_orders
from tickmargin.outlook import Outlook
from tickmargin.peg_notes import unknown_pegs
from tickmargin.policies import Policies
from tickmargin.policy_notes import reversed_discounts
from tickmargin.portfolio import Portfolio
from tickmargin.result_tables import (
    Basis,
    Names,
    explanation_of,
    result_of,
    table_of,
    what_if_table,
)
from tickmargin.results import Explanation, LiquidationPrices, Result, RootStatus
from tickmargin.results_matrix import RiskMatrix, risk_matrix_of
from tickmargin.table import Table
from tickmargin.validation import check_arguments, cross_check

__all__ = ["Engine"]

_CURRENCY = ("asset", "balance", "unrealised", "option_value", "equity")


class Engine(LiveMethods, Outlook):
    """Margins every account of a portfolio at one market, and then with every record.

    The engine copies what it needs from its inputs; several engines may share them. Without
    records every method may be called from several threads at once; once it is live, one thread
    at a time may write or look at exact numbers (a second one gets an ``EngineBusyError``), and
    any may read published rows. The GIL is released while the core computes.

    After records ``recompute``, ``explain``, ``what_if`` and ``liquidation_prices`` answer from
    the live state as it is then, built anew without any cache; ``market`` and ``portfolio`` stay
    what the engine was made with.

    Parameters
    ----------
    market : Market
    portfolio : Portfolio
    policies : Policies, str, path or mapping
        A string is a preset's name, or a path if it ends in ``.toml`` or ``.json``.
    history : History, PriceHistory, str or path, optional
        Past prices, for policies of the methods ``var`` and ``es`` that measure with them. What is
        after the market's time is not looked at.
    numeraire_decimals : int, default 6
        A tick, the unit in which decisions are compared, is 10**-decimals of the numeraire. At 6
        an account may hold up to 4.6e12 before its amounts no longer fit (``overflow``).

    Raises
    ------
    InvalidInputError
        The portfolio does not fit the market (unknown underlyings or assets, expired instruments
        still held, ...); ``issues`` lists everything. A missing price is no error: the accounts it
        touches are undecidable, and ``warnings`` lists the instruments.
    """

    def __init__(
        self,
        market: Market,
        portfolio: Portfolio,
        policies: Policies | str | Mapping[str, Any] = "house-portfolio",
        *,
        history: History | str | Path | None = None,
        numeraire_decimals: int = 6,
    ) -> None:
        require_kernels()
        check_arguments(market, portfolio, numeraire_decimals)
        issues, warnings = cross_check(market, portfolio)
        if issues:
            raise InvalidInputError.from_issues("market and portfolio", issues)
        self._market = market
        self._portfolio = portfolio
        self._history = History.resolve(history)
        chosen = Policies.resolve(policies)
        self.names = Namebook.of(market, portfolio)
        self._decimals = numeraire_decimals
        self._live = None
        self._sources = ()
        self._directory, self._kept, self._recovery = None, (), None
        self._frozen: tuple[tuple[int, int], _core.Engine] | None = None
        self._core = self._make_core(chosen)
        self._warnings = (*warnings, *unlisted_collateral(chosen, self._account_policy, portfolio))
        self._warnings += (*reversed_discounts(chosen), *unknown_pegs(chosen, market))
        self._warnings += tuple(unknown_names(chosen, market, portfolio))
        self._warnings += tuple(
            unsupported_contracts(self._core, chosen, self._account_policy, portfolio)
        )
        self._policies_of = {0: chosen}
        self._policy_names = {0: chosen.names}
        compiled = self._compile(chosen)
        self._fingerprints = {0: fingerprint(compiled)}
        self._warnings += tuple(fractional_sizes(compiled, self._account_policy, market, portfolio))
        self._warnings += tuple(missing_history(compiled, self._history, market, portfolio))
        self._warnings += tuple(doubtful_history(self._history, market, portfolio))

    def _columns(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return core_columns(self._market, self._portfolio)

    def _make_core(self, policies: Policies) -> _core.Engine:
        columns = self._columns()
        compiled = self._compile(policies)
        gross = None
        if policies.needs_gross_notional:
            # A size rule needs valued positions, whatever the policy: value them once first.
            anyone = np.zeros(len(self._portfolio.accounts), np.int32)
            gross = _core.Engine(*columns, compiled, anyone, self._decimals).gross_notional()
        self._account_policy = self._select(policies, gross)
        return _core.Engine(*columns, compiled, self._account_policy, self._decimals)

    def _make_live(self, capacity: dict[str, Any], settings: dict[str, Any]) -> _core.Live:
        compiled = self._compile(self._policies_of[0])
        room = room_for(self._portfolio, capacity)
        return _core.Live(
            *self._columns(), compiled, self._account_policy, self._decimals, room, settings
        )

    def _present(self) -> _core.Engine:
        """The batch engine over what is true now."""
        if self._live is None:
            return self._core
        where = self._live.position()
        as_of = (where["applied_seq"], where["epoch"])
        if as_of == (0, 0):
            return self._core  # no record yet: the market the engine was made with
        if self._frozen is None or self._frozen[0] != as_of:
            self._frozen = (as_of, self._live.freeze())
        return self._frozen[1]

    def _present_names(self) -> Names:
        return Names.of(self.names)

    def _prepare(self, policies: Policies) -> tuple[list[dict[str, Any]], NDArray[np.int32]]:
        """Compile policies and choose one for each account, by what it holds now."""
        gross = self._present().gross_notional() if policies.needs_gross_notional else None
        return self._compile(policies), self._select(policies, gross)

    def _compile(self, policies: Policies) -> list[dict[str, Any]]:
        return policies.compile(
            self._market.underlyings.names.tolist(),
            self._market.assets.keys,
            self._history,
            self._market.as_of_ns,
        )

    def _select(
        self, policies: Policies, gross_notional: NDArray[np.float64] | None
    ) -> NDArray[np.int32]:
        accounts = self._portfolio.accounts
        positions = self._portfolio.positions
        attributes = {
            "account": accounts.names,
            "tier": accounts.tier,
            "jurisdiction": accounts.jurisdiction,
            "linked_group": accounts.linked_group,
            "credit_score": accounts.credit_score,
        }
        held = positions.quantity != 0
        kinds = np.zeros(len(accounts), np.uint8)
        bits = np.left_shift(1, self._portfolio.instruments.kind).astype(np.uint8)
        for bit in (1, 2, 4, 8):
            rows = held & (bits[positions.instrument] == bit)
            kinds[positions.account[rows]] |= bit
        count = np.bincount(positions.account[held], minlength=len(accounts)).astype(np.int64)
        return policies.select(attributes, kinds, count, gross_notional)

    @property
    def market(self) -> Market:
        """The market the engine was made with."""
        return self._market

    @property
    def portfolio(self) -> Portfolio:
        """The portfolio the engine was made with."""
        return self._portfolio

    @property
    def policies(self) -> Policies:
        """The policies in force.

        Raises
        ------
        UnknownNameError
            UNKNOWN_EPOCH: they come from a snapshot; stage them again under their epoch's number.
        """
        epoch = self._epoch()
        if epoch not in self._policies_of:
            names = ", ".join(self._policy_names[epoch])
            message = f"policies of epoch {epoch} ({names}) came with a snapshot, by name only"
            raise UnknownNameError(message, code="UNKNOWN_EPOCH")
        return self._policies_of[epoch]

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """Give what is missing or most likely a slip; ``code`` says what it leaves undecidable."""
        return self._warnings

    def recompute(
        self,
        *,
        threads: int = 1,
        policies: Policies | str | Mapping[str, Any] | None = None,
        index: Mapping[str, float] | None = None,
    ) -> Result:
        """Revalue and margin every account from scratch.

        Parameters
        ----------
        threads : int, default 1
            Workers. The result has the same bits for any number.
        policies : Policies, str, path or mapping, optional
            A candidate to look at instead of the engine's own; nothing changes.
        index : mapping of str to float, optional
            Index prices to look at instead of the market's. Forwards, marks and assets linked to
            an index move with it in proportion; volatilities and time are held. Nothing changes.

        Returns
        -------
        Result

        Raises
        ------
        InvalidInputError, InputTypeError, UnknownNameError
        """
        started = time.perf_counter_ns()
        moves = index_moves(self.names, index or {})
        whole("threads", threads)
        epoch = self._epoch()
        if policies is None:
            called = self._policy_names[epoch]
            raw = self._present().recompute(threads, moves, None, None)
        else:
            chosen = Policies.resolve(policies)
            called = chosen.names
            raw = self._present().recompute(threads, moves, *self._prepare(chosen))
        elapsed_ns = time.perf_counter_ns() - started
        basis = Basis(called, epoch, self._decimals, elapsed_ns)
        return result_of(raw, self._present_names(), basis)

    def explain(self, account: str | int) -> Explanation:
        """List the parts of one account's equity and requirement.

        Raises
        ------
        UnknownNameError
        """
        row = self.account_handle(account)
        raw = self._present().explain(row)
        names = self._present_names()
        epoch, times_ns = self._epoch(), None
        if len(raw["tail"][0]) and epoch in self._policies_of:
            of = self._policies_of[epoch]
            place = names.underlyings.tolist(), self._history, self._market.as_of_ns
            times_ns = of.scenario_times_ns(raw["policy"], *place)
        done = explanation_of(raw, names.accounts[row], names, self._policy_names[epoch], times_ns)
        if not len(self._portfolio.baskets) or self._present() is not self._core:
            return done
        return replace(
            done, baskets=basket_table(self._core, self.names, self._portfolio, row, done)
        )

    def risk_matrix(self, account: str | int) -> RiskMatrix:
        """Show every step of an account's risk matrix, in its venue's order.

        Raises
        ------
        UnknownNameError
        InvalidInputError
            NO_RISK_MATRIX: the account's policy is of another method than ``matrix``.
        """
        row = self.account_handle(account)
        raw = self._present().risk_matrix(row)
        if raw is None:
            message = f"account {account!r}: its policy's method has no risk matrix"
            raise InvalidInputError(message, code="NO_RISK_MATRIX")
        return risk_matrix_of(raw, self._present_names())

    def currency_equity(self, account: str | int) -> Table:
        """Return what an account owns in each asset, in units of the asset and before haircuts.

        Returns
        -------
        Table
            asset, balance, unrealised (profit of futures and perpetuals that settle in it; spot
            positions at their value), option_value, equity: their sum.

        Raises
        ------
        UnknownNameError
        """
        raw = self._present().currency_equity(self.account_handle(account))
        return table_of("currency_equity", _CURRENCY, raw, {"asset": self._present_names().assets})

    def what_if(self, orders: Any, *, hedge: str | None = None, threads: int = 1) -> Table:
        """Show what each order would do to its account's margin if it filled in full, alone.

        Parameters
        ----------
        orders : mapping of columns or frame
            account, instrument (str), quantity (signed contracts), price (quote units; coin for a
            coin-settled option), pocket (str, default "cross"); one value stands for a column of
            it. An order of a basket is one of all its components at once.
        hedge : str, optional
            An instrument. A refused order also gets ``hedge_quantity``, the smallest trade in it,
            at its mark, with which the order passes (NaN: there is none within four times the
            pocket's gross notional).
        threads : int, default 1

        Returns
        -------
        Table
            The order's columns and accepted, reason, mark_price (in the units of the order's
            price), equity_before, equity_after (initial-margin weights), initial_margin_before,
            initial_margin_after, maintenance_margin_before, maintenance_margin_after, shortfall,
            binding_underlying, binding_price_move, binding_vol_shock, hedge_quantity.

        Notes
        -----
        An order passes if equity after the fill covers initial margin after the fill, or else if
        initial margin does not rise and equity less initial margin does not fall, so that it
        takes nobody below initial margin and no shortfall grows. Fees are left out, and the price
        is taken as given, however far it is from the mark.
        """
        whole("threads", threads)
        rows = read_orders(orders, self.names)
        legs = order_legs(rows, self.names, self._portfolio)
        hedge_row = -1 if hedge is None else self.names.known("instrument", hedge)
        raw = self._present().what_if(legs, hedge_row, threads)
        return what_if_table(raw, rows, self._present_names())

    def liquidation_prices(
        self, account: str | int, underlying: str | int, *, pocket: str = "cross"
    ) -> LiquidationPrices:
        """Find the index prices at which a pocket falls below its liquidation border.

        All positions and balances of the pocket count, those in other underlyings at their present
        value and requirement. The search ends at a millionth and at ten thousand times the index.

        Raises
        ------
        UnknownNameError
        """
        lower, upper, status_lower, status_upper = self._present().liquidation_prices(
            self.account_handle(account),
            self.names.known("pocket", pocket),
            self.names.known("underlying", underlying),
        )
        return LiquidationPrices(
            lower, upper, cast("RootStatus", status_lower), cast("RootStatus", status_upper)
        )

    def account_handle(self, account: str | int) -> int:
        """Row of an account: its number for calls that take no names.

        Raises
        ------
        UnknownNameError
        """
        return self.names.known("account", account)

    def __reduce__(self) -> Any:
        raise InputTypeError("an engine cannot be pickled; see snapshot and record_to")

    def __repr__(self) -> str:
        return (
            f"Engine({len(self._portfolio.accounts):,} accounts, "
            f"{len(self._portfolio.positions):,} positions, "
            f"policies={', '.join(self._policy_names[self._epoch()])})"
        )
