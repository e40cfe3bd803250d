"""A chart as SVG, drawn from its Vega-Lite specification.

Our specifications have four kinds of marks with every place laid out (`marks.py`), so
they are written down here in 1 ms; Vega takes half a second to start and 30 ms a chart.
The tests have Vega draw the same specifications and compare the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from math import sqrt
from typing import Any

import msgspec

from pipeline.charts.theme import FONT, MARGIN

Row = Mapping[str, Any]
Place = Callable[[float], float]
ANCHORS = {"left": "", "center": "middle", "right": "end"}


class Drawing(msgspec.Struct, frozen=True):
    """One chart drawn, in CSS variables or in plain colours.

    `frame` is title and source, which a page leaves out. Sizes are in pixels, places
    from the upper left corner of the plot.
    """

    paper: str
    body: str
    frame: str
    width: float
    height: float
    above: float  # of the plot, for the frame
    whole: float  # height with the frame

    def alone(self, title: str, alt: str, name: str) -> str:
        """The file that stands alone: a picture with a name and a description."""
        width, height = _number(self.width + 2 * MARGIN), _number(self.whole)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img"'
            f' aria-labelledby="{name}-title {name}-desc" font-family="{FAMILY}">'
            f'<title id="{name}-title">{_said(title)}</title>'
            f'<desc id="{name}-desc">{_said(alt)}</desc>'
            f'<rect width="{width}" height="{height}" fill="{self.paper}"/>'
            f'<g transform="translate({MARGIN},{_number(self.above)})">'
            f"{self.body}{self.frame}</g></svg>\n"
        )

    def in_page(self, alt: str) -> str:
        """The part of a page: without the frame, which the page gives it.

        It has marks that can be walked through, so it is a document and not an image; a
        `<title>` would cover it with a tool tip, so it has a label.
        """
        width, height = _number(self.width), _number(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="graphics-document"'
            f' aria-label="{_said(alt)}" font-family="{FAMILY}">{self.body}</svg>\n'
        )


def drawn(spec: dict[str, Any]) -> Drawing:
    """Draw a Vega-Lite specification of ours."""
    body: list[str] = []
    frame: list[str] = []
    for layer in spec["layer"]:
        name = layer["data"]["name"]
        part = frame if name.startswith("frame") else body
        part.append(_layer(layer, spec["datasets"][name]))
    pad = spec["padding"]
    return Drawing(
        paper=spec["background"],
        body="".join(body),
        frame="".join(frame),
        width=spec["width"],
        height=spec["height"],
        above=pad["top"],
        whole=pad["top"] + spec["height"] + pad["bottom"],
    )


def _layer(layer: dict[str, Any], rows: Iterable[Row]) -> str:
    mark, place = layer["mark"], _placed(layer["encoding"]["x"]["scale"])
    shapes = SHAPES[mark["type"]](layer, rows, place)
    style = [f'class="{layer["name"]}"']
    if mark["type"] == "text":
        style = _style(mark)
    if mark.get("aria") is False:
        style.append('aria-hidden="true"')
    return f"<g {' '.join(style)}>{shapes}</g>"


def _placed(scale: dict[str, Any] | None) -> Place:
    """Where x lies, in pixels: `scale` is linear, without one x is in pixels."""
    if scale is None:
        return lambda x: x
    (low, high), (left, right) = scale["domain"], scale["range"]
    return lambda x: left + (x - low) * (right - left) / (high - low)


def _rects(layer: Row, rows: Iterable[Row], place: Place) -> str:
    shapes = []
    for row in rows:
        (x, x2), (y, y2) = sorted((place(row["x"]), place(row["x2"]))), _ends(row)
        wide = _number(x2 - x)
        d = f"M{_number(x)},{_number(y)}h{wide}v{_number(y2 - y)}h-{wide}Z"
        shapes.append(_path(layer, row, d))
    return "".join(shapes)


def _ends(row: Row) -> list[float]:
    return sorted((row["y"], row["y2"]))


def _dots(layer: Row, rows: Iterable[Row], place: Place) -> str:
    radius = sqrt(layer["mark"]["size"]) / 2  # Vega's size is the square around it.
    r, twice = _number(radius), _number(2 * radius)
    around = f"a{r},{r},0,1,1,{twice},0a{r},{r},0,1,1,-{twice},0"
    return "".join(
        _path(
            layer,
            row,
            f"M{_number(place(row['x']) - radius)},{_number(row['y'])}{around}",
        )
        for row in rows
    )


def _path(layer: Row, row: Row, d: str) -> str:
    """A shape, which says what it shows where it is to be heard."""
    heard = ""
    if "description" in layer["encoding"]:
        heard = f' aria-label="{_said(row["say"])}" role="graphics-symbol"'
    return f'<path{heard} d="{d}" fill="{row["fill"]}"/>'


def _rules(layer: Row, rows: Iterable[Row], place: Place) -> str:
    """Lines, those of one colour as one path: nobody walks through them."""
    lines: dict[str, str] = {}
    for row in rows:
        colour = layer["mark"].get("stroke") or row["fill"]
        x, y, x2, y2 = place(row["x"]), row["y"], place(row["x2"]), row["y2"]
        line = f"M{_number(x)},{_number(y)}L{_number(x2)},{_number(y2)}"
        lines[colour] = lines.get(colour, "") + line
    width = _number(layer["mark"]["strokeWidth"])
    return "".join(
        f'<path d="{d}" stroke="{colour}" stroke-width="{width}"/>'
        for colour, d in lines.items()
    )


def _texts(layer: Row, rows: Iterable[Row], place: Place) -> str:
    lines = []
    for row in rows:
        x, y, angle = (
            _number(place(row["x"])),
            _number(row["y"]),
            layer["mark"]["angle"],
        )
        at = f'x="{x}" y="{y}"'
        if angle:
            at = f'transform="translate({x},{y}) rotate({_number(angle)})"'
        lines.append(f'<text {at} fill="{row["color"]}">{_said(row["text"])}</text>')
    return "".join(lines)


def _style(mark: Row) -> list[str]:
    """What all the texts of a layer have in common."""
    style = [f'font-size="{_number(mark["fontSize"])}"']
    if anchor := ANCHORS[mark["align"]]:
        style.append(f'text-anchor="{anchor}"')
    for name, key in (("font-weight", "fontWeight"), ("font-style", "fontStyle")):
        if mark[key] != "normal":
            style.append(f'{name}="{mark[key]}"')
    return style


def _said(text: str) -> str:
    """`text` as XML, which has no word for control characters."""
    return escape("".join(c for c in text if c >= " " or c in "\t\n"))


def _number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


FAMILY = FONT.replace('"', "'")
SHAPES: Mapping[str, Callable[[Row, Iterable[Row], Place], str]] = {
    "rect": _rects,
    "point": _dots,
    "rule": _rules,
    "text": _texts,
}
