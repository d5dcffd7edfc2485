"""Settings of a live engine, from mappings to what the core takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tickmargin.errors import InputTypeError, InvalidInputError, UnknownNameError
from tickmargin.loading.issues import suggest
from tickmargin.names import Namebook
from tickmargin.portfolio import Portfolio

__all__ = [
    "CAPACITY_KEYS",
    "ORACLE_KEYS",
    "SETTING_KEYS",
    "Sources",
    "compile_settings",
    "room_for",
]

# What each key must be; defaults are the core's (tickmargin/live.hpp).
ORACLE_KEYS: Mapping[str, type] = {
    "quorum": int,
    "heartbeat_ns": int,
    "unusable_after_ns": int,
    "quarantine_limit_ns": int,
    "source_clamp_ratio": float,
    "feed_min": float,
    "feed_max": float,
    "band_ratio": float,
    "velocity_ratio_per_sqrt_second": float,
    "band_cap_ratio": float,
    "doubt_ratio": float,
    "lead_max_ns": int,
}
SETTING_KEYS: Mapping[str, type] = {
    "hysteresis_ratio": float,
    "settlement_window_ns": int,
    "liquidation_block_limit_ns": int,
    "transfer_finality_ns": int,
    "vol_min_annual": float,
    "vol_max_annual": float,
    "vol_level_band_ratio": float,
    "vol_shape_band_ratio": float,
    "vol_shape_age_max_ns": int,
    "vol_doubt_limit_ns": int,
    "clock_step_max_ns": int,
    "mark_basis_cap_ratio": float,
    "mark_basis_window_ns": int,
    "renewals_per_record": int,
    "ladder_buckets": int,
    "cell_ratio": float,
    "bands": bool,
}
CAPACITY_KEYS: Mapping[str, type] = dict.fromkeys(
    (
        "instruments",
        "pockets",
        "positions",
        "balances",
        "pocket_positions",
        "orders",
        "transfers",
        "events",
    ),
    int,
)
_LISTINGS = 64
_EVENTS = 1 << 16
_INT32_KEYS = ("quorum", "renewals_per_record", "ladder_buckets")
_ALL = "*"

Sources = tuple[tuple[str, ...], ...]


class Compiled(NamedTuple):
    """Settings as the core takes them, and the names of each underlying's sources."""

    settings: dict[str, Any]
    capacity: dict[str, Any]
    sources: Sources


def compile_settings(
    names: Namebook,
    oracle: Mapping[str, Mapping[str, Any]] | None,
    settings: Mapping[str, Any] | None,
    capacity: Mapping[str, int] | None,
) -> Compiled:
    """Check settings and lay them out by underlying.

    Raises
    ------
    UnknownNameError
        An underlying or a key that there is not, with the nearest.
    InputTypeError
        A value of the wrong type.
    InvalidInputError
        OUT_OF_RANGE, EMPTY_ID or DUPLICATE_ID (sources).
    """
    given = _mapping("oracle", oracle)
    for name in given:
        if name != _ALL:
            names.known("underlying", name)
    guards, sources = [], []
    for name in names.lists["underlying"]:
        own = {**_mapping("oracle['*']", given.get(_ALL)), **_mapping(name, given.get(name))}
        called = _sources(f"oracle[{name!r}]", own.pop("sources", ("a",)))
        guard = _checked(f"oracle[{name!r}]", own, ORACLE_KEYS, ("sources",))
        # Several sources are there so that one of them can be wrong.
        guards.append({"quorum": len(called) // 2 + 1, **guard, "sources": len(called)})
        sources.append(called)
    return Compiled(
        {
            **_checked("settings", _mapping("settings", settings), SETTING_KEYS),
            "oracle": guards,
            "asset_chain": names.asset_chain,
        },
        _checked("capacity", _mapping("capacity", capacity), CAPACITY_KEYS),
        tuple(sources),
    )


def _mapping(where: str, given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputTypeError(f"{where}: got {type(given).__name__}; expected a mapping")
    return dict(given)


def _sources(where: str, given: Any) -> tuple[str, ...]:
    """Names of sources; a number stands for the letters a, b, c, ..."""
    if isinstance(given, int) and not isinstance(given, bool):
        if not 1 <= given <= 8:
            raise InvalidInputError(f"{where}: sources must be in 1 .. 8", code="OUT_OF_RANGE")
        return tuple("abcdefgh"[:given])
    if isinstance(given, str) or not isinstance(given, Sequence):
        kind = type(given).__name__
        raise InputTypeError(f"{where}: sources: got {kind}; expected names or how many")
    called = tuple(given)
    if not all(isinstance(name, str) for name in called):
        raise InputTypeError(f"{where}: names of sources must be text")
    if not all(called):
        raise InvalidInputError(f"{where}: a source needs a name", code="EMPTY_ID")
    if len(set(called)) < len(called):
        raise InvalidInputError(f"{where}: a source is named twice", code="DUPLICATE_ID")
    if not 1 <= len(called) <= 8:
        raise InvalidInputError(f"{where}: 1 to 8 sources", code="OUT_OF_RANGE")
    return called


def _checked(
    where: str, given: dict[str, Any], keys: Mapping[str, type], more: tuple[str, ...] = ()
) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, value in given.items():
        if key not in keys:
            raise UnknownNameError(f"{where}: no key {key!r}{suggest(key, [*keys, *more])}")
        checked[key] = _value(f"{where}: {key}", value, keys[key], key)
    return checked


def _value(where: str, value: Any, kind: type, key: str) -> Any:
    is_bool = isinstance(value, bool | np.bool_)
    if kind is bool:
        if not is_bool:
            raise InputTypeError(f"{where}: got {type(value).__name__}; expected a bool")
        return bool(value)
    allowed = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    if is_bool or not isinstance(value, allowed):
        expected = "an int" if kind is int else "a number"
        raise InputTypeError(f"{where}: got {type(value).__name__}; expected {expected}")
    if kind is int:
        limit = 2**31 - 1 if key in _INT32_KEYS else 2**63 - 1
        if not 0 <= value <= limit:
            raise InvalidInputError(f"{where}: must be in 0 .. {limit}", code="OUT_OF_RANGE")
        return int(value)
    if np.isnan(value):
        raise InvalidInputError(f"{where} must be a number, was nan", code="NOT_FINITE")
    return float(value)


def room_for(portfolio: Portfolio, wanted: Mapping[str, int]) -> dict[str, int]:
    """Room for a portfolio and what may still come, where nothing else is wanted."""
    accounts, positions = portfolio.accounts, portfolio.positions
    listed = len(portfolio.instruments)
    isolated = np.unique(
        np.concatenate(
            [
                rows.account.astype(np.int64) * len(portfolio.pocket_names) + rows.pocket
                for rows in (positions, portfolio.balances)
            ]
        )
    )
    there = len(accounts) + len(isolated)
    room = {
        "instruments": listed + listed // 2 + _LISTINGS,
        "pockets": there + there // 2 + 16,
        "positions": len(positions) + len(positions) // 2 + 16,
        # A mark that becomes ready may tell of every account, and another one right after it.
        "events": 2 * len(accounts) + _EVENTS,
        **wanted,
    }
    # The core's rows of a pocket take four places or more: without this a book of one position an
    # account would find no room.
    room["positions"] += 2 * max(room["pockets"], there)
    return room
