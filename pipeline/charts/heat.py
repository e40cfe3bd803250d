"""Heat: the share of one answer in every cell of two dimensions, in six steps."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.charts.axes import Heading
from pipeline.charts.data import ChartData
from pipeline.charts.layout import LABEL, SMALL, baseline, is_narrow, key, top_of
from pipeline.charts.marks import Body, Text, rects
from pipeline.charts.measure import text_width, wrap
from pipeline.charts.theme import Palette
from pipeline.charts.words import TOO_FEW, spoken, value

HEAD = 72  # the most height that slanting headings take


class Cells(msgspec.Struct, frozen=True):
    """The measures of the table of cells."""

    left: float
    top: float
    wide: float
    high: float


def heat(data: ChartData, palette: Palette, width: float) -> Body:
    """A table in colours; cells with too few answers stay empty."""
    top = top_of(_shares(data))
    swatches, keys, above = key(_steps(data, palette, top), palette, width)
    cells, heads = _layout(data, palette, width, above)
    shapes, texts = [], [*keys, *heads]
    size = LABEL - 0.5 if cells.wide >= 34 else 10.5
    for i, row in enumerate(data.rows):
        texts += _label(row, cells, i, palette)
        for j, column in enumerate(data.columns):
            x, y = cells.left + j * cells.wide, cells.top + i * cells.high
            shape, colour = _cell(data, row, column, palette, top)
            shapes.append(
                {"x": x, "x2": x + cells.wide - 1.5, "y": y, "y2": y + cells.high - 1.5}
                | shape
            )
            words = _words(data, row, column, short=cells.wide < 34)
            middle = x + (cells.wide - 1.5) / 2
            at = baseline(y + (cells.high - 1.5) / 2, size)
            bold = row.everyone or column.everyone
            texts.append(Text(middle, at, words, colour, size, bold, "center"))
    height = cells.top + len(data.rows) * cells.high
    return Body(height, (rects(swatches, name="key"), rects(shapes)), tuple(texts))


def _shares(data: ChartData) -> list[float]:
    return [m.estimate for _, _, m in data.cells() if m and m.estimate is not None]


def _steps(
    data: ChartData, palette: Palette, top: float
) -> list[tuple[str, str]]:
    """The key: from, to, colour."""
    edges = [top * i / len(palette.ramp) for i in range(len(palette.ramp) + 1)]
    names = [
        f"{value(data, low).removesuffix('%')}–{value(data, high)}"
        for low, high in zip(edges, edges[1:], strict=False)
    ]
    few = [(TOO_FEW, palette.paper)] if data.suppressed() else []
    return [*zip(names, palette.ramp, strict=True), *few]


def _cell(
    data: ChartData, row: Heading, column: Heading, palette: Palette, top: float
) -> tuple[dict[str, Any], str]:
    share = data.value(row, column)
    shape = {
        "label": row.label,
        "column": column.label,
        "share": share,
        "say": spoken(data, row, column),
    }
    if share is None:
        return shape | {"fill": palette.paper}, palette.muted
    last = len(palette.ramp) - 1
    step = min(int(share / top * len(palette.ramp)), last)
    return shape | {"fill": palette.ramp[step]}, palette.on_ramp[step]


def _words(data: ChartData, row: Heading, column: Heading, *, short: bool) -> str:
    share = data.value(row, column)
    if share is None:
        return "·"
    words = value(data, share)
    return words.removesuffix("%") if short else words


def _layout(
    data: ChartData, palette: Palette, width: float, above: float
) -> tuple[Cells, list[Text]]:
    """Headings across stand upright if they fit, else they slant."""
    narrow = is_narrow(width)
    widest = max(text_width(r.label, LABEL, bold=r.strong) for r in data.rows)
    left = min(widest + 8, width * (0.3 if narrow else 0.26))
    wide = (width - left) / len(data.columns)
    high = 30 if narrow else 28
    longest = max(
        text_width(word, SMALL) for c in data.columns for word in c.label.split()
    )
    if longest <= wide - 4:
        return _upright(data, palette, left, wide, high, above)
    return _slanting(data, palette, left, wide, high, above)


def _upright(
    data: ChartData, palette: Palette, left: float, wide: float, high: float, top: float
) -> tuple[Cells, list[Text]]:
    lines = [wrap(c.label, wide - 4, SMALL) for c in data.columns]
    most = max(len(each) for each in lines)
    texts = [
        Text(
            left + (j + 0.5) * wide,
            top + 10 + (most - len(each) + i) * 13,
            line,
            palette.ink,
            SMALL,
            align="center",
        )
        for j, each in enumerate(lines)
        for i, line in enumerate(each)
    ]
    return Cells(left, top + most * 13 + 6, wide, high), texts


def _slanting(
    data: ChartData, palette: Palette, left: float, wide: float, high: float, top: float
) -> tuple[Cells, list[Text]]:
    longest = max(text_width(c.label, SMALL) for c in data.columns)
    height = longest + 4
    texts = [
        Text(
            left + (j + 0.5) * wide + 3,
            top + height,
            column.label,
            palette.ink,
            SMALL,
            angle=-90,
        )
        for j, column in enumerate(data.columns)
    ]
    return Cells(left, top + height + 6, wide, high), texts


def _label(row: Heading, cells: Cells, place: int, palette: Palette) -> list[Text]:
    lines = wrap(row.label, cells.left - 8, LABEL, bold=row.strong)
    size = LABEL if len(lines) == 1 else SMALL
    lines = wrap(row.label, cells.left - 8, size, bold=row.strong)
    middle = cells.top + (place + 0.5) * cells.high
    first = middle - (len(lines) - 1) * 6.5
    return [
        Text(0, baseline(first + i * 13, size), line, palette.ink, size, row.strong)
        for i, line in enumerate(lines)
    ]
