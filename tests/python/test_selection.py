"""The first rule that matches an account decides; no account has none."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickmargin.errors import InvalidInputError
from tickmargin.selection import Rule, select_policies

SPOT, FUTURE, PERPETUAL, OPTION = 1, 2, 4, 8


def select(rules: list[dict[str, Any]], count: int, **columns: Any) -> list[int]:
    """Policy of each account; rule i gives policy i, and a last rule takes the rest."""
    rows = [Rule(i, conditions) for i, conditions in enumerate([*rules, {}])]
    kinds = np.array(columns.pop("kinds", [OPTION] * count), dtype=np.uint8)
    positions = np.array(columns.pop("positions", [1] * count), dtype=np.int64)
    notional = columns.pop("gross_notional", None)
    if notional is not None:
        notional = np.array(notional, dtype=np.float64)
    columns.setdefault("account", [f"A{i}" for i in range(count)])
    result = select_policies(rows, columns, kinds, positions, notional)
    assert result.dtype == np.int32
    return result.tolist()


def test_the_first_match_wins() -> None:
    rules = [{"tier": ["pro"]}, {"position_count_min": 2}]
    assert select(rules, 3, tier=["pro", "x", "x"], positions=[5, 2, 1]) == [0, 1, 2]


def test_all_conditions_of_a_rule_must_hold() -> None:
    rules = [{"tier": ["pro"], "jurisdiction": ["CH", "SG"]}]
    tiers, places = ["pro", "pro", "x"], ["CH", "US", "SG"]
    assert select(rules, 3, tier=tiers, jurisdiction=places) == [0, 1, 1]


@pytest.mark.parametrize("name", ["account", "tier", "jurisdiction", "linked_group"])
@pytest.mark.parametrize("form", [list, lambda v: np.array(v, dtype=object)])
def test_text_is_matched_exactly_or_by_a_star(name: str, form: Any) -> None:
    values = form(["A1", "A12", "B1", "a1", "A.1"])
    assert select([{name: ["A1"]}], 5, **{name: values}) == [0, 1, 1, 1, 1]
    assert select([{name: ["A1*", "B*"]}], 5, **{name: values}) == [0, 0, 0, 1, 1]
    assert select([{name: ["*1"]}], 5, **{name: values}) == [0, 1, 0, 0, 0]
    assert select([{name: ["A*1"]}], 5, **{name: values}) == [0, 1, 1, 1, 0]
    assert select([{name: ["*"]}], 5, **{name: values}) == [0] * 5


def test_a_fixed_width_text_array_is_taken() -> None:
    assert select([{"tier": ["pro"]}], 2, tier=np.array(["pro", "basic"])) == [0, 1]


def test_only_the_star_is_special_in_a_pattern() -> None:
    values = ["a.c", "abc", "a[b]", "ab", "a?c"]
    assert select([{"tier": ["a.*"]}], 5, tier=values) == [0, 1, 1, 1, 1]
    assert select([{"tier": ["a[b]*"]}], 5, tier=values) == [1, 1, 0, 1, 1]
    assert select([{"tier": ["a?*"]}], 5, tier=values) == [1, 1, 1, 1, 0]


def test_a_missing_attribute_meets_no_condition_on_it() -> None:
    rules = [{"tier": ["*"]}, {"credit_score_min": -1e300}, {"credit_score_max": 1e300}]
    scores = np.array([0.5, np.nan, np.nan])
    assert select(rules, 3, tier=[None, None, "x"], credit_score=scores) == [1, 3, 0]
    assert select(rules, 3) == [3, 3, 3]
    assert select(rules, 2, credit_score=[None, 0.1]) == [3, 1]


def test_bounds_are_inclusive() -> None:
    rules = [{"credit_score_min": 0.3, "credit_score_max": 0.7}]
    assert select(rules, 4, credit_score=[0.29, 0.3, 0.7, 0.71]) == [1, 0, 0, 1]
    rules = [{"position_count_min": 2, "position_count_max": 3}]
    assert select(rules, 4, positions=[1, 2, 3, 4]) == [1, 0, 0, 1]
    rules = [{"gross_notional_min": 10.0, "gross_notional_max": 20.0}]
    assert select(rules, 5, gross_notional=[9.9, 10, 20, 20.1, np.nan]) == [1, 0, 0, 1, 1]


def test_products_asks_that_the_account_holds_only_these_kinds() -> None:
    kinds = [OPTION, OPTION | PERPETUAL, PERPETUAL, OPTION | SPOT, 0]
    assert select([{"products": ["option"]}], 5, kinds=kinds) == [0, 1, 1, 1, 1]
    assert select([{"products": ["option", "perpetual"]}], 5, kinds=kinds) == [0, 0, 0, 1, 1]
    both = [{"products": ["option", "option"]}]
    assert select(both, 5, kinds=kinds) == [0, 1, 1, 1, 1]
    every = [{"products": ["spot", "future", "perpetual", "option"]}]
    assert select(every, 5, kinds=kinds) == [0, 0, 0, 0, 1]
    assert select([{"products": ["future"]}], 1, kinds=[FUTURE]) == [0]


def test_several_rules_may_give_the_same_policy() -> None:
    rules = [Rule(1, {"tier": ["a"]}), Rule(0, {"tier": ["b"]}), Rule(1, {})]
    tiers = {"tier": ["a", "b", "c"]}
    kinds, positions = np.ones(3, np.uint8), np.ones(3, np.int64)
    assert select_policies(rules, tiers, kinds, positions).tolist() == [1, 0, 1]


def test_no_accounts_give_no_rows() -> None:
    assert select([{"tier": ["a*"]}, {"position_count_min": 1}], 0, tier=[]) == []


def test_a_rule_on_a_notional_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        select([{"gross_notional_min": 1.0}], 2)
    assert caught.value.code == "GROSS_NOTIONAL_MISSING"


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="tier has 1 rows") as caught:
        select([{"tier": ["a"]}], 2, tier=["a"])
    assert caught.value.code == "LENGTH_MISMATCH"


@pytest.mark.parametrize("rules", [[], [Rule(0, {"tier": ["a"]})]])
def test_rules_that_could_leave_an_account_out_are_refused(rules: list[Rule]) -> None:
    columns = {"tier": ["a"]}
    with pytest.raises(InvalidInputError) as caught:
        select_policies(rules, columns, np.ones(1, np.uint8), np.ones(1, np.int64))
    assert caught.value.code == "SELECT_NOT_UNCONDITIONAL"


WORDS = st.sampled_from(["a", "ab", "b", "ba", "c"])
PATTERNS = st.lists(st.sampled_from(["a", "a*", "*b", "c", "b*a"]), min_size=1, max_size=2)
RULES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "account": PATTERNS,
            "tier": PATTERNS,
            "credit_score_min": st.floats(0, 1),
            "credit_score_max": st.floats(0, 1),
            "position_count_min": st.integers(0, 3),
            "gross_notional_max": st.floats(0, 10),
            "products": st.lists(
                st.sampled_from(["spot", "future", "perpetual", "option"]), min_size=1
            ),
        },
    ),
    max_size=5,
)
ACCOUNTS = st.lists(
    st.fixed_dictionaries(
        {
            "account": WORDS,
            "tier": st.none() | WORDS,
            "credit_score": st.none() | st.floats(0, 1),
            "positions": st.integers(0, 4),
            "gross_notional": st.floats(0, 10),
            "kinds": st.integers(0, 15),
        }
    ),
    max_size=12,
)


def meets(account: dict[str, Any], name: str, wanted: Any) -> bool:
    """One condition on one account, written out."""
    if name in ("account", "tier"):
        word = account[name]
        return word is not None and any(fnmatchcase(word, pattern) for pattern in wanted)
    if name == "products":
        names = ["spot", "future", "perpetual", "option"]
        held = {kind for bit, kind in enumerate(names) if account["kinds"] >> bit & 1}
        return bool(held) and held <= set(wanted)
    key = name[:-4].replace("position_count", "positions")
    value = account[key]
    if value is None:
        return False
    return bool(value >= wanted if name.endswith("_min") else value <= wanted)


@given(RULES, ACCOUNTS)
@settings(max_examples=300, deadline=None)
def test_columns_give_what_going_through_accounts_one_by_one_gives(
    rules: list[dict[str, Any]], accounts: list[dict[str, Any]]
) -> None:
    expected = [
        next(
            (i for i, rule in enumerate(rules) if all(meets(a, k, v) for k, v in rule.items())),
            len(rules),
        )
        for a in accounts
    ]
    columns = {key: [account[key] for account in accounts] for key in ACCOUNT_KEYS}
    assert select(rules, len(accounts), **columns) == expected


ACCOUNT_KEYS = ("account", "tier", "credit_score", "positions", "gross_notional", "kinds")


def test_a_million_accounts_take_less_than_two_seconds() -> None:
    count = 1_000_000
    rng = np.random.default_rng(7)
    tiers = np.array(["basic", "pro", "market-maker", None], dtype=object)
    columns = {
        "account": np.array([f"A{i}" for i in range(count)], dtype=object),
        "tier": tiers[rng.integers(0, 4, count)],
        "credit_score": rng.random(count),
    }
    kinds = rng.integers(0, 16, count).astype(np.uint8)
    positions = rng.integers(0, 50, count)
    rules = [
        Rule(2, {"tier": ["pro", "market-maker"], "credit_score_min": 0.5}),
        Rule(0, {"position_count_max": 2}),
        Rule(1, {}),
    ]
    started = time.perf_counter()
    result = select_policies(rules, columns, kinds, positions)
    elapsed = time.perf_counter() - started
    strong = np.isin(columns["tier"].astype(str), ["pro", "market-maker"])
    strong &= columns["credit_score"] >= 0.5
    expected = np.where(strong, 2, np.where(positions <= 2, 0, 1))
    assert (result == expected).all()
    assert elapsed < 2.0, f"{elapsed:.2f} s"
