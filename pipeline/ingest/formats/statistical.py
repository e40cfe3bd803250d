"""SPSS, Stata and SAS files, with what they say of their columns.

Cells are codes as texts; labels, declared missing values and sets of columns (multiple
responses) become `Variable`s. Files are read in pieces of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import DataError
from pipeline.ingest.formats.excel import cell_text, damaged
from pipeline.ingest.formats.parquet import number_text
from pipeline.ingest.formats.text import Header, refuse_wide
from pipeline.ingest.formats.variables import Hint, Variable, tidy

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

PIECE = 50_000  # rows
MANY = 10_000  # codes in a declared range that are listed


def load_statistical(
    con: DuckDBPyConnection, path: Path, kind: str
) -> tuple[Header, tuple[Variable, ...]]:
    """Fill the table `body(c0, …)`; returns the header and what the file says of it."""
    meta, pieces = _open(path, kind)
    names = [str(name) for name in meta.column_names]
    refuse_wide(path, len(names))
    columns = ", ".join(f"c{i} VARCHAR" for i in range(len(names)))
    con.execute(f"CREATE OR REPLACE TABLE body ({columns})")
    for piece in pieces:
        _insert(con, [piece[name] for name in names])
    return [names], tuple(_variable(meta, name) for name in names)


def _open(path: Path, kind: str) -> tuple[Any, Iterator[dict[str, NDArray[Any]]]]:
    import pyreadstat

    readers: dict[str, Callable[..., Any]] = {
        "spss": pyreadstat.read_sav,
        "spss-portable": pyreadstat.read_por,
        "stata": pyreadstat.read_dta,
        "sas": pyreadstat.read_sas7bdat,
        "sas-transport": pyreadstat.read_xport,
    }
    read = readers[kind]
    # What a survey declares as missing is an answer of a kind: keep the codes.
    kept = {"user_missing": True} if kind in ("spss", "stata", "sas") else {}
    try:
        _, meta = read(str(path), metadataonly=True, **kept)
        first, _ = read(str(path), row_limit=1, output_format="dict", **kept)
    except (pyreadstat.ReadstatError, ValueError, OSError) as error:
        raise damaged(path, str(error)) from None

    if not first:
        raise DataError("has no columns", where=str(path), remedy="Export it again.")
    return meta, _pieces(path, read, meta.number_rows, kept)


def _pieces(
    path: Path, read: Callable[..., Any], total: int | None, kept: dict[str, bool]
) -> Iterator[dict[str, NDArray[Any]]]:
    import pyreadstat

    offset, count = 0, PIECE
    while count == PIECE and (total is None or total < 0 or offset < total):
        try:
            rows, _ = read(
                str(path),
                row_offset=offset,
                row_limit=PIECE,
                output_format="dict",
                **kept,
            )
        except (pyreadstat.ReadstatError, ValueError) as error:
            raise damaged(path, str(error)) from None
        count = len(next(iter(rows.values()), []))
        offset += count
        if count:
            yield rows


def _insert(con: DuckDBPyConnection, columns: list[Any]) -> None:
    import numpy as np

    arrays, texts = {}, []
    for i, column in enumerate(columns):
        values = np.asarray(column)
        if values.dtype.kind in "fiu":
            arrays[f"c{i}"] = values.astype(float)
            texts.append(f"{number_text(f'c{i}')} AS c{i}")
        else:
            # Dates, texts, and numbers among lettered missing values such as .a
            said = [_said(value) for value in values.tolist()]
            arrays[f"c{i}"] = np.array(said, object)
            texts.append(f"CAST(c{i} AS VARCHAR) AS c{i}")
    con.register("piece", arrays)
    con.execute(f"INSERT INTO body SELECT {', '.join(texts)} FROM piece")
    con.unregister("piece")


def _said(value: Any) -> str | None:
    missing = value is None or value != value
    return None if missing else cell_text(value) or None


def _variable(meta: Any, name: str) -> Variable:
    labels = meta.variable_value_labels.get(name, {})
    labelled = tuple((cell_text(c), tidy(str(said))) for c, said in labels.items())
    text = tidy(meta.column_names_to_labels.get(name) or "")
    kind = str(meta.original_variable_types.get(name, ""))
    hint: Hint = "date" if _is_date(kind) else ""
    sets: dict[str, dict[str, Any]] = getattr(meta, "mr_sets", None) or {}
    for key, one in sets.items():
        if name in one["variable_list"] and one.get("is_dichotomy", True):
            return Variable(
                name=name,
                text=tidy(one.get("label") or "") or key,
                option=text or name,
                group=key,
                labels=labelled,
                hint="select-all",
                source="a multiple-response set of the file",
            )
    return Variable(
        name=name,
        text=text,
        labels=labelled,
        missing=tuple(_missing(meta, name, labelled)),
        hint=hint,
        source="labels in the file" if labelled else "",
    )


def _is_date(kind: str) -> bool:
    return (
        kind.lstrip("%")
        .upper()
        .startswith(
            ("DATE", "ADATE", "EDATE", "SDATE", "TC", "TD", "JDATE", "YMDHMS", "MMDDYY")
        )
    )


def _missing(
    meta: Any, name: str, labels: tuple[tuple[str, str], ...]
) -> Iterator[str]:
    """The codes declared as missing: single ones, and those of a range."""
    for code in meta.missing_user_values.get(name, ()):
        yield cell_text(code)
    for span in meta.missing_ranges.get(name, ()):
        low, high = span["lo"], span["hi"]
        if low == high:
            yield cell_text(low)
        elif isinstance(low, float) and isinstance(high, float):
            if abs(high) < MANY and abs(low) < MANY and high - low < MANY:
                yield from (str(i) for i in range(ceil(low), floor(high) + 1))
            else:
                # A range to infinity: only its labelled codes can be named.
                yield from (c for c, _ in labels if _within(c, low, high))


def _within(code: str, low: float, high: float) -> bool:
    try:
        return low <= float(code) <= high
    except ValueError:
        return False
