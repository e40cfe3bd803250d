"""The few shapes that charts are made of, as Altair layers in pixels.

Heights are laid out by us (`measure.py`), so y is in pixels from the top of the plot;
x is in pixels or, where a `scale` is given, in the unit of the estimate. Channels are
spelt out as objects because Altair takes 20 ms to understand a shorthand string.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import altair as alt
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


class Layer(msgspec.Struct, frozen=True):
    """One kind of shape with its rows, which are given to the chart as named data."""

    name: str
    rows: list[dict[str, Any]]
    mark: alt.MarkDef
    channels: dict[str, Any]

    def terms(self) -> dict[str, Any]:
        """The layer in Altair's terms."""
        return {
            "data": alt.NamedData(name=self.name),
            "mark": self.mark,
            "encoding": alt.FacetedEncoding(**self.channels),
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
    scale: alt.Scale | None = None,
    name: str = "bars",
    heard: bool = True,
) -> Layer:
    """Rectangles from `x` to `x2` and `y` to `y2`, filled with `fill`.

    Each is spoken of as `say`, unless it need not be `heard`.
    """
    channels = {
        "x": _x("x", scale),
        "x2": alt.X2(field="x2"),
        "y": _y("y"),
        "y2": alt.Y2(field="y2"),
        "fill": alt.Fill(field="fill", type="nominal", scale=None),
    }
    if heard:
        channels["description"] = alt.Description(field="say", type="nominal")
    mark = alt.MarkDef(type="rect") if heard else alt.MarkDef(type="rect", aria=False)
    return _layer(rows, mark, name, **channels)


def dots(
    rows: Rows,
    *,
    size: float,
    scale: alt.Scale | None = None,
    name: str = "dots",
    heard: bool = True,
) -> Layer:
    """Discs at `x`, `y`, nine tenths of `size` across, spoken of as `say` if heard."""
    channels = {
        "x": _x("x", scale),
        "y": _y("y"),
        "color": alt.Color(field="fill", type="nominal", scale=None),
    }
    if heard:
        channels["description"] = alt.Description(field="say", type="nominal")
    area = size * size * 0.785
    mark = alt.MarkDef(type="point", filled=True, opacity=1, size=area)
    if not heard:
        mark = alt.MarkDef(type="point", filled=True, opacity=1, size=area, aria=False)
    return _layer(rows, mark, name, **channels)


def rules(
    rows: Rows,
    color: str = "",
    *,
    width: float = 1,
    scale: alt.Scale | None = None,
    name: str = "rules",
) -> Layer:
    """Lines from `x`, `y` to `x2`, `y2` in one colour, or each in its `fill`."""
    channels = {
        "x": _x("x", scale),
        "x2": alt.X2(field="x2"),
        "y": _y("y"),
        "y2": alt.Y2(field="y2"),
    }
    if not color:
        channels["stroke"] = alt.Stroke(field="fill", type="nominal", scale=None)
    mark = alt.MarkDef(type="rule", strokeWidth=width, aria=False)
    if color:
        mark = alt.MarkDef(type="rule", strokeWidth=width, aria=False, stroke=color)
    return _layer(rows, mark, name, **channels)


def texts(lines: Sequence[Text]) -> list[Layer]:
    """Lines of text, one layer for each style."""

    def style(line: Text) -> tuple[Any, ...]:
        return line.part, line.size, line.bold, line.align, line.angle, line.italic

    layers = []
    for number, (_, group) in enumerate(groupby(sorted(lines, key=style), key=style)):
        same = list(group)
        first = same[0]
        mark = alt.MarkDef(
            type="text",
            aria=False,
            font=FONT,
            fontSize=first.size,
            fontWeight="bold" if first.bold else "normal",
            fontStyle="italic" if first.italic else "normal",
            align=first.align,
            baseline="alphabetic",
            angle=first.angle % 360,
        )
        rows = [{"x": t.x, "y": t.y, "text": t.text, "color": t.color} for t in same]
        layers.append(
            _layer(
                rows,
                mark,
                f"{first.part}_text_{number}",
                x=_x("x", None),
                y=_y("y"),
                text=alt.Text(field="text", type="nominal"),
                color=alt.Color(field="color", type="nominal", scale=None),
            )
        )
    return layers


def _x(field: str, scale: alt.Scale | None) -> alt.X:
    return alt.X(field=field, type="quantitative", scale=scale, axis=None)


def _y(field: str) -> alt.Y:
    return alt.Y(field=field, type="quantitative", scale=None, axis=None)


def _layer(rows: Rows, mark: alt.MarkDef, name: str, **channels: Any) -> Layer:
    return Layer(name, list(rows), mark, channels)
