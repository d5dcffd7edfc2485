"""Liquidation prices: the state flips exactly there, and nowhere before."""

from __future__ import annotations

import math
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.property.books import CI, METHODS, engine_of, make_inputs
from tests.property.compare import FLOAT_SHARE, ROUNDING, scale_of

import tickmargin as tm

PAST = ("liquidating", "bankrupt")
SCAN_POINTS = 120
LOWEST, HIGHEST = 1e-6, 1e4  # where the search ends, as multiples of the index


def state_at(engine: tm.Engine, account: str, name: str, price: float) -> str:
    """State of the cross pocket with the index at a price."""
    rows = engine.recompute(index={name: price}).pockets
    return next(r["state"] for r in rows if (r["account"], r["pocket"]) == (account, "cross"))


def scan_states(
    engine: tm.Engine, account: str, name: str, span: tuple[float, float]
) -> list[tuple[float, str]]:
    """States at prices spread evenly over the logarithm of a span, both ends left out."""
    prices = np.geomspace(span[0], span[1], SCAN_POINTS + 2)[1:-1]
    return [(price, state_at(engine, account, name, price)) for price in prices.tolist()]


def check_side(engine: tm.Engine, account: str, name: str, side: tuple[float, str, bool]) -> None:
    """One root: `side` is the price, its status, and whether it lies above the index."""
    root, status, above = side
    underlyings = engine.market.underlyings
    index = float(underlyings.index_price[underlyings.names.tolist().index(name)])
    end = index * (HIGHEST if above else LOWEST)
    now = state_at(engine, account, name, index)
    if status == "already_past":
        assert now in PAST
        return
    assert now not in PAST
    if (
        status == "undecidable"
    ):  # amounts overflow on the way, or numbers are missing from the start
        assert state_at(engine, account, name, end) == "undecidable"
        return
    if status == "found":
        assert state_at(engine, account, name, root) in PAST
        towards = math.nextafter(root, index)
        assert state_at(engine, account, name, towards) not in PAST
        end = towards
    else:
        assert status == "none"
        assert math.isnan(root)
    for price, state in scan_states(engine, account, name, (index, end)):
        assert state not in PAST, (price / index, root / index, status)


@CI
@given(st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_the_state_flips_exactly_at_the_price(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method, accounts=1)
    engine = engine_of(drawn)
    account = drawn.portfolio["accounts"][0]["account"]
    name = rng.choice(drawn.market["underlyings"])["underlying"]
    found = engine.liquidation_prices(account, name)
    check_side(engine, account, name, (found.lower, found.status_lower, False))
    check_side(engine, account, name, (found.upper, found.status_upper, True))


@CI
@given(st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_the_twin_has_no_slack_left_at_the_price(rng: random.Random, method: str) -> None:
    drawn: Inputs = make_inputs(rng, method, accounts=1)
    twin = Twin(drawn)
    account = drawn.portfolio["accounts"][0]["account"]
    level = twin.policy.levels["liquidation"]
    for row in drawn.market["underlyings"]:
        found = engine_of(drawn).liquidation_prices(account, row["underlying"])
        for root, status in (
            (found.lower, found.status_lower),
            (found.upper, found.status_upper),
        ):
            if status == "found":
                index = {row["underlying"]: root}
                pocket = twin.pockets(index)[account, "cross"]
                slack = pocket.equity - level * pocket.maintenance_margin
                assert slack <= FLOAT_SHARE * scale_of(pocket) + 2 * ROUNDING
