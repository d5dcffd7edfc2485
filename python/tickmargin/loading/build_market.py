"""What a market's tables must mean, and the plain columns they become."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickmargin.loading.columns import Assets, Forwards, Marks, Surface, Underlyings
from tickmargin.loading.issues import IssueLog, always, suggest
from tickmargin.loading.keys import (
    asset_pairs,
    check_unique_ids,
    freeze,
    names_of,
    refer,
    repeated_rows,
)
from tickmargin.loading.read import TableData

__all__ = ["asset_key", "check_market", "market_parts"]

AssetKey = tuple[str, str]
References = dict[str, NDArray[Any]]


def asset_key(name: str) -> AssetKey:
    """Read ``USDC`` or ``USDC@ethereum`` as (symbol, chain)."""
    symbol, _, chain = name.partition("@")
    return symbol, chain


def check_market(tables: dict[str, TableData | None], numeraire: str, log: IssueLog) -> References:
    """Report everything that is wrong between cells, rows and tables.

    Returns
    -------
    dict of str to ndarray
        ``assets.underlying``, ``forwards.underlying``, ``surface.underlying``: rows of
        underlyings, negative for none; ``underlyings.quote_asset``: asset keys (objects).
    """
    assets, underlyings = tables["assets"], tables["underlyings"]
    found: References = {}
    if assets is not None:
        _check_assets(assets, numeraire, log)
    if underlyings is not None:
        check_unique_ids(underlyings, "underlying", log)
        if underlyings.ok("underlying"):
            target = underlyings.text("underlying")
            for name in ("assets", "forwards", "surface"):
                table = tables[name]
                if table is not None:
                    rows = refer(table, "underlying", target, "UNKNOWN_UNDERLYING", log)
                    found[f"{name}.underlying"] = rows
    if underlyings is not None and assets is not None:
        _check_quotes(underlyings, assets, numeraire, log)
    for name, columns in (
        ("forwards", ("underlying", "expiry_ns")),
        ("surface", ("underlying", "expiry_ns", "strike")),
    ):
        table = tables[name]
        if table is not None:
            _check_unique_points(table, columns, log)
    if tables["marks"] is not None:
        check_unique_ids(tables["marks"], "instrument", log)
    if not log and assets is not None and underlyings is not None:
        _check_circles(assets, underlyings, found["assets.underlying"], numeraire, log)
    return found


def _check_assets(assets: TableData, numeraire: str, log: IssueLog) -> None:
    if not assets.ok("asset", "chain"):
        return
    symbols, chains = assets.text("asset"), assets.text("chain", "")
    for code, symbol in enumerate(symbols.names.tolist()):
        if "@" in symbol:
            rows = np.flatnonzero(symbols.codes == code)
            message = "an asset's symbol cannot hold '@', which separates it from its chain"
            log.add_rows("INVALID_ID", (assets.file, "asset"), rows, always(symbol, message))
    parts, sizes = [symbols.codes, chains.codes], [len(symbols.names), len(chains.names)]

    def key(row: int) -> AssetKey:
        return symbols.names[symbols.codes[row]], chains.names[chains.codes[row]]

    log.add_rows(
        "DUPLICATE_ID",
        (assets.file, "asset"),
        repeated_rows(parts, sizes),
        lambda row: (key(row), f"{key(row)} is already in an earlier row"),
    )
    price = assets.numbers("mark_price", np.nan, np.float64)
    is_numeraire = (names_of(symbols) == numeraire) & (names_of(chains) == "")
    wrong = is_numeraire & ~np.isnan(price) & (price != 1.0)
    log.add_rows(
        "NUMERAIRE_PRICE",
        (assets.file, "mark_price"),
        np.flatnonzero(wrong),
        lambda row: (
            float(price[row]),
            f"{numeraire} is the numeraire: its price is 1, got {float(price[row])}",
        ),
    )


def _known_assets(assets: TableData, numeraire: str) -> list[AssetKey]:
    _, pairs = asset_pairs(assets.text("asset"), assets.text("chain", ""))
    return sorted({*pairs, (numeraire, "")})


def _check_quotes(underlyings: TableData, assets: TableData, numeraire: str, log: IssueLog) -> None:
    if not assets.ok("asset", "chain"):
        return
    known = _known_assets(assets, numeraire)
    shown = [f"{symbol}@{chain}" if chain else symbol for symbol, chain in known]
    quotes = underlyings.text("quote_asset")
    for code, name in enumerate(quotes.names.tolist()):
        if name and asset_key(name) not in known:
            rows = np.flatnonzero(quotes.codes == code)
            message = f"unknown asset {name!r}{suggest(name, shown)}"
            place = (underlyings.file, "quote_asset")
            log.add_rows("UNKNOWN_ASSET", place, rows, always(name, message))


def _check_unique_points(table: TableData, columns: tuple[str, ...], log: IssueLog) -> None:
    if not table.ok(*columns):
        return
    parts: list[NDArray[Any]] = [table.text(columns[0]).codes]
    sizes = [len(table.text(columns[0]).names)]
    for column in columns[1:]:
        distinct, codes = np.unique(table.columns[column], return_inverse=True)
        parts.append(codes)
        sizes.append(len(distinct))
    names = names_of(table.text(columns[0]))

    def describe(row: int) -> tuple[object, str]:
        value = (names[row], *(table.columns[column][row].item() for column in columns[1:]))
        return value, f"{', '.join(columns)} {value} is already in an earlier row"

    log.add_rows("DUPLICATE_ID", (table.file, None), repeated_rows(parts, sizes), describe)


def _check_circles(
    assets: TableData,
    underlyings: TableData,
    underlying: NDArray[np.int32],
    numeraire: str,
    log: IssueLog,
) -> None:
    """Report assets whose price leads, through quote assets, back to itself."""
    rows, pairs = asset_pairs(assets.text("asset"), assets.text("chain", ""))
    row_of = {pairs[pair]: row for row, pair in enumerate(rows.tolist())}
    end = assets.rows  # a price that needs no other
    quotes = names_of(underlyings.text("quote_asset", numeraire))
    quote_row = [row_of.get(asset_key(name), end) for name in quotes.tolist()]
    derived = underlying >= 0
    if (numeraire, "") in row_of:
        derived[row_of[numeraire, ""]] = False
    step = np.full(end + 1, end)
    step[:-1][derived] = np.array([*quote_row, end])[underlying[derived]]
    for _ in range(max(end, 1).bit_length()):
        step = step[step]  # doubles the distance; a circle never reaches the end
    names = names_of(assets.text("asset"))
    log.add_rows(
        "CIRCULAR_PRICE",
        (assets.file, "underlying"),
        np.flatnonzero(step[:-1] != end),
        lambda row: (names[row], f"the price of {names[row]!r} is defined through itself"),
    )


def market_parts(
    tables: dict[str, TableData | None], found: References, numeraire: str
) -> dict[str, Any]:
    """Turn checked tables into the fields of a Market; only called when nothing is wrong."""
    assets, underlyings = tables["assets"], tables["underlyings"]
    assert assets is not None
    assert underlyings is not None
    names = names_of(underlyings.text("underlying"))
    order = np.argsort(names, kind="stable")
    # rank[row] is the row's place in the sorted table; the last entry keeps "none" negative
    rank = np.full(len(names) + 1, -1, np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    keys = _known_assets(assets, numeraire)
    place = {key: number for number, key in enumerate(keys)}
    quotes = names_of(underlyings.text("quote_asset", numeraire))[order]
    quote_asset = np.array([place[asset_key(name)] for name in quotes.tolist()], np.int32)
    columns = {
        name: freeze(underlyings.numbers(name, np.nan, np.float64)[order])
        for name in (
            "index_price",
            "realised_vol_annual",
            "depth_notional",
            "previous_mm_ratio",
            "confidence",
            "peg_price",
            "price_velocity_ratio",
            "flow_signed_notional",
            "flow_total_notional",
            "open_interest_notional",
            "regime_score",
            "macro_score",
            "rate_stress",
        )
    }
    times = {
        name: freeze(underlyings.numbers(name, 0, np.int64)[order])
        for name in ("previous_ts_ns", "index_ts_ns")
    }
    sources = rank[np.maximum(found["assets.underlying"], -1)]
    return {
        "assets": _assets(assets, keys, sources, numeraire),
        "underlyings": Underlyings(
            names=freeze(names[order]),
            quote_asset=freeze(quote_asset),
            **times,
            **columns,
        ),
        "forwards": _forwards(tables["forwards"], found, rank),
        "marks": _marks(tables["marks"]),
        "surface": _surface(tables["surface"], found, rank),
    }


def _assets(
    data: TableData, keys: list[AssetKey], underlying: NDArray[np.int32], numeraire: str
) -> Assets:
    rows, pairs = asset_pairs(data.text("asset"), data.text("chain", ""))
    place = {key: number for number, key in enumerate(keys)}
    into = np.array([place[pair] for pair in pairs], np.intp)[rows]
    price = np.full(len(keys), np.nan)
    price[into] = data.numbers("mark_price", np.nan, np.float64)
    source = np.full(len(keys), -1, np.int32)
    source[into] = underlying
    more = {}
    for name in ("confidence", "borrow_rate_annual", "risk_annual"):
        values = np.full(len(keys), np.nan)
        values[into] = data.numbers(name, np.nan, np.float64)
        more[name] = freeze(values)
    price[place[numeraire, ""]] = 1.0
    source[place[numeraire, ""]] = -1
    return Assets(
        keys=tuple(keys),
        price=freeze(price),
        underlying=freeze(source),
        **more,
    )


def _forwards(data: TableData | None, found: References, rank: NDArray[np.int32]) -> Forwards:
    if data is None:
        data, underlying = TableData("forwards", 0), np.empty(0, np.int32)
    else:
        underlying = rank[found["forwards.underlying"]]
    expiry = data.numbers("expiry_ns", 0, np.int64)
    order = np.lexsort((expiry, underlying))
    return Forwards(
        underlying=freeze(underlying[order]),
        expiry_ns=freeze(expiry[order]),
        forward_price=freeze(data.numbers("forward_price", np.nan, np.float64)[order]),
        rate_annual=freeze(np.nan_to_num(data.numbers("rate_annual", 0.0, np.float64)[order])),
        **{
            name: freeze(data.numbers(name, np.nan, np.float64)[order])
            for name in ("discount_rate_annual", "fixed_price", "confidence")
        },
    )


def _marks(data: TableData | None) -> Marks:
    data = data or TableData("marks", 0)
    names = names_of(data.text("instrument"))
    order = np.argsort(names, kind="stable")
    values = {
        name: freeze(data.numbers(name, np.nan, np.float64)[order])
        for name in (
            "mark_price",
            "vol_annual",
            "vol_normal_annual",
            "settled_share",
            "settled_average",
            "funding_rate_annual",
            "confidence",
        )
    }
    return Marks(names=freeze(names[order]), **values)


def _surface(data: TableData | None, found: References, rank: NDArray[np.int32]) -> Surface:
    if data is None:
        data, underlying = TableData("surface", 0), np.empty(0, np.int32)
    else:
        underlying = rank[found["surface.underlying"]]
    expiry = data.numbers("expiry_ns", 0, np.int64)
    strike = data.numbers("strike", np.nan, np.float64)
    order = np.lexsort((strike, expiry, underlying))
    return Surface(
        underlying=freeze(underlying[order]),
        expiry_ns=freeze(expiry[order]),
        strike=freeze(strike[order]),
        vol_annual=freeze(data.numbers("vol_annual", np.nan, np.float64)[order]),
    )
