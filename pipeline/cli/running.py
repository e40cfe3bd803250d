"""`stateof run`, `stage` and `watch`: from raw responses to published reports."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.names import SurveyArgument, stages
from pipeline.errors import Missing, NotFound, SurveyError
from pipeline.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.narrative.draft import ModelChoice
    from pipeline.stages import Job

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

EngineOption = Annotated[
    str,
    typer.Option(
        help="Where sums are added up: duckdb (here), datafusion, spark (both on this"
        " machine), spark://HOST:PORT or sc://HOST:PORT (Spark Connect).",
    ),
]


def run(
    survey: SurveyArgument = "",
    raw: RawOption = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    draft: DraftOption = True,
    strict: StrictOption = True,
    engine: EngineOption = "duckdb",
) -> None:
    """Raw responses to published reports, all stages.

    Example: stateof run state-of-app-dev
    """
    from pipeline.stages import job
    from pipeline.stages import run as run_stages
    from pipeline.talk import Talk, say_drafted, say_left_out

    project = Project.find()
    choice = _choice(endpoint, model, draft)
    work = job(
        project, project.named(survey), raw, choice, strict=strict, engine=engine
    )
    with Talk() as talk:
        run_stages(work, talk.stage, talk.step)
    say_left_out(work.build, project.shown(work.build))
    if choice:
        say_drafted(work.build)
    for page in _pages(work):
        print(page)


def stage(
    name: Annotated[
        str,
        typer.Argument(
            help="ingest, weigh, estimate, find, draft or publish.",
            autocompletion=stages,
            show_default=False,
        ),
    ],
    survey: SurveyArgument = "",
    raw: RawOption = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    draft: DraftOption = True,
    strict: StrictOption = True,
    engine: EngineOption = "duckdb",
) -> None:
    """One stage alone, on what the stages before it left.

    Example: stateof stage estimate state-of-app-dev
    """
    from pipeline.stages import STAGES, job, run_stage
    from pipeline.talk import Talk, say_drafted, say_left_out

    if name not in STAGES:
        raise NotFound.among("stage", name, STAGES)
    project = Project.find()
    choice = _choice(endpoint, model, draft and name == "draft")
    work = job(
        project, project.named(survey), raw, choice, strict=strict, engine=engine
    )
    with Talk() as talk:
        talk.stage(name)
        run_stage(work, name, talk.step)
    if name == "ingest":
        say_left_out(work.build, project.shown(work.build))
    if choice:
        say_drafted(work.build)


def watch(
    survey: SurveyArgument = "",
    raw: RawOption = None,
    endpoint: EndpointOption = "",
    model: ModelOption = "",
    draft: DraftOption = True,
    strict: StrictOption = True,
) -> None:
    """Build again at each change of a definition, export or report.

    Only what the change touches is done again. What goes wrong is said, and the last
    good reports stay. Ctrl-C ends it.

    Example: stateof watch state-of-app-dev --no-draft
    """
    from pipeline.watch import changed, looking

    project = Project.find()
    name = project.named(survey)
    choice = _choice(endpoint, model, draft)
    look = looking(project, name, project.raw(name, raw))
    known, why = look(), ["start"]
    try:
        while True:
            _rebuild(project, name, raw, choice, strict, why)
            known, paths = changed(look, known)
            why = [project.shown(path) for path in paths]
    except SystemExit:  # Ctrl-C is how it is meant to end
        print(file=sys.stderr)


def _rebuild(
    project: Project,
    name: str,
    raw: Path | None,
    choice: ModelChoice | None,
    strict: bool,
    why: Sequence[str],
) -> None:
    """One build, and a line that says what for, what was done, and in what time."""
    from pipeline.stages import job
    from pipeline.stages import run as run_stages
    from pipeline.talk import Ran

    more = f" and {len(why) - 1} more" if len(why) > 1 else ""
    ran, started = Ran(), time.monotonic()
    try:
        work = job(project, name, raw, choice, strict=strict)
        run_stages(work, ran.stage, ran.step)
        said = f"{ran.done()}; {', '.join(_pages(work)) or 'no report'}"
    except SurveyError as error:
        said = f"failed, the last reports stay\n{error}"
    took = f"{time.monotonic() - started:.2f} s"
    print(f"{time.strftime('%H:%M:%S')}  {why[0]}{more}: {took}: {said}", flush=True)


def _pages(work: Job) -> list[str]:
    project = work.project
    return [
        project.shown(project.published(o.wave, o.id) / "index.html")
        for o in work.outlines()
    ]


def _choice(endpoint: str, model: str, draft: bool) -> ModelChoice | None:
    """Which model drafts, if one is to; raises `Missing` for one not there.

    A server that was named must answer before any work is done. If it fails later, that
    is no reason to throw the work away: templates take its place.
    """
    from pipeline.narrative.draft import ModelChoice

    if not draft:
        return None
    if endpoint:
        _reach(endpoint, model)
    return ModelChoice(endpoint=endpoint, model=model)


def _reach(endpoint: str, model: str) -> None:
    from pipeline.serving.chat import CONNECT_SECONDS, Endpoint, exchange, first_model

    server = Endpoint(url=endpoint, model=model)
    try:
        if model:  # it need not list its models then, only be there
            until = time.monotonic() + 2 * CONNECT_SECONDS
            exchange(server, "GET", "/models", b"", until)
        else:
            first_model(server, 2 * CONNECT_SECONDS)
    except Missing as error:
        remedy = error.remedy or "Start it, or take --no-draft. Nothing was changed."
        raise Missing(error.what, where=endpoint, remedy=remedy) from None


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, stage, watch):
        app.command()(command)
