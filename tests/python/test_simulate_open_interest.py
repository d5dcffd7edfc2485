"""A book drawn from a chain: both sides of every option equal its open interest, to the lot."""

from __future__ import annotations

import csv
import gzip
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tickmargin.errors import InvalidInputError
from tickmargin.simulate import book_from_chain, read_chain
from tickmargin.simulate.chain import COLUMNS

HEADER = ",".join(COLUMNS)
SNAPSHOT = "2026-01-10 09:14:09+00:00"
EXPIRY = "2026-01-30 08:00:00+00:00"
# BTC forward 90,000 exactly by parity at both strikes; ETH has a call and a put at one strike
ROWS = [
    f"{SNAPSHOT},BTC,B-80-C,call,80000,{EXPIRY},90500,0.1211111111111111,0.5,12.5",
    f"{SNAPSHOT},BTC,B-80-P,put,80000,{EXPIRY},90510,0.01,0.5,3.1",
    f"{SNAPSHOT},BTC,B-100-C,call,100000,{EXPIRY},90505,0.01,0.45,0.1",
    f"{SNAPSHOT},BTC,B-100-P,put,100000,{EXPIRY},90520,0.1211111111111111,0.45,0",
    f"{SNAPSHOT},ETH,E-3-C,call,3000,{EXPIRY},3100,0.06,0.7,4000",
    f"{SNAPSHOT},ETH,E-3-P,put,3000,{EXPIRY},3100,0.03,0.7,77",
]


