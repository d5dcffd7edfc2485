"""The HTML report: one offline file in which no identifier can become markup."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tickmargin.report import (
    AccountScenarios,
    LiquidationMap,
    Report,
    Run,
    TimelineDay,
    render,
    riskiest_rows,
    summarise,
    write_report,
)
from tickmargin.report.figures import health_figure, unit_names
from tickmargin.report.tables import riskiest_table
from tickmargin.table import Table

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script><!--"
AS_OF_NS = 1_769_774_400_000_000_000
STATE_OF = {0: "bankrupt", 1: "liquidating", 2: "margin_call", 3: "warning"}


@dataclass(frozen=True)
class FakeResult:
    accounts: Table
    pockets: Table
    units: Table
    components: Table
    as_of_ns: int


def text(values):
    return np.array(values, dtype=object)


def fake_result(accounts=200, name="P<b>1", underlying="BTC<i>"):
    """Rows whose state, slack and health agree with each other, worked out without the engine."""
    health = np.linspace(-0.5, 6.0, accounts)
    maintenance = np.where(np.arange(accounts) % 10 == 9, 0.0, 1000.0)
    equity = health * maintenance
    state = text([STATE_OF.get(n, "healthy") for n in range(accounts)])
    state[health < 1.0] = "liquidating"
    state[accounts - 1] = "undecidable"
    health = np.where(maintenance > 0.0, health, np.inf)
    names = [f"A{n:04d}" for n in range(accounts)]
    names[0] = HOSTILE
    return FakeResult(
        accounts=Table(
            {
                "account": text(names),
                "policy": text([name] * accounts),
                "state": state,
                "equity": equity,
                "initial_margin": 1.25 * maintenance,
                "maintenance_margin": maintenance,
                "slack": equity - maintenance,
                "health_ratio": health,
                "debts": np.zeros(accounts),
                "worst_underlying": text([underlying if n % 2 else None for n in range(accounts)]),
                "worst_price_move": np.where(np.arange(accounts) % 2, -0.16, np.nan),
                "worst_vol_shock": np.where(np.arange(accounts) % 2, 0.5, np.nan),
            }
        ),
        pockets=Table({"account": text(names), "pocket": text(["cross"] * accounts)}),
        units=Table({"account": text(names), "gross_notional": np.full(accounts, 5e4)}),
        components=Table(
            {
                "policy": text([name] * 3),
                "underlying": text([underlying, underlying, "ETH"]),
                "component": text(["scan_loss", "short_option", "scan_loss"]),
                "initial_margin": np.array([100.0, 25.0, 50.0]),
                "maintenance_margin": np.array([80.0, 25.0, 40.0]),
            }
        ),
        as_of_ns=AS_OF_NS,
    )


def fake_report(**changes):
    runs = []
    for name in ("house<fixed>", "house-portfolio"):
        result = fake_result(name=name)
        runs.append(Run(name, result, summarise(name, result)))
    moves = np.array([-0.16, -0.08, 0.0, 0.08, 0.16])
    shape = AccountScenarios(
        account=HOSTILE,
        pocket="cross",
        underlying="BTC<i>",
        equity=1000.0,
        moves=moves,
        weights=np.array([0.5, 1.0, 1.0, 1.0, 0.5]),
        vol_shocks=np.array([-0.25, 0.0, 0.5]),
        pnl=np.outer([1.0, 1.2, 1.5], 4000.0 * moves),
    )
    fields = {
        "title": HOSTILE,
        "lead": HOSTILE,
        "version": "0.1.0",
        "numeraire": "US<D>",
        "runs": runs,
        "facts": [(HOSTILE, HOSTILE)],
        "riskiest": runs[0].result.accounts.take(riskiest_rows(runs[0].result.accounts, 15)),
        "liquidation": LiquidationMap(
            HOSTILE, ["BTC<i>"], moves, np.array([[5.0, 2.0, 1.0, 1.0, 3.0]]), np.ones((1, 5), int)
        ),
        "scenarios": [shape, shape],
        "timeline": [
            TimelineDay(
                HOSTILE,
                AS_OF_NS,
                {"BTC<i>": 100.0 - n},
                {"BTC<i>": 0.4},
                [run.summary for run in runs],
            )
            for n in range(3)
        ],
        "notes": [HOSTILE],
    }
    return Report(**(fields | changes))


class Collector(HTMLParser):
    """Lists the elements, attributes and text of a page as a browser would see them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.visible: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._hidden:
            self.visible.append(data)


def parse(page):
    collector = Collector()
    collector.feed(page)
    collector.close()
    return collector


