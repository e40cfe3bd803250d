"""The command line: read arguments, call one function, print.

stdout is data, stderr is talk. Nothing heavy is imported until a command needs it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import audits, charts, models, narrative, reports, surveys
from pipeline.errors import Missing, NotFound, SurveyError
from pipeline.project import Project, writing

STATUS = (
    "Exit status: 0 done, 1 the data or the result is not acceptable, 2 wrong usage,"
    " 3 something needed is missing, 130 interrupted."
)

app = typer.Typer(
    help="From raw survey responses to a published report, every sentence proved.",
    epilog=STATUS,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SurveyArgument = Annotated[
    str, typer.Argument(help="The survey: a folder under data/.", show_default=False)
]
SurveyOption = Annotated[
    str, typer.Option("--survey", help="The survey, if several have this question.")
]
RawOption = Annotated[
    Path | None, typer.Option("--raw", help="Where the raw files lie.", file_okay=False)
]
EndpointOption = Annotated[
    str, typer.Option(help="An OpenAI-compatible endpoint, such as http://host:1/v1.")
]
ModelOption = Annotated[str, typer.Option("--model", help="The endpoint's model.")]
DraftOption = Annotated[
    bool, typer.Option("--draft/--no-draft", help="Let the local model draft text.")
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict/--no-strict",
        help="Publish nothing if a sentence is not proved, or put the template's.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"stateof {version('stateof')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """What stands before a command."""


@app.command()
def run(
    survey: SurveyArgument = "",
    raw: RawOption = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    draft: DraftOption = True,
    strict: StrictOption = True,
) -> None:
    """Raw responses to published reports, all stages.

    Example: stateof run state-of-app-dev
    """
    from pipeline.narrative.draft import ModelChoice
    from pipeline.stages import job
    from pipeline.stages import run as run_stages
    from pipeline.talk import Talk, say_drafted, say_left_out

    project = Project.find()
    choice = ModelChoice(endpoint=endpoint, model=model) if draft else None
    work = job(project, project.named(survey), raw, choice, strict=strict)
    with Talk() as talk:
        run_stages(work, talk.stage, talk.step)
    say_left_out(work.build, project.shown(work.build))
    if choice:
        say_drafted(work.build)
    for outline in work.outlines():
        page = project.published(outline.wave, outline.id) / "index.html"
        print(project.shown(page))


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help="ingest, weigh, estimate, find, …")],
    survey: SurveyArgument = "",
    raw: RawOption = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    draft: DraftOption = True,
    strict: StrictOption = True,
) -> None:
    """One stage alone, on what the stages before it left.

    Example: stateof stage estimate state-of-app-dev
    """
    from pipeline.narrative.draft import ModelChoice
    from pipeline.stages import STAGES, job, run_stage
    from pipeline.talk import Talk, say_drafted, say_left_out

    if name not in STAGES:
        raise NotFound.among("stage", name, STAGES)
    project = Project.find()
    choice = ModelChoice(endpoint=endpoint, model=model) if draft else None
    work = job(project, project.named(survey), raw, choice, strict=strict)
    with Talk() as talk:
        talk.stage(name)
        run_stage(work, name, talk.step)
    if name == "ingest":
        say_left_out(work.build, project.shown(work.build))
    if name == "draft" and choice:
        say_drafted(work.build)


@app.command()
def show(
    question: Annotated[str, typer.Argument(help="The question's id.")],
    by: Annotated[str, typer.Option(help="A dimension, or two: role,industry.")] = "",
    wave: Annotated[str, typer.Option(help="The wave; the latest if left out.")] = "",
    survey: SurveyOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Every cell, as JSON.")] = (
        False
    ),
) -> None:
    """A question's estimates as a table.

    Example: stateof show ai_use --by role
    """
    from pipeline.analysis import open_survey
    from pipeline.terminal import cells, table

    project = Project.find()
    owner = project.named(survey) if survey else _survey_with(project, question)
    analysis = open_survey(owner, project.root)
    found = cells(analysis, question, by, wave)
    print(found if as_json else table(analysis, question, by, wave))


@app.command()
def simulate(survey: SurveyArgument = "state-of-app-dev") -> None:
    """Write the raw files of a survey that has a simulation.toml."""
    from pipeline.simulate import simulate

    project = Project.find()
    with writing(project.raw(survey)):
        for path in simulate(project.survey(survey)):
            print(project.shown(path))


charts.register(app)
models.register(app)
reports.register(app)
surveys.register(app)
audits.register(app)
narrative.register(app)


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


def main() -> None:
    """Run the command line and turn what goes wrong into a message and a status."""
    interrupts: list[int] = []

    def interrupted(number: int, _: object) -> None:
        interrupts.append(number)
        # KeyboardInterrupt would be turned into status 1 on its way here.
        sys.exit(130)

    signal.signal(signal.SIGINT, interrupted)
    status = 0
    try:
        app()
    except SurveyError as error:
        print(f"stateof: {error}", file=sys.stderr)
        status = error.status
    except BrokenPipeError:
        # Whoever read us has what they wanted; do not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except ModuleNotFoundError as error:
        missing = Missing(f"{error.name} is not installed", remedy="Run: make runtime")
        print(f"stateof: {missing}", file=sys.stderr)
        status = missing.status
    except Exception:
        # What the handler raised within a query, DuckDB turns into an error of its own.
        if not interrupts:
            raise
        status = 130
    sys.exit(status)
