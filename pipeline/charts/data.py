"""What a chart shows: estimates in rows and columns, sorted as they are drawn.

Every kind of chart is a small table. Its two axes are any of waves, answers and
domains, and drawing, table, CSV and alternative text all read the same cells:

    bars          rows: domains, or answers           columns: one
    waves, trend  rows: answers, or domains           columns: waves
    distribution, ridges   rows: domains (one panel each)   columns: ratings
    stacked, likert   rows: domains (one bar each)    columns: answers
    ranks         rows: answers                       columns: waves, or domains
    heat, panels  rows: domains, or answers           columns: domains
    combinations  rows: sets of answers               columns: one
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from pipeline.charts.axes import (
    ONE,
    Heading,
    axes_of,
    headings,
    in_order,
    set_headings,
)
from pipeline.charts.fits import check, is_mean
from pipeline.definition import Question, Survey
from pipeline.errors import Missing, SurveyError
from pipeline.narrative.answers import has_place
from pipeline.narrative.facts import doubtful
from pipeline.outline import FigureSpec
from pipeline.warehouse import parquet, reader, statement

Measure = Literal["share", "mean"]
Domain = tuple[tuple[str, str], ...]  # (dimension, code), sorted
Key = tuple[str, str, str, Domain]


class TooFew(SurveyError):
    """Everything that a figure would show is hidden."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One estimate as it stands in `estimates.parquet`; no value if suppressed."""

    wave: str
    statistic: str
    term: str
    by: str
    domain: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int | None
    rank: int | None
    method: str
    flag: str
    caution: str


class ChartData(msgspec.Struct, frozen=True, kw_only=True):
    """The cells of one chart, its rows and columns in the order they are drawn.

    `left_out` counts the rows below the `top` that the figure asks for.
    """

    survey: Survey
    spec: FigureSpec
    question: Question
    waves: tuple[str, ...]
    measure: Measure
    rows: tuple[Heading, ...]
    columns: tuple[Heading, ...]
    marks: Mapping[Key, Mark]
    left_out: int = 0

    def at(self, row: Heading, column: Heading = ONE) -> Mark | None:
        """The estimate in a cell; None if it was not asked there."""
        return self.marks.get(self._key(self.measure, row, column))

    def value(self, row: Heading, column: Heading = ONE) -> float | None:
        """The value in a cell, if there is one to show."""
        mark = self.at(row, column)
        return mark.estimate if mark else None

    def summary(self, statistic: str, row: Heading) -> float | None:
        """The mean or mode of a row whose columns are ratings."""
        mark = self.marks.get(self._key(statistic, row))
        return mark.estimate if mark else None

    def base(self, row: Heading) -> int | None:
        """The most that answered in a row; None if too few to say."""
        found = (self.at(row, column) for column in self.columns)
        return max((m.n for m in found if m and m.n), default=None)

    def everyone(self, wave: str) -> int | None:
        """How many answered the question in a wave."""
        found = (m for m in self.marks.values() if m.wave == wave and not m.by)
        return max((m.n for m in found if m.n), default=None)

    def place(self, mark: Mark) -> int | None:
        """The rank of an answer among those that may have one."""
        if mark.rank is None or not has_place(self.question, mark.term):
            return None
        rivals = (o.code for o in self.question.choices)
        found = (
            self.marks.get((mark.wave, mark.statistic, code, _pairs(mark)))
            for code in rivals
            if has_place(self.question, code)
        )
        ranks = [rival.rank for rival in found if rival and rival.rank is not None]
        return 1 + sum(rank < mark.rank for rank in ranks)

    def doubtful(self, mark: Mark) -> bool:
        """Whether a heat map sets a value apart: the others show its interval."""
        return self.spec.kind == "heat" and doubtful(mark.caution)

    def cells(self) -> Iterator[tuple[Heading, Heading, Mark | None]]:
        """Every cell, row by row."""
        return ((r, c, self.at(r, c)) for r in self.rows for c in self.columns)

    def suppressed(self) -> list[tuple[Heading, Heading]]:
        """The cells with too few answers to show."""
        return [(r, c) for r, c, mark in self.cells() if mark and mark.flag]

    def _key(self, statistic: str, *at: Heading) -> Key:
        wave, term = self.waves[-1], self.spec.term
        pairs = []
        for heading in at:
            if heading.axis == "wave":
                wave = heading.code
            elif heading.axis == "term":
                term = heading.code
            elif heading.code:
                pairs.append((heading.dimension, heading.code))
        return wave, statistic, term if statistic == "share" else "", _domain(pairs)


