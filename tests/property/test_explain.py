"""What `explain` lists adds up to what `recompute` says, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from hypothesis import given
from tests.oracle.margin import Inputs
from tests.property.books import CI, engine_of, inputs

import tickmargin as tm

TICKS_A_UNIT = 10**6
SIDES = (("initial", "initial_margin"), ("maintenance", "maintenance_margin"))


def left_fold(numbers: Iterable[float]) -> float:
    """Add from first to last, as the promise says; `sum` of Python 3.12 would compensate."""
    total = 0.0
    for number in numbers:
        total = total + number
    return total


def ticks(amount: float) -> int:
    """A rounded amount as whole ticks."""
    return round(Fraction(amount) * TICKS_A_UNIT)


@CI
@given(inputs())
def test_requirement_lines_fold_to_the_row(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for row in engine.recompute().pockets:
        lines = [
            line
            for line in engine.explain(row["account"]).requirement
            if line["pocket"] == row["pocket"]
        ]
        for _, column in SIDES:
            parts = [line[column] for line in lines if line["component"] != "rounding"]
            exact = Fraction(left_fold(parts)) * TICKS_A_UNIT
            assert math.ceil(exact) == ticks(row[column])
            rounding = [line[column] for line in lines if line["component"] == "rounding"]
            assert left_fold([*parts, *rounding]) == row[column]


@CI
@given(inputs())
def test_equity_lines_fold_to_the_row(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for row in engine.recompute().pockets:
        lines = [
            line
            for line in engine.explain(row["account"]).equity
            if line["pocket"] == row["pocket"]
        ]
        for side, column in (("initial", "equity_initial"), ("maintenance", "equity")):
            parts = [line[side] for line in lines if line["kind"] != "rounding"]
            exact = Fraction(left_fold(parts)) * TICKS_A_UNIT
            assert math.floor(exact) == ticks(row[column])
            rounding = [line[side] for line in lines if line["kind"] == "rounding"]
            assert left_fold([*parts, *rounding]) == row[column]


@CI
@given(inputs())
def test_accounts_with_one_pocket_repeat_its_row(drawn: Inputs) -> None:
    result = engine_of(drawn).recompute()
    for account in result.accounts:
        own = [row for row in result.pockets if row["account"] == account["account"]]
        if len(own) == 1:
            shared = set(own[0]) & set(account)
            assert {key: own[0][key] for key in shared} == {key: account[key] for key in shared}


def scan_losses(engine: tm.Engine, account: str) -> dict[tuple[str, str], float]:
    """Contributions of each (pocket, underlying), folded in order."""
    parts: dict[tuple[str, str], list[float]] = {}
    for line in engine.explain(account).positions:
        parts.setdefault((line["pocket"], line["underlying"]), []).append(line["contribution"])
    return {key: left_fold(numbers) for key, numbers in parts.items()}


@CI
@given(inputs(["scenario"]))
def test_contributions_fold_to_the_scan_line(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for account in {row["account"] for row in drawn.portfolio["positions"]}:
        losses = scan_losses(engine, account)
        for line in engine.explain(account).requirement:
            if line["component"] == "scan":
                loss = losses[line["pocket"], line["underlying"]]
                own = drawn.policy.get("underlyings", {}).get(line["underlying"], {})
                rules = {**drawn.policy["scenario"], **own.get("scenario", {})}
                for name, column in SIDES:
                    factor = rules[f"{name}_factor"]
                    assert line[column] == factor * loss
