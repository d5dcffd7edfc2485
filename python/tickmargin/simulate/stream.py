"""A seeded stream of records for a book, each with the moment it is planned for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import records
from tickmargin.loading.specs import KINDS
from tickmargin.record_types import Records

if TYPE_CHECKING:
    from tickmargin.engine import Engine

__all__ = ["Load", "Stream", "mixed_stream"]

_YEAR_SECONDS = 365 * 86_400
_VOL_MOVE = 0.002  # of a surface's level from one re-mark to the next, in logs
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """How much of what a stream carries.

    Attributes
    ----------
    seconds : float
    ticks_per_second : float
        Of each underlying.
    orders_per_second : float
    surfaces_per_second : float
        Whole surfaces re-marked, one underlying after another.
    """

    seconds: float = 10.0
    ticks_per_second: float = 10.0
    orders_per_second: float = 500.0
    surfaces_per_second: float = 1.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Records in the order they are planned for; ``planned_ns`` counts from the first.

    A record of type ``order`` is to be checked, not applied.
    """

    rows: Records
    planned_ns: NDArray[np.int64]


def mixed_stream(engine: Engine, load: Load, seed: int) -> Stream:
    """Draw index ticks, orders, surface re-marks and clock records.

    Indices follow a random walk at their realised volatility (0.6 where none is known); orders
    are of random accounts in perpetuals, futures and spot instruments, one to ten contracts at the
    index; each option's volatility moves with its surface's level.
    """
    rng = np.random.default_rng(seed)
    start_ns = engine.market.as_of_ns
    parts: list[tuple[Records, NDArray[np.int64]]] = []
    parts += _ticks(engine, load, rng)
    parts += _orders(engine, load, rng)
    parts += _surfaces(engine, load, rng)
    clock = np.arange(1, int(load.seconds) + 1, dtype=np.int64) * _SECOND_NS
    if parts and len(clock):
        parts.append((records.clock(start_ns + clock), clock))
    if not parts:
        return Stream(records.clock(np.empty(0, np.int64)), np.empty(0, np.int64))
    rows = np.concatenate([rows for rows, _ in parts])
    planned = np.concatenate([planned for _, planned in parts])
    order = np.argsort(planned, kind="stable")
    return Stream(rows[order], planned[order])


def _moments(per_second: float, seconds: float, shift: float = 0.0) -> NDArray[np.int64]:
    count = int(per_second * seconds)
    spaced = (np.arange(count) + shift) * (1e9 / per_second) if count else np.zeros(0)
    planned: NDArray[np.int64] = spaced.astype(np.int64)
    return planned


def _ticks(engine: Engine, load: Load, rng: np.random.Generator) -> list[Any]:
    found = []
    names = engine.market.underlyings
    for row, (price, vol) in enumerate(
        zip(names.index_price.tolist(), names.realised_vol_annual.tolist(), strict=True)
    ):
        if not np.isfinite(price):
            continue
        planned = _moments(load.ticks_per_second, load.seconds, row / len(names))
        if not len(planned):
            continue
        step = (vol if np.isfinite(vol) else 0.6) / np.sqrt(_YEAR_SECONDS * load.ticks_per_second)
        path = price * np.exp(np.cumsum(rng.normal(0.0, step, len(planned))))
        seq = np.arange(1, len(planned) + 1)
        ticks = records.index_tick(row, path, seq=seq, ts_ns=engine.market.as_of_ns + planned)
        found.append((ticks, planned))
    return found


def _orders(engine: Engine, load: Load, rng: np.random.Generator) -> list[Any]:
    facts = engine.portfolio.table("instruments")
    index = dict(
        zip(
            engine.market.underlyings.names.tolist(),
            engine.market.underlyings.index_price.tolist(),
            strict=True,
        )
    )
    price_of = {
        name: index[underlying]
        for name, underlying in zip(facts["instrument"], facts["underlying"], strict=True)
    }
    kinds, names = engine.names.kinds, engine.names.lists["instrument"]
    # the index in a basket is priced like a contract, but none is listed
    linear = [
        i for i, name in enumerate(names) if kinds[i] != KINDS.index("option") and name in price_of
    ]
    planned = _moments(load.orders_per_second, load.seconds, 0.5)
    if not len(planned) or not linear:
        return []
    instrument = rng.choice(np.array(linear), len(planned))
    price = np.array([price_of[names[i]] for i in instrument.tolist()])
    orders = records.order(
        rng.integers(0, engine.names.count("account"), len(planned)).astype(np.int32),
        instrument.astype(np.int32),
        rng.integers(1, 11, len(planned)) * rng.choice([-1.0, 1.0], len(planned)),
        price,
        order=np.arange(1, len(planned) + 1),
        ts_ns=engine.market.as_of_ns + planned,
    )
    return [(orders, planned)]


def _surfaces(engine: Engine, load: Load, rng: np.random.Generator) -> list[Any]:
    """Every option of one underlying staged and committed, all planned for one moment."""
    marks = engine.market.marks
    vols = dict(zip(marks.names.tolist(), marks.vol_annual.tolist(), strict=True))
    names = engine.names.lists["instrument"]
    facts = engine.portfolio.table("instruments")
    whose = dict(zip(facts["instrument"], facts["underlying"], strict=True))
    # An option that expires within the stream could not be marked to its end.
    ends = engine.market.as_of_ns + int((load.seconds + 1) * _SECOND_NS)
    lives = dict(zip(facts["instrument"], (facts["expiry_ns"] > ends).tolist(), strict=True))
    surfaces = []
    for row, underlying in enumerate(engine.market.underlyings.names.tolist()):
        options = [
            i
            for i, name in enumerate(names)
            if engine.names.kinds[i] == KINDS.index("option")
            and whose[name] == underlying
            and lives[name]
            and np.isfinite(vols.get(name, np.nan))
        ]
        if options:
            vol = np.array([vols[names[i]] for i in options])
            surfaces.append((row, np.array(options, np.int32), vol))
    found = []
    for turn, moment in enumerate(_moments(load.surfaces_per_second, load.seconds, 0.37).tolist()):
        if not surfaces:
            break
        row, held, vol = surfaces[turn % len(surfaces)]
        at_ns = engine.market.as_of_ns + moment
        moved = np.clip(vol * np.exp(rng.normal(0.0, _VOL_MOVE)), 0.011, 4.9)
        both = np.concatenate(
            [
                records.surface_stage(held, moved, ts_ns=at_ns),
                records.surface_commit(row, len(held), ts_ns=at_ns),
            ]
        )
        found.append((both, np.full(len(both), moment, np.int64)))
    return found
