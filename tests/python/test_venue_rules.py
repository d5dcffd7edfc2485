"""Rules beside a requirement: bad arguments are named, and the rules keep their own laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tickmargin import clearing
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.venues import binance, deribit, okx


@pytest.mark.parametrize(
    ("call", "named", "code"),
    [
        (lambda: deribit.margins(math.nan), "risk_matrix_margin", "NOT_FINITE"),
        (lambda: deribit.margins(1.0, mm_factor=1.5), "mm_factor", "INVALID_ARGUMENT"),
        (lambda: deribit.leverage(1.0, 0.0), "margin", "NOT_POSITIVE"),
        (lambda: okx.option_order_margin("sell", 1, 0.1, multiplier=1), "sell", "INVALID_ARGUMENT"),
        (
            lambda: okx.discounted_equity(1.0, 1.0, [(5.0, 0.9), (2.0, 0.8)]),
            "tiers[1]",
            "TIERS_NOT_INCREASING",
        ),
        (
            lambda: okx.discounted_equity(1.0, 1.0, [(5.0, 0.9), (6.0, 0.95)]),
            "tiers[1]",
            "TIERS_NOT_INCREASING",
        ),
        (
            lambda: okx.account_margins(
                [1.0],
                liability=1.0,
                borrow_initial_ratio=0.01,
                borrow_maintenance_ratio=0.02,
                adjusted_equity=1.0,
            ),
            "borrow_initial_ratio",
            "INITIAL_BELOW_MAINTENANCE",
        ),
        (
            lambda: clearing.intra_commodity_spreads({"A": 1.0}, [("A", "B", 1.0)]),
            "priority[0]",
            "UNKNOWN_TIER",
        ),
        (lambda: clearing.scan([(1.0, [0.0] * 15)]), "positions[0]", "LENGTH_MISMATCH"),
        (lambda: clearing.valuation_points(0.1, 0.1, 9), "count", "INVALID_ARGUMENT"),
    ],
)
def test_a_bad_argument_is_named(call: Callable[[], Any], named: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call()
    assert refused.value.code == code
    assert named in str(refused.value)


def test_a_wrong_type_is_a_type_error() -> None:
    with pytest.raises(InputTypeError, match="margin"):
        deribit.leverage(1.0, "2")  # type: ignore[arg-type]


def test_a_discounted_debt_counts_in_full() -> None:
    tiers = [(5e6, 1.0), (10e6, 0.975), (math.inf, 0.95)]
    assert okx.discounted_equity(12e6, 1.0, tiers) == pytest.approx(5e6 + 4.875e6 + 1.9e6)
    assert okx.discounted_equity(-12e6, 1.0, tiers) == -12e6


@pytest.mark.parametrize(
    ("ratio", "state"),
    [
        (1.6, "normal"),
        (1.5, "reminder"),
        (1.2, "reduce_only"),
        (1.05, "liquidation"),
        (1.0, "claimed"),
    ],
)
def test_states_of_the_unified_ratio(ratio: float, state: str) -> None:
    assert binance.uni_mmr_state(ratio) == state
    assert binance.uni_mmr(ratio * 200.0 + 5.0, 200.0, 5.0) == pytest.approx(ratio)


def test_a_sell_never_loses_against_a_mark_below_it() -> None:
    assert binance.coin_open_loss(-10, 100, 9_900, 9_800) == 0.0
    assert binance.coin_open_loss(10, 100, 9_900, 9_800) == pytest.approx(
        1000 / 9_800 - 1000 / 9_900
    )
