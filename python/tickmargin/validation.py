"""Checks that need the market and the portfolio together."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import InputTypeError, InvalidInputError, Issue
from tickmargin.loading.issues import IssueLog, always, suggest
from tickmargin.loading.specs import KINDS, PAYOFFS
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio
from tickmargin.table import show_time, unit_of_time

__all__ = ["check_arguments", "cross_check"]

_DECIMALS_MAX = 15

_FUTURE, _PERPETUAL, _OPTION = (KINDS.index(k) for k in ("future", "perpetual", "option"))
_PLACE = ("instruments", "instrument")
_IN_COIN = tuple(PAYOFFS.index(payoff) for payoff in ("inverse", "coin"))


def check_arguments(market: object, portfolio: object, numeraire_decimals: object) -> None:
    """Refuse what an engine cannot be made of.

    Raises
    ------
    InputTypeError
    InvalidInputError
        INVALID_ARGUMENT: decimals outside 0 .. 15.
    """
    if not isinstance(market, Market):
        raise InputTypeError(f"market: got {type(market).__name__}; expected tickmargin.Market")
    if not isinstance(portfolio, Portfolio):
        kind = type(portfolio).__name__
        raise InputTypeError(f"portfolio: got {kind}; expected tickmargin.Portfolio")
    if isinstance(numeraire_decimals, bool) or not isinstance(numeraire_decimals, int):
        kind = type(numeraire_decimals).__name__
        raise InputTypeError(f"numeraire_decimals: got {kind}; expected int")
    if not 0 <= numeraire_decimals <= _DECIMALS_MAX:
        raise InvalidInputError(
            f"numeraire_decimals must be in 0 .. {_DECIMALS_MAX}, was {numeraire_decimals}",
            code="INVALID_ARGUMENT",
        )


def cross_check(market: Market, portfolio: Portfolio) -> tuple[list[Issue], list[Issue]]:
    """Compare a portfolio with a market.

    Parameters
    ----------
    market : Market
    portfolio : Portfolio

    Returns
    -------
    issues : list of Issue
        Errors, on which an engine must refuse the pair: UNKNOWN_UNDERLYING and UNKNOWN_ASSET (of
        any instrument or balance), EXPIRED_INSTRUMENT (``expiry_ns < as_of_ns`` with a non-zero
        position), SETTLEMENT_MISMATCH (a coin pay-off in use whose settlement asset does not follow
        its index, or a linear option whose asset does),
        NEGATIVE_FORWARD (an option in use that does not allow Bachelier),
        NOT_POSITIVE (a mark of 0 for a future, perpetual or spot in use).
    warnings : list of Issue
        What makes instruments or accounts undecidable, never an error: MISSING_PRICE, MISSING_VOL,
        MISSING_FORWARD, MISSING_ASSET_PRICE.

    Notes
    -----
    Only instruments with a non-zero position count as in use. Each needs its underlying's index
    price, and a perpetual its own mark; a future without a mark is valued at the forward, a spot
    instrument without one at the index. Where no forward stands at an expiry it is taken from
    those of the same underlying, so MISSING_FORWARD means that there is none at all, or that one
    of them is not positive, through which nothing is interpolated. An option needs a volatility:
    ``marks.vol_annual`` or any surface of its underlying; where the forward is not positive and
    the option allows Bachelier, ``marks.vol_normal_annual``.
    """
    errors, warnings = IssueLog(), IssueLog()
    for log in (errors, warnings):
        log.register("instruments")
        log.register("balances")
    underlying = _match_names(portfolio.underlying_names, market.underlyings.names.tolist())
    asset = _match_assets(market, portfolio)
    _check_known(market, portfolio, underlying, asset, errors)
    use = _in_use(portfolio)
    _check_expiries(market, portfolio, use, errors)
    rows = _Rows(
        underlying=underlying[portfolio.instruments.underlying],
        mark=_mark_rows(market, portfolio),
        use=use,
    )
    _check_settlement(market, portfolio, rows, asset, errors)
    _check_prices(market, portfolio, rows, errors, warnings)
    _check_options(market, portfolio, rows, errors, warnings)
    _check_asset_prices(market, portfolio, rows, asset, warnings)
    return errors.issues(), warnings.issues()


class _Rows(NamedTuple):
    """Per instrument: its row in the market's underlyings and marks (-1 none); in use or not."""

    underlying: NDArray[np.int64]
    mark: NDArray[np.int64]
    use: NDArray[np.bool_]


