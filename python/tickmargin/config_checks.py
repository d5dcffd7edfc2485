"""What must hold between the keys of a policy file.

Each check reads a :class:`View`: it sees only values that are sound on their own, so one bad
number does not hide a second fault, and no fault is reported twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tickmargin.config import HAIRCUT_COMPONENTS, SECTION_MODELS, Section
from tickmargin.config_add_ons import ADD_ONS
from tickmargin.config_correlation import correlation_fault
from tickmargin.config_issues import child, is_inside, shown, suggestion
from tickmargin.toml_lines import Path

OWN_SECTION = ("scenario", "matrix", "span", "portfolio", "standard", "protocol")
TAIL = ("var", "es")
NEEDED = {
    "fixed": "futures",
    "dynamic": "dynamic",
    **{name: name for name in OWN_SECTION},
    **dict.fromkeys(TAIL, "tail"),
}
READ: dict[str, tuple[str, ...]] = {
    "fixed": ("futures", "options"),
    "dynamic": ("dynamic",),
    **{name: (name,) for name in OWN_SECTION},
    **dict.fromkeys(TAIL, ("tail",)),
}


class Problem(NamedTuple):
    """A fault between keys: ``path`` where it is shown, ``keys`` all first keys it involves."""

    path: Path
    code: str
    got: object
    message: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A table as written, less the values at the ``bad`` paths; defaults fill what is absent."""

    raw: Mapping[str, Any]
    bad: frozenset[Path]
    model: type[Section] | None = None

    def get(self, *path: str | int) -> Any:
        """The sound value at ``path``, its default, or None."""
        if any(path[:end] in self.bad for end in range(1, len(path) + 1)):
            return None
        value: Any = self.raw
        for part in path:
            if not is_inside(value, part):
                return self._default(path)
            value = child(value, part)
        return value

    def given(self, *path: str | int) -> bool:
        """Whether something is written at ``path``, sound or not."""
        value: Any = self.raw
        for part in path:
            if not is_inside(value, part):
                return False
            value = child(value, part)
        return True

    def count(self, key: str) -> int:
        """How many items the list at ``key`` has."""
        items = self.get(key)
        return len(items) if isinstance(items, list | tuple) else 0

    def _default(self, path: Path) -> Any:
        name = str(path[0])
        if len(path) != 1 or self.model is None:
            return None
        field = self.model.model_fields[name]
        return None if field.is_required() else field.get_default(call_default_factory=True)


def not_below(
    view: View, high: Path, low: Path, code: str = "INITIAL_BELOW_MAINTENANCE"
) -> Iterator[Problem]:
    above, below = view.get(*high), view.get(*low)
    if above is None or below is None or above >= below:
        return
    message = f"got {shown(above)}; expected at least {low[-1]} = {shown(below)}"
    yield Problem(high, code, above, message, (str(high[0]), str(low[0])))


def check_levels(view: View) -> Iterator[Problem]:
    """Each state border lies at or above the next more dangerous one."""
    yield from not_below(view, ("warning",), ("margin_call",), "LEVELS_ORDER")
    yield from not_below(view, ("margin_call",), ("liquidation",), "LEVELS_ORDER")


def check_haircuts(view: View) -> Iterator[Problem]:
    """Keys are assets; a haircut for IM is not below the one for MM, compounded."""
    for asset in view.raw:
        symbol, at, chain = str(asset).partition("@")
        if not symbol or "@" in chain or (at and not chain):
            message = f"got {shown(asset)}; expected BTC, USDC@ethereum or default"
            yield Problem((asset,), "INVALID_ASSET", asset, message, (asset,))
        if not isinstance(view.get(asset, "maintenance"), Mapping):
            continue
        initial, maintenance = 1.0, 1.0
        for name in HAIRCUT_COMPONENTS:
            first = view.get(asset, name)
            own = view.get(asset, "maintenance", name)
            initial *= 1.0 - (first or 0.0)
            maintenance *= 1.0 - ((first or 0.0) if own is None else own)
        if maintenance < initial - 1e-12 and not _has_bad(view, asset):
            got, bound = 1.0 - initial, 1.0 - maintenance
            message = f"got {got:.6g} for IM; expected at least the {bound:.6g} for MM"
            yield Problem((asset,), "INITIAL_BELOW_MAINTENANCE", got, message, (asset,))


