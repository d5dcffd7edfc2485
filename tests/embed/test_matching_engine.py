"""A matching engine in C++ with the margin engine inside: see matching_engine/."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.embed.building import HERE, build_program, run


@pytest.fixture(scope="module")
def matching_engine(tmp_path_factory: pytest.TempPathFactory, from_wheel: str) -> Path:
    where = tmp_path_factory.mktemp("matching")
    build_program(HERE / "matching_engine", where, from_wheel)
    return where / "matching_engine"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_refused_orders_never_trade_and_a_replay_ends_the_same(
    matching_engine: Path, seed: int
) -> None:
    said = run(str(matching_engine), "8000", str(seed))
    assert said.startswith("8000 orders: ")
    assert said == run(str(matching_engine), "8000", str(seed))
