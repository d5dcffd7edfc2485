"""Joint scenarios over a horizon: a caller's own, or made as a policy's table `tail` makes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.config_compile_tail import TailMaker
from tickmargin.config_issues import PolicyIssue, suggestion
from tickmargin.config_load import LoadedPolicy
from tickmargin.config_tail import JointTail
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.history import History
from tickmargin.history_rows import apart
from tickmargin.policies import Policies
from tickmargin.pricing.arguments import reals

__all__ = ["JointScenarios", "given_scenarios", "made_scenarios"]

Floats = NDArray[np.float64]

GENERATORS = ("historical", "filtered", "monte_carlo")
_DAY_NS = 86_400 * 10**9
_YEAR_NS = 365 * _DAY_NS
_SUBJECT = "breach_probabilities"
_DRAWS = 1_000
_DECAY = 0.94  # RiskMetrics, daily
# Of the table `tail`: what is not a word of scenarios but of the requirement measured in them.
_REQUIREMENT = (
    "horizon_initial_days",
    "horizon_maintenance_days",
    "confidence_initial",
    "confidence_maintenance",
    "initial_factor",
    "maintenance_factor",
    "quantile_initial",
    "quantile_maintenance",
    "window_maintenance_days",
    "decay",
    "stress",
)


@dataclass(frozen=True, slots=True, eq=False)
class JointScenarios:
    """Moves of all underlyings at once.

    Attributes
    ----------
    underlyings : tuple of str
        The market's.
    price_moves : (underlyings, scenarios) float64
        Relative moves of the index; NaN where it is not known.
    vol_shocks : (underlyings, scenarios) float64 or None
        None: volatilities are held.
    terms : mapping
        What a shock does to a volatility, in the words of a policy's scenarios.
    generator : str
        ``given``, ``historical``, ``filtered`` or ``monte_carlo``.
    independent : int
        How many of them share no time.
    spans_ns : (2, scenarios) int64 or None
        When each began and ended, of moves from a history.
    """

    underlyings: tuple[str, ...]
    price_moves: Floats
    vol_shocks: Floats | None
    terms: Mapping[str, Any]
    generator: str
    independent: int
    spans_ns: NDArray[np.int64] | None = None

    @property
    def count(self) -> int:
        """How many."""
        return int(self.price_moves.shape[1])


def given_scenarios(
    underlyings: tuple[str, ...],
    moves: Mapping[str, Any],
    vol_shocks: Mapping[str, Any] | None,
    vol_shock_kind: str,
    independent: int | None,
) -> JointScenarios:
    """A caller's own columns; an underlying that is left out does not move.

    Raises
    ------
    InvalidInputError
        LENGTH_MISMATCH, OUT_OF_RANGE, UNKNOWN_WORD.
    UnknownNameError, InputTypeError
    """
    if vol_shock_kind not in ("relative", "absolute"):
        message = f"vol_shock_kind must be relative or absolute, was {vol_shock_kind!r}"
        raise InvalidInputError(message, code="UNKNOWN_WORD")
    absolute = vol_shock_kind == "absolute"
    prices = _columns("moves", moves, lambda x: x > -1.0, "above -1")
    least = -math.inf if absolute else -1.0
    shocks = _columns("vol_shocks", vol_shocks or {}, lambda x: x >= least, "-1 or more")
    lengths = {column.shape for column in (*prices.values(), *shocks.values())}
    if len(lengths) != 1 or len(shape := next(iter(lengths))) != 1 or shape[0] == 0:
        what = "moves and vol_shocks" if shocks else "moves"
        message = f"{what} must be columns of one length and not empty, were {sorted(lengths)}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    count = shape[0]
    if independent is not None and not (_is_whole(independent) and 1 <= independent <= count):
        message = f"independent must be a whole number from 1 to {count}, was {independent!r}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return JointScenarios(
        underlyings,
        _laid_out(underlyings, prices, count),
        _laid_out(underlyings, shocks, count) if shocks else None,
        terms_of(JointTail.model_construct(vol_shock="absolute" if absolute else "relative")),
        "given",
        count if independent is None else independent,
    )


def made_scenarios(
    underlyings: tuple[str, ...],
    words: Any,
    horizon_days: float,
    history: History | None,
    as_of_ns: int,
) -> JointScenarios:
    """Scenarios in the words of a policy's table ``tail``; nothing after ``as_of_ns`` is looked at.

    Raises
    ------
    InvalidInputError
        With every fault of the words in ``issues``; MISSING_HISTORY, MISSING_KEY.
    InputTypeError
    """
    if not isinstance(words, Mapping):
        message = f"scenarios: got {type(words).__name__}; expected a mapping, as a table `tail` is"
        raise InputTypeError(message)
    generator = words.get("generator", "historical")
    if generator not in GENERATORS:
        message = (
            f"got {generator!r}; expected one of {', '.join(GENERATORS)}"
            f"{suggestion(generator, list(GENERATORS))}"
        )
        raise _fault("UNKNOWN_WORD", "generator", message)
    wrong = [key for key in words if key in _REQUIREMENT]
    if wrong:
        why = "a key of the requirement or its weights, not of scenarios that count alike"
        raise _fault("KEY_NOT_USED", wrong[0], why)
    past = None if history is None else history.until(as_of_ns)
    tail: dict[str, Any] = {**words, "generator": generator}
    for side in ("initial", "maintenance"):
        tail |= {f"horizon_{side}_days": horizon_days, f"confidence_{side}": 0.99}
    if generator == "filtered":
        tail.setdefault("filter", {"decay": _DECAY})
    if generator == "monte_carlo":
        return _drawn(underlyings, tail, past, as_of_ns, horizon_days)
    return _from_history(underlyings, tail, past, as_of_ns, horizon_days)


def terms_of(tail: JointTail) -> dict[str, Any]:
    """What a shock does to a volatility, as the core takes it."""
    same = "vol_reference_days vol_power_short vol_power_long vol_up_floor_annual min_days"
    shape = {key: getattr(tail, key) for key in same.split()}
    return {"vol_shock_kind": int(tail.vol_shock == "absolute"), **shape}


class _Scenarios(TailMaker):
    """The maker of a policy's scenarios, with faults of its own and what a history estimates."""

    estimated: Floats | None = None  # a correlation, in place of the table's

    def _confidence(self, days: float, window: float | None) -> float:
        return 0.0  # nothing is read off a tail: any scenario will do

    def _fault(self, code: str, key: str, message: str) -> InvalidInputError:
        return _fault(code, key, message)

    def _correlation(self) -> Floats:
        return super()._correlation() if self.estimated is None else self.estimated

    def spans(self, days: float, window: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows at which the moves start and end."""
        history = self._needed_history()
        last = int(history.times_ns[-1])
        return self._pairs(history, days, last - round(window * _DAY_NS), last)

    def made(self, days: float, window: float | None) -> tuple[Floats, Floats | None]:
        """Moves and shocks."""
        sample = self._sample(days, window)
        return sample.moves, sample.shocks


def _from_history(
    underlyings: tuple[str, ...],
    tail: dict[str, Any],
    past: History | None,
    as_of_ns: int,
    days: float,
) -> JointScenarios:
    is_said = "overlapping" in tail
    tail.setdefault("overlapping", True)
    tail.setdefault("window_days", _whole_window(past))
    policy = _checked(tail)
    maker = _Scenarios(policy, _section(policy), underlyings, past, as_of_ns)
    window = float(tail["window_days"])
    start, end = maker.spans(days, window)
    if start.size == 0:
        message = (
            f"no two rows of the history are {days:g} days apart in its last {window:.6g} days"
        )
        raise _fault("MISSING_HISTORY", "window_days", message)
    alone = apart(start, end)[0].size
    if alone < start.size and not is_said:
        message = (
            f"missing; {start.size} moves over {days:g} days share time with their neighbours, "
            f"{alone} do not: say true, for all of them, or false"
        )
        raise _fault("MISSING_KEY", "overlapping", message)
    assert past is not None
    if tail.get("vol_moves") == "history" and past.vols is None:
        raise _fault("MISSING_HISTORY", "vol_moves", "the history has no volatilities")
    moves, shocks = maker.made(days, window)
    spans = np.stack([past.times_ns[start], past.times_ns[end]])
    terms = terms_of(_section(policy))
    return JointScenarios(underlyings, moves, shocks, terms, tail["generator"], alone, spans)


def _drawn(
    underlyings: tuple[str, ...],
    tail: dict[str, Any],
    past: History | None,
    as_of_ns: int,
    days: float,
) -> JointScenarios:
    tail.setdefault("draws", _DRAWS)
    tail.setdefault("seed", 0)
    known = np.ones(len(underlyings), dtype=np.bool_)
    correlation = None
    if "vols_annual" not in tail:
        vols, correlation, known = _estimated(underlyings, past, tail.pop("window_days", None))
        tail["vols_annual"] = {"default": 1.0, **vols}
        if "correlation" in tail or "correlation_default" in tail:
            correlation = None
        else:
            tail["correlation_default"] = 0.0
    policy = _checked(tail)
    maker = _Scenarios(policy, _section(policy), underlyings, past, as_of_ns)
    maker.estimated = correlation
    moves, shocks = maker.made(days, None)
    moves = np.where(known[:, None], moves, np.nan)
    if shocks is not None:
        shocks = np.where(known[:, None], shocks, np.nan)
    count = moves.shape[1]
    terms = terms_of(_section(policy))
    return JointScenarios(underlyings, moves, shocks, terms, "monte_carlo", count)


def _estimated(
    underlyings: tuple[str, ...], past: History | None, window: Any
) -> tuple[dict[str, float], Floats, NDArray[np.bool_]]:
    """Annual volatilities and correlation of a history's steps about 0, and whose they are.

    An underlying without a price at every time of the window has none.
    """
    if past is None or past.times_ns.size < 2:
        message = (
            "no price history to take volatilities and correlation from; "
            "expected vols_annual, or a history"
        )
        raise _fault("MISSING_HISTORY", "vols_annual", message)
    days = _whole_window(past) if window is None else float(reals("window_days", window))
    if not (math.isfinite(days) and days > 0.0):
        raise _fault("OUT_OF_RANGE", "window_days", f"got {days:g}; expected a number above 0")
    begin = int(past.times_ns[-1]) - round(days * _DAY_NS)
    first = int(np.searchsorted(past.times_ns, begin))
    times, prices = past.times_ns[first:], past.prices[first:]
    if times.size < 2:
        message = (
            f"the last {days:g} days of the history have {times.size} rows; expected 2 or more"
        )
        raise _fault("MISSING_HISTORY", "window_days", message)
    place = {name: i for i, name in enumerate(past.underlyings)}
    own = np.full((len(underlyings), times.size), np.nan)
    for u, name in enumerate(underlyings):
        if name in place:
            own[u] = prices[:, place[name]]
    known = np.isfinite(own).all(axis=1)
    steps = np.diff(np.log(np.where(known[:, None], own, 1.0)), axis=1)
    sum_of = steps @ steps.T
    sd = np.sqrt(np.diag(sum_of))
    flat = sd == 0.0
    correlation = sum_of / np.outer(np.where(flat, 1.0, sd), np.where(flat, 1.0, sd))
    np.fill_diagonal(correlation, 1.0)
    years = float(times[-1] - times[0]) / _YEAR_NS
    vols = {
        name: float(sd[u]) / math.sqrt(years)
        for u, name in enumerate(underlyings)
        if known[u] and not flat[u]
    }
    return vols, correlation, known & ~flat


def _checked(tail: dict[str, Any]) -> LoadedPolicy:
    """The words checked as a policy's are, faults under their own name."""
    policy = {"method": "es", "haircuts": {"default": 0.0}, "tail": tail}
    try:
        (loaded,) = Policies.from_dict({"schema": 1, "policies": {"scenarios": policy}}).loaded
    except InvalidInputError as error:
        issues = [
            replace(
                issue,
                file=_SUBJECT,
                column=(issue.column or "").replace("policies.scenarios.tail", "scenarios", 1),
            )
            for issue in error.issues
        ]
        raise InvalidInputError.from_issues(_SUBJECT, issues) from None
    return loaded


def _section(policy: LoadedPolicy) -> JointTail:
    tail = policy.config.tail
    assert tail is not None
    return tail


def _whole_window(past: History | None) -> float:
    """Days from before a history's first row to its last."""
    if past is None or past.times_ns.size == 0:
        return 1.0
    return float(past.times_ns[-1] - past.times_ns[0]) / _DAY_NS + 2.0**-10


def _fault(code: str, key: str, message: str) -> InvalidInputError:
    issue = PolicyIssue(code, _SUBJECT, None, f"scenarios.{key}", None, message)
    return InvalidInputError.from_issues(_SUBJECT, [issue])


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _columns(
    argument: str,
    given: Any,
    allowed: Callable[[Floats], NDArray[np.bool_]],
    expected: str,
) -> dict[str, Floats]:
    if not isinstance(given, Mapping):
        message = f"{argument}: got {type(given).__name__}; expected columns by underlying"
        raise InputTypeError(message)
    columns = {name: reals(f"{argument}[{name!r}]", column) for name, column in given.items()}
    for name, column in columns.items():
        bad = np.flatnonzero(~(np.isfinite(column) & allowed(column)))
        if bad.size:
            got = column.ravel()[bad[0]]
            message = f"{argument}[{name!r}] must be {expected}, got {got} at row {bad[0]}"
            raise InvalidInputError(message, code="OUT_OF_RANGE")
    return columns


def _laid_out(underlyings: tuple[str, ...], columns: Mapping[str, Floats], count: int) -> Floats:
    """Rows of the market's underlyings, 0 where there is no column."""
    out = np.zeros((len(underlyings), count))
    for u, name in enumerate(underlyings):
        if name in columns:
            out[u] = columns[name]
    return out
