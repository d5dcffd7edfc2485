"""python/README.md documents every table, every column with its type, and every code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tickmargin
from tickmargin.errors import CODES, InvalidInputError, Issue, MissingExtraError
from tickmargin.live_results import RECORD_STATUSES
from tickmargin.loading.specs import MARKET_TABLES, PORTFOLIO_TABLES

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "python" / "tickmargin"
README = (ROOT / "python" / "README.md").read_text()
SECTIONS = re.split(r"^###? ", README, flags=re.MULTILINE)
TABLES = [("Portfolio", spec) for spec in PORTFOLIO_TABLES]
TABLES += [("Market", spec) for spec in MARKET_TABLES]


def rows(section):
    cells = [line.strip("|").split("|") for line in section.splitlines() if line[:3] == "| `"]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in cells}


@pytest.mark.parametrize(("group", "spec"), TABLES, ids=lambda value: getattr(value, "name", value))
def test_every_column_is_documented(group, spec):
    title = f"{group}: {spec.name}"
    (section,) = [s for s in SECTIONS if s.splitlines()[0].split(" (")[0] == title]
    assert ("(optional)" in section.splitlines()[0]) != spec.required
    documented = rows(section)
    assert list(documented) == [column.name for column in spec.columns]
    for column in spec.columns:
        kind, _, flags, rule = documented[column.name]
        assert kind == {"id": "string", "text": "string"}.get(column.kind, column.kind)
        assert ("optional" in flags) != column.required, column.name
        assert ("nullable" in flags) == column.nullable, column.name
        code = {"positive": "NOT_POSITIVE", "non_negative": "NEGATIVE_VALUE"}.get(column.sign)
        assert code is None or code in rule, column.name
        for word in column.words:
            assert word in rule


def test_every_code_is_documented_as_it_is_defined():
    listed = README.split("## Codes")[1]
    documented = {code: cells[0] for code, cells in rows(listed).items()}
    assert documented == dict(CODES)
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", README)) <= {
        *CODES,
        "POLICY_CODES",
        "QUANTILE_RULES",
    }


LOADING = [*(PACKAGE / "loading").glob("*.py"), PACKAGE / "validation.py", PACKAGE / "table.py"]


def test_no_code_is_raised_that_is_not_listed_and_none_is_listed_in_vain():
    live = [*PACKAGE.glob("live_*.py"), *PACKAGE.glob("record*.py"), PACKAGE / "names.py"]
    venues = [*(PACKAGE / "venues").glob("*.py"), PACKAGE / "clearing.py", PACKAGE / "engine.py"]
    others = [PACKAGE / name for name in ("market.py", "history.py", "_kernels.py")]
    others += PACKAGE.glob("*_notes.py")
    sources = (*LOADING, *live, *venues, *others)
    text = "".join(path.read_text() for path in sources)
    errors = (PACKAGE / "errors.py").read_text()
    quoted = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', text))
    named = set(CODES) - {"INVALID_INPUT", "MISSING_EXTRA", "UNKNOWN_NAME", "INVALID_ARGUMENT"}
    statuses = {status.upper() for status in RECORD_STATUSES}
    named -= statuses | {"ENGINE_BUSY", "FILE_ACCESS"}
    assert statuses - {"OK", "QUARANTINED"} <= set(CODES)
    assert named <= quoted
    assert {"INVALID_INPUT", "MISSING_EXTRA"} <= set(re.findall(r'code = "([A-Z_]+)"', errors))
    exported = {"CAPACITY_KEYS", "CHECK_VERDICTS", "KINDS", "MARKET_TABLES", "MARK_STATES",
                "OPTION_TYPES", "ORACLE_KEYS", "PORTFOLIO_TABLES", "RECORD_STATUSES",
                "SETTING_KEYS"}  # fmt: skip
    assert quoted - set(CODES) <= exported


def test_errors_survive_another_process():
    """An error of a worker process must arrive with its code and its issues."""
    from multiprocessing.reduction import ForkingPickler

    issue = Issue("NOT_FINITE", "positions.csv", 3, "quantity", 1.5, "message")
    error = InvalidInputError.from_issues("portfolio", [issue])
    kind, args, state = error.__reduce__()
    copy = kind(*args)
    copy.__dict__.update(state)
    assert (copy.code, copy.issues, copy.counts) == (error.code, error.issues, error.counts)
    assert str(copy) == str(error)
    assert ForkingPickler.dumps(error)
    assert MissingExtraError("text").code == "MISSING_EXTRA"


def test_an_issue_reads_as_one_line():
    issue = Issue("NOT_FINITE", "p.csv", 3, "quantity", 1.5, "must be finite")
    assert str(issue) == "p.csv row 3 (line 5), column quantity: must be finite [NOT_FINITE]"
    issue = Issue("FILE_EMPTY", "a.csv", None, None, None, "empty")
    assert str(issue) == "a.csv: empty [FILE_EMPTY]"


def test_public_names_are_the_documented_ones():
    for name in ("Market", "Portfolio", "Table", "InvalidInputError", "TickMarginError"):
        assert getattr(tickmargin, name).__name__ == name
