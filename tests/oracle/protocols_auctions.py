"""Liquidations, auctions and utilisation of on-chain protocols, written from their documents."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.oracle.protocols import half_up

RAY = 10**27
WAD = 10**18
Tier = tuple[int, Fraction, int, int]


def liquity(
    collateral: int, debt: int, price: int, total: int, pool: int, minimum: int, critical: int
) -> tuple[int, str, int | None, int, int]:
    """Ratio, branch, capped collateral, gas compensation, what the owner may claim."""
    ratio = collateral * price // debt
    recovery = total < critical
    if recovery and ratio <= WAD:
        branch = "redistribute_all"
    elif ratio < minimum:
        branch = "offset_then_redistribute"
    elif recovery and ratio < total and debt <= pool:
        branch = "capped_offset"
    else:
        return ratio, "none", None, 0, 0
    capped = debt * minimum // price if branch == "capped_offset" else None
    seized = collateral if capped is None else capped
    return ratio, branch, capped, seized // 200, collateral - seized


def maker_linear(top: int, tau: int, elapsed: int) -> int:
    left = max(tau - elapsed, 0) * RAY // tau
    return top * left // RAY


def maker_stairs(top: int, step: int, cut: int, elapsed: int) -> int:
    """The power by its binary digits, the lowest first, each product to the nearest."""
    power, square = RAY, cut
    steps = elapsed // step
    while steps:
        if steps % 2:
            power = half_up(Fraction(power * square, RAY))
        square = half_up(Fraction(square * square, RAY))
        steps //= 2
    return top * power // RAY


def perp_ratio(value: int, required: int, total: int, position: int, small: int) -> int:
    """Parts per million of a position that one liquidation may take."""
    size = abs(position)
    if value >= required:
        return 0
    if size <= small or value < required // 2:
        return 10**6
    return min(total * 10**6 // (2 * size), 10**6)


def panoptic_sell(now: int, least: int, target: int, saturated: int) -> int:
    least, now = (least // 2, -now) if now < 0 else (least, now)
    share = Fraction(now - target, saturated - target)
    return least + math.floor((10_000 - least) * min(max(share, Fraction(0)), Fraction(1)))


def panoptic_buy(now: int, most: int, target: int, saturated: int) -> int:
    share = min(max(Fraction(saturated - now, saturated - target), Fraction(0)), Fraction(1))
    return (most + math.floor(most * share)) // 2


def paradex_kept(position: Fraction, orders: list[tuple[str, Fraction, Fraction]]) -> list[int]:
    """Places of the orders that stay: the most passive of those that reduce goes first."""
    wanted = "sell" if position > 0 else "buy"
    places = [i for i, (side, _, _) in enumerate(orders) if side == wanted and position != 0]
    sign = 1 if wanted == "buy" else -1
    places.sort(key=lambda i: (-sign * orders[i][2], i))  # the most aggressive first
    while sum(orders[i][1] for i in places) > abs(position):
        places.pop()
    return sorted(places)


def paradex_share(
    value: Fraction, required: Fraction, fee: Fraction, step: Fraction, target: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """Share, requirement and account value after the least step that is enough."""
    for share in (step * n for n in range(1, math.ceil(1 / step))):
        left, after = required * (1 - share), value - share * fee * required
        if left < target * after:
            return share, left, after
    return Fraction(1), Fraction(0), value - fee * required


def dydx_fillable(
    balance: int, positions: list[Tier], index: int, adjustment: int, spread: int
) -> Fraction | None:
    """From (quantums, price, initial ppm, maintenance part ppm); None where it is undefined."""
    rows = []
    for quantums, price, initial, part in positions:
        notional = math.trunc(quantums * price)
        whole = math.ceil(Fraction(abs(notional) * initial, 10**6))
        rows.append((notional, math.ceil(Fraction(whole * part, 10**6))))
    total = sum(margin for _, margin in rows)
    quantums = positions[index][0]
    if total == 0 or quantums == 0:
        return None
    net = balance + sum(notional for notional, _ in rows)
    rating = Fraction(adjustment, 10**6) * (1 - Fraction(net, total))
    notional, margin = rows[index]
    away = min(max(rating, Fraction(0)), Fraction(1)) * Fraction(spread, 10**6) * margin
    return (notional - away) / quantums
