"""What a new user gets wrong: one clear message each, the right exit code, never a traceback."""

from __future__ import annotations

import csv
import shutil

import pytest

import tickmargin as tm
from tickmargin.cli import exit_codes, main
from tickmargin.simulate import synthetic_venue


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    venue = synthetic_venue(accounts=60, positions=600, seed=9)
    venue.market_at().save(folder / "market", format="csv")
    venue.portfolio().save(folder / "portfolio", format="csv")
    return folder


@pytest.fixture
def broken(book, tmp_path):
    shutil.copytree(book, tmp_path / "b")
    return tmp_path / "b"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    import os

    for name in [n for n in os.environ if n.startswith("TICKMARGIN_")]:
        monkeypatch.delenv(name)


def call(capsys, *argv):
    code = main([str(word) for word in argv])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def run(capsys, folder, *more):
    return call(capsys, "run", folder / "market", folder / "portfolio", *more)


def test_a_wrong_folder(capsys, tmp_path):
    code, out, err = run(capsys, tmp_path / "nowhere")
    assert (code, out) == (exit_codes.BAD_INPUT, "")
    assert "FOLDER_NOT_FOUND" in err
    assert "nowhere" in err


def test_a_wrong_column(capsys, broken):
    path = broken / "portfolio" / "positions.csv"
    path.write_text(path.read_text("utf-8").replace("quantity", "qty", 1), encoding="utf-8")
    code, _, err = run(capsys, broken)
    assert code == exit_codes.BAD_INPUT
    assert "'quantity'" in err
    assert "positions.csv" in err


def test_a_wrong_cell_names_its_line(capsys, broken):
    path = broken / "portfolio" / "balances.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ",lots"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, _, err = run(capsys, broken)
    assert code == exit_codes.BAD_INPUT
    assert "line 4" in err
    assert "lots" in err


def test_a_misspelt_policy_key_is_suggested(capsys, book, tmp_path):
    text = (tmp_path / "p.toml", "house-fixed")
    code, out, _ = call(capsys, "presets", "show", text[1])
    assert code == 0
    assert "taker_fee_ratio" in out
    text[0].write_text(out.replace("taker_fee_ratio", "taker_fe_ratio", 1), encoding="utf-8")
    code, _, err = run(capsys, book, "--policies", text[0])
    assert code == exit_codes.BAD_INPUT
    assert "taker_fe_ratio" in err
    assert "taker_fee_ratio" in err


def without_sol_s(column, folder):
    """Empty one cell of the market: SOL's."""
    path = folder / "market" / "underlyings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row[column] = "" if row["underlying"] == "SOL" else row[column]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_an_undecidable_account_names_the_volatility_its_policy_reads(capsys, broken):
    without_sol_s("realised_vol_annual", broken)
    said = "underlying 'SOL' has no realised_vol_annual in underlyings"
    code, out, err = run(capsys, broken, "--policies", "house-dynamic")
    assert code == 0
    assert said in " ".join(out.split())
    assert " undecidable" in out[out.index("left out: ") :]
    code, out, err = run(capsys, broken, "--policies", "house-fixed")
    assert said not in " ".join((err + out).split())
    market, book = broken / "market", broken / "portfolio"
    engine = tm.Engine(tm.Market.load(market), tm.Portfolio.load(book), "house-dynamic")
    accounts = engine.recompute().accounts
    name = accounts["account"][accounts["state"] == "undecidable"][0]
    code, out, _ = call(capsys, "explain", market, book, name, "--policies", "house-dynamic")
    assert code == 0
    assert said in " ".join(out.split())


def test_a_missing_price_is_a_warning_by_name_and_strict_an_error(capsys, broken):
    without_sol_s("index_price", broken)
    code, _, err = run(capsys, broken, "--strict")
    assert code == exit_codes.UNDECIDABLE
    assert "MISSING_PRICE" in err
    assert "SOL" in err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["presets", "show", "house-fixd"], "did you mean house-fixed"),
        (["run", "{m}", "{p}", "--policies", "house-portfolo"], "house-portfolio"),
        (["run", "{m}", "{p}", "--policies", "none.toml"], "none.toml"),
        (["run", "{m}", "{p}", "--out", "a.xlsx"], ".csv, .parquet, .json"),
        (["run", "{m}", "{p}", "--out", "no/where/a.csv"], "no such folder"),
        (["run", "{m}", "{p}", "--html", "no/where/a.html"], "no such folder 'no/where'"),
        (["explain", "{m}", "{p}", "A00001"], "did you mean 'A0000"),
        (["explain", "{m}", "{p}", "A000001", "--out", "e.csv"], "must end in .json"),
        (["shadow", "{m}", "{p}", "none.csv"], "no such file"),
        (["shadow", "{m}", "{p}", "venue.txt"], "must end in .csv or .parquet"),
        (["what-if", "{m}", "{p}", "--orders", "none.csv"], "no such file"),
        (
            ["what-if", "{m}", "{p}", "-a", "A000001", "-i", "BTC-PERPETUL", "-q", "1",
             "--price", "1"],
            "BTC-PERPETUAL",
        ),
        (["portfolio-from-chain", "none.csv.gz", "--out", "x"], "no such file"),
        (["demo", "--accounts", "10", "--positions", "1000000"], "positions must be <="),
    ],
)  # fmt: skip
def test_bad_input_is_exit_code_3_with_the_remedy(capsys, book, argv, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"{m}": book / "market", "{p}": book / "portfolio"}
    code, out, err = call(capsys, *[places.get(word, word) for word in argv])
    assert (code, out) == (exit_codes.BAD_INPUT, "")
    assert err.splitlines()[-1].startswith("error [") or err.startswith("error [")
    assert said in err


