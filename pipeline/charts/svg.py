"""A chart as SVG: drawn by Vega, then slimmed, named, and cropped for the page.

Vega measures every text, at 0.2 ms a letter in vl-convert (45 ms a chart), to learn
bounds that nobody here asks for: places are laid out before. At size 0 it does not
measure, so texts are drawn at size 0 and given their size afterwards.
"""

from __future__ import annotations

import copy
import re
from html import escape
from typing import Any

import msgspec

from pipeline.charts.theme import FONT, MARGIN

SIZED = re.compile(
    r'<g class="mark-text role-mark ([a-z0-9_]+?)_marks"[^>]*>(.*?)</g>', re.DOTALL
)
TEXT = re.compile(r"<text (.*?)>(.*?)</text>", re.DOTALL)
GROUP = re.compile(r'<g class="mark-(\w+) role-mark ([a-z0-9_]+?)_marks"[^>]*>')
NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
UNTURNED = re.compile(r'^transform="translate\(([^,()]*),([^,()]*)\)"$')
PLACE = re.compile(r' (?:d|transform|x2?|y2?)="[^"]*"')
LINE = re.compile(
    r'<line transform="translate\(([^,()]*),([^,()]*)\)" x2="([^"]*)" y2="([^"]*)"'
    r" ([^>]*)/>"
)
LINES = re.compile(rf"(?:{LINE.pattern}){{2,}}")
ROOT = re.compile(r"<svg[^>]*>")


class Drawing(msgspec.Struct, frozen=True):
    """One chart drawn, with its frame, in CSS variables or in plain colours."""

    svg: str
    width: float
    height: float
    body: tuple[float, float]  # top and height of what a page shows


def start() -> None:
    """Start Vega, which takes half a second the first time."""
    import vl_convert

    vl_convert.vega_to_svg({"marks": []}, allowed_base_urls=[])


def drawn(spec: dict[str, Any]) -> Drawing:
    """Draw a Vega-Lite specification of ours; it can fetch nothing."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(_unmeasured(spec), allowed_base_urls=[])
    pad, height = spec["padding"], spec["height"]
    whole = pad["top"] + height + pad["bottom"]
    return Drawing(
        svg=_slim(_sized(svg, _sizes(spec))),
        width=spec["width"] + 2 * MARGIN,
        height=whole,
        body=(pad["top"], height),
    )


def alone(drawing: Drawing, title: str, alt: str, name: str) -> str:
    """The file that stands alone: a picture with a name and a description."""
    size = f'width="{drawing.width:g}" height="{_round(drawing.height)}"'
    box = f"0 0 {drawing.width:g} {_round(drawing.height)}"
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{box}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc" font-family="{_font()}">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(alt)}</desc>'
    )
    return ROOT.sub(lambda _: root, drawing.svg, count=1) + "\n"


def in_page(drawing: Drawing, alt: str) -> str:
    """The part of a page: without the frame, which the page gives it.

    It has marks that can be walked through, so it is a document and not an image; a
    `<title>` would cover it with a tool tip, so it has a label.
    """
    top, height = drawing.body
    width = drawing.width - 2 * MARGIN
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}"'
        f' height="{_round(height)}" viewBox="{MARGIN} {_round(top)} {width:g}'
        f' {_round(height)}" role="graphics-document" aria-label="{escape(alt)}"'
        f' font-family="{_font()}">'
    )
    body = re.sub(r'<g class="frame"[^>]*>.*?</g>', "", drawing.svg, flags=re.DOTALL)
    body = re.sub(r'<rect class="paper"[^>]*/>', "", body)
    return ROOT.sub(lambda _: root, body, count=1) + "\n"


def _font() -> str:
    return FONT.replace('"', "'")


def _round(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _unmeasured(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with every text at size 0."""
    spec = copy.copy(spec)
    spec["layer"] = [
        {**layer, "mark": {**layer["mark"], "fontSize": 0}}
        if layer["mark"]["type"] == "text"
        else layer
        for layer in spec["layer"]
    ]
    return spec


def _sizes(spec: dict[str, Any]) -> dict[str, float]:
    return {
        layer["name"]: layer["mark"]["fontSize"]
        for layer in spec["layer"]
        if layer["mark"]["type"] == "text"
    }


def _sized(svg: str, sizes: dict[str, float]) -> str:
    """Give each group of texts the size that its layer has."""

    def group(found: re.Match[str]) -> str:
        name, content = found.groups()
        part = ' class="frame"' if name.startswith("frame") else ""
        first = TEXT.search(content)
        assert first is not None, f"the layer {name} has no text"
        style = _shared(first.group(1), sizes[name])
        texts = TEXT.sub(lambda t: _line(t.group(1), t.group(2)), content)
        return f'<g{part} aria-hidden="true" {style}>{texts}</g>'

    return SIZED.sub(group, svg)


def _shared(attributes: str, size: float) -> str:
    """What all the texts of a group have in common."""
    kept = re.findall(r'(?:text-anchor|font-weight|font-style)="[^"]*"', attributes)
    return " ".join([f'font-size="{size:g}"', *kept])


def _line(attributes: str, words: str) -> str:
    """One text, with only what is its own: place and colour."""
    own = re.findall(r'(?:transform|fill)="[^"]*"', attributes)
    own = [UNTURNED.sub(r'x="\1" y="\2"', each) for each in own]
    return f"<text {' '.join(own)}>{words}</text>"


def _slim(svg: str) -> str:
    """Without what carries nothing: empty paths, roles of groups, long decimals."""
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    svg = re.sub(r' aria-roledescription="[^"]*"', "", svg)
    svg = re.sub(r'<g class="mark-group[^>]*>', "<g>", svg)
    svg = GROUP.sub(lambda g: _group(g.group(0), g.group(2)), svg)
    svg = PLACE.sub(lambda place: _rounded(place.group()), svg)
    svg = LINES.sub(lambda lines: _joined(lines.group()), svg)
    svg = re.sub(r"<rect (width=[^>]*)/>", r'<rect class="paper" \1/>', svg, count=1)
    svg = re.sub(
        r"<g><g transform=\"translate\(0,0\)\"><g>(.*)</g></g></g>",
        r"\1",
        svg,
        flags=re.DOTALL,
    )
    return svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")


def _joined(lines: str) -> str:
    """Lines of one look as one path: nobody walks through them, and many are drawn."""
    looks: dict[str, str] = {}
    for x, y, x2, y2, look in LINE.findall(lines):
        looks[look] = f"{looks.get(look, '')}M{x},{y}l{x2},{y2}"
    return "".join(f'<path d="{d}" {look}/>' for look, d in looks.items())


def _rounded(place: str) -> str:
    return NUMBER.sub(lambda number: _round(float(number.group())), place)


def _group(tag: str, name: str) -> str:
    hidden = ' aria-hidden="true"' if 'aria-hidden="true"' in tag else ""
    return f'<g class="{name}"{hidden}>'
