"""Arguments that name something, and how a shell completes them.

Completion looks at the definitions of the project here. Where there is none, or one has
mistakes, it offers nothing: no message may come between a shell and its user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, suppress
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from pipeline.errors import SurveyError
from pipeline.project import Project

if TYPE_CHECKING:
    from pipeline.definition import Survey

Complete = Callable[[typer.Context, str], list[str]]


def completing(names: Callable[[dict[str, Any]], Iterable[str]]) -> Complete:
    """A completion with those `names` that begin with what was typed.

    They are found from the command's arguments so far.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        found: list[str] = []
        with suppress(SurveyError), redirect_stderr(StringIO()):
            found = [n for n in names(_given(ctx)) if n.startswith(incomplete)]
        return sorted(set(found))

    return complete


def _given(ctx: typer.Context) -> dict[str, Any]:
    """The arguments so far. Those before an option that is completed are not named."""
    asked = ctx.params.get("question") or ctx.params.get("names") or ctx.args
    return {**ctx.params, "asked": [asked] if isinstance(asked, str) else asked}


def _meant(given: dict[str, Any]) -> Iterator[Survey]:
    """The surveys that can be meant: the one named, or those with the question."""
    from pipeline.load import load_surveys

    asked = set(given["asked"])
    for name, survey in load_surveys(Project.find()):
        if given.get("survey") not in (None, "", name):
            continue
        if asked and asked.isdisjoint(q.id for q in survey.questions):
            continue
        yield survey


def _surveys(given: dict[str, Any]) -> Iterable[str]:
    return Project.find().surveys()


def _waves(given: dict[str, Any]) -> Iterable[str]:
    return (wave.id for survey in _meant(given) for wave in survey.waves)


def _questions(given: dict[str, Any]) -> Iterable[str]:
    every = {**given, "asked": ()}
    return (q.id for survey in _meant(every) for q in survey.questions)


def _dimensions(given: dict[str, Any]) -> Iterable[str]:
    for survey in _meant(given):
        yield from (d.id for d in survey.dimensions)
        yield from (",".join(cross) for cross in survey.crosses)


def _options(given: dict[str, Any]) -> Iterable[str]:
    for survey in _meant(given):
        for question in survey.questions:
            if question.id in given["asked"]:
                yield from (o.code for o in (*question.choices, *question.nets))


def _stages(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.stages import STAGES

    return STAGES


def _figures(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.export import listed

    yield from (name for name, _ in listed(Project.find()))
    yield from _questions(given)


def _kinds(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.outline import FigureKind

    return (*get_args(FigureKind), "list")


def _reports(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.reports import report_ids

    return report_ids(Project.find())


def _sentences(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.narrative.document import read

    project = Project.find()
    for name in project.surveys():
        if (project.build(name) / "narrative.json").is_file():
            with suppress(SurveyError):
                for report in read(project.build(name)).reports:
                    for section in report.sections:
                        yield from (sentence.id for sentence in section.summary)


def _models(given: dict[str, Any]) -> Iterable[str]:
    from pipeline.cli.upkeep import opened
    from pipeline.serving.artifact.reference import parse
    from pipeline.serving.store import entries

    return (parse(tag).short for entry in entries(opened()) for tag in entry.tags)


surveys, waves, questions = map(completing, (_surveys, _waves, _questions))
dimensions, options, kinds = map(completing, (_dimensions, _options, _kinds))
stages, figures, reports = map(completing, (_stages, _figures, _reports))
sentences, models = map(completing, (_sentences, _models))

SurveyArgument = Annotated[
    str,
    typer.Argument(
        help="The survey: a folder under data/; the only one may be left out.",
        autocompletion=surveys,
        show_default=False,
    ),
]
SurveyOption = Annotated[
    str,
    typer.Option(
        "--survey",
        help="The survey, if several have this question.",
        autocompletion=surveys,
        show_default=False,
    ),
]
WaveOption = Annotated[
    str,
    typer.Option(
        help="The wave; the latest if left out.",
        autocompletion=waves,
        show_default=False,
    ),
]
