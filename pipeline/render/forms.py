"""The forms a report can take: which file each is, and which function makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from pipeline.errors import NotFound
from pipeline.project import replace_file
from pipeline.report import Report

Render = Callable[[Report, Path], bytes]


class Form(msgspec.Struct, frozen=True):
    """A file name, what it is in words, and what makes it of report and folder."""

    file: str
    label: str
    render: Render


def _html(report: Report, folder: Path) -> bytes:
    from pipeline.render.html import render_page

    return render_page(report, folder).encode()


def _pdf(report: Report, folder: Path) -> bytes:
    from pipeline.render.pdf import render_pdf

    return render_pdf(report, folder)


def _slides(report: Report, folder: Path) -> bytes:
    from pipeline.render.slides import render_slides

    return render_slides(report)


def _markdown(report: Report, folder: Path) -> bytes:
    from pipeline.render.markdown import render_markdown

    return render_markdown(report).encode()


def _email(report: Report, folder: Path) -> bytes:
    from pipeline.render.email import render_email

    return render_email(report)


FORMS: Mapping[str, Form] = {
    "html": Form("index.html", "Page", _html),
    "pdf": Form("report.pdf", "PDF", _pdf),
    "pptx": Form("slides.pptx", "Slides", _slides),
    "md": Form("report.md", "Markdown", _markdown),
    "eml": Form("summary.eml", "E-mail", _email),
}


def write_form(
    report: Report, folder: Path, form: str, out: Path | None = None
) -> None:
    """Write one form; `folder` holds the report's drawings, and takes the file.

    Raises `NotFound` for a form that is not known.
    """
    if form not in FORMS:
        raise NotFound.among("form", form, FORMS)
    made = FORMS[form]
    replace_file((out or folder) / made.file, made.render(report, folder))