def _match_names(names: tuple[str, ...], known: list[str]) -> NDArray[np.int64]:
    index = {name: row for row, name in enumerate(known)}
    return np.array([index.get(name, -1) for name in names], np.int64)


def _match_assets(market: Market, portfolio: Portfolio) -> NDArray[np.int64]:
    index = {key: row for row, key in enumerate(market.assets.keys)}
    return np.array([index.get(key, -1) for key in portfolio.asset_keys], np.int64)


def _mark_rows(market: Market, portfolio: Portfolio) -> NDArray[np.int64]:
    index = {name: row for row, name in enumerate(market.marks.names.tolist())}
    names = portfolio.instruments.names.tolist()
    return np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))


def _in_use(portfolio: Portfolio) -> NDArray[np.bool_]:
    use = np.zeros(len(portfolio.instruments), dtype=bool)
    use[portfolio.positions.instrument[portfolio.positions.quantity != 0.0]] = True
    return use


def _check_known(
    market: Market,
    portfolio: Portfolio,
    underlying: NDArray[np.int64],
    asset: NDArray[np.int64],
    errors: IssueLog,
) -> None:
    place = ("instruments", "underlying")
    known = market.underlyings.names.tolist()
    for code in np.flatnonzero(underlying < 0).tolist():
        name = portfolio.underlying_names[code]
        message = f"underlying {name!r} is not in the market{suggest(name, known)}"
        rows = np.flatnonzero(portfolio.instruments.underlying == code)
        errors.add_rows("UNKNOWN_UNDERLYING", place, rows, always(name, message))
    shown = [f"{symbol}@{chain}" if chain else symbol for symbol, chain in market.assets.keys]
    for code in np.flatnonzero(asset < 0).tolist():
        key = portfolio.asset_keys[code]
        name = f"{key[0]}@{key[1]}" if key[1] else key[0]
        message = f"asset {name!r} is not in the market{suggest(name, shown)}"
        for table, column, codes in (
            ("instruments", "settlement_asset", portfolio.instruments.settlement),
            ("balances", "asset", portfolio.balances.asset),
        ):
            rows = np.flatnonzero(codes == code)
            errors.add_rows("UNKNOWN_ASSET", (table, column), rows, always(key, message))


def _unit(expiry_ns: np.int64) -> str:
    return unit_of_time(int(expiry_ns), "expiry_ns")


def _check_expiries(
    market: Market, portfolio: Portfolio, use: NDArray[np.bool_], errors: IssueLog
) -> None:
    data = portfolio.instruments
    expired = use & (data.expiry_ns != 0) & (data.expiry_ns < market.as_of_ns)
    errors.add_rows(
        "EXPIRED_INSTRUMENT",
        ("instruments", "expiry_ns"),
        np.flatnonzero(expired),
        lambda row: (
            int(data.expiry_ns[row]),
            f"{data.names[row]!r} expired at {data.expiry_ns[row]} "
            f"({show_time(data.expiry_ns[row])}), before as_of_ns {market.as_of_ns} "
            f"({show_time(market.as_of_ns)}), and still has a position; "
            + (_unit(data.expiry_ns[row])[2:] or "settle it first"),
        ),
    )


