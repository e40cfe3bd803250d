"""Ticks that cannot all be meant: "none of these" beside others, and too many.

What is not used is listed in the ledger with its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.definition import Question
from pipeline.ingest.ledger import ROWS_NAMED, Rejected

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def settle(con: DuckDBPyConnection, questions: Sequence[Question]) -> list[Rejected]:
    """Take contradictory ticks out of `picks`; returns what was taken."""
    asked = [q for q in questions if q.kind == "select-all"]
    return [entry for question in asked for entry in _settled(con, question)]


def _settled(con: DuckDBPyConnection, question: Question) -> Iterator[Rejected]:
    alone = [f"{question.id}.{o.code}" for o in question.choices if o.exclusive]
    if alone:
        gone = con.execute(
            "DELETE FROM picks WHERE list_contains(?, CAST(item AS VARCHAR))"
            " AND respondent IN (SELECT respondent FROM picks WHERE question = ?"
            " AND value = 1 AND NOT list_contains(?, CAST(item AS VARCHAR)))"
            " RETURNING respondent",
            [alone, question.id, alone],
        ).fetchall()
        yield from _entry(question, "excludes the others, ticked with them", gone)
    if question.most is not None:
        many = con.execute(
            "SELECT respondent FROM picks WHERE question = ? AND value = 1"
            " GROUP BY respondent HAVING count(DISTINCT item) > ?",
            [question.id, question.most],
        ).fetchall()
        con.execute(
            "DELETE FROM picks WHERE question = ?"
            " AND respondent IN (SELECT unnest(?::BIGINT[]))",
            [question.id, [row for (row,) in many]],
        )
        yield from _entry(question, f"more than {question.most} choices", many)


def _entry(
    question: Question, reason: str, found: list[tuple[int]]
) -> Iterator[Rejected]:
    rows = sorted({row for (row,) in found})
    if rows:
        yield Rejected(
            question=question.id,
            reason=reason,
            text="",
            count=len(rows),
            rows=tuple(rows[:ROWS_NAMED]),
        )
