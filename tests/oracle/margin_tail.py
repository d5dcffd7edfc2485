"""The slow twin of methods `var` and `es`, from `cpp/src/margin/README.md` and its sources.

Joint scenarios are a list of (move, volatility shock) by underlying; a measure is taken of the
pocket's own list of losses. NumPy's quantiles, exact fractions for shortfalls, Python loops.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
from tests.oracle import delta_gamma, risk
from tests.oracle.margin import Inputs, Pocket, Row, Twin
from tests.oracle.margin_market import Market
from tests.oracle.margin_methods import Held, Line
from tests.oracle.margin_values import Shock

NS_PER_DAY = 86_400 * 10**9
SIDES = ("initial", "maintenance")
DEFAULTS = {
    "initial_factor": 1.0,
    "maintenance_factor": 1.0,
    "quantile_initial": "higher",
    "quantile_maintenance": "higher",
    "distribution": "normal",
    "vol_moves": "held",
    "vol_shock": "relative",
    "vol_reference_days": 30.0,
    "vol_power_short": 0.0,
    "vol_power_long": 0.0,
    "vol_up_floor_annual": 0.0,
    "min_days": 1.0,
}

Series = Mapping[int, float]  # by time
Moves = dict[str, list[tuple[float, float]]]  # (move, volatility shock) by scenario


@dataclass(frozen=True)
class Past:
    """Prices, and volatilities if any, of each underlying by time."""

    prices: Mapping[str, Series]
    vols: Mapping[str, Series]

    def times(self, as_of_ns: int) -> list[int]:
        """All times that are known, rising."""
        every = {t for own in self.prices.values() for t in own}
        return sorted(t for t in every if t <= as_of_ns)


@dataclass(frozen=True)
class Sample:
    """Joint scenarios with their weights; None: an underlying without."""

    moves: Mapping[str, list[tuple[float, float]] | None]
    weights: list[Fraction]
    weighted: bool = False

    @property
    def count(self) -> int:
        """Scenarios."""
        return len(self.weights)


def pairs_in(
    times: Sequence[int], first: int, last: int, horizon: int, overlapping: bool
) -> list[tuple[int, int]]:
    """Times at which moves start and end, all inside a window, oldest first."""
    known = set(times)
    found = [(t - horizon, t) for t in times if first + horizon <= t <= last]
    found = [(a, b) for a, b in found if a in known]
    if overlapping:
        return found
    kept: list[tuple[int, int]] = []
    for a, b in reversed(found):
        if not kept or b <= kept[-1][0]:
            kept.append((a, b))
    return kept[::-1]


def named(values: Mapping[str, float], name: str) -> float | None:
    """Of one underlying, or the default."""
    return values.get(name, values.get("default"))


def filtered(prices: Sequence[float], model: Mapping[str, float]) -> list[float]:
    """Log steps at the volatility forecast for the next step."""
    decay = model.get("decay")
    omega = 0.0 if decay is not None else model["omega"]
    alpha = 1.0 - decay if decay is not None else model["alpha"]
    beta = decay if decay is not None else model["beta"]
    steps = [math.log(b / a) for a, b in itertools.pairwise(prices)]
    variance = [math.fsum(r * r for r in steps) / len(steps)]
    for r in steps:
        variance.append(omega + alpha * r * r + beta * variance[-1])
    return [r * math.sqrt(variance[-1] / v) for r, v in zip(steps, variance, strict=False)]


class SplitMix:
    """splitmix64 and what is drawn with it."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def uniform(self) -> float:
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        return ((z >> 11) + 0.5) / 2**53

    def normal(self) -> float:
        return NormalDist().inv_cdf(self.uniform())

    def gamma(self, shape: float) -> float:
        """Marsaglia and Tsang."""
        d = shape - 1.0 / 3.0
        while True:
            x = self.normal()
            v = (1.0 + x / math.sqrt(9.0 * d)) ** 3
            if v <= 0.0:
                continue
            if math.log(self.uniform()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v

    def poisson(self, mean: float) -> int:
        u, count = self.uniform(), 0
        total = probability = math.exp(-mean)
        while u > total:
            count += 1
            probability *= mean / count
            total += probability
        return count


def drawn(
    deviations: Sequence[float], correlation: Any, tail: Mapping[str, Any], years: float
) -> list[list[float]]:
    """Moves by underlying and scenario."""
    root = np.linalg.cholesky(np.asarray(correlation, dtype=float))
    rng = SplitMix(tail["seed"])
    moves: list[list[float]] = [[] for _ in deviations]
    for _ in range(tail["draws"]):
        z = [rng.normal() for _ in deviations]
        scale = 1.0
        if tail["distribution"] == "student_t":
            nu = tail["degrees_of_freedom"]
            scale = math.sqrt((nu - 2.0) / (2.0 * rng.gamma(nu / 2.0)))
        jump = 0.0
        if "jumps" in tail:
            jumps = tail["jumps"]
            n = rng.poisson(jumps["rate_annual"] * years)
            jump = n * jumps["mean"] + math.sqrt(n) * jumps["sd"] * rng.normal()
        for u, sd in enumerate(deviations):
            own = math.fsum(root[u][k] * z[k] for k in range(u + 1))
            moves[u].append(math.expm1(sd * scale * own + jump))
    return moves


def at_own_marginal(draws: Sequence[float], past: Sequence[float]) -> list[float]:
    """The r-th draw from below takes the past's quantile at (2 r + 1) / (2 count)."""
    count, n = len(draws), len(past)
    upward = sorted(range(count), key=lambda s: (draws[s], s))
    quantiles = sorted(past)
    out = [0.0] * count
    for r, s in enumerate(upward):
        out[s] = quantiles[math.ceil(Fraction(2 * r + 1, 2 * count) * n) - 1]
    return out


class TailTwin(Twin):
    """Margins accounts by the tail of joint scenarios."""

    def __init__(self, inputs: Inputs, past: Past | None = None) -> None:
        super().__init__(inputs)
        self.tail: dict[str, Any] = {**DEFAULTS, **inputs.policy["tail"]}
        self.past = past
        self.names = [row["underlying"] for row in inputs.market["underlyings"]]
        self.is_es = inputs.policy["method"] == "es"
        self.parametric = self.tail["generator"] in ("parametric", "delta_gamma")
        self.samples: dict[str, list[tuple[Sample, float]]] = {}
        if not self.parametric:
            self.samples = {side: self._terms(side) for side in SIDES}

    # Scenarios.

    def _terms(self, side: str) -> list[tuple[Sample, float]]:
        days, stress = self.tail[f"horizon_{side}_days"], self.tail.get("stress")
        share = stress["weight"] if stress else 0.0
        window = self.tail.get("window_days")
        if side == "maintenance":
            share = (stress or {}).get("weight_maintenance", share)
            window = self.tail.get("window_maintenance_days", window)
        terms = []
        if share < 1.0:
            terms.append((self._sample(days, window), 1.0 - share))
        if share > 0.0:
            first, last = (
                datetime.fromisoformat(str(stress[key])).replace(tzinfo=UTC)
                for key in ("first_day", "last_day")
            )
            begin = int(first.timestamp()) * 10**9
            end = int((last + timedelta(days=1)).timestamp()) * 10**9 - 1
            terms.append((self._moved(begin, end, days, None), share))
        return terms

    def _sample(self, days: float, window: float | None) -> Sample:
        tail = self.tail
        if tail["generator"] == "monte_carlo" and tail.get("marginals") != "empirical":
            years = days / 365.0
            deviations = [named(tail["vols_annual"], n) * math.sqrt(years) for n in self.names]
            moves = drawn(deviations, self._correlation(), tail, years)
            count = tail["draws"]
            joint = {
                n: [(m, self._beta(n) * m) for m in own]
                for n, own in zip(self.names, moves, strict=True)
            }
            return Sample(joint, [Fraction(1, count)] * count)
        last = self.past.times(self.inputs.as_of_ns)[-1]
        begin = last - round(window * NS_PER_DAY)
        model = tail.get("filter") if tail["generator"] == "filtered" else None
        sample = self._moved(begin, last, days, model)
        if tail["generator"] == "monte_carlo":
            ranked = drawn([1.0] * len(self.names), self._correlation(), tail, 0.0)
            joint = {}
            for name, draws in zip(self.names, ranked, strict=True):
                own = sample.moves[name]
                past = None if own is None else [move for move, _ in own]
                moves = None if past is None else at_own_marginal(draws, past)
                joint[name] = moves and [(m, self._beta(name) * m) for m in moves]
            return Sample(joint, [Fraction(1, tail["draws"])] * tail["draws"])
        if tail["generator"] != "age_weighted":
            return sample
        weights = risk.age_weights(sample.count, tail["decay"])[::-1]
        return Sample(sample.moves, weights, weighted=True)

    def _moved(self, first: int, last: int, days: float, model: Any) -> Sample:
        times = self.past.times(self.inputs.as_of_ns)
        horizon = round(days * NS_PER_DAY)
        pairs = pairs_in(times, first, last, horizon, self.tail["overlapping"])
        rows = [t for t in times if t >= first]
        joint: dict[str, list[tuple[float, float]] | None] = {}
        for name in self.names:
            own = self.past.prices.get(name, {})
            needed = rows if model else [t for pair in pairs for t in pair]
            if any(t not in own for t in needed):
                joint[name] = None
                continue
            if model:
                steps = filtered([own[t] for t in rows], model)
                place = {t: i for i, t in enumerate(rows)}
                moves = [math.expm1(math.fsum(steps[place[a] : place[b]])) for a, b in pairs]
            else:
                moves = [own[b] / own[a] - 1.0 for a, b in pairs]
            shocks = self._shocks(name, pairs, moves)
            joint[name] = None if shocks is None else list(zip(moves, shocks, strict=True))
        count = len(pairs)
        return Sample(joint, [Fraction(1, count)] * count)

    def _beta(self, name: str) -> float:
        return (named(self.tail.get("vol_beta", {}), name) or 0.0) if self._is("beta") else 0.0

    def _is(self, vol_moves: str) -> bool:
        return bool(self.tail["vol_moves"] == vol_moves)

    def _shocks(
        self, name: str, pairs: Sequence[tuple[int, int]], moves: Sequence[float]
    ) -> list[float] | None:
        if not self._is("history"):
            return [self._beta(name) * m for m in moves]
        own = self.past.vols.get(name, {})
        if any(t not in own for pair in pairs for t in pair):
            return None
        if self.tail["vol_shock"] == "relative":
            return [own[b] / own[a] - 1.0 for a, b in pairs]
        return [own[b] - own[a] for a, b in pairs]

    def _correlation(self) -> list[list[float]]:
        listed = self.tail.get("correlation", {})

        def rho(a: str, b: str) -> float:
            if a == b:
                return 1.0
            default = self.tail.get("correlation_default")
            return float(listed.get(f"{a}/{b}", listed.get(f"{b}/{a}", default)))

        return [[rho(a, b) for b in self.names] for a in self.names]

    # Requirements.

    def _pocket(
        self, market: Market, key: Any, positions: Sequence[Row], balances: Sequence[Row]
    ) -> Pocket:
        pocket = super()._pocket(market, key, positions, balances)
        held = {
            self.instruments[row["instrument"]]["underlying"]
            for row in positions
            if row["quantity"] != 0.0
        }
        unknown = [name for name in held if not self.knows(name)]
        if unknown:
            pocket.statuses |= {"missing_history"}
        elif any(math.isnan(line.initial + line.maintenance) for line in pocket.lines):
            pocket.statuses |= {"not_finite"}  # collateral that moves nobody knows how
        return pocket

    def knows(self, name: str) -> bool:
        """Whether an underlying has all scenarios."""
        return all(
            sample.moves[name] is not None for terms in self.samples.values() for sample, _ in terms
        )

    def _require(self, market: Market, pocket: Pocket, worth: Any) -> None:
        linked = self._linked_worth(market, pocket, worth) if self.policy.simulated else {}
        units = sorted({*pocket.held, *(name for name, w in linked.items() if w != 0.0)})
        both = {side: self.shares(market, side, pocket.held, linked, units) for side in SIDES}
        if math.fsum(both["maintenance"].values()) > math.fsum(both["initial"].values()):
            both["initial"] = both["maintenance"]
        for name in units:
            pocket.lines.append(
                Line(name, "scan", both["initial"][name], both["maintenance"][name])
            )

    def shares(
        self,
        market: Market,
        side: str,
        held: Mapping[str, Sequence[Held]],
        linked: Mapping[str, float],
        units: Sequence[str],
    ) -> dict[str, float]:
        """A requirement by underlying; its parts add up to it."""
        if self.tail["generator"] == "delta_gamma":
            return self._delta_gamma(market, side, held, linked, units)
        if self.parametric:
            return self._parametric(market, side, held, linked, units)
        factor = self.tail[f"{side}_factor"]
        out = dict.fromkeys(units, 0.0)
        for sample, share in self.samples[side]:
            losses = {
                name: self._unit_losses(name, held.get(name, ()), linked.get(name, 0.0), sample)
                for name in units
            }
            total = [math.fsum(losses[name][s] for name in units) for s in range(sample.count)]
            if any(math.isnan(loss) for loss in total):
                return dict.fromkeys(units, math.nan)
            parts = self.parts(side, sample, total)
            if math.fsum(weight * total[s] for s, weight in parts) <= 0.0:
                continue
            for name in units:
                of_unit = math.fsum(weight * losses[name][s] for s, weight in parts)
                out[name] += factor * share * of_unit
        return out

    def _unit_losses(
        self, name: str, held: Sequence[Held], linked: float, sample: Sample
    ) -> list[float]:
        moves = sample.moves[name]
        if moves is None:
            return [math.nan] * sample.count
        out = []
        for move, vol in moves:
            profits = [
                h.quantity * h.contract.profit(Shock(move, vol, 1.0), self.tail) for h in held
            ]
            out.append(-math.fsum([*profits, linked * move]))
        return out

    def parts(self, side: str, sample: Sample, losses: Sequence[float]) -> list[tuple[int, float]]:
        """The scenarios of the measure and what each counts."""
        confidence = self.tail[f"confidence_{side}"]
        worst_first = sorted(range(sample.count), key=lambda s: (-losses[s], s))
        if self.is_es:
            tail = 1 - Fraction(confidence)
            left, out = tail, []
            for s in worst_first:
                taken = min(sample.weights[s], left)
                if taken > 0:
                    out.append((s, float(taken / tail)))
                left -= taken
            return out
        if sample.weighted:
            level = risk.weighted_var(losses, sample.weights, confidence)
            return [(list(losses).index(level), 1.0)]
        rule = self.tail[f"quantile_{side}"]
        if rule == "nearest_index":
            place = (
                float(min(max(math.floor(sample.count * confidence + 0.5), 1), sample.count)) - 1
            )
        else:
            # The quantile of 0, 1, 2, ... is where a quantile stands in a sorted sample.
            place = float(
                np.quantile(np.arange(sample.count, dtype=float), confidence, method=rule)
            )
        low = math.floor(place)
        upward = worst_first[::-1]
        if place == low:
            return [(upward[low], 1.0)]
        return [(upward[low], 1.0 - (place - low)), (upward[low + 1], place - low)]

    def measure(self, side: str, sample: Sample, losses: Sequence[float]) -> float:
        """The number alone."""
        return math.fsum(weight * losses[s] for s, weight in self.parts(side, sample, losses))

    def _delta_gamma(
        self, market: Market, side: str, held: Any, linked: Any, units: Sequence[str]
    ) -> dict[str, float]:
        linear, square = [], []
        for name in units:
            index, quote = market.index(name), market.quote(name)
            own = held.get(name, ())
            deltas = [h.quantity * h.contract.delta() * index * quote for h in own]
            gammas = [h.quantity * h.contract.gamma() * index**2 * quote for h in own]
            linear.append(-math.fsum([*deltas, linked.get(name, 0.0)]))
            square.append(-math.fsum(gammas))
        if not units or not all(map(math.isfinite, [*linear, *square])):
            return dict.fromkeys(units, math.nan)
        rows = {a: self._deviations(side, {b: float(a == b) for b in units}) for a in units}
        covariance = [[rows[b][a][1] for b in units] for a in units]
        confidence = self.tail[f"confidence_{side}"]
        parts = delta_gamma.tail_parts(linear, square, covariance, confidence, self.is_es)
        factor = self.tail[f"{side}_factor"] * (math.fsum(parts) > 0.0)
        return {name: factor * part for name, part in zip(units, parts, strict=True)}

    def _parametric(
        self, market: Market, side: str, held: Any, linked: Any, units: Sequence[str]
    ) -> dict[str, float]:
        exposure = {
            name: math.fsum(
                [
                    h.quantity * h.contract.delta() * market.index(name) * market.quote(name)
                    for h in held.get(name, ())
                ]
                + [linked.get(name, 0.0)]
            )
            for name in units
        }
        amounts = self._deviations(side, exposure)
        total = math.fsum(a * c for a, c in amounts.values())
        sd = math.sqrt(total) if total > 0 else 0.0
        multiple = self.tail[f"{side}_factor"] * self.multiple(side)
        return {n: multiple * a * c / sd if sd > 0 else 0.0 for n, (a, c) in amounts.items()}

    def _deviations(
        self, side: str, exposure: Mapping[str, float]
    ) -> dict[str, tuple[float, float]]:
        """Each unit's exposure and its covariance with the whole."""
        years = self.tail[f"horizon_{side}_days"] / 365.0
        correlation = self._correlation()
        vol = {n: named(self.tail["vols_annual"], n) for n in self.names}
        row = {n: i for i, n in enumerate(self.names)}
        return {
            a: (
                exposure[a],
                math.fsum(
                    exposure[b] * vol[a] * vol[b] * correlation[row[a]][row[b]] * years
                    for b in exposure
                ),
            )
            for a in exposure
        }

    def multiple(self, side: str) -> float:
        """Standard deviations the measure stands at."""
        tail = 1.0 - self.tail[f"confidence_{side}"]
        if self.tail["distribution"] == "student_t":
            nu = self.tail["degrees_of_freedom"]
            return float(risk.student_t(tail, nu)[self.is_es] * math.sqrt((nu - 2.0) / nu))
        z = NormalDist().inv_cdf(1.0 - tail)
        return NormalDist().pdf(z) / tail if self.is_es else z