def _check_settlement(
    market: Market,
    portfolio: Portfolio,
    rows: _Rows,
    asset: NDArray[np.int64],
    errors: IssueLog,
) -> None:
    """A coin pay-off is worth coin x index: its coin must move with that index."""
    data = portfolio.instruments
    settlement = asset[data.settlement]
    linked = np.append(market.assets.underlying, -1)[settlement]
    follows = (linked >= 0) & (linked == rows.underlying)
    in_coin = np.isin(data.payoff, _IN_COIN)
    known = (settlement >= 0) & (rows.underlying >= 0)
    place = ("instruments", "settlement_asset")

    def message(row: int) -> tuple[str, str]:
        symbol = portfolio.asset_keys[data.settlement[row]][0]
        name = portfolio.underlying_names[data.underlying[row]]
        if not in_coin[row]:
            said = f"a linear option on {name!r} settles in {symbol!r}, which follows its index"
        else:
            said = (
                f"a coin pay-off on {name!r} settles in {symbol!r}, which does not follow its "
                f"index; set the asset's `underlying` to {name!r}"
            )
        return symbol, said

    errors.add_rows(
        "SETTLEMENT_MISMATCH", place, np.flatnonzero(rows.use & known & in_coin & ~follows), message
    )
    linear_option = (data.kind == KINDS.index("option")) & ~in_coin
    errors.add_rows(
        "SETTLEMENT_MISMATCH",
        place,
        np.flatnonzero(rows.use & known & linear_option & follows),
        message,
    )


