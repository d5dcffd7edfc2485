"""Portfolio: instruments, accounts, positions and balances, checked once, then immutable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import UnknownNameError
from tickmargin.loading.build_portfolio import portfolio_parts
from tickmargin.loading.check_portfolio import check_portfolio
from tickmargin.loading.column import Coded
from tickmargin.loading.columns import Accounts, Balances, Baskets, Instruments, Positions
from tickmargin.loading.files import FORMATS, check_folder
from tickmargin.loading.issues import IssueLog, suggest
from tickmargin.loading.keys import freeze
from tickmargin.loading.progress import Progress
from tickmargin.loading.read import TableData, read_folder, read_given
from tickmargin.loading.specs import KINDS, OPTION_TYPES, PAYOFFS, PORTFOLIO_TABLES, SIDES
from tickmargin.loading.write import check_target, save_tables
from tickmargin.table import Table

__all__ = ["Portfolio"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Portfolio:
    """All accounts with their instruments, positions and collateral; immutable.

    Make one with :meth:`load` or :meth:`from_tables`, which check everything. Columns, types,
    units and the code of every bad input are documented in ``python/README.md``.

    Attributes
    ----------
    instruments, accounts, positions, balances
        Plain read-only NumPy columns; ``table(name)`` shows them in the public vocabulary.
        Positions in baskets are taken apart into their components.
    baskets, given
        Synthetic baskets with their components, and the positions as they were given: a basket
        is a row after the instruments.
    underlying_names : tuple of str
        Sorted; ``instruments.underlying`` indexes it.
    asset_keys : tuple of (symbol, chain)
        Sorted; ``instruments.settlement`` and ``balances.asset`` index it.
    pocket_names : tuple of str
        "cross" first, then sorted; ``positions.pocket`` and ``balances.pocket`` index it.
    """

    instruments: Instruments
    accounts: Accounts
    positions: Positions
    balances: Balances
    underlying_names: tuple[str, ...]
    asset_keys: tuple[tuple[str, str], ...]
    pocket_names: tuple[str, ...]
    baskets: Baskets
    given: Positions

    @classmethod
    def load(cls, path: str | Path, *, progress: Progress = None) -> Portfolio:
        """Load ``instruments``, ``accounts``, ``positions`` and ``balances`` from a folder.

        ``components`` of synthetic baskets may stand beside them.

        Parameters
        ----------
        path : str or Path
            Folder with one .parquet or .csv file per table.
        progress : bool or callable, optional
            None shows a bar for a long load on a terminal; True and False force it. A callable
            is called with (what is being read, fraction done).

        Raises
        ------
        InvalidInputError
            With every problem found in ``.issues``; nothing is half-loaded.
        MissingExtraError
            If pyarrow is not installed.
        """
        folder = check_folder(path, "portfolio")
        log = IssueLog()
        tables = read_folder(folder, PORTFOLIO_TABLES, log, progress)
        return cls._build(tables, log, f"portfolio {str(folder)!r}")

    @classmethod
    def from_tables(
        cls,
        *,
        instruments: Any,
        accounts: Any,
        positions: Any,
        balances: Any,
        components: Any = None,
        progress: Progress = None,
    ) -> Portfolio:
        """Make a portfolio from tables in memory, which are copied.

        Parameters
        ----------
        instruments, accounts, positions, balances, components
            Each a mapping of NumPy columns (or lists), a pandas or polars frame, or anything
            with ``__arrow_c_stream__``. Kinds may be mixed. A table may have no rows.
        progress : bool or callable, optional
            As for :meth:`load`.

        Raises
        ------
        InvalidInputError
            With every problem found in ``.issues``.
        InputTypeError
            NOT_A_TABLE if an argument is no table at all.
        """
        given = {
            "instruments": instruments,
            "accounts": accounts,
            "positions": positions,
            "balances": balances,
            "components": components,
        }
        log = IssueLog()
        tables = read_given(given, PORTFOLIO_TABLES, log, progress)
        return cls._build(tables, log, "portfolio")

    @classmethod
    def _build(cls, tables: dict[str, TableData | None], log: IssueLog, subject: str) -> Portfolio:
        found, baskets = check_portfolio(tables, log)
        log.raise_if_any(subject)
        return cls(**portfolio_parts(tables, found, baskets))

    def table(self, name: str) -> Table:
        """Return one table in the public vocabulary: instruments, components, accounts, ...

        Raises
        ------
        UnknownNameError
        """
        makers = {
            "instruments": self._instruments_table,
            "components": self._components_table,
            "accounts": self._accounts_table,
            "positions": self._positions_table,
            "balances": self._balances_table,
        }
        if name not in makers:
            raise UnknownNameError(f"no table {name!r}{suggest(name, makers)}")
        return makers[name]()

    def tables(self) -> dict[str, Table]:
        """Return the tables in the public vocabulary, as :meth:`from_tables` takes them.

        Without baskets there are no components among them.
        """
        return {
            spec.name: self.table(spec.name)
            for spec in PORTFOLIO_TABLES
            if spec.required or len(self.baskets)
        }

    def save(
        self,
        path: str | Path,
        *,
        format: Literal["parquet", "csv"] = "parquet",
        overwrite: bool = False,
    ) -> None:
        """Write the tables into a folder so that loading it gives this portfolio again.

        Parameters
        ----------
        path : str or Path
            Folder, made if absent.
        format : {"parquet", "csv"}
        overwrite : bool, default False
            Replace tables already there, in either format.

        Raises
        ------
        InvalidInputError
            FILE_EXISTS, or INVALID_ARGUMENT for an unknown format.
        """
        folder = Path(path)
        if not len(self.baskets):
            absent = [f"components.{ending}" for ending in FORMATS]
            check_target(folder, absent, format=format, overwrite=overwrite)
            for name in absent:
                (folder / name).unlink(missing_ok=True)
        save_tables(folder, self.tables(), format=format, overwrite=overwrite)

    def _instruments_table(self) -> Table:
        data = self.instruments
        symbols, chains = _asset_columns(self.asset_keys, data.settlement)
        option = data.kind == KINDS.index("option")
        types = np.where(option, data.is_call.astype(np.int32), np.int32(-1))
        table = Table(
            {
                "instrument": data.names,
                "kind": _words(data.kind, KINDS),
                "underlying": Coded(data.underlying, _objects(self.underlying_names)),
                "settlement_asset": symbols,
                "settlement_chain": chains,
                "payoff": _words(data.payoff, PAYOFFS),
                "multiplier": data.multiplier,
                "strike": data.strike,
                "expiry_ns": data.expiry_ns,
                "option_type": Coded(types, _objects(OPTION_TYPES)),
                "bachelier": data.bachelier.view(np.bool_),
                "funding_period_days": data.funding_period_days,
                "funding_rate_annual": data.funding_rate_annual,
            },
            name="instruments",
        )
        if not data.tracks_index.any():
            return table
        return table.take(np.flatnonzero(data.tracks_index == 0))

    def _components_table(self) -> Table:
        baskets, instruments = self.baskets, self.instruments
        by_index = instruments.tracks_index[baskets.instrument] != 0
        underlying = instruments.underlying[baskets.instrument]
        settlement = np.where(by_index, instruments.settlement[baskets.instrument], np.int32(-1))
        symbols, chains = _asset_columns(self.asset_keys, settlement.astype(np.int32))
        listed = np.where(by_index, np.int32(-1), baskets.instrument)
        index = np.where(by_index, underlying, np.int32(-1))
        return Table(
            {
                "basket": Coded(baskets.basket, baskets.names),
                "instrument": Coded(listed.astype(np.int32), instruments.names),
                "underlying": Coded(index.astype(np.int32), _objects(self.underlying_names)),
                "weight": baskets.weight,
                "reference_price": baskets.reference_price,
                "settlement_asset": symbols,
                "settlement_chain": chains,
            },
            name="components",
        )

    def _accounts_table(self) -> Table:
        data = self.accounts
        return Table(
            {
                "account": data.names,
                "tier": data.tier,
                "jurisdiction": data.jurisdiction,
                "linked_group": data.linked_group,
                "credit_score": data.credit_score,
            },
            name="accounts",
        )

    def _positions_table(self) -> Table:
        data = self.given
        listed = self.instruments.names[self.instruments.tracks_index == 0]
        quantity = data.quantity
        if data.hedge.any():
            quantity = freeze(np.where(data.hedge > 0, np.abs(quantity), quantity))
        return Table(
            {
                "account": Coded(data.account, self.accounts.names),
                "pocket": Coded(data.pocket, _objects(self.pocket_names)),
                "instrument": Coded(data.instrument, np.append(listed, self.baskets.names)),
                "side": Coded(data.hedge.astype(np.int32) - np.int32(1), _objects(SIDES)),
                "quantity": quantity,
                "entry_price": data.entry_price,
            },
            name="positions",
        )

    def _balances_table(self) -> Table:
        data = self.balances
        symbols, chains = _asset_columns(self.asset_keys, data.asset)
        return Table(
            {
                "account": Coded(data.account, self.accounts.names),
                "pocket": Coded(data.pocket, _objects(self.pocket_names)),
                "asset": symbols,
                "chain": chains,
                "amount": data.amount,
            },
            name="balances",
        )

    def __repr__(self) -> str:
        return (
            f"Portfolio({len(self.accounts):,} accounts, {len(self.positions):,} positions, "
            f"{len(self.balances):,} balances, {len(self.instruments):,} instruments on "
            f"{len(self.underlying_names):,} underlyings)"
        )


def _objects(names: tuple[str, ...]) -> NDArray[np.object_]:
    return np.array([*names, None], dtype=object)[:-1]


def _words(codes: NDArray[np.uint8], words: tuple[str, ...]) -> Coded:
    return Coded(codes.astype(np.int32), _objects(words))


def _asset_columns(
    keys: tuple[tuple[str, str], ...], rows: NDArray[np.int32]
) -> tuple[Coded, Coded]:
    """Split (symbol, chain) keys into two text columns."""
    symbols = _objects(tuple(symbol for symbol, _ in keys))
    chains = _objects(tuple(chain for _, chain in keys))
    return Coded(rows, symbols), Coded(rows, chains)
