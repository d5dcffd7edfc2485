"""Margin rules that on-chain protocols state in whole numbers, exactly as they state them."""

from tickmargin.protocols import dydx_v4

__all__ = ["dydx_v4"]
