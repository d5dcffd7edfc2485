"""What must hold between the keys of methods ``portfolio`` and ``standard``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.python.test_policies_rules import KeyPath, faults, full, with_value

import tickmargin as tm
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


@pytest.mark.parametrize(
    ("key", "base", "told"),
    [("long_discount", 1.1, True), ("long_discount", 1.0, False), ("short_discount", 0.95, True),
     ("short_discount", 1.05, False)],
)  # fmt: skip
def test_a_discount_in_the_account_s_favour_is_told_of(key: str, base: float, told: bool) -> None:
    rules = {"scenarios": [{"move": -0.1, "vol": "none"}], key: {"base": base}}
    policy = {"method": "portfolio", "haircuts": {"USD": 0.0}, "portfolio": rules}
    market = tm.Market.from_tables(
        as_of_ns=1,
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={"underlying": ["BTC"], "index_price": [1.0]},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["S"], "kind": ["spot"], "underlying": ["BTC"],
            "settlement_asset": ["USD"], "payoff": ["linear"], "multiplier": [1.0],
        },
        accounts={"account": ["A"]},
        positions={"account": ["A"], "instrument": ["S"], "quantity": [1.0]},
        balances={"account": ["A"], "asset": ["USD"], "amount": [1.0]},
    )  # fmt: skip
    engine = tm.Engine(market, portfolio, {"schema": 1, "policies": {"p": policy}})
    found = [issue.column for issue in engine.warnings if issue.code == "DISCOUNT_REVERSED"]
    assert found == ([f"policies.p.portfolio.{key}.base"] if told else [])
