"""A progress bar for long loads, and nothing at all for short ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = ["Meter", "Progress"]

Progress = bool | Callable[[str, float], None] | None
_LONG_CELLS = 5_000_000  # below this a load takes a fraction of a second


class Meter:
    """Report how much of a load is done.

    Parameters
    ----------
    progress : bool, callable or None
        None: a bar when standard error is a terminal and the load is long. True: always a bar.
        False: never. A callable gets (what is being read, fraction done in [0, 1]).
    total_cells : int
        Rows times columns, summed over the tables.
    """

    def __init__(self, progress: Progress, total_cells: int) -> None:
        if progress is None:
            progress = total_cells >= _LONG_CELLS and sys.stderr.isatty()
        self._call = progress if callable(progress) else None
        self._wants_bar = progress is True
        self._total = max(total_cells, 1)
        self._done = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Meter:
        if self._wants_bar:
            from rich.console import Console
            from rich.progress import Progress as Bar

            console = Console(stderr=True)
            # a bar that vanishes would leave nothing at all in a log file
            self._bar = Bar(console=console, transient=console.is_terminal)
            self._task = self._bar.add_task("loading", total=1.0)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, what: str, cells: int = 0) -> None:
        """Say what is being done now, ``cells`` after the last call being finished."""
        self._done += cells
        fraction = min(self._done / self._total, 1.0)
        if self._call is not None:
            self._call(what, fraction)
        if self._bar is not None:
            self._bar.update(self._task, description=what, completed=fraction)
