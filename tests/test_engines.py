"""Whatever engine adds up the sums, the estimates are the same to the last bit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import sqlglot
from engine_data import DESIGNS, built
from spark_servers import cluster, connect_server, need_java

from pipeline.definition import Survey
from pipeline.engines import here
from pipeline.estimates.cube import cube
from pipeline.estimates.stage import estimate
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.warehouse import answered, build_warehouse, open_warehouse
from pipeline.weights import weigh

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
STATEOF = ROOT / "data" / "state-of-app-dev"
FILES = ("estimates.parquet", "covariances.parquet")
LOCAL = ["datafusion", "spark"]


def on(engine: str, survey: Survey, build: Path) -> dict[str, bytes]:
    """The files that the stage makes on an engine."""
    if engine == "spark":
        need_java()
    estimate(survey, build, lambda _: None, engine)
    return {name: (build / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("engine", LOCAL)
@pytest.mark.parametrize("design", DESIGNS)
def test_estimates_of_every_design_are_the_same(
    engine: str, design: str, tmp_path: Path
) -> None:
    survey, build = built(tmp_path, design)
    ours = on("duckdb", survey, build)
    count = duckdb.sql(
        f"SELECT count(*), count(se) FROM '{build / 'estimates.parquet'}'"
    ).fetchall()[0]
    assert count[0] > 150
    assert count[1] > 150
    assert on(engine, survey, build) == ours


@pytest.mark.parametrize("engine", ["datafusion", "spark"])
def test_estimates_of_state_of_app_dev_are_the_same(
    engine: str, tmp_path: Path
) -> None:
    survey = load_survey(STATEOF / "survey.toml")
    ingest(survey, STATEOF / "raw", tmp_path, lambda _: None)
    weigh(survey, tmp_path, lambda _: None)
    assert on(engine, survey, tmp_path) == on("duckdb", survey, tmp_path)


@pytest.mark.parametrize("server", ["spark", "sc"])
def test_estimates_of_a_server_are_the_same(server: str, tmp_path: Path) -> None:
    need_java()
    survey, build = built(tmp_path / "data", "strata and clusters")
    ours = on("duckdb", survey, build)
    for name in FILES:
        (build / name).unlink()
    with cluster() if server == "spark" else connect_server() as found:
        url = found if isinstance(found, str) else found[0]
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "stage", "estimate", "--engine", url],
            cwd=tmp_path,
            env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert {name: (build / name).read_bytes() for name in FILES} == ours


QUOTES = re.compile(r"[`\"]")
# BigQuery has one whole number, and its name for decimals.
NAMES = {"bigquery": re.compile(r"\b(SMALLINT|INT|BIGINT)\b")}


@pytest.mark.parametrize("dialect", ["spark", "bigquery", "snowflake"])
@pytest.mark.parametrize("design", DESIGNS)
def test_the_sql_is_that_of_other_engines_too(
    dialect: str, design: str, tmp_path: Path
) -> None:
    """Read and written again for another, only marks around names are others."""
    survey, build = built(tmp_path, design)
    build_warehouse(survey, build)
    con = open_warehouse(build)
    queries = [answered(con, survey)]

    def source(query: str) -> str:
        queries.append(query)
        return here(query)

    assert list(cube(con, survey, source))
    con.close()
    for query in queries:
        tree = sqlglot.parse_one(query, dialect="duckdb")
        ours = tree.sql(dialect="duckdb")
        theirs = tree.sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
        if dialect in NAMES:
            ours = NAMES[dialect].sub("INT64", ours)
        assert QUOTES.sub("", theirs) == QUOTES.sub("", ours)
        assert sqlglot.parse_one(theirs, dialect=dialect).sql(dialect=dialect) == theirs