def write(path: Path, rows=ROWS, header=HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def sides(book):
    """Sum quantity x multiplier per instrument and side, exactly."""
    instruments = book.portfolio_tables["instruments"]
    multiplier = dict(
        zip(instruments["instrument"].tolist(), instruments["multiplier"].tolist(), strict=True)
    )
    positions = book.portfolio_tables["positions"]
    longs: dict[str, Fraction] = {}
    shorts: dict[str, Fraction] = {}
    for name, quantity in zip(
        positions["instrument"].tolist(), positions["quantity"].tolist(), strict=True
    ):
        assert quantity == int(quantity) != 0
        side = longs if quantity > 0 else shorts
        lot = Fraction(multiplier[name]).limit_denominator(1000)
        side[name] = side.get(name, Fraction(0)) + abs(int(quantity)) * lot
    return longs, shorts


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("accounts", [10, 37, 2_000])
def test_longs_and_shorts_equal_the_open_interest(tmp_path, accounts, seed):
    longs, shorts = sides(book_from_chain(read_chain(write(tmp_path / "c.csv")), accounts, seed))
    expected = {
        "B-80-C": Fraction(25, 2),
        "B-80-P": Fraction(31, 10),
        "B-100-C": Fraction(1, 10),
        "E-3-C": Fraction(4000),
        "E-3-P": Fraction(77),
    }
    assert longs == expected
    assert shorts == expected


def test_no_account_is_on_both_sides_of_an_option(tmp_path):
    positions = book_from_chain(read_chain(write(tmp_path / "c.csv")), 10, 3).portfolio_tables[
        "positions"
    ]
    keys = list(zip(positions["account"].tolist(), positions["instrument"].tolist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_forwards_come_from_parity_and_the_index_is_the_median(tmp_path):
    book = book_from_chain(read_chain(write(tmp_path / "c.csv")), 10, 3)
    forwards = book.market_tables["forwards"]
    assert forwards["underlying"].tolist() == ["BTC", "ETH"]
    assert forwards["forward_price"][0] == pytest.approx(90_000.0, rel=1e-12)
    assert forwards["forward_price"][1] == pytest.approx(3000.0 / (1.0 - 0.03), rel=1e-12)
    assert book.market_tables["underlyings"]["index_price"].tolist() == [90_507.5, 3100.0]
    assert book.lot_size == {"BTC": 0.1, "ETH": 1.0}
    assert book.without_forward == []


def test_an_expiry_without_a_pair_is_named_and_has_no_forward(tmp_path):
    book = book_from_chain(read_chain(write(tmp_path / "c.csv", ROWS[:5])), 10, 3)
    assert [currency for currency, _ in book.without_forward] == ["ETH"]
    assert book.market_tables["forwards"]["underlying"].tolist() == ["BTC"]


def test_the_same_seed_gives_the_same_book(tmp_path):
    chain = read_chain(write(tmp_path / "c.csv"))
    for table in ("positions", "balances"):
        first, again, other = (
            book_from_chain(chain, 500, seed).portfolio_tables[table] for seed in (4, 4, 5)
        )
        assert all(first[name].tobytes() == again[name].tobytes() for name in first)
        assert any(first[name].tobytes() != other[name].tobytes() for name in first)


def test_a_gzipped_chain_reads_the_same(tmp_path):
    plain = write(tmp_path / "c.csv")
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_chain(packed).strike.tolist() == read_chain(plain).strike.tolist()


def refused(path: Path):
    with pytest.raises(InvalidInputError) as caught:
        read_chain(path)
    return {(i.code, i.column, i.row) for i in caught.value.issues}


def test_bad_cells_are_all_reported_together(tmp_path):
    rows = list(ROWS)
    rows[0] = rows[0].replace(",call,", ",Call,")
    rows[1] = rows[1].replace(",0.5,", ",nan,")
    rows[2] = rows[2].replace(EXPIRY, "30JAN26")
    rows[3] = rows[3].replace("B-100-P", "B-100-C")
    rows[4] = rows[4].replace(",4000", ",-4000")
    assert refused(write(tmp_path / "c.csv", rows)) == {
        ("UNKNOWN_WORD", "option_type", 0),
        ("NOT_A_NUMBER", "mark_iv", 1),
        ("INVALID_TIME", "expiry_utc", 2),
        ("DUPLICATE_ID", "instrument_name", 3),
        ("NEGATIVE_VALUE", "open_interest", 4),
    }


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    path = write(tmp_path / "c.csv", header=HEADER.replace("mark_iv", "mark_vol"))
    with pytest.raises(InvalidInputError, match="'mark_iv' is missing"):
        read_chain(path)


def test_a_missing_empty_or_binary_file_is_refused(tmp_path):
    assert {c for c, _, _ in refused(tmp_path / "none.csv")} >= {"FILE_NOT_FOUND"}
    assert {c for c, _, _ in refused(write(tmp_path / "e.csv", []))} == {"FILE_EMPTY"}
    (tmp_path / "z.csv.gz").write_bytes(b"not gzip at all")
    assert {c for c, _, _ in refused(tmp_path / "z.csv.gz")} >= {"FILE_UNREADABLE"}


def test_open_interest_that_is_no_whole_lot_is_refused(tmp_path):
    rows = [ROWS[0].replace(",12.5", ",12.50001"), *ROWS[1:]]
    with pytest.raises(ValueError, match="whole number"):
        book_from_chain(read_chain(write(tmp_path / "c.csv", rows)), 10, 1)


def test_too_few_accounts_are_refused(tmp_path):
    with pytest.raises(ValueError, match="accounts must be >= 10, was 9"):
        book_from_chain(read_chain(write(tmp_path / "c.csv")), 9, 1)


def real_chain() -> Path:
    folder = Path(os.environ.get("TICKMARGIN_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = folder / "options" / "deribit_chain_golden_20260110T091409Z.csv.gz"
    if not path.is_file():
        pytest.skip(f"REAL CHAIN ABSENT: {path} (set TICKMARGIN_DATA to the folder that has it)")
    return path


def test_the_real_chain_is_matched_lot_by_lot():
    chain = read_chain(real_chain())
    longs, shorts = sides(book_from_chain(chain, 5_000, 20260110))
    expected = {
        name: Fraction(interest).limit_denominator(1000)
        for name, interest in zip(
            chain.instrument.tolist(), chain.open_interest.tolist(), strict=True
        )
        if interest > 0
    }
    assert len(expected) == 1083
    assert longs == expected
    assert shorts == expected


def test_the_real_chain_s_forwards_agree_with_the_file_s_own():
    chain = read_chain(real_chain())
    forwards = book_from_chain(chain, 10, 1).market_tables["forwards"]
    with gzip.open(real_chain(), "rt", encoding="utf-8") as file:
        published = {
            (row["currency"], row["expiry_utc"]): float(row["forward_parity"])
            for row in csv.DictReader(file)
        }
    assert len(published) == len(forwards["forward_price"]) == 24
    # The column was taken over more strikes than the file keeps; strikes of one expiry differ
    # by 4e-7 between quartiles, as its catalogue says.
    assert np.allclose(
        sorted(published.values()), sorted(forwards["forward_price"]), rtol=5e-7, atol=0.0
    )


def test_every_row_of_the_real_chain_is_reproduced_from_the_book_s_own_market():
    from tickmargin.pricing import black76

    with gzip.open(real_chain(), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chain = read_chain(real_chain())
    market = book_from_chain(chain, 10, 1).market_tables
    curve = market["forwards"]
    forward_of = {
        (currency, expiry): price
        for currency, expiry, price in zip(
            curve["underlying"].tolist(),
            curve["expiry_ns"].tolist(),
            curve["forward_price"].tolist(),
            strict=True,
        )
    }
    keys = zip(chain.currency.tolist(), chain.expiry_ns.tolist(), strict=True)
    forward = np.array([forward_of[key] for key in keys])
    years = (chain.expiry_ns - chain.as_of_ns) / (365 * 86_400 * 1e9)
    greeks = black76(
        chain.is_call,
        forward,
        chain.strike,
        market["marks"]["vol_annual"],
        years,
        greeks=("price", "delta", "vega"),
    )
    published = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("mark_price", "delta", "vega")
    }
    assert len(rows) == 1300
    price_room = 0.006 * published["vega"] / forward + 5e-6
    assert np.all(np.abs(greeks.price / forward - published["mark_price"]) <= price_room)
    assert np.all(np.abs(greeks.delta - published["delta"]) <= 1.5e-3)
    # published per volatility point, ours per 1.00
    assert np.all(np.abs(greeks.vega / 100.0 - published["vega"]) <= 0.12)


def test_the_tables_load_as_a_market_and_a_portfolio(tmp_path):
    book = book_from_chain(read_chain(write(tmp_path / "c.csv")), 40, 2)
    market, portfolio = book.market(), book.portfolio()
    assert market.as_of_ns == chain_time_ns()
    assert len(portfolio.instruments) == 6
    assert len(portfolio.accounts) == 40


def chain_time_ns() -> int:
    from datetime import UTC, datetime

    return int(datetime(2026, 1, 10, 9, 14, 9, tzinfo=UTC).timestamp()) * 10**9
