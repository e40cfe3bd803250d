"""Whatever engine adds up the sums, the estimates are the same to the last bit."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from engine_data import DESIGNS, built

from pipeline.estimates.stage import estimate
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh

STATEOF = Path(__file__).parent.parent / "data" / "state-of-app-dev"
FILES = ("estimates.parquet", "covariances.parquet")
LOCAL = ["datafusion", pytest.param("spark", marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder) -> None:
    """Spark says of each new pandas that it may not work with it."""


def on(engine: str, survey: object, build: Path) -> dict[str, bytes]:
    """The files that `estimate` makes on an engine."""
    if engine == "spark" and not shutil.which("java"):
        pytest.skip("Java is not here: install openjdk-17-jre-headless")
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


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["datafusion", "spark"])
def test_estimates_of_state_of_app_dev_are_the_same(
    engine: str, tmp_path: Path
) -> None:
    survey = load_survey(STATEOF / "survey.toml")
    ingest(survey, STATEOF / "raw", tmp_path, lambda _: None)
    weigh(survey, tmp_path, lambda _: None)
    assert on(engine, survey, tmp_path) == on("duckdb", survey, tmp_path)
