"""One table a question: what each respondent answered, one column an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.definition import Question, Wave
from pipeline.ingest.cells import is_free, kind_of, silent_texts
from pipeline.ingest.coding import code_texts
from pipeline.ingest.columns import Column, Meaning
from pipeline.warehouse import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATUSES = ("answered", "declined", "not_asked", "out_of_base", "skipped")
Raw = Mapping[tuple[int, str], Sequence[str]]
Row = tuple[Any, ...]


class Answers(msgspec.Struct, frozen=True):
    """Where the answers to a question lie in DuckDB, a row a respondent of the wave.

    The columns of `table`: respondent; `seen`, whether a cell shows that the question
    was seen, and `declined`, that an answer was refused; v0, v1 … the value of each of
    `items`. `also` is the highest value where one column is read for each option of a
    single choice. A question with conditions (`routed`) has `asked` and `inside` too.
    """

    question: Question
    wave: str
    table: str
    items: tuple[str, ...]
    spread: bool
    routed: bool = False

    def value(self, item: str) -> str:
        """The column of an item."""
        return f"v{self.items.index(item)}"

    def nothing(self) -> str:
        """SQL that makes a row one of nothing said, in an UPDATE."""
        values = "".join(f", v{i} = NULL" for i in range(len(self.items)))
        return f"seen = false, declined = false{values}"

    def rows(self, item: str) -> str:
        """SQL of one item's answers: wave, respondent, item, value, status."""
        select_all = self.question.kind == "select-all"
        value, passed, outside = self.value(item), "false", "false"
        if select_all:
            value = f"CASE WHEN {value} IS NULL AND seen THEN 0 ELSE {value} END"
        if self.routed:
            passed, outside = "NOT asked", "NOT inside"
        return (
            f"SELECT CAST('{self.wave}' AS WAVE) AS wave,"
            " CAST(respondent AS INTEGER) AS respondent,"
            f" CAST('{item}' AS NAME) AS item,"
            f" CAST({value} AS DECIMAL(18,4)) AS value,"
            f" CAST(CASE WHEN {passed} THEN 'not_asked'"
            f" WHEN seen AND {outside} THEN 'out_of_base' WHEN seen THEN 'answered'"
            f" WHEN declined THEN 'declined' ELSE 'skipped' END AS STATUS) AS status"
            f" FROM {self.table}"
        )


def tabulated(
    con: DuckDBPyConnection,
    wave: Wave,
    columns: Iterable[Column],
    meant: Iterable[Meaning],
    raw: Raw,
) -> list[Answers]:
    """Make the tables of all questions, from what the cells of their columns mean."""
    said: dict[str, list[Meaning]] = {}
    for meaning in meant:
        said.setdefault(meaning.question, []).append(meaning)
    columns = list(columns)
    con.execute(
        "CREATE OR REPLACE TABLE picks(respondent BIGINT, question NAME, item NAME,"
        " value DECIMAL(18,4), verdict VARCHAR)"
    )
    code_texts(con, wave, [c for c in columns if c.question.entities])
    return [
        _tabulated(con, wave, list(of_one), said.get(question, ()), raw)
        for question, of_one in groupby(columns, lambda column: column.question.id)
    ]


