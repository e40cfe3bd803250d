"""Bars: one share (or mean) a row, with its interval and its value."""

from __future__ import annotations

from typing import Any

from pipeline.charts.data import ChartData, Mark
from pipeline.charts.layout import (
    LABEL,
    SMALL,
    VALUE,
    Lanes,
    Slot,
    Wish,
    baseline,
    lanes,
    plates,
    scaled,
    ticks,
    upright,
)
from pipeline.charts.marks import Align, Body, Layer, Scale, Text, rects, rules
from pipeline.charts.theme import Palette
from pipeline.charts.words import shown, spoken, value

BAND, ROOM, FOOT = 18, 46, 22


def bars(data: ChartData, palette: Palette, width: float) -> Body:
    """One bar a row; everyone, if there, comes first and in another colour."""
    wish = Wish(band=BAND, room=ROOM, bases=bool(data.spec.by))
    rows = scaled(data, lanes(data, palette, width, wish))
    scale = scale_of(rows)
    found = [(slot, data.at(slot.row)) for slot in rows.slots]
    drawn = [(s, mark) for s, mark in found if mark and mark.estimate is not None]
    ends = [end for slot, mark in drawn for end in _ends(slot, mark, palette)]
    values = [_value(data, slot, mark, rows, palette) for slot, mark in found]
    grid, labels = gridlines(data, rows, palette)
    layers = (
        *grid,
        rects(plates(values, palette), name="plates", heard=False),
        rects([_bar(data, s, rows, palette) for s, _ in drawn], scale=scale),
        intervals(ends, scale),
        rules(upright(rows, rows.low), palette.muted, scale=scale, name="zero"),
    )
    return Body(rows.height + FOOT, layers, (*rows.texts, *labels, *values))


def scale_of(rows: Lanes) -> Scale:
    """The axis of values."""
    return Scale(rows.low, rows.high, rows.left, rows.right)


def gridlines(
    data: ChartData, rows: Lanes, palette: Palette
) -> tuple[list[Layer], list[Text]]:
    """Thin verticals behind the rows, and below what they stand for."""
    lines, texts = [], []
    foot = rows.slots[-1].bottom + 19
    for tick in ticks(rows.low, rows.high):
        lines += upright(rows, tick)
        x = rows.x(tick)
        words = value(data, tick).removesuffix(".0")
        align: Align = "left" if x < 8 else "center"
        texts.append(Text(x, foot, words, palette.muted, SMALL, False, align))
    return [rules(lines, palette.grid, scale=scale_of(rows), name="grid")], texts


def interval(
    mark: Mark, slot: Slot, inside: str, palette: Palette
) -> list[dict[str, Any]]:
    """The line of an interval, in a colour seen `inside` its bar and in ink beyond."""
    y, end = slot.middle, mark.estimate
    if mark.low is None or mark.high is None:
        return []
    return [
        {"x": mark.low, "x2": end, "y": y, "y2": y, "fill": inside},
        {"x": end, "x2": mark.high, "y": y, "y2": y, "fill": palette.ink},
    ]


def intervals(ends: list[dict[str, Any]], scale: Scale) -> Layer:
    """Thin lines, one for each interval."""
    return rules(ends, width=1.5, scale=scale, name="intervals")


def _ends(slot: Slot, mark: Mark, palette: Palette) -> list[dict[str, Any]]:
    everyone = slot.row.everyone
    inside = palette.on_neutral if everyone else palette.on_accent
    return interval(mark, slot, inside, palette)


def _bar(data: ChartData, slot: Slot, rows: Lanes, palette: Palette) -> dict[str, Any]:
    row = slot.row
    return {
        "label": row.label,
        "x": rows.low,
        "x2": data.value(row),
        "y": slot.top,
        "y2": slot.bottom,
        "fill": palette.neutral if row.everyone else palette.accent,
        "say": spoken(data, row),
    }


def _value(
    data: ChartData, slot: Slot, mark: Mark | None, rows: Lanes, palette: Palette
) -> Text:
    """The value right of its bar and interval; or that there are too few answers."""
    y = baseline(slot.middle, VALUE)
    words = shown(data, mark)
    if mark is None or mark.estimate is None:
        return Text(rows.left + 6, y, words, palette.muted, LABEL, italic=True)
    end = mark.estimate if mark.high is None else mark.high
    return Text(rows.x(end) + 6, y, words, palette.ink, VALUE, True)
