"""Panels: a small bar chart for each row of a table, all on one scale.

The bars of a panel are the table's columns; for panels side by side they are named
once, at the left.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.bars import interval
from pipeline.charts.data import ChartData
from pipeline.charts.layout import (
    ENDS,
    LABEL,
    LEADING,
    SMALL,
    Slot,
    baseline,
    is_narrow,
)
from pipeline.charts.marks import Body, Text, rects, rules
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import shown, spoken

BAR, GAP, GUTTER, ROOM, LINE = 13, 6, 14, 36, 13


class Grid(msgspec.Struct, frozen=True):
    """The measures of all panels: their left edges and width, and what a share takes.

    `heights` are of the rows of bars in a panel, whose labels may need several lines.
    """

    lefts: tuple[float, ...]
    wide: float
    label: float
    heights: tuple[float, ...]
    unit: float


class Panel(msgspec.Struct, frozen=True):
    """The place of one: its row, left edge, and where its bars begin."""

    row: Heading
    left: float
    head: float
    top: float
    first: bool


class Cell(msgspec.Struct, frozen=True):
    """One bar: its panel and column, its place there, and what a share takes."""

    panel: Panel
    column: Heading
    slot: Slot
    unit: float

    def x(self, share: float) -> float:
        """Where a share ends, in pixels."""
        return self.panel.left + share * self.unit

    @property
    def aside(self) -> bool:
        """Whether it is everyone's."""
        return self.panel.row.everyone or self.column.everyone


def panels(data: ChartData, palette: Palette, width: float) -> Body:
    """Everyone's bar in another colour; intervals as thin lines."""
    grid = _grid(data, width)
    found, height = _placed(data, grid)
    shapes, ends, feet, texts = [], [], [], []
    for panel in found:
        texts += _head(panel, grid, palette)
        tall = sum(grid.heights)
        x, y = panel.left, panel.top
        feet.append({"x": x, "x2": x, "y": y - 2, "y2": y + tall})
        for column, high in zip(data.columns, grid.heights, strict=True):
            slot = Slot(panel.row, y + (high - BAR) / 2, y + (high + BAR) / 2)
            cell = Cell(panel, column, slot, grid.unit)
            shapes += _bar(data, cell, palette)
            ends += _ends(data, cell, palette)
            texts.append(_value(data, cell, palette))
            if panel.first:
                texts += _label(column, slot, grid, palette)
            y += high
    layers = (
        rects(shapes),
        rules(ends, width=1.5, name="intervals"),
        rules(feet, palette.muted, name="zero"),
    )
    return Body(height, layers, tuple(texts))


def _grid(data: ChartData, width: float) -> Grid:
    across = min(2 if is_narrow(width) else 3, len(data.rows))
    widest = max(text_width(c.label, SMALL, bold=c.strong) for c in data.columns)
    label = min(widest + 2, width * (0.3 if is_narrow(width) else 0.24))
    wide = (width - label - GAP - GUTTER * (across - 1)) / across
    lefts = tuple(label + GAP + i * (wide + GUTTER) for i in range(across))
    heights = tuple(
        max(BAR + 5.0, len(wrap(c.label, label, SMALL, bold=c.strong)) * LINE + 5.0)
        for c in data.columns
    )
    marks = [m for _, _, m in data.cells() if m and m.estimate is not None]
    most = max(m.high if m.high is not None else m.estimate or 0 for m in marks)
    end = next((end for end in ENDS if most <= end), 1.0)
    return Grid(lefts, wide, label, heights, (wide - ROOM) / end)


def _placed(data: ChartData, grid: Grid) -> tuple[list[Panel], float]:
    """Panels in reading order, and the height of all."""
    across, y, found = len(grid.lefts), 0.0, []
    for start in range(0, len(data.rows), across):
        line = data.rows[start : start + across]
        lines = max(len(wrap(r.label, grid.wide, LABEL, bold=True)) for r in line)
        top = y + lines * LEADING + 6
        for i, (row, left) in enumerate(zip(line, grid.lefts, strict=False)):
            found.append(Panel(row, left, y, top, i == 0))
        y = top + sum(grid.heights) + 16
    return found, y - 10


def _head(panel: Panel, grid: Grid, palette: Palette) -> list[Text]:
    words = panel.row.label.split()
    fits = all(text_width(word, LABEL, bold=True) <= grid.wide for word in words)
    size = LABEL if fits else SMALL  # rather than broken within a word
    lines = wrap(panel.row.label, grid.wide, size, bold=True)
    return [
        Text(panel.left, panel.head + 12 + i * LEADING, line, palette.ink, size, True)
        for i, line in enumerate(lines)
    ]


def _label(column: Heading, slot: Slot, grid: Grid, palette: Palette) -> list[Text]:
    lines = wrap(column.label, grid.label, SMALL, bold=column.strong)
    first = baseline(slot.middle - (len(lines) - 1) * LINE / 2, SMALL)
    return [
        Text(0, first + i * LINE, line, palette.ink, SMALL, column.strong)
        for i, line in enumerate(lines)
    ]


def _bar(data: ChartData, cell: Cell, palette: Palette) -> list[dict[str, Any]]:
    share = data.value(cell.panel.row, cell.column)
    if share is None:
        return []
    return [
        {
            "label": cell.panel.row.label,
            "column": cell.column.label,
            "share": share,
            "x": cell.x(0),
            "x2": cell.x(share),
            "y": cell.slot.top,
            "y2": cell.slot.bottom,
            "fill": palette.neutral if cell.aside else palette.accent,
            "say": spoken(data, cell.panel.row, cell.column),
        }
    ]


def _ends(data: ChartData, cell: Cell, palette: Palette) -> list[dict[str, Any]]:
    """The interval, in a colour seen inside the bar and in ink beyond."""
    mark = data.at(cell.panel.row, cell.column)
    if mark is None:
        return []
    inside = palette.on_neutral if cell.aside else palette.on_accent
    return [
        line | {end: cell.x(line[end]) for end in ("x", "x2")}
        for line in interval(mark, cell.slot, inside, palette)
    ]


def _value(data: ChartData, cell: Cell, palette: Palette) -> Text:
    mark = data.at(cell.panel.row, cell.column)
    y = baseline(cell.slot.middle, SMALL)
    if mark is None or mark.estimate is None:
        words = "–" if mark else ""
        return Text(cell.x(0) + 5, y, words, palette.muted, SMALL)
    end = mark.estimate if mark.high is None else mark.high
    x = cell.x(end) + 5
    return Text(x, y, shown(data, mark), palette.ink, SMALL, bold=cell.column.strong)
