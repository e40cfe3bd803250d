"""`stateof chart`: one chart or all of them, as files."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.names import SurveyOption, dimensions, figures, kinds, options
from pipeline.errors import NotFound
from pipeline.project import Project

if TYPE_CHECKING:
    from pipeline.export import Listed

KINDS_LISTED = "list"  # the kind that stands for all of them
MOST = 72  # characters of what a figure shows

FormatOption = Annotated[
    str, typer.Option("--format", help="svg, png, pdf, csv, json, vl.json.")
]
ByOption = Annotated[
    str,
    typer.Option(
        help="A dimension, for a question.",
        autocompletion=dimensions,
        show_default=False,
    ),
]
TermOption = Annotated[
    str,
    typer.Option(
        help="One option, for a question.", autocompletion=options, show_default=False
    ),
]
KindOption = Annotated[
    str,
    typer.Option(
        help="Another kind, such as likert; list: which fit, and why others do not.",
        autocompletion=kinds,
        show_default=False,
    ),
]
DarkOption = Annotated[bool, typer.Option("--dark", help="For a dark ground.")]
WidthOption = Annotated[int, typer.Option(help="Of the plot, in pixels.")]


def chart(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="A figure's id, or a question's; with --list, words to look for.",
            autocompletion=figures,
            show_default=False,
        ),
    ] = None,
    formats: FormatOption = "svg",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    by: ByOption = "",
    term: TermOption = "",
    kind: KindOption = "",
    width: WidthOption = 680,
    dark: DarkOption = False,
    survey: SurveyOption = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every figure of every report.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="List figures, report by report.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --list: as JSON.")
    ] = False,
) -> None:
    """Export a chart, or all of them.

    Example: stateof chart ai-use-by-industry --format svg,png,csv
    """
    from pipeline.export import Look, export_all, export_chart

    project = Project.find()
    if listing:
        _list(project, names or [], as_json=as_json)
        return
    if not names and not everything:
        raise NotFound("which chart?", remedy="stateof chart --list names them.")
    if names and everything:
        raise NotFound("a chart is named, and --all given", remedy="Leave one out.")
    wanted = [part.strip() for part in formats.split(",") if part.strip()]
    if not wanted:
        raise NotFound("which format?", remedy="For one: --format svg,png,csv")
    if kind == KINDS_LISTED:
        for name in names or []:
            _tell_kinds(project, name, survey, by, term)
        return
    look = Look(kind, dark, width)
    if everything:
        paths = export_all(project, survey, wanted, out, look)
    else:
        charts = (
            export_chart(project, name, survey, by, term, wanted, out, look)
            for name in names or []
        )
        paths = [path for chart in charts for path in chart]
    for path in paths:
        print(path)


def _tell_kinds(project: Project, name: str, survey: str, by: str, term: str) -> None:
    """The kinds of chart that a figure or question can be drawn as, then the others."""
    from pipeline.export import kinds_of

    found = kinds_of(project, name, survey, by, term)
    for kind, why in sorted(found.items(), key=lambda each: bool(each[1])):
        print(f"{kind:<14}{f'no: {why}' if why else 'fits'}")


def _list(project: Project, words: list[str], *, as_json: bool) -> None:
    """Figures under their report, with what they show; which are not built is said."""
    from pipeline.export import listed

    found = listed(project, words)
    if as_json:
        rows = [_plain(*each) for each in found]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if words and not found:
        what = f"no figure has the words '{' '.join(words)}'"
        raise NotFound(what, remedy="Take fewer of them, or none for all figures.")
    widest = max((len(name) for name, _ in found), default=0)
    for _, group in groupby(found, key=lambda each: each[1].report):
        figures = list(group)
        of = figures[0][1]
        state = "" if of.built else f" · not built: stateof run {of.survey}"
        print(f"{of.report} · {of.survey} {of.wave}{state}")
        for name, figure in figures:
            about = shorten(figure.about(), MOST, placeholder=" …")
            print(f"  {name:<{widest}}  {about}")


def _plain(name: str, figure: Listed) -> dict[str, object]:
    return {
        "id": name,
        "report": figure.report,
        "survey": figure.survey,
        "wave": figure.wave,
        "question": figure.spec.question,
        "by": figure.spec.by,
        "kind": figure.spec.kind,
        "about": figure.about(),
        "built": figure.built,
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chart)
