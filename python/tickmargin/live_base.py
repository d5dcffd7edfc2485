"""The live engine behind an engine's live methods: how it starts, and what it is given."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.errors import InputTypeError, InvalidInputError
from tickmargin.live_settings import Sources, compile_settings
from tickmargin.names import Namebook
from tickmargin.policies import Policies
from tickmargin.record_types import Records

__all__ = ["LiveBase", "whole"]


class LiveBase(ABC):
    """One thread at a time may write (apply, check, read exact rows, freeze).

    A second one gets an :class:`~tickmargin.EngineBusyError` and changes nothing. Any thread may
    read published rows at any time, and one other thread may take the events.
    """

    names: Namebook
    _decimals: int
    _live: _core.Live | None
    _sources: Sources
    # Policies by epoch: their names, what they were compiled to, and themselves where known.
    _policy_names: dict[int, tuple[str, ...]]
    _fingerprints: dict[int, str]
    _policies_of: dict[int, Policies]

    @abstractmethod
    def _make_live(self, capacity: dict[str, Any], settings: dict[str, Any]) -> _core.Live: ...

    @abstractmethod
    def _keep_names(self, listings: Records | None = None) -> None:
        """Put new names on the disk, if the engine records, before anything there uses them."""

    @abstractmethod
    def _prepare(self, policies: Policies) -> tuple[list[dict[str, Any]], NDArray[np.int32]]: ...

    def start(
        self,
        *,
        oracle: Mapping[str, Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        capacity: Mapping[str, int] | None = None,
    ) -> None:
        """Start the live engine with other settings than the defaults.

        The first live call starts it otherwise. Every mark is unusable until a quorum of its
        sources has spoken: nothing is liquidated, and no new risk taken, on a cold start.

        Parameters
        ----------
        oracle : mapping of str to mapping, optional
            By underlying, ``"*"`` for all others: ``sources`` (their names, or how many: a, b,
            ...; default one), ``quorum`` (default: more than half of them), ``heartbeat_ns``,
            ``unusable_after_ns``, ``quarantine_limit_ns``, ``source_clamp_ratio``, ``feed_min``,
            ``feed_max``, ``band_ratio``, ``velocity_ratio_per_sqrt_second``, ``band_cap_ratio``,
            ``doubt_ratio``, ``lead_max_ns`` (what is stamped further ahead of the clock and of the
            newest tick is refused; default a day, 0 no limit): the rules are in
            ``cpp/src/market/README.md``.
        settings : mapping, optional
            ``hysteresis_ratio``, ``settlement_window_ns``, ``liquidation_block_limit_ns``,
            ``transfer_finality_ns``, ``clock_step_max_ns`` (how far one record may be ahead of the
            clock; default 100 days, 0 no limit), bounds of volatilities (``vol_doubt_limit_ns``:
            how long one stays in doubt) and mark bases, and how bands are kept
            (``bands``, ``renewals_per_record``, ``ladder_buckets``, ``cell_ratio``).
        capacity : mapping of str to int, optional
            Room for instruments, pockets, positions, balances, pocket_positions, orders, transfers
            and events, fixed from then on. Default: half as much again as there is; 4,096 orders
            and transfers; 65,536 events and two for each account.

        Raises
        ------
        InvalidInputError
            ALREADY_STARTED, OUT_OF_RANGE, ...
        InputTypeError, UnknownNameError
        """
        if self._live is not None:
            raise InvalidInputError("the live engine runs already", code="ALREADY_STARTED")
        made = compile_settings(self.names, oracle, settings, capacity)
        try:
            self._live = self._make_live(made.capacity, made.settings)
        except ValueError as error:
            called = self.names.lists["underlying"]
            told = re.sub(r"of underlying (\d+)", lambda m: repr(called[int(m[1])]), str(error))
            raise InvalidInputError(told, code="OUT_OF_RANGE") from None
        self._sources = made.sources

    @property
    def is_live(self) -> bool:
        """Whether the live engine has been started."""
        return self._live is not None

    def _running(self) -> _core.Live:
        if self._live is None:
            self.start()
        assert self._live is not None
        return self._live

    @property
    def _scale(self) -> float:
        return 10.0**self._decimals

    def _epoch(self) -> int:
        """The policy epoch in force."""
        return 0 if self._live is None else int(self._live.position()["epoch"])


def whole(name: str, value: object) -> int:
    """Check an argument that is an int >= 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputTypeError(f"{name}: got {type(value).__name__}; expected int")
    if value < 1:
        raise InvalidInputError(f"{name} must be >= 1, was {value}", code="INVALID_ARGUMENT")
    return value
