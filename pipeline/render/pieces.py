"""A figure too long for a slide, in pieces that fit: nothing is left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from pipeline.report import Figure, Plot, Series

ROWS, TABLE_ROWS, COLUMNS = 20, 14, 14


def pieces(figure: Figure) -> Iterator[tuple[Figure, str]]:
    """The figure, or its parts; each with what to add to its subtitle."""
    plot = figure.plot
    table = plot.layout == "table"
    parts = _parts(plot, TABLE_ROWS if table else ROWS, COLUMNS if table else 0)
    for number, part in enumerate(parts, start=1):
        said = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        yield replace(figure, plot=part), said


def _parts(plot: Plot, rows: int, columns: int) -> list[Plot]:
    if plot.layout == "lines":
        return [plot]
    return [
        replace(
            plot,
            categories=plot.categories[span],
            series=tuple(_cut(series, span) for series in several),
        )
        for several in _even(plot.series, columns)
        for span in _spans(len(plot.categories), rows)
    ]


def _even(series: tuple[Series, ...], most: int) -> list[tuple[Series, ...]]:
    spans = _spans(len(series), most or len(series))
    return [series[span] for span in spans]


def _spans(count: int, most: int) -> list[slice]:
    """Parts of about equal length, none above the most."""
    each = math.ceil(count / math.ceil(count / most))
    return [slice(start, start + each) for start in range(0, count, each)]


def _cut(series: Series, span: slice) -> Series:
    several: Sequence[str] = series.colours
    return replace(
        series,
        values=series.values[span],
        shown=series.shown[span],
        colours=tuple(several[span] if len(several) > 1 else several),
    )
