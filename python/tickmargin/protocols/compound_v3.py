"""Compound v3 (Comet): health of an account, and what absorbed collateral sells for.

Amounts are units of their token, ``scale`` is the units of one whole token, prices are in 10^-8 and
factors in 10^-18. Everything is rounded towards zero. Source: compound-finance/comet, Comet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tickmargin import _core
from tickmargin.protocols.whole import NO_DEBT, WAD, answer, positive, share, whole

__all__ = [
    "NO_DEBT",
    "Collateral",
    "health_factor",
    "is_liquidatable",
    "liquidity",
    "quote_collateral",
]

_PRICE_ONE, _BASE_SCALE = 10**8, 10**6


@dataclass(frozen=True, slots=True)
class Collateral:
    """A balance of collateral, its price and liquidation factor."""

    balance: int
    price: int
    liquidate_factor: int
    scale: int = WAD


def liquidity(
    base_balance: int,
    collaterals: Sequence[Collateral],
    *,
    base_price: int = _PRICE_ONE,
    base_scale: int = _BASE_SCALE,
) -> int:
    """Base balance (negative: owed) plus collateral at its liquidation factors, in 10^-8."""
    rows = [
        (
            whole(f"collaterals[{i}].balance", c.balance),
            positive(f"collaterals[{i}].scale", c.scale),
            positive(f"collaterals[{i}].price", c.price),
            share(f"collaterals[{i}].liquidate_factor", c.liquidate_factor),
        )
        for i, c in enumerate(collaterals)
    ]
    balance = whole("base_balance", base_balance, signed=True)
    base = (positive("base_price", base_price), positive("base_scale", base_scale))
    return answer(_core.compound_liquidity, balance, base, rows)


def is_liquidatable(
    base_balance: int,
    collaterals: Sequence[Collateral],
    *,
    base_price: int = _PRICE_ONE,
    base_scale: int = _BASE_SCALE,
) -> bool:
    """Whether an account's collateral at its liquidation factors no longer covers what it owes."""
    left = liquidity(base_balance, collaterals, base_price=base_price, base_scale=base_scale)
    return left < 0


def health_factor(
    base_balance: int,
    collaterals: Sequence[Collateral],
    *,
    base_price: int = _PRICE_ONE,
    base_scale: int = _BASE_SCALE,
) -> int:
    """Collateral at its liquidation factors over what is owed, in 10^-18, rounded down.

    Below 10^18 exactly where :func:`is_liquidatable`; :data:`NO_DEBT` where nothing is owed. The
    protocol itself decides by the sum; this is the same comparison as a ratio.
    """
    terms = {"base_price": base_price, "base_scale": base_scale}
    owed = -liquidity(base_balance, (), **terms)
    backing = liquidity(0, collaterals, **terms)
    return backing * WAD // owed if owed > 0 else NO_DEBT


def quote_collateral(
    base_amount: int,
    asset_price: int,
    *,
    liquidation_factor: int,
    store_front_price_factor: int,
    asset_scale: int = WAD,
    base_price: int = _PRICE_ONE,
    base_scale: int = _BASE_SCALE,
) -> int:
    """Collateral the protocol sells for ``base_amount``.

    Its price is discounted by the store-front share of 1 - liquidation factor.
    """
    return answer(
        _core.compound_quote_collateral,
        whole("base_amount", base_amount),
        (positive("base_price", base_price), positive("base_scale", base_scale)),
        positive("asset_price", asset_price),
        positive("asset_scale", asset_scale),
        share("liquidation_factor", liquidation_factor),
        share("store_front_price_factor", store_front_price_factor),
    )
