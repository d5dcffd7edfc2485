"""What methods ``portfolio`` and ``standard`` explain adds up; what they cannot value, they say."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from tests.golden.derive_book import Book
from tests.oracle.margin import Inputs
from tests.property.books import CI, engine_of, inputs
from tests.property.test_expiry_margins import SPOT, STANDARD, portfolio_book
from tests.property.test_explain import SIDES, TICKS_A_UNIT, left_fold, scan_losses, ticks

EXPIRY_METHODS = ("portfolio", "standard")
OPTION = {"K": 2000.0, "call": True, "amt": -1.0, "vol": 0.5}


@CI
@given(inputs(EXPIRY_METHODS))
def test_requirement_lines_fold_to_the_row(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for row in engine.recompute().pockets:
        if row["state"] == "undecidable":
            continue
        lines = [
            line
            for line in engine.explain(row["account"]).requirement
            if line["pocket"] == row["pocket"] and line["component"] != "rounding"
        ]
        for _, column in SIDES:
            exact = Fraction(left_fold(line[column] for line in lines)) * TICKS_A_UNIT
            assert math.ceil(exact) == ticks(row[column])


@CI
@given(inputs(["portfolio"]))
def test_contributions_fold_to_the_scan_line(drawn: Inputs) -> None:
    engine = engine_of(drawn)
    for account in {row["account"] for row in drawn.portfolio["positions"]}:
        losses = scan_losses(engine, account)
        for line in engine.explain(account).requirement:
            if line["component"] != "scan" or math.isnan(line["initial_margin"]):
                continue
            own = drawn.policy.get("underlyings", {}).get(line["underlying"], {})
            rules = {**drawn.policy["portfolio"], **own.get("portfolio", {})}
            loss = losses[line["pocket"], line["underlying"]]
            for name, column in SIDES:
                assert line[column] == rules[f"{name}_factor"] * loss


def account_of(book: Book) -> dict[str, Any]:
    (row,) = book.engine().recompute().accounts
    return dict(row)


def standard_book(options: list[dict[str, Any]], forward: float = SPOT) -> Book:
    rules = {"method": "standard", "option_value": "requirement", "standard": STANDARD}
    book = Book(rules, {}, 0.0)
    book.underlying("X", SPOT, 1.0, 1.0)
    book.expiry("X", 400_000, options, forward_price=forward)
    return book


@pytest.mark.parametrize("method", EXPIRY_METHODS)
def test_an_option_under_bachelier_is_undecidable(method: str) -> None:
    if method == "standard":
        book = standard_book([OPTION])
    else:
        book = portfolio_book([(400_000, [OPTION])], 0.0, 1.0)
    assert account_of(book)["status"] == "ok"
    book.instruments[-1]["bachelier"] = True
    book.forwards[-1]["forward_price"] = -5.0
    book.marks[-1] |= {"vol_annual": None, "vol_normal_annual": 500.0}
    row = account_of(book)
    assert (row["state"], row["status"]) == ("undecidable", "unsupported_contract")


def test_a_coin_settled_option_beside_a_fixed_part_is_undecidable() -> None:
    for fixed, status in ((0.0, "ok"), (700.0, "unsupported_contract")):
        book = portfolio_book([(400_000, [OPTION])], fixed, 0.0)
        book.collateral("X", 1.0, SPOT, underlying="X")
        book.instruments[-1] |= {"payoff": "coin", "settlement_asset": "X"}
        assert account_of(book)["status"] == status


def test_the_least_loss_is_of_the_net_delta_and_of_what_offsets() -> None:
    rules = {"scenarios": [{"move": 0.0}], "maintenance_factor": 0.5}
    rules |= {"minimum_net_ratio": 0.02, "minimum_offset_ratio": 0.01}
    book = Book({"method": "portfolio", "portfolio": rules}, {}, 0.0)
    book.underlying("X", SPOT, 1.0, 1.0)
    book.perpetual("X", 2.0, SPOT, 0.0)
    book.perpetual("X", -1.0, SPOT, 0.0)
    row = account_of(book)
    # net 1, gross 3, so 1 offsets: (0.02 + 0.01) x 2000
    assert row["initial_margin"] == pytest.approx(60.0)
    assert row["maintenance_margin"] == pytest.approx(30.0)


@pytest.mark.parametrize("perps", [0.0, 1.0])
def test_doubt_about_a_balance_counts_without_positions_too(perps: float) -> None:
    rules = {"scenarios": [{"move": 0.0}], "confidence_threshold": 0.6, "confidence_ratio": 0.4}
    book = Book({"method": "portfolio", "portfolio": rules}, {}, 0.0)
    book.underlying("X", SPOT, 1.0, 1.0)
    book.perpetual("X", perps, SPOT, 0.0)
    book.collateral("Y", 100.0, 2.0, confidence=0.5)
    row = account_of(book)
    assert row["initial_margin"] == pytest.approx(0.5 * 0.4 * 200.0)
    assert row["maintenance_margin"] == 0.0
