"""The cube: every question by every split, with the sums that its estimates need.

Σw and Σw² of those who gave each answer, in each sampling unit and each weighting
margin, are all that estimates and their variances need; respondents stay in DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Question, Survey
from pipeline.estimates.scan import scan, splits
from pipeline.estimates.scheme import Scheme, scheme_of
from pipeline.estimates.spread import Rows, Spread

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]


class Slice(msgspec.Struct, frozen=True):
    """One question in one wave, split one way.

    Arrays are domains × values: `count` and `w` = Σw of those who gave the value; `n`,
    `W` and `W2` (domains,) the count, Σw and Σw² of all who answered. For a select-all
    question the values are its options and a respondent may be in several. `spread`
    has the variances and `df` their degrees of freedom.
    """

    wave: str
    question: Question
    by: str
    domains: tuple[str, ...]
    values: Floats
    count: Floats
    w: Floats
    n: Floats
    W: Floats
    W2: Floats
    spread: Spread
    df: float


class _Asked(msgspec.Struct, frozen=True):
    """A question in a wave: its first item's number, and one that everyone answered."""

    wave: str
    question: Question
    start: int
    base: int


class _Split(msgspec.Struct, frozen=True):
    """A way to split, with the codes of each dimension's domains (0: unknown)."""

    by: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]

    def number(self, rows: Columns) -> Ints:
        """The domain of each row as one number, -1 if any part is unknown."""
        found = np.zeros(len(rows["n"]), dtype=np.int64)
        known = np.ones(len(found), dtype=bool)
        for dimension, codes in zip(self.by, self.codes, strict=True):
            found = found * len(codes) + rows[dimension]
            known &= rows[dimension] > 0
        return np.where(known, found, -1)

    def name(self, number: int) -> str:
        """The domain's code, `role*industry` for a cross."""
        parts = []
        for codes in reversed(self.codes):
            number, place = divmod(number, len(codes))
            parts.append(codes[place])
        return "*".join(reversed(parts))


def cube(con: DuckDBPyConnection, survey: Survey) -> Iterator[Slice]:
    """All slices of the survey, from the warehouse."""
    codes = {
        d.id: ("", *(g.code for g in survey.domains(d.id))) for d in survey.dimensions
    }
    items = survey.items()
    ways = [_Split(by, tuple(codes[d] for d in by)) for by in splits(survey)]
    for wave in survey.waves:
        scheme = scheme_of(con, survey, wave)
        found = scan(con, survey, wave.id, scheme)
        for question in survey.asked_in(wave.id):
            if question.kind == "open":
                continue
            mine, here = question.items(), question.items(wave.id)
            start, base = items.index(mine[0]), items.index(here[0])
            asked = _Asked(wave.id, question, start, base)
            for way in ways:
                rows = found.part(way.by, start, len(mine))
                margins = [
                    _by_margin(found.part((*way.by, d), start, len(mine)), d, scheme)
                    for d in scheme.dimensions
                ]
                part = _slice(asked, way, rows, margins, scheme)
                if part is not None:
                    yield part


def _by_margin(rows: Columns, dimension: str, scheme: Scheme) -> Columns:
    """Rows with their column of x: that of their domain of a weighting dimension."""
    return rows | {"margin": scheme.margin(dimension)[rows[dimension]]}


def _slice(
    asked: _Asked,
    way: _Split,
    rows: Columns,
    margins: list[Columns],
    scheme: Scheme,
) -> Slice | None:
    """A question split one way; None if nobody of a known domain answered."""
    numbers = np.unique(way.number(rows))
    numbers = numbers[numbers >= 0]
    if not len(numbers):
        return None
    values = _values(asked.question, rows)
    base, given = _rows(asked, way, numbers, values, [rows])
    base_by, given_by = _rows(asked, way, numbers, values, margins)
    spread = Spread(
        scheme.frame,
        len(values),
        base,
        given,
        scheme.fitted,
        base_by,
        given_by,
        scheme.replication,
    )
    at = given.domain * len(values) + given.value
    shape = (len(numbers), len(values))
    count, w = (
        np.bincount(at, part, shape[0] * shape[1]).astype(float).reshape(shape)
        for part in (given.n, given.w)
    )
    n, total, squares = (
        np.bincount(base.domain, part, len(numbers)).astype(float)
        for part in (base.n, base.w, base.w2)
    )
    return Slice(
        asked.wave,
        asked.question,
        "*".join(way.by),
        tuple(way.name(number) for number in numbers.tolist()),
        values,
        count,
        w,
        n,
        total,
        squares,
        spread,
        scheme.df,
    )


def _values(question: Question, rows: Columns) -> Floats:
    """The values across: options of a select-all by number, else the answers' own."""
    if question.kind == "select-all":
        return np.arange(1.0, len(question.items()) + 1)
    if question.kind == "numeric":
        return np.unique(rows["value"])
    kept = [o.code for o in question.choices if not o.missing]
    return np.array([float(question.value(code)) for code in kept])


def _rows(
    asked: _Asked,
    way: _Split,
    numbers: Ints,
    values: Floats,
    tables: list[Columns],
) -> tuple[Rows, Rows]:
    """Rows of all who answered, and of those who gave each value, from all tables."""
    if not tables:
        none, empty = np.empty(0), np.empty(0, dtype=np.int64)
        rows = Rows(empty, empty, empty, empty, none, none, none, none, none)
        return rows, rows
    table = {
        name: np.concatenate([t[name] for t in tables]) if len(tables) > 1 else column
        for name, column in tables[0].items()
    }
    number = way.number(table)
    domain = np.searchsorted(numbers, number)
    if asked.question.kind == "select-all":
        value = table["item"].astype(np.int64) - asked.start
        chosen = table["value"] == 1
    else:
        order = np.argsort(values)
        value = order[np.searchsorted(values, table["value"], sorter=order)]
        chosen = np.ones(len(value), dtype=bool)
    # Each item of a select-all was answered by the same respondents.
    known = number >= 0
    base = known & (table["item"] == asked.base)
    return (
        _chosen(table, domain, value, base),
        _chosen(table, domain, value, known & chosen),
    )


def _chosen(table: Columns, domain: Ints, value: Ints, kept: Any) -> Rows:
    margin = table.get("margin", np.full(len(domain), -1))
    replicates = [table[k] for k in table if k[0] == "r" and k[1:].isdigit()]
    return Rows(
        domain=domain[kept],
        value=value[kept],
        margin=margin[kept],
        place=table["place"][kept],
        n=table["n"][kept],
        w=table["w"][kept],
        w2=table["w2"][kept],
        q=table["q"][kept],
        weights=np.array([part[kept] for part in replicates]),
    )
