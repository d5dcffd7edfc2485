"""`tickmargin tick --record` and `tickmargin replay`: the same end, or where it differs."""

from __future__ import annotations

import json
import shutil
import struct
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
from tests.python.live_books import BTC, market, portfolio
from tests.python.test_cli_tick import call, write

import tickmargin as tm
from tickmargin import _core
from tickmargin.cli import exit_codes, main

TICKS = 300
FIRST_FRAME = 12_288  # of a journal, behind its header and marks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A recorded run of ticks, and the state hash it ended with."""
    folder = tmp_path_factory.mktemp("run")
    market().save(folder / "market")
    portfolio().save(folder / "portfolio", format="csv")
    write(folder / "ticks.csv", range(0, TICKS, 1), BTC * np.linspace(1.0, 0.8, TICKS))
    words = [folder / name for name in ("market", "portfolio", "ticks.csv")]
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = main(["tick", *map(str, words), "--record", str(folder / "rec"), "--json"])
    assert code == exit_codes.OK
    facts = json.loads(out.getvalue())
    assert facts["recorded"]["durable_seq"] > TICKS
    assert "records durable, state hash" in err.getvalue()
    return folder / "rec", facts["state_hash"]


@pytest.fixture
def copy(run: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(run[0], tmp_path / "rec"))


def test_a_replay_ends_with_the_hash_of_the_run(
    capsys: pytest.CaptureFixture[str], run: tuple[Path, str], tmp_path: Path
) -> None:
    accounts = tmp_path / "accounts.csv"
    code, out, err = call(capsys, "replay", run[0], "--json", "--out", accounts)
    assert (code, err) == (exit_codes.OK, f"wrote 4 accounts to {accounts}\n")
    facts = json.loads(out)
    assert facts["state_hash"] == run[1]
    assert facts["hashes_compared"] == 4
    assert facts["applied_seq"] - facts["snapshot_seq"] == facts["records"] > TICKS
    assert (facts["torn_bytes"], facts["snapshots_refused"]) == (0, [])
    rows = pyarrow.csv.read_csv(accounts).to_pylist()
    assert sum(facts["states"].values()) == len(rows) == 4
    code, out, _ = call(capsys, "replay", run[0])
    assert code == exit_codes.OK
    assert run[1] in out
    assert "4, all as recorded" in out


def test_a_replay_stops_where_it_is_told(
    capsys: pytest.CaptureFixture[str], run: tuple[Path, str]
) -> None:
    code, out, _ = call(capsys, "replay", run[0], "--until", 100, "--json")
    facts = json.loads(out)
    assert (code, facts["applied_seq"]) == (exit_codes.OK, 100)
    assert facts["state_hash"] != run[1]
    code, _, err = call(capsys, "replay", run[0], "--until", 10**9)
    assert code == exit_codes.BAD_INPUT
    assert "[OUT_OF_RANGE]" in err
    assert call(capsys, "replay", run[0], "--until", 0)[0] == exit_codes.USAGE


def test_a_torn_end_is_told_with_its_bytes(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    path = copy / "0000000002.journal"
    path.write_bytes(path.read_bytes()[:-20])  # half of the clean close
    code, out, err = call(capsys, "replay", copy, "--json")
    assert code == exit_codes.OK
    torn = json.loads(out)["torn_bytes"]
    assert torn == 20
    assert f"{path} ends in {torn:,} bytes of an entry that was never finished" in err


def test_damage_is_told_with_file_and_offset(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    path = copy / "0000000001.journal"
    whole = bytearray(path.read_bytes())
    whole[FIRST_FRAME + 20] ^= 1
    path.write_bytes(whole)
    code, out, err = call(capsys, "replay", copy)
    assert (code, out) == (exit_codes.BAD_INPUT, "")
    assert err == f"error [RECORDING_DAMAGED]: {path}: damaged at byte {FIRST_FRAME}\n"


def test_an_acknowledged_end_that_is_gone_is_damage(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    path = copy / "0000000001.journal"
    path.write_bytes(path.read_bytes()[:-100])
    code, _, err = call(capsys, "replay", copy)
    assert code == exit_codes.BAD_INPUT
    assert err.startswith(f"error [RECORDING_DAMAGED]: {path}: damaged at byte ")


def test_a_lost_journal_is_missed(capsys: pytest.CaptureFixture[str], copy: Path) -> None:
    (copy / "0000000001.journal").unlink()
    code, _, err = call(capsys, "replay", copy)
    assert code == exit_codes.BAD_INPUT
    assert "0000000001.journal: missing behind its snapshot" in err


def test_another_state_is_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str], copy: Path
) -> None:
    path = copy / "0000000002.snapshot"
    last = tm.Engine.replay(copy).applied_seq
    reseal(path, tm.Engine.replay(copy).state_hash)
    code, out, err = call(capsys, "replay", copy)
    assert (code, out) == (exit_codes.DIFFERS, "")
    assert f"{path}: of another state than entry {last} leads to" in err
    assert err.startswith("error [REPLAY_DIFFERS]")


def reseal(path: Path, state_hash: int) -> None:
    """Write a snapshot again, whole, that says another state hash."""
    status, _, sections = _core.read_snapshot(str(path))
    assert status == "ok"
    lineage, applied_seq, hash_ = struct.unpack("<QQQ", sections["head"])
    assert hash_ == state_hash
    sections["head"] = struct.pack("<QQQ", lineage, applied_seq, hash_ ^ 1)
    assert _core.write_snapshot(str(path), sections) == 0


def test_what_is_no_recording(
    capsys: pytest.CaptureFixture[str], copy: Path, tmp_path: Path
) -> None:
    for path, code in ((tmp_path / "none", "FOLDER_NOT_FOUND"), (tmp_path, "FILE_NOT_FOUND")):
        status, out, err = call(capsys, "replay", path)
        assert (status, out) == (exit_codes.BAD_INPUT, "")
        assert f"[{code}]" in err
        assert len(err.splitlines()) == 1
    (copy / "0000000002.snapshot").write_bytes(b"rotten")
    code, _, err = call(capsys, "replay", copy)
    assert code == exit_codes.OK
    assert "warning: a snapshot that a recovery could not use" in err
