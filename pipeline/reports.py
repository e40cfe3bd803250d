"""Reports by name: a published report in other forms, and the tables of its survey."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from pipeline.definition import Survey
from pipeline.errors import Missing, NotFound
from pipeline.load import load_surveys
from pipeline.outline import Outline, outlines_of
from pipeline.project import Project, replace_file, writing
from pipeline.render import document
from pipeline.render.forms import FORMS
from pipeline.report import Report
from pipeline.tables.book import Book

Say = Callable[[str], None]
TABLES = ("xlsx", "explore")  # made of the survey's estimates, not of the report
PUBLISHED = {"html": "index.html", "pdf": "report.pdf", "pptx": "slides.pptx"}
LINKED = ("html", "md")  # name drawings that must lie beside them


def report_ids(project: Project) -> list[str]:
    """The ids of all reports, survey by survey."""
    return [outline.id for _, outline in _reports(project)]


class Listed(msgspec.Struct, frozen=True):
    """A report: its page, if it was published, else what would publish it."""

    id: str
    title: str
    survey: str
    wave: str
    page: str
    remedy: str


def listed(project: Project, words: Sequence[str] = ()) -> list[Listed]:
    """The reports that have all these words in id, title, survey or wave."""
    found = []
    for survey, outline in _reports(project):
        page = project.published(outline.wave, outline.id) / "index.html"
        there = page.is_file()
        found.append(
            Listed(
                id=outline.id,
                title=outline.title or survey.title,
                survey=survey.id,
                wave=outline.wave,
                page=project.shown(page) if there else "",
                remedy="" if there else f"stateof run {survey.id}",
            )
        )
    return [one for one in found if has_words(words, msgspec.structs.astuple(one)[:4])]


def has_words(words: Sequence[str], texts: Sequence[str]) -> bool:
    """Are all these words in the texts, in whatever case?"""
    within = " ".join(texts).casefold()
    return all(word.casefold() in within for word in words)


def published_file(project: Project, name: str, form: str) -> Path:
    """A form of a report as it was published; the only one there is without a name.

    Raises `NotFound` where it is not clear which, `Missing` for one not published.
    """
    if not name:
        known = [one for one in listed(project) if one.page]
        if len(known) > 1:
            names = ", ".join(one.id for one in known)
            raise NotFound("which report?", remedy=f"Published are: {names}.")
        if not known:
            run = f"Run: stateof run {project.runnable()}"
            raise Missing("no report is published yet", remedy=run)
        name = known[0].id
    survey, outline = _named(project, name)
    path = project.published(outline.wave, outline.id) / PUBLISHED[form]
    if not path.is_file():
        raise Missing(
            f"the report {name} is not published yet",
            where=project.shown(path),
            remedy=f"Run: stateof run {survey.id}",
        )
    return path


def _reports(project: Project) -> Iterator[tuple[Survey, Outline]]:
    for _, survey in load_surveys(project):
        for outline in outlines_of(project.reports(), survey):
            yield survey, outline


def write_forms(
    project: Project,
    name: str,
    forms: Sequence[str],
    out: Path,
    begin: Say,
    progress: Say,
) -> list[Path]:
    """Write a report in each of `forms`; returns the files.

    Raises `NotFound` for a name or a form that is not known, and `Missing` for a report
    that is not published.
    """
    for form in forms:
        if form not in (*FORMS, *TABLES):
            raise NotFound.among("form", form, (*FORMS, *TABLES))
    defined, outline = _named(project, name)
    with writing(out):
        paths = []
        for form in (form for form in forms if form not in TABLES):
            begin(form)
            paths.append(_form(project, defined, outline, form, out))
        if tables := [form for form in forms if form in TABLES]:
            begin("tables")
            book = _book(project, defined, outline, progress)
            for form in tables:
                paths.append(out / f"{outline.id}{_ending(form)}")
                replace_file(paths[-1], _tables(project, defined, book, form))
        return paths


def _ending(form: str) -> str:
    return ".xlsx" if form == "xlsx" else "-explorer.html"


def _named(project: Project, name: str) -> tuple[Survey, Outline]:
    reports = {outline.id: (survey, outline) for survey, outline in _reports(project)}
    if name not in reports:
        raise NotFound.among("report", name, reports)
    return reports[name]


def _form(
    project: Project, survey: Survey, outline: Outline, form: str, out: Path
) -> Path:
    """A form of the published report, with the drawings that it names beside it."""
    folder = project.published(outline.wave, outline.id)
    report = document.read(folder, f"Run: stateof run {survey.id}")
    path = out / f"{outline.id}.{form}"
    replace_file(path, FORMS[form].render(report, folder))
    if form in LINKED and out.resolve() != folder.resolve():
        for file in _drawings(report):
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, out / file)
    return path


def _drawings(report: Report) -> list[str]:
    figures = [f for section in report.sections for f in section.figures]
    return [file for figure in figures for file in figure.files.values()]


def _book(project: Project, survey: Survey, outline: Outline, progress: Say) -> Book:
    from pipeline.tables.build import asked_questions, build_book

    build = project.build(survey.id)
    if not (build / "estimates.parquet").is_file():
        raise Missing(
            "there are no estimates yet",
            where=project.shown(build),
            remedy=f"Run: stateof run {survey.id}",
        )
    wanted = asked_questions(survey, outline.wave)
    return build_book(project, survey, wanted, progress)


def _tables(project: Project, survey: Survey, book: Book, form: str) -> bytes:
    from pipeline.tables.explorer import render_explorer
    from pipeline.tables.published import published
    from pipeline.tables.xlsx import render_xlsx

    if form == "xlsx":
        return render_xlsx(book)
    found = published(survey, project.build(survey.id), book)
    return render_explorer(found, book.brand).encode()
