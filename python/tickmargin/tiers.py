"""Two tiers, one truth: what the fast policy asks for beside the exact measure it stands in for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.live_base import whole
from tickmargin.loading.column import Coded
from tickmargin.policies import Policies
from tickmargin.table import Table

__all__ = ["Tiers", "compare_tiers"]

_SIDES = (("initial", "initial_margin"), ("maintenance", "maintenance_margin"))
_TRIES = 60

Compiled = list[dict[str, Any]]
Margins = Callable[[Compiled, NDArray[np.int32]], dict[str, NDArray[np.float64]]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tiers:
    """Requirements of the policies in force beside those of the exact policies they name.

    Amounts are in the numeraire, requirements rounded up to whole ticks.

    Attributes
    ----------
    accounts : Table
        A row per account whose policy names an exact one: account, policy, exact, and for
        ``initial_`` and ``maintenance_``: ``fast``, ``exact``, ``gap`` (exact - fast: > 0 is not
        covered), ``gap_ratio`` (gap / exact; 0 where exact is 0), ``factor`` (the smallest
        safety_factor_ratio under which this account's fast requirement is not below the exact one;
        1 where it is covered by any, inf where no factor does it). NaN where undecidable under
        either policy.
    policies : Table
        A row per policy that names an exact one: policy, exact, safety_factor_ratio (in force),
        accounts, undecidable, initial_uncovered, maintenance_uncovered (accounts with a gap > 0),
        initial_fast, initial_exact, maintenance_fast, maintenance_exact (sums),
        largest_gap_ratio, factor (covers every account, both requirements), share and
        factor_of_share (covers at least that share of the decidable accounts), never (accounts
        that no factor covers). A factor takes the place of safety_factor_ratio, it does not
        multiply it.
    share : float
        The share of accounts that ``factor_of_share`` covers.
    """

    accounts: Table
    policies: Table
    share: float

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export ``accounts`` as an Arrow stream."""
        return self.accounts.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"Tiers({len(self.accounts):,} accounts, {len(self.policies)} policies)"


