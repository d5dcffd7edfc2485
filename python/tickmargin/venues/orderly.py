"""Orderly: what may leave an account."""

from __future__ import annotations

from dataclasses import dataclass

from tickmargin import _core
from tickmargin.venues.arguments import not_negative, number

__all__ = ["Withdrawable", "withdrawable"]


@dataclass(frozen=True, slots=True)
class Withdrawable:
    """Total collateral, what of it is free, and what may be withdrawn."""

    total_collateral: float
    free_collateral: float
    withdrawable: float


def withdrawable(total_balance: float, upnl: float, margin_used: float) -> Withdrawable:
    """Return what may leave an account by the venue's page.

    The page takes unsettled profit out twice: once from free collateral, once from what may be
    withdrawn. The engine's own equity and slack take it out not at all.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    return Withdrawable(
        *_core.withdrawable(
            number("total_balance", total_balance),
            number("upnl", upnl),
            not_negative("margin_used", margin_used),
        )
    )
