"""The market of the margin twin: rows as a user writes them, looked up one at a time.

`Market.moved` is the path of a what-if index: forwards, marks and linked assets of that underlying
move in proportion, volatilities and time are held.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
NS_PER_YEAR = 365 * 86_400 * 10**9


class MissingInputError(Exception):
    """A number that is needed is not there; `statuses` says of which kinds."""

    def __init__(self, *statuses: str) -> None:
        super().__init__(*statuses)
        self.statuses = frozenset(statuses)


def asset_key(row: Row, name: str = "asset", chain: str = "chain") -> tuple[str, str]:
    """(symbol, chain) of a row."""
    return row[name], row.get(chain) or ""


class Market:
    """Looks up what the rows say; `index` replaces index prices by name."""

    def __init__(
        self,
        tables: Mapping[str, Sequence[Row]],
        as_of_ns: int,
        numeraire: str = "USD",
        index: Mapping[str, float] | None = None,
    ) -> None:
        self.tables = tables
        self.as_of_ns = as_of_ns
        self.numeraire = numeraire
        self._moves = dict(index or {})
        self._assets = {asset_key(row): row for row in tables["assets"]}
        self._underlyings = {row["underlying"]: row for row in tables["underlyings"]}
        self._marks = {row["instrument"]: row for row in tables.get("marks", ())}
        self._prices: dict[tuple[str, str], float] = {}

    def moved(self, index: Mapping[str, float]) -> Market:
        """The same market with other index prices."""
        return Market(self.tables, self.as_of_ns, self.numeraire, index)

    def years(self, expiry_ns: int | None) -> float:
        """ACT/365 years to an expiry; 0 without one."""
        return (expiry_ns - self.as_of_ns) / NS_PER_YEAR if expiry_ns else 0.0

    def underlying(self, name: str) -> Row:
        """The row of an underlying."""
        return self._underlyings[name]

    def _given_index(self, name: str) -> float:
        value = self._underlyings[name].get("index_price")
        if value is None:
            raise MissingInputError("missing_price")
        return float(value)

    def index(self, name: str) -> float:
        """S, in the quote asset."""
        given = self._given_index(name)
        return self._moves.get(name, given)

    def _factor(self, name: str) -> float:
        if name not in self._moves:
            return 1.0
        return self._moves[name] / self._given_index(name)

    def quote(self, name: str) -> float:
        """px(quote) of an underlying."""
        given = self._underlyings[name].get("quote_asset") or self.numeraire
        symbol, _, chain = given.partition("@")
        return self.price((symbol, chain))

    def linked(self, key: tuple[str, str]) -> str | None:
        """The underlying an asset moves with."""
        if key == (self.numeraire, ""):
            return None
        return self._assets[key].get("underlying")

    def price(self, key: tuple[str, str]) -> float:
        """px(a): numeraire a unit of the asset."""
        if key not in self._prices:
            self._prices[key] = self._price(key)
        return self._prices[key]

    def _price(self, key: tuple[str, str]) -> float:
        if key == (self.numeraire, ""):
            return 1.0
        mark, name = self._assets[key].get("mark_price"), self.linked(key)
        if name is None:
            if mark is None:
                raise MissingInputError("missing_asset_price")
            return float(mark)
        try:
            worth = self.index(name) * self.quote(name)
            if not self._moves:
                return mark if mark is not None else worth
            still = self.moved({})
            ratio = 1.0 if mark is None else mark / (still.index(name) * still.quote(name))
            return ratio * worth
        except MissingInputError:
            raise MissingInputError("missing_asset_price") from None

    def _curve(self, name: str) -> list[tuple[float, float]]:
        """(years, log(F/S)) of the nodes that have not expired, by time."""
        index = self._given_index(name)
        return sorted(
            (self.years(row["expiry_ns"]), math.log(row["forward_price"] / index))
            for row in self.tables.get("forwards", ())
            if row["underlying"] == name and row["expiry_ns"] >= self.as_of_ns
        )

    def forward(self, name: str, expiry_ns: int) -> float:
        """F: log(F/S) linear in time between nodes, the carry of the end nodes outside."""
        for row in self.tables.get("forwards", ()):
            if row["underlying"] == name and row["expiry_ns"] == expiry_ns:
                given = float(row["forward_price"])
                if given <= 0.0:  # no ratio to the index: it keeps its distance
                    return given + self.index(name) - self._given_index(name)
                return given * self._factor(name)
        t, nodes = self.years(expiry_ns), self._curve(name)
        if not nodes:
            raise MissingInputError("missing_forward")
        first, last = nodes[0], nodes[-1]
        if t < first[0]:
            ratio = first[1] * t / first[0]
        elif t > last[0]:
            ratio = last[1] * t / last[0]
        else:
            before = max(node for node in nodes if node[0] <= t)
            after = min(node for node in nodes if node[0] >= t)
            share = (t - before[0]) / (after[0] - before[0])
            ratio = before[1] + share * (after[1] - before[1])
        return self.index(name) * math.exp(ratio)

    def rate(self, name: str, expiry_ns: int) -> float:
        """Continuous rate: r T linear in time between live nodes, the end nodes' rates outside."""
        nodes = sorted(
            (self.years(row["expiry_ns"]), row.get("rate_annual") or 0.0)
            for row in self.tables.get("forwards", ())
            if row["underlying"] == name and row["expiry_ns"] >= self.as_of_ns
        )
        t = self.years(expiry_ns)
        if t <= nodes[0][0]:
            return float(nodes[0][1])
        for (t0, r0), (t1, r1) in itertools.pairwise(nodes):
            if t0 < t <= t1:
                return float((r0 * t0 + (t - t0) / (t1 - t0) * (r1 * t1 - r0 * t0)) / t)
        return float(nodes[-1][1])

    def mark(self, instrument: Row) -> float:
        """P: the instrument's mark; spot falls back on the index, a future on its forward."""
        given = self._marks.get(instrument["instrument"], {}).get("mark_price")
        name = instrument["underlying"]
        if given is not None:
            return float(given) * self._factor(name)
        if instrument["kind"] == "spot":
            return self.index(name)
        if instrument["kind"] == "future":
            return self.forward(name, instrument["expiry_ns"])
        raise MissingInputError("missing_price")

    def settled(self, instrument: Row) -> tuple[float, float]:
        """w and w A: the share of the settlement average that is known, and what it adds to X."""
        marks = self._marks.get(instrument["instrument"], {})
        share = marks.get("settled_share") or 0.0
        if share == 0.0 or instrument["kind"] not in ("future", "option"):
            return 0.0, 0.0
        return float(share), float(share * marks["settled_average"])

    def vol(self, instrument: Row) -> tuple[float, bool]:
        """Volatility of an option, and whether it is normal (Bachelier) or lognormal."""
        marks = self._marks.get(instrument["instrument"], {})
        name, expiry_ns = instrument["underlying"], instrument.get("expiry_ns") or 0
        if instrument.get("bachelier") and self.forward(name, expiry_ns) <= 0.0:
            if marks.get("vol_normal_annual") is None:
                raise MissingInputError("missing_vol")
            return float(marks["vol_normal_annual"]), True
        if marks.get("vol_annual") is not None:
            return float(marks["vol_annual"]), False
        if not expiry_ns:  # an everlasting option lies on no surface
            raise MissingInputError("missing_vol")
        return self._surface_vol(name, expiry_ns, instrument["strike"]), False

    def _surface_vol(self, name: str, expiry_ns: int, strike: float) -> float:
        """Total variance linear in log-moneyness, then in time at equal log-moneyness.

        Flat beyond the outer strikes; the volatility is flat before the first expiry and after
        the last.
        """
        wanted = math.log(strike / self.forward(name, expiry_ns))
        slices: dict[int, list[tuple[float, float]]] = {}
        for row in self.tables.get("surface", ()):
            expiry = row["expiry_ns"]
            if row["underlying"] == name and expiry >= self.as_of_ns:
                moneyness = math.log(row["strike"] / self.forward(name, expiry))
                slices.setdefault(expiry, []).append((moneyness, row["vol_annual"] ** 2))
        if not slices:
            raise MissingInputError("missing_vol")
        # Variance a year: within a slice total variance is proportional to it.
        at = {expiry: _between(sorted(points), wanted) for expiry, points in slices.items()}
        low = max([e for e in at if e <= expiry_ns], default=min(at))
        high = min([e for e in at if e >= expiry_ns], default=max(at))
        if low >= high:
            return math.sqrt(at[low])
        share = (expiry_ns - low) / (high - low)
        total_low, total_high = at[low] * self.years(low), at[high] * self.years(high)
        total = total_low + share * (total_high - total_low)
        return math.sqrt(total / self.years(expiry_ns))


def _between(points: Sequence[tuple[float, float]], x: float) -> float:
    """Linear interpolation, flat outside."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]
