"""Qualtrics CSV: three header rows (name, wording, ImportId), or two in older ones.

Column names are made by people and by Qualtrics (`Q5_2`); the ImportId says what a
column really is, in any language.
"""

from __future__ import annotations

import re
from itertools import groupby

from pipeline.ingest.formats.variables import Hint, Variable, tidy

IMPORT_ID = re.compile(r'\{\s*"{1,2}ImportId"{1,2}\s*:\s*"{1,2}([^"]+)')
ABOUT: dict[str, Hint] = {
    "startDate": "date",
    "endDate": "date",
    "recordedDate": "date",
    "_recordId": "id",
    "ipAddress": "pii",
    "recipientLastName": "pii",
    "recipientFirstName": "pii",
    "recipientEmail": "pii",
    "externalDataReference": "pii",
    "locationLatitude": "pii",
    "locationLongitude": "pii",
}
OLD = {"ResponseID", "ResponseSet", "StartDate", "EndDate", "Finished", "IPAddress"}
# What to leave out, as choice text or as the code that stands for it.
PREVIEWS = ("Survey Preview", "Survey Test", "Spam", "1", "2", "8", "9", "12")
MARKS = r" - Selected Choice| - Ausgewählte Antwort| - Text$"


def header_rows(rows: list[list[str]]) -> int:
    """How many header rows it has if it is Qualtrics', else 0."""
    for place, row in enumerate(rows[:3]):
        if sum(bool(IMPORT_ID.match(cell)) for cell in row) * 2 > len(row):
            return place + 1
    old = len(rows) > 1 and len(OLD & set(rows[0])) >= 4
    return 2 if old and any(" " in cell for cell in rows[1]) else 0


def names(header: list[list[str]]) -> tuple[str, ...]:
    """The first header row."""
    return tuple(" ".join(name.split()) for name in header[0])


def variables(header: list[list[str]]) -> tuple[Variable, ...]:
    """What the header says of each column."""
    last = header[-1]
    ids = [m[1] if (m := IMPORT_ID.match(cell)) else "" for cell in last]
    texts = header[1] if len(header) > 1 else header[0]
    triples = zip(names(header), texts, ids, strict=True)
    return tuple(
        variable
        for _, group in groupby(triples, lambda t: _stem(t[0], t[2]))
        for variable in _question(list(group))
    )


def _stem(name: str, import_id: str) -> str:
    """What the columns of one question share: `Q5_` of `Q5_2`."""
    if "TEXT" in import_id or name.endswith("_TEXT"):
        return name
    found = re.fullmatch(r"(.*_)\d+", name)
    return found[1] if found else name


def _question(columns: list[tuple[str, str, str]]) -> list[Variable]:
    texts = [re.sub(MARKS, "", tidy(text)) for _, text, _ in columns]
    if len(columns) == 1:
        ((name, _, import_id),) = columns
        return [_single(name, texts[0], import_id)]
    wording = _shared(texts)
    stem = _stem(*columns[0][::2])
    return [
        Variable(
            name=name,
            text=wording.rstrip(" -") or stem.rstrip("_"),
            option=text[len(wording) :].strip(" -") or name,
            group=f"{stem}*",
            source=f"Qualtrics names {len(columns)} columns {stem}1, {stem}2, …",
        )
        for (name, _, _), text in zip(columns, texts, strict=True)
    ]


def _single(name: str, text: str, import_id: str) -> Variable:
    hint: Hint = ABOUT.get(import_id, "")
    if not hint and import_id and not import_id.startswith("QID"):
        hint = "meta"
    if not hint and "TEXT" in import_id:
        hint = "open"
    if re.fullmatch(r"QID\d+", import_id):
        hint = "single"
    source = f"ImportId {import_id}" if import_id else ""
    return Variable(name=name, text=text, hint=hint, source=source)


def _shared(texts: list[str]) -> str:
    """The beginning that all share, up to the last " - "."""
    shortest = min(texts, key=len)
    length = next(
        (i for i, letter in enumerate(shortest) if any(t[i] != letter for t in texts)),
        len(shortest),
    )
    cut = shortest[:length].rfind(" - ")
    return shortest[: cut + 3] if cut >= 0 else ""
