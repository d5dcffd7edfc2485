"""Margin rules that on-chain protocols state in whole numbers, exactly as they state them."""

from tickmargin.protocols import (
    aave_v3,
    compound_v3,
    drift_v2,
    dydx_v4,
    gmx_v2,
    hyperliquid,
    liquity_v1,
    maker,
    morpho_blue,
    panoptic,
    paradex,
    perp_v2,
    squeeth,
    synthetix_v3,
    vega,
    whole,
)

__all__ = [
    "aave_v3",
    "compound_v3",
    "drift_v2",
    "dydx_v4",
    "gmx_v2",
    "hyperliquid",
    "liquity_v1",
    "maker",
    "morpho_blue",
    "panoptic",
    "paradex",
    "perp_v2",
    "squeeth",
    "synthetix_v3",
    "vega",
    "whole",
]