def _lookup(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ``values[rows]``, NaN where the row is -1."""
    return np.append(values, np.nan)[rows]


def _check_prices(
    market: Market, portfolio: Portfolio, rows: _Rows, errors: IssueLog, warnings: IssueLog
) -> None:
    data = portfolio.instruments
    mark = _lookup(market.marks.mark_price, rows.mark)
    warnings.add_rows(
        "MISSING_PRICE",
        _PLACE,
        np.flatnonzero(
            rows.use & (data.kind == _PERPETUAL) & (data.tracks_index == 0) & np.isnan(mark)
        ),
        lambda row: (
            data.names[row],
            f"perpetual {data.names[row]!r} has no mark_price in marks",
        ),
    )
    errors.add_rows(
        "NOT_POSITIVE",
        _PLACE,
        np.flatnonzero(rows.use & (data.kind != _OPTION) & (mark == 0.0)),
        lambda row: (data.names[row], f"the mark_price of {data.names[row]!r} is 0"),
    )
    index = _lookup(market.underlyings.index_price, rows.underlying)
    warnings.add_rows(
        "MISSING_PRICE",
        ("instruments", "underlying"),
        np.flatnonzero(rows.use & (rows.underlying >= 0) & np.isnan(index)),
        lambda row: (
            data.names[row],
            f"{data.names[row]!r}: underlying "
            f"{portfolio.underlying_names[data.underlying[row]]!r} has no index_price",
        ),
    )


class _Curve(NamedTuple):
    """Per instrument: the forward at exactly its expiry (NaN: none), and can one be had at all."""

    forward: NDArray[np.float64]
    known: NDArray[np.bool_]


def _curve(market: Market, portfolio: Portfolio, rows: _Rows) -> _Curve:
    data, nodes = portfolio.instruments, market.forwards
    index = {
        key: row
        for row, key in enumerate(
            zip(nodes.underlying.tolist(), nodes.expiry_ns.tolist(), strict=True)
        )
    }
    keys = zip(rows.underlying.tolist(), data.expiry_ns.tolist(), strict=True)
    exact = np.fromiter((index.get(key, -1) for key in keys), np.int64, len(data))
    forward = _lookup(nodes.forward_price, exact)
    # the last entry is reached by instruments whose underlying the market does not have
    lowest = np.full(len(market.underlyings) + 1, np.inf)
    np.minimum.at(lowest, nodes.underlying, nodes.forward_price)
    usable = (lowest > 0) & (lowest < np.inf)
    return _Curve(forward, usable[rows.underlying] | ~np.isnan(forward))


def _check_options(
    market: Market, portfolio: Portfolio, rows: _Rows, errors: IssueLog, warnings: IssueLog
) -> None:
    data = portfolio.instruments
    option = rows.use & (data.kind == _OPTION)
    bachelier = data.bachelier == 1
    everlasting = option & ~np.isnan(data.funding_period_days)
    curve = _curve(market, portfolio, rows)
    unmarked = np.isnan(_lookup(market.marks.mark_price, rows.mark))
    needs_forward = (option & ~everlasting) | (rows.use & (data.kind == _FUTURE) & unmarked)
    warnings.add_rows(
        "MISSING_FORWARD",
        _PLACE,
        np.flatnonzero(needs_forward & (rows.underlying >= 0) & ~curve.known),
        lambda row: (
            data.names[row],
            f"{KINDS[data.kind[row]]} {data.names[row]!r}: no forward of its underlying for "
            f"expiry_ns {data.expiry_ns[row]} ({show_time(data.expiry_ns[row])})"
            + _unit(data.expiry_ns[row]),
        ),
    )
    negative = curve.forward <= 0
    errors.add_rows(
        "NEGATIVE_FORWARD",
        _PLACE,
        np.flatnonzero(option & ~bachelier & negative),
        lambda row: (
            data.names[row],
            f"option {data.names[row]!r}: forward {float(curve.forward[row])} is not positive "
            "and bachelier is not set",
        ),
    )
    volatility = _lookup(market.marks.vol_annual, rows.mark)
    normal = _lookup(market.marks.vol_normal_annual, rows.mark)
    has_surface = np.zeros(len(market.underlyings) + 1, dtype=bool)
    has_surface[market.surface.underlying] = True
    # a surface ends at its last expiry
    lognormal = ~np.isnan(volatility) | (has_surface[rows.underlying] & ~everlasting)
    covered = np.where(negative, ~bachelier | ~np.isnan(normal), lognormal)
    warnings.add_rows(
        "MISSING_VOL",
        _PLACE,
        np.flatnonzero(option & (rows.underlying >= 0) & ~covered),
        lambda row: (
            data.names[row],
            f"option {data.names[row]!r} has no "
            f"{'vol_normal_annual' if negative[row] else 'vol_annual'} in marks"
            f"{'' if negative[row] or everlasting[row] else ' and its underlying no surface'}",
        ),
    )


def priced_assets(market: Market) -> NDArray[np.bool_]:
    """Tell which assets have a price, following underlyings and their quote assets."""
    source = market.assets.underlying
    priced = ~np.isnan(market.assets.price) & (source < 0)
    has_index = np.append(~np.isnan(market.underlyings.index_price), [False])
    quote = np.append(market.underlyings.quote_asset, [0])
    while True:
        more = priced | ((source >= 0) & has_index[source] & priced[quote[source]])
        if (more == priced).all():
            return priced
        priced = more


def _check_asset_prices(
    market: Market,
    portfolio: Portfolio,
    rows: _Rows,
    asset: NDArray[np.int64],
    warnings: IssueLog,
) -> None:
    priced = np.append(priced_assets(market), [True])  # unknown assets are errors already
    balances = portfolio.balances
    held = (balances.amount != 0.0) & ~priced[asset[balances.asset]]
    settled = rows.use & ~priced[asset[portfolio.instruments.settlement]]
    quote = np.append(market.underlyings.quote_asset, [-1])[rows.underlying]
    quoted = rows.use & ~priced[quote]

    mine, theirs = portfolio.asset_keys, market.assets.keys
    settlement = portfolio.instruments.settlement
    _warn_unpriced(warnings, ("instruments", "underlying"), quoted, lambda row: theirs[quote[row]])
    place = ("instruments", "settlement_asset")
    _warn_unpriced(warnings, place, settled, lambda row: mine[settlement[row]])
    _warn_unpriced(warnings, ("balances", "asset"), held, lambda row: mine[balances.asset[row]])


def _warn_unpriced(
    warnings: IssueLog,
    place: tuple[str, str],
    wrong: NDArray[np.bool_],
    key_of: Callable[[int], tuple[str, str]],
) -> None:
    def describe(row: int) -> tuple[object, str]:
        symbol, chain = key_of(row)
        name = f"{symbol}@{chain}" if chain else symbol
        return (symbol, chain), f"asset {name!r} has no price"

    warnings.add_rows("MISSING_ASSET_PRICE", place, np.flatnonzero(wrong), describe)
