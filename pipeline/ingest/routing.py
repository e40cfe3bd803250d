"""Who was asked what: answers to questions that nobody asked are not used.

A condition looks only at questions that the wave asked, so that one definition serves
waves with different questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.definition import Question, Wave
from pipeline.ingest.ledger import ROWS_NAMED, Rejected
from pipeline.warehouse import fill, statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def route(
    con: DuckDBPyConnection, wave: Wave, questions: Sequence[Question]
) -> list[Rejected]:
    """Fill `items`, `gates` and `passes`; an answer nobody asked for is not used."""
    gates = [g for q in questions for g in _gates(q, {x.id: x for x in questions})]
    gated = {(question, purpose) for question, purpose, *_ in gates}
    fill(
        con,
        "items(question NAME, item NAME, select_all INTEGER,"
        " has_asked INTEGER, has_base INTEGER)",
        [
            (
                q.id,
                item,
                int(q.kind == "select-all"),
                int((q.id, "asked") in gated),
                int((q.id, "base") in gated),
            )
            for q in questions
            for item in q.items(wave.id)
        ],
    )
    fill(
        con,
        "gates(question NAME, purpose VARCHAR, clause INTEGER, clauses INTEGER,"
        " item NAME, value DECIMAL(18,4))",
        gates,
    )
    con.execute(statement("passes"))
    found = [_not_asked(con, q) for q in questions if (q.id, "asked") in gated]
    return [rejected for rejected in found if rejected is not None]


def _not_asked(con: DuckDBPyConnection, question: Question) -> Rejected | None:
    """Take out answers of those who were not asked.

    In order: a question led to by an answer nobody asked for was not asked.
    """
    gone = con.execute(
        "DELETE FROM picks WHERE question = ? AND respondent NOT IN"
        " (SELECT respondent FROM passes WHERE question = ? AND purpose = 'asked')"
        " RETURNING respondent",
        [question.id, question.id],
    ).fetchall()
    if not gone:
        return None
    con.execute(statement("passes"))
    rows = sorted({r for (r,) in gone})
    return Rejected(
        question=question.id,
        reason="answered although not asked",
        text="",
        count=len(rows),
        rows=tuple(rows[:ROWS_NAMED]),
    )


def _gates(question: Question, known: dict[str, Question]) -> Iterator[tuple[Any, ...]]:
    """The answers that let through; a question the wave did not ask bars nobody."""
    for purpose, condition in (("asked", question.asked), ("base", question.base)):
        here = [(known[g], codes) for g, codes in condition.items() if g in known]
        for clause, (gate, codes) in enumerate(here):
            for code in codes:
                many = gate.kind == "select-all"
                item = f"{gate.id}.{code}" if many else gate.id
                value = 1 if many else gate.value(code)
                yield question.id, purpose, clause, len(here), item, value
