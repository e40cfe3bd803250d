"""Charts by name: a figure of a report, or any question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.analysis import open_survey
from pipeline.definition import Survey
from pipeline.errors import NotFound
from pipeline.load import load_survey
from pipeline.outline import FigureSpec, load_outline, survey_of
from pipeline.project import Project


def figure_ids(project: Project) -> list[str]:
    """The ids of all figures in all reports, in order."""
    return [spec.id for _, spec in _figures(project)]


def _figures(project: Project) -> Iterator[tuple[str, FigureSpec]]:
    surveys: dict[str, Survey] = {}
    for path in project.reports():
        name = survey_of(path)
        if name not in surveys:
            surveys[name] = load_survey(project.definition(name))
        for spec in load_outline(path, surveys[name]).figures():
            yield name, spec


def export_chart(
    project: Project,
    name: str,
    survey: str,
    by: str,
    term: str,
    formats: Sequence[str],
    out: Path,
) -> list[Path]:
    """Write one chart in each format; `name` is a figure's id or a question's."""
    from pipeline.charts.figure import export, spec_for

    figures = {spec.id: (owner, spec) for owner, spec in _figures(project)}
    if name in figures:
        owner, spec = figures[name]
        analysis = open_survey(owner, project.root)
    else:
        owner = survey or _owner(project, name, list(figures))
        analysis = open_survey(owner, project.root)
        spec = spec_for(analysis.survey, name, by=by, wave="", term=term)
    written = export(analysis.survey, analysis.build, spec, out, formats)
    return list(written.values())


def _owner(project: Project, question: str, figures: list[str]) -> str:
    known = list(figures)
    for name in project.surveys():
        ids = [q.id for q in load_survey(project.definition(name)).questions]
        if question in ids:
            return name
        known += ids
    raise NotFound.among("figure or question", question, known)
