"""Single tables the command line takes beside market and portfolio folders."""

from __future__ import annotations

from pathlib import Path

from tickmargin.errors import InvalidInputError
from tickmargin.loading.column import Column, TableSpec
from tickmargin.loading.issues import IssueLog
from tickmargin.loading.read import TableData, read_file

ORDER_COLUMNS = (
    Column("account", "id"),
    Column("pocket", "id", required=False, nullable=True),
    Column("instrument", "id"),
    Column("quantity", "float"),
    Column("price", "float", sign="non_negative"),
)
VENUE_COLUMNS = (
    Column("account", "id"),
    Column("equity", "float", required=False, nullable=True),
    Column("initial_margin", "float", required=False, nullable=True),
    Column("maintenance_margin", "float", required=False, nullable=True),
)


def read_table(path: Path, columns: tuple[Column, ...]) -> TableData:
    """Read one CSV or Parquet file with the strictness of a portfolio.

    Raises
    ------
    InvalidInputError
        With every problem in ``issues``.
    """
    log = IssueLog()
    data = read_logged(path, columns, log)
    log.raise_if_any(str(path))
    assert data is not None  # everything that gives no table has been reported
    return data


def read_logged(path: Path, columns: tuple[Column, ...], log: IssueLog) -> TableData | None:
    """Read one CSV or Parquet file; what is wrong in it goes to ``log``.

    Raises
    ------
    InvalidInputError
        There is no such file, or it is neither.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidInputError(
            f"{path}: the name must end in .csv or .parquet", code="FILE_UNREADABLE"
        )
    if not path.is_file():
        raise InvalidInputError(f"{path}: no such file", code="FILE_NOT_FOUND")
    return read_file(path, TableSpec(path.stem, columns), log, None)