@pytest.mark.parametrize(
    "argv",
    [
        ["rum"],
        ["run"],
        ["run", "a", "b", "--thread", "2"],
        ["run", "a", "b", "--threads", "0"],
        ["run", "a", "b", "--threads", "two"],
        ["demo", "--accounts", "9"],
        ["what-if", "a", "b", "--account", "A"],
        ["what-if", "a", "b", "--account", "A", "--orders", "o.csv"],
        ["portfolio-from-chain", "c.csv"],
        ["--config", "none.toml", "info"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(capsys, argv):
    code, out, err = call(capsys, *argv)
    assert (code, out) == (exit_codes.USAGE, "")
    assert err != ""


def test_a_venue_file_without_numbers_or_with_an_account_twice(capsys, book, tmp_path):
    venue = tmp_path / "v.csv"
    folders = (book / "market", book / "portfolio")
    venue.write_text("account\nA000001\n", encoding="utf-8")
    code, _, err = call(capsys, "shadow", *folders, venue)
    assert code == exit_codes.BAD_INPUT
    assert "none of the columns equity" in err
    venue.write_text("account,equity\nA000001,1\nA000001,2\n", encoding="utf-8")
    code, _, err = call(capsys, "shadow", *folders, venue)
    assert code == exit_codes.BAD_INPUT
    assert "'A000001' appears more than once" in err
    venue.write_text("account,equty\nA000001,1\n", encoding="utf-8")
    code, _, err = call(capsys, "shadow", *folders, venue)
    assert code == exit_codes.BAD_INPUT
    assert "did you mean 'equity'" in err


def test_a_missing_extra_is_exit_code_6(capsys, book, monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    code, _, err = run(capsys, book, "--html", tmp_path / "r.html")
    assert code == exit_codes.MISSING_EXTRA
    assert "tickmargin[report]" in err


def test_a_folder_that_cannot_be_written_is_no_traceback(capsys, book, tmp_path):
    code, _, err = run(capsys, book, "--html", tmp_path / "no" / "r.html")
    assert code == exit_codes.BAD_INPUT
    assert "r.html" in err


def test_our_own_mistake_is_exit_code_1_with_a_traceback(capsys, monkeypatch):
    def fail():
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(tm, "info", fail)
    assert main(["info"]) == exit_codes.INTERNAL
    assert "ZeroDivisionError: ours" in capsys.readouterr().err


# where a value comes from


def top_of(out):
    import json

    return len(json.loads(out)["riskiest"])


def test_flag_beats_environment_beats_file_beats_default(capsys, book, tmp_path, monkeypatch):
    config = tmp_path / "c.toml"
    config.write_text('json = true\n[run]\ntop = 3\npolicies = "house-fixed"\n', encoding="utf-8")
    where = ("run", book / "market", book / "portfolio")
    assert top_of(call(capsys, *where, "--json")[1]) == 15
    code, out, _ = call(capsys, "--config", config, *where)
    assert (code, top_of(out)) == (0, 3)
    assert '"house-fixed"' in out
    monkeypatch.setenv("TICKMARGIN_CONFIG", str(config))
    monkeypatch.setenv("TICKMARGIN_RUN_TOP", "4")
    monkeypatch.setenv("TICKMARGIN_POLICIES", "house-dynamic")
    code, out, _ = call(capsys, *where)
    assert (code, top_of(out)) == (0, 4)
    assert '"house-dynamic"' in out
    code, out, _ = call(capsys, *where, "--top", 5, "-p", "house-portfolio")
    assert (code, top_of(out)) == (0, 5)
    assert '"house-portfolio"' in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("thread = 2\n", "did you mean 'threads'"),
        ("[runn]\ntop = 2\n", "did you mean 'run'"),
        ("[run]\ntops = 2\n", "did you mean 'top'"),
        ("[presets.lst]\njson = true\n", "did you mean 'list'"),
        ("top = \n", "c.toml"),
        ("[run]\nthreads = 'many'\n", "--threads"),
    ],
)
def test_a_wrong_configuration_file_is_exit_code_2(capsys, book, tmp_path, text, said):
    config = tmp_path / "c.toml"
    config.write_text(text, encoding="utf-8")
    code, out, err = call(capsys, "--config", config, "run", book / "market", book / "portfolio")
    assert (code, out) == (exit_codes.USAGE, "")
    assert said in " ".join(err.replace("│", " ").split())


def test_progress_and_notes_never_reach_standard_output(capsys, book, tmp_path):
    import json

    code, out, err = run(capsys, book, "--json", "--html", tmp_path / "r.html")
    assert code == 0
    json.loads(out)
    assert "wrote" in err
