"""How likely an account is to be called or liquidated: the joint scenarios in which it would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.loading.progress import Meter, Progress
from tickmargin.names import Namebook
from tickmargin.pricing.arguments import reals
from tickmargin.projection import DAYS_MAX, account_rows
from tickmargin.proportion import upper_bound
from tickmargin.table import Table

if TYPE_CHECKING:
    from tickmargin.joint_scenarios import JointScenarios

__all__ = ["BreachProbabilities", "breach_probabilities", "horizon", "unused"]

Counts = dict[str, NDArray[np.int64]]

_NS_PER_DAY = 86_400 * 10**9
# A call into the core takes so many scenarios a thread: between two calls it can be interrupted.
_SCENARIOS_A_THREAD = 16
_WHAT = {
    "below_initial": "below_initial",
    "breaches": "called",
    "liquidations": "liquidated",
    "undecidable": "undecidable",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BreachProbabilities:
    """In how many joint scenarios each account ends below its margins.

    Attributes
    ----------
    accounts : Table
        A row per account: account; p_breach (of state ``margin_call`` or worse), p_liquidation
        (``liquidating`` or ``bankrupt``), p_below_initial (in some pocket equity does not cover
        initial margin: nothing can be opened), p_undecidable (no number: in none of the others),
        each a share of all scenarios; p_breach_upper and p_liquidation_upper, what the probability
        is not above with ``confidence``; and in how many scenarios: breaches, liquidations,
        below_initial, undecidable.
    scenarios : Table
        A row per scenario: start_ns and end_ns of the move where it comes from a history, and how
        many accounts it takes: breaches, liquidations, below_initial, undecidable.
    price_moves, vol_shocks : mapping of str to (scenarios,) float
        By underlying; NaN where a history does not know. No shocks: volatilities are held.
    count, independent : int
        Scenarios, and how many of them share no time with another.
    horizon_days : float
        Time that has passed at the end of a move.
    generator : str
        ``given``, ``historical``, ``filtered`` or ``monte_carlo``.
    confidence : float
        Of the upper bounds, one-sided.
    """

    accounts: Table
    scenarios: Table
    price_moves: Mapping[str, NDArray[np.float64]]
    vol_shocks: Mapping[str, NDArray[np.float64]]
    count: int
    independent: int
    horizon_days: float
    generator: str
    confidence: float

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export ``accounts`` as an Arrow stream."""
        return self.accounts.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return (
            f"BreachProbabilities({len(self.accounts):,} accounts, {self.count:,} {self.generator} "
            f"scenarios over {self.horizon_days:g} days)"
        )


def breach_probabilities(
    core: _core.Engine,
    book: Namebook,
    joint: JointScenarios,
    *,
    horizon_days: float,
    accounts: Iterable[str] | None,
    confidence: float,
    threads: int,
    progress: Progress,
) -> BreachProbabilities:
    """What :meth:`tickmargin.Engine.breach_probabilities` answers."""
    if isinstance(confidence, bool) or not 0.5 <= confidence < 1.0:
        message = f"confidence must be at least 0.5 and below 1, was {confidence!r}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    names, rows = account_rows(book, accounts)
    ahead = round(horizon_days * _NS_PER_DAY)
    by_account, by_scenario = _count(core, joint, rows, ahead, threads, progress)
    columns: dict[str, Any] = {"account": np.array(names, dtype=object)}
    columns |= _shares(by_account, joint, confidence)
    times = {}
    if joint.spans_ns is not None:
        times = {"start_ns": joint.spans_ns[0], "end_ns": joint.spans_ns[1]}
    return BreachProbabilities(
        accounts=Table({**columns, **by_account}, name="breach probabilities"),
        scenarios=Table({**times, **by_scenario}, name="scenarios"),
        price_moves=_by_name(joint.underlyings, joint.price_moves),
        vol_shocks=_by_name(joint.underlyings, joint.vol_shocks),
        count=joint.count,
        independent=joint.independent,
        horizon_days=horizon_days,
        generator=joint.generator,
        confidence=confidence,
    )


def horizon(name: str, days: float | None, default: float) -> float:
    """Days ahead; more than none where scenarios are made over them, which is the default then."""
    if days is None:
        return default
    given = float(reals(name, days))
    if not (0.0 < given <= DAYS_MAX or (given == 0.0 and default == 0.0)):
        least = "from 0" if default == 0.0 else "above 0 and up"
        message = f"{name} must be {least} to {DAYS_MAX:,.0f}, was {days!r}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return given


def unused(where: str, **given: object) -> None:
    """Refuse what has no effect there."""
    for name, value in given.items():
        if value is not None:
            message = f"{name} is given, but has no effect with {where}"
            raise InvalidInputError(message, code="INVALID_ARGUMENT")


def _count(
    core: _core.Engine,
    joint: JointScenarios,
    rows: NDArray[np.int32],
    ahead_ns: int,
    threads: int,
    progress: Progress,
) -> tuple[Counts, Counts]:
    """Scenarios by account, and accounts by scenario."""
    by_account = {name: np.zeros(rows.size, np.int64) for name in _WHAT}
    by_scenario = {name: np.zeros(joint.count, np.int64) for name in _WHAT}
    block = _SCENARIOS_A_THREAD * threads
    with Meter(progress, joint.count) as meter:
        for first in range(0, joint.count, block):
            part = slice(first, min(first + block, joint.count))
            moves = np.ascontiguousarray(joint.price_moves[:, part]).ravel()
            shocks = np.empty(0)
            if joint.vol_shocks is not None:
                shocks = np.ascontiguousarray(joint.vol_shocks[:, part]).ravel()
            of_accounts, of_scenarios = core.count_states(
                rows, moves, shocks, dict(joint.terms), ahead_ns, threads
            )
            for name, counted in _WHAT.items():
                by_account[name] += of_accounts[counted]
                by_scenario[name][part] = of_scenarios[counted]
            meter.show("counting scenarios", part.stop - part.start)
    return by_account, by_scenario


def _shares(counts: Counts, joint: JointScenarios, confidence: float) -> dict[str, Any]:
    """Shares of all scenarios; in an upper bound what is undecidable counts as a hit."""
    count = float(joint.count)
    out: dict[str, Any] = {}
    for name, what in (("breach", "breaches"), ("liquidation", "liquidations")):
        out[f"p_{name}"] = counts[what] / count
        # What shares its time with others counts in part.
        hits = (counts[what] + counts["undecidable"]) * joint.independent / count
        out[f"p_{name}_upper"] = upper_bound(hits, float(joint.independent), confidence)
    out["p_below_initial"] = counts["below_initial"] / count
    out["p_undecidable"] = counts["undecidable"] / count
    return out


def _by_name(
    names: tuple[str, ...], values: NDArray[np.float64] | None
) -> dict[str, NDArray[np.float64]]:
    if values is None:
        return {}
    values.flags.writeable = False
    return dict(zip(names, values, strict=True))
