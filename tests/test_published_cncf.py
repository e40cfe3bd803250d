"""Every published figure of CNCF's survey, from raw exports to estimates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.published import DATA, Built, check, published

SURVEY = "cncf"
ROWS = published(DATA / SURVEY / "published.csv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The whole pipeline, from the raw exports to the estimates."""
    return Built(SURVEY, shared / "data" / SURVEY, tmp_path_factory.mktemp("build"))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_published_figure_is_reproduced(row: dict[str, str], built: Built) -> None:
    """Numbers of respondents are exact, percentages agree as they were rounded."""
    check(row, built, digits=0)


def test_no_published_figure_is_left_out(shared: Path) -> None:
    """Our table has every row of the one that came with the data."""
    official = published(shared / "data" / SURVEY / "published.csv")
    ours = {(r["wave"], r["as_published"], r["percent"]) for r in ROWS}
    for row in official:
        said = f"{row['question_contains']}: {row['option']}"
        assert (row["year"], said, row["published_pct"]) in ours


def test_answers_that_a_spreadsheet_turned_into_dates_are_read(built: Built) -> None:
    """Employees of "Oct-49" are 10-49, and "5-Feb" clusters are 2-5."""
    keys = {"wave": "2020", "question": "size", "term": "s10"}
    assert built.share(keys)["count"] == 191
    # 310 in the export; one of them had said that Kubernetes is not used.
    keys = {"wave": "2020", "question": "clusters", "term": "k2"}
    assert built.share(keys)["count"] == 309


def test_every_row_dropped_has_a_reason(built: Built) -> None:
    """Rows read are respondents and dropped rows, in each wave."""
    for wave in built.ledger.waves:
        dropped = sum(d.count for d in wave.dropped)
        assert wave.rows_read == wave.respondents + dropped
    assert [d.count for d in built.ledger.waves[-1].dropped] == [63, 8, 152]


def test_a_tick_is_read_whatever_number_stands_for_it(built: Built) -> None:
    """In 2022 a tick is the answer's number: 0 for "don't know", too."""
    keys = {"wave": "2022", "question": "data_centers"}
    counts = {
        t: built.share({**keys, "term": t})["count"] for t in ("public", "unsure")
    }
    assert counts == {"public": 1045, "unsure": 48}


def test_waves_that_differ_are_not_compared(built: Built) -> None:
    """2022 was recruited otherwise; every question it shares says why it stops."""
    for question in built.survey.questions:
        before = [w for w in ("2019", "2020") if w in question.columns]
        if before and "2022" in question.columns:
            found = built.survey.break_between(question, before[-1], "2022")
            assert found, question.id
