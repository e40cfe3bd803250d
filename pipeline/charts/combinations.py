"""Combinations: the sets of answers that were chosen together, the largest first.

Each row is a set: a dot for each answer in it, joined, and a bar of the share that
chose exactly that. It is the plot called UpSet, on its side so that it fits a phone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec

from pipeline.charts.axes import Heading, members
from pipeline.charts.bars import interval
from pipeline.charts.data import ChartData, Mark
from pipeline.charts.heads import column_heads
from pipeline.charts.layout import ENDS, SMALL, VALUE, Slot, baseline, is_narrow
from pipeline.charts.marks import Body, Text, dots, rects, rules
from pipeline.charts.measure import text_width
from pipeline.charts.theme import Palette
from pipeline.charts.words import shown, spoken
from pipeline.estimates.sets import NOTHING, REST

STEP, BAND, DOT, ROOM, GAP = 24, 16, 10, 46, 12
SHORT = {NOTHING: "Nothing", REST: "All other"}


class Field(msgspec.Struct, frozen=True):
    """Columns of dots, then bars from `left`, a unit of share `unit` pixels wide."""

    options: tuple[Heading, ...]
    wide: float
    top: float
    left: float
    unit: float

    def x(self, place: int) -> float:
        """The centre of a column of dots."""
        return (place + 0.5) * self.wide


def combinations(data: ChartData, palette: Palette, width: float) -> Body:
    """A row a set; what is not told apart comes last, without dots."""
    field, heads = _field(data, palette, width)
    shapes, ends, texts = [], [], [*heads]
    on: list[dict[str, Any]] = []
    off: list[dict[str, Any]] = []
    joined: list[dict[str, Any]] = []
    for place, row in enumerate(data.rows):
        middle = field.top + (place + 0.5) * STEP
        slot = Slot(row, middle - BAND / 2, middle + BAND / 2)
        mark = data.at(row)
        assert mark is not None, "a set is a row because there is an estimate of it"
        shapes.append(_bar(data, mark, slot, field, palette))
        ends += _ends(mark, slot, field, palette)
        texts += _texts(data, mark, slot, field, palette)
        if members(row.code):
            within, without = _dots(row, field, middle, palette)
            on, off = on + within, off + without
            joined += _joined(within, palette)
    bottom = field.top + len(data.rows) * STEP
    foot = [{"x": field.left, "x2": field.left, "y": field.top - 2, "y2": bottom}]
    layers = (
        dots(off, size=DOT - 2, name="others", heard=False),
        rules(joined, width=3, name="joined"),
        dots(on, size=DOT, name="members", heard=False),
        rects(shapes),
        rules(ends, width=1.5, name="intervals"),
        rules(foot, palette.muted, name="zero"),
    )
    return Body(bottom + 4, layers, tuple(texts))


def _field(data: ChartData, palette: Palette, width: float) -> tuple[Field, list[Text]]:
    """Answers that are in a set shown, in the order of the question."""
    inside = {code for row in data.rows for code in members(row.code)}
    options = tuple(
        Heading(axis="term", code=o.code, label=o.label)
        for o in data.question.choices
        if o.code in inside
    )
    narrow = is_narrow(width)
    wide = min(
        26.0 if narrow else 44.0, width * (0.56 if narrow else 0.6) / len(options)
    )
    heads, height = column_heads(options, palette, 0, wide, 0)
    left = len(options) * wide + GAP
    marks = [mark for _, _, mark in data.cells() if mark]
    most = max(m.high if m.high is not None else m.estimate or 0 for m in marks)
    end = next((end for end in ENDS if most <= end), 1.0)
    return Field(options, wide, height + 8, left, (width - left - ROOM) / end), heads


def _bar(
    data: ChartData, mark: Mark, slot: Slot, field: Field, palette: Palette
) -> dict[str, Any]:
    rest = slot.row.code == REST
    return {
        "label": slot.row.label,
        "share": mark.estimate,
        "x": field.left,
        "x2": field.left + (mark.estimate or 0) * field.unit,
        "y": slot.top,
        "y2": slot.bottom,
        "fill": palette.neutral if rest else palette.accent,
        "say": spoken(data, slot.row),
    }


def _ends(
    mark: Mark, slot: Slot, field: Field, palette: Palette
) -> list[dict[str, Any]]:
    rest = slot.row.code == REST
    inside = palette.on_neutral if rest else palette.on_accent
    return [
        line | {end: field.left + line[end] * field.unit for end in ("x", "x2")}
        for line in interval(mark, slot, inside, palette)
    ]


def _texts(
    data: ChartData, mark: Mark, slot: Slot, field: Field, palette: Palette
) -> list[Text]:
    """The share; and what a row without dots stands for."""
    end = mark.estimate if mark.high is None else mark.high
    x, y = field.left + (end or 0) * field.unit + 6, baseline(slot.middle, VALUE)
    value = Text(x, y, shown(data, mark), palette.ink, VALUE, bold=True)
    if members(slot.row.code):
        return [value]
    words, room = slot.row.label, field.left - GAP
    if text_width(words, SMALL) > room:
        words = SHORT[slot.row.code]
    at = baseline(slot.middle, SMALL)
    return [value, Text(room, at, words, palette.muted, SMALL, align="right")]


def _dots(
    row: Heading, field: Field, middle: float, palette: Palette
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The answers in a set, and faintly those that are not."""
    inside = members(row.code)
    within: list[dict[str, Any]] = []
    without: list[dict[str, Any]] = []
    for place, option in enumerate(field.options):
        chosen = option.code in inside
        fill = palette.ink if chosen else palette.grid
        dot = {"x": field.x(place), "y": middle, "fill": fill, "say": option.label}
        (within if chosen else without).append(dot)
    return within, without


def _joined(within: list[dict[str, Any]], palette: Palette) -> list[dict[str, Any]]:
    """A line from the first answer of a set to its last."""
    return [
        {"x": a["x"], "x2": b["x"], "y": a["y"], "y2": b["y"], "fill": palette.ink}
        for a, b in pairwise(within)
    ]
