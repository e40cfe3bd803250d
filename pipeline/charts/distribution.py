"""Distribution: how many chose each rating, one small panel a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.layout import LABEL, LEADING, SMALL, is_narrow
from pipeline.charts.marks import Body, Text, rects, rules
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW, spoken, value
from pipeline.wording import number, rounded

PLOT, GUTTER, AXIS = 84, 28, 34


class Panel(msgspec.Struct, frozen=True):
    """One group's place: its left and right edge, and the plot's top and bottom."""

    row: Heading
    left: float
    right: float
    head: float
    top: float
    bottom: float


def distribution(data: ChartData, palette: Palette, width: float) -> Body:
    """Panels in reading order, the most frequent rating of each in the accent."""
    panels, height = _panels(data, width)
    marks = (mark for _, _, mark in data.cells() if mark)
    top = max(mark.high or mark.estimate or 0 for mark in marks) * 1.02
    shapes, ends, feet, texts = [], [], [], []
    for panel in panels:
        texts += _head(data, panel, palette)
        if data.summary("mean", panel.row) is None:
            continue
        feet.append(
            {"x": panel.left, "x2": panel.right, "y": panel.bottom, "y2": panel.bottom}
        )
        shapes += columns(data, panel, palette, top)
        ends += intervals(data, panel, top)
        texts += ratings(data, panel, palette)
        texts += peak(data, panel, palette, top)
    layers = (
        rects(shapes),
        rules(ends, palette.muted, width=1, name="intervals"),
        rules(feet, palette.muted, name="zero"),
    )
    return Body(height, layers, tuple(texts))


def _panels(data: ChartData, width: float) -> tuple[list[Panel], float]:
    most = 2 if is_narrow(width) else 3
    across = min(most, len(data.rows))
    panels, y = [], 0.0
    for line in _in_lines(data.rows, across):
        alone = len(line) == 1 and line[0].everyone
        each = width if alone else (width - GUTTER * (across - 1)) / across
        lines = max(len(wrap(r.label, each, LABEL, bold=True)) for r in line)
        top = y + lines * LEADING + LEADING + 16
        for i, row in enumerate(line):
            left = i * (each + GUTTER)
            panels.append(Panel(row, left, left + each, y, top, top + PLOT))
        empty = all(data.summary("mean", row) is None for row in line)
        y = top if empty else top + PLOT + AXIS
    return panels, y - 8


def _in_lines(rows: Sequence[Heading], across: int) -> Iterator[Sequence[Heading]]:
    """Rows of panels; everyone has the first alone if else the last would be alone."""
    start = 0
    if len(rows) > across and len(rows) % across == 1 and rows[0].everyone:
        yield rows[:1]
        start = 1
    for place in range(start, len(rows), across):
        yield rows[place : place + across]


def _head(data: ChartData, panel: Panel, palette: Palette) -> list[Text]:
    """The group's name, its mean, and how many answered."""
    lines = wrap(panel.row.label, panel.right - panel.left, LABEL, bold=True)
    texts = [
        Text(panel.left, panel.head + 12 + i * LEADING, line, palette.ink, LABEL, True)
        for i, line in enumerate(lines)
    ]
    mean, n = data.summary("mean", panel.row), data.base(panel.row)
    words = TOO_FEW if mean is None else f"Mean {rounded(mean, 1)}"
    words = f"{words}, n {n:,}" if n else words
    at = panel.head + 12 + len(lines) * LEADING
    return [*texts, Text(panel.left, at, words, palette.muted, SMALL)]


def _x(data: ChartData, panel: Panel, place: int) -> tuple[float, float]:
    step = (panel.right - panel.left) / len(data.columns)
    gap = min(2.5, step * 0.14)
    return panel.left + place * step + gap / 2, panel.left + (
        place + 1
    ) * step - gap / 2


def _y(panel: Panel, share: float, top: float) -> float:
    return panel.bottom - share / top * (panel.bottom - panel.top)


def columns(
    data: ChartData, panel: Panel, palette: Palette, top: float
) -> list[dict[str, Any]]:
    mode = data.summary("mode", panel.row)
    shapes = []
    for place, column in enumerate(data.columns):
        share = data.value(panel.row, column)
        if share is None:
            continue
        x, x2 = _x(data, panel, place)
        often = mode is not None and column.code == number(mode)
        shapes.append(
            {
                "label": panel.row.label,
                "rating": column.label,
                "share": share,
                "x": x,
                "x2": x2,
                "y": _y(panel, share, top),
                "y2": panel.bottom,
                "fill": palette.accent if often else palette.soft,
                "say": spoken(data, panel.row, column),
            }
        )
    return shapes


def intervals(data: ChartData, panel: Panel, top: float) -> list[dict[str, Any]]:
    lines = []
    for place, column in enumerate(data.columns):
        mark = data.at(panel.row, column)
        if mark is None or mark.low is None or mark.high is None:
            continue
        x = sum(_x(data, panel, place)) / 2
        low, high = _y(panel, mark.low, top), _y(panel, mark.high, top)
        lines.append({"x": x, "x2": x, "y": low, "y2": high})
    return lines


def ratings(data: ChartData, panel: Panel, palette: Palette) -> list[Text]:
    """The ratings under their columns: all of them, or every other, or every fifth."""
    step = (panel.right - panel.left) / len(data.columns)
    widest = max(text_width(c.label, SMALL) for c in data.columns)
    every = next((k for k in (1, 2, 5) if widest + 3 <= step * k), 5)
    return [
        Text(
            sum(_x(data, panel, place)) / 2,
            panel.bottom + 14,
            column.label,
            palette.muted,
            SMALL,
            align="center",
        )
        for place, column in enumerate(data.columns)
        if place % every == 0
    ]


def peak(data: ChartData, panel: Panel, palette: Palette, top: float) -> list[Text]:
    """The share of the most frequent rating, over its column."""
    mode = data.summary("mode", panel.row)
    for place, column in enumerate(data.columns):
        mark = data.at(panel.row, column)
        if mode is None or column.code != number(mode) or not mark:
            continue
        high = mark.high or mark.estimate or 0
        words = value(data, mark.estimate or 0)
        half = text_width(words, SMALL, bold=True) / 2
        x = sum(_x(data, panel, place)) / 2
        x = min(max(x, panel.left + half), panel.right - half)
        y = _y(panel, high, top) - 4
        return [Text(x, y, words, palette.ink, SMALL, True, "center")]
    return []
