"""Waves: what each row was before and is now, on one line; or a bar a wave."""

from __future__ import annotations

from typing import Any

from pipeline.charts.axes import Heading
from pipeline.charts.bars import (
    FOOT,
    ROOM,
    gridlines,
    interval,
    intervals,
    scale_of,
)
from pipeline.charts.data import ChartData, Mark
from pipeline.charts.layout import (
    LABEL,
    SMALL,
    VALUE,
    Lanes,
    Slot,
    Wish,
    baseline,
    key,
    lanes,
    plates,
    scaled,
    upright,
)
from pipeline.charts.marks import Body, Text, dots, rects, rules
from pipeline.charts.measure import text_width
from pipeline.charts.theme import Palette
from pipeline.charts.words import comparable, shown, spoken

DOT, BAND, BAR = 12, 18, 17


def waves(data: ChartData, palette: Palette, width: float) -> Body:
    """Two waves are two dots joined by a line; more are a bar each."""
    several = _pair if len(data.columns) == 2 else _bars
    return several(data, palette, width)


def wave_colours(data: ChartData, palette: Palette) -> dict[str, str]:
    """The latest wave in the accent, the one before it darker than older ones."""
    codes = [column.code for column in data.columns]
    older = [palette.soft] * (len(codes) - 2)
    colours = [*older, palette.before, palette.accent][-len(codes) :]
    return dict(zip(codes, colours, strict=True))


def _pair(data: ChartData, palette: Palette, width: float) -> Body:
    colours = wave_colours(data, palette)
    names = [(c.label, colours[c.code]) for c in data.columns]
    swatches, keys, top = key(names, palette, width)
    wish = Wish(band=BAND, top=top + 6, room=ROOM, inset=36)
    rows = scaled(data, lanes(data, palette, width, wish))
    scale = scale_of(rows)
    grid, labels = gridlines(data, rows, palette)
    joined, ends, values = [], [], []
    before, now = (
        [
            _disc(data, slot, column, colours)
            for slot in rows.slots
            if data.value(slot.row, column) is not None
        ]
        for column in data.columns
    )
    for slot in rows.slots:
        found = _found(data, slot.row)
        joined += _join(data, slot)
        ends += [_span(m, slot) | {"fill": colours[c.code]} for c, m in found]
        values += _values(data, slot, rows, palette)
    layers = (
        rects(swatches, name="key", heard=False),
        *grid,
        rects(plates(values, palette), name="plates", heard=False),
        rules(joined, palette.grid, width=7, scale=scale, name="joined"),
        rules(ends, width=2, scale=scale, name="intervals"),
        # The older dot is larger, so that it shows behind a newer one in its place.
        dots(before, size=DOT + 3, scale=scale, name="dots_before"),
        dots(now, size=DOT, scale=scale, name="dots_now"),
    )
    texts = (*rows.texts, *keys, *labels, *values)
    return Body(rows.height + FOOT, layers, texts)


def _span(mark: Mark, slot: Slot) -> dict[str, Any]:
    y = slot.middle
    return {"x": mark.low, "x2": mark.high, "y": y, "y2": y}


def _found(data: ChartData, row: Heading) -> list[tuple[Heading, Mark]]:
    """The waves of a row that have a value."""
    marks = ((column, data.at(row, column)) for column in data.columns)
    return [(c, mark) for c, mark in marks if mark and mark.estimate is not None]


def _join(data: ChartData, slot: Slot) -> list[dict[str, Any]]:
    """A line from wave to wave, which says that the two may be compared."""
    found = _found(data, slot.row)
    if len(found) < 2 or comparable(data, found[0][0].code, found[1][0].code):
        return []
    x, x2 = (mark.estimate for _, mark in found)
    return [{"x": x, "x2": x2, "y": slot.middle, "y2": slot.middle}]


