"""Random books: accounts, isolated pockets, hedge-mode sides, debts; and the door to the engine."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tests.oracle.margin import Inputs
from tests.property.markets import AS_OF_NS, Rows, between, make_market, sometimes
from tests.property.policies import make_policy

import tickmargin as tm

METHODS = ("fixed", "dynamic", "scenario")
COLUMNS = {
    "instruments": ("instrument", "kind", "underlying", "settlement_asset", "payoff", "multiplier"),
    "accounts": ("account",),
    "positions": ("account", "instrument", "quantity"),
    "balances": ("account", "asset", "amount"),
}

# Examples a property; where nothing is said, few enough for a change to be checked in a minute.
EXAMPLES = int(os.environ.get("TICKMARGIN_PROPERTY_EXAMPLES") or 0)
settings.register_profile(
    "ci",
    max_examples=EXAMPLES or 100,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CI = settings.get_profile("ci")


def make_quantity(rng: random.Random) -> float:
    """Small whole numbers, fractions, and now and then nothing."""
    return rng.choice([-1.0, 1.0]) * rng.choice([0.0, 1.0, 2.0, 5.0, 10.0, 0.3, 1.7, 3.14159])


def make_positions(
    rng: random.Random, names: Sequence[tuple[str, str]], instruments: Rows, market: dict[str, Rows]
) -> Rows:
    """Positions of the pockets `names`, one or two sides an instrument."""
    index = {row["underlying"]: row["index_price"] for row in market["underlyings"]}
    rows: Rows = []
    for account, pocket in names:
        for _ in range(rng.randint(0, 6)):
            instrument = rng.choice(instruments)
            row: dict[str, Any] = {
                "account": account,
                "pocket": pocket,
                "instrument": instrument["instrument"],
                "quantity": make_quantity(rng),
            }
            entry = index[instrument["underlying"]] * between(rng, 0.8, 1.25)
            if instrument["kind"] != "option":
                row["entry_price"] = entry
            elif sometimes(rng, 0.5):
                row["entry_price"] = 0.05 if instrument["payoff"] == "coin" else 0.05 * entry
            if sometimes(rng, 0.3):
                row["side"] = "short" if row["quantity"] < 0 else "long"
                row["quantity"] = abs(row["quantity"])
            rows.append(row)
    unique = {(r["account"], r["pocket"], r["instrument"], r.get("side")): r for r in rows}
    return list(unique.values())


def make_balances(rng: random.Random, names: Sequence[tuple[str, str]], assets: Rows) -> Rows:
    """Collateral and debts."""
    rows: Rows = []
    for account, pocket in names:
        for asset in assets:
            if not sometimes(rng, 0.4):
                continue
            is_money = asset["asset"] in ("USD", "USDC", "EUR")
            size = between(rng, -20_000.0, 150_000.0) if is_money else between(rng, -0.5, 5.0)
            rows.append(
                {
                    "account": account,
                    "pocket": pocket,
                    "asset": asset["asset"],
                    "chain": asset.get("chain", ""),
                    "amount": size,
                }
            )
    return rows


def make_inputs(
    rng: random.Random, method: str, accounts: int = 3, instruments_each: int = 5
) -> Inputs:
    """A market, a book and a policy."""
    market, instruments = make_market(rng, instruments_each)
    ids = [f"A{number}" for number in range(rng.randint(1, accounts))]
    names = [(account, "cross") for account in ids]
    names += [(account, "iso") for account in ids if sometimes(rng, 0.3)]
    portfolio = {
        "instruments": instruments,
        "accounts": [{"account": account} for account in ids],
        "positions": make_positions(rng, names, instruments, market),
        "balances": make_balances(rng, names, market["assets"]),
    }
    return Inputs(AS_OF_NS, market, portfolio, make_policy(rng, method))


def inputs(methods: Sequence[str] = METHODS) -> st.SearchStrategy[Inputs]:
    """Hypothesis strategy of whole inputs."""
    return st.builds(make_inputs, st.randoms(use_true_random=False), st.sampled_from(list(methods)))


def columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Rows as columns; absent cells are None."""
    present = dict.fromkeys([*names, *(name for row in rows for name in row)])
    return {name: [row.get(name) for row in rows] for name in present}


def market_of(given: Inputs) -> tm.Market:
    """The engine's market."""
    tables = {name: columns(rows) for name, rows in given.market.items() if rows}
    return tm.Market.from_tables(as_of_ns=given.as_of_ns, numeraire=given.numeraire, **tables)


def portfolio_of(given: Inputs) -> tm.Portfolio:
    """The engine's portfolio."""
    tables = {name: columns(given.portfolio[name], COLUMNS[name]) for name in COLUMNS}
    return tm.Portfolio.from_tables(**tables)


def engine_of(given: Inputs, history: tm.History | None = None) -> tm.Engine:
    """The engine over the inputs."""
    policies = {"schema": 1, "policies": {"drawn": given.policy}}
    return tm.Engine(market_of(given), portfolio_of(given), policies, history=history)


def scaled(given: Inputs, factor: float) -> Inputs:
    """The same book `factor` times as large."""
    positions = [
        {**row, "quantity": row["quantity"] * factor} for row in given.portfolio["positions"]
    ]
    balances = [{**row, "amount": row["amount"] * factor} for row in given.portfolio["balances"]]
    return given.with_portfolio(positions=positions, balances=balances)


def with_policy(given: Inputs, policy: Mapping[str, Any]) -> Inputs:
    """The same book under another policy."""
    return replace(given, policy=policy)
