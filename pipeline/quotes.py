"""What respondents wrote, quoted as a report's editor marked it, and nothing else.

A mark names the question and the row (or the pseudonym) of an answer and repeats its
text. It is quoted only if the warehouse has just that text there, without who someone
is, and if whoever wrote it gave the answers of the question's `consent`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.definition import Survey
from pipeline.errors import DefinitionError
from pipeline.ingest.pseudonyms import PSEUDONYM
from pipeline.outline import Outline, QuoteSpec
from pipeline.report import Quote
from pipeline.warehouse import parquet, reader

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def quotes_of(
    survey: Survey, build: Path, outline: Outline
) -> dict[str, tuple[Quote, ...]]:
    """The quotes of each section by its id.

    Raises `DefinitionError`, naming section, question and row, for one that is not in
    the warehouse as it is marked.
    """
    con = reader()
    found: dict[str, tuple[Quote, ...]] = {}
    for section in outline.sections:
        where = f"report {outline.id}, section {section.id}"
        found[section.id] = tuple(
            _quote(con, survey, build, mark, mark.wave or outline.wave, where)
            for mark in section.quotes
        )
    return found


def _quote(
    con: DuckDBPyConnection,
    survey: Survey,
    build: Path,
    mark: QuoteSpec,
    wave: str,
    where: str,
) -> Quote:
    people = parquet(build / "respondents.parquet")
    files = ", ".join(survey.wave(wave).files)
    at = f"row {mark.row} of {files}" if mark.row else f"respondent {mark.respondent}"
    where = f"{where}, quote of {mark.question}, {at}"
    row = mark.row or _row(con, people, wave, mark.respondent, where)
    said = con.execute(
        f"SELECT text FROM {parquet(build / 'texts.parquet')}"
        " WHERE wave = ? AND question = ? AND respondent = ? ORDER BY text",
        [wave, mark.question, row],
    ).fetchall()
    texts = [text for (text,) in said]
    if not texts:
        what = "there is no such answer: not given, dropped, or in another row now"
        raise DefinitionError(what, where=where)
    if mark.text not in texts:
        raise DefinitionError(
            "the answer there is not the text that is marked",
            where=where,
            remedy=f"It reads: {' / '.join(texts)}",
        )
    _consented(con, survey, build, mark, wave, row, where)
    return Quote(
        text=mark.text,
        question=survey.question(mark.question).label(),
        wave=wave,
        by=_attribution(con, survey, people, mark.by, wave, row),
    )


def _row(
    con: DuckDBPyConnection, people: str, wave: str, pseudonym: str, where: str
) -> int:
    columns = con.execute(f"DESCRIBE SELECT * FROM {people}").fetchall()
    if PSEUDONYM not in [name for name, *_ in columns]:
        raise DefinitionError(
            "respondents have no pseudonyms without a key",
            where=where,
            remedy="Name the row, or set STATEOF_ID_KEY_FILE and run again.",
        )
    rows = con.execute(
        f"SELECT respondent FROM {people} WHERE wave = ? AND {PSEUDONYM} = ?",
        [wave, pseudonym],
    ).fetchall()
    if not rows:
        what = "there is no such respondent: dropped, or another key"
        raise DefinitionError(what, where=where)
    return int(rows[0][0])


def _consented(
    con: DuckDBPyConnection,
    survey: Survey,
    build: Path,
    mark: QuoteSpec,
    wave: str,
    row: int,
    where: str,
) -> None:
    """Raise unless every question of `consent` was answered as it says."""
    for name, codes in survey.question(mark.question).consent.items():
        asked = survey.question(name)
        many = asked.kind == "select-all"
        allowed = [
            (f"{name}.{code}", 1) if many else (name, asked.value(code))
            for code in codes
        ]
        given = con.execute(
            "SELECT CAST(item AS VARCHAR), CAST(value AS INTEGER)"
            f" FROM {parquet(build / 'answers.parquet')} WHERE wave = ?"
            " AND respondent = ? AND status IN ('answered', 'out_of_base')",
            [wave, row],
        ).fetchall()
        if set(allowed).isdisjoint(given):
            raise DefinitionError(
                f"whoever wrote this did not consent to be quoted ({name})",
                where=where,
                remedy="Quote somebody who did.",
            )


def _attribution(
    con: DuckDBPyConnection, survey: Survey, people: str, by: str, wave: str, row: int
) -> str:
    """The domain that the respondent is in; nothing where it is too small to name."""
    if not by:
        return ""
    rows = con.execute(
        f'SELECT "{by}", count(*), bool_or(respondent = ?) FROM {people}'
        ' WHERE wave = ? GROUP BY "' + by + '"',
        [row, wave],
    ).fetchall()
    labels = {group.code: group.label for group in survey.domains(by)}
    return next(
        (
            labels[code]
            for code, count, theirs in rows
            if theirs and code in labels and count >= survey.min_base
        ),
        "",
    )
