"""What a file is, by its first bytes; and for a text, its encoding and delimiter."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.errors import DataError, Missing
from pipeline.ingest.formats.text import AGAIN, PIECE, decoder_of

Kind = Literal[
    "text",
    "excel",
    "parquet",
    "duckdb",
    "spss",
    "spss-portable",
    "stata",
    "sas",
    "sas-transport",
    "surveymonkey-json",
]
MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"<stata_dta>", "stata"),
    (b"HEADER RECORD*******LIBRARY", "sas-transport"),
    (b"HEADER RECORD*******LIBV8", "sas-transport"),
    (bytes(12) + b"\xc2\xea\x81\x60", "sas"),
    (b"\xd0\xcf\x11\xe0", "excel"),
)
OLD_STATA = {104, 105, 108, 110, 111, 113, 114, 115}
BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
WESTERN = ("cp1252", "mac_roman", "cp850")
# What people type and programs put in: everything else is a sign of a wrong guess.
USUAL = set("äöüßéèêëàâáãåæçñøóòôõíìîïúùûÄÖÜÉÅØÆ‘’“”„–—…•€£©®™°½ \xa0«»¿¡·×")


def kind_of(path: Path) -> Kind:
    """What the file is; `Missing` if it is not there, `DataError` if it is nothing."""
    try:
        with path.open("rb") as handle:
            start = handle.read(4096)
    except FileNotFoundError:
        raise Missing("there is no such file", where=str(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if not start.strip():
        raise DataError("is empty", where=str(path), remedy=AGAIN)
    for magic, kind in MAGIC:
        if start.startswith(magic):
            return kind
    if start[8:12] == b"DUCK":
        return "duckdb"
    if start[:2] == b"PK":
        return _zipped(path)
    if start[0] in OLD_STATA and start[1] in (1, 2) and start[2] == 1:
        return "stata"
    if start[:1] in b"{[" and _is_json(path, start):
        return "surveymonkey-json"
    if b"SPSS PORT FILE" in start[:500]:
        return "spss-portable"
    _refuse_what_is_no_table(path, start)
    return "text"


def _zipped(path: Path) -> Kind:
    """A zip file: a spreadsheet, or an archive that holds the export."""
    try:
        names = zipfile.ZipFile(path).namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(
            f"is damaged or cut off: {error}",
            where=str(path),
            remedy="Copy or export it again.",
        ) from None
    if any(n.startswith("xl/") or n == "content.xml" for n in names):
        return "excel"
    raise DataError(
        f"is a zip archive of {len(names)} files",
        where=str(path),
        remedy=f"Unpack it and name the export in it: {', '.join(names[:5])}",
    )


def _is_json(path: Path, start: bytes) -> bool:
    """A text may begin with a brace; JSON goes on as JSON."""
    if path.suffix.lower() == ".json":
        return True
    try:
        json.loads(start)
    except json.JSONDecodeError as error:
        return error.pos > 20 and error.pos >= len(start) - 400
    except UnicodeDecodeError:
        return False
    return True


def _refuse_what_is_no_table(path: Path, start: bytes) -> None:
    for magic, what in (
        (b"%PDF", "a PDF"),
        (b"\x1f\x8b", "a gzip file"),
        (b"<?xml", "XML"),
        (b"<!DOCTYPE html", "a web page"),
        (b"<html", "a web page"),
        (b"{\\rtf", "a text document"),
    ):
        if start.lstrip().lower().startswith(magic.lower()):
            raise DataError(
                f"is {what}, not a table of responses",
                where=str(path),
                remedy="Export the responses as CSV, Excel, SPSS or Stata.",
            )


class TextKind(msgspec.Struct, frozen=True):
    """How a delimited text is written, and why it is thought so."""

    encoding: str
    delimiter: str
    evidence: str


def text_kind(path: Path, encoding: str = "") -> TextKind:
    """Encoding and delimiter of a text. Raises `DataError` if encodings are mixed."""
    encoding, why = (encoding, "as you said") if encoding else _encoding(path)
    decoder_of(path, encoding)
    with path.open("rb") as handle:
        start = handle.read(PIECE).decode(encoding, "ignore")
    delimiter = _delimiter(start.removeprefix("\ufeff"))
    return TextKind(encoding, delimiter, why)


def _encoding(path: Path) -> tuple[str, str]:
    with path.open("rb") as handle:
        start = handle.read(4)
        for mark, name in BOMS:
            if start.startswith(mark):
                return name, "a byte order mark"
        if start[1:2] == b"\0" or start[:1] == b"\0":
            wide = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
            return wide, "every second byte is NUL"
        handle.seek(0)
        right, wrong, first_wrong = 0, 0, 0
        strange: list[bytes] = []
        for number, line in enumerate(handle, 1):
            if line.isascii():
                continue
            if _is_utf8(line):
                right += 1
                continue
            wrong += 1
            first_wrong = first_wrong or number
            if len(strange) < 2000:
                strange.append(line[:4000])
    if not wrong:
        return "utf-8", "valid UTF-8" if right else "only ASCII"
    # By chance, a line in another encoding is hardly ever valid UTF-8.
    if right * 10 >= wrong:
        raise _mixed(path, wrong, first_wrong)
    return _legacy(b"".join(strange)), f"{wrong:,} lines are not UTF-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mixed(path: Path, wrong: int, first: int) -> DataError:
    return DataError(
        f"mixes encodings: {wrong:,} lines are not UTF-8 though others are",
        where=f"{path}, line {first}",
        remedy="Files were joined, perhaps: export it again as UTF-8, or repair these"
        " lines. To read all of it one way: stateof init --encoding cp1252",
    )


def _legacy(text: bytes) -> str:
    """The encoding of a text that is not Unicode."""
    from charset_normalizer import from_bytes

    best = from_bytes(text).best()
    if best is not None:
        beyond = [letter for letter in str(best) if ord(letter) > 127]
        foreign = sum("ɐ" <= letter < "\u2000" or letter > "⃿" for letter in beyond)
        eastern = sum("Ā" <= letter <= "ſ" and letter.islower() for letter in beyond)
        if foreign * 2 > len(beyond) or eastern * 3 > len(beyond):
            return best.encoding
    # Which of the Western ones, a detector of languages cannot tell.
    scores = {name: _usual(text, name) for name in WESTERN}
    return max(scores, key=lambda name: scores[name])


def _usual(text: bytes, encoding: str) -> float:
    """The share of characters beyond ASCII that are usual, read this way."""
    said = text.decode(encoding, "replace")
    beyond = [letter for letter in said if ord(letter) > 127]
    return sum(letter in USUAL for letter in beyond) / max(len(beyond), 1)


def _delimiter(start: str) -> str:
    """The mark that splits most of the first rows into the same number of cells."""
    lines = start.splitlines(keepends=True)[:200]
    best, most = ",", (0.0, 0)
    for mark in (",", ";", "\t", "|"):
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        except csv.Error:
            continue
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]))
        found = (count / sum(widths.values()) if width > 1 else 0.0, width)
        if found > most:
            best, most = mark, found
    return best
