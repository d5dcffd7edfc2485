"""`tickmargin what-if` as a user meets it: the engine's answer, hedges, doubtful prices."""

from __future__ import annotations

import json
import os

import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.simulate import synthetic_venue


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=300, positions=3_000, seed=3)
    venue.market_at().save(folder / "market")
    venue.portfolio().save(folder / "portfolio", format="csv")
    return folder


@pytest.fixture(scope="module")
def engine(book):
    market, portfolio = folders(book)
    return tm.Engine(tm.Market.load(market), tm.Portfolio.load(portfolio), "house-portfolio")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def folders(book):
    return book / "market", book / "portfolio"


def test_what_if_is_the_engine_s_answer(capsys, book, engine, tmp_path):
    order = ("-a", "A000007", "-i", "BTC-PERPETUAL", "-q", "-1000000", "--price", "84000")
    code, out, _ = call(capsys, "what-if", *folders(book), *order, "--json")
    assert code == 0
    (answer,) = json.loads(out)
    expected = engine.what_if(
        {
            "account": ["A000007"],
            "instrument": ["BTC-PERPETUAL"],
            "quantity": [-1e6],
            "price": [84000.0],
        }
    ).row(0)
    assert answer.pop("warnings") == []
    assert answer == json.loads(json.dumps(expected))
    assert answer["accepted"] is False
    assert call(capsys, "what-if", *folders(book), *order, "--strict")[0] == exit_codes.REFUSED
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "account,instrument,quantity,price\n"
        "A000007,BTC-PERPETUAL,-1000000,84000\n"
        "A000008,BTC_USDC-PERPETUAL,1,84000\n",
        encoding="utf-8",
    )
    code, out, _ = call(capsys, "what-if", *folders(book), "--orders", orders, "--json")
    assert code == 0
    assert json.loads(out)[0] == answer | {"warnings": []}
    assert len(json.loads(out)) == 2


def test_a_hedge_is_named_and_found(capsys, book):
    order = ("-a", "A000007", "-i", "BTC-PERPETUAL", "-q", "-5000", "--price", "84000")
    hedge = ("--hedge", "BTC_USDC-PERPETUAL")
    code, out, _ = call(capsys, "what-if", *folders(book), *order, *hedge)
    assert code == 0
    assert "BTC_USDC-PERPETUAL to pass" in out


def test_no_hedge_needed_is_not_no_hedge_found(capsys, book):
    base = ("what-if", *folders(book), "-a", "A000007", "--hedge", "BTC_USDC-PERPETUAL")
    harmless = ("-i", "BTC-PERPETUAL", "-q", "0", "--price", "84000")
    # a pocket of its own without collateral passes with no trade
    hopeless = ("-i", "BTC-PERPETUAL", "-q", "-50", "--price", "10", "--pocket", "empty")
    for order, status, shown in (
        (harmless, "not_needed", "not needed"),
        (hopeless, "none_exists", "none exists"),
    ):
        _, out, _ = call(capsys, *base, *order, "--json")
        assert json.loads(out)[0]["hedge_status"] == status
        assert shown in call(capsys, *base, *order)[1]


@pytest.mark.parametrize(
    ("quantity", "verdict", "reason"),
    [("0", "accepted", "IM is covered"), ("-1000000", "refused", "IM is not covered")],
)
def test_a_reason_does_not_repeat_its_verdict(capsys, book, quantity, verdict, reason):
    order = ("-a", "A000007", "-i", "BTC-PERPETUAL", "-q", quantity, "--price", "84000")
    _, out, _ = call(capsys, "what-if", *folders(book), *order)
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    shown = {line[0]: line[1].strip() for line in lines if len(line) == 2}
    assert (shown["verdict"], shown["reason"]) == (verdict, reason)


def option_named(engine, **wanted):
    """Give the name of the first option that is like this."""
    for row in engine.portfolio.table("instruments"):
        if row["kind"] == "option" and all(row[name] == value for name, value in wanted.items()):
            return row["instrument"]
    raise AssertionError(wanted)


@pytest.mark.parametrize(
    ("price", "warned"), [(84_000, False), (50_000, False), (40_000, True), (130_000, True)]
)
def test_a_price_far_from_the_mark_is_warned_of(capsys, book, price, warned):
    order = ("-a", "A000007", "-i", "BTC-PERPETUAL", "-q", "1", "--price", price)  # mark 84,128
    _, out, err = call(capsys, "what-if", *folders(book), *order, "--json")
    assert len(json.loads(out)[0]["warnings"]) == warned
    assert ("far from the mark of 84,128" in err) == warned


@pytest.mark.parametrize(
    ("option_type", "price", "warned"),
    [
        ("call", 0.05, False),
        ("call", 0.9, False),
        ("call", 1.01, True),
        ("put", 0.9, False),
        ("put", 2_000.0, True),
    ],
)
def test_a_coin_settled_option_priced_as_in_usd_is_warned_of(
    capsys, book, engine, option_type, price, warned
):
    option = option_named(engine, payoff="coin", option_type=option_type)
    order = ("-a", "A000007", "-i", option, "-q", "1", "--price", price)
    _, out, err = call(capsys, "what-if", *folders(book), *order, "--json")
    assert len(json.loads(out)[0]["warnings"]) == warned
    assert ("is it USD?" in err) == warned


def test_a_single_order_is_refused_without_talk_of_rows(capsys, book):
    order = ("-a", "NOBODY", "-i", "BTC-PERPETUAL", "-q", "1", "--price", "84000")
    code, _, err = call(capsys, "what-if", *folders(book), *order)
    assert code == exit_codes.BAD_INPUT
    assert "order refused: " in err
    assert "NOBODY" in err
    assert "row" not in err
    assert "loaded" not in err
