"""Wrong bands are caught: one line of the engine is changed and a test of bands has to fail.

Each mutant is one source file compiled from a copy and linked before the library of a development
build. The engine as it is passes the same test in CI. Some are run beside the twin as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.property.test_live_twin import Pair, drawn_and_told

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "cpp" / "src"
RECORDS = 60_000
TWIN_SEEDS, TWIN_STEPS, BURST_EVERY = (2, 4, 1, 3, 5, 6), 150, 4
FLAGS = ("-std=c++20", "-O2", "-ffp-contract=off", "-fno-math-errno")


class Run(NamedTuple):
    """One test of one test binary."""

    binary: str
    test: str


LONG = Run("live_long", "no_transition_is_missed")
EASE = Run("live_ease", "bands_move_without_an_evaluation")
GAMMA = Run("live_gamma", "no_transition_of_strong_gamma_is_missed")


class Mutation(NamedTuple):
    """A line, what it becomes, and the test that has to fail."""

    file: str
    line: str
    becomes: str
    caught_by: Run = LONG


BANDS, BOUNDS, MARKET = "live/bands.cpp", "margin/bounds.cpp", "live/apply_market.cpp"
EASED = "live/ease.cpp"
STRESSED = "line.stressed = slopes_of(convex, concave, unit.q, unit.out.index);"
VALUES = "unit.out.option_value = slopes_of(convex, concave, unit.q, unit.out.index);"
# By how much the chord towards the move is steeper than the one behind, which holds for what is
# convex from below: of the size of gamma times a cell, and of no other sign anywhere.
CHORD_LESS_TANGENT = (
    "chord(convex[1], convex[2], unit.q.above.price - unit.out.index) - "
    "chord(convex[0], convex[1], unit.out.index - unit.q.below.price);"
)
MUTATIONS = {
    "long options stressed: a chord from below": Mutation(
        BOUNDS, STRESSED, f"{STRESSED}\n    line.stressed.low += {CHORD_LESS_TANGENT}"
    ),
    "long options stressed: a tangent from above": Mutation(
        BOUNDS, STRESSED, f"{STRESSED}\n    line.stressed.high -= {CHORD_LESS_TANGENT}"
    ),
    "values of long options: a chord from below": Mutation(
        BOUNDS, VALUES, f"{VALUES}\n  unit.out.option_value.low += {CHORD_LESS_TANGENT}"
    ),
    # Toward recovery alone, and where margin does not move with the value: 60,000 records of the
    # long stream do not ask for it.
    "values of long options: a tangent from above": Mutation(
        BOUNDS, VALUES, f"{VALUES}\n  unit.out.option_value.high -= {CHORD_LESS_TANGENT}", GAMMA
    ),
    "chords where tangents hold, tangents where chords do": Mutation(
        BOUNDS,
        STRESSED,
        "line.stressed = slopes_of(concave, convex, unit.q, unit.out.index);",
    ),
    "a dropped chord": Mutation(
        BOUNDS,
        STRESSED,
        "line.stressed = slopes_of(convex, concave, unit.q, unit.out.index);\n"
        "    line.stressed.low -= chord(concave[1], concave[2], unit.q.above.price - "
        "unit.out.index);",
    ),
    "a dropped reserve": Mutation(
        BANDS, "const double price = 1.0 - split.vol - split.curve;", "const double price = 1.0;"
    ),
    "volatility wears nothing out": Mutation(
        BANDS, "link.wear_limit[0] = of.wear.vol + wear.vol;", "link.wear_limit[0] = INFINITY;"
    ),
    "slack not shared between indices": Mutation(
        BANDS,
        "const double share = exposed_to(pocket, underlying) / all_exposed;",
        "const double share = 1.0;",
    ),
    "no border towards recovery": Mutation(
        BANDS, "monitor::keep_below(lines, spend(b.recovery[r]), reach);", ""
    ),
    "twice the hysteresis on the way to recovery": Mutation(
        BANDS,
        "const double at = level * (1.0 + hysteresis);",
        "const double at = level * (1.0 + 2.0 * hysteresis);",
    ),
    "one border too far": Mutation(
        BANDS,
        "case State::healthy: danger(levels.warning); break;",
        "case State::healthy: danger(levels.margin_call); break;",
    ),
    "a pocket that waits for its bands is not watched": Mutation(
        "live/evaluate.cpp",
        "    watch_pocket(pocket);\n    queue(pocket);",
        "    queue(pocket);",
    ),
    "the watch list forgotten by ticks": Mutation(
        MARKET,
        "collect_crossed(underlying, guard.mark);\n    collect_watched(underlying);",
        "collect_crossed(underlying, guard.mark);",
    ),
    "the watch list forgotten by wear": Mutation(
        MARKET,
        "collect_worn(underlying, {spent.vol + wear.vol, spent.curve + wear.curve}, alone);\n"
        "  collect_watched(underlying);",
        "collect_worn(underlying, {spent.vol + wear.vol, spent.curve + wear.curve}, alone);",
    ),
    "no lines of strike nodes": Mutation(BOUNDS, "    add_node_lines(unit, p, collateral);\n", ""),
    "eased whatever other indices have used": Mutation(
        EASED,
        ": used_of(links.proof(l), world.index(link.underlying), underlyings[u].wear);",
        ": 0.0;",
        EASE,
    ),
    "what an index has used is shared out again": Mutation(
        EASED, "left -= used_by(l).sum();", "", EASE
    ),
    "clocks use nothing": Mutation(
        EASED,
        "          ratio(wear.vol - proof.wear.vol, proof.whole.vol),\n"
        "          ratio(wear.curve - proof.wear.curve, proof.whole.curve)};",
        "          0.0, 0.0};",
        EASE,
    ),
    "eased past a used gap": Mutation(
        EASED, "return used <= 1.0 - left_min;", "return used <= 1.5;", EASE
    ),
}
# These are told by the twin too, which knows nothing of bands, and by nothing that the engine says
# of itself.
BESIDE_THE_TWIN = (
    "a dropped chord",
    "a dropped reserve",
    "slack not shared between indices",
    "volatility wears nothing out",
)


@pytest.fixture(scope="module")
def build() -> Path:
    """The development build whose library and test object are linked."""
    told = os.environ.get("TICKMARGIN_DEV_BUILD")
    if not told:
        pytest.skip("TICKMARGIN_DEV_BUILD is not set: no mutant of the bands was tried")
    return Path(told).resolve()


def run(binary: Path, test: str) -> subprocess.CompletedProcess[str]:
    """One test of one binary."""
    environment = {**os.environ, "TICKMARGIN_LIVE_RECORDS": str(RECORDS)}
    command = [binary, test]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def mutant_of(name: str, program: str, build: Path, into: Path) -> Path:
    """A program of the build with one line of the engine changed."""
    mutation = MUTATIONS[name]
    source = (SOURCES / mutation.file).read_text()
    assert source.count(mutation.line) == 1, "the mutation no longer finds its line"
    mutant, binary = into / "mutant.cpp", into / "mutant"
    mutant.write_text(source.replace(mutation.line, mutation.becomes))
    compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
    objects = build / "tests/cpp/CMakeFiles" / program
    include = [f"-I{ROOT / 'cpp/include'}", f"-I{build / 'cpp/include'}", f"-I{SOURCES}"]
    # The mutant comes first, so the library's own object of that file is not taken.
    archive = build / "cpp/libtickmargin_core.a"
    command = [compiler, *FLAGS, *include, mutant, objects, archive, "-o", binary]
    subprocess.run(command, check=True)
    return binary


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_band_is_caught(name: str, build: Path, tmp_path: Path) -> None:
    caught_by = MUTATIONS[name].caught_by
    test = f"test_{caught_by.binary}"
    program = f"cpp_{test}.dir/{test}.cpp.o"
    result = run(mutant_of(name, program, build, tmp_path), caught_by.test)
    print(result.stdout)
    assert result.returncode == 1, f"not caught: {name}\n{result.stdout}"
    assert "failed: divergent == 0" in result.stdout


@pytest.mark.parametrize("name", BESIDE_THE_TWIN)
def test_a_wrong_band_disagrees_with_the_twin(name: str, build: Path, tmp_path: Path) -> None:
    mutant = mutant_of(name, "live_replay.dir/live_replay.cpp.o", build, tmp_path)
    for seed in TWIN_SEEDS:
        drawer = drawn_and_told(seed, TWIN_STEPS, mutant, BURST_EVERY)
        pair = Pair(seed, audited=False)
        try:
            pair.follow(drawer.records, drawer.replies)
        except AssertionError as disagreement:
            print(str(disagreement).splitlines()[0])
            return
    raise AssertionError(f"not caught: {name}")
