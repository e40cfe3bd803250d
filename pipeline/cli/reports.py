"""`stateof report`: a published report in other forms, and its survey's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import NotFound

FORMS = "html, pdf, pptx, md, eml, xlsx (tables book), explore (page of all tables)"


def report(
    name: Annotated[str, typer.Argument(help="The report's id.")] = "",
    formats: Annotated[str, typer.Option("--format", help=f"{FORMS}.")] = "pdf",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    listing: Annotated[bool, typer.Option("--list", help="List report ids.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of report.json.")
    ] = False,
) -> None:
    """Write a report in other forms: PDF, slides, tables book, Markdown, e-mail.

    Example: stateof report ai --format pdf,pptx,xlsx
    """
    import json

    from pipeline.project import Project
    from pipeline.reports import report_ids, write_forms
    from pipeline.talk import Talk

    if schema:
        from pipeline.render.document import schema as document_schema

        print(json.dumps(document_schema(), indent=1, sort_keys=True))
        return
    project = Project.find()
    if listing:
        print("\n".join(report_ids(project)))
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)
