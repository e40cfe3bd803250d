"""Where things go: rows with their labels, axes, and keys, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.marks import Text
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import NARROW, Palette

LABEL, SMALL, VALUE = 13, 11.5, 13  # type sizes
LEADING = 16
GAP = 14  # between labels and bars, and above what comes after everyone
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


class Slot(msgspec.Struct, frozen=True):
    """The place of one row: the band that its bar takes, and the row's full height."""

    row: Heading
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """The centre line of the band."""
        return (self.top + self.bottom) / 2


class Lanes(msgspec.Struct, frozen=True):
    """Rows laid out: labels to the left if there is room, else above each bar."""

    slots: tuple[Slot, ...]
    texts: tuple[Text, ...]
    left: float
    right: float
    height: float


def is_narrow(width: float) -> bool:
    """Whether labels must go above their bars."""
    return width < (NARROW + 480) / 2


def baseline(middle: float, size: float) -> float:
    """The baseline of a line of text centred on `middle`."""
    return middle + size * 0.35


def lanes(
    data: ChartData,
    palette: Palette,
    width: float,
    *,
    band: float,
    top: float = 0,
    bases: bool = False,
    room: float = 0,
) -> Lanes:
    """Give each row its place; `room` is kept free right of the bars.

    With `bases` the number of answers stands at the right end of each row.
    """
    place = _above if is_narrow(width) else _beside
    return place(data, palette, width, band, top, bases, room)


def _beside(
    data: ChartData,
    palette: Palette,
    width: float,
    band: float,
    top: float,
    bases: bool,
    room: float,
) -> Lanes:
    wanted = max(text_width(r.label, LABEL, bold=r.strong) for r in data.rows)
    column = min(wanted + 2, width * 0.36)
    slots, texts, y = [], [], top
    if bases:
        texts.append(_right("n", width, y + 10, palette))
        y += 16
    for row in data.rows:
        lines = wrap(row.label, column, LABEL, bold=row.strong)
        height = max(band + 10, len(lines) * LEADING + 6)
        middle = y + height / 2
        slots.append(Slot(row, middle - band / 2, middle + band / 2))
        texts += _label(row, lines, middle, palette)
        if bases:
            texts.append(_right(_count(data, row), width, baseline(middle, SMALL), palette))
        y += height + (GAP / 2 if row.everyone else 0)
    right = width - room - (46 if bases else 0)
    return Lanes(tuple(slots), tuple(texts), column + GAP, right, y)


def _above(
    data: ChartData,
    palette: Palette,
    width: float,
    band: float,
    top: float,
    bases: bool,
    room: float,
) -> Lanes:
    slots, texts, y = [], [], top
    for row in data.rows:
        counted = f"n {_count(data, row)}" if bases else ""
        free = width - text_width(counted, SMALL) - (10 if bases else 0)
        lines = wrap(row.label, free, LABEL, bold=row.strong)
        height = len(lines) * LEADING
        texts += _label(row, lines, y + height / 2, palette)
        if bases:
            texts.append(_right(counted, width, y + 12, palette))
        y += height + 3
        slots.append(Slot(row, y, y + band))
        y += band + (GAP + 5 if row.everyone else 9)
    return Lanes(tuple(slots), tuple(texts), 0, width - room, y)


def _label(
    row: Heading, lines: Sequence[str], middle: float, palette: Palette
) -> list[Text]:
    first = middle - (len(lines) - 1) * LEADING / 2
    return [
        Text(
            0,
            baseline(first + i * LEADING, LABEL),
            line,
            palette.ink,
            size=LABEL,
            bold=row.strong,
        )
        for i, line in enumerate(lines)
    ]


def _right(text: str, x: float, y: float, palette: Palette) -> Text:
    return Text(x, y, text, palette.muted, size=SMALL, align="right")


def _count(data: ChartData, row: Heading) -> str:
    n = data.base(row)
    return f"{n:,}" if n is not None else f"<{data.survey.min_base}"


def top_of(values: Iterable[float]) -> float:
    """The end of an axis of shares that starts at 0 and holds all of them."""
    most = max(values, default=0)
    return next((end for end in SHARES if most <= end), 1.0)


def ticks(low: float, high: float) -> list[float]:
    """At most six round values from one end of an axis to the other."""
    steps = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100)
    spread = high - low
    step = next((s for s in steps if spread / s <= 5.001), spread / 4)
    count = int(spread / step + 1e-9)
    return [round(low + i * step, 6) for i in range(count + 1)]


def nice_top(most: float) -> float:
    """The end of an axis from 0 for numbers of any size."""
    step = 10.0 ** len(str(int(most))) / 10
    return step * (int(most / step) + 1)


def key(
    entries: Sequence[tuple[str, str]], palette: Palette, width: float, top: float = 0
) -> tuple[list[dict[str, object]], list[Text], float]:
    """A row of colours with their names, wrapped: swatches, texts, and its height."""
    swatches: list[dict[str, object]] = []
    texts = []
    x, y = 0.0, top
    for name, fill in entries:
        lines = wrap(name, width - 18, LABEL)
        wide = 18 + max(text_width(line, LABEL) for line in lines)
        if x and x + wide > width:
            x, y = 0.0, y + LEADING + 4
        swatches.append({"x": x, "x2": x + 12, "y": y + 2, "y2": y + 14, "fill": fill})
        for i, line in enumerate(lines):
            at = y + 12.5 + i * LEADING
            texts.append(Text(x + 18, at, line, palette.ink, size=LABEL))
        y += (len(lines) - 1) * LEADING
        x += wide + 18
    return swatches, texts, y + LEADING + 8 - top
