"""SurveyMonkey CSV and XLSX: a question stands over the first of its options.

The second header row has "Response" under a question of one column, "Open-Ended
Response" under one that is typed, and one option a column under the others.
"""

from __future__ import annotations

from itertools import groupby

from pipeline.ingest.formats.variables import (
    BETWEEN,
    Hint,
    Variable,
    stacked_names,
    tidy,
)

ABOUT: dict[str, Hint] = {
    "respondent id": "id",
    "respondentid": "id",
    "collector id": "meta",
    "collectorid": "meta",
    "start date": "date",
    "startdate": "date",
    "end date": "date",
    "enddate": "date",
    "ip address": "pii",
    "email address": "pii",
    "first name": "pii",
    "last name": "pii",
    "language": "meta",
    "custom data 1": "meta",
}
ONE = {"response", "antwort", "réponse", "respuesta", "resposta", "reactie"}
TYPED = {
    "open-ended response",
    "offene antwort",
    "réponse ouverte",
    "respuesta abierta",
}


def header_rows(rows: list[list[str]]) -> int:
    """How many header rows it has if a question spans columns, else 0.

    Names that are blank over filled columns are what gives it away; if the row below
    has the same blanks, options stand in a third one.
    """
    if len(rows) < 3:
        return 0
    top, below = rows[0], rows[1]
    width = max(i for row in rows[:3] for i, cell in enumerate(row) if cell.strip()) + 1
    blank = [i for i in range(min(width, len(top))) if not top[i].strip()]
    said = {cell.strip().casefold() for cell in below}
    marked = bool(said & (ONE | TYPED))
    if len(blank) < 2 and not marked:
        return 0
    empty = [i for i in blank if i < len(below) and not below[i].strip()]
    if blank and len(empty) * 2 > len(blank) and not marked:
        return 3 if any(rows[2][i].strip() for i in empty if i < len(rows[2])) else 0
    return 2


def variables(header: list[list[str]]) -> tuple[Variable, ...]:
    """What the header says of each column."""
    names = stacked_names(header)
    wordings = _wordings(header, names)
    keyed = zip(names, wordings, strict=True)
    found: list[Variable] = []
    for stem, group in groupby(keyed, lambda pair: pair[0].partition(BETWEEN)[0]):
        found += _question(stem, list(group))
    return tuple(found)


def _wordings(header: list[list[str]], names: tuple[str, ...]) -> list[str]:
    """The question in words: of three rows the one in the middle has it."""
    stems = [name.partition(BETWEEN)[0] for name in names]
    if len(header) < 3:
        return [tidy(stem) for stem in stems]
    found: list[str] = []
    carried, of = "", ""
    for stem, cell in zip(stems, header[1], strict=True):
        if cell.strip() or stem != of:
            carried, of = tidy(cell) or stem, stem
        found.append(carried)
    return found


def _question(stem: str, columns: list[tuple[str, str]]) -> list[Variable]:
    wording = columns[0][1]
    items = [name.partition(BETWEEN)[2] for name, _ in columns]
    if len(columns) == 1:
        item = items[0].strip().casefold()
        hint = ABOUT.get(stem.strip().casefold(), "")
        hint = "open" if item in TYPED else hint
        return [Variable(name=columns[0][0], text=wording, hint=hint)]
    found = []
    for (name, _), item in zip(columns, items, strict=True):
        typed = item.strip().casefold() in TYPED
        found.append(
            Variable(
                name=name,
                text=wording,
                option=tidy(item) or tidy(stem),
                group=f"{stem}{BETWEEN}*",
                hint="open" if typed else "",
                source=f"{len(columns)} columns stand under the question",
            )
        )
    return found
