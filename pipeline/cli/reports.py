"""`stateof report`: a published report in other forms, and its survey's tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.columns import aligned
from pipeline.cli.names import reports
from pipeline.errors import NotFound
from pipeline.project import Project

FORMS = "html, pdf, pptx, md, eml, xlsx (tables book), explore (page of all tables)"


def report(
    name: Annotated[
        str,
        typer.Argument(
            help="The report's id; with --list, a word to look for.",
            autocompletion=reports,
            show_default=False,
        ),
    ] = "",
    formats: Annotated[str, typer.Option("--format", help=f"{FORMS}.")] = "pdf",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    listing: Annotated[bool, typer.Option("--list", help="List reports.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --list: as JSON.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of report.json.")
    ] = False,
) -> None:
    """Write a report as PDF, slides, tables book, Markdown or e-mail.

    Example: stateof report ai --format pdf,pptx,xlsx
    """
    from pipeline.reports import write_forms
    from pipeline.talk import Talk

    if schema:
        from pipeline.render.document import schema as document_schema

        print(json.dumps(document_schema(), indent=1, sort_keys=True))
        return
    project = Project.find()
    if listing:
        _list(project, name, as_json=as_json)
        return
    if not name:
        raise NotFound("which report?", remedy="stateof report --list names them.")
    wanted = [part.strip() for part in formats.split(",") if part.strip()]
    if not wanted:
        raise NotFound("which form?", remedy="For one: --format pdf,pptx,xlsx")
    with Talk() as talk:
        paths = write_forms(project, name, wanted, out, talk.stage, talk.step)
    for path in paths:
        print(path)


def _list(project: Project, words: str, *, as_json: bool) -> None:
    """The reports, each with its page, or with what would publish it."""
    import msgspec

    from pipeline.reports import listed

    found = listed(project, words.split())
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return
    if words and not found:
        what = f"no report has the words '{words}'"
        raise NotFound(what, remedy="Leave the words out for all reports.")
    rows = [
        (one.id, f"{one.survey} {one.wave}", one.page or f"not published: {one.remedy}")
        for one in found
    ]
    print(aligned(("REPORT", "SURVEY", "PAGE"), rows))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)
