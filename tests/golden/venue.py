"""Small books for the engine: a market, a few accounts and one policy, from plain rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa

import tickmargin as tm

__all__ = ["AS_OF_NS", "Venue", "carried", "fixed", "future", "matrix", "option", "scenario"]

AS_OF_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
_DAY_NS = 86_400_000_000_000
_EXPIRY_DAYS = 30
_YEARS = _EXPIRY_DAYS / 365
_DECIMALS = 9
_AMOUNTS = ("gross_notional", "initial_margin", "maintenance_margin", "value")

Row = dict[str, Any]


def future(name: str, underlying: str, **columns: Any) -> Row:
    """A perpetual: linear, of one unit, settled in USD unless said otherwise."""
    row = {"kind": "perpetual", "settlement_asset": "USD", "payoff": "linear", "multiplier": 1.0}
    return {**row, "instrument": name, "underlying": underlying, **columns}


def option(name: str, underlying: str, option_type: str, strike: float, **columns: Any) -> Row:
    """An option of one unit with a month to run, settled in USD unless said otherwise."""
    row = {"kind": "option", "settlement_asset": "USD", "payoff": "linear", "multiplier": 1.0}
    terms = {"option_type": option_type, "strike": float(strike)}
    expiry = {"expiry_ns": AS_OF_NS + _EXPIRY_DAYS * _DAY_NS}
    return {**row, "instrument": name, "underlying": underlying, **terms, **expiry, **columns}


def carried(
    option_type: str, price: float, index: float, strike: float, *, in_coin: bool = False
) -> tuple[float, float]:
    """The volatility and the forward at which an option of this module has its mark.

    The forward is the index. Where a mark is below what exercise at the index is worth, it is the
    strike: margins on the index do not see forwards. A mark in coins is one coin's worth of either.
    """
    if not index > 0:
        raise ValueError(f"no volatility gives the mark at an index of {index}")
    for forward in (float(index), float(strike)):
        amount = price * forward / index if in_coin else price
        found = tm.implied_vol(option_type == "call", amount, forward, strike, _YEARS)
        if found.status_name == "ok":
            return float(found.vol_annual), forward
    raise ValueError(f"no volatility gives the mark: {found.status_name}")


def fixed(
    *,
    futures: Row | None = None,
    options: Row | None = None,
    underlyings: Row | None = None,
    **keys: Any,
) -> Row:
    """A policy file of one ``fixed`` policy in which USD and linked coins count in full."""
    policy: Row = {"method": "fixed", "haircuts": {"default": 0.0}, **keys}
    policy["futures"] = futures or {"initial_ratio": 0.0, "maintenance_ratio": 0.0}
    if options is not None:
        policy["options"] = options
    if underlyings is not None:
        policy["underlyings"] = underlyings
    return {"schema": 1, "policies": {"venue": policy}}


def scenario(**parameters: Any) -> Row:
    """A policy file of one ``scenario`` policy in which every asset counts in full."""
    terms = {"maintenance_factor": 1.0, "strike_nodes": False, **parameters}
    policy = {"method": "scenario", "haircuts": {"default": 0.0}, "scenario": terms}
    return {"schema": 1, "policies": {"venue": policy}}


def matrix(**parameters: Any) -> Row:
    """A policy file of one ``matrix`` policy in which every asset counts in full."""
    terms = {"maintenance_factor": 1.0, **parameters}
    policy = {"method": "matrix", "haircuts": {"default": 0.0}, "matrix": terms}
    return {"schema": 1, "policies": {"venue": policy}}


class Venue:
    """An engine over ``accounts``: name -> (positions, balances).

    A position is (instrument, signed contracts, entry price), a balance (asset, amount). Indices
    are also the marks of perpetuals; ``coins`` names assets priced by an index; ``vols`` are those
    of options. Forwards of the options' expiry equal the index unless ``forwards`` has another.
    """

    def __init__(
        self,
        policy: Row | tm.Policies,
        indices: dict[str, float],
        instruments: list[Row],
        accounts: dict[str, tuple[list[tuple[str, float, float | None]], list[tuple[str, float]]]],
        *,
        coins: tuple[str, ...] = (),
        assets: dict[str, float] | None = None,
        vols: dict[str, float] | None = None,
        marks: dict[str, float] | None = None,
        forwards: dict[str, float] | None = None,
    ) -> None:
        self._instruments = instruments
        priced = {"USD": 1.0, **(assets or {})}
        ahead = {**indices, **(forwards or {})}
        market = _market(indices, instruments, coins, priced, vols, marks, ahead)
        portfolio = tm.Portfolio.from_tables(
            instruments=pa.Table.from_pylist(instruments, _schema(instruments)),
            accounts={"account": list(accounts)},
            positions=_positions(accounts),
            balances=_balances(accounts),
        )
        policies = policy if isinstance(policy, tm.Policies) else tm.Policies.from_dict(policy)
        self.engine = tm.Engine(market, portfolio, policies, numeraire_decimals=_DECIMALS)

    def account(self, account: str = "A", **candidate: Any) -> Row:
        """Return the account's row of a recompute."""
        table = self.engine.recompute(**candidate).accounts
        return next(row for row in table if row["account"] == account)

    def unit(self, account: str = "A", underlying: str = "X", **candidate: Any) -> Row:
        """Return the unrounded row of one underlying in an account, noughts where it holds none."""
        table = self.engine.recompute(**candidate).units
        wanted = (account, underlying)
        rows = (row for row in table if (row["account"], row["underlying"]) == wanted)
        return next(rows, dict.fromkeys(_AMOUNTS, 0.0))

    def scenarios(self, account: str = "A") -> list[Row]:
        """Return the account's scenarios, prices from low to high, volatility up first."""
        return list(self.engine.explain(account).scenarios)

    def vectors(self, level: str, account: str = "A", **columns: Any) -> list[Row]:
        """Return rows of the account's risk matrix at a level, in the venue's order."""
        wanted = {"level": level, **columns}
        return [
            row
            for row in self.engine.risk_matrix(account).vectors
            if all(row[key] == value for key, value in wanted.items())
        ]

    def charges(self, account: str = "A", underlying: str = "X") -> dict[str, float]:
        """Return the charges of one underlying in the account's risk matrix, by name."""
        rows = self.engine.risk_matrix(account).charges
        named = {r["charge"]: r["amount"] for r in rows if r["underlying"] == underlying}
        return defaultdict(float, named)  # nothing held is charged nothing

    def liquidation(self, side: int, account: str = "A", underlying: str = "X") -> float | None:
        """Return the liquidation price below a long (1) or above a short (-1).

        None where there is none: no price is low (high) enough, or the account is liquidated at
        today's already.
        """
        if not side:
            return None
        prices = self.engine.liquidation_prices(account, underlying)
        status = prices.status_lower if side > 0 else prices.status_upper
        if status not in ("found", "none", "already_past"):
            raise ValueError(f"liquidation price: {status}")
        if status != "found":
            return None
        return prices.lower if side > 0 else prices.upper


