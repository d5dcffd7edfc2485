"""Recording from Python: nothing durable is lost, and what comes back is the same engine."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.python.live_books import BTC, POLICIES, SECOND, T0, engine, market, portfolio, ready
from tests.python.recordings import chunks, run_until
from tests.python.test_live_engine import FIXED

import tickmargin as tm
from tickmargin import records

ROOT = Path(__file__).parents[2]


def recover(directory: Path) -> tm.Engine:
    return tm.Engine.recover(directory, market(), portfolio(), POLICIES)


def code_of(error: pytest.ExceptionInfo[tm.TickMarginError]) -> str:
    return error.value.code


def run(live: tm.Engine, count: int = 60) -> None:
    for chunk in chunks(live, count):
        live.apply(chunk).raise_if_refused(chunk)
        live.events()


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, int, int]:
    """A directory with two generations, its last record and the hash there."""
    live = ready()
    live.record_to(tmp_path / "rec")
    run(live)
    live.snapshot()
    live.stage_policies(1, FIXED)
    live.apply(records.policy_epoch(1, ts_ns=T0 + 100 * SECOND)).raise_if_refused()
    live.flush()
    return tmp_path / "rec", live.applied_seq, live.state_hash()


def test_a_recovered_engine_is_the_one_that_stopped(tmp_path: Path) -> None:
    live = ready()
    assert live.durable_seq == 0
    began = live.applied_seq
    live.record_to(tmp_path / "rec")
    assert live.durable_seq == began
    run(live)
    live.stage_policies(7, FIXED)
    listing = records.instrument_listing(
        "SOL-PERP",
        kind="perpetual",
        underlying="ETH",
        settlement_asset="USDC@ethereum",
        payoff="linear",
        multiplier=1.0,
        mark_price=3_000.0,
        ts_ns=T0 + 90 * SECOND,
        engine=live,
    )
    live.apply(listing).raise_if_refused(listing)
    live.flush()
    assert live.durable_seq == live.applied_seq > began
    was = live.state_hash(), live.applied_seq, live.accounts()["equity"].tobytes()
    names = {kind: list(found) for kind, found in live.names.lists.items()}
    del live
    back = recover(tmp_path / "rec")
    assert (back.state_hash(), back.applied_seq) == was[:2]
    assert back.accounts()["equity"].tobytes() == was[2]
    assert back.names.lists == names
    assert "isolated-0" in names["pocket"]
    assert back.policies.names == ("grid",)
    told = back.recovery
    assert told is not None
    assert told.records_replayed == back.applied_seq - told.snapshot_seq
    assert (told.torn_bytes, told.refused) == (0, ())
    back.verify()
    with pytest.raises(tm.InvalidInputError) as caught:
        back.stage_policies(7, POLICIES)  # the number is taken, and that was not forgotten
    assert code_of(caught) == "CONFLICTING"


def test_instruments_that_came_by_number_keep_their_kind(tmp_path: Path) -> None:
    live = ready()
    live.record_to(tmp_path / "rec")
    row, asset = live.names.count("instrument"), live.names.row("asset", "USDC@ethereum")

    def listing(name: str | int, at: int, by: tm.Engine | None) -> np.ndarray:
        return records.instrument_listing(
            name,
            kind="perpetual",
            underlying="ETH" if by else 1,
            settlement_asset="USDC@ethereum" if by else asset,
            payoff="linear",
            multiplier=1.0,
            mark_price=3_000.0,
            ts_ns=T0 + at * SECOND,
            engine=by,
        )

    live.apply(listing(row, 1, None)).raise_if_refused()
    listing("never sent", 2, live)
    live.flush()
    kinds = list(live.names.kinds)
    del live
    back = recover(tmp_path / "rec")
    assert back.names.lists["instrument"][row:] == [f"#{row}"]
    assert back.names.kinds == kinds[: row + 1]
    listed = listing("SOL-PERP", 3, back)
    assert listed["subject"].tolist() == [row + 1]
    back.apply(listed).raise_if_refused(listed)


def test_it_goes_on_in_the_same_directory(recorded: tuple[Path, int, int]) -> None:
    directory, last, _ = recorded
    back = recover(directory)
    tick = records.index_tick("BTC", BTC, seq=5_000, ts_ns=T0 + 200 * SECOND, engine=back)
    back.apply(tick).raise_if_refused()
    back.record_to(directory)
    assert back.durable_seq == last + 1
    back.apply(records.clock(T0 + 201 * SECOND)).raise_if_refused()
    back.flush()
    state = back.state_hash()
    del back
    again = recover(directory)
    assert (again.state_hash(), again.applied_seq) == (state, last + 2)


def test_a_replay_ends_in_the_recorded_state(recorded: tuple[Path, int, int]) -> None:
    directory, last, state = recorded
    seen: list[tuple[int, int]] = []
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    done = tm.Engine.replay(directory, progress=lambda *at: seen.append(at))
    assert (done.applied_seq, done.state_hash) == (last, state)
    assert done.hashes_compared == 4  # two snapshots, and the beginnings of two journals
    assert done.snapshot.endswith("0000000001.snapshot")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    back = recover(directory)
    assert done.accounts["equity"].tobytes() == back.accounts()["equity"].tobytes()
    assert done.accounts["policy"].tolist() == ["strict"] * 4 == back.accounts()["policy"].tolist()
    with pytest.raises(tm.InvalidInputError) as caught:
        tm.Engine.replay(directory)  # while it is held
    assert code_of(caught) == "RECORDING_IN_USE"
    del back
    part = tm.Engine.replay(directory, until_seq=100)
    other = run_until(100)
    assert (part.applied_seq, part.state_hash) == (100, other.state_hash())
    for wrong in (1, last + 1):
        with pytest.raises(tm.InvalidInputError, match=f"to {last}, not {wrong}") as caught:
            tm.Engine.replay(directory, until_seq=wrong)
        assert code_of(caught) == "OUT_OF_RANGE"


def test_progress_is_told_and_may_stop_it(tmp_path: Path) -> None:
    live = engine()
    live.start()
    live.record_to(tmp_path / "rec")
    count = 70_000
    ticks = records.index_tick(
        "BTC", BTC, seq=np.arange(1, count + 1), ts_ns=T0 + np.arange(count), engine=live
    )
    assert live.apply(ticks).count == count  # more than the ring holds: it waits for the disk
    live.flush()
    del live
    seen: list[tuple[int, int]] = []
    tm.Engine.replay(tmp_path / "rec", progress=lambda *at: seen.append(at))
    assert seen[0] == (0, count)
    assert seen[-1] == (count, count)
    assert seen == sorted(seen)

    def stop(done: int, total: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tm.Engine.replay(tmp_path / "rec", progress=stop)
    with pytest.raises(tm.InputTypeError):
        tm.Engine.replay(tmp_path / "rec", progress=7)  # type: ignore[arg-type]


def test_what_was_durable_survives_a_kill(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    for attempt in range(4):
        directory = tmp_path / f"rec{attempt}"
        words = [sys.executable, "-m", "tests.python.recordings", str(directory)]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            acknowledged = int(child.stdout.readline())
            timer = threading.Timer(float(draw.uniform(0.05, 1.0)), child.send_signal, [9])
            timer.start()
            for line in child.stdout:
                if line.endswith("\n"):
                    acknowledged = int(line)
        assert child.returncode == -signal.SIGKILL
        done = tm.Engine.replay(directory)
        back = recover(directory)
        assert back.applied_seq >= acknowledged > 0
        same = run_until(back.applied_seq)
        assert back.state_hash() == same.state_hash() == done.state_hash
        # Names were on the disk before the records that use them; the next may be there already.
        names, used = back.names.lists["pocket"], same.names.lists["pocket"]
        shared = min(len(names), len(used))
        assert names[:shared] == used[:shared]
        assert len(names) >= len(used) - 1
        back.verify()


def journal(directory: Path, generation: int) -> Path:
    return directory / f"{generation:010}.journal"


def test_a_torn_end_is_cut_and_said(recorded: tuple[Path, int, int]) -> None:
    directory, last, _ = recorded
    path = journal(directory, 2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])  # half of the clean close
    told = tm.Engine.replay(directory)
    assert told.torn_file == str(path)
    assert told.torn_bytes == 20
    assert told.applied_seq == last
    assert path.stat().st_size == len(whole) - 20
    back = recover(directory)
    assert back.recovery is not None
    assert back.recovery.torn_bytes == told.torn_bytes
    assert path.stat().st_size == len(whole) - 40
    assert back.state_hash() == told.state_hash


def test_a_damaged_byte_halts_with_file_and_offset(recorded: tuple[Path, int, int]) -> None:
    directory, _, _ = recorded
    path = journal(directory, 1)
    whole = bytearray(path.read_bytes())
    whole[12_288 + 128] ^= 4
    path.write_bytes(whole)
    with pytest.raises(tm.InvalidInputError, match=r"1\.journal: damaged at byte 12288") as e:
        tm.Engine.replay(directory)
    assert code_of(e) == "RECORDING_DAMAGED"
    recover(directory)  # starts behind it, from the second snapshot
    (directory / "0000000002.snapshot").write_bytes(b"rotten")
    with pytest.raises(tm.InvalidInputError, match="damaged at byte 12288") as e:
        recover(directory)
    assert code_of(e) == "RECORDING_DAMAGED"


def test_an_acknowledged_end_is_never_cut(recorded: tuple[Path, int, int]) -> None:
    directory, _, _ = recorded
    path = journal(directory, 2)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-41] ^= 1
    for damaged in (whole[:-41], whole[:12_400], whole[:12_288], whole[:50], b"", bytes(flipped)):
        path.write_bytes(damaged)
        for read in (tm.Engine.replay, recover):
            with pytest.raises(tm.InvalidInputError, match=r"2\.journal: ") as e:
                read(directory)
            assert code_of(e) == "RECORDING_DAMAGED"
        assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    ("lost", "code", "message"),
    [
        ("book.names", "FILE_NOT_FOUND", r"book\.names: no such file"),
        ("0000000002.journal", "RECORDING_DAMAGED", "missing behind its snapshot"),
        ("*.snapshot", "FILE_NOT_FOUND", "no snapshot to start from"),
    ],
)
def test_a_missing_file_is_named(
    recorded: tuple[Path, int, int], lost: str, code: str, message: str
) -> None:
    for path in recorded[0].glob(lost):
        path.unlink()
    with pytest.raises(tm.InvalidInputError, match=message) as caught:
        recover(recorded[0])
    assert code_of(caught) == code


def test_names_that_are_damaged_are_refused(recorded: tuple[Path, int, int]) -> None:
    path = recorded[0] / "listed.names"
    path.write_bytes(path.read_bytes()[:-1])
    for attempt in (recover, tm.Engine.replay):
        with pytest.raises(tm.InvalidInputError, match=r"listed\.names: not a whole") as caught:
            attempt(recorded[0])
        assert code_of(caught) == "RECORDING_DAMAGED"


def with_balance(amount: float) -> tm.Portfolio:
    tables = dict(portfolio().tables())
    balances = {name: tables["balances"][name] for name in tables["balances"].columns}
    balances["amount"] = np.array([amount, *balances["amount"][1:]])
    return tm.Portfolio.from_tables(**{**tables, "balances": balances})


def test_another_book_is_refused_with_what_differs(recorded: tuple[Path, int, int]) -> None:
    from dataclasses import replace

    fewer = dict(portfolio().tables())
    fewer["accounts"] = {"account": ["anna", "boris", "clara", "other"]}
    later = market()
    later = replace(later, as_of_ns=later.as_of_ns + 1)
    for given, message in (
        ((market(), tm.Portfolio.from_tables(**fewer), POLICIES), "has other accounts than this"),
        ((market(), with_balance(2.5), POLICIES), "another portfolio than the one given"),
        ((later, portfolio(), POLICIES), "another market than the one given"),
        ((market(), portfolio(), FIXED), "other policies than those given: its own are grid"),
    ):
        with pytest.raises(tm.InvalidInputError, match=message) as caught:
            tm.Engine.recover(recorded[0], *given)
        assert code_of(caught) == "RECORDING_MISMATCH"
    assert recover(recorded[0]).applied_seq == recorded[1]  # and nothing was touched


def test_where_not_to_record(recorded: tuple[Path, int, int], tmp_path: Path) -> None:
    live = ready()
    for call in (live.flush, live.snapshot):
        with pytest.raises(tm.InvalidInputError) as caught:
            call()
        assert code_of(caught) == "NOT_RECORDING"
    with pytest.raises(tm.InvalidInputError, match="history is there: recover it") as caught:
        live.record_to(recorded[0])
    assert code_of(caught) == "RECORDING_IN_USE"
    assert live.durable_seq == 0
    with pytest.raises(tm.InvalidInputError) as caught:
        live.record_to(tmp_path / "none" / "rec")
    assert code_of(caught) == "FOLDER_NOT_FOUND"
    with pytest.raises(tm.InvalidInputError, match="power of two") as caught:
        live.record_to(tmp_path / "a", ring_records=1_000)
    live.record_to(tmp_path / "a")
    with pytest.raises(tm.InvalidInputError, match="records already"):
        live.record_to(tmp_path / "b")
    with pytest.raises(tm.InvalidInputError, match="another engine records there") as caught:
        ready().record_to(tmp_path / "a")
    assert code_of(caught) == "RECORDING_IN_USE"
    for wrong in (tmp_path / "none", recorded[0] / "lock"):
        with pytest.raises(tm.InvalidInputError) as caught:
            recover(wrong)
        assert code_of(caught) == "FOLDER_NOT_FOUND"
    with pytest.raises(tm.InputTypeError):
        live.record_to(7)  # type: ignore[arg-type]


def test_recording_changes_no_number(tmp_path: Path) -> None:
    plain, kept = ready(), ready()
    kept.record_to(tmp_path / "rec")
    for live in (plain, kept):
        run(live)
    kept.snapshot()
    assert plain.state_hash() == kept.state_hash()
    assert plain.applied_seq == kept.applied_seq
