"""Every figure that the two published reports state, from raw files to estimates."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.estimates.stage import estimate
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh

FOLDER = Path(__file__).parent.parent / "data" / "state-of-app-dev"
PUBLISHED = (FOLDER / "published.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(PUBLISHED.splitlines()))
Z95 = 1.959963984540054

pytestmark = pytest.mark.slow


def quiet(_: str) -> None:
    """No progress."""


class Estimates:
    """Looks up the built estimates."""

    def __init__(self, build: Path) -> None:
        self.con = duckdb.connect()
        self.con.execute(
            f"CREATE TABLE e AS SELECT * FROM read_parquet('{build}/estimates.parquet')"
        )
        people = f"read_parquet('{build}/respondents.parquet')"
        rows = self.con.execute(f"SELECT wave, count(*) FROM {people} GROUP BY 1")
        self.respondents = dict(rows.fetchall())

    def rows(self, **where: str) -> list[dict[str, Any]]:
        """The estimate rows with these keys."""
        keys = " AND ".join(f'"{key}" = ?' for key in where)
        found = self.con.execute(f"SELECT * FROM e WHERE {keys}", [*where.values()])
        names = [c[0] for c in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def estimates(tmp_path_factory: pytest.TempPathFactory) -> Estimates:
    """The whole pipeline, from the raw files to the estimates."""
    build = tmp_path_factory.mktemp("build")
    survey = load_survey(FOLDER / "survey.toml")
    ingest(survey, FOLDER / "raw", build, quiet)
    weigh(survey, build, quiet)
    estimate(survey, build, quiet)
    return Estimates(build)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_published_figure_is_reproduced(
    row: dict[str, str], estimates: Estimates
) -> None:
    """The pipeline's own weighted estimate says what the report said."""
    check = CHECKS[row["statistic"]]
    keys = {k: row[k] for k in ("wave", "question", "by")}
    check(row, keys, estimates)


def respondents(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert e.respondents["2025"] >= int(row["value"])


def respondents_ratio(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert e.respondents["2025"] / e.respondents["2024"] >= float(row["value"])


def share(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    (found,) = e.rows(**keys, domain=row["domain"], term=row["term"], statistic="share")
    assert round(100 * found["estimate"]) == int(row["value"])
    assert found["low"] < found["estimate"] < found["high"]


def shares(row: dict[str, str], keys: dict[str, str], e: Estimates) -> list[float]:
    return [r["estimate"] for r in e.rows(**keys, term=row["term"], statistic="share")]


def minimum(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert round(100 * min(shares(row, keys, e))) == int(row["value"])


def maximum(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert round(100 * max(shares(row, keys, e))) == int(row["value"])


def top_domain(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    rows = e.rows(**keys, term=row["term"], statistic="share")
    shown = [r for r in rows if not r["flag"]]
    assert max(shown, key=lambda r: r["estimate"])["domain"] == row["value"]


def rank(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    (found,) = e.rows(**keys, domain="", term=row["term"], statistic="share")
    wanted = int(row["value"])
    if row["relation"] == "more than":
        assert found["rank"] > wanted
    else:
        assert found["rank"] == wanted


def top_after_coding(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    rows = e.rows(**keys, domain=row["domain"], statistic="share")
    order = [r["term"] for r in sorted(rows, key=lambda r: -r["estimate"])]
    assert [term for term in order if term != "coding"][:2] == row["value"].split(";")


def first_everywhere(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    rows = e.rows(**keys, term=row["term"], statistic="share")
    assert len(rows) == 12
    assert {r["rank"] for r in rows} == {1}


def mode(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    (found,) = e.rows(**keys, domain=row["domain"], statistic="mode")
    assert found["estimate"] == int(row["value"])


def mean(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    (found,) = e.rows(**keys, domain=row["domain"], statistic="mean")
    assert round(found["estimate"]) == int(row["value"])


def against(row: dict[str, str], keys: dict[str, str], e: Estimates) -> float:
    """The difference to the domain in `value`, in standard errors."""
    pair = [
        e.rows(**keys, domain=domain, term=row["term"], statistic="share")[0]
        for domain in (row["domain"], row["value"])
    ]
    error = (pair[0]["se"] ** 2 + pair[1]["se"] ** 2) ** 0.5
    return float((pair[0]["estimate"] - pair[1]["estimate"]) / error)


def higher(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert against(row, keys, e) > Z95


def alike(row: dict[str, str], keys: dict[str, str], e: Estimates) -> None:
    assert abs(against(row, keys, e)) < Z95


CHECKS = {
    "respondents": respondents,
    "respondents ratio": respondents_ratio,
    "share": share,
    "share minimum": minimum,
    "share maximum": maximum,
    "top domain": top_domain,
    "rank": rank,
    "top after coding": top_after_coding,
    "first in every domain": first_everywhere,
    "mode": mode,
    "mean": mean,
    "higher than": higher,
    "not different from": alike,
}
