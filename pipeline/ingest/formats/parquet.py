"""Parquet: every column as text; a list is joined by semicolons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ingest.formats.excel import damaged
from pipeline.ingest.formats.text import Header, refuse_wide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def load_parquet(con: DuckDBPyConnection, path: Path) -> Header:
    """Fill the table `body(c0, c1, …)`; returns the one header row."""
    from duckdb import Error

    try:
        found = con.read_parquet(str(path), file_row_number=True)
        names, kinds = found.columns[:-1], found.types[:-1]
        refuse_wide(path, len(names))
        texts = ", ".join(
            f"{_text(name, str(kind))} AS c{i}"
            for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
        )
        con.execute(
            f"CREATE OR REPLACE TABLE body AS SELECT {texts} FROM found"
            " ORDER BY file_row_number"
        )
    except Error as error:
        raise damaged(path, str(error).splitlines()[0]) from None
    return [list(names)]


def number_text(sql: str) -> str:
    """A floating number as text in SQL: 1.0 is "1"."""
    whole = f"{sql} = trunc({sql}) AND abs({sql}) < 1e15"
    return (
        f"CASE WHEN isnan({sql}) THEN NULL WHEN {whole}"
        f" THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR)"
        f" ELSE CAST({sql} AS VARCHAR) END"
    )


def _text(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        return f"array_to_string({column}, ';')"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return number_text(f"CAST({column} AS DOUBLE)")
    return f"CAST({column} AS VARCHAR)"
