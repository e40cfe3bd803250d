"""Waves: what each row was before and is now, on one line; or a bar a wave."""

from __future__ import annotations

from typing import Any

from pipeline.charts.axes import Heading
from pipeline.charts.bars import gridlines, position, share_scale, zero
from pipeline.charts.data import ChartData
from pipeline.charts.layout import SMALL, VALUE, Lanes, Slot, baseline, key, lanes
from pipeline.charts.marks import Body, Text, dots, rects, rules
from pipeline.charts.measure import text_width
from pipeline.charts.theme import Palette
from pipeline.charts.words import comparable, shown, spoken

DOT, BAND, ROOM = 13, 18, 46


def waves(data: ChartData, palette: Palette, width: float) -> Body:
    """Two waves are two dots joined by a line; more are a bar each."""
    return _pair(data, palette, width) if len(data.columns) == 2 else _bars(
        data, palette, width
    )


def wave_colours(data: ChartData, palette: Palette) -> dict[str, str]:
    """The latest wave in the accent, those before it paler the older they are."""
    older = [palette.ramp[1], palette.ramp[2], palette.soft]
    codes = [column.code for column in data.columns]
    before = older[-(len(codes) - 1) :] if len(codes) > 1 else []
    before = [older[0]] * (len(codes) - 1 - len(before)) + before
    return dict(zip(codes, [*before, palette.accent], strict=True))


def _pair(data: ChartData, palette: Palette, width: float) -> Body:
    colours = wave_colours(data, palette)
    names = [(c.label, colours[c.code]) for c in data.columns]
    swatches, keys, top = key(names, palette, width)
    rows = lanes(data, palette, width, band=BAND, top=top + 6, room=ROOM)
    rows = Lanes(rows.slots, rows.texts, rows.left + 34, rows.right, rows.height)
    scale, low, high = share_scale(data, rows)
    grid, labels = gridlines(data, rows, palette, low, high)
    joined, ends, discs = [], [], []
    texts = [*rows.texts, *keys, *labels]
    for slot in rows.slots:
        joined += _join(data, slot)
        ends += [_interval(data, slot, column) for column in _drawn(data, slot)]
        discs += [_dot(data, slot, c, colours) for c in _drawn(data, slot)]
        texts += _values(data, slot, rows, palette, low, high)
    layers = (
        rects(swatches, name="key"),
        rules(grid, palette.grid, scale=scale, name="grid"),
        rules(zero(rows, low), palette.muted, scale=scale, name="zero"),
        rules(joined, palette.grid, width=5, scale=scale, name="joined"),
        rules(ends, palette.muted, width=1.25, scale=scale, name="intervals"),
        dots(discs, size=DOT, scale=scale),
    )
    return Body(rows.height + 22, layers, tuple(texts))


def _drawn(data: ChartData, slot: Slot) -> list[Heading]:
    return [c for c in data.columns if data.value(slot.row, c) is not None]


def _join(data: ChartData, slot: Slot) -> list[dict[str, Any]]:
    """A line from wave to wave, which says that the two may be compared."""
    drawn = _drawn(data, slot)
    if len(drawn) < 2 or comparable(data, drawn[0].code, drawn[1].code):
        return []
    x, x2 = (data.value(slot.row, column) for column in drawn)
    return [{"x": x, "x2": x2, "y": slot.middle, "y2": slot.middle}]


def _interval(data: ChartData, slot: Slot, column: Heading) -> dict[str, Any]:
    mark = data.at(slot.row, column)
    assert mark is not None
    return {"x": mark.low, "x2": mark.high, "y": slot.middle, "y2": slot.middle}


def _dot(
    data: ChartData, slot: Slot, column: Heading, colours: dict[str, str]
) -> dict[str, Any]:
    return {
        "label": slot.row.label,
        "wave": column.label,
        "x": data.value(slot.row, column),
        "y": slot.middle,
        "fill": colours[column.code],
        "say": spoken(data, slot.row, column),
    }


def _values(
    data: ChartData, slot: Slot, rows: Lanes, palette: Palette, low: float, high: float
) -> list[Text]:
    """The smaller value to the left of its interval, the larger to the right."""
    marks = [(c, data.at(slot.row, c)) for c in data.columns]
    found = [(m.estimate, c, m) for c, m in marks if m and m.estimate is not None]
    found.sort(key=lambda each: each[0])
    y = baseline(slot.middle, VALUE)
    texts = []
    edge = rows.left
    for place, (_, column, mark) in enumerate(found):
        latest = column == data.columns[-1]
        color = palette.ink if latest else palette.muted
        words = shown(data, mark)
        if place == 0 and len(found) == 2:
            x = position(min(m.low or 0 for _, _, m in found), rows, low, high) - 8
            texts.append(Text(x, y, words, color, VALUE, latest, "right"))
        else:
            edge = position(max(m.high or 0 for _, _, m in found), rows, low, high) + 8
            texts.append(Text(edge, y, words, color, VALUE, latest))
            edge += text_width(words, VALUE, bold=True) + 10
    for column, mark in marks:
        if mark is None or mark.estimate is None:
            words = f"{column.label}: {shown(data, mark)}"
            x = min(edge, rows.right + ROOM - text_width(words, SMALL))
            texts.append(Text(x, y, words, palette.muted, SMALL, italic=True))
    return texts


def _bars(data: ChartData, palette: Palette, width: float) -> Body:
    """Thin bars, one a wave, each named."""
    colours = wave_colours(data, palette)
    each = 16
    band = each * len(data.columns)
    rows = lanes(data, palette, width, band=band, room=ROOM)
    tag = max(text_width(c.label, SMALL) for c in data.columns) + 8
    rows = Lanes(rows.slots, rows.texts, rows.left + tag, rows.right, rows.height)
    scale, low, high = share_scale(data, rows)
    grid, labels = gridlines(data, rows, palette, low, high)
    shapes, ends, texts = [], [], [*rows.texts, *labels]
    for slot in rows.slots:
        for i, column in enumerate(data.columns):
            line = Slot(slot.row, slot.top + i * each, slot.top + (i + 1) * each - 2)
            latest = column == data.columns[-1]
            color = palette.ink if latest else palette.muted
            y = baseline(line.middle, SMALL)
            texts.append(Text(rows.left - 6, y, column.label, color, SMALL, align="right"))
            mark = data.at(slot.row, column)
            words = shown(data, mark)
            if mark is None or mark.estimate is None:
                texts.append(
                    Text(rows.left + 6, y, words, palette.muted, SMALL, italic=True)
                )
                continue
            shape = _dot(data, slot, column, colours)
            shapes.append({**shape, "x": low, "x2": shape["x"], "y": line.top, "y2": line.bottom})
            ends.append(_interval(data, line, column))
            x = position(mark.high or mark.estimate, rows, low, high) + 6
            texts.append(Text(x, y, words, color, SMALL + 0.5, latest))
    layers = (
        rules(grid, palette.grid, scale=scale, name="grid"),
        rects(shapes, scale=scale),
        rules(ends, palette.paper, width=3, scale=scale, name="halo"),
        rules(ends, palette.ink, width=1, scale=scale, name="intervals"),
        rules(zero(rows, low), palette.muted, scale=scale, name="zero"),
    )
    return Body(rows.height + 22, layers, tuple(texts))
