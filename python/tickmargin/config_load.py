"""From TOML text or a dictionary to checked policies; every fault is reported in one error."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from tickmargin.config import (
    SECTION_MODELS,
    Levels,
    Netting,
    Policy,
    PolicyFile,
    Section,
    SelectRule,
    json_schema,
)
from tickmargin.config_checks import CHECKS as OWN_CHECKS
from tickmargin.config_checks import (
    NEEDED,
    Problem,
    View,
    check_method,
    check_select,
    chosen_names,
)
from tickmargin.config_checks_add_ons import ADD_ON_CHECKS, check_beside_method
from tickmargin.config_checks_expiry import EXPIRY_CHECKS
from tickmargin.config_checks_protocols import PROTOCOL_CHECKS
from tickmargin.config_checks_tail import TAIL_CHECKS
from tickmargin.config_checks_venues import VENUE_CHECKS
from tickmargin.config_issues import (
    PolicyIssue,
    SchemaView,
    Source,
    child,
    is_inside,
    is_nan,
    shown,
    suggestion,
)
from tickmargin.config_tail import JointTail
from tickmargin.config_tiers import check_exact, check_fast
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.toml_lines import Path, head_comment, key_lines

S = TypeVar("S", bound=Section)
CHECKS = {
    **OWN_CHECKS,
    **VENUE_CHECKS,
    **EXPIRY_CHECKS,
    **TAIL_CHECKS,
    **PROTOCOL_CHECKS,
    **ADD_ON_CHECKS,
}
CHECKED_MODELS: dict[str, type[Section]] = {
    **SECTION_MODELS,
    "levels": Levels,
    "netting": Netting,
    "tail": JointTail,
}


@dataclass(frozen=True)
class LoadedPolicy:
    """A checked policy under its name, with its sections merged per underlying."""

    name: str
    file: str
    config: Policy
    merged: Mapping[tuple[str, str], Section]

    def section(self, model: type[S], underlying: str) -> S:
        """The section of type ``model`` that holds for ``underlying``."""
        name = model.__name__.lower()
        section = self.merged.get((name, underlying), getattr(self.config, name))
        return section if isinstance(section, model) else model()


@dataclass(frozen=True)
class LoadedFile:
    """All of a policy file."""

    policies: tuple[LoadedPolicy, ...]
    rules: tuple[SelectRule, ...]
    notes: str = ""  # what the file's head says of it


@cache
def cached_schema() -> dict[str, Any]:
    """The JSON schema, built once."""
    return json_schema()


def load_text(text: str, file: str) -> LoadedFile:
    """Read a policy file's TOML text; ``file`` is the name used in messages.

    Raises
    ------
    InvalidInputError
        With all faults found in ``issues``.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"\(at line (\d+)", str(error))
        line = int(match.group(1)) if match else None
        issue = PolicyIssue("FILE_UNREADABLE", file, line, None, None, f"not TOML: {error}")
        raise InvalidInputError.from_issues(f"policies {file}", [issue]) from None
    return replace(load_data(data, Source(file, key_lines(text))), notes=head_comment(text))


def load_data(data: object, source: Source) -> LoadedFile:
    """Check a policy file's data, see :func:`load_text`."""
    if not isinstance(data, Mapping):
        raise InputTypeError(f"policies: got {type(data).__name__}; expected a mapping")
    issues: dict[Path, list[PolicyIssue]] = defaultdict(list)
    empty = list(_none_paths(data, ()))
    for path in empty:
        expected = SchemaView(cached_schema(), data).expected(path) or "no such key"
        message = f"got None; expected {expected}"
        issues[path].append(source.issue("WRONG_TYPE", path, None, message))
    parsed: PolicyFile | None = None
    bad: set[Path] = set(empty)
    try:
        parsed = PolicyFile.model_validate(data)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path, code, value, message = _translated(details, data)
            if path not in bad:
                bad.add(path)
                issues[path].append(source.issue(code, path, value, message))
    for path, problem in _problems(data, frozenset(bad)):
        issue = source.issue(problem.code, path, problem.got, problem.message)
        issues[path].append(issue)
    if issues or parsed is None:
        found = sorted(_without_unused(issues), key=lambda issue: issue.row or 0)
        raise InvalidInputError.from_issues(f"policies {source.file}", found)
    raw = data["policies"]
    policies = tuple(
        LoadedPolicy(name, source.file, policy, _merged(raw[name]))
        for name, policy in parsed.policies.items()
    )
    rules = tuple(parsed.select) or (SelectRule(policy=chosen_names(raw)[0]),)
    return LoadedFile(policies, rules)


