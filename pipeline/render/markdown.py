"""The report as Markdown that Quarto, Pandoc and GitHub read, drawings beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline.render.plain import plain
from pipeline.report import Figure, Report, Section, Table

# What is markup in Markdown, in Pandoc's extensions, or in HTML.
SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#!|~$^@&]|--|==|::)")
FIRST = re.compile(r"^([-+=:]|\d+[.)])")


def render_markdown(report: Report) -> str:
    """The text; figures are linked by their file names."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _front(report)
    if report.notice:
        yield from (f"> **{_safe(report.notice)}**", "")
    yield from (_safe(report.standfirst), "")
    dates = f", {_safe(report.dates)}" if report.dates else ""
    yield from (f"{_safe(report.respondents)} respondents{dates}.", "")
    for section in report.sections:
        yield from _section(section)
    yield from ("## How this report was made", "")
    for paragraph in report.method:
        yield from (_safe(paragraph), "")
    if report.disclosure:
        yield from ("### Disclosure", "")
        rows = [(e.item, e.text or "Not disclosed") for e in report.disclosure]
        yield from _table(("Item", "What is known"), rows)
    yield from ("### Where it comes from", "")
    yield from _table(("What", "Version or digest"), report.provenance)
    for name, text in (("Cite as", report.citation), ("Licence", report.licence)):
        if text:
            yield from (f"**{name}:** {_safe(text)}", "")


def _front(report: Report) -> Iterator[str]:
    """Quarto's header, as YAML; JSON strings are YAML strings.

    What they say is read as Markdown, so markup in them is marked as none too.
    """
    yield "---"
    for key, value in (
        ("title", report.title),
        ("subtitle", f"{report.survey}, {report.wave}"),
        ("abstract", report.standfirst),
        ("author", report.brand.name),
        ("lang", report.language),
    ):
        if value:
            yield f"{key}: {json.dumps(_safe(value), ensure_ascii=False)}"
    yield from ("toc: true", "---", "")


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {_safe(section.title)}", "")
    if section.summary:
        yield from (" ".join(_safe(s.text) for s in section.summary), "")
    for figure in section.figures:
        yield from _figure(figure)
    for line in section.left_out:
        yield from (_safe(line), "")
    for quote in section.quotes:
        yield from (f"> {_safe(quote.text)}", ">", f"> — {_safe(quote.said_by())}", "")


def _figure(figure: Figure) -> Iterator[str]:
    picture = figure.files.get("svg") or figure.wide
    yield from (f"### {_safe(figure.title)} {{#fig-{figure.id}}}", "")
    yield from (_safe(figure.subtitle), "")
    yield from (f"![{_safe(figure.alt)}](<{picture}>)", "")
    if figure.question:
        yield from (f"**Question:** {_safe(figure.question)}", "")
    notes = " ".join((figure.base, *figure.notes))
    yield from (f"**Base:** {_safe(notes)}", "")
    yield from (f"**Source:** {_safe(figure.source)}", "")
    yield from _values(figure.table)


def _values(table: Table) -> Iterator[str]:
    if table.rows:
        yield from _table(table.header, table.rows)


def _table(
    header: tuple[str, ...], rows: tuple[tuple[str, ...], ...] | list[tuple[str, str]]
) -> Iterator[str]:
    yield _row(header)
    yield "|" + "|".join([":--", *("--:" for _ in header[1:])]) + "|"
    yield from (_row(row) for row in rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _safe(text: str) -> str:
    """Text as it reads, whatever it is made of; on one line."""
    escaped = SPECIAL.sub(r"\\\1", plain(text))
    return FIRST.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", escaped)
