"""The engine against its slow twin on random markets, books and policies."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Twin
from tests.property.books import CI, METHODS, engine_of, inputs, make_inputs
from tests.property.compare import check_all, check_pockets
from tests.property.markets import AS_OF_NS, LIFE_NS, between, sometimes

draws = st.randoms(use_true_random=False)
methods = st.sampled_from(METHODS)


@CI
@given(inputs())
def test_everything_agrees_with_the_twin(given_inputs: Inputs) -> None:
    check_all(engine_of(given_inputs), Twin(given_inputs))


@CI
@given(draws, methods)
def test_a_moved_index_agrees_with_the_twin(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    name = rng.choice(made.market["underlyings"])["underlying"]
    price = Twin(made).market.index(name) * between(rng, 0.3, 2.5)
    twin = Twin(made)
    result = engine_of(made).recompute(index={name: price})
    check_pockets(result, twin, twin.pockets({name: price}))


@CI
@given(draws, methods)
def test_missing_inputs_make_exactly_the_touched_pockets_undecidable(
    rng: random.Random, method: str
) -> None:
    made = make_inputs(rng, method)
    market = {name: [dict(row) for row in rows] for name, rows in made.market.items()}
    for row in market["assets"]:
        if sometimes(rng, 0.1):
            row["mark_price"] = None
    for row in market["underlyings"]:
        for column in ("index_price", "realised_vol_annual"):
            if sometimes(rng, 0.1):
                row[column] = None
    for row in market["marks"]:
        if sometimes(rng, 0.15):
            row["mark_price"] = row["vol_annual"] = None
    if sometimes(rng, 0.3):
        market["forwards"] = []
    broken = Inputs(AS_OF_NS, market, made.portfolio, made.policy)
    twin = Twin(broken)
    check_pockets(engine_of(broken).recompute(), twin, twin.pockets())


@CI
@given(draws, methods)
def test_forwards_between_nodes_agree_with_the_twin(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    kept = [row for row in made.market["forwards"] if sometimes(rng, 0.5)]
    sparse = Inputs(AS_OF_NS, {**made.market, "forwards": kept}, made.portfolio, made.policy)
    twin = Twin(sparse)
    check_pockets(engine_of(sparse).recompute(), twin, twin.pockets())


@CI
@given(draws, methods)
def test_surface_volatilities_agree_with_the_twin(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    surface = [
        {
            "underlying": row["underlying"],
            "expiry_ns": AS_OF_NS + life,
            "strike": row["index_price"] * share,
            "vol_annual": between(rng, 0.3, 0.6),
        }
        for row in made.market["underlyings"]
        for life in LIFE_NS
        if sometimes(rng, 0.7)
        for share in (0.5, 0.9, 1.0, 1.1, 1.5)
        if sometimes(rng, 0.8)
    ]
    marks = [{**row, "vol_annual": None} for row in made.market["marks"]]
    market = {**made.market, "marks": marks, "surface": surface}
    drawn = Inputs(AS_OF_NS, market, made.portfolio, made.policy)
    twin = Twin(drawn)
    check_pockets(engine_of(drawn).recompute(), twin, twin.pockets())


def with_settled_shares(rng: random.Random, drawn: Inputs) -> Inputs:
    """Dated contracts inside their settlement window, some at its end."""
    index = {row["underlying"]: row["index_price"] for row in drawn.market["underlyings"]}
    marks = {row["instrument"]: dict(row) for row in drawn.market["marks"]}
    for row in drawn.portfolio["instruments"]:
        share = rng.choice([0.0, 0.25, 0.5, 0.9, 1.0])
        marks[row["instrument"]]["settled_share"] = share
        average = index[row["underlying"]] * between(rng, 0.7, 1.3)
        marks[row["instrument"]]["settled_average"] = average
    market = {**drawn.market, "marks": list(marks.values())}
    return Inputs(AS_OF_NS, market, drawn.portfolio, drawn.policy)


@CI
@given(draws, methods)
def test_contracts_in_their_settlement_window_agree_with_the_twin(
    rng: random.Random, method: str
) -> None:
    drawn = with_settled_shares(rng, make_inputs(rng, method))
    check_all(engine_of(drawn), Twin(drawn))


def with_normal_options(rng: random.Random, drawn: Inputs) -> Inputs:
    """Two options on a forward below zero instead of all that is dated on the first underlying."""
    first = drawn.market["underlyings"][0]
    name, index = first["underlying"], first["index_price"]
    expiry_ns = AS_OF_NS + LIFE_NS[3]
    forwards = [
        {**row, "forward_price": -index * between(rng, 0.01, 0.5)}
        if (row["underlying"], row["expiry_ns"]) == (name, expiry_ns)
        else row
        for row in drawn.market["forwards"]
    ]
    dated = {
        row["instrument"]
        for row in drawn.portfolio["instruments"]
        if row["underlying"] == name and row.get("expiry_ns")
    }
    options = [
        {
            "instrument": f"NORMAL-{kind}",
            "kind": "option",
            "underlying": name,
            "settlement_asset": "USD",
            "payoff": "linear",
            "multiplier": 1.0,
            "strike": index * between(rng, -0.5, 0.5),
            "expiry_ns": expiry_ns,
            "option_type": kind,
            "bachelier": True,
        }
        for kind in ("call", "put")
    ]
    marks = [
        {"instrument": row["instrument"], "vol_normal_annual": index * between(rng, 0.1, 1.0)}
        for row in options
    ]
    account = drawn.portfolio["accounts"][0]["account"]
    held = [
        {
            "account": account,
            "pocket": "cross",
            "instrument": row["instrument"],
            "quantity": rng.choice([-2.0, 1.0, 3.0]),
        }
        for row in options
    ]
    tables = {
        name: [row for row in drawn.portfolio[name] if row["instrument"] not in dated]
        for name in ("instruments", "positions")
    }
    portfolio = {
        **drawn.portfolio,
        "instruments": tables["instruments"] + options,
        "positions": tables["positions"] + held,
    }
    market = {**drawn.market, "forwards": forwards, "marks": [*drawn.market["marks"], *marks]}
    return Inputs(AS_OF_NS, market, portfolio, drawn.policy)


@CI
@given(draws, methods)
def test_options_on_a_negative_forward_agree_with_the_twin(rng: random.Random, method: str) -> None:
    drawn = with_normal_options(rng, make_inputs(rng, method))
    check_all(engine_of(drawn), Twin(drawn))


def with_everlasting_options(rng: random.Random, drawn: Inputs) -> Inputs:
    """A call and a put without an expiry beside what is there, sometimes without a volatility."""
    first = drawn.market["underlyings"][0]
    name, index = first["underlying"], first["index_price"] or 100.0
    options = [
        {
            "instrument": f"EVERLASTING-{kind}",
            "kind": "option",
            "underlying": name,
            "settlement_asset": "USD",
            "payoff": "linear",
            "multiplier": rng.choice([1.0, 0.1]),
            "strike": index * between(rng, 0.6, 1.6),
            "option_type": kind,
            "funding_period_days": between(rng, 0.5, 30.0),
            "funding_rate_annual": rng.choice([0.0, 0.1095, -0.05]),
        }
        for kind in ("call", "put")
    ]
    marks = [
        {
            "instrument": row["instrument"],
            "vol_annual": between(rng, 0.2, 1.5) if rng.random() < 0.95 else None,
        }
        for row in options
    ]
    account = drawn.portfolio["accounts"][0]["account"]
    held = [
        {
            "account": account,
            "pocket": "cross",
            "instrument": row["instrument"],
            "quantity": rng.choice([-2.0, 1.0, 3.0]),
        }
        for row in options
    ]
    portfolio = {
        **drawn.portfolio,
        "instruments": [*drawn.portfolio["instruments"], *options],
        "positions": [*drawn.portfolio["positions"], *held],
    }
    market = {**drawn.market, "marks": [*drawn.market["marks"], *marks]}
    return Inputs(AS_OF_NS, market, portfolio, drawn.policy)


@CI
@given(draws, methods)
def test_everlasting_options_agree_with_the_twin(rng: random.Random, method: str) -> None:
    drawn = with_everlasting_options(rng, make_inputs(rng, method))
    check_all(engine_of(drawn), Twin(drawn))