def compare_tiers(
    core: _core.Engine,
    account_names: NDArray[np.object_],
    chosen: Policies,
    prepared: tuple[Compiled, NDArray[np.int32]],
    *,
    share: float,
    threads: int,
    tick: float,
) -> Tiers:
    """What :meth:`tickmargin.Engine.tiers` answers."""
    whole("threads", threads)
    if isinstance(share, bool) or not 0 < share <= 1:
        message = f"share must be above 0 and at most 1, was {share!r}"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    names = list(chosen.names)
    exact_names = [policy.config.exact for policy in chosen.loaded]
    if not any(exact_names):
        message = (
            f"no policy of {', '.join(names)} names an exact one (key `exact`), as those of the "
            "preset house-two-tiers do"
        )
        raise InvalidInputError(message, code="NO_EXACT_POLICY")
    exact_of = np.array([-1 if e is None else names.index(e) for e in exact_names], np.int32)
    compiled, selected = prepared
    rows = np.flatnonzero(exact_of[selected] >= 0)
    mapped = np.where(exact_of[selected] >= 0, exact_of[selected], selected).astype(np.int32)

    def margins(parts: Compiled, policy: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        raw = core.recompute(threads, [], parts, policy)["accounts"]
        return {name: raw[name][rows] for _, name in _SIDES}

    fast, exact = margins(compiled, selected), margins(compiled, mapped)
    known = ~np.isnan(fast["initial_margin"]) & ~np.isnan(exact["initial_margin"])
    factors = _factors(compiled, selected, exact, margins, tick)
    columns: dict[str, Any] = {
        "account": account_names[rows],
        "policy": Coded(selected[rows].astype(np.int32), np.array(names, object)),
        "exact": Coded(mapped[rows], np.array(names, object)),
    }
    for side, name in _SIDES:
        gap = exact[name] - fast[name]
        ratio = np.zeros(rows.size)
        np.divide(gap, exact[name], out=ratio, where=exact[name] != 0)
        ratio[~known] = np.nan
        columns |= {
            f"{side}_fast": np.where(known, fast[name], np.nan),
            f"{side}_exact": np.where(known, exact[name], np.nan),
            f"{side}_gap": np.where(known, gap, np.nan),
            f"{side}_gap_ratio": ratio,
            f"{side}_factor": np.where(known, factors[side], np.nan),
        }
    by_policy = _by_policy(columns, selected[rows], exact_of, compiled, names, share)
    return Tiers(
        accounts=Table(columns, name="tiers"), policies=Table(by_policy, name="tiers"), share=share
    )


def _with_factor(compiled: list[dict[str, Any]], factor: float) -> list[dict[str, Any]]:
    return [{**policy, "safety_factor_ratio": factor} for policy in compiled]


def _factors(
    compiled: Compiled,
    selected: NDArray[np.int32],
    exact: dict[str, NDArray[np.float64]],
    margins: Margins,
    tick: float,
) -> dict[str, NDArray[np.float64]]:
    """The smallest factor of each account, to a tick of what it multiplies.

    What a factor of 2 adds to a factor of 1 is the loss that it multiplies, less than a tick more
    than it shows in each pocket. Resting orders under a percent rule bend that line. Then the
    factor is raised by what a recompute under it finds short, by more each time, until it covers
    all that it should.
    """
    plain = margins(_with_factor(compiled, 1.0), selected)
    double = margins(_with_factor(compiled, 2.0), selected)
    found: dict[str, NDArray[np.float64]] = {}
    losses: dict[str, NDArray[np.float64]] = {}
    for side, name in _SIDES:
        losses[side] = loss = double[name] - plain[name] - tick
        missing = exact[name] - plain[name]
        factor = np.ones(missing.size)
        short = missing > 0
        factor[short] = np.inf
        able = short & (loss > 0.5 * tick)
        factor[able] = (1.0 + missing[able] / loss[able]) * (1.0 + 1e-12)
        found[side] = factor
    for attempt in range(_TRIES):
        finite = [factor[np.isfinite(factor)] for factor in found.values()]
        most = max((float(factor.max()) for factor in finite if factor.size), default=1.0)
        at_most = margins(_with_factor(compiled, most), selected)
        covered = True
        for side, name in _SIDES:
            rows = np.isfinite(found[side]) & (at_most[name] < exact[name])
            short_by = exact[name][rows] - at_most[name][rows] + tick
            found[side][rows] = most + short_by / losses[side][rows] * 2.0**attempt
            covered &= not rows.any()
        if covered:
            break
    return found


def _by_policy(
    columns: dict[str, Any],
    selected: NDArray[np.int32],
    exact_of: NDArray[np.int32],
    compiled: list[dict[str, Any]],
    names: list[str],
    share: float,
) -> dict[str, Any]:
    out: dict[str, list[Any]] = {}
    for number in np.flatnonzero(exact_of >= 0).tolist():
        mine = selected == number
        known = mine & ~np.isnan(columns["initial_fast"])
        factor = np.maximum(columns["initial_factor"], columns["maintenance_factor"])[known]
        ordered = np.sort(factor)
        at = max(int(np.ceil(share * ordered.size)) - 1, 0)
        row = {
            "policy": names[number],
            "exact": names[exact_of[number]],
            "safety_factor_ratio": compiled[number]["safety_factor_ratio"],
            "accounts": int(mine.sum()),
            "undecidable": int((mine & ~known).sum()),
        }
        for side, _ in _SIDES:
            row[f"{side}_uncovered"] = int((columns[f"{side}_gap"][known] > 0).sum())
            row[f"{side}_fast"] = float(columns[f"{side}_fast"][known].sum())
            row[f"{side}_exact"] = float(columns[f"{side}_exact"][known].sum())
        ratios = [columns[f"{side}_gap_ratio"][known] for side, _ in _SIDES]
        row |= {
            "largest_gap_ratio": max((float(r.max()) for r in ratios if r.size), default=0.0),
            "factor": float(ordered[-1]) if ordered.size else 1.0,
            "share": share,
            "factor_of_share": float(ordered[at]) if ordered.size else 1.0,
            "never": int(np.isinf(factor).sum()),
        }
        for key, value in row.items():
            out.setdefault(key, []).append(value)
    text = ("policy", "exact")
    return {key: np.array(v, object if key in text else None) for key, v in out.items()}
