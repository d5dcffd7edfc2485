"""The market of the live twin: guards decide marks, marks carry forwards, ratios and linked assets.

Primary state is kept as ratios to the index, as the page says; `tables` writes out the rows that
the margin twin reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tests.oracle.margin_market import Market
from tests.oracle.oracle_guard import Basis, OracleGuard, Settings
from tests.oracle.vol_guard import Row as VolRow
from tests.oracle.vol_guard import VolGuard, VolSettings

Tables = dict[str, list[dict[str, Any]]]
HOUR_NS = 3_600 * 10**9
KINDS = ("spot", "future", "perpetual", "option")
PAYOFFS = ("linear", "inverse", "quanto", "coin")


def known(number: float) -> float | None:
    """None for a missing number, as the margin twin's rows have it."""
    return None if math.isnan(number) else number


def asset_name(asset: int) -> str:
    """The margin twin goes by symbols; asset 0 of these venues is the numeraire."""
    return "USD" if asset == 0 else f"A{asset}"


def instrument_row(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """A contract as the margin twin reads it."""
    return {
        "instrument": number,
        "kind": given["kind"],
        "payoff": given["payoff"],
        "underlying": given["underlying"],
        "settlement_asset": asset_name(given["settlement"]),
        "settlement": given["settlement"],
        "multiplier": given["multiplier"],
        "strike": given["strike"],
        "expiry_ns": given["expiry_ns"],
        "option_type": "call" if given["is_call"] else "put",
        "bachelier": bool(given["bachelier"]),
    }


def guard_settings(oracle: Mapping[str, Any], settings: Mapping[str, Any]) -> Settings:
    """The oracle guard's settings of one underlying."""
    names = (
        "quorum",
        "heartbeat_ns",
        "unusable_after_ns",
        "quarantine_limit_ns",
        "source_clamp_ratio",
        "band_ratio",
        "velocity_ratio_per_sqrt_second",
        "band_cap_ratio",
        "lead_max_ns",
    )
    return Settings(
        **{name: oracle[name] for name in names},
        feed_min=oracle["feed_min"],
        feed_max=oracle["feed_max"],
        doubt_ratio_degraded=oracle["doubt_ratio"],
        mark_basis_window_ns=settings["mark_basis_window_ns"],
        mark_basis_cap_ratio=settings["mark_basis_cap_ratio"],
    )


class View(Market):
    """A market in which an expiry may have passed while its settlement has not come."""

    def years(self, expiry_ns: int | None) -> float:
        """0 from expiry on."""
        return max(super().years(expiry_ns), 0.0)

    def rate(self, name: Any, expiry_ns: int) -> float:
        """Without a time to discount over any rate will do."""
        return 0.0 if self.years(expiry_ns) == 0.0 else super().rate(name, expiry_ns)


class LiveMarket:
    """Everything that is not an account."""

    def __init__(self, venue: Mapping[str, Any]) -> None:
        settings = venue["settings"]
        self.clock_ns: int = venue["as_of_ns"]
        self.assets = venue["assets"]
        self.instruments = [instrument_row(i, g) for i, g in enumerate(venue["instruments"])]
        self.settled: set[int] = set()
        given = venue["underlyings"]
        self.index: list[float] = [u["index_price"] for u in given]
        self.realised: list[float] = [u["realised_vol_annual"] for u in given]
        self.depth: list[float] = [u["depth_notional"] for u in given]
        self.flow = [0.0 for _ in given]
        self.nodes = [dict(node) for node in venue["forwards"]]
        for node in self.nodes:
            node["ratio"] = node.pop("forward_price") / self.index[node["underlying"]]
        self.mark_ratio: list[float] = []
        self.vols: list[float] = []
        self.basis: list[Basis] = []
        self.rules = [guard_settings(oracle, settings) for oracle in venue["oracle"]]
        for number, row in enumerate(venue["instruments"]):
            self._list(number, row["mark_price"], row["mark_vol_annual"])
        self.asset_ratio = [
            1.0
            if math.isnan(a["price"]) or a["underlying"] < 0
            else a["price"] / self.index[a["underlying"]]
            for a in self.assets
        ]
        self.guards = [OracleGuard(rule) for rule in self.rules]
        for guard, index in zip(self.guards, self.index, strict=True):
            guard.cold_start(index, self.clock_ns)
            guard.clock_ns = self.clock_ns  # ticks may not lead even the first clock by too much
        self.vol_rules = VolSettings(
            settings["vol_min_annual"],
            settings["vol_max_annual"],
            settings["vol_level_band_ratio"],
            settings["vol_shape_band_ratio"],
            settings["vol_shape_age_max_ns"],
        )
        self.vol_guards = [VolGuard(self.vol_rules) for _ in given]
        self.staged: dict[int, float] = {}
        self.vol_doubt_limit_ns: int = settings["vol_doubt_limit_ns"]
        self.vol_doubts: dict[int, int] = {}  # volatilities in doubt: since when
        self.priced: dict[int, Any] = {}  # contracts as last priced
        self.averaged: dict[int, tuple[float, float]] = {}  # share of an average known, and which

    def _list(self, number: int, mark: float, vol: float) -> None:
        row = self.instruments[number]
        self.mark_ratio.append(mark / self.index[row["underlying"]])
        self.vols.append(vol)
        self.basis.append(Basis(self.rules[row["underlying"]]))

    def list_instrument(self, given: Mapping[str, Any]) -> None:
        """A new row: 0 or NaN is no volatility and no mark."""
        number = len(self.instruments)
        self.instruments.append(instrument_row(number, given))
        told = given["told"] if given["told"] != 0.0 else math.nan
        is_option = given["kind"] == "option"
        self._list(number, math.nan if is_option else told, told if is_option else math.nan)

    # what moves it

    def follow_guard(self, underlying: int) -> bool:
        """The index moves to the guard's mark; whether it did."""
        mark = self.guards[underlying].mark
        if mark is None or mark == self.index[underlying]:
            return False
        self.index[underlying] = mark
        return True

    def observe_mark(self, instrument: int, price: float, ts_ns: int) -> str:
        """An observation of a basis."""
        row = self.instruments[instrument]
        basis = self.basis[instrument]
        status = basis.update(price, self.index[row["underlying"]], ts_ns)
        if status == "ok":
            self.mark_ratio[instrument] = 1.0 + basis.average_ratio
        return status

    def options(self, underlying: int) -> list[int]:
        """The living options of an underlying, those of an expiry beside each other."""
        numbers = [
            i
            for i, row in enumerate(self.instruments)
            if row["kind"] == "option" and row["underlying"] == underlying and i not in self.settled
        ]
        return sorted(numbers, key=lambda i: (self.instruments[i]["expiry_ns"], i))

    def commit(self, underlying: int, ts_ns: int, try_only: bool = False) -> str:
        """All staged volatilities of an underlying, as the guard takes them."""
        numbers = self.options(underlying)
        market = self.view()
        rows = []
        for i in numbers:
            row = self.instruments[i]
            forward = market.forward(underlying, row["expiry_ns"])
            rows.append(
                VolRow(
                    self.vols[i],
                    self.staged.get(i, math.nan),
                    math.log(row["strike"] / forward),
                    row["expiry_ns"],
                )
            )
        guard = self.vol_guards[underlying]
        before = guard.kept_since_ns, guard.ts_ns
        commit = guard.commit(rows, ts_ns)
        if try_only:
            guard.kept_since_ns, guard.ts_ns = before
            return commit.status
        for i, vol in zip(numbers, commit.vols, strict=True):
            self.vols[i] = vol
            if self.staged.pop(i, None) is not None:
                self._doubt_vol(i, commit.degraded)
        return commit.status

    def update_vol(self, instrument: int, vol: float) -> None:
        """One row's own volatility: taken, and in doubt if it moves beyond the level band."""
        old = self.vols[instrument]
        known = math.isfinite(old) and old > 0
        far = known and abs(math.log(vol / old)) > self.vol_rules.level_band
        self.vols[instrument] = vol
        self._doubt_vol(instrument, far)

    def _doubt_vol(self, instrument: int, doubt: bool) -> None:
        if doubt:
            self.vol_doubts.setdefault(instrument, self.clock_ns)
        else:
            self.vol_doubts.pop(instrument, None)

    def end_vol_doubts(self, underlying: int, since_ns: int | None = None) -> bool:
        """Those that began by then, or all, are in doubt no longer; whether there were any."""
        ended = [
            i
            for i, since in self.vol_doubts.items()
            if self.instruments[i]["underlying"] == underlying
            and (since_ns is None or since <= since_ns)
        ]
        for i in ended:
            del self.vol_doubts[i]
        return bool(ended)

    def vol_state(self, underlying: int) -> str:
        """Whether any volatility of an underlying is in doubt."""
        doubted = {self.instruments[i]["underlying"] for i in self.vol_doubts}
        return "degraded" if underlying in doubted else "ready"

    def doubt(self, underlying: int) -> float:
        """Doubt ratio of a mark; 0 while it is ready."""
        guard = self.guards[underlying]
        return 0.0 if guard.state == "ready" else guard.doubt_ratio

    def everything_of(self, underlying: int) -> tuple[object, ...]:
        """All that is kept of an underlying and its contracts, but for its guards' memory."""
        numbers = [i for i, r in enumerate(self.instruments) if r["underlying"] == underlying]
        return (
            self.index[underlying],
            self.realised[underlying],
            self.depth[underlying],
            [tuple(node.values()) for node in self.nodes if node["underlying"] == underlying],
            [(i, self.mark_ratio[i], self.vols[i], self.averaged.get(i)) for i in numbers],
        )

    def tables(self) -> Tables:
        """The rows of the margin twin's market."""
        forwards = [
            {
                "underlying": n["underlying"],
                "expiry_ns": n["expiry_ns"],
                "forward_price": n["ratio"] * self.index[n["underlying"]],
                "rate_annual": n["rate_annual"],
            }
            for n in self.nodes
        ]
        assets: list[dict[str, Any]] = []
        for number, asset in enumerate(self.assets):
            linked = asset["underlying"]
            price = asset["price"]
            if linked >= 0:
                price = self.asset_ratio[number] * self.index[linked]
            assets.append(
                {
                    "asset": asset_name(number),
                    "mark_price": known(price),
                    "underlying": linked if linked >= 0 else None,
                }
            )
        underlyings = [
            {
                "underlying": u,
                "index_price": self.index[u],
                "quote_asset": "USD",
                "realised_vol_annual": known(self.realised[u]),
                "depth_notional": known(self.depth[u]),
            }
            for u in range(len(self.index))
        ]
        marks = [
            {
                "instrument": i,
                "mark_price": known(self.mark_ratio[i] * self.index[row["underlying"]]),
                "vol_annual": known(self.vols[i]),
                "settled_share": self.averaged.get(i, (0.0, 0.0))[0],
                "settled_average": self.averaged.get(i, (0.0, 0.0))[1],
            }
            for i, row in enumerate(self.instruments)
        ]
        return {
            "assets": assets,
            "underlyings": underlyings,
            "forwards": forwards,
            "marks": marks,
        }

    def view(self) -> View:
        """The margin twin's view of the present market."""
        return View(self.tables(), self.clock_ns)
