"""Binance: the portfolio margin ratio and what an order loses at once."""

from __future__ import annotations

from tickmargin import _core
from tickmargin.venues.arguments import not_negative, number, positive

__all__ = ["coin_open_loss", "uni_mmr", "uni_mmr_state"]

# Portfolio Margin Pro: the ratio must be above the border of a state to leave it.
_LADDER = ((1.0, "claimed"), (1.05, "liquidation"), (1.2, "reduce_only"), (1.5, "reminder"))


def uni_mmr(equity: float, maintenance_margin: float, open_loss: float = 0.0) -> float:
    """Return adjusted equity over maintenance margin.

    Parameters
    ----------
    equity : float
        Sum over assets of min(amount x price x rate, amount x price): an engine's equity with
        ``haircuts`` of 1 - rate, since negative balances count in full.
    maintenance_margin : float
        Of futures and loans.
    open_loss : float, default 0
        What resting orders lose against the mark.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    result: float = _core.unified_ratio(
        number("equity", equity),
        not_negative("open_loss", open_loss),
        positive("maintenance_margin", maintenance_margin),
    )
    return result


def uni_mmr_state(ratio: float) -> str:
    """Return normal, reminder, reduce_only, liquidation or claimed.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    value = number("ratio", ratio)
    return next((state for border, state in _LADDER if value <= border), "normal")


def coin_open_loss(
    contracts: float, contract_usd: float, order_price: float, mark_price: float
) -> float:
    """Return the coins a COIN-M order loses against the mark when it trades.

    Parameters
    ----------
    contracts : float
        Signed: above 0 a buy.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    loss: float = _core.coin_open_loss(
        number("contracts", contracts),
        positive("contract_usd", contract_usd),
        positive("order_price", order_price),
        positive("mark_price", mark_price),
    )
    return loss
