"""Cells → answers: what was meant, who was asked, and an account of the rest.

Python decides what each distinct text means; DuckDB applies it to the respondents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.definition import Question, Survey, Wave
from pipeline.errors import DataError
from pipeline.ingest.coding import code_texts
from pipeline.ingest.columns import (
    NO_TICK,
    Column,
    Meaning,
    Reader,
    columns_of,
    numbered,
    one,
    unused,
)
from pipeline.ingest.contradictions import settle
from pipeline.ingest.dropping import drop_rows, drop_silent
from pipeline.ingest.ledger import (
    ROWS_NAMED,
    Dropped,
    FileRead,
    Rejected,
    WaveLedger,
)
from pipeline.ingest.places import design_columns, place
from pipeline.ingest.pseudonyms import pseudonymise
from pipeline.ingest.reader import read_wave
from pipeline.ingest.repairs import repair_cells
from pipeline.ingest.routing import route
from pipeline.ingest.texts import keep_texts
from pipeline.load import plain
from pipeline.scrub import scrubbed
from pipeline.warehouse import fill, statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST = 200  # letters that are looked at of a text to be shown


def recode_wave(
    con: DuckDBPyConnection, survey: Survey, wave: Wave, raw: Path, key: bytes = b""
) -> WaveLedger:
    """Fill the tables `answers(respondent, item, value, status)`, `kept`, `places`.

    With a `key`, `places` has the pseudonyms of respondents' ids.

    Raises `DataError` or `Missing`; what can be left out without harm is left out and
    listed in the ledger that is returned.
    """
    name_items(con, survey)
    exports = read_wave(con, wave, raw)
    names, where = exports[0].columns, str(exports[0].path)
    questions = list(survey.asked_in(wave.id))
    columns = [c for q in questions for c in columns_of(where, names, q, wave)]
    drawn = design_columns(where, names, wave)
    taken = {c.index for c in columns} | _named(where, names, wave)
    taken |= {index for _, index, _ in drawn}
    ignored = unused(names, taken, wave, where)
    dropped = drop_rows(con, survey, wave, names, where)
    unpivot(con, columns)
    mended = repair_cells(con, wave, names)
    rejected = _apply_meanings(con, wave, columns, where)
    rejected += _two_answers(con, columns) + settle(con, questions)
    dropped += drop_silent(con)
    rejected += route(con, wave, questions)
    cleaned = keep_texts(con, columns)
    con.execute(statement("answers"))
    _base_weights(con, wave, names, where)
    place(con, wave, drawn, names, where)
    if key and wave.respondent:
        pseudonymise(con, key, one(where, names, wave.respondent, "the respondent id"))
    rows = sum(e.rows for e in exports)
    respondents = _number(con, "SELECT count(*) FROM kept")
    if not respondents:
        raise _nobody_left(rows, dropped, where)
    return WaveLedger(
        wave=wave.id,
        files=tuple(
            FileRead(name=e.path.name, rows=e.rows, sha256=e.sha256) for e in exports
        ),
        rows_read=rows,
        dropped=tuple(dropped),
        rejected=tuple(rejected),
        repaired=tuple(mended),
        scrubbed=tuple(cleaned),
        columns_unused=tuple(name for name in ignored if name),
        respondents=respondents,
    )


def _nobody_left(rows: int, dropped: Sequence[Dropped], where: str) -> DataError:
    reasons = "; ".join(f"{d.count} {d.reason}" for d in dropped)
    return DataError(
        f"no respondents are left of {rows} rows ({reasons})",
        where=where,
        remedy="Check the wave's drop rules and its columns.",
    )


def name_items(con: DuckDBPyConnection, survey: Survey) -> None:
    """Make `NAME` the type of ids: numbers that sort, join and group as quickly as such
    and read as texts. With texts, ingest took twice as long."""
    ids = sorted({*survey.items(), *(q.id for q in survey.questions)})
    listed = ", ".join(f"'{name}'" for name in ids)
    con.execute(f"CREATE TYPE IF NOT EXISTS NAME AS ENUM ({listed})")


def _named(where: str, names: tuple[str, ...], wave: Wave) -> set[int]:
    patterns = [wave.respondent, wave.weight, *(d.column for d in wave.drop)]
    return {one(where, names, p, f"wave {wave.id}") for p in patterns if p}


def _base_weights(
    con: DuckDBPyConnection, wave: Wave, names: tuple[str, ...], where: str
) -> None:
    """Add to `kept` the weight that the export brings, else 1, over the mean of them.

    The `mean` is kept too: replicate weights are in the same unit.
    """
    column = one(where, names, wave.weight, "the weight") if wave.weight else None
    text = "'1'" if column is None else f"c{column}"
    con.execute(
        "CREATE OR REPLACE TABLE kept AS SELECT respondent,"
        f" TRY_CAST({text} AS DOUBLE) AS given"
        " FROM raw SEMI JOIN kept USING (respondent)"
    )
    bad, top = con.execute(
        "SELECT min(respondent) FILTER (NOT coalesce(isfinite(given) AND given > 0,"
        " false)), max(given) FROM kept"
    ).fetchall()[0]
    if bad is not None:
        raise DataError(
            "the weight is missing, not a number, or not above zero",
            where=f"{where}, row {bad}, column '{wave.weight}'",
            remedy="Correct it, or drop such rows with a drop rule.",
        )
    # Added up as decimals: a sum of floats depends on their order.
    total = f"CAST(sum(CAST(given / {top!r} AS DECIMAL(18,17))) AS DOUBLE) * {top!r}"
    con.execute(
        "CREATE OR REPLACE TABLE kept AS SELECT respondent, mean,"
        " CAST(greatest(given / mean, 1e-9) AS DECIMAL(18,9)) AS base_weight"
        f" FROM kept, (SELECT {total if top else 1} / count(*) AS mean FROM kept)"
    )


def unpivot(con: DuckDBPyConnection, columns: list[Column]) -> None:
    """Fill `cells(respondent, col, said)` with what those kept said in the columns."""
    used = ", ".join(f"c{i}" for i in sorted({c.index for c in columns}))
    con.execute(
        "CREATE OR REPLACE TABLE cells AS SELECT respondent,"
        " CAST(substr(name, 2) AS INTEGER) AS col, said FROM"
        f" (UNPIVOT (SELECT respondent, {used} FROM raw SEMI JOIN kept"
        f" USING (respondent)) ON {used} INTO NAME name VALUE said)"
    )


def _apply_meanings(
    con: DuckDBPyConnection, wave: Wave, columns: list[Column], where: str
) -> list[Rejected]:
    said = meanings(con, wave, columns)
    return _rejected(con, [m for m in said if m.verdict == "invalid"], columns, where)


def meanings(
    con: DuckDBPyConnection, wave: Wave, columns: list[Column]
) -> list[Meaning]:
    """What every text in `cells` means; fills `meanings` and `picks` with it.

    Free texts that are coded are not among what is returned: each is its own.
    """
    coded = [c for c in columns if c.question.entities]
    columns = [c for c in columns if not c.question.entities]
    texts = con.execute(
        "SELECT DISTINCT col, said FROM cells WHERE list_contains(?, col) ORDER BY ALL",
        [[c.index for c in columns]],
    ).fetchall()
    by_column: dict[int, set[str]] = {}
    for col, text in texts:
        by_column.setdefault(col, set()).add(plain(text))
    readers: dict[int, list[Reader]] = {}
    for _, of_one in groupby(columns, lambda c: c.question.id):
        for column in numbered(of_one, by_column):
            readers.setdefault(column.index, []).append(Reader(column, wave))
    said = [
        m
        for col, text in texts
        for reader in readers[col]
        for m in reader.meanings(text)
    ]
    fill(
        con,
        "meanings(col INTEGER, said VARCHAR, question NAME, item NAME,"
        " value DECIMAL(18,4), verdict VARCHAR)",
        [(m.column, m.text, m.question, m.item, m.value, m.verdict) for m in said],
    )
    con.execute(statement("picks"))
    code_texts(con, wave, coded)
    return said


def _rejected(
    con: DuckDBPyConnection, bad: list[Meaning], columns: list[Column], where: str
) -> list[Rejected]:
    strict = {c.question.id for c in columns if _is_strict(c.question)}
    names = {c.index: c.name for c in columns}
    fill(
        con,
        "bad(place INTEGER, col INTEGER, said VARCHAR)",
        [(i, m.column, m.text) for i, m in enumerate(bad)],
    )
    rows = con.execute(
        "SELECT place, list(respondent ORDER BY respondent)"
        " FROM bad JOIN cells USING (col, said) GROUP BY place"
    ).fetchall()
    numbers = {place: tuple(found) for place, found in rows}
    unlisted = [i for i, m in enumerate(bad) if m.question in strict]
    if unlisted:
        first = bad[unlisted[0]]
        place = (
            f"{where}, row {numbers[unlisted[0]][0]}, column '{names[first.column]}'"
        )
        raise _unlisted(first, [bad[i].text for i in unlisted[1:]], place)
    return [
        Rejected(
            question=m.question,
            reason=m.reason,
            text=scrubbed(m.text[:LONGEST])[0][:80],
            count=len(numbers[i]),
            rows=numbers[i][:ROWS_NAMED],
        )
        for i, m in enumerate(bad)
    ]


def _unlisted(first: Meaning, others: Iterable[str], where: str) -> DataError:
    """A text that means nothing, where the definition does not let that pass."""
    also = sorted({text[:40] for text in others})[:5]
    more = f" (also: {', '.join(also)})" if also else ""
    said, of = f"'{first.text[:80]}' is", f"of question {first.question}{more}"
    if first.reason == NO_TICK:
        return DataError(
            f"{said} neither a tick nor the option {of}",
            where=where,
            remedy="Add it to the option's raw, set its write_in = true if people could"
            ' type an answer, or set the question\'s unlisted = "reject".',
        )
    return DataError(
        f"{said} no option {of}",
        where=where,
        remedy='Add an option or a raw spelling, or set unlisted = "reject".',
    )


def _is_strict(question: Question) -> bool:
    return question.kind in ("single", "select-all") and question.unlisted == "error"


def _two_answers(con: DuckDBPyConnection, columns: list[Column]) -> list[Rejected]:
    """A single choice answered twice (one column an option) is no answer."""
    spread = sorted({c.question.id for c in columns if _is_spread(c)})
    twice = con.execute(
        "SELECT question, item, list(respondent ORDER BY respondent) FROM"
        " (SELECT respondent, question, item FROM picks WHERE value IS NOT NULL"
        " AND question IN (SELECT unnest(?::VARCHAR[]))"
        " GROUP BY ALL HAVING count(DISTINCT value) > 1) GROUP BY ALL ORDER BY ALL",
        [spread],
    ).fetchall()
    for _, item, rows in twice:
        con.execute(
            "DELETE FROM picks WHERE item = ?"
            " AND respondent IN (SELECT unnest(?::BIGINT[]))",
            [item, rows],
        )
    reason = "two answers to one question"
    return [
        Rejected(
            question=question,
            reason=reason,
            text="",
            count=len(rows),
            rows=tuple(rows[:ROWS_NAMED]),
        )
        for question, _, rows in twice
    ]


def _is_spread(column: Column) -> bool:
    return bool(column.option) and column.question.kind != "select-all"


def _number(con: DuckDBPyConnection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])
