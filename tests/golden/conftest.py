"""The table at the end of a run: what was found, run and passed, pair by pair."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.golden.cases import folder, load_cases
from tests.golden.registry import ADAPTERS, reason_left_out

GOLDEN = "golden"


class Tally:
    """Counts the reports of golden cases, wherever they were run."""

    def __init__(self) -> None:
        self.seen = False
        self.run: Counter[tuple[str, ...]] = Counter()
        self.passed: Counter[tuple[str, ...]] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.seen = any("golden/test_vectors" in item.nodeid for item in items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        for name, value in report.user_properties:
            if name == GOLDEN:
                pair = tuple(value)
                self.run[pair] += 1
                self.passed[pair] += report.outcome == "passed"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.seen:
            return
        cases = load_cases()
        terminalreporter.section("golden")
        if not cases:
            terminalreporter.write_line(
                f"GOLDEN SKIPPED: no cases in {folder()}; set TICKMARGIN_VECTORS to their folder",
                red=True,
            )
            return
        found = Counter((case.system, case.method) for case in cases)
        pairs = {case.pair for case in cases}
        unheard = {p[1:] for p in pairs if p not in ADAPTERS and not reason_left_out(p)}
        for pair, number in found.items():
            system, method = pair
            terminalreporter.write_line(
                f"GOLDEN {system} | {method} | found {number} "
                f"| run {self.run[pair]} | passed {self.passed[pair]}"
                f"{' | no adapter, no reason' if pair in unheard else ''}"
            )
        total = f"found {found.total()} | run {self.run.total()} | passed {self.passed.total()}"
        terminalreporter.write_line(f"{len(found)} pairs: {total}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tally(), "golden-tally")
