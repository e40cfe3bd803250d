"""DuckDB: SQL files, Parquet in and out, and the warehouse built from them."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.design import CLUSTER, REPLICATE, STRATUM

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipeline.definition import Question, Survey


def connect(path: Path | None = None, *, read_only: bool = False) -> DuckDBPyConnection:
    """A connection to the warehouse file, or to memory; it fetches no extensions."""
    import duckdb

    con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
    # Grouped by a number of few bits, an array is quicker than a hash table.
    con.execute(
        "SET autoinstall_known_extensions = false; SET perfect_ht_threshold = 18"
    ).fetchall()
    return con


def reader() -> DuckDBPyConnection:
    """A connection that only reads files; to open a first one takes ten of its queries.

    It shares its memory with all others, so nothing can be created in it.
    """
    return _shared().cursor()


@cache
def _shared() -> DuckDBPyConnection:
    # DuckDB's binding complains of what is still there when Python ends.
    atexit.register(_shared.cache_clear)
    return connect()


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


def write_parquet(
    con: DuckDBPyConnection, query: str, path: Path, more: str = ""
) -> None:
    """Write a query's rows, aside and renamed; sort them in `query`.

    `more` are further options of the format.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        con.execute(
            f"COPY ({query}) TO '{_quoted(aside)}'"
            f" (FORMAT parquet, COMPRESSION zstd{more})"
        ).fetchall()
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def parquet(path: Path) -> str:
    """`path` as a table in a FROM clause."""
    return f"read_parquet('{_quoted(path)}')"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def numbers_of(dimension: str, table: str = "") -> str:
    """The column that numbers the domains of a dimension, 0 for unknown."""
    return f'{table}{"." if table else ""}"#{dimension}"'


def open_warehouse(build: Path) -> DuckDBPyConnection:
    """The warehouse of a build, to be read; `answers` are those of its Parquet file."""
    con = connect(build / "warehouse.duckdb", read_only=True)
    see_answers(con, build)
    return con


def see_answers(con: DuckDBPyConnection, build: Path) -> None:
    """(Re)create the view `answers`, for this connection.

    To copy them took ten times as long as to add them up where they are.
    """
    con.execute(
        "CREATE OR REPLACE TEMP VIEW answers AS SELECT a.*, i.number"
        f" FROM {parquet(build / 'answers.parquet')} AS a JOIN items AS i USING (item)"
    )


def build_warehouse(survey: Survey, build: Path) -> None:
    """(Re)build warehouse.duckdb from the Parquet files; it is a cache of them.

    Beside the texts stand numbers, which are quicker to group by: `number` of an item
    (as `Survey.items` lists them) and `#role` of a domain (0: unknown). `answered` has
    the answers and what of `people` they are added up by.
    """
    target = build / "warehouse.duckdb"
    aside = build / f".warehouse.{os.getpid()}.duckdb"
    aside.unlink(missing_ok=True)
    try:
        con = connect(aside)
        fill(
            con,
            "items(item VARCHAR, number INTEGER)",
            [(item, i) for i, item in enumerate(survey.items())],
        )
        see_answers(con, build)
        people, weights = (
            parquet(build / f"{name}.parquet") for name in ("respondents", "weights")
        )
        numbers = "".join(
            f', list_position({[g.code for g in survey.domains(d.id)]}, p."{d.id}")'
            f' AS "#{d.id}"'
            for d in survey.dimensions
        )
        con.execute(
            f"CREATE TABLE people AS SELECT p.*{_scaled(con, people)},"
            f" w.weight, w.untrimmed{numbers} FROM {people} AS p"
            f" JOIN {weights} AS w USING (wave, respondent)"
        )
        lay_out(con, survey)
        con.close()
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def codes(survey: Survey) -> list[tuple[int, range]]:
    """The codes that answers to each item may have, but for numeric items.

    One after the other they number all answers to all items, from 0.
    """
    found, number = [], 0
    for question in survey.questions:
        items = question.items()
        if items and question.kind != "numeric":
            of_item = range(2) if question.kind == "select-all" else _codes(question)
            found += [(number + i, of_item) for i in range(len(items))]
        number += len(items)
    return found


def _codes(question: Question) -> range:
    """From the lowest that an option is stored as to the highest."""
    if question.scale is not None:
        return range(question.scale.low, question.scale.high + 1)
    return range(1, len(question.choices) + 1)


def lay_out(con: DuckDBPyConnection, survey: Survey) -> None:
    """(Re)create the view `answered`, which estimates are added up from."""
    name_people(con, survey)
    fill(con, "firsts(number INTEGER, first INTEGER)", firsts(survey))
    con.execute(f"CREATE OR REPLACE VIEW answered AS {answered(con, survey)}")


def name_people(con: DuckDBPyConnection, survey: Survey) -> None:
    """(Re)create the view `weighed`: what of `people` answers are added up by.

    A quotient of decimals is a float, which engines round each in their own way: that
    of a trimmed weight is taken here, once for a respondent.
    """
    given = [row[0] for row in con.execute("DESCRIBE people").fetchall()]
    drawn = (STRATUM, CLUSTER, REPLICATE)
    kept = ["weight", "base_weight", *(n for n in given if n.startswith(drawn))]
    columns = [f'"{name}"' for name in kept]
    if survey.weighting.trim:
        ratio = f"{survey.weighting.regress} * weight / untrimmed"
        columns += ["untrimmed", f"CAST({ratio} AS DECIMAL(18,9)) AS trimmed"]
    columns += [
        f"CAST(COALESCE({numbers_of(d.id)}, 0) AS SMALLINT) AS {numbers_of(d.id)}"
        for d in survey.dimensions
    ]
    con.execute(
        "CREATE OR REPLACE VIEW weighed AS"
        f" SELECT wave, respondent, {', '.join(columns)} FROM people"
    )


def answered(con: DuckDBPyConnection, survey: Survey) -> str:
    """The SELECT that joins `answers` and `weighed`, without replicate weights.

    Wave by wave, so that one number finds a respondent: by wave and number, the join
    took four times as long.
    """
    names = [row[0] for row in con.execute("DESCRIBE weighed").fetchall()]
    columns = [f'p."{n}"' for n in names[2:] if not n.startswith(REPLICATE)]
    one = statement("answered")
    return " UNION ALL ".join(
        one.format(columns=", ".join(columns), wave=wave.id) for wave in survey.waves
    )


def firsts(survey: Survey) -> list[tuple[int, int]]:
    """By number of an item, the number of its answer with code 0."""
    found, total = [], 0
    for number, of_item in codes(survey):
        found.append((number, total - of_item.start))
        total += len(of_item)
    return found


def _scaled(con: DuckDBPyConnection, people: str) -> str:
    """Replicate weights go the way of the weight that they came with.

    As decimals: sums of floats depend on their order, which threads do not keep.
    """
    described = con.execute(f"DESCRIBE SELECT * FROM {people}").fetchall()
    scaled = [
        f'CAST(p."{name}" * w.weight / p.base_weight AS DECIMAL(18,9)) AS "{name}"'
        for name in (row[0] for row in described)
        if name.startswith(REPLICATE)
    ]
    return f" REPLACE ({', '.join(scaled)})" if scaled else ""
