"""Policies by epoch, and what a live engine says of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.live_base import LiveBase, whole
from tickmargin.policies import Policies
from tickmargin.results import Result
from tickmargin.table import Table

__all__ = ["LivePolicies", "fingerprint"]

_COMPARED = ("equity", "initial_margin", "maintenance_margin")


class LivePolicies(LiveBase):
    """Epochs of policies, and which path each policy takes."""

    @abstractmethod
    def recompute(
        self, *, threads: int = 1, policies: Policies | str | Mapping[str, Any] | None = None
    ) -> Result: ...

    def stage_policies(self, epoch: int, policies: Policies | str | Mapping[str, Any]) -> None:
        """Keep policies ready under a number of their own.

        A ``records.policy_epoch`` brings them into force, at one point of the stream, and with
        ``rollback=True`` those before them again. Accounts are given to policies now, by the
        selection rules on what they hold now.

        Parameters
        ----------
        epoch : int
            > 0; a number stands for the same policies for ever.
        policies : Policies, str, path or mapping

        Raises
        ------
        InvalidInputError
            CONFLICTING if the number has been given to other policies; NOT_DURABLE if the engine
            records and its journal has failed.
        InputTypeError, UnknownNameError, EngineBusyError
        """
        number, chosen = whole("epoch", epoch), Policies.resolve(policies)
        live = self._running()
        compiled, selected = self._prepare(chosen)
        mark = fingerprint(compiled)
        if number == self._epoch() or self._fingerprints.get(number, mark) != mark:
            message = f"epoch {number} has been given to policies already; take another number"
            raise InvalidInputError(message, code="CONFLICTING")
        before = dict(self._policy_names), dict(self._fingerprints), dict(self._policies_of)
        self._policy_names[number] = chosen.names
        self._fingerprints[number] = mark
        self._policies_of[number] = chosen
        try:
            self._keep_names()
            live.stage_policies(number, compiled, selected)
        except BaseException as error:
            self._policy_names, self._fingerprints, self._policies_of = before
            if isinstance(error, ValueError | OverflowError):
                message = f"epoch {number}: {error}"
                raise InvalidInputError(message, code="OUT_OF_RANGE") from None
            if isinstance(error, _core.RecordingError):
                raise InvalidInputError(f"epoch {number}: {error}", code="NOT_DURABLE") from None
            raise

    def save_policies(self, policies: Policies | str | Mapping[str, Any]) -> bytes:
        """Policies as bytes, which the doors of C, C++ and Cython stage without Python.

        ``stage_policies`` and ``dry_run`` of ``tickmargin.h``, ``stage_saved`` of ``LiveEngine``,
        ``stage_policies`` of ``cy.Engine``: on an engine over the same accounts, assets and
        underlyings, in the same order, as one opened from :meth:`save`. Accounts are given to
        policies now, by the selection rules on what they hold here now.

        Raises
        ------
        InputTypeError, InvalidInputError, UnknownNameError, EngineBusyError
        """
        chosen = Policies.resolve(policies)
        live = self._running()
        return live.save_policies(*self._prepare(chosen))

    def dry_run(self, policies: Policies | str | Mapping[str, Any], *, threads: int = 1) -> Table:
        """Compare every account under other policies with the ones in force; nothing changes.

        Returns
        -------
        Table
            account, policy_before, policy_after, state_before, state_after; equity,
            initial_margin and maintenance_margin each with _before, _after and _difference
            (numeraire, NaN where undecidable); called: it would get a margin call; liquidated:
            it would be liquidated. States are those of a recompute, without hysteresis.

        Raises
        ------
        InvalidInputError, InputTypeError, UnknownNameError, EngineBusyError
        """
        before = self.recompute(threads=threads).accounts
        after = self.recompute(threads=threads, policies=policies).accounts
        danger = ("healthy", "warning", "margin_call", "liquidating", "bankrupt")
        rank = {state: place for place, state in enumerate(danger)}
        was = np.array([rank.get(state, -1) for state in before["state"]])
        becomes = np.array([rank.get(state, -1) for state in after["state"]])
        columns: dict[str, Any] = {"account": before["account"]}
        for name in ("policy", "state"):
            columns |= {f"{name}_before": before[name], f"{name}_after": after[name]}
        for name in _COMPARED:
            columns |= {f"{name}_before": before[name], f"{name}_after": after[name]}
            columns[f"{name}_difference"] = after[name] - before[name]
        columns["called"] = (becomes == rank["margin_call"]) & (was < rank["margin_call"])
        columns["liquidated"] = (becomes >= rank["liquidating"]) & (was < rank["liquidating"])
        return Table(columns, name="dry run")

    def verify(self) -> None:
        """Compare every account's live numbers, to the bit, with a recompute from scratch.

        Raises
        ------
        RuntimeError
            They differ: an error of tickmargin itself.
        """
        kept, made = self.accounts(), self.recompute().accounts
        differ = [name for name in _COMPARED if kept[name].tobytes() != made[name].tobytes()] + (
            ["state"] if self.audit() else []
        )
        if differ:
            raise RuntimeError(f"live accounts differ from a recompute in {', '.join(differ)}")

    def info(self) -> dict[str, Any]:
        """Say where the engine stands and which path each policy takes.

        Returns
        -------
        dict
            ``live``, ``accounts``, ``policy_epoch``, and ``policies``: a row for each with its
            ``policy``, ``method``, ``accounts`` and ``path``: ``bands`` (a tick looks at the
            accounts it may change) or ``incremental`` (a tick looks at all it touches). Of a live
            engine also ``applied_seq``, ``now_ns``, ``instruments`` and ``marks``.
        """
        epoch = self._epoch()
        names = self._policy_names[epoch]
        known = self._policies_of.get(epoch)
        methods = [p["method"] for p in known.describe()] if known else [None] * len(names)
        bands, number = self._paths(len(names))
        rows = [
            {
                "policy": name,
                "method": method,
                "accounts": accounts,
                "path": "bands" if banded else "incremental",
            }
            for name, method, accounts, banded in zip(names, methods, number, bands, strict=True)
        ]
        facts = {
            "live": self._live is not None,
            "accounts": self.names.count("account"),
            "policy_epoch": epoch,
            "policies": rows,
        }
        if self._live is not None:
            where = self._live.position()
            facts |= {name: where[name] for name in ("applied_seq", "now_ns", "instruments")}
            facts["marks"] = list(self.marks())
        return facts

    @abstractmethod
    def marks(self) -> Table: ...

    @abstractmethod
    def accounts(self, *, published: bool = False) -> Table: ...

    @abstractmethod
    def audit(self) -> int: ...

    def _paths(self, count: int) -> tuple[list[bool], list[int]]:
        """Which policies go by bands, and how many accounts are under each."""
        if self._live is None:
            compiled, selected = self._prepare(self._policies_of[0])
            bands = [_core.policy_has_bands(policy) for policy in compiled]
        else:
            bands = self._live.policies_with_bands(count)
            selected = self._live.published(None)["policy"]
        return bands, np.bincount(selected, minlength=count).tolist()


def fingerprint(compiled: list[dict[str, Any]]) -> str:
    """Hash of compiled policies: equal ones margin alike."""
    digest = sha256()

    def add(value: Any) -> None:
        if isinstance(value, Mapping):
            for key in sorted(value):
                digest.update(key.encode())
                add(value[key])
        elif isinstance(value, list | tuple):
            digest.update(b"[%d" % len(value))
            for item in value:
                add(item)
        elif isinstance(value, np.ndarray):
            digest.update(str((value.dtype.str, value.shape)).encode() + value.tobytes())
        else:
            digest.update(repr(value).encode() + b";")

    add(compiled)
    return digest.hexdigest()
