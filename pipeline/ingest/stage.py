"""The ingest stage: raw exports → answers.parquet, respondents.parquet, ingest.json."""

from __future__ import annotations

from collections.abc import Callable
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


def ingest(
    survey: Survey, raw: Path, build: Path, progress: Callable[[str], None]
) -> Ledger:
    """Read every wave and write its answers; nothing is written if one wave fails."""
    con = connect()
    ledgers: list[WaveLedger] = []
    for wave in survey.waves:
        progress(f"wave {wave.id}")
        ledgers.append(recode_wave(con, survey, wave, raw))
        verb = (
            "INSERT INTO all_answers"
            if len(ledgers) > 1
            else ("CREATE OR REPLACE TABLE all_answers AS")
        )
        con.execute(
            f"{verb} SELECT '{wave.id}' AS wave, * FROM answers"
            " JOIN kept USING (respondent)"
        )
        con.execute(
            f"CREATE TABLE places_{len(ledgers)} AS"
            f" SELECT '{wave.id}' AS wave, * FROM places"
        )
    write_parquet(
        con,
        "SELECT wave, CAST(respondent AS INTEGER) AS respondent,"
        " CAST(item AS VARCHAR) AS item, value, status"
        " FROM all_answers ORDER BY wave, all_answers.item, respondent",
        build / "answers.parquet",
    )
    _write_respondents(con, survey, build / "respondents.parquet")
    ledger = Ledger(survey=survey.id, waves=tuple(ledgers))
    text = msgspec.json.format(msgspec.json.encode(ledger), indent=1)
    replace_file(build / "ingest.json", text + b"\n")
    return ledger


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
        f"SELECT * FROM (SELECT wave, CAST(respondent AS INTEGER) AS respondent,"
        f" any_value(base_weight) AS base_weight{columns}"
        " FROM all_answers LEFT JOIN domains USING (item, value)"
        f" GROUP BY wave, respondent) JOIN ({places}) USING (wave, respondent)"
        " ORDER BY wave, respondent",
        path,
    )
