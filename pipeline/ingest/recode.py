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
from pipeline.ingest.answers import Answers, Raw, tabulated
from pipeline.ingest.cells import (
    kind_of,
    meanings,
    raw_texts,
    repairs,
    split_cells,
    texts_of,
)
from pipeline.ingest.columns import (
    NO_TICK,
    Column,
    Meaning,
    columns_of,
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
from pipeline.scrub import scrubbed
from pipeline.warehouse import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST = 200  # letters that are looked at of a text to be shown


def recode_wave(
    con: DuckDBPyConnection, survey: Survey, wave: Wave, raw: Path, key: bytes = b""
) -> tuple[WaveLedger, list[Answers]]:
    """Fill a table of answers for each question, and the tables `kept` and `places`.

    With a `key`, `places` has the pseudonyms of respondents' ids. `texts` has what was
    said in free text.

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
    split_cells(con, columns)
    texts = texts_of(con, columns, wave)
    mended = [*repairs(texts, names), *repair_cells(con, wave, names)]
    meant, said_by = meanings(wave, columns, texts), raw_texts(texts)
    rejected = _rejected(con, meant, said_by, columns, where)
    answers = tabulated(con, wave, columns, meant, said_by)
    rejected += settle(con, answers)
    dropped += drop_silent(con, answers)
    answers, not_asked = route(con, answers)
    rejected += not_asked
    cleaned = keep_texts(con, columns, answers)
    _base_weights(con, wave, names, where)
    place(con, wave, drawn, names, where)
    if key and wave.respondent:
        pseudonymise(con, key, one(where, names, wave.respondent, "the respondent id"))
    rows = sum(e.rows for e in exports)
    respondents = _number(con, "SELECT count(*) FROM kept")
    if not respondents:
        raise _nobody_left(rows, dropped, where)
    ledger = WaveLedger(
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
    return ledger, answers


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


def _rejected(
    con: DuckDBPyConnection,
    meant: Iterable[Meaning],
    raw: Raw,
    columns: list[Column],
    where: str,
) -> list[Rejected]:
    """The cells that mean nothing, text by text; an error where that may not be."""
    strict = {c.question.id for c in columns if _is_strict(c.question)}
    names = {c.index: c.name for c in columns}
    bad = [m for m in meant if m.verdict == "invalid"]
    rows: dict[tuple[int, str], tuple[int, tuple[int, ...]]] = {}
    for column, of_one in groupby(bad, lambda m: m.column):
        rows |= _rows_with(con, column, {m.text for m in of_one}, raw)
    refused = [m for m in bad if m.question in strict]
    if refused:
        first = refused[0]
        row = rows[first.column, first.text][1][0]
        place = f"{where}, row {row}, column '{names[first.column]}'"
        raise _unlisted(first, [m.text for m in refused[1:]], place)
    found = ((m, *rows[m.column, m.text]) for m in bad)
    return [
        Rejected(
            question=m.question,
            reason=m.reason,
            text=scrubbed(m.text[:LONGEST])[0][:80],
            count=count,
            rows=numbers,
        )
        for m, count, numbers in found
    ]


def _rows_with(
    con: DuckDBPyConnection, column: int, texts: set[str], raw: Raw
) -> dict[tuple[int, str], tuple[int, tuple[int, ...]]]:
    """By column and text, how many cells say it and the first of their rows."""
    listed = sorted(texts)
    pairs = [(i, t) for i, text in enumerate(listed) for t in raw[column, text]]
    fill(con, f"bad(place INTEGER, said {kind_of(column)})", pairs)
    found = con.execute(
        f"SELECT place, count(*), min(respondent, {ROWS_NAMED}) FROM coded"
        f" JOIN bad ON bad.said = coded.c{column} GROUP BY place"
    ).fetchall()
    return {(column, listed[i]): (n, tuple(rows)) for i, n, rows in found}


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


def _number(con: DuckDBPyConnection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])
