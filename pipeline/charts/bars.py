"""Bars: one share (or mean) a row, with its interval and its value."""

from __future__ import annotations

from typing import Any

import altair as alt

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.layout import (
    LABEL,
    SMALL,
    VALUE,
    Lanes,
    Slot,
    baseline,
    lanes,
    nice_top,
    ticks,
    top_of,
)
from pipeline.charts.marks import Body, Text, rects, rules
from pipeline.charts.theme import Palette
from pipeline.charts.words import shown, spoken, value

BAND, ROOM = 18, 46


def bars(data: ChartData, palette: Palette, width: float) -> Body:
    """One bar a row; everyone, if there, comes first and in another colour."""
    split = bool(data.spec.by)
    rows = lanes(data, palette, width, band=BAND, bases=split, room=ROOM)
    scale, low, high = share_scale(data, rows)
    grid, labels = gridlines(data, rows, palette, low, high)
    drawn = [s for s in rows.slots if data.value(s.row) is not None]
    intervals = [_interval(data, slot) for slot in drawn]
    layers = (
        rules(grid, palette.grid, scale=scale, name="grid"),
        rects([_bar(data, s, palette, low) for s in drawn], scale=scale),
        rules(intervals, palette.paper, width=3.5, scale=scale, name="halo"),
        rules(intervals, palette.ink, width=1.25, scale=scale, name="intervals"),
        rules(zero(rows, low), palette.muted, scale=scale, name="zero"),
    )
    values = [_value(data, slot, rows, palette, low, high) for slot in rows.slots]
    return Body(rows.height + 22, layers, (*rows.texts, *labels, *values))


def share_scale(data: ChartData, rows: Lanes) -> tuple[alt.Scale, float, float]:
    """Shares start at 0 and ratings at the low end: never where the data happen to."""
    marks = [mark for _, _, mark in data.cells() if mark]
    most = [m.high if m.high is not None else m.estimate or 0 for m in marks]
    scale = data.question.scale
    if data.measure == "share":
        low, high = 0.0, top_of(most)
    elif scale is not None:
        low, high = float(scale.low), float(scale.high)
    else:
        low, high = 0.0, nice_top(max(most, default=1))
    spread = alt.Scale(domain=[low, high], range=[rows.left, rows.right], nice=False)
    return spread, low, high


def position(at: float, rows: Lanes, low: float, high: float) -> float:
    """The pixel of a value."""
    return rows.left + (at - low) / (high - low) * (rows.right - rows.left)


def gridlines(
    data: ChartData, rows: Lanes, palette: Palette, low: float, high: float
) -> tuple[list[dict[str, Any]], list[Text]]:
    """Thin verticals over all rows, with what they stand for below."""
    top, bottom = rows.slots[0].top - 4, rows.slots[-1].bottom + 5
    lines, texts = [], []
    for tick in ticks(low, high):
        lines.append({"x": tick, "x2": tick, "y": top, "y2": bottom})
        x = position(tick, rows, low, high)
        at_edge = x < 8
        texts.append(
            Text(
                x,
                bottom + 14,
                value(data, tick),
                palette.muted,
                size=SMALL,
                align="left" if at_edge else "center",
            )
        )
    return lines, texts


def zero(rows: Lanes, low: float) -> list[dict[str, Any]]:
    """The line that bars stand on."""
    top, bottom = rows.slots[0].top - 4, rows.slots[-1].bottom + 5
    return [{"x": low, "x2": low, "y": top, "y2": bottom}]


def _bar(data: ChartData, slot: Slot, palette: Palette, low: float) -> dict[str, Any]:
    row = slot.row
    return {
        "label": row.label,
        "x": low,
        "x2": data.value(row),
        "y": slot.top,
        "y2": slot.bottom,
        "fill": _fill(row, palette),
        "say": spoken(data, row),
    }


def _fill(row: Heading, palette: Palette) -> str:
    return palette.neutral if row.everyone else palette.accent


def _interval(data: ChartData, slot: Slot) -> dict[str, Any]:
    mark = data.at(slot.row)
    assert mark is not None
    return {"x": mark.low, "x2": mark.high, "y": slot.middle, "y2": slot.middle}


def _value(
    data: ChartData, slot: Slot, rows: Lanes, palette: Palette, low: float, high: float
) -> Text:
    """The value right of its bar and interval; or that there are too few answers."""
    mark = data.at(slot.row)
    middle = baseline(slot.middle, VALUE)
    if mark is None or mark.estimate is None:
        words = shown(data, mark)
        return Text(
            rows.left + 6, middle, words, palette.muted, size=LABEL, italic=True
        )
    end = mark.high if mark.high is not None else mark.estimate
    x = position(end, rows, low, high) + 6
    return Text(x, middle, shown(data, mark), palette.ink, size=VALUE, bold=True)
