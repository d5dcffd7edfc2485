"""The slow, obvious twin of a projection: every row of the inputs moved, then the margin twin.

Written from the docstring of `Engine.projection`: an index move takes forwards, marks and linked
assets along in proportion; a shock goes to every volatility; time passes, and what expires on the
way pays its settlement asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.oracle.margin import Inputs, Pocket, Twin, signed_quantity

NS_PER_DAY = 86_400 * 10**9
SHOCKED = ("marks", "surface", "underlyings")


def shocked(vol: float | None, shock: float, kind: str, unit: float = 1.0) -> float | None:
    """One volatility."""
    if vol is None:
        return None
    return max(vol + shock * unit if kind == "absolute" else vol * (1.0 + shock), 0.0)


def payout(instrument: Mapping[str, Any], price: float, entry: float | None) -> float:
    """What one contract pays at expiry, in its settlement asset."""
    size = instrument["multiplier"]
    if instrument["kind"] == "future":
        assert entry is not None
        inverse = instrument["payoff"] == "inverse"
        return float(size * (1.0 / entry - 1.0 / price if inverse else price - entry))
    sign = 1.0 if instrument["option_type"] == "call" else -1.0
    value = max(sign * (price - instrument["strike"]), 0.0)
    return float(size * (value / price if instrument["payoff"] == "coin" else value))


def projected(
    inputs: Inputs,
    *,
    price_move: float = 0.0,
    vol_shock: float = 0.0,
    days: float = 0.0,
    underlying: str | None = None,
    kind: str = "relative",
) -> dict[tuple[str, str], Pocket]:
    """All pockets at the projected market."""
    names = [row["underlying"] for row in inputs.market["underlyings"]]
    moved = [name for name in names if underlying in (None, name)]
    given = {row["underlying"]: row["index_price"] for row in inputs.market["underlyings"]}
    index = {n: given[n] * (1.0 + price_move) for n in moved if given[n] is not None}
    spot = {**given, **index}
    owner = {row["instrument"]: row["underlying"] for row in inputs.portfolio["instruments"]}

    def shock(row: Mapping[str, Any]) -> dict[str, Any]:
        name = row.get("underlying", owner.get(row.get("instrument", "")))
        if name not in moved:
            return dict(row)
        out = dict(row)
        for column in ("vol_annual", "realised_vol_annual"):
            if column in row:
                out[column] = shocked(row[column], vol_shock, kind)
        if row.get("vol_normal_annual") is not None:
            out["vol_normal_annual"] = shocked(
                row["vol_normal_annual"], vol_shock, kind, spot[name] or 1.0
            )
        return out

    market = {
        table: [shock(row) for row in rows] if table in SHOCKED else list(rows)
        for table, rows in inputs.market.items()
    }
    as_of_ns = inputs.as_of_ns + round(days * NS_PER_DAY)
    portfolio = settled(inputs, spot, as_of_ns) if days > 0 else inputs.portfolio
    there = replace(inputs, as_of_ns=as_of_ns, market=market, portfolio=portfolio)
    return Twin(there).pockets(index)


def settled(inputs: Inputs, spot: Mapping[str, float | None], as_of_ns: int) -> dict[str, Any]:
    """The portfolio after everything that expires until then has paid out."""
    instruments = {row["instrument"]: row for row in inputs.portfolio["instruments"]}
    marks = {row["instrument"]: row for row in inputs.market.get("marks", ())}
    positions, paid = [], {}
    for row in inputs.portfolio["positions"]:
        instrument = instruments[row["instrument"]]
        price = spot[instrument["underlying"]]
        expiry_ns = instrument.get("expiry_ns") or 0
        if not 0 < expiry_ns <= as_of_ns or price is None:
            positions.append(row)
            continue
        mark = marks.get(row["instrument"], {})
        share = mark.get("settled_share") or 0.0
        average = mark["settled_average"] if share else 0.0
        price = share * average + (1.0 - share) * price
        key = (
            row["account"],
            row.get("pocket") or "cross",
            instrument["settlement_asset"],
            instrument.get("settlement_chain") or "",
        )
        amount = signed_quantity(row) * payout(instrument, price, row.get("entry_price"))
        paid[key] = paid.get(key, 0.0) + amount
    balances = []
    for row in inputs.portfolio["balances"]:
        key = row["account"], row.get("pocket") or "cross", row["asset"], row.get("chain") or ""
        balances.append({**row, "amount": row["amount"] + paid.pop(key, 0.0)})
    names = ("account", "pocket", "asset", "chain")
    balances += [
        {**dict(zip(names, key, strict=True)), "amount": amount}
        for key, amount in paid.items()
        if amount != 0.0
    ]
    return {**inputs.portfolio, "positions": positions, "balances": balances}
