"""Questions that are estimated together keep their own options and bases."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import DEFINITION

from pipeline.definition import Survey
from pipeline.estimates.batch import FILLING, alike, batch_of
from pipeline.load import load_survey

MORE = "".join(
    f"""
[[question]]
id = "more{size}"
text = "More?"
kind = "single"
columns = {{ 2025 = "more{size}" }}
options = [{", ".join(f'{{ code = "o{i}", label = "{i}" }}' for i in range(size))}]
"""
    for size in (2, 5, 6, 12, 40)
)


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    path = tmp_path / "small" / "survey.toml"
    path.parent.mkdir()
    path.write_text(DEFINITION + MORE, encoding="utf-8")
    return load_survey(path)


def test_every_question_is_in_one_group_of_its_kind(survey: Survey) -> None:
    groups = alike(survey, "2025")
    assert sorted(q.id for group in groups for q in group) == sorted(
        q.id for q in survey.questions
    )
    assert all(len({q.kind for q in group}) == 1 for group in groups)


def test_lists_of_options_are_filled_up_only_a_little(survey: Survey) -> None:
    for group in alike(survey, "2025"):
        sizes = [len(q.choices) for q in group]
        assert len(sizes) * max(sizes) <= FILLING * sum(sizes)


def test_an_option_that_is_no_answer_is_not_shown(survey: Survey) -> None:
    batch = batch_of(survey, "2025", [survey.question("ai"), survey.question("role")])
    assert batch.terms.tolist() == [["yes", "no", ""], ["dev", "ops", ""]]
    assert batch.shown.tolist() == [[True, True, False]] * 2
    assert batch.items[0, 0] == "ai"


def test_a_select_all_has_its_options_for_values_and_one_item_for_its_base(
    survey: Survey,
) -> None:
    batch = batch_of(survey, "2025", [survey.question("tools")])
    assert batch.items.tolist() == [["tools.a", "tools.b"]]
    numbers = [survey.items().index(item) for item in ("tools.a", "tools.b")]
    assert batch.option[numbers].tolist() == [0, 1]
    assert batch.base[numbers].tolist() == [True, False]
