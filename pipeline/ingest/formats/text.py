"""Delimited text: bytes → clean UTF-8 with one kind of line end → DuckDB.

Files are read in pieces, so that memory does not grow with them. Splitting into cells
is left to DuckDB; nothing is interpreted.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PIECE = 1 << 22  # bytes
LONGEST_LINE = 1 << 24  # bytes; an open answer of a novel's length still fits
MOST_COLUMNS = 16_384  # a spreadsheet's limit
Header = list[list[str]]


def load_text(
    con: DuckDBPyConnection, path: Path, encoding: str, delimiter: str, header_rows: int
) -> tuple[Header, str]:
    """Fill the table `body(c0, c1, …)`; returns the header and the file's SHA-256."""
    with tempfile.TemporaryDirectory(prefix="stateof-") as folder:
        clean, body = Path(folder) / "clean.csv", Path(folder) / "body.csv"
        digest = _clean(path, encoding, clean)
        with clean.open("rb") as handle:
            header = _header(path, handle, delimiter, header_rows)
            with body.open("wb") as rest:
                shutil.copyfileobj(handle, rest, PIECE)
        clean.unlink()
        _split(con, body, path, header, delimiter)
    return header, digest


def load_rows(
    con: DuckDBPyConnection, path: Path, rows: Iterator[list[str]], header_rows: int
) -> Header:
    """Rows that Python read (a sheet's, say) go the way of a delimited text."""
    header = [row for _, row in zip(range(header_rows), rows, strict=False)]
    if len(header) < header_rows:
        raise too_few_headers(path, header_rows)
    with tempfile.TemporaryDirectory(prefix="stateof-") as folder:
        body = Path(folder) / "body.csv"
        with body.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
                rows
            )
        _split(con, body, path, header, ",")
    return header


def first_rows(path: Path, encoding: str, delimiter: str, count: int) -> Header:
    """The first rows of a delimited text, as far as they can be read."""
    with tempfile.TemporaryDirectory(prefix="stateof-") as folder:
        clean = Path(folder) / "clean.csv"
        _clean(path, encoding, clean, most=PIECE)
        with clean.open(encoding="utf-8", newline="") as handle:
            csv.field_size_limit(LONGEST_LINE)
            reader = csv.reader(handle, delimiter=delimiter)
            try:
                return [row for row, _ in zip(reader, range(count), strict=False)]
            except csv.Error as error:
                what = f"its first rows are damaged: {error}"
                raise DataError(what, where=str(path), remedy=AGAIN) from None


AGAIN = "Export it again."


def _clean(path: Path, encoding: str, target: Path, most: int = 0) -> str:
    """Write `path` as UTF-8 with line feeds; returns the SHA-256 of what was read."""
    decoder = decoder_of(path, encoding)
    digest, lines, held, blank = hashlib.sha256(), 0, "", True
    with path.open("rb") as source, target.open("wb") as out:
        while piece := source.read(PIECE):
            digest.update(piece)
            text = held + _decoded(path, decoder, piece, encoding, lines, final=False)
            if blank:
                text = text.removeprefix("\ufeff")
                blank = not text.strip()
            # A carriage return at the end may belong to a line end that is cut here.
            kept = text.rstrip("\r")
            text, held = kept, text[len(kept) :]
            lines += _write(path, out, text, lines)
            if most and source.tell() >= most:
                return digest.hexdigest()
        held += _decoded(path, decoder, b"", encoding, lines, final=True)
        _write(path, out, held, lines)
    if blank:
        raise DataError("is empty", where=str(path), remedy=AGAIN)
    return digest.hexdigest()


