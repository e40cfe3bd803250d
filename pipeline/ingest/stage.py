"""The ingest stage: raw exports → answers, respondents and texts, and their account."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Survey
from pipeline.ingest.ledger import Ledger, WaveLedger
from pipeline.ingest.recode import recode_wave
from pipeline.project import replace_file
from pipeline.warehouse import connect, fill, write_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGE = 100_000_000  # bytes of raw files; worked on in memory they take 35 times that
MEMORY = "3GB"


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
    paths = (raw / name for wave in survey.waves for name in wave.files)
    if sum(path.stat().st_size for path in paths if path.is_file()) < LARGE:
        with connect() as con:
            yield con
        return
    with (
        tempfile.TemporaryDirectory(prefix="stateof-") as folder,
        connect(Path(folder) / "work.duckdb") as con,
    ):
        con.execute(f"SET memory_limit = '{MEMORY}'")
        yield con


def _ingest(
    con: DuckDBPyConnection,
    survey: Survey,
    raw: Path,
    build: Path,
    progress: Callable[[str], None],
    key: bytes,
) -> Ledger:
    ledgers: list[WaveLedger] = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        ledgers.append(recode_wave(con, survey, wave, raw, key))
        for table in ("answers", "texts"):
            verb = f"CREATE OR REPLACE TABLE all_{table} AS"
            verb = f"INSERT INTO all_{table}" if len(ledgers) > 1 else verb
            con.execute(f"{verb} SELECT '{wave.id}' AS wave, * FROM {table}")
        con.execute(
            f"CREATE TABLE places_{len(ledgers)} AS"
            f" SELECT '{wave.id}' AS wave, kept.base_weight, places.* FROM places"
            " JOIN kept USING (respondent)"
        )
    write_parquet(
        con,
        "SELECT wave, CAST(respondent AS INTEGER) AS respondent,"
        " CAST(item AS VARCHAR) AS item, value, status"
        " FROM all_answers ORDER BY wave, all_answers.item, respondent",
        build / "answers.parquet",
    )
    write_parquet(
        con,
        "SELECT wave, CAST(question AS VARCHAR) AS question,"
        " CAST(respondent AS INTEGER) AS respondent, text"
        " FROM all_texts ORDER BY wave, all_texts.question, respondent, text",
        build / "texts.parquet",
    )
    _write_respondents(con, survey, build / "respondents.parquet")
    return Ledger(survey=survey.id, waves=tuple(ledgers))


def _write_respondents(con: DuckDBPyConnection, survey: Survey, path: Path) -> None:
    rows = [
        (d.id, survey.dimension(d.id).question, value, group.code)
        for d in survey.dimensions
        for group in survey.domains(d.id)
        for value in (survey.question(d.question).value(code) for code in group.options)
    ]
    fill(
        con,
        "domains(dimension VARCHAR, item NAME, value DECIMAL(18,4), code VARCHAR)",
        rows,
    )
    columns = "".join(
        f", max(CASE WHEN dimension = '{d.id}' THEN code END) AS \"{d.id}\""
        for d in survey.dimensions
    )
    # Waves may be drawn differently: what one does not have is empty in it.
    places = " UNION ALL BY NAME ".join(
        f"SELECT * FROM places_{i + 1}" for i in range(len(survey.waves))
    )
    write_parquet(
        con,
        "SELECT p.wave, CAST(p.respondent AS INTEGER) AS respondent, p.base_weight,"
        " d.* EXCLUDE (wave, respondent), p.* EXCLUDE (wave, respondent, base_weight)"
        f" FROM ({places}) AS p LEFT JOIN (SELECT wave, respondent{columns}"
        " FROM all_answers JOIN domains USING (item, value)"
        " GROUP BY wave, respondent) AS d USING (wave, respondent)"
        " ORDER BY p.wave, p.respondent",
        path,
    )
