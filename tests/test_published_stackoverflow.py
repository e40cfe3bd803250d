"""Every published figure of Stack Overflow's survey, from raw files to estimates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.published import DATA, Built, check, published

SURVEY = "stackoverflow-2024"
ROWS = published(DATA / SURVEY / "published.csv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The whole pipeline, from the raw files to the estimates."""
    return Built(SURVEY, shared / "data" / SURVEY, tmp_path_factory.mktemp("build"))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_published_figure_is_reproduced(row: dict[str, str], built: Built) -> None:
    """Base and count to the respondent, the percentage to both decimals."""
    check(row, built, digits=2)


def test_no_published_figure_is_left_out(shared: Path) -> None:
    """Our table has every row of the official one."""
    official = published(shared / "data" / SURVEY / "published.csv")
    assert {(r["base_n"], r["published_n"], r["published_pct"]) for r in official} == {
        (r["base"], r["count"], r["percent"]) for r in ROWS
    }
    assert len(ROWS) == len(official)


def test_every_respondent_and_column_is_accounted_for(built: Built) -> None:
    """No row is dropped, no cell rejected, and two columns are left out on purpose."""
    (wave,) = built.ledger.waves
    assert (wave.rows_read, wave.respondents, wave.dropped) == (65437, 65437, ())
    assert wave.rejected == ()
    assert set(wave.columns_unused) == {"currency", "comp_total"}


def test_the_threat_of_ai_is_counted_among_current_users(built: Built) -> None:
    """Those who only plan to use AI tools were asked too, but are out of the base."""
    keys = {"wave": "2024", "question": "ai_threat", "term": "yes"}
    assert built.share(keys)["base"] == 36328
