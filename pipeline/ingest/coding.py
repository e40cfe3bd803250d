"""What free texts name: each text's words → the entities of its question's list.

Spellings are compared as `spoken` writes them, whole words only, wherever they stand.
What a pattern finds in any text is one more spelling. Of spellings that overlap the
longest counts, so that "React Native" does not name React.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from pipeline.definition import Question, Wave
from pipeline.errors import DefinitionError
from pipeline.ingest.columns import Column, missing
from pipeline.reading import UNCODED
from pipeline.warehouse import fill, statement

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Place = tuple[int, int, str, int, int, int]  # text, cluster, code, start, stop, letters


def code_texts(con: DuckDBPyConnection, wave: Wave, columns: Sequence[Column]) -> None:
    """Add to `picks` what those who wrote in these columns named.

    Raises `DefinitionError` for a pattern that cannot be used.
    """
    con.execute(statement("spoken"))
    for _, of_one in groupby(columns, lambda column: column.question.id):
        listed = list(of_one)
        _said(con, wave, [column.index for column in listed])
        find_mentions(con, listed[0].question, wave.id)
        _pick(con, listed[0].question)


def _said(con: DuckDBPyConnection, wave: Wave, columns: list[int]) -> None:
    """Fill `said(respondent, id)` and `spoken(id, plain, words)`: distinct texts."""
    blank = [text for (text,) in con.execute(
        "SELECT DISTINCT spoken(unnest(?::VARCHAR[]))", [sorted(missing(wave))]
    ).fetchall()]  # fmt: skip
    con.execute(
        "CREATE OR REPLACE TABLE written AS SELECT respondent, spoken(said) AS plain"
        " FROM cells WHERE list_contains(?, col)",
        [columns],
    )
    con.execute(
        "CREATE OR REPLACE TABLE spoken AS SELECT row_number() OVER (ORDER BY plain)"
        " AS id, plain, string_split(plain, ' ') AS words FROM"
        " (SELECT DISTINCT plain FROM written WHERE NOT list_contains(?, plain))",
        [["", *blank]],
    )
    con.execute(
        "CREATE OR REPLACE TABLE said AS SELECT respondent, id FROM written"
        " JOIN spoken USING (plain)"
    )


def find_mentions(con: DuckDBPyConnection, question: Question, wave: str) -> None:
    """Fill `mentions(id, code)` with what each text of `spoken` names."""
    listed = [
        (place, option.code, text)
        for place, option in enumerate(question.choices)
        if option.code != UNCODED
        for text in option.spellings(wave)
    ]
    fill(con, "listed(place INTEGER, code VARCHAR, said VARCHAR)", listed)
    con.execute(
        "CREATE OR REPLACE TABLE heard AS SELECT 0 AS rank, place, code,"
        " spoken(said) AS plain FROM listed"
    )
    _hear(con, question)
    con.execute(
        "CREATE OR REPLACE TABLE spellings AS SELECT plain, length(plain) AS letters,"
        " string_split(plain, ' ') AS words, arg_min(code, (rank, place)) AS code"
        " FROM heard WHERE plain <> '' GROUP BY plain"
    )
    con.execute(statement("mentions"))
    con.execute(
        "CREATE OR REPLACE TABLE mentions AS SELECT DISTINCT id, code FROM places"
        " WHERE whole"
    )
    rows: list[Place] = con.execute(
        "SELECT id, cluster, code, start, stop, letters FROM places WHERE NOT settled"
        " ORDER BY id, cluster, letters DESC, start"
    ).fetchall()
    fill(con, "more(id INTEGER, code VARCHAR)", sorted(set(_longest(rows))))
    con.execute("INSERT INTO mentions SELECT * FROM more EXCEPT SELECT * FROM mentions")


def _longest(rows: Sequence[Place]) -> Iterator[tuple[int, str]]:
    """Of places that overlap in part, those left when the longest take theirs first.

    They are few: "native web" in "react native web", where both are listed.
    """
    for (text, _), places in groupby(rows, itemgetter(0, 1)):
        taken: set[int] = set()
        for _, _, code, start, stop, _ in places:
            if taken.isdisjoint(range(start, stop)):
                taken.update(range(start, stop))
                yield text, code


def _hear(con: DuckDBPyConnection, question: Question) -> None:
    """Add to `heard` what patterns find. One look for all tells which texts to read."""
    from duckdb import Error

    patterns = [
        (place, option.code, pattern)
        for place, option in enumerate(question.choices)
        for pattern in option.patterns
    ]
    if not patterns:
        return
    any_of = " (?i:" + "|".join(f"(?:{p})" for _, _, p in patterns) + ") "
    try:
        con.execute(
            "CREATE OR REPLACE TABLE likely AS SELECT ' ' || plain || ' ' AS plain"
            " FROM spoken WHERE regexp_matches(' ' || plain || ' ', ?)",
            [any_of],
        )
        for place, code, pattern in patterns:
            whole = f" (?i:{pattern}) "
            # Neighbours share a space: what the first look left out, the second finds.
            con.execute(
                "INSERT INTO heard SELECT DISTINCT 1, ?, ?, trim(unnest(list_concat("
                "regexp_extract_all(plain, $3), regexp_extract_all("
                "regexp_replace(plain, $3, ' | ', 'g'), $3)))) FROM likely".replace(
                    "?, ?", "$1, $2"
                ),
                [place, code, whole],
            )
    except Error as error:
        raise DefinitionError(
            f"a pattern cannot be used: {error}",
            where=f"entities-{question.entities}.toml",
            remedy="Patterns are those of RE2, without looking around.",
        ) from None


def _pick(con: DuckDBPyConnection, question: Question) -> None:
    """Everyone's mentions into `picks`; who named nothing counts as `UNCODED`."""
    rows = [
        (
            option.code,
            question.id if option.missing else f"{question.id}.{option.code}",
            question.value(option.code) if option.missing else 1,
            "declined" if option.missing else "answered",
        )
        for option in question.choices
    ]
    fill(
        con,
        "kinds(code VARCHAR, item NAME, value DECIMAL(18,4), verdict VARCHAR)",
        rows,
    )
    con.execute(
        "INSERT INTO picks WITH named AS (SELECT DISTINCT respondent, code FROM said"
        " JOIN mentions USING (id)), everyone AS (SELECT * FROM named UNION ALL"
        " SELECT DISTINCT respondent, $1 FROM said ANTI JOIN named USING (respondent))"
        " SELECT respondent, CAST($2 AS NAME), item, value, verdict FROM everyone"
        " JOIN kinds USING (code)",
        [UNCODED, question.id],
    )
