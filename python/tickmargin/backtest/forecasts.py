"""What a policy's own measure forecasts of a loss: value at risk and Expected Shortfall.

A margin may hold more than its measure (factors, add-ons, buffers); the tests of Expected Shortfall
are of the measure. Methods `es` and `var` measure in joint scenarios: the same scenarios give both
figures, whichever of them is asked for. `dynamic` takes Expected Shortfall of a lognormal price at
the realised volatility, which has a value at risk too; it adds underlyings up as if they fell
together, so that only books of one have a forecast. Other methods forecast no distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tickmargin.backtest.distributions import normal_quantile, normal_tail
from tickmargin.policies import Policies

if TYPE_CHECKING:
    from tickmargin.backtest.rolling import Book, Promise
    from tickmargin.config import Dynamic, Policy
    from tickmargin.config_tail import JointTail

__all__ = ["Forecast", "Forecaster", "lognormal_tail", "measure_of"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the loss over one margin's horizon, a row for each of a roll.

    Attributes
    ----------
    confidence : float
        At which both are measured.
    var, shortfall : array of float
        As positive losses; NaN where the policy forecasts none.
    """

    confidence: float
    var: NDArray[np.float64]
    shortfall: NDArray[np.float64]


def lognormal_tail(
    vol_annual: float, days: float, confidence: float, worth: float
) -> tuple[float, float]:
    """Value at risk and Expected Shortfall of a worth (< 0: short) in a lognormal price, mean 1."""
    s, p = vol_annual * math.sqrt(days / 365.0), 1.0 - confidence
    z = normal_quantile(p)  # < 0
    if worth >= 0.0:
        return worth * -math.expm1(z * s - 0.5 * s * s), worth * (1.0 - normal_tail(s - z) / p)
    return -worth * math.expm1(-z * s - 0.5 * s * s), -worth * (normal_tail(-z - s) / p - 1.0)


def measure_of(config: Policy) -> Dynamic | JointTail | None:
    """The section with a method's own horizons and confidences; None where it has none."""
    return {"dynamic": config.dynamic, "var": config.tail, "es": config.tail}.get(config.method)


class Forecaster:
    """Forecasts of a file's first policy for the books of a roll, time after time."""

    def __init__(self, policies: Policies, promise: Promise, books: Sequence[Book]) -> None:
        self._policy, self._books = policies.loaded[0], books
        config = self._policy.config
        self._twins = _measures_of(config) if config.method in ("var", "es") else ()
        own = measure_of(config)
        self._rows: list[NDArray[np.float64]] = []
        self._confidences: tuple[float, ...] = ()
        self._known = (False, False)
        if own is not None:
            self._confidences = (own.confidence_initial, own.confidence_maintenance)
            # a forecast over another horizon than the losses' says nothing of them
            self._known = (
                own.horizon_initial_days == promise.initial_days,
                own.horizon_maintenance_days == promise.maintenance_days,
            )

    @property
    def wanted(self) -> bool:
        """Whether there is anything to forecast."""
        return any(self._known)

    def add(
        self,
        measured: Callable[[Policies], NDArray[np.float64]],
        vols: dict[str, float],
    ) -> None:
        """Forecast at one time.

        Parameters
        ----------
        measured : callable
            Both margins of every book, (books, 2), under another policy at this time.
        vols : dict
            Realised volatility by underlying.
        """
        if self._twins:
            self._rows.append(np.stack([measured(twin) for twin in self._twins], axis=2))
            return
        from tickmargin.config import Dynamic

        out = np.full((len(self._books), 2, 2), np.nan)
        for b, book in enumerate(self._books):
            held = [(name, worth) for name, worth in book.worth.items() if worth != 0.0]
            if len(held) == 1:
                ((name, worth),) = held
                keys = self._policy.section(Dynamic, name)
                vol = max(vols[name], keys.vol_floor_annual)
                days = (keys.horizon_initial_days, keys.horizon_maintenance_days)
                out[b] = [
                    lognormal_tail(vol, d, c, worth)
                    for d, c in zip(days, self._confidences, strict=True)
                ]
        self._rows.append(out)

    def forecasts(self) -> tuple[Forecast | None, Forecast | None]:
        """Of initial and of maintenance margin; None where the policy forecasts nothing."""
        if not self.wanted:
            return None, None
        rows = np.stack(self._rows)
        sides = [
            Forecast(confidence, rows[:, :, side, 0].ravel(), rows[:, :, side, 1].ravel())
            for side, confidence in enumerate(self._confidences)
        ]
        initial, maintenance = (
            one if known else None for one, known in zip(sides, self._known, strict=True)
        )
        return initial, maintenance


def _measures_of(config: Policy) -> tuple[Policies, ...]:
    """Value at risk and Expected Shortfall in a policy's scenarios, and nothing beside them."""
    assert config.tail is not None
    keys = config.tail.model_dump(exclude_none=True, exclude_defaults=True)
    keys |= {"initial_factor": 1.0, "maintenance_factor": 1.0}
    rules = {"haircuts": {"USD": 0.0}, "tail": keys}
    return tuple(
        Policies.from_dict({"schema": 1, "policies": {"measure": {"method": m, **rules}}})
        for m in ("var", "es")
    )
