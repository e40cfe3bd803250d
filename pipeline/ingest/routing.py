"""Who was asked what: answers to questions that nobody asked are not used.

A condition looks only at questions that the wave asked, so that one definition serves
waves with different questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Condition
from pipeline.ingest.answers import Answers
from pipeline.ingest.contradictions import entry
from pipeline.ingest.ledger import Rejected

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def route(
    con: DuckDBPyConnection, answers: Sequence[Answers]
) -> tuple[list[Answers], list[Rejected]]:
    """Who was asked and is in the base; an answer nobody asked for is not used.

    In order: a question led to by an answer nobody asked for was not asked.
    """
    known = {one.question.id: one for one in answers}
    rejected: list[Rejected] = []
    for one in answers:
        asked = _clauses(one.question.asked, known)
        inside = _clauses(one.question.base, known)
        if asked or inside:
            known[one.question.id] = _routed(con, one, known, asked, inside)
            rejected += _not_asked(con, one)
    return list(known.values()), rejected


def _routed(
    con: DuckDBPyConnection,
    one: Answers,
    known: Mapping[str, Answers],
    asked: Sequence[str],
    inside: Sequence[str],
) -> Answers:
    """Add `asked` and `inside` to a question's table."""
    gates = dict.fromkeys([*one.question.asked, *one.question.base])
    joined = "".join(
        f' JOIN {known[gate].table} AS "{gate}" USING (respondent)'
        for gate in gates
        if gate in known
    )
    con.execute(
        f"CREATE TABLE routed AS SELECT a.*, {' AND '.join(asked) or 'true'} AS asked,"
        f" {' AND '.join(inside) or 'true'} AS inside FROM {one.table} AS a{joined}"
    )
    con.execute(f"DROP TABLE {one.table}; ALTER TABLE routed RENAME TO {one.table}")
    return msgspec.structs.replace(one, routed=True)


def _clauses(condition: Condition, known: Mapping[str, Answers]) -> list[str]:
    """SQL of each clause; a question the wave did not ask bars nobody."""
    return [
        f"coalesce({' OR '.join(_passes(known[gate], codes)) or 'false'}, false)"
        for gate, codes in condition.items()
        if gate in known
    ]


def _passes(gate: Answers, codes: Sequence[str]) -> Iterator[str]:
    """SQL of each answer that lets through."""
    question = gate.question
    if question.kind == "select-all":
        for item in (f"{question.id}.{code}" for code in codes):
            if item in gate.items:
                yield f'"{question.id}".{gate.value(item)} = 1'
    else:
        values = ", ".join(str(question.value(code)) for code in codes)
        yield f'("{question.id}".v0 IN ({values}) AND NOT "{question.id}".declined)'


def _not_asked(con: DuckDBPyConnection, one: Answers) -> Iterator[Rejected]:
    gone = con.execute(
        f"UPDATE {one.table} SET {one.nothing()} WHERE NOT asked AND (seen OR declined)"
        " RETURNING respondent"
    ).fetchall()
    yield from entry(one, "answered although not asked", gone)
