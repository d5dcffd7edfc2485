"""Projections against their slow twin on random markets and books, and what must hold of all."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import STATES, Inputs, Pocket, Twin
from tests.oracle.margin_projection import projected
from tests.property.books import CI, METHODS, engine_of, inputs, make_inputs
from tests.property.compare import ROUNDING, room
from tests.property.markets import between, sometimes
from tests.property.test_twin import with_normal_options, with_settled_shares

import tickmargin as tm

draws = st.randoms(use_true_random=False)
methods = st.sampled_from(METHODS)


def check_cell(
    cell: tm.Projection, place: tuple[int, ...], pockets: dict[tuple[str, str], Pocket], twin: Twin
) -> None:
    """One account's cell: sums of its pockets and the worst of their states."""
    for a, account in enumerate(cell.accounts):
        own = [pocket for (name, _), pocket in pockets.items() if name == account]
        at = (a, *place)
        if any(pocket.statuses for pocket in own):
            assert cell.state[at] == "undecidable"
            assert math.isnan(cell.equity[at])
            continue
        near = sum(room(pocket) + ROUNDING for pocket in own)
        for name in ("equity", "equity_initial", "initial_margin", "maintenance_margin"):
            expected = math.fsum(getattr(pocket, name) for pocket in own)
            assert abs(getattr(cell, name)[at] - expected) <= near, (account, name)
        if all(twin.border_distance(pocket) > 2 * near for pocket in own):
            assert cell.state[at] == max((twin.state(p) for p in own), key=STATES.index)


def check_projection(drawn: Inputs, rng: random.Random, highest: float = 0.8) -> None:
    kind = rng.choice(["relative", "absolute"])
    underlying = rng.choice([None, rng.choice(drawn.market["underlyings"])["underlying"]])
    moves = rng.choice([(0.0,), (between(rng, -0.6, highest),)])
    shocks = rng.choice([(0.0,), (between(rng, -0.9, 1.5),)])
    days = rng.choice([(0.0,), (0.05, 1.0), (0.5,), (7.0,), (30.0,), (91.0,)])
    cell = engine_of(drawn).projection(
        price_moves=moves,
        vol_shocks=shocks,
        forward_days=days,
        underlying=underlying,
        vol_shock_kind=kind,
    )
    twin = Twin(drawn)
    for p, move in enumerate(moves):
        for v, shock in enumerate(shocks):
            for d, ahead in enumerate(days):
                pockets = projected(
                    drawn,
                    price_move=move,
                    vol_shock=shock,
                    days=ahead,
                    underlying=underlying,
                    kind=kind,
                )
                check_cell(cell, (p, v, d), pockets, twin)


@CI
@given(draws, methods)
def test_a_projection_agrees_with_the_twin(rng: random.Random, method: str) -> None:
    check_projection(make_inputs(rng, method), rng)


@CI
@given(draws, methods)
def test_contracts_half_through_their_average_settle_by_it(rng: random.Random, method: str) -> None:
    check_projection(with_settled_shares(rng, make_inputs(rng, method)), rng)


@CI
@given(draws, methods)
def test_normal_volatilities_are_shocked_too(rng: random.Random, method: str) -> None:
    # A forward below zero stays there: above it another model would hold.
    check_projection(with_normal_options(rng, make_inputs(rng, method)), rng, highest=-0.001)


@CI
@given(draws, methods)
def test_what_is_missing_stays_undecidable(rng: random.Random, method: str) -> None:
    drawn = make_inputs(rng, method)
    market = {name: [dict(row) for row in rows] for name, rows in drawn.market.items()}
    for row in market["underlyings"]:
        if sometimes(rng, 0.3):
            row["index_price"] = None
        if sometimes(rng, 0.3):
            row["realised_vol_annual"] = None
    for row in market["marks"]:
        if sometimes(rng, 0.2):
            row["vol_annual"] = None
    check_projection(replace(drawn, market=market), rng)


@CI
@given(inputs())
def test_no_move_is_a_recompute_to_the_bit(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    here = engine.projection(price_moves=[0.0], vol_shocks=[0.0], forward_days=[0.0])
    accounts = engine.recompute().accounts
    for name in ("equity", "equity_initial", "initial_margin", "maintenance_margin"):
        assert getattr(here, name)[:, 0, 0, 0].tobytes() == accounts[name].tobytes()
    assert here.state[:, 0, 0, 0].tolist() == accounts["state"].tolist()


@CI
@given(inputs())
def test_fewer_accounts_threads_and_orders_change_no_bit(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    axes = {"price_moves": [-0.2, 0.1], "vol_shocks": [0.3], "forward_days": [0, 1, 40]}
    whole = engine.projection(**axes, threads=3)
    some = engine.projection(accounts=list(reversed(whole.accounts)), **axes)
    assert some.accounts == tuple(reversed(whole.accounts))
    for name in ("equity", "initial_margin", "maintenance_margin"):
        assert np.array_equal(getattr(some, name)[::-1], getattr(whole, name), equal_nan=True)


def test_the_index_moves_as_recompute_moves_it() -> None:
    drawn = make_inputs(random.Random(7), "scenario")
    engine = engine_of(drawn)
    index = {row["underlying"]: row["index_price"] * 1.25 for row in drawn.market["underlyings"]}
    moved = engine.projection(price_moves=[0.25], vol_shocks=[0.0], forward_days=[0.0])
    accounts = engine.recompute(index=index).accounts
    assert moved.equity[:, 0, 0, 0] == pytest.approx(accounts["equity"], abs=1e-5)
