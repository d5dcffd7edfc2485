"""Other cases of the same methods: numbers nobody published must not break an adapter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.golden import adapters
from tests.golden.cases import Case, Pair, load_cases
from tests.golden.registry import ADAPTERS

assert adapters.LOADED

CASES_EACH = 1  # of a method
PLACES_EACH = 6  # numbers of a case that are changed one by one

# An adapter may say that there is no answer, in words. Python saying so for it is a crash.
CRASHES = (ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError)

CHANGES: dict[str, Callable[[Any], Any]] = {
    "none": lambda value: 0 if isinstance(value, int) else 0.0,
    "threefold": lambda value: 3 * value,
    "opposite": lambda value: -value,
}


def some_cases() -> dict[Pair, list[Case]]:
    chosen: dict[Pair, list[Case]] = defaultdict(list)
    for case in load_cases():
        if case.pair in ADAPTERS and len(chosen[case.pair]) < CASES_EACH:
            chosen[case.pair].append(case)
    return chosen


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every number of a case's inputs."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from places(inner, (*path, key))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = changed(value[key], tuple(rest), change)
    return copy


def spread(paths: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    step = max(1, len(paths) // PLACES_EACH)
    return paths[::step]


SOME = some_cases()


@pytest.mark.parametrize("pair", SOME, ids=" | ".join)
def test_other_numbers_are_answered_or_refused(pair: Pair):
    asked = 0
    for case in SOME[pair]:
        for path in spread(list(places(case.inputs))):
            for word, change in CHANGES.items():
                inputs = changed(case.inputs, path, change)
                asked += 1
                try:
                    ADAPTERS[pair](inputs)
                except CRASHES as fault:
                    pytest.fail(f"{case.name}: {path} {word}: {type(fault).__name__}: {fault}")
                except ValueError as refusal:
                    words = str(refusal)
                    if not words:
                        pytest.fail(f"{case.name}: {path} {word}: refused without a word")
    assert asked or not any(list(places(case.inputs)) for case in SOME[pair])
