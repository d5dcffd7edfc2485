"""Volatility surfaces: SVI by expiry, checks for arbitrage, and what holds where a fit fails them.

A rejected fit never freezes a surface: see `follow`.
"""

from tickmargin.surface.fit import Quotes, Slice, fit_surface
from tickmargin.surface.follow import Followed, follow
from tickmargin.surface.svi import Svi, fit_svi

__all__ = ["Followed", "Quotes", "Slice", "Svi", "fit_surface", "fit_svi", "follow"]