def _has_bad(view: View, key: str) -> bool:
    return any(path[0] == key for path in view.bad)


def check_futures(view: View) -> Iterator[Problem]:
    """Ratios or brackets, initial never below maintenance at any size."""
    if not view.count("brackets"):
        for key in ("initial_ratio", "maintenance_ratio"):
            if not view.given(key):
                message = "missing; expected a number at least 0 and at most 1, or brackets"
                yield Problem((key,), "MISSING_KEY", None, message, (key, "brackets"))
    else:
        for key in ("initial_ratio", "maintenance_ratio"):
            if view.given(key):
                message = "given, but brackets replace it; expected one or the other"
                yield Problem((key,), "KEY_NOT_USED", view.get(key), message, (key,))
    yield from not_below(view, ("initial_ratio",), ("maintenance_ratio",))
    yield from _check_brackets(view)
    for suffix in ("step", "slope", "factor"):
        high = ("size_scaling", f"initial_{suffix}")
        yield from not_below(view, high, ("size_scaling", f"maintenance_{suffix}"))
    kind = view.get("size_scaling", "kind") or "none"
    if view.count("brackets") and kind != "none":
        message = f"got {shown(kind)}; expected none where there are brackets"
        path: Path = ("size_scaling", "kind")
        yield Problem(path, "BRACKETS_WITH_SCALING", kind, message, ("size_scaling", "brackets"))


def _check_brackets(view: View) -> Iterator[Problem]:
    for i in range(view.count("brackets")):
        high: Path = ("brackets", i, "initial_ratio")
        yield from not_below(view, high, ("brackets", i, "maintenance_ratio"))
        for key in ("notional_cap", "initial_ratio", "maintenance_ratio"):
            value = view.get("brackets", i, key)
            before = view.get("brackets", i - 1, key) if i > 0 else None
            if value is None or before is None:
                continue
            is_cap = key == "notional_cap"
            if value < before or (is_cap and value == before):
                bound = f"{'more than' if is_cap else 'at least'} {shown(before)}, the one before"
                message = f"got {shown(value)}; expected {bound}"
                path: Path = ("brackets", i, key)
                yield Problem(path, "BRACKETS_NOT_INCREASING", value, message, ("brackets",))


def check_options(view: View) -> Iterator[Problem]:
    """The initial formula can bind, and is not below maintenance where nothing lifts it."""
    yield from not_below(view, ("otm_a",), ("otm_b",), "OTM_ORDER")
    lifted = view.get("initial_at_least_maintenance")
    key = "otm_a" if lifted else "otm_b"
    names = ("maintenance_c", "liquidation_fee_ratio", "margin_factor")
    initial, (c, fee, factor) = view.get(key), (view.get(name) for name in names)
    if None in (lifted, initial, c, fee, factor):
        return
    bound = c + fee / factor  # both formulas divided by margin_factor * U
    if initial < bound:
        message = f"got {shown(initial)}; expected at least {bound:.6g}, maintenance_c and the fee"
        keys = (key, "initial_at_least_maintenance", *names)
        yield Problem((key,), "INITIAL_BELOW_MAINTENANCE", initial, message, keys)


def check_dynamic(view: View) -> Iterator[Problem]:
    """IM looks at least as far, and as deep into the tail, as MM."""
    yield from not_below(view, ("horizon_initial_days",), ("horizon_maintenance_days",))
    yield from not_below(view, ("confidence_initial",), ("confidence_maintenance",))
    yield from not_below(view, ("cap_ratio",), ("floor_ratio",), "FLOOR_ABOVE_CAP")
    if view.get("depth_factor") and not view.given("depth_cap_ratio"):
        message = "missing; expected a number at least 0 and at most 1, as depth_factor > 0"
        keys = ("depth_cap_ratio", "depth_factor")
        yield Problem(("depth_cap_ratio",), "MISSING_KEY", None, message, keys)


