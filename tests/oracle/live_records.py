"""The live engine's records and answers as plain tuples, from `records.hpp` and its page.

64 bytes on the wire; here only names. `USED` is the page's table of fields: all others are zero.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import NamedTuple

TYPES = (
    "none",
    "index_tick",
    "forward",
    "mark",
    "volatility",
    "surface_stage",
    "surface_commit",
    "realised_vol",
    "depth",
    "trade_flow",
    "fill",
    "order",
    "cancel",
    "deposit",
    "deposit_reversed",
    "withdrawal",
    "chain_halt",
    "policy_epoch",
    "clock",
    "instrument_listing",
    "instrument_expiry",
    "operator_release",
)
# In the order of precedence.
STATUSES = (
    "ok",
    "unknown_type",
    "reserved_not_zero",
    "unknown_underlying",
    "unknown_instrument",
    "unknown_account",
    "unknown_asset",
    "unknown_source",
    "unknown_node",
    "unknown_order",
    "unknown_transfer",
    "unknown_chain",
    "unknown_epoch",
    "not_finite",
    "not_positive",
    "out_of_range",
    "time_reversed",
    "out_of_order",
    "duplicate",
    "conflicting",
    "expired",
    "not_expired",
    "chain_halted",
    "margin_refused",
    "blocked",
    "capacity",
    "ring_full",
    "not_durable",
    "quarantined",
)
TAKEN = ("ok", "quarantined")
EVENTS = (
    "none",
    "account",
    "mark_state",
    "epoch",
    "settlement",
    "escalation",
    "chain",
    "vol_state",
)
MARK_STATES = ("ready", "degraded", "quarantined", "unusable")

LAYOUT = struct.Struct("<HHiqQiiiI3d")


class Record(NamedTuple):
    """One record, in the order of its bytes."""

    type: int
    source: int = 0
    subject: int = 0
    ts_ns: int = 0
    sequence: int = 0
    account: int = 0
    pocket: int = 0
    detail: int = 0
    flags: int = 0
    value: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def kind(self) -> str:
        """The name of the type; "none" for what is no type."""
        return TYPES[self.type] if self.type < len(TYPES) else "none"

    def pack(self) -> bytes:
        """The 64 bytes."""
        return LAYOUT.pack(*self[:9], *self.value)


def record(kind: str, subject: int = 0, ts_ns: int = 0, *value: float, **fields: int) -> Record:
    """A record by the name of its type."""
    numbers = (*value, *(0.0,) * (3 - len(value)))
    return Record(TYPES.index(kind), subject=subject, ts_ns=ts_ns, value=numbers, **fields)


HOLDER = ("account", "pocket")
# By type: the fields it uses beside `ts_ns`, and how many of the three values.
USED: dict[str, tuple[tuple[str, ...], int]] = {
    "index_tick": (("subject", "source", "sequence"), 1),
    "operator_release": (("subject", "source", "detail"), 1),
    "forward": (("subject", "detail"), 2),
    "mark": (("subject",), 1),
    "volatility": (("subject",), 1),
    "surface_stage": (("subject",), 1),
    "surface_commit": (("subject", "detail"), 0),
    "realised_vol": (("subject",), 1),
    "depth": (("subject",), 2),
    "trade_flow": (("subject",), 1),
    "fill": (("subject", *HOLDER, "sequence", "detail"), 2),
    "order": (("subject", *HOLDER, "sequence", "detail", "flags"), 2),
    "cancel": (("sequence",), 0),
    "deposit": (("subject", *HOLDER, "sequence"), 1),
    "deposit_reversed": (("sequence",), 0),
    "withdrawal": (("subject", *HOLDER, "sequence", "detail"), 1),
    "chain_halt": (("subject", "flags"), 0),
    "policy_epoch": (("sequence", "flags"), 1),
    "clock": ((), 0),
    "instrument_listing": (("subject", *HOLDER, "sequence", "detail"), 3),
    "instrument_expiry": (("subject",), 1),
}
FIELDS = ("source", "subject", "sequence", "account", "pocket", "detail", "flags")


def reserved_is_zero(r: Record) -> bool:
    """Whether everything the type does not use is zero."""
    names, values = USED[r.kind]
    if any(getattr(r, name) != 0 for name in FIELDS if name not in names):
        return False
    if r.flags > 1:
        return False
    if r.kind == "operator_release":
        priced, of_source = r.detail == 0, r.detail == 1
        if (r.source != 0 and not of_source) or (r.value[0] != 0 and not priced):
            return False
    return all(v == 0 and math.copysign(1.0, v) > 0 for v in r.value[values:])


@dataclass(frozen=True)
class Event:
    """What an event says; amounts of an account are kept beside it."""

    type: str
    account: int = -1
    before: str = "none"
    after: str = "none"
    status: str = "ok"
    subject: int = -1
    breach: bool = False
    blocked: bool = False

    def key(self) -> tuple[object, ...]:
        """All that is equal exactly; a breach may be a rounding away from another's."""
        return (
            self.type,
            self.account,
            self.before,
            self.after,
            self.status,
            self.subject,
            (self.blocked),
        )
