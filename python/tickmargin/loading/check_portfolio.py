"""What a portfolio's tables must mean, each and together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.column import Coded
from tickmargin.loading.components import BasketRows, check_components, check_held
from tickmargin.loading.issues import IssueLog, always
from tickmargin.loading.keys import CROSS, check_unique_ids, refer, repeated_rows
from tickmargin.loading.read import TableData
from tickmargin.loading.specs import KINDS, OPTION_TYPES, PAYOFFS, SIDES

__all__ = ["References", "check_portfolio"]

_SPOT, _FUTURE, _PERPETUAL, _OPTION = range(4)
_LINEAR, _INVERSE, _QUANTO, _COIN = range(4)
_ALLOWED = {
    _SPOT: (_LINEAR,),
    _FUTURE: (_LINEAR, _INVERSE, _QUANTO),
    _PERPETUAL: (_LINEAR, _INVERSE, _QUANTO),
    _OPTION: (_LINEAR, _COIN),
}
References = dict[str, NDArray[np.int32]]


def check_portfolio(
    tables: dict[str, TableData | None], log: IssueLog
) -> tuple[References, BasketRows | None]:
    """Report everything that is wrong between cells, rows and tables.

    Returns
    -------
    dict of str to ndarray of int32
        Rows of the tables referred to: ``positions.account`` and so on; baskets are rows after
        the instruments.
    BasketRows or None
    """
    instruments, accounts = tables["instruments"], tables["accounts"]
    positions, balances = tables["positions"], tables["balances"]
    if instruments is not None:
        check_unique_ids(instruments, "instrument", log)
        _check_instruments(instruments, log)
    baskets = check_components(tables["components"], instruments, log)
    if accounts is not None:
        check_unique_ids(accounts, "account", log)
    found: References = {}
    for name, table in (("positions", positions), ("balances", balances)):
        if table is not None and accounts is not None and accounts.ok("account"):
            target = accounts.text("account")
            found[f"{name}.account"] = refer(table, "account", target, "UNKNOWN_ACCOUNT", log)
    if positions is not None:
        if instruments is not None and instruments.ok("instrument"):
            target = _with_baskets(instruments.text("instrument"), tables["components"])
            rows = refer(positions, "instrument", target, "UNKNOWN_INSTRUMENT", log)
            found["positions.instrument"] = rows
            _check_entries(positions, instruments, rows, baskets, log)
            if baskets is not None and positions.ok("quantity", "entry_price"):
                check_held(positions, rows, instruments, baskets, log)
        _check_sides(positions, log)
        _check_position_keys(positions, log)
    if balances is not None:
        _check_balance_keys(balances, log)
    return found, baskets


def _with_baskets(instruments: Coded, components: TableData | None) -> Coded:
    """The names that positions may have: of instruments, and after them of baskets."""
    if components is None or not components.ok("basket"):
        return instruments
    taken = {name: code for code, name in enumerate(instruments.names.tolist())}
    names, codes = list(taken), []
    for name in components.text("basket").names.tolist():
        if name in taken:
            codes.append(-1)  # reported as a name of both
            continue
        codes.append(len(names))
        names.append(name)
    every = np.array([*names, None], dtype=object)[:-1]
    return Coded(np.append(instruments.codes, np.array(codes, np.int32)), every)


def _check_instruments(data: TableData, log: IssueLog) -> None:
    if not data.ok("kind"):
        return
    kind = data.numbers("kind", -2, np.int8)
    if data.ok("payoff"):
        _check_payoffs(data, kind, log)
    option = kind == _OPTION
    strike = data.numbers("strike", np.nan, float)
    expiry = data.numbers("expiry_ns", 0, np.int64)
    option_type = data.numbers("option_type", -1, np.int8)
    bachelier = data.numbers("bachelier", False, bool)
    everlasting = option & ~np.isnan(data.numbers("funding_period_days", np.nan, float))
    dated = ((kind == _FUTURE) | option) & ~everlasting
    undated = (kind == _SPOT) | (kind == _PERPETUAL)
    plain = undated | (kind == _FUTURE)
    no_strike = option & np.isnan(strike)
    _need(data, "strike", no_strike, ("MISSING_STRIKE", "an option needs a strike"), log)
    no_expiry = dated & (expiry == 0)
    message = "a future or an option needs an expiry, an everlasting option a funding_period_days"
    _need(data, "expiry_ns", no_expiry, ("MISSING_EXPIRY", message), log)
    no_type = option & (option_type == -1)
    message = "an option needs an option_type, call or put"
    _need(data, "option_type", no_type, ("MISSING_OPTION_TYPE", message), log)
    _refuse(data, "expiry_ns", undated & (expiry != 0), "spot and perpetuals have no expiry", log)
    _check_funding(data, option, log)
    _refuse(data, "strike", plain & ~np.isnan(strike), "only options have a strike", log)
    _refuse(data, "option_type", plain & (option_type >= 0), "only options are call or put", log)
    coin = option & (data.numbers("payoff", _LINEAR, np.int8) > _LINEAR)
    message = "only linear options can be priced by Bachelier"
    _refuse(data, "bachelier", bachelier & (plain | coin), message, log)
    wrong = np.flatnonzero(option & ~bachelier & (strike <= 0))
    log.add_rows(
        "NOT_POSITIVE",
        (data.file, "strike"),
        wrong,
        lambda row: (
            float(strike[row]),
            f"strike must be greater than 0 unless bachelier is true, got {float(strike[row])}",
        ),
    )


def _check_funding(data: TableData, option: NDArray[np.bool_], log: IssueLog) -> None:
    """An everlasting option is an option held to its pay-off by funding instead of an expiry."""
    days = data.numbers("funding_period_days", np.nan, float)
    rate = np.nan_to_num(data.numbers("funding_rate_annual", 0.0, float))
    given = ~np.isnan(days)
    message = "only options have a funding period: perpetual futures need none"
    _refuse(data, "funding_period_days", given & ~option, message, log)
    everlasting = given & option
    message = "an option with a funding_period_days never expires"
    expiry = data.numbers("expiry_ns", 0, np.int64)
    _refuse(data, "expiry_ns", everlasting & (expiry != 0), message, log)
    message = "an everlasting option is priced on its index, which is positive"
    bachelier = data.numbers("bachelier", False, bool)
    _refuse(data, "bachelier", everlasting & bachelier, message, log)
    message = "an everlasting option must have payoff linear"
    coin = data.numbers("payoff", _LINEAR, np.int8) > _LINEAR
    _refuse(data, "payoff", everlasting & coin, message, log)
    message = "only an option with a funding_period_days has a rate of its own"
    _refuse(data, "funding_rate_annual", ~given & (rate != 0.0), message, log)
    message = "funding_rate_annual x funding_period_days / 365 must be greater than -1"
    _refuse(data, "funding_rate_annual", everlasting & (rate * days / 365.0 <= -1.0), message, log)


def _check_payoffs(data: TableData, kind: NDArray[Any], log: IssueLog) -> None:
    payoff = data.numbers("payoff", -2, np.int8)
    wrong = np.zeros(data.rows, dtype=bool)
    for code, allowed in _ALLOWED.items():
        wrong |= (kind == code) & (payoff >= 0) & ~np.isin(payoff, allowed)

    def describe(row: int) -> tuple[object, str]:
        words = ", ".join(PAYOFFS[code] for code in _ALLOWED[int(kind[row])])
        got = PAYOFFS[payoff[row]]
        return got, f"{KINDS[kind[row]]} cannot have payoff {got!r}, only {words}"

    log.add_rows("INVALID_PAYOFF", (data.file, "payoff"), np.flatnonzero(wrong), describe)


def _need(
    data: TableData,
    column: str,
    missing: NDArray[np.bool_],
    problem: tuple[str, str],
    log: IssueLog,
) -> None:
    """Report rows that lack a value; one issue when the whole column is absent."""
    missing = data.judged(column, missing)
    if not data.ok(column) or not missing.any():
        return
    code, message = problem
    if column in data.columns:
        rows = np.flatnonzero(missing)
        log.add_rows(code, (data.file, column), rows, always(None, message))
        return
    count = int(missing.sum())
    message = f"column {column!r} is missing: {message} ({count:,} rows)"
    log.add("MISSING_COLUMN", data.file, message, value=column)


def _refuse(
    data: TableData, column: str, wrong: NDArray[np.bool_], message: str, log: IssueLog
) -> None:
    if data.ok(column):

        def describe(row: int) -> tuple[object, str]:
            value = data.columns[column][row].item()
            words = {"option_type": OPTION_TYPES, "payoff": PAYOFFS}.get(column)
            return words[value] if words else value, message

        rows = np.flatnonzero(data.judged(column, wrong))
        log.add_rows("UNEXPECTED_VALUE", (data.file, column), rows, describe)


def _check_entries(
    positions: TableData,
    instruments: TableData,
    rows: NDArray[np.int32],
    baskets: BasketRows | None,
    log: IssueLog,
) -> None:
    if not instruments.ok("kind") or not positions.ok("entry_price"):
        return
    kind = instruments.numbers("kind", -2, np.int8)
    margined = (kind == _FUTURE) | (kind == _PERPETUAL)
    listed = rows < instruments.rows
    entries = margined if baskets is None else np.append(margined, baskets.margined)
    if rows.size and int(rows.max()) >= len(entries):
        return  # a basket with a fault of its own
    needs = np.append(entries, [False, False])[rows]
    entry = positions.numbers("entry_price", np.nan, float)
    message = "a future, perpetual or basket position needs an entry_price"
    missing = needs & np.isnan(entry)
    _need(positions, "entry_price", missing, ("MISSING_ENTRY_PRICE", message), log)
    log.add_rows(
        "NOT_POSITIVE",
        (positions.file, "entry_price"),
        np.flatnonzero(needs & listed & (entry <= 0)),
        lambda row: (
            float(entry[row]),
            f"entry_price must be greater than 0, got {float(entry[row])}",
        ),
    )


def _check_sides(positions: TableData, log: IssueLog) -> None:
    if "side" not in positions.columns or not positions.ok("quantity"):
        return
    quantity = positions.columns["quantity"]
    wrong = np.flatnonzero((positions.columns["side"] >= 0) & (quantity < 0))
    log.add_rows(
        "NEGATIVE_VALUE",
        (positions.file, "quantity"),
        wrong,
        lambda row: (
            float(quantity[row]),
            f"quantity must be at least 0 where side is given, got {float(quantity[row])}",
        ),
    )


def _check_position_keys(data: TableData, log: IssueLog) -> None:
    if not data.ok("account", "pocket", "instrument", "side"):
        return
    account, instrument = data.text("account"), data.text("instrument")
    pocket = data.text("pocket", CROSS)
    side = data.numbers("side", -1, np.int8)
    # null (-1) is a side of its own, a refused word (-2) is not looked at
    parts: list[NDArray[Any]] = [account.codes, pocket.codes, instrument.codes, side + np.int8(1)]
    sizes = [len(account.names), len(pocket.names), len(instrument.names), len(SIDES) + 1]

    def describe(row: int) -> tuple[object, str]:
        value = (
            account.names[account.codes[row]],
            pocket.names[pocket.codes[row]],
            instrument.names[instrument.codes[row]],
            (*SIDES, None)[side[row]],
        )
        return value, f"{value} is already in an earlier row"

    rows = repeated_rows(parts, sizes)
    log.add_rows("DUPLICATE_POSITION", (data.file, None), rows, describe)


def _check_balance_keys(data: TableData, log: IssueLog) -> None:
    if not data.ok("account", "pocket", "asset", "chain"):
        return
    columns: list[Coded] = [
        data.text("account"),
        data.text("pocket", CROSS),
        data.text("asset"),
        data.text("chain", ""),
    ]

    def describe(row: int) -> tuple[object, str]:
        value = tuple(coded.names[coded.codes[row]] for coded in columns)
        return value, f"{value} is already in an earlier row"

    parts: list[NDArray[Any]] = [coded.codes for coded in columns]
    rows = repeated_rows(parts, [len(coded.names) for coded in columns])
    log.add_rows("DUPLICATE_BALANCE", (data.file, None), rows, describe)
