"""Ranks: the place of each answer, wave by wave or group by group."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.layout import LABEL, LEADING, SMALL, baseline, is_narrow
from pipeline.charts.marks import Body, Text, dots, rules
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW, comparable, spoken, value

DISC, STEP, HEAD = 21, 30, 24


class Places(msgspec.Struct, frozen=True):
    """Where columns of ranks stand, and how far down each answer is in each."""

    x: tuple[float, ...]
    top: float
    slots: dict[tuple[str, str], int]

    def y(self, row: Heading, column: Heading) -> float | None:
        """The centre of a disc; None if the answer has no rank there."""
        slot = self.slots.get((row.code, column.code))
        return None if slot is None else self.top + (slot + 0.5) * STEP


def ranks(data: ChartData, palette: Palette, width: float) -> Body:
    """Discs with places in them, joined from wave to wave where waves compare."""
    over_time = data.columns[0].axis == "wave"
    chosen = _chosen(data)
    places, label = _places(data, width, over_time)
    discs, texts, joined = [], _heads(data, places, palette), []
    for row in data.rows:
        front = row.code in chosen
        texts += _label(data, row, places, palette, label, width, front)
        for x, column in zip(places.x, data.columns, strict=True):
            y = places.y(row, column)
            if y is None:
                continue
            first = front if over_time else _rank(data, row, column) == 1
            discs.append(_disc(data, row, column, x, y, palette, first))
            texts.append(_place(data, row, column, x, y, palette, first))
        if over_time:
            joined += [line | {"front": front} for line in _lines(data, row, places)]
    back = [line for line in joined if not line["front"]]
    ahead = [line for line in joined if line["front"]]
    layers = (
        rules(back, palette.soft, width=2.5, name="joined"),
        rules(ahead, palette.accent, width=3.5, name="joined_front"),
        dots(discs, size=DISC),
    )
    return Body(places.top + len(data.rows) * STEP, layers, tuple(texts))


def _chosen(data: ChartData) -> set[str]:
    """What the chart is about: its term, or else the first three."""
    if data.spec.term:
        return {data.spec.term}
    return {row.code for row in data.rows[:3]}


def _rank(data: ChartData, row: Heading, column: Heading) -> int | None:
    mark = data.at(row, column)
    return mark.rank if mark else None


def _places(
    data: ChartData, width: float, over_time: bool
) -> tuple[Places, float]:
    """Columns of discs, then labels; or labels first, where groups are compared."""
    slots = {}
    for column in data.columns:
        ranked = [(_rank(data, row, column), row.code) for row in data.rows]
        order = sorted(range(len(ranked)), key=lambda i: (ranked[i][0] or 0, i))
        shown = [i for i in order if ranked[i][0] is not None]
        for slot, i in enumerate(shown if over_time else order):
            if ranked[i][0] is not None:
                slots[ranked[i][1], column.code] = slot if over_time else i
    widest = max(text_width(row.label, LABEL, bold=True) for row in data.rows)
    if not over_time:
        left = min(widest + 14, width * 0.36)
        step = (width - left) / len(data.columns)
        x = tuple(left + (i + 0.5) * step for i in range(len(data.columns)))
        return Places(x, _head_height(data, step), slots), 0
    free = width * (0.52 if is_narrow(width) else 0.55)
    label = width - min(widest + 50, free)
    span = label - 24 - DISC
    count = len(data.columns)
    x = tuple(DISC / 2 + 2 + span * i / max(count - 1, 1) for i in range(count))
    if count == 1:
        label = DISC + 14
    return Places(x, HEAD, slots), label


def _head_height(data: ChartData, step: float) -> float:
    lines = max(len(wrap(c.label, step - 4, SMALL)) for c in data.columns)
    return lines * 13 + 10


def _heads(data: ChartData, places: Places, palette: Palette) -> list[Text]:
    texts = []
    step = places.x[1] - places.x[0] if len(places.x) > 1 else 120
    edge = data.columns[0].axis == "wave"
    for x, column in zip(places.x, data.columns, strict=True):
        lines = wrap(column.label, step - 4, SMALL)
        for i, line in enumerate(lines):
            y = places.top - 10 - (len(lines) - 1 - i) * 13
            at = max(x, text_width(line, SMALL, bold=True) / 2) if edge else x
            texts.append(Text(at, y, line, palette.muted, SMALL, edge, "center"))
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


def _place(
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


def _lines(data: ChartData, row: Heading, places: Places) -> list[dict[str, Any]]:
    """From each wave to the next, unless the two cannot be compared."""
    lines = []
    pairs = list(zip(places.x, data.columns, strict=True))
    for (x, column), (x2, after) in zip(pairs, pairs[1:], strict=False):
        y, y2 = places.y(row, column), places.y(row, after)
        broken = comparable(data, column.code, after.code)
        if y is not None and y2 is not None and not broken:
            lines.append({"x": x, "x2": x2, "y": y, "y2": y2})
    return lines


def _label(
    data: ChartData,
    row: Heading,
    places: Places,
    palette: Palette,
    left: float,
    width: float,
    front: bool,
) -> list[Text]:
    """The answer beside its last place, with the share that gave it that place."""
    last = data.columns[-1]
    over_time = last.axis == "wave"
    y = places.y(row, last)
    if y is None:
        index = data.rows.index(row)
        y = places.top + (index + 0.5) * STEP
    share = data.value(row, last)
    words = TOO_FEW if share is None else value(data, share)
    free = (width - left - 42) if over_time else places.x[0] - 20
    lines = wrap(row.label, free, LABEL, bold=front)
    first = y - (len(lines) - 1) * LEADING / 2
    texts = [
        Text(left, baseline(first + i * LEADING, LABEL), t, palette.ink, LABEL, front)
        for i, t in enumerate(lines)
    ]
    if not over_time:
        return texts
    at = baseline(y, LABEL)
    return [*texts, Text(width, at, words, palette.muted, LABEL, False, "right")]
