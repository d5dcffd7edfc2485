"""`tickmargin backtest --response`: how a margin answers a step of volatility."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tickmargin.backtest.arguments import refuse
from tickmargin.backtest.chains import is_chain

if TYPE_CHECKING:
    from tickmargin.policies import Policies
    from tickmargin.procyclicality import ImpulseResponse


def two_vols(text: str, files: list[Path]) -> tuple[float, float] | None:
    """Read the option; None where it was not given.

    Raises
    ------
    InvalidInputError
        INVALID_ARGUMENT: not two rising volatilities, or a history of chains.
    """
    if not text:
        return None
    if is_chain(files[0]):
        raise refuse("--response needs a history of prices, got option chains")
    try:
        calm, stressed = (float(word) for word in text.split(","))
    except ValueError:
        raise refuse(f"--response must be two volatilities like 0.4,1.2, got {text!r}") from None
    if not 0.0 < calm < stressed < 100.0:
        raise refuse(f"--response must rise from above 0 to below 100, got {text!r}")
    return calm, stressed


def answer_of(
    policies: Policies,
    files: list[Path],
    names: list[str],
    pairs: tuple[dict[str, str], dict[str, str]],
    vols: tuple[float, float],
    underlying: str,
) -> ImpulseResponse:
    """Give the response of MM of one underlying held long, after the files' history."""
    from tickmargin.backtest.history import read_history
    from tickmargin.procyclicality import policy_response

    past = read_history(files, underlyings=names or None, where=pairs[0], rename=pairs[1])
    return policy_response(
        policies,
        calm_vol_annual=vols[0],
        stressed_vol_annual=vols[1],
        underlying=underlying,
        history=past,
    )
