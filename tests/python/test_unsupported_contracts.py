"""A contract that a policy's method has no place for: a status of its own, which names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.python.live_books import SECOND, T0, market, portfolio, ready
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import _core, records
from tickmargin.cli import exit_codes, main
from tickmargin.cli.inputs import missing_inputs

PROTOCOLS = ("dydx-v4", "vega-cross", "vega-isolated", "drift-v2")
LACKS = {"anna": ("BTC-60000-C",), "boris": (), "clara": ("BTC-66000-C",), "empty": ()}
SPAN: dict[str, Any] = {
    "method": "span",
    "haircuts": {"default": 0.0},
    "span": {"scan_ratio": 0.1, "vol_range": 0.25},
}


def status_of(engine: tm.Engine) -> dict[str, str]:
    rows = engine.recompute().accounts
    return dict(zip(rows["account"].tolist(), rows["status"].tolist(), strict=True))


def test_the_number_is_the_last_so_that_earlier_ones_keep_theirs() -> None:
    names = _core.status_names()
    assert names[20:] == ["missing_peg", "unsupported_contract"]


@pytest.mark.parametrize("preset", PROTOCOLS)
def test_an_option_under_a_protocol_is_named(preset: str) -> None:
    engine = tm.Engine(market(), portfolio(), preset)
    (policy,) = engine.policies.names
    assert status_of(engine) == {
        name: "unsupported_contract" if lacks else "ok" for name, lacks in LACKS.items()
    }
    told = [
        (i.code, i.column, i.value, i.message)
        for i in engine.warnings
        if i.code != "COLLATERAL_NOT_LISTED"
    ]
    assert told == [
        (
            "UNSUPPORTED_CONTRACT",
            f"policies.{policy}.method",
            contract,
            f"policy {policy}: its method protocol has no place for '{contract}'; "
            f"1 account that holds it is undecidable ({account})",
        )
        for account, lacks in LACKS.items()
        for contract in lacks
    ]
    for account, lacks in LACKS.items():
        parts = engine.explain(account)
        assert parts.unsupported == lacks
        assert parts.to_dict()["unsupported"] == list(lacks)
        reason = f"unsupported_contract: {lacks[0]}" if lacks else "unsupported"
        assert (reason in repr(parts)) is bool(lacks)
        row = engine.account_handle(account)
        said = [f"policy {policy}: its method protocol has no place for '{c}'" for c in lacks]
        assert missing_inputs(engine, row, policy) == said


def test_an_input_that_is_missing_is_told_first() -> None:
    tables = {name: dict(table.to_dict()) for name, table in market().tables().items()}
    vols = {"BTC-60000-C": 0.55}  # and none of what `clara` holds
    tables["marks"]["vol_annual"] = [vols.get(str(i)) for i in tables["marks"]["instrument"]]
    blind = tm.Market.from_tables(as_of_ns=T0, numeraire="USD", **tables)
    engine = tm.Engine(blind, portfolio(), "dydx-v4")
    assert status_of(engine)["clara"] == "missing_vol"
    assert status_of(engine)["anna"] == "unsupported_contract"
    assert engine.explain("clara").unsupported == ()


def test_live_an_order_that_would_open_one_is_refused_by_name(tmp_path: Path) -> None:
    live = ready("dydx-v4")
    same(live)
    assert live.account("anna").status == "unsupported_contract"
    checked = live.check_order("boris", "BTC-66000-C", 1.0, 900.0)
    assert (checked.verdict, checked.status) == ("refused_undecidable", "unsupported_contract")
    order = {"account": ["boris"], "instrument": ["BTC-66000-C"], "quantity": [1.0]}
    effect = live.what_if({**order, "price": [900.0]})
    assert (effect["accepted"][0], effect["reason"][0]) == (False, "unsupported_contract")
    # Resting, it keeps nobody from being decided; traded, it is undecidable with a tick's event.
    resting = records.order("boris", "BTC-66000-C", -1.0, 900.0, order=1, ts_ns=T0, engine=live)
    live.apply(resting)
    assert live.account("boris").status == "ok"
    fill = records.fill("boris", "BTC-66000-C", 1.0, 900.0, ts_ns=T0 + SECOND, engine=live)
    assert live.apply(fill).counts == {"ok": 1}
    same(live)
    assert live.account("boris").status == "unsupported_contract"
    assert live.explain("boris").unsupported == ("BTC-66000-C",)
    events = live.event_table(live.events())
    assert "unsupported_contract" in events["status"].tolist()
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(live.market, live.portfolio, "dydx-v4")
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    assert back.account("boris").status == "unsupported_contract"


@pytest.mark.parametrize("held", [2.0, -2.0])
def test_an_everlasting_option_under_a_scan_is_named(held: float) -> None:
    tables = {name: dict(table.to_dict()) for name, table in portfolio().tables().items()}
    own = tables["instruments"]
    for column, value in (
        ("expiry_ns", None),
        ("payoff", "linear"),
        ("settlement_asset", "USDC"),
        ("settlement_chain", "ethereum"),
    ):
        own[column] = [*own[column][:4], value]
    own["funding_period_days"] = [None] * 4 + [7.0]
    tables["positions"]["quantity"] = [2.0, -1.0, -1.5, 10.0, held]
    book = tm.Portfolio.from_tables(**tables)
    span = {"schema": 1, "policies": {"span": SPAN}}
    engine = tm.Engine(market(), book, span)
    assert status_of(engine) == {
        "anna": "ok",
        "boris": "ok",
        "clara": "unsupported_contract",
        "empty": "ok",
    }
    assert engine.explain("clara").unsupported == ("BTC-66000-C",)
    grid = tm.Engine(market(), book, "house-portfolio")  # which has a place for it
    assert status_of(grid)["clara"] == "ok"
    assert grid.explain("clara").unsupported == ()


def test_the_commands_name_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market().save(tmp_path / "market", format="csv")
    portfolio().save(tmp_path / "book", format="csv")
    folders = (str(tmp_path / "market"), str(tmp_path / "book"), "--policies", "vega-cross")
    assert main(["explain", *folders[:2], "clara", *folders[2:]]) == exit_codes.OK
    said = "its method protocol has no place for 'BTC-66000-C'"
    out = capsys.readouterr().out
    assert f"because unsupported contract: policy vega-cross: {said}" in out
    assert main(["run", *folders, "--json"]) == exit_codes.OK
    document = json.loads(capsys.readouterr().out)
    assert [line for line in document["undecidable"] if said in line and "clara" in line]
    assert [row for row in document["warnings"] if row["code"] == "UNSUPPORTED_CONTRACT"]
