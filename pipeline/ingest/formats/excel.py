"""Spreadsheets: the cells of one sheet as texts, read by calamine.

calamine lays a sheet out as one block from its first cell to its last. A file of a few
kilobytes can claim a block of billions, so its XML is looked through before.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline.errors import DataError, NotFound, SurveyError
from pipeline.ingest.formats.text import MOST_COLUMNS, refuse_wide

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MOST_BYTES = 2_000_000_000  # of XML, unpacked; a million rows of 100 cells are less
MOST_CELLS = 100_000_000
PIECE = 1 << 20
LAST_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
UNCOMPUTED = re.compile(
    rb'<c r="([A-Z]{1,3}\d+)"[^>]*>\s*<f(?:/>|[ >][^<]*</f>)\s*(?:<v\s*/>|<v></v>)?</c>'
)


def sheet_rows(path: Path, sheet: str = "") -> tuple[str, Iterator[list[str]]]:
    """A sheet's name and its rows, each as wide as the sheet; blank cells are ""."""
    if zipfile.is_zipfile(path):
        _look_through(path)
    book = _workbook(path)
    found = _sheet(path, book, sheet)
    refuse_wide(path, found.width)
    return found.name, _texts(found)


def _workbook(path: Path) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise DataError(
            "is locked by a password", where=str(path), remedy="Save it without one."
        ) from None
    except (CalamineError, OSError) as error:
        raise damaged(path, str(error)) from None


def damaged(path: Path, why: str) -> DataError:
    """That a file is not whole."""
    return DataError(
        f"is damaged or cut off: {why}",
        where=str(path),
        remedy="Copy or export it again.",
    )


def _sheet(path: Path, book: CalamineWorkbook, name: str) -> CalamineSheet:
    from python_calamine import CalamineError

    if name and name not in book.sheet_names:
        raise NotFound.among(f"sheet in {path.name}", name, book.sheet_names)
    try:
        sheets = [book.get_sheet_by_name(n) for n in ([name] if name else _seen(book))]
    except CalamineError as error:
        raise damaged(path, str(error)) from None
    filled = [s for s in sheets if s.height]
    if not filled:
        raise DataError("is empty", where=str(path), remedy="Export it again.")
    if len(filled) > 1:
        names = ", ".join(s.name for s in filled)
        raise DataError(
            f"has {len(filled)} sheets: {names}",
            where=str(path),
            remedy=f'Say which one in the wave: sheet = "{filled[0].name}"',
        )
    return filled[0]


def _seen(book: CalamineWorkbook) -> list[str]:
    """The worksheets that a reader of the file would see."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == SheetVisibleEnum.Visible
        and meta.typ == SheetTypeEnum.WorkSheet
    ]


def _texts(sheet: CalamineSheet) -> Iterator[list[str]]:
    width, waiting, begun = sheet.width, 0, False
    for row in sheet.iter_rows():
        cells = [cell_text(value) for value in row]
        if not any(cells):
            waiting += begun
            continue
        # Blank rows count where something follows them: rows keep their numbers.
        yield from ([""] * width for _ in range(waiting))
        waiting, begun = 0, True
        yield cells


def cell_text(value: Any) -> str:
    """A cell as it would stand in a delimited text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return "" if value is None else str(value)


def _look_through(path: Path) -> None:
    """Refuse what would not fit, and formulas that nobody has computed."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MOST_BYTES:
                raise DataError(
                    f"unpacks to {unpacked / 1e6:,.0f} MB; {MOST_BYTES / 1e6:,.0f} MB"
                    " can be read",
                    where=str(path),
                    remedy="Save the sheet as CSV, if it is what you expected.",
                )
            for name in archive.namelist():
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                    with archive.open(name) as handle:
                        _look_at(path, handle)
    except SurveyError:
        raise
    except Exception as error:
        # zipfile raises a dozen kinds, from zlib.error to struct.error.
        raise damaged(path, str(error)) from None


def _look_at(path: Path, handle: IO[bytes]) -> None:
    width, height, read, tail = 0, 0, 0, b""
    while piece := handle.read(PIECE):
        read += len(piece)
        piece, tail = tail + piece, piece[-2000:]
        for column, row in LAST_CELL.findall(piece):
            width, height = max(width, _number(column)), max(height, int(row))
        blank = UNCOMPUTED.search(piece)
        if blank:
            raise DataError(
                "is a formula without a value",
                where=f"{path}, cell {blank[1].decode()}",
                remedy="Open it in a spreadsheet program and save it, or paste values.",
            )
        if width * height > MOST_CELLS or width > MOST_COLUMNS or read > MOST_BYTES:
            raise DataError(
                f"its sheet spans {height:,} rows and {width:,} columns",
                where=str(path),
                remedy="Delete what stands far from the table, or save it as CSV.",
            )


def _number(letters: bytes) -> int:
    """The number of a column, from 1: "AA" is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
