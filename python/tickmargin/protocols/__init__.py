"""Margin rules that on-chain protocols state in whole numbers, exactly as they state them."""

from tickmargin.protocols import drift_v2, dydx_v4, vega

__all__ = ["drift_v2", "dydx_v4", "vega"]
