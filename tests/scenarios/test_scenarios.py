"""Runs every row of every scenario table."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from tests.oracle.margin import Inputs
from tests.property.books import engine_of
from tests.scenarios.tables import AS_OF_NS, Check, Story, read_story

import tickmargin as tm

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.txt"))
COLUMNS = {
    "equity": "equity",
    "initial": "initial_margin",
    "maintenance": "maintenance_margin",
}
TICK = 1e-6
ROWS = [(path.stem, number) for path in FILES for number in range(len(read_story(path).checks))]


@cache
def story_and_engine(name: str) -> tuple[Story, tm.Engine]:
    story = read_story(FOLDER / f"{name}.txt")
    inputs = Inputs(AS_OF_NS, story.market, story.portfolio, story.policy)
    return story, engine_of(inputs, story.history)


def half_of_the_last_digit(printed: str) -> float:
    """How far a number may be from what is printed, and be printed so."""
    return 0.5 * 10.0 ** -len(printed.partition(".")[2])


def outcome(engine: tm.Engine, check: Check) -> dict[str, object]:
    """The account's row with the index moved."""
    row = engine.market.underlyings.names.tolist().index(check.underlying)
    index = float(engine.market.underlyings.index_price[row]) * (1.0 + check.move)
    result = engine.recompute(index={check.underlying: index} if check.move else None)
    return next(r for r in result.accounts if r["account"] == check.account)


@pytest.mark.parametrize(("name", "number"), ROWS, ids=[f"{n}-{i}" for n, i in ROWS])
def test_row(name: str, number: int) -> None:
    story, engine = story_and_engine(name)
    check = story.checks[number]
    got = outcome(engine, check)
    assert got["state"] == check.expected["state"], (check, got)
    for column, result in COLUMNS.items():
        printed = check.expected[column]
        near = 2 * TICK if "." not in printed else half_of_the_last_digit(printed) + TICK
        assert got[result] == pytest.approx(float(printed), abs=near), (check, column)


def test_there_are_tables() -> None:
    assert len(FILES) >= 5
    states = {c.expected["state"] for p in FILES for c in read_story(p).checks}
    assert states == {"healthy", "warning", "margin_call", "liquidating", "bankrupt"}
