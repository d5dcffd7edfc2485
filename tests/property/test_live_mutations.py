"""Wrong bands are caught: one line of the engine is changed and the long test has to fail.

Each mutant is one source file compiled from a copy and linked before the library of a development
build. The engine as it is passes the same test in CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "cpp" / "src"
RECORDS = 60_000
FLAGS = ("-std=c++20", "-O2", "-ffp-contract=off", "-fno-math-errno")


class Mutation(NamedTuple):
    """A line and what it becomes."""

    file: str
    line: str
    becomes: str


MUTATIONS = {
    "a convex term's slope from the wrong side": Mutation(
        "margin/bounds.cpp",
        "chord(convex[1], convex[2], right) + chord(concave[0], concave[1], left)}",
        "chord(convex[0], convex[1], left) + chord(concave[0], concave[1], left)}",
    ),
    "wear never spent": Mutation(
        "live/bands.cpp",
        "link.wear_limit = underlyings[u].wear + wear;",
        "link.wear_limit = INFINITY;",
    ),
    "slack not shared between indices": Mutation(
        "live/bands.cpp", "const double share = 1.0 / count;", "const double share = 1.0;"
    ),
    "no border towards recovery": Mutation(
        "live/bands.cpp",
        "for (int r = 0; r < b.recoveries; ++r) spend(b.recovery[r], false);",
        "",
    ),
    "no lines of strike nodes": Mutation(
        "margin/bounds.cpp", "    add_node_lines(unit, p, collateral);\n", "    (void)collateral;\n"
    ),
}


@pytest.fixture(scope="module")
def build() -> Path:
    """The development build whose library and test object are linked."""
    told = os.environ.get("TICKMARGIN_DEV_BUILD")
    if not told:
        pytest.skip("TICKMARGIN_DEV_BUILD is not set: no mutant of the bands was tried")
    return Path(told).resolve()


def run(binary: Path) -> subprocess.CompletedProcess[str]:
    """The long test of one binary."""
    environment = {**os.environ, "TICKMARGIN_LIVE_RECORDS": str(RECORDS)}
    command = [binary, "no_transition_is_missed"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_band_is_caught(name: str, build: Path, tmp_path: Path) -> None:
    mutation = MUTATIONS[name]
    source = (SOURCES / mutation.file).read_text()
    assert source.count(mutation.line) == 1, "the mutation no longer finds its line"
    mutant, binary = tmp_path / "mutant.cpp", tmp_path / "mutant"
    mutant.write_text(source.replace(mutation.line, mutation.becomes))
    compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
    objects = build / "tests/cpp/CMakeFiles/cpp_test_live_long.dir/test_live_long.cpp.o"
    include = [f"-I{ROOT / 'cpp/include'}", f"-I{build / 'cpp/include'}", f"-I{SOURCES}"]
    # The mutant comes first, so the library's own object of that file is not taken.
    archive = build / "cpp/libtickmargin_core.a"
    command = [compiler, *FLAGS, *include, mutant, objects, archive, "-o", binary]
    subprocess.run(command, check=True)
    result = run(binary)
    print(result.stdout)
    assert result.returncode == 1, f"not caught: {name}\n{result.stdout}"
    assert "failed: divergent == 0" in result.stdout
