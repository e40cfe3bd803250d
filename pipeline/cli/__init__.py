"""The command line: read arguments, call one function, print.

stdout is data, stderr is talk. Nothing heavy is imported until a command needs it.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from pipeline.cli import (
    audits,
    charts,
    health,
    models,
    narrative,
    reports,
    running,
    surveys,
    viewing,
)
from pipeline.cli.names import SurveyArgument
from pipeline.errors import Missing, SurveyError
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


def simulate(survey: SurveyArgument = "state-of-app-dev") -> None:
    """Write the raw files of a survey that has a simulation.toml.

    Example: stateof simulate state-of-app-dev
    """
    from pipeline.simulate import simulate

    project = Project.find()
    with writing(project.raw(survey)):
        for path in simulate(project.survey(survey)):
            print(project.shown(path))


for room in (running, viewing, charts, reports, narrative, surveys, audits):
    room.register(app)
app.command()(simulate)
models.register(app)
health.register(app)


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
