"""`tickmargin tick` and `tickmargin bench tick`: streams, views, files and what is refused."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.python.live_books import BTC, POLICIES, SECOND, T0, market, portfolio

import tickmargin as tm
from tickmargin.cli import exit_codes, main, tick_view
from tickmargin.cli.bench import histogram
from tickmargin.cli.tick_run import TickRun, percentiles
from tickmargin.cli.ticks import read_ticks, start_engine, tick_records

TICKS = 400
FALL = BTC * np.linspace(1.0, 0.5, TICKS)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book, and ticks ten seconds apart that fall by half."""
    folder = tmp_path_factory.mktemp("book")
    market().save(folder / "market")
    portfolio().save(folder / "portfolio", format="csv")
    write(folder / "ticks.csv", range(0, 10 * TICKS, 10), FALL)
    return folder


def write(path: Path, seconds: Any, prices: Any, head: str = "ts_ns,underlying,price") -> Path:
    rows = [
        f"{T0 + int(s) * SECOND},BTC,{p!r}"
        for s, p in zip(seconds, map(float, prices), strict=True)
    ]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def call(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def tick(capsys: pytest.CaptureFixture[str], book: Path, *argv: object) -> tuple[int, str, str]:
    return call(capsys, "tick", book / "market", book / "portfolio", *argv)


def test_the_fall_is_told_as_json(capsys: pytest.CaptureFixture[str], book: Path) -> None:
    code, out, err = tick(capsys, book, book / "ticks.csv", "--json")
    assert code == exit_codes.OK
    facts = json.loads(out)
    assert facts["statuses"] == {"ok": facts["records"]}
    assert facts["records"] == 2 * TICKS - 1
    assert facts["marks"][0]["index_price"] == pytest.approx(FALL[-1])
    assert "anna" in facts["liquidated"]
    assert "empty" not in facts["liquidated"]
    assert facts["states_before"]["liquidating"] == 0
    assert sum(facts["states_after"].values()) == 4
    assert facts["apply_ns"]["p50"] <= facts["apply_ns"]["p99"] <= facts["apply_ns"]["max"]
    assert facts["policies"][0]["path"] == "bands"
    assert facts["events"]["account"] > 0
    assert "no ticks of ETH: held" in err


def test_the_same_stream_through_python_ends_in_the_same_state(
    capsys: pytest.CaptureFixture[str], book: Path
) -> None:
    facts = json.loads(tick(capsys, book, book / "ticks.csv", "--json")[1])
    engine = tm.Engine(
        tm.Market.load(book / "market"), tm.Portfolio.load(book / "portfolio"), "house-portfolio"
    )
    ticks = read_ticks(book / "ticks.csv", engine.market)
    start_engine(engine, ticks, 30 * SECOND, None)
    engine.apply(tick_records(ticks, T0, 10 * SECOND))
    assert f"{engine.state_hash():016x}" == facts["state_hash"]


def test_a_pipe_gets_tables_and_every_event_a_file(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    target = tmp_path / "events.parquet"
    code, out, err = tick(capsys, book, book / "ticks.csv", "--out", target, "--no-live")
    assert code == exit_codes.OK
    for word in ("Accounts", "liquidating", "Marks (USD)", "p99.9", "Last events", "anna"):
        assert word in out
    assert "\x1b" not in out
    events = pq.read_table(target).to_pylist()
    gone = [row for row in events if row["after"] == "liquidating"]
    assert "anna" in [row["account"] for row in gone]
    assert f"wrote {len(events)} events" in err


def test_parquet_time_stamps_and_sources(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    count = 60
    times = np.repeat(T0 + np.arange(1, count // 3 + 1) * SECOND, 3)
    table = pa.table(
        {
            "time": pa.array(times, pa.timestamp("ns", tz="UTC")),
            "underlying": ["BTC"] * count,
            "price": np.repeat(BTC * (1 + 1e-4 * np.arange(count // 3)), 3),
            "source": ["x", "y", "z"] * (count // 3),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    code, out, _ = tick(capsys, book, tmp_path / "t.parquet", "--json", "--clock", "5")
    facts = json.loads(out)
    assert (code, facts["statuses"]) == (exit_codes.OK, {"ok": facts["records"]})
    assert facts["marks"][0]["index_price"] == pytest.approx(BTC * (1 + 1e-4 * 19))
    assert facts["marks"][0]["mark_state"] == "ready"


def test_times_as_text_mean_what_they_say(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "time,underlying,price\n2023-11-14T22:13:20.000000001Z,BTC,1\n"
        "2023-11-14T23:13:20.5+01:00,BTC,2\n2023-11-14T22:13:21Z,BTC,3\n"
    )
    ticks = read_ticks(path, market())
    assert (ticks.ts_ns - T0).tolist() == [1, SECOND // 2, SECOND]
    assert ticks.seq.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ts_ns,underlying,price\n1,BTX,1\n", "UNKNOWN_UNDERLYING"),
        ("ts_ns,underlying,price\n1,BTC,nan\n", "NOT_FINITE"),
        ("ts_ns,underlying,price\nx,BTC,1\n", "NOT_A_NUMBER"),
        ("underlying,price\nBTC,1\n", "INVALID_TIME"),
        ("ts_ns,time,underlying,price\n1,2024-01-01T00:00:00Z,BTC,1\n", "INVALID_TIME"),
        ("time,underlying,price\n2024-01-01T00:00:00,BTC,1\n", "INVALID_TIME"),
        ("time,underlying,price\n2024-01-01T00:00:00.Z,BTC,1\n", "INVALID_TIME"),
        ("time,underlying,price\nsoon,BTC,1\n", "INVALID_TIME"),
        ("ts_ns,underlying,price,seq\n1,BTC,1,0\n", "NOT_POSITIVE"),
        ("ts_ns,underlyng,price\n1,BTC,1\n", "INVALID_INPUT"),
        (
            "ts_ns,underlying,price,source\n" + "".join(f"1,BTC,1,s{n}\n" for n in range(9)),
            "OUT_OF_RANGE",
        ),
    ],
)
def test_a_bad_file_is_refused_whole(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path, text: str, code: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    status, out, err = tick(capsys, book, path)
    assert (status, out) == (exit_codes.BAD_INPUT, "")
    assert f"[{code}]" in err


def test_files_that_are_none(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.parquet").write_bytes(b"no")
    for path, code in (
        (tmp_path / "none.csv", "FILE_NOT_FOUND"),
        (tmp_path / "none.parquet", "FILE_NOT_FOUND"),
        (tmp_path / "t.parquet", "FILE_UNREADABLE"),
        (tmp_path / "t.txt", "FILE_UNREADABLE"),
    ):
        status, _, err = tick(capsys, book, path)
        assert status == exit_codes.BAD_INPUT
        assert f"[{code}]" in err
    status, _, err = tick(capsys, book, book / "ticks.csv", "--out", tmp_path / "x.txt")
    assert status == exit_codes.BAD_INPUT


def test_align_lets_any_ticks_drive_any_book(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    rows = [f"{n * SECOND},BTC,{100 - 0.01 * n}" for n in range(100)]
    path.write_text("ts_ns,underlying,price\n" + "\n".join(rows) + "\n")
    code, out, err = tick(capsys, book, path, "--json", "--strict")
    assert code == exit_codes.REFUSED
    assert "100 ticks are older than the market; --align" in err
    code, out, err = tick(capsys, book, path, "--json", "--align", "--strict")
    assert code == exit_codes.OK
    assert json.loads(out)["marks"][0]["index_price"] == pytest.approx(BTC * 99.01 / 100)


def test_speed_keeps_the_time_between_ticks(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "t.csv", range(1, 5), [BTC] * 4)
    facts = json.loads(tick(capsys, book, path, "--json", "--speed", "10")[1])
    assert 0.3 <= facts["seconds"] < 3.0
    assert facts["records"] == 4


def make_run(book: Path) -> TickRun:
    engine = tm.Engine(market(), portfolio(), POLICIES)
    ticks = read_ticks(book / "ticks.csv", engine.market)
    start_engine(engine, ticks, 30 * SECOND, None)
    return TickRun(engine, tick_records(ticks, T0, SECOND))


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (50, 10)])
def test_the_view_fits_the_terminal(book: Path, width: int, height: int) -> None:
    run = make_run(book)
    screen = Console(
        file=StringIO(), force_terminal=True, width=width, height=height, color_system=None
    )
    tick_view.run_live(run, "USD", screen)
    assert run.done == run.total
    still = Console(file=StringIO(), width=width, height=height)
    still.print(tick_view.frame(run, "USD", still))
    lines = still.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "…" not in still.file.getvalue()  # a number cut short would be a wrong number
    if width == 120:
        text = "\n".join(lines)
        assert len(lines) <= height
        for word in ("liquidating", "anna", "ready", "p99.9", f"{run.total:,} records"):
            assert word in text


def test_progress_is_told_line_by_line(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_view, "_LINE_SECONDS", 0.0)
    run = make_run(book)
    run.chunk = 1
    tick_view.run_plain(run)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert "records, " in lines[0]
    assert "p99" in lines[0]


def test_times_are_shown_in_the_unit_that_suits() -> None:
    shown = [tick_view.duration(ns) for ns in (None, 87, 1_234, 56_789_000, 2.5e9, 4e12)]
    assert shown == ["–", "87 ns", "1.23 µs", "56.8 ms", "2.5 s", "4,000 s"]
    assert percentiles(np.array([], np.int64)) == dict.fromkeys(("p50", "p99", "p99.9", "max"))
    assert percentiles(np.arange(1, 1001))["p99"] == 991
    below = histogram(np.array([0, 1, 2, 3, 4, 1000]))
    assert below == [
        {"below_ns": 2, "count": 2},
        {"below_ns": 4, "count": 2},
        {"below_ns": 8, "count": 1},
        {"below_ns": 1024, "count": 1},
    ]


def test_bench_tick_checks_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("bench", "tick", "--accounts", 40, "--positions", 300, "--seconds", 1.5)
    code, out, err = call(capsys, *words, "--orders", 40, "--surfaces", 2, "--json")
    assert code == exit_codes.OK
    facts = json.loads(out)
    assert facts["equals_recompute"] is True
    kinds = facts["records"]
    assert set(kinds) == {"index_tick", "order", "surface_stage", "surface_commit", "clock"}
    assert kinds["index_tick"]["answers"] == {"ok": 45}
    assert kinds["surface_commit"]["answers"] == {"ok": 3}
    assert sum(kinds["order"]["answers"].values()) == 60
    for row in (*kinds.values(), facts["empty_loop"]):
        latency = row["latency_ns"]
        assert 0 <= latency["p50"] <= latency["p99"] <= latency["max"]
    assert sum(b["count"] for b in kinds["order"]["histogram"]) == 60
    assert "making 40 accounts" in err


def test_bench_tick_takes_a_given_book(capsys: pytest.CaptureFixture[str], book: Path) -> None:
    given = ("--market", book / "market", "--portfolio", book / "portfolio")
    code, out, _ = call(capsys, "bench", "tick", *given, "--seconds", 0.5, "--orders", 20)
    assert code == exit_codes.OK
    for word in ("index tick", "order check", "empty loop", "equals a recompute", "4 accounts"):
        assert word in out
    assert call(capsys, "bench", "tick", *given[:2])[0] == exit_codes.USAGE
    nothing = ("--ticks", 0, "--orders", 0, "--surfaces", 0, "--seconds", 0.5)
    assert call(capsys, "bench", "tick", *given, *nothing)[0] == exit_codes.USAGE


def test_a_fall_that_one_source_tells_waits_and_says_for_what(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    fall = write(tmp_path / "fall.csv", range(0, 100, 10), [BTC] * 5 + [0.75 * BTC] * 5)
    _, out, _ = tick(capsys, book, fall, "--json")
    (mark, other) = json.loads(out)["marks"]
    assert (mark["index_price"], mark["mark_state"]) == (BTC, "quarantined")
    assert "a second source agrees" in mark["ready_when"]
    assert other["ready_when"] is None
    _, out, _ = tick(capsys, book, fall)
    assert "Ready when" in out
    assert "operator releases it" in out
    # a wider band believes it, a shorter limit takes it unconfirmed
    _, out, _ = tick(capsys, book, fall, "--json", "--band", "0.3")
    facts = json.loads(out)
    assert facts["marks"][0]["mark_state"] == "ready"
    assert facts["marks"][0]["index_price"] == 0.75 * BTC
    _, out, _ = tick(capsys, book, fall, "--json", "--quarantine-limit", "20")
    mark = json.loads(out)["marks"][0]
    assert (mark["index_price"], mark["mark_state"]) == (0.75 * BTC, "degraded")
    assert json.loads(out)["liquidated"] == []
    # a second source that agrees is no doubt at all
    two = tmp_path / "two.csv"
    rows = [
        f"{T0 + s * SECOND},BTC,{BTC if s < 50 else 0.75 * BTC},{name}"
        for s in range(0, 100, 10)
        for name in "ab"
    ]
    two.write_text("ts_ns,underlying,price,source\n" + "\n".join(rows) + "\n")
    _, out, _ = tick(capsys, book, two, "--json")
    assert json.loads(out)["marks"][0]["ready_when"] is None


def test_the_view_keeps_its_size_with_a_mark_in_doubt(book: Path, tmp_path: Path) -> None:
    engine = tm.Engine(market(), portfolio(), tm.Policies.from_dict(POLICIES))
    path = write(tmp_path / "fall.csv", range(0, 100, 10), [BTC] * 5 + [0.75 * BTC] * 5)
    ticks = read_ticks(path, engine.market)
    start_engine(engine, ticks, 30 * SECOND, None)
    run = TickRun(engine, tick_records(ticks, T0, SECOND), sources=ticks.sources)
    tick_view.run_plain(run)
    for width, height in ((120, 40), (80, 24), (50, 10)):
        still = Console(file=StringIO(), width=width, height=height)
        still.print(tick_view.frame(run, "USD", still))
        lines = still.file.getvalue().splitlines()
        assert all(len(line) <= width for line in lines)
        assert ("Ready when" in still.file.getvalue()) == (width >= 80)
        assert width < 120 or len(lines) <= height


def test_a_file_of_which_nothing_is_taken_is_no_success(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    old = write(tmp_path / "old.csv", range(-100, 0, 10), [BTC] * 10)
    code, out, err = tick(capsys, book, old)
    assert code == exit_codes.REFUSED
    assert "every tick" in err
    assert "10 time_reversed" in err
    assert "Accounts" in out
    mixed = write(tmp_path / "mixed.csv", range(-50, 50, 10), [BTC] * 10)
    code, _, err = tick(capsys, book, mixed)
    assert code == exit_codes.OK
    assert "warning: 5 of " in err
    assert "records were refused and changed nothing: 5 time_reversed" in err
    assert "refused" not in tick(capsys, book, book / "ticks.csv")[2]
    assert tick(capsys, book, mixed, "--strict")[0] == exit_codes.REFUSED


def test_prices_that_are_none_are_told_by_row_and_counted(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    bad = write(tmp_path / "bad.csv", range(6), [BTC, -BTC, BTC, 0.0, -1.0, BTC])
    code, out, err = tick(capsys, book, bad)
    assert (code, out) == (exit_codes.BAD_INPUT, "")
    assert "bad.csv" in err
    assert "[NOT_POSITIVE]" in err
    assert "-60000" in err
    assert "3 problems" in err
    assert "row 1 (line 3), column price" in err


def test_a_folder_that_is_taken_asks_for_another(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    again = ("--json", "--record", tmp_path / "run")
    assert tick(capsys, book, book / "ticks.csv", *again)[0] == exit_codes.OK
    code, _, err = tick(capsys, book, book / "ticks.csv", *again)
    assert code == exit_codes.BAD_INPUT
    assert "[RECORDING_IN_USE]" in err
    assert "choose a new or empty folder" in err
    assert f"tickmargin replay {tmp_path / 'run'}" in err


def test_everything_wrong_in_a_file_is_told_at_once(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    rows = [
        "2023-11-14T22:13:21Z,BTC,nan,1",
        "2023-11-14T22:13:22Z,BTX,1,2",
        "soon,BTC,1,3",
        "2023-11-14T22:13:24Z,BTC,-1,0",
        *["2023-11-14T22:13:25Z,BTC,0,4"] * 30,
    ]
    bad.write_text("\n".join(["time,underlying,price,seq", *rows]) + "\n")
    code, out, err = tick(capsys, book, bad)
    assert (code, out) == (exit_codes.BAD_INPUT, "")
    found = ("UNKNOWN_UNDERLYING", "NOT_FINITE", "INVALID_TIME", "NOT_POSITIVE")
    for told in (*found, "35 problems", "32 NOT_POSITIVE", "... and 15 more"):
        assert told in err
    assert len([line for line in err.splitlines() if line.startswith("  bad.csv row")]) == 20
    some = tmp_path / "some.csv"
    sources = "".join(f"1,BTC,1,s{n}\n" for n in range(9))
    some.write_text("ts_ns,underlying,price,source\nx,BTX,nan,a\n" + sources)
    _, _, err = tick(capsys, book, some)
    for told in ("4 problems", "BTX", "NOT_FINITE", "NOT_A_NUMBER", "BTC has 9 sources"):
        assert told in err


def test_ticks_in_seconds_are_told_so(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    for per_second, unit in ((1, "seconds"), (10**3, "milliseconds"), (10**6, "microseconds")):
        path = tmp_path / f"{unit}.csv"
        path.write_text(f"ts_ns,underlying,price\n{T0 // 10**9 * per_second},BTC,{BTC}\n")
        code, _, err = tick(capsys, book, path)
        assert code == exit_codes.REFUSED
        assert f"it looks like {unit}: ts_ns is in nanoseconds, 1e" in err


def test_a_folder_that_cannot_be_made_is_told_with_a_code(
    capsys: pytest.CaptureFixture[str], book: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = tick(capsys, book, book / "ticks.csv", "--record", tmp_path / "file")
    assert code == exit_codes.BAD_INPUT
    assert f"error [FILE_ACCESS]: directory: '{tmp_path / 'file'}' cannot be written" in err
