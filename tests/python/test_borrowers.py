"""Accounts that owe and need no margin: their health factor, and who reads it where.

The health factors are Aave's own cases (vectors of family `lending`) or worked out by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.golden.cases import folder

import tickmargin as tm
from tickmargin.cli import main
from tickmargin.report import riskiest_rows, summarise, terminal
from tickmargin.report.build import liquidation_map
from tickmargin.report.summary import health_counts, left_out_line, without_margin

USD = 10**8
AS_OF_NS = 1_780_272_000_000_000_000
NO_POSITIONS: dict[str, list[Any]] = {
    "account": [], "instrument": [], "quantity": [], "entry_price": [],
}  # fmt: skip
# WETH at 2,000 counts 0.80 to borrow and 0.825 until liquidation, WBTC at 60,000 0.70 and 0.75.
BOOK = (
    ("ann", "WETH", 10.0, "cross"),
    ("ann", "USDC", -16_400.0, "cross"),  # 16,500 / 16,400
    ("bob", "WETH", 10.0, "cross"),
    ("bob", "USDC", -17_000.0, "cross"),  # 16,500 / 17,000
    ("eve", "WBTC", 1.0, "cross"),
    ("eve", "WETH", -15.0, "cross"),  # 45,000 / 30,000
    ("mor", "WETH", 1.0, "WETH/USDC"),
    ("mor", "USDC", -1_500.0, "WETH/USDC"),  # 1,650 / 1,500
    ("idle", "USDC", 10.0, "cross"),
    ("margin", "USDC", 12_000.0, "cross"),  # 10,200 of equity, 5 ETH at the whole of 2,000
)
HEALTH = {"ann": 16_500 / 16_400, "bob": 16_500 / 17_000, "eve": 1.5, "mor": 1.1, "margin": 1.02}


def market(eth: float | None = 2_000.0) -> tm.Market:
    return tm.Market.from_tables(
        as_of_ns=AS_OF_NS,
        assets={
            "asset": ["USD", "USDC", "WETH", "WBTC"],
            "mark_price": [1.0, 1.0, None, None],
            "underlying": [None, None, "ETH", "BTC"],
        },
        underlyings={"underlying": ["ETH", "BTC"], "index_price": [eth, 60_000.0]},
        marks={"instrument": ["ETH-PERP"], "mark_price": [2_000.0]},
    )


def portfolio(rows: Any = BOOK, positions: Any = None) -> tm.Portfolio:
    account, asset, amount, pocket = zip(*rows, strict=True)
    return tm.Portfolio.from_tables(
        instruments={
            "instrument": ["ETH-PERP"], "kind": ["perpetual"], "underlying": ["ETH"],
            "settlement_asset": ["USDC"], "payoff": ["linear"], "multiplier": [1.0],
        },
        accounts={"account": list(dict.fromkeys(account))},
        positions=positions or {
            "account": ["margin"], "instrument": ["ETH-PERP"], "quantity": [5.0],
            "entry_price": [2_000.0],
        },
        balances={"account": account, "asset": asset, "amount": amount, "pocket": pocket},
    )  # fmt: skip


@pytest.fixture
def engine() -> tm.Engine:
    return tm.Engine(market(), portfolio(), "aave-v3-2024-02-27")


def aave_cases() -> list[dict[str, Any]]:
    file = folder() / "lending.json"
    if not file.is_file():
        return []
    vectors = json.loads(file.read_text("utf-8"))["vectors"]
    return [v for v in vectors if v["id"].startswith("aave.account.")]


@pytest.mark.parametrize("case", aave_cases(), ids=lambda v: v["id"])
def test_health_is_aave_s_health_factor(case: dict[str, Any]) -> None:
    held, owed = case["inputs"]["collaterals"], case["inputs"]["debts"]
    names = [f"R{i}" for i in range(len(held))]
    haircuts: dict[str, Any] = {"default": 1.0}
    for name, row in zip(names, held, strict=True):
        kept = {"quality": 1 - row["lt"] / 10_000}
        haircuts[name] = {"quality": 1 - row["ltv"] / 10_000, "maintenance": kept}
    policy = {
        "method": "fixed",
        "haircuts": haircuts,
        "futures": {"initial_ratio": 1.0, "maintenance_ratio": 1.0},
    }
    assets = [*names, *(f"D{i}" for i in range(len(owed)))]
    amounts = [row["value"] / USD for row in held] + [-debt / USD for debt in owed]
    made = tm.Engine(
        tm.Market.from_tables(
            as_of_ns=AS_OF_NS,
            assets={"asset": ["USD", *assets], "mark_price": [1.0] * (len(assets) + 1)},
            underlyings={"underlying": ["ETH"], "index_price": [2_000.0]},
            marks={"instrument": ["ETH-PERP"], "mark_price": [2_000.0]},
        ),
        tm.Portfolio.from_tables(
            instruments={
                "instrument": ["X"], "kind": ["perpetual"], "underlying": ["ETH"],
                "settlement_asset": ["USD"], "payoff": ["linear"], "multiplier": [1.0],
            },
            accounts={"account": ["A"]},
            positions=NO_POSITIONS,
            balances={"account": ["A"] * len(assets), "asset": assets, "amount": amounts},
        ),
        {"schema": 1, "policies": {"p": policy}},
    )  # fmt: skip
    (row,) = made.recompute().accounts
    expected = case["expected"]
    assert row["health_ratio"] == pytest.approx(int(expected["health_factor"]) / 10**18, rel=1e-14)
    assert row["debts"] == pytest.approx(expected["total_debt"] / USD, rel=1e-15)
    free = max(row["equity_initial"], 0.0)
    assert free == pytest.approx(expected["available_borrows"] / USD, abs=2e-6)


def test_health_is_of_the_pocket_that_binds(engine: tm.Engine) -> None:
    accounts = {row["account"]: row for row in engine.recompute().accounts}
    for name, health in HEALTH.items():
        assert accounts[name]["health_ratio"] == pytest.approx(health, rel=1e-12)
    assert accounts["idle"]["health_ratio"] is None  # infinite: it neither needs nor owes
    # The cross pocket, empty, has the smaller slack; it owes nothing.
    assert accounts["mor"]["worst_pocket"] == "WETH/USDC"
    assert (accounts["ann"]["state"], accounts["bob"]["state"]) == ("healthy", "liquidating")
    assert {n: row["debts"] for n, row in accounts.items()} == {
        "ann": 16_400.0, "bob": 17_000.0, "eve": 30_000.0, "mor": 1_500.0, "idle": 0.0,
        "margin": 0.0,
    }  # fmt: skip


def test_a_requirement_leaves_health_what_it_was(engine: tm.Engine) -> None:
    """A debt of an account with margin counts in its equity alone."""
    rows = (("margin", "USDC", 12_000.0, "cross"), ("margin", "WBTC", -0.001, "cross"))
    (row,) = tm.Engine(market(), portfolio(rows), "aave-v3-2024-02-27").recompute().accounts
    assert row["debts"] == 60.0
    assert row["health_ratio"] == pytest.approx((10_200 - 60) / 10_000, rel=1e-12)


def test_health_follows_the_index_in_a_projection(engine: tm.Engine) -> None:
    told = engine.projection(accounts=["ann", "idle"], price_moves=[-0.1, 0.0])
    assert told.health_ratio[0, :, 0, 0] == pytest.approx(
        [0.9 * 16_500 / 16_400, 16_500 / 16_400], rel=1e-12
    )
    assert (told.health_ratio[1] == float("inf")).all()


def test_borrowers_are_ranked_and_counted(engine: tm.Engine) -> None:
    accounts = engine.recompute().accounts
    ranked = accounts["account"][riskiest_rows(accounts, 10)].tolist()
    assert ranked == ["bob", "ann", "margin", "mor", "eve"]
    assert without_margin(accounts) == 1
    assert left_out_line(accounts) == "left out: 1 account without margin or debts"
    assert health_counts(accounts, [1.0, 1.2]).tolist() == [1, 3, 1]


def test_the_table_has_the_columns_that_say_something(engine: tm.Engine) -> None:
    accounts = engine.recompute().accounts
    ranked = accounts.take(riskiest_rows(accounts, 10))
    mixed = terminal.riskiest_table(ranked, "USD")
    assert [str(c.header) for c in mixed.columns] == [
        "account", "state", "equity", "IM", "MM", "debts", "may borrow", "slack", "health",
        "worst", "price", "vol",
    ]  # fmt: skip
    alone = terminal.riskiest_table(ranked.take([0, 1, 4]), "USD")
    headers = [str(c.header) for c in alone.columns]
    assert headers == ["account", "state", "equity", "debts", "may borrow", "slack", "health"]
    assert list(alone.columns[4].cells) == ["nothing", "nothing", "12,000"]
    assert [str(cell) for cell in alone.columns[6].cells] == ["0.9706", "1.0061", "1.5000"]


def test_totals_have_the_debts_of_who_needs_no_margin(engine: tm.Engine) -> None:
    assert summarise("p", engine.recompute()).debts == 16_400.0 + 17_000.0 + 30_000.0 + 1_500.0


def test_the_map_counts_debts_in_liquidation(engine: tm.Engine) -> None:
    """ETH 10 % down takes ann and mor as well, 10 % up nobody; nobody's BTC is near its border."""
    told = liquidation_map(engine, moves=[-0.1, 0.0, 0.1])
    eth, btc = (told.underlyings.index(name) for name in ("ETH", "BTC"))
    # At 1,800 the five contracts of `margin` need 9,000 of 9,200.
    assert told.notional[eth].tolist() == [16_400.0 + 17_000.0 + 1_500.0, 17_000.0, 0.0]
    assert told.accounts[eth].tolist() == [3, 1, 0]
    assert told.notional[btc].tolist() == [17_000.0] * 3


