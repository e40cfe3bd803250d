"""Stack Overflow's survey in three waves: what is published, and what is broken.

Only the 2024 file holds every respondent. That of 2023 is the first 8,000 and that of
2025 is 5,197 professional developers, so the official figures of those two years cannot
be found in them, and no test pretends that they can.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.published import DATA, Built, check, published

SURVEY = "stackoverflow"
ROWS = published(DATA / SURVEY / "published.csv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The whole pipeline, from the raw files to the estimates."""
    return Built(SURVEY, shared / "data", tmp_path_factory.mktemp("build"))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_published_figure_of_2024_is_reproduced(
    row: dict[str, str], built: Built
) -> None:
    """Base and count to the respondent, the percentage to both decimals."""
    check(row, built, digits=2)


@pytest.mark.parametrize(
    ("wave", "rows"), [("2023", 8000), ("2024", 65437), ("2025", 5197)]
)
def test_every_row_of_a_wave_is_kept(wave: str, rows: int, built: Built) -> None:
    """No row is dropped and no cell rejected."""
    (found,) = (w for w in built.ledger.waves if w.wave == wave)
    assert (found.rows_read, found.respondents) == (rows, rows)
    assert found.rejected == ()


@pytest.mark.parametrize(
    ("question", "term", "official_2023"),
    [
        ("ai_adoption", "yes", 39042 / 87973),
        ("ai_stance", "any_favorable", (17050 + 29863) / 61501),
    ],
)
def test_a_trend_goes_the_way_of_the_official_figures(
    question: str, term: str, official_2023: float, built: Built
) -> None:
    """The official 2023 figures: StackExchange/Survey, archive/2023/json/ai.json."""
    then, now = (
        built.share({"wave": wave, "question": question, "term": term})["share"]
        for wave in ("2023", "2024")
    )
    assert (now > then) == (now > official_2023)


def test_waves_that_hold_other_respondents_are_not_compared(built: Built) -> None:
    """Each break has a reason, and nothing is compared with 2025."""
    found = built.survey.questions
    broken = {q.id: {b.wave for b in q.breaks if b.reason} for q in found}
    assert all("2024" in broken[q.id] for q in found if "2023" in q.columns)
    with_2025 = {q.id for q in found if "2025" in q.columns}
    assert with_2025 == {"age", "ed_level", "remote_work"}
    assert with_2025 == {id for id, waves in broken.items() if "2025" in waves}
