"""The book as a spreadsheet: contents, then a sheet a question.

Every text is written as text, so that no answer is run as a formula or made a link.
"""

from __future__ import annotations

import io
import re
from typing import Any

import msgspec

from pipeline.render.archive import DATE, dated
from pipeline.render.plain import plain
from pipeline.tables.book import BannerTable, Book, Line

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
LONGEST_NAME = 31  # letters of a sheet's name
LONGEST_TEXT = 32_767  # letters of a cell
FORBIDDEN_IN_NAME = re.compile(r"[\[\]:*?/\\']")
HEAD = 5  # rows above the banner


class Looks(msgspec.Struct, frozen=True):
    """The formats of cells, by what they are for."""

    title: Any
    note: Any
    warning: Any
    span: Any
    head: Any
    letter: Any
    label: Any
    net: Any
    share: Any
    mean: Any
    marks: Any
    count: Any
    link: Any


def render_xlsx(book: Book) -> bytes:
    """The workbook; the same book gives the same bytes."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    work = xlsxwriter.Workbook(out, OPTIONS)
    work.set_properties(
        {
            "title": plain(book.title)[:255],
            "author": plain(book.brand.name or book.title)[:255],
            "comments": plain(book.notice)[:255],
            "created": DATE,
        }
    )
    looks = _looks(work, book)
    names = _sheet_names(book)
    _contents(work.add_worksheet("Contents"), book, names, looks)
    for table, name in zip(book.tables, names, strict=True):
        _sheet(work.add_worksheet(name), book, table, looks)
    work.close()
    return dated(out.getvalue())


def _looks(work: Any, book: Book) -> Looks:
    light = book.brand.light
    ink, muted, accent = (light[f"c-{name}"] for name in ("ink", "muted", "accent"))

    def look(**more: Any) -> Any:
        return work.add_format({"font_name": "Arial", "font_size": 9} | more)

    middle = {"align": "center", "valign": "vcenter", "text_wrap": True}
    return Looks(
        title=look(bold=True, font_size=13, font_color=ink),
        note=look(font_color=muted),
        warning=look(bold=True, bg_color="#ffd23f", font_color="#1c1600"),
        span=look(bold=True, font_color="#ffffff", bg_color=accent, **middle),
        head=look(bold=True, bottom=1, **middle),
        letter=look(font_color=muted, align="center"),
        label=look(text_wrap=True, valign="top"),
        net=look(text_wrap=True, valign="top", bold=True),
        share=look(num_format="0%", align="center", valign="top"),
        mean=look(num_format="0.0", align="center", valign="top"),
        marks=look(font_color=accent, align="center", bold=True),
        count=look(num_format="#,##0", align="center", font_color=muted),
        link=look(font_color=accent, underline=1),
    )


def _sheet_names(book: Book) -> list[str]:
    """A name for each sheet: the question's id, with its wave where that is needed."""
    several = len({table.wave for table in book.tables}) > 1
    names: list[str] = []
    for table in book.tables:
        name = f"{table.question} {table.wave}" if several else table.question
        name = FORBIDDEN_IN_NAME.sub("_", name)
        taken = {"contents", "history", *(each.lower() for each in names)}
        names.append(_free(name, taken))
    return names


def _free(name: str, taken: set[str]) -> str:
    short, number = name[:LONGEST_NAME], 1
    while short.lower() in taken:
        number += 1
        end = f" {number}"
        short = name[: LONGEST_NAME - len(end)] + end
    return short


def _write(sheet: Any, row: int, column: int, text: str, look: Any = None) -> None:
    sheet.write_string(row, column, plain(text)[:LONGEST_TEXT], look)


