"""Two tiers as a user meets them: the policy's keys, the tables, the command, live."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.report import tiers_page
from tickmargin.simulate import synthetic_venue

COARSE = {"price_range": 0.18, "price_steps": 1, "vol_up": 0.3, "vol_down": 0.2,
          "strike_nodes": False, "maintenance_factor": 0.8}  # fmt: skip
FINE = {**COARSE, "price_steps": 40, "strike_nodes": True}


def policies(fast=None, exact=None, **more):
    haircuts = {"default": 0.1, "USD": 0.0, "USDC": 0.0, "USDT": 0.0}
    first = {"method": "scenario", "haircuts": haircuts, "scenario": COARSE, "exact": "fine"}
    second = {"method": "scenario", "haircuts": haircuts, "scenario": FINE}
    data = {"schema": 1, "policies": {"coarse": {**first, **(fast or {})},
                                      "fine": {**second, **(exact or {})}}}  # fmt: skip
    return data | more


@pytest.fixture(scope="module")
def venue():
    return synthetic_venue(accounts=200, positions=3_000, seed=11)


@pytest.fixture(scope="module")
def engine(venue):
    return tm.Engine(venue.market_at(), venue.portfolio(), policies())


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def test_the_shipped_pair_covers_the_book_its_factor_is_read_off():
    """The book of `tickmargin demo --accounts 10000 --positions 100000 --seed 7`."""
    pair = tm.Policies.preset("house-two-tiers-2026-04-01")
    book = synthetic_venue(accounts=10_000, positions=100_000, seed=7)
    (row,) = list(tm.Engine(book.market_at(), book.portfolio(), pair).tiers().policies)
    assert (row["policy"], row["exact"]) == ("house-fast", "house-full")
    assert (row["initial_uncovered"], row["maintenance_uncovered"]) == (0, 0)
    # no more than rounded up
    assert row["safety_factor_ratio"] - 0.001 < row["factor"] <= row["safety_factor_ratio"]
    assert row["never"] == 0


def test_the_newest_pair_covers_its_book_without_a_factor_and_keeps_its_bands():
    """The same book; the range of ETH is that of house-portfolio of the same date."""
    pair = tm.Policies.preset("house-two-tiers")
    book = synthetic_venue(accounts=10_000, positions=100_000, seed=7)
    (row,) = list(tm.Engine(book.market_at(), book.portfolio(), pair).tiers().policies)
    assert (row["initial_uncovered"], row["maintenance_uncovered"]) == (0, 0)
    assert row["safety_factor_ratio"] == row["factor"] == 1.0
    # as measured for the preset's head
    assert row["initial_fast"] == pytest.approx(185.4e6, abs=0.1e6)
    assert row["initial_exact"] == pytest.approx(160.5e6, abs=0.1e6)
    assert pair.describe()[0]["path"] == "bands"
    scan = {
        name: tm.Policies.preset(f"{name}-2026-05-01").loaded[0].config.underlyings["ETH"].scenario
        for name in ("house-two-tiers", "house-portfolio")
    }
    ours, theirs = scan.values()
    assert (ours.price_range, ours.tails) == (theirs.price_range, theirs.tails)


def test_an_exact_policy_is_no_choice_by_default(engine):
    assert set(engine.recompute().accounts["policy"].tolist()) == {"coarse"}


def test_the_gap_is_the_difference_of_two_recomputes(engine, venue):
    tiers = engine.tiers()
    coarse = engine.recompute().accounts
    fine = engine.recompute(policies=policies(select=[{"policy": "fine"}])).accounts
    gap = fine["initial_margin"] - coarse["initial_margin"]
    assert np.array_equal(tiers.accounts["initial_gap"], gap, equal_nan=True)
    (row,) = list(tiers.policies)
    assert row["initial_uncovered"] == int((gap > 0).sum()) > 0
    assert row["policy"] == "coarse"
    assert row["exact"] == "fine"


def test_a_share_of_accounts_needs_less_than_all(engine):
    (row,) = list(engine.tiers(share=0.5).policies)
    assert 1.0 <= row["factor_of_share"] <= row["factor"]
    factors = engine.tiers().accounts
    worst = np.maximum(factors["initial_factor"], factors["maintenance_factor"])
    covered = np.nanmean(worst <= row["factor_of_share"])
    assert covered >= 0.5


def test_a_live_engine_goes_on_with_the_fast_policy(venue):
    market = venue.market_at()
    given = policies(fast={"safety_factor_ratio": 1.25})
    engine = tm.Engine(market, venue.portfolio(), given)
    (row,) = [p for p in engine.info()["policies"] if p["policy"] == "coarse"]
    assert row["path"] == "incremental"
    now = market.as_of_ns
    for n, price in enumerate((84_000.0, 80_000.0, 86_000.0), start=1):
        engine.index_tick("BTC", price, seq=n, ts_ns=now + n * 10**9)
    account = engine.portfolio.accounts.names[7]
    order = tm.records.order(
        account, "BTC_USDC-PERPETUAL", 0.01, 84_000.0, order=1, ts_ns=now + 5 * 10**9,
        engine=engine,
    )  # fmt: skip
    engine.apply(order)
    engine.verify()
    assert "safety" in engine.explain(account).requirement["component"].tolist()
    tiers = engine.tiers()
    assert tiers.accounts["initial_fast"].tobytes() == (
        engine.recompute().accounts["initial_margin"].tobytes()
    )


@pytest.mark.parametrize("preset", ["house-portfolio", "house-dynamic", "house-fixed"])
def test_a_resting_order_asks_for_no_less_than_its_fill(venue, preset):
    file = tm.policies.PRESETS_FOLDER / f"{preset}-2026-03-01.toml"
    text = file.read_text("utf-8").replace("\nmethod =", "\nsafety_factor_ratio = 1.5\nmethod =", 1)
    market, name = venue.market_at(), "BTC_USDC-PERPETUAL"
    engine = tm.Engine(market, venue.portfolio(), tm.Policies.from_toml(text))
    engine.index_tick("BTC", 84_000.0, seq=1, ts_ns=market.as_of_ns + 10**9)
    accounts = engine.recompute().accounts
    known = accounts["account"][accounts["state"] != "undecidable"][:40].tolist()
    orders = {
        "account": known,
        "instrument": [name] * len(known),
        "quantity": [2.0 if n % 2 else -2.0 for n in range(len(known))],
        "price": [84_000.0] * len(known),
    }
    filled = engine.what_if(orders)
    resting = tm.records.order(
        orders["account"],
        orders["instrument"],
        np.array(orders["quantity"]),
        np.array(orders["price"]),
        order=np.arange(1, len(known) + 1),
        ts_ns=market.as_of_ns + 2 * 10**9,
        engine=engine,
    )
    applied = engine.apply(resting)
    taken = applied.status == 0
    assert taken.any()
    engine.verify()
    rows = engine.recompute().pockets
    cross = {row["account"]: row["initial_margin"] for row in rows if row["pocket"] == "cross"}
    needed = np.array([cross[account] for account in known])
    # what the fill itself gains or loses against the mark is counted with it
    gain = filled["equity_after"] - filled["equity_before"]
    assert (needed >= filled["initial_margin_after"] - gain - 4e-6)[taken].all()


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (policies(fast={"exact": "fin"}), "UNKNOWN_POLICY", "did you mean fine"),
        (policies(fast={"exact": "coarse"}), "UNKNOWN_POLICY", "expected one of fine"),
        (policies(exact={"exact": "coarse"}), "EXACT_HAS_EXACT", "names an exact policy itself"),
        (policies(exact={"collateral": "simulated"}), "EXACT_MEASURES_OTHERWISE", "collateral"),
        (policies(fast={"safety_factor_ratio": 0.9}), "OUT_OF_RANGE", "at least 1"),
        (policies(fast={"safety_factor_ratio": float("nan")}), "NOT_FINITE", "safety_factor"),
    ],
)
def test_keys_that_make_no_sense_are_refused(given, code, told):
    with pytest.raises(tm.InvalidInputError, match=told) as caught:
        tm.Policies.from_dict(given)
    assert code in {issue.code for issue in caught.value.issues}


def test_only_fast_methods_have_an_exact_one():
    text = (tm.policies.PRESETS_FOLDER / "deribit-pm-2026-02-15.toml").read_text("utf-8")
    text = text.replace("method =", "safety_factor_ratio = 1.5\nmethod =", 1)
    with pytest.raises(tm.InvalidInputError, match="has an effect only where method is fixed"):
        tm.Policies.from_toml(text)


def test_without_an_exact_policy_there_is_nothing_to_compare(venue):
    engine = tm.Engine(venue.market_at(), venue.portfolio(), "house-fixed")
    with pytest.raises(tm.InvalidInputError, match="names an exact one") as caught:
        engine.tiers()
    assert caught.value.code == "NO_EXACT_POLICY"
    with pytest.raises(tm.InvalidInputError, match="share"):
        engine.tiers(policies=policies(), share=0.0)


def test_the_command_compares_the_shipped_pair_by_default(capsys, venue, tmp_path, monkeypatch):
    venue.market_at().save(tmp_path / "market")
    venue.portfolio().save(tmp_path / "portfolio")
    folders = [str(tmp_path / "market"), str(tmp_path / "portfolio")]
    assert main(["tiers", *folders]) == 0
    out = capsys.readouterr().out
    assert "house-fast beside house-full" in out
    assert "safety factor that covers all, in its place" in out
    assert "hot" not in out.lower().split()
    assert main(["tiers", *folders, "-p", "house-fixed"]) == exit_codes.BAD_INPUT
    assert "preset house-two-tiers" in capsys.readouterr().err


def test_a_factor_takes_the_place_of_the_one_in_force(venue):
    """A pair with the factor that covers has it found again, not one of 1 on top."""
    plain = tm.Engine(venue.market_at(), venue.portfolio(), policies()).tiers()
    (row,) = list(plain.policies)
    raised = policies(fast={"safety_factor_ratio": row["factor"]})
    (again,) = list(tm.Engine(venue.market_at(), venue.portfolio(), raised).tiers().policies)
    assert again["factor"] == pytest.approx(row["factor"], rel=1e-9) != 1.0
    assert (again["initial_uncovered"], again["maintenance_uncovered"]) == (0, 0)


def test_the_picture_begins_at_its_floor_but_for_what_is_not_covered():
    exact = np.array([3e6, 40.0, 5.0, 0.0, 5.0])
    fast = np.array([4e6, 50.0, 6.0, 0.0, 4.0])
    sides = ("initial", "maintenance")
    columns = {f"{side}_{k}": v for side in sides for k, v in (("fast", fast), ("exact", exact))}
    accounts = tm.Table({"account": np.array(list("abcde"), object), **columns}, name="tiers")
    assert tiers_page._floor(accounts) == 10.0  # five decades below 1e6
    for trace in tiers_page._figure(accounts, 10.0, "USD")["data"][:2]:
        assert trace["text"] == ["a", "b", "e"]


def test_the_command_prints_and_writes_what_the_engine_says(capsys, venue, engine, tmp_path):
    venue.market_at().save(tmp_path / "market")
    venue.portfolio().save(tmp_path / "portfolio")
    file = tmp_path / "two.toml"
    lines = ["schema = 1"]
    for name, rules, exact in (("coarse", COARSE, True), ("fine", FINE, False)):
        lines += [f"[policies.{name}]", 'method = "scenario"']
        lines += ['exact = "fine"'] if exact else []
        lines += [f"[policies.{name}.haircuts]", "default = 0.1", "USD = 0.0", "USDC = 0.0",
                  "USDT = 0.0", f"[policies.{name}.scenario]"]  # fmt: skip
        lines += [f"{key} = {json.dumps(value)}" for key, value in rules.items()]
    file.write_text("\n".join(lines), encoding="utf-8")
    command = ["tiers", str(tmp_path / "market"), str(tmp_path / "portfolio"), "-p", str(file)]
    out, page = tmp_path / "rows.csv", tmp_path / "tiers.html"
    assert main([*command, "--json", "--out", str(out), "--html", str(page)]) == 0
    answer = json.loads(capsys.readouterr().out)
    (row,) = answer["policies"]
    (expected,) = list(engine.tiers().policies)
    assert row["factor"] == expected["factor"]
    assert row["initial_uncovered"] == expected["initial_uncovered"]
    assert len(out.read_text("utf-8").splitlines()) == 1 + 200
    assert "exact" in page.read_text("utf-8")
    assert main([*command, "--strict"]) == exit_codes.REFUSED
    assert "coarse" in capsys.readouterr().out
