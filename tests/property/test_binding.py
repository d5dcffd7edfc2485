"""The scenario that an order's answer names is the one that the twin finds after the fill."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs, Pocket, Twin
from tests.oracle.margin_orders import fill
from tests.oracle.margin_tail import TailTwin
from tests.property.books import CI, columns, engine_of, make_inputs
from tests.property.compare import room
from tests.property.tails import history_of, make_past, make_tail_inputs
from tests.property.test_what_if import make_order, one_sided

draws = st.randoms(use_true_random=False)
SAMPLED = ("historical", "age_weighted", "filtered", "monte_carlo")


def order_of(rng: random.Random, drawn: Inputs) -> dict[str, Any]:
    """An order whose fill the twin can tell."""
    order = make_order(rng, drawn)
    for row in drawn.portfolio["positions"]:
        assume(row.get("entry_price") is not None or row["instrument"] != order["instrument"])
    return order


def check_underlying(row: Any, pocket: Pocket) -> None:
    """It is the one that needs most initial margin."""
    needed: dict[Any, float] = {}
    for line in pocket.lines:
        if line.underlying is not None:
            needed[line.underlying] = needed.get(line.underlying, 0.0) + line.initial
    named = row["binding_underlying"]
    if named is None:
        assert all(amount <= room(pocket) for amount in needed.values())
    else:
        assert needed[named] >= max(needed.values()) - room(pocket)


@CI
@given(draws)
def test_the_scenario_that_binds_is_the_worst_of_its_underlying(rng: random.Random) -> None:
    drawn = one_sided(make_inputs(rng, "scenario"))
    order = order_of(rng, drawn)
    row = engine_of(drawn).what_if(columns([order])).row(0)
    pocket = Twin(fill(drawn, order)).pockets()[order["account"], "cross"]
    assume(row["equity_after"] is not None and not pocket.statuses)  # known before and after
    check_underlying(row, pocket)
    scan = pocket.scans.get(row["binding_underlying"])
    if scan is None or scan.loss() <= room(pocket):
        return
    named = row["binding_price_move"], row["binding_vol_shock"]
    alike = [
        -profit
        for shock, profit in zip(scan.shocks, scan.profits, strict=True)
        if all(abs(x - y) <= 1e-12 for x, y in zip(named, (shock.move, shock.vol), strict=True))
    ]
    assert max(alike) >= scan.loss() - room(pocket), (named, scan.loss())


def tails(twin: TailTwin, pocket: Pocket, name: str) -> Iterator[tuple[float, float]]:
    """What `name` does in the worst of maintenance margin's joint scenarios, term by term."""
    units = sorted(pocket.held)
    for sample, _ in twin.samples["maintenance"]:
        own = [twin._unit_losses(u, pocket.held[u], 0.0, sample) for u in units]
        total = [math.fsum(losses) for losses in zip(*own, strict=True)]
        parts = [part for part in twin.parts("maintenance", sample, total) if part[1] > 0.0]
        if math.fsum(weight * total[s] for s, weight in parts) > 0.0:
            worst = max(total[s] for s, _ in parts)
            yield from (sample.moves[name][s] for s, _ in parts if total[s] >= worst - room(pocket))


@CI
@given(draws, st.sampled_from(["var", "es"]), st.sampled_from(SAMPLED))
def test_under_joint_scenarios_it_is_the_worst_of_the_pocket(
    rng: random.Random, method: str, generator: str
) -> None:
    drawn, past = one_sided(make_tail_inputs(rng, method, generator)), make_past(rng)
    drawn.policy["collateral"] = "haircut"
    order = order_of(rng, drawn)
    row = engine_of(drawn, history_of(past)).what_if(columns([order])).row(0)
    twin = TailTwin(fill(drawn, order), past)
    pocket = twin.pockets()[order["account"], "cross"]
    assume(row["equity_after"] is not None and not pocket.statuses)  # known before and after
    check_underlying(row, pocket)
    name = row["binding_underlying"]
    if name is None or pocket.maintenance_margin <= room(pocket):
        return
    named = row["binding_price_move"], row["binding_vol_shock"]
    found = list(tails(twin, pocket, name))
    assert any(
        all(abs(x - y) <= 1e-9 for x, y in zip(named, other, strict=True)) for other in found
    ), (named, found)
