"""What the live engine answers: statuses of records, checked orders, accounts and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin import _core
from tickmargin.errors import CODES, RecordRefusedError
from tickmargin.loading.column import Coded
from tickmargin.names import Namebook
from tickmargin.record_types import EVENT, TYPES, Records
from tickmargin.result_tables import STATES, STATUSES
from tickmargin.table import Table

__all__ = [
    "CHECK_VERDICTS",
    "MARK_STATES",
    "RECORD_STATUSES",
    "TAKEN",
    "Applied",
    "CheckedOrder",
    "LiveAccount",
    "account_of",
    "account_table",
    "check_table",
    "checked_order",
    "event_table",
    "no_events",
]

RECORD_STATUSES = tuple(_core.record_status_names())
CHECK_VERDICTS = tuple(_core.check_verdict_names())
MARK_STATES = tuple(_core.mark_state_names())
_EVENT_TYPES = (
    "",
    "account",
    "mark_state",
    "epoch",
    "settlement",
    "escalation",
    "chain",
    "vol_state",
)
TAKEN = tuple(RECORD_STATUSES.index(name) for name in ("ok", "quarantined"))
_AMOUNTS = ("equity", "equity_initial", "initial_margin", "maintenance_margin")
_ACCEPTED = ("accepted", "accepted_reduces")
# Verdicts for which the margin after the fill was computed.
_DECIDED = (*_ACCEPTED, "refused_margin", "refused_doubtful", "refused_liquidating")
_BREACH, _BLOCKED = 1, 2  # flags of an event


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Applied:
    """What became of records given together.

    Attributes
    ----------
    count : int
        How many were answered. Less than all only if there was no room for the next one's events:
        take events, and apply ``records[count:]``.
    status : ndarray of uint8, shape (records,)
        Read-only; ``STATUSES[status[i]]`` is its name. ``ring_full`` from ``count`` on.
    applied_seq : int
        Of the last record that changed state.
    """

    count: int
    status: NDArray[np.uint8]
    applied_seq: int

    STATUSES = RECORD_STATUSES

    @property
    def names(self) -> NDArray[np.object_]:
        """Status of each record by name."""
        return np.array(RECORD_STATUSES, object)[self.status]

    @property
    def counts(self) -> dict[str, int]:
        """How many records had each status, those with none left out."""
        numbers = np.bincount(self.status, minlength=len(RECORD_STATUSES)).tolist()
        return {name: n for name, n in zip(RECORD_STATUSES, numbers, strict=True) if n}

    @property
    def refused(self) -> NDArray[np.intp]:
        """Rows of the records that changed nothing."""
        return np.flatnonzero(~np.isin(self.status, TAKEN))

    def raise_if_refused(self, records: Records | None = None) -> None:
        """Raise for the first record that was refused.

        Raises
        ------
        RecordRefusedError
        """
        rows = self.refused
        if not len(rows):
            return
        row = int(rows[0])
        status = RECORD_STATUSES[self.status[row]]
        kind = "" if records is None else f"{type_name(records['type'][row])} "
        place = f" {row}" if len(self.status) > 1 else ""
        message = f"{kind}record{place} refused: {status}. {CODES[status.upper()]}"
        raise RecordRefusedError(message, status=status, row=row)

    def __repr__(self) -> str:
        told = ", ".join(f"{number:,} {name}" for name, number in self.counts.items())
        return f"Applied({told or 'nothing'}; applied_seq={self.applied_seq})"


def type_name(number: Any) -> str:
    """Name of a record's type."""
    return TYPES[number] if 0 < number < len(TYPES) else f"type {number}"


