"""The Cython door beside the C table under it: a round is 10,000 calls without the GIL."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from tests.embed.building import ROOT, build_extension, build_program, run

import tickmargin as tm
from tickmargin import cy

CALLS = 10_000


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    source = ROOT / "bench" / "python" / "doors.pyx"
    built = build_extension(source, tmp_path_factory.mktemp("doors"), tm.get_include())
    spec = importlib.util.spec_from_file_location("doors", built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One account, one perpetual: the consumer of tests/embed saves it."""
    where: Path = tmp_path_factory.mktemp("consumer")
    consumer = ROOT / "tests" / "embed" / "cmake_consumer"
    build_program(consumer, where, f"-Dtickmargin_DIR={tm.cmake_dir()}")
    run(str(where / "consumer"), str(where / "saved"))
    return (where / "saved").read_bytes()


@pytest.mark.parametrize("door", ["cython", "table"])
@pytest.mark.parametrize(
    ("account", "refused"), [(1, CALLS), (0, 0)], ids=["refused at once", "one more perpetual"]
)
@pytest.mark.benchmark(group="door: check")
def test_check(
    benchmark, doors: ModuleType, saved: bytes, account: int, refused: int, door: str
) -> None:
    engine = cy.open_engine(saved)
    benchmark.extra_info["calls"] = CALLS
    assert benchmark(doors.checks, engine, 1.0, account, CALLS, door == "cython") == refused
    assert engine.save() == saved


@pytest.mark.parametrize("door", ["cython", "table"])
@pytest.mark.parametrize("moves", [False, True], ids=["same tick again", "new tick"])
@pytest.mark.benchmark(group="door: apply")
def test_apply(benchmark, doors: ModuleType, saved: bytes, moves: bool, door: str) -> None:
    engine = cy.open_engine(saved)
    benchmark.extra_info["calls"] = CALLS
    taken = benchmark(doors.ticks, engine, moves, CALLS, door == "cython")
    assert taken == (CALLS if moves else 1)
