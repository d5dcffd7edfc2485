"""Market and portfolio together: what is an error, and what makes instruments undecidable."""

from __future__ import annotations

import pytest

from tickmargin.validation import cross_check


def check(loader, book=None, market=None):
    return cross_check(loader.the_market(market), loader.portfolio(book))


def found(issues):
    return [(issue.code, issue.row, issue.value) for issue in issues]


def drop_mark(market, name):
    row = market["marks"]["instrument"].index(name)
    for column in market["marks"].values():
        del column[row]


def hold(book, instrument, quantity=1.0):
    """Add a position of dora in an instrument."""
    row = {"account": "dora", "pocket": "x", "instrument": instrument, "quantity": quantity}
    for name, column in book["positions"].items():
        column.append({**row, "entry_price": 1.0}.get(name))


def test_a_sound_pair_has_nothing_to_say(loader):
    assert check(loader) == ([], [])


@pytest.mark.parametrize("row", [0, 2, 4])
def test_unknown_underlying(loader, row):
    book = loader.book
    book["instruments"]["underlying"][row] = "BTX"
    errors, warnings = check(loader, book)
    assert found(errors) == [("UNKNOWN_UNDERLYING", row, "BTX")]
    assert "did you mean 'BTC'?" in errors[0].message
    assert warnings == []


@pytest.mark.parametrize("row", [0, 2, 4])
def test_unknown_assets(loader, row):
    book = loader.book
    book["instruments"]["settlement_asset"][row] = "USDX"
    book["instruments"]["settlement_chain"][row] = None
    book["balances"]["asset"][row] = "USDC"
    book["balances"]["chain"][row] = "tron"
    book["balances"]["pocket"][row] = "other"
    errors, _ = check(loader, book)
    assert [(i.code, i.file, i.row, i.value) for i in errors] == [
        ("UNKNOWN_ASSET", "instruments", row, ("USDX", "")),
        ("UNKNOWN_ASSET", "balances", row, ("USDC", "tron")),
    ]


@pytest.mark.parametrize(("expiry_offset", "expired"), [(-1, True), (0, False), (1, False)])
@pytest.mark.parametrize("quantity", [0.0, -1e-9, 3.0])
def test_expired_instrument_with_a_position(loader, expiry_offset, expired, quantity):
    book, market = loader.book, loader.market
    expiry = loader.AS_OF_NS + expiry_offset
    book["instruments"]["expiry_ns"][2] = expiry
    book["positions"]["quantity"][3] = quantity
    errors, _ = check(loader, book, market)
    expected = [("EXPIRED_INSTRUMENT", 2, expiry)] if expired and quantity else []
    assert found(errors) == expected


def test_perpetual_without_mark(loader):
    market = loader.market
    drop_mark(market, "BTC-PERP")
    assert [found(issues) for issues in check(loader, market=market)] == [
        [],
        [("MISSING_PRICE", 0, "BTC-PERP")],
    ]
    market = loader.market
    market["marks"]["mark_price"][1] = None
    assert found(check(loader, market=market)[1]) == [("MISSING_PRICE", 0, "BTC-PERP")]


def test_future_and_spot_fall_back_to_forward_and_index(loader):
    market = loader.market
    drop_mark(market, "BTC-DEC")
    drop_mark(market, "ETH/USD")
    assert check(loader, market=market) == ([], [])
    del market["forwards"]
    _, warnings = check(loader, market=market)
    assert found(warnings) == [
        ("MISSING_FORWARD", 1, "BTC-DEC"),
        ("MISSING_FORWARD", 2, "BTC-50000-C"),
    ]


def test_forward_of_another_expiry_is_enough(loader):
    book = loader.book
    book["instruments"]["expiry_ns"][2] += 12345
    assert check(loader, book) == ([], [])


def test_nothing_is_interpolated_through_a_negative_forward(loader):
    book, market = loader.book, loader.market
    book["instruments"]["expiry_ns"][2] += 12345
    market["forwards"]["forward_price"][2] = -1.0
    assert found(check(loader, book, market)[1]) == [("MISSING_FORWARD", 2, "BTC-50000-C")]


def test_index_price_missing(loader):
    market = loader.market
    market["underlyings"]["index_price"][0] = None
    errors, warnings = check(loader, market=market)
    assert errors == []
    assert found(warnings) == [("MISSING_PRICE", 3, "ETH/USD")]


def test_option_volatility(loader):
    market = loader.market
    market["marks"]["vol_annual"][3] = None
    assert check(loader, market=market) == ([], [])  # the surface covers it
    surface = market.pop("surface")
    assert found(check(loader, market=market)[1]) == [("MISSING_VOL", 2, "BTC-50000-C")]
    market["surface"] = {name: column[:1] for name, column in surface.items()}
    assert surface["underlying"][0] == "ETH"
    assert found(check(loader, market=market)[1]) == [("MISSING_VOL", 2, "BTC-50000-C")]


