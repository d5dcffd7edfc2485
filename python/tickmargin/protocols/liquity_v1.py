"""Liquity v1: which way a trove is liquidated, and what of its collateral is left.

Amounts, prices and ratios are in units of 10^-18 and rounded down.
Source: liquity/dev, TroveManager.
"""

from __future__ import annotations

from typing import NamedTuple

from tickmargin import _core
from tickmargin.protocols.whole import WAD, answer, positive, whole

__all__ = ["BRANCHES", "Liquidation", "liquidation"]

BRANCHES = ("none", "redistribute_all", "offset_then_redistribute", "capped_offset")


class Liquidation(NamedTuple):
    """``branch`` is one of BRANCHES; ``capped_collateral`` is None unless the offset is capped."""

    collateral_ratio: int
    branch: str
    capped_collateral: int | None
    gas_compensation: int
    surplus: int


def liquidation(
    collateral: int,
    debt: int,
    price: int,
    *,
    total_collateral_ratio: int,
    stability_pool: int,
    minimum_ratio: int = 110 * WAD // 100,
    critical_ratio: int = 150 * WAD // 100,
) -> Liquidation:
    """How a trove is liquidated.

    Below the critical ratio of the whole system (recovery mode) a trove below it may be liquidated
    too, if the stability pool covers its debt; its collateral is then capped at ``minimum_ratio``
    of the debt, and the owner claims the rest.
    """
    system = (
        whole("total_collateral_ratio", total_collateral_ratio),
        whole("stability_pool", stability_pool),
        positive("minimum_ratio", minimum_ratio),
        positive("critical_ratio", critical_ratio),
    )
    trove = (whole("collateral", collateral), positive("debt", debt), positive("price", price))
    ratio, place, capped, gas, surplus = answer(_core.liquity_liquidation, *trove, system)
    branch = BRANCHES[place]
    return Liquidation(ratio, branch, capped if branch == "capped_offset" else None, gas, surplus)
