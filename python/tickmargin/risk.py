"""Value at risk and expected shortfall on their own: of samples, of distributions, of moves.

Losses are positive and a confidence is the probability that a loss is not exceeded. The core
computes; results have the same bits on every processor. What the methods ``var`` and ``es`` of a
policy take of a book's scenarios are these same measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.errors import InvalidInputError
from tickmargin.pricing.arguments import choice, reals
from tickmargin.venues.arguments import between

__all__ = [
    "QUANTILE_RULES",
    "ComponentRisk",
    "DeltaGammaTail",
    "ExpectedShortfallComponents",
    "FilteredReturns",
    "TailRisk",
    "age_weighted_es",
    "age_weighted_var",
    "age_weights",
    "component_es",
    "component_var",
    "covariance",
    "delta_gamma_quantile",
    "delta_gamma_tail",
    "filtered_returns",
    "historical_es",
    "historical_var",
    "is_positive_semidefinite",
    "nearest_correlation",
    "normal_tail",
    "pareto_tail",
    "quantile",
    "student_t_tail",
]

Floats = NDArray[np.float64]

QUANTILE_RULES: tuple[str, ...] = tuple(_core.quantile_rules())
"""NumPy's names for the definitions of Hyndman and Fan, and ``nearest_index``."""

_DELTA_GAMMA = ("exact", "cornish_fisher", "saddlepoint")


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Value at risk and expected shortfall at one confidence."""

    var: float
    es: float


@dataclass(frozen=True, slots=True)
class FilteredReturns:
    """Returns at the volatility of the next period, and that volatility."""

    returns: Floats
    next_vol: float


@dataclass(frozen=True, slots=True)
class ComponentRisk:
    """Value at risk of a linear portfolio and the part of each position; parts add up."""

    var: float
    individual: Floats
    undiversified: float
    marginal: Floats
    component: Floats


@dataclass(frozen=True, slots=True)
class ExpectedShortfallComponents:
    """Expected shortfall and the part of each position: its mean loss in the tail."""

    es: float
    component: Floats


@dataclass(frozen=True, slots=True)
class DeltaGammaTail:
    """Both measures of a quadratic portfolio and each move's part of them; parts add up."""

    var: float
    es: float
    component_var: Floats
    component_es: Floats


def _finite(name: str, value: ArrayLike, dimensions: int) -> Floats:
    array = reals(name, value)
    if array.ndim != dimensions or array.size == 0:
        message = f"{name} must have {dimensions} dimensions and a value, was {array.shape}"
        raise InvalidInputError(message, code="WRONG_SHAPE")
    bad = ~np.isfinite(array)
    if bad.any():
        row = tuple(int(i) for i in np.argwhere(bad)[0])
        where = row[0] if len(row) == 1 else row
        message = f"{name} must be finite, got {array[row]!r} at row {where}"
        raise InvalidInputError(message, code="NOT_FINITE")
    return np.ascontiguousarray(array)


def _square(name: str, value: ArrayLike, size: int | None = None) -> Floats:
    matrix = _finite(name, value, 2)
    wanted = matrix.shape[0] if size is None else size
    if matrix.shape != (wanted, wanted):
        message = f"{name} must be {wanted} x {wanted}, was {matrix.shape}"
        raise InvalidInputError(message, code="WRONG_SHAPE")
    if not np.array_equal(matrix, matrix.T):
        row, column = (int(i) for i in np.argwhere(matrix != matrix.T)[0])
        message = f"{name} must be symmetric, is not at ({row}, {column})"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return matrix


def _confidence(value: object) -> float:
    return between("confidence", value, 0.0, 1.0)


def quantile(sample: ArrayLike, probability: float, rule: str = "linear") -> float:
    """Quantile of a sample by a named rule (:data:`QUANTILE_RULES`).

    Raises
    ------
    InputTypeError, InvalidInputError

    Notes
    -----
    Hyndman and Fan (1996), Sample quantiles in statistical packages. ``nearest_index`` is the
    observation whose number is nearest to ``n * probability``, a half up.
    """
    place = choice("rule", rule, QUANTILE_RULES)
    p = between("probability", probability, 0.0, 1.0, closed=True)
    return _core.risk_quantile(_finite("sample", sample, 1), p, place)


def _tail(
    losses: ArrayLike, weights: ArrayLike | None, confidence: float, rule: int, es: bool
) -> tuple[float, NDArray[np.uint32], Floats]:
    sample = _finite("losses", losses, 1)
    given = np.empty(0) if weights is None else _finite("weights", weights, 1)
    if weights is not None and given.shape != sample.shape:
        message = f"weights has {given.size} elements, losses {sample.size}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    return _core.tail_shares(sample, given, _confidence(confidence), rule, es)


