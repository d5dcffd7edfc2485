"""The table's refusals: figures without their circumstances say nothing."""

from __future__ import annotations

import copy

import pytest
from bench import machine, report


@pytest.fixture
def document() -> dict:
    contestant = {"median_ns": 1.0, "rows_per_s": 1.0, "processors": 1, "processors_had": 0.99}
    goal = {
        "row": "work",
        "ours": "ours",
        "peer": "theirs",
        "goal": 2.0,
        "ratio": {"median": 3.0, "lowest": 2.5, "highest": 3.5},
    }
    race = {
        "name": "race",
        "clock": "wall",
        "contestants": {"ours": contestant, "theirs": copy.copy(contestant)},
        "goals": [goal],
        "left_out": "",
    }
    facts = dict.fromkeys(report.FACTS, "known")
    facts |= {"memory_gib": 8.0, "packages": {"numpy": "2"}}
    return {"machine": facts, "rounds": 9, "small": False, "races": [race]}


def test_a_complete_document_becomes_a_table(document: dict) -> None:
    lines = report.render(document).splitlines()
    assert "| work | theirs | 3.00 | 2.50 to 3.50 | >= 2: reached |" in lines
    document["races"][0]["goals"][0]["ratio"]["median"] = 1.99
    assert "| 1.99 | 2.50 to 3.50 | >= 2: missed |" in report.render(document)


@pytest.mark.parametrize("fact", report.FACTS)
def test_a_missing_fact_is_named(document: dict, fact: str) -> None:
    del document["machine"][fact]
    with pytest.raises(report.UnfitError, match=fact):
        report.render(document)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"small": True}, "short"),
        ({"rounds": 6}, "rounds"),
        ({"races": []}, "no races"),
    ],
)
def test_unfit_runs_are_refused(document: dict, change: dict, match: str) -> None:
    with pytest.raises(report.UnfitError, match=match):
        report.render(document | change)


def test_a_shared_processor_is_refused(document: dict) -> None:
    document["races"][0]["contestants"]["theirs"]["processors_had"] = 0.5
    with pytest.raises(report.UnfitError, match="other programs"):
        report.render(document)
    document["races"][0]["clock"] = "processor"  # which does not count what others took
    assert report.render(document)


def test_this_machine_knows_every_fact() -> None:
    facts = machine.facts()
    assert [name for name in report.FACTS if not facts.get(name)] == []
