"""Add-on `peg`: by hand, beside the rule it comes from, and live where the reference moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.python.live_books import same_as_recompute as same

import tickmargin as tm
from tickmargin import records
from tickmargin.cli.inputs import missing_inputs, warning_lines

T0 = 1_700_000_000_000_000_000
SECOND = 10**9
DAY = 86_400 * SECOND
BTC, ETH = 60_000.0, 3_000.0
FIXED: dict[str, Any] = {
    "method": "fixed",
    "haircuts": {"default": 0.1, "USD": 0.0},
    "futures": {"initial_ratio": 0.1, "maintenance_ratio": 0.05},
    "options": {},
}
PEG = {"threshold": 0.98, "factor": 2.0}


def market(usdc: float = 0.95, **underlyings: Any) -> tm.Market:
    """Money, a stablecoin, a coin, and a wrapped coin that has a price of its own."""
    return tm.Market.from_tables(
        as_of_ns=T0,
        assets={
            "asset": ["USD", "USDC", "ETH", "WETH"],
            "mark_price": [1.0, usdc, None, 2_950.0],
            "underlying": [None, None, "ETH", None],
        },
        underlyings={"underlying": ["BTC", "ETH"], "index_price": [BTC, ETH], **underlyings},
        forwards={"underlying": ["BTC"], "expiry_ns": [T0 + 30 * DAY], "forward_price": [60_300.0]},
        marks={
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-66000-C", "BTC-60000-P"],
            "mark_price": [60_010.0, 3_001.0, None, None],
            "vol_annual": [None, None, 0.6, 0.6],
        },
    )


def portfolio(settle: str = "USDC") -> tm.Portfolio:
    """`perp` holds futures, `short` and `long` options, `coins` a wrapped coin alone."""
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-66000-C", "BTC-60000-P"],
            "kind": ["perpetual", "perpetual", "option", "option"],
            "underlying": ["BTC", "ETH", "BTC", "BTC"],
            "settlement_asset": [settle] * 4,
            "payoff": ["linear"] * 4,
            "multiplier": [1.0] * 4,
            "strike": [None, None, 66_000.0, 60_000.0],
            "expiry_ns": [None, None, T0 + 30 * DAY, T0 + 30 * DAY],
            "option_type": [None, None, "call", "put"],
        },
        accounts={"account": ["perp", "short", "long", "coins"]},
        positions={
            "account": ["perp", "perp", "short", "long"],
            "instrument": ["BTC-PERP", "ETH-PERP", "BTC-66000-C", "BTC-60000-P"],
            "quantity": [-2.0, 10.0, -3.0, 5.0],
            "entry_price": [60_000.0, 3_000.0, None, None],
        },
        balances={
            "account": ["perp", "short", "long", "coins"],
            "asset": ["USD", "USD", "USD", "WETH"],
            "amount": [1e6, 1e6, 1e6, 8.0],
        },
    )


def policies(**more: Any) -> dict[str, Any]:
    return {"schema": 1, "policies": {"p": {**FIXED, **more}}}


def charged(engine: Any, account: str, component: str = "peg") -> tuple[float, float]:
    rows = [r for r in engine.explain(account).requirement if r["component"] == component]
    return sum(r["initial_margin"] for r in rows), sum(r["maintenance_margin"] for r in rows)


def test_by_hand() -> None:
    """3 cents below 0.98, twice: 6 % of what settles in it, long options left out."""
    pegs = {"USDC": {"value": 1.0}, "WETH": {"asset": "ETH", "threshold": 0.99}}
    own = policies(peg={**PEG, "collateral_factor": 0.5}, pegs=pegs)
    made = tm.Engine(market(), portfolio(), own)
    assert charged(made, "perp") == (pytest.approx(0.06 * (2 * BTC + 10 * ETH)), 0.0)
    assert charged(made, "short") == (pytest.approx(0.06 * 3 * BTC), 0.0)
    assert charged(made, "long") == (0.0, 0.0)
    worth = 8 * 2_950.0
    assert charged(made, "coins") == (pytest.approx(0.5 * (0.99 - 2_950 / 3_000) * worth), 0.0)
    row = made.recompute().accounts
    lines = made.explain("perp").requirement
    assert row["initial_margin"][0] == pytest.approx(sum(r["initial_margin"] for r in lines))
    sound = tm.Engine(market(usdc=0.98), portfolio(), own)
    assert charged(sound, "perp") == (0.0, 0.0)
    # A trade that closes half of it.
    asked = {"account": ["perp"], "instrument": ["BTC-PERP"], "quantity": [1.0], "price": [BTC]}
    plain = tm.Engine(market(), portfolio(), policies()).what_if(asked)["initial_margin_after"][0]
    more = made.what_if(asked)["initial_margin_after"][0] - plain
    assert more == pytest.approx(0.06 * (BTC + 10 * ETH))


def test_of_the_numeraire_it_is_what_derive_asks() -> None:
    """The same price of the stablecoin, threshold and factor give the same amount."""
    at = market(usdc=1.0, peg_price=[0.95, 0.97])
    ours = tm.Engine(at, portfolio(), policies(peg={"threshold": 0.98, "factor": 1.2}))
    theirs = tm.Engine(at, portfolio(), "derive-srm")  # 0.98 and 1.2
    for account in ("perp", "short", "long"):
        asked = charged(theirs, account, "contingency")
        assert charged(ours, account) == pytest.approx(asked, rel=1e-12)
        assert (asked[0] > 0.0) is (account != "long")


def test_of_two_pegs_the_one_that_lost_more_counts() -> None:
    own = policies(peg=PEG, pegs={"USDC": {"value": 1.0}})
    for of_money, lost in ((0.97, 0.03), (0.90, 0.08)):
        at = market(usdc=0.95, peg_price=[of_money, of_money])
        made = tm.Engine(at, portfolio(), own)
        assert charged(made, "short")[0] == pytest.approx(lost * 2 * 3 * BTC)


@pytest.mark.parametrize("reference", ["DAI", "ETH@arbitrum"])
def test_a_reference_that_is_not_there_leaves_undecided_what_hangs_on_it(reference: str) -> None:
    made = tm.Engine(market(), portfolio(), policies(peg=PEG, pegs={"USDC": {"asset": reference}}))
    row = made.recompute().accounts
    told = dict(zip(row["account"], row["status"], strict=True))
    # A long option is not charged, and who holds none of it is not concerned.
    assert told == {"perp": "missing_peg", "short": "missing_peg", "long": "ok", "coins": "ok"}
    assert "missing_peg" in tm._core.status_names()


def started(own: Any) -> Any:
    live = tm.Engine(market(), portfolio(), own)
    live.start()
    for name, price in (("BTC", BTC), ("ETH", ETH)):
        sources = range(len(live._sources[live.names.row("underlying", name)]))
        ticks = records.index_tick(name, price, seq=1, ts_ns=T0, source=list(sources), engine=live)
        live.apply(ticks)
    live.events()
    return live


def test_live_it_follows_the_index_of_the_reference(tmp_path: Path) -> None:
    """`coins` holds no ETH and nothing on it: its margin moves with it, as in a recompute."""
    own = policies(
        peg={**PEG, "collateral_factor": 1.0},
        pegs={"USDC": {"value": 1.0}, "WETH": {"asset": "ETH", "threshold": 1.0}},
    )
    live = started(own)
    assert live.info()["policies"][0]["path"] == "incremental"
    worth, price = 8 * 2_950.0, ETH
    for seq in range(2, 8):
        price *= 1.01
        tick = records.index_tick("ETH", price, seq=seq, ts_ns=T0 + seq * SECOND, engine=live)
        live.apply(tick)
        same(live)
        heard = live.marks()["index_price"][live.marks()["underlying"] == "ETH"][0]
        lost = 1.0 - 2_950.0 / heard
        assert live.account("coins").initial_margin == pytest.approx(lost * worth, abs=1e-5)
        assert live.account("coins").maintenance_margin == 0.0
    live.snapshot(tmp_path / "engine.saved")
    back = tm.Engine(live.market, live.portfolio, own)
    back.restore(tmp_path / "engine.saved")
    assert back.state_hash() == live.state_hash()
    same(back)
    # A resting order counts beside what is held, whichever side it is on.
    plain = started(policies())
    before = [of.account("perp").initial_margin for of in (live, plain)]
    for of in (live, plain):
        resting = records.order("perp", "BTC-PERP", 1.0, BTC, order=1, ts_ns=T0, engine=of)
        assert of.apply(resting).counts == {"ok": 1}
        same(of)
    after = [of.account("perp").initial_margin for of in (live, plain)]
    more = (after[0] - before[0]) - (after[1] - before[1])
    assert more == pytest.approx(0.06 * BTC, abs=1e-5)
    # Another policy takes over in place, and the charge with it.
    live.stage_policies(2, policies(peg=PEG))
    live.apply(records.policy_epoch(2, ts_ns=T0 + 9 * SECOND))
    same(live)
    assert live.account("coins").initial_margin == 0.0


@pytest.mark.parametrize(
    ("pegs", "code", "column"),
    [
        ({"USDC": {"value": 1.0, "asset": "DAI"}}, "KEY_NOT_USED", "pegs.USDC.asset"),
        ({"USDC": {"factor": 1.0}}, "MISSING_KEY", "pegs.USDC.value"),
        ({"USDC": {"asset": "USDC"}}, "INVALID_ASSET", "pegs.USDC.asset"),
        ({"USDC": {"asset": "DAI@"}}, "INVALID_ASSET", "pegs.USDC.asset"),
        ({"USDC@": {"value": 1.0}}, "INVALID_ASSET", "pegs.USDC@"),
        ({"USDC": {"value": 0.0}}, "OUT_OF_RANGE", "pegs.USDC.value"),
    ],
)
def test_what_a_peg_may_not_say(pegs: dict[str, Any], code: str, column: str) -> None:
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_dict(policies(peg=PEG, pegs=pegs))
    found = [(issue.code, issue.column) for issue in refused.value.issues]
    assert [(c, (at or "").replace('"', "")) for c, at in found] == [(code, f"policies.p.{column}")]


@pytest.mark.parametrize("threshold", [99.0, 1.01, 0.49, 0.0005, 0.0, -0.98])
def test_a_threshold_is_a_price_over_its_peg(threshold: float) -> None:
    """Percent, or how far below is meant: refused with the unit, in the section and in a peg."""
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_dict(
            policies(
                peg={**PEG, "threshold": threshold},
                pegs={"USDC": {"value": 1.0, "threshold": threshold}},
            )
        )
    places = ["policies.p.peg.threshold", "policies.p.pegs.USDC.threshold"]
    assert [(i.code, i.column) for i in refused.value.issues] == [
        ("OUT_OF_RANGE", place) for place in places
    ]
    for issue in refused.value.issues:
        assert issue.message == (
            f"got {threshold}; expected a number at least 0.5 and at most 1 "
            "(price over peg: 0.99 is 1 % below it)"
        )


@pytest.mark.parametrize("threshold", [0.5, 0.99, 1.0])
def test_a_threshold_may_be_half_the_peg_or_all_of_it(threshold: float) -> None:
    tm.Policies.from_dict(policies(peg={**PEG, "threshold": threshold}))


def warned(made: tm.Engine) -> list[tuple[str, str | None, object, str]]:
    return [(i.code, i.column, i.value, i.message) for i in made.warnings]


def test_a_peg_of_an_asset_that_the_market_lacks_is_told() -> None:
    known = {"USDC": {"value": 1.0}, "WETH": {"asset": "ETH"}, "USD": {"value": 1.0}}
    assert warned(tm.Engine(market(), portfolio(), policies(peg=PEG, pegs=known))) == []
    slip = {"USDCC": {"value": 1.0}, "USDC@solana": {"value": 1.0}, "XYZ": {"asset": "NOPE"}}
    made = tm.Engine(market(), portfolio(), policies(peg=PEG, pegs=slip))
    told = "policy p: pegs.{0} holds nothing: the market has no asset {0}{1}"
    hints = {"USDCC": "; did you mean USDC?", "USDC@solana": "", "XYZ": ""}
    assert warned(made) == [
        ("UNKNOWN_ASSET", f"policies.p.pegs.{key}", key, told.format(key, hint))
        for key, hint in hints.items()
    ]
    assert set(made.recompute().accounts["status"]) == {"ok"}


def two_chains() -> tm.Market:
    """The market with wrapped ether on two chains, one of them without a price."""
    tables = {name: dict(table.to_dict()) for name, table in market().tables().items()}
    assets = tables["assets"]
    assets["asset"] = [*assets["asset"], "WBTC", "WBTC"]
    assets["mark_price"] = [*assets["mark_price"], None, 59_000.0]
    assets["underlying"] = [*assets["underlying"], None, None]
    assets["chain"] = [None] * 4 + ["base", "solana"]
    for column in set(assets) - {"asset", "mark_price", "underlying", "chain"}:
        assets[column] = [*assets[column], None, None]
    return tm.Market.from_tables(as_of_ns=T0, numeraire="USD", **tables)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("ETHX", "the market has no asset ETHX; did you mean ETH?"),
        ("WBTC", "the market has several, WBTC@base and WBTC@solana"),
        ("WBTC@base", "asset WBTC@base has no price"),
    ],
)
def test_a_reference_without_a_price_is_told_with_its_key(
    reference: str, why: str, tmp_path: Path
) -> None:
    own = policies(peg=PEG, pegs={"USDC": {"asset": reference}})
    made = tm.Engine(two_chains(), portfolio(), own)
    end = "whoever holds USDC or what settles in it is undecidable (missing_peg)"
    message = f"policy p: pegs.USDC.asset = {reference}: {why}; {end}"
    assert warned(made) == [("MISSING_PEG", "policies.p.pegs.USDC.asset", reference, message)]
    # The commands name it as what an undecidable account lacks, and of no other account.
    assert missing_inputs(made, made.account_handle("perp"), "p") == [message]
    assert missing_inputs(made, made.account_handle("coins"), "p") == []
    assert warning_lines(made) == [("MISSING_PEG", message)]


def test_pegs_are_of_the_add_on() -> None:
    with pytest.raises(tm.InvalidInputError) as refused:
        tm.Policies.from_dict(policies(pegs={"USDC": {"value": 1.0}}))
    (issue,) = refused.value.issues
    assert (issue.code, issue.column) == ("KEY_NOT_USED", "policies.p.pegs")
