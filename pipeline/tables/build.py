"""A built survey → its book of tables, a table a process."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipeline.asked import Asked
from pipeline.charts.brand import load_brand
from pipeline.crosstabs import crosstab_rows
from pipeline.definition import Dimension, Question, Survey
from pipeline.disclosure import interval_wording
from pipeline.errors import DataError
from pipeline.project import Project
from pipeline.tables.book import BannerTable, Book, Cell, Column, Line

LEGEND = (
    "A letter under a figure names a column of the same dimension that is lower by more"
    " than chance: p under .05, a capital letter under .001, adjusted by Holm for all"
    " pairs within a row.",
    "* small base; ** base too small to be tested.",
    "n counts respondents; weighted n adds up their weights; effective n is what the"
    " weighted answers are worth.",
)


def build_book(
    project: Project,
    survey: Survey,
    wanted: Sequence[tuple[str, str]],
    progress: Callable[[str], None],
) -> Book:
    """The tables of the questions and waves that are `wanted`, in that order."""
    build = project.build(survey.id)
    workers = min(os.cpu_count() or 1, 8)
    tables, left_out = [], []
    spawned = get_context("spawn")
    with ProcessPoolExecutor(workers, spawned, initializer=_alone) as pool:
        made = pool.map(partial(_table, survey, build), wanted)
        for (question, wave), table in zip(wanted, made, strict=True):
            progress(f"{question} {wave}")
            if table is None:
                left_out.append(f"{survey.question(question).label()}, {wave}")
            else:
                tables.append(table)
    waves = ", ".join(dict.fromkeys(wave for _, wave in wanted))
    return Book(
        survey=survey.id,
        title=f"{survey.title}, {waves}" if waves not in survey.title else survey.title,
        notice=survey.notice,
        source=survey.about.citation or survey.title,
        interval=interval_wording(survey).name,
        legend=LEGEND,
        tables=tuple(tables),
        left_out=tuple(left_out),
        brand=load_brand(project.root),
    )


def _alone() -> None:
    """One thread a process: several of each take turns, at half the speed."""
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"


def asked_questions(survey: Survey, wave: str) -> list[tuple[str, str]]:
    """Every question with answers to count, in a wave."""
    return [(q.id, wave) for q in survey.asked_in(wave) if q.kind != "open"]


def _table(survey: Survey, build: Path, of: tuple[str, str]) -> BannerTable | None:
    """One table; none where too few answered for anything to be shown."""
    question, wave = survey.question(of[0]), of[1]
    spans = tuple(d.id for d in survey.dimensions if _splits(survey, d, question, wave))
    asked = Asked(survey, build, question, wave, spans)
    try:
        rows = crosstab_rows(asked)
    except DataError:
        return None
    columns = _columns(survey, rows)
    people = question.base_say or survey.say
    return BannerTable(
        question=question.id,
        title=question.label(),
        wording=question.text,
        wave=wave,
        base=f"{columns[0].n:,} {people}",
        columns=columns,
        lines=_lines(question, rows, columns),
        notes=_hidden(survey, columns, spans),
    )


def _splits(survey: Survey, by: Dimension, question: Question, wave: str) -> bool:
    """Whether a wave asked what a dimension is made of, and it is not this question."""
    return by.question != question.id and wave in survey.question(by.question).columns


def _columns(survey: Survey, rows: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    found: dict[tuple[str, str], Column] = {}
    for row in rows:
        by, code = row["by"], row["domain"]
        label = "Everyone"
        if by:
            label = next(g.label for g in survey.domains(by) if g.code == code)
        found.setdefault(
            (by, code),
            Column(
                by=by,
                code=code,
                span=survey.dimension(by).label if by else "",
                label=label,
                letter=row["letter"],
                n=int(row["n"]),
                n_weighted=_digits(row["n_weighted"]) or 0.0,
                n_eff=_digits(row["n_eff"]) or 0.0,
                small=row["base"],
            ),
        )
    return tuple(found.values())


def _lines(
    question: Question, rows: Sequence[dict[str, Any]], columns: Sequence[Column]
) -> tuple[Line, ...]:
    cells = {(row["by"], row["domain"], row["term"]): row for row in rows}
    labels = {o.code: o.label for o in question.choices}
    nets = {net.code: net.label for net in question.nets}
    return tuple(
        Line(
            code=term,
            label=labels.get(term) or nets.get(term) or "Mean",
            kind="net" if term in nets else "answer" if term in labels else "mean",
            cells=tuple(_cell(cells.get((c.by, c.code, term))) for c in columns),
        )
        for term in dict.fromkeys(row["term"] for row in rows)
    )


def _cell(row: dict[str, Any] | None) -> Cell:
    if row is None:
        return Cell(value=None)
    return Cell(value=_digits(row["estimate"]), letters=row["letters"])


def _hidden(
    survey: Survey, columns: Sequence[Column], spans: Sequence[str]
) -> tuple[str, ...]:
    """Which domains have too few answers to be shown."""
    shown = {(column.by, column.code) for column in columns}
    few = [
        group.label
        for by in spans
        for group in survey.domains(by)
        if (by, group.code) not in shown
    ]
    if not few:
        return ()
    return (f"Too few answers to show (under {survey.min_base}): {'; '.join(few)}.",)


def _digits(value: float) -> float | None:
    """Six digits: more would be noise."""
    return None if math.isnan(value) else round(float(value), 6)
