"""A delimited text export → a table of text cells in DuckDB, and its column names.

Bytes are decoded and line ends made one here, because that is where exports differ;
splitting into cells is left to DuckDB. Nothing is interpreted yet.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Wave
from pipeline.errors import DataError, Missing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BETWEEN = " | "


class Export(msgspec.Struct, frozen=True):
    """One file as read: its column names in order, its rows, its digest."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    sha256: str


def read_wave(con: DuckDBPyConnection, wave: Wave, raw: Path) -> tuple[Export, ...]:
    """Load all files of a wave into the table `raw(respondent, c0, c1, …)`.

    `respondent` is the row as a spreadsheet counts it; in a second file counting goes
    on after the last row of the first. Raises `Missing` and `DataError`.
    """
    exports: list[Export] = []
    offset = 0
    for name in wave.files:
        export = _read_file(con, wave, raw / name, offset, first=not exports)
        if exports and export.columns != exports[0].columns:
            raise DataError(
                f"its columns are not those of {exports[0].path.name}",
                where=str(export.path),
                remedy="All files of a wave need the same columns in the same order.",
            )
        offset += export.rows + wave.header_rows
        exports.append(export)
    return tuple(exports)


def _read_file(
    con: DuckDBPyConnection, wave: Wave, path: Path, offset: int, *, first: bool
) -> Export:
    content = _bytes(path, wave)
    header, body = _split_header(path, _text(path, content, wave.encoding), wave)
    columns = column_names(header)
    types = {f"c{i}": "VARCHAR" for i in range(len(columns))}
    with tempfile.TemporaryDirectory(prefix="stateof-") as folder:
        clean = Path(folder) / "body.csv"
        clean.write_text(body, encoding="utf-8", newline="")
        body_rows = con.read_csv(  # noqa: F841 - DuckDB finds it by its name
            str(clean),
            header=False,
            columns=types,
            auto_detect=False,
            delimiter=wave.delimiter,
            quotechar='"',
            escapechar='"',
            store_rejects=True,
        )
        lead = (
            f"SELECT {offset + wave.header_rows} + row_number() OVER () AS respondent"
        )
        verb = "CREATE OR REPLACE TABLE raw AS" if first else "INSERT INTO raw"
        con.execute(f"{verb} {lead}, * FROM body_rows")
    _refuse_ragged(con, path, wave)
    rows = _count(con, offset)
    if not rows:
        raise DataError(
            "has a header but no rows", where=str(path), remedy="Export it again."
        )
    return Export(path, columns, rows, hashlib.sha256(content).hexdigest())


def _count(con: DuckDBPyConnection, offset: int) -> int:
    query = "SELECT count(*) FROM raw WHERE respondent > ?"
    return int(con.execute(query, [offset]).fetchall()[0][0])


def _bytes(path: Path, wave: Wave) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Missing(
            f"the raw responses of wave {wave.id} are not here",
            where=str(path),
            remedy=f"Source: {wave.source or 'your survey platform'}\n"
            "  Put the file there, or say where it is with --raw DIR.",
        ) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if not content.strip():
        raise DataError("is empty", where=str(path), remedy="Export it again.")
    return content


def _text(path: Path, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except LookupError:
        raise DataError(
            f"there is no encoding '{encoding}'",
            where=str(path),
            remedy="Name one that Python knows, such as utf-8, cp1252 or mac_roman.",
        ) from None
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"is not {encoding}: byte 0x{content[error.start]:02x}",
            where=f"{path}, line {row}",
            remedy="Set the wave's encoding; cp1252 and mac_roman are common.",
        ) from None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise DataError("holds a NUL character", where=f"{path}, line {row}")
    text = text.removeprefix("\ufeff").replace("\r\r\n", "\n")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split_header(path: Path, text: str, wave: Wave) -> tuple[list[list[str]], str]:
    lines = io.StringIO(text)
    reader = csv.reader(iter(lines.readline, ""), delimiter=wave.delimiter)
    where = f"{path}, row 1"
    try:
        header = [next(reader) for _ in range(wave.header_rows)]
    except StopIteration:
        what = f"has fewer than {wave.header_rows} header rows"
        remedy = "Set the wave's header_rows to how many there are."
        raise DataError(what, where=str(path), remedy=remedy) from None
    except csv.Error as error:
        what = f"its header is damaged: {error}"
        raise DataError(what, where=where, remedy="Export it again.") from None
    if len(header[0]) == 1:
        _refuse_other_delimiter(header[0][0], wave, where)
    if len({len(row) for row in header}) > 1:
        lengths = " and ".join(str(len(row)) for row in header)
        raise DataError(
            f"its {wave.header_rows} header rows have {lengths} columns",
            where=where,
            remedy="Set the wave's header_rows to how many there are, or repair them.",
        )
    return header, text[lines.tell() :]


def _refuse_other_delimiter(header: str, wave: Wave, where: str) -> None:
    """A file of one column whose name is split by something else is misread."""
    counts = {mark: header.count(mark) for mark in ";\t|," if mark != wave.delimiter}
    likely = max(counts, key=lambda mark: counts[mark])
    if counts[likely] > 1:
        shown = "\\t" if likely == "\t" else likely
        raise DataError(
            f"there is one column only, with {counts[likely]} '{shown}' in its name",
            where=where,
            remedy=f'Set the wave\'s delimiter: delimiter = "{shown}"',
        )


def column_names(header: list[list[str]]) -> tuple[str, ...]:
    """One name a column: the header, or `question | item` from several header rows.

    A question stands over its first column only, or is repeated over each; both are
    carried to the right. An item equal to its question is left out.
    """
    if len(header) == 1:
        return tuple(" ".join(name.split()) for name in header[0])
    names: list[str] = []
    question, wording = "", ""
    for cells in zip(*header, strict=True):
        top, below, item = (" ".join(cells[i].split()) for i in (0, -2, -1))
        if top or (len(header) > 2 and below and below != wording):
            question, wording = top or below, below
        same = not item or item == question
        names.append(question if same else f"{question}{BETWEEN}{item}")
    return tuple(names)


def _refuse_ragged(con: DuckDBPyConnection, path: Path, wave: Wave) -> None:
    found = con.execute(
        "SELECT line, error_message FROM reject_errors ORDER BY line LIMIT 1"
    ).fetchall()
    if found:
        line, message = found[0]
        raise DataError(
            f"the row does not fit its header: {message}",
            where=f"{path}, line {int(line) + wave.header_rows}",
            remedy="Repair the row, or check the wave's delimiter and header_rows.",
        )
