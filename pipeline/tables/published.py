"""What a page to explore may read: published estimates, hidden ones without a value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.charts.axes import counting
from pipeline.definition import Question, Survey
from pipeline.disclosure import interval_wording
from pipeline.tables.book import BannerTable, Book
from pipeline.warehouse import parquet, reader

QUERY = """
SELECT question, wave, "by", domain, term, estimate, low, high, n
FROM {source}
WHERE statistic IN ('share', 'mean')
ORDER BY question, wave, "by", domain, term
"""
EVERYONE, MEAN = "", "mean"


def published(survey: Survey, build: Path, book: Book | None = None) -> dict[str, Any]:
    """Questions, dimensions and estimates, with the letters of a book's tables.

    `cells` has, by `question|wave|dimension`, for each domain (everyone first, code "")
    its n, letter and, by answer, `[value, low, high, letters]`; null where hidden. By
    `question|wave|role*industry` it has the domains of a cross of two, as `dev*it`;
    `crosses` names those that there are.
    """
    return {
        "survey": survey.id,
        "title": survey.title,
        "notice": survey.notice,
        "source": survey.about.citation or survey.title,
        "interval": interval_wording(survey).name,
        "note": interval_wording(survey).note,
        "least": survey.min_base,
        "people": survey.say,
        "dimensions": [
            {
                "id": d.id,
                "label": d.label,
                "groups": [[g.code, g.label] for g in survey.domains(d.id)],
                "fixed": counting([g.label for g in survey.domains(d.id)]),
            }
            for d in survey.dimensions
        ],
        "crosses": [list(cross) for cross in survey.crosses],
        "questions": [_question(q) for q in survey.questions if q.kind != "open"],
        "cells": _cells(survey, _rows(build), _letters(book.tables if book else ())),
    }


def _question(question: Question) -> dict[str, Any]:
    answers = [[o.code, o.label] for o in question.choices if not o.missing]
    nets = [[net.code, net.label] for net in question.nets]
    means = [[MEAN, "Mean"]] if question.kind in ("scale", "numeric") else []
    return {
        "id": question.id,
        "title": question.label(),
        "text": question.text,
        "people": question.base_say,
        "waves": list(question.columns),
        "fixed": question.ordered or question.kind == "scale" or bool(question.nets),
        "several": question.kind == "select-all",
        "answers": [*nets, *answers, *means],
        "nets": [code for code, _ in nets],
    }


def _rows(build: Path) -> list[tuple[Any, ...]]:
    source = parquet(build / "estimates.parquet")
    return reader().execute(QUERY.format(source=source)).fetchall()


def _letters(
    tables: Sequence[BannerTable],
) -> dict[tuple[str, str, str, str], tuple[str, dict[str, str]]]:
    """Of each column of each table, its letter and those of its cells by answer."""
    return {
        (table.question, table.wave, column.by, column.code): (
            column.letter,
            {line.code: line.cells[i].letters for line in table.lines},
        )
        for table in tables
        for i, column in enumerate(table.columns)
    }


def _cells(
    survey: Survey, rows: Sequence[tuple[Any, ...]], letters: dict[Any, Any]
) -> dict[str, Any]:
    everyone: dict[tuple[str, str], dict[str, Any]] = {}
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    for question, wave, by, domain, term, *numbers in rows:
        estimate, low, high, n = (_digits(number) for number in numbers)
        letter, marks = letters.get((question, wave, by, domain), ("", {}))
        if by == EVERYONE:
            column = everyone.setdefault(
                (question, wave), {"n": None, "letter": "", "v": {}}
            )
        else:
            split = cells.setdefault(f"{question}|{wave}|{by}", {})
            column = split.setdefault(domain, {"n": None, "letter": letter, "v": {}})
        term = term or MEAN
        known = [estimate, low, high, marks.get(term, "")]
        column["v"][term] = known if estimate is not None else None
        if n is not None:
            column["n"] = max(int(n), column["n"] or 0)
    return _with_everyone(survey, cells, everyone)


def _with_everyone(
    survey: Survey,
    cells: dict[str, dict[str, dict[str, Any]]],
    everyone: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    """Domains in the definition's order, below everyone."""
    found: dict[str, Any] = {
        f"{question}|{wave}|": [["", column]]
        for (question, wave), column in everyone.items()
    }
    for key, split in cells.items():
        question, wave, by = key.split("|")
        if "*" in by:
            shown = [[d, column] for d, column in split.items() if column["n"]]
            found |= {key: shown} if shown else {}
            continue
        order = [group.code for group in survey.domains(by)]
        domains = [[code, split[code]] for code in order if code in split]
        found[key] = [["", everyone[question, wave]], *domains]
    return found


def _digits(value: float | None) -> float | None:
    return None if value is None or value != value else round(value, 4)
