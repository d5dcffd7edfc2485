"""The standard formula of options, at a mark that is given instead of modelled."""

from __future__ import annotations

from dataclasses import dataclass

from tickmargin import _core
from tickmargin.venues.arguments import (
    not_negative,
    number,
    one_of,
    option_type,
    positive,
    ratio,
    whole,
)

__all__ = ["OptionMargin", "option_margin"]

_FLOORS = ("none", "put", "both")


@dataclass(frozen=True, slots=True)
class OptionMargin:
    """Margin of an option position, and of the order that opens it."""

    initial: float
    maintenance: float
    order: float


def option_margin(
    kind: str,
    quantity: float,
    underlying: float,
    strike: float,
    mark: float,
    *,
    coin_settled: bool = False,
    multiplier: float = 1.0,
    otm_a: float = 0.15,
    otm_b: float = 0.10,
    maintenance_c: float = 0.075,
    maintenance_mark_floor: str = "put",
    margin_factor: float = 1.0,
    initial_at_least_maintenance: bool = True,
    decimals: int | None = None,
) -> OptionMargin:
    """Return what a short or long option needs: the formula of the method ``fixed``.

    Parameters
    ----------
    kind : {"call", "put"}
    quantity : float
        Signed contracts. A long needs nothing to be held; its order needs the premium.
    underlying, strike : float
        Quote units.
    mark : float
        Price of one base unit: coin where ``coin_settled``, else quote units.
    coin_settled : bool, default False
        Amounts in and out are coins; else quote units.
    multiplier : float, default 1
        Base units of a contract.
    otm_a, otm_b, maintenance_c, maintenance_mark_floor, margin_factor, initial_at_least_maintenance
        Keys of ``options`` in a policy.
    decimals : int, optional
        Round a position's figures as a venue's page prints them.

    Raises
    ------
    InputTypeError, InvalidInputError
    """
    is_call = option_type(kind)
    size = number("quantity", quantity)
    base, at = positive("underlying", underlying), positive("strike", strike)
    premium = not_negative("mark", mark)
    scale = positive("multiplier", multiplier)
    terms = {
        "otm_a": ratio("otm_a", otm_a),
        "otm_b": ratio("otm_b", otm_b),
        "maintenance_c": ratio("maintenance_c", maintenance_c),
        "maintenance_mark_floor": one_of("maintenance_mark_floor", maintenance_mark_floor, _FLOORS),
        "initial_at_least_maintenance": bool(initial_at_least_maintenance),
        "margin_factor": positive("margin_factor", margin_factor),
    }
    each, held, order = _core.option_margin(
        is_call, size, base, at, scale, premium, bool(coin_settled), terms
    )
    if decimals is not None:
        places = whole("decimals", decimals, most=15)
        each, held = _core.printed(each, places), _core.printed(held, places)
    return OptionMargin(each, held, order)
