"""What must hold between the keys of the tables ``portfolio`` and ``standard``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tickmargin.config_checks import Problem, View, not_below
from tickmargin.config_issues import shown
from tickmargin.toml_lines import Path


def check_portfolio(view: View) -> Iterator[Problem]:
    """IM not below MM, and a move of each expiry where its loss is charged."""
    yield from not_below(view, ("initial_factor",), ("maintenance_factor",))
    if view.get("basis_up") == 0.0 and view.get("basis_down") == 0.0:
        for key in ("basis_add", "basis_factor"):
            got = view.get(key)
            if got:
                message = f"got {shown(got)}; expected 0 where basis_up and basis_down are 0"
                path: Path = (key,)
                yield Problem(path, "KEY_NOT_USED", got, message, (key, "basis_up", "basis_down"))


def check_standard(view: View) -> Iterator[Problem]:
    """IM not below MM, rule by rule."""
    yield from not_below(view, ("spot_max",), ("spot_min",), "OTM_ORDER")
    yield from not_below(view, ("spot_min",), ("call_maintenance",))
    yield from not_below(view, ("perpetual_initial",), ("perpetual_maintenance",))
    yield from not_below(view, ("unpaired_initial",), ("unpaired_maintenance",))


EXPIRY_CHECKS: dict[str, Callable[[View], Iterator[Problem]]] = {
    "portfolio": check_portfolio,
    "standard": check_standard,
}
