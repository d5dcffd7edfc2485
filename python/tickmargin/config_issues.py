"""Faults of a policy file as issues: key path, line, what was got and what is expected."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from tickmargin.errors import Issue
from tickmargin.toml_lines import Path, line_of

POLICY_CODES: Mapping[str, str] = MappingProxyType(
    {
        "FILE_NOT_FOUND": "The policy file does not exist.",
        "FILE_UNREADABLE": "The policy file is not UTF-8 text in TOML.",
        "UNKNOWN_KEY": "A key means nothing where it stands.",
        "MISSING_KEY": "A key that has no default is absent.",
        "WRONG_TYPE": "A value has a type that would need a silent conversion.",
        "UNKNOWN_WORD": "A word is not one of the key's allowed words.",
        "NOT_FINITE": "A number is NaN or infinite.",
        "OUT_OF_RANGE": "A number, or the length of a list, is outside its range.",
        "LEVELS_ORDER": "Levels must fall: warning >= margin_call >= liquidation.",
        "INITIAL_BELOW_MAINTENANCE": "An initial parameter asks less than the maintenance one.",
        "BRACKETS_NOT_INCREASING": "Bracket caps must rise and bracket ratios must not fall.",
        "TIERS_NOT_INCREASING": "Caps, ends and moves of a list must rise and its rates not fall.",
        "TIER_GAP": "A leverage tier does not begin where the one before ends, or at 0.",
        "TIER_OVERLAP": "A leverage tier begins before the one before ends.",
        "TIER_AMOUNT_DIFFERS": "The amount a venue takes off is not what its rates make it.",
        "TIER_CURRENCY": "Notionals of leverage tiers are in coins, or in several currencies.",
        "DUPLICATE_UNDERLYING": "Two symbols with leverage tiers are of one underlying.",
        "UNKNOWN_TIER": "A spread names an expiry tier that does not exist, or one twice.",
        "BRACKETS_WITH_SCALING": "Brackets and size scaling both set the ratio.",
        "OTM_ORDER": "otm_a is the ratio at the money and must not be below otm_b.",
        "FLOOR_ABOVE_CAP": "The floor of the dynamic ratio is above its cap.",
        "VOL_FLOOR_WITHOUT_SHOCK": "A floor of the shocked volatility needs an upward shock.",
        "TAIL_WITHOUT_MOVE": "A tail of move 0 is the unshocked point.",
        "INVALID_PAIR": "A correlation is not keyed by two different underlyings, once.",
        "CORRELATION_MISSING": "A pair has no correlation and there is no default.",
        "CORRELATION_NOT_PSD": "The correlation matrix is not positive semi-definite.",
        "KEY_NOT_USED": "A key is given that has no effect.",
        "INVALID_ASSET": "A haircut is not keyed by an asset such as BTC or USDC@ethereum.",
        "SECTION_MISSING": "The section that holds the method's parameters is absent.",
        "COUNTED_TWICE": "An add-on is given for a risk that the policy's method asks for already.",
        "SECTION_NOT_USED": "A section is given that the policy's method does not read.",
        "SIMULATED_NEEDS_SCENARIO": "Only `scenario`, `var` and `es` can simulate collateral.",
        "REQUIREMENT_NEEDS_FIXED": "Only `fixed` and `standard` hold the option mark.",
        "STANDARD_NEEDS_REQUIREMENT": "The method `standard` has the mark of shorts in it.",
        "CORRELATION_NEEDS_SCENARIO": "Only the method `scenario` has two-sided losses.",
        "UNKNOWN_POLICY": "A rule or an `exact` names a policy that is not in the file.",
        "EXACT_HAS_EXACT": "An exact policy names an exact policy itself.",
        "EXACT_MEASURES_OTHERWISE": "An exact policy counts collateral or options elsewhere.",
        "SELECT_MISSING": "Several policies and no rule to choose between them.",
        "SELECT_NOT_UNCONDITIONAL": "The last selection rule has conditions.",
        "SELECT_UNREACHABLE": "A selection rule stands below one that takes every account.",
        "GROSS_NOTIONAL_MISSING": "A rule looks at a gross notional that was not computed.",
        "UNKNOWN_PRESET": "No preset has this name.",
        "RANGE_EMPTY": "The lower bound of a condition is above its upper bound.",
        "MISSING_HISTORY": "Scenarios are to be taken from a price history that is not there.",
    }
)

_TYPE_WORDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}


@dataclass(frozen=True, slots=True)
class PolicyIssue(Issue):
    """A fault of a policy file: ``row`` is the line from 1, ``column`` the key's path."""

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        subject = f"{place}: {self.column}" if self.column else place
        return f"{subject}: {self.message} [{self.code}]"


