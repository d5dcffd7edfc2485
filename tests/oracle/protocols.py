"""Rules of on-chain protocols in plain integers and fractions, written from their documents."""

from __future__ import annotations

import math
from fractions import Fraction

WAD = 10**18


def half_up(number: Fraction) -> int:
    """The nearest whole number, the larger of two."""
    return math.floor(number + Fraction(1, 2))


def aave_account(
    collaterals: list[tuple[int, int, int]], debts: list[int]
) -> tuple[int, int, int, int, int, int]:
    total, debt = sum(v for v, _, _ in collaterals), sum(debts)
    ltv = sum(v * share for v, share, _ in collaterals) // total if total else 0
    at_threshold = sum(v * share for v, _, share in collaterals)
    threshold = at_threshold // total if total else 0
    health = half_up(Fraction(at_threshold * WAD, debt)) // 10_000 if debt else 2**256 - 1
    return total, debt, ltv, threshold, health, max(total * ltv // 10_000 - debt, 0)


def aave_liquidation(
    debt: tuple[int, int, int],
    collateral: tuple[int, int, int],
    bonus: int,
    fee: int,
    health: int,
    total_debt: int,
    cover: int,
) -> tuple[int, int, int, bool, int]:
    owed, debt_price, debt_unit = debt
    held, price, unit = collateral
    most = owed
    owed_value = math.ceil(Fraction(owed * debt_price, debt_unit))
    held_value = held * price // unit
    large = min(owed_value, held_value) >= 2_000 * 10**8
    half = half_up(Fraction(total_debt, 2))
    if large and health > 95 * WAD // 100 and owed_value > half:
        most = half * debt_unit // debt_price
    paid = min(cover, most)
    seized = paid * debt_price * unit // (price * debt_unit) * bonus // 10_000
    if seized > held:
        seized = held
        paid = math.ceil(Fraction(held * price * debt_unit // (debt_price * unit) * 10_000, bonus))
    to_protocol = math.ceil(Fraction((seized - seized * 10_000 // bonus) * fee, 10_000))
    debt_left = math.ceil(Fraction((owed - paid) * debt_price, debt_unit))
    held_left = (held - seized) * price // unit
    partial = paid < owed and seized < held
    dust = partial and min(debt_left, held_left) < 1_000 * 10**8
    return paid, seized - to_protocol, to_protocol, dust, most


def compound_liquidity(balance: int, collaterals: list[tuple[int, int, int, int]]) -> int:
    owed = math.trunc(Fraction(balance * 10**8, 10**6))
    return owed + sum(b * price // scale * f // WAD for b, scale, price, f in collaterals)


def compound_health(balance: int, collaterals: list[tuple[int, int, int, int]]) -> int:
    """Collateral at its liquidation factors over what is owed, cut to 10^-18."""
    owed = math.trunc(Fraction(-balance * 10**8, 10**6))
    if owed <= 0:
        return 2**256 - 1
    backing = sum(b * price // scale * f // WAD for b, scale, price, f in collaterals)
    return math.floor(Fraction(backing, owed) * WAD)


def morpho_health(collateral: int, borrowed: int, price: int, lltv: int) -> int:
    """What may be borrowed over what is, cut to 10^-18; healthy from 1 on."""
    if not borrowed:
        return 2**256 - 1
    most = math.floor(Fraction(math.floor(Fraction(collateral * price, 10**36)) * lltv, WAD))
    return math.floor(Fraction(most, borrowed) * WAD)


def morpho_factor(lltv: int) -> int:
    exact = WAD * WAD // (WAD - 3 * WAD // 10 * (WAD - lltv) // WAD)
    return min(115 * WAD // 100, exact)


def gmx_verdict(
    position: tuple[int, int, int, int, int], limits: tuple[int, int, int]
) -> tuple[int, str]:
    collateral, profit, impact, fees, size = position
    factor, impact_factor, least = limits
    counted = max(min(impact, 0), -(size * impact_factor // 10**30))
    left = collateral + profit + counted - fees
    if left < least:
        return left, "min collateral"
    if left <= 0:
        return left, "< 0"
    return left, "min collateral for leverage" if left < size * factor // 10**30 else ""


def hyperliquid_margin(notional: int, tiers: list[tuple[int, int]]) -> Fraction:
    """By rate and deduction of the tier the notional is in."""
    deduction, rate = Fraction(0), Fraction(1, 2 * tiers[0][1])
    for lower, leverage in tiers[1:]:
        if notional < lower:
            break
        own = Fraction(1, 2 * leverage)
        deduction += lower * (own - rate)
        rate = own
    return notional * rate - deduction


def synthetix_margins(
    size: int, price: int, market: tuple[int, int, int, int, int]
) -> tuple[int, int, int, int]:
    scale, ratio, least, scalar, flat = market
    if size == 0:
        return 0, 0, 0, 0
    impact = abs(size) * WAD // scale if scale else 0
    initial = impact * ratio // WAD + least
    maintenance = initial * scalar // WAD
    notional = abs(size) * price // WAD
    return (
        initial,
        maintenance,
        notional * initial // WAD + flat,
        (notional * maintenance // WAD + flat),
    )


def squeeth_debt(short: int, normalisation: int, price: int) -> int:
    return short * normalisation * (price // 10_000) // 10**36


def dydx_bankruptcy(
    balance: int, positions: list[tuple[int, Fraction, int, int]], index: int, delta: int
) -> int | None:
    """From (quantums, price, initial ppm, maintenance part ppm); None where nothing is required."""

    def notional(quantums: int, price: Fraction) -> int:
        return math.trunc(quantums * price)

    def required(amount: int, initial: int, part: int) -> int:
        whole = math.ceil(Fraction(abs(amount) * initial, 10**6))
        return math.ceil(Fraction(whole * part, 10**6))

    net = balance + sum(notional(q, p) for q, p, _, _ in positions)
    total = sum(required(notional(q, p), i, m) for q, p, i, m in positions)
    if total == 0:
        return None
    quantums, price, initial, part = positions[index]
    before, after = notional(quantums, price), notional(quantums + delta, price)
    change = required(after, initial, part) - required(before, initial, part)
    return -(after - before) - math.floor(Fraction(net * abs(change), total))
