"""The guards record by record beside their twins, and what must hold for every stream of records.

Needs the C++ tests built: TICKMARGIN_DEV_BUILD names their folder. Builds nothing itself.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pytest
from tests.oracle.oracle_guard import Basis, OracleGuard, Settings
from tests.oracle.vol_guard import Row, VolGuard, VolSettings
from tests.property.guard_lines import (
    SECOND_NS,
    START_NS,
    Record,
    line,
    make_records,
    make_settings,
    parse,
    replay,
    settings_line,
    twin_answer,
    words,
)

STREAMS = 60
RECORDS = 2_500  # a stream: 150,000 in all

# What the random streams must have visited, or they prove little.
STATUSES = {
    "ok",
    "quarantined",
    "unknown_source",
    "not_finite",
    "not_positive",
    "out_of_range",
    "time_reversed",
    "out_of_order",
    "duplicate",
    "conflicting",
}
STATES = ("ready", "degraded", "quarantined", "unusable")
UNREACHABLE = {("unusable", "quarantined")}  # what is unusable stays so while something waits


def stream(seed: int) -> tuple[Settings, list[Record]]:
    rng = random.Random(seed)
    settings = make_settings(rng)
    return settings, make_records(rng, rng.randint(1, 8), RECORDS)


def run(settings: Settings, records: list[Record]) -> list[dict[str, Any]]:
    answers = replay([settings_line(settings), *map(line, records)])
    assert len(answers) == len(records)
    return [parse(answer) for answer in answers]


def test_every_record_of_every_stream_agrees_with_the_twin() -> None:
    statuses: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    reached: Counter[str] = Counter()
    for seed in range(STREAMS):
        settings, records = stream(seed)
        guard = OracleGuard(settings)
        for number, (record, given) in enumerate(zip(records, run(settings, records), strict=True)):
            before = guard.state
            expected = guard.facts(twin_answer(guard, record))
            assert given == expected, f"seed {seed}, record {number}: {record}"
            statuses[expected["status"]] += 1
            moves[before, guard.state] += 1
            reached["escalated"] += expected["escalated"]
            reached["unconfirmed"] += expected["unconfirmed"]
            reached["split"] += expected["waiting"] and guard.state == "degraded"
            reached["set aside"] += any(
                source.set_aside_until_ns is not None for source in guard.sources.values()
            )
    assert set(statuses) == STATUSES
    expected_moves = {(a, b) for a in STATES for b in STATES} - UNREACHABLE
    assert set(moves) == expected_moves
    assert all(reached[what] > 50 for what in ("escalated", "unconfirmed", "split", "set aside"))


def test_a_loaded_mark_is_the_reference_of_a_cold_start() -> None:
    for seed in range(100, 110):
        settings, records = stream(seed)
        guard = OracleGuard(settings)
        guard.cold_start(90.0, START_NS - SECOND_NS)
        lines = [f"cold_start {words(90.0, START_NS - SECOND_NS)}", *map(line, records[:300])]
        for record, answer in zip(
            records[:300], replay([settings_line(settings), *lines]), strict=True
        ):
            assert parse(answer) == guard.facts(twin_answer(guard, record)), record


@pytest.mark.parametrize("seed", range(200, 212))
def test_what_a_state_promises(seed: int) -> None:
    settings, records = stream(seed)
    before: dict[str, Any] = {"mark": 0.0, "state": "unusable"}
    for record, now in zip(records, run(settings, records), strict=True):
        agreeing = now["sources"].count("1")  # fresh, at no bound, close to the mark
        if now["state"] == "ready":
            assert agreeing >= settings.quorum
            assert (now["doubt_ratio"], now["waiting"], now["unconfirmed"]) == (0.0, False, False)
        else:
            assert now["doubt_ratio"] >= settings.doubt_ratio_degraded
        if now["state"] == "unusable":
            assert now["doubt_ratio"] == 1.0
        assert math.isfinite(now["mark"])
        assert 0.0 <= now["doubt_ratio"] <= 1.0
        moved = now["mark"] != before["mark"]
        if moved and record[0] != "release":
            assert now["state"] == "ready" or now["unconfirmed"]
        if now["escalated"]:
            assert now["state"] != "ready"
        if moved:
            assert now["mark"] > 0 or settings.signed_prices
        before = now


@pytest.mark.parametrize("seed", range(8))
def test_the_numbering_of_the_sources_does_not_matter(seed: int) -> None:
    settings, records = stream(seed)
    order = list(range(8))
    random.Random(seed).shuffle(order)
    renamed = [
        (r[0], order[r[1]], *r[2:]) if r[0] in ("tick", "forget") and r[1] < 8 else r
        for r in records
    ]
    for given, other in zip(run(settings, records), run(settings, renamed), strict=True):
        flags = other.pop("sources")
        assert given.pop("sources") == "".join(flags[number] for number in order)
        assert given == other


@pytest.mark.parametrize("seed", range(8))
def test_late_duplicates_change_nothing(seed: int) -> None:
    settings, records = stream(seed)
    rng = random.Random(seed)
    answers = run(settings, records)
    taken: list[Record] = []
    again: list[Record] = []
    late: list[bool] = []
    for record, answer in zip(records, answers, strict=True):
        again.append(record)
        late.append(False)
        if record[0] == "tick" and answer["status"] in ("ok", "quarantined"):
            taken.append(record)
        if record[0] == "forget" and answer["status"] == "ok":  # its ticks would be news again
            taken = [tick for tick in taken if tick[1] != record[1]]
        while taken and rng.random() < 0.4:
            again.append(rng.choice(taken))
            late.append(True)
    repeated = run(settings, again)
    refused = {a["status"] for a, is_late in zip(repeated, late, strict=True) if is_late}
    assert {"time_reversed", "duplicate"} <= refused
    assert refused <= {"time_reversed", "out_of_order", "duplicate"}
    assert [a for a, is_late in zip(repeated, late, strict=True) if not is_late] == answers


def test_the_basis_agrees_with_the_twin() -> None:
    rng = random.Random(7)
    for _ in range(40):
        settings = make_settings(rng)
        basis = Basis(settings)
        now_ns, lines, expected = START_NS, [settings_line(settings)], []
        for _ in range(60):
            now_ns += rng.choice((0, 10**8, SECOND_NS, 45 * SECOND_NS, -SECOND_NS))
            index = rng.choice((100.0, 101.0, 99.5, 0.0, math.nan, 100.5))
            price = index * (1 + rng.gauss(0.002, 0.01)) if rng.random() < 0.95 else -1.0
            status = basis.update(price, index, now_ns)
            lines.append(f"basis {words(price, index, now_ns)}")
            expected.append((status, basis.average_ratio))
        for answer, (status, average) in zip(replay(lines), expected, strict=True):
            word, ratio, mark = answer.split()
            assert word == status
            assert float.fromhex(ratio) == pytest.approx(average, rel=1e-12, abs=1e-16)
            assert float.fromhex(mark) == 100.0 * (1.0 + float.fromhex(ratio))


def make_surface(rng: random.Random, vols: dict[tuple[int, int], float]) -> list[Row]:
    level = rng.gauss(0.0, 0.1) + rng.choice((0, 0, 0, 0.8))
    twist = rng.choice((0.01, 0.02, 0.2))
    rows = []
    for (expiry, strike), old in vols.items():
        staged = old * math.exp(level + rng.gauss(0.0, twist))
        staged = min(max(staged, 0.02), 4.9) if math.isfinite(old) else 0.5
        if rng.random() < 0.02:
            staged = math.nan
        if rng.random() < 0.0005:
            staged = rng.choice((math.inf, 0.0, -0.1, 7.0, 0.001))
        rows.append(Row(old, staged, (strike - 4) * 0.05, START_NS + expiry))
    return rows


def test_surfaces_agree_with_the_twin() -> None:
    rng = random.Random(11)
    seen: Counter[str] = Counter()
    for _ in range(20):
        guard = VolGuard(VolSettings(shape_age_max_ns=rng.choice((0, 5, 60)) * SECOND_NS))
        s = guard.settings
        limits = (s.vol_min, s.vol_max, s.level_band, s.shape_band, s.shape_age_max_ns)
        asked = [f"vol_settings {words(*limits)}"]
        vols = {(e, k): rng.choice((0.4, 0.6, math.nan)) for e in range(5) for k in range(9)}
        now_ns, expected = START_NS, []
        for _ in range(100):
            now_ns += rng.choice((0, SECOND_NS, SECOND_NS, 20 * SECOND_NS, -SECOND_NS))
            rows = make_surface(rng, vols)
            commit = guard.commit(rows, now_ns)
            cells = [words(r.old, r.staged, r.log_moneyness, r.expiry_ns) for r in rows]
            asked.append(f"surface {now_ns} {len(rows)} {' '.join(cells)}")
            expected.append(commit)
            vols = dict(zip(vols, commit.vols, strict=True))
            seen[commit.status] += 1
            seen["kept"] += commit.shape_kept
            seen["forced"] += commit.shape_forced
            seen["whole"] += not (commit.shape_kept or commit.shape_forced)
        for answer, commit in zip(replay(asked), expected, strict=True):
            status, kept, forced, degraded, level, *given = answer.split()
            flags = (commit.shape_kept, commit.shape_forced, commit.degraded)
            assert (status, *(w == "1" for w in (kept, forced, degraded))) == (
                commit.status,
                *flags,
            )
            assert float.fromhex(level) == pytest.approx(commit.level, rel=1e-12, abs=1e-15)
            assert [float.fromhex(g) for g in given] == pytest.approx(
                commit.vols, rel=1e-12, nan_ok=True
            )
    assert {"ok", "not_finite", "not_positive", "out_of_range", "time_reversed"} <= set(seen)
    assert min(seen["kept"], seen["forced"], seen["whole"]) > 50
