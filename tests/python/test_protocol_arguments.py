"""Arguments of the protocols' rules are named when they are wrong, with a stable code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tickmargin.errors import TickMarginError
from tickmargin.protocols import drift_v2, vega

MARKET = vega.Market(144, Fraction(1, 10), Decimal("0.11"))
TOKEN = drift_v2.SpotMarket()
LEG = drift_v2.Leg(8_000, 1_000_000, 6, 1_000_000)


def held(**changes: Any) -> list[drift_v2.SpotPosition]:
    row: dict[str, Any] = {"market": TOKEN, "tokens": 1, "price": 1, **changes}
    return [drift_v2.SpotPosition(**row)]


@pytest.mark.parametrize(
    ("call", "name", "code"),
    [
        (lambda: drift_v2.unrealized_pnl(1.5, 0, 1), "base", "WRONG_TYPE"),
        (lambda: drift_v2.unrealized_pnl(True, 0, 1), "base", "WRONG_TYPE"),
        (lambda: drift_v2.unrealized_pnl(1, 2**127, 1), "quote", "OUT_OF_RANGE"),
        (lambda: drift_v2.unrealized_pnl(2**100, 0, 2**100), "drift_unreal", "OUT_OF_RANGE"),
        (lambda: drift_v2.size_discount_asset_weight(-1, 1, 1), "size", "NEGATIVE_VALUE"),
        (lambda: drift_v2.account_margin(held(price=-1)), r"spot\[0\].price", "NEGATIVE_VALUE"),
        (lambda: drift_v2.account_margin(held(open_asks=1)), "open_asks", "OUT_OF_RANGE"),
        (
            lambda: drift_v2.account_margin(held(market=drift_v2.SpotMarket(19))),
            r"spot\[0\].market.decimals",
            "OUT_OF_RANGE",
        ),
        (
            lambda: drift_v2.account_margin(held(is_quote=True, open_orders=1)),
            r"spot\[0\] is the quote token",
            "UNEXPECTED_VALUE",
        ),
        (lambda: drift_v2.account_margin(margin_type="full"), "margin_type", "UNKNOWN_WORD"),
        (lambda: drift_v2.debt_to_cover(1, LEG, LEG, "1"), "insurance_fee", "WRONG_TYPE"),
        (lambda: drift_v2.funding_rate_delta(1, 0, 0), "drift_funding_rate_delta", "OUT_OF_RANGE"),
        (lambda: vega.maintenance_margin(MARKET, 1.0), "position", "WRONG_TYPE"),
        (lambda: vega.maintenance_margin(vega.Market(1.5, 0, 0), 1), "market.mark", "WRONG_TYPE"),
        (lambda: vega.margin_levels(vega.Market(1, -1, 0), 1), "risk_long", "NEGATIVE_VALUE"),
        (
            lambda: vega.maintenance_margin(vega.Market(1, Fraction(1, 2**127), 0), 1),
            "risk_long",
            "OUT_OF_RANGE",
        ),
        (
            lambda: vega.maintenance_margin(vega.Market(Decimal("nan"), 0, 0), 1),
            "market.mark",
            "NOT_FINITE",
        ),
        (
            lambda: vega.maintenance_margin(vega.Market(1, 0, 0, position_factor=0), 1),
            "position_factor",
            "NOT_POSITIVE",
        ),
        (
            lambda: vega.margin_levels(MARKET, 1, [vega.Order(1), vega.Order(-1)]),
            r"buys\[1\].size",
            "NEGATIVE_VALUE",
        ),
        (lambda: vega.order_side_margin(1, [], "both", 1), "side", "UNKNOWN_WORD"),
        (lambda: vega.capped_margin(1, 11, 10), "entry", "OUT_OF_RANGE"),
        (lambda: vega.distribute([], 1, 2), "amounts", "MISSING_VALUE"),
        (lambda: vega.distribute([1], 1, 2, 1), "network", "OUT_OF_RANGE"),
        (lambda: vega.lognormal_risk_factors(0.0, 1, 0, 1), "risk_aversion", "OUT_OF_RANGE"),
        (lambda: vega.lognormal_risk_factors(0.1, -1, 0, 1), "tau", "NEGATIVE_VALUE"),
        (lambda: vega.lognormal_risk_factors(0.1, 1, 0, float("inf")), "sigma", "NOT_FINITE"),
        (lambda: vega.lognormal_risk_factors(0.1, 1, "0", 1), "mu", "WRONG_TYPE"),
    ],
)
def test_a_wrong_argument_is_named(call: Callable[[], Any], name: str, code: str) -> None:
    with pytest.raises(TickMarginError, match=name) as caught:
        call()
    assert caught.value.code == code


def test_what_has_no_price_or_amount_says_so() -> None:
    assert vega.liquidation_price(MARKET, 0, 100) is None
    assert drift_v2.base_to_cover(1, 100, 10_000, 0, 1) == drift_v2.ALL_BASE
    assert drift_v2.debt_to_cover(1, LEG, LEG) == drift_v2.ALL_TOKENS


def test_vega_liquidation_price_of_a_long() -> None:
    # 10 at 100 with 150 behind them: at p, 150 + 10 (p - 100) = 10 p / 10
    market = vega.Market(100, Fraction(1, 10), Fraction(1, 10))
    assert vega.liquidation_price(market, 10, 150) == Fraction(850, 9)
