"""``from tickmargin cimport cy``: built against the installed wheel, linked against nothing."""

from __future__ import annotations

import gc
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from tests.embed.building import HERE, build_extension, run, tool
from tests.python.live_books import POLICIES, T0, ready
from tests.python.test_live_engine import FIXED

import tickmargin as tm
from tickmargin import _core, cy, records


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = HERE / "cython_consumer" / "consumer.pyx"
    return build_extension(source, tmp_path_factory.mktemp("cython"), tm.get_include())


@pytest.fixture(scope="module")
def consumer(built: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("consumer", built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_answers_are_those_of_cpp(consumer: ModuleType, saved_engine: tuple[Path, str]) -> None:
    saved, said_in_cpp = saved_engine
    got = consumer.run(saved.read_bytes())
    (expected,) = re.findall(r"hash ([0-9a-f]{16})", said_in_cpp)
    assert got["hash"] == int(expected, 16)
    assert got["alone"] == "refused_margin"
    assert got["verdicts"] == [2, 0]
    assert got["shortfall_ticks"] == 7_400_000_001
    assert (got["many"], got["applied"], got["again"]) == (2, 2, "duplicate")
    assert got["drained"] > 0
    assert got["state"] == "liquidating"
    for slack in ("slack_ticks", "published_slack_ticks", "event_slack_ticks"):
        assert got[slack] == -140_000_000
    assert got["known"] == 0
    assert got["no_account"] < 0


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_bad_element_refuses_itself(
    place: int, bad: float, consumer: ModuleType, saved_engine: tuple[Path, str]
) -> None:
    saved = saved_engine[0].read_bytes()
    got = consumer.among_good_ones(saved, place, bad)
    verdicts, statuses = ["accepted"] * 3, ["ok"] * 3
    verdicts[place] = "refused_invalid"
    statuses[place] = "not_finite" if bad - bad != 0.0 else "not_positive"
    assert got["verdicts"] == verdicts
    assert got["statuses"] == statuses
    assert got["applied"] == 3
    assert got["asking_changes_nothing"]
    assert got["hash"] == consumer.hash_without(saved, place)


def test_nothing_of_the_core_is_linked(built: Path) -> None:
    assert cy.__file__ is not None
    for module in (str(built), cy.__file__):
        wanted = run(tool("nm"), "-D", "--undefined-only", module)
        assert "PyCapsule" in wanted or "__pyx_capi__" in wanted or "PyImport" in wanted
        assert "tickmargin" not in wanted


def test_a_saved_engine_comes_back(saved_engine: tuple[Path, str]) -> None:
    saved = saved_engine[0].read_bytes()
    engine = cy.open_engine(saved)
    assert engine.save() == saved
    assert cy.open_engine(engine.save()).state_hash() == engine.state_hash()


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "another version"])
def test_what_is_no_saved_engine_is_refused(damage: str, saved_engine: tuple[Path, str]) -> None:
    saved = saved_engine[0].read_bytes()
    damaged = {
        "empty": b"",
        "cut": saved[:-1],
        "longer": saved + b"\0",
        "another version": b"\xff" + saved[1:],
    }[damage]
    with pytest.raises(tm.InvalidInputError, match="saved engine"):
        cy.open_engine(damaged)


def test_only_bytes_open_an_engine() -> None:
    for wrong in (None, "text", bytearray(b"")):
        with pytest.raises(TypeError):
            cy.open_engine(wrong)  # type: ignore[arg-type]


def test_only_an_engines_capsule_is_taken(consumer: ModuleType) -> None:
    with pytest.raises(ValueError, match="incorrect name"):
        cy.engine_of(_core._C_API)
    with pytest.raises(ValueError, match="invalid"):
        consumer.state_hash_of(None)
    with pytest.raises(TypeError):
        cy.Engine()


def test_an_engine_in_a_capsule_stays_its_owners(
    consumer: ModuleType, saved_engine: tuple[Path, str]
) -> None:
    owner = cy.open_engine(saved_engine[0].read_bytes())
    for _ in range(3):
        assert consumer.state_hash_of(consumer.capsule_of(owner)) == owner.state_hash()
    assert cy.engine_of(consumer.capsule_of(owner)).save() == owner.save()


def test_policies_are_tried_and_swapped(consumer: ModuleType) -> None:
    live = ready()
    engine, policies = cy.open_engine(live.save()), live.save_policies(FIXED)
    dry = live.dry_run(FIXED)
    before = (dry[f"initial_margin_{when}"].tolist() for when in ("before", "after"))
    assert consumer.margins_under(engine, policies) == list(zip(*before, strict=True))
    engine.stage_policies(7, policies)
    assert consumer.enforce(engine, 7, T0) == "ok"
    live.stage_policies(7, FIXED)
    live.apply(records.policy_epoch(7, ts_ns=T0))
    assert engine.state_hash() == live.state_hash()


def test_policies_that_do_not_fit_change_nothing(
    consumer: ModuleType, saved_engine: tuple[Path, str]
) -> None:
    live = ready()
    policies = live.save_policies(FIXED)
    engine, other = cy.open_engine(live.save()), cy.open_engine(saved_engine[0].read_bytes())
    held = engine.state_hash()
    middle = len(policies) // 2
    for damaged, why in (
        (b"", "no saved policies"),
        (policies[:15], "damaged"),
        (policies[:-1], "damaged"),
        (policies + b"\0", "damaged"),
        (policies[:middle] + bytes([policies[middle] ^ 1]) + policies[middle + 1 :], "damaged"),
        (policies[:8] + b"\xff" + policies[9:], "of another version"),
        (live.save(), "no saved policies"),
    ):
        assert why in consumer.margins_under(engine, damaged)
        with pytest.raises(tm.InvalidInputError, match=why):
            engine.stage_policies(7, damaged)
    for epoch in (0, 2**64 - 1):
        with pytest.raises(tm.InvalidInputError, match="epoch's number must be > 0"):
            engine.stage_policies(epoch, policies)
    assert engine.state_hash() == held
    with pytest.raises(tm.InvalidInputError, match=r"4 accounts, .* this engine has 1 accounts"):
        other.stage_policies(7, policies)
    for wrong in (None, "text", bytearray(b"")):
        with pytest.raises(TypeError):
            engine.stage_policies(7, wrong)  # type: ignore[arg-type]


def test_a_number_stands_for_the_same_policies_for_ever(consumer: ModuleType) -> None:
    live = ready()
    engine = cy.open_engine(live.save())
    strict, grid = live.save_policies(FIXED), live.save_policies(POLICIES)
    engine.stage_policies(7, strict)
    engine.stage_policies(7, strict)
    with pytest.raises(tm.InvalidInputError, match="has been given"):
        engine.stage_policies(7, grid)
    assert consumer.enforce(engine, 7, T0) == "ok"
    with pytest.raises(tm.InvalidInputError, match="has been given"):
        engine.stage_policies(7, strict)
    assert consumer.enforce(engine, 8, T0) == "unknown_epoch"


def test_engines_come_and_go(saved_engine: tuple[Path, str]) -> None:
    saved = saved_engine[0].read_bytes()
    engines = [cy.open_engine(saved) for _ in range(20)]
    assert len({engine.state_hash() for engine in engines}) == 1
    del engines
    gc.collect()
