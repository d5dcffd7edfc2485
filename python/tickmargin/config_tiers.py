"""What must hold between a fast policy and the exact one it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tickmargin.config_checks import Problem, View
from tickmargin.config_issues import shown, suggestion
from tickmargin.toml_lines import Path

FAST_METHODS = ("fixed", "dynamic", "scenario")
_SAME = ("collateral", "option_value")


def check_fast(view: View) -> Iterator[Problem]:
    """Only fast rules have an exact one beside them, and a factor to cover it."""
    method = view.get("method")
    if method is None or method in FAST_METHODS:
        return
    for key in ("exact", "safety_factor_ratio"):
        if view.given(key):
            message = f"given, but has an effect only where method is {', '.join(FAST_METHODS)}"
            yield Problem((key,), "KEY_NOT_USED", view.get(key), message, ())


def check_exact(view: View) -> Iterator[Problem]:
    """The exact policy is another of the file, none of two tiers itself, and measures alike."""
    policies = view.get("policies")
    if not isinstance(policies, Mapping):
        return
    names = [str(name) for name in policies]
    for name in policies:
        exact = view.get("policies", name, "exact")
        if exact is None:
            continue
        path: Path = ("policies", name, "exact")
        if exact == name or exact not in names:
            others = [other for other in names if other != name]
            expected = f"one of {', '.join(others)}" if others else "another policy of the file"
            message = f"got {shown(exact)}; expected {expected}{suggestion(exact, others)}"
            yield Problem(path, "UNKNOWN_POLICY", exact, message, ())
        elif view.given("policies", exact, "exact"):
            message = f"got {shown(exact)}, which names an exact policy itself; expected one tier"
            yield Problem(path, "EXACT_HAS_EXACT", exact, message, ())
        else:
            yield from _check_alike(view, str(name), str(exact))


def _check_alike(view: View, fast: str, exact: str) -> Iterator[Problem]:
    """What one counts in equity the other may not count in the requirement."""
    defaults = {"collateral": "haircut", "option_value": "equity"}
    for key in _SAME:
        ours = view.get("policies", fast, key) or defaults[key]
        theirs = view.get("policies", exact, key) or defaults[key]
        if ours != theirs:
            message = (
                f"got {shown(exact)}, whose {key} is {shown(theirs)}; expected one with "
                f"{shown(ours)}, or the requirements do not compare"
            )
            path: Path = ("policies", fast, "exact")
            yield Problem(path, "EXACT_MEASURES_OTHERWISE", exact, message, ())
