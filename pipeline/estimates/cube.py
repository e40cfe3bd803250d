"""The cube: sums of weights by item, answer and domain, from one scan of the answers.

Count, Σw and Σw² of those who gave each answer are all that weights-only estimates
need: shares, means, quantiles, modes and their linearised variances follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.definition import Question, Survey
from pipeline.warehouse import statement

if TYPE_CHECKING:
    from typing import Any

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Slice(msgspec.Struct, frozen=True):
    """One question in one wave, split one way.

    Arrays are domains × values: `count`, `w` = Σw and `w2` = Σw² of those who gave the
    value; `n`, `W` and `W2` the same of all who answered. For a select-all question the
    values are its options and a respondent may be in several.
    """

    wave: str
    question: Question
    by: str
    domains: tuple[str, ...]
    values: Floats
    count: Floats
    w: Floats
    w2: Floats
    n: Floats
    W: Floats
    W2: Floats
    respondents: int


def splits(survey: Survey) -> list[tuple[str, ...]]:
    """The ways to split: everyone, each dimension, each cross."""
    single = [(d.id,) for d in survey.dimensions]
    return [(), *single, *survey.crosses]


def cube(con: DuckDBPyConnection, survey: Survey) -> Iterator[Slice]:
    """All slices of the survey, from tables `answers` and `people`."""
    dims = [d.id for d in survey.dimensions]
    sums = _sums(con, survey, dims)
    sizes = dict(
        con.execute("SELECT wave, count(*) FROM people GROUP BY wave").fetchall()
    )
    for wave in survey.waves:
        here = _where(sums, sums["wave"] == wave.id)
        for question in survey.asked_in(wave.id):
            mine = _where(here, np.isin(here["item"], list(question.items())))
            for by in splits(survey):
                split = _where(mine, _is_split(mine, dims, by))
                if len(split["n"]):
                    yield _slice(wave.id, question, by, split, sizes[wave.id])


def _sums(con: DuckDBPyConnection, survey: Survey, dims: list[str]) -> dict[str, Any]:
    names = "".join(f', p."{d}"' for d in dims)
    rolled = "".join(f', GROUPING(p."{d}") AS "rolled_{d}"' for d in dims)
    sets = ", ".join(
        "(" + "a.wave, a.item, a.value" + "".join(f', p."{d}"' for d in by) + ")"
        for by in splits(survey)
    )
    query = statement("sums").format(columns=names + rolled, sets=sets)
    floats = "CAST(value AS DOUBLE) AS value, CAST(sum_w AS DOUBLE) AS sum_w"
    found = con.execute(
        f"SELECT * REPLACE ({floats}, CAST(sum_w2 AS DOUBLE) AS sum_w2) FROM ({query})"
    )
    return {
        k: np.ma.filled(v, "") if v.dtype == object else np.asarray(v)
        for k, v in found.fetchnumpy().items()
    }


def _where(columns: dict[str, Any], mask: Any) -> dict[str, Any]:
    return {name: values[mask] for name, values in columns.items()}


def _is_split(columns: dict[str, Any], dims: list[str], by: tuple[str, ...]) -> Any:
    """Rows of this grouping set whose domains are all known."""
    mask = np.ones(len(columns["n"]), dtype=bool)
    for d in dims:
        if d in by:
            mask &= (columns[f"rolled_{d}"] == 0) & (columns[d] != "")
        else:
            mask &= columns[f"rolled_{d}"] == 1
    return mask


def _slice(
    wave: str, question: Question, by: tuple[str, ...], rows: dict[str, Any], size: int
) -> Slice:
    keys = ["*".join(k) for k in zip(*(rows[d] for d in by), strict=True)]
    domain = np.array(keys if by else [""] * len(rows["n"]), dtype=object)
    domains, at = np.unique(domain, return_inverse=True)
    values, column, counted = _columns(question, rows)
    shape = (len(domains), len(values))
    dense = {}
    for name in ("n", "sum_w", "sum_w2"):
        dense[name] = np.zeros(shape)
        np.add.at(dense[name], (at[counted], column[counted]), rows[name][counted])
    base = _base(question.items(wave), rows, at, len(domains))
    return Slice(
        wave,
        question,
        "*".join(by),
        tuple(domains),
        values,
        dense["n"],
        dense["sum_w"],
        dense["sum_w2"],
        *base,
        size,
    )


def _columns(question: Question, rows: dict[str, Any]) -> tuple[Floats, Ints, Any]:
    """The values across, the column of each row, and which rows count as given."""
    if question.kind == "select-all":
        place = {item: i for i, item in enumerate(question.items())}
        column = np.array([place[item] for item in rows["item"]], dtype=np.int64)
        return np.arange(1.0, len(place) + 1), column, rows["value"] == 1
    if question.kind == "numeric":
        values = np.unique(rows["value"])
    else:
        kept = [o.code for o in question.choices if not o.missing]
        values = np.array([float(question.value(code)) for code in kept])
    order = np.argsort(values)
    column = order[np.searchsorted(values, rows["value"], sorter=order)]
    return values, column, np.ones(len(column), dtype=bool)


def _base(
    items: tuple[str, ...], rows: dict[str, Any], at: Ints, size: int
) -> tuple[Floats, Floats, Floats]:
    """n, Σw and Σw² of all who answered, by domain: each has a row for each item."""
    once = rows["item"] == items[0]
    n, total, squares = (
        np.bincount(at[once], rows[name][once].astype(float), size).astype(float)
        for name in ("n", "sum_w", "sum_w2")
    )
    return n, total, squares
