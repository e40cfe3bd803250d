"""The numbers behind a chart, as a table to read and as rows to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from pipeline.charts import words
from pipeline.charts.alt import alt
from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData, Mark
from pipeline.disclosure import field_dates, interval_wording
from pipeline.estimates.sets import STATISTIC
from pipeline.report import Table
from pipeline.wording import number

FIELDS = (
    "wave", "question", "wording", "base", "by", "domain", "domain_label", "statistic",
    "term", "term_label", "estimate", "low", "high", "n", "rank", "method", "flag",
    "caution", "source", "notice",
)  # fmt: skip
MOST_COLUMNS = 7  # of values, beside a heading and n
SUMMARY = ("Mean", "Mode")


def table(data: ChartData) -> Table:
    """Every value shown, with its interval and number of answers."""
    header, rows = _layout(data)(data)
    return Table(caption=words.subtitle(data), header=header, rows=tuple(rows))


def _layout(data: ChartData) -> Callable[[ChartData], Cells]:
    """How a table fits a page: with many columns it is turned into a long list."""
    count = len(data.columns)
    if count == 1:
        return _long
    if data.spec.kind == "waves" and count == 2:
        return _by_wave
    return _wide if count <= MOST_COLUMNS else _listed


Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]


def _long(data: ChartData) -> Cells:
    """One value a row."""
    name = interval_wording(data.survey).name
    rows: list[tuple[str, ...]] = []
    for row in data.rows:
        mark = data.at(row, data.columns[0])
        ends = words.interval(data, mark)
        rows.append((row.label, words.shown(data, mark), ends, _n(data, row)))
    return (_corner(data), _measure(data), name, "n"), rows


def _by_wave(data: ChartData) -> Cells:
    """Each wave's value with its interval and n."""
    name = interval_wording(data.survey).name
    header = [_corner(data)]
    for column in data.columns:
        header += [column.label, f"{name}, {column.label}", f"n, {column.label}"]
    rows = []
    for row in data.rows:
        cells = [row.label]
        for column in data.columns:
            mark = data.at(row, column)
            n = "" if mark is None or mark.n is None else f"{mark.n:,}"
            cells += [words.shown(data, mark), words.interval(data, mark), n]
        rows.append(tuple(cells))
    return tuple(header), rows


def _wide(data: ChartData) -> Cells:
    """A value a cell, below it its interval; the number of answers last."""
    totals = data.columns[0].axis == "term"
    header = [_corner(data), *(column.label for column in data.columns)]
    rows = []
    for row in data.rows:
        cells = [_cell(data, row, column) for column in data.columns]
        more = [*_summary(data, row), _n(data, row)] if totals else []
        rows.append((row.label, *cells, *more))
    if totals:
        header += [*(SUMMARY if _summary(data, data.rows[0]) else ()), "n"]
    return tuple(header), rows


def _listed(data: ChartData) -> Cells:
    """A row a cell that has a value."""
    name = interval_wording(data.survey).name
    header = (_corner(data), _across(data), _measure(data), name, "n")
    rows: list[tuple[str, ...]] = []
    for row in data.rows:
        marks = [(column, data.at(row, column)) for column in data.columns]
        for column, mark in marks:
            if mark is not None and mark.estimate is not None:
                ends, n = words.interval(data, mark), f"{mark.n:,}"
                rows.append((row.label, column.label, _value(data, mark), ends, n))
        for name, found in zip(SUMMARY, _summary(data, row), strict=False):
            rows.append((row.label, name, found, "", _n(data, row)))
    return header, rows


def _cell(data: ChartData, row: Heading, column: Heading) -> str:
    """A value, its interval and, if each cell has its own, its base: a line each."""
    mark = data.at(row, column)
    if mark is None or mark.estimate is None:
        return "\n".join(words.shown(data, mark).rsplit(" ", 1))
    parts = [_value(data, mark)]
    if data.spec.kind != "ranks":
        parts.append(words.interval(data, mark))
        parts += [f"n {mark.n:,}"] if column.axis != "term" and mark.n else []
    return "\n".join(parts)


