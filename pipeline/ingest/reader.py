"""The files of a wave → a table of text cells in DuckDB, and the names of its columns.

How a file is read is seen from its content (`pipeline.ingest.formats`); nothing is
interpreted yet.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline.definition import Wave
from pipeline.errors import DataError, Missing
from pipeline.ingest.formats import monkey_json
from pipeline.ingest.formats.database import load_database
from pipeline.ingest.formats.excel import sheet_rows
from pipeline.ingest.formats.files import kind_of
from pipeline.ingest.formats.headers import names, variables
from pipeline.ingest.formats.parquet import load_parquet, load_parts
from pipeline.ingest.formats.parts import is_many, parts_of
from pipeline.ingest.formats.statistical import load_statistical
from pipeline.ingest.formats.text import load_rows, load_text
from pipeline.ingest.formats.variables import Variable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Export(msgspec.Struct, frozen=True):
    """One file as read: its columns in order, its rows, its digest."""

    path: Path
    variables: tuple[Variable, ...]
    rows: int
    sha256: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(v.name for v in self.variables)


def read_wave(con: DuckDBPyConnection, wave: Wave, raw: Path) -> tuple[Export, ...]:
    """Load all files of a wave into the view `raw(respondent, c0, c1, …)`.

    `respondent` is the row as a spreadsheet counts it; in a second file counting goes
    on after the last row of the first. Raises `Missing` and `DataError`.
    """
    exports: list[Export] = []
    parts: list[str] = []
    offset = 0
    for name in wave.files:
        path = raw / name
        if is_many(raw, name):
            many = parts_of(raw, name)
            header_rows, digest = 1, many.digest()
            found = variables("csv", load_parts(con, many))
        elif not path.exists():
            raise _not_here(path, wave)
        else:
            found, digest, header_rows = _load(con, path, wave)
        if exports and found != exports[0].variables:
            raise DataError(
                f"its columns are not those of {exports[0].path.name}",
                where=str(path),
                remedy="All files of a wave need the same columns in the same order.",
            )
        rows = _append(con, offset + header_rows, parts)
        if not rows:
            raise DataError(
                "has a header but no rows", where=str(path), remedy="Export it again."
            )
        offset += rows + header_rows
        exports.append(Export(path, found, rows, digest))
    return tuple(exports)


def _load(
    con: DuckDBPyConnection, path: Path, wave: Wave
) -> tuple[tuple[Variable, ...], str, int]:
    """Fill `body`; returns the columns, the digest, and how many rows are a header."""
    kind, count = kind_of(path), wave.header_rows
    if kind == "text":
        header, digest = load_text(con, path, wave.encoding, wave.delimiter, count)
        return variables(wave.format or "csv", header), digest, count
    if kind == "excel":
        header = load_rows(con, path, sheet_rows(path, wave.sheet)[1], count)
        return variables(wave.format or "csv", header), _digest(path), count
    if kind == "surveymonkey-json":
        header = load_rows(con, path, monkey_json.response_rows(path), 1)
        return monkey_json.variables(tuple(header[0])), _digest(path), 1
    if kind == "parquet":
        header = load_parquet(con, path)
    elif kind == "duckdb":
        header = load_database(con, path, wave.sheet)
    else:
        header, found = load_statistical(con, path, kind)
        called = names("csv", header)
        told = zip(found, called, strict=True)
        renamed = tuple(msgspec.structs.replace(v, name=name) for v, name in told)
        return renamed, _digest(path), 1
    return variables("csv", header), _digest(path), 1


def _append(con: DuckDBPyConnection, offset: int, parts: list[str]) -> int:
    """Keep `body` as a part of `raw`, numbered after `offset`; returns its rows.

    `raw` is a view: to copy a million rows took as long as to read them.
    """
    table = f"file_{len(parts)}"
    con.execute(f"DROP TABLE IF EXISTS {table}; ALTER TABLE body RENAME TO {table}")
    parts.append(f"SELECT {offset + 1} + rowid AS respondent, * FROM {table}")
    con.execute(f"CREATE OR REPLACE VIEW raw AS {' UNION ALL '.join(parts)}")
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _not_here(path: Path, wave: Wave) -> Missing:
    return Missing(
        f"the raw responses of wave {wave.id} are not here",
        where=str(path),
        remedy=f"Source: {wave.source or 'your survey platform'}\n"
        "  Put the file there, or say where it is with --raw DIR.",
    )
