"""Trend: a line for each row over waves, broken where two cannot be compared.

Lines are named at their right end. With two waves it is a slope chart.
"""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData, Mark
from pipeline.charts.layout import ENDS, LABEL, SMALL, VALUE, is_narrow, ticks
from pipeline.charts.marks import Body, Text, dots, rules
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import comparable, shown, spoken, value

DOT, LEADING = 9, 15
TOP, FOOT = 12, 30
MOST = 3  # lines in a colour of their own


class Field(msgspec.Struct, frozen=True):
    """Where waves stand and how high a value is, in pixels."""

    x: tuple[float, ...]
    bottom: float
    low: float
    high: float

    def y(self, found: float) -> float:
        """The height of a value."""
        share = (found - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - TOP)


def trend(data: ChartData, palette: Palette, width: float) -> Body:
    """Lines with their dots and intervals; the first few in colours, the rest grey."""
    field = _field(data, width)
    colours = line_colours(data, palette)
    lines, discs, ends = [], [], []
    for row in reversed(data.rows):  # what is named first lies on top
        lines += _line(data, row, field, colours[row])
        discs += _discs(data, row, field, colours[row])
        ends += _intervals(data, row, field, colours[row])
    grid, texts = _grid(data, field, palette)
    breaks, said = _breaks(data, field, palette)
    names = _names(data, field, colours, palette, width)
    layers = (
        rules(grid, palette.grid, name="grid"),
        rules(breaks, palette.muted, name="breaks"),
        rules(ends, width=1.5, name="intervals"),
        rules(lines, width=2.5, name="joined"),
        dots(discs, size=DOT),
    )
    return Body(field.bottom + FOOT, layers, (*texts, *said, *names))


def _field(data: ChartData, width: float) -> Field:
    widest = max(text_width(row.label, LABEL, bold=True) for row in data.rows)
    room = min(widest, width * (0.4 if is_narrow(width) else 0.34)) + 52
    left, right = 46.0, width - room
    step = (right - left) / max(len(data.columns) - 1, 1)
    marks = [m for _, _, m in data.cells() if m and m.estimate is not None]
    most = max(m.high if m.high is not None else m.estimate or 0 for m in marks)
    high = next((end for end in ENDS if most <= end), 1.0)
    scale = data.question.scale
    low = 0.0
    if data.measure == "mean":
        low = float(scale.low) if scale else 0.0
        high = float(scale.high) if scale else most * 1.1
    lines = sum(len(wrap(r.label, room - 50, LABEL)) for r in data.rows)
    tall = max(240.0, (lines + 1) * LEADING)
    places = tuple(left + i * step for i in range(len(data.columns)))
    return Field(places, TOP + tall, low, high)


def line_colours(data: ChartData, palette: Palette) -> dict[Heading, str]:
    """The term the chart is about in the accent; or the first rows in hues."""
    chosen = [r for r in data.rows if r.code == data.spec.term] or data.rows[:MOST]
    hues = (palette.accent, palette.series[2], palette.series[4])
    named = dict(zip(chosen, hues, strict=False))
    return {row: named.get(row, palette.neutral) for row in data.rows}


def _found(data: ChartData, row: Heading) -> list[tuple[int, Heading, Mark]]:
    marks = [(i, c, data.at(row, c)) for i, c in enumerate(data.columns)]
    return [(i, c, m) for i, c, m in marks if m and m.estimate is not None]


def _line(
    data: ChartData, row: Heading, field: Field, colour: str
) -> list[dict[str, Any]]:
    """From wave to wave, where both have a value and they can be compared."""
    return [
        {
            "x": field.x[i],
            "x2": field.x[j],
            "y": field.y(one.estimate or 0),
            "y2": field.y(other.estimate or 0),
            "fill": colour,
        }
        for (i, a, one), (j, b, other) in itertools.pairwise(_found(data, row))
        if not comparable(data, a.code, b.code)
    ]


def _discs(
    data: ChartData, row: Heading, field: Field, colour: str
) -> list[dict[str, Any]]:
    return [
        {
            "label": row.label,
            "wave": column.label,
            "value": mark.estimate,
            "x": field.x[i],
            "y": field.y(mark.estimate or 0),
            "fill": colour,
            "say": spoken(data, row, column),
        }
        for i, column, mark in _found(data, row)
    ]


def _intervals(
    data: ChartData, row: Heading, field: Field, colour: str
) -> list[dict[str, Any]]:
    return [
        {
            "x": field.x[i],
            "x2": field.x[i],
            "y": field.y(mark.low),
            "y2": field.y(mark.high),
            "fill": colour,
        }
        for i, _, mark in _found(data, row)
        if mark.low is not None and mark.high is not None
    ]


def _grid(
    data: ChartData, field: Field, palette: Palette
) -> tuple[list[dict[str, Any]], list[Text]]:
    """Level lines with their values, and the waves below."""
    lines, texts = [], []
    for tick in ticks(field.low, field.high):
        y = field.y(tick)
        lines.append({"x": 38, "x2": field.x[-1] + 6, "y": y, "y2": y})
        words = value(data, tick).removesuffix(".0")
        texts.append(Text(32, y + 4, words, palette.muted, SMALL, False, "right"))
    for x, column in zip(field.x, data.columns, strict=True):
        y = field.bottom + 20
        texts.append(Text(x, y, column.label, palette.muted, SMALL, align="center"))
    return lines, texts


def _breaks(
    data: ChartData, field: Field, palette: Palette
) -> tuple[list[dict[str, Any]], list[Text]]:
    """An upright between two waves that cannot be compared."""
    lines, texts = [], []
    for i, (one, other) in enumerate(itertools.pairwise(data.columns)):
        if comparable(data, one.code, other.code):
            x = (field.x[i] + field.x[i + 1]) / 2
            lines += [
                {"x": x, "x2": x, "y": y, "y2": y + 4}
                for y in range(TOP, int(field.bottom), 8)
            ]
            texts.append(Text(x, 8, "break", palette.muted, SMALL, align="center"))
    return lines, texts


def _names(
    data: ChartData,
    field: Field,
    colours: dict[Heading, str],
    palette: Palette,
    width: float,
) -> list[Text]:
    """Value and name at the right end of each line, moved apart where they meet."""
    last = [(row, data.at(row, data.columns[-1])) for row in data.rows]
    ended = [(row, m) for row, m in last if m and m.estimate is not None]
    ended.sort(key=lambda each: -(each[1].estimate or 0))
    left = field.x[-1] + 10
    words = [wrap(row.label, width - left - 40, LABEL) for row, _ in ended]
    wanted = [field.y(mark.estimate or 0) + 4.5 for _, mark in ended]
    places = _apart(wanted, [len(lines) * LEADING for lines in words], field.bottom)
    texts = []
    for (row, mark), lines, y in zip(ended, words, places, strict=True):
        bold = colours[row] != palette.neutral
        ink = palette.ink if bold else palette.muted
        texts.append(Text(left, y, shown(data, mark), ink, VALUE, True))
        for i, line in enumerate(lines):
            at = y + i * LEADING
            texts.append(Text(left + 40, at, line, ink, LABEL, bold and row.strong))
    return texts


def _apart(wanted: list[float], heights: list[float], bottom: float) -> list[float]:
    """Baselines near those wanted, from the top down, none on another or too low."""
    places: list[float] = []
    for y, above in zip(wanted, [0.0, *heights], strict=False):
        places.append(max(y, places[-1] + above) if places else y)
    limit = bottom + 4
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit - heights[i] + LEADING)
        limit = places[i] - LEADING
    return places
