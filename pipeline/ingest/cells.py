"""The cells of an export as numbers, and the distinct texts that they stand for.

Each column becomes an ENUM of its texts. What a text means is then looked up by number:
with texts, an export of a million rows took four times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Wave
from pipeline.ingest.columns import Column, Meaning, Reader, missing, numbered
from pipeline.ingest.ledger import Repaired
from pipeline.ingest.repairs import repaired
from pipeline.load import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What `plain` takes for a space: str.split() splits at each of these.
SPACES = "".join(c for c in map(chr, range(0x3001)) if c.isspace())


class Text(msgspec.Struct, frozen=True):
    """A distinct text of a column: as it stands, and as it is read once repaired.

    `count` cells have it, that of the row `first` before the others.
    """

    column: int
    raw: str
    said: str
    count: int
    first: int


def kind_of(column: int) -> str:
    """The type of a column's cells: an ENUM of its texts."""
    return f"TEXT{column}"


def is_free(column: Column) -> bool:
    """Is it free text, of which hardly two cells are the same?"""
    return column.question.kind == "open" or bool(column.question.entities)


def _places(columns: Iterable[Column], *, free: bool) -> list[int]:
    """Which columns of the export these are, in order."""
    return sorted({c.index for c in columns if is_free(c) == free})


def split_cells(con: DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """Fill two tables with what those kept said.

    `coded(respondent, c0, …)` has the cells as ENUMs, `cells(respondent, col, said)`
    those of free texts.
    """
    con.execute("DROP TABLE IF EXISTS coded")
    coded = _places(columns, free=False)
    for i in coded:
        con.execute(f"DROP TYPE IF EXISTS {kind_of(i)}")
        con.execute(
            f"CREATE TYPE {kind_of(i)} AS ENUM (SELECT DISTINCT c{i} FROM raw"
            f" WHERE c{i} IS NOT NULL ORDER BY 1)"
        )
    listed = "".join(f", CAST(c{i} AS {kind_of(i)}) AS c{i}" for i in coded)
    those = "FROM raw SEMI JOIN kept USING (respondent)"
    con.execute(f"CREATE TABLE coded AS SELECT respondent{listed} {those}")
    con.execute(
        "CREATE OR REPLACE TABLE cells(respondent BIGINT, col INTEGER, said VARCHAR)"
    )
    for i in _places(columns, free=True):
        con.execute(
            f"INSERT INTO cells SELECT respondent, {i}, c{i} {those}"
            f" WHERE c{i} IS NOT NULL"
        )


def texts_of(
    con: DuckDBPyConnection, columns: Iterable[Column], wave: Wave
) -> list[Text]:
    """The distinct texts of `coded`, by column and in order."""
    return [
        Text(i, raw, repaired(raw, wave.repair), count, first)
        for i in _places(columns, free=False)
        for raw, count, first in con.execute(
            f"SELECT CAST(c{i} AS VARCHAR), count(*), min(respondent) FROM coded"
            f" WHERE c{i} IS NOT NULL GROUP BY c{i} ORDER BY c{i}"
        ).fetchall()
    ]


def repairs(texts: Iterable[Text], names: Sequence[str]) -> list[Repaired]:
    """What of the wave's known damage was undone."""
    return [
        Repaired(
            column=names[t.column], before=t.raw[:80], after=t.said[:80], count=t.count
        )
        for t in texts
        if t.said != t.raw
    ]


def meanings(
    wave: Wave, columns: Iterable[Column], texts: Iterable[Text]
) -> list[Meaning]:
    """What every text means, by column and in order of what is said."""
    said = sorted({(t.column, t.said) for t in texts})
    by_column: dict[int, set[str]] = {}
    for column, text in said:
        by_column.setdefault(column, set()).add(plain(text))
    readers: dict[int, list[Reader]] = {}
    for _, of_one in groupby(columns, lambda c: c.question.id):
        for one in numbered(of_one, by_column):
            if not is_free(one):
                readers.setdefault(one.index, []).append(Reader(one, wave))
    return [
        meaning
        for column, text in said
        for reader in readers[column]
        for meaning in reader.meanings(text)
    ]


def raw_texts(texts: Iterable[Text]) -> Mapping[tuple[int, str], list[str]]:
    """By column and what is said, the texts that say it."""
    found: dict[tuple[int, str], list[str]] = {}
    for text in texts:
        found.setdefault((text.column, text.said), []).append(text.raw)
    return found


def silent_texts(
    con: DuckDBPyConnection, wave: Wave, cell: str, source: str
) -> list[str]:
    """The texts of a column (`cell` of `source`, in SQL) that are no answer.

    `plain` shortens a text by nothing but spaces: one that is longer without them than
    any that is no answer need not be looked at.
    """
    blank = missing(wave)
    short = con.execute(
        f"SELECT DISTINCT {cell} FROM {source}"
        f" WHERE length(translate({cell}, ?, '')) <= ?",
        [SPACES, max(map(len, blank))],
    ).fetchall()
    return [text for (text,) in short if plain(text) in blank]
