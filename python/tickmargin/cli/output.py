"""Where results go: tables or JSON on standard output, files where asked, the rest on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tickmargin.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tickmargin.table import Table

_WIDTH_MAX = 10_000
LINE_SECONDS = 10.0  # between two lines of progress
SUFFIXES = (".csv", ".parquet", ".json")


def console(*, error: bool = False) -> Console:
    """Make a console; the one for errors also carries progress, so pipes stay clean."""
    from rich.console import Console

    return Console(stderr=error, highlight=False)


def print_table(target: Console, table: RenderableType) -> None:
    """Print a table in full: a number cut short to fit a terminal would be a wrong number."""
    from rich.measure import Measurement

    needed = Measurement.get(target, target.options.update(max_width=_WIDTH_MAX), table).maximum
    target.width = max(needed, target.width)
    target.print(table, crop=False)


def say(text: str) -> None:
    """Tell the user something that is not the result."""
    print(text, file=sys.stderr)


def print_json(value: object) -> None:
    """Print one JSON document; numbers that are not finite are null."""
    print(json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False))


def plain(value: Any) -> Any:
    """Turn results into what JSON knows: NaN and infinities to null, NumPy scalars to Python."""
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def check_out(path: Path | None) -> None:
    """Refuse an output whose kind is unknown before any work is done for it."""
    if path is not None and path.suffix not in SUFFIXES:
        raise InvalidInputError(
            f"--out {path}: cannot tell the format; end the name in {', '.join(SUFFIXES)}",
            code="INVALID_ARGUMENT",
        )
    check_folder("--out", path)


def check_html(path: Path | None) -> None:
    """Refuse a page that could not be written before any work is done for it."""
    check_folder("--html", path)


def check_folder(option: str, path: Path | None) -> None:
    """Refuse a file in a folder that does not exist, or one that is a folder itself."""
    if path is not None and not path.parent.is_dir():
        message = f"{option} {path}: no such folder {str(path.parent)!r}"
        raise InvalidInputError(message, code="FOLDER_NOT_FOUND")
    if path is not None and path.is_dir():
        message = f"{option} {path}: this is a folder; give the name of a file"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")


def write_table(table: Table, path: Path) -> None:
    """Write a table as CSV, Parquet or JSON rows, by the file's suffix."""
    if path.suffix == ".json":
        rows = [plain(row) for row in table]
        path.write_text(json.dumps(rows, allow_nan=False, indent=1), encoding="utf-8")
        return
    from tickmargin.loading.arrow import pyarrow

    arrow = table.to_arrow()
    if path.suffix == ".csv":
        pyarrow(f"writing {path.name}", "pyarrow.csv").write_csv(arrow, str(path))
    else:
        pyarrow(f"writing {path.name}", "pyarrow.parquet").write_table(arrow, str(path))


class _Lines:
    """A line to standard error when work has gone on for so long, and again."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._told = time.monotonic()

    def step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told >= LINE_SECONDS:
            self._told = now
            say(f"{self._what}: {self._done / self._total:.0%} done")


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show on standard error how far work is: a bar on a terminal, else a line now and then.

    Yields
    ------
    callable
        To be called after each of the ``total`` steps.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    target = console(error=True)
    if not target.is_terminal:
        yield _Lines(what, total).step
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=target,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
