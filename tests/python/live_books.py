"""A small book whose every number can be followed, live and ready to trade."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tickmargin as tm

T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
BTC, ETH = 60_000.0, 3_000.0
ACCOUNTS = ("anna", "boris", "clara", "empty")
POLICIES = {
    "schema": 1,
    "policies": {
        "grid": {
            "method": "scenario",
            "haircuts": {"default": 0.05},
            "scenario": {
                "price_range": 0.15,
                "vol_up": 0.4,
                "vol_down": 0.3,
                "maintenance_factor": 0.8,
            },
        }
    },
    "select": [{"policy": "grid"}],
}


def market() -> tm.Market:
    return tm.Market.from_tables(
        as_of_ns=T0,
        assets={
            "asset": ["USD", "USDC", "BTC"],
            "chain": ["", "ethereum", "bitcoin"],
            "mark_price": [1.0, 0.999, None],
            "underlying": [None, None, "BTC"],
        },
        underlyings={
            "underlying": ["BTC", "ETH"],
            "index_price": [BTC, ETH],
            "realised_vol_annual": [0.5, 0.6],
            "depth_notional": [5e7, 2e7],
        },
        forwards={
            "underlying": ["BTC", "BTC"],
            "expiry_ns": [T0 + 2 * DAY, T0 + 30 * DAY],
            "forward_price": [60_030.0, 60_300.0],
        },
        marks={
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-FUT", "BTC-60000-C", "BTC-66000-C"],
            "mark_price": [60_010.0, 3_001.0, 60_280.0, None, None],
            "vol_annual": [None, None, None, 0.55, 0.6],
        },
    )


def portfolio() -> tm.Portfolio:
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-FUT", "BTC-60000-C", "BTC-66000-C"],
            "kind": ["perpetual", "perpetual", "future", "option", "option"],
            "underlying": ["BTC", "ETH", "BTC", "BTC", "BTC"],
            "settlement_asset": ["USDC", "USDC", "USDC", "BTC", "BTC"],
            "settlement_chain": ["ethereum", "ethereum", "ethereum", "bitcoin", "bitcoin"],
            "payoff": ["linear", "linear", "linear", "coin", "coin"],
            "multiplier": [1.0] * 5,
            "strike": [None, None, None, 60_000.0, 66_000.0],
            "expiry_ns": [None, None, T0 + 30 * DAY, T0 + 2 * DAY, T0 + 30 * DAY],
            "option_type": [None, None, None, "call", "call"],
        },
        accounts={"account": list(ACCOUNTS)},
        positions={
            "account": ["anna", "anna", "boris", "boris", "clara"],
            "instrument": ["BTC-PERP", "BTC-60000-C", "BTC-PERP", "ETH-PERP", "BTC-66000-C"],
            "quantity": [2.0, -1.0, -1.5, 10.0, 3.0],
            "entry_price": [59_500.0, None, 60_200.0, 2_950.0, None],
        },
        balances={
            "account": ["anna", "boris", "clara", "clara"],
            "asset": ["USDC", "USDC", "USD", "BTC"],
            "chain": ["ethereum", "ethereum", "", "bitcoin"],
            "amount": [60_000.0, 40_000.0, 5_000.0, 0.2],
        },
    )


def engine(policies: Any = POLICIES) -> tm.Engine:
    return tm.Engine(market(), portfolio(), policies)


def ready(policies: Any = POLICIES, **start: Any) -> tm.Engine:
    """An engine whose marks have been heard and whose events are taken."""
    live = engine(policies)
    live.start(**start)
    hear(live)
    live.events()
    return live


def hear(live: tm.Engine, seq: int = 1, ts_ns: int = T0) -> None:
    for name, price in (("BTC", BTC), ("ETH", ETH)):
        count = len(live._sources[live.names.row("underlying", name)])
        ticks = tm.records.index_tick(
            name, price, seq=seq, ts_ns=ts_ns, source=np.arange(count), engine=live
        )
        assert live.apply(ticks).counts == {"ok": count}


def same_as_recompute(live: tm.Engine) -> None:
    """What is kept record by record is what a recompute makes from scratch, to the bit."""
    assert live.audit() == 0
    result = live.recompute()
    kept, made = live.accounts(), result.accounts
    for column in ("equity", "equity_initial", "initial_margin", "maintenance_margin", "slack"):
        assert kept[column].tobytes() == made[column].tobytes(), column
    assert kept["status"].tolist() == made["status"].tolist()
    same_units(live.units(), result.units)


def same_units(kept: tm.Table, made: tm.Table) -> None:
    """Greeks and margins by account, pocket and underlying, whatever the order of the pockets."""
    keys = ("account", "pocket", "underlying")
    assert kept.columns == made.columns
    rows = [
        sorted(zip(*(table[key].tolist() for key in keys), range(len(table)), strict=True))
        for table in (kept, made)
    ]
    assert [row[:3] for row in rows[0]] == [row[:3] for row in rows[1]]
    for column in set(made.columns) - set(keys):
        ours, theirs = (
            table[column][[row[3] for row in of]]
            for table, of in zip((kept, made), rows, strict=True)
        )
        assert ours.tobytes() == theirs.tobytes(), column


def real_data(*parts: str) -> Path:
    """A file of real prices, or a loud skip."""
    folder = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"REAL PRICES ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    return path
