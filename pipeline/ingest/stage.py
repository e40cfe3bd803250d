"""The ingest stage: raw exports → answers, respondents and texts, and their account."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Survey
from pipeline.ingest.answers import STATUSES, Answers
from pipeline.ingest.formats.parts import is_many
from pipeline.ingest.ledger import Ledger, WaveLedger
from pipeline.ingest.recode import recode_wave
from pipeline.project import replace_file
from pipeline.warehouse import connect, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGE = 100_000_000  # bytes of raw files; worked on in memory they take 35 times that
MEMORY = "3GB"
# The left table of a join stays the one that is gone through, in its order: all tables
# are in order of respondent, and nothing needs to be sorted in the end.
IN_ORDER = "SET disabled_optimizers = 'join_order,build_side_probe_side'"


def ingest(
    survey: Survey,
    raw: Path,
    build: Path,
    progress: Callable[[str], None],
    key: bytes = b"",
) -> Ledger:
    """Read every wave and write its answers; nothing is written if one wave fails.

    With a `key`, respondents get pseudonyms by which their waves can be joined.
    """
    with _workspace(survey, raw) as con:
        ledger = _ingest(con, survey, raw, build, progress, key)
    text = msgspec.json.format(msgspec.json.encode(ledger), indent=1)
    replace_file(build / "ingest.json", text + b"\n")
    return ledger


@contextmanager
def _workspace(survey: Survey, raw: Path) -> Iterator[DuckDBPyConnection]:
    """Where waves are worked on: in memory, or, if their files are large, in a file
    that is deleted in the end, with a bound on memory."""
    names = (name for wave in survey.waves for name in wave.files)
    if sum(_size(raw, name) for name in names) < LARGE:
        with connect() as con:
            con.execute(IN_ORDER)
            yield con
        return
    with (
        tempfile.TemporaryDirectory(prefix="stateof-") as folder,
        connect(Path(folder) / "work.duckdb") as con,
    ):
        con.execute(f"SET memory_limit = '{MEMORY}'; {IN_ORDER}")
        yield con


def _size(raw: Path, name: str) -> int:
    if is_many(raw, name):  # compressed, and meant for what memory cannot hold
        return LARGE
    path = raw / name
    return path.stat().st_size if path.is_file() else 0


def _ingest(
    con: DuckDBPyConnection,
    survey: Survey,
    raw: Path,
    build: Path,
    progress: Callable[[str], None],
    key: bytes,
) -> Ledger:
    ledgers: list[WaveLedger] = []
    asked: list[Answers] = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        ledger, answers = recode_wave(con, survey, wave, raw, key)
        ledgers.append(ledger)
        asked += answers
        verb = (
            "INSERT INTO all_texts" if len(ledgers) > 1 else "CREATE TABLE all_texts AS"
        )
        con.execute(f"{verb} SELECT '{wave.id}' AS wave, * FROM texts")
        con.execute(
            f"CREATE TABLE places_{len(ledgers)} AS"
            f" SELECT '{wave.id}' AS wave, kept.base_weight, places.* FROM places"
            " JOIN kept USING (respondent)"
        )
    _people(con, survey, asked)
    # Written by one thread: how many share the work would be seen in the bytes.
    con.execute("SET threads = 1")
    _write_answers(con, survey, asked, build / "answers.parquet")
    write_parquet(
        con,
        "SELECT wave, CAST(question AS VARCHAR) AS question,"
        " CAST(respondent AS INTEGER) AS respondent, text"
        " FROM all_texts ORDER BY wave, all_texts.question, respondent, text",
        build / "texts.parquet",
    )
    query = "SELECT * FROM people ORDER BY wave, respondent"
    write_parquet(con, query, build / "respondents.parquet")
    return Ledger(survey=survey.id, waves=tuple(ledgers))


def _write_answers(
    con: DuckDBPyConnection, survey: Survey, asked: Sequence[Answers], path: Path
) -> None:
    """By wave, item and respondent. Each table is in order of respondent already."""
    waves = ", ".join(f"'{wave}'" for wave in sorted(w.id for w in survey.waves))
    con.execute(f"CREATE TYPE WAVE AS ENUM ({waves})")
    con.execute(f"CREATE TYPE STATUS AS ENUM {STATUSES}")
    con.execute(
        "CREATE TABLE answers(wave WAVE, respondent INTEGER, item NAME,"
        " value DECIMAL(18,4), status STATUS)"
    )
    parts = ((one.wave, item, one.rows(item)) for one in asked for item in one.items)
    for _, _, rows in sorted(parts):
        con.execute(f"INSERT INTO answers {rows}")
    # Rows that count up, and texts that are numbers: a tenth of the bytes.
    write_parquet(con, "FROM answers", path, ", PARQUET_VERSION v2")


def _people(con: DuckDBPyConnection, survey: Survey, asked: Sequence[Answers]) -> None:
    """Fill `people`: where each respondent was drawn, and the domains they are in."""
    tables = {(one.wave, one.question.id): one.table for one in asked}
    waves = [
        _wave_people(survey, i, {q: t for (w, q), t in tables.items() if w == wave.id})
        for i, wave in enumerate(survey.waves, 1)
    ]
    # Waves may be drawn differently: what one does not have is empty in it.
    con.execute(f"CREATE TABLE people AS {' UNION ALL BY NAME '.join(waves)}")


def _wave_people(survey: Survey, number: int, tables: dict[str, str]) -> str:
    """SQL of one wave's respondents."""
    domains, joined = "", ""
    for dimension in survey.dimensions:
        question = survey.question(dimension.question)
        cases = "".join(
            f" WHEN {question.value(code)} THEN '{group.code}'"
            for group in survey.domains(dimension.id)
            for code in group.options
        )
        if question.id in tables and cases:
            domains += f', CASE "={question.id}".v0{cases} END AS "{dimension.id}"'
        else:
            domains += f', CAST(NULL AS VARCHAR) AS "{dimension.id}"'
    for question_id in dict.fromkeys(d.question for d in survey.dimensions):
        if question_id in tables:
            joined += (
                f' JOIN {tables[question_id]} AS "={question_id}" USING (respondent)'
            )
    return (
        f"SELECT p.wave, CAST(p.respondent AS INTEGER) AS respondent, p.base_weight"
        f"{domains}, p.* EXCLUDE (wave, respondent, base_weight)"
        f" FROM places_{number} AS p{joined}"
    )
