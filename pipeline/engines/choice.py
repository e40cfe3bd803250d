"""Which engine is meant, and the survey's tables laid out for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines import Engine, Source, here
from pipeline.engines.faults import extra
from pipeline.engines.limits import refuse_overflow
from pipeline.errors import NotFound
from pipeline.warehouse import answered, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from pipeline.definition import Survey

DUCKDB, DATAFUSION, SPARK = "duckdb", "datafusion", "spark"
SERVER = re.compile(r"(spark|sc)://[^/\s]+")
GRAMMAR = "duckdb, datafusion, spark, spark://HOST:PORT, sc://HOST:PORT"


def known(name: str) -> str:
    """`name`, if it is an engine's; raises `NotFound`."""
    if name in (DUCKDB, DATAFUSION, SPARK) or SERVER.match(name):
        return name
    raise NotFound(
        f"there is no engine '{name}'", where="--engine", remedy=f"Say {GRAMMAR}."
    )


def start(name: str) -> Engine:
    """Start an engine, or reach it."""
    with extra(name):
        if name == DATAFUSION:
            from pipeline.engines.fusion import DataFusion

            return DataFusion()
        from pipeline.engines.spark import Spark

        return Spark(name)


@contextmanager
def source_on(
    name: str, con: DuckDBPyConnection, survey: Survey, build: Path
) -> Iterator[Source]:
    """Where queries over `answered` and `weighed` are run: on the engine `name`.

    `con` is the warehouse of the build. Sums that could overflow are refused, as an
    engine may not notice.
    """
    refuse_overflow(con)
    if name == DUCKDB:
        yield here
        return
    with closing(start(name)) as engine, over(engine, con, survey, build) as source:
        yield source


@contextmanager
def over(
    engine: Engine, con: DuckDBPyConnection, survey: Survey, build: Path
) -> Iterator[Source]:
    """The source that an engine is, with the build's tables.

    Answers are read where ingest put them; what they are joined to is small, and laid
    beside them while the engine works.
    """
    with tempfile.TemporaryDirectory(prefix="engine.", dir=build) as folder:
        _lay_out(con, survey, build, Path(folder), engine)
        number = count()

        def source(query: str) -> str:
            found = f"engine_rows_{next(number)}"
            con.register(found, engine.rows(query))
            return found

        yield source


def _lay_out(
    con: DuckDBPyConnection, survey: Survey, build: Path, folder: Path, engine: Engine
) -> None:
    """Give the engine the tables that `warehouse.lay_out` makes here."""
    tables = {
        "weighed": "SELECT * FROM weighed ORDER BY wave, respondent",
        "items": "SELECT item, number, first FROM items LEFT JOIN firsts USING (number)"
        " ORDER BY number",
    }
    for table, query in tables.items():
        path = folder / f"{table}.parquet"
        write_parquet(con, query, path)
        engine.see(table, path)
    engine.see("given", build / "answers.parquet")
    engine.view(
        "answers",
        "SELECT g.wave, g.respondent, i.number, g.value, g.status FROM given AS g"
        " JOIN items AS i ON i.item = g.item",
    )
    engine.view("firsts", "SELECT number, first FROM items WHERE first IS NOT NULL")
    engine.view("answered", answered(con, survey))
