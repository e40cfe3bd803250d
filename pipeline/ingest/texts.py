"""Free texts as they go into the warehouse: without who someone is, on one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.ingest.answers import Answers
from pipeline.ingest.cells import is_free
from pipeline.ingest.columns import Column
from pipeline.ingest.ledger import Scrubbed
from pipeline.scrub import SUSPECT, scrubbed
from pipeline.warehouse import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def keep_texts(
    con: DuckDBPyConnection, columns: Sequence[Column], asked: Iterable[Answers]
) -> list[Scrubbed]:
    """Fill `texts(respondent, question, text)` with what was answered in free text.

    Returns how much was taken out of the answers to each question. Only texts that look
    as if they had something to take out are read one by one.
    """
    tables = {one.question.id: one.table for one in asked}
    con.execute(
        "CREATE OR REPLACE TABLE told(respondent BIGINT, question NAME, col INTEGER,"
        " said VARCHAR)"
    )
    for column in filter(is_free, columns):
        question = column.question.id
        con.execute(
            f"INSERT INTO told SELECT respondent, '{question}', col, said FROM cells"
            f" JOIN {tables[question]} USING (respondent)"
            f" WHERE col = {column.index} AND (seen OR declined)"
        )
    suspects = con.execute(
        "SELECT said, CAST(question AS VARCHAR), count(*) FROM told"
        " WHERE regexp_matches(said, ?) GROUP BY ALL ORDER BY ALL",
        [SUSPECT],
    ).fetchall()
    clean, counts = {}, Counter[tuple[str, str]]()
    for said, question, times in suspects:
        clean[said], taken = scrubbed(said)
        for kind, count in taken.items():
            counts[question, kind] += times * count
    fill(con, "clean(said VARCHAR, text VARCHAR)", list(clean.items()))
    con.execute(
        "CREATE OR REPLACE TABLE texts AS SELECT respondent, question,"
        " trim(regexp_replace(coalesce(text, said), '[\\s\\pZ\\pC]+', ' ', 'g'))"
        " AS text FROM told LEFT JOIN clean USING (said)"
    )
    return [
        Scrubbed(question=question, kind=kind, count=count)
        for (question, kind), count in sorted(counts.items())
    ]
