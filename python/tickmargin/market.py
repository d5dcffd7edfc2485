"""Market: assets, underlyings, forwards, marks and surface at one instant, immutable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import UnknownNameError
from tickmargin.loading.build_market import check_market, market_parts
from tickmargin.loading.column import Coded
from tickmargin.loading.columns import Assets, Forwards, Marks, Surface, Underlyings
from tickmargin.loading.files import check_folder
from tickmargin.loading.issues import IssueLog, suggest
from tickmargin.loading.market_toml import (
    FILE,
    check_header,
    format_market_toml,
    read_market_toml,
)
from tickmargin.loading.progress import Progress
from tickmargin.loading.read import TableData, read_folder, read_given
from tickmargin.loading.specs import MARKET_TABLES
from tickmargin.loading.write import check_target, save_tables, write_text
from tickmargin.table import Table

__all__ = ["Market"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Market:
    """All prices and volatilities at one instant; immutable.

    Make one with :meth:`load` or :meth:`from_tables`, which check everything. Columns, types,
    units and the code of every bad input are documented in ``python/README.md``.

    Attributes
    ----------
    numeraire : str
        The currency results are in; its price is 1.
    as_of_ns : int
        Nanoseconds since 1970 UTC.
    assets, underlyings, forwards, marks, surface
        Plain read-only NumPy columns, sorted by their keys; ``table(name)`` shows them in the
        public vocabulary. ``forwards.underlying``, ``surface.underlying`` and
        ``assets.underlying`` are rows of underlyings, ``underlyings.quote_asset`` of assets.
    """

    numeraire: str
    as_of_ns: int
    assets: Assets
    underlyings: Underlyings
    forwards: Forwards
    marks: Marks
    surface: Surface

    @classmethod
    def load(cls, path: str | Path, *, progress: Progress = None) -> Market:
        """Load a market folder: market.toml and one .parquet or .csv file per table.

        Parameters
        ----------
        path : str or Path
            Folder. ``assets`` and ``underlyings`` are required; ``forwards``, ``marks`` and
            ``surface`` may be absent.
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
        folder = check_folder(path, "market")
        log = IssueLog()
        numeraire, as_of_ns = read_market_toml(folder, log)
        tables = read_folder(folder, MARKET_TABLES, log, progress)
        return cls._build(tables, (numeraire, as_of_ns), log, f"market {str(folder)!r}")

    @classmethod
    def from_tables(
        cls,
        *,
        assets: Any,
        underlyings: Any,
        as_of_ns: int,
        forwards: Any = None,
        marks: Any = None,
        surface: Any = None,
        numeraire: str = "USD",
        progress: Progress = None,
    ) -> Market:
        """Make a market from tables in memory, which are copied.

        Parameters
        ----------
        assets, underlyings, forwards, marks, surface
            Each a mapping of NumPy columns (or lists), a pandas or polars frame, or anything
            with ``__arrow_c_stream__``. Kinds may be mixed.
        as_of_ns : int
            Nanoseconds since 1970 UTC.
        numeraire : str, default "USD"
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
            "assets": assets,
            "underlyings": underlyings,
            "forwards": forwards,
            "marks": marks,
            "surface": surface,
        }
        log = IssueLog()
        check_header(numeraire, as_of_ns, "market", log)
        tables = read_given(given, MARKET_TABLES, log, progress)
        return cls._build(tables, (numeraire, as_of_ns), log, "market")

    @classmethod
    def _build(
        cls,
        tables: dict[str, TableData | None],
        header: tuple[str, int],
        log: IssueLog,
        subject: str,
    ) -> Market:
        numeraire, as_of_ns = header
        if "INVALID_ARGUMENT" in log.counts:
            # without a numeraire every reference to it would be reported as unknown
            log.raise_if_any(subject)
        found = check_market(tables, numeraire, log)
        log.raise_if_any(subject)
        parts = market_parts(tables, found, numeraire)
        return cls(numeraire=numeraire, as_of_ns=as_of_ns, **parts)

    def table(self, name: str) -> Table:
        """Return one table in the public vocabulary: assets, underlyings, forwards, ...

        Raises
        ------
        UnknownNameError
        """
        makers = {
            "assets": self._assets_table,
            "underlyings": self._underlyings_table,
            "forwards": self._forwards_table,
            "marks": self._marks_table,
            "surface": self._surface_table,
        }
        if name not in makers:
            raise UnknownNameError(f"no table {name!r}{suggest(name, makers)}")
        return makers[name]()

    def tables(self) -> dict[str, Table]:
        """Return all five tables in the public vocabulary, as :meth:`from_tables` takes them."""
        return {spec.name: self.table(spec.name) for spec in MARKET_TABLES}

    def save(
        self,
        path: str | Path,
        *,
        format: Literal["parquet", "csv"] = "parquet",
        overwrite: bool = False,
    ) -> None:
        """Write a folder that loads as this market again.

        Parameters
        ----------
        path : str or Path
            Folder, made if absent.
        format : {"parquet", "csv"}
        overwrite : bool, default False
            Replace market.toml and tables already there, in either format.

        Raises
        ------
        InvalidInputError
            FILE_EXISTS, or INVALID_ARGUMENT for an unknown format.
        """
        folder = Path(path)
        check_target(folder, [FILE], format=format, overwrite=overwrite)
        save_tables(folder, self.tables(), format=format, overwrite=overwrite)
        write_text(folder / FILE, format_market_toml(self.numeraire, self.as_of_ns))

    def _assets_table(self) -> Table:
        data = self.assets
        return Table(
            {
                "asset": _objects([symbol for symbol, _ in data.keys]),
                "chain": _objects([chain for _, chain in data.keys]),
                "mark_price": data.price,
                "underlying": Coded(data.underlying, self.underlyings.names),
                "confidence": data.confidence,
                "borrow_rate_annual": data.borrow_rate_annual,
                "risk_annual": data.risk_annual,
            },
            name="assets",
        )

    def _underlyings_table(self) -> Table:
        data = self.underlyings
        assets = _objects([f"{s}@{chain}" if chain else s for s, chain in self.assets.keys])
        return Table(
            {
                "underlying": data.names,
                "index_price": data.index_price,
                "quote_asset": Coded(data.quote_asset, assets),
                "realised_vol_annual": data.realised_vol_annual,
                "depth_notional": data.depth_notional,
                "previous_mm_ratio": data.previous_mm_ratio,
                "previous_ts_ns": data.previous_ts_ns,
                "confidence": data.confidence,
                "peg_price": data.peg_price,
                "index_ts_ns": data.index_ts_ns,
                "price_velocity_ratio": data.price_velocity_ratio,
                "flow_signed_notional": data.flow_signed_notional,
                "flow_total_notional": data.flow_total_notional,
                "open_interest_notional": data.open_interest_notional,
                "regime_score": data.regime_score,
                "macro_score": data.macro_score,
                "rate_stress": data.rate_stress,
            },
            name="underlyings",
        )

    def _forwards_table(self) -> Table:
        data = self.forwards
        return Table(
            {
                "underlying": Coded(data.underlying, self.underlyings.names),
                "expiry_ns": data.expiry_ns,
                "forward_price": data.forward_price,
                "rate_annual": data.rate_annual,
                "discount_rate_annual": data.discount_rate_annual,
                "fixed_price": data.fixed_price,
                "confidence": data.confidence,
            },
            name="forwards",
        )

    def _marks_table(self) -> Table:
        data = self.marks
        return Table(
            {
                "instrument": data.names,
                "mark_price": data.mark_price,
                "vol_annual": data.vol_annual,
                "vol_normal_annual": data.vol_normal_annual,
                "settled_share": data.settled_share,
                "settled_average": data.settled_average,
                "funding_rate_annual": data.funding_rate_annual,
                "confidence": data.confidence,
            },
            name="marks",
        )

    def _surface_table(self) -> Table:
        data = self.surface
        return Table(
            {
                "underlying": Coded(data.underlying, self.underlyings.names),
                "expiry_ns": data.expiry_ns,
                "strike": data.strike,
                "vol_annual": data.vol_annual,
            },
            name="surface",
        )

    def __repr__(self) -> str:
        return (
            f"Market(as_of_ns={self.as_of_ns}, numeraire={self.numeraire!r}, "
            f"{len(self.assets):,} assets, {len(self.underlyings):,} underlyings, "
            f"{len(self.forwards):,} forwards, {len(self.marks):,} marks, "
            f"{len(self.surface):,} surface points)"
        )


def _objects(names: list[str]) -> NDArray[np.object_]:
    return np.array([*names, None], dtype=object)[:-1]
