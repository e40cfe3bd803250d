"""Heat: the share of one answer in every cell of two dimensions, in six steps."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.heads import column_heads
from pipeline.charts.layout import ENDS, LABEL, SMALL, baseline, is_narrow, key
from pipeline.charts.marks import Body, Text, rects
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW, spoken, value
from pipeline.wording import rounded

EMPTY = "–"
SEAM, LEADING = 1.5, 13
ROOMY = 34  # the least width of a cell for a percent sign


class Cells(msgspec.Struct, frozen=True):
    """The measures of the table: its top left corner, a cell, and the row labels."""

    left: float
    top: float
    wide: float
    high: float
    label: float

    @property
    def size(self) -> float:
        """The type size in a cell."""
        return 12.5 if self.wide >= ROOMY else 10.5


def heat(data: ChartData, palette: Palette, width: float) -> Body:
    """A table in colours; cells with too few answers stay empty."""
    top = top_of(data)
    swatches, keys, above = key(_steps(data, palette, top), palette, width)
    cells, heads = _layout(data, palette, width, above)
    shapes, texts = [], [*keys, *heads]
    for i, row in enumerate(data.rows):
        texts += _label(row, cells, i, palette)
        for j, column in enumerate(data.columns):
            x, y = cells.left + j * cells.wide, cells.top + i * cells.high
            fill, color = shade(data.value(row, column), palette, top)
            shapes.append(_cell(data, row, column, cells, x, y) | {"fill": fill})
            words = _words(data, row, column, short=cells.wide < ROOMY)
            x += (cells.wide - SEAM) / 2
            y = baseline(y + (cells.high - SEAM) / 2, cells.size)
            bold = row.everyone or column.everyone
            mark = data.at(row, column)
            slanted = mark is not None and data.doubtful(mark)
            texts.append(
                Text(x, y, words, color, cells.size, bold, "center", italic=slanted)
            )
    height = cells.top + len(data.rows) * cells.high
    layers = (rects(swatches, name="key", heard=False), rects(shapes))
    return Body(height, layers, tuple(texts))


def _steps(data: ChartData, palette: Palette, top: float) -> list[tuple[str, str]]:
    """The key: each colour with the shares it stands for."""
    edges = [0, *_edges(palette, top), int(rounded(top * 100)) + 1]
    names = [
        f"{low}–{end - 1}%" if end - low > 1 else f"{low}%"
        for low, end in itertools.pairwise(edges)
    ]
    few = [(f"{EMPTY} {TOO_FEW}", "")] if data.suppressed() else []
    return [*zip(names, palette.ramp, strict=True), *few]


def _edges(palette: Palette, top: float) -> list[int]:
    """The whole percentages at which each step after the first begins."""
    steps = len(palette.ramp)
    return [int(rounded(top * 100 * i / steps)) for i in range(1, steps)]


def top_of(data: ChartData) -> float:
    """The share that the darkest step ends at."""
    shares = [m.estimate for _, _, m in data.cells() if m and m.estimate is not None]
    return next((end for end in ENDS if max(shares) <= end), 1.0)


def shade(share: float | None, palette: Palette, top: float) -> tuple[str, str]:
    """Fill and text colour of a share."""
    if share is None:
        return palette.paper, palette.muted
    # By what is printed, so that two cells of one figure have one colour.
    step = bisect_right(_edges(palette, top), int(rounded(share * 100)))
    return palette.ramp[step], palette.on_ramp[step]


def _cell(
    data: ChartData, row: Heading, column: Heading, cells: Cells, x: float, y: float
) -> dict[str, Any]:
    return {
        "label": row.label,
        "column": column.label,
        "share": data.value(row, column),
        "x": x,
        "x2": x + cells.wide - SEAM,
        "y": y,
        "y2": y + cells.high - SEAM,
        "say": spoken(data, row, column),
    }


def _words(data: ChartData, row: Heading, column: Heading, *, short: bool) -> str:
    share = data.value(row, column)
    if share is None:
        return EMPTY
    words = value(data, share)
    return words.removesuffix("%") if short else words


def _layout(
    data: ChartData, palette: Palette, width: float, above: float
) -> tuple[Cells, list[Text]]:
    narrow = is_narrow(width)
    widest = max(text_width(r.label, LABEL, bold=r.strong) for r in data.rows)
    left = min(widest + 8, width * (0.3 if narrow else 0.27))
    wide = (width - left) / len(data.columns)
    label = LABEL if widest + 8 <= left else SMALL
    heads, height = column_heads(data.columns, palette, left, wide, above)
    lines = max(len(wrap(r.label, left - 8, label, bold=r.strong)) for r in data.rows)
    high = max(30 if narrow else 28, lines * LEADING + 5)
    return Cells(left, above + height + 6, wide, high, label), heads


def _label(row: Heading, cells: Cells, place: int, palette: Palette) -> list[Text]:
    size = cells.label
    lines = wrap(row.label, cells.left - 8, size, bold=row.strong)
    middle = cells.top + (place + 0.5) * cells.high
    first = baseline(middle - (len(lines) - 1) * LEADING / 2, size)
    return [
        Text(0, first + i * LEADING, line, palette.ink, size, row.strong)
        for i, line in enumerate(lines)
    ]