def _disc(
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


def _values(data: ChartData, slot: Slot, rows: Lanes, palette: Palette) -> list[Text]:
    """The smaller value to the left of the intervals, the larger to their right."""
    found = sorted(_found(data, slot.row), key=lambda each: each[1].estimate or 0)
    y = baseline(slot.middle, VALUE)
    texts = []
    edge = rows.left
    for place, (column, mark) in enumerate(found):
        latest = column == data.columns[-1]
        color = palette.ink if latest else palette.muted
        words = shown(data, mark)
        if place < len(found) - 1:
            start = rows.x(min(_end(m, "low") for _, m in found)) - 8
            texts.append(Text(start, y, words, color, VALUE, latest, "right"))
        else:
            edge = rows.x(max(_end(m, "high") for _, m in found)) + 8
            texts.append(Text(edge, y, words, color, VALUE, latest))
            edge += text_width(words, VALUE, bold=True) + 12
    return [*texts, *_absent(data, slot, rows, palette, edge)]


def _end(mark: Mark, name: str) -> float:
    """One end of an interval, never further in than the disc reaches."""
    found: float | None = getattr(mark, name)
    value = found if found is not None else mark.estimate
    return value or 0


def _absent(
    data: ChartData, slot: Slot, rows: Lanes, palette: Palette, edge: float
) -> list[Text]:
    """Why a wave has no dot."""
    marks = [(column, data.at(slot.row, column)) for column in data.columns]
    why = [(c.label, shown(data, m)) for c, m in marks if not m or m.estimate is None]
    if not why:
        return []
    reasons = {reason for _, reason in why}
    words = "; ".join(f"{wave}: {reason}" for wave, reason in why)
    if len(why) == len(marks) and len(reasons) == 1:
        words = reasons.pop()
    x = min(edge, rows.right + ROOM - text_width(words, SMALL))
    y = baseline(slot.middle, SMALL)
    return [Text(x, y, words, palette.muted, SMALL, italic=True)]


def _bars(data: ChartData, palette: Palette, width: float) -> Body:
    """Thin bars, one a wave, each named."""
    tag = max(text_width(c.label, SMALL) for c in data.columns) + 8
    wish = Wish(band=BAR * len(data.columns), room=ROOM, inset=tag)
    rows = scaled(data, lanes(data, palette, width, wish))
    scale = scale_of(rows)
    grid, labels = gridlines(data, rows, palette)
    shapes, ends, texts = [], [], []
    for slot in rows.slots:
        for place, column in enumerate(data.columns):
            top = slot.top + place * BAR
            line = Slot(slot.row, top, top + BAR - 2)
            shape, end = _bar(data, line, column, rows, palette)
            shapes += shape
            ends += end
            texts += _tags(data, line, column, rows, palette)
    values = [text for text in texts if text.align == "left"]
    layers = (
        *grid,
        rects(plates(values, palette), name="plates", heard=False),
        rects(shapes, scale=scale),
        intervals(ends, scale),
        rules(upright(rows, rows.low), palette.muted, scale=scale, name="zero"),
    )
    return Body(rows.height + FOOT, layers, (*rows.texts, *labels, *texts))


def _bar(
    data: ChartData, line: Slot, column: Heading, rows: Lanes, palette: Palette
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    mark = data.at(line.row, column)
    if mark is None or mark.estimate is None:
        return [], []
    shape = _disc(data, line, column, wave_colours(data, palette))
    band = {"x": rows.low, "x2": mark.estimate, "y": line.top, "y2": line.bottom}
    latest = column == data.columns[-1]
    inside = palette.on_accent if latest else palette.ink
    return [shape | band], interval(mark, line, inside, palette)


def _tags(
    data: ChartData, line: Slot, column: Heading, rows: Lanes, palette: Palette
) -> list[Text]:
    """The wave to the left of its bar and the value to its right."""
    latest = column == data.columns[-1]
    color = palette.ink if latest else palette.muted
    y = baseline(line.middle, SMALL)
    wave = Text(rows.left - 6, y, column.label, color, SMALL, align="right")
    mark = data.at(line.row, column)
    words = shown(data, mark)
    if mark is None or mark.estimate is None:
        none = Text(rows.left + 6, y, words, palette.muted, SMALL, italic=True)
        return [wave, none]
    y = baseline(line.middle, LABEL - 1)
    x = rows.x(_end(mark, "high")) + 6
    return [wave, Text(x, y, words, color, LABEL - 1, latest)]
