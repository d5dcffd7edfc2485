"""What must hold between the keys of methods ``portfolio`` and ``standard``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.python.test_policies_rules import KeyPath, faults, full, with_value

from tickmargin.config_issues import dotted

P, Q = ("policies", "p", "portfolio"), ("policies", "q", "standard")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ((*P, "initial_factor"), 0.9, "INITIAL_BELOW_MAINTENANCE"),
        ((*P, "scenarios", 0, "move"), -1.0, "OUT_OF_RANGE"),
        ((*P, "long_discount", "base"), 0.0, "OUT_OF_RANGE"),
        ((*Q, "spot_max"), 0.09, "OTM_ORDER"),
        ((*Q, "spot_min"), 0.07, "INITIAL_BELOW_MAINTENANCE"),
        ((*Q, "put_initial_scale"), 0.99, "OUT_OF_RANGE"),
        ((*Q, "unpaired_initial"), 1.0, "INITIAL_BELOW_MAINTENANCE"),
        ((*Q, "perpetual_initial"), 0.04, "INITIAL_BELOW_MAINTENANCE"),
        ((*Q[:2], "option_value"), "equity", "STANDARD_NEEDS_REQUIREMENT"),
    ],
    ids=lambda v: dotted(v) if isinstance(v, tuple) else None,
)
def test_each_rule_between_keys_is_held(path: KeyPath, value: Any, code: str) -> None:
    assert faults(with_value(path, value)) == [(code, dotted(path))]


def test_option_value_must_be_written_for_standard() -> None:
    data = full()
    del data["policies"]["q"]["option_value"]
    assert faults(data) == [("STANDARD_NEEDS_REQUIREMENT", "policies.q.option_value")]


def test_a_basis_charge_needs_a_move() -> None:
    data = full()
    data["policies"]["p"]["portfolio"] |= {"basis_up": 0.0, "basis_down": 0.0}
    names = ("basis_add", "basis_factor")
    assert faults(data) == [("KEY_NOT_USED", dotted((*P, name))) for name in names]
