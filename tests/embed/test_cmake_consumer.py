"""``find_package(tickmargin)`` from a plain install and from the installed wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import tickmargin

ROOT = Path(__file__).resolve().parents[2]
CONSUMER = Path(__file__).parent / "cmake_consumer"


def tool(name: str) -> str:
    """The cmake of this environment, else the system's."""
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found is not None, f"{name} is not installed; the test extra brings it"
    return found


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_and_run_consumer(where: Path, *options: str) -> str:
    cmake = tool("cmake")
    run(cmake, "-S", str(CONSUMER), "-B", str(where), *options)
    run(cmake, "--build", str(where))
    return run(str(where / "consumer"))


@pytest.fixture(scope="module")
def plain_install(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("plain")
    cmake = tool("cmake")
    run(cmake, "-S", str(ROOT), "-B", str(where / "build"), f"-DPython_EXECUTABLE={sys.executable}")
    run(cmake, "--build", str(where / "build"), "--parallel", "2")
    run(cmake, "--install", str(where / "build"), "--prefix", str(where / "prefix"))
    return where / "prefix"


def test_a_plain_install_is_found(plain_install: Path, tmp_path: Path) -> None:
    said = build_and_run_consumer(tmp_path, f"-DCMAKE_PREFIX_PATH={plain_install}")
    assert said.startswith(f"tickmargin {tickmargin.__version__}: equity 7000.00")


def test_the_wheel_is_found(tmp_path: Path) -> None:
    assert (Path(tickmargin.get_include()) / "tickmargin" / "engine.hpp").is_file()
    said = build_and_run_consumer(tmp_path, f"-Dtickmargin_DIR={tickmargin.cmake_dir()}")
    assert said.startswith(f"tickmargin {tickmargin.__version__}: equity 7000.00")