def _contents(sheet: Any, book: Book, names: list[str], looks: Looks) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 3, 16)
    sheet.fit_to_pages(1, 0)
    sheet.set_paper(9)
    _write(sheet, 0, 0, book.title, looks.title)
    row = 1
    if book.notice:
        _write(sheet, row, 0, book.notice, looks.warning)
        row += 1
    for line in (*book.legend, f"Source: {book.source}"):
        _write(sheet, row, 0, line, looks.note)
        row += 1
    row += 1
    for column, head in enumerate(("Question", "Wave", "Base")):
        _write(sheet, row, column, head, looks.head)
    for table, name in zip(book.tables, names, strict=True):
        row += 1
        text = plain(table.title)[:255]
        sheet.write_url(row, 0, f"internal:'{name}'!A1", looks.link, text)
        _write(sheet, row, 1, table.wave, looks.label)
        _write(sheet, row, 2, table.base, looks.label)
    for line in book.left_out:
        row += 1
        _write(sheet, row, 0, f"{line}: too few answers to show", looks.note)


def _sheet(sheet: Any, book: Book, table: BannerTable, looks: Looks) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 38)
    sheet.set_column(1, len(table.columns), 11)
    _write(sheet, 0, 0, table.title, looks.title)
    _write(sheet, 1, 0, f"Question: {table.wording}", looks.note)
    _write(sheet, 2, 0, f"Base: {table.base}, {table.wave}", looks.note)
    sheet.write_url(3, 0, "internal:'Contents'!A1", looks.link, "Contents")
    if book.notice:
        _write(sheet, 3, 1, book.notice, looks.warning)
    _banner(sheet, table, looks)
    row = HEAD + 3
    for line in table.lines:
        _line(sheet, row, line, looks)
        row += 2
    row = _bases(sheet, row, table, looks)
    for note in (*table.notes, *book.legend, f"Source: {book.source}"):
        _write(sheet, row, 0, note, looks.note)
        row += 1
    sheet.freeze_panes(HEAD + 3, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(HEAD, HEAD + 2)
    sheet.repeat_columns(0, 0)


def _banner(sheet: Any, table: BannerTable, looks: Looks) -> None:
    """Dimensions above their domains, and the letter of each."""
    start = 0
    while start < len(table.columns):
        by = table.columns[start].by
        end = start
        while end + 1 < len(table.columns) and table.columns[end + 1].by == by:
            end += 1
        span = plain(table.columns[start].span)
        if span and end > start:
            sheet.merge_range(HEAD, start + 1, HEAD, end + 1, "", looks.span)
        if span:
            _write(sheet, HEAD, start + 1, span, looks.span)
        start = end + 1
    sheet.set_row(HEAD + 1, 36)
    for place, column in enumerate(table.columns, start=1):
        _write(sheet, HEAD + 1, place, column.label, looks.head)
        _write(sheet, HEAD + 2, place, column.letter, looks.letter)


def _line(sheet: Any, row: int, line: Line, looks: Looks) -> None:
    """Values, and below them their letters."""
    _write(
        sheet, row, 0, line.label, looks.label if line.kind == "answer" else looks.net
    )
    look = looks.mean if line.kind == "mean" else looks.share
    for place, cell in enumerate(line.cells, start=1):
        if cell.value is None:
            _write(sheet, row, place, "–", looks.letter)
        else:
            sheet.write_number(row, place, cell.value, look)
        if cell.letters:
            _write(sheet, row + 1, place, cell.letters, looks.marks)


def _bases(sheet: Any, row: int, table: BannerTable, looks: Looks) -> int:
    """The three bases of each column; returns the row after them and a blank."""
    for label, name in (
        ("n", "n"),
        ("Weighted n", "n_weighted"),
        ("Effective n", "n_eff"),
    ):
        _write(sheet, row, 0, label, looks.net)
        for place, column in enumerate(table.columns, start=1):
            sheet.write_number(row, place, getattr(column, name), looks.count)
        row += 1
    for place, column in enumerate(table.columns, start=1):
        if column.small:
            _write(sheet, row, place, column.small, looks.marks)
    return row + 2
