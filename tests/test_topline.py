"""A report that nobody wrote: every question, and an honest page whatever there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from two_waves import two_waves

from pipeline.definition import Survey
from pipeline.errors import DefinitionError
from pipeline.load import load_survey
from pipeline.outline import load_outline, outlines_of
from pipeline.project import Project
from pipeline.render import document
from pipeline.stages import job, run
from pipeline.topline import sections_of

ROOT = Path(__file__).parent.parent
TOPLINE = ROOT / "reports" / "topline.toml"
SURVEYS = sorted((ROOT / "data").glob("*/survey.toml"))


def defined(path: Path) -> Survey:
    return load_survey(path)


@pytest.mark.parametrize("path", SURVEYS, ids=lambda p: p.parent.name)
def test_every_question_of_the_latest_wave_is_in_it(path: Path) -> None:
    survey = defined(path)
    outline = load_outline(TOPLINE, survey)
    assert outline.id == f"{survey.id}-topline"
    assert outline.wave == survey.waves[-1].id
    asked = {q.id for q in survey.asked_in(outline.wave) if q.kind != "open"}
    assert {figure.question for figure in outline.figures()} == asked
    assert len({figure.id for figure in outline.figures()}) == len(
        list(outline.figures())
    )


def test_it_is_for_surveys_without_a_report_of_their_own() -> None:
    paths = sorted((ROOT / "reports").glob("*.toml"))
    for path in SURVEYS:
        survey = defined(path)
        ids = [outline.id for outline in outlines_of(paths, survey)]
        own = [p.stem for p in paths if f'survey = "{survey.id}"' in p.read_text()]
        assert ids == (own or [f"{survey.id}-topline"])


def test_waves_that_cannot_be_compared_are_not_set_side_by_side() -> None:
    survey = defined(ROOT / "data" / "state-of-app-dev" / "survey.toml")
    kinds = {
        figure.question: figure.kind
        for section in sections_of(survey, "2025")
        for figure in section.figures
        if not figure.by
    }
    assert kinds["ai_use"] == "bars"  # 2025 reached more industries
    assert kinds["ai_easier"] == "waves"
    assert kinds["dependence"] == "distribution"


def published(folder: Path, more: str = "") -> Path:
    """A survey taken to its topline report, with nothing written for it."""
    analysis = two_waves(folder)
    if more:
        path = folder / "data" / "small" / "survey.toml"
        path.write_text(path.read_text().replace("min_base = 5", more))
    (folder / "reports").mkdir()
    (folder / "reports" / "topline.toml").write_text(TOPLINE.read_text())
    assert analysis.survey.id == "small"
    run(job(Project(folder), "small", None, None), lambda _: None, lambda _: None)
    return folder / "reports" / "2025" / "small-topline"


@pytest.mark.slow
def test_a_survey_gets_a_whole_report_without_a_line_written(tmp_path: Path) -> None:
    folder = published(tmp_path)
    report = document.read(folder, "")
    titles = [section.title for section in report.sections]
    assert titles == ["Who answered", "AI?", "Tools?", "Dependence?"]
    assert all(section.figures and section.summary for section in report.sections)
    for name in ("index.html", "report.pdf", "slides.pptx"):
        assert (folder / name).is_file()


@pytest.mark.slow
def test_where_everything_is_hidden_the_report_says_so(tmp_path: Path) -> None:
    folder = published(tmp_path, "min_base = 10000")
    report = document.read(folder, "")
    assert [f for section in report.sections for f in section.figures] == []
    said = [line for section in report.sections for line in section.left_out]
    assert "Tools?: too few answers to show (under 10000)." in said
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert all(line in page for line in said)
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(json.loads((folder / "report.json").read_text()), schema)


def test_an_unknown_wave_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text('id = "old"\ntitle = "T"\nstandfirst = "S"\nwave = "1999"\n')
    survey = defined(ROOT / "data" / "state-of-app-dev" / "survey.toml")
    with pytest.raises(DefinitionError, match="1999") as error:
        load_outline(path, survey)
    assert error.value.where == f"{path}, wave"


def test_a_long_survey_has_one_chart_of_each_question() -> None:
    for name, wave, most in (("cncf", "2022", 1), ("state-of-app-dev", "2025", 2)):
        survey = defined(ROOT / "data" / name / "survey.toml")
        sections = sections_of(survey, wave)[1:]
        assert max(len(section.figures) for section in sections) == most
