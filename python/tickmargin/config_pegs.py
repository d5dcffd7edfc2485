"""What assets are meant to be worth, for the add-on ``peg``: the tables and their layout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tickmargin.config_base import NonNegative, PegThreshold, Positive, Section

if TYPE_CHECKING:
    from tickmargin.config import Policy


class Pegged(Section):
    """One pegged asset; what it does not say of its charge is that of the section ``peg``."""

    value: Positive | None = Field(
        default=None, description="numeraire; what the asset is meant to be worth, or `asset`"
    )
    asset: str | None = Field(
        default=None,
        description="the asset whose price it is meant to have, SYMBOL or SYMBOL@chain",
    )
    threshold: PegThreshold | None = Field(
        default=None, description="price over peg below which it is charged"
    )
    factor: NonNegative | None = None
    collateral_factor: NonNegative | None = None


def compile_pegs(policy: Policy, assets: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """By asset: ``SYMBOL@chain``, else ``SYMBOL``, else not pegged.

    An asset that is pegged to another is where that one is: its symbol without a chain is the asset
    that has none, else the only one of that symbol. None or several: not a number, not known.
    """
    pegs: Mapping[str, Pegged] = policy.pegs
    general = getattr(policy, "peg", None)
    if not pegs or general is None:
        return []
    rows = []
    for symbol, chain in assets:
        peg = pegs.get(f"{symbol}@{chain}" if chain else symbol, pegs.get(symbol))
        row: dict[str, Any] = {"asset": -1, "value": 0.0}
        if peg is not None and peg.asset is not None:
            place = _place(peg.asset, assets)
            row = {"asset": place, "value": math.nan if place < 0 else 0.0}
        elif peg is not None:
            row["value"] = peg.value
        for key in ("threshold", "factor", "collateral_factor"):
            own = getattr(peg, key) if peg is not None else None
            row[key] = getattr(general, key) if own is None else own
        rows.append(row)
    return rows


def _place(name: str, assets: Sequence[tuple[str, str]]) -> int:
    """The row of an asset, -1 where it is not clear which."""
    symbol, _, chain = name.partition("@")
    if (symbol, chain) in assets:
        return list(assets).index((symbol, chain))
    rows = [] if chain else [i for i, (other, _) in enumerate(assets) if other == symbol]
    return rows[0] if len(rows) == 1 else -1
