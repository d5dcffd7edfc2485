"""``find_package(tickmargin)`` from a plain install and from the installed wheel."""

from __future__ import annotations

from pathlib import Path

from tests.embed.building import HERE, build_program, run

import tickmargin

SAID = f"tickmargin {tickmargin.__version__}: equity 7000.00"


def test_a_plain_install_is_found(plain_install: Path, tmp_path: Path) -> None:
    build_program(HERE / "cmake_consumer", tmp_path, f"-DCMAKE_PREFIX_PATH={plain_install}")
    assert run(str(tmp_path / "consumer")).startswith(SAID)


def test_the_wheel_is_found(saved_engine: tuple[Path, str]) -> None:
    assert (Path(tickmargin.get_include()) / "tickmargin" / "engine.hpp").is_file()
    _, said = saved_engine
    assert said.startswith(SAID)
    assert "live: liquidating, slack -140000000" in said
