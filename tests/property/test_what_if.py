"""What an order would do is what it does: the twin of the portfolio with the order filled."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Pocket, Twin
from tests.oracle.margin_orders import fill
from tests.oracle.margin_values import Contract
from tests.property.books import CI, METHODS, columns, engine_of, make_inputs
from tests.property.compare import ROUNDING, room
from tests.property.markets import between

draws = st.randoms(use_true_random=False)
EFFECTS = (
    ("equity", "equity_initial"),
    ("initial_margin", "initial_margin"),
    ("maintenance_margin", "maintenance_margin"),
)


def make_order(rng: random.Random, drawn: Inputs) -> dict[str, Any]:
    """An order of the first account near the market, or up to three times as dear."""
    instrument = rng.choice(drawn.portfolio["instruments"])
    price = Twin(drawn).market.index(instrument["underlying"]) * between(rng, 0.95, 1.05)
    price *= rng.choice([1.0, 1.0, between(rng, 1.0, 3.0), 1.0 / between(rng, 1.0, 3.0)])
    if instrument["kind"] == "option":
        price = 0.03 if instrument["payoff"] == "coin" else 0.03 * price
    return {
        "account": drawn.portfolio["accounts"][0]["account"],
        "pocket": "cross",
        "instrument": instrument["instrument"],
        "quantity": rng.choice([-50.0, -5.0, -1.0, -0.3, 0.3, 1.0, 7.0, 50.0]),
        "price": price,
    }


def one_sided(drawn: Inputs) -> Inputs:
    """The book without hedge-mode sides: an order does not say which side it means."""
    rows = [{**r, "side": None} for r in drawn.portfolio["positions"] if not r.get("side")]
    return drawn.with_portfolio(positions=rows)


def draw(rng: random.Random, method: str) -> tuple[Inputs, dict[str, Any]]:
    """A book and an order whose effect the twin can tell."""
    drawn = one_sided(make_inputs(rng, method))
    order = make_order(rng, drawn)
    for row in drawn.portfolio["positions"]:  # an entry that is not known has no mean
        assume(row.get("entry_price") is not None or row["instrument"] != order["instrument"])
    return drawn, order


def cross(drawn: Inputs, order: dict[str, Any]) -> Pocket:
    """The twin's view of the order's pocket."""
    return Twin(drawn).pockets()[order["account"], "cross"]


def verdict(before: Pocket, after: Pocket) -> str:
    """Whether an order passes: covered, or raising neither initial margin nor a shortfall."""
    if after.equity_initial >= after.initial_margin:
        return "accepted"
    rises = after.initial_margin > before.initial_margin
    worse = above(after) < above(before)
    return "refused_margin" if rises or worse else "accepted_reduces"


def above(pocket: Pocket) -> float:
    """What equity has beyond initial margin."""
    return pocket.equity_initial - pocket.initial_margin


def near_a_border(before: Pocket, after: Pocket) -> bool:
    """Whether rounding may decide."""
    near = room(after) + room(before) + 2 * ROUNDING
    gaps = (
        after.equity_initial - after.initial_margin,
        after.initial_margin - before.initial_margin,
        above(after) - above(before),
    )
    return any(abs(gap) <= near for gap in gaps)


@CI
@given(draws, st.sampled_from(METHODS))
def test_effects_are_those_of_the_filled_portfolio(rng: random.Random, method: str) -> None:
    drawn, order = draw(rng, method)
    row = engine_of(drawn).what_if(columns([order])).row(0)
    before, after = cross(drawn, order), cross(fill(drawn, order), order)
    for when, pocket in (("before", before), ("after", after)):
        for name, attribute in EFFECTS:
            difference = abs(row[f"{name}_{when}"] - getattr(pocket, attribute))
            assert difference <= room(after) + room(before) + ROUNDING, (name, when)
    if not near_a_border(before, after):
        assert row["reason"] == verdict(before, after)
        assert row["accepted"] == (row["reason"] != "refused_margin")


@CI
@given(draws, st.sampled_from(METHODS))
def test_an_accepted_order_is_covered_when_recomputed(rng: random.Random, method: str) -> None:
    drawn, order = draw(rng, method)
    row = engine_of(drawn).what_if(columns([order])).row(0)
    result = engine_of(fill(drawn, order)).recompute()
    pocket = next(
        p for p in result.pockets if (p["account"], p["pocket"]) == (order["account"], "cross")
    )
    before, after = cross(drawn, order), cross(fill(drawn, order), order)
    if not near_a_border(before, after):
        covered = pocket["equity_initial"] >= pocket["initial_margin"]
        assert covered == (row["reason"] == "accepted")
    # Never what a recompute after the fill would refuse: it is covered, or no worse than it was.
    short = pocket["initial_margin"] - pocket["equity_initial"]
    short_before = row["initial_margin_before"] - row["equity_before"]
    if row["accepted"]:
        assert short <= max(0.0, short_before) + 4 * ROUNDING
        assert short <= 0.0 or pocket["initial_margin"] <= row["initial_margin_before"] + ROUNDING


def mark_of(contract: Contract) -> float:
    """Price at which a contract trades at its mark."""
    if not contract.is_option:
        return contract.mark
    return contract.value(None) / contract.premium(1.0)


def hedged(drawn: Inputs, order: dict[str, Any], quantity: float, name: str) -> Pocket:
    """The pocket after the order and a hedge at its mark."""
    twin = Twin(drawn)
    price = mark_of(Contract(twin.market, twin.instruments[name]))
    second = {**order, "instrument": name, "quantity": quantity, "price": price}
    return cross(fill(fill(drawn, order), second), order)


def check_hedge(drawn: Inputs, order: dict[str, Any], quantity: float, name: str) -> None:
    """With the hedge the order passes, with one percent less it does not."""
    before = cross(drawn, order)
    full = hedged(drawn, order, quantity, name)
    less = hedged(drawn, order, 0.99 * quantity, name)
    near = room(full) + room(before) + 3 * ROUNDING

    def margin_of_passing(after: Pocket) -> float:
        eased = before.initial_margin - after.initial_margin, above(after) - above(before)
        return max(above(after), min(eased))

    assert margin_of_passing(full) >= -near
    assert margin_of_passing(less) < near


@CI
@given(draws, st.sampled_from(METHODS))
def test_the_hedge_quantity_passes_and_one_percent_less_does_not(
    rng: random.Random, method: str
) -> None:
    drawn, order = draw(rng, method)
    order["quantity"] *= 10.0
    engine = engine_of(drawn)
    for instrument in drawn.portfolio["instruments"]:
        name = instrument["instrument"]
        row = engine.what_if(columns([order]), hedge=name).row(0)
        if row["reason"] == "refused_margin" and row["hedge_quantity"] is not None:
            check_hedge(drawn, order, row["hedge_quantity"], name)
