"""Long and short of one market are one position: netting them in float64 leaves no unit over."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import example, given
from hypothesis import strategies as st
from tests.oracle import protocol_margin as twin
from tests.property.books import CI
from tests.property.test_protocol_policies import MONEY, Row, engine, lines, parts

legs = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6))
hedged = st.tuples(legs, legs).map(lambda both: [both[0], (-both[1][0], both[1][1])])
prices = st.integers(1, 10**6)
# In units of 1e-5 the rest of 16 - 14 is a little more than 2 in float64.
HEDGED = [(14, 100), (-16, 3_400)]


def asked(rule: Row, rows: list[tuple[int, int]], price: int) -> tuple[int, ...]:
    policy = {"method": "protocol", "haircuts": {"USDC": 0.0}, "protocol": rule}
    made = engine(
        policy,
        {"BTC": {"index": price / 100, "price": price / 100}},
        {"USDC": 10.0},
        held=[("BTC", size / 10**5, entry / 100) for size, entry in rows],
    )
    return tuple(parts(amount) for amount in lines(made, "futures").get("BTC", (0.0, 0.0)))


@CI
@given(hedged, prices)
@example(HEDGED, 3_400)
def test_under_dydx(rows: list[tuple[int, int]], price: int) -> None:
    rule = {
        "rule": "dydx_v4",
        "size_decimals": 5,
        "price_decimals": 2,
        "initial_margin_ppm": 50_000,
        "maintenance_fraction_ppm": 600_000,
    }
    open_interest = {"custom_ppm": 0, "interest": 0, "lower_cap": 0, "upper_cap": 0}
    terms = {**rule, **open_interest, "quote_decimals": 6}
    assert asked(rule, rows, price) == tuple(twin.dydx(terms, sum(s for s, _ in rows), price))


@CI
@given(hedged, prices)
@example(HEDGED, 3_400)
def test_under_vega(rows: list[tuple[int, int]], price: int) -> None:
    rule = {
        "rule": "vega",
        "size_decimals": 5,
        "price_decimals": 2,
        "risk_long": 0.01,
        "risk_short": 0.01,
        "initial_scaling": 1.5,
    }
    terms = {
        **rule,
        "quote_decimals": 6,
        "risk_long": Fraction(1, 100),
        "risk_short": Fraction(1, 100),
        "linear_slippage": Fraction(0),
        "quadratic_slippage": Fraction(0),
        "funding": Fraction(0),
        "initial_scaling": Fraction(3, 2),
    }
    assert asked(rule, rows, price) == twin.vega_levels(terms, sum(s for s, _ in rows), price)


@CI
@given(hedged, prices)
@example(HEDGED, 3_400)
def test_under_drift(rows: list[tuple[int, int]], price: int) -> None:
    rule = {"rule": "drift_v2", "initial_ratio": 0.1, "maintenance_ratio": 0.05}
    paid = sum(Fraction(size * entry * MONEY, 10**7) for size, entry in rows)
    perp = {
        "market": {
            "initial_ratio": 1_000,
            "maintenance_ratio": 500,
            "size_factor": 0,
            "pnl_initial_weight": 10_000,
            "pnl_maintenance_weight": 10_000,
            "pnl_size_factor": 0,
        },
        "base": sum(size for size, _ in rows) * 10**4,
        "quote": floor(-paid),
        "price": price * 10**4,
    }
    by_hand = [twin.drift_account([], [perp], kind)[0] for kind in ("initial", "maintenance")]
    assert asked(rule, rows, price) == tuple(by_hand)