def decoder_of(path: Path, encoding: str) -> codecs.IncrementalDecoder:
    """What decodes a text piece by piece; `DataError` for an unknown encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise DataError(
            f"there is no encoding '{encoding}'",
            where=str(path),
            remedy="Name one that Python knows, such as utf-8, cp1252 or mac_roman.",
        ) from None


def _decoded(
    path: Path,
    decoder: codecs.IncrementalDecoder,
    piece: bytes,
    encoding: str,
    lines: int,
    *,
    final: bool,
) -> str:
    try:
        return decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        line = lines + error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"is not {encoding}: byte 0x{error.object[error.start]:02x}",
            where=f"{path}, line {line}",
            remedy="Set the wave's encoding; cp1252 and mac_roman are common.",
        ) from None


def _write(path: Path, out: BinaryIO, text: str, lines: int) -> int:
    """Write a piece of text; returns how many lines it ends."""
    if "\0" in text:
        line = lines + text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            "holds a NUL character", where=f"{path}, line {line}", remedy=AGAIN
        )
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    out.write(text.encode("utf-8", "surrogatepass"))
    return text.count("\n")


def _header(path: Path, handle: BinaryIO, delimiter: str, rows: int) -> Header:
    """The header rows; `handle` stands after them."""
    csv.field_size_limit(LONGEST_LINE)
    lines = (line.decode() for line in iter(handle.readline, b""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    where = f"{path}, row 1"
    try:
        header = [next(reader) for _ in range(rows)]
    except StopIteration:
        raise too_few_headers(path, rows) from None
    except csv.Error as error:
        what = f"its header is damaged: {error}"
        raise DataError(what, where=where, remedy=AGAIN) from None
    if len(header[0]) == 1:
        _refuse_other_delimiter(header[0][0], delimiter, where)
    if len({len(row) for row in header}) > 1:
        lengths = " and ".join(str(len(row)) for row in header)
        raise DataError(
            f"its {rows} header rows have {lengths} columns",
            where=where,
            remedy="Set the wave's header_rows to how many there are, or repair them.",
        )
    return header


def too_few_headers(path: Path, rows: int) -> DataError:
    """That a file ends within its header."""
    return DataError(
        f"has fewer than {rows} header rows",
        where=str(path),
        remedy="Set the wave's header_rows to how many there are.",
    )


def _refuse_other_delimiter(header: str, delimiter: str, where: str) -> None:
    """A file of one column whose name is split by something else is misread."""
    counts = {mark: header.count(mark) for mark in ";\t|," if mark != delimiter}
    likely = max(counts, key=lambda mark: counts[mark])
    if counts[likely] > 1:
        shown = "\\t" if likely == "\t" else likely
        raise DataError(
            f"there is one column only, with {counts[likely]} '{shown}' in its name",
            where=where,
            remedy=f'Set the wave\'s delimiter: delimiter = "{shown}"',
        )


def _split(
    con: DuckDBPyConnection, body: Path, path: Path, header: Header, delimiter: str
) -> None:
    refuse_wide(path, len(header[0]))
    types = {f"c{i}": "VARCHAR" for i in range(len(header[0]))}
    con.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    rows = con.read_csv(  # noqa: F841 - DuckDB finds it by its name
        str(body),
        header=False,
        columns=types,
        auto_detect=False,
        delimiter=delimiter,
        quotechar='"',
        escapechar='"',
        max_line_size=LONGEST_LINE,
        buffer_size=2 * LONGEST_LINE,  # by default 16 times: too large to share work
        store_rejects=True,
    )
    con.execute("CREATE OR REPLACE TABLE body AS SELECT * FROM rows")
    found = con.execute(
        "SELECT line, error_message FROM reject_errors ORDER BY line LIMIT 1"
    ).fetchall()
    if found:
        line, message = found[0]
        raise _ragged(path, int(line) + len(header), str(message), len(header[0]))


def refuse_wide(path: Path, columns: int) -> None:
    """No survey has that many columns; reading them would take all memory."""
    if columns > MOST_COLUMNS:
        raise DataError(
            f"has {columns:,} columns; {MOST_COLUMNS:,} can be read",
            where=str(path),
            remedy="Is it turned round, with a column a respondent? Else export fewer.",
        )


def _ragged(path: Path, line: int, message: str, width: int) -> DataError:
    found = re.search(r"Expected Number of Columns: \d+ Found: (\d+)", message)
    if found:
        what = f"it has {found[1]} cells, the header {width}"
    else:
        what = message.splitlines()[0] if message else "it cannot be split into cells"
    return DataError(
        f"the row does not fit its header: {what}",
        where=f"{path}, line {line}",
        remedy="Repair the row, or check the wave's delimiter and header_rows. If it is"
        " the last one, the file may be cut off: export it again.",
    )
