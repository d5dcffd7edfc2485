"""Margin policies: read from TOML, a dictionary or a preset; immutable once read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.selection import Column, Rule, select_policies

# pydantic takes a tenth of a second to import; it is loaded with the first policy that is read.
if TYPE_CHECKING:
    from tickmargin.config_load import LoadedFile, LoadedPolicy
    from tickmargin.history import History

__all__ = ["Policies"]

PRESETS_FOLDER = Path(__file__).parent / "presets"
_DATED = re.compile(r"(?P<stem>.+)-(?P<date>\d{4}-\d{2}-\d{2})")


class Policies:
    """Named margin policies and the rules that choose one for each account.

    Build one with :meth:`load`, :meth:`from_toml`, :meth:`from_dict`, :meth:`from_leverage_tiers`
    or :meth:`preset`.
    The file's keys are described in ``presets/README.md``.
    """

    def __init__(self, loaded: LoadedFile) -> None:
        if not hasattr(loaded, "rules"):  # what a file name or a preset's name does not have
            hint = "use Policies.load(path), .preset(name), .from_toml(text) or .from_dict(data)"
            raise InputTypeError(f"Policies: got {type(loaded).__name__}; {hint}")
        self._loaded = loaded
        self._is_preset = False

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Policies:
        """Read a policy file.

        Parameters
        ----------
        path : str or path
            A TOML file in UTF-8, or leverage tiers as ccxt gives them in a ``.json`` file.

        Raises
        ------
        InvalidInputError
            The file does not exist, is not TOML, or has faults; ``issues`` lists them all.
        """
        file = Path(path)
        if file.suffix == ".json":
            return cls.from_leverage_tiers(file)
        if not file.is_file():
            raise _unreadable("FILE_NOT_FOUND", str(file), "no such file")
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _unreadable("FILE_UNREADABLE", str(file), f"not UTF-8: {error}") from None
        return cls.from_toml(text, file=str(file))

    @classmethod
    def from_toml(cls, text: str, *, file: str = "policies") -> Policies:
        """Read the text of a policy file; ``file`` is its name in messages.

        Raises
        ------
        InvalidInputError
            With every fault of the text in ``issues``.
        InputTypeError
            ``text`` is not a str.
        """
        from tickmargin.config_load import load_text

        if not isinstance(text, str):
            raise InputTypeError(f"policies: got {type(text).__name__}; expected TOML text")
        return cls(load_text(text, file))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policies:
        """Read what a policy file would hold from nested mappings and lists.

        Raises
        ------
        InvalidInputError
            With every fault of the data in ``issues``.
        InputTypeError
            ``data`` is not a mapping.
        """
        from tickmargin.config_issues import Source
        from tickmargin.config_load import load_data

        return cls(load_data(data, Source("policies", {})))

    @classmethod
    def from_leverage_tiers(
        cls,
        tiers: Mapping[str, Any] | str | os.PathLike[str],
        *,
        name: str = "leverage-tiers",
        quote: str | None = None,
        underlyings: Mapping[str, str] | None = None,
        haircuts: Mapping[str, Any] | None = None,
        source: str = "ccxt fetch_leverage_tiers",
        as_of: str | None = None,
    ) -> Policies:
        """Read leverage tiers as ccxt's ``fetch_leverage_tiers`` gives them.

        Each tier is a marginal bracket of method ``fixed`` on the net position of an underlying:
        IM is 1 / ``maxLeverage``, MM ``maintenanceMarginRate``. An underlying without tiers needs
        its whole notional.

        Parameters
        ----------
        tiers : mapping or path
            ``{"BTC/USDT:USDT": [{"tier": 1, "currency": "USDT", "minNotional": 0, ...}]}``, or a
            JSON file of it. The last ``maxNotional`` may be absent.
        quote : str, optional
            Takes only symbols that settle in this asset.
        underlyings : mapping of str to str, optional
            The underlying of each symbol that is taken; absent: a symbol's base.
        haircuts : mapping, optional
            Absent: the tiers' currencies in full, nothing else.
        name, source, as_of : str, optional
            Of the policy; the date as text.

        Raises
        ------
        InvalidInputError
            With every fault in ``issues``: gaps, overlaps, rates that fall, IM below MM, NaN, an
            amount ``info.cum`` that the rates do not make.
        InputTypeError
        """
        from tickmargin.leverage_tiers import policy_data, read_tiers

        file = "leverage tiers"
        if isinstance(tiers, str | os.PathLike):
            file = str(tiers)
            tiers = read_tiers(Path(tiers))
        return cls.from_dict(
            policy_data(
                tiers,
                name=name,
                quote=quote,
                underlyings=underlyings,
                haircuts=haircuts,
                source=source,
                as_of=as_of,
                file=file,
            )
        )

    @classmethod
    def preset(cls, name: str) -> Policies:
        """Read a preset that comes with the package.

        Parameters
        ----------
        name : str
            ``house-fixed`` for its newest file, ``house-fixed-2026-03-01`` for that one.

        Raises
        ------
        UnknownNameError
            No preset has this name; the message suggests the nearest.
        """
        file = _preset_files().get(name)
        if file is None:
            from tickmargin.config_issues import suggestion

            known = list(cls.presets())
            hint = suggestion(name, known)
            message = f"unknown preset {name!r}{hint}; known: {', '.join(known)}"
            raise UnknownNameError(message, code="UNKNOWN_PRESET")
        policies = cls.load(file)
        policies._is_preset = True
        return policies

    @classmethod
    def resolve(cls, policies: object) -> Policies:
        """Policies from whatever names them: themselves, a preset, a path or a mapping.

        A string is a preset's name unless it ends in ``.toml`` or ``.json`` or holds a path
        separator.
        """
        if isinstance(policies, Policies):
            return policies
        if isinstance(policies, Mapping):
            return cls.from_dict(policies)
        if isinstance(policies, os.PathLike):
            return cls.load(policies)
        if not isinstance(policies, str):
            kind = type(policies).__name__
            raise InputTypeError(f"policies: got {kind}; expected Policies, a preset or a path")
        is_path = policies.endswith((".toml", ".json")) or "/" in policies or os.sep in policies
        return cls.load(policies) if is_path else cls.preset(policies)

    @staticmethod
    def presets() -> tuple[str, ...]:
        """Names of the presets, without and with their dates, sorted."""
        return tuple(sorted(_preset_files()))

    @staticmethod
    def schema() -> dict[str, Any]:
        """JSON schema (draft 2020-12) of a policy file, for editors and other tools."""
        schema: dict[str, Any] = json.loads((PRESETS_FOLDER / "schema.json").read_text("utf-8"))
        return schema

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the policies; their order is the policy index."""
        return tuple(policy.name for policy in self._loaded.policies)

    @property
    def loaded(self) -> tuple[LoadedPolicy, ...]:
        """The checked policies, in the order of :attr:`names`."""
        return self._loaded.policies

    @property
    def notes(self) -> str:
        """What the head of the file says of it, one paragraph: what is exact, what is left out.

        Empty where policies are from a mapping or the file begins with no comment.
        """
        return self._loaded.notes

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The selection rules, in order; the last one takes every account."""
        index = {name: i for i, name in enumerate(self.names)}
        return tuple(Rule(index[r.policy], r.conditions()) for r in self._loaded.rules)

    @property
    def is_preset(self) -> bool:
        """Whether they come with the package, for many markets."""
        return self._is_preset

    @property
    def needs_gross_notional(self) -> bool:
        """Whether a selection rule looks at the gross notional."""
        return any(key.startswith("gross_notional") for r in self.rules for key in r.conditions)

    def describe(self) -> list[dict[str, str]]:
        """Tell of each policy what it is and how a tick finds whom it may change.

        Returns
        -------
        list of dict
            ``name``, ``method``, ``description``, ``source``, ``as_of`` (empty where absent) and
            ``path``: ``bands`` (a tick looks at the accounts it may change) or ``incremental`` (at
            all that it touches, as a rule of the policy has no bound to draw a band by).
        """
        keys = ("method", "description", "source", "as_of")
        return [
            {
                "name": p.name,
                **{key: str(getattr(p.config, key) or "") for key in keys},
                "path": "bands" if _has_bands(p) else "incremental",
            }
            for p in self.loaded
        ]

    def compile(
        self,
        underlyings: Sequence[str],
        assets: Sequence[tuple[str, str]],
        history: History | None = None,
        as_of_ns: int = 0,
    ) -> list[dict[str, Any]]:
        """Lay all policies out for the core, see ``config_compile.compile_policy``."""
        from tickmargin.config_compile import compile_policy

        return [
            compile_policy(policy, underlyings, assets, history, as_of_ns) for policy in self.loaded
        ]

    def scenario_times_ns(
        self, policy: int, underlyings: Sequence[str], history: History | None, as_of_ns: int
    ) -> NDArray[np.int64]:
        """From when to when prices moved as in each joint scenario of a policy, 0 where drawn."""
        from tickmargin.config_compile_tail import scenario_times_ns

        return scenario_times_ns(self.loaded[policy], underlyings, history, as_of_ns)

    def select(
        self,
        attributes: Mapping[str, Column],
        kinds_held: np.ndarray[Any, np.dtype[np.uint8]],
        position_count: np.ndarray[Any, np.dtype[np.int64]],
        gross_notional: np.ndarray[Any, np.dtype[np.float64]] | None = None,
    ) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Policy index of each account, see :func:`tickmargin.selection.select_policies`."""
        return select_policies(self.rules, attributes, kinds_held, position_count, gross_notional)

    def __len__(self) -> int:
        return len(self._loaded.policies)

    def __repr__(self) -> str:
        return f"Policies({', '.join(self.names)})"


def _has_bands(policy: LoadedPolicy) -> bool:
    """Whether bands can be drawn under a policy in every underlying, whichever there are."""
    from tickmargin import _core
    from tickmargin.config_compile import compile_policy

    if policy.config.tail is not None:
        return False  # whatever its scenarios are
    underlyings = [*policy.config.underlyings, ""]  # "" stands for all that it does not name
    compiled = (compile_policy(policy, [name], [("USD", "")]) for name in underlyings)
    return all(_core.policy_has_bands(policy) for policy in compiled)


@cache
def _preset_files() -> dict[str, Path]:
    """Preset files by dated name, and by plain name for the newest of each."""
    files: dict[str, Path] = {}
    for file in sorted(PRESETS_FOLDER.glob("*.toml")):
        files[file.stem] = file
        match = _DATED.fullmatch(file.stem)
        if match:
            files[match["stem"]] = file  # sorted, so the newest date is written last
    return files


def _unreadable(code: str, file: str, message: str) -> InvalidInputError:
    from tickmargin.config_issues import PolicyIssue

    issue = PolicyIssue(code, file, None, None, None, message)
    return InvalidInputError.from_issues(f"policies {file}", [issue])
