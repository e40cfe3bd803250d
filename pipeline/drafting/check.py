"""`stateof check`: what of a definition fits its exports, question by question.

Where ingest stops at the first thing that does not fit, this goes on and lists all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Question, Survey, Wave
from pipeline.errors import SurveyError
from pipeline.ingest.answers import Answers, tabulated
from pipeline.ingest.cells import Text, meanings, raw_texts, split_cells, texts_of
from pipeline.ingest.columns import Column, Meaning, columns_of, find, unused
from pipeline.ingest.dropping import drop_rows
from pipeline.ingest.ledger import WaveLedger
from pipeline.ingest.places import design_columns
from pipeline.ingest.reader import read_wave
from pipeline.ingest.recode import name_items, recode_wave
from pipeline.ingest.repairs import repair_cells
from pipeline.load import plain
from pipeline.warehouse import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 5  # texts named in one line


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How one question fits one wave; `left` cells have a text that means nothing."""

    wave: str
    question: str
    kind: str
    columns: int
    answered: int
    left: int
    fits: bool
    note: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stops ingest: where, what, and what to do."""

    wave: str
    where: str
    what: str
    remedy: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in all waves; `ledgers` are those ingest would write."""

    survey: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    ledgers: tuple[WaveLedger, ...]


def check(survey: Survey, raw: Path, progress: Callable[[str], None]) -> Checked:
    """Hold the definition against every wave's files. Nothing is written."""
    lines: list[Line] = []
    problems: list[Problem] = []
    ledgers: list[WaveLedger] = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        con = connect()
        found: list[Problem] = []
        try:
            lines += _wave(con, survey, wave, raw, found)
            if not found:
                ledgers.append(recode_wave(con, survey, wave, raw)[0])
        except SurveyError as error:
            found.append(_problem(wave, error))
        problems += found
        con.close()
    return Checked(
        survey=survey.id,
        lines=tuple(lines),
        problems=tuple(problems),
        ledgers=tuple(ledgers),
    )


def _problem(wave: Wave, error: SurveyError) -> Problem:
    return Problem(
        wave=wave.id, where=error.where, what=error.what, remedy=error.remedy
    )


def _wave(
    con: DuckDBPyConnection,
    survey: Survey,
    wave: Wave,
    raw: Path,
    problems: list[Problem],
) -> list[Line]:
    name_items(con, survey)
    exports = read_wave(con, wave, raw)
    names, where = exports[0].columns, str(exports[0].path)
    questions = list(survey.asked_in(wave.id))
    columns: dict[str, list[Column]] = {}
    for question in questions:
        try:
            columns[question.id] = columns_of(where, names, question, wave)
        except SurveyError as error:
            problems.append(_problem(wave, error))
    if len(columns) * 2 < len(questions):
        problems[:] = [_other_file(wave, where, len(questions) - len(columns))]
    listed = [column for of_one in columns.values() for column in of_one]
    taken = {column.index for column in listed}
    taken |= _kept(con, survey, wave, names, where, problems)
    if len(columns) == len(questions):
        problems += _left_over(names, taken, wave, where)
    if not listed:
        return []
    split_cells(con, listed)
    texts = texts_of(con, listed, wave)
    repair_cells(con, wave, names)
    said = meanings(wave, listed, texts)
    asked = tabulated(con, wave, listed, said, raw_texts(texts))
    counts = _counts(con, texts, asked)
    lines = []
    for question in questions:
        line, found = _line(question, wave, columns, said, counts)
        lines.append(line)
        problems += found
    return lines


def _kept(
    con: DuckDBPyConnection,
    survey: Survey,
    wave: Wave,
    names: tuple[str, ...],
    where: str,
    problems: list[Problem],
) -> set[int]:
    """Fill `kept`; returns the columns that the wave itself reads."""
    try:
        drawn = {index for _, index, _ in design_columns(where, names, wave)}
        drop_rows(con, survey, wave, names, where)
    except SurveyError as error:
        problems.append(_problem(wave, error))
        con.execute("CREATE OR REPLACE TABLE kept AS SELECT respondent FROM raw")
        return set()
    patterns = [p for p in _named(wave) if p]
    return drawn | {index for p in patterns for index, _ in find(names, p)}


def _other_file(wave: Wave, where: str, missing: int) -> Problem:
    """Where most questions are not found, one sentence says more than a hundred."""
    return Problem(
        wave=wave.id,
        where=where,
        what=f"the columns of {missing} questions are not found",
        remedy="Is it another wave's file, or read wrongly? Check files, format and"
        " header_rows; stateof init drafts a definition of this file.",
    )


def _named(wave: Wave) -> list[str]:
    return [wave.respondent, wave.weight, *(drop.column for drop in wave.drop)]


def _left_over(
    names: tuple[str, ...], taken: set[int], wave: Wave, where: str
) -> Iterator[Problem]:
    try:
        unused(names, taken, wave, where)
    except SurveyError as error:
        yield _problem(wave, error)


def _counts(
    con: DuckDBPyConnection, texts: list[Text], asked: list[Answers]
) -> dict[object, tuple[int, int]]:
    """Cells by (column, text) with the first row; answered by question."""
    found: dict[object, tuple[int, int]] = {}
    for text in texts:
        count, first = found.get((text.column, text.said), (0, text.first))
        found[text.column, text.said] = count + text.count, min(first, text.first)
    for one in asked:
        seen = con.execute(f"SELECT count(*) FROM {one.table} WHERE seen").fetchall()
        found[one.question.id] = seen[0][0], 0
    return found


def _line(
    question: Question,
    wave: Wave,
    columns: dict[str, list[Column]],
    said: list[Meaning],
    counts: dict[object, tuple[int, int]],
) -> tuple[Line, list[Problem]]:
    of_one = columns.get(question.id, [])
    names = {column.index: column.name for column in of_one}
    bad = [m for m in said if m.question == question.id and m.verdict == "invalid"]
    bad.sort(key=lambda m: -counts[m.column, m.text][0])
    strict = question.kind in ("single", "select-all") and question.unlisted == "error"
    problems = []
    for meaning in bad if strict else ():
        count, row = counts[meaning.column, meaning.text]
        problems.append(
            Problem(
                wave=wave.id,
                where=f"row {row}, column '{names[meaning.column]}'",
                what=f"'{meaning.text[:60]}' ({count:,} cells): {meaning.reason}"
                f" of {question.id}",
                remedy=_remedy(question, meaning),
            )
        )
    line = Line(
        wave=wave.id,
        question=question.id,
        kind=question.kind,
        columns=len(of_one),
        answered=counts.get(question.id, (0, 0))[0],
        left=sum(counts[m.column, m.text][0] for m in bad),
        fits=bool(of_one) and not problems,
        note=_note(question, wave, of_one, bad),
    )
    return line, problems


def _remedy(question: Question, meaning: Meaning) -> str:
    from difflib import get_close_matches

    labels = {plain(option.label): option.label for option in question.choices}
    close = get_close_matches(plain(meaning.text), labels, n=1, cutoff=0.7)
    if close:
        return f'Is it "{labels[close[0]]}"? Then add it to that option\'s raw.'
    return 'Add an option or a raw spelling, or set unlisted = "reject".'


def _note(
    question: Question, wave: Wave, columns: list[Column], bad: list[Meaning]
) -> str:
    if not columns:
        return "its columns are not found"
    if bad:
        texts = ", ".join(f"'{m.text[:30]}'" for m in bad[:SHOWN])
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        return f"not used: {texts}{more}"
    return ""
