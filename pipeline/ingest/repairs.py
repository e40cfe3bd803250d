"""Known damage to texts, undone where the definition accepts it, and counted.

dates      a spreadsheet program read "2-5" as a date: "5-Feb", or "10-49" as "Oct-49"
quotes     a curly quote became "?" or U+FFFD: "don?t", "?yes?"
mojibake   UTF-8 was read as another encoding: "donâ€™t", "GrÃ¶ÃŸe"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pipeline.definition import Wave
from pipeline.ingest.ledger import Repaired
from pipeline.reading import Repair
from pipeline.warehouse import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MONTHS = re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec")
DAY_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})")
MONTH_YEAR = re.compile(r"([A-Za-z]{3})-(\d{2})")
FULL_DATE = re.compile(r"\d{4}-(\d{2})-(\d{2})(?: 00:00:00)?")
LOST = "[?\ufffd]"
CONTRACTED = re.compile(rf"(?<=[^\W\d_]){LOST}(?=(?:s|t|re|ve|ll|d|m)\b)")
QUOTED = re.compile(rf"(?<![\w?]){LOST}(?=\w)([^?\ufffd]*\w){LOST}(?![\w?])")
TRACES = re.compile("[ÃÂâ‚ƒ√][\x80-\xff€-™ŒœŠšŸŽžƒˆ˜–—‘’“”„†‡•…‰‹›Ä¬°∂ü†¶§]")


def repaired(text: str, kinds: Iterable[Repair]) -> str:
    """`text` with what is accepted undone; the same text if nothing is wrong."""
    for kind in kinds:
        text = UNDO[kind](text)
    return text


def _range_again(text: str) -> str:
    """A date back to the range that it was: only if the range goes up."""
    said = text.strip()
    low, high = 0, 0
    if found := DAY_MONTH.fullmatch(said):
        low, high = _month(found[2]), int(found[1])
    elif found := MONTH_YEAR.fullmatch(said):
        low, high = _month(found[1]), int(found[2])
    elif found := FULL_DATE.fullmatch(said):
        low, high = int(found[1]), int(found[2])
    return f"{low}-{high}" if 0 < low < high else text


def _month(name: str) -> int:
    name = name.lower()
    return MONTHS.index(name) + 1 if name in MONTHS else 0


def _quotes_again(text: str) -> str:
    return QUOTED.sub("“\\1”", CONTRACTED.sub("’", text))


def _read_again(text: str) -> str:
    """A text whose UTF-8 was read as Windows' or the Mac's encoding."""
    if not TRACES.search(text):
        return text
    for encoding in ("cp1252", "mac_roman"):
        try:
            # Windows passes on the five bytes that its encoding does not define.
            content = b"".join(
                bytes([ord(letter)])
                if encoding == "cp1252" and letter in "\x81\x8d\x8f\x90\x9d"
                else letter.encode(encoding)
                for letter in text
            )
            return content.decode("utf-8")
        except UnicodeError:
            continue
    return text


UNDO: dict[Repair, Callable[[str], str]] = {
    "dates": _range_again,
    "quotes": _quotes_again,
    "mojibake": _read_again,
}


def repair_cells(
    con: DuckDBPyConnection, wave: Wave, names: tuple[str, ...]
) -> list[Repaired]:
    """Undo the wave's known damage in the table `cells`; returns what was done."""
    if not wave.repair:
        return []
    texts = con.execute(
        "SELECT col, said, count(*) FROM cells GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    changes = [
        (col, text, new, count)
        for col, text, count in texts
        if (new := repaired(text, wave.repair)) != text
    ]
    fill(
        con,
        "repairs(col INTEGER, old VARCHAR, new VARCHAR)",
        [(col, old, new) for col, old, new, _ in changes],
    )
    con.execute(
        "UPDATE cells SET said = repairs.new FROM repairs"
        " WHERE cells.col = repairs.col AND cells.said = repairs.old"
    )
    return [
        Repaired(column=names[col], before=old[:80], after=new[:80], count=count)
        for col, old, new, count in changes
    ]
