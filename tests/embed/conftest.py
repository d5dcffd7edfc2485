from __future__ import annotations

from pathlib import Path

import pytest
from tests.embed.building import HERE, build_program, install_plain, run

import tickmargin


@pytest.fixture(scope="session")
def plain_install(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_plain(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def from_wheel() -> str:
    return f"-Dtickmargin_DIR={tickmargin.cmake_dir()}"


@pytest.fixture(scope="session")
def saved_engine(tmp_path_factory: pytest.TempPathFactory, from_wheel: str) -> tuple[Path, str]:
    """The C++ consumer's live engine as it saved it, and what the consumer then said."""
    where = tmp_path_factory.mktemp("consumer")
    build_program(HERE / "cmake_consumer", where, from_wheel)
    said = run(str(where / "consumer"), str(where / "engine.saved"))
    return where / "engine.saved", said
