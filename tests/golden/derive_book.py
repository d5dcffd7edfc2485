"""One account and its market for the managers of Derive, from plain rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from tests.golden.units import after_seconds, entry_of
from tests.golden.venue import AS_OF_NS

import tickmargin as tm

__all__ = ["Book"]

Row = dict[str, Any]


class Book:
    """One account and its market, row by row."""

    def __init__(self, policy: Row, haircuts: Row, cash: float) -> None:
        self.policy = {**policy, "haircuts": {"default": 0.0, **haircuts}}
        self.assets: list[Row] = [{"asset": "USD", "mark_price": 1.0}]
        self.underlyings: list[Row] = []
        self.marks: list[Row] = []
        self.forwards: list[Row] = []
        self.instruments: list[Row] = []
        self.positions: list[Row] = []
        self.balances: list[Row] = [{"account": "A", "asset": "USD", "amount": float(cash)}]

    def underlying(self, name: str, spot: float, confidence: float, peg: float) -> None:
        row = {"underlying": name, "index_price": float(spot)}
        self.underlyings.append({**row, "confidence": confidence, "peg_price": float(peg)})

    def collateral(self, name: str, amount: float, price: float, **columns: Any) -> None:
        self.assets.append({"asset": name, "mark_price": float(price), **columns})
        self.balances.append({"account": "A", "asset": name, "amount": float(amount)})

    def _position(self, row: Row, mark: Row, quantity: float, entry: float | None) -> None:
        name = f"{row['underlying']}-{len(self.instruments)}"
        terms = {"settlement_asset": "USD", "payoff": "linear", "multiplier": 1.0}
        self.instruments.append({"instrument": name, **terms, **row})
        self.marks.append({"instrument": name, **mark})
        held = {"account": "A", "instrument": name, "quantity": float(quantity)}
        self.positions.append({**held, "entry_price": entry})

    def perpetual(
        self, underlying: str, quantity: float, mark: float, profit: float, **m: Any
    ) -> None:
        if quantity:
            row = {"kind": "perpetual", "underlying": underlying}
            entry = entry_of(mark, profit, quantity)
            self._position(row, {"mark_price": float(mark), **m}, quantity, entry)

    def expiry(self, underlying: str, seconds: int, options: list[Row], **node: Any) -> None:
        at = after_seconds(AS_OF_NS, seconds)
        self.forwards.append({"underlying": underlying, "expiry_ns": at, **node})
        for o in options:
            kind = "call" if o["call"] else "put"
            row = {"kind": "option", "underlying": underlying, "option_type": kind}
            row = {**row, "strike": float(o["K"]), "expiry_ns": at}
            self._position(row, {"vol_annual": float(o["vol"])}, o["amt"], None)

    def engine(self) -> tm.Engine:
        # A market has an instrument at least.
        spare = {"kind": "spot", "underlying": self.underlyings[0]["underlying"]}
        instruments = self.instruments or [
            {
                "instrument": "S",
                "settlement_asset": "USD",
                "payoff": "linear",
                "multiplier": 1.0,
                **spare,
            }
        ]
        market = tm.Market.from_tables(
            as_of_ns=AS_OF_NS,
            assets=_table(self.assets),
            underlyings=_table(self.underlyings),
            marks=_table(self.marks) if self.marks else None,
            forwards=_table(self.forwards) if self.forwards else None,
        )
        portfolio = tm.Portfolio.from_tables(
            instruments=_table(instruments),
            accounts={"account": ["A"]},
            positions=_table(self.positions) if self.positions else _no_positions(),
            balances=_table(self.balances),
        )
        policies = tm.Policies.from_dict({"schema": 1, "policies": {"venue": self.policy}})
        return tm.Engine(market, portfolio, policies, numeraire_decimals=9)


def _no_positions() -> pa.Table:
    columns = {"account": pa.string(), "instrument": pa.string(), "quantity": pa.float64()}
    return pa.schema(list(columns.items())).empty_table()


def _table(rows: list[Row]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})
