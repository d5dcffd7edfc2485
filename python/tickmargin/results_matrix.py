"""Every step of an account's risk matrix, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickmargin.result_tables import Names, table_of
from tickmargin.table import Table

__all__ = ["RiskMatrix", "risk_matrix_of"]

_VECTORS = (
    "pocket",
    "underlying",
    "level",
    "settlement_asset",
    "instrument",
    "table",
    "index",
    "price_move",
    "vol_shock",
    "weight",
    "profit",
)


@dataclass(frozen=True, slots=True, eq=False)
class RiskMatrix:
    """What a policy of method ``matrix`` sees in an account, step by step.

    Amounts are in the numeraire. Profits of a pair that is counted in coins are coins times
    today's price of the coin: divided by it they are the venue's own figures.

    Attributes
    ----------
    vectors : Table
        pocket, underlying, level, settlement_asset, instrument, table (standard, extended), index
        (from 1, prices low to high and volatility up, same, down in each), price_move, vol_shock,
        weight, profit. The levels in their order: ``initial``, a position's weighted profits;
        ``unweighted`` and ``pre_aggregated``, those of everything that settles in one asset;
        ``aggregated``, after the dampener and the offset of gains; ``total`` of the underlying.
    charges : Table
        pocket, underlying, charge, amount: before the policy's initial and maintenance factors.
        ``worst_case`` is the largest of ``standard``, ``extended`` and ``theta``;
        ``risk_matrix_margin`` is it with every line after it; ``delta`` is signed.
    volatilities : Table
        instrument, vol_shock, vol_annual: the volatilities at which options are revalued.
    """

    vectors: Table
    charges: Table
    volatilities: Table


def risk_matrix_of(raw: dict[str, Any], names: Names) -> RiskMatrix:
    """Tables of one account's risk matrix."""
    coded = {
        "pocket": names.pockets,
        "underlying": names.underlyings,
        "settlement_asset": names.assets,
        "instrument": names.instruments,
    }
    charges = ("pocket", "underlying", "charge", "amount")
    volatilities = ("instrument", "vol_shock", "vol_annual")
    return RiskMatrix(
        vectors=table_of("vectors", _VECTORS, raw["vectors"], coded),
        charges=table_of("charges", charges, raw["charges"], coded),
        volatilities=table_of("volatilities", volatilities, raw["volatilities"], coded),
    )
