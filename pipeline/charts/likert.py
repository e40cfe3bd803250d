"""Likert: answers for and against, to the two sides of a middle line.

Who neither agrees nor disagrees is halved by the line; answers that say nothing
("not sure") stand apart at the right. Each side's sum is printed at its end.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.bars import scale_of
from pipeline.charts.data import ChartData
from pipeline.charts.layout import LABEL, VALUE, Lanes, Slot, Wish, baseline, key, lanes
from pipeline.charts.marks import Body, Text, rects, rules
from pipeline.charts.measure import text_width
from pipeline.charts.theme import Palette, option_colours
from pipeline.charts.words import shown, spoken, value
from pipeline.narrative.answers import says_nothing

BAND, PART, FOOT = 26, 12, 6
SIDE = 44  # for a sum beyond its bar
APART = 14  # between the bars and what says nothing


class Sides(msgspec.Struct, frozen=True):
    """Answers from the middle outwards on the left and right, and those apart."""

    left: tuple[Heading, ...]
    middle: tuple[Heading, ...]
    right: tuple[Heading, ...]
    apart: tuple[Heading, ...]

    def drawn(self) -> tuple[Heading, ...]:
        """From the left end to the right end."""
        return (*reversed(self.left), *self.middle, *self.right, *self.apart)


def likert(data: ChartData, palette: Palette, width: float) -> Body:
    """One bar a row, to both sides of a line through all of them."""
    sides = sides_of(data)
    colours = option_colours(data.question, palette)
    names = [(c.label, colours[c.code][0]) for c in sides.drawn()]
    swatches, keys, top = key(names, palette, width)
    wish = Wish(band=BAND, top=top + 4, bases=bool(data.spec.by), room=SIDE, inset=SIDE)
    rows = _scaled(data, sides, lanes(data, palette, width, wish))
    scale = scale_of(rows)
    shapes: list[dict[str, Any]] = []
    texts = [*rows.texts, *keys]
    for slot in rows.slots:
        parts = _parts(data, sides, slot, colours, rows)
        shapes += [part for part, _ in parts]
        texts += _inside(data, slot, parts, colours, rows)
        texts += _sums(data, sides, slot, rows, palette)
    line = [  # above and below each bar, so that it crosses no figure
        {"x": 0, "x2": 0, "y": y, "y2": y + 4}
        for slot in rows.slots
        for y in (slot.top - 4, slot.bottom)
    ]
    layers = (
        rects(swatches, name="key", heard=False),
        rects(shapes, scale=scale),
        rules(line, palette.ink, scale=scale, name="middle"),
    )
    return Body(rows.height + FOOT, layers, tuple(texts))


def sides_of(data: ChartData) -> Sides:
    """Which answers are against (left) and for (right): for is what is summed first."""
    given = [c for c in data.columns if not says_nothing(c.code)]
    half = len(given) // 2
    first, last = given[:half], given[len(given) - half :]
    sums = [set(net.of) for net in data.question.nets]
    for_first = not sums or bool(sums[0] & {c.code for c in first})
    right, left = (first[::-1], last) if for_first else (last, first[::-1])
    return Sides(
        left=tuple(left),
        middle=tuple(given[half : len(given) - half]),
        right=tuple(right),
        apart=tuple(c for c in data.columns if says_nothing(c.code)),
    )


def _total(data: ChartData, row: Heading, columns: tuple[Heading, ...]) -> float:
    return sum(data.value(row, column) or 0 for column in columns)


def _ends(data: ChartData, sides: Sides, row: Heading) -> tuple[float, float]:
    """How far a row reaches to the left and right of the middle."""
    half = _total(data, row, sides.middle) / 2
    return _total(data, row, sides.left) + half, _total(data, row, sides.right) + half


def _scaled(data: ChartData, sides: Sides, rows: Lanes) -> Lanes:
    """One scale for all rows: it holds the longest of each side, and what is apart."""
    ends = [_ends(data, sides, row) for row in data.rows]
    apart = max(_total(data, row, sides.apart) for row in data.rows)
    low, high = -max(left for left, _ in ends), max(right for _, right in ends)
    if apart:
        gap = (APART + SIDE) / (rows.right - rows.left) * (high - low + apart)
        high += gap + apart
    return msgspec.structs.replace(rows, low=low or -0.01, high=high or 0.01)


def _parts(
    data: ChartData,
    sides: Sides,
    slot: Slot,
    colours: dict[str, tuple[str, str]],
    rows: Lanes,
) -> list[tuple[dict[str, Any], Heading]]:
    """The rectangles of a row with their answers, from left to right."""
    x = -_ends(data, sides, slot.row)[0]
    aside = rows.high - _total(data, slot.row, sides.apart)
    parts = []
    for column in sides.drawn():
        share = data.value(slot.row, column)
        if share is None:
            continue
        start = aside if column in sides.apart else x
        part = {
            "label": slot.row.label,
            "answer": column.label,
            "x": round(start, 9),
            "x2": round(start + share, 9),
            "y": slot.top,
            "y2": slot.bottom,
            "fill": colours[column.code][0],
            "say": spoken(data, slot.row, column),
        }
        parts.append((part, column))
        if column in sides.apart:
            aside += share
        else:
            x += share
    return parts


def _inside(
    data: ChartData,
    slot: Slot,
    parts: list[tuple[dict[str, Any], Heading]],
    colours: dict[str, tuple[str, str]],
    rows: Lanes,
) -> list[Text]:
    """The share of each part that is wide enough to hold it."""
    texts = []
    for part, column in parts:
        words = shown(data, data.at(slot.row, column))
        left, right = rows.x(part["x"]), rows.x(part["x2"])
        if text_width(words, PART) + 6 <= right - left:
            y, ink = baseline(slot.middle, PART), colours[column.code][1]
            texts.append(Text((left + right) / 2, y, words, ink, PART, align="center"))
    return texts


def _sums(
    data: ChartData, sides: Sides, slot: Slot, rows: Lanes, palette: Palette
) -> list[Text]:
    """The sum of each side at its end; or that there are too few answers."""
    y = baseline(slot.middle, VALUE)
    if all(data.value(slot.row, column) is None for column in data.columns):
        words = shown(data, data.at(slot.row, data.columns[0]))
        return [Text(rows.left, y, words, palette.muted, LABEL, italic=True)]
    left, right = _ends(data, sides, slot.row)
    against = value(data, _summed(data, slot.row, sides.left))
    agree = value(data, _summed(data, slot.row, sides.right))
    return [
        Text(rows.x(-left) - 6, y, against, palette.ink, VALUE, True, "right"),
        Text(rows.x(right) + 6, y, agree, palette.ink, VALUE, True),
    ]


def _summed(data: ChartData, row: Heading, columns: tuple[Heading, ...]) -> float:
    """A side's sum as its net was estimated, where it has one."""
    codes = {column.code for column in columns}
    net = next((n.code for n in data.question.nets if set(n.of) == codes), "")
    found = data.value(row, Heading(axis="term", code=net)) if net else None
    return _total(data, row, columns) if found is None else found
