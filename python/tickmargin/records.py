"""Records for the live engine: 64 bytes each, built from columns.

Every function takes scalars or arrays, which broadcast, and returns a one-dimensional structured
array of dtype :data:`RECORD`, a row per record; arrays of different builders are put together with
``np.concatenate``. Who and what a record speaks of is a row number (a handle), or a name where
``engine`` is given. Numbers are checked for their type only: what a number may be is the engine's
to say, record by record, as a status.

Parameters that all share
-------------------------
ts_ns : int or array
    When it happened, nanoseconds since 1970 UTC.
engine : Engine, optional
    Whose names are meant. Without it names are refused.

Raises
------
InputTypeError
    Text, bools, None, datetimes or complex numbers where a number is needed; floats for integers.
InvalidInputError
    LENGTH_MISMATCH if shapes do not broadcast; NOT_EXACT if an integer does not fit its field or
    float64.
UnknownNameError
    A name the engine does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tickmargin.errors import InvalidInputError
from tickmargin.loading.specs import KINDS, PAYOFFS
from tickmargin.record_types import Records, flags_of, make, pocket_of, rows_of

if TYPE_CHECKING:
    from tickmargin.live_records import LiveRecords

__all__ = [
    "cancel",
    "chain_halt",
    "clock",
    "deposit",
    "deposit_reversed",
    "depth",
    "fill",
    "forward",
    "index_tick",
    "instrument_expiry",
    "instrument_listing",
    "mark",
    "operator_release",
    "order",
    "policy_epoch",
    "realised_vol",
    "surface_commit",
    "surface_stage",
    "trade_flow",
    "volatility",
    "withdrawal",
]


def index_tick(
    underlying: Any,
    price: Any,
    *,
    seq: Any,
    ts_ns: Any,
    source: Any = 0,
    engine: LiveRecords | None = None,
) -> Records:
    """Prices of an index, in its quote asset, from one of its sources.

    ``source`` is the source's number, or with ``engine`` its name; ``seq`` rises by source.
    """
    subject = rows_of("underlying", underlying, engine)
    if engine is not None and not isinstance(source, int | np.integer):
        source = engine.source_rows(subject, source)
    return make(
        "index_tick", (("price", price),), subject=subject, source=source, sequence=seq, ts_ns=ts_ns
    )


def operator_release(
    underlying: Any,
    price: Any = 0.0,
    *,
    ts_ns: Any,
    source: Any = None,
    volatilities: bool = False,
    engine: LiveRecords | None = None,
) -> Records:
    """An operator takes a price in doubt, or says one; 0 takes the one that waits.

    With ``source`` (a number, or with ``engine`` a name) that source is forgotten instead, with its
    numbering and time stamp, so that it can start again; with ``volatilities`` those in doubt are
    taken. Both go without a price.
    """
    subject = rows_of("underlying", underlying, engine)
    value = (("price", price),)
    if source is None:
        detail = 2 if volatilities else 0
        return make("operator_release", value, subject=subject, detail=detail, ts_ns=ts_ns)
    if volatilities:
        raise InvalidInputError(
            "operator_release: a source or volatilities, not both", code="OUT_OF_RANGE"
        )
    if engine is not None and not isinstance(source, int | np.integer):
        source = engine.source_rows(subject, source)
    return make("operator_release", value, subject=subject, source=source, detail=1, ts_ns=ts_ns)


def forward(
    underlying: Any,
    node: Any,
    price: Any,
    rate_annual: Any = 0.0,
    *,
    ts_ns: Any,
    engine: LiveRecords | None = None,
) -> Records:
    """A node of a forward curve: its row in the market's ``forwards``, price and annual rate."""
    subject = rows_of("underlying", underlying, engine)
    value = (("price", price), ("rate_annual", rate_annual))
    return make("forward", value, subject=subject, detail=node, ts_ns=ts_ns)


def mark(instrument: Any, price: Any, *, ts_ns: Any, engine: LiveRecords | None = None) -> Records:
    """What a perpetual, future or spot instrument is seen at; its basis is an average of these."""
    subject = rows_of("instrument", instrument, engine)
    return make("mark", (("price", price),), subject=subject, ts_ns=ts_ns)


