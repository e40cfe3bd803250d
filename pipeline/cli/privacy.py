"""`stateof privacy`: who could be found in a survey, and in what it has published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import SurveyError
from pipeline.project import Project

if TYPE_CHECKING:
    from pipeline.definition import Survey
    from pipeline.leaks.look import Looked

MOST = 20  # leaks of a folder that are printed; --json has all


def privacy(
    survey: Annotated[str, typer.Argument(help="A folder under data/.")],
    published: Annotated[
        Path | None,
        typer.Option(help="A folder to look at, in place of its reports."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All, as JSON.")] = False,
) -> None:
    """How well respondents are hidden, and what published files tell.

    Example: stateof privacy state-of-app-dev
    """
    import msgspec

    from pipeline.cli.drafts import hidden
    from pipeline.load import load_survey
    from pipeline.privacy import anonymity

    project = Project.find()
    definition = load_survey(project.definition(survey))
    found = anonymity(definition, project.build(survey))
    looked = _looked(project, definition, published)
    if as_json:
        told = {"anonymity": found, "published": looked}
        print(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    else:
        print(
            "\n".join([hidden(found), "", *(_said(project, each) for each in looked)])
        )
    if leaks := [leak for each in looked for leak in each.leaks]:
        raise SurveyError(
            f"{len(leaks)} things are published that must not be",
            where=", ".join(each.folder for each in looked if each.leaks),
            remedy=f"Take it away, then publish again: stateof run {survey}",
        )


def _looked(project: Project, survey: Survey, published: Path | None) -> list[Looked]:
    """A look at each folder: the one named, or those of the survey's reports."""
    from pipeline.leaks.look import look
    from pipeline.outline import outlines_of

    outlines = outlines_of(project.reports(), survey)
    homes = [project.published(o.wave, o.id) for o in outlines]
    folders = [published] if published else [f for f in homes if f.is_dir()]
    own = [*project.survey(survey.id).glob("*.toml"), *project.reports()]
    words = [path.read_text("utf-8") for path in own]
    build = project.build(survey.id)
    return [look(survey, build, folder, outlines, words) for folder in folders]


def _said(project: Project, looked: Looked) -> str:
    lines = [
        f"{project.shown(Path(looked.folder))}: {looked.estimates:,} estimates and"
        f" {looked.texts:,} texts read, {len(looked.unread)} pictures and PDFs not"
    ]
    lines += [f"  {k.file}: {k.where}: {k.what}" for k in looked.leaks[:MOST]]
    more = len(looked.leaks) - MOST
    lines += [f"  … and {more} more"] if more > 0 else []
    return "\n".join(lines if looked.leaks else [*lines, "  nothing was found"])
