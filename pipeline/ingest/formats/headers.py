"""Which platform wrote a header, and what it says of the columns."""

from __future__ import annotations

from typing import get_args

import msgspec

from pipeline.errors import NotFound
from pipeline.ingest.formats import (
    forms,
    limesurvey,
    qualtrics,
    redcap,
    surveymonkey,
)
from pipeline.ingest.formats.variables import (
    Variable,
    distinct_names,
    stacked_names,
    tidy,
)
from pipeline.reading import Format

FORMATS: tuple[Format, ...] = get_args(Format)


class Recognised(msgspec.Struct, frozen=True):
    """A format, its number of header rows, and what gave it away."""

    format: Format
    header_rows: int
    evidence: str


def recognise(rows: list[list[str]], wanted: str = "") -> Recognised:
    """What wrote these first rows; `wanted` overrules. Raises `NotFound`."""
    if wanted and wanted not in FORMATS:
        raise NotFound.among("format", wanted, FORMATS)
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    found = _recognised(rows)
    if not wanted or wanted == found.format:
        return found
    stacked = wanted in ("surveymonkey", "qualtrics", "csv")
    count = found.header_rows if stacked else 1
    if wanted == "qualtrics":
        count = max(count, qualtrics.header_rows(rows), _texts_below(rows))
    given = next(name for name in FORMATS if name == wanted)
    return Recognised(given, count, "as you said")


def _texts_below(rows: list[list[str]]) -> int:
    """2 if question texts stand below the names; answers have numbers among them."""
    numbers = any(cell.strip().isdigit() for cell in rows[1]) if rows[1:] else True
    return 1 if numbers else 2


def _recognised(rows: list[list[str]]) -> Recognised:
    first = rows[0] if rows else []
    if count := qualtrics.header_rows(rows):
        return Recognised("qualtrics", count, "a header row of ImportIds")
    if limesurvey.recognised(first):
        return Recognised("limesurvey", 1, "columns that only LimeSurvey adds")
    if redcap.recognised(first):
        return Recognised("redcap", 1, "field names with ___ or _complete")
    if forms.is_typeform(first):
        return Recognised("typeform", 1, "the columns # and Submit Date (UTC)")
    if forms.is_google(first):
        return Recognised("googleforms", 1, "a first column Timestamp")
    if count := surveymonkey.header_rows(rows):
        what = f"questions that stand over several columns, in {count} header rows"
        return Recognised("surveymonkey", count, what)
    return Recognised("csv", 1, "one row of names")


def names(format: Format, header: list[list[str]]) -> tuple[str, ...]:
    """How the definition calls each column."""
    if format == "qualtrics":
        return distinct_names(qualtrics.names(header))
    return distinct_names(stacked_names(header))


def variables(format: Format, header: list[list[str]]) -> tuple[Variable, ...]:
    """What the header says of each column, by the names of `names`."""
    called = names(format, header)
    found = _variables(format, header, called)
    return tuple(
        msgspec.structs.replace(variable, name=name)
        for variable, name in zip(found, called, strict=True)
    )


def _variables(
    format: Format, header: list[list[str]], called: tuple[str, ...]
) -> tuple[Variable, ...]:
    if format == "qualtrics":
        return qualtrics.variables(header)
    if format == "limesurvey":
        return limesurvey.variables(called)
    if format == "redcap":
        return redcap.variables(called)
    if format == "googleforms":
        return forms.google_variables(called)
    if format == "typeform":
        return forms.typeform_variables(called)
    if format == "surveymonkey" or len(header) > 1:
        return surveymonkey.variables(header)
    return tuple(Variable(name=name, text=tidy(name)) for name in called)
