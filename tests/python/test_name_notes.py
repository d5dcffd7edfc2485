"""Names in a policy that neither market nor accounts have are told, as a typo would be silent."""

from __future__ import annotations

from typing import Any

import pytest

import tickmargin as tm

FIXED: dict[str, Any] = {
    "method": "fixed",
    "haircuts": {"USD": 0.0},
    "futures": {"initial_ratio": 0.1, "maintenance_ratio": 0.05},
}
SPAN: dict[str, Any] = {
    "method": "span",
    "haircuts": {"USD": 0.0},
    "span": {"scan_ratio": 0.1, "vol_range": 0.1},
}
HIGH = {"futures": {"initial_ratio": 0.5, "maintenance_ratio": 0.3}}


def engine(*policies: dict[str, Any], select: list[dict[str, Any]] | None = None) -> tm.Engine:
    market = tm.Market.from_tables(
        as_of_ns=1_700_000_000_000_000_000,
        assets={"asset": ["USD"], "mark_price": [1.0]},
        underlyings={"underlying": ["BTC", "SOL"], "index_price": [60_000.0, 150.0]},
        marks={"instrument": ["S"], "mark_price": [150.0]},
    )
    portfolio = tm.Portfolio.from_tables(
        instruments={
            "instrument": ["S"],
            "kind": ["perpetual"],
            "underlying": ["SOL"],
            "settlement_asset": ["USD"],
            "payoff": ["linear"],
            "multiplier": [1.0],
        },
        accounts={"account": ["anna", "boris"], "tier": ["maker", None]},
        positions={
            "account": ["anna"],
            "instrument": ["S"],
            "quantity": [100.0],
            "entry_price": [150.0],
        },
        balances={"account": ["anna"], "asset": ["USD"], "amount": [5_000.0]},
    )
    data: dict[str, Any] = {
        "schema": 1,
        "policies": {f"p{number}": policy for number, policy in enumerate(policies)},
    }
    if select:
        data["select"] = select
    return tm.Engine(market, portfolio, data)


def told(made: tm.Engine) -> list[tuple[str, str | None, str]]:
    codes = ("UNKNOWN_UNDERLYING", "UNKNOWN_NAME")
    return [(w.code, w.column, w.message) for w in made.warnings if w.code in codes]


def test_an_underlying_that_the_market_does_not_have() -> None:
    right = engine({**FIXED, "underlyings": {"SOL": HIGH}})
    assert told(right) == []
    wrong = engine({**FIXED, "underlyings": {"SOLL": HIGH}})
    place = "policies.p0.underlyings.SOLL"
    message = f"{place}: the market has no underlying SOLL; did you mean SOL?"
    assert told(wrong) == [("UNKNOWN_UNDERLYING", place, message)]
    # It is what a typo costs: a fifth of the margin.
    margins = [e.recompute().accounts["initial_margin"][0] for e in (right, wrong)]
    assert margins == [7_500.0, 1_500.0]


@pytest.mark.parametrize(
    ("policy", "place"),
    [
        ({**SPAN, "credits": [{"first": "BTC", "second": "SOLX", "rate": 0.5}]}, "credits"),
        (
            {
                "method": "scenario",
                "haircuts": {"USD": 0.0},
                "scenario": {
                    "price_range": 0.1,
                    "vol_up": 0.5,
                    "vol_down": 0.2,
                    "maintenance_factor": 0.8,
                },
                "netting": {
                    "rule": "correlation",
                    "correlation": {"BTC/SOLX": 0.5},
                    "correlation_default": 0.2,
                    "credit_cap_ratio": 0.5,
                },
            },
            "netting.correlation",
        ),
    ],
)
def test_a_pair_that_the_market_does_not_have(policy: dict[str, Any], place: str) -> None:
    ((code, column, message),) = told(engine(policy))
    assert (code, column) == ("UNKNOWN_UNDERLYING", f"policies.p0.{place}")
    assert message.endswith("no underlying SOLX; did you mean SOL?")


def test_a_rule_that_no_account_can_meet() -> None:
    rules = [{"policy": "p0", "tier": ["makr", "*"]}, {"policy": "p1"}]
    assert told(engine(FIXED, FIXED, select=rules)) == [
        (
            "UNKNOWN_NAME",
            "select[0].tier",
            "select[0].tier: no account has makr; did you mean maker?",
        )
    ]
    assert told(engine(FIXED, FIXED, select=[{"policy": "p0", "tier": ["maker"]}, rules[1]])) == []


def test_presets_serve_markets_that_lack_what_they_name() -> None:
    made = engine(FIXED)
    for name in ("house-portfolio", "binance-usdm"):
        preset = tm.Engine(made.market, made.portfolio, name)
        assert preset.warnings == () or told(preset) == []
        assert set(tm.Policies.preset(name).loaded[0].config.underlyings) - {"BTC", "SOL"}
