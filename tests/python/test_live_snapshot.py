"""Snapshots: the whole engine in a file, there in full or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.python.live_books import BTC, POLICIES, SECOND, T0, engine, market, portfolio, ready
from tests.python.test_live_engine import FIXED
from tests.python.test_live_records import one_of_each

import tickmargin as tm
from tickmargin import cy, records


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> tuple[tm.Engine, Path, int]:
    """An engine in the middle of its day, and its snapshot."""
    live = ready(oracle={"BTC": {"sources": ["one"]}})
    for record in one_of_each(live)[:20]:
        live.apply(record)
    path = tmp_path_factory.mktemp("snapshots") / "half.snap"
    live.snapshot(path)
    return live, path, live.state_hash()


def test_a_restored_engine_goes_on_as_the_first_would(half: tuple[tm.Engine, Path, int]) -> None:
    live, path, state = half
    twin = engine()
    twin.restore(path)
    assert twin.state_hash() == state == live.state_hash()
    assert twin.names.lists == live.names.lists
    assert twin.accounts()["equity"].tobytes() == live.accounts()["equity"].tobytes()
    assert twin.recompute().accounts["equity"].tobytes() == live.accounts()["equity"].tobytes()
    assert twin.policies.names == ("grid",)
    assert twin.audit() == 0
    assert twin.explain("boris").equity["pocket"].tolist().count("hedge") > 0
    ticks = records.index_tick(
        "BTC",
        BTC + np.arange(20.0),
        seq=np.arange(50, 70),
        ts_ns=T0 + np.arange(100, 120) * SECOND,
        source="one",
        engine=twin,
    )
    assert twin.apply(ticks).counts == live.apply(ticks).counts
    assert twin.state_hash() == live.state_hash()
    # Policies that were staged came along by name; the same ones make them whole.
    twin.apply(records.policy_epoch(1, ts_ns=T0 + 200 * SECOND))
    assert set(twin.recompute().accounts["policy"]) == {"fixed"}
    with pytest.raises(tm.UnknownNameError) as caught:
        _ = twin.policies
    assert caught.value.code == "UNKNOWN_EPOCH"
    assert twin.info()["policies"][0]["method"] is None


def test_what_save_gives_opens_behind_the_other_doors(half: tuple[tm.Engine, Path, int]) -> None:
    live, _, _ = half
    assert cy.open_engine(live.save()).state_hash() == live.state_hash()


def test_a_snapshot_of_a_snapshot_is_the_same_file(
    half: tuple[tm.Engine, Path, int], tmp_path: Path
) -> None:
    _, path, _ = half
    twin = engine()
    twin.restore(path)
    twin.snapshot(tmp_path / "again.snap")
    assert (tmp_path / "again.snap").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("harm", ["cut", "flip", "text", "empty"])
def test_a_damaged_file_is_refused_and_nothing_starts(
    half: tuple[tm.Engine, Path, int], tmp_path: Path, harm: str
) -> None:
    whole = half[1].read_bytes()
    broken = {
        "cut": whole[:-100],
        "flip": whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:],
        "text": b"not a snapshot",
        "empty": b"",
    }[harm]
    path = tmp_path / "broken.snap"
    path.write_bytes(broken)
    other = engine()
    with pytest.raises(tm.InvalidInputError) as caught:
        other.restore(path)
    assert caught.value.code == "SNAPSHOT_DAMAGED"
    assert not other.is_live


def test_a_snapshot_fits_its_own_book_alone(half: tuple[tm.Engine, Path, int]) -> None:
    _, path, _ = half
    tables = portfolio().tables()
    fewer = tm.Portfolio.from_tables(
        instruments=tables["instruments"],
        accounts={"account": ["anna", "boris", "clara", "other"]},
        positions=tables["positions"],
        balances=tables["balances"],
    )
    for other in (
        tm.Engine(market(), fewer, POLICIES),
        tm.Engine(market(), portfolio(), POLICIES, numeraire_decimals=4),
    ):
        with pytest.raises(tm.InvalidInputError) as caught:
            other.restore(path)
        assert caught.value.code == "SNAPSHOT_MISMATCH"
        assert not other.is_live


def test_restoring_has_its_errors(half: tuple[tm.Engine, Path, int], tmp_path: Path) -> None:
    live, path, _ = half
    with pytest.raises(tm.InvalidInputError) as caught:
        live.restore(path)
    assert caught.value.code == "ALREADY_STARTED"
    with pytest.raises(tm.InvalidInputError) as caught:
        engine().restore(tmp_path / "none.snap")
    assert caught.value.code == "FILE_NOT_FOUND"
    with pytest.raises(tm.InputTypeError):
        live.snapshot(7)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="none"):
        live.snapshot(tmp_path / "none" / "x.snap")


def test_other_policies_than_the_saved_ones_stay_unknown(
    half: tuple[tm.Engine, Path, int],
) -> None:
    twin = engine(FIXED)
    twin.restore(half[1])
    assert set(twin.accounts()["policy"]) == {"grid"}
    with pytest.raises(tm.UnknownNameError):
        _ = twin.policies


def test_a_path_the_system_refuses_is_named_with_its_argument(tmp_path: Path) -> None:
    live = ready()
    held = live.state_hash()
    (tmp_path / "file").write_text("")
    for call, argument, path in (
        (live.snapshot, "path", tmp_path / "none" / "s"),
        (live.snapshot, "path", tmp_path),
        (live.snapshot, "path", tmp_path / "file" / "s"),
        (live.record_to, "directory", tmp_path / "file"),
        (live.record_to, "directory", tmp_path / ("x" * 300)),
    ):
        with pytest.raises(tm.FileAccessError) as caught:
            call(path)
        assert isinstance(caught.value, OSError)
        assert caught.value.code == "FILE_ACCESS"
        assert caught.value.errno
        assert caught.value.filename == str(path)
        assert str(caught.value).startswith(f"{argument}: '{path}' cannot be written: ")
    with pytest.raises(tm.InvalidInputError, match=r"there is no folder .*none") as nowhere:
        live.record_to(tmp_path / "none" / "recording")
    assert nowhere.value.code == "FOLDER_NOT_FOUND"
    for wrong in ("", "a\0b"):
        for call, argument in ((live.snapshot, "path"), (live.record_to, "directory")):
            with pytest.raises(tm.InvalidInputError, match=f"{argument}: .* is no path") as refused:
                call(wrong)
            assert refused.value.code == "INVALID_ARGUMENT"
    with pytest.raises(tm.FileAccessError, match="cannot be read"):
        engine().restore(tmp_path)
    assert live.state_hash() == held
    assert live.durable_seq == 0


def test_a_snapshot_says_that_it_is_no_saved_engine(tmp_path: Path) -> None:
    live = ready()
    live.snapshot(tmp_path / "s")
    with pytest.raises(tm.InvalidInputError, match=r"a snapshot, .* Engine\.save gives one"):
        cy.open_engine((tmp_path / "s").read_bytes())
    with pytest.raises(tm.InvalidInputError, match="saved policies are no saved engine"):
        cy.open_engine(live.save_policies(POLICIES))