@dataclass(frozen=True, slots=True)
class CheckedOrder:
    """Whether an order may trade, and why.

    Attributes
    ----------
    accepted : bool
    verdict : str
        ``accepted``, ``accepted_reduces`` (below initial margin: neither it nor the
        shortfall rises),
        ``refused_margin``, ``refused_undecidable``, ``refused_doubtful`` (new risk on a mark that
        is not ready), ``refused_liquidating``, ``refused_not_reducing``, ``refused_unknown``,
        ``refused_invalid`` or ``refused_capacity``.
    status : str
        What is missing, of an undecidable one; else ``ok``.
    shortfall, equity_after, initial_margin_after : float
        Numeraire, equity under initial-margin weights; NaN where the decision needed no number.
        ``shortfall`` is initial margin less equity after the order, 0 at least, whatever it was
        refused for.
    binding_underlying : str or None
    binding_price_move, binding_vol_shock : float
        The scenario that binds after the fill, of the underlying that needs most. Of
        ``refused_doubtful`` the underlying whose mark is not ready: not heard yet, stale or
        quarantined.
    """

    accepted: bool
    verdict: str
    status: str
    shortfall: float
    equity_after: float
    initial_margin_after: float
    binding_underlying: str | None
    binding_price_move: float
    binding_vol_shock: float


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """One account as of a record; amounts in the numeraire, NaN where undecidable.

    Attributes
    ----------
    account, state, status, policy : str
    breach : bool
        Equity is below initial margin.
    liquidation_blocked : bool
        Its marks forbid liquidation; the state is then at most ``margin_call``.
    equity, equity_initial, initial_margin, maintenance_margin, slack : float
        ``slack`` is the smallest of the account's pockets.
    since_ns : int
        When the state began.
    applied_seq : int
        Of the record the numbers are as of.
    policy_epoch : int
    """

    account: str
    state: str
    status: str
    policy: str
    breach: bool
    liquidation_blocked: bool
    equity: float
    equity_initial: float
    initial_margin: float
    maintenance_margin: float
    slack: float
    since_ns: int
    applied_seq: int
    policy_epoch: int


def _coded(codes: NDArray[Any], names: Any) -> Coded:
    return Coded(codes.astype(np.int32), np.asarray(names, dtype=object))