def volatility(
    instrument: Any, vol_annual: Any, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """The mark volatility of one option, a fraction per year^0.5."""
    subject = rows_of("instrument", instrument, engine)
    return make("volatility", (("vol_annual", vol_annual),), subject=subject, ts_ns=ts_ns)


def surface_stage(
    instrument: Any, vol_annual: Any, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """A volatility that waits for its underlying's commit."""
    subject = rows_of("instrument", instrument, engine)
    return make("surface_stage", (("vol_annual", vol_annual),), subject=subject, ts_ns=ts_ns)


def surface_commit(
    underlying: Any, staged: Any, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """All staged volatilities of an underlying at once; ``staged`` is how many there are."""
    subject = rows_of("underlying", underlying, engine)
    return make("surface_commit", subject=subject, detail=staged, ts_ns=ts_ns)


def realised_vol(
    underlying: Any, vol_annual: Any, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """Realised volatility, a fraction per year^0.5; an input of ``dynamic`` policies."""
    subject = rows_of("underlying", underlying, engine)
    return make("realised_vol", (("vol_annual", vol_annual),), subject=subject, ts_ns=ts_ns)


def depth(
    underlying: Any,
    bid_notional: Any,
    ask_notional: Any,
    *,
    ts_ns: Any,
    engine: LiveRecords | None = None,
) -> Records:
    """What rests within 1 % of the mid on either side, numeraire."""
    subject = rows_of("underlying", underlying, engine)
    value = (("bid_notional", bid_notional), ("ask_notional", ask_notional))
    return make("depth", value, subject=subject, ts_ns=ts_ns)


def trade_flow(
    underlying: Any, signed_notional: Any, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """Notional traded, > 0 if a buyer crossed, numeraire."""
    subject = rows_of("underlying", underlying, engine)
    value = (("signed_notional", signed_notional),)
    return make("trade_flow", value, subject=subject, ts_ns=ts_ns)


def fill(
    account: Any,
    instrument: Any,
    quantity: Any,
    price: Any,
    *,
    ts_ns: Any,
    pocket: Any = "cross",
    order: Any = 0,
    number: Any = 0,
    engine: LiveRecords | None = None,
) -> Records:
    """Trades: signed contracts at a price in quote units (coin for a coin-settled option).

    ``order`` is the resting order that was filled, 0 without one. ``number`` rises within the
    account over its fills, orders and withdrawals and keeps each from being taken twice; 0: none.
    """
    value = (("quantity", quantity), ("price", price))
    return make(
        "fill",
        value,
        subject=rows_of("instrument", instrument, engine),
        account=rows_of("account", account, engine),
        pocket=pocket_of(pocket, engine),
        sequence=order,
        detail=number,
        ts_ns=ts_ns,
    )


def order(
    account: Any,
    instrument: Any,
    quantity: Any,
    price: Any,
    *,
    order: Any,
    ts_ns: Any,
    pocket: Any = "cross",
    reduce_only: Any = False,
    number: Any = 0,
    engine: LiveRecords | None = None,
) -> Records:
    """Orders that rest: signed contracts, price, and ``order``, a number > 0 of their own.

    ``number`` is that of a fill.
    """
    value = (("quantity", quantity), ("price", price))
    return make(
        "order",
        value,
        subject=rows_of("instrument", instrument, engine),
        account=rows_of("account", account, engine),
        pocket=pocket_of(pocket, engine),
        flags=flags_of("reduce_only", reduce_only),
        sequence=order,
        detail=number,
        ts_ns=ts_ns,
    )


def cancel(order: Any, *, ts_ns: Any) -> Records:
    """Resting orders that rest no more."""
    return make("cancel", sequence=order, ts_ns=ts_ns)


def _transfer(
    kind: str, whose: tuple[Any, Any, Any], amount: Any, rest: Any, number: Any = 0
) -> Records:
    account, asset, pocket = whose
    transfer, ts_ns, engine = rest
    return make(
        kind,
        (("amount", amount),),
        subject=rows_of("asset", asset, engine),
        account=rows_of("account", account, engine),
        pocket=pocket_of(pocket, engine),
        sequence=transfer,
        detail=number,
        ts_ns=ts_ns,
    )


def deposit(
    account: Any,
    asset: Any,
    amount: Any,
    *,
    transfer: Any,
    ts_ns: Any,
    pocket: Any = "cross",
    engine: LiveRecords | None = None,
) -> Records:
    """Amounts of an asset that came in; ``transfer`` is a number > 0, for its reversal."""
    return _transfer("deposit", (account, asset, pocket), amount, (transfer, ts_ns, engine))


def deposit_reversed(transfer: Any, *, ts_ns: Any) -> Records:
    """Deposits that their chain has taken back."""
    return make("deposit_reversed", sequence=transfer, ts_ns=ts_ns)


def withdrawal(
    account: Any,
    asset: Any,
    amount: Any,
    *,
    ts_ns: Any,
    transfer: Any = 0,
    pocket: Any = "cross",
    number: Any = 0,
    engine: LiveRecords | None = None,
) -> Records:
    """Amounts of an asset to go out, if initial margin allows; ``number`` is that of a fill."""
    rest = (transfer, ts_ns, engine)
    return _transfer("withdrawal", (account, asset, pocket), amount, rest, number)


def chain_halt(
    chain: Any, *, ts_ns: Any, halted: Any = True, engine: LiveRecords | None = None
) -> Records:
    """A chain stops, or with ``halted=False`` goes on; handles are its place by name."""
    subject = rows_of("chain", chain, engine)
    return make("chain_halt", subject=subject, flags=flags_of("halted", halted), ts_ns=ts_ns)


def policy_epoch(epoch: Any, *, ts_ns: Any, rollback: Any = False) -> Records:
    """Staged policies come into force, or those before it again."""
    return make("policy_epoch", sequence=epoch, flags=flags_of("rollback", rollback), ts_ns=ts_ns)


def clock(ts_ns: Any) -> Records:
    """Time as such: valuation time, staleness, finality and settlement follow it."""
    return make("clock", ts_ns=ts_ns)


def instrument_listing(
    instrument: str | int,
    *,
    kind: str,
    underlying: Any,
    settlement_asset: Any,
    payoff: str,
    multiplier: float,
    ts_ns: int,
    strike: float = 0.0,
    expiry_ns: int = 0,
    option_type: str | None = None,
    bachelier: bool = False,
    vol_annual: float | None = None,
    mark_price: float | None = None,
    engine: LiveRecords | None = None,
) -> Records:
    """One new instrument, in the words of the ``instruments`` table.

    ``instrument`` is the next row, or with ``engine`` a new name, which gets it.
    """
    if kind not in KINDS or payoff not in PAYOFFS:
        told = f"kind is one of {', '.join(KINDS)} and payoff one of {', '.join(PAYOFFS)}"
        raise InvalidInputError(told, code="UNKNOWN_WORD")
    if option_type not in (None, "call", "put"):
        raise InvalidInputError("option_type is call or put", code="UNKNOWN_WORD")
    if engine is not None and isinstance(instrument, str):
        row = engine.names.add("instrument", instrument, kind)
    else:
        row = int(rows_of("instrument", instrument, None))
    packed = KINDS.index(kind) | PAYOFFS.index(payoff) << 8
    packed |= (option_type == "call") << 16 | bool(bachelier) << 24
    seen = vol_annual if kind == "option" else mark_price
    value = (
        ("multiplier", multiplier),
        ("strike", strike),
        ("vol_annual or mark_price", np.nan if seen is None else seen),
    )
    return make(
        "instrument_listing",
        value,
        subject=np.array(row, np.int32),
        account=rows_of("underlying", underlying, engine),
        pocket=rows_of("asset", settlement_asset, engine),
        sequence=expiry_ns,
        detail=packed,
        ts_ns=ts_ns,
    )


def instrument_expiry(
    instrument: Any, price: Any = 0.0, *, ts_ns: Any, engine: LiveRecords | None = None
) -> Records:
    """An instrument settles, at a price or at 0: the average of its index over the window."""
    subject = rows_of("instrument", instrument, engine)
    return make("instrument_expiry", (("price", price),), subject=subject, ts_ns=ts_ns)
