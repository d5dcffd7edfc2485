"""What an engine says of markets that are not there: moves, time, and a more exact measure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickmargin import _core
from tickmargin.loading.progress import Progress
from tickmargin.names import Namebook
from tickmargin.policies import Policies
from tickmargin.probabilities import breach_table
from tickmargin.projection import Projection, project
from tickmargin.table import Table
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

    def breach_probabilities(self, moves: Mapping[str, Any], *, threads: int = 1) -> Table:
        """Count in how many joint moves each account would need a margin call or liquidation.

        Parameters
        ----------
        moves : mapping of str to (scenarios,) float
            Relative moves of each index over a horizon, all underlyings of a scenario together:
            :func:`tickmargin.moves.historical_moves` or ``simulated_moves``. An underlying that is
            left out does not move.
        threads : int, default 1

        Returns
        -------
        Table
            account, p_breach (state ``margin_call`` or worse at the end of the move),
            p_liquidation (``liquidating`` or worse), p_undecidable (no number: in neither of the
            others).

        Notes
        -----
        Every scenario is a full recompute, moved from the market the engine was made with.
        Volatilities, forward / index ratios and time are held, and what happens on the way to the
        end of the move is not seen.
        """
        return breach_table(cast("Engine", self), moves, threads)
