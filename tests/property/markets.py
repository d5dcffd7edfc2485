"""Random markets and instruments, written as rows. `rng` is hypothesis' own or a seeded one."""

from __future__ import annotations

import random
from typing import Any

Rows = list[dict[str, Any]]

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
AS_OF_NS = 1_767_000_000 * 10**9
UNDERLYINGS = ("BTC", "ETH", "SOL")
LIFE_NS = (2 * HOUR_NS, DAY_NS, 7 * DAY_NS, 30 * DAY_NS, 91 * DAY_NS, 400 * DAY_NS)


def between(rng: random.Random, low: float, high: float, steps: int = 1000) -> float:
    """A number of a grid: short to read where an example fails."""
    return low + (high - low) * rng.randint(0, steps) / steps


def sometimes(rng: random.Random, share: float) -> bool:
    """True in about this share of draws."""
    return rng.randint(1, 100) <= 100 * share


def make_assets(rng: random.Random, names: tuple[str, ...]) -> Rows:
    """Numeraire, stable and foreign money, a coin an underlying, a wrapped coin at a discount."""
    rows: Rows = [
        {"asset": "USD"},
        {"asset": "USDC", "chain": "ethereum", "mark_price": between(rng, 0.9, 1.1)},
        {"asset": "EUR", "mark_price": between(rng, 1.0, 1.2)},
    ]
    rows += [{"asset": name, "underlying": name} for name in names]
    return rows


def make_underlyings(rng: random.Random, names: tuple[str, ...]) -> Rows:
    """Index, quote asset (money or an earlier coin) and what `dynamic` reads."""
    rows: Rows = []
    for number, name in enumerate(names):
        quotes = ["USD", "USD", "USDC@ethereum", "EUR", *names[:number]]
        row: dict[str, Any] = {
            "underlying": name,
            "index_price": between(rng, 50.0, 60_000.0, 100_000),
            "quote_asset": rng.choice(quotes),
            "realised_vol_annual": between(rng, 0.1, 1.5),
        }
        if row["quote_asset"] in names:
            row["index_price"] = between(rng, 0.01, 0.2)
        if sometimes(rng, 0.7):
            row["depth_notional"] = between(rng, 0.0, 5e6)
        if sometimes(rng, 0.5):
            row["previous_mm_ratio"] = between(rng, 0.0, 0.3)
            row["previous_ts_ns"] = AS_OF_NS - rng.randint(0, 72) * HOUR_NS
        rows.append(row)
    return rows


def add_wrapped(rng: random.Random, assets: Rows, underlyings: Rows) -> None:
    """A coin that follows the first index at its own price."""
    first = underlyings[0]
    quote = {"USD": 1.0, "USDC@ethereum": assets[1]["mark_price"], "EUR": assets[2]["mark_price"]}
    price = first["index_price"] * quote[first["quote_asset"]] * between(rng, 0.95, 1.3)
    assets.append({"asset": "WRAP", "mark_price": price, "underlying": first["underlying"]})


def make_forwards(rng: random.Random, underlyings: Rows) -> Rows:
    """A curve with carry of either sign, an own rate for each node."""
    rows: Rows = []
    for underlying in underlyings:
        carry = between(rng, -0.1, 0.2)
        for life in LIFE_NS:
            growth = 1.0 + carry * life / (365 * DAY_NS) + between(rng, -0.001, 0.001)
            rows.append(
                {
                    "underlying": underlying["underlying"],
                    "expiry_ns": AS_OF_NS + life,
                    "forward_price": underlying["index_price"] * growth,
                    "rate_annual": rng.choice([None, 0.0, 0.05, -0.01]),
                }
            )
    return rows


def make_instrument(rng: random.Random, name: str, underlying: dict[str, Any]) -> dict[str, Any]:
    """One instrument of any kind, but no option or spot that settles in its own coin: a pay-off in
    quote units times the price of the very coin they measure, which nobody lists.
    """
    own = underlying["underlying"]
    kind, payoff = rng.choice(
        [
            ("spot", "linear"),
            ("future", "linear"),
            ("future", "inverse"),
            ("perpetual", "linear"),
            ("perpetual", "inverse"),
            ("perpetual", "quanto"),
            ("option", "linear"),
            ("option", "linear"),
            ("option", "coin"),
            ("option", "coin"),
        ]
    )
    quote, _, chain = underlying["quote_asset"].partition("@")
    settle = (quote, chain)
    multiplier = rng.choice([1.0, 0.1, 2.0])
    if payoff in ("inverse", "coin"):
        settle = (own, "")
        multiplier = multiplier if payoff == "coin" else rng.choice([1.0, 10.0, 100.0])
    elif sometimes(rng, 0.25):
        # A coin a quote unit is worth a great deal; only futures settle in their own coin.
        coins = ["BTC", own, "WRAP"] if kind in ("future", "perpetual") else []
        settle = (rng.choice(["USD", "EUR", *(c for c in coins if c != quote)]), "")
        if settle[0] not in ("USD", "EUR"):
            multiplier /= 8192.0
    row: dict[str, Any] = {
        "instrument": name,
        "kind": kind,
        "underlying": own,
        "settlement_asset": settle[0],
        "settlement_chain": settle[1],
        "payoff": payoff,
        "multiplier": multiplier,
    }
    if kind in ("future", "option"):
        row["expiry_ns"] = AS_OF_NS + rng.choice(LIFE_NS)
    if kind == "option":
        row["option_type"] = rng.choice(["call", "put"])
        row["strike"] = underlying["index_price"] * rng.choice(
            [0.5, 0.8, 0.9, 0.95, 0.97, 1.0, 1.03, 1.05, 1.1, 1.25, 2.0]
        )
    return row


def make_mark(
    rng: random.Random, instrument: dict[str, Any], underlying: dict[str, Any]
) -> dict[str, Any]:
    """Own mark price or volatility; spot and futures may go without."""
    row: dict[str, Any] = {"instrument": instrument["instrument"]}
    if instrument["kind"] == "option":
        row["vol_annual"] = between(rng, 0.05, 2.0)
    elif instrument["kind"] == "perpetual" or sometimes(rng, 0.7):
        row["mark_price"] = underlying["index_price"] * between(rng, 0.97, 1.03)
    return row


def make_market(rng: random.Random, instruments_each: int) -> tuple[dict[str, Rows], Rows]:
    """Market tables and the instruments that fit them."""
    names = UNDERLYINGS[: rng.randint(1, len(UNDERLYINGS))]
    assets, underlyings = make_assets(rng, names), make_underlyings(rng, names)
    add_wrapped(rng, assets, underlyings)
    instruments: Rows = []
    marks: Rows = []
    for underlying in underlyings:
        for _ in range(rng.randint(1, instruments_each)):
            name = f"{underlying['underlying']}-{len(instruments)}"
            instruments.append(make_instrument(rng, name, underlying))
            marks.append(make_mark(rng, instruments[-1], underlying))
    market = {
        "assets": assets,
        "underlyings": underlyings,
        "forwards": make_forwards(rng, underlyings),
        "marks": marks,
    }
    return market, instruments
