"""Drafts of real exports: accepted as they are, and right by published figures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small import quiet

from pipeline.definition import Question, Survey
from pipeline.drafting.check import check
from pipeline.drafting.init import Wish, look_at, put
from pipeline.ingest.stage import ingest
from pipeline.load import load_survey

pytestmark = pytest.mark.slow

# Where each export lies, and by what its draft would group respondents.
EXPORTS = {
    "cncf/2019.csv": "role industry company_size region",
    "cncf/2020.csv": "role industry company_size region",
    "cncf/2022.csv": "role industry company_size region experience",
    "stackoverflow-2024/stackoverflow_survey_single_response.csv": "role company_size"
    " country age education work_place",
    "stackoverflow-trend/2023_refined.csv": "role industry company_size country age"
    " education work_place",
    "stackoverflow-trend/2025_refined.xlsx": "role industry country age education"
    " employment work_place",
    "exports/googleforms/strimzi_2022.csv": "strimzi",
    "exports/limesurvey/survey_100001_R_data_file.csv": "country",
    "exports/qualtrics/sample_3header_de.csv": "",
    "exports/redcap/checkboxes-1/data.csv": "",
    "exports/redcap/repeating-instruments/data.csv": "gender ethnicity",
    "exports/redcap/simple/data.csv": "gender ethnicity",
    "exports/spss/hotel.sav": "v1",
    "exports/spss/iris.dta": "species",
    "exports/spss/iris.sas7bdat": "species",
    "exports/spss/personnel.sav": "role gender",
    "exports/spss/testdata.sav": "factor_numeric",
    "exports/surveymonkey/api_responses_bulk.json": "many_pets",
}


def drafted(export: Path, folder: Path) -> tuple[Survey, Path]:
    """The survey as drafted, without a single edit, and its folder."""
    definition = put(folder, export, look_at(export, "real", Wish()), replace=True)
    return load_survey(definition), definition.parent


@pytest.mark.parametrize("name", EXPORTS)
def test_check_accepts_the_draft_of_a_real_export(
    name: str, shared: Path, tmp_path: Path
) -> None:
    survey, home = drafted(shared / "data" / name, tmp_path)
    assert check(survey, home / "raw", quiet).problems == ()
    assert " ".join(d.id for d in survey.dimensions) == EXPORTS[name]


class Counts:
    """How many gave each answer, from the answers that ingest writes."""

    def __init__(self, survey: Survey, home: Path) -> None:
        ingest(survey, home / "raw", home / "build", quiet)
        self.answers = str(home / "build" / "answers.parquet")

    def of(self, question: Question, label: str) -> tuple[int, int]:
        """Who chose the option with this label, and who answered at all."""
        option = next(o for o in question.choices if o.label == label)
        item, value = question.id, question.value(option.code)
        if question.kind == "select-all":
            item, value = f"{question.id}.{option.code}", 1
        row: tuple[Any, ...] = duckdb.execute(
            "SELECT count_if(value = ?), count(*) FROM read_parquet(?)"
            " WHERE item = ? AND status = 'answered'",
            [value, self.answers, item],
        ).fetchall()[0]
        return int(row[0]), int(row[1])


def rows(path: Path) -> list[dict[str, str]]:
    """Published figures."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_stack_overflow_2024_is_reproduced_from_the_draft(
    shared: Path, tmp_path: Path
) -> None:
    """Every published count and base, with no edit at all."""
    folder = shared / "data" / "stackoverflow-2024"
    export = folder / "stackoverflow_survey_single_response.csv"
    survey, home = drafted(export, tmp_path)
    counts = Counts(survey, home)
    by_column = {
        str(q.columns[survey.waves[0].id]).replace("_", ""): q for q in survey.questions
    }
    published = rows(folder / "published.csv")
    for row in published:
        question = by_column[row["question"].lower()]
        found = counts.of(question, row["option"])
        assert found == (int(row["published_n"]), int(row["base_n"]))
    assert len(published) == 17


@pytest.mark.parametrize("wave", ["2019", "2020"])
def test_cncf_is_reproduced_from_the_draft(
    wave: str, shared: Path, tmp_path: Path
) -> None:
    """Every published percentage, with no edit."""
    folder = shared / "data" / "cncf"
    survey, home = drafted(folder / f"{wave}.csv", tmp_path)
    counts = Counts(survey, home)
    compared = 0
    for row in rows(folder / "published.csv"):
        key = (row["year"], row["question_contains"], row["option"])
        if row["year"] != wave:
            continue
        asked = [q for q in survey.questions if key[1] in q.text]
        label = key[2]
        if label == "Production":
            asked = [q for q in asked if q.text.endswith(label)]
            label = "Currently Using"
        chose, answered = counts.of(asked[0], label)
        assert round(100 * chose / answered) == int(row["published_pct"]), key
        compared += 1
    assert compared >= 4
