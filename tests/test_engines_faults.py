"""What goes wrong on an engine is said, in bounded time, and changes nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pytest
from engine_data import built
from spark_servers import cluster, connect_server, free_port, need_java

from pipeline.definition import Survey
from pipeline.engines import spark
from pipeline.engines.choice import known, start
from pipeline.engines.limits import refuse_overflow
from pipeline.errors import DataError, Missing, NotFound, SurveyError
from pipeline.estimates.stage import estimate


@pytest.mark.parametrize("name", ["duck", "spark:host", "http://host:1", "sc://", ""])
def test_an_engine_that_is_not_known_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(NotFound, match=r"spark://HOST:PORT, sc://HOST:PORT"):
        known(name)


@pytest.mark.parametrize("scheme", ["spark", "sc"])
def test_a_server_that_is_not_there_is_named(scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(Missing, match="cannot be reached: Connection refused") as error:
        start(url)
    assert error.value.where == url


def test_a_token_is_not_repeated() -> None:
    url = f"sc://127.0.0.1:{free_port()}"
    with pytest.raises(Missing) as error:
        start(f"{url}/;token=secret")
    assert error.value.where == url
    assert "secret" not in str(error.value)


def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spark, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"sc://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Missing, match="what listens there is not Spark Connect"):
            start(url)


@pytest.mark.parametrize("home", [None, "/nowhere"])
def test_spark_without_java_says_what_to_install(
    home: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if home:
        monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(Missing, match=r"Spark needs Java: .*none\n  Install Java 17"):
        start("spark")


def test_an_engine_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "datafusion", None)
    with pytest.raises(Missing, match=r"pip install 'stateof\[datafusion\]'"):
        start("datafusion")


def test_a_table_that_is_damaged_or_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but not more")
    for name in ("bad.parquet", "gone.parquet"):
        engine = start("datafusion")
        with pytest.raises(
            SurveyError, match="the engine datafusion failed: "
        ) as error:
            engine.see("t", tmp_path / name)
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("weight", "untrimmed", "what"),
    [
        ("9.9::DECIMAL(38,35)", "1", "sum of weight is 1.98e+04"),
        ("999999999::DECIMAL(18,9)", "1", "sum of weight times weight is 2e+21"),
        ("1e8::DECIMAL(18,9)", "999999999", "sum of weight times untrimmed is 2e+20"),
    ],
)
def test_sums_that_would_overflow_are_refused_by_wave(
    weight: str, untrimmed: str, what: str
) -> None:
    con = duckdb.connect()
    con.execute(
        f"CREATE VIEW weighed AS SELECT '2025' AS wave, {weight} AS weight,"
        f" {untrimmed}::DECIMAL(18,9) AS untrimmed FROM range(2000)"
    )
    with pytest.raises(DataError, match=re.escape(what)) as error:
        refuse_overflow(con)
    assert error.value.where == "wave 2025"


def test_an_engine_may_overflow_without_a_word(tmp_path: Path) -> None:
    """Why sums are checked before."""
    weights = tmp_path / "weights.parquet"
    duckdb.sql(
        f"COPY (SELECT 999999999::DECIMAL(18,9) AS w FROM range(2000)) TO '{weights}'"
    )
    engine = start("datafusion")
    engine.see("weights", weights)
    found = engine.rows("SELECT SUM(w * w) AS w2 FROM weights")["w2"][0].as_py()
    assert float(found) != pytest.approx(2000 * 999999999.0**2)


@pytest.mark.slow
def test_spark_says_that_a_sum_overflows(tmp_path: Path) -> None:
    need_java()
    weights = tmp_path / "weights.parquet"
    duckdb.sql(
        f"COPY (SELECT 999999999::DECIMAL(18,9) AS w FROM range(2000)) TO '{weights}'"
    )
    with closing(start("spark")) as engine:
        engine.see("weights", weights)
        with pytest.raises(SurveyError, match="ARITHMETIC_OVERFLOW") as error:
            engine.rows("SELECT SUM(w * w) AS w2 FROM weights")
    assert "the engine spark failed" in str(error.value)
    assert len(str(error.value).splitlines()) < 5


@pytest.mark.slow
def test_a_spark_job_that_fails_leaves_the_last_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_java()
    survey, build = built(tmp_path, "weights only")
    estimate(survey, build, lambda _: None)
    good = {p.name: p.read_bytes() for p in build.glob("*.parquet")}
    small = "--conf spark.driver.maxResultSize=1k pyspark-shell"
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", small)
    # In a process of its own: a JVM that another test has started keeps its settings.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        said = other.submit(refusal, survey, build).result()
    assert re.search(r"spark failed: .*maxResultSize", said)
    assert {p.name: p.read_bytes() for p in build.glob("*.parquet")} == good
    assert not list(build.glob("engine.*"))


def refusal(survey: Survey, build: Path) -> str:
    """What a run on Spark is refused with."""
    with pytest.raises(SurveyError) as refused:
        estimate(survey, build, lambda _: None, "spark")
    return str(refused.value)


SESSION = """
import sys
from contextlib import closing
from pathlib import Path
from pipeline.engines.choice import start
engine = start(sys.argv[1])
engine.see("people", Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
try:
    engine.rows("SELECT SUM(w) FROM people")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_a_server_that_dies_is_given_up_soon(tmp_path: Path) -> None:
    need_java()
    people = tmp_path / "people.parquet"
    duckdb.sql(f"COPY (SELECT 1.5::DECIMAL(18,9) AS w FROM range(9)) TO '{people}'")
    with connect_server() as (url, server):
        client = subprocess.Popen(
            [sys.executable, "-c", SESSION, url, str(people)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
        os.killpg(server.pid, signal.SIGKILL)
        said, _ = client.communicate("go\n", timeout=120)
    assert said.startswith(f"SurveyError the engine {url} failed: ")
    assert "Its workers have to see the project's folder" in said


@pytest.mark.slow
def test_a_cluster_without_a_worker_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need_java()
    monkeypatch.setattr(spark, "FOR_A_WORKER", 3.0)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    with cluster(workers=0) as url, pytest.raises(Missing, match="no worker") as error:
        start(url)
    assert error.value.where == url


@pytest.mark.slow
def test_a_run_whose_engine_is_gone_leaves_build_and_reports(tmp_path: Path) -> None:
    survey, build = built(tmp_path / "data", "weights only")
    assert stateof(tmp_path, "run", "--no-draft").returncode == 0
    good = contents(tmp_path)
    definition = tmp_path / "data" / survey.id / "survey.toml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace("min_base = 1", "min_base = 2"), "utf-8")
    url = f"sc://127.0.0.1:{free_port()}"
    failed = stateof(tmp_path, "run", "--no-draft", "--engine", url)
    assert failed.returncode == 3
    assert f"{url}: the engine cannot be reached: Connection refused" in failed.stderr
    assert contents(tmp_path) == good
    assert not list(build.parent.glob(".build*"))
    done = stateof(tmp_path, "run", "--no-draft", "--engine", "datafusion")
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path).keys() == good.keys()


def stateof(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a project."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(project: Path) -> dict[str, bytes]:
    """All files that a run leaves."""
    folders = ("data/made-up/build", "reports")
    paths = (p for f in folders for p in (project / f).rglob("*") if p.is_file())
    return {str(p.relative_to(project)): p.read_bytes() for p in paths}
