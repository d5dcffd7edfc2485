"""How consumers are built: with the tools of this environment, else the system's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def tool(name: str) -> str:
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found is not None, f"{name} is not installed; the test extra brings it"
    return found


def run(*command: str, expected: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == expected, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_program(source: Path, where: Path, *options: str) -> None:
    cmake = tool("cmake")
    run(cmake, "-S", str(source), "-B", str(where), "-DCMAKE_BUILD_TYPE=Release", *options)
    run(cmake, "--build", str(where))


def install_plain(where: Path) -> Path:
    """A plain CMake install of these sources; its prefix."""
    cmake = tool("cmake")
    run(cmake, "-S", str(ROOT), "-B", str(where / "build"), f"-DPython_EXECUTABLE={sys.executable}")
    run(cmake, "--build", str(where / "build"), "--parallel", "2")
    run(cmake, "--install", str(where / "build"), "--prefix", str(where / "prefix"))
    return where / "prefix"


def build_extension(source: Path, where: Path, include: str) -> Path:
    """A Cython module, against headers alone: nothing is linked."""
    generated = where / f"{source.stem}.c"
    run(sys.executable, "-m", "cython", str(source), "--output-file", str(generated))
    built = where / f"{source.stem}{sysconfig.get_config_var('EXT_SUFFIX')}"
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{include}"]
    run(tool("gcc"), "-O2", "-shared", "-fPIC", *includes, str(generated), "-o", str(built))
    return built
