"""An outline is about one wave of its survey."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.load import load_survey
from pipeline.outline import load_outline, survey_of

ROOT = Path(__file__).parent.parent


def test_a_figure_shows_the_wave_of_its_report_unless_it_compares_waves() -> None:
    """A report on 2020 must not draw 2022 because that is the latest."""
    survey = load_survey(ROOT / "data" / "cncf" / "survey.toml")
    outline = load_outline(ROOT / "reports" / "cncf-2020.toml", survey)
    drawn = {figure.id: figure.waves for figure in outline.figures()}
    assert drawn["titles"] == ("2020",)
    assert drawn["challenges"] == ("2019", "2020")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data").glob("*/survey.toml")), ids=lambda p: p.parent.name
)
def test_labels_are_for_readers(path: Path) -> None:
    """What only an export needs stands under `raw`."""
    for question in load_survey(path).questions:
        for entry in (*question.choices, *question.nets):
            label = entry.label.casefold()
            for raw in ("http", "specify", "w/", "i am ", "i code", "i have"):
                assert raw not in label, f"{question.id}: {entry.label}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "reports").glob("*.toml")), ids=lambda p: p.stem
)
def test_a_report_asks_only_for_what_its_wave_asked(path: Path) -> None:
    """A claim or figure on a question of another wave would be left out."""
    survey = load_survey(ROOT / "data" / (survey_of(path) or "cncf") / "survey.toml")
    outline = load_outline(path, survey)
    for section in outline.sections:
        for entry in (*section.figures, *section.claims):
            assert outline.wave in survey.question(entry.question).columns