def charts_of(page):
    found = re.search(r"const charts = (\[.*?\]);\ncharts\.forEach", page, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_no_identifier_becomes_markup():
    page = render(fake_report())
    seen = parse(page)
    assert "img" not in seen.tags
    assert "i" not in seen.tags
    assert seen.tags.count("script") == 2
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    assert sum(HOSTILE in piece for piece in seen.visible) >= 5


def test_chart_labels_are_escaped_for_plotly_too():
    def strings(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from strings(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from strings(inner)

    page = render(fake_report())
    allowed = re.compile(r"</?(br|extra)/?>")
    for piece in strings(charts_of(page)):
        assert "<" not in allowed.sub("", piece), piece
    assert any("&lt;img" in piece for piece in strings(charts_of(page)))


def test_the_data_cannot_leave_its_script_element():
    page = render(fake_report())
    data = page[page.index("const charts = ") :]
    assert data.lower().count("</script") == 1
    assert "<!--" not in data


def test_the_page_refers_to_nothing_outside_itself():
    page = render(fake_report())
    seen = parse(page)
    for name, value in seen.attributes:
        if name in ("src", "href", "data", "action"):
            assert value is not None
            assert value.startswith("#"), (name, value)
    assert "link" not in seen.tags
    assert "iframe" not in seen.tags
    policy = dict(seen.attributes).get("content")
    assert any(
        value is not None and value.startswith("default-src 'none'")
        for name, value in seen.attributes
        if name == "content"
    ), policy


def test_the_chart_library_is_inside_once():
    page = render(fake_report())
    assert page.count("All rights reserved.\n* Licensed under the MIT license") >= 1
    assert len(re.findall(r"\* plotly\.js v\d", page)) == 1


def test_every_section_has_a_chart_or_table_and_axes_name_their_units():
    page = render(fake_report())
    charts = charts_of(page)
    assert page.count('<div class="figure"') == len(charts)
    for chart in charts:
        for name, axis in chart["layout"].items():
            numeric = name.startswith(("xaxis", "yaxis")) and axis.get("type") != "category"
            if numeric and axis.get("type") != "multicategory" and "autorange" not in axis:
                assert axis["title"]["text"], (name, axis)


def test_parts_that_are_absent_are_left_out():
    full, small = (
        fake_report(),
        fake_report(
            runs=fake_report().runs[:1], riskiest=None, liquidation=None, scenarios=(), timeline=()
        ),
    )
    anchors = lambda page: set(re.findall(r'<section id="(\w+)"', page))  # noqa: E731
    assert anchors(render(small)) == {"health", "requirement"}
    assert anchors(render(full)) == {
        "policies", "crash", "health", "requirement", "liquidation", "scenarios", "accounts",
    }  # fmt: skip


def test_the_heat_map_shows_the_worst_shock_and_keeps_tails_apart():
    charts = charts_of(render(fake_report()))
    heat = next(c["data"][0] for c in charts if c["data"][0]["type"] == "heatmap")
    # scanned moves reach 8 %: nine columns, then the two tails at 16 %
    assert heat["x"] == [
        "-8 %", "-6 %", "-4 %", "-2 %", "0 %", "+2 %", "+4 %", "+6 %", "+8 %", "-16 %*", "+16 %*",
    ]  # fmt: skip
    # profit is 4,000 x move x (1, 1.2 or 1.5), the least of the three, over an equity of 1,000
    expected = [-48, -36, -24, -12, 0, 8, 16, 24, 32, -96, 64]
    assert heat["z"][0] == pytest.approx(expected, abs=1e-9)


def test_the_health_chart_counts_every_account_with_a_requirement_once():
    report = fake_report()
    charts = charts_of(render(report))
    health = next(c for c in charts if "health ratio" in c["layout"]["xaxis"]["title"]["text"])
    for trace in health["data"]:
        # 200 accounts, a tenth without a requirement; the undecidable one is among those
        assert sum(trace["y"]) == 180


def test_requirements_in_the_chart_add_up_to_the_components():
    report = fake_report()
    charts = charts_of(render(report))
    stacked = [
        c
        for c in charts
        if "initial margin (" in c["layout"]["yaxis"]["title"]["text"]
        and c["data"][0]["type"] == "bar"
    ]
    total = sum(sum(trace["y"]) for trace in stacked[0]["data"] if trace["type"] == "bar")
    assert total == pytest.approx(2 * 175.0)


def test_a_number_that_is_not_finite_never_reaches_the_page():
    broken = fake_report().scenarios[0]
    pnl = broken.pnl.copy()
    pnl[0, 0] = np.nan
    shape = replace(broken, pnl=pnl)
    page = render(fake_report(scenarios=[shape]))
    assert "NaN" not in page[page.index("const charts = ") :]


def test_writing_replaces_the_file_and_keeps_utf8(tmp_path):
    target = tmp_path / "r.html"
    target.write_text("old", encoding="utf-8")
    assert write_report(target, fake_report(lead="Größe –")) == target
    assert "Größe –" in target.read_text(encoding="utf-8")


def test_without_plotly_the_extra_is_named(monkeypatch):
    import builtins
    import sys

    from tickmargin.errors import MissingExtraError

    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name.startswith("plotly"):
            raise ImportError(name)
        return real(name, *rest, **more)

    for name in [n for n in sys.modules if n.split(".")[0] == "plotly"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"tickmargin\[report\]"):
        render(fake_report())


def test_the_riskiest_show_the_pocket_that_binds_only_where_there_is_more_than_one():
    report = fake_report()
    pocket = text(["iso<1>"] * len(report.riskiest))
    rows = {name: report.riskiest[name] for name in report.riskiest.columns}
    riskiest = Table({**rows, "worst_pocket": pocket})
    shown = riskiest_table(riskiest, "USD", shows_pockets=True)
    assert '<th class="text">pocket</th>' in shown
    assert "iso&lt;1&gt;" in shown
    assert "pocket" not in riskiest_table(riskiest, "USD")


def test_a_book_of_few_accounts_has_no_logarithmic_axis():
    kinds = {}
    for accounts in (12, 40, 80):
        result = fake_result(accounts=accounts)
        figure = health_figure([Run("p", result, summarise("p", result))])
        kinds[accounts] = figure["layout"]["yaxis"].get("type", "linear")
    assert kinds == {12: "linear", 40: "linear", 80: "log"}


def test_a_unit_is_named_with_its_pocket_unless_that_is_the_cross_pocket():
    row = fake_report().scenarios[0]
    assert unit_names(row) == [HOSTILE, "BTC<i>"]
    assert unit_names(replace(row, pocket="iso")) == [HOSTILE, "iso", "BTC<i>"]
