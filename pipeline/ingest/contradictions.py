"""Answers that cannot all be meant: two to one question, "none of these" beside others,
and too many.

What is not used is listed in the ledger with its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.ingest.answers import Answers
from pipeline.ingest.ledger import ROWS_NAMED, Rejected

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def settle(con: DuckDBPyConnection, asked: Sequence[Answers]) -> list[Rejected]:
    """Take contradictory answers out; returns what was taken."""
    twice = [entry for one in asked if one.spread for entry in _two_answers(con, one)]
    ticked = [a for a in asked if a.question.kind == "select-all"]
    return [*twice, *(entry for one in ticked for entry in _settled(con, one))]


def _two_answers(con: DuckDBPyConnection, one: Answers) -> Iterator[Rejected]:
    """A single choice answered twice (one column an option) is no answer."""
    gone = con.execute(
        f"UPDATE {one.table} SET {one.nothing()} WHERE v0 <> also RETURNING respondent"
    ).fetchall()
    yield from entry(one, "two answers to one question", gone)


def _settled(con: DuckDBPyConnection, one: Answers) -> Iterator[Rejected]:
    options = one.question.choices
    alone = {f"{one.question.id}.{o.code}" for o in options if o.exclusive}
    exclusive = [one.value(item) for item in one.items if item in alone]
    others = [one.value(item) for item in one.items if item not in alone]
    if exclusive and others:
        gone = con.execute(
            f"UPDATE {one.table} SET {', '.join(f'{v} = NULL' for v in exclusive)}"
            f" WHERE coalesce({', '.join(exclusive)}) = 1"
            f" AND coalesce({', '.join(others)}) = 1 RETURNING respondent"
        ).fetchall()
        yield from entry(one, "excludes the others, ticked with them", gone)
    if one.question.most is not None and one.items:
        ticks = " + ".join(f"coalesce({one.value(item)}, 0)" for item in one.items)
        many = con.execute(
            f"UPDATE {one.table} SET {one.nothing()}"
            f" WHERE {ticks} > {one.question.most} RETURNING respondent"
        ).fetchall()
        yield from entry(one, f"more than {one.question.most} choices", many)


def entry(one: Answers, reason: str, found: Sequence[tuple[int]]) -> Iterator[Rejected]:
    """What the ledger says of rows that were taken out, if there are any."""
    rows = sorted(row for (row,) in found)
    if rows:
        yield Rejected(
            question=one.question.id,
            reason=reason,
            text="",
            count=len(rows),
            rows=tuple(rows[:ROWS_NAMED]),
        )
