"""Every case that has an adapter, against the numbers of others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tests.golden import adapters
from tests.golden.cases import Case, folder, load_cases
from tests.golden.compare import disturbed, faults
from tests.golden.registry import ADAPTERS, known_families, reason_left_out, reasons

CASES = load_cases()
RUNNABLE = [case for case in CASES if case.pair in ADAPTERS]
PAIRS = {case.pair for case in CASES}
FAMILIES = {family for family, _, _ in PAIRS}

needs_cases = pytest.mark.skipif(not CASES, reason=f"no numeric cases in {folder()}")
# Part of the families, or others, may be somebody else's cases: the closing table tells of them.
needs_all = pytest.mark.skipif(
    known_families() != FAMILIES, reason=f"not just the known families in {folder()}"
)


@functools.cache
def answer(case: Case) -> Any:
    return ADAPTERS[case.pair](case.inputs)


def name(case: Case) -> str:
    return case.name


@needs_cases
def test_there_are_cases_and_adapters():
    assert RUNNABLE or not FAMILIES & {family for family, _, _ in ADAPTERS}
    assert adapters.LOADED


@pytest.mark.parametrize("case", RUNNABLE, ids=name)
def test_case(case: Case, record_property: Callable[[str, object], None]):
    record_property("golden", [case.system, case.method])
    assert faults(case.expected, answer(case), case.tolerance) == []


@pytest.mark.parametrize("case", RUNNABLE, ids=name)
def test_another_expectation_would_fail(case: Case):
    spoilt = list(disturbed(case.expected, case.tolerance))
    assert spoilt
    for expected in spoilt:
        assert faults(expected, answer(case), case.tolerance) != []


@needs_all
def test_every_method_has_an_adapter_or_a_reason():
    for pair in PAIRS:
        assert (pair in ADAPTERS) != (reason_left_out(pair) is not None), pair


@needs_all
def test_nothing_is_registered_or_excused_that_does_not_exist():
    assert set(ADAPTERS) <= PAIRS
    known = reasons()
    families = known.pop("families")
    assert set(families) <= FAMILIES
    assert not set(families) & set(known)
    for family, methods in known.items():
        assert set(methods) <= {f"{s} | {m}" for f, s, m in PAIRS if f == family}


def test_reasons_are_one_line():
    known = reasons()
    lines = [*known["families"].values()]
    for family in known.keys() - {"families"}:
        lines += known[family].values()
    for line in lines:
        assert "\n" not in line
        assert len(line) > 20
