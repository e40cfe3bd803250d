"""Which rows of an export are no respondents: the table `kept` holds those who are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.definition import Survey, Wave
from pipeline.errors import DataError, suggestion
from pipeline.ingest.answers import Answers
from pipeline.ingest.cells import silent_texts
from pipeline.ingest.columns import find, number, one
from pipeline.ingest.ledger import ROWS_NAMED, Dropped
from pipeline.load import plain
from pipeline.reading import Drop

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def drop_rows(
    con: DuckDBPyConnection,
    survey: Survey,
    wave: Wave,
    names: tuple[str, ...],
    where: str,
) -> list[Dropped]:
    """Fill `kept(respondent)` with all but those the definition leaves out."""
    con.execute("CREATE OR REPLACE TABLE kept AS SELECT respondent FROM raw")
    dropped = []
    for rule in wave.drop:
        if rule.same:
            rows = _straight(con, rule, names, where)
        elif rule.values:
            rows = _with_values(con, rule, names, where)
        else:
            rows = _beyond(con, rule, names, where)
        dropped += _drop(con, rule.reason, rows)
    if wave.respondent:
        column = one(where, names, wave.respondent, "the respondent id")
        dropped += _drop_nameless(con, survey, wave, column, names[column], where)
        dropped += _drop_duplicates(con, survey, column, names[column], where)
    return dropped


def _with_values(
    con: DuckDBPyConnection, rule: Drop, names: tuple[str, ...], where: str
) -> list[int]:
    """The rows whose column holds one of the rule's values."""
    column = one(where, names, rule.column, f"the rule '{rule.reason}'")
    meant = {plain(value) for value in rule.values}
    texts = con.execute(f"SELECT DISTINCT c{column} FROM raw").fetchall()
    hit = [t or "" for (t,) in texts if plain(t or "") in meant]
    found = con.execute(
        f"SELECT respondent FROM raw WHERE coalesce(c{column}, '')"
        " IN (SELECT unnest(?::VARCHAR[]))",
        [hit],
    ).fetchall()
    return [row for (row,) in found]


def _beyond(
    con: DuckDBPyConnection, rule: Drop, names: tuple[str, ...], where: str
) -> list[int]:
    """The rows whose number is below or above a limit; what is no number stays."""
    column = one(where, names, rule.column, f"the rule '{rule.reason}'")
    texts = con.execute(
        f"SELECT DISTINCT c{column} FROM raw WHERE c{column} IS NOT NULL"
    ).fetchall()
    low = float("-inf") if rule.below is None else rule.below
    high = float("inf") if rule.above is None else rule.above
    beyond = [
        text
        for (text,) in texts
        if (value := number(text.strip())).is_finite()
        and not low <= float(value) <= high
    ]
    found = con.execute(
        f"SELECT respondent FROM raw WHERE c{column} IN (SELECT unnest(?::VARCHAR[]))",
        [beyond],
    ).fetchall()
    return [row for (row,) in found]


def _straight(
    con: DuckDBPyConnection, rule: Drop, names: tuple[str, ...], where: str
) -> list[int]:
    """The rows with one text in all columns that are filled, if these are three."""
    places = [index for pattern in rule.same for index, _ in find(names, pattern)]
    if len(places) < 3:
        raise DataError(
            f"{len(places)} columns match the rule '{rule.reason}'; it needs three",
            where=where,
            remedy=suggestion(rule.same[0], names),
        )
    cells = ", ".join(f"lower(trim(c{i}))" for i in dict.fromkeys(places))
    found = con.execute(
        "SELECT respondent FROM (SELECT respondent, list_filter("
        f"[{cells}], lambda cell: cell <> '') AS said FROM raw)"
        " WHERE len(said) >= 3 AND len(list_distinct(said)) = 1"
    ).fetchall()
    return [row for (row,) in found]


def drop_silent(con: DuckDBPyConnection, asked: Sequence[Answers]) -> list[Dropped]:
    """Leave out who has not answered anything, of `kept` and of all answers."""
    con.execute("CREATE OR REPLACE TABLE silent AS SELECT respondent FROM kept")
    for table in (of_one.table for of_one in asked):
        con.execute(
            f"DELETE FROM silent USING {table} AS said"
            " WHERE said.respondent = silent.respondent"
            " AND (said.seen OR said.declined)"
        )
    silent = [row for (row,) in con.execute("FROM silent").fetchall()]
    for table in (of_one.table for of_one in asked if silent):
        con.execute(
            f"DELETE FROM {table} WHERE respondent IN (SELECT respondent FROM silent)"
        )
    return _drop(con, "no question answered", silent)


def _drop_nameless(
    con: DuckDBPyConnection,
    survey: Survey,
    wave: Wave,
    column: int,
    name: str,
    where: str,
) -> list[Dropped]:
    """Without an id nobody can tell whether a row is there twice."""
    found = con.execute(
        "SELECT respondent FROM raw SEMI JOIN kept USING (respondent)"
        f" WHERE c{column} IS NULL OR list_contains(?, c{column}) ORDER BY respondent",
        [silent_texts(con, wave, f"c{column}", "raw")],
    ).fetchall()
    nameless = [row for (row,) in found]
    if nameless and survey.duplicates == "error":
        raise DataError(
            f"there is no respondent id ({len(nameless)} such rows in all)",
            where=f"{where}, row {nameless[0]}, column '{name}'",
            remedy='Correct it, or set duplicates = "first" or "last", which leaves'
            " such rows out.",
        )
    return _drop(con, "no respondent id", nameless)


def _drop_duplicates(
    con: DuckDBPyConnection, survey: Survey, column: int, name: str, where: str
) -> list[Dropped]:
    order = "DESC" if survey.duplicates == "last" else "ASC"
    again = con.execute(
        f"SELECT respondent, c{column} FROM raw SEMI JOIN kept USING (respondent)"
        f" WHERE c{column} IS NOT NULL QUALIFY row_number() OVER"
        f" (PARTITION BY trim(c{column}) ORDER BY respondent {order}) > 1"
        " ORDER BY respondent"
    ).fetchall()
    if again and survey.duplicates == "error":
        raise DataError(
            f"'{again[0][1]}' is there twice ({len(again)} duplicates in all)",
            where=f"{where}, row {again[0][0]}, column '{name}'",
            remedy='Set duplicates = "first" or "last" to say which one to keep.',
        )
    return _drop(con, "duplicate respondent id", [r for r, _ in again])


def _drop(con: DuckDBPyConnection, reason: str, rows: Iterable[int]) -> list[Dropped]:
    wanted = sorted(rows)
    gone = con.execute(
        "DELETE FROM kept WHERE respondent IN (SELECT unnest(?::BIGINT[]))"
        " RETURNING respondent",
        [wanted],
    ).fetchall()
    numbers = sorted(r for (r,) in gone)
    if not numbers:
        return []
    first = tuple(numbers[:ROWS_NAMED])
    return [Dropped(reason=reason, count=len(numbers), rows=first)]
