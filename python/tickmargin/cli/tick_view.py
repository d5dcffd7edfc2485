"""What a terminal shows of a stream of records, while it runs and after."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.progress_bar import ProgressBar
from rich.table import Table as RichTable
from rich.text import Text

from tickmargin.cli.output import say
from tickmargin.cli.tick_run import percentiles
from tickmargin.report.terminal import grid, name_cell, state_cell
from tickmargin.report.text import MISSING, count, exact_money, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickmargin.cli.tick_run import TickRun

_REFRESH_SECONDS = 0.1
_LINE_SECONDS = 2.0
_ABOVE_EVENTS = 18  # lines of everything else
_OF_DOUBT = 6
_AMOUNTS = ("equity", "maintenance_margin")
_MARK_STYLES = {"ready": "green", "degraded": "yellow", "quarantined": "red", "unusable": "magenta"}


def duration(ns: float | None) -> str:
    """A time in the unit that suits it."""
    if ns is None:
        return MISSING
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:,.3g} {unit}" if ns / size < 1000 else f"{ns / size:,.0f} {unit}"
    return f"{ns:.0f} ns"


def clock_text(ts_ns: int) -> str:
    """A date and a time of day, always with milliseconds: a view must not jump."""
    moment = datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ts_ns // 1_000_000 % 1_000:03d} UTC"


def state_table(run: TickRun, *, start: bool = True) -> RichTable:
    """Accounts by state, at the start and now."""
    first = [("at start", False)] if start else []
    table = grid("Accounts", [("state", True), *first, ("now", False), ("change", False)])
    for state, number in run.states.items():
        change = number - run.before[state]
        then = [count(run.before[state])] if start else []
        changed = Text(f"{change:+,}" if change else "", style="dim")
        table.add_row(state_cell(state), *then, count(number), changed)
    return table


def mark_table(marks: list[dict[str, Any]], numeraire: str, limit: int = 8) -> RichTable:
    """Index prices and how far they are trusted."""
    table = grid(f"Marks ({numeraire})", [("underlying", True), ("index", False), ("mark", True)])
    for row in marks[:limit]:
        table.add_row(
            name_cell(row["underlying"]),
            name_cell(exact_money(row["index_price"])),
            Text(row["mark_state"], style=_MARK_STYLES[row["mark_state"]]),
        )
    if len(marks) > limit:
        table.add_row(Text(f"and {len(marks) - limit:,} more"), "", "")
    return table


def doubt_table(marks: list[dict[str, Any]], limit: int = 3) -> RichTable | None:
    """What makes each mark ready that is not."""
    doubtful = [row for row in marks if row["ready_when"]]
    if not doubtful:
        return None
    table = grid("Ready when", [("", True), ("", True)])
    table.show_header = False
    for row in doubtful[:limit]:
        table.add_row(name_cell(row["underlying"]), Text(row["ready_when"]))
    if len(doubtful) > limit:
        table.add_row(Text(f"and {len(doubtful) - limit:,} more"), "")
    return table


def time_table(run: TickRun, *, whole: bool) -> RichTable:
    """How long records took."""
    title = "Time to apply a record" if whole else "Newest records"
    table = grid(title, [("", True), ("", False)])
    table.show_header = False
    for name, ns in percentiles(run.elapsed_ns[: run.done] if whole else run.recent_ns()).items():
        table.add_row(Text(name), Text(duration(ns)))
    rate = run.done / run.seconds if run.seconds > 0 else 0.0
    table.add_row(Text("records / s"), Text(f"{rate:,.0f}"))
    for name, number in run.counts.items():
        table.add_row(Text(words(name)), Text(count(number)))
    if run.engine.durable_seq:
        table.add_row(Text("durable"), Text(count(run.engine.durable_seq)))
    return table


def event_rows(run: TickRun, limit: int, *, amounts: bool = True) -> RichTable:
    """The newest events."""
    heads = [("time", True), ("event", True), ("who", True), ("from", True), ("to", True)]
    heads += [("equity", False), ("MM", False)] if amounts else []
    table = grid("Last events", heads)
    for row in list(run.last)[-limit:] if limit else []:
        blocked = " (blocked)" if row["liquidation_blocked"] else ""
        table.add_row(
            Text(clock_text(row["ts_ns"])[11:23]),
            name_cell(words(row["event"])),
            name_cell(row["account"] if row["account"] is not None else row["subject"]),
            state_cell(row["before"] or MISSING),
            state_cell(row["after"] or MISSING) + Text(blocked, style="dim"),
            *(name_cell(exact_money(row[name])) for name in _AMOUNTS if amounts),
        )
    return table


def side_by_side(*tables: RenderableType, gap: int = 4) -> RichTable:
    """Tables in one row."""
    outer = RichTable.grid(padding=(0, gap))
    outer.add_row(*tables)
    return outer


def frame(run: TickRun, numeraire: str, console: Console) -> RenderableType:
    """Everything that fits on the screen: what does not fit is left out, never cut short."""
    moment = Text(clock_text(run.now_ns), style="bold")
    done = Text(f"{run.done:,} of {run.total:,} records")
    bar = ProgressBar(total=max(run.total, 1), completed=run.done, width=30)
    head = fitting(console, [side_by_side(*row, gap=2) for row in ((moment, bar, done), (done,))])
    rows = run.marks()
    marks, doubts = mark_table(rows, numeraire), doubt_table(rows)
    times = time_table(run, whole=False)
    short = state_table(run, start=False)
    tables = fitting(
        console,
        [
            side_by_side(*row)
            for row in (
                (state_table(run), marks, times),
                (short, marks, times),
                (short, times),
                (short,),
            )
        ],
    )
    doubt = None if doubts is None else fitting(console, [doubts])
    room = max(0, console.height - _ABOVE_EVENTS - (_OF_DOUBT if doubt is not None else 0))
    parts = [part for part in (head, tables, doubt) if part is not None]
    events = fitting(console, [event_rows(run, room), event_rows(run, room, amounts=False)])
    if events is not None and room:
        parts.append(events)
    return Group(*(line for part in parts for line in (part, Text())))


def fitting(console: Console, choices: list[RichTable]) -> RichTable | None:
    """The first that is not wider than the screen."""
    wide = console.options.update(max_width=10_000)
    for choice in choices:
        if Measurement.get(console, wide, choice).maximum <= console.width:
            return choice
    return None


def tier_lines(run: TickRun) -> list[str]:
    """What the looks at both tiers found, a line for each policy."""
    lines = []
    for row in run.watch.worst() if run.watch is not None else []:
        behind = f"below it at {row['uncovered_looks']:,} of {row['looks']:,} looks"
        found = f"covered it at all {row['looks']:,} looks" if row["covered"] else behind
        lines.append(
            f"{row['policy']} beside {row['exact']}: {found}, largest gap "
            f"{100.0 * row['largest_gap_ratio']:.2f} % of the exact; safety factor "
            f"{row['safety_factor_ratio']:g} in force, {row['factor']:.5f} bounds every look"
        )
    return lines


def run_live(run: TickRun, numeraire: str, console: Console) -> None:
    """Run with a view that is redrawn ten times a second and gone at the end."""
    shown = [0.0]
    with Live(
        frame(run, numeraire, console),
        console=console,
        auto_refresh=False,
        transient=True,
        vertical_overflow="crop",
    ) as live:

        def show() -> None:
            now = time.perf_counter()
            if now - shown[0] >= _REFRESH_SECONDS:
                shown[0] = now
                live.update(frame(run, numeraire, console), refresh=True)

        run.run(show)


def run_plain(run: TickRun) -> None:
    """Run with a line on standard error every two seconds."""
    told = [time.perf_counter()]

    def show() -> None:
        now = time.perf_counter()
        if now - told[0] < _LINE_SECONDS or run.done == run.total:
            return
        told[0] = now
        p99 = duration(percentiles(run.recent_ns())["p99"])
        say(
            f"{run.done:,} of {run.total:,} records, {run.done / run.seconds:,.0f}/s, p99 {p99}, "
            f"{run.states['liquidating'] + run.states['bankrupt']:,} accounts in liquidation"
        )

    run.run(show)


def print_summary(run: TickRun, numeraire: str, print_table: Callable[[RichTable], None]) -> None:
    """Print how it ended."""
    print_table(state_table(run))
    marks = run.marks()
    print_table(mark_table(marks, numeraire, limit=1000))
    doubts = doubt_table(marks, limit=1000)
    if doubts is not None:
        print_table(doubts)
    print_table(time_table(run, whole=True))
    if run.last:
        print_table(event_rows(run, 12))