def check_promise(view: View) -> Iterator[Problem]:
    """What IM claims to cover is not less than what MM does."""
    yield from not_below(view, ("horizon_initial_days",), ("horizon_maintenance_days",))
    yield from not_below(view, ("confidence_initial",), ("confidence_maintenance",))


def check_scenario(view: View) -> Iterator[Problem]:
    """Shocks that exist, and IM not below MM."""
    yield from not_below(view, ("initial_factor",), ("maintenance_factor",))
    down, floor = view.get("vol_down"), view.get("vol_up_floor_annual")
    if view.get("vol_shock") == "relative" and down is not None and down > 1.0:
        message = f"got {shown(down)}; expected at most 1 where vol_shock is relative"
        yield Problem(("vol_down",), "OUT_OF_RANGE", down, message, ("vol_down", "vol_shock"))
    if floor and view.get("vol_up") == 0.0:
        message = f"got {shown(floor)}; expected 0 where vol_up is 0"
        path: Path = ("vol_up_floor_annual",)
        keys = ("vol_up_floor_annual", "vol_up")
        yield Problem(path, "VOL_FLOOR_WITHOUT_SHOCK", floor, message, keys)
    for i in range(view.count("tails")):
        if view.get("tails", i, "move") == 0.0:
            message = "got 0; expected a move other than 0"
            yield Problem(("tails", i, "move"), "TAIL_WITHOUT_MOVE", 0.0, message, ("tails",))


def check_netting(view: View) -> Iterator[Problem]:
    """Correlations by pair, complete and positive semi-definite."""
    rule = view.get("rule")
    if rule == "sum":
        for key in ("correlation", "correlation_default", "credit_cap_ratio", "correlation_break"):
            if view.given(key):
                message = 'given, but has an effect only where rule = "correlation"'
                yield Problem((key,), "KEY_NOT_USED", view.get(key), message, (key,))
    if rule != "correlation":
        return
    if not view.given("credit_cap_ratio"):
        message = "missing; expected a number at least 0 and at most 1"
        yield Problem(("credit_cap_ratio",), "MISSING_KEY", None, message, ("credit_cap_ratio",))
    pairs: dict[frozenset[str], float] = {}
    written: Mapping[str, Any] = view.get("correlation") or {}
    for key in written:
        value = view.get("correlation", key)
        names = frozenset(str(key).split("/"))
        if len(names) != 2 or str(key).count("/") != 1 or "" in names or names in pairs:
            message = f"got {shown(key)}; expected two different underlyings, once: BTC/ETH"
            yield Problem(("correlation", key), "INVALID_PAIR", key, message, ("correlation",))
        elif value is not None:
            pairs[names] = float(value)
    if any(path[0] in ("correlation", "correlation_default") for path in view.bad):
        return
    underlyings = sorted({name for pair in pairs for name in pair})
    fault = correlation_fault(underlyings, pairs, view.get("correlation_default"))
    if fault is not None:
        code, message = fault
        yield Problem(("correlation",), code, dict(written), message, ("correlation",))


CHECKS = {
    "levels": check_levels,
    "haircuts": check_haircuts,
    "futures": check_futures,
    "options": check_options,
    "dynamic": check_dynamic,
    "scenario": check_scenario,
    "netting": check_netting,
    "promise": check_promise,
}


