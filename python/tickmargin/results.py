"""What the engine answers: tables of plain columns, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from tickmargin.table import Table

# rich costs as much to import as the rest of the package; it is loaded when something is shown.
if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Explanation", "LiquidationPrices", "Result", "RootStatus"]

RootStatus = Literal["found", "none", "already_past", "undecidable"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """One recompute.

    Amounts are in the numeraire, equity rounded down and requirements rounded up to whole ticks.
    NaN marks an undecidable row, whose ``slack_ticks`` is the smallest int64.

    Attributes
    ----------
    accounts : Table
        A row per account: account, equity (maintenance collateral weights), equity_initial
        (initial-margin weights), initial_margin, maintenance_margin, slack and slack_ticks (the
        smallest of the account's pockets that hold positions or debts), health_ratio (of the pocket
        that binds: equity / maintenance_margin; without a requirement, what is supplied at
        maintenance weights / debts, the health factor of lenders; inf without either), debts (what
        negative balances owe, unrounded, > 0), state (the worst of the pockets), status, policy,
        policy_epoch, as_of_ns, worst_pocket (the pocket that binds: the one with the smallest
        slack) and its worst_underlying, worst_price_move and worst_vol_shock.
    pockets : Table
        A row per (account, pocket) with its own equity, requirement, slack, health, debts
        and state.
    units : Table
        A row per (account, pocket, underlying) held: delta_base (d value / d index in base units,
        forward / index held), gamma (d delta_base per 1.00 of the quote asset), vega (per 1.00 of
        volatility), theta (per year, forward held), gross_notional, value, initial_margin,
        maintenance_margin, worst_price_move, worst_vol_shock.
    components : Table
        Unrounded requirement summed over accounts by policy, underlying (None: across
        underlyings) and component.
    as_of_ns : int
        Time of the market.
    elapsed_ns : int
        Wall time of the recompute.
    """

    accounts: Table
    pockets: Table
    units: Table
    components: Table
    as_of_ns: int
    elapsed_ns: int

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export ``accounts`` as an Arrow stream."""
        return self.accounts.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return self.accounts._repr_html_()

    def __rich__(self) -> RenderableType:
        table: RenderableType = self.accounts.__rich__()
        return table

    def __repr__(self) -> str:
        return f"Result({len(self.accounts):,} accounts, as_of_ns={self.as_of_ns})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation:
    """Every line of one account's numbers; nothing is "other".

    Within a pocket, the ``requirement`` lines before ``rounding``, added from first to last, are
    the unrounded requirement to the bit; with ``rounding`` they are the requirement of the
    account's row. The same holds for ``equity``.

    Attributes
    ----------
    account, policy, state, status : str
    equity : Table
        pocket, kind (balance, position, rounding), item, amount (of the asset, or contracts),
        unit_value (numeraire an asset unit or a contract), initial, maintenance.
    requirement : Table
        pocket, underlying (None: across underlyings), component, initial_margin,
        maintenance_margin.
    positions : Table
        pocket, underlying, instrument, quantity, value, contribution: the position's maintenance
        under a percent rule, or its loss (> 0) or gain in the binding scenario. Where collateral is
        simulated, a row without an instrument follows each underlying's positions: what is owned
        in assets that follow its index. Under a scenario policy the contributions of an
        underlying, added in order, are the loss behind its ``scan`` line to the bit.
    scenarios : Table
        pocket, underlying, price_move, vol_shock, weight, profit: the policy's grid, and after it
        the strike node that binds, if one does.
    tail : Table
        Of methods ``var`` and ``es`` over joint scenarios, else empty: pocket, scenario (its number
        among the pocket's rows of each underlying in ``scenarios``), from_ns and to_ns (the times
        of the history between which prices moved so, or, filtered, moved before they were scaled;
        0 where moves are drawn, or the engine does not know them), loss (of the pocket),
        initial_share and maintenance_share (what the loss counts in each requirement, factors
        included: shares times losses add up to the ``scan`` lines); the largest loss first.
    netting : Table
        pocket, underlying, initial_alone, initial_share, maintenance_alone, maintenance_share:
        each unit's loss alone and its Euler share of the loss left after netting across
        underlyings; empty without such netting.
    baskets : Table
        pocket, basket, quantity, entry_price, component, contracts, component_price, value,
        contribution: the account's positions in synthetic baskets, taken apart. ``value`` is at
        the basket's entry price; its sum over a basket's rows is the basket's own. The positions
        above hold the same contracts together with the account's own in them. After records the
        components are the account's like any others, and this is empty.
    unsupported : tuple of str
        Instruments held that the policy's rules have no place for: with one the account is
        undecidable (``unsupported_contract``).
    """

    account: str
    policy: str
    state: str
    status: str
    equity: Table
    requirement: Table
    positions: Table
    scenarios: Table
    tail: Table
    netting: Table
    baskets: Table
    unsupported: tuple[str, ...] = ()

    def _title(self) -> str:
        lacks = f": {', '.join(self.unsupported)}" if self.unsupported else ""
        reason = "" if self.status == "ok" else f" ({self.status}{lacks})"
        return f"{self.account}: {self.state}{reason} under {self.policy}"

    def _tables(self) -> tuple[Table, ...]:
        baskets = (self.baskets,) if len(self.baskets) else ()
        return (self.equity, self.requirement, self.positions, *baskets)

    def _repr_html_(self) -> str:
        body = "".join(table._repr_html_() for table in self._tables())
        return f"<h3>{escape(self._title())}</h3>{body}"

    def __rich__(self) -> RenderableType:
        from rich.console import Group

        return Group(self._title(), *(table.__rich__() for table in self._tables()))

    def __repr__(self) -> str:
        return f"Explanation({self._title()})"

    def __str__(self) -> str:
        return "\n\n".join([self._title(), *map(repr, self._tables())])

    def to_dict(self) -> dict[str, Any]:
        """Return all lines as plain Python values."""
        tables = {
            name: [dict(row) for row in getattr(self, name)]
            for name in (
                "equity",
                "requirement",
                "positions",
                "scenarios",
                "tail",
                "netting",
                "baskets",
            )
        }
        head = {name: getattr(self, name) for name in ("account", "policy", "state", "status")}
        return head | tables | {"unsupported": list(self.unsupported)}


@dataclass(frozen=True, slots=True)
class LiquidationPrices:
    """Index prices at which a pocket first falls below its liquidation border.

    The path: the index moves alone, forward / index ratios, volatilities, other underlyings and
    time held. ``lower`` and ``upper`` are NaN unless the matching status is "found". At the price
    the account is past the border; at the next float64 towards today's index it is not.
    """

    lower: float
    upper: float
    status_lower: RootStatus
    status_upper: RootStatus
