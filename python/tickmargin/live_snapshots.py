"""The whole live engine as one file, and back."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickmargin import _core
from tickmargin.errors import FileAccessError, InputTypeError, InvalidInputError
from tickmargin.live_policies import LivePolicies

__all__ = ["FORMAT", "LiveSnapshots", "path_of", "read_facts"]

FORMAT = 1


class LiveSnapshots(LivePolicies):
    """Snapshots written and restored."""

    def _write_snapshot(self, path: str | os.PathLike[str]) -> None:
        live, name = self._running(), path_of(path)
        facts = {
            "format": FORMAT,
            "numeraire_decimals": self._decimals,
            "names": self.names.to_dict(),
            "sources": self._sources,
            "epochs": self._epochs(),
        }
        sections = {"names": json.dumps(facts).encode(), "live": live.save()}
        error = _core.write_snapshot(name, sections)
        if error:
            raise FileAccessError.to_write("path", name, error)

    def save(self) -> bytes:
        """The live engine as bytes, which the doors of C, C++ and Cython open.

        ``open_bytes`` or, once written to a file, ``open_file`` of ``tickmargin.h``;
        ``cy.open_engine``. Accounts, instruments and the like are rows there: their names stay
        here. For Python's own :meth:`restore` take a :meth:`snapshot`.

        Raises
        ------
        EngineBusyError
        """
        return self._running().save()

    def _epochs(self) -> dict[str, Any]:
        """Policies by epoch as JSON knows them: what they are called, and a hash of the rest."""
        return {
            str(epoch): {"names": list(names), "fingerprint": self._fingerprints[epoch]}
            for epoch, names in self._policy_names.items()
        }

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Take up where a snapshot was taken, in an engine over the same names.

        The engine must not have started. Its state, settings, staged policies and instruments
        listed meanwhile are the snapshot's from then on.

        Raises
        ------
        InvalidInputError
            FILE_NOT_FOUND, SNAPSHOT_DAMAGED, SNAPSHOT_MISMATCH (other accounts, underlyings,
            assets, instruments, pockets or ticks), ALREADY_STARTED.
        FileAccessError
        """
        if self._live is not None:
            message = "the live engine runs already; restore into a new one"
            raise InvalidInputError(message, code="ALREADY_STARTED")
        sections = read_facts(path, {"names", "live"}, "SNAPSHOT_DAMAGED")
        facts = sections["names"]
        self._check_decimals(facts)
        try:
            live = _core.Live.load(sections["live"])
        except ValueError as error:
            raise InvalidInputError(f"{path}: {error}", code="SNAPSHOT_DAMAGED") from None
        self._adopt(live, facts)

    def _check_decimals(self, facts: Mapping[str, Any]) -> None:
        if facts["numeraire_decimals"] != self._decimals:
            message = f"the saved engine counts in {facts['numeraire_decimals']} decimals"
            raise InvalidInputError(message, code="SNAPSHOT_MISMATCH")

    def _adopt(self, live: _core.Live, facts: Mapping[str, Any]) -> None:
        """Go on as the engine that is said in `facts`; nothing has changed if that is refused."""
        self.names.adopt(facts["names"])
        self._live = live
        self._sources = tuple(tuple(names) for names in facts["sources"])
        own = {self._fingerprints[epoch]: p for epoch, p in self._policies_of.items()}
        self._policy_names, self._fingerprints, self._policies_of = {}, {}, {}
        for number, saved in facts["epochs"].items():
            epoch, mark = int(number), saved["fingerprint"]
            self._policy_names[epoch] = tuple(saved["names"])
            self._fingerprints[epoch] = mark
            if mark in own:
                self._policies_of[epoch] = own[mark]


def path_of(path: object, argument: str = "path") -> str:
    """Check that an argument is a path."""
    if not isinstance(path, str | os.PathLike):
        raise InputTypeError(f"{argument}: got {type(path).__name__}; expected a path")
    text = os.fspath(path)
    if not isinstance(text, str) or not text or "\0" in text:
        message = f"{argument}: {text!r} is no path of a file"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    return str(Path(text))


def read_facts(path: object, names: set[str], code: str) -> dict[str, Any]:
    """Read a file of sections, all of them JSON but for ``live``.

    Raises
    ------
    InvalidInputError
        FILE_NOT_FOUND, or `code`: the file is not whole, or of another version.
    FileAccessError
    """
    status, error, sections = _core.read_snapshot(path_of(path))
    if status == "io_error" and error == errno.ENOENT:
        raise InvalidInputError(f"{path}: no such file", code="FILE_NOT_FOUND")
    if status == "io_error":
        named = path_of(path)
        message = f"path: {named!r} cannot be read: {os.strerror(error)}"
        raise FileAccessError(message, error, named)
    if status != "ok" or set(sections) != names:
        told = status.replace("_", " ") if status != "ok" else "sections of another kind"
        raise InvalidInputError(f"{path}: not a whole snapshot: {told}", code=code)
    found = {n: s if n == "live" else json.loads(s) for n, s in sections.items()}
    if any(isinstance(f, dict) and f.get("format") != FORMAT for f in found.values()):
        raise InvalidInputError(f"{path}: of another version", code=code)
    return found
