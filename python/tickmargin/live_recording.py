"""A live engine that records: nothing that is durable is lost, and all of it can be run again."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from tickmargin import _core
from tickmargin.errors import FileAccessError, InputTypeError, InvalidInputError
from tickmargin.live_base import whole
from tickmargin.live_policies import fingerprint
from tickmargin.live_results import account_table
from tickmargin.live_snapshots import LiveSnapshots, path_of
from tickmargin.market import Market
from tickmargin.names import Namebook
from tickmargin.policies import Policies
from tickmargin.portfolio import Portfolio
from tickmargin.record_types import Records
from tickmargin.recordings import (
    BOOK,
    NAMES,
    Recovery,
    Replay,
    directory_of,
    facts_of_book,
    facts_of_names,
    read_beside,
    told,
)

__all__ = ["LiveRecording"]

_TOLD = {
    "market": "another market than the one given: prices, forwards, rates or time differ",
    "instruments": "other instruments than those given, or other marks of them",
    "portfolio": "another portfolio than the one given: positions or balances differ",
}


class LiveRecording(LiveSnapshots):
    """Recording, recovery and replay."""

    # Where it records, and how many names were on the disk when it last looked.
    _directory: str | None
    _kept: tuple[int, ...]
    _recovery: Recovery | None

    @abstractmethod
    def __init__(
        self,
        market: Market,
        portfolio: Portfolio,
        policies: Policies | str | Mapping[str, Any] = ...,
        *,
        numeraire_decimals: int = ...,
    ) -> None: ...

    @abstractmethod
    def _columns(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]: ...

    def record_to(
        self,
        directory: str | os.PathLike[str],
        *,
        ring_records: int = 65_536,
        group_records: int = 16_384,
    ) -> None:
        """Record every change from here on, in a directory that is this engine's alone.

        A snapshot of the present state is written there and a journal opened behind it. Each call
        that changes the engine leaves its records in the journal's ring; a thread of the journal's
        makes them last, and :attr:`durable_seq` says up to which. The directory stays locked until
        the engine is gone. After ``os.fork`` the
        recording is the parent's: in the child ``apply`` answers NOT_DURABLE and changes nothing.

        Parameters
        ----------
        directory : str or path
            Empty or not there yet, in a folder that is; or the one this engine was recovered from.
        ring_records : int, default 65,536
            How many may wait for the disk, a power of two; past them ``apply`` waits.
        group_records : int, default 16,384
            The most that one sync makes last.

        Raises
        ------
        InvalidInputError
            RECORDING_IN_USE (another engine's, now or by what is in it, or of the process that this
            one was forked from), RECORDING_DAMAGED,
            FOLDER_NOT_FOUND, INVALID_ARGUMENT.
        InputTypeError, EngineBusyError, FileAccessError
        """
        ring, group = whole("ring_records", ring_records), whole("group_records", group_records)
        if ring & (ring - 1):
            message = f"ring_records must be a power of two, was {ring}"
            raise InvalidInputError(message, code="INVALID_ARGUMENT")
        path = Path(path_of(directory, "directory")).absolute()
        _make_folder(path)
        where, live = directory_of(path), self._running()
        names = self.names.with_listings(())
        beside = {
            BOOK: {"names": self._facts_of_book()},
            NAMES: {"names": facts_of_names(names, self._epochs())},
        }
        try:
            live.record_to(where, beside, ring, group)
        except _core.RecordingError as error:
            raise told(error) from None
        self._directory, self._kept = where, self._sizes()

    def snapshot(self, path: str | os.PathLike[str] | None = None) -> None:
        """Write the whole live engine to a file, which is there in full or not at all.

        Parameters
        ----------
        path : str or path, optional
            For :meth:`restore`. Without one, of an engine that records: a snapshot in its
            directory and a new journal behind it, so that a recovery is quick; also the way on
            from a journal that failed. Files older than the snapshot before this one go.

        Raises
        ------
        InvalidInputError
            NOT_RECORDING: there is neither path nor directory. RECORDING_IN_USE: in a child of
            ``os.fork``, whose recording is the parent's.
        FileAccessError
            The file cannot be written.
        EngineBusyError
        """
        if path is not None:
            self._write_snapshot(path)
            return
        live = self._recorded()
        self._keep_names()
        try:
            live.snapshot()
        except _core.RecordingError as error:
            raise told(error) from None

    def flush(self) -> None:
        """Wait until everything applied is durable.

        Raises
        ------
        InvalidInputError
            NOT_RECORDING
        FileAccessError
            NOT_DURABLE: the journal has failed; what was applied after :attr:`durable_seq` would
            not survive.
        EngineBusyError
        """
        live = self._recorded()
        durable, error = live.flush()
        if not durable:
            message = f"the journal in {self._directory} failed behind record {self.durable_seq}"
            text = f"{message}: {os.strerror(error)}"
            raise FileAccessError(text, error, self._directory, code="NOT_DURABLE")

    @property
    def applied_seq(self) -> int:
        """Of the last record that changed state; 0 before the first.

        Raises
        ------
        EngineBusyError
        """
        return 0 if self._live is None else self._live.applied_seq()

    @property
    def durable_seq(self) -> int:
        """Everything up to this one survives a kill and a loss of power; 0 if nothing is recorded.

        From any thread at any time.
        """
        return 0 if self._live is None else self._live.durable_seq()

    @property
    def recovery(self) -> Recovery | None:
        """How this engine came back, if it was recovered."""
        return self._recovery

    @classmethod
    def recover(
        cls,
        directory: str | os.PathLike[str],
        market: Market,
        portfolio: Portfolio,
        policies: Policies | str | Mapping[str, Any] = "house-portfolio",
    ) -> Self:
        """Come back after a stop, a kill or a loss of power, with nothing lost that was durable.

        The newest whole snapshot is loaded and every journal behind it applied; an entry that was
        not finished is cut from its end. The engine has the very state hash it had. It holds the
        directory, and records again from :meth:`record_to` the same one on; the replay's events
        are not delivered again.

        Parameters
        ----------
        directory : str or path
            That another engine recorded to.
        market, portfolio, policies
            What that engine was made with.

        Raises
        ------
        InvalidInputError
            RECORDING_DAMAGED (with file and byte: nothing is guessed), RECORDING_MISMATCH (of
            another market, portfolio or policies), RECORDING_IN_USE, REPLAY_DIFFERS (all is whole,
            but leads to another state than was recorded), FOLDER_NOT_FOUND, FILE_NOT_FOUND.
        InputTypeError, FileAccessError
        """
        where = directory_of(directory)
        facts = read_beside(where)
        decimals = facts["numeraire_decimals"]
        engine = cls(market, portfolio, policies, numeraire_decimals=decimals)
        engine._check_recorded(where, facts)
        try:
            live, report = _core.Live.recover(where)
        except _core.RecordingError as error:
            raise told(error) from None
        _drop_unlisted(facts["names"], live)
        engine._adopt(live, facts)
        engine._recovery = Recovery(**{**report, "refused": tuple(report["refused"])})
        return engine

    def _check_recorded(self, where: str, facts: dict[str, Any]) -> None:
        """Refuse a recording of another book."""
        try:
            self.names.check(facts["names"])
        except InvalidInputError as error:
            message = f"{where}: recorded over another book: {error}"
            raise InvalidInputError(message, code="RECORDING_MISMATCH") from None
        digests = self._digests()
        differ = [_TOLD[name] for name in _TOLD if facts["digests"][name] != digests[name]]
        if facts["epochs"]["0"]["fingerprint"] != self._fingerprints[0]:
            named = ", ".join(facts["epochs"]["0"]["names"])
            differ.append(f"other policies than those given: its own are {named}")
        if differ:
            message = f"{where}: recorded with {'; '.join(differ)}"
            raise InvalidInputError(message, code="RECORDING_MISMATCH")

    @classmethod
    def replay(
        cls,
        directory: str | os.PathLike[str],
        *,
        until_seq: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Replay:
        """Run a recording again from its oldest snapshot, and compare every hash on the way.

        Nothing in the directory changes, and neither market nor portfolio is needed.

        Parameters
        ----------
        directory : str or path
        until_seq : int, optional
            The last record to apply. Default: all.
        progress : callable, optional
            Is given the last record applied and the last there is, now and then.

        Returns
        -------
        Replay

        Raises
        ------
        InvalidInputError
            As :meth:`recover`, but for RECORDING_MISMATCH; OUT_OF_RANGE for an `until_seq` that the
            recording does not hold.
        InputTypeError, FileAccessError
        """
        if progress is not None and not callable(progress):
            raise InputTypeError(f"progress: got {type(progress).__name__}; expected a callable")
        until = None if until_seq is None else whole("until_seq", until_seq)
        where = directory_of(directory)
        facts = read_beside(where)
        try:
            live, report = _core.Live.replay(where, until, progress)
        except _core.RecordingError as error:
            raise told(error) from None
        except ValueError as error:
            raise InvalidInputError(str(error), code="OUT_OF_RANGE") from None
        lists = {kind: names for kind, names in facts["names"].items() if kind != "kinds"}
        names = Namebook(lists, facts["names"]["kinds"], np.zeros(0, np.int32))
        called = {int(epoch): tuple(known["names"]) for epoch, known in facts["epochs"].items()}
        scale = 10.0 ** facts["numeraire_decimals"]
        accounts = account_table(live.accounts(None), names, called, scale)
        return Replay(**{**report, "refused": tuple(report["refused"])}, accounts=accounts)

    def _recorded(self) -> _core.Live:
        if self._live is None or self._directory is None:
            message = "the engine does not record; see record_to"
            raise InvalidInputError(message, code="NOT_RECORDING")
        return self._live

    def _digests(self) -> dict[str, str]:
        """Hashes of what the engine was made with."""
        market, instruments, portfolio = self._columns()
        return {
            "market": fingerprint([market]),
            "instruments": fingerprint([instruments]),
            "portfolio": fingerprint([portfolio]),
        }

    def _facts_of_book(self) -> bytes:
        return facts_of_book(self._decimals, self.names.lists, self._sources, self._digests())

    def _sizes(self) -> tuple[int, ...]:
        lists = self.names.lists
        return len(lists["instrument"]), len(lists["pocket"]), len(self._policy_names)

    def _keep_names(self, listings: Records | None = None) -> None:
        if self._directory is None or (listings is None and self._sizes() == self._kept):
            return
        if self._live is not None and self._live.is_forked():
            return  # the directory is the parent's; what follows is refused
        coming = (
            ()
            if listings is None
            else zip(
                listings["subject"].tolist(), (listings["detail"] & 0xFF).tolist(), strict=True
            )
        )
        facts = facts_of_names(self.names.with_listings(coming), self._epochs())
        path = str(Path(self._directory) / NAMES)
        error = _core.write_snapshot(path, {"names": facts})
        if error:
            raise FileAccessError.to_write("directory", path, error)
        self._kept = self._sizes()


def _make_folder(path: Path) -> None:
    """Make a folder in one that is there."""
    try:
        if not path.parent.is_dir():
            message = (
                f"directory: {str(path)!r}: there is no folder {str(path.parent)!r} to make it in"
            )
            raise InvalidInputError(message, code="FOLDER_NOT_FOUND")
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise FileAccessError.to_write("directory", str(path), error.errno or 0) from None


def _drop_unlisted(names: dict[str, Any], live: _core.Live) -> None:
    """Forget names of instruments that were never listed after all."""
    count = live.position()["instruments"]
    names["instrument"], names["kinds"] = names["instrument"][:count], names["kinds"][:count]
