"""What the free functions take, refuse, and promise about memory."""

from __future__ import annotations

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import numpy as np
import pytest

from tickmargin import errors, pricing

REFERENCE = (True, 100.0, 95.0, 0.5, 0.25, 0.01)


def reference(**change):
    names = ("is_call", "forward", "strike", "vol_annual", "expiry_years", "rate")
    return pricing.black76(**{**dict(zip(names, REFERENCE, strict=True)), **change})


def test_scalars_give_scalars():
    result = reference()
    assert isinstance(result.price, np.float64)
    assert result.shape == ()
    assert result.names == pricing.GREEKS


@pytest.mark.parametrize(
    ("strike", "vol", "shape"),
    [
        (np.array([90.0, 95.0]), 0.5, (2,)),
        ([90.0, 95.0], [[0.4], [0.5], [0.6]], (3, 2)),
        (np.array([[[95.0]]]), 0.5, (1, 1, 1)),
        (np.empty(0), 0.5, (0,)),
        (np.broadcast_to(95.0, 5), 0.5, (5,)),
        (np.arange(90.0, 96.0)[::2], np.full(3, 0.5), (3,)),
        (np.array([90.0, 95.0]).astype(">f8"), 0.5, (2,)),
        (np.array([90.0, 95.0], np.float32), np.float16(0.5), (2,)),
        (np.array([90, 95], np.uint8), 1, (2,)),
        (np.asfortranarray(np.arange(80.0, 92.0).reshape(3, 4)), 0.5, (3, 4)),
    ],
)
def test_inputs_broadcast(strike, vol, shape):
    result = reference(strike=strike, vol_annual=vol)
    assert result.price.shape == shape
    wide_strike, wide_vol = np.broadcast_arrays(np.asarray(strike), np.asarray(vol))
    for index in np.ndindex(shape):
        alone = reference(strike=float(wide_strike[index]), vol_annual=float(wide_vol[index]))
        assert result.price[index] == alone.price
        assert result.charm[index] == alone.charm


def test_a_value_shared_by_all_rows_is_not_materialised():
    rows = 10**12  # 8 TB if it were
    shared = np.broadcast_to(np.float64(100.0), rows)
    from tickmargin.pricing.arguments import broadcast, reals

    columns = broadcast({"a": reals("a", shared), "b": reals("b", 1)}).columns
    assert [column.size for column in columns] == [1, 1]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("100", "forward must be real numbers, got text"),
        (b"100", "forward must be real numbers, got bytes"),
        (True, r"forward must be real numbers, got bools \(bool\)"),
        (np.array([True]), r"forward must be real numbers, got bools \(bool\)"),
        (None, "forward must be real numbers, got None"),
        ([100.0, None], "forward must be real numbers, got object values such as 100.0"),
        ([100.0, True], "forward mixes bools and numbers"),
        ([[100.0], [np.True_]], "forward mixes bools and numbers"),
        (1 + 2j, "forward must be real numbers, got complex numbers"),
        (np.datetime64("2026-01-01"), "forward must be real numbers, got datetimes"),
        (np.timedelta64(3, "D"), "forward must be real numbers, got durations"),
        (datetime(2026, 1, 1), "forward must be real numbers, got object values"),
        (Decimal("100"), "forward must be real numbers, got object values"),
        ({"a": 1}, "forward must be real numbers, got object values"),
        (np.ma.array([100.0], mask=[True]), "forward is a masked array"),
        (np.longdouble(100), "got float128, which float64 cannot hold exactly"),
        ([[1.0], [1.0, 2.0]], "forward is not an array"),
    ],
)
def test_what_is_not_a_number_is_a_type_error(value, words):
    with pytest.raises(TypeError, match=words) as caught:
        reference(forward=value)
    assert isinstance(caught.value, errors.InputTypeError)
    assert caught.value.code == "WRONG_TYPE"


@pytest.mark.parametrize("value", [1, 1.0, "call", None, [1, 0]])
def test_is_call_takes_bools_only(value):
    with pytest.raises(TypeError, match=r"is_call must be bools \(True: call\), got"):
        reference(is_call=value)


