"""Labels and order of estimate rows: codes as the definition words and lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.definition import Question, Survey

Row = Mapping[str, Any]


def labels_of(survey: Survey, question: Question, row: Row) -> dict[str, str]:
    """The labels of a row's domain (`DevOps engineer × IT/SaaS`) and term."""
    labels = [
        next(g.label for g in survey.domains(name) if g.code == code)
        for name, code in _parts(row)
    ]
    terms = {o.code: o.label for o in (*question.choices, *question.nets)}
    return {
        "domain_label": " × ".join(labels) or "Everyone",
        "term_label": terms.get(row["term"], ""),
    }


def place_of(survey: Survey, question: Question, row: Row) -> tuple[int, ...]:
    """Where a row stands: its domain, then its term, in the definition's order."""
    places = [
        [g.code for g in survey.domains(name)].index(code) for name, code in _parts(row)
    ]
    terms = [o.code for o in (*question.choices, *question.nets)]
    return (*places, terms.index(row["term"]) if row["term"] else 0)


def in_order(
    survey: Survey, question: Question, by: str, rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Rows with a `domain` (and a `term`) of one split, labelled, in order."""
    known = [{"by": by, "term": "", **row} for row in rows]
    known.sort(key=lambda row: place_of(survey, question, row))
    return [
        {"domain": row["domain"]}
        | {k: v for k, v in labels_of(survey, question, row).items() if v}
        | {k: v for k, v in row.items() if k != "by" and v != ""}
        for row in known
    ]


def _parts(row: Row) -> list[tuple[str, str]]:
    """The dimensions of a row, each with its domain."""
    if not row["by"]:
        return []
    return list(zip(row["by"].split("*"), row["domain"].split("*"), strict=True))