def check_method(view: View) -> Iterator[Problem]:
    """The sections that the method reads, and no others; choices that only one method has."""
    method = view.get("method")
    if method is None:
        return
    if not view.given(NEEDED[method]):
        message = f"missing; the method {method} needs it"
        yield Problem((NEEDED[method],), "SECTION_MISSING", None, message, ())
    of_all = (*ADD_ONS, "anti_procyclicality")
    unused = [name for name in SECTION_MODELS if name not in (*READ[method], *of_all)]
    places: list[Path] = [()]
    written = view.get("underlyings")
    places += [("underlyings", name) for name in (written if isinstance(written, Mapping) else ())]
    for place in places:
        for name in unused:
            if view.given(*place, name):
                message = f"given, but the method {method} reads only {', '.join(READ[method])}"
                yield Problem((*place, name), "SECTION_NOT_USED", None, message, ())
    if view.given("tail") and method not in TAIL:
        message = f"given, but the method {method} reads only {', '.join(READ[method])}"
        yield Problem(("tail",), "SECTION_NOT_USED", None, message, ())
    for key in ("quantile_initial", "quantile_maintenance"):
        if method == "es" and view.given("tail", key):
            message = "given, but has an effect only where method is var"
            yield Problem(("tail", key), "KEY_NOT_USED", None, message, ())
    if view.count("credits") and method != "span":
        message = "given, but has an effect only where method is span"
        yield Problem(("credits",), "KEY_NOT_USED", None, message, ())
    if view.given("tokens") and view.get("protocol", "rule") != "drift_v2":
        message = "given, but has an effect only under the rule drift_v2 of method protocol"
        yield Problem(("tokens",), "KEY_NOT_USED", None, message, ())
    if view.given("pegs") and not view.given("peg"):
        message = "given, but has an effect only with the add-on peg"
        yield Problem(("pegs",), "KEY_NOT_USED", None, message, ())
    for place in places[1:]:
        if view.given(*place, "protocol", "rule"):
            message = "given; one rule holds for all underlyings of a policy"
            yield Problem((*place, "protocol", "rule"), "KEY_NOT_USED", None, message, ())
    for path, word, needed, code in (
        (("collateral",), "simulated", ("scenario", *TAIL), "SIMULATED_NEEDS_SCENARIO"),
        (("option_value",), "requirement", ("fixed", "standard"), "REQUIREMENT_NEEDS_FIXED"),
        (("netting", "rule"), "correlation", ("scenario",), "CORRELATION_NEEDS_SCENARIO"),
    ):
        if view.get(*path) == word and method not in needed:
            message = f"got {shown(word)}; expected only where method is {' or '.join(needed)}"
            yield Problem(path, code, word, message, ())
    if method == "standard" and view.get("option_value") == "equity":
        message = 'got "equity"; expected "requirement", as standard has the mark of shorts in it'
        yield Problem(("option_value",), "STANDARD_NEEDS_REQUIREMENT", "equity", message, ())


def chosen_names(policies: object) -> list[str]:
    """Policies that an account may be under by default: those that are nobody's exact one."""
    if not isinstance(policies, Mapping):
        return []
    exact = {p.get("exact") for p in policies.values() if isinstance(p, Mapping)}
    return [str(name) for name in policies if name not in exact] or [str(n) for n in policies]


def check_select(view: View) -> Iterator[Problem]:
    """Rules name policies, all can be reached, and no account is left without one."""
    policies = view.raw.get("policies")
    names = [str(name) for name in policies] if isinstance(policies, Mapping) else []
    rules = view.count("select")
    choice = chosen_names(policies)
    if rules == 0 and len(choice) > 1 and not _has_bad(view, "select"):
        message = f"missing; expected rules that choose between {', '.join(choice)}"
        yield Problem(("select",), "SELECT_MISSING", None, message, ())
    for i in range(rules):
        rule = view.get("select", i)
        if not isinstance(rule, Mapping):
            continue
        policy = view.get("select", i, "policy")
        if policy is not None and names and policy not in names:
            message = f"got {shown(policy)}; expected one of {', '.join(names)}"
            message += suggestion(policy, names)
            yield Problem(("select", i, "policy"), "UNKNOWN_POLICY", policy, message, ())
        has_conditions = any(key != "policy" for key in rule)
        if i == rules - 1 and has_conditions:
            message = "the last rule has conditions; expected only `policy`, so none is left out"
            yield Problem(("select", i), "SELECT_NOT_UNCONDITIONAL", policy, message, ())
        if i < rules - 1 and not has_conditions:
            message = "takes every account, so the rules below it are never reached"
            yield Problem(("select", i), "SELECT_UNREACHABLE", policy, message, ())
        for name in ("credit_score", "position_count", "gross_notional"):
            low, high = ("select", i, f"{name}_min"), ("select", i, f"{name}_max")
            yield from not_below(view, high, low, "RANGE_EMPTY")
