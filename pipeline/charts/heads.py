"""Headings over narrow columns: level while their words fit, else turned."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.charts.axes import Heading
from pipeline.charts.layout import SMALL
from pipeline.charts.marks import Text
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette

LEADING = 13
TURNED = 125.0  # how long a turned line may be before it is broken
TALLEST = 230.0  # how long however narrow the column; the table has the rest


def column_heads(
    columns: Sequence[Heading], palette: Palette, left: float, wide: float, top: float
) -> tuple[list[Text], float]:
    """The headings of columns that are `wide`, and the height they take."""
    words = [word for column in columns for word in column.label.split()]
    level = max(text_width(word, SMALL) for word in words) <= wide - 4
    room = wide - 4 if level else min(_turned_room(columns, wide), TALLEST)
    lines = [wrap(column.label, room, SMALL) for column in columns]
    if not level:
        most = max(int(wide / LEADING), 1)
        lines = [_kept(each, most, room) for each in lines]
    place = _level if level else _turned
    return place(lines, palette, left, wide, top)


def _turned_room(columns: Sequence[Heading], wide: float) -> float:
    """How long turned lines must be for all of a heading to stand over its column."""
    room = TURNED
    while any(len(wrap(c.label, room, SMALL)) * LEADING > wide for c in columns):
        room *= 1.25
        if room > 10 * TURNED:  # narrower than a line: nothing helps
            break
    return room


def _kept(lines: tuple[str, ...], most: int, room: float) -> tuple[str, ...]:
    """As many lines as stand over the column; what is cut off shows."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and text_width(f"{last}…", SMALL) > room:
        last = last[:-1]
    return (*lines[: most - 1], f"{last.rstrip()}…")


def _level(
    lines: list[tuple[str, ...]], palette: Palette, left: float, wide: float, top: float
) -> tuple[list[Text], float]:
    most = max(len(each) for each in lines)
    texts = []
    for j, each in enumerate(lines):
        x, y = left + (j + 0.5) * wide, top + 10 + (most - len(each)) * LEADING
        texts += [
            Text(x, y + i * LEADING, line, palette.ink, SMALL, align="center")
            for i, line in enumerate(each)
        ]
    return texts, most * LEADING


def _turned(
    lines: list[tuple[str, ...]], palette: Palette, left: float, wide: float, top: float
) -> tuple[list[Text], float]:
    height = max(text_width(line, SMALL) for each in lines for line in each) + 4
    texts = []
    for j, each in enumerate(lines):
        x = left + (j + 0.5) * wide + 3 - (len(each) - 1) * LEADING / 2
        texts += [
            Text(x + i * LEADING, top + height, t, palette.ink, SMALL, angle=-90)
            for i, t in enumerate(each)
        ]
    return texts, height
