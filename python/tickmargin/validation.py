"""Checks that need the market and the portfolio together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickmargin.errors import Issue
from tickmargin.loading.issues import IssueLog, always, suggest
from tickmargin.loading.specs import KINDS, PAYOFFS
from tickmargin.market import Market
from tickmargin.portfolio import Portfolio

__all__ = ["cross_check"]

_OPTION = KINDS.index("option")
_COIN = PAYOFFS.index("coin")


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
        position), NEGATIVE_FORWARD (an option in use that does not allow Bachelier),
        NOT_POSITIVE (a mark of 0 for a future, perpetual or spot in use).
    warnings : list of Issue
        What makes instruments or accounts undecidable, never an error: MISSING_PRICE, MISSING_VOL,
        MISSING_FORWARD, MISSING_ASSET_PRICE.

    Notes
    -----
    Only instruments with a non-zero position count as in use. A future, perpetual or spot needs
    its own mark; every instrument in use needs its underlying's index price. An option needs the
    forward of exactly its expiry, and a volatility: ``marks.vol_annual``, or a surface of its
    underlying whose first and last expiry enclose it, or, if it allows Bachelier,
    ``marks.vol_normal_annual``, which it must have where the forward is not positive.
    """
    errors, warnings = IssueLog(), IssueLog()
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
            f"{data.names[row]!r} expired at {data.expiry_ns[row]}, before as_of_ns "
            f"{market.as_of_ns}, and still has a position; settle it first",
        ),
    )


def _lookup(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return ``values[rows]``, NaN where the row is -1."""
    return np.append(values, np.nan)[rows]


def _check_prices(
    market: Market, portfolio: Portfolio, rows: _Rows, errors: IssueLog, warnings: IssueLog
) -> None:
    data = portfolio.instruments
    place = ("instruments", "instrument")
    mark = _lookup(market.marks.mark_price, rows.mark)
    marked = rows.use & (data.kind != _OPTION)
    warnings.add_rows(
        "MISSING_PRICE",
        place,
        np.flatnonzero(marked & np.isnan(mark)),
        lambda row: (
            data.names[row],
            f"{KINDS[data.kind[row]]} {data.names[row]!r} has no mark_price in marks",
        ),
    )
    errors.add_rows(
        "NOT_POSITIVE",
        place,
        np.flatnonzero(marked & (mark == 0.0)),
        lambda row: (data.names[row], f"the mark_price of {data.names[row]!r} is 0"),
    )
    index = _lookup(market.underlyings.index_price, rows.underlying)
    no_index = rows.use & (rows.underlying >= 0) & np.isnan(index)
    warnings.add_rows(
        "MISSING_PRICE",
        ("instruments", "underlying"),
        np.flatnonzero(no_index),
        lambda row: (
            data.names[row],
            f"{data.names[row]!r}: underlying "
            f"{portfolio.underlying_names[data.underlying[row]]!r} has no index_price",
        ),
    )


def _forward_of(market: Market, portfolio: Portfolio, rows: _Rows) -> NDArray[np.float64]:
    """Return the forward price of each instrument's underlying and expiry, NaN where absent."""
    data, curve = portfolio.instruments, market.forwards
    index = {
        key: row
        for row, key in enumerate(
            zip(curve.underlying.tolist(), curve.expiry_ns.tolist(), strict=True)
        )
    }
    keys = zip(rows.underlying.tolist(), data.expiry_ns.tolist(), strict=True)
    found = np.fromiter((index.get(key, -1) for key in keys), np.int64, len(data))
    return _lookup(curve.forward_price, found)


def _surface_covers(market: Market, portfolio: Portfolio, rows: _Rows) -> NDArray[np.bool_]:
    """Tell for each instrument whether its underlying's surface encloses its expiry."""
    data, surface = portfolio.instruments, market.surface
    count = len(market.underlyings)
    # the last entry is reached by instruments without an underlying: an empty range
    first = np.full(count + 1, np.iinfo(np.int64).max)
    last = np.full(count + 1, np.iinfo(np.int64).min)
    np.minimum.at(first, surface.underlying, surface.expiry_ns)
    np.maximum.at(last, surface.underlying, surface.expiry_ns)
    covers: NDArray[np.bool_] = (first[rows.underlying] <= data.expiry_ns) & (
        data.expiry_ns <= last[rows.underlying]
    )
    return covers


def _check_options(
    market: Market, portfolio: Portfolio, rows: _Rows, errors: IssueLog, warnings: IssueLog
) -> None:
    data = portfolio.instruments
    place = ("instruments", "instrument")
    option = rows.use & (data.kind == _OPTION)
    bachelier = data.bachelier == 1
    forward = _forward_of(market, portfolio, rows)
    warnings.add_rows(
        "MISSING_FORWARD",
        place,
        np.flatnonzero(option & (rows.underlying >= 0) & np.isnan(forward)),
        lambda row: (
            data.names[row],
            f"option {data.names[row]!r}: no forward for its underlying at expiry_ns "
            f"{data.expiry_ns[row]}",
        ),
    )
    errors.add_rows(
        "NEGATIVE_FORWARD",
        place,
        np.flatnonzero(option & ~bachelier & (forward <= 0)),
        lambda row: (
            data.names[row],
            f"option {data.names[row]!r}: forward {float(forward[row])} is not positive and "
            "bachelier is not set",
        ),
    )
    volatility = _lookup(market.marks.vol_annual, rows.mark)
    normal = _lookup(market.marks.vol_normal_annual, rows.mark)
    lognormal = ~np.isnan(volatility) | _surface_covers(market, portfolio, rows)
    has_volatility = (lognormal & ~(forward <= 0)) | (bachelier & ~np.isnan(normal))
    warnings.add_rows(
        "MISSING_VOL",
        place,
        np.flatnonzero(option & ~has_volatility & ~(~bachelier & (forward <= 0))),
        lambda row: (
            data.names[row],
            f"option {data.names[row]!r} has no volatility in marks and no surface around it",
        ),
    )


def _priced_assets(market: Market) -> NDArray[np.bool_]:
    """Tell which assets have a price, following underlyings and their quote assets."""
    priced = ~np.isnan(market.assets.price)
    source = market.assets.underlying
    has_index = np.append(~np.isnan(market.underlyings.index_price), [False])
    quote = np.append(market.underlyings.quote_asset, [0])
    while True:
        more = priced | (has_index[source] & priced[quote[source]])
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
    priced = np.append(_priced_assets(market), [True])  # unknown assets are errors already
    balances = portfolio.balances
    held = (balances.amount != 0.0) & ~priced[asset[balances.asset]]
    settled = rows.use & ~priced[asset[portfolio.instruments.settlement]]
    quote = np.append(market.underlyings.quote_asset, [-1])[rows.underlying]
    quoted = rows.use & ~priced[quote]

    def describe(key: tuple[str, str]) -> tuple[object, str]:
        name = f"{key[0]}@{key[1]}" if key[1] else key[0]
        return key, f"asset {name!r} has no price"

    for place, wrong, codes in (
        (("balances", "asset"), held, balances.asset),
        (("instruments", "settlement_asset"), settled, portfolio.instruments.settlement),
    ):
        warnings.add_rows(
            "MISSING_ASSET_PRICE",
            place,
            np.flatnonzero(wrong),
            lambda row, codes=codes: describe(portfolio.asset_keys[codes[row]]),  # type: ignore[misc]
        )
    warnings.add_rows(
        "MISSING_ASSET_PRICE",
        ("instruments", "underlying"),
        np.flatnonzero(quoted),
        lambda row: describe(market.assets.keys[quote[row]]),
    )
