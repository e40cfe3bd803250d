"""A figure as PowerPoint's own table: categories down, series across, in colours.

Words are measured, so that no heading breaks within a word: where the longest does not
fit its column, headings stand upright. Letters are as large as the slide has room for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.charts.measure import text_width, wrap
from pipeline.render.ink import ink_on, rgb, typeface
from pipeline.render.plain import LONGEST, short
from pipeline.report import Brand, Plot

Box = tuple[float, float, float, float]  # left, top, width, height in inches
SIZES = (14, 12, 11, 10, 9, 8, 7)  # of letters, in points
LEADING, POINTS = 1.2, 72  # of a line, by its size; of an inch
MARGIN, SLACK = 0.06, 0.07  # inches left and right of words, and above and below them
WIDEST, HIGHEST, TALLEST_HEAD = 2.2, 0.42, 2.2  # of a column, a row, and the headings
FEW_LETTERS = 30  # of a heading that no size has room for


class Fit(msgspec.Struct, frozen=True):
    """The measures of a table at a size of letters, in inches."""

    size: float
    first: float
    wide: float
    head: float
    rows: tuple[float, ...]
    upright: bool
    letters: int = LONGEST

    @property
    def high(self) -> float:
        """The height of the whole."""
        return self.head + sum(self.rows)


def table(slide: Any, plot: Plot, brand: Brand, box: Box) -> Any:
    """Put the table on a slide; returns its shape."""
    from pptx.util import Inches

    left, top, width, height = box
    fits = [_fit(plot, size, width, height) for size in SIZES]
    fit = next((fit for fit in fits if fit.high <= height), _cut(fits[-1], height))
    columns = len(plot.series)
    whole = (left, top, fit.first + columns * fit.wide, fit.high)
    shape = slide.shapes.add_table(
        len(plot.categories) + 1, columns + 1, *(Inches(side) for side in whole)
    )
    made = shape.table
    made.first_col, made.horz_banding = True, False
    for place, column in enumerate(made.columns):
        column.width = Inches(fit.wide if place else fit.first)
    for row, high in zip(made.rows, (fit.head, *fit.rows), strict=True):
        row.height = Inches(high)
    for place, name in enumerate(("", *plot.categories)):
        _fill(made.cell(place, 0), name, brand, "c-paper", fit.size)
    for column, series in enumerate(plot.series, start=1):
        _head(made.cell(0, column), series.name, brand, fit)
        several = series.colours * (
            1 if len(series.colours) > 1 else len(series.values)
        )
        for row, (value, words, colour) in enumerate(
            zip(series.values, series.shown, several, strict=True), start=1
        ):
            words = "–" if value is None else words
            _fill(made.cell(row, column), words, brand, colour, fit.size, centred=True)
    return shape


def _cut(fit: Fit, height: float) -> Fit:
    """The smallest letters, and headings cut, where words are too long for any."""
    head = min(fit.head, TALLEST_HEAD)
    each = (height - head) / len(fit.rows)
    return replace(fit, head=head, rows=(each,) * len(fit.rows), letters=FEW_LETTERS)


def _fit(plot: Plot, size: float, width: float, height: float) -> Fit:
    """The table at this size; rows are as high as there is room, up to a limit."""
    names = [short(name) for name in plot.categories]
    heads = [short(series.name) for series in plot.series]
    first = min(_inches(names, size) + 2 * MARGIN, width * 0.3)
    wide = min((width - first) / len(heads), WIDEST)
    room = wide - 2 * MARGIN
    words = [word for head in heads for word in head.split()]
    upright = _inches(words, size) > room
    head = _lines(heads, room, size) * size * LEADING / POINTS + SLACK
    if upright:
        # In one line: LibreOffice makes room for that, however it is broken then.
        head = _inches(heads, size) + SLACK
        head = head if head <= TALLEST_HEAD else math.inf
    least = [
        _lines([name], first - 2 * MARGIN, size) * size * LEADING / POINTS + SLACK
        for name in names
    ]
    spare = min((height - head) / len(least), HIGHEST)
    rows = tuple(max(high, spare) for high in least)
    rows = rows if head + sum(rows) <= height else tuple(least)
    return Fit(size, first, wide, head, rows, upright)


def _inches(texts: Sequence[str], size: float) -> float:
    """How wide the longest is."""
    return max((text_width(text, size) for text in texts), default=0) / POINTS * 1.04


def _lines(texts: Sequence[str], room: float, size: float) -> int:
    """How many lines the longest takes."""
    return max(len(wrap(text, room * POINTS / 1.04, size)) for text in texts)


def _head(cell: Any, words: str, brand: Brand, fit: Fit) -> None:
    """A column's heading, read upwards where it would break."""
    from pptx.enum.text import MSO_ANCHOR

    words = short(words, fit.letters)
    _fill(cell, words, brand, "c-paper", fit.size, centred=not fit.upright)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE if fit.upright else MSO_ANCHOR.BOTTOM
    if fit.upright:
        cell._tc.get_or_add_tcPr().set("vert", "vert270")


def _fill(
    cell: Any,
    words: str,
    brand: Brand,
    colour: str,
    size: float,
    *,
    centred: bool = False,
) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Inches, Pt

    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.text = short(words)
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb(brand, colour)
    cell.margin_left = cell.margin_right = Inches(MARGIN)
    cell.margin_top = cell.margin_bottom = Inches(0.02)
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.CENTER if centred else PP_ALIGN.LEFT
    font = paragraph.font
    font.size, font.bold, font.name = Pt(size), False, typeface(brand)
    font.color.rgb = ink_on(brand, colour)
