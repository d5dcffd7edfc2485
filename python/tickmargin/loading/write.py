"""Writing tables into a folder that loads back exactly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickmargin.errors import InvalidInputError
from tickmargin.loading.arrow import pyarrow
from tickmargin.loading.files import FORMATS
from tickmargin.table import Table

__all__ = ["check_target", "save_tables", "write_text"]


def check_target(folder: Path, names: list[str], *, format: str, overwrite: bool) -> None:
    """Refuse an unknown format, and files that would be replaced without ``overwrite``."""
    if format not in FORMATS:
        message = f"format must be 'parquet' or 'csv', got {format!r}"
        raise InvalidInputError(message, code="INVALID_ARGUMENT")
    if overwrite:
        return
    present = [name for name in names if (folder / name).exists()]
    if present:
        message = f"{folder} already holds {', '.join(present)}; pass overwrite=True to replace"
        raise InvalidInputError(message, code="FILE_EXISTS")


def save_tables(folder: Path, tables: Mapping[str, Table], *, format: str, overwrite: bool) -> None:
    """Write each table as ``<name>.<format>``; a file of the other format is removed."""
    files = [f"{name}.{ending}" for name in tables for ending in FORMATS]
    check_target(folder, files, format=format, overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = folder / f"{name}.{format}"
        part = path.with_name(path.name + ".part")
        _write(part, table.to_arrow(), format)
        os.replace(part, path)
        for ending in FORMATS:
            if ending != format:
                (folder / f"{name}.{ending}").unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never half."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _write(path: Path, arrow: Any, format: str) -> None:
    pa = pyarrow("saving tables")
    if format == "parquet":
        parquet = pyarrow("saving tables", "pyarrow.parquet")
        parquet.write_table(arrow, path, compression="zstd", row_group_size=1 << 20)
        return
    writer = pyarrow("saving tables", "pyarrow.csv")
    # the CSV writer takes no dictionary columns; decode block by block
    schema = pa.schema(
        pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in arrow.schema
    )
    with writer.CSVWriter(path, schema) as out:
        for start in range(0, arrow.num_rows, 1 << 18):
            out.write_table(arrow.slice(start, 1 << 18).cast(schema))