def _value(data: ChartData, mark: Mark) -> str:
    shown = words.shown(data, mark)
    return f"{data.place(mark)} ({shown})" if data.spec.kind == "ranks" else shown


def _measure(data: ChartData) -> str:
    if data.spec.kind == "ranks":
        return "Rank (share)"
    return "Share" if data.measure == "share" else "Mean"


def _across(data: ChartData) -> str:
    """What the columns are, as a heading."""
    named = {"term": "Answer", "wave": "Wave", "one": ""}
    dimension = next((c.dimension for c in data.columns if c.dimension), "")
    if dimension:
        return data.survey.dimension(dimension).label
    return named.get(data.columns[0].axis, "Respondents")


def _summary(data: ChartData, row: Heading) -> list[str]:
    if data.spec.kind not in ("distribution", "ridges"):
        return []
    found = (data.summary(statistic, row) for statistic in ("mean", "mode"))
    return [words.TOO_FEW if each is None else number(each) for each in found]


def _n(data: ChartData, row: Heading) -> str:
    n = data.base(row)
    return f"{n:,}" if n else f"under {data.survey.min_base}"


def _corner(data: ChartData) -> str:
    dimension = next((r.dimension for r in data.rows if r.dimension), "")
    if dimension:
        return data.survey.dimension(dimension).label
    if data.spec.kind == "combinations":
        return "Answers chosen together"
    return "Respondents" if data.rows[0].everyone else "Answer"


def to_csv(data: ChartData) -> str:
    """The displayed cells, one a line, each with its base, wording and source."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(data))
    return text.getvalue()


def to_json(data: ChartData, title: str) -> dict[str, Any]:
    """The displayed cells with all that one must know to use them."""
    survey = data.survey
    spoken_for = {"wording", "source", "notice", "base", "question"}
    return {
        "id": data.spec.id,
        "kind": data.spec.kind,
        "title": title,
        "subtitle": words.subtitle(data),
        "alt": alt(data),
        "survey": survey.title,
        "question": {
            "id": data.question.id,
            "wording": data.question.text,
            "kind": data.question.kind,
        },
        "by": data.spec.by,
        "waves": [
            {"id": w, **({"in_the_field": dates} if dates else {})}
            for w in data.waves
            for dates in [field_dates(survey.wave(w))]
        ],
        "sample": survey.sample,
        "base": words.base(data),
        "interval": interval_wording(survey).model,
        "minimum_base": survey.min_base,
        "notes": list(words.notes(data)),
        "source": words.source(data),
        "notice": survey.notice,
        "licence": survey.about.licence,
        "rows": [
            {name: v for name, v in row.items() if name not in spoken_for}
            for row in _rows(data)
        ],
    }


def _rows(data: ChartData) -> list[dict[str, Any]]:
    around = {
        "question": data.question.id,
        "wording": data.question.text,
        "base": data.question.base_say or data.survey.say,
        "source": words.source(data),
        "notice": data.survey.notice,
    }
    return [
        around | _row(data, row, column, mark)
        for row, column, mark in data.cells()
        if mark is not None
    ]


def _row(data: ChartData, row: Heading, column: Heading, mark: Mark) -> dict[str, Any]:
    domains = [h.label for h in (row, column) if h.axis == "domain" and h.code]
    sets = data.spec.kind == "combinations"
    terms = {e.code: e.label for e in (*data.question.nets, *data.question.choices)}
    return {
        "wave": mark.wave,
        "by": mark.by,
        "domain": mark.domain,
        "domain_label": " × ".join(domains),
        "statistic": STATISTIC if sets else mark.statistic,
        "term": mark.term,
        "term_label": row.label if sets else terms.get(mark.term, ""),
        "estimate": _digits(mark.estimate),
        "low": _digits(mark.low),
        "high": _digits(mark.high),
        "n": mark.n,
        "rank": data.place(mark),
        "method": mark.method,
        "flag": mark.flag,
        "caution": mark.caution,
    }


def _digits(value: float | None) -> float | None:
    """Six digits: more would be noise."""
    return None if value is None else round(value, 6)
