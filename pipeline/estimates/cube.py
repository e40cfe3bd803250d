"""The cube: every question by every split, with the sums that its estimates need.

Σw and Σw² of those who gave each answer, in each sampling unit and each weighting
margin, are all that estimates and their variances need; respondents stay in DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pipeline.definition import Question, Survey
from pipeline.engines import Source, here
from pipeline.estimates.batch import Batch, alike, batch_of
from pipeline.estimates.rollup import replicate_names
from pipeline.estimates.scan import Scan, scan, splits
from pipeline.estimates.scheme import Scheme, scheme_of
from pipeline.estimates.spread import Rows, Spread

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Texts = NDArray[np.object_]
    Columns = dict[str, NDArray[Any]]

# Numbers in the largest array of a slice, by stratum or margin: what the cache holds.
LARGEST = 200_000


class Slice(msgspec.Struct, frozen=True):
    """A batch of questions in one wave, split one way.

    A row is a domain of a question: `question` is its place in the batch, `domain` the
    domain's code. Arrays are rows × values: `count` and `w` = Σw of those who gave the
    value; `n`, `W` and `W2` (rows,) the count, Σw and Σw² of all who answered. For a
    select-all question the values are its options and a respondent may be in several.
    `spread` has the variances and `df` their degrees of freedom.
    """

    batch: Batch
    by: str
    question: Ints
    domain: Texts
    values: Floats
    count: Floats
    w: Floats
    n: Floats
    W: Floats
    W2: Floats
    spread: Spread
    df: float


class _Split(msgspec.Struct, frozen=True):
    """A way to split, with the codes of each dimension's domains (0: unknown)."""

    by: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]

    def size(self) -> int:
        """How many numbers `number` may give."""
        return int(np.prod([len(codes) for codes in self.codes]))

    def number(self, rows: Columns) -> Ints:
        """The domain of each row as one number, -1 if any part is unknown."""
        found = np.zeros(len(rows["n"]), dtype=np.int64)
        known = np.ones(len(found), dtype=bool)
        for dimension, codes in zip(self.by, self.codes, strict=True):
            found = found * len(codes) + rows[dimension]
            known &= rows[dimension] > 0
        return np.where(known, found, -1)

    def names(self) -> Texts:
        """The domains' codes by number, `role*industry` for a cross."""
        found = [""]
        for i, codes in enumerate(self.codes):
            found = [f"{a}*{b}" if i else b for a in found for b in codes]
        return np.array(found, dtype=object)


def cube(
    con: DuckDBPyConnection, survey: Survey, source: Source = here
) -> Iterator[Slice]:
    """All slices of the survey; `source` is where what the warehouse names lies."""
    codes = {
        d.id: ("", *(g.code for g in survey.domains(d.id))) for d in survey.dimensions
    }
    ways = [_Split(by, tuple(codes[d] for d in by)) for by in splits(survey)]
    for wave in survey.waves:
        scheme = scheme_of(con, survey, wave)
        groups = alike(survey, wave.id)
        numeric = [group for group in groups if group[0].kind == "numeric"]
        coded = [group for group in groups if group[0].kind != "numeric"]
        if coded:
            found = scan(
                con, survey, wave.id, scheme, "answer", splits(survey), source=source
            )
            yield from _slices(survey, wave.id, scheme, ways, found, coded)
        if numeric:
            found = scan(
                con, survey, wave.id, scheme, "value", splits(survey), source=source
            )
            yield from _slices(survey, wave.id, scheme, ways, found, numeric)


def of_everyone(
    survey: Survey,
    wave: str,
    scheme: Scheme,
    found: Scan,
    questions: Sequence[Question],
) -> Iterator[Slice]:
    """A slice of everyone for each of these questions, whose answers were scanned."""
    each = [[question] for question in questions]
    return _slices(survey, wave, scheme, [_Split((), ())], found, each)


def _slices(
    survey: Survey,
    wave: str,
    scheme: Scheme,
    ways: list[_Split],
    found: Scan,
    groups: list[list[Question]],
) -> Iterator[Slice]:
    """The slices of these questions, whose answers were scanned."""
    most = LARGEST // (max(way.size() for way in ways) * _depth(scheme))
    batches = [
        batch_of(survey, wave, some) for group in groups for some in _few(group, most)
    ]
    for way in ways:
        rows = _numbered(way, found.part(way.by))
        by = [
            _by_margin(way, found.part((*way.by, d)), d, scheme)
            for d in scheme.dimensions
        ]
        common = [name for name in by[0] if all(name in t for t in by)] if by else []
        joined = {name: np.concatenate([t[name] for t in by]) for name in common}
        for batch in batches:
            part = _slice(batch, way, rows, joined, scheme)
            if part is not None:
                yield part


