"""Books on coins with prices that happened, as rows: for the engine and for the slow twin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tests.oracle.margin import Inputs, Twin
from tests.oracle.oracle_guard import OracleGuard, Settings
from tests.python.live_books import SECOND, real_data

import tickmargin as tm

POLICIES: dict[str, Any] = {
    "schema": 1,
    "policies": {
        "fixed": {
            "method": "fixed",
            "haircuts": {"default": 0.0},
            "futures": {"initial_ratio": 0.1, "maintenance_ratio": 0.05},
        },
        "grid": {
            "method": "scenario",
            "haircuts": {"default": 0.0},
            "scenario": {
                "price_range": 0.12,
                "vol_up": 0.4,
                "vol_down": 0.3,
                "maintenance_factor": 0.5,
            },
        },
    },
    "select": [{"policy": "fixed", "tier": ["fixed"]}, {"policy": "grid"}],
}
GONE = ("liquidating", "bankrupt")


@dataclass(frozen=True)
class RealBook:
    """Perpetuals on some coins, one an account, long and short, at leverages from 2 to 15."""

    as_of_ns: int
    prices: Mapping[str, float]
    accounts: dict[str, list[Any]]
    positions: dict[str, list[Any]]
    balances: dict[str, list[Any]]

    def market(self) -> dict[str, dict[str, list[Any]]]:
        """Tables of a market at the first prices."""
        coins, prices = list(self.prices), list(self.prices.values())
        return {
            "assets": {"asset": ["USD"], "mark_price": [1.0]},
            "underlyings": {"underlying": coins, "index_price": prices},
            "marks": {"instrument": [f"{c}-PERP" for c in coins], "mark_price": prices},
        }

    def instruments(self) -> dict[str, list[Any]]:
        """A perpetual on each coin."""
        count = len(self.prices)
        return {
            "instrument": [f"{c}-PERP" for c in self.prices],
            "kind": ["perpetual"] * count,
            "underlying": list(self.prices),
            "settlement_asset": ["USD"] * count,
            "payoff": ["linear"] * count,
            "multiplier": [1.0] * count,
        }

    def engine(self) -> tm.Engine:
        """The engine over it."""
        market = self.market()
        return tm.Engine(
            tm.Market.from_tables(as_of_ns=self.as_of_ns, **market),
            tm.Portfolio.from_tables(
                instruments=self.instruments(),
                accounts=self.accounts,
                positions=self.positions,
                balances=self.balances,
            ),
            POLICIES,
        )

    def twin(self, policy: str, only: Iterable[str] | None = None) -> Twin:
        """The slow twin over the accounts of one policy."""
        wanted = set(self.accounts["account"] if only is None else only)
        mine = {r["account"] for r in rows(self.accounts) if r["tier"] == policy} & wanted
        tables = {
            name: [r for r in rows(table) if r["account"] in mine]
            for name, table in (
                ("accounts", self.accounts),
                ("positions", self.positions),
                ("balances", self.balances),
            )
        }
        market = {name: rows(table) for name, table in self.market().items()}
        portfolio = {**tables, "instruments": rows(self.instruments())}
        return Twin(Inputs(self.as_of_ns, market, portfolio, POLICIES["policies"][policy]))


def rows(table: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Columns as rows."""
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def real_book(prices: dict[str, float], as_of_ns: int, accounts: int = 60) -> RealBook:
    """Seeded: the same accounts whatever the prices."""
    rng = np.random.default_rng(7)
    coins = list(prices)
    coin = rng.integers(0, len(coins), accounts)
    names = [f"A{n:06d}" for n in range(accounts)]
    entry = np.array([prices[coins[c]] for c in coin])
    side = rng.choice([-1.0, 1.0], accounts)
    tier = rng.choice(["fixed", "grid"], accounts).tolist()
    amount = 10_000.0 / rng.uniform(2.0, 15.0, accounts)
    return RealBook(
        as_of_ns,
        prices,
        {"account": names, "tier": tier},
        {
            "account": names,
            "instrument": [f"{coins[c]}-PERP" for c in coin],
            "quantity": (side * 10_000.0 / entry).tolist(),
            "entry_price": entry.tolist(),
        },
        {"account": names, "asset": ["USD"] * accounts, "amount": amount.tolist()},
    )


class TwinFeed:
    """The guard of one coin and the accounts under it, as their slow twins follow them."""

    def __init__(self, book: RealBook, coin: str, guard: Settings) -> None:
        self.coin, self.guard = coin, OracleGuard(guard)
        self.guard.cold_start(book.prices[coin], book.as_of_ns)
        self.twins = [book.twin(name) for name in POLICIES["policies"]]

    def say(self, source: int, sequence: int, price: float, ts_ns: int) -> set[str]:
        """Who is to be liquidated once this was heard."""
        self.guard.tick(source, sequence, price, ts_ns)
        if self.guard.state != "ready":
            return set()
        assert self.guard.mark is not None
        named = set()
        for twin in self.twins:
            for (account, _), pocket in twin.pockets({self.coin: self.guard.mark}).items():
                if twin.state(pocket) in GONE:
                    named.add(account)
        return named


def trades() -> tuple[list[str], dict[str, np.ndarray]]:
    """Trades of BTC and ETH on three venues, in the order of time."""
    table = pq.read_table(real_data("l2", "binance_trades_20240808.parquet"))
    symbol = np.array(pc.cast(table["symbol"], "string").to_pylist())
    coin = np.where(np.char.startswith(symbol, "BTC"), "BTC", "ETH")
    columns = {
        "coin": coin,
        "venue": np.array(pc.cast(table["venue"], "string").to_pylist()),
        "ts_ns": table["ts_ms"].to_numpy() * 1_000_000,
        "price": table["price"].to_numpy(),
    }
    order = np.argsort(columns["ts_ns"], kind="stable")
    return sorted(set(columns["venue"])), {n: c[order] for n, c in columns.items()}


def bars(event: str, symbol: str, interval: str) -> list[dict[str, Any]]:
    """Bars of a crash in the order of time."""
    path = real_data("prices", "crash_windows.parquet")
    table = pq.read_table(path)
    for column, value in (("event", event), ("symbol", symbol), ("interval", interval)):
        table = table.filter(pc.equal(pc.cast(table[column], "string"), value))
    found: list[dict[str, Any]] = table.sort_by("ts_utc").to_pylist()
    assert found
    for row in found:
        row["ts_ns"] = int(row["ts_utc"].timestamp()) * SECOND
    return found
