"""`stateof chart`: one chart or all of them, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import NotFound
from pipeline.project import Project

FormatOption = Annotated[
    str, typer.Option("--format", help="svg, png, pdf, csv, json, vl.json.")
]
KindOption = Annotated[
    str, typer.Option(help="Another kind: bars, waves, trend, stacked, likert, …")
]
DarkOption = Annotated[bool, typer.Option("--dark", help="For a dark ground.")]
WidthOption = Annotated[int, typer.Option(help="Of the plot, in pixels.")]


def chart(
    name: Annotated[str, typer.Argument(help="A figure's id, or a question's.")] = "",
    formats: FormatOption = "svg",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    by: Annotated[str, typer.Option(help="A dimension, for a question.")] = "",
    term: Annotated[str, typer.Option(help="One option, for a question.")] = "",
    kind: KindOption = "",
    width: WidthOption = 680,
    dark: DarkOption = False,
    survey: Annotated[str, typer.Option("--survey", help="The survey.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every figure of every report.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List figure ids.")] = False,
) -> None:
    """Export a chart, or all of them.

    Example: stateof chart ai-use-by-industry --format svg,png,csv
    """
    from pipeline.export import Look, export_all, export_chart, figure_ids

    project = Project.find()
    if listing:
        print("\n".join(figure_ids(project)))
        return
    if not name and not everything:
        raise NotFound("which chart?", remedy="stateof chart --list names them.")
    wanted = [part.strip() for part in formats.split(",") if part.strip()]
    if not wanted:
        raise NotFound("which format?", remedy="For one: --format svg,png,csv")
    look = Look(kind, dark, width)
    if everything:
        paths = export_all(project, survey, wanted, out, look)
    else:
        paths = export_chart(project, name, survey, by, term, wanted, out, look)
    for path in paths:
        print(path)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chart)
