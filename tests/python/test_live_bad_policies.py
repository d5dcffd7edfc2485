"""A policy that cannot be, handed to an engine at work: all faults named, nothing changed."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from tests.python.live_books import BTC, ETH, POLICIES, SECOND, T0, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records

GOOD: dict[str, Any] = {
    "schema": 1,
    "policies": {
        "grid": {
            "method": "scenario",
            "haircuts": {"default": 0.05},
            "scenario": {
                "price_range": 0.15,
                "vol_up": 0.4,
                "vol_down": 0.3,
                "maintenance_factor": 0.8,
            },
            "netting": {
                "rule": "correlation",
                "credit_cap_ratio": 0.5,
                "correlation": {"BTC/ETH": 0.8, "BTC/SOL": 0.8, "ETH/SOL": 0.8},
            },
        },
        "plain": {
            "method": "fixed",
            "haircuts": {"USDC": 0.0, "BTC": 0.1},
            "futures": {
                "brackets": [
                    {"notional_cap": 1e5, "initial_ratio": 0.05, "maintenance_ratio": 0.02},
                    {"notional_cap": 1e6, "initial_ratio": 0.1, "maintenance_ratio": 0.08},
                ]
            },
        },
    },
    "select": [{"policy": "plain", "account": ["clara"]}, {"policy": "grid"}],
}
GRID, PLAIN = ("policies", "grid"), ("policies", "plain")
BRACKETS = (*PLAIN, "futures", "brackets")
BAD: dict[tuple[Any, ...], tuple[Any, str]] = {
    (*GRID, "netting", "correlation", "BTC/ETH"): (-0.8, "CORRELATION_NOT_PSD"),
    (*GRID, "scenario", "maintenance_factor"): (1.2, "INITIAL_BELOW_MAINTENANCE"),
    (*BRACKETS, 1, "notional_cap"): (9e4, "BRACKETS_NOT_INCREASING"),
    (*BRACKETS, 0, "maintenance_ratio"): (0.055, "INITIAL_BELOW_MAINTENANCE"),
    (*PLAIN, "haircuts", "BTC"): (1.5, "OUT_OF_RANGE"),
    (*PLAIN, "haircuts", "USDC"): (-0.1, "OUT_OF_RANGE"),
    (*GRID, "scenario", "vol_up"): (math.nan, "NOT_FINITE"),
}


def with_faults(paths: Any) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    for path in paths:
        at: Any = data
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = BAD[path][0]
    return data


def test_all_faults_are_refused_together_and_the_running_policy_stays() -> None:
    live = ready(POLICIES)
    before, described = live.state_hash(), live.policies.names
    with pytest.raises(tm.InvalidInputError) as caught:
        live.stage_policies(7, with_faults(BAD))
    found = {issue.code for issue in caught.value.issues}
    assert found == {code for _, code in BAD.values()}
    assert len(caught.value.issues) >= len(BAD)
    text = str(caught.value)
    for place in ("netting.correlation", "initial_factor", "haircuts.BTC", "haircuts.USDC"):
        assert place in text
    for place in ("scenario.vol_up", "brackets[1].notional_cap", "brackets[0].initial_ratio"):
        assert place in text
    assert live.state_hash() == before
    assert live.policies.names == described
    # The epoch was never staged: a record for it is refused, and changes nothing.
    refused = live.apply(records.policy_epoch(7, ts_ns=T0 + SECOND))
    assert "ok" not in refused.counts
    assert live.state_hash() == before
    # The engine goes on under the policy it had.
    ticks = records.index_tick(
        ["BTC", "ETH"], [BTC * 0.97, ETH * 1.02], seq=2, ts_ns=T0 + SECOND, engine=live
    )
    assert live.apply(ticks).counts == {"ok": 2}
    same(live)


@pytest.mark.parametrize("path", BAD, ids=lambda path: ".".join(map(str, path[1:])))
def test_each_fault_alone_is_refused_and_the_running_policy_stays(path: Any) -> None:
    live = ready(POLICIES)
    before = live.state_hash()
    with pytest.raises(tm.InvalidInputError) as caught:
        live.stage_policies(7, with_faults([path]))
    assert [issue.code for issue in caught.value.issues] == [BAD[path][1]]
    assert live.state_hash() == before


def test_without_faults_it_takes_over() -> None:
    live = ready(POLICIES)
    live.stage_policies(7, with_faults([]))
    assert live.apply(records.policy_epoch(7, ts_ns=T0 + SECOND)).counts == {"ok": 1}
    assert live.policies.names == ("grid", "plain")
    same(live)
