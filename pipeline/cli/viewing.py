"""`stateof show` and `stateof open`: estimates on a terminal, published reports."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipeline.cli.names import (
    SurveyOption,
    WaveOption,
    dimensions,
    questions,
    reports,
)
from pipeline.errors import Missing, NotFound
from pipeline.project import Project

QuestionArgument = Annotated[
    str, typer.Argument(help="The question's id.", autocompletion=questions)
]
ByOption = Annotated[
    str,
    typer.Option(
        help="A dimension, or two: role,industry.",
        autocompletion=dimensions,
        show_default=False,
    ),
]
Form = Literal["html", "pdf", "pptx"]


def show(
    question: QuestionArgument,
    by: ByOption = "",
    wave: WaveOption = "",
    survey: SurveyOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Every cell, as JSON.")] = (
        False
    ),
) -> None:
    """A question's estimates as a table.

    On a terminal, a table that is wider is set in parts below each other.

    Example: stateof show ai_use --by role
    """
    from pipeline.analysis import open_survey
    from pipeline.terminal import cells, table, width

    project = Project.find()
    owner = project.named(survey) if survey else _survey_with(project, question)
    analysis = open_survey(owner, project.root)
    if as_json:
        print(cells(analysis, question, by, wave))
    else:
        print(table(analysis, question, by, wave, width()))


def _survey_with(project: Project, question: str) -> str:
    """The survey that has this question."""
    from pipeline.load import load_surveys

    having: list[str] = []
    known: set[str] = set()
    for name, survey in load_surveys(project):
        ids = {q.id for q in survey.questions}
        known |= ids
        having += [name] if question in ids else []
    if not having:
        raise NotFound.among("question", question, known)
    return project.chosen(having, f"the question {question}")


def open_report(
    report: Annotated[
        str,
        typer.Argument(
            help="The report's id; the only one published may be left out.",
            autocompletion=reports,
            show_default=False,
        ),
    ] = "",
    form: Annotated[Form, typer.Option("--format", help="Which form of it.")] = "html",
) -> None:
    """Open a published report in the browser; prints where it is.

    Example: stateof open ai
    """
    import webbrowser

    from pipeline.reports import published_file

    project = Project.find()
    path = published_file(project, report, form)
    print(project.shown(path), flush=True)
    if not webbrowser.open(path.resolve().as_uri()):
        raise Missing(
            "no browser could be started",
            where=str(path),
            remedy="Open that file yourself, or name a browser in $BROWSER.",
        )


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(show)
    app.command("open")(open_report)