def historical_var(losses: ArrayLike, confidence: float, rule: str = "inverted_cdf") -> float:
    """Loss of a sample that is not exceeded with ``confidence``, by a named quantile rule."""
    return _tail(losses, None, confidence, choice("rule", rule, QUANTILE_RULES), False)[0]


def historical_es(losses: ArrayLike, confidence: float) -> float:
    """Mean of the worst ``1 - confidence`` of a sample, the last observation counted in part.

    Notes
    -----
    Acerbi and Tasche (2002), On the coherence of expected shortfall.
    """
    return _tail(losses, None, confidence, 0, True)[0]


def age_weights(count: int, decay: float) -> Floats:
    """``(1 - decay) decay**age / (1 - decay**count)``, the newest observation first."""
    size = between("count", count, 1, 1e9, closed=True)
    return _core.age_weights(int(size), between("decay", decay, 0.0, 1.0))


def age_weighted_var(losses_newest_first: ArrayLike, decay: float, confidence: float) -> float:
    """Largest loss that the worst ``1 - confidence`` of the weight reaches.

    Notes
    -----
    Boudoukh, Richardson and Whitelaw (1998), The best of both worlds. Nothing is interpolated.
    """
    losses = _finite("losses_newest_first", losses_newest_first, 1)
    return _tail(losses, age_weights(losses.size, decay), confidence, 0, False)[0]


def age_weighted_es(losses_newest_first: ArrayLike, decay: float, confidence: float) -> float:
    """Mean of the worst ``1 - confidence`` of the weight, weights as :func:`age_weights`."""
    losses = _finite("losses_newest_first", losses_newest_first, 1)
    return _tail(losses, age_weights(losses.size, decay), confidence, 0, True)[0]


def normal_tail(confidence: float, *, sd: float = 1.0, mean: float = 0.0) -> TailRisk:
    """Of a normal loss; confidence at least one half. Relative error below 1e-13."""
    tail = _core.normal_tail(1.0 - between("confidence", confidence, 0.5, 1.0))
    scale = between("sd", sd, 0.0, float("inf"))
    return TailRisk(mean + scale * tail[0], mean + scale * tail[1])


def student_t_tail(
    confidence: float, degrees_of_freedom: float, *, standardised: bool = False
) -> TailRisk:
    """Of a Student t loss, of scale 1 or, ``standardised``, of variance 1.

    Relative error below 1e-12 for up to 1e6 degrees of freedom; more than 1 are needed for a
    shortfall, more than 2 for a variance.
    """
    low = 2.0 if standardised else 1.0
    freedom = between("degrees_of_freedom", degrees_of_freedom, low, 1e6 + 1)
    tail = 1.0 - between("confidence", confidence, 0.5, 1.0)
    return TailRisk(*_core.student_tail(tail, freedom, standardised))


def pareto_tail(
    confidence: float,
    *,
    threshold: float,
    shape: float,
    scale: float,
    count: float,
    exceedances: float,
) -> TailRisk:
    """Of a generalised Pareto tail above ``threshold``, seen ``exceedances`` times in ``count``.

    Notes
    -----
    McNeil (1999), Extreme value theory for risk managers. The shortfall needs ``shape`` below 1.
    """
    infinity = float("inf")
    total = between("count", count, 0.0, infinity)
    return TailRisk(
        *_core.pareto_tail(
            between("threshold", threshold, -infinity, infinity),
            between("shape", shape, -infinity, 1.0),
            between("scale", scale, 0.0, infinity),
            total,
            between("exceedances", exceedances, 0.0, total),
            1.0 - _confidence(confidence),
        )
    )


def filtered_returns(
    returns: ArrayLike,
    *,
    first_variance: float,
    decay: float | None = None,
    garch: tuple[float, float, float] | None = None,
) -> FilteredReturns:
    """Rescale returns, oldest first, to the volatility forecast for the next period.

    Parameters
    ----------
    returns : (periods,) float
    first_variance : float
        Forecast for the first period, before its return is seen.
    decay : float, optional
        EWMA: the weight of the variance before.
    garch : (omega, alpha, beta), optional
        GARCH(1,1) instead.

    Notes
    -----
    Hull and White (1998); Barone-Adesi, Giannopoulos and Vosper (1999).
    """
    if (decay is None) == (garch is None):
        message = "one of decay and garch must be given"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    if garch is None:
        weight = between("decay", decay, 0.0, 1.0)
        omega, alpha, beta = 0.0, 1.0 - weight, weight
    else:
        omega, alpha, beta = (between("garch", x, 0.0, 1e300, closed=True) for x in garch)
    variance = between("first_variance", first_variance, 0.0, float("inf"))
    rows = _finite("returns", returns, 1)
    return FilteredReturns(*_core.filtered_returns(rows, omega, alpha, beta, variance))


def covariance(vol: ArrayLike, correlation: ArrayLike) -> Floats:
    """Covariance of volatilities and their correlation."""
    sd = _finite("vol", vol, 1)
    matrix: Floats = _square("correlation", correlation, sd.size) * np.outer(sd, sd)
    return matrix


