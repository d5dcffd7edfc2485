"""Totals, states and the order of the riskiest, against sums done by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tickmargin.report.summary import (
    by_component,
    health_counts,
    left_out_line,
    riskiest_rows,
    summarise,
    without_margin,
)
from tickmargin.report.text import (
    count,
    escape,
    exact_money,
    label,
    moment,
    money,
    move,
    ratio,
    shock,
    whole_money,
)
from tickmargin.table import Table


@dataclass(frozen=True)
class FakeResult:
    accounts: Table
    pockets: Table
    units: Table
    components: Table
    as_of_ns: int = 0


def book():
    """Six accounts: safe, called, short by 30, short by 500, nothing held, undecidable."""
    return Table(
        {
            "account": np.array(["safe", "called", "short", "deep", "empty", "odd"], dtype=object),
            "state": np.array(
                ["healthy", "margin_call", "liquidating", "bankrupt", "healthy", "undecidable"],
                dtype=object,
            ),
            "equity": np.array([1000.0, 115.0, 70.0, -400.0, 0.0, np.nan]),
            "initial_margin": np.array([150.0, 130.0, 130.0, 130.0, 0.0, np.nan]),
            "maintenance_margin": np.array([100.0, 100.0, 100.0, 100.0, 0.0, np.nan]),
            "slack": np.array([900.0, 15.0, -30.0, -500.0, 0.0, np.nan]),
            "debts": np.array([0.0, 0.0, 20.0, 0.0, 0.0, np.nan]),
            "health_ratio": np.array([10.0, 1.15, 0.7, -4.0, np.inf, np.nan]),
        }
    )


def test_totals_leave_the_undecidable_out_and_count_it():
    summary = summarise("p", FakeResult(book(), Table({}), Table({}), Table({})))
    assert summary.accounts == 6
    assert summary.equity == 785.0
    assert summary.initial_margin == 540.0
    assert summary.maintenance_margin == 400.0
    assert summary.below_maintenance == 2
    assert summary.shortfall == 530.0
    assert summary.called == 1
    assert summary.undecidable == 1
    assert summary.debts == 0.0  # who owes 20 needs margin as well
    assert summary.states == {
        "healthy": 2, "warning": 0, "margin_call": 1, "liquidating": 1, "bankrupt": 1,
        "undecidable": 1,
    }  # fmt: skip


def test_nothing_short_is_a_plain_zero():
    safe = book().take([0, 1])
    shortfall = summarise("p", FakeResult(safe, Table({}), Table({}), Table({}))).shortfall
    assert str(shortfall) == "0.0"


def test_the_riskiest_are_those_with_the_largest_shortfall_then_the_lowest_health():
    accounts = book()
    names = accounts["account"][riskiest_rows(accounts, 10)].tolist()
    assert names == ["deep", "short", "called", "safe"]
    assert accounts["account"][riskiest_rows(accounts, 2)].tolist() == ["deep", "short"]


def test_an_account_without_margin_is_counted_and_one_in_debt_is_shown():
    accounts = book()
    columns = {name: accounts[name].copy() for name in accounts.columns}
    assert (
        left_out_line(accounts)
        == "left out: 1 account without margin or debts and 1 account undecidable"
    )
    # the account that needs nothing now owes something
    row = int(np.flatnonzero(accounts["maintenance_margin"] == 0.0)[0])
    columns["slack"][row], columns["state"][row] = -1_000_000.0, "bankrupt"
    debt = Table(columns)
    assert riskiest_rows(debt, 1).tolist() == [row]
    assert without_margin(debt) == 0


def test_health_is_counted_between_borders_with_the_border_in_the_upper_bin():
    assert health_counts(book(), [0.0, 0.7, 1.0, 10.0]).tolist() == [1, 0, 1, 1, 1]


def test_components_are_summed_over_policies_and_ordered_by_size():
    table = Table(
        {
            "policy": np.array(["a", "b", "a", "a"], dtype=object),
            "underlying": np.array(["BTC", "BTC", "ETH", "ETH"], dtype=object),
            "component": np.array(["scan", "scan", "roll", "none"], dtype=object),
            "initial_margin": np.array([10.0, 5.0, 20.0, 0.0]),
        }
    )
    underlyings, names, amounts = by_component(table, "initial_margin")
    assert underlyings == ["BTC", "ETH"]
    assert names == ["roll", "scan"]
    assert amounts.tolist() == [[0.0, 20.0], [15.0, 0.0]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.00"),
        (12.345, "12.35"),
        (999.4, "999"),
        (999.9, "1.00 k"),
        (-1_234.0, "-1.23 k"),
        (45_678.0, "45.7 k"),
        (1.2e6, "1.20 M"),
        (345.6e6, "346 M"),
        (2.5e9, "2.50 B"),
        (7.0e12, "7.00 T"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (None, "–"),
    ],
)
def test_money_keeps_the_digits_that_matter(value, shown):
    assert money(value) == shown


def test_other_numbers_read_as_people_write_them():
    assert exact_money(-1234567.891) == "-1,234,567.89"
    assert exact_money(-0.004) == money(-0.0) == "0.00"
    assert (whole_money(-0.4), whole_money(-0.6)) == ("0", "-1")
    assert shock(-0.16, 0.0) == ("-16 %", "0 %")
    assert shock(0.0, 0.0) == ("–", "–")
    assert ratio(float("inf")) == "∞"
    assert ratio(1.234) == "1.23"
    assert ratio(5e9) == "> 1,000"
    assert move(-0.16) == "-16 %"
    assert move(0.5) == "+50 %"
    assert move(0.1234) == "+12.34 %"
    assert move(0.0) == "0 %"
    assert move(float("nan")) == "–"
    assert count(1234567) == "1,234,567"
    assert moment(1_769_774_400_000_000_000) == "2026-01-30 12:00:00 UTC"


def test_escaping_for_html_and_for_charts():
    assert escape("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"
    assert label("<b>'&") == "&lt;b&gt;'&amp;"