def _tabulated(
    con: DuckDBPyConnection,
    wave: Wave,
    columns: Sequence[Column],
    meant: Iterable[Meaning],
    raw: Raw,
) -> Answers:
    """The table of one question."""
    question = columns[0].question
    items = question.items(wave.id)
    table = f'"{wave.id}:{question.id}"'
    spread = question.kind != "select-all" and bool(columns[0].option)
    found = Answers(question, wave.id, table, items, spread)
    if is_free(columns[0]):
        _free(con, wave, found, columns[0].index)
        return found
    by_column: dict[int, list[Meaning]] = {}
    for meaning in meant:
        by_column.setdefault(meaning.column, []).append(meaning)
    given: dict[str, list[str]] = {item: [] for item in items}
    places = list(dict.fromkeys(column.index for column in columns))
    for i in places:
        for item in _meant(con, i, found, by_column.get(i, ()), raw):
            given[item].append(f"m{i}.{found.value(item)}")
    values = [_combined(columns, spread=spread) for columns in given.values()]
    listed = "".join(f", {sql} AS v{i}" for i, sql in enumerate(values))
    if spread:
        listed += f", greatest({', '.join(given[items[0]])}) AS also"
    joined = " ".join(f"LEFT JOIN m{i} ON m{i}.said = coded.c{i}" for i in places)
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT respondent,"
        f" {_any('seen', places)}, {_any('declined', places)}{listed}"
        f" FROM coded {joined}"
    )
    return found


def _any(flag: str, places: Iterable[int]) -> str:
    either = " OR ".join(f"m{i}.{flag}" for i in places)
    return f"coalesce({either}, false) AS {flag}"


def _combined(columns: Sequence[str], *, spread: bool) -> str:
    """The value of an item, of which several columns may tell."""
    listed = ", ".join(columns) or "NULL"
    return f"{'least' if spread else 'coalesce'}({listed})"


def _free(con: DuckDBPyConnection, wave: Wave, one: Answers, column: int) -> None:
    """Who wrote anything has seen the question; `picks` tell what is coded."""
    if one.question.entities:
        values = "".join(
            f", CAST(max(CASE WHEN item = '{item}' THEN 1 END) AS INTEGER) AS v{i}"
            for i, item in enumerate(one.items)
        )
        said = (
            "bool_or(verdict <> 'declined') AS seen,"
            f" bool_or(verdict = 'declined') AS declined{values}"
            f" FROM picks WHERE question = '{one.question.id}'"
        )
    else:
        silent = silent_texts(con, wave, "said", f"(FROM cells WHERE col = {column})")
        listed = ", ".join("'" + text.replace("'", "''") + "'" for text in silent)
        said = (
            "true AS seen, false AS declined FROM cells WHERE"
            f" col = {column} AND NOT list_contains([{listed}]::VARCHAR[], said)"
        )
    con.execute(
        f"CREATE OR REPLACE TABLE {one.table} AS SELECT respondent,"
        " coalesce(seen, false) AS seen, coalesce(declined, false) AS declined,"
        " said.* EXCLUDE (respondent, seen, declined) FROM kept LEFT JOIN"
        f" (SELECT respondent, {said} GROUP BY respondent) AS said USING (respondent)"
    )


def _meant(
    con: DuckDBPyConnection,
    column: int,
    answers: Answers,
    meant: Iterable[Meaning],
    raw: Raw,
) -> list[str]:
    """Fill `m<column>` with what its texts mean; returns the items that they are of."""
    by_text: dict[str, list[Meaning]] = {}
    for meaning in meant:
        by_text.setdefault(meaning.text, []).append(meaning)
    mine = {m.item for of_one in by_text.values() for m in of_one}
    items = [item for item in answers.items if item in mine]
    kind = "DECIMAL(18,4)" if answers.question.kind == "numeric" else "INTEGER"
    values = "".join(f", {answers.value(item)} {kind}" for item in items)
    rows = [
        (text, *said)
        for key, of_one in by_text.items()
        if (said := _said(of_one, items))[:2] != (False, False)
        for text in raw[column, key]
    ]
    types = f"said {kind_of(column)}, seen BOOLEAN, declined BOOLEAN{values}"
    fill(con, f"m{column}({types})", rows)
    return items


def _said(meant: Sequence[Meaning], items: Sequence[str]) -> Row:
    """One text: is the question seen, declined, and the value of each item."""
    values = {m.item: m.value for m in meant if m.value is not None}
    verdicts = {m.verdict for m in meant}
    return (
        not verdicts.isdisjoint(("answered", "seen")),
        "declined" in verdicts,
        *(values.get(item) for item in items),
    )
