"""The few shapes that charts are made of, as layers of Vega-Lite in pixels.

Heights are laid out by us (`measure.py`), so y is in pixels from the top of the plot;
x is in pixels or, where a `scale` is given, in the unit of the estimate. Layers are
plain objects: Altair's take 0.2 s to import and 10 ms a chart, and give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import msgspec

from pipeline.charts.theme import FONT

Rows = Sequence[dict[str, Any]]
Align = Literal["left", "center", "right"]


class Text(msgspec.Struct, frozen=True):
    """One line of text; y is its baseline; a page leaves out what is `frame`."""

    x: float
    y: float
    text: str
    color: str
    size: float = 13
    bold: bool = False
    align: Align = "left"
    angle: float = 0
    italic: bool = False
    part: Literal["body", "frame"] = "body"


class Scale(msgspec.Struct, frozen=True):
    """Where values lie: from `low` at `left` to `high` at `right` pixels."""

    low: float
    high: float
    left: float
    right: float

    def spec(self) -> dict[str, Any]:
        """The scale in Vega-Lite."""
        ends = [self.low, self.high]
        return {"domain": ends, "range": [self.left, self.right], "nice": False}


class Layer(msgspec.Struct, frozen=True):
    """One kind of shape with its rows, which are given to the chart as named data."""

    name: str
    rows: list[dict[str, Any]]
    mark: dict[str, Any]
    encoding: dict[str, Any]

    def spec(self) -> dict[str, Any]:
        """The layer in Vega-Lite."""
        return {
            "data": {"name": self.name},
            "mark": self.mark,
            "encoding": self.encoding,
            "name": f"{self.name}_layer",
        }


class Body(msgspec.Struct, frozen=True):
    """A drawing without title and source: height, shapes back to front, text."""

    height: float
    layers: tuple[Layer, ...]
    texts: tuple[Text, ...]


def rects(
    rows: Rows,
    *,
    scale: Scale | None = None,
    name: str = "bars",
    heard: bool = True,
) -> Layer:
    """Rectangles from `x` to `x2` and `y` to `y2`, filled with `fill`.

    Each is spoken of as `say`, unless it need not be `heard`.
    """
    mark = {"type": "rect"}
    return _layer(rows, mark, name, _span(scale) | {"fill": _as_is("fill")}, heard)


def dots(
    rows: Rows,
    *,
    size: float,
    scale: Scale | None = None,
    name: str = "dots",
    heard: bool = True,
) -> Layer:
    """Discs at `x`, `y`, nine tenths of `size` across, spoken of as `say` if heard."""
    mark = {"type": "point", "filled": True, "opacity": 1, "size": size * size * 0.785}
    encoding = {"x": _x(scale), "y": _y(), "color": _as_is("fill")}
    return _layer(rows, mark, name, encoding, heard)


def rules(
    rows: Rows,
    color: str = "",
    *,
    width: float = 1,
    scale: Scale | None = None,
    name: str = "rules",
) -> Layer:
    """Lines from `x`, `y` to `x2`, `y2` in one colour, or each in its `fill`."""
    mark: dict[str, Any] = {"type": "rule", "strokeWidth": width}
    encoding = _span(scale)
    if color:
        mark["stroke"] = color
    else:
        encoding["stroke"] = _as_is("fill")
    return _layer(rows, mark, name, encoding)


def texts(lines: Sequence[Text]) -> list[Layer]:
    """Lines of text, one layer for each style."""

    def style(line: Text) -> tuple[Any, ...]:
        return line.part, line.size, line.bold, line.align, line.angle, line.italic

    layers = []
    for number, (_, group) in enumerate(groupby(sorted(lines, key=style), key=style)):
        same = list(group)
        first = same[0]
        mark = {
            "type": "text",
            "font": FONT,
            "fontSize": first.size,
            "fontWeight": "bold" if first.bold else "normal",
            "fontStyle": "italic" if first.italic else "normal",
            "align": first.align,
            "baseline": "alphabetic",
            "angle": first.angle % 360,
        }
        rows = [{"x": t.x, "y": t.y, "text": t.text, "color": t.color} for t in same]
        words = {"field": "text", "type": "nominal"}
        encoding = {"x": _x(None), "y": _y(), "text": words, "color": _as_is("color")}
        layers.append(_layer(rows, mark, f"{first.part}_text_{number}", encoding))
    return layers


def _span(scale: Scale | None) -> dict[str, Any]:
    """From `x` to `x2` and `y` to `y2`."""
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return {"x": _x(scale), "y": _y(), **ends}


def _x(scale: Scale | None) -> dict[str, Any]:
    return _along("x", scale.spec() if scale else None)


def _y() -> dict[str, Any]:
    return _along("y", None)


def _along(field: str, scale: dict[str, Any] | None) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


def _as_is(field: str) -> dict[str, Any]:
    """A channel of which the rows hold the values themselves, such as colours."""
    return {"field": field, "type": "nominal", "scale": None}


def _layer(
    rows: Rows,
    mark: dict[str, Any],
    name: str,
    encoding: dict[str, Any],
    heard: bool = False,
) -> Layer:
    """A layer whose shapes are spoken of, or of which nothing is."""
    if heard:
        encoding["description"] = {"field": "say", "type": "nominal"}
    else:
        mark["aria"] = False
    return Layer(name, list(rows), mark, encoding)
