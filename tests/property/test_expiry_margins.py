"""Methods ``portfolio`` and ``standard`` against their slow twins, and as presets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden.derive_book import Book
from tests.oracle import derive as twin

import tickmargin as tm

PRESETS = Path(tm.__file__).parent / "presets"
VENUES = ("derive-pmrm1", "derive-pmrm2", "derive-srm", "paradex-pm")
SPOT = 2000.0

RULES: dict[str, Any] = {
    "vol_up": 0.5,
    "vol_down": 0.3,
    "vol_power_short": 0.3,
    "vol_power_long": 0.13,
    "vol_up_floor_annual": 0.4,
    "min_days": 1.0,
    "basis_up": 0.05,
    "basis_down": -0.04,
    "basis_add": 0.5,
}
SKEW = {
    "linear_base": 0.15,
    "linear_slope": -0.05,
    "absolute_base": 0.2,
    "absolute_slope": -0.05,
    "min_reach": 0.01,
    "width": 4.0,
    "vol_slope": -0.1,
}
DISCOUNT = {"long": (0.95, 1.0, 0.08), "short": (1.04, 0.5, 0.08)}
KINDS = ("none", "up", "down", "linear", "absolute")
STANDARD = {
    "spot_max": 0.15,
    "spot_min": 0.1,
    "call_maintenance": 0.075,
    "put_maintenance": 0.075,
    "put_mark_maintenance": 0.1,
    "put_initial_scale": 1.05,
    "unpaired_initial": 1.2,
    "unpaired_maintenance": 1.1,
    "perpetual_initial": 0.1,
    "perpetual_maintenance": 0.05,
}

options = st.lists(
    st.fixed_dictionaries(
        {
            "K": st.sampled_from([1500.0, 1900.0, 2000.0, 2400.0]),
            "call": st.booleans(),
            "amt": st.sampled_from([-3.0, -1.0, 0.5, 2.0]),
            "vol": st.sampled_from([0.4, 0.8]),
        }
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda o: (o["K"], o["call"]),
)
expiries = st.lists(
    st.tuples(st.sampled_from([3600, 400_000, 5_000_000, 30_000_000]), options),
    min_size=1,
    max_size=3,
    unique_by=lambda e: e[0],
)


def portfolio_book(held: list[tuple[int, Any]], fixed: float, perps: float) -> Book:
    scenarios = [{"move": m, "vol": k} for m in (-0.2, 0.0, 0.3) for k in KINDS[:3]]
    scenarios += [{"vol": k} for k in KINDS[3:]]
    names = ("base", "rate_factor", "add")
    discounts = {
        f"{side}_discount": dict(zip(names, terms, strict=True)) for side, terms in DISCOUNT.items()
    }
    rules = {**RULES, "basis_factor": 2.0, "skew": {**SKEW, "vol": 0.6}, **discounts}
    book = Book({"method": "portfolio", "portfolio": {**rules, "scenarios": scenarios}}, {}, 0.0)
    book.underlying("X", SPOT, 1.0, 1.0)
    book.perpetual("X", perps, SPOT + 5.0, 0.0)
    for seconds, opts in held:
        forward = {"forward_price": SPOT + 10.0, "fixed_price": fixed, "rate_annual": 0.05}
        book.expiry("X", seconds, opts, **forward)
    return book


@settings(max_examples=30, deadline=None)
@given(expiries, st.sampled_from([0.0, 700.0]), st.sampled_from([-1.5, 0.0, 2.0]))
def test_portfolio_equals_its_twin(held: list[Any], fixed: float, perps: float) -> None:
    explained = portfolio_book(held, fixed, perps).engine().explain("A")
    p: dict[str, Any] = {**RULES, **SKEW, "vol_0": 0.6, "basis_mult": 2.0}
    for side, (base, factor, add) in DISCOUNT.items():
        p |= {f"{side}_base": base, f"{side}_mult": factor, f"{side}_add": add}
    nodes = {"ffix": fixed, "fvar": SPOT + 10.0 - fixed, "rate": 0.05}
    rows = [{"sec": s, "opts": o, **nodes} for s, o in held]
    portfolio = {"perps": perps, "perp_price": SPOT + 5.0, "expiries": rows, "offsetting": 0.0}
    profits = []
    kinds = [*KINDS[:3] * 3, *KINDS[3:]]
    for row, kind in zip(explained.scenarios, kinds, strict=True):
        s = {"move": row["price_move"], "vol": kind, "weight": 1.0}
        profits.append(twin.scenario_profit(portfolio, p, s))
        assert row["profit"] == pytest.approx(profits[-1], rel=1e-9, abs=1e-8)
    loss = -min(0.0, *profits, twin.basis_profit(portfolio, p))
    lines = [line for line in explained.requirement if line["component"] != "rounding"]
    assert sum(line["initial_margin"] for line in lines) == pytest.approx(loss, rel=1e-9, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(expiries)
def test_standard_equals_its_twin(held: list[Any]) -> None:
    rules = {"method": "standard", "option_value": "requirement", "standard": STANDARD}
    book = Book(rules, {}, 0.0)
    book.underlying("X", SPOT, 1.0, 1.0)
    for seconds, opts in held:
        book.expiry("X", seconds, opts, forward_price=SPOT + 10.0)
    (row,) = book.engine().recompute().accounts
    for name, initial in (("initial_margin", True), ("maintenance_margin", False)):
        needed = sum(
            twin.standard_margin({"sec": s, "fwd": SPOT + 10.0, "opts": o}, SPOT, STANDARD, initial)
            for s, o in held
        )
        assert row[name] == pytest.approx(needed, rel=1e-9, abs=2e-8)


@pytest.mark.parametrize("perps", [0.0, 2.0])
def test_a_missing_volatility_makes_the_account_undecidable(perps: float) -> None:
    option = {"K": 2000.0, "call": True, "amt": -1.0, "vol": 0.5}
    book = portfolio_book([(400_000, [option])], 0.0, perps)
    book.marks[-1]["vol_annual"] = None
    (row,) = book.engine().recompute().accounts
    assert row["state"] == "undecidable"


@pytest.mark.parametrize("name", VENUES)
def test_a_venue_preset_loads(name: str) -> None:
    *_, file = sorted(PRESETS.glob(f"{name}-*.toml"))
    assert tm.Policies.load(file).loaded[0].name == name


def test_the_documented_preset_of_ones_own_runs() -> None:
    text = (PRESETS / "README.md").read_text("utf-8")
    example = text.split("<!-- a preset of your own -->\n~~~toml\n")[1].split("~~~")[0]
    policies = tm.Policies.from_toml(example)
    option = {"K": 2000.0, "call": True, "amt": -1.0, "vol": 0.5}
    book = portfolio_book([(400_000, [option])], 0.0, 0.0)
    before = book.engine()
    (row,) = before.recompute(policies=policies).accounts
    assert row["policy"] == "mine"
    # a short call at the money, 30 % up with volatility up, costs at least what it is in the money
    assert row["maintenance_margin"] > 0.2 * SPOT
