"""The framework itself: tolerances, disturbance, and what adapters may not do."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.golden.compare import disturbed, faults

FOLDER = Path(__file__).resolve().parent
ADAPTER_FILES = sorted((FOLDER / "adapters").glob("*.py"))
ALLOWED = ("__future__", "typing", "collections.abc", "numpy", "tickmargin", "tests.golden")


@pytest.mark.parametrize(
    ("expected", "actual", "tolerance", "agrees"),
    [
        (2.0, 2.05, {"abs": 0.1}, True),
        (2.0, 2.15, {"abs": 0.1}, False),
        (200.0, 201.9, {"rel": 0.01}, True),
        (-200.0, -202.1, {"rel": 0.01}, False),
        (0.0, 0.0, {"rel": 0.01}, True),
        (0.0, 1e-300, {"rel": 0.01}, False),
        (0.0, 1e-9, {"rel": 1e-8, "abs": 1e-8}, True),
        (1e9, 1e9 + 5, {"rel": 1e-8, "abs": 1e-8}, True),
        (1e9, 1e9 + 15, {"rel": 1e-8, "abs": 1e-8}, False),
        (2.0, float("nan"), {"abs": 1.0}, False),
        (2.0, float("inf"), {"rel": 1.0}, False),
        (-7, -7.9, {"mode": "trunc_to_integer_towards_zero", "abs_eps": 1e-9}, True),
        (-7, -6.9999999999, {"mode": "trunc_to_integer_towards_zero", "abs_eps": 1e-9}, True),
        (-7, -6.99, {"mode": "trunc_to_integer_towards_zero", "abs_eps": 1e-9}, False),
        (7, 7, "exact-integer", True),
        (7, 7.0, "exact-integer", False),
        (1, True, "exact-integer", False),
        ("24999/50", Fraction(24999, 50), "exact-rational", True),
        ("24999/50", 499.98, "exact-rational", False),
        (1.5, 1.5, "exact", True),
        (True, True, "exact", True),
        (True, 1, "exact", False),
        ("up", "up", {"rel": 0.1}, True),
        ("up", "down", {"rel": 0.1}, False),
        ([1.0, 2.0], np.array([1.0, 2.0]), {"abs": 0.0}, True),
        ([1.0, 2.0], [1.0], {"abs": 0.0}, False),
        ([1.0], 1.0, {"abs": 0.0}, True),
        ({"a": 1.0}, {"a": 1.0, "b": 5.0}, {"abs": 0.0}, True),
        ({"a": 1.0, "b": 5.0}, {"a": 1.0}, {"abs": 0.0}, False),
        ({"a": 1.0}, 1.0, {"abs": 0.0}, False),
    ],
)
def test_tolerances(expected, actual, tolerance, agrees):
    assert (faults(expected, actual, tolerance) == []) is agrees


@pytest.mark.parametrize("tolerance", ["close", {"ulp": 4}, {}, {"mode": "round", "abs_eps": 0.1}])
def test_an_unknown_tolerance_is_an_error(tolerance):
    with pytest.raises(ValueError, match="unknown"):
        faults(1.0, 1.0, tolerance)


@pytest.mark.parametrize(
    ("expected", "tolerance"),
    [
        ({"a": [1.0, 0.0], "b": "word", "c": True}, {"rel": 1e-6}),
        ([3, 4], "exact-integer"),
        ("1/3", "exact-rational"),
        (5, {"mode": "trunc_to_integer_towards_zero", "abs_eps": 0.1}),
        (5.0, {"abs": 0.0}),
        (None, {"rel": 1e-6}),
    ],
)
def test_a_disturbed_expectation_never_agrees_with_the_answer(expected, tolerance):
    leaves = {dict: 4, list: 2}.get(type(expected), 1)
    spoilt = list(disturbed(expected, tolerance))
    assert len(spoilt) == leaves
    for other in spoilt:
        assert faults(other, expected, tolerance) != []


def imported(tree: ast.AST) -> list[str]:
    modules = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    return modules


@pytest.mark.parametrize("path", ADAPTER_FILES, ids=lambda path: path.name)
def test_adapters_import_only_the_public_face(path):
    for module in imported(ast.parse(path.read_text())):
        assert any(module == a or module.startswith(f"{a}.") for a in ALLOWED), module
        hidden = [part for part in module.split(".") if part.startswith("_")]
        assert not hidden or module.startswith("__future__"), module


@pytest.mark.parametrize("path", ADAPTER_FILES, ids=lambda path: path.name)
def test_adapters_do_no_arithmetic(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        joins_types = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
        assert not isinstance(node, ast.BinOp) or joins_types, f"{path.name}:{node.lineno}"
        assert not isinstance(node, ast.AugAssign), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", ADAPTER_FILES, ids=lambda path: path.name)
def test_adapters_see_only_inputs(path):
    names = {n.attr for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)}
    assert not names & {"expected", "tolerance", "name", "family"}
