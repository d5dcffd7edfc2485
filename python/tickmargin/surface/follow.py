"""Which volatilities hold now: those of an accepted fit, and what stands in for a rejected one.

Venues' marks are not free of arbitrage, so fits do get rejected, most of all in a crash, when an
old surface is worth least. The rule is that of the engine's own volatility guard, by expiry:

* accepted: the fit's volatilities;
* rejected, and an accepted shape is young enough: the **shape** is kept, its **level** follows the
  marks at once (the median over strikes of ln(mark / shape)), and where it is at the money it is
  never below what is marked;
* rejected, and there is none or it is too old: the marks as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickmargin.surface.fit import Quotes, Slice

__all__ = ["Followed", "follow"]

SHAPE_AGE_MAX_NS = 300_000_000_000  # as in the engine's guard


@dataclass(frozen=True, slots=True)
class Followed:
    """Volatilities to use, and how each expiry came by them.

    Attributes
    ----------
    vol_annual : array of float
        A row per quote.
    how : dict of int to str
        By expiry: ``fitted``, ``level`` (the shape is kept) or ``marks``.
    level : dict of int to float
        Where the shape is kept: ln of the move of its level.
    kept : dict of int to Slice
        The last accepted fit by expiry, for the next call.
    """

    vol_annual: NDArray[np.float64]
    how: dict[int, str]
    level: dict[int, float]
    kept: dict[int, Slice]


def follow(
    quotes: Quotes,
    slices: Sequence[Slice],
    kept: Mapping[int, Slice] | None = None,
    *,
    shape_age_max_ns: int = SHAPE_AGE_MAX_NS,
) -> Followed:
    """Give every quote its volatility.

    Parameters
    ----------
    quotes : Quotes
    slices : sequence of Slice
        The fit of these quotes. An expiry without one is taken as rejected.
    kept : mapping of int to Slice, optional
        From the call before.
    shape_age_max_ns : int
        A shape older than this is not kept.
    """
    fits = {s.expiry_ns: s for s in slices}
    old = {} if kept is None else dict(kept)
    out = quotes.vol_annual.copy()
    k = quotes.log_moneyness
    how: dict[int, str] = {}
    level: dict[int, float] = {}
    for expiry in np.unique(quotes.expiry_ns).tolist():
        rows = np.flatnonzero(quotes.expiry_ns == expiry)
        fit = fits.get(expiry)
        if fit is not None and fit.accepted and fit.svi is not None:
            out[rows] = fit.svi.vol_annual(k[rows], fit.years)
            how[expiry], old[expiry] = "fitted", fit
            continue
        shape = old.get(expiry)
        young = shape is not None and quotes.as_of_ns - shape.as_of_ns <= shape_age_max_ns
        if shape is None or shape.svi is None or not young:
            how[expiry] = "marks"
            continue
        moved = shape.svi.vol_annual(k[rows], shape.years)
        marked = quotes.vol_annual[rows]
        level[expiry] = float(np.median(np.log(marked / moved)))
        own = moved * np.exp(level[expiry])
        nearest = np.abs(k[rows]) == np.abs(k[rows]).min()
        out[rows] = np.where(nearest, np.maximum(own, marked), own)
        how[expiry] = "level"
    alive = {e: s for e, s in old.items() if e > quotes.as_of_ns}
    return Followed(out, how, level, alive)
