"""The slow, obvious twin of a projection: every row of the inputs moved, then the margin twin.

Written from the docstring of `Engine.projection`: an index move takes forwards, marks and linked
assets along in proportion; a shock goes to every volatility; time passes, and what expires on the
way pays its settlement asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.oracle.margin import Inputs, Pocket, Twin, signed_quantity

NS_PER_DAY = 86_400 * 10**9
SHOCKED = ("marks", "surface", "underlyings")


@dataclass(frozen=True)
class Terms:
    """What a shock does to a volatility, by its term: `cpp/src/margin/README.md`, `scenario`."""

    kind: str = "relative"
    reference_days: float = 30.0
    power_short: float = 0.0
    power_long: float = 0.0
    up_floor_annual: float = 0.0
    min_days: float = 1.0

    def shocked(
        self, vol: float | None, shock: float, days: float, unit: float = 1.0
    ) -> float | None:
        """One volatility, in `unit`s of a lognormal one."""
        if vol is None or shock == 0.0:
            return vol
        term = max(days, self.min_days)
        power = self.power_short if term < self.reference_days else self.power_long
        by = shock * (self.reference_days / term) ** power
        out = vol + by * unit if self.kind == "absolute" else vol * (1.0 + by)
        return max(out, self.up_floor_annual * unit if shock > 0.0 else 0.0, 0.0)


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
    there, index = moved_inputs(
        inputs,
        dict.fromkeys(moved, price_move),
        dict.fromkeys(moved, vol_shock),
        days,
        Terms(kind),
    )
    return Twin(there).pockets(index)


def moved_inputs(
    inputs: Inputs,
    price_moves: Mapping[str, float],
    vol_shocks: Mapping[str, float],
    days: float,
    terms: Terms,
) -> tuple[Inputs, dict[str, float]]:
    """Shocked and later, expired contracts paid out; and the indices yet to be moved to.

    A shock scales with the term that is left now, before time passes.
    """
    given = {row["underlying"]: row["index_price"] for row in inputs.market["underlyings"]}
    index = {
        name: given[name] * (1.0 + move)
        for name, move in price_moves.items()
        if given[name] is not None
    }
    spot = {**given, **index}
    instruments = {row["instrument"]: row for row in inputs.portfolio["instruments"]}

    def term_days(expiry_ns: int | None) -> float:
        return ((expiry_ns or 0) - inputs.as_of_ns) / NS_PER_DAY

    def shock(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        instrument = instruments.get(row["instrument"], {}) if table == "marks" else {}
        name = instrument.get("underlying") if table == "marks" else row["underlying"]
        out, by = dict(row), vol_shocks.get(name, 0.0)
        if table == "underlyings":
            realised = row.get("realised_vol_annual")
            out["realised_vol_annual"] = terms.shocked(realised, by, terms.reference_days)
            return out
        left = instrument.get("funding_period_days") or term_days(
            (instrument or row).get("expiry_ns")
        )
        out["vol_annual"] = terms.shocked(row.get("vol_annual"), by, left)
        if row.get("vol_normal_annual") is not None:
            unit = spot[name] or 1.0
            out["vol_normal_annual"] = terms.shocked(row["vol_normal_annual"], by, left, unit)
        return out

    market = {
        table: [shock(table, row) for row in rows] if table in SHOCKED else list(rows)
        for table, rows in inputs.market.items()
    }
    as_of_ns = inputs.as_of_ns + round(days * NS_PER_DAY)
    portfolio = settled(inputs, spot, as_of_ns) if days > 0 else inputs.portfolio
    return replace(inputs, as_of_ns=as_of_ns, market=market, portfolio=portfolio), index


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