def _amount(ticks: NDArray[Any], scale: float, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(known, ticks / scale, np.nan)


def account_of(
    raw: dict[str, Any], account: str, policies: dict[int, tuple[str, ...]], scale: float
) -> LiveAccount:
    """The first account the core gave; a table of one row would take three times as long."""
    row = {name: column.item(0) for name, column in raw.items()}
    state = str(STATES[row["state"]])
    unknown = state == "undecidable"

    def amount(name: str) -> float:
        return float("nan") if unknown else row[name] / scale

    called = policies.get(row["epoch"], ())
    return LiveAccount(
        account=account,
        state=state,
        status=str(STATUSES[row["status"]]),
        policy=called[row["policy"]] if row["policy"] < len(called) else f"#{row['policy']}",
        breach=bool(row["breach"]),
        liquidation_blocked=bool(row["liquidation_blocked"]),
        equity=amount("equity"),
        equity_initial=amount("equity_initial"),
        initial_margin=amount("initial_margin"),
        maintenance_margin=amount("maintenance_margin"),
        slack=amount("slack_ticks"),
        since_ns=row["since_ns"],
        applied_seq=row["applied_seq"],
        policy_epoch=row["epoch"],
    )


def checked_order(raw: dict[str, Any], names: Namebook, scale: float) -> CheckedOrder:
    """The first order the core checked."""
    row = {name: column.item(0) for name, column in raw.items()}
    verdict = CHECK_VERDICTS[row["verdict"]]
    decided = verdict in _DECIDED

    def amount(name: str) -> float:
        return row[name] / scale if decided else float("nan")

    binding = row["binding_underlying"]
    return CheckedOrder(
        accepted=verdict in _ACCEPTED,
        verdict=verdict,
        status=str(STATUSES[row["status"]]),
        shortfall=amount("shortfall"),
        equity_after=amount("equity_after"),
        initial_margin_after=amount("initial_margin_after"),
        binding_underlying=None if binding < 0 else names.lists["underlying"][binding],
        binding_price_move=row["binding_price_move"],
        binding_vol_shock=row["binding_vol_shock"],
    )


def account_table(
    raw: dict[str, Any], names: Namebook, policies: dict[int, tuple[str, ...]], scale: float
) -> Table:
    """Accounts as the core gave them, in the columns of :class:`LiveAccount`."""
    state = raw["state"]
    known = state != STATES.tolist().index("undecidable")
    pairs, codes = np.unique(
        np.stack([raw["epoch"].astype(np.int64), raw["policy"].astype(np.int64)]),
        axis=1,
        return_inverse=True,
    )
    called = []
    for epoch, policy in pairs.T.tolist():
        own = policies.get(epoch, ())
        called.append(own[policy] if policy < len(own) else f"#{policy}")
    return Table(
        {
            "account": names["account"],
            "state": _coded(state, STATES),
            "status": _coded(raw["status"], STATUSES),
            "policy": _coded(codes.ravel(), called),
            "breach": raw["breach"].astype(np.bool_),
            "liquidation_blocked": raw["liquidation_blocked"].astype(np.bool_),
            **{name: _amount(raw[name], scale, known) for name in _AMOUNTS},
            "slack": _amount(raw["slack_ticks"], scale, known),
            "since_ns": raw["since_ns"],
            "applied_seq": raw["applied_seq"],
            "policy_epoch": raw["epoch"],
        },
        name="accounts",
    )


def check_table(raw: dict[str, Any], shown: dict[str, Any], names: Namebook, scale: float) -> Table:
    """Checked orders in the columns of :class:`CheckedOrder`, after the orders' own."""
    verdict = raw["verdict"]
    decided = np.isin(verdict, [CHECK_VERDICTS.index(word) for word in _DECIDED])
    return Table(
        {
            **shown,
            "accepted": np.isin(verdict, [CHECK_VERDICTS.index(word) for word in _ACCEPTED]),
            "verdict": _coded(verdict, CHECK_VERDICTS),
            "status": _coded(raw["status"], STATUSES),
            "shortfall": _amount(raw["shortfall"], scale, decided),
            "equity_after": _amount(raw["equity_after"], scale, decided),
            "initial_margin_after": _amount(raw["initial_margin_after"], scale, decided),
            "binding_underlying": _coded(raw["binding_underlying"], names["underlying"]),
            "binding_price_move": raw["binding_price_move"],
            "binding_vol_shock": raw["binding_vol_shock"],
        },
        name="checked orders",
    )


def event_table(events: NDArray[np.void], names: Namebook, scale: float) -> Table:
    """Events in words: before and after are states of the account or of the mark."""
    kind = events["type"]
    of_account = events["account"] >= 0
    states = [*STATES, *MARK_STATES, "running", "halted"]
    first = np.where(of_account, 0, len(STATES))
    first = np.where(kind == _EVENT_TYPES.index("chain"), len(STATES) + len(MARK_STATES), first)
    plain = np.isin(kind, [_EVENT_TYPES.index("epoch"), _EVENT_TYPES.index("settlement")])
    known = of_account & (kind == _EVENT_TYPES.index("account"))
    known &= events["after"] != STATES.tolist().index("undecidable")
    return Table(
        {
            "event": _coded(kind, _EVENT_TYPES),
            "account": _coded(events["account"], names["account"]),
            "subject": _subjects(events, names),
            "before": _coded(np.where(plain, -1, events["before"] + first), states),
            "after": _coded(np.where(plain, -1, events["after"] + first), states),
            "status": _coded(events["status"], STATUSES),
            "breach": (events["flags"] & _BREACH) != 0,
            "liquidation_blocked": (events["flags"] & _BLOCKED) != 0,
            "equity": _amount(events["equity_ticks"], scale, known),
            "maintenance_margin": _amount(events["maintenance_ticks"], scale, known),
            "slack": _amount(events["slack_ticks"], scale, known),
            "ts_ns": events["ts_ns"].copy(),
            "applied_seq": events["applied_seq"].copy(),
            "policy_epoch": events["epoch"].copy(),
        },
        name="events",
    )


def _subjects(events: NDArray[np.void], names: Namebook) -> Coded:
    """The underlying, instrument or chain an event speaks of."""
    kinds = {"settlement": "instrument", "chain": "chain"}
    called: list[Any] = []
    starts = np.zeros(len(_EVENT_TYPES), np.int64)
    for number, word in enumerate(_EVENT_TYPES):
        starts[number] = len(called)
        called += names.lists[kinds.get(word, "underlying")]
    subject = events["subject"].astype(np.int64)
    nothing = (subject < 0) | (events["type"] == _EVENT_TYPES.index("epoch"))
    codes = np.where(
        nothing, -1, subject + starts[np.minimum(events["type"], len(_EVENT_TYPES) - 1)]
    )
    return _coded(codes, np.array([*called, None], object)[:-1])


def no_events(room: int) -> NDArray[np.void]:
    """Room for events."""
    return np.zeros(room, EVENT)