def component_var(
    amounts: ArrayLike,
    covariance: ArrayLike,
    *,
    confidence: float | None = None,
    multiple: float | None = None,
    horizon_days: float = 1.0,
) -> ComponentRisk:
    """Normal value at risk of amounts under a covariance a day, and each amount's part.

    ``multiple`` standard deviations, or the normal quantile at ``confidence``, times the square
    root of the horizon.
    """
    if (confidence is None) == (multiple is None):
        message = "one of confidence and multiple must be given"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    sds = normal_tail(confidence).var if confidence is not None else multiple
    sds = between("multiple", sds, 0.0, float("inf"))
    days = between("horizon_days", horizon_days, 0.0, float("inf"))
    held = _finite("amounts", amounts, 1)
    matrix = _square("covariance", covariance, held.size)
    total, own, marginal, part = _core.component_risk(held, matrix, sds * float(np.sqrt(days)))
    return ComponentRisk(total, own, float(np.add.reduce(own)), marginal, part)


def component_es(profits: ArrayLike, confidence: float) -> ExpectedShortfallComponents:
    """Expected shortfall of the sum of positions, and each one's Euler part.

    Parameters
    ----------
    profits : (scenarios, positions) float
    confidence : float

    Notes
    -----
    The derivative of the shortfall by a position's size is its mean loss in the tail scenarios
    (Tasche 1999), so the parts add up to the whole.
    """
    table = _finite("profits", profits, 2)
    _, scenario, share = _tail(-table.sum(axis=1), None, confidence, 0, True)
    component: Floats = -(share[:, np.newaxis] * table[scenario]).sum(axis=0)
    return ExpectedShortfallComponents(float(component.sum()), component)


def delta_gamma_quantile(
    delta: ArrayLike,
    gamma: ArrayLike,
    covariance: ArrayLike,
    probability: float,
    *,
    method: Literal["exact", "cornish_fisher", "saddlepoint"] = "exact",
) -> float:
    """Quantile of ``delta'x + x'gamma x / 2`` with normal moves ``x`` of a covariance.

    ``exact`` integrates the moment generating function through its saddle point, ``saddlepoint``
    is Lugannani and Rice's formula, ``cornish_fisher`` four cumulants: the last is far off where
    one square dominates, as in a book short gamma.
    """
    place = choice("method", method, _DELTA_GAMMA)
    p = between("probability", probability, 0.0, 1.0)
    first = _finite("delta", delta, 1)
    second = _square("gamma", gamma, first.size)
    matrix = _semidefinite(covariance, first.size)
    return _core.delta_gamma_quantile(first, second, matrix, p, place)


def delta_gamma_tail(
    delta: ArrayLike, gamma: ArrayLike, covariance: ArrayLike, confidence: float
) -> DeltaGammaTail:
    """Of ``delta'x + sum(gamma x**2) / 2``, normal ``x``; confidence above 0.5.

    Notes
    -----
    Integrated along a curve through the saddle point, to 1e-9 standard deviations. Parts are a
    move's delta and gamma times the measure's derivatives (Euler).
    """
    first, second = _finite("delta", delta, 1), _finite("gamma", gamma, 1)
    if first.shape != second.shape:
        message = f"gamma has {second.size} elements, delta {first.size}"
        raise InvalidInputError(message, code="LENGTH_MISMATCH")
    matrix = _semidefinite(covariance, first.size)
    tail = 1.0 - between("confidence", confidence, 0.5, 1.0)
    both = [_core.delta_gamma_tail(first, second, matrix, tail, es) for es in (False, True)]
    (var, *of_var), (es, *of_es) = both
    parts: list[Floats] = [by[0] * first + by[1] * second for by in (of_var, of_es)]
    return DeltaGammaTail(var, es, *parts)


def _semidefinite(covariance: ArrayLike, size: int) -> Floats:
    matrix = _square("covariance", covariance, size)
    if not is_positive_semidefinite(matrix):
        message = "covariance must be positive semi-definite"
        raise InvalidInputError(message, code="OUT_OF_RANGE")
    return matrix


def is_positive_semidefinite(matrix: ArrayLike, tolerance: float = 1e-12) -> bool:
    """Whether no eigenvalue is below ``-tolerance`` times the largest."""
    values: Any = _square("matrix", matrix)
    return _core.positive_semidefinite(values, values.shape[0], tolerance)


def nearest_correlation(matrix: ArrayLike) -> Floats:
    """Correlation matrix nearest to a symmetric one in the Frobenius norm.

    Notes
    -----
    Higham (2002), Computing the nearest correlation matrix: a problem from finance.
    """
    values: Any = _square("matrix", matrix)
    return _core.nearest_correlation(values, values.shape[0])
