"""Charts by name: a figure of a report, or any question.

A figure is known by its id, and by `report/id` where several reports have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, get_args

import msgspec

from pipeline.analysis import Analysis, open_survey
from pipeline.errors import Missing, NotFound
from pipeline.load import load_survey, load_surveys
from pipeline.outline import FigureKind, FigureSpec, outlines_of
from pipeline.project import Project, writing
from pipeline.reports import has_words

KINDS: tuple[str, ...] = get_args(FigureKind)
WIDE = 680
WIDTHS = range(300, 2001)  # pixels


class Listed(msgspec.Struct, frozen=True):
    """A figure, the report that it is in, and that report's survey."""

    survey: str
    report: str
    wave: str
    spec: FigureSpec
    asked: str
    built: bool

    def names(self) -> tuple[str, str]:
        """What it is called, short and in full."""
        return self.spec.id, f"{self.report}/{self.spec.id}"

    def about(self) -> str:
        """What it shows: the question, and what it is split by."""
        splits = self.spec.by.replace("*", " and ")
        return f"{self.asked}, by {splits}" if splits else self.asked


def listed(project: Project, words: Sequence[str] = ()) -> list[tuple[str, Listed]]:
    """Every figure of all reports that has all these words, in order, with its name."""
    figures = list(_figures(project))
    counts = Counter(figure.spec.id for figure in figures)
    return [
        (f.names()[counts[f.spec.id] > 1], f)
        for f in figures
        if has_words(words, [*f.names(), f.survey, f.about(), f.spec.question])
    ]


def _figures(project: Project) -> Iterator[Listed]:
    for name, survey in load_surveys(project):
        built = _is_built(project, name)
        for outline in outlines_of(project.reports(), survey):
            for spec in outline.figures():
                asked = survey.question(spec.question).label()
                yield Listed(name, outline.id, outline.wave, spec, asked, built)


class Look(msgspec.Struct, frozen=True):
    """How charts are to be drawn: another kind, in dark colours, how wide (pixels)."""

    kind: str = ""
    dark: bool = False
    width: int = WIDE


def export_chart(
    project: Project,
    name: str,
    survey: str,
    by: str,
    term: str,
    formats: Sequence[str],
    out: Path,
    look: Look,
) -> list[Path]:
    """Write one chart in each format; `name` is a figure's or a question's id.

    Raises `NotFound` for a name that is not known or that leaves open what is meant.
    """
    if survey:
        project.survey(survey)
    analysis, spec = _named(project, name, survey, by, term)
    return _written(project, [(analysis, spec)], formats, out, look)


def kinds_of(
    project: Project, name: str, survey: str, by: str, term: str
) -> dict[FigureKind, str]:
    """Each kind of chart for a figure or question, with why it does not fit."""
    from pipeline.charts.fits import fitting

    analysis, spec = _named(project, name, survey, by, term)
    return fitting(analysis.survey.question(spec.question), spec)


def export_all(
    project: Project, survey: str, formats: Sequence[str], out: Path, look: Look
) -> list[Path]:
    """Write every figure of the reports on built surveys, or on one, in a folder each.

    Raises `Missing` if none is built.
    """
    surveys = [survey] if survey else project.surveys()
    figures = [f for f in _figures(project) if f.survey in surveys]
    built = {s: open_survey(s, project.root) for s in surveys if _is_built(project, s)}
    if not built:
        run = f"Run: stateof run {survey or project.runnable()}"
        raise Missing("no survey is built yet", remedy=run)
    written = []
    for report in dict.fromkeys(f.report for f in figures if f.survey in built):
        mine = [(built[f.survey], f.spec) for f in figures if f.report == report]
        written += _written(project, mine, formats, out / report, look)
    return written


def _is_built(project: Project, survey: str) -> bool:
    return (project.build(survey) / "estimates.parquet").is_file()


def _written(
    project: Project,
    wanted: Sequence[tuple[Analysis, FigureSpec]],
    formats: Sequence[str],
    out: Path,
    look: Look,
) -> list[Path]:
    from pipeline.charts.brand import load_brand
    from pipeline.charts.figure import export
    from pipeline.narrative.headline import headline

    if look.kind and look.kind not in KINDS:
        raise NotFound.among("kind of chart", look.kind, KINDS)
    if look.width not in WIDTHS:
        what = f"a chart cannot be {look.width} pixels wide"
        raise NotFound(what, remedy=f"Take {WIDTHS.start} to {WIDTHS.stop - 1}.")
    brand = load_brand(project.root)
    if look.dark:
        brand = msgspec.structs.replace(brand, light=brand.dark)
    paths: list[Path] = []
    with writing(out):
        for analysis, spec in wanted:
            if look.kind:
                kind = cast(FigureKind, look.kind)
                spec = msgspec.structs.replace(spec, kind=kind)
            survey, build = analysis.survey, analysis.build
            title = headline(survey, build, spec).title
            made = export(survey, build, spec, out, formats, title, brand, look.width)
            paths += made.values()
    return paths


def _named(
    project: Project, name: str, survey: str, by: str, term: str
) -> tuple[Analysis, FigureSpec]:
    """The figure of that name; with `by` or `term`, rather one of that question."""
    from pipeline.charts.figure import spec_for

    figures = [f for f in _figures(project) if survey in ("", f.survey)]
    asking = _asking(project, name, survey)
    named = [f for f in figures if name in f.names()]
    if not named and not asking:
        raise _unknown(project, name, survey, figures)
    if asking and (by or term or not named):
        owner = project.chosen(asking, f"the question {name}")
        analysis = open_survey(owner, project.root)
        return analysis, spec_for(analysis.survey, name, by=by, wave="", term=term)
    figure = _meant(project, name, named)
    if by or term:
        raise NotFound(
            f"--by and --term go with a question's id, and {name} is a figure",
            remedy=f"Name its question: stateof chart {figure.spec.question} …",
        )
    return open_survey(figure.survey, project.root), figure.spec


def _asking(project: Project, question: str, survey: str) -> list[str]:
    """The surveys that ask a question."""
    names = [survey] if survey else project.surveys()
    return [name for name in names if question in _questions(project, name)]


def _questions(project: Project, survey: str) -> list[str]:
    return [q.id for q in load_survey(project.definition(survey)).questions]


def _meant(project: Project, name: str, figures: Sequence[Listed]) -> Listed:
    """The one figure that a name stands for."""
    surveys = list(dict.fromkeys(figure.survey for figure in figures))
    survey = project.chosen(surveys, f"the figure {name}")
    left = [figure for figure in figures if figure.survey == survey]
    if len(left) > 1:
        names = " or ".join(figure.names()[1] for figure in left)
        raise NotFound(
            f"the figure {name} is in several reports", remedy=f"Say which: {names}."
        )
    return left[0]


def _unknown(
    project: Project, name: str, survey: str, figures: Sequence[Listed]
) -> NotFound:
    known = [figure.spec.id for figure in figures]
    for one in [survey] if survey else project.surveys():
        known += _questions(project, one)
    return NotFound.among("figure or question", name, known)
