"""A faulty policy file is refused as a whole, with every fault named where it stands."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tickmargin.config_issues import POLICY_CODES, dotted
from tickmargin.errors import InvalidInputError, Issue
from tickmargin.policies import Policies

FULL = (Path(__file__).parent / "policies_full.toml").read_text("utf-8")
KeyPath = tuple[str | int, ...]


def full() -> dict[str, Any]:
    return tomllib.loads(FULL)


def at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def with_value(path: KeyPath, value: Any) -> dict[str, Any]:
    data = full()
    at(data, path[:-1])[path[-1]] = value
    return data


def issues_of(data: dict[str, Any]) -> list[Issue]:
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_dict(data)
    assert caught.value.issues
    assert {issue.code for issue in caught.value.issues} <= set(POLICY_CODES)
    return caught.value.issues


def faults(data: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.column) for issue in issues_of(data)]


# Tables whose keys are names the user chooses.
NAMED = ("policies", "haircuts", "tokens", "pegs", "correlation", "underlyings")
NAMES = ("f", "d", "s", "m", "n", "p", "q", "t", "u", "v", "w", "x", "y")


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield (*path, key), item
            yield from leaves(item, (*path, key))


NUMBERS = [
    path
    for path, value in leaves(full())
    if isinstance(value, int | float) and not isinstance(value, bool)
]
KEYS = [
    path
    for path, _ in leaves(full())
    if isinstance(path[-1], str) and not (len(path) > 1 and path[-2] in NAMED)
]
# Without its kind a size scaling has no known keys, so none can be called unknown.
BY_NAME = {("vols_annual",), ("vol_beta",)}  # keyed by underlyings, which nobody can misspell
SPELT = [path for path in KEYS if path[-1] != "kind" and path[-2:-1] not in BY_NAME]
F, D, S = ("policies", "f"), ("policies", "d"), ("policies", "s")


def test_the_full_document_is_sound_and_reaches_every_key() -> None:
    assert Policies.from_dict(full()).names == NAMES
    schema = Policies.schema()
    written = {path[-1] for path in KEYS}
    models = [m for name, m in schema["$defs"].items() if not name.endswith("Override")]
    known = {key for model in (*models, schema) for key in model["properties"]}
    # scan_ratio excludes the first, the lognormal model the others.
    assert known - written == {"scan_points", "risk_long", "risk_short"}


@pytest.mark.parametrize("path", NUMBERS, ids=dotted)
@pytest.mark.parametrize("value", [math.nan, -math.inf], ids=["nan", "minus-inf"])
def test_no_number_may_be_nan_or_infinite(path: KeyPath, value: float) -> None:
    found = faults(with_value(path, value))
    assert [column for _, column in found] == [dotted(path)]
    if math.isnan(value):
        assert found == [("NOT_FINITE", dotted(path))]


@pytest.mark.parametrize("path", NUMBERS, ids=dotted)
def test_infinity_is_taken_only_as_the_last_bracket_cap(path: KeyPath) -> None:
    data = with_value(path, math.inf)
    is_last = path[-2:] in ((1, "notional_cap"), (1, "amount_cap"))
    if is_last or path[-3:] == ("hedge_tiers", 0, "amount_cap"):
        assert Policies.from_dict(data).names == NAMES
    else:
        assert issues_of(data)


@pytest.mark.parametrize("path", NUMBERS, ids=dotted)
@pytest.mark.parametrize("value", ["0.1", True, None, [0.1]], ids=repr)
def test_no_number_is_cast_from_another_type(path: KeyPath, value: Any) -> None:
    assert ("WRONG_TYPE", dotted(path)) in faults(with_value(path, value))


@pytest.mark.parametrize("value", [2, "1", True, 1.0])
def test_the_schema_version_is_the_integer_one(value: Any) -> None:
    assert [column for _, column in faults(with_value(("schema",), value))] == ["schema"]


@pytest.mark.parametrize("path", SPELT, ids=dotted)
def test_a_misspelt_key_is_refused_with_the_key_meant(path: KeyPath) -> None:
    data = full()
    table, key = at(data, path[:-1]), str(path[-1])
    misspelt = key[:-1] + "x" + key[-1]
    table[misspelt] = table.pop(key)
    messages = {i.column: i for i in issues_of(data) if i.code == "UNKNOWN_KEY"}
    wrong = dotted((*path[:-1], misspelt))
    assert list(messages) == [wrong]
    if "select" in path and key.endswith(("_min", "_max")):
        assert f"did you mean {key[:-4]}" in messages[wrong].message
    else:
        assert messages[wrong].message.endswith(f"did you mean {key}?")


def test_a_size_scaling_without_its_kind_is_refused() -> None:
    path = (*F, "underlyings", "ETH", "futures", "size_scaling", "kind")
    data = full()
    del at(data, path[:-1])["kind"]
    (issue,) = issues_of(data)
    assert (issue.code, issue.column) == ("MISSING_KEY", dotted(path))
    assert '"power45"' in issue.message


def test_a_key_one_table_too_high_is_refused_with_its_place() -> None:
    data = with_value(("policies", "f", "otm_a"), 0.1)
    issue = issues_of(data)[0]
    assert issue.message == "unknown key; did you mean options.otm_a?"


def test_a_key_like_no_other_is_refused_with_all_known_keys() -> None:
    issue = issues_of(with_value(("policies", "f", "levels", "zzz"), 1.0))[0]
    assert issue.message == "unknown key; expected one of warning, margin_call, liquidation"


def test_an_unknown_word_is_refused_with_the_nearest() -> None:
    issue = issues_of(with_value(("policies", "f", "method"), "fixd"))[0]
    assert issue.code == "UNKNOWN_WORD"
    words = ("fixed", "dynamic", "scenario", "matrix", "span", "portfolio", "standard")
    words += ("var", "es", "protocol")
    known = " or ".join(f'"{word}"' for word in words)
    expected = f'got "fixd"; expected {known}; did you mean fixed?'
    assert issue.message == expected


def test_keys_that_are_not_text_are_refused() -> None:
    assert "WRONG_TYPE" in [code for code, _ in faults(with_value((*F, "haircuts", 7), 0.1))]


def test_all_faults_are_reported_at_once_in_the_order_of_their_lines() -> None:
    text = FULL.replace('method = "fixed"', 'metod = "fixed"')
    text = text.replace("taker_fee_ratio = 0.0005", "taker_fee_ratio = nan")
    text = text.replace("otm_a = 0.15", "otm_a = 0.09")
    text = text.replace("floor_ratio = 0.02\n", "floor_ratio = 2\n", 1)
    text = text.replace("price_steps = 4", "price_steps = 4.5", 1)
    text = text.replace("weight = 0.32", "weight = 32")
    text = text.replace('policy = "d"', 'policy = "dynamic"')
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_toml(text, file="p.toml")
    lines = text.split("\n")
    expected = [
        ("MISSING_KEY", "[policies.f]"),
        ("UNKNOWN_KEY", 'metod = "fixed"'),
        ("NOT_FINITE", "taker_fee_ratio = nan"),
        ("OTM_ORDER", "otm_a = 0.09"),
        ("OUT_OF_RANGE", "floor_ratio = 2"),
        ("WRONG_TYPE", "price_steps = 4.5"),
        ("OUT_OF_RANGE", "weight = 32"),
        ("UNKNOWN_POLICY", 'policy = "dynamic"'),
    ]
    found = [(issue.code, lines[(issue.row or 0) - 1]) for issue in caught.value.issues]
    assert len(found) == len(expected)
    for (code, line), (expected_code, expected_line) in zip(found, expected, strict=True):
        assert code == expected_code
        assert expected_line in line
    assert caught.value.code == "INVALID_INPUT"
    assert "8 problems" in str(caught.value)
    assert "p.toml:5: policies.f.metod: unknown key; did you mean method?" in str(caught.value)


def test_of_a_key_that_is_not_used_only_that_is_told() -> None:
    bracket = {"notional_cap": 1e9, "initial_ratio": 0.1, "maintenance_ratio": 0.05}
    futures = {"initial_ratio": 0.05, "maintenance_ratio": 0.1, "brackets": [bracket]}
    policy = {"method": "fixed", "haircuts": {"USD": 0.0}, "futures": futures}
    assert faults({"schema": 1, "policies": {"p": policy}}) == [
        ("KEY_NOT_USED", "policies.p.futures.initial_ratio"),
        ("KEY_NOT_USED", "policies.p.futures.maintenance_ratio"),
    ]


def test_a_promise_of_im_is_not_below_that_of_mm() -> None:
    promise = {
        "horizon_initial_days": 1.0,
        "confidence_initial": 0.99,
        "horizon_maintenance_days": 2.0,
        "confidence_maintenance": 0.999,
    }
    futures = {"initial_ratio": 0.1, "maintenance_ratio": 0.05}
    policy = {"method": "fixed", "haircuts": {"USD": 0.0}, "futures": futures, "promise": promise}
    assert faults({"schema": 1, "policies": {"p": policy}}) == [
        ("INITIAL_BELOW_MAINTENANCE", "policies.p.promise.horizon_initial_days"),
        ("INITIAL_BELOW_MAINTENANCE", "policies.p.promise.confidence_initial"),
    ]


def test_a_fault_of_one_kind_gives_the_error_its_code() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Policies.from_dict(with_value((*F, "levels", "warning"), 1.1))
    assert caught.value.code == "LEVELS_ORDER"
    assert isinstance(caught.value, ValueError)