def _without_unused(issues: Mapping[Path, list[PolicyIssue]]) -> list[PolicyIssue]:
    """All issues but those inside a section, or of the size of a key, that should not be there."""
    unused = {
        path for path, found in issues.items() if any(i.code == "SECTION_NOT_USED" for i in found)
    }
    return [
        issue
        for path, found in issues.items()
        if not any(path[:end] in unused for end in range(len(path)))
        for issue in found
        if issue.code != "INITIAL_BELOW_MAINTENANCE" or all(i.code != "KEY_NOT_USED" for i in found)
    ]


def _none_paths(value: object, path: Path) -> Iterator[Path]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _none_paths(item, (*path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _none_paths(item, (*path, i))


_CODES = {
    "extra_forbidden": "UNKNOWN_KEY",
    "missing": "MISSING_KEY",
    "union_tag_not_found": "MISSING_KEY",
    "finite_number": "NOT_FINITE",
    "literal_error": "UNKNOWN_WORD",
    "union_tag_invalid": "UNKNOWN_WORD",
    "greater_than": "OUT_OF_RANGE",
    "greater_than_equal": "OUT_OF_RANGE",
    "less_than": "OUT_OF_RANGE",
    "less_than_equal": "OUT_OF_RANGE",
    "too_short": "OUT_OF_RANGE",
}


def _translated(details: Any, data: Mapping[str, Any]) -> tuple[Path, str, object, str]:
    """Path, code, value and message of one error of pydantic."""
    kind: str = details["type"]
    path = _data_path(details["loc"], data, keep_last=kind == "missing")
    code = _CODES.get(kind, "WRONG_TYPE")
    value = _value_at(data, path)
    view = SchemaView(cached_schema(), data)
    if kind.startswith("union_tag") and isinstance(value, Mapping):
        path = (*path, details["ctx"]["discriminator"].strip("'"))
        value = _value_at(data, path)
    elif kind.startswith("union_tag"):
        return path, "WRONG_TYPE", value, f"got {shown(value)}; expected a table with a kind"
    if details["loc"][-1] == "[key]":
        return path, "WRONG_TYPE", value, "a key is not text"
    if code == "UNKNOWN_KEY":
        return path, code, value, _unknown_key(path, view)
    if code == "MISSING_KEY":
        return path, code, None, f"missing; expected {view.expected(path)}"
    if is_nan(value):
        code = "NOT_FINITE"
    elif code == "UNKNOWN_WORD" and type(value) not in {type(w) for w in _literals(view, path)}:
        code = "WRONG_TYPE"
    message = f"got {shown(value)}; expected {view.expected(path)}"
    if code == "UNKNOWN_WORD":
        message += suggestion(value, view.words(path))
    if code == "OUT_OF_RANGE" and isinstance(value, int | float) and "at most 1" in message:
        message += f" ({view.comment(path) or 'a ratio: 5 % is 0.05'})"
    return path, code, value, message


def _literals(view: SchemaView, path: Path) -> list[object]:
    return [w for n in view.nodes(path) for w in (*n.get("enum", ()), *_const(n))]


def _const(node: Mapping[str, Any]) -> tuple[object, ...]:
    return (node["const"],) if "const" in node else ()


def _unknown_key(path: Path, view: SchemaView) -> str:
    """Name the nearest known key, or the section of this table that has the key."""
    table, key = path[:-1], path[-1]
    known = view.keys(table)
    hint = suggestion(key, known)
    if not hint:
        inner = [name for name in known if key in view.keys((*table, name))]
        hint = f"; did you mean {inner[0]}.{key}?" if inner else ""
    return f"unknown key{hint or '; expected one of ' + ', '.join(known)}"


def _data_path(loc: tuple[str | int, ...], data: object, *, keep_last: bool) -> Path:
    """The path in the data: pydantic's location without the names of union branches."""
    path: Path = ()
    value = data
    for i, part in enumerate(loc):
        if is_inside(value, part):
            path, value = (*path, part), child(value, part)
        elif keep_last and i == len(loc) - 1:
            path = (*path, part)
    return path


def _value_at(data: object, path: Path) -> object:
    value = data
    for part in path:
        value = child(value, part)
    return value


def _below(bad: frozenset[Path], prefix: Path) -> frozenset[Path]:
    """The bad paths inside ``prefix``, counted from it."""
    size = len(prefix)
    return frozenset(path[size:] for path in bad if path[:size] == prefix and len(path) > size)


def _problems(data: Mapping[str, Any], bad: frozenset[Path]) -> Iterator[tuple[Path, Problem]]:
    """Faults between keys, with their full paths."""
    policies = data.get("policies")
    for name, policy in policies.items() if isinstance(policies, Mapping) else ():
        prefix = ("policies", name)
        if not isinstance(policy, Mapping):
            continue
        view = View(policy, _below(bad, prefix), Policy)
        for problem in (*check_method(view), *check_beside_method(view), *check_fast(view)):
            yield (*prefix, *problem.path), problem
        for section, check in CHECKS.items():
            place = (*prefix, section)
            raw = policy.get(section)
            if isinstance(raw, Mapping):
                view = View(raw, _below(bad, place), CHECKED_MODELS.get(section))
                for problem in check(view):
                    yield (*place, *problem.path), problem
        yield from _override_problems(policy, prefix, bad)
    for problem in (*check_exact(View(data, bad)), *check_select(View(data, bad))):
        yield problem.path, problem


def _override_problems(
    policy: Mapping[str, Any], prefix: Path, bad: frozenset[Path]
) -> Iterator[tuple[Path, Problem]]:
    """Faults of a section with one underlying's keys put over it, where those keys take part."""
    method = policy.get("method")
    underlyings = policy.get("underlyings")
    for name, sections in underlyings.items() if isinstance(underlyings, Mapping) else ():
        for section in sections if isinstance(sections, Mapping) else ():
            base, own = policy.get(section, {}), sections[section]
            is_known = section in SECTION_MODELS and isinstance(own, Mapping)
            if not is_known or not isinstance(base, Mapping):
                continue
            if section not in policy and NEEDED.get(str(method)) == section:
                continue  # reported once, as the missing section of the policy
            place = (*prefix, "underlyings", name, section)
            own_bad = _below(bad, place)
            base_bad = {p for p in _below(bad, (*prefix, section)) if p[0] not in own}
            view = View({**base, **own}, own_bad | base_bad, SECTION_MODELS[section])
            for problem in CHECKS[section](view):
                taking_part = [key for key in problem.keys if key in own]
                if taking_part:
                    is_own = problem.path[0] in own
                    tail = problem.path if is_own else (taking_part[0],)
                    yield (*place, *tail), problem


def _merged(raw: Mapping[str, Any]) -> dict[tuple[str, str], Section]:
    """The sections of each underlying that has keys of its own."""
    merged: dict[tuple[str, str], Section] = {}
    for underlying, sections in raw.get("underlyings", {}).items():
        for section, own in sections.items():
            keys = {**raw.get(section, {}), **own}
            merged[section, underlying] = SECTION_MODELS[section].model_validate(keys)
    return merged