def _few(group: list[Question], most: int) -> Iterator[list[Question]]:
    """The group in parts that have up to `most` values, or one question."""
    size = max(1, most // max(1, *(len(q.choices) for q in group)))
    return (group[first : first + size] for first in range(0, len(group), size))


def _depth(scheme: Scheme) -> int:
    """How many numbers a variance needs for each estimate, at once."""
    margins = len(scheme.fitted.solve) if scheme.fitted is not None else 1
    return max(margins, *(len(stage.size) for stage in scheme.frame.stages))


def _numbered(way: _Split, rows: Columns) -> Columns:
    """Rows of known domains, with the domain's number."""
    number = way.number(rows)
    rows = rows | {"domain": number}
    kept = number >= 0
    return rows if kept.all() else {k: column[kept] for k, column in rows.items()}


def _by_margin(way: _Split, rows: Columns, dimension: str, scheme: Scheme) -> Columns:
    """Rows with their column of x: that of their domain of a weighting dimension.

    What they add to products with x has the weight in it that was fitted to x.
    """
    margin = scheme.margin(dimension)[rows[dimension]]
    fitted = {"w2": rows["wp"]} if scheme.trimmed else {}
    return _numbered(way, rows | fitted | {"margin": margin})


def _slice(
    batch: Batch, way: _Split, rows: Columns, by_margin: Columns, scheme: Scheme
) -> Slice | None:
    """A batch split one way; None if nobody of a known domain answered."""
    rows, by_margin = _of_batch(batch, way, rows), _of_batch(batch, way, by_margin)
    present = np.zeros(len(batch.questions) * way.size(), dtype=bool)
    present[rows["key"]] = True
    keys, row = np.flatnonzero(present), np.cumsum(present) - 1
    if not len(keys):
        return None
    values = batch.values if batch.kind != "numeric" else np.unique(rows["value"])
    base, given = _rows(batch, row, values, rows)
    by = _rows(batch, row, values, by_margin)
    spread = Spread(
        scheme.frame, len(values), base, given, scheme.fitted, *by, scheme.replication
    )
    cells, shape = given.domain * len(values) + given.value, (len(keys), len(values))
    question, number = np.divmod(keys, way.size())
    return Slice(
        batch=batch,
        by="*".join(way.by),
        question=question,
        domain=way.names()[number],
        values=values,
        count=_sum(cells, given.n, shape),
        w=_sum(cells, given.w, shape),
        n=_sum(base.domain, base.n, shape[:1]),
        W=_sum(base.domain, base.w, shape[:1]),
        W2=_sum(base.domain, base.w2, shape[:1]),
        spread=spread,
        df=scheme.df,
    )


def _sum(at: Ints, part: Floats, shape: tuple[int, ...]) -> Floats:
    found = np.bincount(at, part, int(np.prod(shape)))
    return found.astype(float, copy=False).reshape(shape)


def _of_batch(batch: Batch, way: _Split, rows: Columns) -> Columns:
    """The rows of a batch's questions, with the number of the question's domain."""
    if not rows:
        return rows
    question = batch.question[rows["item"]]
    kept = question >= 0
    if not kept.all():
        rows = {k: column[kept] for k, column in rows.items()}
    return rows | {"key": question[kept] * way.size() + rows["domain"]}


def _rows(batch: Batch, row: Ints, values: Floats, table: Columns) -> tuple[Rows, Rows]:
    """Rows of all who answered, and of those who gave each value."""
    if not table:
        none, empty = np.empty(0), np.empty(0, dtype=np.int64)
        rows = Rows(empty, empty, empty, empty, none, none, none, none, none)
        return rows, rows
    item = table["item"]
    if batch.kind == "numeric":
        value = np.searchsorted(values, table["value"])
    elif batch.kind == "select-all":
        value = batch.option[item]
    else:
        value = table["value"].astype(np.int64) - int(values[0])
    replicates = [table[name] for name in replicate_names(table)]
    everything = Rows(
        domain=row[table["key"]],
        value=value,
        margin=table["margin"] if "margin" in table else np.full(len(value), -1),
        place=table["place"],
        n=table["n"],
        w=table["w"],
        w2=table["w2"],
        q=table["q"],
        weights=np.array(replicates).reshape(len(replicates), len(value)),
    )
    if batch.kind != "select-all":
        return everything, everything
    # Each item of a select-all was answered by the same respondents.
    chosen = table["value"] == 1
    return _kept(everything, batch.base[item]), _kept(everything, chosen)


def _kept(rows: Rows, kept: NDArray[np.bool_]) -> Rows:
    return Rows(*(getattr(rows, name)[..., kept] for name in Rows.__struct_fields__))
