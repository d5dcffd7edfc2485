"""`tickmargin replay`: a recording run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmargin.cli.options import Json, Out

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from tickmargin.recordings import Replay


def replay(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIRECTORY",
            help="Where an engine recorded: `tick --record`, `Engine.record_to`.",
            show_default=False,
        ),
    ],
    until: Annotated[
        int | None,
        typer.Option("--until", metavar="SEQ", min=1, help="The last record to apply."),
    ] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Run a recording again from its oldest snapshot and compare every hash on the way.

    Nothing in the directory changes. An unfinished entry at its end, as a kill leaves it, is left
    out and told of; bytes that changed in the middle are exit code 3 with file and offset, and
    another state than was recorded is exit code 7 with the records it is in. --out writes a row
    for each account as of the end.
    """
    import tickmargin as tm
    from tickmargin.cli.output import check_out, console, print_json, print_table, say, write_table

    check_out(out)
    with _bar() as progress:
        done = tm.Engine.replay(directory, until_seq=until, progress=progress)
    for reason in done.refused:
        say(f"warning: a snapshot that a recovery could not use: {reason}")
    if done.torn_bytes:
        say(
            f"warning: {done.torn_file} ends in {done.torn_bytes:,} bytes of an entry that was "
            "never finished; a recovery cuts them"
        )
    if out is not None:
        write_table(done.accounts, out)
        say(f"wrote {len(done.accounts):,} accounts to {out}")
    if as_json:
        print_json(facts_of(done))
    else:
        print_table(console(), _table(done))


def facts_of(done: Replay) -> dict[str, Any]:
    """What JSON says of a replay."""
    return {
        "snapshot": done.snapshot,
        "snapshot_seq": done.snapshot_seq,
        "applied_seq": done.applied_seq,
        "records": done.records_replayed,
        "hashes_compared": done.hashes_compared,
        "state_hash": f"{done.state_hash:016x}",
        "torn_bytes": done.torn_bytes,
        "torn_file": done.torn_file or None,
        "snapshots_refused": list(done.refused),
        "states": _states(done),
    }


def _states(done: Replay) -> dict[str, int]:
    from collections import Counter

    return dict(Counter(done.accounts["state"].tolist()).most_common())


def _table(done: Replay) -> RichTable:
    from tickmargin.report.terminal import grid, name_cell
    from tickmargin.report.text import count, words

    table = grid("Replay", [("", True), ("", True)])
    table.show_header = False
    states = ", ".join(f"{count(number)} {words(name)}" for name, number in _states(done).items())
    for label, value in (
        ("from", done.snapshot),
        ("at record", count(done.snapshot_seq)),
        ("records applied", count(done.records_replayed)),
        ("to record", count(done.applied_seq)),
        ("hashes compared", f"{done.hashes_compared}, all as recorded"),
        ("state hash", f"{done.state_hash:016x}"),
        ("accounts", states),
    ):
        table.add_row(name_cell(label), name_cell(value))
    return table


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """Show how far it is on standard error, only if that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tickmargin.cli.output import console

    target = console(error=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("records"))
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=target,
        transient=True,
        disable=not target.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