@pytest.mark.parametrize(
    "value", [2**53 + 1, np.array([1, 2**62 + 1]), np.array([2**64 - 1], np.uint64), 10**400]
)
def test_integers_that_would_be_rounded_are_refused(value):
    with pytest.raises(ValueError, match="which float64 cannot hold exactly") as caught:
        reference(forward=value)
    assert caught.value.code == "NOT_EXACT"


def test_large_exact_integers_are_taken():
    big = 2**60
    assert reference(forward=big).price == reference(forward=float(big)).price
    assert reference(forward=np.int64(big)).price == reference(forward=float(big)).price


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(1, 6))
def test_nan_or_infinity_is_nan_in_its_row_alone(place, bad):
    terms = list(REFERENCE)
    terms[place] = np.array([REFERENCE[place], bad, REFERENCE[place]])
    result = pricing.black76(*terms)
    alone = reference()
    for greek in pricing.GREEKS:
        column = getattr(result, greek)
        assert np.isnan(column[1])
        assert column[0] == column[2] == getattr(alone, greek)


@pytest.mark.parametrize(
    ("change", "words", "code"),
    [
        ({"vol_annual": -0.1}, "vol_annual must not be negative, got -0.1$", "NEGATIVE_VALUE"),
        ({"expiry_years": [1.0, -2.0]}, "expiry_years .* -2.0 at row 1$", "NEGATIVE_VALUE"),
        ({"strike": [[1.0, 2.0], [0.0, 1.0]]}, r"strike .* 0.0 at index \(1, 0\)$", "NOT_POSITIVE"),
        (
            {"forward": [1.0, -3.0, 0.0]},
            "forward .* zero or less, got -3.0 at row 1$",
            "NOT_POSITIVE",
        ),
        ({"forward": [1.0, -3.0], "strike": [0.0, 1.0]}, "strike .* 0.0 at row 0$", "NOT_POSITIVE"),
        ({"vol_annual": np.r_[np.ones(5000), -1.0]}, "at row 5000$", "NEGATIVE_VALUE"),
    ],
)
def test_the_first_illegal_row_is_named(change, words, code):
    with pytest.raises(ValueError, match=words) as caught:
        reference(**change)
    assert caught.value.code == code


def test_other_doors_name_their_own_arguments():
    with pytest.raises(ValueError, match=r"spot must not be zero or less, got 0\.0"):
        pricing.black_scholes(True, 0.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"vol_annual must not be negative, got -1\.0"):
        pricing.bachelier(True, -5.0, -6.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="strike must not be zero or less"):
        pricing.delta_from_strike(True, 1.0, -1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"period_years must not be negative, got -1\.0"):
        pricing.perpetual_fair_price(1.0, 0.1, 0.0, -1.0)
    with pytest.raises(ValueError, match="index must not be zero or less"):
        pricing.perpetual_fair_price(0.0, 0.1)
    with pytest.raises(ValueError, match="settlement_covariance means nothing for a linear"):
        pricing.perpetual_fair_price(1.0, 0.1, settlement_covariance=0.1)
    assert np.isfinite(pricing.bachelier(True, -5.0, -6.0, 1.0, 1.0).price)


@pytest.mark.parametrize(
    ("convention", "error"), [("coin", ValueError), (None, TypeError), ("", ValueError)]
)
def test_unknown_words_are_refused(convention, error):
    with pytest.raises(error, match="delta_convention must be one of spot, forward"):
        pricing.delta_from_strike(True, 1.0, 1.0, 1.0, 1.0, delta_convention=convention)


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"forward \(2,\), strike \(3,\)") as caught:
        reference(forward=[1.0, 2.0], strike=[1.0, 2.0, 3.0])
    assert caught.value.code == "LENGTH_MISMATCH"


