"""Tells a report of results from the responses that it was made of."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import DataError

# Cells that stand side by side in a report's tables and in no export of responses.
TABLES = (
    {"answer choices", "responses"},
    {"answer options", "response percent"},
    {"answer options", "response count"},
    {"answer", "%", "count"},
    {"choice", "count", "percentage"},
    {"answer", "count", "percentage"},
    {"field", "minimum", "maximum", "mean"},
    {"minimum", "maximum", "mean", "std deviation"},
    {"option", "count", "percent"},
    {"response", "frequency", "percent"},
    {"valid", "frequency", "percent"},
    {"answered", "skipped"},
)


def refuse_report(path: Path, rows: list[list[str]]) -> None:
    """`DataError` if the first rows are of a report: percentages, no people."""
    for number, row in enumerate(rows[:40], 1):
        said = {cell.strip().casefold() for cell in row if cell.strip()}
        table = next((table for table in TABLES if table <= said), None)
        if table and len(said) <= 12:
            raise _report(path, number, " and ".join(sorted(table)))
    first = {row[0].strip().casefold() for row in rows[:40] if row}
    if {"answered", "skipped"} <= first:
        raise _report(path, 1, "answered and skipped")
    shares = [_share(row) for row in rows[1:40] if len(row) > 1]
    if len(rows) < 40 and len(shares) > 2 and sum(shares) * 2 > len(shares):
        raise _report(path, 2, "percentages")


def _share(row: list[str]) -> bool:
    """A label and percentages."""
    cells = [cell.strip() for cell in row[1:] if cell.strip()]
    percent = [bool(re.fullmatch(r"\d+([.,]\d+)?\s?%", cell)) for cell in cells]
    return bool(percent) and sum(percent) * 3 >= len(percent) and len(cells) <= 12


def _report(path: Path, row: int, found: str) -> DataError:
    return DataError(
        f"is a report of results ({found}), not responses",
        where=f"{path}, row {row}",
        remedy="Export the individual responses: one row a respondent. SurveyMonkey:"
        " Export > All responses data; Qualtrics: Data & Analysis > Export data.",
    )
