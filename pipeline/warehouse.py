"""DuckDB: SQL files, Parquet in and out, and the warehouse built from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(path: Path | None = None, *, read_only: bool = False) -> DuckDBPyConnection:
    """A connection to the warehouse file, or to memory; it fetches no extensions."""
    import duckdb

    con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
    con.execute("SET autoinstall_known_extensions = false").fetchall()
    return con


@cache
def statement(name: str) -> str:
    """The SQL text of `pipeline/sql/<name>.sql`."""
    return (files("pipeline") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def fill(con: DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """(Re)create `table(name type, …)` with these rows."""
    import numpy as np

    con.execute(f"CREATE OR REPLACE TABLE {table}")
    if rows:
        columns = {
            f"c{i}": np.array([None if v is None else str(v) for v in column], object)
            for i, column in enumerate(zip(*rows, strict=True))
        }
        # One scan of arrays: row by row, 6,000 rows took two seconds.
        con.register("incoming", columns)
        con.execute(f"INSERT INTO {table.split('(')[0]} SELECT * FROM incoming")
        con.unregister("incoming")


def write_parquet(con: DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a query's rows, aside and renamed; sort them in `query`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        con.execute(
            f"COPY ({query}) TO '{_quoted(aside)}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def parquet(path: Path) -> str:
    """`path` as a table in a FROM clause."""
    return f"read_parquet('{_quoted(path)}')"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def build_warehouse(build: Path) -> None:
    """(Re)build warehouse.duckdb from the Parquet files; it is a cache of them."""
    target = build / "warehouse.duckdb"
    aside = build / f".warehouse.{os.getpid()}.duckdb"
    aside.unlink(missing_ok=True)
    try:
        con = connect(aside)
        answers = parquet(build / "answers.parquet")
        con.execute(f"CREATE TABLE answers AS SELECT * FROM {answers}")
        people, weights = (
            parquet(build / f"{name}.parquet") for name in ("respondents", "weights")
        )
        con.execute(
            f"CREATE TABLE people AS SELECT p.*, w.weight FROM {people} AS p"
            f" JOIN {weights} AS w USING (wave, respondent)"
        )
        con.close()
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
