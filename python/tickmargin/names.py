"""What the engine's row numbers are called, kept up as instruments and pockets are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.core_inputs import instrument_order
from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.loading.issues import suggest
from tickmargin.loading.specs import KINDS
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

__all__ = ["Handles", "Namebook"]

Handles = NDArray[np.int32]

_CODES = {
    "account": "UNKNOWN_ACCOUNT",
    "instrument": "UNKNOWN_INSTRUMENT",
    "underlying": "UNKNOWN_UNDERLYING",
    "asset": "UNKNOWN_ASSET",
    "chain": "UNKNOWN_CHAIN",
}
_HANDLE_MAX = 2**31 - 1


class Namebook:
    """Names by row number and row numbers by name, of one engine.

    Accounts, underlyings, assets and chains never change; instruments and pockets are only ever
    added, so a number once given keeps its meaning.

    Attributes
    ----------
    lists : dict of str to list of str
        Names by row, for account, instrument, underlying, asset (``SYMBOL@chain``), chain and
        pocket.
    kinds : list of int
        Kind of each instrument, an index into the kinds of ``instruments.kind``.
    asset_chain : int32 array
        Row of each asset's chain.
    baskets : tuple of str
        Synthetic baskets, which are no instruments of the core.
    """

    def __init__(
        self,
        lists: Mapping[str, list[str]],
        kinds: list[int],
        asset_chain: Handles,
        baskets: tuple[str, ...] = (),
    ) -> None:
        self.lists = dict(lists)
        self.kinds = kinds
        self.asset_chain = asset_chain
        self.baskets = baskets
        self._arrays: dict[str, NDArray[np.object_]] = {}
        self._rows: dict[str, dict[str, int]] = {
            kind: {name: row for row, name in enumerate(names)}
            for kind, names in self.lists.items()
        }

    @classmethod
    def of(cls, market: Market, portfolio: Portfolio) -> Namebook:
        """Names of a market and a portfolio."""
        order = instrument_order(portfolio)
        keys = market.assets.keys
        chains = sorted({chain for _, chain in keys})
        lists = {
            "account": portfolio.accounts.names.tolist(),
            "instrument": portfolio.instruments.names[order].tolist(),
            "underlying": market.underlyings.names.tolist(),
            "asset": [f"{symbol}@{chain}" if chain else symbol for symbol, chain in keys],
            "chain": chains,
            "pocket": list(portfolio.pocket_names),
        }
        asset_chain = np.array([chains.index(chain) for _, chain in keys], np.int32)
        kinds, baskets = portfolio.instruments.kind[order].tolist(), portfolio.baskets.names
        return cls(lists, kinds, asset_chain, tuple(baskets.tolist()))

    def __getitem__(self, kind: str) -> NDArray[np.object_]:
        """Names of a kind by row, as a read-only array of object; made anew when there are more."""
        names, made = self.lists[kind], self._arrays.get(kind)
        if made is None or len(made) != len(names):
            made = np.array([*names, None], dtype=object)[:-1]
            made.flags.writeable = False
            self._arrays[kind] = made
        return made

    def count(self, kind: str) -> int:
        """How many there are."""
        return len(self.lists[kind])

    def row(self, kind: str, name: object) -> int:
        """Row of a name, or of a handle as it is.

        Raises
        ------
        UnknownNameError
        InputTypeError
            Neither text nor an int.
        """
        if isinstance(name, str):
            row = self._rows[kind].get(name)
            if row is not None:
                return row
            if kind == "pocket":
                return self.add("pocket", name)
            self._refuse_basket(kind, name)
            hint = suggest(name, self._rows[kind])
            code = _CODES.get(kind, "UNKNOWN_NAME")
            raise UnknownNameError(f"no {kind} {name!r}{hint}", code=code)
        return handle(kind, name)

    def known(self, kind: str, name: object) -> int:
        """Row of a name or handle that must be there; a new pocket is not made.

        Raises
        ------
        UnknownNameError
        InputTypeError
        """
        if isinstance(name, str) and name not in self._rows[kind]:
            self._refuse_basket(kind, name)
            hint = suggest(name, self._rows[kind])
            raise UnknownNameError(f"no {kind} {name!r}{hint}", code=_CODES.get(kind))
        row = self.row(kind, name)
        if not 0 <= row < self.count(kind):
            message = f"no {kind} {row}: there are {self.count(kind):,}"
            raise UnknownNameError(message, code=_CODES.get(kind))
        return row

    def _refuse_basket(self, kind: str, name: str) -> None:
        if kind == "instrument" and name in self.baskets:
            raise UnknownNameError(not_live(name), code="BASKET_NOT_LIVE")

    def rows(self, kind: str, names: object) -> Handles:
        """Rows of one name or handle, or of an array of either."""
        if isinstance(names, np.ndarray) and names.dtype.kind in "iu":
            return handles(kind, names)
        if isinstance(names, str | int | np.integer) or names is None:
            return np.array(self.row(kind, names), np.int32)
        if isinstance(names, np.ndarray) and names.dtype.kind not in "OU":
            got = f"an array of {names.dtype}"
            raise InputTypeError(f"{kind}: got {got}; expected names or integer handles")
        if not isinstance(names, np.ndarray | Sequence):
            kind_of = type(names).__name__
            raise InputTypeError(f"{kind}: got {kind_of}; expected names or integer handles")
        return np.array([self.row(kind, name) for name in names], np.int32)

    def add(self, kind: str, name: str, instrument_kind: str | None = None) -> int:
        """Give a new instrument or pocket the next row; one that is there keeps its own."""
        if not name:
            raise InvalidInputError(f"a {kind} needs a name", code="EMPTY_ID")
        if kind == "instrument" and name in self.baskets:
            raise InvalidInputError(f"{name!r} is the name of a basket", code="DUPLICATE_ID")
        rows, names = self._rows[kind], self.lists[kind]
        if name not in rows:
            rows[name] = len(names)
            names.append(name)
            if kind == "instrument":
                self.kinds.append(KINDS.index(instrument_kind or "spot"))
        return rows[name]

    def pad(self, kind: str, count: int) -> None:
        """Name rows that came by number alone, ``#7``, so that every row has a name."""
        while len(self.lists[kind]) < count:
            self.add(kind, f"#{len(self.lists[kind])}")

    def to_dict(self) -> dict[str, Any]:
        """Return all names as JSON knows them."""
        return {**self.lists, "kinds": self.kinds}

    def with_listings(self, listings: Iterable[tuple[int, int]]) -> dict[str, Any]:
        """Give instruments and pockets as they are once these (row, kind) are listed."""
        names, kinds = list(self.lists["instrument"]), list(self.kinds)
        for row, kind in listings:
            if row == len(names):  # the core takes no other
                names.append(f"#{row}")
                kinds.append(kind)
        return {"instrument": names, "kinds": kinds, "pocket": self.lists["pocket"]}

    def check(self, saved: Mapping[str, Any]) -> None:
        """Compare with the names of a saved engine, which may have added to them.

        Raises
        ------
        InvalidInputError
            SNAPSHOT_MISMATCH: it was saved by an engine over other accounts, underlyings, assets,
            instruments or pockets.
        """
        for kind, names in self.lists.items():
            theirs = saved.get(kind)
            grows = kind in ("instrument", "pocket")
            if not isinstance(theirs, list) or theirs[: len(names) if grows else None] != names:
                message = f"the saved engine has other {kind}s than this one"
                raise InvalidInputError(message, code="SNAPSHOT_MISMATCH")

    def adopt(self, saved: Mapping[str, Any]) -> None:
        """Take over the names of a saved engine of the same market and portfolio.

        Raises
        ------
        InvalidInputError
            As :meth:`check` says.
        """
        self.check(saved)
        self._arrays.clear()
        self.kinds = [int(kind) for kind in saved["kinds"]]
        for kind in ("instrument", "pocket"):
            self.lists[kind] = [str(name) for name in saved[kind]]
            self._rows[kind] = {name: row for row, name in enumerate(self.lists[kind])}


def not_live(basket: str) -> str:
    """Why a basket is refused where an instrument is needed."""
    return (
        f"{basket!r} is a basket: records, order checks and hedges name its components, which may "
        "trade apart; what_if takes it whole"
    )


def handle(kind: str, value: object) -> int:
    """Check one handle: an int of 32 bits."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        got = type(value).__name__
        raise InputTypeError(f"{kind}: got {got}; expected a name or an integer handle")
    if not -_HANDLE_MAX - 1 <= value <= _HANDLE_MAX:
        raise InvalidInputError(f"{kind}: a handle has 32 bits, was {value}", code="NOT_EXACT")
    return int(value)


def handles(kind: str, values: NDArray[Any]) -> Handles:
    """Check an array of handles."""
    if values.size and not (
        int(values.min()) >= -_HANDLE_MAX - 1 and int(values.max()) <= _HANDLE_MAX
    ):
        raise InvalidInputError(f"{kind}: a handle has 32 bits", code="NOT_EXACT")
    return values.astype(np.int32)