def test_only_what_is_asked_for():
    result = reference(greeks=("price", "vega"))
    assert result.names == ("price", "vega")
    with pytest.raises(AttributeError, match="ask for it with greeks="):
        _ = result.delta
    with pytest.raises(AttributeError, match="no 'detla' in this result"):
        _ = result.detla
    with pytest.raises(ValueError, match="unknown Greek 'gama'; did you mean 'gamma'"):
        reference(greeks=("gama",))
    with pytest.raises(ValueError, match="none twice"):
        reference(greeks=("price", "price"))
    with pytest.raises(ValueError, match="unknown Greek 'dividend_rho'"):
        reference(greeks="dividend_rho")


@pytest.mark.parametrize("greek", pricing.SPOT_GREEKS)
def test_a_greek_alone_has_the_bits_it_has_among_all(greek):
    strikes = np.linspace(20.0, 400.0, 133)
    calls = np.arange(133) % 2 == 0
    terms = (calls, 100.0, strikes, 0.8, 0.4, 0.05, 0.02)
    together = pricing.black_scholes(*terms)
    alone = pricing.black_scholes(*terms, greeks=greek)
    np.testing.assert_array_equal(getattr(alone, greek), getattr(together, greek))


def test_results_are_read_only_for_good():
    price = reference(strike=[90.0, 95.0]).price
    with pytest.raises(ValueError, match="read-only"):
        price[0] = 1.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        price.flags.writeable = True


def test_arrays_outlive_their_result():
    result = reference(strike=np.linspace(50.0, 150.0, 10_000))
    price = result.price
    expected = price.copy()
    del result
    gc.collect()
    junk = [np.zeros(10_000) for _ in range(20)]
    np.testing.assert_array_equal(price, expected)
    assert len(junk) == 20


def test_out_takes_the_callers_arrays():
    strikes = np.linspace(50.0, 150.0, 1_001)
    out = {name: np.full(1_001, -7.0) for name in ("delta", "price")}
    result = reference(strike=strikes, out=out)
    expected = reference(strike=strikes)
    for name in out:
        np.testing.assert_array_equal(out[name], getattr(expected, name))
        assert np.shares_memory(getattr(result, name), out[name])
        assert not getattr(result, name).flags.writeable
        assert out[name].flags.writeable


def test_out_is_untouched_by_a_refused_call():
    out = {"price": np.full(3, -7.0)}
    with pytest.raises(ValueError, match="at row 2"):
        reference(strike=[90.0, 95.0, -1.0], out=out)
    assert out["price"].tolist() == [-7.0] * 3


def test_out_may_be_an_input():
    strikes = np.linspace(50.0, 150.0, 777)
    vols = np.linspace(0.1, 2.0, 777)
    expected = reference(strike=strikes, vol_annual=vols)
    reference(strike=strikes, vol_annual=vols, out={"price": strikes, "vega": vols})
    np.testing.assert_array_equal(strikes, expected.price)
    np.testing.assert_array_equal(vols, expected.vega)


def test_out_may_overlap_an_input_in_part():
    memory = np.linspace(50.0, 150.0, 500)
    expected = reference(strike=memory[:400].copy()).price
    reference(strike=memory[:400], out={"price": memory[100:]})
    np.testing.assert_array_equal(memory[100:], expected)


def _unaligned():
    return np.zeros(3 * 8 + 1, np.uint8)[1:].view(np.float64)


def _read_only():
    array = np.zeros(3)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros(4), ValueError, r"out\['price'\] has shape \(4,\), the result has \(3,\)"),
        (np.zeros(3, np.float32), TypeError, "must be a native float64 array, got float32"),
        (np.zeros(3, ">f8"), TypeError, "must be a native float64 array, got >f8"),
        ([0.0] * 3, TypeError, "must be a native float64 array, got list"),
        (np.ma.zeros(3), TypeError, "must be a native float64 array"),
        (np.zeros(6)[::2], ValueError, "is not contiguous"),
        (_unaligned(), ValueError, "is not contiguous and aligned"),
        (_read_only(), ValueError, "is read-only"),
    ],
)
def test_arrays_that_do_not_fit_out(array, error, words):
    with pytest.raises(error, match=words):
        reference(strike=[1.0, 2.0, 3.0], out={"price": array})


