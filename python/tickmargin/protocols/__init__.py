"""Rules of on-chain protocols as they state them: margins in whole numbers, auctions."""

from tickmargin.protocols import derive, dydx_v4

__all__ = ["derive", "dydx_v4"]