def test_bachelier_volatility_counts_only_where_the_forward_is_not_positive(loader):
    book, market = loader.book, loader.market
    hold(book, "ETH-2000-P")
    del market["surface"]
    assert check(loader, book, market) == ([], [])
    market["forwards"]["forward_price"][0] = -5.0
    assert check(loader, book, market) == ([], [])
    market["marks"]["vol_normal_annual"][4] = None
    errors, warnings = check(loader, book, market)
    assert errors == []
    assert found(warnings) == [("MISSING_VOL", 4, "ETH-2000-P")]
    assert "vol_normal_annual" in warnings[0].message
    book["instruments"]["bachelier"][4] = False
    errors, warnings = check(loader, book, market)
    assert found(errors) == [("NEGATIVE_FORWARD", 4, "ETH-2000-P")]
    assert warnings == []


def test_mark_of_zero(loader):
    market = loader.market
    market["marks"]["mark_price"][1] = 0.0
    errors, _ = check(loader, market=market)
    assert found(errors) == [("NOT_POSITIVE", 0, "BTC-PERP")]


def test_asset_without_price(loader):
    market = loader.market
    market["assets"]["mark_price"][1] = None  # USDC@ethereum: held by chen, quotes ETH
    errors, warnings = check(loader, market=market)
    assert errors == []
    assert [(i.code, i.file, i.row, i.value) for i in warnings] == [
        ("MISSING_ASSET_PRICE", "instruments", 3, ("USDC", "ethereum")),
        ("MISSING_ASSET_PRICE", "balances", 3, ("USDC", "ethereum")),
    ]


def test_asset_priced_through_an_underlying_without_index(loader):
    market = loader.market
    market["underlyings"]["index_price"][1] = None  # BTC
    _, warnings = check(loader, market=market)
    assets = [(i.file, i.row) for i in warnings if i.code == "MISSING_ASSET_PRICE"]
    assert assets == [("instruments", 1), ("instruments", 2), ("balances", 2)]


def test_balance_of_zero_needs_no_price(loader):
    market = loader.market
    market["assets"]["mark_price"][2] = None  # USDC without chain: dora holds 0.0
    assert check(loader, market=market) == ([], [])


def test_instruments_without_position_are_not_warned_about(loader):
    book, market = loader.book, loader.market
    market["marks"] = {"instrument": ["nothing"], "mark_price": [1.0]}
    book["positions"]["quantity"] = [0.0] * 5
    assert check(loader, book, market) == ([], [])


def test_empty_portfolio(loader):
    empty = {name: {c: [] for c in columns} for name, columns in loader.book.items()}
    assert check(loader, empty) == ([], [])


def test_order_of_rows_does_not_matter(loader):
    market = loader.market
    drop_mark(market, "BTC-PERP")
    turned = {name: {c: v[::-1] for c, v in t.items()} for name, t in market.items()}
    assert check(loader, market=turned) == check(loader, market=market)


def test_times_are_shown_as_dates_beside_their_nanoseconds(loader):
    book = loader.book
    # 2026-03-27T08:00:00.01Z; the market is of 2026-09-21T14:13:20Z
    book["instruments"]["expiry_ns"][2] = 1_774_598_400_010_000_000
    errors, _ = check(loader, book)
    message = next(i.message for i in errors if i.code == "EXPIRED_INSTRUMENT")
    assert "expired at 1774598400010000000 (2026-03-27T08:00:00.01Z)" in message
    assert "as_of_ns 1790000000000000000 (2026-09-21T14:13:20Z)" in message


@pytest.mark.parametrize(
    ("per_second", "told"),
    [
        (1, "it looks like seconds: expiry_ns is in nanoseconds, 1e9 times as much"),
        (10**3, "it looks like milliseconds: expiry_ns is in nanoseconds, 1e6 times as much"),
        (10**6, "it looks like microseconds: expiry_ns is in nanoseconds, 1e3 times as much"),
        (10**9, "settle it first"),
    ],
)
def test_an_expiry_in_another_unit_is_told_so(loader, per_second, told):
    book = loader.book
    book["instruments"]["expiry_ns"][2] = 1_774_598_400 * per_second
    errors, warnings = check(loader, book)
    message = next(i.message for i in errors if i.code == "EXPIRED_INSTRUMENT")
    assert message.endswith(told)
    missing = [i.message for i in warnings if i.code == "MISSING_FORWARD"]
    assert all(("looks like" in m) == (per_second != 10**9) for m in missing)
