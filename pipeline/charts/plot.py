"""The numbers of a chart, for programs that draw charts of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.heat import shade, top_of
from pipeline.charts.ranks import chosen
from pipeline.charts.theme import CSS, option_colours
from pipeline.charts.trend import line_colours
from pipeline.charts.waves import wave_colours
from pipeline.charts.words import shown
from pipeline.estimates.sets import REST
from pipeline.outline import FigureKind
from pipeline.report import Plot, Series
from pipeline.wording import number


def plot(data: ChartData) -> Plot:
    """The values as drawn, each with what is printed of it and its colour."""
    layout = PLOTS[data.spec.kind]
    return layout(data)


def _bars(data: ChartData) -> Plot:
    name = "Mean" if data.measure == "mean" else "Share"
    colours = [
        CSS.neutral if row.everyone or row.code == REST else CSS.accent
        for row in data.rows
    ]
    column = data.columns[0]
    return Plot(
        layout="bars",
        unit=data.measure,
        categories=_labels(data.rows),
        series=(_series(data, name, [(row, column) for row in data.rows], colours),),
    )


def _waves(data: ChartData) -> Plot:
    colours = wave_colours(data, CSS)
    series = [
        _series(data, c.label, [(row, c) for row in data.rows], [colours[c.code]])
        for c in data.columns
    ]
    return Plot(
        layout="grouped",
        unit=data.measure,
        categories=_labels(data.rows),
        series=tuple(series),
    )


def _trend(data: ChartData) -> Plot:
    """A line a row over the waves."""
    colours = line_colours(data, CSS)
    series = [
        _series(data, row.label, [(row, c) for c in data.columns], [colours[row]])
        for row in data.rows
    ]
    return Plot(
        layout="lines",
        unit=data.measure,
        categories=_labels(data.columns),
        series=tuple(series),
    )


def _stacked(data: ChartData) -> Plot:
    colours = option_colours(data.question, CSS)
    series = [
        _series(data, c.label, [(row, c) for row in data.rows], [colours[c.code][0]])
        for c in data.columns
    ]
    return Plot(
        layout="stacked",
        unit="share",
        categories=_labels(data.rows),
        series=tuple(series),
    )


def _ratings(data: ChartData) -> Plot:
    """One row is a histogram; several are bars of 100%."""
    if len(data.rows) > 1:
        return _stacked(data)
    (row,) = data.rows
    mode = data.summary("mode", row)
    often = "" if mode is None else number(mode)
    colours = [CSS.accent if c.code == often else CSS.soft for c in data.columns]
    cells = [(row, column) for column in data.columns]
    return Plot(
        layout="bars",
        unit="share",
        categories=_labels(data.columns),
        series=(_series(data, "Share", cells, colours),),
    )


def _heat(data: ChartData) -> Plot:
    top = top_of(data)
    series = []
    for column in data.columns:
        cells = [(row, column) for row in data.rows]
        fills = [shade(data.value(*cell), CSS, top)[0] for cell in cells]
        series.append(_series(data, column.label, cells, fills))
    return Plot(
        layout="table",
        unit="share",
        categories=_labels(data.rows),
        series=tuple(series),
    )


def _ranks(data: ChartData) -> Plot:
    """A line an answer over waves; over groups, a table."""
    over_time = data.columns[0].axis == "wave"
    rows, columns = (
        (data.rows, data.columns) if over_time else (data.columns, data.rows)
    )
    series = []
    for row in rows:
        cells = [(row, c) if over_time else (c, row) for c in columns]
        values = [_place(data, *cell) for cell in cells]
        texts = ["" if value is None else f"{value:g}" for value in values]
        front = CSS.accent if row.code in chosen(data) else CSS.soft
        colour = front if over_time else CSS.paper
        series.append(_line(row.label, values, texts, [colour]))
    return Plot(
        layout="lines" if over_time else "table",
        unit="rank",
        categories=_labels(columns),
        series=tuple(series),
    )


PLOTS: dict[FigureKind, Callable[[ChartData], Plot]] = {
    "bars": _bars,
    "waves": _waves,
    "trend": _trend,
    "distribution": _ratings,
    "ridges": _ratings,
    "stacked": _stacked,
    "likert": _stacked,
    "ranks": _ranks,
    "heat": _heat,
    "panels": _heat,
    "combinations": _bars,
}


def _labels(headings: Sequence[Heading]) -> tuple[str, ...]:
    return tuple(heading.label for heading in headings)


def _place(data: ChartData, row: Heading, column: Heading) -> float | None:
    mark = data.at(row, column)
    place = data.place(mark) if mark else None
    return None if place is None else float(place)


def _series(
    data: ChartData,
    name: str,
    cells: Sequence[tuple[Heading, Heading]],
    colours: Sequence[str],
) -> Series:
    values = [data.value(*cell) for cell in cells]
    return _line(name, values, [shown(data, data.at(*cell)) for cell in cells], colours)


def _line(
    name: str,
    values: Sequence[float | None],
    texts: Sequence[str],
    colours: Sequence[str],
) -> Series:
    """Six digits, as in the files to download; colours by their names."""
    return Series(
        name=name,
        values=tuple(None if v is None else round(v, 6) for v in values),
        shown=tuple(texts),
        colours=tuple(c.removeprefix("var(--").removesuffix(")") for c in colours),
    )
