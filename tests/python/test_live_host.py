"""What a host process may do around the engine: set another rounding mode, and fork."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.python.live_books import POLICIES, market, portfolio, ready
from tests.python.recordings import chunks, run_until

import tickmargin as tm

X86 = platform.machine() == "x86_64"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's fenv.h and fork")

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
DIRECTIONS = (
    {"down": 0x400, "up": 0x800, "to zero": 0xC00}
    if X86
    else {"up": 1 << 22, "down": 2 << 22, "to zero": 3 << 22}
)
CONTROL_AT = 28 if X86 else 0  # of MXCSR, or FPCR, in a fenv_t
FLUSH = 0x8040 if X86 else 1 << 24


def control() -> int:
    """MXCSR without what happened, or FPCR."""
    held = (ctypes.c_uint8 * 64)()
    assert LIBM.fegetenv(held) == 0
    word = int.from_bytes(bytes(held[CONTROL_AT : CONTROL_AT + 4]), "little")
    return word & ~0x3F if X86 else word


def flush_to_zero() -> None:
    held = (ctypes.c_uint8 * 64)()
    assert LIBM.fegetenv(held) == 0
    word = int.from_bytes(bytes(held[CONTROL_AT : CONTROL_AT + 4]), "little") | FLUSH
    held[CONTROL_AT : CONTROL_AT + 4] = list(word.to_bytes(4, "little"))
    assert LIBM.fesetenv(held) == 0


MODES: dict[str, Callable[[], object]] = {"flush to zero": flush_to_zero}
for direction, word in DIRECTIONS.items():
    MODES[direction] = functools.partial(LIBM.fesetround, word)


@contextlib.contextmanager
def host_mode(set_mode: Callable[[], object]) -> Iterator[None]:
    """A mode of the host's, which is as it set it when the block ends."""
    born = (ctypes.c_uint8 * 64)()
    assert LIBM.fegetenv(born) == 0
    plain = control()
    set_mode()
    asked = control()
    assert asked != plain
    try:
        yield
        after = control()
    finally:
        assert LIBM.fesetenv(born) == 0
    assert after == asked


@pytest.mark.parametrize("name", MODES)
def test_the_hosts_rounding_changes_no_bit(name: str) -> None:
    plain, other = ready(), ready()
    told = list(chunks(plain, 60))
    orders = {
        "account": ["anna", "boris"],
        "instrument": ["BTC-PERP", "ETH-PERP"],
        "quantity": [3.0, -400.0],
        "price": [60_000.0, 3_000.0],
    }
    for chunk in told:
        plain.apply(chunk)
        plain.events()
    for chunk in told:
        with host_mode(MODES[name]):
            other.apply(chunk)
        other.events()
    assert other.state_hash() == plain.state_hash()
    assert other.audit() == 0
    with host_mode(MODES[name]):
        table = other.accounts()
        checked = other.check_many(orders)
        recomputed = other.recompute().accounts
    expected = plain.check_many(orders)
    assert np.array_equal(checked["verdict"], expected["verdict"])
    # In ticks: the division into amounts is numpy's, in the host's mode.
    for column in ("initial_margin_after", "equity_after"):
        assert np.array_equal(np.rint(checked[column] * 1e6), np.rint(expected[column] * 1e6))
    assert np.array_equal(np.rint(table["slack"] * 1e6), np.rint(plain.accounts()["slack"] * 1e6))
    again = plain.recompute().accounts
    for column in ("equity", "initial_margin", "maintenance_margin"):
        assert np.array_equal(recomputed[column], again[column])


@pytest.mark.parametrize("name", MODES)
def test_prices_are_the_same_in_any_mode(name: str) -> None:
    strike = np.linspace(20_000.0, 200_000.0, 500)
    vol, call = np.linspace(0.2, 1.4, 500), np.arange(500) % 2 == 0
    asked = (call, np.full(500, 60_000.0), strike, 0.3, vol, 0.02)
    plain = tm.pricing.black76(*asked)
    with host_mode(MODES[name]):
        same = tm.pricing.black76(*asked)
    for greek in ("price", "delta", "gamma", "vega", "theta"):
        assert np.array_equal(getattr(same, greek), getattr(plain, greek))


def in_child(run: Callable[[tm.Engine], None], live: tm.Engine) -> int:
    """Run it in a forked child: 0, or 1 with a traceback."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(live)
            code = 0
        except BaseException:  # nothing may unwind into the parent's test
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_engine_leaves_the_recording_alone(tmp_path: Path) -> None:
    live = ready()
    live.record_to(tmp_path / "rec")
    told = list(chunks(live, 40))
    for chunk in told[:20]:
        live.apply(chunk).raise_if_refused(chunk)
        live.events()
    live.flush()
    held, seq = live.state_hash(), live.applied_seq

    def child(live: tm.Engine) -> None:
        assert set(live.apply(told[20]).status.tolist()) == {27}  # not_durable
        assert (live.state_hash(), live.applied_seq, live.durable_seq) == (held, seq, seq)
        for write in (live.snapshot, lambda: live.record_to(tmp_path / "rec")):
            with pytest.raises(tm.InvalidInputError, match="forked from") as error:
                write()
            assert error.value.code == "RECORDING_IN_USE"
        with pytest.raises(tm.InvalidInputError) as error:
            live.stage_policies(1, POLICIES)
        assert error.value.code == "NOT_DURABLE"
        assert not live.audit()
        # Without a recording nothing is lost by going on.
        free = ready()
        free.apply(told[0]).raise_if_refused()

    before = {path.name: path.read_bytes() for path in (tmp_path / "rec").iterdir()}
    assert in_child(child, live) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "rec").iterdir()} == before
    for chunk in told[20:]:
        live.apply(chunk).raise_if_refused(chunk)
        live.events()
    live.flush()
    assert live.durable_seq == live.applied_seq
    held, seq = live.state_hash(), live.applied_seq
    del live
    back = tm.Engine.recover(tmp_path / "rec", market(), portfolio(), POLICIES)
    assert back.state_hash() == held == run_until(seq).state_hash()


def test_a_child_does_not_hold_the_directory(tmp_path: Path) -> None:
    live = ready()
    live.record_to(tmp_path / "rec")
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:  # waits until it may go
        os.close(writes)
        os.read(reads, 1)
        os._exit(0)
    os.close(reads)
    held = live.state_hash()
    del live
    back = tm.Engine.recover(tmp_path / "rec", market(), portfolio(), POLICIES)
    os.close(writes)
    assert os.waitpid(child, 0)[1] == 0
    assert back.state_hash() == held


def test_an_engine_without_a_recording_goes_on_in_a_child() -> None:
    live = ready()
    told = list(chunks(live, 5))

    def child(live: tm.Engine) -> None:
        for chunk in told:
            live.apply(chunk).raise_if_refused(chunk)
            live.events()
        assert live.state_hash() == run_until(live.applied_seq).state_hash()

    assert in_child(child, live) == 0