def write(folder: Path) -> list[str]:
    market().save(folder / "market")
    portfolio().save(folder / "portfolio")
    return [str(folder / "market"), str(folder / "portfolio")]


def test_explain_tells_the_health_factor_and_the_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = write(tmp_path)
    policy = ["--policies", "aave-v3-2024-02-27"]
    assert main(["explain", *folders, "eve", *policy, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (loan,) = told["loans"]
    assert loan == {
        "pocket": "cross", "weighted_supplies": 45_000.0, "debts": 30_000.0, "health_ratio": 1.5,
        "initial_equity": 12_000.0,
    }  # fmt: skip
    prices = {row["underlying"]: row for row in told["liquidation_prices"]}
    assert prices["BTC"]["lower"] == pytest.approx(40_000.0, rel=1e-9)
    assert prices["BTC"]["status_upper"] == "none"
    assert prices["ETH"]["upper"] == pytest.approx(3_000.0, rel=1e-9)
    assert main(["explain", *folders, "ann", *policy]) == 0
    shown = capsys.readouterr().out
    assert "1.0061" in shown
    assert "1,987.88" in shown  # 16,400 / (10 x 0.825)
    assert "nothing" in shown  # 16,000 at the loan-to-value is less than the debt
    for empty in ("rounding", "Requirement", "Positions"):
        assert empty not in shown
    assert main(["explain", *folders, "mor", *policy, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [loan["pocket"] for loan in told["loans"]] == ["WETH/USDC"]
    (border,) = told["liquidation_prices"]
    assert border["lower"] == pytest.approx(1_500 / 0.825, rel=1e-9)
    for other in ("idle", "margin"):
        assert main(["explain", *folders, other, *policy, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["loans"] == []


def test_explain_solves_for_collateral_of_positions_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five ETH bought at 2,000 need all of 10,000; 0.3 WBTC count 0.75 of 18,000."""
    market().save(tmp_path / "market")
    portfolio((("margin", "WBTC", 0.3, "cross"),)).save(tmp_path / "portfolio")
    folders = [str(tmp_path / "market"), str(tmp_path / "portfolio")]
    assert main(["explain", *folders, "margin", "--policies", "aave-v3-2024-02-27", "--json"]) == 0
    prices = json.loads(capsys.readouterr().out)["liquidation_prices"]
    assert [row["underlying"] for row in prices] == ["ETH", "BTC"]
    assert prices[1]["lower"] == pytest.approx(10_000 / (0.3 * 0.75), rel=1e-9)


def test_a_borrower_without_a_price_has_no_health(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market(None).save(tmp_path / "market")
    portfolio().save(tmp_path / "portfolio")
    folders = [str(tmp_path / "market"), str(tmp_path / "portfolio")]
    policy = ["--policies", "aave-v3-2024-02-27"]
    accounts = tm.Engine(market(None), portfolio(), "aave-v3-2024-02-27").recompute().accounts
    for row in accounts:
        if row["account"] in ("ann", "eve"):
            assert row["state"] == "undecidable"
            assert row["health_ratio"] is None
            assert row["debts"] is None
    for name in ("ann", "eve"):
        assert main(["explain", *folders, name, *policy]) == 0
        assert main(["explain", *folders, name, *policy, "--json"]) == 0
        text = capsys.readouterr().out
        assert json.loads(text[text.index("{") :])["loans"] == []


def test_a_run_says_where_the_figures_are_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, page = write(tmp_path), tmp_path / "page.html"
    policy = ["--policies", "aave-v3-2024-02-27"]
    assert main(["run", *folders, *policy, "--html", str(page)]) == 0
    line = "aave-v3: aave/aave-v3-deploy@27ccc6d2: markets/aave/reservesConfigs; as of 2024-02-27"
    assert line in capsys.readouterr().out
    text = page.read_text("utf-8")
    assert f"<summary>{line}</summary><p>Aave v3: what supplies count" in text
    assert "a debt counts in full" in text
    assert "the health factor of lenders" in text


def test_policies_without_a_head_have_no_notes() -> None:
    text = "schema = 1\n# not the head\n[policies.p]\nmethod = 'fixed'\n"
    rest = (
        "[policies.p.haircuts]\nUSD = 0.0\n"
        "[policies.p.futures]\ninitial_ratio = 1.0\nmaintenance_ratio = 1.0\n"
    )
    assert tm.Policies.from_toml(text + rest).notes == ""
    headed = tm.Policies.from_toml("#:schema ./s.json\n# One.\n# Two.\n" + text + rest)
    assert headed.notes == "One. Two."
