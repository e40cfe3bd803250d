"""What stands around a drawing that leaves the page: title, measure, base, source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.charts import words
from pipeline.charts.alt import alt as alternative
from pipeline.charts.data import ChartData
from pipeline.charts.layout import is_narrow
from pipeline.charts.marks import Body, Layer, Text, texts
from pipeline.charts.measure import balanced, wrap
from pipeline.charts.theme import FONT, MARGIN, Palette

if TYPE_CHECKING:
    import altair

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
SUBTITLE, FOOT = 14, 11.5


class Sheet(msgspec.Struct, frozen=True):
    """A chart as layers of Vega-Lite, and what it is as a whole."""

    layers: tuple[Layer, ...]
    whole: dict[str, Any]

    def chart(self) -> altair.LayerChart:
        """The chart to look at and to change."""
        from pipeline.charts.notebook import Chart

        return Chart.from_dict(self.spec())

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        rows = {layer.name: layer.rows for layer in self.layers}
        layers = [layer.spec() for layer in self.layers]
        return {"$schema": SCHEMA, "layer": layers, "datasets": rows, **self.whole}


def framed(
    data: ChartData, body: Body, title: str, palette: Palette, width: float
) -> Sheet:
    """The drawing with its frame, as one chart.

    Title and source are lines of text above and below the plot, so that one drawing
    gives both the file that stands alone and, cropped, the one in the page.
    """
    head, above = _head(data, title, palette, width)
    foot, below = _foot(data, palette, width, body.height)
    layers = [*body.layers, *texts([*body.texts, *head, *foot])]
    top, bottom = MARGIN + above, MARGIN + below
    whole = {
        "width": width,
        "height": body.height,
        "autosize": "none",
        "padding": {"left": MARGIN, "right": MARGIN, "top": top, "bottom": bottom},
        "background": palette.paper,
        "description": f"{title}. {alternative(data)}",
        "usermeta": {
            "notice": data.survey.notice,
            "source": words.source(data),
            "question": data.question.text,
        },
        "config": {"font": FONT, "view": {"stroke": None}, "mark": {"invalid": None}},
    }
    return Sheet(tuple(layer for layer in layers if layer.rows), whole)


def _head(
    data: ChartData, title: str, palette: Palette, width: float
) -> tuple[list[Text], float]:
    size = 18 if is_narrow(width) else 21
    lines = balanced(title, width, size, bold=True)
    under = wrap(words.subtitle(data), width, SUBTITLE)
    height = len(lines) * size * 1.2 + 6 + len(under) * 18 + 14
    y = -height + size * 0.85
    shown = _lines(lines, y, size * 1.2, palette.ink, size, bold=True)
    y = -height + len(lines) * size * 1.2 + 6 + SUBTITLE * 0.85
    return [*shown, *_lines(under, y, 18, palette.muted, SUBTITLE)], height


def _foot(
    data: ChartData, palette: Palette, width: float, top: float
) -> tuple[list[Text], float]:
    said = [
        f"Question: {data.question.text}",
        f"Base: {words.base(data)}. {' '.join(words.notes(data))}",
        f"Source: {words.source(data)}",
    ]
    lines = [line for text in said for line in wrap(text, width, FOOT)]
    height = 16 + len(lines) * 15
    return _lines(lines, top + 16 + 10, 15, palette.muted, FOOT), height


def _lines(
    lines: Iterable[str],
    y: float,
    leading: float,
    color: str,
    size: float,
    bold: bool = False,
) -> list[Text]:
    return [
        Text(0, y + i * leading, line, color, size, bold, part="frame")
        for i, line in enumerate(lines)
    ]
