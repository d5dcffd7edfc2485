"""From a `tail` section and a history to the joint scenarios the core measures in, as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.config_correlation import correlation_fault, correlation_matrix
from tickmargin.config_issues import PolicyIssue
from tickmargin.config_load import LoadedPolicy
from tickmargin.config_tail import JointTail
from tickmargin.errors import InvalidInputError
from tickmargin.history import History
from tickmargin.history_rows import RowPairs, columns_of, rows_of_moves

__all__ = ["TailMaker", "compile_tail", "scenario_times_ns"]

Floats = NDArray[np.float64]
_DAY_NS = 86_400_000_000_000
_DAYS_A_YEAR = 365.0
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class _Sample:
    """Moves and volatility shocks [underlying x scenario], NaN: unknown; weights or none.

    ``times_ns`` [2 x scenario]: from when to when prices moved so; none where they are drawn.
    """

    moves: Floats
    shocks: Floats | None
    weight: Floats
    times_ns: NDArray[np.int64] | None = None


def compile_tail(
    policy: LoadedPolicy, underlyings: Sequence[str], history: History | None, as_of_ns: int
) -> dict[str, Any]:
    """Lay a section out for the core; nothing after ``as_of_ns`` is looked at.

    Raises
    ------
    InvalidInputError
        MISSING_HISTORY: there is none, or not enough of it for one move in the tail. An underlying
        that the history lacks is no error: its scenarios are unknown, and pockets that hold it
        undecidable. MISSING_KEY: a model lacks an underlying's volatility. CORRELATION_MISSING,
        CORRELATION_NOT_PSD.
    """
    tail = policy.config.tail
    assert tail is not None
    maker = TailMaker(policy, tail, tuple(underlyings), history, as_of_ns)
    modelled = tail.generator in ("parametric", "delta_gamma")
    return maker.parametric() if modelled else maker.scenarios()


def scenario_times_ns(
    policy: LoadedPolicy, underlyings: Sequence[str], history: History | None, as_of_ns: int
) -> NDArray[np.int64]:
    """When prices moved as in each joint scenario of a section: [2 x scenario], 0 where drawn."""
    tail = policy.config.tail
    assert tail is not None
    return TailMaker(policy, tail, tuple(underlyings), history, as_of_ns).times_ns()


class TailMaker:
    """Makes what a section asks for of a market's underlyings."""

    def __init__(
        self,
        policy: LoadedPolicy,
        tail: JointTail,
        underlyings: tuple[str, ...],
        history: History | None,
        as_of_ns: int,
    ) -> None:
        self.policy, self.tail, self.names = policy, tail, underlyings
        self.history = None if history is None else history.until(as_of_ns)

    def parametric(self) -> dict[str, Any]:
        tail = self.tail
        multiples = [
            self._multiple(1.0 - c) for c in (tail.confidence_initial, tail.confidence_maintenance)
        ]
        covariances = [
            self._covariance(days)
            for days in (tail.horizon_initial_days, tail.horizon_maintenance_days)
        ]
        sides = [
            {"terms": [], "multiple": multiple, "covariance": np.ravel(covariance)}
            for multiple, covariance in zip(multiples, covariances, strict=True)
        ]
        nothing = np.empty(0)
        unmoved = {"known": True, "price_move": nothing, "vol_shock": nothing}
        return self._laid_out([], [dict(unmoved) for _ in self.names], sides)

    def _sampled(self) -> tuple[list[_Sample], list[dict[str, Any]]]:
        """The samples, each once, and of which each requirement is made."""
        tail = self.tail
        samples: list[_Sample] = []
        made: dict[Any, int] = {}

        def place(key: Any, make: Callable[[], _Sample]) -> int:
            if key not in made:
                made[key] = len(samples)
                samples.append(make())
            return made[key]

        horizons = (tail.horizon_initial_days, tail.horizon_maintenance_days)
        shares = self._stress_shares()
        for horizon, share in zip(horizons, shares, strict=True):
            if (
                share > 0.0
            ):  # a stressed window without any move is what a short history lacks first
                self._stress_pairs(horizon)
        sides = []
        for horizon, window, share in zip(horizons, self._windows(), shares, strict=True):
            terms = []
            if share < 1.0:
                own = partial(self._sample, horizon, window)
                terms.append((place((horizon, window), own), 1.0 - share))
            if share > 0.0:
                terms.append((place(horizon, partial(self._stressed, horizon)), share))
            sides.append({"terms": terms, "multiple": 0.0, "covariance": np.empty(0)})
        return samples, sides

    def scenarios(self) -> dict[str, Any]:
        samples, sides = self._sampled()
        sets, first = [], 0
        for sample in samples:
            count = sample.moves.shape[1]
            sets.append({"first": first, "count": count, "weight": sample.weight})
            first += count
        moves = np.concatenate([sample.moves for sample in samples], axis=1)
        shocks = None
        if self.tail.vol_moves != "held":
            parts = [s.shocks for s in samples if s.shocks is not None]
            shocks = np.concatenate(parts, axis=1)
        return self._laid_out(sets, self._by_underlying(moves, shocks), sides)

    def times_ns(self) -> NDArray[np.int64]:
        """[2 x scenario]: from when to when prices moved so, 0 where they are drawn."""
        times = [
            np.zeros((2, s.moves.shape[1]), np.int64) if s.times_ns is None else s.times_ns
            for s in self._sampled()[0]
        ]
        return np.concatenate(times, axis=1)

    def _windows(self) -> tuple[float | None, float | None]:
        """How far back initial and maintenance margin look."""
        both, maintenance = self.tail.window_days, self.tail.window_maintenance_days
        return both, both if maintenance is None else maintenance

    def _stress_shares(self) -> tuple[float, float]:
        """What the stressed window counts in initial and maintenance margin."""
        stress = self.tail.stress
        if stress is None:
            return 0.0, 0.0
        maintenance = stress.weight_maintenance
        return stress.weight, stress.weight if maintenance is None else maintenance

    def _by_underlying(self, moves: Floats, shocks: Floats | None) -> list[dict[str, Any]]:
        rows = []
        for u in range(len(self.names)):
            own = np.empty(0) if shocks is None else shocks[u]
            known = bool(np.isfinite(moves[u]).all() and np.isfinite(own).all())
            nothing = np.full(moves.shape[1], np.nan)
            rows.append(
                {
                    "known": known,
                    "price_move": np.ascontiguousarray(moves[u]) if known else nothing,
                    "vol_shock": np.ascontiguousarray(own if known else own * np.nan),
                }
            )
        return rows

    def _laid_out(
        self, sets: list[Any], moves: list[Any], sides: list[dict[str, Any]]
    ) -> dict[str, Any]:
        tail = self.tail
        rules = _core.quantile_rules()
        initial, maintenance = sides
        same = "vol_reference_days vol_power_short vol_power_long vol_up_floor_annual min_days"
        return {
            "sets": sets,
            "moves": moves,
            "initial": {
                "confidence": tail.confidence_initial,
                "factor": tail.initial_factor,
                "quantile": rules.index(tail.quantile_initial),
                **initial,
            },
            "maintenance": {
                "confidence": tail.confidence_maintenance,
                "factor": tail.maintenance_factor,
                "quantile": rules.index(tail.quantile_maintenance),
                **maintenance,
            },
            "quadratic": tail.generator == "delta_gamma",
            "vol_shock_kind": int(tail.vol_shock == "absolute"),
            **{key: getattr(tail, key) for key in same.split()},
        }

    # Of one horizon.

    def _sample(self, days: float, window: float | None) -> _Sample:
        tail = self.tail
        if tail.generator == "monte_carlo" and tail.marginals == "model":
            return self._drawn(days)
        history = self._needed_history()
        assert window is not None
        begin = int(history.times_ns[-1]) - round(window * _DAY_NS)
        start, end = self._pairs(history, days, begin, int(history.times_ns[-1]))
        deepest = self._confidence(days, window)
        least = math.ceil(1.0 / (1.0 - deepest) - 1e-9)
        if start.size < least:
            message = (
                f"{start.size} moves over {days:g} days in the last {window:g} days of the history;"
                f" confidence {deepest:g} needs {least}"
            )
            key = "window_days" if window == tail.window_days else "window_maintenance_days"
            raise self._fault("MISSING_HISTORY", key, message)
        if tail.generator == "filtered":
            return self._filtered(history, begin, start, end)
        weight = np.empty(0)
        if tail.generator == "age_weighted":
            assert tail.decay is not None
            weight = np.ascontiguousarray(_core.age_weights(start.size, tail.decay)[::-1])
        if tail.generator == "monte_carlo":
            return self._copula(history, start, end)
        return self._moved(history, start, end, weight)

    def _confidence(self, days: float, window: float | None) -> float:
        """The deepest tail looked at over a horizon in a window."""
        tail = self.tail
        initial, maintenance = self._windows()
        both = (
            (tail.horizon_initial_days, initial, tail.confidence_initial),
            (tail.horizon_maintenance_days, maintenance, tail.confidence_maintenance),
        )
        return max(confidence for *of, confidence in both if of == [days, window])

    def _stress_pairs(self, days: float) -> RowPairs:
        stress = self.tail.stress
        assert stress is not None
        history = self._needed_history()
        first = (stress.first_day - _EPOCH).days * _DAY_NS
        last = (stress.last_day + timedelta(days=1) - _EPOCH).days * _DAY_NS - 1
        start, end = self._pairs(history, days, first, last)
        if start.size == 0:
            message = (
                f"no move over {days:g} days between {stress.first_day} and {stress.last_day} "
                "in the history"
            )
            raise self._fault("MISSING_HISTORY", "stress", message)
        return start, end

    def _stressed(self, days: float) -> _Sample:
        start, end = self._stress_pairs(days)
        return self._moved(self._needed_history(), start, end, np.empty(0))

    def _moved(
        self, history: History, start: NDArray[np.intp], end: NDArray[np.intp], weight: Floats
    ) -> _Sample:
        prices = self._columns(history, history.prices)
        moves = prices[:, end] / prices[:, start] - 1.0
        times_ns = history.times_ns[np.stack([start, end])]
        return _Sample(moves, self._shocks(moves, history, start, end), weight, times_ns)

    def _filtered(
        self, history: History, begin: int, start: NDArray[np.intp], end: NDArray[np.intp]
    ) -> _Sample:
        model = self.tail.filter
        assert model is not None
        if model.decay is not None:
            omega, alpha, beta = 0.0, 1.0 - model.decay, model.decay
        else:
            omega, alpha, beta = (x or 0.0 for x in (model.omega, model.alpha, model.beta))
        first = int(np.searchsorted(history.times_ns, begin))
        rows = [np.ascontiguousarray(x - first, np.uint32) for x in (start, end)]
        prices = self._columns(history, history.prices)[:, first:]
        moves = np.full((len(self.names), start.size), np.nan)
        for u, column in enumerate(prices):
            if np.isfinite(column).all():
                moves[u] = _core.filtered_moves(
                    np.ascontiguousarray(column), omega, alpha, beta, *rows
                )
        times_ns = history.times_ns[np.stack([start, end])]
        return _Sample(moves, self._shocks(moves, history, start, end), np.empty(0), times_ns)

    def _drawn(self, days: float) -> _Sample:
        tail = self.tail
        assert tail.draws is not None
        assert tail.seed is not None
        years = days / _DAYS_A_YEAR
        jumps = tail.jumps
        moves = _core.drawn_moves(
            self._vols() * math.sqrt(years),
            np.ravel(self._correlation()),
            tail.draws,
            tail.seed,
            self._freedom(),
            0.0 if jumps is None else jumps.rate_annual * years,
            0.0 if jumps is None else jumps.mean,
            0.0 if jumps is None else jumps.sd,
        )
        return _Sample(moves, self._shocks(moves, None, None, None), np.empty(0))

    def _copula(self, history: History, start: NDArray[np.intp], end: NDArray[np.intp]) -> _Sample:
        tail = self.tail
        assert tail.draws is not None
        assert tail.seed is not None
        own = np.ascontiguousarray(self._moved(history, start, end, np.empty(0)).moves)
        correlation = np.ravel(self._correlation())
        moves = _core.copula_moves(own, correlation, tail.draws, tail.seed, self._freedom())
        return _Sample(moves, self._shocks(moves, None, None, None), np.empty(0))

    def _shocks(self, moves: Floats, history: Any, start: Any, end: Any) -> Floats | None:
        tail = self.tail
        if tail.vol_moves == "held":
            return None
        if tail.vol_moves == "beta" or history is None or history.vols is None:
            if tail.vol_moves == "history":
                return np.full(moves.shape, np.nan)
            beta = np.array([_named(tail.vol_beta, name, 0.0) for name in self.names])
            shocks: Floats = beta[:, None] * moves
            return shocks
        vols = self._columns(history, history.vols)
        relative = tail.vol_shock == "relative"
        before, after = vols[:, start], vols[:, end]
        return after / before - 1.0 if relative else after - before

    # Pieces.

    def _needed_history(self) -> History:
        history = self.history
        if history is not None and history.times_ns.size:
            return history
        message = (
            f"no price history; {self.tail.generator} scenarios need prices of "
            f"{', '.join(self.names)}: Engine(..., history=); commands also read history.parquet "
            "beside the market"
        )
        raise self._fault("MISSING_HISTORY", "generator", message)

    def _columns(self, history: History, values: Floats) -> Floats:
        return columns_of(history, self.names, values)

    def _pairs(self, history: History, days: float, first_ns: int, last_ns: int) -> RowPairs:
        overlapping = bool(self.tail.overlapping)
        return rows_of_moves(history.times_ns, days, first_ns, last_ns, overlapping=overlapping)

    def _vols(self) -> Floats:
        vols = [_named(self.tail.vols_annual, name, math.nan) for name in self.names]
        for name, vol in zip(self.names, vols, strict=True):
            if math.isnan(vol):
                message = f"no volatility of {name}; expected one, or a default"
                raise self._fault("MISSING_KEY", "vols_annual", message)
        return np.array(vols, dtype=np.float64)

    def _correlation(self) -> Floats:
        tail, names = self.tail, list(self.names)
        pairs = {frozenset(pair.split("/")): rho for pair, rho in tail.correlation.items()}
        fault = correlation_fault(names, pairs, tail.correlation_default)
        if fault is not None:
            raise self._fault(fault[0], "correlation", fault[1])
        return correlation_matrix(names, pairs, tail.correlation_default)

    def _covariance(self, days: float) -> Floats:
        sd = self._vols() * math.sqrt(days / _DAYS_A_YEAR)
        covariance: Floats = self._correlation() * np.outer(sd, sd)
        return covariance

    def _freedom(self) -> float:
        return 0.0 if self.tail.distribution == "normal" else self.tail.degrees_of_freedom or 0.0

    def _multiple(self, tail: float) -> float:
        """Standard deviations that the measure stands at."""
        freedom = self._freedom()
        var, es = (
            _core.student_tail(tail, freedom, True) if freedom > 0 else _core.normal_tail(tail)
        )
        return float(es if self.policy.config.method == "es" else var)

    def _fault(self, code: str, key: str, message: str) -> InvalidInputError:
        path = f"policies.{self.policy.name}.tail.{key}"
        issue = PolicyIssue(code, self.policy.file, None, path, None, message)
        return InvalidInputError.from_issues(f"policy {self.policy.name} for this market", [issue])


def _named(values: dict[str, float], name: str, nothing: float) -> float:
    return values.get(name, values.get("default", nothing))
