"""Collecting problems: every one counted, enough of them kept to be read."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InvalidInputError, Issue

__all__ = ["IssueLog", "always", "suggest"]

_KEPT_PER_COLUMN = 1000
_CANDIDATES = 5000


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known word, or an empty string."""
    words = list(known)
    if len(words) > _CANDIDATES:
        # difflib compares pair by pair: on a long list only near neighbours are worth it
        head = word[:2].lower()
        words = [w for w in words if w[:2].lower() == head and abs(len(w) - len(word)) < 4]
        words = words[:_CANDIDATES]
    lowered = {w.lower(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""


def always(value: object, message: str) -> Callable[[int], tuple[object, str]]:
    """Return a ``describe`` for :meth:`IssueLog.add_rows` that says the same of every row."""
    return lambda _row: (value, message)


class IssueLog:
    """Issues of one load, counted exactly and kept up to a bound per code and column."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: defaultdict[tuple[str, str, str | None], list[Issue]] = defaultdict(list)
        self._files: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self.counts)

    def register(self, file: str) -> None:
        """Fix a file's place in the order of reporting, before anything is found in it."""
        self._files.setdefault(file, len(self._files))

    def add(
        self,
        code: str,
        file: str,
        message: str,
        *,
        column: str | None = None,
        value: object = None,
    ) -> None:
        """Record a problem of a whole file or column."""
        self._keep(Issue(code, file, None, column, value, message))
        self.counts[code] += 1

    def add_rows(
        self,
        code: str,
        place: tuple[str, str | None],
        rows: NDArray[Any] | Sequence[int],
        describe: Callable[[int], tuple[object, str]],
    ) -> None:
        """Record the same problem in many rows.

        Parameters
        ----------
        code : str
            A key of ``tickmargin.errors.CODES``.
        place : (file, column)
        rows : sequence of int
            Offending rows, counted from 0.
        describe : callable
            From a row to its value and message; asked only for the rows that are kept.
        """
        if len(rows) == 0:
            return
        file, column = place
        self.counts[code] += len(rows)
        for row in np.asarray(rows)[: self._room(code, file, column)].tolist():
            value, message = describe(row)
            self._keep(Issue(code, file, row, column, value, message))

    def _room(self, code: str, file: str, column: str | None) -> int:
        return _KEPT_PER_COLUMN - len(self._kept[code, file, column])

    def _keep(self, issue: Issue) -> None:
        self.register(issue.file)
        if self._room(issue.code, issue.file, issue.column) > 0:
            self._kept[issue.code, issue.file, issue.column].append(issue)

    def issues(self) -> list[Issue]:
        """Return the kept issues: by file in order of reading, whole-file first, then by row."""
        kept = [issue for issues in self._kept.values() for issue in issues]
        return sorted(
            kept,
            key=lambda issue: (
                self._files[issue.file],
                -1 if issue.row is None else issue.row,
                issue.column or "",
                issue.code,
            ),
        )

    def raise_if_any(self, subject: str) -> None:
        """Raise one InvalidInputError for everything recorded, or return."""
        if self:
            raise InvalidInputError.from_issues(subject, self.issues(), self.counts)
