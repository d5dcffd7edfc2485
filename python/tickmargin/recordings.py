"""What stands beside an engine's journal: the book it is of, and what rows are called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickmargin import _core
from tickmargin.errors import FileAccessError, InvalidInputError
from tickmargin.live_snapshots import FORMAT, path_of, read_facts
from tickmargin.table import Table

__all__ = ["BOOK", "NAMES", "Recovery", "Replay", "directory_of", "read_beside", "told"]

BOOK, NAMES = "book.names", "listed.names"
_FIXED = ("account", "underlying", "asset", "chain")
_CODES = {
    "in_use": "RECORDING_IN_USE",
    "missing": "FILE_NOT_FOUND",
    "damaged": "RECORDING_DAMAGED",
    "differs": "REPLAY_DIFFERS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How an engine came back from a directory.

    Attributes
    ----------
    snapshot : str
        The file that the state was taken from.
    refused : tuple of str
        Other snapshots that could not be used, each with the reason.
    snapshot_seq : int
        The last record before the snapshot.
    records_replayed : int
        Records of the journal, staged policies among them.
    hashes_compared : int
        Snapshots and beginnings of journals whose state was as recorded.
    torn_bytes : int
        Of an unfinished entry at the end of the journal: cut by a recovery, left out by a replay.
    torn_file : str
        The file that they are in; empty without any.
    applied_seq : int
        The last record applied.
    state_hash : int
    """

    snapshot: str
    refused: tuple[str, ...]
    snapshot_seq: int
    records_replayed: int
    hashes_compared: int
    torn_bytes: int
    torn_file: str
    applied_seq: int
    state_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Recovery):
    """A recording run again: how, and the accounts at its end.

    Attributes
    ----------
    accounts : Table
        In the columns of :class:`LiveAccount`.
    """

    accounts: Table


def facts_of_book(
    decimals: int, names: Mapping[str, list[str]], sources: Any, digests: Mapping[str, str]
) -> bytes:
    """What never changes of an engine, as the contents of a file."""
    facts = {
        "format": FORMAT,
        "numeraire_decimals": decimals,
        "names": {kind: names[kind] for kind in _FIXED},
        "sources": sources,
        "digests": dict(digests),
    }
    return json.dumps(facts).encode()


def facts_of_names(names: Mapping[str, Any], epochs: Mapping[str, Any]) -> bytes:
    """What is only ever added to, as the contents of a file."""
    return json.dumps({"format": FORMAT, "names": names, "epochs": epochs}).encode()


def read_beside(directory: str) -> dict[str, Any]:
    """Both files of a directory as one.

    Raises
    ------
    InvalidInputError
        RECORDING_DAMAGED, or FILE_NOT_FOUND: the directory holds no recording from Python.
    """
    book, listed = (
        read_facts(Path(directory) / name, {"names"}, "RECORDING_DAMAGED")["names"]
        for name in (BOOK, NAMES)
    )
    return {**book, **listed, "names": {**book["names"], **listed["names"]}}


def directory_of(path: object) -> str:
    """Where a recording is; a directory that is there.

    Raises
    ------
    InvalidInputError
        FOLDER_NOT_FOUND
    """
    directory = Path(path_of(path)).absolute()
    if not directory.is_dir():
        message = f"directory: {str(directory)!r}: no such folder"
        raise InvalidInputError(message, code="FOLDER_NOT_FOUND")
    return str(directory)


def told(error: _core.RecordingError) -> Exception:
    """The exception a user is given for one of the core's."""
    fault, text, number = error.args
    if fault == "io":
        return FileAccessError(f"directory: {text}", number, text.split(":", 1)[0])
    return InvalidInputError(text, code=_CODES[fault])