def test_out_that_does_not_fit_the_call():
    a = np.zeros(4)
    with pytest.raises(ValueError, match="share memory"):
        reference(strike=np.ones(3), out={"price": a[:3], "delta": a[1:]})
    with pytest.raises(ValueError, match="out has price, but greeks asks for delta"):
        reference(out={"price": np.zeros(())}, greeks="delta")
    with pytest.raises(TypeError, match="out must map names to arrays"):
        reference(out=np.zeros(3))
    with pytest.raises(ValueError, match="unknown Greek 'prize'"):
        reference(out={"prize": np.zeros(())})


def test_an_earlier_result_is_used_again():
    first = reference(strike=[90.0, 95.0], greeks=("price", "delta"))
    old = first.price.copy()
    second = reference(strike=[91.0, 95.0], out=first)
    assert second is first
    assert second.price[0] < old[0]
    assert second.price[1] == old[1]


@pytest.mark.parametrize(
    "export", [lambda r: r.price, lambda r: r.price[:1], lambda r: r.to_table()]
)
def test_a_result_in_use_is_not_written_over(export):
    first = reference(strike=[90.0, 95.0])
    held = export(first)
    with pytest.raises(ValueError, match="out is in use"):
        reference(strike=[91.0, 95.0], out=first)
    del held
    gc.collect()
    assert reference(strike=[91.0, 95.0], out=first) is first


def test_an_earlier_result_of_another_kind_is_refused():
    first = reference(strike=[90.0, 95.0], greeks="price")
    with pytest.raises(ValueError, match=r"out has price of shape \(2,\)"):
        reference(strike=[90.0], out=first)
    with pytest.raises(ValueError, match="this call makes delta"):
        reference(strike=[90.0, 95.0], out=first, greeks="delta")
    mine = reference(out={"price": np.zeros(())})
    with pytest.raises(ValueError, match="caller's own arrays"):
        reference(out=mine)


def test_a_result_is_a_table_too():
    pyarrow = pytest.importorskip("pyarrow")
    result = reference(strike=[[90.0], [95.0]], greeks=("price", "delta"))
    table = pyarrow.table(result)
    assert table.column_names == ["price", "delta"]
    assert table["price"].to_pylist() == result.price.ravel().tolist()
    assert "price" in result._repr_html_()
    assert repr(result) == "Greeks(price, delta; shape (2, 1))"


def test_frames_and_arrow_columns_are_taken():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    expected = reference(strike=[90.0, 95.0]).price
    for column in (
        pandas.Series([90.0, 95.0]),
        polars.Series([90.0, 95.0]),
        pyarrow.array([90.0, 95.0]),
        memoryview(np.array([90.0, 95.0])),
    ):
        np.testing.assert_array_equal(reference(strike=column).price, expected)


@pytest.mark.parametrize("columns", [1, 2**18, 2**21, 2**22])
@pytest.mark.parametrize("greeks", ["price", None])
def test_a_result_that_no_memory_holds_is_a_memory_error(columns, greeks):
    # at 2**61 rows the size in bytes would wrap around to nothing
    rows = 2**40
    forward = np.broadcast_to(100.0, (rows, 1))
    with pytest.raises(MemoryError):
        reference(forward=forward, strike=np.broadcast_to(95.0, columns), greeks=greeks)


def test_a_result_can_be_shared_but_not_pickled():
    result = reference(strike=[90.0, 95.0], greeks="price")
    assert copy.copy(result).price.tolist() == result.price.tolist()
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(result)


def test_threads_get_the_same_bits():
    strikes = np.linspace(50.0, 150.0, 100_003)
    alone = reference(strike=strikes)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: reference(strike=strikes), range(8)))
    for result in results:
        for greek in pricing.GREEKS:
            np.testing.assert_array_equal(getattr(result, greek), getattr(alone, greek))
