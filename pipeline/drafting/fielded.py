"""When a wave was in the field, where its export says so."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.drafting.profile import Profile
from pipeline.ingest.formats.variables import Variable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Span = tuple[dt.date, dt.date]
ORDERS = ("%Y-%m-%d", "%m-%d-%Y", "%d-%m-%Y")


def fielded(
    con: DuckDBPyConnection,
    variables: Iterable[Variable],
    profiles: Iterable[Profile],
    written: str,
) -> tuple[Span | None, str]:
    """The first and the last day of the first column of dates, and its name.

    `written` is the format of the export: SurveyMonkey puts the month first. None
    where no column says it, or where day and month cannot be told apart.
    """
    orders = ORDERS[:2] if written == "surveymonkey" else ORDERS
    for place, (variable, found) in enumerate(zip(variables, profiles, strict=True)):
        name = variable.name
        named = variable.hint == "date" or re.search(r"date|time", name, re.I)
        if not named or found.dated <= 0.9 or re.search(r"birth|dob", name, re.I):
            continue
        # All rows: the profile keeps only the most frequent texts.
        rows = con.execute(
            f"SELECT DISTINCT regexp_extract(trim(c{place}), '^[0-9]+[-/.][0-9]+[-/.]"
            f"[0-9]+') FROM raw WHERE c{place} IS NOT NULL"
        ).fetchall()
        if span := _span(
            {re.sub(r"[/.]", "-", text) for (text,) in rows if text}, orders
        ):
            return span, name
    return None, ""


def _span(texts: set[str], orders: Iterable[str]) -> Span | None:
    """The ends of the days, if they are dates in one order only."""
    read = [days for order in orders if (days := _days(texts, order))]
    return (min(read[0]), max(read[0])) if len(read) == 1 else None


def _days(texts: set[str], order: str) -> list[dt.date]:
    """The texts as dates; [] if one is none in this order."""
    try:
        return [dt.datetime.strptime(text, order).date() for text in texts]
    except ValueError:
        return []
