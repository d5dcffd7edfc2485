"""Drift v2 by hand: weights, the margin of an account and what liquidating it takes."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, isqrt, trunc
from typing import Any

__all__ = [
    "account",
    "asset_for_debt",
    "asset_weight",
    "base_to_cover",
    "debt_for_asset",
    "debt_to_cover",
    "debt_weight",
    "fee_ramp",
    "funding_delta",
    "index_delta",
    "perp_fee",
    "share",
    "spot_fee",
]

Row = dict[str, Any]


def discounted(weight: int, factor: int, size: int) -> int:
    if factor == 0:
        return weight
    # 1.1 / (1 + factor x sqrt(size)), the root to five digits, the factor to six
    under = 1_000_000 + isqrt(size * 10 + 1) * factor // 100_000
    return min(weight, 11_000_000_000 // under)


def grown(weight: int, factor: int, size: int) -> int:
    if factor == 0:
        return weight
    return max(weight, weight - weight // 5 + isqrt(size * 10 + 1) * factor // 10_000_000)


def mean(initial: int, maintenance: int, kind: str) -> int:
    both = {"initial": initial, "maintenance": maintenance}
    return both[kind] if kind in both else (initial + maintenance) // 2


def asset_weight(m: Row, tokens: int, price: int, kind: str) -> int:
    worth = m["deposits"] * price // 10 ** m["decimals"]
    initial = m["initial_asset_weight"]
    if m["scale_start"] and worth >= m["scale_start"] and kind != "maintenance":
        initial = initial * m["scale_start"] // worth
    weight = mean(initial, m["maintenance_asset_weight"], kind)
    return discounted(weight, m["size_factor"], tokens * 10**9 // 10 ** m["decimals"])


def debt_weight(m: Row, tokens: int, kind: str) -> int:
    weight = mean(m["initial_liability_weight"], m["maintenance_liability_weight"], kind)
    return grown(weight, m["size_factor"], tokens * 10**9 // 10 ** m["decimals"])


def worse(price: int, average: int, low: bool) -> int:
    return price if average == 0 else (min if low else max)(price, average)


def account(spot: list[Row], perps: list[Row], kind: str, terms: Row) -> tuple[int, int]:
    """List what counts (above 0) and what is required (below), then sum each."""
    lines: list[int] = []
    custom = terms["custom_ratio"] if kind == "initial" else 0
    for p in spot:
        lines += _spot_lines(p, kind, custom)
        lines.append(-p["open_orders"] * terms["open_order_margin"])
    for p in perps:
        lines += _perp_lines(p, kind, custom, terms)
        lines.append(-p["open_orders"] * terms["open_order_margin"])
    losses = sum(line for p in perps for line in _profit(p, kind, terms) if line < 0)
    profits = sum(line for p in perps for line in _profit(p, kind, terms) if line > 0)
    required = -sum(line for line in lines if line < 0)
    return required, sum(line for line in lines if line > 0) + profits + losses


def _spot_lines(p: Row, kind: str, custom: int) -> list[int]:
    m, unit = p["market"], 10 ** p["market"]["decimals"]
    low, high = (worse(p["price"], p["average_price"], side) for side in (True, False))
    held = floor(Fraction(p["tokens"] * (high if p["tokens"] < 0 else low), unit))
    if p["is_quote"]:
        return [held]

    def weighed(tokens: int, value: int, own: int) -> int:
        if value > 0:
            weight = asset_weight(m, abs(tokens), p["price"], kind)
            weight = min(weight, max(0, 10_000 - own))
        else:
            weight = debt_weight(m, abs(tokens), kind)
            weight = max(weight, 10_000 + own) if own else weight
        return trunc(Fraction(value * weight, 10_000))

    ends = []
    for orders in (p["open_asks"], p["open_bids"]):
        cash = floor(Fraction(-orders * high, unit))
        tokens, value = p["tokens"] + orders, held - cash
        ends.append((weighed(tokens, value, 0) + cash, tokens, value, cash))
    _, tokens, value, cash = min(ends, key=lambda end: end[0])  # the asks' side on a tie
    return [weighed(tokens, value, custom), cash]


def _perp_lines(p: Row, kind: str, custom: int, terms: Row) -> list[int]:
    m = p["market"]
    sizes = [abs(p["base"] + orders) for orders in (p["open_asks"], p["open_bids"])]
    price = max(p["price"], 0)
    size = max(sizes, key=lambda s: s * price // 10**9)  # the asks' side on a tie
    plain = mean(m["initial_ratio"], m["maintenance_ratio"], kind)
    rate = max(grown(plain, m["size_factor"], size), custom)
    quote = worse(terms["quote_price"], terms["average_quote_price"], False)
    notional = size * price // 10**9 * quote // 10**6
    return [-(notional * rate // 10_000)]


def _profit(p: Row, kind: str, terms: Row) -> list[int]:
    m = p["market"]
    made = p["quote"] + trunc(Fraction(p["base"] * max(p["price"], 0), 10**9))
    weight = 10_000
    if made > 0:
        weight = m["pnl_maintenance_weight"]
        if kind != "maintenance":
            weight = discounted(m["pnl_initial_weight"], m["pnl_size_factor"], made * 1000)
    quote = worse(terms["quote_price"], terms["average_quote_price"], made > 0)
    counted = trunc(Fraction(trunc(Fraction(made * weight, 10_000)) * quote, 10**6))
    return [min(counted, 100_000_000) if kind == "initial" else counted]


def base_to_cover(
    shortage: int, ratio: int, fee: int, insurance: int, price: int, quote: int
) -> int:
    nothing = 2**64 - 1
    if price == 0 or ratio * 100 <= fee:
        return nothing
    in_quote = price * quote // 10**6
    freed = in_quote * (ratio * 100 - fee) // 10**6 - price * insurance // 10**6
    return shortage * 10**9 // freed if freed > 0 else nothing


def kept_weight(asset: Row, debt: Row, scale: int) -> int:
    return int(asset["weight"] * scale * asset["multiplier"] // debt["multiplier"])


def debt_to_cover(shortage: int, asset: Row, debt: Row, insurance: int) -> int:
    kept, whole = kept_weight(asset, debt, 10), debt["weight"] * 10
    freed = debt["price"] * (whole - kept) - debt["price"] * insurance // 10**6 * whole
    if debt["weight"] <= asset["weight"] or kept >= whole or freed <= 0:
        return 2**128 - 1
    more, fewer = max(debt["decimals"] - 6, 0), max(6 - debt["decimals"], 0)
    return int(max(shortage * 10**more * 10**11 // freed // 10**fewer, 1))


def debt_for_asset(amount: int, asset: Row, debt: Row) -> int:
    apart = debt["decimals"] - asset["decimals"]
    over = Fraction(asset["price"] * debt["multiplier"], debt["price"] * asset["multiplier"])
    if apart >= 0:
        return ceil(amount * 10**apart * over)
    return ceil(Fraction(ceil(amount * over), 10**-apart))


def asset_for_debt(amount: int, asset: Row, debt: Row, held: int | None) -> int:
    apart = asset["decimals"] - debt["decimals"]
    over = Fraction(debt["price"] * asset["multiplier"], asset["price"] * debt["multiplier"])
    if apart >= 0:
        due = floor(amount * 10**apart * over)
    else:
        due = floor(Fraction(floor(amount * over), 10**-apart))
    due = max(due, 1)
    if held is None:
        return due
    rest = abs(due - held) * asset["price"] // 10**6
    close = floor(rest * Fraction(10) ** (asset["decimals"] - 6)) < 10**6
    return held if close else due


def perp_fee(
    shortage: int, base: int, ratio: int, fee: int, price: int, quote: int, largest: int
) -> int:
    if 0 in (price, quote, base) or ratio * 100 <= fee:
        return 0
    needed = shortage * 10**9 // base * 10**6 // (price * quote // 10**6)
    return min(max(ratio * 100 - fee - needed, 0) * 95 // 100, largest)


def spot_fee(shortage: int, tokens: int, asset: Row, debt: Row, largest: int) -> int:
    if debt["weight"] <= asset["weight"] or 0 in (tokens, debt["price"], debt["multiplier"]):
        return 0
    whole = debt["weight"] * 100
    needed = shortage * 10**6 * 10 ** debt["decimals"] // tokens // debt["price"]
    spare = max(max(whole - kept_weight(asset, debt, 100), 0) - needed, 0)
    return int(min(spare * 10**6 // whole, largest))


def fee_ramp(lowest: int, largest: int, slots: int, grace: int, per_slot: int) -> int:
    return lowest if slots < grace else min(lowest + slots * per_slot, largest)


def share(shortage: int, freed: int, slots: int, initial: int, duration: int) -> int:
    if shortage < 50_000_000:
        return 10_000
    elapsed = slots * 10_000 // duration if duration else 10_000
    allowed = (shortage + freed) * min(elapsed + initial, 10_000) // 10_000
    return max(allowed - freed, 0) * 10_000 // shortage


def funding_delta(loss: int, base_long: int, base_short: int) -> int:
    return ceil(Fraction(abs(loss) * 10**9, abs(base_long) + abs(base_short))) * 1000


def index_delta(loss: int, deposits: int, index: int) -> int:
    return ceil(Fraction(index * loss, deposits)) if deposits else 0
