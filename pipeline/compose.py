"""Estimates, sentences and charts → one Report document, published all at once."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pipeline.charts.brand import load_brand
from pipeline.definition import Survey
from pipeline.disclosure import disclosure, field_dates, interval_wording
from pipeline.narrative.document import ReportText, read
from pipeline.narrative.gate import check_page, proved
from pipeline.narrative.headline import Message, headline
from pipeline.outline import FigureSpec, Outline, SectionSpec
from pipeline.project import Project
from pipeline.quotes import quotes_of
from pipeline.render.forms import FORMS, write_form
from pipeline.render.publish import publish as publish_folder
from pipeline.render.publish import staged
from pipeline.report import Brand, Figure, Quote, Report, Section

LIBRARIES = ("duckdb", "typst", "python-pptx", "numpy", "scipy")
EXPLORER = "explore.html"
PUBLISHED = ("pdf", "pptx")  # beside the page; the rest is for `stateof report`


def publish(
    project: Project,
    survey: Survey,
    outlines: Sequence[Outline],
    progress: Callable[[str], None],
    explorer: bytes = b"",
    *,
    strict: bool = True,
) -> list[Path]:
    """Draw the figures, put the reports together, publish each; returns the pages.

    The page to explore the survey, if there is one, goes beside each.

    Drawing is most of the work of a run and all of it Python, so it is shared out
    among processes, and so are the forms of each report. Text that is not proved is an
    error if `strict`, and replaced by the paragraph of record otherwise.
    """
    build = project.build(survey.id)
    brand = load_brand(project.root)
    workers = min(os.cpu_count() or 1, 8)
    with (
        ExitStack() as stack,
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
    ):
        for _ in range(workers):
            pool.submit(_ready)  # while here titles are found
        begun = []
        for outline in outlines:
            target = project.published(outline.wave, outline.id)
            folder = stack.enter_context(staged(target))
            draw = partial(_draw, survey, build, folder, brand)
            figures = _begin(pool, survey, build, outline, draw)
            begun.append((outline, folder, target, figures))
        made = []
        for outline, folder, target, drawn in begun:
            said = read(build).report(outline.id)
            text = proved(
                survey, build, outline, said, strict=strict, progress=progress
            )
            shown = _drawn(outline, drawn, progress)
            report = _report(project, survey, outline, text, shown, brand)
            if explorer:
                report = _explored(report, folder, explorer)
            made.append((report, folder, target, _forms(pool, report, folder)))
        for _, _, _, forms in made:
            for form in forms:
                form.result()
        return [
            publish_folder(report, folder, target, check_page)
            for report, folder, target, _ in made
        ]


def _ready() -> None:
    """Have a process import what it draws with, and find its fonts."""
    from pipeline.charts.figure import figure  # noqa: F401
    from pipeline.charts.picture import fonts

    fonts()


def _begin(
    pool: Executor,
    survey: Survey,
    build: Path,
    outline: Outline,
    draw: Callable[[FigureSpec, Message], Figure | str],
) -> list[Future[Figure | str]]:
    """Have the figures drawn, each with its message; that is found here."""
    return [
        pool.submit(draw, spec, headline(survey, build, spec, outline.wave))
        for spec in outline.figures()
    ]


def _drawn(
    outline: Outline,
    begun: Sequence[Future[Figure | str]],
    progress: Callable[[str], None],
) -> dict[str, Figure | str]:
    """Each figure by its id, or why it is left out."""
    figures = {}
    for spec, each in zip(outline.figures(), begun, strict=True):
        figures[spec.id] = each.result()
        progress(f"{outline.id}: {spec.id}")
    return figures


def _explored(report: Report, folder: Path, explorer: bytes) -> Report:
    """The report with a link to the page to explore, which is put in its folder."""
    (folder / EXPLORER).write_bytes(explorer)
    return replace(report, files={**report.files, "explore": EXPLORER})


def _forms(pool: Executor, report: Report, folder: Path) -> list[Future[None]]:
    """The forms of a report beside its page, and its card."""
    forms = [pool.submit(write_form, report, folder, form) for form in PUBLISHED]
    return [*forms, pool.submit(_card, report, folder)]


def _card(report: Report, folder: Path) -> None:
    from pipeline.charts.card import report_card

    source = f"{report.survey} · {report.respondents} respondents"
    picture = report_card(
        report.title, report.standfirst, source, report.notice, report.brand
    )
    (folder / report.card).write_bytes(picture)


def _draw(
    survey: Survey,
    build: Path,
    folder: Path,
    brand: Brand,
    spec: FigureSpec,
    message: Message,
) -> Figure | str:
    """The figure; or that it is left out, where too few answered to show any of it."""
    from pipeline.charts.data import TooFew
    from pipeline.charts.figure import figure

    if spec.kind == "ranks" and not spec.term:  # draw the line that the title is about
        spec = replace(spec, term=message.term)
    try:
        return figure(survey, build, spec, message.title, folder, brand=brand)
    except TooFew:
        return f"{message.title}: too few answers to show (under {survey.min_base})."


def _section(
    spec: SectionSpec,
    text: ReportText,
    drawn: dict[str, Figure | str],
    quotes: tuple[Quote, ...],
) -> Section:
    written = text.section(spec.id)
    made = [drawn[figure.id] for figure in spec.figures]
    return Section(
        id=spec.id,
        title=spec.title,
        summary=written.summary,
        origin=written.origin,
        author=written.author,
        figures=tuple(each for each in made if isinstance(each, Figure)),
        left_out=tuple(dict.fromkeys(m for m in made if isinstance(m, str))),
        quotes=quotes,
    )


def _report(
    project: Project,
    survey: Survey,
    outline: Outline,
    text: ReportText,
    figures: dict[str, Figure | str],
    brand: Brand,
) -> Report:
    build = project.build(survey.id)
    quotes = quotes_of(survey, build, outline)
    sections = tuple(
        _section(spec, text, figures, quotes[spec.id]) for spec in outline.sections
    )
    ledger = json.loads((build / "ingest.json").read_bytes())
    weights = json.loads((build / "weights.json").read_bytes())
    wave = survey.wave(outline.wave)
    account = next(w for w in weights if w["wave"] == wave.id)
    return Report(
        id=outline.id,
        survey=survey.title,
        wave=wave.id,
        title=outline.title,
        standfirst=outline.standfirst,
        notice=survey.notice,
        dates=field_dates(wave),
        respondents=f"{account['respondents']:,}",
        sections=sections,
        facts=text.facts,
        claims=tuple(claim for s in text.sections for claim in s.claims),
        method=(interval_wording(survey).model, *_method(survey, account)),
        disclosure=disclosure(survey, wave, ledger, weights),
        provenance=_provenance(project, ledger, wave.id, sections),
        citation=survey.about.citation,
        licence=survey.about.licence,
        brand=brand,
        interval=interval_wording(survey).name,
        card="card.png",
        files={form: FORMS[form].file for form in PUBLISHED},
    )


def _method(survey: Survey, account: dict[str, Any]) -> tuple[str, ...]:
    small = (
        f"Figures on fewer than {survey.min_base} respondents are not shown, neither"
        " here nor in the files to download."
    )
    if not account["weighted"]:
        return ("Answers are not weighted.", small)
    return (
        f"Answers are weighted. The design effect of the weights is"
        f" {account['design_effect']:.2f}: {account['respondents']:,} respondents are"
        f" as precise as {account['effective_n']:,.0f} drawn at random.",
        small,
    )


def _provenance(
    project: Project, ledger: dict[str, Any], wave: str, sections: tuple[Section, ...]
) -> tuple[tuple[str, str], ...]:
    files = next(w["files"] for w in ledger["waves"] if w["wave"] == wave)
    models = sorted({s.author for s in sections if s.origin == "model"})
    return (
        *((f"Responses, {f['name']}", f"sha256:{f['sha256']}") for f in files),
        *(("Drafted by", author) for author in models),
        ("stateof", version("stateof")),
        ("Commit", _commit(project.root)),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in LIBRARIES),
    )


def _commit(root: Path) -> str:
    """The commit of the project, or of nothing when it is not under version control."""
    command = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "not recorded"
    return done.stdout.strip() or "not recorded"
