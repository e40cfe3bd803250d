"""A DuckDB database: one of its tables or views, every column as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError, NotFound
from pipeline.ingest.formats.excel import damaged
from pipeline.ingest.formats.parquet import text_of
from pipeline.ingest.formats.text import Header, refuse_wide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def load_database(con: DuckDBPyConnection, path: Path, table: str) -> Header:
    """Fill `body(c0, c1, …)` from `table`, the only one if left out; returns its names.

    The database is attached to read, and let go of again.
    """
    from duckdb import Error

    quoted = str(path).replace("'", "''")
    try:
        con.execute(f"ATTACH '{quoted}' AS given (READ_ONLY)")
    except Error as error:
        raise damaged(path, str(error).splitlines()[0]) from None
    try:
        chosen = _chosen(con, path, table)
        columns = con.execute(f"DESCRIBE given.{chosen}").fetchall()
        refuse_wide(path, len(columns))
        texts = ", ".join(
            f"{text_of(name, kind)} AS c{i}"
            for i, (name, kind, *_) in enumerate(columns)
        )
        con.execute(
            f"CREATE OR REPLACE TABLE body AS SELECT {texts} FROM given.{chosen}"
        )
    except Error as error:
        raise damaged(path, str(error).splitlines()[0]) from None
    finally:
        con.execute("DETACH given")
    return [[name for name, *_ in columns]]


def _chosen(con: DuckDBPyConnection, path: Path, table: str) -> str:
    """The table in SQL: that of this name, or the only one there is."""
    rows = con.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_catalog = 'given' ORDER BY ALL"
    ).fetchall()
    known = {n if s == "main" else f"{s}.{n}": f'"{s}"."{n}"' for s, n in rows}
    if not table and len(known) == 1:
        return next(iter(known.values()))
    if not known:
        raise DataError("has no table", where=str(path), remedy="Name another file.")
    if not table:
        raise DataError(
            f"has {len(known)} tables",
            where=str(path),
            remedy=f"Say which one: sheet = '{next(iter(known))}'. There are:"
            f" {', '.join(known)}.",
        )
    if table not in known:
        raise NotFound.among("table", table, known)
    return known[table]
