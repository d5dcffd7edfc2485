"""Deribit: what stands beside its risk matrix and its standard margin."""

from __future__ import annotations

from dataclasses import dataclass

from tickmargin import _core
from tickmargin.venues.arguments import not_negative, number, positive, ratio
from tickmargin.venues.options import OptionMargin, option_margin

__all__ = [
    "Margins",
    "OptionMargin",
    "SettlementDelta",
    "leverage",
    "margins",
    "option_margin",
    "settlement_delta",
]

_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Margins:
    """Initial and maintenance margin of a currency."""

    initial: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class SettlementDelta:
    """Delta of an expiring option, and the same less its price."""

    decayed: float
    net: float


def margins(
    risk_matrix_margin: float,
    *,
    mm_factor: float = 0.8,
    spot_margin: float = 0.0,
    mmp_margin: float = 0.0,
    open_orders_margin: float = 0.0,
) -> Margins:
    """Return portfolio margins from the risk matrix and what orders reserve.

    Only the matrix counts for maintenance. Initial margin is rounded to nine decimals, as the
    venue's own answers are (private/pme/simulate).

    Parameters
    ----------
    risk_matrix_margin, spot_margin, mmp_margin, open_orders_margin : float
        In one currency: coins, or the numeraire.
    mm_factor : float, default 0.8

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    initial, maintenance = _core.matrix_margins(
        not_negative("risk_matrix_margin", risk_matrix_margin),
        ratio("mm_factor", mm_factor),
        not_negative("spot_margin", spot_margin),
        not_negative("mmp_margin", mmp_margin),
        not_negative("open_orders_margin", open_orders_margin),
        _DECIMALS,
    )
    return Margins(initial, maintenance)


def settlement_delta(
    delta: float, mark_price: float, minutes_into_settlement: float, settlement_minutes: float = 30
) -> SettlementDelta:
    """Return the delta of an option that settles on the average of a window under way.

    Both the Black-Scholes delta and the net transaction delta (it less the price in coin) fade to
    nothing in a straight line over the window.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    decayed, net = _core.settlement_delta(
        number("delta", delta),
        not_negative("mark_price", mark_price),
        not_negative("minutes_into_settlement", minutes_into_settlement),
        positive("settlement_minutes", settlement_minutes),
    )
    return SettlementDelta(decayed, net)


def leverage(position: float, margin: float) -> float:
    """Return a position over the margin behind it, both in coins or both in money.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    return abs(number("position", position)) / positive("margin", margin)