def read(survey: Survey, build: Path, spec: FigureSpec) -> ChartData:
    """The estimates that a figure shows.

    Without waves of its own a figure shows the last wave that asked, or every wave if
    it compares them. Raises `SurveyError` if there is nothing to draw.
    """
    question = survey.question(spec.question)
    check(question, spec)
    asked = tuple(w.id for w in survey.waves if w.id in question.columns)
    compares = spec.compares()
    waves = spec.waves or asked
    waves = waves if compares else waves[-1:]
    mean = is_mean(question, spec)
    axes = axes_of(question, spec, mean=mean)
    marks = _marks(build, spec, waves)
    sets = _sets(question, marks) if spec.kind == "combinations" else ()
    data = ChartData(
        survey=survey,
        spec=spec,
        question=question,
        waves=waves,
        measure="mean" if mean else "share",
        rows=sets or headings(survey, question, spec, axes.rows, waves),
        columns=headings(survey, question, spec, axes.columns, waves),
        marks=marks,
    )
    if all(mark is None or mark.estimate is None for _, _, mark in data.cells()):
        raise _nothing(data)
    return _sorted(_asked(data))


def _sets(question: Question, marks: Mapping[Key, Mark]) -> tuple[Heading, ...]:
    """The sets of answers that enough chose."""
    return set_headings(question, dict.fromkeys(mark.term for mark in marks.values()))


def _nothing(data: ChartData) -> SurveyError:
    """Why there is nothing to draw: too few answered, or nobody was asked."""
    spec, least = data.spec, data.survey.min_base
    what = f"nothing to draw for {spec.question} in {', '.join(data.waves)}"
    where = f"figure {spec.id}"
    if spec.kind == "combinations":
        remedy = f"No combination of answers was chosen by {least}."
        return TooFew(what, where=where, remedy=remedy)
    if data.suppressed():
        remedy = f"Every base is under the minimum of {least}."
        return TooFew(what, where=where, remedy=remedy)
    return SurveyError(what, where=where, remedy="It was not asked there.")


def _marks(build: Path, spec: FigureSpec, waves: tuple[str, ...]) -> dict[Key, Mark]:
    split = spec.by.split("*") if spec.by else []
    wanted = {
        "question": spec.question,
        "waves": list(waves),
        "splits": ["", *split, "*".join(split), "*".join(reversed(split))],
        "statistics": ["share", "mean", "mode"],
    }
    file = "combinations" if spec.kind == "combinations" else "estimates"
    path = build / f"{file}.parquet"
    query = statement("figure").replace("FROM estimates", f"FROM {parquet(path)}")
    found = _fetched(query, wanted, path)
    names = Mark.__struct_fields__
    tidy = [dict(zip(names, map(_plain, row), strict=True)) for row in found]
    marks = msgspec.convert(tidy, list[Mark])
    return {(m.wave, m.statistic, m.term, _pairs(m)): m for m in marks}


def _fetched(query: str, wanted: dict[str, Any], path: Path) -> list[tuple[Any, ...]]:
    """Rows of a build; `Missing` for one that lacks a column or a file."""
    from duckdb import BinderException, IOException

    try:
        return reader().execute(query, wanted).fetchall()
    except (BinderException, IOException):
        raise Missing(
            "built by an earlier version",
            where=str(path),
            remedy="Build it again: stateof run.",
        ) from None


def _pairs(mark: Mark) -> Domain:
    if not mark.by:
        return ()
    return _domain(list(zip(mark.by.split("*"), mark.domain.split("*"), strict=True)))


def _domain(pairs: list[tuple[str, str]]) -> Domain:
    """Role × industry and industry × role are the same domain."""
    return tuple(sorted(pairs))


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _asked(data: ChartData) -> ChartData:
    """Without the rows and columns that no estimate falls into."""
    filled = {(r, c) for r, c, mark in data.cells() if mark}
    rows, columns = {r for r, _ in filled}, {c for _, c in filled}
    return msgspec.structs.replace(
        data,
        rows=tuple(r for r in data.rows if r in rows),
        columns=tuple(c for c in data.columns if c in columns),
    )


def _sorted(data: ChartData) -> ChartData:
    """Rows, and domains in columns, by size; then the `top` of them."""
    rows = in_order(data.rows, lambda row: _size(data, row))
    columns = data.columns
    if data.spec.kind in ("stacked", "likert") or columns[0].axis == "domain":
        columns = in_order(columns, lambda column: data.value(rows[0], column))
    counted = [row for row in rows if not row.everyone]
    kept = counted[: data.spec.top or None]
    return msgspec.structs.replace(
        data,
        rows=(*(row for row in rows if row.everyone), *kept),
        columns=columns,
        left_out=len(counted) - len(kept),
    )


def _size(data: ChartData, row: Heading) -> float | None:
    """What rows are sorted by: latest wave, first answer, everyone, or the mean."""
    if data.spec.kind in ("distribution", "ridges"):
        return data.summary("mean", row)
    if data.spec.kind == "likert" and data.question.nets:
        return data.value(row, Heading(axis="term", code=data.question.nets[0].code))
    last = (
        data.spec.kind in ("waves", "trend", "ranks") and data.columns[0].axis == "wave"
    )
    return data.value(row, data.columns[-1 if last else 0])
