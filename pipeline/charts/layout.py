"""Where things go: rows with their labels, axes, and keys, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.marks import Text
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import NARROW, WIDE, Palette

LABEL, SMALL, VALUE = 13, 11.5, 13  # type sizes
LEADING = 16
GAP = 14  # between labels and bars
COUNTS = 46  # the column of n
ENDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
STEPS = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100)


class Slot(msgspec.Struct, frozen=True):
    """The place of one row: the band that its bar takes."""

    row: Heading
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """The centre line of the band."""
        return (self.top + self.bottom) / 2


class Lanes(msgspec.Struct, frozen=True):
    """Rows laid out, with their labels `above` each bar or to its left.

    Bars lie between `left` and `right`, which stand for `low` and `high`.
    """

    slots: tuple[Slot, ...]
    texts: tuple[Text, ...]
    left: float
    right: float
    height: float
    above: bool
    low: float = 0
    high: float = 1

    def x(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)


class Wish(msgspec.Struct, frozen=True):
    """What a chart wants of its rows.

    `room` is kept free right of the bars and `inset` left of them; with `bases` the
    number of answers stands at the right end of each row.
    """

    band: float
    top: float = 0
    bases: bool = False
    room: float = 0
    inset: float = 0


def is_narrow(width: float) -> bool:
    """Whether labels must go above their bars."""
    return width < (NARROW + WIDE) / 2


def baseline(middle: float, size: float) -> float:
    """The baseline of a line of text centred on `middle`."""
    return middle + size * 0.35


def lanes(data: ChartData, palette: Palette, width: float, wish: Wish) -> Lanes:
    """Give each row its place: beside its label if there is room, else below it."""
    place = _above if is_narrow(width) else _beside
    return place(data, palette, width, wish)


def _beside(data: ChartData, palette: Palette, width: float, wish: Wish) -> Lanes:
    wanted = max(text_width(r.label, LABEL, bold=r.strong) for r in data.rows)
    column = min(wanted + 2, width * 0.36)
    slots, texts, y = [], [], wish.top
    if wish.bases:
        texts.append(_right("n", width, y + 10, palette))
        y += 16
    for row in data.rows:
        lines = wrap(row.label, column, LABEL, bold=row.strong)
        height = max(wish.band + 10, len(lines) * LEADING + 6)
        middle = y + height / 2
        slots.append(Slot(row, middle - wish.band / 2, middle + wish.band / 2))
        texts += _label(row, lines, middle, palette)
        if wish.bases:
            at = baseline(middle, SMALL)
            texts.append(_right(_count(data, row), width, at, palette))
        y += height + _after(data, row)
    left = column + GAP + wish.inset
    right = width - wish.room - (COUNTS if wish.bases else 0)
    return Lanes(tuple(slots), tuple(texts), left, right, y, above=False)


def _above(data: ChartData, palette: Palette, width: float, wish: Wish) -> Lanes:
    slots, texts, y = [], [], wish.top
    for row in data.rows:
        counted = f"n {_count(data, row)}" if wish.bases else ""
        free = width - text_width(counted, SMALL) - (10 if wish.bases else 0)
        lines = wrap(row.label, free, LABEL, bold=row.strong)
        height = len(lines) * LEADING
        texts += _label(row, lines, y + height / 2, palette)
        if wish.bases:
            texts.append(_right(counted, width, y + 12, palette))
        y += height + 4
        slots.append(Slot(row, y, y + wish.band))
        y += wish.band + 10 + _after(data, row)
    right = width - wish.room
    return Lanes(tuple(slots), tuple(texts), wish.inset, right, y, above=True)


def _after(data: ChartData, row: Heading) -> float:
    """Room after what sums up the rows that follow."""
    place = data.rows.index(row)
    after = data.rows[place + 1 : place + 2]
    return 8 if row.strong and after and not after[0].strong else 0


def _label(
    row: Heading, lines: Sequence[str], middle: float, palette: Palette
) -> list[Text]:
    first = baseline(middle - (len(lines) - 1) * LEADING / 2, LABEL)
    return [
        Text(0, first + i * LEADING, line, palette.ink, LABEL, row.strong)
        for i, line in enumerate(lines)
    ]


def _right(text: str, x: float, y: float, palette: Palette) -> Text:
    return Text(x, y, text, palette.muted, SMALL, align="right")


def _count(data: ChartData, row: Heading) -> str:
    n = data.base(row)
    return f"{n:,}" if n is not None else f"<{data.survey.min_base}"


def scaled(data: ChartData, rows: Lanes) -> Lanes:
    """The rows with their axis: shares and numbers from 0, ratings from the low end.

    Never from where the data happen to begin; the end holds every interval.
    """
    marks = [mark for _, _, mark in data.cells() if mark]
    most = max((m.high if m.high is not None else m.estimate or 0) for m in marks)
    scale = data.question.scale
    low, high = 0.0, next((end for end in ENDS if most <= end), 1.0)
    if data.measure == "mean":
        low = float(scale.low) if scale else 0.0
        high = float(scale.high) if scale else _round_end(most)
    return msgspec.structs.replace(rows, low=low, high=high)


def _round_end(most: float) -> float:
    """The end of an axis from 0 for numbers of any size."""
    step = 10.0 ** len(str(int(most))) / 10
    return step * (int(most / step) + 1)


def ticks(low: float, high: float) -> list[float]:
    """At most six round values from one end of an axis to the other."""
    spread = high - low
    step = next((s for s in STEPS if spread / s <= 5.001), spread / 4)
    return [round(low + i * step, 6) for i in range(int(spread / step + 1e-9) + 1)]


def upright(rows: Lanes, at: float) -> list[dict[str, Any]]:
    """A vertical at a value: through all rows, or in each band between labels."""
    if rows.above:
        ends = [(slot.top - 2, slot.bottom + 3) for slot in rows.slots]
    else:
        ends = [(rows.slots[0].top - 4, rows.slots[-1].bottom + 5)]
    return [{"x": at, "x2": at, "y": top, "y2": bottom} for top, bottom in ends]


def key(
    entries: Sequence[tuple[str, str]], palette: Palette, width: float
) -> tuple[list[dict[str, Any]], list[Text], float]:
    """A row of colours with their names, wrapped: swatches, texts, and its height.

    An entry without a colour explains itself.
    """
    swatches: list[dict[str, Any]] = []
    texts = []
    x, y = 0.0, 0.0
    for name, fill in entries:
        indent = 18 if fill else 0
        lines = wrap(name, width - indent, LABEL)
        wide = indent + max(text_width(line, LABEL) for line in lines)
        if x and x + wide > width:
            x, y = 0.0, y + LEADING + 4
        if fill:
            box = {"x": x, "x2": x + 12, "y": y + 2, "y2": y + 14}
            swatches.append({**box, "fill": fill, "say": name})
        for i, line in enumerate(lines):
            at = y + 12.5 + i * LEADING
            texts.append(Text(x + indent, at, line, palette.ink, LABEL))
        y += (len(lines) - 1) * LEADING
        x += wide + 18
    return swatches, texts, y + LEADING + 8


def box(text: Text, margin: float = 3) -> dict[str, Any]:
    """The rectangle that a line of text covers."""
    wide = text_width(text.text, text.size, bold=text.bold)
    left = text.x - {"left": 0.0, "center": wide / 2, "right": wide}[text.align]
    return {
        "x": left - margin,
        "x2": left + wide + margin,
        "y": text.y - text.size * 0.82,
        "y2": text.y + text.size * 0.28,
    }


def plates(texts: Iterable[Text], palette: Palette) -> list[dict[str, Any]]:
    """Paper under texts, so that no line runs through them."""
    return [{**box(text), "fill": palette.paper} for text in texts]
