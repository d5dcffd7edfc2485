"""What an engine says of markets that are not there: moves, time, and a more exact measure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.history import History
from tickmargin.live_base import whole
from tickmargin.loading.progress import Progress
from tickmargin.names import Namebook
from tickmargin.policies import Policies
from tickmargin.probabilities import BreachProbabilities, breach_probabilities, horizon, unused
from tickmargin.projection import Projection, project
from tickmargin.tiers import Tiers, compare_tiers

if TYPE_CHECKING:
    from tickmargin.engine import Engine

__all__ = ["Outlook"]

PRICE_MOVES = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
VOL_SHOCKS = (-0.25, 0.0, 0.5)


class Outlook(ABC):
    """The part of :class:`tickmargin.Engine` that looks elsewhere; nothing changes."""

    names: Namebook
    _decimals: int
    _history: History | None

    @abstractmethod
    def _present(self) -> _core.Engine: ...

    @abstractmethod
    def _prepare(self, policies: Policies) -> tuple[list[dict[str, Any]], NDArray[np.int32]]: ...

    def projection(
        self,
        *,
        accounts: Iterable[str] | None = None,
        price_moves: ArrayLike = PRICE_MOVES,
        vol_shocks: ArrayLike = VOL_SHOCKS,
        forward_days: ArrayLike = (0, 1),
        underlying: str | None = None,
        vol_shock_kind: Literal["relative", "absolute"] = "relative",
        threads: int = 1,
        progress: Progress = False,
    ) -> Projection:
        """Equity, IM and MM of accounts over spot x volatility x tomorrow, each a full recompute.

        Parameters
        ----------
        accounts : iterable of str, optional
            Default: all of them.
        price_moves : array-like of float
            Relative moves of each index, above -1; forwards, marks and assets linked to an index
            move with it in proportion.
        vol_shocks : array-like of float
            Of every quoted, surface and realised volatility, by strike and not below 0.
        forward_days : array-like of float, default (0, 1)
            Time that passes, positions held. What expires on the way has settled at the moved
            index, of an average already begun its known part: options at intrinsic, futures at
            their profit, paid into the pocket's balance of the settlement asset; their resting
            orders are gone.
        underlying : str, optional
            The only one to move and to shock; default: all of them together.
        vol_shock_kind : {"relative", "absolute"}
            vol (1 + shock), or vol + shock (normal volatilities: + shock x index).
        threads : int, default 1
        progress : bool or callable, default False
            As for :meth:`tickmargin.Portfolio.load`.

        Returns
        -------
        Projection

        Raises
        ------
        InvalidInputError
            OUT_OF_RANGE, NOT_FINITE, DUPLICATE_ID, WRONG_SHAPE or UNKNOWN_WORD, naming the
            argument.
        UnknownNameError, InputTypeError

        Notes
        -----
        No move, no shock and no day is :meth:`recompute`, to the bit. Forward / index ratios are
        held by expiry while time passes; funding, borrow and interest that would accrue are not
        added, and a policy change under way keeps the share of its ramp it has now. States are
        without hysteresis.
        """
        return project(
            self._present(),
            self.names,
            accounts=accounts,
            price_moves=price_moves,
            vol_shocks=vol_shocks,
            forward_days=forward_days,
            underlying=underlying,
            vol_shock_kind=vol_shock_kind,
            threads=threads,
            progress=progress,
        )

    def tiers(
        self,
        *,
        policies: Policies | str | Mapping[str, Any] | None = None,
        share: float = 0.99,
        threads: int = 1,
    ) -> Tiers:
        """Set the requirements in force beside those of the exact policies they stand in for.

        A policy of the methods ``fixed``, ``dynamic`` or ``scenario`` may name an ``exact`` policy
        of its file. Orders and ticks go by the first; here every account is margined under both,
        at the market as it is now.

        Parameters
        ----------
        policies : Policies, str, path or mapping, optional
            Default: those in force.
        share : float, default 0.99
            Of the accounts, for ``factor_of_share``.
        threads : int, default 1

        Returns
        -------
        Tiers

        Raises
        ------
        InvalidInputError
            NO_EXACT_POLICY: no policy names one. OUT_OF_RANGE.

        Notes
        -----
        A factor bounds the gap of these books at this market. Another book, or another market,
        may have another gap: ask again, or ask :meth:`projection` of both.
        """
        chosen = cast("Engine", self).policies if policies is None else Policies.resolve(policies)
        return compare_tiers(
            self._present(),
            self.names["account"],
            chosen,
            self._prepare(chosen),
            share=share,
            threads=threads,
            tick=10.0**-self._decimals,
        )

    def breach_probabilities(
        self,
        moves: Mapping[str, ArrayLike] | None = None,
        *,
        vol_shocks: Mapping[str, ArrayLike] | None = None,
        vol_shock_kind: Literal["relative", "absolute"] = "relative",
        independent: int | None = None,
        scenarios: Mapping[str, Any] | None = None,
        horizon_days: float | None = None,
        history: History | str | Path | None = None,
        accounts: Iterable[str] | None = None,
        confidence: float = 0.95,
        threads: int = 1,
        progress: Progress = False,
    ) -> BreachProbabilities:
        """Count in how many joint scenarios each account would need a margin call or liquidation.

        Without ``moves`` scenarios come from where policies of the methods ``var`` and ``es`` take
        theirs: a price history, replayed, filtered, or drawn from.

        Parameters
        ----------
        moves : mapping of str to (scenarios,) float, optional
            Your own relative moves of each index, all underlyings of a scenario together, such as
            :func:`tickmargin.moves.historical_moves` or ``simulated_moves`` makes. An underlying
            that is left out does not move.
        vol_shocks : mapping of str to (scenarios,) float, optional
            With ``moves``: shocks of every quoted, surface and realised volatility of an
            underlying, by strike and not below 0; ``vol_shock_kind`` as for :meth:`projection`.
        independent : int, optional
            With ``moves``: how many of them share no time with another; all by default.
        scenarios : mapping, optional
            Without ``moves``: in the words of a policy's table ``tail``. ``generator`` is
            ``historical`` (default), ``filtered`` or ``monte_carlo``; ``window_days`` the whole
            history by default; ``overlapping`` must be said where moves could share time;
            ``vol_moves``, ``vol_beta`` and ``vol_shock`` are what volatilities do, by term;
            ``filtered`` without ``filter`` is an EWMA with a decay of 0.94.
            ``monte_carlo`` without ``vols_annual`` takes them and the correlation from the steps of
            the history; 1,000 ``draws``, ``seed`` 0 by default.
        horizon_days : float, optional
            How long the moves last; that much time passes, and what expires on the way settles, as
            in :meth:`projection`. Default: 1, and with ``moves`` 0.
        history : History, PriceHistory, str or path, optional
            Default: the engine's. What is after the market's time is not looked at.
        accounts : iterable of str, optional
            Default: all of them.
        confidence : float, default 0.95
            Of the upper bounds.
        threads : int, default 1
            Workers, over scenarios. The counts are the same for any number.
        progress : bool or callable, default False
            As for :meth:`tickmargin.Portfolio.load`.

        Returns
        -------
        BreachProbabilities

        Raises
        ------
        InvalidInputError
            OUT_OF_RANGE, LENGTH_MISMATCH, INVALID_ARGUMENT; MISSING_HISTORY: there is none, or no
            rows that far apart; the codes of policies, for the words of ``scenarios``.
        UnknownNameError, InputTypeError

        Notes
        -----
        Each scenario is a full recompute of the present market moved by it, decided in ticks;
        resting orders stay, and there is no hysteresis. An account is looked at when the move has
        ended: what happens on the way is not seen. An account that holds an underlying whose move
        is not known is undecidable in that scenario. Accrued funding and interest are not added.

        A bound is Clopper and Pearson's, of as many trials as share no time, with undecidable
        scenarios counted as breaches: 0 of 500 is at most 0.6 %, not impossible. It says nothing of
        a future unlike the scenarios.
        """
        from tickmargin.joint_scenarios import given_scenarios, made_scenarios

        whole("threads", threads)
        engine = cast("Engine", self)
        names = tuple(engine.market.underlyings.names.tolist())
        days = horizon("horizon_days", horizon_days, 0.0 if moves is not None else 1.0)
        if moves is not None:
            unused("moves", scenarios=scenarios, history=history)
            for name in (*moves, *(vol_shocks or ())):
                self.names.known("underlying", name)
            joint = given_scenarios(names, moves, vol_shocks, vol_shock_kind, independent)
        else:
            unused("scenarios of a history", vol_shocks=vol_shocks, independent=independent)
            past = self._history if history is None else History.resolve(history)
            joint = made_scenarios(names, scenarios or {}, days, past, engine.market.as_of_ns)
        return breach_probabilities(
            self._present(),
            self.names,
            joint,
            horizon_days=days,
            accounts=accounts,
            confidence=confidence,
            threads=threads,
            progress=progress,
        )
