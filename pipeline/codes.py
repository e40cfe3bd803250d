"""What free texts name and what they name that no list has yet: for who draws up lists.

Read from the warehouse, where texts are without who someone is. What fewer than `LEAST`
people wrote is not shown: it may be one person's own words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Question, Survey
from pipeline.errors import Missing, NotFound
from pipeline.ingest.coding import find_mentions
from pipeline.reading import UNCODED
from pipeline.scrub.words import SENTENCES
from pipeline.warehouse import connect, parquet, statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST = 5


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An entity and how many named it."""

    code: str
    label: str
    respondents: int


class Frequent(msgspec.Struct, frozen=True, kw_only=True):
    """A text, or a word of one, that names no entity: as most of them write it."""

    text: str
    plain: str
    respondents: int


class Coding(msgspec.Struct, frozen=True, kw_only=True):
    """How the answers to one open question in one wave were coded.

    Counts are of respondents, unweighted: `answered` wrote something, `coded` of them
    named an entity. `rare` texts and words were written by fewer than `least`.
    """

    question: str
    wave: str
    answered: int
    coded: int
    named: tuple[Named, ...]
    uncoded: tuple[Frequent, ...]
    rare: int
    least: int = LEAST


def coding(survey: Survey, question_id: str, wave: str, build: Path) -> Coding:
    """The frequencies of an open question's answers, coded or not.

    Raises `NotFound` for another kind of question, `Missing` before ingest.
    """
    question = survey.question(question_id)
    if question.kind != "open" and not question.entities:
        raise NotFound(
            f"{question_id} is no question of free text",
            remedy='Those have kind = "open" in the definition.',
        )
    if not (build / "texts.parquet").is_file():
        raise Missing(
            "there are no texts yet",
            where=str(build),
            remedy=f"Run: stateof run {survey.id} --no-draft",
        )
    con = connect()
    con.execute(statement("spoken"))
    con.execute(
        "CREATE TABLE texts AS SELECT respondent, text FROM"
        f" {parquet(build / 'texts.parquet')} WHERE wave = ? AND question = ?",
        [wave, question_id],
    )
    named, answered, coded = _named(con, question, wave, build)
    uncoded, rare = _uncoded(con, question, wave)
    return Coding(
        question=question_id,
        wave=wave,
        answered=answered,
        coded=coded,
        named=named,
        uncoded=uncoded,
        rare=rare,
    )


def _named(
    con: DuckDBPyConnection, question: Question, wave: str, build: Path
) -> tuple[tuple[Named, ...], int, int]:
    """Entities by how many named them, how many answered, and how many of them did."""
    if not question.entities:
        people = con.execute("SELECT count(DISTINCT respondent) FROM texts").fetchall()
        return (), int(people[0][0]), 0
    rows = con.execute(
        "SELECT item, count(*), count_if(value = 1) FROM"
        f" {parquet(build / 'answers.parquet')} WHERE wave = ? AND status IN"
        " ('answered', 'out_of_base') AND starts_with(item, ? || '.') GROUP BY item",
        [wave, question.id],
    ).fetchall()
    counts = {item.partition(".")[2]: int(ticked) for item, _, ticked in rows}
    answered = max((int(asked) for _, asked, _ in rows), default=0)
    named = (
        Named(code=o.code, label=o.label, respondents=counts.get(o.code, 0))
        for o in question.choices
        if o.code != UNCODED and not o.missing
    )
    ranked = tuple(sorted(named, key=lambda n: -n.respondents))
    return ranked, answered, answered - counts.get(UNCODED, 0)


def _uncoded(
    con: DuckDBPyConnection, question: Question, wave: str
) -> tuple[tuple[Frequent, ...], int]:
    """Texts and words that name nothing, most frequent first; how many are rare."""
    con.execute(statement("parts"))
    con.execute(
        "CREATE TABLE spoken AS SELECT row_number() OVER (ORDER BY plain) AS id, plain,"
        " string_split(plain, ' ') AS words"
        " FROM (SELECT DISTINCT plain FROM parts WHERE plain <> '')"
    )
    con.execute("CREATE TABLE mentions(id INTEGER, code VARCHAR)")
    if question.entities:
        find_mentions(con, question, wave)
    said = {"stop": sorted(SENTENCES)}
    rows = con.execute(statement("unlisted"), said).fetchall()
    often = [Frequent(text=t, plain=p, respondents=n) for t, p, n in rows if n >= LEAST]
    return tuple(often), len(rows) - len(often)
