"""Synthetic baskets, the slow way: every position in one written out as its components.

Written from the rules in `python/README.md`; what comes out is a portfolio without baskets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def prices_of(components: Sequence[Row], price: float) -> list[float]:
    """Prices of the components that add up to the basket's.

    What it is long of costs t times its reference price, what it is short of 1 / t times. The
    more t the more the basket costs, so t is found by halving.
    """
    if math.isnan(price):
        return [math.nan] * len(components)

    def prices(t: float) -> list[float]:
        return [
            row["reference_price"] * t if row["weight"] > 0 else row["reference_price"] / t
            for row in components
        ]

    def cost(t: float) -> float:
        return math.fsum(
            row["weight"] * each for row, each in zip(components, prices(t), strict=True)
        )

    low, high = 1e-12, 1e12
    for _ in range(400):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if cost(middle) < price else (low, middle)
    return prices(low)


def index_contract(underlying: str, asset: str, chain: str) -> dict[str, Any]:
    """What stands for an underlying in a basket: a perpetual whose mark is the index."""
    return {
        "instrument": f"{underlying} index in {asset}{'@' + chain if chain else ''}",
        "kind": "perpetual",
        "underlying": underlying,
        "settlement_asset": asset,
        "settlement_chain": chain,
        "payoff": "linear",
        "multiplier": 1.0,
    }


def written_out(
    market: Mapping[str, Sequence[Row]],
    portfolio: Mapping[str, Sequence[Row]],
    components: Sequence[Row],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same market and portfolio without baskets."""
    instruments = {row["instrument"]: dict(row) for row in portfolio["instruments"]}
    marks = {row["instrument"]: dict(row) for row in market["marks"]}
    index = {row["underlying"]: row["index_price"] for row in market["underlyings"]}
    by_basket: dict[str, list[tuple[Row, str]]] = {}
    for row in components:
        name = row.get("instrument")
        if name is None:
            contract = index_contract(
                row["underlying"], row["settlement_asset"], row.get("settlement_chain") or ""
            )
            name = contract["instrument"]
            instruments[name] = contract
            marks[name] = {"instrument": name, "mark_price": index[row["underlying"]]}
        by_basket.setdefault(row["basket"], []).append((row, name))
    taken: dict[tuple[str, str, str, bool], list[dict[str, Any]]] = {}
    for row in portfolio["positions"]:
        parts = by_basket.get(row["instrument"])
        if parts is None or row["quantity"] == 0:
            continue
        price = row.get("entry_price")
        prices = prices_of([part for part, _ in parts], math.nan if price is None else price)
        for (part, name), entry in zip(parts, prices, strict=True):
            contracts = signed(row) * part["weight"] / instruments[name]["multiplier"]
            one = {"quantity": contracts, "entry_price": None if math.isnan(entry) else entry}
            key = row["account"], row.get("pocket") or "cross", name, contracts < 0
            taken.setdefault(key, []).append(one)
    positions = []
    for row in portfolio["positions"]:
        if row["instrument"] in by_basket:
            continue
        key = row["account"], row.get("pocket") or "cross", row["instrument"], signed(row) < 0
        if row["quantity"] == 0:
            continue
        if key in taken:
            # what the account holds itself on that side is one position with the basket's
            taken[key].append({**row, "quantity": signed(row)})
        else:
            positions.append(row)
    for (account, pocket, name, short), rows in taken.items():
        quantity = math.fsum(row["quantity"] for row in rows)
        entries = [row.get("entry_price") for row in rows]
        entry = (
            None
            if any(e is None for e in entries)
            else math.fsum(r["quantity"] * r["entry_price"] for r in rows) / quantity
        )
        positions.append(
            {"account": account, "pocket": pocket, "instrument": name, "entry_price": entry,
             "quantity": abs(quantity), "side": "short" if short else "long"}
        )  # fmt: skip
    return (
        {**market, "marks": list(marks.values())},
        {**portfolio, "instruments": list(instruments.values()), "positions": positions},
    )


def signed(row: Row) -> float:
    """Contracts, negative for short."""
    return float(-row["quantity"] if row.get("side") == "short" else row["quantity"])