def _market(
    indices: dict[str, float],
    instruments: list[Row],
    coins: tuple[str, ...],
    assets: dict[str, float],
    vols: dict[str, float] | None,
    marks: dict[str, float] | None,
    ahead: dict[str, float],
) -> tm.Market:
    priced = [{"asset": a, "mark_price": p, "underlying": None} for a, p in assets.items()]
    priced += [{"asset": c, "mark_price": None, "underlying": c} for c in coins]
    columns = pa.schema(
        [("asset", pa.string()), ("mark_price", pa.float64()), ("underlying", pa.string())]
    )
    quotes = []
    for row in instruments:
        name = row["instrument"]
        mark = indices[row["underlying"]] if row["kind"] == "perpetual" else None
        quotes.append(
            {
                "instrument": name,
                "mark_price": (marks or {}).get(name, mark),
                "vol_annual": (vols or {}).get(name),
            }
        )
    expiries = {(r["underlying"], r["expiry_ns"]) for r in instruments if r["kind"] == "option"}
    forwards = [
        {"underlying": u, "expiry_ns": t, "forward_price": float(ahead[u])} for u, t in expiries
    ]
    return tm.Market.from_tables(
        as_of_ns=AS_OF_NS,
        assets=pa.Table.from_pylist(priced, columns),
        underlyings={
            "underlying": list(indices),
            "index_price": [float(p) for p in indices.values()],
        },
        marks=pa.Table.from_pylist(
            quotes,
            pa.schema(
                [
                    ("instrument", pa.string()),
                    ("mark_price", pa.float64()),
                    ("vol_annual", pa.float64()),
                ]
            ),
        ),
        forwards=pa.Table.from_pylist(forwards) if forwards else None,
    )


def _schema(instruments: list[Row]) -> pa.Schema:
    kinds = {
        "multiplier": pa.float64(),
        "strike": pa.float64(),
        "expiry_ns": pa.int64(),
    }
    names = dict.fromkeys(name for row in instruments for name in row)
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def _positions(accounts: dict[str, Any]) -> pa.Table:
    rows = [
        {"account": a, "instrument": i, "quantity": float(q), "entry_price": e}
        for a, (positions, _) in accounts.items()
        for i, q, e in positions
    ]
    columns = pa.schema(
        [
            ("account", pa.string()),
            ("instrument", pa.string()),
            ("quantity", pa.float64()),
            ("entry_price", pa.float64()),
        ]
    )
    return pa.Table.from_pylist(rows, columns)


def _balances(accounts: dict[str, Any]) -> pa.Table:
    rows = [
        {"account": a, "asset": asset, "amount": float(amount)}
        for a, (_, balances) in accounts.items()
        for asset, amount in balances
    ]
    columns = pa.schema(
        [("account", pa.string()), ("asset", pa.string()), ("amount", pa.float64())]
    )
    return pa.Table.from_pylist(rows, columns)
