"""Parquet: every column as text; a list is joined by semicolons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ingest.formats.excel import damaged
from pipeline.ingest.formats.parts import Parts, open_store, refuse_other_columns
from pipeline.ingest.formats.text import Header, refuse_wide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE = "__file"  # the column that says which file a row is from


def load_parquet(con: DuckDBPyConnection, path: Path) -> Header:
    """Fill the table `body(c0, c1, …)`; returns the one header row."""
    return _load(con, path, [str(path)])


def load_parts(con: DuckDBPyConnection, parts: Parts) -> Header:
    """Fill `body` from many files; what folders' names say (month=5) is columns too."""
    from duckdb import Error

    path = Path(parts.name)
    if parts.remote:
        open_store(con)
    try:
        refuse_other_columns(con, parts)
    except Error as error:
        raise damaged(path, str(error).splitlines()[0]) from None
    return _load(con, path, [part.path for part in parts.files])


def _load(con: DuckDBPyConnection, path: Path, files: list[str]) -> Header:
    from duckdb import Error

    try:
        con.execute("SET VARIABLE files = $files", {"files": files})
        found = con.sql(
            "SELECT * FROM read_parquet(getvariable('files'), file_row_number = true,"
            f" filename = '{FILE}')"
        )
        columns = dict(zip(found.columns, map(str, found.types), strict=True))
        names = [name for name in columns if name not in ("file_row_number", FILE)]
        refuse_wide(path, len(names))
        texts = ", ".join(
            f"{text_of(name, columns[name])} AS c{i}" for i, name in enumerate(names)
        )
        con.execute(
            f"CREATE OR REPLACE TABLE body AS SELECT {texts} FROM found"
            f" ORDER BY {FILE}, file_row_number"
        )
    except Error as error:
        raise damaged(path, str(error).splitlines()[0]) from None
    return [names]


def number_text(sql: str) -> str:
    """A floating number as text in SQL: 1.0 is "1"."""
    whole = f"{sql} = trunc({sql}) AND abs({sql}) < 1e15"
    return (
        f"CASE WHEN isnan({sql}) THEN NULL WHEN {whole}"
        f" THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR)"
        f" ELSE CAST({sql} AS VARCHAR) END"
    )


def text_of(name: str, kind: str) -> str:
    """SQL of a column as text."""
    column = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        return f"array_to_string({column}, ';')"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return number_text(f"CAST({column} AS DOUBLE)")
    return f"CAST({column} AS VARCHAR)"
