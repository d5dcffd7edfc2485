"""Reports: one offline HTML file, and the same tables in a terminal.

`content` says what a report shows, `page` draws it; neither needs an engine. `build` asks an engine
for what is shown.
"""

from tickmargin.report.content import (
    AccountScenarios,
    LiquidationMap,
    Report,
    Run,
    TimelineDay,
)
from tickmargin.report.page import render, write_report
from tickmargin.report.summary import Summary, riskiest_rows, summarise

__all__ = [
    "AccountScenarios",
    "LiquidationMap",
    "Report",
    "Run",
    "Summary",
    "TimelineDay",
    "render",
    "riskiest_rows",
    "summarise",
    "write_report",
]
