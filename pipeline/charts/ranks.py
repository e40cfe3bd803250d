"""Ranks: the place of each answer, wave by wave or group by group."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.heads import column_heads
from pipeline.charts.layout import LABEL, LEADING, SMALL, baseline, is_narrow
from pipeline.charts.marks import Body, Text, dots, rules
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW, comparable, shown, spoken

DISC, STEP, HEAD = 21, 30, 24
SHARE = 42  # the column of shares, right of the labels
EMPTY = "–"


class Places(msgspec.Struct, frozen=True):
    """Where columns of discs stand, how far down each answer is in each, and labels."""

    x: tuple[float, ...]
    slots: dict[tuple[str, str], int]
    top: float
    step: float
    label: float
    room: float  # for labels

    def y(self, row: Heading, column: Heading) -> float | None:
        """The centre of a disc; None if the answer has no rank there."""
        slot = self.slots.get((row.code, column.code))
        return None if slot is None else self.top + (slot + 0.5) * self.step


def ranks(data: ChartData, palette: Palette, width: float) -> Body:
    """Discs with places in them, joined from wave to wave where waves compare."""
    over_time = data.columns[0].axis == "wave"
    places = (_over_time if over_time else _by_group)(data, palette, width)
    front_rows = chosen(data)
    discs, texts, joined = [], _heads(data, places, palette), []
    for place, row in enumerate(data.rows):
        front = row.code in front_rows
        texts += _label(data, row, place, places, palette, width, front)
        for x, column in zip(places.x, data.columns, strict=True):
            y = places.y(row, column)
            if y is None:
                texts += _empty(data, row, column, x, place, places, palette)
                continue
            first = front if over_time else _rank(data, row, column) == 1
            discs.append(_disc(data, row, column, x, y, palette, first))
            texts.append(_number(data, row, column, x, y, palette, first))
        joined += _lines(data, row, places, palette, front)
    # What the chart is about lies over the rest.
    joined.sort(key=lambda line: line["fill"] == palette.accent)
    layers = (rules(joined, width=3, name="joined"), dots(discs, size=DISC))
    height = places.top + len(data.rows) * places.step
    few = not over_time and bool(data.suppressed())
    if few:
        words = f"{EMPTY} {TOO_FEW}"
        texts.append(Text(0, height + 14, words, palette.muted, SMALL))
    return Body(height + (18 if few else 0), layers, tuple(texts))


def chosen(data: ChartData) -> set[str]:
    """What the chart is about: its term, or else the first three."""
    if data.spec.term:
        return {data.spec.term}
    return {row.code for row in data.rows[:3]}


def _rank(data: ChartData, row: Heading, column: Heading) -> int | None:
    mark = data.at(row, column)
    return data.place(mark) if mark else None


def _step(data: ChartData, room: float) -> float:
    lines = max(len(wrap(r.label, room, LABEL, bold=True)) for r in data.rows)
    return max(STEP, lines * LEADING + 4)


def _over_time(data: ChartData, palette: Palette, width: float) -> Places:
    """Discs to the left in the order of their ranks, labels right of the last ones."""
    slots = {}
    for column in data.columns:
        ranked = [(_rank(data, row, column), i) for i, row in enumerate(data.rows)]
        order = sorted((rank, i) for rank, i in ranked if rank is not None)
        for slot, (_, i) in enumerate(order):
            slots[data.rows[i].code, column.code] = slot
    widest = max(text_width(row.label, LABEL, bold=True) for row in data.rows)
    most = width * (0.52 if is_narrow(width) else 0.55)
    several = len(data.columns) > 1
    label = width - min(widest + SHARE + 8, most) if several else DISC + 14
    span = label - 12 - DISC
    count = max(len(data.columns) - 1, 1)
    x = tuple(DISC / 2 + 2 + span * i / count for i in range(len(data.columns)))
    room = width - label - SHARE
    return Places(x, slots, HEAD, _step(data, room), label, room)


def _by_group(data: ChartData, palette: Palette, width: float) -> Places:
    """Labels to the left, then a column of discs for each group."""
    widest = max(text_width(row.label, LABEL, bold=True) for row in data.rows)
    left = min(widest + 14, width * 0.36)
    step = (width - left) / len(data.columns)
    x = tuple(left + (i + 0.5) * step for i in range(len(data.columns)))
    slots = {
        (row.code, column.code): i
        for i, row in enumerate(data.rows)
        for column in data.columns
        if _rank(data, row, column) is not None
    }
    _, height = column_heads(data.columns, palette, left, step, 0)
    room = left - 12
    return Places(x, slots, height + 10, _step(data, room), 0, room)


def _heads(data: ChartData, places: Places, palette: Palette) -> list[Text]:
    """What stands over each column."""
    if data.columns[0].axis != "wave":
        step = (places.x[-1] - places.x[0]) / max(len(places.x) - 1, 1) or 120
        left = places.x[0] - step / 2
        return column_heads(data.columns, palette, left, step, 0)[0]
    texts = []
    for x, column in zip(places.x, data.columns, strict=True):
        at = max(x, text_width(column.label, SMALL, bold=True) / 2)
        y = places.top - 10
        texts.append(Text(at, y, column.label, palette.muted, SMALL, True, "center"))
    return texts


def _disc(
    data: ChartData,
    row: Heading,
    column: Heading,
    x: float,
    y: float,
    palette: Palette,
    first: bool,
) -> dict[str, Any]:
    rank = _rank(data, row, column)
    return {
        "label": row.label,
        "column": column.label,
        "rank": rank,
        "x": x,
        "y": y,
        "fill": palette.accent if first else palette.soft,
        "say": f"{spoken(data, row, column)}, place {rank}",
    }


def _number(
    data: ChartData,
    row: Heading,
    column: Heading,
    x: float,
    y: float,
    palette: Palette,
    first: bool,
) -> Text:
    color = palette.on_accent if first else palette.ink
    rank = str(_rank(data, row, column))
    return Text(x, baseline(y, SMALL), rank, color, SMALL, True, "center")


def _empty(
    data: ChartData,
    row: Heading,
    column: Heading,
    x: float,
    place: int,
    places: Places,
    palette: Palette,
) -> list[Text]:
    """A group with too few answers; a wave that did not ask is left blank."""
    if column.axis == "wave":
        return []
    y = baseline(places.top + (place + 0.5) * places.step, LABEL)
    return [Text(x, y, EMPTY, palette.muted, LABEL, align="center")]


def _lines(
    data: ChartData, row: Heading, places: Places, palette: Palette, front: bool
) -> list[dict[str, Any]]:
    """From each wave to the next, unless the two cannot be compared."""
    if data.columns[0].axis != "wave":
        return []
    lines = []
    pairs = list(zip(places.x, data.columns, strict=True))
    fill = palette.accent if front else palette.soft
    for (x, column), (x2, after) in itertools.pairwise(pairs):
        y, y2 = places.y(row, column), places.y(row, after)
        broken = comparable(data, column.code, after.code)
        if y is not None and y2 is not None and not broken:
            lines.append({"x": x, "x2": x2, "y": y, "y2": y2, "fill": fill})
    return lines


def _label(
    data: ChartData,
    row: Heading,
    place: int,
    places: Places,
    palette: Palette,
    width: float,
    front: bool,
) -> list[Text]:
    """The answer; over time at its last place, with the share that put it there."""
    last = data.columns[-1]
    over_time = last.axis == "wave"
    y = places.y(row, last) if over_time else None
    if y is None:
        y = places.top + (place + 0.5) * places.step
    bold = front and over_time
    lines = wrap(row.label, places.room, LABEL, bold=bold)
    first = baseline(y - (len(lines) - 1) * LEADING / 2, LABEL)
    texts = [
        Text(places.label, first + i * LEADING, line, palette.ink, LABEL, bold)
        for i, line in enumerate(lines)
    ]
    if not over_time:
        return texts
    share = shown(data, data.at(row, last))
    at = baseline(y, LABEL)
    return [*texts, Text(width, at, share, palette.muted, LABEL, align="right")]
