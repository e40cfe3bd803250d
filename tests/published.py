"""Published figures of a real survey against our own estimates, row by row."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.estimates.stage import estimate
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey
from pipeline.weights import weigh
from pipeline.wording import rounded
from tests.small import quiet

DATA = Path(__file__).parent.parent / "data"


def published(path: Path) -> list[dict[str, str]]:
    """The rows of a table of published figures."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


class Built:
    """A survey taken from its raw files to estimates, in a folder of its own."""

    def __init__(self, survey_id: str, raw: Path, build: Path) -> None:
        survey = load_survey(DATA / survey_id / "survey.toml")
        self.ledger = ingest(survey, raw, build, quiet)
        weigh(survey, build, quiet)
        estimate(survey, build, quiet)
        self.survey, self.build = survey, build

    def share(self, row: dict[str, str]) -> dict[str, Any]:
        """The estimate of a published share of everyone."""
        found = duckdb.execute(
            "SELECT n, count, estimate FROM read_parquet($path) WHERE wave = $wave"
            " AND question = $question AND term = $term AND statistic = 'share'"
            " AND \"by\" = ''",
            {
                "path": str(self.build / "estimates.parquet"),
                **{key: row[key] for key in ("wave", "question", "term")},
            },
        ).fetchall()
        ((n, count, share),) = found
        return {"base": n, "count": count, "share": share}

    def respondents(self, wave_id: str) -> int:
        """How many respondents a wave has after cleaning."""
        return {w.wave: w.respondents for w in self.ledger.waves}[wave_id]


def check(row: dict[str, str], built: Built, digits: int) -> None:
    """Counts are exact, percentages agree to the rounding that was published."""
    if row["statistic"] == "respondents":
        assert built.respondents(row["wave"]) == int(row["count"])
        return
    found = built.share(row)
    for key in ("base", "count"):
        if row[key]:
            assert found[key] == int(row[key])
    assert rounded(100 * found["share"], digits) == Decimal(row["percent"])