@dataclass(frozen=True)
class Source:
    """Where the data came from, to say where a fault is."""

    file: str
    lines: dict[Path, int]

    def issue(self, code: str, path: Path, value: object, message: str) -> PolicyIssue:
        """An issue at ``path``."""
        return PolicyIssue(code, self.file, line_of(self.lines, path), dotted(path), value, message)


def dotted(path: Path) -> str:
    """``policies.x.haircuts."USDC@ethereum"``, as TOML would write it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = str(part)  # a dictionary may hold keys of any type
            bare = key != "" and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
            text += ("." if text else "") + (key if bare else json.dumps(key))
    return text


def shown(value: object) -> str:
    """A value as it is read in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else "a list"
    if value is None:
        return "nothing"
    return str(value)


def suggestion(word: object, known: list[str]) -> str:
    """``; did you mean x?`` and nothing where no known word is near."""
    if not isinstance(word, str):
        return ""
    near = get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    return next((f"; did you mean {k}?" for k in known if near and k.lower() == near[0]), "")


class SchemaView:
    """What may stand at a path of the data, according to the JSON schema."""

    def __init__(self, schema: dict[str, Any], data: object) -> None:
        self.schema = schema
        self.data = data

    def nodes(self, path: Path) -> list[dict[str, Any]]:
        """The schema nodes that may describe the value at ``path``."""
        nodes = self._expand(self.schema, self.data)
        value = self.data
        for part in path:
            value = child(value, part)
            found: list[dict[str, Any]] = []
            for node in nodes:
                if isinstance(part, int):
                    branch = node.get("items")
                else:
                    branch = node.get("properties", {}).get(part)
                    if branch is None:
                        branch = node.get("additionalProperties")
                if isinstance(branch, dict):
                    found += self._expand(branch, value)
            nodes = found
        return nodes

    def _expand(self, node: dict[str, Any], value: object) -> list[dict[str, Any]]:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return self._expand(self.schema["$defs"][name], value)
        branches = node.get("anyOf", node.get("oneOf"))
        if branches is None:
            return [node]
        if "discriminator" in node:
            tag = child(value, node["discriminator"]["propertyName"])
            chosen = node["discriminator"]["mapping"].get(tag) if isinstance(tag, str) else None
            if chosen is not None:
                return self._expand({"$ref": chosen}, value)
        return [found for branch in branches for found in self._expand(branch, value)]

    def keys(self, path: Path) -> list[str]:
        """The keys known in the table at ``path``."""
        return list(dict.fromkeys(k for n in self.nodes(path) for k in n.get("properties", ())))

    def words(self, path: Path) -> list[str]:
        """The words allowed at ``path``."""
        nodes = self.nodes(path)
        words = [w for n in nodes for w in (*n.get("enum", ()), *_const(n))]
        return [w for w in dict.fromkeys(words) if isinstance(w, str)]

    def expected(self, path: Path) -> str:
        """In words, what may stand at ``path``."""
        return " or ".join(dict.fromkeys(_expected(node) for node in self.nodes(path)))

    def comment(self, path: Path) -> str:
        """What the schema says of the unit of the number at ``path``, where it is not plain."""
        return next((str(n["$comment"]) for n in self.nodes(path) if "$comment" in n), "")


def _const(node: Mapping[str, Any]) -> list[Any]:
    return [node["const"]] if "const" in node else []


def _expected(node: Mapping[str, Any]) -> str:
    words = [*node.get("enum", ()), *_const(node)]
    if words:
        return " or ".join(shown(word) for word in words)
    text = _TYPE_WORDS.get(node.get("type", ""), "a value")
    if node.get("format") == "date":
        return "a date (2026-03-01)"
    if node.get("minItems") or node.get("minProperties"):
        return f"{text} that is not empty"
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    bounds = [f"{word} {node[key]:g}" for key, word in limits.items() if key in node]
    return f"{text} {' and '.join(bounds)}" if bounds else text


def child(value: object, part: str | int) -> object:
    """The item or key ``part`` of a value; None where there is none."""
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def is_inside(value: object, part: str | int) -> bool:
    """Whether ``part`` is a key or an index of ``value``."""
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def is_nan(value: object) -> bool:
    """Whether a value is a floating-point NaN."""
    return isinstance(value, float) and math.isnan(value)
